"""Real open data, read whole and checked against the files themselves."""

import csv

import pytest

from helpers import sources, words
from helpers.report import open_report


@pytest.fixture(scope="module")
def tables(real_data):
    return sources.read_folder(real_data)


@pytest.fixture(scope="module")
def published(real_data):
    """The score file as plain rows, read without the project."""
    path = next(real_data.rglob("*lbm3*pc4*.csv"))
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_published_score_is_read(tables, published):
    read = tables.observations.groupby("indicator")["value"].size()
    for indicator, column in {"lbm": "lbm", "lbm_onv": "onv", "lbm_fys": "fys", "lbm_won": "won"}.items():
        assert read[indicator] == sum(row[column] != "NA" for row in published)
    assert read["lbm"] == 32_300


def test_spot_values_are_those_of_the_file(tables, published):
    values = tables.observations.set_index(["indicator", "area", "period"])["value"]
    rows = {(r["PC4"], r["jaar"]): r for r in published}
    for pc4, year in (
        ("1011", "2002"),
        ("1813", "2008"),
        ("3561", "2014"),
        ("6822", "2018"),
        ("9716", "2022"),
    ):
        assert values["lbm", pc4, int(year)] == float(rows[pc4, year]["lbm"])


def test_scores_span_2002_to_2022_and_dimensions_start_in_2014(tables):
    years = tables.observations.groupby("indicator")["period"].unique().map(sorted)
    assert years["lbm"] == [2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022]
    assert years["lbm_onv"] == years["lbm_won"] == [2014, 2018, 2020, 2022]


def test_the_46_established_postcodes_have_the_known_means(tables):
    scores = tables.observations.query("indicator == 'lbm'")
    certain = tables.treated.loc[tables.treated["zekerheid"].str.startswith("vast"), "pc4"]
    assert len(certain) == 46
    means = (
        scores.assign(certain=scores["area"].isin(certain))
        .groupby(["certain", "period"])["value"]
        .mean()
        .round(3)
    )
    assert means[True][[2008, 2018]].tolist() == [3.851, 3.926]
    assert means[False][[2008, 2018]].tolist() == [4.105, 4.154]


def test_candidates_fill_exactly_the_15_wijken_without_established_postcodes(tables):
    kinds = tables.treated.groupby("wijk")["zekerheid"].unique().map(list)
    filled = kinds[kinds.map(lambda k: all(z.startswith("kandidaat") for z in k))]
    assert len(filled) == 15
    assert len(kinds) == 40
    assert {w.split("/", 1)[0] for w in filled.index} == {
        "Maastricht", "Nijmegen", "Rotterdam", "Schiedam", "Utrecht", "Zaanstad",
    }  # fmt: skip


def test_boundaries_and_gemeenten_are_whole(tables):
    assert len(tables.boundaries) == 4067
    assert tables.boundaries.crs.to_epsg() == 28992
    gemeenten = set(tables.areas["gemeente"].dropna())
    assert "Den Haag" in gemeenten
    assert "'s-Gravenhage" not in gemeenten


def test_the_national_report_states_the_known_means(store, real_data):
    r = open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(real_data))
    levels = r.levels().set_index(["role", "period"])["value"].round(3)
    assert (levels["wijk", 2008], levels["wijk", 2018]) == (3.851, 3.926)
    text = words.data_quality(r)
    for value in ("3,851", "3,926", "4,105", "4,154"):
        assert value in text
    assert not r.simulated
    assert "25 van de 40" in words.cannot_say(r)


@pytest.mark.parametrize(
    ("vraag", "reason"), [("werk", "geen twee metingen"), ("leren", "geen landelijke reeks")]
)
def test_questions_without_a_real_series_say_so_and_show_the_claims(store, real_data, vraag, reason):
    r = open_report(vraag, "Utrecht/Overvecht", data=str(real_data))
    assert r.window is None
    assert reason in words.answer(r)
    assert "Nagerekend" in words.claims(r)


def test_what_was_measured_once_is_shown_as_a_level_and_not_as_a_change(store, real_data):
    r = open_report("werk", "Utrecht/Overvecht", data=str(real_data))
    seldom = r.snapshot().set_index(["indicator", "role"])
    assert seldom.at[("kwb_arbeid", "wijk"), "period"] == 2022
    assert seldom.at[("kwb_arbeid", "wijk"), "value"] < seldom.at[("kwb_arbeid", "rest_stad"), "value"]
    assert "te weinig voor een verandering" in words.data_quality(r)


@pytest.mark.parametrize(("vraag", "indicator"), [("veiligheid", "lbm_onv"), ("wonen", "lbm_won")])
def test_dimensions_show_what_came_after_the_start_and_nothing_before(store, real_data, vraag, indicator):
    r = open_report(vraag, "Arnhem/Klarendal", data=str(real_data))
    assert r.indicator["indicator"] == indicator
    assert r.window == (2014, 2022)
    assert "zegt niets over het programma" in words.answer(r)
    assert "geen meting van vóór" in words.cannot_say(r)


def test_a_wijk_of_candidates_is_labelled_so(store, real_data):
    r = open_report("leefbaarheid", "Utrecht/Overvecht", 2008, 2018, data=str(real_data))
    assert "kandidaat A: 4" in words.header(r, "Vraag?")
    assert "zijn kandidaten" in words.cannot_say(r)
