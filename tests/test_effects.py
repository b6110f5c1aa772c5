"""The effect estimators: known answers by hand, planted effects recovered, naive designs that fail."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import rdrobust
import statsmodels.api as sm
from scipy import optimize, sparse

from wijkenaanpak import RAW
from wijkenaanpak.effects import diagnostics, effects, space, wijken
from wijkenaanpak.effects.effects import Sample, Windows
from wijkenaanpak.practice import simulate
from wijkenaanpak.store import evaluation

YEARS = np.arange(1998, 2019)
LONG = Windows(tuple(range(1998, 2005)), tuple(range(2012, 2018)), ())


def invented(seed=1, effect=0.0, cities=12, each=40, chosen=6, noise=0.1, periods=YEARS, **options):
    """Areas in cities, on the whole the weakest of each treated; levels, shocks per city and year, noise."""
    rng = np.random.default_rng(seed)
    n = cities * each
    city = np.repeat([f"stad{c:02d}" for c in range(cities)], each)
    level = rng.normal(size=n)
    order = pd.Series(level + rng.normal(size=n)).groupby(city).rank().to_numpy()
    treated = order <= chosen
    shock = rng.normal(size=(cities, len(periods)))[np.repeat(np.arange(cities), each)] * 0.2
    y = level[:, None] + shock + 0.02 * (periods - 2005) + noise * rng.normal(size=(n, len(periods)))
    y += effect * treated[:, None] * np.clip((periods - 2007) / 5, 0, 1)
    wijk = np.where(treated, np.char.add(np.char.add(city, "/"), (order // 2).astype(int).astype(str)), "")
    nothing = np.zeros(n, bool)
    area = np.array([f"{i:04d}" for i in range(n)])
    return Sample(y, y, periods, area, city, wijk, nothing, nothing, **options)


# ---- which years ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("periods", "last", "before", "after", "leads"),
    [
        (YEARS, 2017, LONG.before, LONG.after, ()),
        ([2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022], 2018, (2008,), (2012, 2014, 2016, 2018), (2002,)),
        (range(2005, 2014), 2017, (2007,), (2012, 2013), (2005, 2006)),
        ([2002, 2004, 2009, 2011], 2017, (2004,), (2011,), (2002,)),
        (YEARS, 2010, LONG.before, (2010,), ()),
    ],
)
def test_the_years_of_the_comparison(periods, last, before, after, leads):
    assert effects.windows(periods, last) == Windows(before, after, leads)


@pytest.mark.parametrize("periods", [[2014, 2018], [2002, 2008], []])
def test_without_a_year_before_or_after_there_is_no_comparison(periods):
    assert effects.windows(periods, 2018) is None


def test_time_weights_compare_means():
    weights = effects.time_weights(invented(), LONG)
    assert weights[YEARS <= 2004] == pytest.approx(-1 / 7)
    assert weights[(YEARS >= 2012) & (YEARS <= 2017)] == pytest.approx(1 / 6)
    assert weights.sum() == pytest.approx(0)


def test_with_a_cycle_a_gap_that_moves_with_it_cancels():
    cycle = np.sin(YEARS / 3.0)
    weights = effects.time_weights(invented(cycle=cycle), LONG)
    assert weights.sum() == pytest.approx(0, abs=1e-12)
    assert weights @ cycle == pytest.approx(0, abs=1e-12)
    assert weights[YEARS >= 2012].sum() == pytest.approx(1)


def test_a_design_that_adjusts_for_what_came_before_leaves_no_cycle_to_cancel():
    s = invented(cycle=np.sin(YEARS / 3.0))
    found = effects.designs(s, LONG)
    plain = effects.time_weights(replace(s, cycle=None), LONG)
    assert effects.time_weights(s, LONG, design=found["gecorrigeerd"]) == pytest.approx(plain)
    assert effects.time_weights(s, LONG, design=found["g18"]) != pytest.approx(plain)


# ---- equal deprivation before -------------------------------------------------------------------------


def chosen_in_a_bad_year(seed=1, effect=0.0):
    """Weak areas gain more in a boom, bad years pass, and the list is made in 2006 from the level of that year."""
    rng = np.random.default_rng(seed)
    n, periods = 720, YEARS
    city = np.repeat([f"stad{c:02d}" for c in range(12)], 60)
    weak = rng.normal(size=n)
    bad = rng.normal(size=(n, len(periods)))
    for t in range(1, len(periods)):
        bad[:, t] = 0.6 * bad[:, t - 1] + 0.8 * bad[:, t]
    boom = np.where(periods >= 2010, -0.3, 0.0)
    y = weak[:, None] * (1 + boom) + 0.7 * bad + 0.05 * rng.normal(size=bad.shape)
    score = y[:, periods == 2006][:, 0] + 0.7 * rng.normal(size=n)
    treated = pd.Series(-score).groupby(city).rank().to_numpy() <= 6
    y = y + effect * treated[:, None] * np.clip((periods - 2007) / 5, 0, 1)
    before = weak + 0.3 * rng.normal(size=n)
    area = np.array([f"{i:04d}" for i in range(n)])
    wijk, nothing = np.where(treated, city, ""), np.zeros(n, bool)
    return Sample(
        y, y, periods, area, city, wijk, nothing, nothing, deprivation=np.column_stack([before, before])
    )


def test_recovery_and_the_cycle_pass_for_an_effect_except_at_equal_deprivation_before():
    off = {"rest_stad": [], "gecorrigeerd": []}
    for seed in range(8):
        s = chosen_in_a_bad_year(seed, effect=-0.3)
        found = effects.designs(s, LONG)
        for name, errors in off.items():
            errors.append(effects.estimate(s, LONG, found[name]).estimate + 0.3)
    assert np.mean(off["rest_stad"]) < -0.4
    assert np.mean(off["gecorrigeerd"]) == pytest.approx(0, abs=0.08)


def test_an_effect_of_equal_points_comes_back_as_these_points_whatever_counts_most():
    rng = np.random.default_rng(4)
    base = chosen_in_a_bad_year(3)
    chance = np.clip(0.12 - 0.03 * base.y + 0.005 * rng.normal(size=base.y.shape), 0.02, 0.6)
    off = []
    for points in (0.0, -2.0):
        phase = np.clip((YEARS - 2007) / 5, 0, 1) * base.treated[:, None]
        share = chance + points / 100 * phase
        s = replace(base, y=np.log(share / (1 - share)), level=100 * share, scale="logit")
        for name, design in effects.designs(replace(s, cycle=None), LONG).items():
            at = s.level_in(LONG.after, effects.counted(s, design))
            off.append((name, points, float(s.in_unit(effects.estimate(s, LONG, design).estimate, at))))
    found = pd.DataFrame(off).pivot_table(index=0, columns=1, values=2)
    for name in ("nederland", "rest_stad", "gecorrigeerd"):
        assert found.loc[name, -2.0] - found.loc[name, 0.0] == pytest.approx(-2.0, abs=0.25)


def test_every_treated_area_counts_alike_in_a_comparison_of_means_and_unlike_with_covariates():
    s = chosen_in_a_bad_year()
    found = effects.designs(s, LONG)
    alike = effects.counted(s, found["nederland"])
    assert alike[s.treated] == pytest.approx(1 / s.treated.sum())
    unlike = effects.counted(s, found["gecorrigeerd"])
    assert unlike.sum() == pytest.approx(1)
    assert unlike[s.treated].std() > 0.2 / s.treated.sum()
    change = s.y @ effects.time_weights(s, LONG, design=found["gecorrigeerd"])
    fit = effects.estimate(s, LONG, found["gecorrigeerd"])
    assert fit.share @ change[found["gecorrigeerd"].weight > 0] == pytest.approx(fit.estimate)


def test_only_areas_that_might_have_been_chosen_are_compared_with():
    s = chosen_in_a_bad_year()
    weight = effects.designs(s, LONG)["gecorrigeerd"].weight
    used = (weight > 0) & ~s.treated
    recent = s.y[:, (YEARS >= 2005) & (YEARS <= 2007)].mean(axis=1)
    assert 20 <= used.sum() < 0.6 * s.donor.sum()
    assert recent[used].mean() > recent[s.donor & ~used].mean() + 1
    assert effects.adjusted(s, LONG, used & (np.cumsum(used) <= 19)) is None


def test_an_area_whose_deprivation_is_unknown_is_no_comparison():
    s = chosen_in_a_bad_year()
    first = np.flatnonzero(effects.designs(s, LONG)["gecorrigeerd"].weight * ~s.treated)[0]
    s.deprivation[first] = np.nan
    design = effects.designs(s, LONG)["gecorrigeerd"]
    assert design.weight[first] == 0
    assert np.isfinite(effects.estimate(s, LONG, design).interval()).all()


def test_a_deprivation_that_few_treated_areas_have_is_not_adjusted_for():
    s = chosen_in_a_bad_year()
    with_it = effects.designs(s, LONG)["gecorrigeerd"].adjust.shape[1]
    s.deprivation[np.flatnonzero(s.treated)[::2]] = np.nan
    assert (
        effects.designs(s, LONG)["gecorrigeerd"].adjust.shape[1] == with_it - 1
    )  # both columns say the same


def test_with_two_measurements_before_neither_recovery_nor_the_year_of_the_choice_passes_for_an_effect():
    """Chosen on the first or on the last of two noisy measurements: held equal both, nothing is left of the recovery."""
    periods = np.array([2002, 2008, 2012, 2014, 2016])
    w = effects.windows(periods, 2017)
    for on in (0, 1):
        off: dict[str, list[float]] = {"nederland": [], "gecorrigeerd": []}
        for seed in range(12):
            s = invented(seed, noise=0.6, periods=periods)
            score = s.y[:, on] + np.random.default_rng(100 + seed).normal(size=len(s.y))
            chosen = np.argsort(np.argsort(score)) < 72
            s = replace(s, wijk=np.where(chosen, s.city, ""))
            found = effects.designs(s, w)
            for name, errors in off.items():
                errors.append(effects.estimate(s, w, found[name]).estimate)
        assert np.mean(off["gecorrigeerd"]) == pytest.approx(0, abs=0.05)
    assert np.mean(off["nederland"]) > 0.3  # chosen on 2008, from which the change is counted


def test_a_covariate_that_others_already_say_is_held_equal_once():
    periods = np.array([2002, 2008, 2012])
    s = invented(periods=periods)
    twice = replace(s, deprivation=np.column_stack([3 - 2 * s.y[:, 0], s.y[:, 1] ** 2]))
    x, _ = effects.covariates(twice, Windows((2008,), (2012,), (2002,)), np.array([True, True]))
    assert x.shape[1] == 3
    assert x[:, :2] == pytest.approx(s.y[:, [1, 0]])


def test_deprivation_is_the_mean_of_standardised_outcomes_with_more_being_weaker():
    table = pd.DataFrame(
        [(name, area, year, value)
         for name, values in {"nww": (4, 6, 8), "cito": (530, 540, 535), "koop": (1, 2, 30)}.items()
         for year in (2003, 2004, 2006, 2008)
         for area, value in zip("abc", values, strict=True)],
        columns=["indicator", "area", "period", "value"],
    )  # fmt: skip
    table.loc[(table["period"] == 2008), "value"] *= [5, 1, 1] * 3  # after the start: not looked at
    found = effects.deprivation(table, {"nww": -1, "cito": 1, "koop": 0})
    assert found.loc["a"].tolist() == pytest.approx([(-1 + 1) / 2] * 2)
    assert found.loc["b"].tolist() == pytest.approx([(0 - 1) / 2] * 2)
    assert list(found.columns) == ["vooraf", "keuze"]
    only = effects.deprivation(table[table["period"] < 2005], {"nww": -1})
    assert only["vooraf"].tolist() == pytest.approx([-1, 0, 1])
    assert list(only.columns) == ["vooraf"]


def test_what_the_list_of_march_2007_cannot_have_looked_at_stands_apart():
    table = pd.DataFrame(
        [("nww", area, year, value)
         for year, values in {2003: (4, 6, 8), 2006: (6, 4, 8), 2007: (8, 6, 4)}.items()
         for area, value in zip("abc", values, strict=True)],
        columns=["indicator", "area", "period", "value"],
    )  # fmt: skip
    found = effects.deprivation(table, {"nww": -1})
    assert {k: found[k].tolist() for k in found} == {
        "vooraf": [-1, 0, 1],
        "keuze": [0, -1, 1],
        "erna": [1, 0, -1],
    }


def test_an_area_with_fewer_than_half_of_the_outcomes_has_no_deprivation():
    table = pd.DataFrame(
        [(f"i{k}", area, 2004, float(k + ord(area))) for k in range(5) for area in "abcd"
         if area != "d" or k < 2],
        columns=["indicator", "area", "period", "value"],
    )  # fmt: skip
    assert effects.deprivation(table, {f"i{k}": 1 for k in range(5)}).index.tolist() == ["a", "b", "c"]


# ---- the sample ------------------------------------------------------------------------------------


def rows(values, n=100.0):
    return pd.DataFrame(
        [(area, year, v, n, "stad") for area, series in values.items() for year, v in series.items()],
        columns=["area", "period", "value", "n", "gemeente"],
    )


def test_shares_become_log_odds_with_half_a_case_added():
    s = effects.sample(rows({"1000": {2004: 0.0, 2012: 20.0}}), {"1000": "w"}, set(), set(), "logit")
    assert s.y[0] == pytest.approx([np.log(0.5 / 100.5), np.log(20.5 / 80.5)])


def test_an_effect_of_equally_many_points_comes_back_as_that_many_points():
    share = np.array([5.0, 10.0, 40.0])
    with_effect = share - 1.0
    values = {
        str(1000 + i): {2004: a, 2012: b} for i, (a, b) in enumerate(zip(share, with_effect, strict=True))
    }
    s = effects.sample(rows(values, n=1e9), dict.fromkeys(values, "w"), set(), set(), "logit")
    change = (s.y[:, 1] - s.y[:, 0]).mean()
    assert s.in_unit(change, s.level_in((2012,))) == pytest.approx(-1.0, abs=0.06)
    assert s.level_in((2012,)) < with_effect.mean()


def test_how_far_apart_areas_are_follows_the_blows_that_weak_ones_take():
    level, crisis = np.linspace(-1, 1, 50), np.array([0.0, 0.5, 0.0, -0.25])
    path = effects.dispersion(np.outer(level, 1 + crisis) + np.array([3.0, 1.0, 5.0, 2.0]))
    assert path == pytest.approx((1 + crisis) / (1 + crisis).mean())
    assert effects.dispersion(np.zeros((5, 3))).tolist() == [1, 1, 1]


def test_areas_that_miss_a_year_are_left_out_and_rare_years_too():
    values = {
        "1000": {2004: 1.0, 2012: 2.0},
        "1001": {2004: 1.0, 2012: 1.0},
        "1002": {2004: 1.0, 2012: 3.0, 2013: 9},
    }
    values["1003"] = {2004: 1.0}
    s = effects.sample(rows(values), {}, {"1001"}, {"1002"})
    assert s.area.tolist() == ["1000", "1001", "1002"]
    assert s.periods.tolist() == [2004, 2012]
    assert s.donor.tolist() == [True, False, False]


def test_an_amount_of_zero_has_no_logarithm():
    s = effects.sample(
        rows({"1000": {2004: 0.0, 2012: 2.0}, "1001": {2004: 1.0, 2012: 2.0}}), {}, set(), set(), "log"
    )
    assert s.area.tolist() == ["1001"]


def test_effects_return_to_the_unit_of_the_outcome():
    s = invented()
    assert replace(s, scale="log").in_unit(-0.423, 1.0) == pytest.approx(-34.49, abs=0.005)
    assert s.in_unit(-0.2, 4.0) == -0.2
    # At 20% log-odds of -0.1 more come from odds e^0.1 times as large.
    before = 0.25 * np.exp(0.1) / (1 + 0.25 * np.exp(0.1))
    assert replace(s, scale="logit").in_unit(-0.1, 20.0) == pytest.approx(100 * (0.2 - before))


# ---- who is compared with whom -----------------------------------------------------------------------


def test_inside_cities_the_estimate_is_the_mean_of_city_differences():
    s = invented(effect=0.5, noise=0.0)
    found = effects.designs(s, LONG)
    fit = effects.regression(s, found["rest_stad"], effects.time_weights(s, LONG))
    assert fit.estimate == pytest.approx(0.5, abs=1e-9)
    assert fit.groups == 12
    # Every city has as many treated and donors here, so that leaving one out changes nothing.
    assert fit.without[:, 0] == pytest.approx(0.5, abs=1e-9)


def test_matches_are_near_and_areas_without_any_are_left_out():
    s = invented(noise=0.01)
    weight = effects.match(s, LONG, neighbours=2, caliper=0.3)
    x, _ = effects.features(s, LONG)
    level = x[:, 0] / x[s.treated, 0].std(ddof=1)
    own = s.treated & (weight > 0)
    used = s.donor & (weight > 0)
    assert weight[own].sum() == pytest.approx(1)
    assert weight[used].sum() == pytest.approx(1)
    far = np.abs(level[s.treated][:, None] - level[s.donor][None]).min(axis=1)
    assert set(np.flatnonzero(far > 0.3)) <= set(np.flatnonzero(weight[s.treated] == 0))
    table = effects.balance(s, LONG, effects.designs(s, LONG)).set_index(["design", "feature"])["difference"]
    assert abs(table["net_niet", "niveau vooraf"]) < 0.15 < abs(table["nederland", "niveau vooraf"])


def test_without_equally_weak_areas_there_are_no_matches():
    s = invented()
    far = replace(s, y=s.y - 100.0 * s.treated[:, None])
    assert effects.match(far, LONG) is None
    assert "net_niet" not in effects.designs(far, LONG)


def test_a_level_that_is_mostly_chance_is_drawn_to_its_group():
    exact, rough = invented(noise=1e-6), invented(noise=5.0)
    for s, kept in ((exact, 1.0), (rough, 0.2)):
        before = np.isin(s.periods, LONG.before)
        level = s.y[:, before].mean(axis=1)
        group = ~s.treated
        found = effects.true_level(s, LONG)[group]
        slope = np.polyfit(level[group], found, 1)[0]
        assert slope == pytest.approx(kept, abs=0.2)
        assert found.mean() == pytest.approx(level[group].mean())


@pytest.mark.parametrize("periods", [YEARS, np.array([2002, 2008, 2012, 2014, 2016])])
def test_matching_on_chance_does_not_pass_for_an_effect(periods):
    """Donors matched on a noisy level recover afterwards; the correction takes that out (Daw & Hatfield 2018)."""
    raw, corrected = [], []
    for seed in range(20):
        s = invented(seed, noise=1.0 if len(periods) > 5 else 0.4, periods=periods)
        w = effects.windows(periods, 2017)
        found, contrast = effects.designs(s, w)["net_niet"], effects.time_weights(s, w)
        corrected.append(effects.regression(s, found, contrast).estimate)
        raw.append(effects.regression(s, replace(found, offset=None), contrast).estimate)
    assert abs(np.mean(corrected)) < abs(np.mean(raw)) / 2


# ---- synthetic difference-in-differences ---------------------------------------------------------------


def test_synthetic_weights_reach_the_optimum_that_a_general_solver_finds():
    rng = np.random.default_rng(5)
    donors, goal = rng.normal(size=(9, 12)).cumsum(axis=1), rng.normal(size=12).cumsum()
    before = np.arange(12) < 8
    units, years = effects.synthetic_weights(donors, goal, before, ~before, 1)
    for weight in (units, years):
        assert weight.sum() == pytest.approx(1)
        assert (weight >= 0).all()
    noise = np.diff(donors[:, before], axis=1).std(ddof=1)
    zeta = 4**0.25 * noise
    a, b = donors[:, before].T, goal[before]
    a, b = a - a.mean(axis=0), b - b.mean()

    def loss(w):
        return zeta**2 * w @ w + ((a @ w - b) ** 2).sum() / 8

    best = optimize.minimize(
        loss, np.full(9, 1 / 9), bounds=[(0, 1)] * 9, constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP", options={"ftol": 1e-12, "maxiter": 500},
    )  # fmt: skip
    assert loss(units) == pytest.approx(best.fun, rel=1e-3)


def test_a_treated_path_that_is_a_mixture_of_donors_gives_the_effect():
    rng = np.random.default_rng(2)
    donors = np.outer(rng.normal(size=40), np.arange(30)) + 0.1 * rng.normal(size=(40, 30)).cumsum(axis=1)
    goal = 0.5 * donors[3] + 0.5 * donors[17] + 4.0
    goal[25:] += 2.0
    y = np.vstack([donors, goal])
    treated = np.arange(41) == 40
    assert effects.synthetic_did(y, treated, np.arange(30) >= 25) == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize(
    ("seed", "treated", "published"),
    [(31, 1, 2.848901078572311), (32, 4, 3.387468354255411), (33, 9, 3.084961887187042)],
)
def test_synthetic_did_equals_an_independent_implementation(seed, treated, published):
    """What azcausal 0.2.5 (``SDID``) gives on the same panels; it reproduces the published tobacco estimate."""
    rng = np.random.default_rng(seed)
    n, periods = 30, np.arange(24)
    factors = rng.normal(size=(24, 2)).cumsum(axis=0)
    y = 50 + 2 * rng.normal(size=(n, 2)) @ factors.T + rng.normal(size=(n, 24)) + 5 * rng.normal(size=(n, 1))
    own, after = np.arange(n) >= n - treated, periods >= 16
    y[np.ix_(own, after)] += 3
    assert effects.synthetic_did(y, own, after) == pytest.approx(published, abs=1e-9)


# ---- diagnostics ------------------------------------------------------------------------------------------


def test_the_path_is_flat_before_and_grows_after():
    s = invented(effect=1.0)
    event, errors = effects.event_study(s, LONG, effects.designs(s, LONG)["rest_stad"])
    event = event.set_index("period")
    assert event.loc[:2007, "estimate"].abs().max() < 0.1
    assert event.loc[2010, "estimate"] == pytest.approx(0.6, abs=0.1)
    assert event.loc[2018, "estimate"] == pytest.approx(1.0, abs=0.1)
    assert errors.shape == (21, 12)  # years, cities


def test_the_path_equals_a_regression_with_dummies_for_areas_and_years():
    periods = np.array([2002, 2008, 2012, 2018])
    s = invented(effect=0.5, cities=4, each=15, chosen=4, periods=periods)
    w = effects.windows(periods, 2018)
    event, errors = effects.event_study(s, w, effects.designs(s, w)["nederland"])
    n, t = s.y.shape
    unit, time = np.repeat(np.arange(n), t), np.tile(np.arange(t), n)
    own = np.repeat(s.treated, t)
    interactions = [(own & (periods[time] == p)).astype(float) for p in (2002, 2012, 2018)]
    dummies = [(unit == i).astype(float) for i in range(n)] + [(time == k).astype(float) for k in range(1, t)]
    fit = sm.OLS(s.y.ravel(), np.column_stack([*interactions, *dummies])).fit()
    found = event.set_index("period").loc[[2002, 2012, 2018], "estimate"]
    assert found.to_numpy() == pytest.approx(fit.params[:3], abs=1e-9)
    # The joint variance by its definition: residuals of a city over the root of one minus their hat matrix.
    weight = np.where(s.treated, 1 / s.treated.sum(), 1 / (~s.treated).sum())
    x = np.column_stack([s.treated, np.ones(n)]) * np.sqrt(weight)[:, None]
    bread, parts = np.linalg.inv(x.T @ x), []
    for at in (s.city == city for city in np.unique(s.city)):
        values, vectors = np.linalg.eigh(np.eye(at.sum()) - x[at] @ bread @ x[at].T)
        grow = (vectors / np.sqrt(values)) @ vectors.T
        change = (s.y - s.y[:, [1]]) * np.sqrt(weight)[:, None]
        rest = change - x @ bread @ x.T @ change
        parts.append((bread @ x[at].T @ grow @ rest[at])[0])
    variance = errors.to_numpy() @ errors.to_numpy().T
    assert variance == pytest.approx(np.array(parts).T @ np.array(parts), abs=1e-9)
    assert event["se"].to_numpy() == pytest.approx(np.sqrt(np.diag(variance)), abs=1e-12)


def test_the_senate_example_of_rdrobust():
    """Calonico, Cattaneo & Titiunik (2015, R Journal): incumbency gives 7.4 points of the vote."""
    data = pd.read_csv(Path(rdrobust.__file__).parent / "data" / "rdrobust_RDsenate.csv").dropna(
        subset="vote"
    )
    estimate, lower, upper, bandwidth, _ = diagnostics.jump(
        data["vote"].to_numpy(), data["margin"].to_numpy(), 0.0
    )
    assert estimate == pytest.approx(7.414, abs=0.005)
    assert (lower, upper) == (pytest.approx(4.094, abs=0.05), pytest.approx(10.919, abs=0.05))
    assert bandwidth == pytest.approx(17.75, abs=0.05)


def test_the_senate_example_of_rddensity():
    """Cattaneo, Jansson & Ma (2018, Stata Journal 18): no sorting of senators around the cutoff, T -0.875, p 0.381."""
    data = pd.read_csv(Path(rdrobust.__file__).parent / "data" / "rdrobust_RDsenate.csv")
    found = diagnostics.density(data["margin"].dropna().to_numpy(), 0.0)
    assert (found["t"], found["p"]) == (pytest.approx(-0.8753, abs=1e-4), pytest.approx(0.3814, abs=1e-4))


def test_scores_moved_across_the_cutoff_are_noticed():
    rng = np.random.default_rng(4)
    score = rng.normal(size=3000)
    assert diagnostics.density(score, 1.0)["p"] > 0.05
    moved = np.where((score > 0.9) & (score < 1.0), score + 0.1, score)
    found = diagnostics.density(moved, 1.0)
    assert found["p"] < 0.01
    assert found["t"] > 0  # more above than below


def test_a_gap_that_moves_with_the_country_is_taken_off():
    """The treated areas share half as much again in a swing that has not come back: an effect of nothing."""
    s = invented(effect=0.0, noise=0.2)
    swing = np.sin((YEARS - 1998) / 2.0) + (YEARS >= 2012)
    moved = replace(s, y=s.y - 0.02 * (YEARS - 2005) + swing * (1 + 0.5 * s.treated[:, None]))
    design = effects.designs(moved, LONG)["nederland"]
    fit = effects.estimate(replace(moved, cycle=None), LONG, design)
    event, errors = effects.event_study(replace(moved, cycle=None), LONG, design)
    found = diagnostics.cyclical(moved, LONG, event, errors, fit)
    assert fit.interval()[0] > 0.3  # what the cycle passes off as an effect
    assert found["slope"] == pytest.approx(0.5, abs=0.1)
    assert found["slope_lower"] < 0.5 < found["slope_upper"]
    assert found["lower"] < 0 < found["upper"]
    assert found["estimate"] == pytest.approx(0, abs=0.1)
    few = Windows((2004,), LONG.after, ())
    assert diagnostics.cyclical(moved, few, event, errors, fit) == {}


def test_areas_that_already_drifted_apart_are_noticed():
    s = invented()
    for drift, noticed in ((0.0, False), (0.1, True)):
        moved = replace(s, y=s.y + drift * s.treated[:, None] * (YEARS - 1998))
        design = effects.designs(moved, LONG)["rest_stad"]
        event, errors = effects.event_study(moved, LONG, design)
        found = diagnostics.leads_test(LONG, event, errors, 8.0)
        assert (found["slope_p"] < 0.05) == noticed
        assert found["estimate"] == pytest.approx(drift, abs=0.02)
        assert (found["lower"] <= 0 <= found["upper"]) != noticed
        assert found["n"] == 7


def test_one_earlier_measurement_is_a_test_with_two_years():
    periods = np.array([2002, 2008, 2012, 2018])
    s = invented(periods=periods)
    w = effects.windows(periods, 2018)
    event, errors = effects.event_study(s, w, effects.designs(s, w)["net_niet"])
    assert diagnostics.leads_test(w, event, errors, 8.0)["n"] == 2
    assert event.set_index("period").loc[2008, "estimate"] == 0.0


def fitted(seed=0, drift=0.0, effect=0.0, noise=0.1):
    """A path of four years before and two after in ten cities, known error included, and its estimate."""
    periods = np.array([2001, 2002, 2003, 2004, 2012, 2013])
    s = invented(seed, cities=10, each=12, chosen=4, noise=noise, periods=periods)
    moved = drift * (periods - 2004) * s.treated[:, None] + effect * (periods > 2004) * s.treated[:, None]
    s = replace(s, y=s.y + moved)
    w = Windows((2001, 2002, 2003, 2004), (2012, 2013), ())
    # that of designs()["nederland"], without the work of making the others
    design = effects.Design("", s.treated / s.treated.sum() + s.donor / s.donor.sum())
    return w, *effects.event_study(s, w, design), effects.estimate(s, w, design)


def test_without_departures_the_honest_interval_is_that_of_the_design():
    w, event, errors, fit = fitted(effect=1.0)
    found = diagnostics.honest(w, event, errors, fit, mbar=0.0)
    assert (found["lower"], found["upper"]) == pytest.approx(fit.interval(), abs=1e-12)


def test_departures_as_fast_as_before_widen_the_interval_by_hand():
    """One interval before: the set is the estimate and the reach, with the error of their sum."""
    w = Windows((2008,), (2012, 2014), (2002,))
    event = pd.DataFrame({"period": [2002, 2008, 2012, 2014], "estimate": [-0.6, 0.0, 1.0, 2.0]})
    city = ["a", "b", "c"]
    own = pd.Series([0.02, -0.03, 0.01], index=city)
    errors = pd.DataFrame([[0.06, 0.0, -0.06], [0.0] * 3, [0.0] * 3, [0.0] * 3], columns=city)
    fit = SimpleNamespace(estimate=1.5, influence=own, df=1e9)
    found = diagnostics.honest(w, event, errors, fit)
    assert found["drift"] == pytest.approx(0.1)  # 0.6 in six years
    noise = np.array([-0.01, 0.0, 0.01])  # of the drift a year: the errors of 2002 are taken off
    five = 5 * 0.1  # years from 2008 to 2013
    assert found["lower"] == pytest.approx(1.5 - five - 1.95996 * np.linalg.norm(own - 5 * noise), abs=1e-4)
    assert found["upper"] == pytest.approx(1.5 + five + 1.95996 * np.linalg.norm(own + 5 * noise), abs=1e-4)
    edge = diagnostics.honest(w, event, errors, fit, mbar=found["breakdown"])
    assert edge["lower"] == pytest.approx(0, abs=1e-4)
    assert (
        diagnostics.honest(w, event, errors, SimpleNamespace(**{**vars(fit), "estimate": 0.01}))["breakdown"]
        == 0
    )


@pytest.mark.parametrize("drift", [0.0, 0.05])
def test_the_honest_interval_holds_the_truth_when_the_drift_goes_on_and_the_plain_one_does_not(drift):
    inside, plain = [], []
    for seed in range(200):
        w, event, errors, fit = fitted(seed, drift, effect=0.5, noise=0.3)
        found = diagnostics.honest(w, event, errors, fit)
        inside.append(found["lower"] <= 0.5 <= found["upper"])
        plain.append(fit.interval()[0] <= 0.5 <= fit.interval()[1])
    assert np.mean(inside) >= 0.95
    assert (np.mean(plain) < 0.6) == (drift > 0)


def test_no_honest_interval_without_an_earlier_measurement():
    w, event, errors, fit = fitted()
    assert diagnostics.honest(Windows((2004,), w.after, ()), event, errors, fit) == {}


def test_who_is_chosen_in_a_bad_year_recovers_by_himself():
    exact = diagnostics.rebound(invented(noise=1e-9), 2001, 2004)
    assert exact["share"] == pytest.approx(0, abs=1e-6)
    rough = diagnostics.rebound(invented(noise=1.0), 2001, 2004)
    assert 0.3 < rough["share"] < 0.7  # half of the variance is noise
    assert np.sign(rough["gap"]) == -1
    assert diagnostics.rebound(invented(), 1990, 2004) is None


def test_swapping_wijken_with_their_matches_finds_a_large_effect_and_no_small_one():
    s = invented(effect=2.0)
    contrast = effects.time_weights(s, LONG)
    assert diagnostics.randomisation(s, LONG, contrast) < 0.01
    assert diagnostics.randomisation(invented(noise=1.0), LONG, contrast) > 0.05


def test_the_dose_is_a_weighted_slope_by_hand():
    wijken = [f"stad{i % 4}/{i}" for i in range(12)]
    amount = pd.Series(np.arange(12.0), wijken)
    fit = diagnostics.dose(3.0 + 0.5 * amount, amount, pd.Series(1.0, wijken))
    assert fit.estimate == pytest.approx(0.5)
    assert fit.groups == 4
    assert diagnostics.dose(amount[:9], amount[:9], amount[:9]) is None


# ---- one wijk ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("periods", [YEARS, np.array([2002, 2008, 2012, 2014, 2016])])
def test_every_wijk_has_its_own_group_and_a_margin_that_placebos_give(periods):
    s = invented(effect=1.0, noise=0.2, periods=periods)
    w = effects.windows(periods, 2016)
    table, paths = wijken.wijk_paths(s, w)
    planted = 1.0 - np.clip((w.before[-1] - 2007) / 5, 0, 1)  # in 2008 a fifth of the effect is there already
    assert set(table["wijk"]) == set(s.wijk[s.treated])
    inside = (table["lower"] <= planted) & (planted <= table["upper"])
    assert inside.mean() > 0.85
    assert table["p"].between(1 / 200, 1).all()
    assert (table["p"] < 0.05).mean() > 0.5
    assert len(paths) == len(table) * len(periods)
    again, _ = wijken.wijk_paths(s, w)
    pd.testing.assert_frame_equal(table, again)


def test_estimates_are_drawn_to_their_mean_by_hand():
    # Four equally certain wijken with variance 2 between estimates, of which 1 is chance.
    table = pd.DataFrame({"estimate": [0.0, 2.0, 0.0, 2.0], "se": [np.sqrt(1 / 3)] * 4})
    found = wijken.shrunken(table)
    # Q = 12, three degrees of freedom, weights 3: (12 - 3) / (12 - 3) = 1.
    assert found.attrs["between"] == pytest.approx(1.0)
    assert found["shrunken"].tolist() == pytest.approx([0.25, 1.75, 0.25, 1.75])
    certain = wijken.shrunken(table.assign(se=1e-6))
    assert certain["shrunken"].tolist() == pytest.approx([0, 2, 0, 2], abs=1e-6)
    equal = wijken.shrunken(pd.DataFrame({"estimate": [1.0, 1.1], "se": [1.0, 1.0]}))
    assert equal["shrunken"].tolist() == pytest.approx([1.05, 1.05])
    assert (equal["shrunken_upper"] - equal["shrunken"]).iloc[0] == pytest.approx(1.96 / np.sqrt(2), abs=1e-3)


def test_moves_between_classes_are_places_among_all_areas():
    s = invented(noise=1e-3)
    lifted = replace(s, level=s.level + 3.0 * s.treated[:, None] * (s.periods >= 2012))
    design = effects.designs(lifted, LONG)["nederland"]
    moves = diagnostics.transitions(lifted, LONG, design).set_index("move")
    assert moves.loc["hoger", "treated"] > 90
    assert moves.loc["hoger", "estimate"] == pytest.approx(
        moves.loc["hoger", "treated"] - moves.loc["hoger", "control"]
    )
    assert moves.loc["lager", "treated"] == 0
    # National growth alone moves nobody.
    grown = replace(s, level=s.level + 5.0 * (s.periods >= 2012))
    flat = diagnostics.transitions(grown, LONG, effects.designs(grown, LONG)["nederland"]).set_index("move")
    assert flat.loc["hoger", "lower"] <= 0 <= flat.loc["hoger", "upper"]


def test_areas_awarded_later_are_a_comparison_of_their_own_and_no_donors():
    s = invented()
    later = np.zeros(len(s.area), int)
    later[np.flatnonzero(~s.treated)[:12]] = 2009
    known = replace(s, later=later)
    found = effects.designs(known, LONG)
    assert (found["later"].weight[later > 0] > 0).all()
    assert found["later"].weight[later > 0].sum() == pytest.approx(1)
    assert not found["nederland"].weight[later > 0].any()
    assert "later" not in effects.designs(s, LONG)


def awarded_later(effect, seed=3):
    """A country with the first cohort and two later ones of 24 areas each, with effects of their own."""
    s = invented(seed, effect=effect[2008], noise=0.05)
    later, y = np.zeros(len(s.area), int), s.y.copy()
    rest = np.random.default_rng(seed).permutation(np.flatnonzero(~s.treated))
    for year, own in ((2009, rest[:24]), (2010, rest[24:48])):
        later[own] = year
        y[own] += effect[year] * np.clip((YEARS - year + 1) / 5, 0, 1)
    return replace(s, y=y, level=y, later=later)


def test_every_cohort_gets_its_own_effect_from_areas_never_on_a_list():
    planted = {2008: 1.0, 2009: -0.5, 2010: 2.0}
    s = awarded_later(planted)
    found = effects.cohorts(s, LONG)
    assert {year: w.after[0] for year, (_, w) in found.items()} == {2009: 2013, 2010: 2014}
    for year, (alone, w) in found.items():
        assert alone.treated.tolist() == (s.later == year).tolist()
        assert not (alone.donor & (s.treated | (s.later > 0))).any()
        design = effects.designs(alone, w)["rest_stad"]
        low, high = effects.estimate(alone, w, design).interval()
        assert low < planted[year] < high
        assert high - low < 0.5


def test_the_mean_over_cohorts_weighs_them_by_areas_and_is_not_led_astray_by_effects_that_differ():
    planted = {2008: 1.0, 2009: -0.5, 2010: 2.0}
    s = awarded_later(planted)
    design = evaluation.main_of(effects.designs(s, LONG))
    fit = effects.estimate(s, LONG, design)
    rows = pd.DataFrame(evaluation._cohorts(s, LONG, fit, 0.0)).set_index("cohort")
    assert rows["n"].to_dict() == {"2008": 72, "2009": 24, "2010": 24, "alle": 120}
    truth = (72 * 1.0 + 24 * -0.5 + 24 * 2.0) / 120
    assert rows.loc["alle", "lower"] < truth < rows.loc["alle", "upper"]
    assert rows.loc["alle", "estimate"] == pytest.approx(truth, abs=0.1)
    assert rows.loc["2008", "estimate"] == pytest.approx(fit.estimate)
    assert evaluation._cohorts(replace(s, later=None), LONG, fit, 0.0) == []


def test_a_cohort_too_small_or_too_late_has_no_effect_of_its_own():
    s = awarded_later({2008: 0.0, 2009: 0.0, 2010: 0.0})
    few = replace(s, later=np.where((s.later == 2009) & (np.cumsum(s.later == 2009) > 9), 0, s.later))
    assert list(effects.cohorts(few, LONG)) == [2010]
    assert list(effects.cohorts(s, replace(LONG, after=(2012, 2013)))) == [2009]
    assert effects.cohorts(replace(s, later=None), LONG) == {}


def cases(seed=0, ratio=1.0, spread=0.0, periods=(2004, 2012), scale="rate"):
    """Cases of exposed people in 12 cities; the treated areas' rate is multiplied after; negative binomial with `spread`."""
    rng = np.random.default_rng(seed)
    s = invented(seed, periods=np.array(periods))
    size = len(s.area)
    n = np.column_stack([rng.integers(500, 5000, size), rng.integers(500, 5000, size)]).astype(float)
    rate = np.exp(rng.normal(-3, 0.5, size))[:, None] * np.array([1, 0.8])
    rate[s.treated, 1] *= ratio
    extra = rng.gamma(1 / spread, spread, n.shape) if spread else 1.0
    drawn = rng.poisson(n * rate * extra)
    level = drawn / n * (1000 if scale == "rate" else 100)
    return replace(s, level=level, y=np.log((drawn + 0.5) / n), n=n, scale=scale), drawn


