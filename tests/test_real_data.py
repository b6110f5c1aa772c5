"""Real open data, read whole and checked against the files themselves."""

import csv
import importlib.util
import re
import shutil
from pathlib import Path

import pytest

from helpers import measures, say
from helpers.report import open_report
from wijkenaanpak.measures import monitor
from wijkenaanpak.sources import files
from wijkenaanpak.sources.areas import read_gemeenten
from wijkenaanpak.sources.boundaries import read_boundaries, read_cbs_boundaries
from wijkenaanpak.sources.convert import convert
from wijkenaanpak.sources.crosswalk import _by_overlay, _by_shares, read_crosswalk
from wijkenaanpak.sources.facts import read_codebook
from wijkenaanpak.sources.folder import read_folder
from wijkenaanpak.sources.publishers import kerncijfers

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tables(real_data):
    return read_folder(real_data)


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


# ---- every file that has a reader, whole, against the file itself -------------------------------------


def rows_of(real_data, pattern, **how):
    path = next(real_data.rglob(pattern))
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, **how))


def test_leefbaarometer_2_is_read_whole(tables, real_data):
    published = rows_of(real_data, "*lbm2*pc4*.csv")
    names = {"lbm2": "RLBRMTR", "lbm2_won": "RLBWON", "lbm2_bev": "RLBBEV", "lbm2_vrz": "RLBVRZ", "lbm2_vei": "RLBVEI", "lbm2_fys": "RLBFYS"}  # fmt: skip
    read = tables.observations[tables.observations["indicator"].isin(names)]
    values = read.set_index(["indicator", "area", "period"])["value"]
    assert len(published) == 4068
    for indicator, column in names.items():
        for year in (12, 14, 16, 18):
            filled = sum(bool(row[f"{column}{year}"]) for row in published)
            assert (read["indicator"].eq(indicator) & read["period"].eq(2000 + year)).sum() == filled
    by_code = {row["GBD"]: row for row in published}
    for pc4, indicator, year in (
        ("1011", "lbm2", 12), ("1813", "lbm2_vei", 14), ("3561", "lbm2_bev", 16), ("6822", "lbm2_won", 18), ("9716", "lbm2_fys", 12),
    ):  # fmt: skip
        assert values[indicator, pc4, 2000 + year] == float(by_code[pc4][f"{names[indicator]}{year}"])


def test_kerncijfers_per_gemeente_are_read_whole(real_data):
    path = next(real_data.rglob("kwb_gemeente_2020.csv"))
    found = kerncijfers.read(path, read_codebook())
    published = rows_of(real_data, "kwb_gemeente_2020.csv")
    assert found.rows["code"].nunique() == len(published) == 355
    assert found.rows["period"].unique().tolist() == [2020]
    values = found.rows.set_index(["indicator", "gemeente"])["value"]
    by_name = {row["GM_NAAM"]: row for row in published}
    for name in ("Alkmaar", "Utrecht", "Rotterdam", "Heerlen", "Groningen"):
        row = by_name[name]
        people = float(row["Aantal inwoners"]) * sum(float(row[f"Personen {a} jaar (%)"]) for a in ("15 tot 25", "25 tot 45", "45 tot 65")) / 100  # fmt: skip
        assert values["kwb_koop", name] == float(row["Koopwoningen (%)"])
        assert values["kwb_corporatie", name] == float(row["Woningen in bezit woningcorporatie (%)"])
        assert values["kwb_laag_inkomen", name] == float(row["Huishoudens met laagste inkomen (%)"])
        assert values["kwb_ww", name] == pytest.approx(
            100 * float(row["Aantal werkloosheiduitkeringen"]) / people, abs=0.05
        )


