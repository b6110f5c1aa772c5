"""The effect in one wijk or city: a synthetic control of its own, placebos, and the mean of all wijken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize

from wijkenaanpak.effects.effects import (
    LEAST_BEFORE,
    NEIGHBOURS,
    Sample,
    Windows,
    features,
    rounding,
    spread_of,
    time_weights,
)
from wijkenaanpak.effects.inference import Array, quantile_t

DONORS = 60  # areas from which the group of one wijk is put together
PLACEBOS = 199  # the smallest p-value is one in two hundred


def donors(long: bool) -> int:
    """Return from how many areas the group of one wijk is put together: weighted ones, or the few nearest."""
    return DONORS if long else 5 * NEIGHBOURS


def wijk_paths(s: Sample, w: Windows, seed: int = 2007) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate the effect of every wijk with a synthetic control of its own, and placebos.

    Weights of :func:`_ridge` on the years before, after removing each area's mean (Doudchenko & Imbens
    2016; Ferman & Pinto 2021); donors are the urban areas nearest in level. Without years enough for weights the
    twenty nearest on :func:`features` count alike. Placebos are as many untreated areas of one city as the
    wijk has, treated alike: their root mean square is the standard error, and the p-value is the rank of the
    wijk's effect among them (Abadie, Diamond & Hainmueller 2010).

    Returns
    -------
    (DataFrame, DataFrame)
        One row a wijk that there are others for: wijk, estimate, lower, upper, se, p, placebos, n (areas), error (root mean square before); and
        one row a wijk and period: wijk, period, actual, synthetic, lower, upper. On the scale of the analysis.
    """
    summary: list[Any] = []
    paths: list[Any] = []
    contrast, rng = time_weights(s, w), np.random.default_rng(seed)
    before = np.isin(s.periods, w.before)
    if not w.long:
        contrast = np.where(before, 0.0, contrast)  # both start from the level freed from chance
    pool = np.flatnonzero(s.donor & s.urban)
    if len(pool) < 2 * DONORS:
        pool = np.flatnonzero(s.donor)
    x, _ = features(s, w)
    base = s.y[:, before].mean(axis=1) if w.long else x[:, 0]  # one year is too much a matter of chance
    x = x[:, :1] if w.long else x / np.nan_to_num(spread_of(x[s.treated]), nan=1.0)
    drawn: dict[int, Array] = {}
    for wijk in np.unique(s.wijk[s.treated]):
        own = np.flatnonzero(s.treated & (s.wijk == wijk))
        if (
            len(pool) < len(own) + NEIGHBOURS
        ):  # a placebo of that size would leave no group to compare it with
            continue
        goal, other = _synthetic(s, own, pool, before, x, base)
        n = len(own)
        if n not in drawn:
            drawn[n] = np.array([
                np.subtract(*_synthetic(s, fake, np.setdiff1d(pool, fake), before, x, base))
                for fake in _fakes(s, pool, n, x[:, 0], rng)
            ])  # fmt: skip
        placebo = drawn[n] @ contrast
        error = np.sqrt((drawn[n] ** 2).mean(axis=0))
        gap = goal - other
        estimate, se = float(gap @ contrast), float(np.sqrt((placebo**2).mean()))
        if se <= rounding(s):  # all others moved alike: nothing to measure chance by
            continue
        wide = quantile_t(0.975, len(placebo) - 1)
        p = (1 + (np.abs(placebo) >= abs(estimate)).sum()) / (len(placebo) + 1)
        miss = float(np.sqrt((gap[before] ** 2).mean()))
        numbers = (estimate, estimate - wide * se, estimate + wide * se, se, p)
        summary.append((wijk, *numbers, len(placebo), n, miss))
        width = np.where(before, 0.0, wide * error)
        rows = zip(s.periods.tolist(), goal, other, other - width, other + width, strict=True)
        paths += [(wijk, *row) for row in rows]
    columns = ["wijk", "estimate", "lower", "upper", "se", "p", "placebos", "n", "error"]
    names = ["wijk", "period", "actual", "synthetic", "lower", "upper"]
    return pd.DataFrame(summary, columns=columns), pd.DataFrame(paths, columns=names).astype(
        dict.fromkeys(names[2:], float)
    )


