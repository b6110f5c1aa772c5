"""The overview of an area: the same numbers as its five reports, every instrument in its place, and honest without data."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from helpers import dossier, impact, overview, programme, words
from helpers.report import open_report
from wijkenaanpak.due import NOTEBOOKS, VRAGEN

SECTIONS = [
    *(getattr(overview, n) for n in ("answer", "picture", "goals", "paths", "wijken", "effects", "steering", "assessment")),
    *(getattr(programme, n) for n in ("waterbed", "selection", "charters", "output", "money", "value", "quality_card")),
    *(getattr(programme, n) for n in ("health", "scale", "practices", "visitation", "later_wijken")),
    words.claims,
]  # fmt: skip
IN_QUESTIONS = {
    "werk": [dossier.monthly],
    "wonen": [dossier.stayers, lambda r: dossier.segregation(r, "sociale_huur")],
    "leren": [dossier.halving, dossier.schools],
    "veiligheid": [dossier.means, dossier.moves, dossier.allocation],
    "leefbaarheid": [dossier.dimensions, dossier.survey],
}


def shown(found):
    return "" if found is None else str(found._repr_html_())


@pytest.fixture(scope="module", params=["Nederland", "Utrecht", "Utrecht/Overvecht"])
def area(request, store, practice):
    return open_report("overzicht", request.param, eind=2018, data=str(practice))


@pytest.fixture(scope="module")
def empty(store, practice, tmp_path_factory):
    """A folder with the series, the map and the list of the practice panel, but without forms."""
    folder = tmp_path_factory.mktemp("zonder") / "zonder"
    shutil.copytree(practice, folder, ignore=shutil.ignore_patterns("formulieren", "selectie*"))
    return str(folder)


def parameters(name):
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())["cells"]
    source = "".join(cells[0]["source"])
    return {k: int(v) for k, v in re.findall(r"^(start|eind) = (\d+)", source, flags=re.M)}


def test_the_overview_uses_the_years_of_each_report():
    own = {q: tuple(parameters(q).values()) for q in VRAGEN}
    assert own == overview.YEARS
    assert parameters("overzicht") == {"start": 2007, "eind": 2018}


def test_the_overview_states_the_same_numbers_as_the_five_reports(area, practice):
    overview.goals(area)
    for question, row in area.profile.iterrows():
        years = parameters(question)
        own = open_report(question, area.gebied, years["start"], years["eind"], data=str(practice))
        change = own.changes().set_index("role").loc["rest_stad"]
        assert row["estimate"] == pytest.approx(change["estimate"], nan_ok=True)
        assert row["verdict"] == change["verdict"]
        assert (row["first_year"], row["last_year"]) == own.window
        if not own.effect["reason"]:
            assert impact.judged(own) == pytest.approx(impact.judged(area.parts[question]), nan_ok=True)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.__name__)
def test_a_section_shows_something_and_every_linked_number_is_recorded(area, section):
    text = shown(section(area))
    known = {anchor for anchor, _ in area.numbers()}
    assert set(re.findall(r'href="#(g\d+)"', text)) <= known
    assert "nan" not in re.sub(r"<img[^>]*>", "", text).lower().replace("financ", "").replace("finan", "")
    if area.gebied == "Nederland" and section is not overview.wijken:
        assert len(text) > 200


@pytest.mark.parametrize("question", VRAGEN)
@pytest.mark.parametrize("gebied", ["Nederland", "Utrecht", "Utrecht/Overvecht"])
def test_the_instruments_of_a_question_show_their_numbers(store, practice, question, gebied):
    r = open_report(question, gebied, data=str(practice))
    for section in IN_QUESTIONS[question]:
        text = shown(section(r))
        assert "staat niet in de gegevensmap" not in text and ">onbekend<" not in text
        assert set(re.findall(r'href="#(g\d+)"', text)) <= {anchor for anchor, _ in r.numbers()}
    if gebied == "Nederland" or question != "veiligheid":
        assert len(r.numbers()) > 1


def test_without_forms_a_page_says_what_is_missing_and_who_has_it(empty):
    r = open_report("overzicht", "Utrecht/Overvecht", eind=2018, data=empty)
    text = "".join(shown(section(r)) for section in SECTIONS)
    for name in ("charters", "output", "schaal", "kwaliteitskaart", "bewonersbudget", "praktijken"):
        assert f"{name}.csv staat niet in de gegevensmap" in text
    assert "data/raw/templates" in text
    for question, name in (("werk", "nww_maand"), ("wonen", "stromen"), ("leefbaarheid", "enquete")):
        part = open_report(question, "Utrecht/Overvecht", data=empty)
        told = "".join(shown(section(part)) for section in IN_QUESTIONS[question])
        assert f"{name}.csv staat niet in de gegevensmap" in told


def test_a_form_without_rows_about_the_area_says_so(store, practice, tmp_path):
    folder = tmp_path / "half"
    shutil.copytree(practice, folder)
    path = folder / "formulieren" / "charters.csv"
    frame = pd.read_csv(path)
    frame[frame["gebied"] != "Utrecht/Overvecht"].to_csv(path, index=False)
    r = open_report("overzicht", "Utrecht/Overvecht", data=str(folder))
    assert "heeft geen rijen over Utrecht/Overvecht" in programme.charters(r)


def test_an_overview_without_any_series_still_tells_what_is_known(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path))
    folder = tmp_path / "leeg"
    folder.mkdir()
    for name in ("leefbaarometer/lbm3_pc4_2002_2022.csv", "geo/pc4_gemeente_inwoners_2021.csv"):
        shutil.copy(real_data / name, folder)
    r = open_report("overzicht", "Utrecht/Overvecht", data=str(folder))
    assert "op geen van de vijf vragen" in overview.answer(r)
    assert "8,6" in programme.money(r)  # the statutory amount is published


def test_the_rule_of_2012_follows_from_how_sure_each_question_is(area, monkeypatch):
    steered = iter(["afbouwen", "afbouwen", "niet vast te stellen", "afbouwen", "afbouwen"])
    monkeypatch.setattr(overview.monitor, "steer", lambda p: next(steered))
    assert overview._advice(area, "Utrecht/Overvecht") == ("afbouwen", 4, 0)
    steered = iter(["afbouwen", "intensiveren", "intensiveren", "intensiveren", "afbouwen"])
    assert overview._advice(area, "Utrecht/Overvecht") == ("intensiveren", 2, 3)
    steered = iter(["afbouwen", "intensiveren", "niet vast te stellen", "afbouwen", "intensiveren"])
    assert overview._advice(area, "Utrecht/Overvecht") == ("voortzetten", 2, 2)
    steered = iter(["niet vast te stellen"] * 5)
    assert overview._advice(area, "Utrecht/Overvecht") == ("niet vast te stellen", 0, 0)


def test_the_gap_on_one_scale_is_the_gap_over_the_spread_of_the_country(store, practice):
    r = open_report("overzicht", "Nederland", eind=2018, data=str(practice))
    row = r.profile.loc["werk"]
    values = r.panel.pc4("nww", row["first_year"])["value"]
    assert row["first_sd"] == pytest.approx(row["first"] / values.std())
    price = r.profile.loc["wonen"]
    logs = 100 * np.log(r.panel.pc4("verkoopprijs", price["first_year"])["value"])
    assert price["first_sd"] == pytest.approx(price["first"] / logs.std())


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
    from wijkenaanpak.instruments import selection

    found = selection.selection_score(values)["score"]
    truth = pd.read_csv(practice / "selectie_oefen.csv", dtype={"pc4": str}).set_index("pc4")["score_2006"]
    assert np.corrcoef(found, truth.reindex(found.index))[0, 1] > 0.9


def test_net_benefits_follow_the_estimated_effects_and_their_doubt(store, practice):
    r = open_report("overzicht", "Nederland", eind=2018, data=str(practice))
    programme.value(r)
    rows = r.results().set_index(["measure", "reference"])
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
    r = open_report("overzicht", "Nederland", eind=2018, data=str(folder))
    assert "niet af te wegen" in programme.value(r)


def test_what_halving_asks_and_who_leaves_school_stand_in_the_report_on_learning(store, practice):
    r = open_report("leren", "Nederland", data=str(practice))
    dossier.halving(r)
    rows = r.results().set_index(["measure", "reference"])
    assert rows.loc[("target_level", "nederland"), "estimate"] == pytest.approx(
        rows.loc[("level", "nederland")].query("period == '2006'")["estimate"].iloc[0] / 2
    )
    assert 0 < rows.loc[("national_share", ""), "estimate"].iloc[0] < 100


def test_the_chance_of_reaching_the_target_is_told_with_what_was_known_in_2012(store, practice):
    r = open_report("werk", "Nederland", data=str(practice))
    r.gaps()
    r.course()
    assert "in 2012 bekend was" in words.course(r)
    rows = r.results().set_index(["measure", "method"])["estimate"]
    closed = rows["p_closed", "lineair, metingen tot en met 2012"]
    assert 0 <= closed <= rows["p_halved", "lineair, metingen tot en met 2012"] <= 1


def test_what_documents_published_is_not_marked_as_simulated(store, practice):
    r = open_report("overzicht", "Nederland", data=str(practice))
    programme.money(r)
    programme.visitation(r)
    status = r.results().set_index("measure")["status"]
    assert set(status[["budget_total", "extra_effort", "state_payment", "follow_up"]]) == {"published"}
    assert set(status[["budget_residents"]]) == {"simulated"}
