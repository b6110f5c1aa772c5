"""The notebooks hold the analysis: short cells, sections that run alone, twice and in any order, results that a cell can change."""

import ast
import random
import re

import numpy as np
import pandas as pd
import pytest

from helpers import effect, measures
from notebook import Run, cells_of, sections_of
from wijkenaanpak import SourceError
from wijkenaanpak.questions import names, questions

MOST_LINES = 16  # of a cell
LAST = "Bronnen, methode en versies"


def code(name):
    return [cell["source"] for cell in cells_of(name) if cell["cell_type"] == "code"]


def same(one, other):
    """Whether two runs stated the same numbers, in any order."""
    key = ["measure", "indicator", "method", "reference", "period"]
    one, other = (r.stated.frame().sort_values(key).reset_index(drop=True) for r in (one, other))
    pd.testing.assert_frame_equal(one, other, rtol=1e-9)


@pytest.mark.parametrize("name", names())
def test_a_cell_is_short_and_plain(name):
    for source in code(name):
        lines = [line for line in source.splitlines() if line.strip()]
        assert len(lines) <= MOST_LINES, source
        tree = ast.parse(source)
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Try, ast.Global)
        assert not any(isinstance(node, kinds) for node in ast.walk(tree)), source
        assert not re.search(r"<(p|div|table|span|a) ?", source), source


@pytest.mark.parametrize("name", names())
def test_after_the_second_cell_only_the_report_knows_its_parameters(name):
    """With a parameter changed and the second cell not run again, figures and verdict would contradict each other."""
    parameters = {"gebied", "start", "eind", "referentie", "data", "seed"}
    for source in code(name)[2:]:
        read = {
            n.id
            for n in ast.walk(ast.parse(source))
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        }
        assert not read & parameters, source


@pytest.mark.parametrize("name", names())
def test_sections_run_in_a_shuffled_order_and_twice_and_state_the_same(name, store, practice):
    options = {"gebied": "Nederland" if name == "werk" else "Utrecht", "data": str(practice)}
    titles = [title for title in sections_of(name) if title]
    in_order, shuffled = Run.opened(name, **options), Run.opened(name, **options)
    for title in titles:
        in_order.section(title)
    mixed = random.Random(name).sample(titles, len(titles))
    for title in [*mixed, *mixed[:5]]:
        shuffled.section(title)
    same(in_order.report, shuffled.report)


@pytest.mark.parametrize("name", names())
def test_every_section_runs_alone(name, store, practice):
    for title in [t for t in sections_of(name) if t]:
        run = Run.opened(name, gebied="Utrecht/Overvecht", data=str(practice))
        run.section(title)


@pytest.mark.parametrize("name", questions())
def test_without_a_series_every_section_says_so(name, store, real_data):
    run = Run.opened(name, gebied="Leeuwarden", data=str(real_data), start=2030, eind=2031)
    for title in [t for t in sections_of(name) if t]:
        assert run.html(title) or title == LAST


@pytest.fixture(scope="module")
def country(store, practice):
    return Run.opened("werk", data=str(practice))


def test_the_regression_in_the_cell_is_the_estimate_of_the_evaluation(country):
    country.section("Effect: kwam het door de aanpak?")
    live, kept = country.space["schatting"], effect.main_design(country.report)
    for key in ("estimate", "lower", "upper", "p", "detectable"):
        assert live[key] == pytest.approx(kept[key], rel=1e-9), key
    assert country.space["vermeld"].numbers == pytest.approx(
        tuple(kept[k] for k in ("estimate", "lower", "upper"))
    )


@pytest.mark.parametrize("design", ["nederland", "g18", "rest_stad", "net_niet", "synthetisch"])
def test_another_comparison_group_is_one_argument_in_the_cell(country, design):
    use = effect.compared(effect.sample(country.report, design))
    formula = " + ".join(["change ~ treated", *effect.covariates(use)])
    fit = country.space["smf"].wls(formula, use, weights=use["weight"]).fit()
    kept, live = (
        next(d for d in country.report.effect["designs"] if d["design"] == design),
        effect.clustered(fit, use),
    )
    for key in ("estimate", "lower", "upper"):
        assert live[key] == pytest.approx(kept[key], rel=1e-6), key


def test_areas_that_lost_their_scale_in_a_merge_are_refused_in_one_sentence(country):
    use = effect.compared(effect.sample(country.report, "g18"))
    merged = use.merge(pd.DataFrame({"area": use["area"].tolist(), "own": 1.0}), on="area")
    fit = country.space["smf"].wls("change ~ treated", merged, weights=merged["weight"]).fit()
    with pytest.raises(SourceError, match="attrs"):
        effect.clustered(fit, merged)


def test_areas_left_out_and_other_years_in_the_cell_change_the_estimate(country):
    r, smf = country.report, country.space["smf"]
    whole = effect.sample(r, "g18")
    small = whole[whole["city"] != "Rotterdam"]
    later = effect.sample(r, "g18", after=[2016, 2017])
    found = []
    for data in (whole, small, later):
        use = data[data["weight"] > 0]
        found.append(effect.clustered(smf.wls("change ~ treated", use, weights=use["weight"]).fit(), use))
    assert len({round(f["estimate"], 6) for f in found}) == 3
    assert found[1]["clusters"] == found[0]["clusters"] - 1
    assert found[2]["period"] == "2016-2017"


def test_what_a_cell_is_given_can_be_changed_without_changing_the_next(country):
    r = country.report
    for get in (
        measures.levels,
        measures.gaps,
        measures.changes,
        measures.outcomes,
        effect.designs,
        effect.sample,
    ):
        first = get(r)
        first["estimate" if "estimate" in first else "change"] = 0.0
        again = get(r)
        assert not np.allclose(again["estimate" if "estimate" in again else "change"], 0)
    series = r.series()
    series["value"] = -1.0
    assert (r.series()["value"] > 0).all()
    with pytest.raises(TypeError):
        r.effect["main"] = "nederland"
    with pytest.raises(TypeError):
        r.effect["designs"][0]["estimate"] = 0.0
    with pytest.raises(TypeError):
        r.names["wijk"] = "iets anders"