@pytest.mark.parametrize("scale", ["rate", "logit"])
def test_counting_cases_equals_a_poisson_model_with_dummies_for_areas_and_years(scale):
    s, drawn = cases(ratio=0.7, scale=scale)
    w = Windows((2004,), (2012,), ())
    few = np.isin(
        np.arange(len(s.area)), np.r_[np.flatnonzero(s.treated)[:20], np.flatnonzero(~s.treated)[:30]]
    )
    design = effects.Design("", np.where(few, 1.0, 0.0))
    ours = effects.counts(s, w, design)
    n = int(few.sum())
    unit, late = np.repeat(np.arange(n), 2), np.tile([0.0, 1.0], n)
    own = np.repeat(s.treated[few], 2) * late
    x = np.column_stack([own, late, unit[:, None] == np.arange(n)]).astype(float)
    theirs = sm.GLM(drawn[few].ravel(), x, family=sm.families.Poisson(), exposure=s.n[few].ravel()).fit(
        tol=1e-12
    )
    assert ours.estimate == pytest.approx(theirs.params[0], abs=1e-8)


def test_counting_cases_keeps_its_promise_when_cases_come_in_bunches():
    inside = []
    for seed in range(200):
        s, _ = cases(seed, ratio=0.8, spread=0.3)
        w = Windows((2004,), (2012,), ())
        low, high = effects.counts(s, w, effects.designs(s, w)["nederland"]).interval()
        inside.append(low <= np.log(0.8) <= high)
    assert 0.91 <= np.mean(inside) <= 0.99