def shrunken(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the estimates of the wijken to their mean, the more the less certain they are (empirical Bayes).

    Random effects: variance between wijken by DerSimonian & Laird (1986), means as in Efron & Morris (1973).

    Parameters
    ----------
    table : DataFrame
        Columns `estimate`, `se`.

    Returns
    -------
    DataFrame
        Columns `shrunken`, `shrunken_lower`, `shrunken_upper`; its attrs hold `between`, the standard
        deviation of the true effects.
    """
    b, v = table["estimate"].to_numpy(float), table["se"].to_numpy(float) ** 2
    if not len(b):
        return pd.DataFrame(columns=["shrunken", "shrunken_lower", "shrunken_upper"], dtype=float)
    w = 1 / v
    fixed = w @ b / w.sum()
    spare = w.sum() - (w**2).sum() / w.sum()
    between = max((float(w @ (b - fixed) ** 2) - (len(b) - 1)) / spare, 0.0) if len(b) > 1 else 0.0
    w = 1 / (v + between)
    mean = w @ b / w.sum()
    keep = between / (between + v)
    value = mean + keep * (b - mean)
    # Uncertainty of the own effect and of the mean it is drawn to (Morris 1983).
    half = quantile_t(0.975, 1e6) * np.sqrt(keep * v + (1 - keep) ** 2 / w.sum())
    columns = {"shrunken": value, "shrunken_lower": value - half, "shrunken_upper": value + half}
    result = pd.DataFrame(columns, index=table.index)
    result.attrs["between"] = float(np.sqrt(between))
    return result


def _fakes(
    s: Sample, pool: NDArray[np.int64], n: int, level: Array, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Draw placebo wijken: n donors of one city that are about equally weak; of the whole pool for large n."""
    sizes = pd.Series(s.city[pool]).value_counts()
    cities = sorted(sizes.index[sizes >= n])
    share = sizes[cities].to_numpy() / sizes[cities].sum()
    found = []
    for _ in range(PLACEBOS):
        inside = pool[s.city[pool] == rng.choice(cities, p=share)] if cities else pool
        inside = inside[np.argsort(level[inside], kind="stable")]
        start = rng.integers(0, max(len(inside) - n, 0) + 1)
        found.append(inside[start : start + n])
    return found


def _synthetic(
    s: Sample,
    own: NDArray[np.int64],
    pool: NDArray[np.int64],
    before: NDArray[np.bool_],
    x: Array,
    base: Array,
) -> tuple[Array, Array]:
    """Mean of some areas, and that of their weighted stand-ins brought to the same level before."""
    goal, start, long = s.y[own].mean(axis=0), base[own].mean(), before.sum() >= LEAST_BEFORE
    distance = ((x[pool] - x[own].mean(axis=0)) ** 2).sum(axis=1)
    near = pool[np.argsort(distance, kind="stable")[: donors(long)]]
    moved = s.y[near] - base[near][:, None]
    weight = _ridge(moved[:, before].T, goal[before] - start) if long else np.full(len(near), 1 / len(near))
    return goal, weight @ moved + start


def _ridge(a: Array, b: Array) -> Array:
    """Positive weights adding up to 1 with a penalty on few donors, by non-negative least squares.

    The penalty is the variance that donors add: about that of one area's year-to-year change.
    """
    noise = float(np.diff(a, axis=0).std()) / np.sqrt(2)
    penalty = noise * np.sqrt(len(b))
    certain = 1e3 * max(float(np.abs(a).max()), 1e-12)
    rows = np.vstack([a, penalty * np.eye(a.shape[1]), np.full((1, a.shape[1]), certain)])
    goal = np.concatenate([b, np.zeros(a.shape[1]), [certain]])
    weight, _ = optimize.nnls(rows, goal)
    return weight / weight.sum()