def test_kerncijfers_per_wijk_are_read_whole(real_data):
    path = next(real_data.rglob("kwb_wijk_2022.csv"))
    found = kerncijfers.read(path, read_codebook()).rows
    published = rows_of(real_data, "kwb_wijk_2022.csv")
    assert len(published) == 3340
    assert found["period"].unique().tolist() == [2022]
    names = {
        "kwb_woz": ("dwelling_value", 1000),
        "kwb_koop": ("dwelling_ownership", 1),
        "kwb_arbeid": ("employment_rate", 1),
    }
    by_code = {row["code"]: row for row in published}
    values = found.set_index(["indicator", "code"])["value"]
    for indicator, (column, factor) in names.items():
        filled = [row["code"] for row in published if row[column] not in ("", "NA")]
        assert found["indicator"].eq(indicator).sum() == len(filled)
        for code in filled[:: len(filled) // 5]:
            assert values[indicator, code] == pytest.approx(float(by_code[code][column]) * factor)


def test_woz_per_postcode_is_read_whole(tables, real_data):
    published = [
        row for row in rows_of(real_data, "woz_pc4*.csv", delimiter=";") if row["woz"] not in ("", "NA")
    ]
    read = tables.observations.query(
        "indicator == 'kwb_woz' and error == 0 and area.str.fullmatch('[0-9]{4}')"
    )
    values = read.set_index("area")["value"]
    known = [row for row in published if float(row["woz"]) > 0]
    inside = [row for row in known if row["pc4"] in values.index]
    assert len(known) == 4030
    assert len(inside) >= 0.99 * len(known)
    for row in inside[:: len(inside) // 5]:
        assert values[row["pc4"]] == 1000 * float(row["woz"])


def test_the_crosswalk_is_read_whole_and_its_error_is_what_it_says(real_data):
    log, book = files.Log(), read_codebook()
    wijken = kerncijfers.read(next(real_data.rglob("kwb_wijk_2022.csv")), book)
    table = read_crosswalk(real_data, None, wijken.places, log)
    published = rows_of(real_data, "*pc4_x_wijk*.csv")
    assert len(table) == len(published) == 7262
    shares = table.set_index(["pc4", "code"])["share"]
    for row in published[::1500]:
        assert shares[row["pc4"], row["wijk_code_2022"]] == float(row["share_wijk"])
    assert table["year"].unique().tolist() == [2022]
    # WOZ values are published both ways: the conversion can be checked against the truth
    converted = convert(wijken, table, log).query("indicator == 'kwb_woz'").set_index("area")
    direct = kerncijfers.read(next(real_data.rglob("woz_pc4*.csv")), book).set_index("area")["value"]
    both = converted.join(direct.rename("direct"), how="inner")
    off = (both["value"] / both["direct"] - 1).abs()
    assert len(both) > 3900
    assert off.median() < 0.03
    assert 0.80 < ((both["value"] - both["direct"]).abs() <= 1.96 * both["error"]).mean() < 0.97


def test_maps_laid_over_each_other_give_the_published_crosswalk(real_data):
    pc4 = read_boundaries(next(real_data.rglob("pc4_2020.gpkg")))
    found = _by_overlay(next(real_data.rglob("wijken_2022.gpkg")), pc4, files.Log())
    published = _by_shares(next(real_data.rglob("*pc4_x_wijk*.csv")), files.Log())
    both = published.merge(found, on=["code", "pc4"], suffixes=("", "_map"))
    assert len(both) == len(published)
    assert (both["share"] - both["share_map"]).abs().max() < 0.001


def test_the_gemeente_of_every_postcode_is_read_whole(real_data):
    path = next(real_data.rglob("*pc4_gemeente*.csv"))
    found = read_gemeenten(path).set_index("area")["gemeente"]
    published = rows_of(real_data, "*pc4_gemeente*.csv")
    assert len(published) == 4074
    named = [row for row in published if row["gemeente"] not in ("", "NA")]
    assert len(found) == len(named)
    for row in named[:: len(named) // 5]:
        assert found[row["pc4"]] == row["gemeente"].replace("'s-Gravenhage", "Den Haag")
    assert found["2515"] == "Den Haag"


def test_the_candidates_are_read_whole(tables, real_data):
    published = rows_of(real_data, "*pc4_candidates*.csv")
    assert len(published) == 96
    known = tables.treated.set_index("pc4")
    extra = known[known["zekerheid"].str.startswith("kandidaat")]
    by_code = {row["pc4"]: row for row in published}
    assert len(extra) == 38
    for pc4, row in extra.iloc[::8].iterrows():
        assert row["zekerheid"] == f"kandidaat {by_code[pc4]['tier']}"
        assert row["bron"] == by_code[pc4]["basis"]


def test_the_map_of_wijken_is_read_whole(real_data):
    found = read_cbs_boundaries(next(real_data.rglob("wijken_2022.gpkg")))
    assert len(found) == 3340
    assert found.crs.to_epsg() == 28992
    assert found.set_index("code").at["WK001400", "name"] == "Centrum"


def test_each_list_of_wijken_gives_a_national_result(store, real_data):
    r = open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(real_data))
    lists = measures.lists(r).query("period == 2018").set_index("name")["estimate"].astype(float).round(3)
    assert lists["aandachtswijken, vastgesteld"] == 3.926
    assert lists["aandachtswijken, met alle kandidaten"] == 3.918
    assert 3.90 < lists["aandachtswijken, met kandidaten S en A"] < 3.93
    assert "SCP, Werk aan de wijk (2013)" in say.about(r)


def test_the_national_report_states_the_known_means(store, real_data):
    r = open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(real_data))
    levels = measures.levels(r).set_index(["role", "period"])["estimate"].astype(float).round(3)
    assert (levels["wijk", 2008], levels["wijk", 2018]) == (3.851, 3.926)
    text = say.data_quality(r)
    for value in ("3,851", "3,926", "4,105", "4,154"):
        assert value in text
    assert not r.simulated
    assert "25 van de 40" in say.cannot_say(r)


@pytest.mark.parametrize(
    ("vraag", "reason"), [("werk", "geen twee metingen"), ("leren", "geen landelijke reeks")]
)
def test_questions_without_a_real_series_say_so_and_show_the_claims(store, real_data, vraag, reason):
    r = open_report(vraag, "Utrecht/Overvecht", data=str(real_data))
    assert r.window is None
    assert reason in say.answer(r)
    assert "Nagerekend" in say.claims(r)


def test_what_was_measured_once_is_shown_as_a_level_and_not_as_a_change(store, real_data):
    r = open_report("werk", "Utrecht/Overvecht", data=str(real_data))
    seldom = measures.snapshot(r).set_index(["indicator", "role"])
    assert seldom.at[("kwb_arbeid", "wijk"), "period"] == 2022
    assert seldom.at[("kwb_arbeid", "wijk"), "estimate"] < seldom.at[("kwb_arbeid", "rest_stad"), "estimate"]
    assert "te weinig voor een verandering" in say.data_quality(r)


@pytest.mark.parametrize(("vraag", "indicator"), [("veiligheid", "lbm_onv"), ("wonen", "lbm_won")])
def test_dimensions_show_what_came_after_the_start_and_nothing_before(store, real_data, vraag, indicator):
    r = open_report(vraag, "Arnhem/Klarendal", data=str(real_data))
    assert r.indicator["indicator"] == indicator
    assert r.window == (2014, 2018)
    assert "zegt niets over het programma" in say.answer(r)
    assert "geen meting van vóór" in say.cannot_say(r)


def test_a_wijk_of_candidates_is_labelled_so(store, real_data):
    r = open_report("leefbaarheid", "Utrecht/Overvecht", 2008, 2018, data=str(real_data))
    assert "kandidaat A: 4" in say.about(r)
    assert "zijn kandidaten" in say.cannot_say(r)


def test_the_gap_of_the_country_has_the_margin_of_whole_cities(store, real_data):
    """What areas of a city share makes the margin of the change nearly twice as wide: 0.028 for 0.015."""
    r = open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(real_data))
    row = measures.changes(r).loc["rest_stad"]
    alone = monitor.change(r.gap("rest_stad", shared=False), 2008, 2018)
    assert row["estimate"] == pytest.approx(-0.038, abs=5e-4)
    assert (row["upper"] - row["lower"]) / 2 == pytest.approx(0.0285, abs=5e-4)
    assert (alone.upper - alone.lower) / 2 == pytest.approx(0.0150, abs=5e-4)
    gaps = measures.gaps(r).query("reference == 'rest_stad'").set_index("period")
    assert (row["first_lower"], row["first_upper"]) == tuple(gaps.loc[2008, ["lower", "upper"]])
    assert "keer zo breed als wanneer elk gebied op zichzelf stond" in say.shared(r)
    stated = r.state("gap_change", row)
    assert stated.numbers == (row["estimate"], row["lower"], row["upper"])


