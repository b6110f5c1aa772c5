"""The effect inside one city: estimates, what the margin counts, and series of the cities themselves."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers import effect, say
from helpers.report import Report
from wijkenaanpak.effects import within
from wijkenaanpak.effects.effects import Sample, Windows
from wijkenaanpak.effects.inference import Regression
from wijkenaanpak.store import evaluation, panel

ROOT = Path(__file__).resolve().parents[1]
W = Windows((2005,), (2012,), (2004,))


def city(shift: float = 0.0, wijken: int = 6, shared: float = 0.0, seed: int = 1) -> Sample:
    """Make forty areas of one city, eighteen of them in aandachtswijken; `shared` is the chance that a wijk has in common."""
    rng = np.random.default_rng(seed)
    level = rng.normal(20, 3, 40)
    y = level[:, None] + rng.normal(0, 0.5, (40, 3))
    wijk = np.array([f"Stad/{i % wijken}" if i < 18 else "" for i in range(40)])
    luck = rng.normal(0, shared, wijken)
    y[:18, 2] += shift + luck[np.arange(18) % wijken]
    no, names = np.zeros(40, bool), np.array([f"a{i:02}" for i in range(40)])
    return Sample(y, y, np.array([2004, 2005, 2012]), names, np.full(40, "Stad"), wijk, no, no)


def main_of(found: dict) -> dict:
    return next(d for d in found["designs"] if d["design"] == found["main"])


@pytest.mark.parametrize("shift", [-3.0, 0.0, 3.0])
def test_an_effect_planted_in_one_city_is_found_there_and_nothing_where_there_is_none(shift):
    found = main_of(within.compare(city(shift), W))
    assert found["lower"] < shift < found["upper"]
    assert (found["lower"] * found["upper"] > 0) is bool(shift)
    assert (found["chance"] < 0.05) is bool(shift)


def test_the_margin_holds_the_truth_when_areas_of_a_wijk_share_their_luck():
    held, naive = [], []
    for seed in range(60):
        s = city(1.0, shared=1.0, seed=seed)
        found = within.compare(s, W)
        row = main_of(found)
        held.append(row["lower"] <= 1 <= row["upper"])
        use = within.designs(s, W)[row["design"]]
        fit = within.estimate(s, W, use)
        low, high = Regression(fit.y, fit.x, fit.w, s.area[use.weight > 0]).interval()
        naive.append(low <= 1 <= high)
    assert np.mean(held) >= 0.9 > np.mean(naive)  # single areas count the same luck many times


def test_with_few_wijken_chance_is_counted_by_area_and_by_dealing_out_again():
    found = within.compare(city(3.0, wijken=2), W)
    assert (found["unit_of"], found["units"]) == ("gebied", 18)
    assert within.compare(city(wijken=6), W)["unit_of"] == "wijk"


def test_permuting_who_was_chosen_rejects_a_true_null_as_often_as_it_says():
    p = []
    for seed in range(100):
        s = city(seed=seed, wijken=18)
        p.append(within.permuted(within.estimate(s, W, within.designs(s, W)["rest_stad"]), 199)[0])
    assert 0.0 <= np.mean(np.array(p) < 0.05) <= 0.12
    assert 0.35 <= np.mean(p) <= 0.65


def test_a_share_in_one_city_is_compared_in_points_as_published():
    s = city(2.0)
    share = Sample(
        np.log(s.y / (100 - s.y)), s.level, s.periods, s.area, s.city, s.wijk, s.near, s.left_out, "logit"
    )
    change = s.level[:, 2] - s.level[:, 1]
    plain = next(d for d in within.compare(share, W)["designs"] if d["design"] == "rest_stad")
    assert plain["estimate"] == pytest.approx(change[s.treated].mean() - change[~s.treated].mean())


# ---- from a folder to a report -----------------------------------------------------------------------


@pytest.fixture
def own_city(tmp_path, monkeypatch) -> Path:
    """Write the plain tables of one city: thirty areas, nine in two aandachtswijken."""
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path / "verwerkt"))
    rng = np.random.default_rng(3)
    names = [f"Buurt {i:02}" for i in range(30)]
    wijk = ["Utrecht/Overvecht"] * 5 + ["Utrecht/Zuilen Oost"] * 4 + [""] * 21
    folder = tmp_path / "stad"
    folder.mkdir()
    pd.DataFrame({"gebied": names, "naam": names, "gemeente": "Utrecht", "aandachtswijk": wijk}).to_csv(
        folder / "gebieden.csv", index=False
    )
    level = rng.normal(20, 3, 30)
    rows = [
        (name, year, "proef", round(level[i] + rng.normal(0, 0.4) - 4 * (i < 9 and year > 2008), 1))
        for i, name in enumerate(names)
        for year in (2005, 2007, 2012, 2014)
    ]
    pd.DataFrame(rows, columns=["gebied", "jaar", "indicator", "waarde"]).to_csv(
        folder / "reeksen.csv", index=False
    )
    (folder / "uitkomsten.csv").write_text(
        "indicator,vraag,label,eenheid,richting\nproef,veiligheid,Overlast,%,-1\n"
    )
    return folder


def report(folder: Path, vraag: str, gebied: str) -> Report:
    return Report(2007, 2018, "rest_stad", 2007, panel.load(vraag, gebied, str(folder)))


def test_a_city_with_its_own_series_gets_an_effect_and_its_wijken_that_of_the_city(own_city):
    r = report(own_city, "veiligheid", "Utrecht")
    found = effect.state(r)
    assert found["within"].estimate == pytest.approx(-4, abs=0.8)
    assert found["verdict"].estimate == -1
    assert "binnen Utrecht" in say.brief(r)
    assert "Over andere steden zegt deze schatting niets" in say.verdict(r)
    wijk = report(own_city, "veiligheid", "Utrecht/Overvecht")
    assert np.isnan(effect.state(wijk)["verdict"].estimate)  # a wijk alone has too few areas
    assert "heel Utrecht" in say.verdict(wijk)
    rows = r.stated.frame().query("measure == 'effect'")
    assert set(rows["method"]) == {"binnen de stad"} and rows["lower"].notna().all()


@pytest.mark.parametrize("gebied", ["Nederland", "Amsterdam"])
def test_what_one_city_shows_is_no_effect_elsewhere(own_city, gebied):
    r = report(own_city, "veiligheid", gebied)
    assert not len(effect.within(r))
    assert "within" not in effect.state(r)
    assert "Utrecht" in say.brief(r)
    assert "alleen een reeks van Utrecht" in say.answer(r)  # it is there, and not here


# ---- the cities themselves ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cities() -> Path:
    """Folder with series of cities; the test is skipped by name when it is not there."""
    for base in (os.environ.get("WIJKEN_RAW"), ROOT.parent / "shared" / "data" / "real"):
        if base and (found := Path(base).parent / "cities").is_dir():
            return found
    pytest.skip("reeksen van steden niet aanwezig: zet WIJKEN_RAW")


def outcome(cities: Path, gebied: str, vraag: str, indicator: str) -> dict:
    found = panel.load(vraag, gebied, str(cities / gebied.lower())).evaluation(2018)["within"]
    return next(o for o in found if o["indicator"] == indicator)


def test_amsterdam_agrees_with_the_raw_changes_of_bijstand(cities):
    p = panel.load("werk", "Amsterdam", str(cities / "amsterdam"))
    s = evaluation.lay_out(p.store, p.outcome)
    year = {y: s.y[:, list(s.periods).index(y)] - s.y[:, 0] for y in (2009, 2017)}
    assert [round(year[y][s.treated].mean(), 2) for y in year] == [-0.20, 0.04]
    assert [round(year[y][s.donor].mean(), 2) for y in year] == [-0.25, -0.05]
    assert outcome(cities, "Amsterdam", "werk", "adam_bijstand_alle")["leads"] == [2004]


def test_amsterdam_agrees_with_the_raw_shares_of_social_rent(cities):
    p = panel.load("wonen", "Amsterdam", str(cities / "amsterdam"))
    rows = pd.read_parquet(p.store / "series" / "indicator=adam_sociale_huur" / "pc4.parquet")
    rows = rows[rows.groupby("area")["n"].transform("min") >= 500]  # as the raw means were taken
    treated = rows["area"].isin(pd.read_parquet(p.store / "treated.parquet")["pc4"])
    mean = rows.groupby([treated, "period"])["value"].mean()
    assert mean[True][[2005, 2017]].round(1).tolist() == [67.4, 51.3]
    assert mean[False][[2005, 2017]].to_numpy() == pytest.approx([43.1, 36.5], abs=0.6)


def test_rotterdam_agrees_with_the_raw_means_of_satisfaction(cities):
    found = outcome(cities, "Rotterdam", "leefbaarheid", "rdam_tevreden")
    years = ("2006", "2011", "2018")
    assert [found["treated"][y] for y in years] == pytest.approx([74.1, 66.1, 70.4], abs=0.7)
    assert [found["untreated"][y] for y in years] == pytest.approx([85.4, 82.1, 86.4], abs=0.5)


@pytest.mark.parametrize(
    ("gebied", "vraag", "indicator", "units"),
    [
        ("Rotterdam", "veiligheid", "rdam_jongerenoverlast", 7),
        ("Rotterdam", "leefbaarheid", "rdam_tevreden", 7),
        ("Amsterdam", "werk", "adam_bijstand", 5),
        ("Amsterdam", "wonen", "adam_koop", 5),
    ],
)
def test_an_effect_inside_a_city_comes_with_a_margin_that_counts_its_wijken(
    cities, gebied, vraag, indicator, units
):
    found = outcome(cities, gebied, vraag, indicator)
    row = main_of(found)
    assert (found["unit_of"], found["units"]) == ("wijk", units)
    assert row["lower"] < row["estimate"] < row["upper"]
    r = report(cities / gebied.lower(), vraag, gebied)
    assert effect.state(r)["verdict"].estimate == 0
    assert len(r.stated.frame().query("measure == 'effect'"))