def test_cases_inside_cities_and_at_equal_values_are_those_of_a_model_with_these_columns():
    s, drawn = cases(ratio=0.7)
    w = Windows((2004,), (2012,), ())
    covariate = s.y[:, [0]]
    city = (s.city[:, None] == np.unique(s.city)).astype(float)
    total, after = drawn.sum(axis=1), drawn[:, 1]
    every = np.ones(len(s.area))
    found = effects.counts(s, w, effects.Design("", every, within=True, adjust=covariate))
    theirs = sm.GLM(
        np.column_stack([after, total - after]), np.column_stack([s.treated, covariate, city]).astype(float),
        family=sm.families.Binomial(), offset=np.log(s.n[:, 1] / s.n[:, 0]),
    ).fit(tol=1e-12)  # fmt: skip
    assert found.beta == pytest.approx(theirs.params[:2], abs=1e-8)


def test_scores_and_designs_of_means_have_no_cases_to_count():
    s = invented()
    assert effects.counts(s, LONG, effects.designs(s, LONG)["nederland"]) is None
    counted, _ = cases()
    assert (
        effects.counts(
            counted, Windows((2004,), (2012,), ()), effects.Design("", np.ones(480), offset=np.ones(480))
        )
        is None
    )


def test_rates_are_compared_as_ratios_with_half_a_case_added():
    s = effects.sample(rows({"1000": {2004: 0.0, 2012: 50.0}}, n=1000.0), {}, set(), set(), "rate")
    assert s.y[0] == pytest.approx([np.log(0.5), np.log(50.5)])
    assert s.in_unit(0.1, 50.0) == pytest.approx(10.517, abs=0.001)