def test_the_gap_of_one_wijk_keeps_its_own_margin_and_says_so(store, real_data):
    r = open_report("leefbaarheid", "Amersfoort/De Kruiskamp", 2008, 2018, data=str(real_data))
    assert r.gap("rest_stad").equals(r.gap("rest_stad", shared=False))
    assert "deze ene wijk" in say.shared(r)


def test_the_findings_are_what_the_data_give(store, real_data):
    """docs/bevindingen.md is what `make bevindingen` writes: every number of this project in it comes from a real run."""
    spec = importlib.util.spec_from_file_location("bevindingen", ROOT / "benchmarks" / "bevindingen.py")
    bevindingen = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bevindingen)
    written = (ROOT / "docs" / "bevindingen.md").read_text(encoding="utf-8")
    date = re.search(r"Computed on (\S+)", written)[1]
    assert bevindingen.page(real_data, date) == written


def test_the_headline_is_told_on_the_established_list_with_the_candidates_and_of_those_alone(real_data):
    r = open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(real_data))
    found = measures.list_gaps(r)
    assert found["n"].tolist() == [46, 84, 38]
    assert found["estimate"].round(3).tolist() == [-0.038, -0.017, 0.009]
    assert (found["lower"] < found["estimate"]).all() and (found["estimate"] < found["upper"]).all()
    assert found["estimate"].iloc[0] == pytest.approx(measures.changes(r).at["rest_stad", "estimate"])
    shown = say.answer(r)
    assert "Het antwoord gaat over de 46 vastgestelde gebieden" in shown and "alleen" in shown
    assert "+0,009 (" in shown  # with its margin


def test_the_headline_stands_alone_when_the_list_has_no_candidates(real_data, tmp_path):
    for name in ("lbm3_pc4_2002_2022.csv", "pc4_gemeente_inwoners_2021.csv"):
        shutil.copy(next(real_data.rglob(name)), tmp_path)
    r = open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(tmp_path))
    assert r.window == (2008, 2018)
    assert not len(measures.list_gaps(r))
    assert "kandidaten" not in say.answer(r)
