"""Programmes that never were: drawn with the real structure, estimated all at once, by hand and as one by one."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from wijkenaanpak.effects import draws, effects, placebo, verdict, yardstick
from wijkenaanpak.effects.draws import Drawn
from wijkenaanpak.effects.effects import Sample, Windows
from wijkenaanpak.effects.stacked import Fits

YEARS = np.arange(1998, 2019)
LONG = Windows(tuple(range(1998, 2005)), tuple(range(2012, 2018)), ())
FEW = np.array([2002, 2008, 2012, 2014, 2016])
SHORT = Windows((2008,), (2012, 2014, 2016), (2002,))


def country(
    seed=1, effect=0.0, periods=YEARS, noise=0.3, cities=40, each=24, chosen=(6, 5, 3, 2, 1), depth=True
):
    """Cities of unequal weakness; a real programme in the five weakest, in each the weakest in 2002."""
    rng = np.random.default_rng(seed)
    n = cities * each
    city = np.repeat([f"stad{c:02d}" for c in range(cities)], each)
    level = rng.normal(size=n) + 0.5 * np.repeat(rng.normal(size=cities), each)
    shock = 0.2 * np.repeat(rng.normal(size=(cities, len(periods))), each, axis=0)
    y = level[:, None] + shock + noise * rng.normal(size=(n, len(periods))) + 0.02 * (periods - 2005)
    score = y[:, periods == 2002][:, 0] + (0 if depth else 5 * rng.normal(size=n))
    treated = np.zeros(n, bool)
    for c, size in enumerate(chosen):
        inside = np.flatnonzero(city == f"stad{c:02d}")
        treated[inside[np.argsort(score[inside])[:size]]] = True
    y = y + effect * treated[:, None] * np.clip((periods - 2008) / 4, 0, 1)
    nothing = np.zeros(n, bool)
    weak = np.column_stack([-level + 0.3 * rng.normal(size=n)])
    return Sample(
        y, y, periods, np.array([f"{i:04d}" for i in range(n)]), city, np.where(treated, city, ""), nothing, nothing,
        deprivation=weak,
    )  # fmt: skip


def in_line(n):
    """Areas in a row, each touching the next."""
    return sparse.diags([np.ones(n - 1), np.ones(n - 1)], [-1, 1], format="csr")


# ---- who is drawn ------------------------------------------------------------------------------------


def test_every_programme_has_as_many_areas_in_as_many_cities_as_the_real_one():
    s = country()
    d = draws.draw(s, (2002,), 50)
    assert not np.isin(d.base.area, s.area[s.treated]).any()
    for mine in d.chosen:
        sizes = np.unique(d.base.city[mine], return_counts=True)[1]
        assert sorted(sizes) == [1, 2, 3, 5, 6]
    assert len(np.unique(d.chosen, axis=0)) > 45


def test_without_noise_the_weakest_of_a_city_are_chosen():
    s = country()
    d = draws.draw(
        replace(s, y=s.y - 2.0 * s.treated[:, None]), (2002,), 20
    )  # the real ones are weaker than any
    assert d.noise == 0.0
    level = d.base.y[:, d.base.periods == 2002][:, 0]
    for mine in d.chosen:
        for city in np.unique(d.base.city[mine]):
            inside = d.base.city == city
            assert level[inside & mine].max() < level[inside & ~mine].min()


def test_the_noise_of_the_choice_and_the_preference_for_weak_cities_follow_the_real_programme():
    by_chance = draws.draw(country(depth=False), (2002,), 200)
    assert by_chance.noise > 0.5
    assert by_chance.depth["city"] == pytest.approx(by_chance.goal["city"], abs=0.1)
    weak = country()
    low = np.repeat(np.arange(40) < 5, 24)
    deep = draws.draw(replace(weak, y=weak.y - 1.0 * low[:, None]), (2002,), 200)
    plain = draws.draw(weak, (2002,), 200)
    assert deep.preference > plain.preference
    assert deep.depth["country"] > plain.depth["country"]


def test_what_touches_a_chosen_area_is_no_donor():
    s = country()
    d = draws.draw(s, (2002,), 20, touching=in_line(len(s.area)))
    place = np.array([int(a) for a in d.base.area])
    for mine, near in zip(d.chosen, d.near, strict=True):
        beside = np.isin(place, np.r_[place[mine] - 1, place[mine] + 1]) & ~mine
        assert (near == beside).all()


def test_the_same_seed_draws_the_same_and_another_one_does_not():
    one, same, other = (draws.draw(country(), (2002,), 20, seed=seed) for seed in (1, 1, 2))
    assert (one.chosen == same.chosen).all()
    assert (one.chosen != other.chosen).any()


def test_without_cities_large_enough_nothing_is_drawn():
    assert draws.draw(country(cities=6, chosen=(20, 20, 20)), (2002,), 10) is None


def test_the_years_on_which_was_chosen():
    assert draws.choices(country()) == {"keuze": (2005, 2006), "start": (2008,)}
    assert draws.choices(country(periods=FEW)) == {"keuze": (2002,), "start": (2008,)}
    assert draws.choices(country(periods=np.array([2002, 2012]))) == {"keuze": (2002,)}


# ---- the designs on all at once -----------------------------------------------------------------------


def two_cities():
    """Two cities of four areas; one programme chose the first of either, another the last two of the first."""
    change = np.array([1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 60.0])
    y = np.column_stack([np.zeros(8), change])
    nothing, city = np.zeros(8, bool), np.repeat(["a", "b"], 4)
    base = Sample(
        y, y, np.array([2004, 2012]), np.arange(8).astype(str), city, np.full(8, ""), nothing, nothing
    )
    chosen = np.array([[1, 0, 0, 0, 1, 0, 0, 0], [0, 0, 1, 1, 0, 0, 0, 0]], bool)
    near = np.zeros((2, 8), bool)
    near[0, 7] = True
    nowhere = {"city": 0.0, "country": 0.0}
    return Drawn(base, chosen, near, (2004,), 0.0, 0.0, nowhere, nowhere, 0.0)


def test_differences_of_means_by_hand():
    w = Windows((2004,), (2012,), ())
    found = placebo.fits(two_cities(), w, ("nederland",))["nederland"]
    # without area 7, which touches a chosen one
    assert found.estimate == pytest.approx(
        [5.5 - (2 + 3 + 4 + 20 + 30) / 5, 3.5 - (1 + 2 + 10 + 20 + 30 + 60) / 6]
    )
    assert placebo.fits(two_cities(), w, ("g18",)) == {}  # too few cities


@pytest.mark.parametrize(("periods", "w"), [(YEARS, LONG), (FEW, SHORT)])
def test_all_at_once_is_one_by_one(periods, w):
    """Estimate, margin and degrees of freedom of every design on drawn programmes, to nine digits."""
    s = country(periods=periods)
    s.deprivation[::7] = np.nan  # covariates that some programmes cannot use
    d = draws.draw(s, (2002,), 60, touching=in_line(len(s.area)))
    found = placebo.fits(d, w)
    compared = 0
    for k in range(0, 60, 6):
        mine = d.sample(k)
        plain = effects.designs(mine, w)
        assert set(plain) <= set(found)
        for name, many in found.items():
            if name not in plain:
                assert np.isnan(many.estimate[k])
                continue
            one = effects.estimate(mine, w, plain[name])
            assert many.estimate[k] == pytest.approx(one.estimate, abs=1e-9)
            assert many.se[k] == pytest.approx(one.se, abs=1e-9)
            assert many.df[k] == pytest.approx(one.df, rel=1e-7)
            assert many.p[k] == pytest.approx(one.p_values()["p"], abs=1e-7)
            assert many.half[k] == pytest.approx(one.interval()[1] - one.estimate, rel=1e-6)
            compared += 1
    assert compared >= 40


def test_the_answer_does_not_depend_on_the_number_of_workers():
    d = draws.draw(country(periods=FEW), (2002,), 120)
    one, two = (placebo.fits(d, SHORT, workers=n) for n in (1, 2))
    for name, first in one.items():
        for part in ("estimate", "se", "df"):
            assert getattr(first, part).tobytes() == getattr(two[name], part).tobytes()


def test_what_is_the_same_everywhere_changes_nothing_and_a_scale_scales():
    d = draws.draw(country(periods=FEW), (2002,), 60)
    moved = replace(d, base=replace(d.base, y=3.0 * d.base.y + np.array([0.0, 5.0, -2.0, 1.0, 4.0])))
    before, after = placebo.fits(d, SHORT), placebo.fits(moved, SHORT)
    for name in before:
        assert after[name].estimate == pytest.approx(3 * before[name].estimate, abs=1e-9, nan_ok=True)
        assert after[name].df == pytest.approx(before[name].df, rel=1e-6, nan_ok=True)


# ---- the estimate among them -------------------------------------------------------------------------------


def test_a_place_among_the_draws_by_hand():
    drawn = np.arange(1.0, 101.0)
    found = yardstick.distribution(Fits(drawn, np.full(100, 20.0), np.full(100, 1e6)), 100.0, 20.0, 0.0)
    assert (found["n"], found["mean"], found["less"]) == (100, 50.5, 49.5)
    assert found["p"] == pytest.approx(3 / 101)  # two draws as far off, and itself
    assert found["p_t"] == pytest.approx(3 / 101)
    assert found["margin"] == 47.5
    assert (found["lower"], found["upper"]) == (2.0, 97.0)
    assert found["size"] == pytest.approx(0.61)  # 40 to 100 lie beyond 1.96 times 20
    assert found["bias"] == pytest.approx(50.5 / 20)
    wide = yardstick.distribution(Fits(drawn, np.full(100, 20.0), np.full(100, 1e6)), 100.0, 20.0, 0.6)
    assert wide["margin"] == pytest.approx(2 * 47.5)
    assert wide["p"] == pytest.approx(51 / 101)
    few = Fits(drawn[:19], drawn[:19], drawn[:19])
    assert yardstick.distribution(few, 0.0, 1.0, 0.0) is None


def test_programmes_that_share_cities_are_alike():
    d = two_cities()
    apart = replace(d, chosen=np.array([[1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 0, 0]], bool))
    same = replace(d, chosen=np.array([[1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0, 0, 0]], bool))
    assert yardstick.alike(apart) == 0.0
    assert yardstick.alike(same) == 0.99
    assert yardstick.widening(0.6) == pytest.approx(2.0)


def test_the_widened_margin_covers_another_programme_as_often_as_it_says():
    """Estimates that share cities: narrow without the factor, right with it."""
    rng = np.random.default_rng(4)
    plain, wide = [], []
    for _ in range(1500):
        shared = np.sqrt(0.4) * rng.normal()
        drawn = shared + np.sqrt(0.6) * rng.normal(size=400)
        own = rng.normal()
        plain.append(abs(own - drawn.mean()) <= yardstick.margin_of(drawn, 0.0))
        wide.append(abs(own - drawn.mean()) <= yardstick.margin_of(drawn, 0.4))
    assert np.mean(plain) < 0.85
    assert np.mean(wide) == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("name", ["nederland", "net_niet"])
def test_a_planted_effect_is_what_is_left_after_what_weak_areas_do_by_themselves(name):
    off, small = [], []
    for seed in range(6):
        nothing, planted = country(seed, periods=FEW), country(seed, effect=1.0, periods=FEW)
        d = draws.draw(planted, (2002,), 200)
        drawn, q = placebo.fits(d, SHORT, (name,))[name], yardstick.alike(d)
        both = []
        for s in (nothing, planted):
            fit = effects.estimate(s, SHORT, effects.designs(s, SHORT)[name])
            both.append(yardstick.distribution(drawn, fit.estimate, fit.se, q))
        assert both[1]["p"] < 0.05
        small.append(both[0]["p"])
        off.append(both[1]["less"] - 1.0)
    assert np.mean(off) == pytest.approx(0.0, abs=0.2)
    assert np.median(small) > 0.05


def shown(s, name="nederland", **options):
    """What an evaluation keeps of one sample."""
    found = {name: effects.designs(s, SHORT)[name]}
    return verdict.among_programmes(s, SHORT, found, name, None, 200, **options)


def test_the_verdict_is_the_choice_by_which_the_estimate_is_the_least_remarkable():
    found = shown(country(3, effect=1.0, periods=FEW))
    ps = [d["p"] for row in found["choices"] for d in row["designs"]]
    assert [row["choice"] for row in found["choices"]] == ["keuze", "start"]
    assert found["verdict"]["p"] == max(ps) < 0.05
    assert found["verdict"]["found"]
    assert found["carries"]
    values = found["choices"][0]["designs"][0]["values"]
    assert len(values) == 200 and values == sorted(values)
    assert not shown(country(4, periods=FEW))["verdict"]["found"]


def test_effects_among_programmes_are_in_the_unit_of_the_outcome():
    s = country(3, periods=FEW)
    plain, percent = (shown(replace(s, scale=scale))["verdict"] for scale in ("lineair", "log"))
    for name in ("estimate", "mean", "mean_lower", "mean_upper", "less", "lower", "upper", "margin", "sd"):
        assert percent[name] == pytest.approx(100 * np.expm1(plain[name]))
    assert percent["p"] == plain["p"]


def test_where_nothing_can_be_drawn_there_is_no_verdict():
    s = country(cities=8, chosen=(20, 20, 20), periods=FEW)
    assert shown(s) == {"draws": 200, "choices": [], "carries": False, "verdict": None}


def test_programmes_too_alike_carry_no_verdict():
    found = shown(country(cities=5, chosen=(6, 5, 3), periods=FEW))
    assert min(row["alike"] for row in found["choices"]) > yardstick.TOO_ALIKE
    assert not found["carries"]
    assert found["verdict"] is not None