# ---- planted effects in the practice panel -----------------------------------------------------------------------


def world(seed, planted):
    """One invented country as a sample of the Leefbaarometer, with rings and score."""
    book = list(pd.read_csv(RAW / "indicatoren.csv")["indicator"])
    nothing = dict.fromkeys(book, 0.0)
    sizes = nothing | simulate.planted_effects({"lbm": planted}, book) if planted else nothing
    country, values, score, _ = simulate.generate(seed, sizes, only=["lbm", *simulate.COMPONENTS])
    ring = space.rings(country.queen, country.wijk != "")
    y, code = values["lbm"], country.code
    weak = pd.DataFrame(
        [(name, code[i], year, values[name][i, year - 1998])
         for name in ("nww", "laag_inkomen", "havovwo", "lbm_soc", "vervuiling", "woz")
         for year in (2000, 2003, 2006) for i in range(len(code))],
        columns=["indicator", "area", "period", "value"],
    )  # fmt: skip
    direction = pd.read_csv(RAW / "indicatoren.csv").set_index("indicator")["direction"]
    known = effects.deprivation(weak, direction).reindex(code).to_numpy()
    nobody = np.zeros(len(y), bool)
    sample = Sample(
        y, y, simulate.YEARS, code, country.gemeente, country.wijk, ring == 1, nobody, deprivation=known
    )
    return sample, ring, score


