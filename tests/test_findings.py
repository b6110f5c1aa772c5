"""Findings on published series, kept: what is written, when, and where a reader sees it first."""

import pandas as pd
import pytest

from helpers import say
from helpers.report import Report
from wijkenaanpak import SourceError
from wijkenaanpak.pages import index, known
from wijkenaanpak.programme import main
from wijkenaanpak.results import RESULT_COLUMNS
from wijkenaanpak.run import findings
from wijkenaanpak.sources import facts
from wijkenaanpak.store import panel


def rows(data: str = "map", change: float = -0.038) -> pd.DataFrame:
    about = {
        "question": "leefbaarheid",
        "gebied": "Nederland",
        "indicator": "lbm",
        "unit": "punt",
        "n": 46.0,
        "label": "Score",
    }
    made = {"data": data, "content": "abc", "command": "python -m wijkenaanpak findings"}
    numbers = [
        ("gap", "beschrijvend", "rest_stad", "2008", 0.264, 0.25, 0.27),
        ("gap", "beschrijvend", "rest_stad", "2018", 0.226, 0.21, 0.24),
        ("gap_change", "beschrijvend", "rest_stad", "2008-2018", change, -0.053, -0.023),
        ("effect", "landelijk", "nederland", "2012-2018", 0.021, -0.021, 0.062),
        ("effect", "landelijk", "gecorrigeerd", "2012-2018", -0.009, -0.052, 0.034),
        ("effect_less", "programma's die er nooit waren", "gecorrigeerd", "2012-2018", -0.011, -0.052, 0.031),
    ]
    columns = ["measure", "method", "reference", "period", "estimate", "lower", "upper"]
    return pd.DataFrame(numbers, columns=columns).assign(**about, **made)


def test_findings_are_laid_out_with_a_row_an_area_and_the_effect_of_the_main_design(tmp_path):
    path = tmp_path / "bevindingen.csv"
    assert findings.keep(rows(), path, "2026-01-01")
    row = facts.known(path).iloc[0]
    assert (row["first"], row["last"], row["change"]) == (0.264, 0.226, -0.038)
    assert (row["effect"], row["effect_lower"], row["effect_upper"]) == (-0.009, -0.052, 0.034)


def test_the_same_findings_keep_their_date_and_others_take_the_place_of_those_on_their_folder(tmp_path):
    path = tmp_path / "bevindingen.csv"
    findings.keep(rows(), path, "2026-01-01")
    findings.keep(rows("stad"), path, "2026-01-02")
    before = path.read_bytes()
    assert not findings.keep(rows(), path, "2026-02-01")
    assert path.read_bytes() == before
    assert findings.keep(rows(change=-0.05), path, "2026-02-01")
    found = facts.known(path).set_index("data")
    assert found["change"].to_dict() == {"map": -0.05, "stad": -0.038}
    assert found["date"].to_dict() == {"map": "2026-02-01", "stad": "2026-01-02"}


def test_what_was_invented_is_no_finding(practice, store):
    for data in ("oefendata", str(practice)):
        with pytest.raises(SourceError, match=r"oefendata|gepubliceerde"):
            findings.compute(data)


def test_an_overview_of_practice_data_tells_first_what_is_really_known(practice, store):
    r = Report(2007, 2018, "rest_stad", 2007, panel.load("overzicht", "Nederland", str(practice)))
    shown = say.overview_answer(r)
    assert shown.index("Echt, en niet uit de oefendata") < shown.index("Oefendata, geen werkelijke uitkomst")
    stated = r.stated.frame().query("indicator == 'bevindingen'")
    assert set(stated["status"]) == {"published"}
    kept = facts.known().query("gebied == 'Nederland'").iloc[0]
    assert kept["change"] in set(stated["estimate"])


def test_the_kept_findings_are_of_the_country_eighteen_cities_and_twentyfive_wijken():
    found = facts.known().query("indicator == 'lbm'")["gebied"]
    assert len(found) == 44 and found.str.contains("/").sum() == 25
    assert set(facts.known()["gebied"]) >= {"Nederland", "Rotterdam", "Amsterdam"}
    assert facts.read_findings()[["content", "command", "date"]].notna().all(axis=None)


def test_the_findings_on_the_index_begin_with_one_sentence_on_the_country_and_fold_the_rest():
    shown = known.known_findings()
    sentence = shown[: shown.index("</summary>")]
    assert "Echt, op gepubliceerde reeksen (Nederland" in sentence and "verschil van" in sentence
    assert shown.index(">Nederland<") < shown.index("<details>", 1) < shown.index(">Utrecht<")
    assert "(echt)" in shown and "data/raw/bevindingen.csv" in shown


def test_an_index_says_which_questions_have_series():
    results = pd.DataFrame(
        [("werk", "gap_change", None, "published"), ("veiligheid", "gap_change", -0.1, "published")],
        columns=["question", "measure", "estimate", "status"],
    )
    assert "echte reeksen zijn er voor: veiligheid. Zonder echte reeks" in known.series_there(results)
    assert known.series_there(results.assign(status="simulated")) == "De reeksen zijn oefendata."


@pytest.mark.parametrize("status", ["simulated", "published"])
def test_an_index_of_practice_data_shows_the_findings_before_what_is_practice(status):
    head = ",".join(RESULT_COLUMNS)
    kind = "OEFENDATA" if status == "simulated" else "gepubliceerd"
    line = f"{kind},werk,Nederland,nww,gap_change,beschrijvend,rest_stad,2008-2018,-0.1,-0.2,0.1,punt,,{status},werk/nederland.html"
    page = index.index_page(f"{head}\n{line}\n", 1, [], set(), {}, main(), {"nww": "NWW"})
    assert ('id="bekend"' in page) is (status == "simulated")
    if status == "simulated":
        assert page.index('id="bekend"') < page.index("onderzocht" if "onderzocht" in page else "Onderzocht")
    else:
        assert "echte reeksen zijn er voor: werk" in page
