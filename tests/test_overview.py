"""The overview of an area: the same numbers as its five reports, every instrument in its place, and honest without data."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from helpers import effect, measures, say
from helpers.report import open_report
from notebook import Run, cells_of, sections_of
from wijkenaanpak import questions
from wijkenaanpak.instruments import selection
from wijkenaanpak.programme import main

INSTRUMENTS = {
    "werk": ["Van maand tot maand"],
    "wonen": [
        "De roltrap: wie bleef, wie kwam, wie ging",
        "Hoe ongelijk is sociale huur over de stad verdeeld?",
    ],
    "leren": ["Het doel: halveren", "Brede scholen"],
    "veiligheid": [
        "Wijkagenten en andere middelen",
        "Verhuisde het probleem mee?",
        "Kon een eerdere studie een effect vinden?",
    ],
    "leefbaarheid": ["Waardoor veranderde de score", "Het oordeel van bewoners"],
}
SECTIONS = [title for title in sections_of("overzicht") if title]


@pytest.fixture(scope="module", params=["Nederland", "Utrecht", "Utrecht/Overvecht"])
def area(request, store, practice):
    """The notebook, and what each of its sections shows."""
    run = Run.opened("overzicht", gebied=request.param, data=str(practice))
    run.pages = {title: run.html(title) for title in SECTIONS}
    return run


@pytest.fixture(scope="module")
def empty(store, practice, tmp_path_factory):
    """A folder with the series, the map and the list of the practice panel, but without forms."""
    folder = tmp_path_factory.mktemp("zonder") / "zonder"
    shutil.copytree(practice, folder, ignore=shutil.ignore_patterns("formulieren", "selectie*"))
    return str(folder)


def stated(run):
    return run.report.stated.frame()


def test_the_years_of_every_report_are_those_of_the_programme(area):
    assert not [
        name
        for name in questions.names()
        if re.search(r"^(start|eind) = \d", cells_of(name)[0]["source"], re.M)
    ]
    r = area.report
    assert (r.start, r.eind) == main().span("overzicht") == (2007, 2018)
    assert {q: (part.start, part.eind) for q, part in r.parts.items()} == {q: main().span(q) for q in r.parts}


def test_the_overview_states_the_same_numbers_as_the_five_reports(area, practice):
    r = area.report
    for question, row in measures.profile(r).iterrows():
        own = open_report(question, r.gebied, data=str(practice))
        change = measures.changes(own).loc["rest_stad"]
        assert row["estimate"] == pytest.approx(change["estimate"], nan_ok=True)
        assert row["verdict"] == change["verdict"]
        assert (row["first_year"], row["last_year"]) == own.window
        assert effect.judged(own) == pytest.approx(effect.judged(r.parts[question]), nan_ok=True)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_shows_something_and_every_linked_number_is_recorded(area, section):
    text = area.pages[section]
    known = {number.anchor for number in area.report.stated.all()}
    assert set(re.findall(r'href="#(g\d+)"', text)) <= known
    assert not re.search("&lt;(span|a|p)[ &]", text)  # what is HTML is not escaped again
    assert "nan" not in re.sub(r"<img[^>]*>", "", text).lower().replace("financ", "").replace("finan", "")
    if area.report.national:
        assert len(text) > 200


@pytest.mark.parametrize("question", list(INSTRUMENTS))
@pytest.mark.parametrize("gebied", ["Nederland", "Utrecht", "Utrecht/Overvecht"])
def test_the_instruments_of_a_question_show_their_numbers(store, practice, question, gebied):
    run = Run.opened(question, gebied=gebied, data=str(practice))
    for section in INSTRUMENTS[question]:
        text = run.html(section)
        assert "staat niet in de gegevensmap" not in text and ">onbekend<" not in text
        assert set(re.findall(r'href="#(g\d+)"', text)) <= {n.anchor for n in run.report.stated.all()}
    assert len(run.report.stated.all()) > 1


def test_without_forms_a_page_says_what_is_missing_and_who_has_it(empty):
    run = Run.opened("overzicht", gebied="Utrecht/Overvecht", data=empty)
    text = "".join(run.html(section) for section in SECTIONS)
    for name in ("charters", "output", "schaal", "kwaliteitskaart", "bewonersbudget", "praktijken"):
        assert f"{name}.csv staat niet in de gegevensmap" in text
    assert "data/raw/templates" in text
    for question, name in (("werk", "nww_maand"), ("wonen", "stromen"), ("leefbaarheid", "enquete")):
        part = Run.opened(question, gebied="Utrecht/Overvecht", data=empty)
        told = "".join(part.html(section) for section in INSTRUMENTS[question])
        assert f"{name}.csv staat niet in de gegevensmap" in told


def test_a_form_without_rows_about_the_area_says_so(store, practice, tmp_path):
    folder = tmp_path / "half"
    shutil.copytree(practice, folder)
    path = folder / "formulieren" / "charters.csv"
    frame = pd.read_csv(path)
    frame[frame["gebied"] != "Utrecht/Overvecht"].to_csv(path, index=False)
    run = Run.opened("overzicht", gebied="Utrecht/Overvecht", data=str(folder))
    assert "heeft geen rijen over Utrecht/Overvecht" in run.html("Wat is beloofd en geleverd")


def test_an_overview_without_any_series_still_tells_what_is_known(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path))
    folder = tmp_path / "leeg"
    folder.mkdir()
    for name in ("leefbaarometer/lbm3_pc4_2002_2022.csv", "geo/pc4_gemeente_inwoners_2021.csv"):
        shutil.copy(real_data / name, folder)
    run = Run.opened("overzicht", gebied="Utrecht/Overvecht", data=str(folder))
    assert "op geen van de 5 vragen" in say.overview_answer(run.report)
    assert "8,6" in run.html("Het geld")  # the statutory amount is published


@pytest.mark.parametrize(
    ("steered", "advice", "on", "behind"),
    [
        (["afbouwen", "afbouwen", "niet vast te stellen", "afbouwen", "afbouwen"], "afbouwen", 4, 0),
        (["afbouwen", "intensiveren", "intensiveren", "intensiveren", "afbouwen"], "intensiveren", 2, 3),
        (
            ["afbouwen", "intensiveren", "niet vast te stellen", "afbouwen", "intensiveren"],
            "voortzetten",
            2,
            2,
        ),
        (["niet vast te stellen"] * 5, "niet vast te stellen", 0, 0),
    ],
)
def test_the_rule_of_2012_follows_from_how_sure_each_question_is(
    store, practice, monkeypatch, steered, advice, on, behind
):
    run = Run.opened("overzicht", gebied="Utrecht/Overvecht", data=str(practice))
    told = iter(steered)
    monkeypatch.setattr(run.space["monitor"], "steer", lambda *_, **__: next(told))
    run.section("Doorgaan, afbouwen of intensiveren")
    found = run.space["koers"].loc["Utrecht/Overvecht"]
    assert (found["regel van 2012"], found["op koers"], found["achter"]) == (advice, on, behind)


def test_the_gap_on_one_scale_is_the_gap_over_the_spread_of_the_country(store, practice):
    r = open_report("overzicht", "Nederland", eind=2018, data=str(practice))
    profile = measures.profile(r)
    row = profile.loc["werk"]
    values = r.panel.pc4("nww", row["first_year"])["value"]
    assert row["first_sd"] == pytest.approx(row["first"] / values.std())
    price = profile.loc["wonen"]
    prices = r.panel.pc4("verkoopprijs", price["first_year"])["value"]
    assert price["first_sd"] == pytest.approx(price["first"] / (100 * prices.std() / prices.mean()))


def test_the_statements_of_an_overview_are_those_that_name_the_area(store, practice):
    r = open_report("overzicht", "Utrecht/Overvecht", data=str(practice))
    assert len(r.ledger) and all("Utrecht" in areas for areas in r.ledger["gebied"])
    whole = open_report("overzicht", "Nederland", data=str(practice))
    assert (whole.ledger["question"] == "programma").all() and len(whole.ledger) > 30


def test_the_selection_score_of_the_forms_is_the_one_the_wijken_were_chosen_on(store, practice):
    r = open_report("overzicht", "Nederland", data=str(practice))
    values = r.panel.form("achterstandsindicatoren").set_axis(
        ["area", "indicator", "theme", "direction", "value"], axis=1
    )
    found = selection.selection_score(values)["score"]
    truth = pd.read_csv(practice / "selectie_oefen.csv", dtype={"pc4": str}).set_index("pc4")["score_2006"]
    assert np.corrcoef(found, truth.reindex(found.index))[0, 1] > 0.9
    assert measures.selection(r)["scores"]["score"].to_dict() == pytest.approx(found.to_dict())


def test_net_benefits_follow_the_estimated_effects_and_their_doubt(store, practice):
    run = Run.opened("overzicht", data=str(practice))
    run.section("Het geld")
    rows = stated(run).set_index(["measure", "reference"])
    total, fixed = rows.loc[("npv", "totaal")], rows.loc[("npv", "corporaties")]
    assert total["lower"] < total["estimate"] < total["upper"]
    # 250 million a year from 2008 to 2011 at 5.5%
    assert fixed["estimate"] == pytest.approx(-250 * sum(1.055**-t for t in range(4)), rel=1e-3)
    assert np.isnan(fixed["lower"])


def test_costs_without_an_effect_that_can_be_estimated_are_not_weighed(
    real_data, practice, tmp_path, monkeypatch
):
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path / "processed"))
    folder = tmp_path / "kosten"
    folder.mkdir()
    for name in ("leefbaarometer/lbm3_pc4_2002_2022.csv", "geo/pc4_gemeente_inwoners_2021.csv"):
        shutil.copy(real_data / name, folder)
    costs = pd.read_csv(practice / "formulieren" / "mkba.csv")
    costs.assign(bedrag=costs["bedrag"] * 1.01).to_csv(folder / "mkba.csv", index=False)
    assert "niet af te wegen" in Run.opened("overzicht", data=str(folder)).html("Het geld")


def test_what_halving_asks_and_who_leaves_school_stand_in_the_report_on_learning(store, practice):
    run = Run.opened("leren", data=str(practice))
    run.section("Het doel: halveren")
    rows = stated(run).set_index(["measure", "reference"])
    assert rows.loc[("target_level", "nederland"), "estimate"] == pytest.approx(
        rows.loc[("level", "nederland")].query("period == '2006'")["estimate"].iloc[0] / 2
    )
    assert 0 < rows.loc[("national_share", ""), "estimate"].iloc[0] < 100


def test_the_chance_of_reaching_the_target_is_told_with_what_was_known_in_2012(store, practice):
    run = Run.opened("werk", data=str(practice))
    assert "in 2012 bekend was" in run.html("Op koers?")
    rows = stated(run).set_index(["measure", "method"])["estimate"]
    closed = rows["p_closed", "lineair, metingen tot en met 2012"]
    assert 0 <= closed <= rows["p_halved", "lineair, metingen tot en met 2012"] <= 1


def test_what_documents_published_is_not_marked_as_simulated(area):
    if not area.report.national:
        pytest.skip("alleen het overzicht van Nederland noemt ze alle")
    status = stated(area).set_index("measure")["status"]
    assert set(status[["budget_total", "extra_effort", "state_payment", "follow_up"]]) == {"published"}
    assert set(status[["budget_residents"]]) == {"simulated"}
