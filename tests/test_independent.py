"""Second opinions: what independent implementations say of the same data.

Tried and kept for this, both light: diff-diff (a port of clubSandwich, Callaway & Sant'Anna, HonestDiD, the wild bootstrap)
and synthdid-py (a port of the authors' own software, with their data). Poisson and WLS are those of statsmodels, in the tests beside;
regression discontinuity is rdrobust itself. Not kept: wildboottest (it needs a compiler of 170 MB), pyfixest (no CR2).
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from test_inference import data
from wijkenaanpak.effects import diagnostics, effects
from wijkenaanpak.effects.effects import Design, Sample, Windows
from wijkenaanpak.effects.inference import Regression

linalg = pytest.importorskip("diff_diff.linalg")
synthdid = pytest.importorskip("synthdid")


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("weighted", [True, False])
def test_bell_mccaffrey_as_clubsandwich_has_it(seed, weighted):
    """The port reproduces clubSandwich to ten digits; with weights that are not precisions, too."""
    y, x, w, cluster = data(seed)
    w = w if weighted else np.ones(len(y))
    ours = Regression(y, x, w, cluster)
    rest = y - x @ ours.beta
    options = {"weights": w} if weighted else {}
    variance, df = linalg.compute_robust_vcov(
        x, rest, cluster_ids=cluster, vcov_type="hc2_bm", return_dof=True, **options
    )
    assert ours.cr2 == pytest.approx(variance, rel=1e-9)
    assert [ours.df_of(one) for one in np.eye(3)] == pytest.approx(df, rel=1e-9)
    plain = linalg.compute_robust_vcov(x, rest, cluster_ids=cluster, vcov_type="hc1", **options)
    assert ours.cr1 == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("effect", [0.0, 0.8])
def test_the_wild_cluster_bootstrap(effect):
    """Restricted, with Webb weights, as boottest has it: the same p-value and interval but for the draws."""
    from diff_diff.utils import wild_bootstrap_se

    y, x, _, cluster = data(effect=effect)
    ours = Regression(y, x, np.ones(len(y)), cluster)
    rest = y - x @ ours.beta
    theirs = wild_bootstrap_se(x, y, rest, cluster, 0, n_bootstrap=4999, weight_type="webb", seed=1)
    assert ours.wild_p(draws=4999) == pytest.approx(theirs.p_value, abs=0.02)
    lower, upper = ours.wild_interval(draws=4999)
    assert (lower, upper) == (
        pytest.approx(theirs.ci_lower, abs=0.08),
        pytest.approx(theirs.ci_upper, abs=0.08),
    )


def test_california_tobacco_gives_the_published_estimate():
    """Arkhangelsky et al. (2021), table 1 and algorithm 4: -15.6 packs a head, placebo standard error about 9.8."""
    from synthdid.datasets import load_california_prop99

    panel = load_california_prop99()
    wide = panel.pivot_table(index="State", columns="Year", values="PacksPerCapita")
    treated, after = np.asarray(wide.index == "California"), wide.columns.to_numpy() >= 1989
    ours = effects.synthetic_did(wide.to_numpy(), treated, after)
    setup = synthdid.panel_matrices(panel)
    assert ours == pytest.approx(-15.604, abs=0.001)
    assert ours == pytest.approx(float(synthdid.synthdid_estimate(setup.Y, setup.N0, setup.T0)), abs=1e-8)
    others = wide.to_numpy()[~treated]
    placebos = [effects.synthetic_did(others, np.arange(len(others)) == i, after) for i in range(len(others))]
    assert np.std(placebos) == pytest.approx(9.8, abs=1.0)


@pytest.mark.parametrize(("seed", "treated"), [(3, 1), (4, 6)])
def test_synthetic_difference_in_differences(seed, treated):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(25, 18)).cumsum(axis=1)
    own = np.arange(25) >= 25 - treated
    theirs = float(synthdid.synthdid_estimate(y, 25 - treated, 12))
    assert effects.synthetic_did(y, own, np.arange(18) >= 12) == pytest.approx(theirs, abs=1e-8)


def staggered(seed=5):
    """Areas of three cohorts and of none, in cities; an effect that grows."""
    rng = np.random.default_rng(seed)
    n, periods = 240, np.arange(2005, 2015)
    start = np.repeat([2008, 2009, 2010, 0], 60)
    y = rng.normal(size=n)[:, None] + rng.normal(size=(n, len(periods))) + 0.1 * (periods - 2005)
    y += np.where(start[:, None] > 0, 0.3 * np.clip(periods - start[:, None] + 1, 0, None), 0)
    area, nothing = np.array([f"{i:04d}" for i in range(n)]), np.zeros(n, bool)
    city = np.array([f"stad{i % 12:02d}" for i in range(n)])
    wijk = np.where(start == 2008, area, "")
    later = np.where(start > 2008, start, 0)
    return Sample(y, y, periods, area, city, wijk, nothing, nothing, later=later), start


def test_cohorts_are_compared_as_callaway_and_santanna_do():
    """The effect on a cohort in a year, against areas never on a list, from the year before its start."""
    from diff_diff import CallawaySantAnna

    s, start = staggered()
    rows = pd.DataFrame({
        "area": np.repeat(s.area, len(s.periods)), "year": np.tile(s.periods, len(s.area)), "y": s.y.ravel(),
        "start": np.repeat(start, len(s.periods)),
    })  # fmt: skip
    theirs = CallawaySantAnna(control_group="never_treated", estimation_method="reg").fit(
        rows, outcome="y", unit="area", time="year", first_treat="start"
    )
    w = Windows((2005,), (2013, 2014), ())
    compared = 0
    for year, (alone, _) in effects.cohorts(s, w).items():
        design = effects.designs(alone, w)["nederland"]
        for period in (2013, 2014):
            contrast = (alone.periods == period) - (alone.periods == year - 1).astype(float)
            ours = effects.regression(alone, design, contrast).estimate
            assert ours == pytest.approx(theirs.group_time_effects[year, period]["effect"], abs=1e-9)
            compared += 1
    assert compared == 4


@pytest.mark.parametrize("mbar", [0.0, 0.5, 1.0, 2.0])
def test_departures_as_large_as_before_bound_the_effect_as_honestdid_does(mbar):
    """The identified set of relative magnitudes (Rambachan & Roth 2023, lemma 2.2), without chance."""
    from diff_diff.honest_did import _solve_rm_bounds_union

    before, after = (
        np.array([0.35, -0.1, 0.2]),
        np.array([1.0, 1.4]),
    )  # 2005 to 2007, and 2009 and 2010; 2008 is the base
    lower, upper = _solve_rm_bounds_union(before, after, np.array([0.5, 0.5]), 3, mbar)
    event = pd.DataFrame({"period": range(2005, 2009), "estimate": [*before, 0.0]})
    errors = pd.DataFrame(np.zeros((4, 2)), columns=["a", "b"])
    fit = Regression(
        np.full(4, 1.2), np.array([[1.0], [1.0], [1.0], [1.0]]), np.ones(4), np.array(["a", "a", "b", "b"])
    )
    w = Windows((2008,), (2009, 2010), (2005, 2006, 2007))
    found = diagnostics.honest(w, event, errors, fit, mbar)
    assert (found["lower"], found["upper"]) == (
        pytest.approx(lower, abs=1e-7),
        pytest.approx(upper, abs=1e-7),
    )


def test_a_regression_at_equal_figures_before_is_that_of_a_formula():
    """The main design is a regression anyone can run: statsmodels, the same areas and columns."""
    import statsmodels.formula.api as smf

    s, _ = staggered()
    s = replace(s, later=None, deprivation=None)
    w = Windows((2007,), (2012, 2013), (2006,))
    design = effects.designs(s, w)["gecorrigeerd"]
    ours = effects.estimate(s, w, design)
    use = design.weight > 0
    frame = pd.DataFrame(s.y[use], columns=[f"y{p}" for p in s.periods]).assign(
        treated=s.treated[use].astype(float)
    )
    theirs = smf.ols("I((y2012 + y2013) / 2 - y2007) ~ treated + y2007 + y2006", frame).fit()
    assert ours.estimate == pytest.approx(theirs.params["treated"], abs=1e-9)
    assert isinstance(design, Design)
