"""What residents say: balances of survey questions, grades, and their change."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wijkenaanpak.measures.monitor import NAN, Estimate, Z

Array = NDArray[np.float64]


def balance(better: float, worse: float, n: float, design: float = 1.0) -> Estimate:
    """Balance of a survey question: share that says better minus share that says worse, in percentage points.

    Parameters
    ----------
    better, worse : float
        Weighted shares of the respondents, %.
    n : float
        Respondents.
    design : float
        Design effect of weighting and clustering (Kish 1965); 1 is a simple random sample.

    Returns
    -------
    Estimate
        With the multinomial sampling error of a difference of two shares of one sample.
    """
    if not n > 0:
        return Estimate(reason="het aantal respondenten is niet bekend")
    p, q = better / 100, worse / 100
    se = 100 * math.sqrt(max(p + q - (p - q) ** 2, 0.0) / n * design)
    score = better - worse
    return Estimate(score, score - Z * se, score + Z * se, se)


def apart(one: Estimate, other: Estimate) -> Estimate:
    """Difference of two estimates of different samples: wijk and city, or two waves."""
    se = math.hypot(one.se, other.se)
    gap = one.estimate - other.estimate
    return Estimate(gap, gap - Z * se, gap + Z * se, se)


def grades(items: pd.DataFrame) -> pd.DataFrame:
    """Weighted grade of each city and year from the items of a quality card, and its rank.

    Parameters
    ----------
    items : DataFrame
        Columns gebied, jaar, gewicht, cijfer (1 to 10).

    Returns
    -------
    DataFrame
        gebied, jaar, grade, rank (1 is the highest of the year), of (cities in the year).
    """
    rows = items.assign(weighted=items["gewicht"] * items["cijfer"])
    sums = rows.groupby(["jaar", "gebied"])[["weighted", "gewicht"]].sum()
    result = (sums["weighted"] / sums["gewicht"]).rename("grade").reset_index()
    by = result.groupby("jaar")["grade"]
    return result.assign(rank=by.rank(ascending=False, method="min").astype(int), of=by.transform("size"))


def paired_change(first: pd.Series, last: pd.Series) -> tuple[Estimate, float, int]:
    """Median change of pairs, its 95% interval and the p-value of Wilcoxon's signed rank test (1945).

    Returns
    -------
    (Estimate, float, int)
        Hodges-Lehmann estimate with the interval that inverts the test; two-sided p-value, exact, with mid-ranks for ties
        and zeros left out; number of pairs. Missing below six pairs, where nothing can be significant.
    """
    change = (last - first).dropna().to_numpy(float)
    n = len(change)
    if n < 6:
        return Estimate(reason="er zijn minder dan zes paren"), NAN, n
    i, j = np.triu_indices(n)
    walsh = np.sort((change[i] + change[j]) / 2)
    below = np.cumsum(_rank_sums(np.arange(1, n + 1)))
    out = max(int(np.searchsorted(below, 0.025)), 1) - 1
    moved = change[change != 0]
    doubled = np.rint(2 * pd.Series(np.abs(moved)).rank().to_numpy()).astype(int)  # mid-ranks are halves
    chances = _rank_sums(doubled)
    up = int(doubled[moved > 0].sum())
    p = min(1.0, 2 * float(min(chances[: up + 1].sum(), chances[up:].sum())))
    return Estimate(float(np.median(walsh)), float(walsh[out]), float(walsh[-1 - out])), p, n


def _rank_sums(ranks: NDArray[np.int64]) -> Array:
    """Chance of each sum of ranks when every rank counts or not with equal chance."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1
    for rank in ranks:
        taken = np.zeros_like(chances)
        taken[rank:] = chances[: len(chances) - rank]
        chances = (chances + taken) / 2
    return chances
