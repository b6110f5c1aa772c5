"""An interrupted time series."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special


def interrupted(series: pd.Series, start: float, season: int = 0, lags: int | None = None) -> pd.DataFrame:
    """Test whether level and slope of a series changed at `start`: an interrupted time series.

    Least squares of the series on a trend, a step and a change of the trend from `start` on (Wagner et al. 2002),
    with standard errors that allow for autocorrelation (Newey and West 1987).

    Parameters
    ----------
    series : Series
        Index time in years (a month is a twelfth), ordered.
    start : float
        First time that counts as after.
    season : int
        Number of seasons in a year to correct for; 0 is none, 12 for months.
    lags : int, optional
        Of Newey and West; by default 4 (n / 100)^(2/9), and at least `season`.

    Returns
    -------
    DataFrame
        Index trend, step, slope, before_after (slope after, that is trend and slope together); estimate, lower, upper, p,
        n: per year, or in the unit of the series for the step. Empty with fewer than three points on either side.
    """
    known = series.dropna()
    time = known.index.to_numpy(float)
    after = (time >= start).astype(float)
    if min(after.sum(), len(after) - after.sum()) < 3:
        return pd.DataFrame(columns=["estimate", "lower", "upper", "p", "n"])
    design = np.column_stack([np.ones(len(time)), time - start, after, after * (time - start)])
    if season:
        place = np.rint((time % 1) * season).astype(int) % season
        design = np.column_stack([design, np.eye(season)[place][:, 1:]])
    lags = lags if lags is not None else max(int(4 * (len(time) / 100) ** (2 / 9)), season)
    y, df = known.to_numpy(float), len(time) - design.shape[1]
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    scores = design * (y - design @ beta)[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        part = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (part + part.T)  # Bartlett weights
    variance = inverse @ middle @ inverse * len(time) / df
    contrasts = np.zeros((4, design.shape[1]))
    contrasts[[0, 1, 2, 3, 3], [1, 2, 3, 1, 3]] = 1
    estimate = contrasts @ beta
    # Weighted autocovariances of a line that fits to the last digit may sum to just below nothing.
    se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", contrasts, variance, contrasts), 0))
    half = special.stdtrit(df, 0.975) * se
    # A line that fits to the last digit has no standard error: p is 0, or missing when nothing changed.
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * special.stdtr(df, -np.abs(estimate / se))
    columns = {
        "estimate": estimate,
        "lower": estimate - half,
        "upper": estimate + half,
        "p": p,
        "n": len(time),
    }
    return pd.DataFrame(columns, index=["trend", "step", "slope", "before_after"])
