"""The practice panel: calibrated, reproducible, and true to the effects it states."""

import hashlib
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from wijkenaanpak.practice import simulate
from wijkenaanpak.practice.country import CITIES
from wijkenaanpak.practice.simulate import DEFAULT_EFFECTS, DIMENSIONS, SPILLOVER, YEARS, planted_effects
from wijkenaanpak.sources.folder import read_folder

BOOK = pd.read_csv(simulate.RAW / "indicatoren.csv", keep_default_na=False).set_index("indicator")
CODEBOOK = BOOK[BOOK.index.isin([*simulate.SPEC, "lbm"])]
NOTHING = dict.fromkeys(DEFAULT_EFFECTS, 0.0)
SMALL = 400


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    folder = tmp_path_factory.mktemp("full") / "oefen"
    simulate.simulate(folder)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two small panels of one seed: with planted effects and without."""
    base = tmp_path_factory.mktemp("small")
    planted = {"nww": -2.0, "verkoopprijs": 0.1, "lbm_onv": 0.04, "pasgeborenen": 3.0, "misdrijven": 0.2}
    simulate.simulate(base / "with", seed=7, effects=NOTHING | planted | {"lbm": 0.04}, n_pc4=SMALL)
    simulate.simulate(base / "without", seed=7, effects=NOTHING, n_pc4=SMALL)
    return base / "with", base / "without"


def keys(folder, table):
    """Topic key by joined titles, read the way a StatLine reader would."""
    topics = pd.read_csv(folder / table / "DataProperties.csv").set_index("ID")

    def path(i):
        parent = topics.loc[i, "ParentID"]
        return (path(int(parent)) + " > " if parent == parent else "") + topics.loc[i, "Title"]

    return {path(i): topics.loc[i, "Key"] for i in topics.index if topics.loc[i, "Type"] == "Topic"}


def statline(folder, indicator, column="column"):
    """One topic as regions (titles) x years."""
    table = CODEBOOK.loc[indicator, "table"]
    key = keys(folder, table)[CODEBOOK.loc[indicator, column]]
    titles = pd.read_csv(folder / table / "RegioS.csv").set_index("Key")["Title"]
    data = pd.read_csv(folder / table / "data.csv", usecols=["RegioS", "Perioden", key])
    years = data["Perioden"].str[:4].astype(int)
    long = data.assign(title=data["RegioS"].map(titles), year=years)
    return long.pivot(index="title", columns="year", values=key)  # noqa: PD010 (refuses doubles)


def pc4_values(folder, indicator):
    """One indicator as PC4 x years, from whichever file it is in."""
    table, column = CODEBOOK.loc[indicator, ["table", "column"]]
    if table in ("71718ned", "47018NED"):
        wide = statline(folder, indicator)
        wide = wide[wide.index.str.match(r"\d{4} ")]
        return wide.set_axis(wide.index.str[:4]).sort_index()
    file, code = ("lbm3_pc4_oefen.csv", "PC4") if table == "leefbaarometer" else ("peilingen.csv", "pc4")
    data = pd.read_csv(folder / file, dtype={code: str}, usecols=[code, "jaar", column])
    return data.pivot(index=code, columns="jaar", values=column)  # noqa: PD010


def selection(folder):
    table = pd.read_csv(folder / "selectie_oefen.csv", dtype={"pc4": str}, keep_default_na=False)
    return table.set_index("pc4").sort_index()


def contents(folder):
    return {
        str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*"))
        if f.is_file()
    }


# Calibration: figures as printed in the documents


@pytest.mark.parametrize(
    ("indicator", "year", "region", "published", "decimals"),
    [
        ("ww", 2007, "Totaal aandachtswijken", 2.5, 1),
        ("ww", 2010, "Totaal aandachtswijken", 3.0, 1),
        ("vsv", 2006, "Totaal aandachtswijken", 7.5, 1),
        ("vsv", 2009, "Totaal aandachtswijken", 6.4, 1),
        ("vsv", 2006, "Totaal niet-aandachtswijken", 4.2, 1),
        ("huishoudinkomen", 2007, "Totaal aandachtswijken", 22000, -3),
        ("huishoudinkomen", 2007, "Totaal Nederland", 30000, -3),
        ("werkenden", 2007, "Totaal aandachtswijken", 53, 0),
        ("werkenden", 2007, "Totaal Nederland", 64, 0),
        ("pasgeborenen", 2007, "Totaal aandachtswijken", 20, 0),
        ("pasgeborenen", 2008, "Totaal aandachtswijken", 19, 0),
        ("havovwo", 2009, "Totaal Den Haag", 42, 0),
    ],
)
def test_published_aggregates_come_out_as_published(full, indicator, year, region, published, decimals):
    assert round(statline(full, indicator).loc[region, year], decimals) == published


@pytest.mark.parametrize(
    ("indicator", "year", "published", "decimals"),
    [
        ("ww", 2007, 2.2, 1),
        ("ww", 2010, 2.7, 1),
        ("pasgeborenen", 2007, 17, 0),
        ("pasgeborenen", 2008, 17, 0),
    ],
)
def test_the_mean_of_the_18_gemeenten_comes_out_as_published(full, indicator, year, published, decimals):
    value, n = statline(full, indicator), statline(full, indicator, "n_column")
    cities = [f"Totaal {city}" for city in CITIES]
    mean = np.average(value.loc[cities, year], weights=n.loc[cities, year])
    assert round(mean, decimals) == published


def test_low_quality_dwellings_are_two_and_a_half_times_as_common(full):
    level = statline(full, "lage_kwaliteit")[2007]
    assert level["Totaal aandachtswijken"] / level["Totaal Nederland"] == pytest.approx(2.5, abs=0.05)


def test_havo_and_vwo_in_the_wijken_of_den_haag_come_out_as_published(full):
    value, n = statline(full, "havovwo")[2009], statline(full, "havovwo", "n_column")[2009]
    wijken = value.index[value.index.str.startswith("Den Haag, ") & ~value.index.str.contains("totaal")]
    assert len(wijken) == 4
    assert round(np.average(value[wijken], weights=n[wijken])) == 27


def test_leefbaarometer_levels_resemble_the_real_ones(full):
    score, treated = pc4_values(full, "lbm"), selection(full)["wijk"] != ""
    assert score.loc[treated, 2008].mean() == pytest.approx(3.851, abs=0.003)
    assert score.loc[~treated, 2008].mean() == pytest.approx(4.105, abs=0.003)
    assert 0.10 < score[2008].std() < 0.17


# Structure


def test_every_indicator_has_values_in_every_year(full):
    for indicator in CODEBOOK.index:
        values = pc4_values(full, indicator)
        assert list(values.columns) == list(YEARS), indicator
        assert len(values) == 4000
        assert values.notna().mean().min() > 0.5, indicator
        assert np.isfinite(values.to_numpy()[values.notna()]).all(), indicator


def test_shares_stay_between_0_and_100(full):
    for indicator in CODEBOOK.index[CODEBOOK["unit"] == "%"]:
        values = pc4_values(full, indicator)
        assert values.min(axis=None) >= 0, indicator
        assert values.max(axis=None) <= 100, indicator


def test_few_cells_are_suppressed_and_only_small_ones(full):
    value, n = statline(full, "havovwo"), statline(full, "havovwo", "n_column")
    assert 0.001 < value.isna().to_numpy().mean() < 0.05
    assert (n.to_numpy()[value.isna()] < simulate.SMALLEST).all()
    assert value[value.index.str.startswith("Totaal")].notna().all(axis=None)


def test_83_pc4_make_up_the_40_wijken_inside_their_own_gemeente(full):
    treated = pd.read_csv(full / "aandachtswijken_pc4.csv", dtype=str)
    places = pd.read_csv(full / "pc4_gemeente_inwoners.csv", dtype=str).set_index("pc4")["gemeente"]
    official = pd.read_csv(simulate.RAW / "aandachtswijken.csv")["area"]
    assert len(treated) == treated["pc4"].nunique() == 83
    assert set(treated["wijk"]) == set(official)
    assert (places[treated["pc4"]].to_numpy() == treated["wijk"].str.split("/").str[0]).all()
    assert set(treated["zekerheid"]) == {"oefen"}
    assert places.nunique() > 100


def test_the_map_is_a_tiling_with_contiguous_wijken(full):
    tiles = gpd.read_file(full / "pc4_oefen.gpkg").set_index("pc4").sort_index()
    wijk = selection(full)["wijk"]
    assert tiles.crs.to_epsg() == 28992
    assert len(tiles) == 4000
    assert tiles.union_all().area == pytest.approx(tiles.area.sum())
    for _, part in tiles[wijk != ""].groupby(wijk):
        assert part.union_all().geom_type == "Polygon"


def test_totals_are_weighted_means_of_the_pc4(full):
    value, n = statline(full, "nww"), statline(full, "nww", "n_column")
    treated = value.index[value.index.str.match(r"\d{4} .*, ")]
    mean = (value.loc[treated] * n.loc[treated]).sum() / n.loc[treated].sum()
    assert np.allclose(mean, value.loc["Totaal aandachtswijken"], atol=0.06)
    assert (n.loc[treated].sum() == n.loc["Totaal aandachtswijken"]).all()


def test_the_total_score_is_the_sum_of_its_dimensions(full):
    data = pd.read_csv(full / "lbm3_pc4_oefen.csv")
    rest = data["lbm"] - data[["fys", "onv", "soc", "vrz", "won"]].sum(axis=1)
    assert np.allclose(rest, simulate.LBM_CONSTANT, atol=1e-5)
    assert np.allclose(data["lbm"] - data["afw"], simulate.LBM_CONSTANT, atol=1e-5)


def test_the_facts_file_says_that_it_is_practice_and_what_was_planted(full):
    facts = json.loads((full / "OEFENDATA.json").read_text(encoding="utf-8"))
    assert facts["seed"] == 2007
    assert "geen waarnemingen" in facts["waarschuwing"]
    assert {k: v for k, v in facts["effects"].items() if v} == DEFAULT_EFFECTS
    assert facts["spillover"] == SPILLOVER
    assert (facts["phase"]["2007"], facts["phase"]["2008"], facts["phase"]["2012"]) == (0, 0.2, 1)
    for table in ("71718ned", "47018NED"):
        assert "OEFENDATA" in pd.read_csv(full / table / "TableInfos.csv")["Title"].item()


# Properties of the process


def test_neighbours_resemble_each_other(full):
    tiles = gpd.read_file(full / "pc4_oefen.gpkg").set_index("pc4").sort_index()
    left, right = tiles.sindex.query(tiles.geometry, predicate="touches")
    for indicator in ("nww", "lbm", "onveiligheidsgevoel"):
        z = pc4_values(full, indicator)[2003].to_numpy()
        z = (z - np.nanmean(z)) / np.nanstd(z)
        assert np.nanmean(z[left] * z[right]) > 0.25, indicator  # Moran's I, row weights aside


def noisy_score(folder, year):
    """The selection score, recomputed from what is published."""
    total = 0
    for name in simulate.COMPONENTS:
        values = pc4_values(folder, name)[year]
        sign = np.sign(simulate.SPEC[name].l)
        total = total + sign * ((values - values.mean()) / values.std()).fillna(0)
    return (total - total.mean()) / total.std()


def test_the_selected_are_in_a_bad_year_and_regress_to_the_mean(tmp_path):
    simulate.simulate(tmp_path / "p", effects=NOTHING, n_pc4=1000)
    chosen = selection(tmp_path / "p")["wijk"] != ""
    gap = {
        y: noisy_score(tmp_path / "p", y).groupby(chosen).mean().diff().iloc[-1] for y in (2003, 2006, 2009)
    }
    assert gap[2006] > 1
    assert gap[2006] - gap[2009] > 0.08
    assert gap[2006] - gap[2003] > 0.08


def test_the_score_is_about_as_reliable_as_stated(full):
    facts, truth = json.loads((full / "OEFENDATA.json").read_text()), selection(full)
    assert 0.75 < facts["reliability"] < 0.85
    assert np.corrcoef(noisy_score(full, 2006), truth["score_2006"])[0, 1] > 0.99
    assert facts["selection"]["untreated_in_top_83"] > 0


def test_deprived_areas_suffer_more_from_the_crisis(full):
    nww = statline(full, "nww")
    rise = nww[2013] - nww[2008]
    assert rise["Totaal aandachtswijken"] > rise["Totaal niet-aandachtswijken"] > 0


# Planted effects


@pytest.mark.parametrize(
    ("indicator", "effect", "log", "tolerance"),
    [
        ("nww", -2.0, False, 0.03),
        ("verkoopprijs", 0.1, True, 1e-4),
        ("lbm_onv", 0.04, False, 1e-5),
        ("lbm", 0.04, False, 1e-5),
        ("pasgeborenen", 3.0, False, 0.35),
        ("misdrijven", 0.2, True, 0.01),
        ("vsv", 0.0, False, 1e-9),
    ],
)
def test_two_panels_of_one_seed_differ_by_the_planted_effect(small, indicator, effect, log, tolerance):
    with_effect, without = (pc4_values(folder, indicator) for folder in small)
    difference = np.log(with_effect) - np.log(without) if log else with_effect - without
    exposure = selection(small[0])["blootstelling"]
    for share in (1.0, SPILLOVER, 0.0):
        mean = difference[exposure == share].mean()
        assert np.allclose(mean[[2012, 2018]], share * effect, atol=tolerance)
        assert np.allclose(mean[2009], 0.4 * share * effect, atol=tolerance)
        assert (difference.loc[exposure == share, [1998, 2007]].fillna(0) == 0).all(axis=None)
    assert (difference[exposure == 0].fillna(0) == 0).all(axis=None)


def test_spillover_reaches_exactly_the_untreated_tiles_that_touch_a_treated_one(small):
    truth = selection(small[0])
    tiles = gpd.read_file(small[0] / "pc4_oefen.gpkg").set_index("pc4").sort_index()
    treated = (truth["wijk"] != "").to_numpy()
    left, right = tiles.sindex.query(tiles.geometry, predicate="touches")
    near = np.zeros(len(tiles), dtype=bool)
    near[left[treated[right]]] = True
    assert (truth["blootstelling"] == np.select([treated, near], [1, SPILLOVER], 0)).all()


def test_a_total_effect_is_divided_over_the_dimensions_as_the_default_is():
    effects = planted_effects({"lbm": 0.1}, list(CODEBOOK.index))
    assert effects["lbm_onv"] == pytest.approx(0.06)
    assert effects["lbm_fys"] == pytest.approx(0.04)
    assert effects["lbm"] == pytest.approx(sum(effects[d] for d in DIMENSIONS))


def test_an_effect_on_a_dimension_changes_the_total():
    assert planted_effects({"lbm_soc": 0.01}, list(CODEBOOK.index))["lbm"] == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("effects", "message"),
    [
        ({"nwww": 1.0}, "nwww"),
        ({"nww": float("nan")}, "nww"),
        ({"lbm": 0.1, "lbm_onv": 0.0}, "lbm"),
    ],
)
def test_impossible_effects_are_named_and_leave_no_folder(tmp_path, effects, message):
    with pytest.raises(ValueError, match=message):
        simulate.simulate(tmp_path / "p", effects=effects)
    assert list(tmp_path.iterdir()) == []


# Reproducible and safe


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_data(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate.simulate(tmp_path / name, seed=seed, n_pc4=SMALL)
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert a == b
    assert a.keys() == c.keys()
    assert all(a[f] != c[f] for f in a if Path(f).name in ("data.csv", "peilingen.csv"))


def test_an_earlier_panel_is_replaced_as_a_whole(tmp_path):
    simulate.simulate(tmp_path / "p", seed=1, n_pc4=SMALL)
    (tmp_path / "p" / "oud.txt").touch()
    simulate.simulate(tmp_path / "p", seed=2, n_pc4=SMALL)
    assert json.loads((tmp_path / "p" / "OEFENDATA.json").read_text())["seed"] == 2
    assert not (tmp_path / "p" / "oud.txt").exists()
    assert [f.name for f in tmp_path.iterdir()] == ["p"]


def test_a_failed_run_leaves_the_earlier_panel(tmp_path, monkeypatch):
    simulate.simulate(tmp_path / "p", seed=1, n_pc4=SMALL)
    before = contents(tmp_path / "p")
    monkeypatch.setattr(simulate, "_write_map", lambda *_: (_ for _ in ()).throw(OSError("vol")))
    with pytest.raises(OSError, match="vol"):
        simulate.simulate(tmp_path / "p", seed=2, n_pc4=SMALL)
    assert contents(tmp_path / "p") == before
    assert [f.name for f in tmp_path.iterdir()] == ["p"]


def test_a_folder_with_other_files_is_never_overwritten(tmp_path):
    (tmp_path / "cijfers.csv").write_text("eigen werk")
    with pytest.raises(ValueError, match="oefendata"):
        simulate.simulate(tmp_path, n_pc4=SMALL)
    assert (tmp_path / "cijfers.csv").read_text() == "eigen werk"


@pytest.mark.parametrize("n_pc4", [50, 10_000])
def test_an_impossible_number_of_pc4_is_refused(tmp_path, n_pc4):
    with pytest.raises(ValueError, match=str(n_pc4)):
        simulate.simulate(tmp_path / "p", n_pc4=n_pc4)


def test_a_negative_seed_is_refused(tmp_path):
    with pytest.raises(ValueError, match="seed = -1"):
        simulate.simulate(tmp_path / "p", seed=-1)


# The codebook that the panel and the readers share


def test_the_codebook_has_one_primary_outcome_per_question():
    primary = CODEBOOK[CODEBOOK["primary"] == 1].reset_index().set_index("question")["indicator"]
    assert primary.to_dict() == {
        "werk": "nww",
        "wonen": "verkoopprijs",
        "leren": "vsv",
        "veiligheid": "lbm_onv",
        "leefbaarheid": "lbm",
    }


def test_the_panel_knows_every_indicator_of_the_codebook_and_no_other():
    published_only = BOOK["table"].isin(["kwb", "leefbaarometer2"])
    assert {*simulate.SPEC, "lbm"} == set(BOOK.index[~published_only])


def test_the_codebook_uses_known_words_and_unique_columns():
    assert BOOK.index.is_unique
    assert not BOOK.duplicated(["table", "column"]).any()
    assert set(BOOK["direction"]) <= {-1, 0, 1}
    assert set(BOOK["scale"]) == {"lineair", "log"}
    assert set(BOOK["unit"]) == {"%", "euro", "score", "cijfer", "per 1.000", "punten"}
    tables = {"leefbaarometer", "leefbaarometer2", "71718ned", "47018NED", "kwb", "peilingen"}
    assert set(BOOK["table"]) == tables
    assert (BOOK["start"] <= BOOK["end"]).all()
    assert (BOOK["lowest"] < BOOK["highest"]).all()
    assert BOOK["breaks"].str.fullmatch(r"(\d{4}: [^;]+(; (?=\d{4}: ))?)*").all()
    assert (BOOK[["label", "definition", "publisher", "source"]] != "").all(axis=None)


def test_the_largest_practice_panel_is_read_as_any_other(tmp_path):
    simulate.simulate(tmp_path / "groot", seed=1, n_pc4=9000)
    tables = read_folder(tmp_path / "groot")
    assert (tables.areas["level"] == "pc4").sum() == 9000
    assert tables.observations["n"].max() > 2e7  # more people than the country has
