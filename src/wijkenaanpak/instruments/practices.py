"""Practices judged by the 4+1 model, and the scale of a wijk."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wijkenaanpak.measures.monitor import NAN, Estimate, Z

Array = NDArray[np.float64]


PRACTICE = ("methode", "gemeten", "coalitie", "ondernemer")


SCALE = {"inwoners": 10_000, "woningen": 4_000}  # upper bounds (Visitatiecommissie 2011)


def practice_score(ratings: pd.DataFrame) -> pd.DataFrame:
    """Judge practices by the 4+1 model: four criteria for a good practice, and how its benefits can be cashed.

    Voortgangsrapportage 2010, box 18: an effective method, effect measured, a vital coalition, entrepreneurs with a
    mandate; plus one: the benefits can be cashed. A criterion counts when most raters find it met.

    Parameters
    ----------
    ratings : DataFrame
        Columns praktijk, beoordelaar, the four of ``PRACTICE`` and baten, 0 or 1.

    Returns
    -------
    DataFrame
        Index praktijk; score (0-4), bonus (bool), raters, advice: "behouden" with all four, "verbeteren" with two or three,
        "stoppen" with fewer.
    """
    share = ratings.groupby("praktijk")[[*PRACTICE, "baten"]].mean() > 0.5
    score = share[list(PRACTICE)].sum(axis=1)
    advice = np.select([score == 4, score >= 2], ["behouden", "verbeteren"], "stoppen")
    raters = ratings.groupby("praktijk")["beoordelaar"].nunique()
    return pd.DataFrame({"score": score, "bonus": share["baten"], "raters": raters, "advice": advice})


def kappa(ratings: pd.DataFrame) -> Estimate:
    """Agreement of raters beyond chance: Cohen's kappa (1960), averaged over the pairs of raters (Light 1971).

    Parameters
    ----------
    ratings : DataFrame
        As for :func:`practice_score`; every criterion of every practice is one judgement.

    Returns
    -------
    Estimate
        With a delete-one jackknife over practices; missing without two raters of the same practice.
    """
    long = ratings.melt(["praktijk", "beoordelaar"], [*PRACTICE, "baten"])
    wide = long.pivot_table(index=["praktijk", "variable"], columns="beoordelaar", values="value")
    practice, judged = wide.index.get_level_values("praktijk"), wide.to_numpy(float)
    whole, names = _agreement(judged), sorted(set(practice))
    if math.isnan(whole):
        return Estimate(reason="er zijn geen twee beoordelaars van dezelfde praktijk")
    left_out = np.array([_agreement(judged[practice != name]) for name in names])
    known = left_out[~np.isnan(left_out)]
    if len(known) < 3:
        return Estimate(whole)
    se = math.sqrt((len(known) - 1) / len(known) * float(((known - known.mean()) ** 2).sum()))
    return Estimate(whole, whole - Z * se, min(1.0, whole + Z * se), se)


def _agreement(judged: Array) -> float:
    """Kappa averaged over the pairs of raters (columns) of 0/1 judgements (rows; missing where there is none)."""
    found = []
    for i, one in enumerate(judged.T):
        for other in judged.T[i + 1 :]:
            both = ~np.isnan(one) & ~np.isnan(other)
            if not both.any():
                continue
            p, q = one[both].mean(), other[both].mean()
            chance = p * q + (1 - p) * (1 - q)
            if chance < 1:
                found.append((float((one[both] == other[both]).mean()) - chance) / (1 - chance))
    return float(np.mean(found)) if found else NAN


def large(scale: pd.DataFrame) -> pd.Series:
    """Whether a wijk is above the scale at which the Visitatiecommissie (2011) thought an approach can work.

    More than 10,000 inhabitants or more than 4,000 dwellings; columns inwoners, woningen.
    """
    return pd.Series(
        np.any([scale[name] > bound for name, bound in SCALE.items()], axis=0), scale.index, dtype=bool
    )
