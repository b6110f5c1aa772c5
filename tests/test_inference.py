"""Few-cluster inference, compared with statsmodels and with what the textbook says, done the long way."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from wijkenaanpak.effects.inference import (
    WEBB,
    Regression,
    detectable,
    equivalence,
    joint_test,
    partial_out,
    quantile_t,
    two_sided,
)


def data(seed=1, n=120, groups=9, effect=0.4):
    """Unequal clusters with a shock each, treatment in part of them, weights."""
    rng = np.random.default_rng(seed)
    cluster = rng.choice(groups, n, p=np.arange(1, groups + 1) / np.arange(1, groups + 1).sum())
    treated = ((cluster % 2 == 0) & (rng.random(n) < 0.7)).astype(float)
    other = rng.normal(size=n)
    y = effect * treated + 0.3 * other + rng.normal(size=groups)[cluster] + rng.normal(size=n)
    return y, np.column_stack([treated, other, np.ones(n)]), rng.uniform(0.5, 2, n), cluster


def test_the_estimate_and_cr1_equal_statsmodels():
    y, x, w, cluster = data()
    ours = Regression(y, x, w, cluster)
    theirs = sm.WLS(y, x, weights=w).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    assert ours.beta == pytest.approx(theirs.params, abs=1e-10)
    assert ours.cr1 == pytest.approx(theirs.cov_params(), abs=1e-10)


def test_fixed_effects_taken_out_before_give_what_dummies_give():
    y, x, w, cluster = data()
    place = np.arange(len(y)) % 5
    out = partial_out(np.column_stack([y, x[:, :2]]), place, w)
    ours = Regression(out[:, 0], out[:, 1:], w, cluster, absorbed=5)
    dummies = np.column_stack([x[:, :2], (place[:, None] == np.arange(5)).astype(float)])
    theirs = sm.WLS(y, dummies, weights=w).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    assert ours.beta == pytest.approx(theirs.params[:2], abs=1e-10)
    assert ours.cr1 == pytest.approx(theirs.cov_params()[:2, :2], abs=1e-10)


def test_cr3_is_the_jackknife_over_clusters():
    y, x, w, cluster = data()
    ours = Regression(y, x, w, cluster)
    betas = []
    for g in np.unique(cluster):
        keep = cluster != g
        betas.append(sm.WLS(y[keep], x[keep], weights=w[keep]).fit().params)
    off = np.array(betas) - ours.beta
    assert ours.cr3 == pytest.approx((len(off) - 1) / len(off) * off.T @ off, abs=1e-9)


def by_definition(fit, variance, direction):
    """CR2 standard error and degrees of freedom on n by n matrices: Pustejovsky & Tipton (2018), equations 8 to 11."""
    y, x, w = (part / np.sqrt(variance)[:, None] for part in (fit.y[:, None], fit.x, fit.w[:, None]))
    w = w[:, 0] * variance**1.5
    n, bread = len(y), np.linalg.inv(x.T @ (w[:, None] * x))
    off = np.eye(n) - x @ bread @ x.T * w
    rest, rows = off @ y[:, 0], []
    for g in np.unique(fit.cluster):
        at = fit.cluster == g
        values, vectors = np.linalg.eigh(off[at] @ off[at].T)
        rows.append(direction @ bread @ x[at].T * w[at] @ (vectors / np.sqrt(values)) @ vectors.T)
    se = np.sqrt(sum((row @ rest[fit.cluster == g]) ** 2 for g, row in zip(np.unique(fit.cluster), rows)))  # noqa: B905
    p = np.array([row @ off[fit.cluster == g] for g, row in zip(np.unique(fit.cluster), rows)])  # noqa: B905
    joint = p @ p.T
    return se, np.trace(joint) ** 2 / np.trace(joint @ joint)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("working", ["equal", "of the weights"])
def test_cr2_and_its_degrees_of_freedom_follow_their_definition(seed, working):
    y, x, w, cluster = data(seed)
    variance = np.ones(len(y)) if working == "equal" else 1 / w
    ours = Regression(y, x, w, cluster, variance=None if working == "equal" else variance)
    for direction in (*np.eye(3), np.array([1.0, -2.0, 0.5])):
        se, df = by_definition(ours, variance, direction)
        assert np.sqrt(direction @ ours.cr2 @ direction) == pytest.approx(se, rel=1e-9)
        assert ours.df_of(direction) == pytest.approx(df, rel=1e-9)
    assert ours.df == pytest.approx(by_definition(ours, variance, np.eye(3)[0])[1], rel=1e-9)
    assert (ours.influence**2).sum() == pytest.approx(ours.cr2[0, 0], abs=1e-12)
    assert ours.influence.index.tolist() == np.unique(cluster).tolist()


def test_city_effects_taken_out_before_change_nothing_when_the_weights_are_precisions():
    y, x, w, cluster = data()
    x[:, 0] = (np.arange(len(y)) % 3 == 0).astype(float)
    out = partial_out(np.column_stack([y, x[:, :2]]), cluster, w)
    ours = Regression(out[:, 0], out[:, 1:], w, cluster, 9, 1 / w)
    dummies = np.column_stack([x[:, :2], (cluster[:, None] == np.arange(9)).astype(float)])
    full = Regression(y, dummies, w, cluster, variance=1 / w)
    assert ours.estimate == pytest.approx(full.estimate, abs=1e-10)
    assert ours.se == pytest.approx(full.se, rel=1e-8)
    assert ours.df == pytest.approx(full.df, rel=1e-8)


def test_two_groups_in_equal_clusters_have_the_degrees_of_freedom_of_welch():
    """Whole clusters treated: the effect is a difference of means of cluster means."""
    cluster = np.repeat(np.arange(12), 5)
    treated = (cluster < 4).astype(float)
    fit = Regression(
        np.random.default_rng(2).normal(size=60),
        np.column_stack([treated, np.ones(60)]),
        np.ones(60),
        cluster,
    )
    share = np.array([1 / 4, 1 / 8])  # of the variance: 1 over the clusters of either side
    assert fit.df == pytest.approx(share.sum() ** 2 / (share**2 / np.array([3, 7])).sum())


def test_with_few_treated_clusters_no_more_is_found_of_nothing_than_the_level_says():
    """Three of twenty clusters treated: t with the clusters less one is too sure, Satterthwaite if anything too careful."""
    rng = np.random.default_rng(9)
    cluster = np.repeat(np.arange(20), 6)
    x = np.column_stack([cluster < 3, np.ones(120)]).astype(float)
    ours, plain = [], []
    for _ in range(1500):
        fit = Regression(rng.normal(size=20)[cluster] + rng.normal(size=120), x, np.ones(120), cluster)
        ours.append(fit.p_values()["p"] < 0.05)
        plain.append(two_sided(fit.estimate / fit.se, fit.groups - 1) < 0.05)
    assert 0.015 < np.mean(ours) < 0.06
    assert np.mean(plain) > 0.09


def test_cr2_is_right_on_average_when_errors_are_independent_and_cr1_is_not():
    _, x, _, cluster = data(n=90)
    rng, one = np.random.default_rng(5), np.ones(90)
    fits = [Regression(y, x, one, cluster) for y in rng.normal(size=(4000, 90))]
    truth = np.linalg.inv(x.T @ x)[0, 0]
    assert np.mean([f.cr2[0, 0] for f in fits]) == pytest.approx(truth, rel=0.03)
    assert np.mean([f.cr3[0, 0] for f in fits]) > 1.1 * truth


def test_a_treatment_that_one_cluster_alone_informs_has_no_infinite_margin():
    y = np.random.default_rng(1).normal(size=40)
    cluster = np.repeat(np.arange(4), 10)
    x = np.column_stack([cluster == 0, np.ones(40)]).astype(float)
    assert np.isfinite(Regression(y, x, np.ones(40), cluster).cr2).all()


@pytest.mark.parametrize("null", [0.0, 0.5])
def test_the_wild_bootstrap_equals_one_that_refits_every_draw(null):
    y, x, w, cluster = data(n=60, groups=6)
    draws = np.random.default_rng(3).choice(WEBB, (99, 6))
    fit = Regression(y, x, w, cluster)
    root = np.sqrt(w)
    free = np.linalg.lstsq(x[:, 1:] * root[:, None], (y - null * x[:, 0]) * root, rcond=None)[0]
    fitted = null * x[:, 0] + x[:, 1:] @ free
    actual = abs(fit.estimate - null) / np.sqrt(fit.cr1[0, 0])
    larger = 0
    for draw in draws:
        star = Regression(fitted + draw[cluster] * (y - fitted), x, w, cluster)
        larger += abs(star.estimate - null) / np.sqrt(star.cr1[0, 0]) >= actual
    assert fit._wild(null, draws) == larger / 99


def test_the_wild_interval_ends_where_the_test_just_rejects():
    fit = Regression(*data())
    lower, upper = fit.wild_interval(draws=999)
    assert lower < fit.estimate < upper
    for end, outward in ((lower, -1), (upper, 1)):
        assert (
            fit.wild_p(end + outward * 0.02, draws=999) < 0.05 <= fit.wild_p(end - outward * 0.02, draws=999)
        )


def test_equal_clusters_count_fully_and_one_large_cluster_hardly():
    treated = np.tile([1.0, 0.0], 40)
    x = np.column_stack([treated, np.ones(80)])
    y = np.random.default_rng(1).normal(size=80)
    equal = Regression(y, x, np.ones(80), np.repeat(np.arange(8), 10))
    assert equal.effective_clusters == pytest.approx(8)
    uneven = Regression(y, x, np.ones(80), np.r_[np.zeros(66, int), np.repeat(np.arange(1, 8), 2)])
    assert uneven.effective_clusters < 2
    assert 1 <= uneven.df < 2
    assert equal.df == pytest.approx(7)


def test_the_interval_is_wider_than_with_all_clusters_counted():
    fit = Regression(*data())
    lower, upper = fit.interval()
    assert upper - lower > 2 * quantile_t(0.975, fit.groups - 1) * fit.se
    assert fit.p_values()["p"] > two_sided(fit.estimate / fit.se, fit.groups - 1)


@settings(max_examples=30, deadline=None)
@given(shift=st.floats(-50, 50), scale=st.floats(0.1, 10))
def test_estimate_and_margin_move_with_the_outcome(shift, scale):
    y, x, w, cluster = data()
    base = Regression(y, x, w, cluster)
    moved = Regression(scale * y + shift * x[:, 0], x, w, cluster)
    assert moved.estimate == pytest.approx(scale * base.estimate + shift, abs=1e-7)
    assert moved.se == pytest.approx(scale * base.se, rel=1e-7)


def test_the_joint_test_is_hotellings():
    f, p = joint_test(np.array([2.0, 0.0]), np.diag([1.0, 4.0]), 10)
    assert f == pytest.approx(2.0 * 9 / 10)
    assert p == pytest.approx((1 + 2 * 1.8 / 9) ** (-9 / 2))  # F(2, 9) above 1.8, in closed form
    one, p = joint_test(np.array([2.0]), np.eye(1), 10)
    assert (one, p) == (pytest.approx(4.0), pytest.approx(two_sided(2.0, 10)))
    assert joint_test(np.full(5, 9.0), np.eye(5), 3.0) == (0.0, 1.0)


def test_the_joint_test_rejects_a_true_null_as_often_as_it_says():
    rng = np.random.default_rng(8)
    plain, ours = [], []
    for draw in rng.normal(size=(2000, 9, 4)):
        mean, cov = draw.mean(axis=0), np.cov(draw.T) / 9
        f, p = joint_test(mean, cov, 8)
        ours.append(p < 0.05)
        plain.append(special.fdtrc(4, 8, f * 8 / 5) < 0.05)
    assert np.mean(ours) == pytest.approx(0.05, abs=0.012)
    assert np.mean(plain) > 0.12


def test_what_could_be_seen_and_what_is_excluded_by_hand():
    assert detectable(1.0, 1e6) == pytest.approx(1.959964 + 0.841621, abs=1e-4)
    assert equivalence(0.0, 1.0, 1e6, 1.644854) == pytest.approx(0.05, abs=1e-4)
    assert equivalence(2.0, 1.0, 1e6, 1.0) > 0.8