@pytest.fixture(scope="module")
def worlds():
    return [world(seed, 0.05) for seed in range(11, 17)]


def test_a_planted_effect_is_recovered_and_the_margin_holds_it(worlds):
    found = []
    for s, _, _ in worlds:
        fit = effects.estimate(s, LONG, effects.designs(s, LONG)["gecorrigeerd"])
        lower, upper = fit.interval()
        found.append((fit.estimate, lower <= 0.05 <= upper))
    estimates, inside = np.transpose(found)
    assert estimates.mean() == pytest.approx(0.05, abs=0.005)
    assert inside.sum() >= 5


def test_the_naive_answers_are_visibly_wrong(worlds):
    for s, _, score in worlds[:3]:
        contrast = effects.time_weights(s, LONG)
        before_after = (s.y @ contrast)[s.treated].mean()
        assert abs(before_after - 0.05) > 0.015
        before = s.y[:, :7].mean(axis=1)
        table = diagnostics.discontinuity(score, s.treated, s.y @ contrast, before).set_index("what")
        assert table.loc["behandeling", "lower"] < 0.5  # the list did not follow the score


def test_spill_over_to_the_ring_around_the_wijken_is_found(worlds):
    first = [diagnostics.rings(s, LONG, ring).set_index("ring")["estimate"] for s, ring, _ in worlds]
    assert np.mean([f["1"] for f in first]) == pytest.approx(0.25 * 0.05, abs=0.005)
    assert np.mean([f["0"] for f in first]) == pytest.approx(0.05, abs=0.006)


