"""What reports say about the effect: complete for the country, modest for a wijk, silent without a base."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from helpers import checks, draw, effect, measures, say
from helpers.report import open_report
from notebook import Run
from wijkenaanpak.questions import names
from wijkenaanpak.store import evaluation, panel, place


@pytest.fixture(scope="module")
def country(store, practice):
    return open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(practice))


@pytest.fixture(scope="module")
def wijk(store, practice):
    return open_report("leefbaarheid", "Utrecht/Overvecht", 2008, 2018, data=str(practice))


@pytest.fixture(scope="module")
def real(real_data, store):
    return open_report("leefbaarheid", "Nederland", 2008, 2022, data=str(real_data))


def text(html):
    return re.sub(r"<[^>]+>", " ", str(html))


@pytest.fixture(scope="module")
def run(store, practice):
    """The national notebook, its section on the effect run."""
    run = Run.opened("leefbaarheid", data=str(practice))
    run.effect = [*run.section(EFFECT), *run.section(STAND)]
    return run


@pytest.fixture(scope="module")
def local(store, practice):
    run = Run.opened("leefbaarheid", gebied="Utrecht/Overvecht", data=str(practice))
    run.effect = [*run.section(EFFECT), *run.section(STAND)]
    return run


RULE = (1998, 2002, 2006)
EFFECT = "Effect: kwam het door de aanpak?"
STAND = "Houdt de schatting van het effect stand?"


def thawed(value):
    """The evaluation as JSON can hold it."""
    if hasattr(value, "items"):
        return {k: thawed(v) for k, v in value.items()}
    return [thawed(v) for v in value] if isinstance(value, tuple) else value


# ---- the evaluation ----------------------------------------------------------------------------------


def test_all_references_and_the_matched_group_stand_side_by_side(country):
    e = country.effect
    assert [d["design"] for d in e["designs"]] == [
        *("nederland", "g18", "rest_stad", "later", "net_niet", "synthetisch")
    ]
    for design in e["designs"]:
        assert design["lower"] < design["estimate"] < design["upper"]
        assert 0 <= design["wild"] <= 1
        assert design["effective"] <= design["clusters"]
    assert e["n"]["treated"] == 83
    assert e["n"]["wijken"] == 40
    assert e["n"]["near"] > 0
    json.dumps(thawed(e), allow_nan=False)


def test_the_evaluation_is_computed_once_and_again_when_the_year_changes(country, practice, monkeypatch):
    country.effect  # noqa: B018  # there is one now

    def refuse(*_):
        raise AssertionError("computed again")

    monkeypatch.setattr(evaluation, "compute", refuse)
    same = open_report("leefbaarheid", "Utrecht", 2008, 2018, data=str(practice))
    assert thawed(same.effect) == thawed(country.effect)
    with pytest.raises(AssertionError, match="computed again"):
        open_report("leefbaarheid", "Nederland", 2008, 2015, data=str(practice)).effect  # noqa: B018


def test_a_kept_evaluation_of_other_data_is_not_used(country, practice, tmp_path, monkeypatch):
    copy = tmp_path / "bron"
    shutil.copytree(practice, copy)
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path / "processed"))
    first = open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(copy)).effect
    path = next(copy.glob("*lbm3*.csv"))
    frame = pd.read_csv(path, dtype={"PC4": str})
    treated = frame["PC4"].isin(pd.read_csv(copy / "aandachtswijken_pc4.csv", dtype=str)["pc4"])
    for column in ("lbm", "afw", "fys"):  # a score is the sum of its dimensions
        frame.loc[frame["jaar"] >= 2012, column] += 0.1 * treated
    frame.to_csv(path, index=False)
    second = open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(copy)).effect
    for before, after in zip(first["designs"], second["designs"], strict=True):
        assert after["estimate"] - before["estimate"] == pytest.approx(0.1, abs=0.01)


def test_two_computations_give_the_same_bytes(country, store):
    book = pd.read_parquet(store / "indicators.parquet").set_index("indicator", drop=False)
    twice = [json.dumps(evaluation.compute(store, "leren", book.loc["vsv"], 2017)) for _ in range(2)]
    assert twice[0] == twice[1]


def test_a_series_that_begins_after_the_programme_has_no_effect(real_data, store):
    r = open_report("wonen", "Nederland", eind=2022, data=str(real_data))
    assert "de eerste is van 2014" in r.effect["reason"]
    assert "niet te schatten" in text(say.verdict(r))
    for get in (
        effect.designs,
        effect.path,
        effect.own_path,
        effect.curve,
        effect.by_year,
        effect.by_outcome,
        effect.sample,
        checks.checks,
    ):
        assert len(get(r)) == 0
    stated = r.stated.frame()
    assert stated["measure"].tolist().count("effect_verdict") == 1
    assert stated.set_index("measure").loc["effect_verdict"].isna()["estimate"]


def test_a_period_that_ends_with_the_start_asks_for_a_later_year(store, practice):
    r = open_report("leefbaarheid", "Utrecht", 2007, 2008, data=str(practice))
    assert "kies een later eindjaar" in text(say.verdict(r))


# ---- real data ---------------------------------------------------------------------------------------------


def test_published_scores_improve_against_the_country_but_not_against_equally_weak_areas(real):
    """Base 2008, established list: the finding and its margin, computed apart for this test."""
    e = real.effect
    found = {d["design"]: d for d in e["designs"]}
    assert e["before"] == (2008,)
    assert e["leads_years"] == (2002,)
    assert e["main"] == "gecorrigeerd"
    assert e["n"]["treated"] == 46
    sample = evaluation.lay_out(real.panel.store, real.panel.outcome)
    after = np.isin(sample.periods, e["after"])
    change = sample.level[:, after].mean(axis=1) - sample.level[:, sample.periods == 2008][:, 0]
    plain = change[sample.treated].mean() - change[sample.donor].mean()
    assert found["nederland"]["estimate"] == pytest.approx(plain, abs=1e-9)
    assert found["nederland"]["estimate"] > 0
    last = next(row for row in e["years"] if row["design"] == "nederland" and row["period"] == 2022)
    assert last["estimate"] > 0.05
    assert found["net_niet"]["lower"] < 0 < found["net_niet"]["upper"]
    assert found["net_niet"]["detectable"] < e["sesoi"]
    assert e["equivalence"] < 0.05


def test_the_deviation_from_the_average_gives_the_same_effect_as_the_score(real, real_data):
    path = next(real_data.rglob("*lbm3*pc4*.csv"))
    frame = pd.read_csv(path, dtype={"PC4": str})
    per_year = (frame["lbm"] - frame["afw"]).groupby(frame["jaar"])
    assert (per_year.max() - per_year.min()).max() < 1e-4  # they differ by a constant a year


def test_what_this_design_cannot_carry_stands_beside_the_answer(real):
    shown = text(say.verdict(real))
    for part in (
        "niet aangetoond",
        "één meting daarvoor (2002)",
        "na de bekendmaking",
        "geen officiële",
        "80% kans",
    ):
        assert part in shown
    assert {2012, 2014, 2018, 2022} <= set(effect.by_year(real)["period"])


# ---- the judgement --------------------------------------------------------------------------------------------


def judge(r, monkeypatch, leads=0.5, trend=0.5, matched=0.05, **main):
    """The judgement when the numbers were others."""
    own = {"design": "synthetisch", "estimate": 0.05, "lower": 0.02, "upper": 0.08, **main}
    other = {"design": "net_niet", "estimate": matched, "lower": -1, "upper": 1}
    changed = {
        **r.effect,
        "designs": [own, other],
        "main": "synthetisch",
        "leads": {**r.effect["leads"], "p": leads, "slope_p": trend},
    }
    monkeypatch.setitem(r.__dict__, "effect", changed)
    return effect.judged(r)


def test_a_judgement_needs_margin_parallel_paths_and_the_matched_group(country, monkeypatch):
    assert judge(country, monkeypatch) == -1.0
    assert judge(country, monkeypatch, estimate=-0.05, lower=-0.08, upper=-0.02, matched=-0.01) == 1.0
    assert judge(country, monkeypatch, lower=-0.01) == 0.0
    assert judge(country, monkeypatch, leads=0.01) == 0.0
    assert judge(country, monkeypatch, trend=0.01) == 0.0
    assert judge(country, monkeypatch, matched=-0.01) == 0.0


def test_less_unemployment_is_favourable(store, practice, monkeypatch):
    r = open_report("werk", "Nederland", data=str(practice))
    down = {"estimate": -1.0, "lower": -1.5, "upper": -0.5}
    assert judge(r, monkeypatch, matched=-0.2, **down) == -1.0


def test_the_country_shows_its_checks_and_a_wijk_points_to_them(country, local):
    shown = " ".join(checks.checks(country).to_numpy().ravel())
    for part in (
        "gelijk op",
        "Rambachan",
        "CR3",
        "wild bootstrap",
        "één stad",
        "vanzelf",
        "waterbed",
        "miljoen euro",
        "RDD",
        "dichtheid",
        "later aangewezen wijken",
    ):
        assert part in shown
    assert any("landelijk" in text(part) for part in local.effect)
    r = local.report
    assert not any(
        len(get(r)) for get in (effect.designs, effect.path, effect.curve, effect.by_year, checks.checks)
    )


def test_the_cases_themselves_and_the_later_cohorts_have_their_say(store, practice, country):
    r = open_report("werk", "Nederland", data=str(practice))
    counts, (first, *_, both) = r.effect["counts"], r.effect["cohorts"]
    shown = " ".join(checks.checks(r).to_numpy().ravel())
    assert f"{counts['n']} gebieden; in de aandachtswijken" in shown
    assert "Callaway" in shown
    assert first["estimate"] == pytest.approx(effect.main_design(r)["estimate"])
    assert both["n"] > first["n"] == 83
    assert "Is het de conjunctuur?" in shown
    assert country.effect["counts"] is None  # a score has no cases
    assert "Poisson" not in " ".join(checks.checks(country).to_numpy().ravel())


def test_every_outcome_has_its_effect_corrected_for_their_number(country):
    rows = country.effect["outcomes"]
    labels = [row["label"] for row in rows]
    assert "Leefbaarometer: totaalscore zonder sociale samenhang" in labels
    assert len(rows) >= 6
    assert all(row["p"] <= row["adjusted"] <= 1 for row in rows)
    assert effect.by_outcome(country)["label"].tolist() == labels


def test_a_wijk_states_its_own_difference_beside_the_national_one(wijk):
    shown = text(say.verdict(wijk))
    results = wijk.stated.frame().set_index(["measure", "reference"])
    kind = results["method"].str.startswith("eigen vergelijkingsgroep, 199")
    own, nation = results[kind].loc[("effect", "eigen")], results.loc[("effect", "synthetisch")]
    assert "Overvecht" in shown
    assert "schijnwijken" in shown
    assert np.isfinite([own["estimate"], own["lower"], nation["upper"]]).all()
    row = next(w for w in wijk.effect["wijken"] if w["wijk"] == "Utrecht/Overvecht")
    assert own["estimate"] == row["estimate"]


def test_every_stated_estimate_has_its_margin_and_its_row(run):
    html = "".join(str(part) for part in run.effect if isinstance(part, str))
    anchors = set(re.findall(r'href="#(g\d+)"', html))
    known = {stated.anchor: stated.row for stated in run.report.stated.all()}
    assert len(anchors) > 20
    assert anchors <= set(known)
    effects = [row for row in known.values() if row["measure"] in ("effect", "effect_path")]
    assert all(np.isfinite([row["lower"], row["upper"]]).all() for row in effects)


def test_figures_of_the_effect_say_what_they_show_and_that_it_is_practice_data(run, local):
    pictures = [part for part in (*run.effect, *local.effect) if isinstance(part, draw.Picture)]
    assert len(pictures) == 4 + (len(effect.placebos(run.report)) > 0)
    for picture in pictures:
        assert picture.alt.startswith("Oefendata")
        assert len(picture.alt) > 80
        assert picture.data_uri().startswith("data:image/svg+xml")


def test_a_changed_postcode_elsewhere_makes_every_report_of_its_question_due(
    store, practice, tmp_path, monkeypatch
):
    copy = tmp_path / "bron"
    shutil.copytree(practice, copy)
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path / "processed"))
    slices = []
    for _ in range(2):
        of = place.slices(panel.build(str(copy)))
        slices.append({q: of(q, "Utrecht/Overvecht") for q in names()})
        path = next(copy.glob("*lbm3*.csv"))
        frame = pd.read_csv(path, dtype={"PC4": str})
        treated = set(pd.read_csv(copy / "aandachtswijken_pc4.csv", dtype=str)["pc4"])
        far = frame.index[~frame["PC4"].isin(treated)][-1]
        frame.loc[far, ["lbm", "soc"]] += 0.01
        frame.to_csv(path, index=False)
    changed = {q for q in slices[0] if slices[0][q] != slices[1][q]}
    assert changed == {"leefbaarheid", "overzicht"}


def test_the_report_judges_itself_by_what_its_own_diagnostics_say(country, real_data, store):
    own = effect.criteria(country)
    assert [len(questions) for questions in own.values()] == [4, 4, 4]
    answers = {text: answer for questions in own.values() for text, answer in questions}
    assert answers["een vergelijking met gebieden zonder aanpak"]
    assert answers["de officiële lijst van postcodegebieden"]  # the folder has a list of its own
    assert not answers["het onderscheid tussen bewoners die vooruitgaan en bewoners die verhuizen"]
    shown = " ".join(say.assessment(country).to_numpy().ravel())
    assert "ten dele" in shown and "opzet" in shown and "beleidsrendement" in shown
    # without a series nothing of it is met, and the table still says so
    empty = open_report("leren", "Utrecht", data=str(real_data))
    assert not any(answer for questions in effect.criteria(empty).values() for _, answer in questions)
    assert " ".join(say.assessment(empty).to_numpy().ravel()).count("niet") >= 3


def test_the_rule_of_the_127_buurten_runs_on_the_series_of_the_report(store, practice, real_data):
    held = measures.held_on(open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(practice)), RULE)
    assert held["years"] == [1998, 2002, 2006]
    groups = held["groups"].set_index("name")
    assert (groups["weak"] >= groups["improved"]).all() and (groups["improved"] >= groups["held"]).all()
    assert groups["weak"].sum() == pytest.approx(150, abs=1)  # a quarter of 600
    real = Run.opened("leefbaarheid", data=str(real_data))
    held = measures.held_on(real.report, RULE)
    assert held["years"] == [2002, 2008, 2012]
    counts = held["groups"].set_index("name").loc["de aandachtswijken", ["weak", "improved", "held"]]
    assert counts.tolist() == [46, 32, 27]
    assert "niets aantoonbaars" in real.html("De buurten die standhielden, 1998–2006")
    one = measures.held_on(
        open_report("leefbaarheid", "Arnhem/Klarendal", 2008, 2018, data=str(real_data)), RULE
    )
    assert (
        one["groups"]["weak"].sum() == held["groups"]["weak"].sum()
    )  # weak is weak in the country, whatever the area
    assert one["later"].estimate == held["later"].estimate
    assert measures.held_on(open_report("veiligheid", "Utrecht", data=str(real_data)), RULE) == {}
