"""Costs and benefits over the doubt about an effect, social bonds, and where the money went."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from wijkenaanpak.measures.monitor import Z

Array = NDArray[np.float64]


def annuity(first: int, last: int, rate: float, base: int) -> float:
    """Present value in `base` of 1 in each year from `first` to `last`; in `base` itself it counts whole."""
    return float(sum((1 + rate) ** -(year - base) for year in range(first, last + 1)))


def net_present_value(posts: pd.DataFrame, effects: pd.DataFrame, rate: float, base: int) -> pd.DataFrame:
    """Net present value by stakeholder, over draws of the effects: NPV = sum over years of (B - C) / (1 + r)^t.

    Parameters
    ----------
    posts : DataFrame
        Columns partij, indicator (empty for a fixed amount), bedrag (EUR a year; with an indicator: EUR a year per unit of
        effect on it), eerste_jaar, laatste_jaar. Costs are negative.
    effects : DataFrame
        One row a draw, one column an indicator: the effect in the unit of the outcome. A single row gives the point value.
    rate : float
        Discount rate a year, 0.055 for 5.5%.
    base : int
        Year of which the money is.

    Returns
    -------
    DataFrame
        One row a draw, one column a stakeholder, and totaal; EUR.
    """
    values: dict[str, Any] = {}
    for post in posts.itertuples():
        worth = annuity(int(post.eerste_jaar), int(post.laatste_jaar), rate, base) * float(post.bedrag)
        size = effects[post.indicator].to_numpy(float) if post.indicator else np.ones(len(effects))
        values[post.partij] = values.get(post.partij, 0.0) + worth * size
    result = pd.DataFrame(values, index=effects.index)
    return result.assign(totaal=result.sum(axis=1))


def bond(principal: float, rate: float, years: int, lower: float, upper: float, direction: int) -> float:
    """Pay-out of a social bond: principal back, with interest only when the effect is shown.

    Parameters
    ----------
    principal : float
        EUR.
    rate : float
        Interest a year on success.
    years : int
        Until pay-out.
    lower, upper : float
        95% interval of the effect on the outcome the bond is about.
    direction : int
        1 when more of the outcome is better, -1 when less is.

    Returns
    -------
    float
        EUR. The principal alone when the interval holds 0 or the effect is for the worse.
    """
    shown = lower > 0 if direction > 0 else upper < 0
    return principal * (1 + rate) ** years if shown else principal


def attenuation(
    need: Array, units: Array, owner: NDArray[np.int64], noise: float, draws: int = 200, seed: int = 2007
) -> pd.DataFrame:
    """Show by simulation what a regression of change on investment finds when nobody knows where the money went.

    De baat op straat (Atlas and SEO 2009) divided the spending of each housing association over areas in proportion to
    its dwellings, and as a check over its worst areas. Here the money truly goes one way, with an effect that a study
    that knew where it went would find in nine of ten cases, and is attributed another way. Money spread evenly on paper
    and unevenly in fact is an error of Berkson's kind (1950): on average right, but blind; the reverse attenuates.

    Parameters
    ----------
    need : array, shape (areas,)
        How bad an area is; higher gets more when money is targeted. Also controlled for, as a study would.
    units : array, shape (areas,)
        Dwellings of the association in the area.
    owner : array of int, shape (areas,)
        Which association has them.
    noise : float
        Standard deviation of the change apart from the investment.
    draws, seed : int

    Returns
    -------
    DataFrame
        Columns true, attributed ("naar rato", "gericht", "exact"), ratio (mean estimate over the true effect), lower, upper
        (2.5 and 97.5% of the draws, over the true effect), found (share of the draws with p < 0.05 and the right sign).
        Regression with standard errors that allow for unequal variances (HC1).
    """
    rng = np.random.default_rng(seed)
    names, place = np.unique(owner, return_inverse=True)
    z = (need - need.mean()) / need.std()
    base = np.column_stack([np.ones(len(z)), z])
    pull = {"naar rato": np.ones(len(z)), "gericht": np.exp(1.5 * z)}

    def spent(budget: Array, weight: Array) -> Array:
        part = units * weight
        return budget[place] * part / np.bincount(place, part)[place] / units

    budgets = rng.lognormal(0.0, 0.3, (draws, len(names))) * np.bincount(place, units)
    rows = []
    for true, weight in pull.items():
        given = [spent(budget, weight) for budget in budgets]
        left = [x - base @ np.linalg.lstsq(base, x, rcond=None)[0] for x in given]
        effect = (Z + special.ndtri(0.9)) * noise * float(np.mean([1 / np.linalg.norm(x) for x in left]))
        change = [effect * x + noise * rng.standard_normal(len(z)) for x in given]
        for attributed in ("exact", *(rule for rule in pull if rule != true)):
            known = (
                given if attributed == "exact" else [spent(budget, pull[attributed]) for budget in budgets]
            )
            fits = [_slope(y, x, z) for y, x in zip(change, known, strict=True)]
            ratio = np.array([slope for slope, _ in fits]) / effect
            low, high = np.quantile(ratio, [0.025, 0.975])
            found = np.mean([sure and slope > 0 for slope, sure in fits])
            rows.append((true, attributed, float(ratio.mean()), float(low), float(high), float(found)))
    return pd.DataFrame(rows, columns=["true", "attributed", "ratio", "lower", "upper", "found"])


def _slope(y: Array, x: Array, control: Array) -> tuple[float, bool]:
    """Coefficient of x beside a constant and a control, and whether its HC1 p-value is below 0.05."""
    design = np.column_stack([np.ones(len(y)), x, control])
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    residual = (y - design @ beta)[:, None] * design
    variance = inverse @ (residual.T @ residual) @ inverse * len(y) / (len(y) - 3)
    t = beta[1] / math.sqrt(variance[1, 1])
    return float(beta[1]), bool(2 * special.stdtr(len(y) - 3, -abs(t)) < 0.05)
