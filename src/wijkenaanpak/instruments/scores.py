"""A composite score taken apart, and a change placed among those of all areas."""

from __future__ import annotations

import numpy as np
import pandas as pd

DIMENSIONS = (
    "lbm_fys",
    "lbm_onv",
    "lbm_soc",
    "lbm_vrz",
    "lbm_won",
)  # their sum is the Leefbaarometer, but for a constant


def contributions(wijk: pd.DataFrame, reference: pd.DataFrame, total: str) -> pd.DataFrame:
    """Take the change of a total score apart into its dimensions, for the wijk and against a reference.

    Parameters
    ----------
    wijk, reference : DataFrame
        Index dimension and the name `total`; two columns, first and last year.
    total : str

    Returns
    -------
    DataFrame
        Index the dimensions, "afronding" (what the published total has beyond its dimensions) and `total`; columns wijk,
        reference, difference. The rows above `total` add up to it exactly.
    """
    changes = pd.DataFrame({"wijk": wijk.iloc[:, 1] - wijk.iloc[:, 0]})
    changes["reference"] = reference.iloc[:, 1] - reference.iloc[:, 0]
    parts = changes.drop(index=total)
    rest = changes.loc[total] - parts.sum()
    result = pd.concat([parts, pd.DataFrame({"afronding": rest}).T, changes.loc[[total]]])
    return result.assign(difference=result["wijk"] - result["reference"])


def development_class(change: float, changes: pd.Series) -> str:
    """Place a change among those of all areas: five classes, bounded at half and one and a half standard deviation.

    The Leefbaarometer has classes of development; its bounds are not in the published files, and these are ours.
    """
    z = (change - changes.mean()) / changes.std(ddof=0)
    if not np.isfinite(z):
        return "onbekend"
    names = ("veel ongunstiger", "ongunstiger", "als gemiddeld", "gunstiger", "veel gunstiger")
    return names[int(np.searchsorted([-1.5, -0.5, 0.5, 1.5], z, side="right"))]