def test_without_a_planted_effect_hardly_any_design_finds_one():
    rejected = []
    for seed in (21, 22, 23):
        s, _, _ = world(seed, 0.0)
        for design in effects.designs(s, LONG).values():
            lower, upper = effects.estimate(s, LONG, design).interval()
            rejected.append(not lower <= 0 <= upper)
    assert np.mean(rejected) <= 0.34


@pytest.mark.parametrize("name", ["nederland", "rest_stad", "net_niet"])
def test_leaving_a_city_out_is_estimating_without_it(name):
    s = invented(noise=0.5)
    design, contrast = effects.designs(s, LONG)[name], effects.time_weights(s, LONG)
    fit = effects.regression(s, design, contrast)
    cities = np.unique(s.city[design.weight > 0])
    again = [effects.regression(s, design, contrast, s.city != city).estimate for city in cities]
    assert fit.without[:, 0] == pytest.approx(again, abs=1e-9)


# ---- the waterbed study ------------------------------------------------------------------------------


def in_a_row(change):
    """Areas in a line, each touching the next; area 5 is an aandachtswijk; they change by so much in one step."""
    n = len(change)
    y = np.column_stack([np.zeros(n), np.asarray(change, float)])
    wijk = np.where(np.arange(n) == 5, "stad/wijk", "")
    nothing, city = np.zeros(n, bool), np.full(n, "stad")
    area = np.array([f"{i:04d}" for i in range(n)])
    sample = Sample(y, y, np.array([2004, 2012]), area, city, wijk, nothing, nothing)
    near = sparse.diags([np.ones(n - 1), np.ones(n - 1)], [-1, 1], format="csr")
    return sample, near


