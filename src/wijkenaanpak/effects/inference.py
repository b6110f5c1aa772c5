"""How sure an effect estimate is when treatment came to few, unequal clusters.

A design is a weighted least-squares regression whose first column is the treatment; fixed effects
are partialled out before. Everything below works on the cross products of each cluster, so that a
bootstrap draw costs nothing that grows with the number of areas.

Effects are in the unit of the outcome; intervals are 95% unless a level is given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from wijkenaanpak.effects.bias_reduced import BiasReduced, bias_reduced, span

Array = NDArray[np.float64]

DRAWS = 1999
# Six-point distribution of Webb (2014): fine enough for as few as five clusters.
WEBB = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])


def quantile_t(p: float, df: float) -> float:
    """Return the p-quantile of Student's t with `df` degrees of freedom."""
    return float(special.stdtrit(df, p))


def two_sided(t: float, df: float) -> float:
    """Return the two-sided p-value of a t-statistic."""
    return float(2 * special.stdtr(df, -abs(t)))


@dataclass(frozen=True)
class Regression:
    """Weighted least squares of an outcome on a treatment, with clusters.

    Parameters
    ----------
    y : array, shape (n,)
        Outcome, usually a change.
    x : array, shape (n, k)
        Regressors, the treatment first; fixed effects already partialled out of `y` and `x`.
    w : array, shape (n,)
        Weights, not negative.
    cluster : array, shape (n,)
        Cluster of each row, any labels.
    absorbed : int
        Parameters that were partialled out, for the small-sample factor of CR1.
    variance : array, shape (n,), optional
        Working variance of each row, up to a factor; equal when not given, whatever the weights. With effects of
        the clusters partialled out it is to be 1 / `w` (see ``bias_reduced``).
    """

    y: Array
    x: Array
    w: Array
    cluster: NDArray
    absorbed: int = 0
    variance: Array | None = None

    @cached_property
    def _codes(self) -> NDArray[np.int64]:
        return np.unique(self.cluster, return_inverse=True)[1]

    @cached_property
    def groups(self) -> int:
        """Number of clusters."""
        return int(self._codes.max()) + 1

    @cached_property
    def _a(self) -> Array:
        """X'WX of every cluster, shape (clusters, k, k)."""
        k = self.x.shape[1]
        outer = (self.x[:, :, None] * self.x[:, None, :] * self.w[:, None, None]).reshape(len(self.x), -1)
        sums = np.zeros((self.groups, k * k))
        np.add.at(sums, self._codes, outer)
        return sums.reshape(self.groups, k, k)

    def _scores(self, residual: Array) -> Array:
        """X'W times the residual of every cluster, shape (clusters, k)."""
        sums = np.zeros((self.groups, self.x.shape[1]))
        np.add.at(sums, self._codes, self.x * (self.w * residual)[:, None])
        return sums

    @cached_property
    def _bread(self) -> Array:
        return np.linalg.pinv(self._a.sum(axis=0))

    @cached_property
    def beta(self) -> Array:
        """Coefficients, shape (k,)."""
        return self._bread @ self._scores(self.y).sum(axis=0)

    @cached_property
    def share(self) -> Array:
        """What a unit more of each outcome adds to the effect, shape (n,)."""
        return self.w * (self.x @ self._bread[0])

    @property
    def estimate(self) -> float:
        """Coefficient of the treatment."""
        return float(self.beta[0])

    @cached_property
    def _factor(self) -> float:
        n, k, g = len(self.y), self.x.shape[1] + self.absorbed, self.groups
        return g / (g - 1) * (n - 1) / max(n - k, 1)

    @cached_property
    def cr1(self) -> Array:
        """Cluster-robust variance with the usual small-sample factor (Liang & Zeger 1986), shape (k, k)."""
        scores = self._scores(self.y - self.x @ self.beta)
        return self._factor * self._bread @ (scores.T @ scores) @ self._bread

    @cached_property
    def without(self) -> Array:
        """Coefficients with each cluster left out in turn, shape (clusters, k)."""
        rest = self._a.sum(axis=0) - self._a
        scores = self._scores(self.y)
        return np.einsum("gij,gj->gi", np.linalg.pinv(rest), scores.sum(axis=0) - scores)

    @cached_property
    def cr3(self) -> Array:
        """Cluster jackknife variance (Bell & McCaffrey 2002; MacKinnon, Nielsen & Webb 2023), shape (k, k)."""
        off = self.without - self.beta
        return (self.groups - 1) / self.groups * off.T @ off

    @cached_property
    def _reduced(self) -> BiasReduced:
        """The adjustment of :attr:`cr2`, which knows nothing of the outcome."""
        return bias_reduced(*self._working, self._codes, self._bread)

    @cached_property
    def _working(self) -> tuple[Array, Array]:
        """Regressors and weights in the scale in which errors are equally large."""
        if self.variance is None:
            return self.x, self.w
        return self.x / np.sqrt(self.variance)[:, None], self.w * self.variance

    @cached_property
    def _corrected(self) -> Array:
        """Scores of every cluster for :attr:`cr2`, shape (clusters, k)."""
        rest = self.y - self.x @ self.beta
        rest = rest if self.variance is None else rest / np.sqrt(self.variance)
        products = [np.bincount(self._codes, z * rest, self.groups) for z in span(*self._working).T]
        return self._reduced.scores(np.column_stack(products))

    @cached_property
    def cr2(self) -> Array:
        """Bias-reduced cluster variance (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018), shape (k, k).

        Unbiased when errors are independent with the working variance, whatever the weights; see ``bias_reduced``.
        """
        return self._bread @ (self._corrected.T @ self._corrected) @ self._bread

    @cached_property
    def influence(self) -> pd.Series:
        """What every cluster adds to the error of the effect, by its label; the squares sum to the CR2 variance.

        Products of those of two regressions on the same areas sum to the covariance of their effects.
        """
        return pd.Series(self._corrected @ self._bread[0], index=np.unique(self.cluster))

    @cached_property
    def effective_clusters(self) -> float:
        """Return the number of equal clusters these are worth for the treatment effect.

        G / (1 + variation of the clusters' share in its variance) under independent errors, after
        Carter, Schnepel & Steigerwald (2017), equation 7.
        """
        direction = self._bread[0]
        share = np.einsum("i,gij,j->g", direction, self._a, direction)
        return float(self.groups / (1 + np.var(share) / np.mean(share) ** 2))

    @cached_property
    def df(self) -> float:
        """Degrees of freedom of the t-distribution of the effect (Satterthwaite), at least one."""
        return self.df_of(np.eye(len(self.beta))[0])

    def df_of(self, direction: Array) -> float:
        """Return the degrees of freedom of a combination of coefficients, shape (k,)."""
        return self._reduced.df(direction)

    @property
    def se(self) -> float:
        """Standard error of the effect: CR2, the one that is neither too small nor too large on average."""
        return float(np.sqrt(max(self.cr2[0, 0], 0.0)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of the effect: CR2 with t of :attr:`df` degrees of freedom."""
        half = quantile_t((1 + level) / 2, self.df) * self.se
        return self.estimate - half, self.estimate + half

    def p_values(self) -> dict[str, float]:
        """Return the p-values of no effect by CR1 and CR3 (t of G - 1) and of :meth:`interval` (`p`)."""
        cr1, cr3 = (self.estimate / float(np.sqrt(v[0, 0])) for v in (self.cr1, self.cr3))
        g = self.groups - 1
        return {
            "cr1": two_sided(cr1, g), "cr3": two_sided(cr3, g), "p": two_sided(self.estimate / self.se, self.df),
        }  # fmt: skip

    # ---- wild cluster bootstrap --------------------------------------------------------------

    def wild_p(self, null: float = 0.0, draws: int = DRAWS, seed: int = 2007) -> float:
        """Return the p-value of the wild cluster bootstrap-t that imposes the null.

        Webb weights, CR1 inside (Cameron, Gelbach & Miller 2008; computed on cluster scores as in
        Roodman, MacKinnon, Nielsen & Webb 2019). With few clusters all weight vectors are not
        enumerated; the draws are seeded.

        Parameters
        ----------
        null : float
            Effect under the null.
        draws, seed : int, int
            Number of bootstrap draws, and their seed.
        """
        rng = np.random.default_rng(seed)
        return self._wild(null, rng.choice(WEBB, (draws, self.groups)))

    def _wild(self, null: float, weights: Array) -> float:
        rest, bread = self._a.sum(axis=0), self._bread
        scores = self._scores(self.y)
        # Restricted fit: the treatment coefficient held at the null.
        free = np.zeros_like(self.beta)
        free[0] = null
        if len(free) > 1:
            free[1:] = np.linalg.pinv(rest[1:, 1:]) @ (scores.sum(axis=0)[1:] - rest[1:, 0] * null)
        own = scores - self._a @ free  # cluster scores of the restricted residuals
        actual = (self.estimate - null) / float(np.sqrt(self.cr1[0, 0]))
        step = (weights @ own) @ bread.T  # beta* minus the restricted beta, one row a draw
        # The treatment's row of the bread maps scores to its coefficient.
        mapped = own @ bread[0]
        through = np.einsum("i,gij->gj", bread[0], self._a)
        star = weights * mapped - step @ through.T
        spread = np.sqrt(self._factor * (star**2).sum(axis=1))
        # A draw without spread: infinite lies beyond everything, 0/0 beyond nothing.
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = np.abs(step[:, 0] / spread)
        # Draws that reproduce the sample (all weights equal in size) tie with it up to rounding.
        return float(np.mean(drawn >= abs(actual) * (1 - 1e-12)))

    def wild_interval(self, level: float = 0.95, draws: int = DRAWS, seed: int = 2007) -> tuple[float, float]:
        """Return the effects that :meth:`wild_p` does not reject, by root finding on fixed draws."""
        from scipy import optimize

        weights = np.random.default_rng(seed).choice(WEBB, (draws, self.groups))
        scale = self.se

        def excess(effect: float) -> float:
            return self._wild(effect, weights) - (1 - level)

        limits = []
        for side in (-1, 1):
            outer = 2.0
            while excess(self.estimate + side * outer * scale) > 0 and outer < 64:
                outer *= 2
            if outer >= 64:
                limits.append(side * math.inf)
                continue
            ends = (self.estimate, self.estimate + side * outer * scale)
            limits.append(optimize.brentq(excess, *ends, xtol=1e-4 * scale))
        return limits[0], limits[1]


def partial_out(columns: Array, groups: NDArray, w: Array) -> Array:
    """Take the weighted mean of each group out of every column (Frisch, Waugh & Lovell).

    Parameters
    ----------
    columns : array, shape (n, k)
    groups : array, shape (n,)
        Fixed effects.
    w : array, shape (n,)
        Weights.
    """
    codes = np.unique(groups, return_inverse=True)[1]
    total = np.bincount(codes, w)
    means = np.column_stack([np.bincount(codes, w * c) for c in columns.T]) / total[:, None]
    return columns - means[codes]


def joint_test(estimates: Array, variance: Array, df: float) -> tuple[float, float]:
    """Test that all estimates are zero.

    Parameters
    ----------
    estimates : array, shape (q,)
    variance : array, shape (q, q)
        Cluster-robust.
    df : float
        Degrees of freedom of one estimate.

    Returns
    -------
    (float, float)
        F statistic, scaled as Hotelling's T-squared, and its p-value; with few clusters the plain one (Wald over q)
        rejects a true null several times too often (Tipton & Pustejovsky 2015). 0 and 1 when there are more estimates
        than degrees of freedom, and nothing to test with.
    """
    q = len(estimates)
    rest = df - q + 1
    if rest <= 0:
        return 0.0, 1.0
    f = float(estimates @ np.linalg.pinv(variance) @ estimates) / q * rest / df
    return f, float(special.fdtrc(q, rest, f))


def detectable(se: float, df: float, power: float = 0.8) -> float:
    """Return the smallest effect found with probability `power` in a two-sided test at 5% (Bloom 1995)."""
    return (quantile_t(0.975, df) + quantile_t(power, df)) * se


def equivalence(estimate: float, se: float, df: float, bound: float) -> float:
    """Return the p-value of "the effect is larger than `bound` either way" (TOST, Schuirmann 1987)."""
    return float(
        max(special.stdtr(df, -(bound - estimate) / se), special.stdtr(df, -(bound + estimate) / se))
    )


def holm(p: Array) -> Array:
    """Adjust p-values for their number so that one false finding among them stays unlikely (Holm 1979).

    Parameters
    ----------
    p : array, shape (tests,)

    Returns
    -------
    array, shape (tests,)
        In the same order.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(2)
    array([0.03, 0.06, 0.06])
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(np.sort(p) * np.arange(len(p), 0, -1))
    result = np.empty(len(p))
    result[order] = np.minimum(steps, 1.0)
    return result
