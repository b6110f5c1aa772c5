"""Why these areas: the score on the eighteen indicators of the selection, and what returns of itself."""

from __future__ import annotations

import numpy as np
import pandas as pd

from wijkenaanpak.measures.monitor import NAN


def selection_score(values: pd.DataFrame) -> pd.DataFrame:
    """Score areas as the 40 wijken were selected: standardise, add up within themes, add up themes, rank.

    18 indicators in 4 themes, PC4 ranked by their total (Kamerstuk 30995, nr. 66); the letter does not say how
    a theme is weighted: here a theme is the mean of its indicators, and the total the sum of the themes.

    Parameters
    ----------
    values : DataFrame
        Columns area, indicator, theme, direction (1 when high is bad, -1 when low is), value; one row per area and
        indicator. An area without all indicators is left out.

    Returns
    -------
    DataFrame
        Index area; one column per theme, score (sum of the themes, in standard deviations) and rank (1 is the worst).
    """
    wide = values.pivot_table("value", "area", "indicator").dropna()
    about = values.drop_duplicates("indicator").set_index("indicator").reindex(wide.columns)
    spread = wide.std(ddof=0)
    z = (wide - wide.mean()) / spread.where(spread > 0, 1.0) * about["direction"].astype(float)
    themes = z.T.groupby(about["theme"]).mean().T
    score = themes.sum(axis=1)
    return themes.assign(score=score, rank=score.rank(ascending=False, method="min").astype(int))


def cutoff(score: pd.Series, treated: int) -> float:
    """Score that separates the `treated` highest from the rest: halfway between the last in and the first out."""
    ordered = np.sort(score.to_numpy(float))[::-1]
    if not 0 < treated < len(ordered):
        return NAN
    return float((ordered[treated - 1] + ordered[treated]) / 2)


def expected_rebound(mean: float, reliability: float) -> float:
    """How far a group selected on a noisy score returns to the mean of all by itself: (1 - reliability) times its mean.

    Galton's regression to the mean, in the unit of `mean`; normal score, mean of all 0.
    """
    return (1 - reliability) * mean


def reliability(values: pd.DataFrame) -> float:
    """Reliability of a sum of indicators: Cronbach's alpha (1951) of their standardised values.

    Parameters
    ----------
    values : DataFrame
        As for :func:`selection_score`.

    Returns
    -------
    float
        Missing with one indicator, or when areas do not differ.
    """
    wide = values.pivot_table("value", "area", "indicator").dropna()
    directions = values.drop_duplicates("indicator").set_index("indicator")["direction"].astype(float)
    z = (wide - wide.mean()) / wide.std(ddof=1) * directions.reindex(wide.columns)
    k, total = z.shape[1], float(z.sum(axis=1).var(ddof=1))
    if k < 2 or not total > 0:
        return NAN
    return float(k / (k - 1) * (1 - z.var(ddof=1).sum() / total))