STEP = Windows((2004,), (2012,), ())


def test_a_wijk_is_flagged_when_its_neighbours_fall_behind_the_city():
    change = np.zeros(30)
    change[[4, 6]] = 1.0
    sample, near = in_a_row(change)
    found = diagnostics.waterbed(sample, STEP, near, worse=1)
    assert (found["wijken"], found["beside"], found["many"], found["one"]) == (1, 1, 1, 1)
    assert found["beside_wijken"] == ["stad/wijk"]
    assert found["beside_p"] < 0.2 and found["beside_expected"] < 0.3
    better = diagnostics.waterbed(sample, STEP, near, worse=-1)
    assert (better["beside"], better["one"]) == (0, 0)


def test_one_neighbour_can_fall_behind_while_the_mean_does_not():
    change = np.zeros(30)
    change[4], change[6] = 1.0, -1.0
    change[[10, 14, 18]] = 0.5
    found = diagnostics.waterbed(*in_a_row(change)[:1], STEP, in_a_row(change)[1], worse=1)
    assert (found["beside"], found["many"], found["one"]) == (0, 1, 1)  # half of the two neighbours
    assert found["beside_wijken"] == []


def test_nothing_is_flagged_where_nothing_moves_or_nobody_touches():
    sample, near = in_a_row(np.zeros(30))
    assert diagnostics.waterbed(sample, STEP, near, worse=1) == {}
    moving, _ = in_a_row(np.arange(30.0))
    assert diagnostics.waterbed(moving, STEP, sparse.csr_matrix((30, 30)), worse=1) == {}


def test_without_spill_over_the_number_of_flags_is_what_chance_gives():
    outside = 0
    for seed in range(20):
        sample = invented(seed, effect=-1.0)
        n = len(sample.area)
        beside = np.arange(n - 1)[np.arange(1, n) % 40 != 0]  # lines of forty, a city each
        near = sparse.csr_matrix((np.ones(len(beside)), (beside, beside + 1)), shape=(n, n))
        found = diagnostics.waterbed(sample, LONG, near + near.T, worse=1, draws=99)
        outside += not found["beside_low"] <= found["beside"] <= found["beside_high"]
    assert outside <= 4


def cities_in_a_row(push, cities=8, size=12):
    """Lines of areas, a city each, with an aandachtswijk at place 5; what it gains its neighbours lose by `push`."""
    n, rng = cities * size, np.random.default_rng(12)
    place, city = np.arange(n) % size, np.repeat([f"stad {c}" for c in range(cities)], size)
    gain = np.repeat(rng.standard_normal(cities), size)
    change = np.where(place == 5, gain, np.where(np.isin(place, [4, 6]), push * gain, 0.0))
    change = change + 0.05 * rng.standard_normal(n)
    wijk = np.where(place == 5, [f"{c}/wijk" for c in city], "")
    y, nothing = np.column_stack([np.zeros(n), change]), np.zeros(n, bool)
    area = np.array([f"{i:04d}" for i in range(n)])
    sample = Sample(y, y, np.array([2004, 2012]), area, city, wijk, nothing, nothing)
    return sample, sparse.diags([np.ones(n - 1), np.ones(n - 1)], [-1, 1], format="csr")


@pytest.mark.parametrize("push", [-0.8, 0.8])
def test_displacement_shows_as_a_negative_correlation_with_the_neighbours(push):
    sample, near = cities_in_a_row(push)
    rows = {row["search"]: row for row in diagnostics.search_areas(sample, STEP, near, worse=1)}
    beside, rest = rows["aangrenzend"], rows["rest van de stad"]
    assert np.sign(beside["estimate"]) == np.sign(push) and abs(beside["estimate"]) > 0.9
    assert beside["lower"] * beside["upper"] > 0 and beside["n"] == 8 and beside["areas"] == 16
    assert rest["lower"] < 0 < rest["upper"]  # nothing moved there
    again = {r["search"]: r for r in diagnostics.search_areas(sample, STEP, near, worse=-1)}
    assert again["aangrenzend"]["estimate"] == pytest.approx(beside["estimate"])


def test_too_few_cities_give_no_correlation():
    sample, near = cities_in_a_row(-0.8, cities=4)
    assert diagnostics.search_areas(sample, STEP, near, worse=1) == []


def test_the_verdict_rests_on_the_first_design_that_the_data_allow():
    s = chosen_in_a_bad_year()
    found = effects.designs(s, LONG)
    assert evaluation.main_of(found).name == "gecorrigeerd"
    del found["gecorrigeerd"]
    assert evaluation.main_of(found).name == "synthetisch"
    short = effects.designs(s, Windows((2007,), (2012,), (2003,)))
    assert evaluation.main_of(short).name == "gecorrigeerd"
    one = effects.designs(
        s, Windows((2007,), (2012,), ())
    )  # what recovers cannot be told from one measurement
    assert evaluation.main_of(one).name == "net_niet"
    assert evaluation.main_of({"nederland": found["nederland"]}) is None
