"""Who stayed, came and left, and how unevenly groups are spread over a city."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wijkenaanpak.measures.monitor import Estimate, Z


def stayers_and_movers(flows: pd.DataFrame) -> pd.DataFrame:
    """Take the change of a mean apart: what changed for those who stayed, who came, and who left.

    The mean of all goes from that of stayers and leavers to that of stayers and newcomers; with e and b the means at
    the end and the beginning, w the share of newcomers at the end and v that of leavers at the beginning, the change is
    (e_stay - b_stay) + w (e_in - e_stay) - v (b_out - b_stay), exactly.

    Parameters
    ----------
    flows : DataFrame
        Index blijvers, instroom, uitstroom; columns aantal, begin, eind (mean of each group; the beginning of newcomers
        and the end of leavers do not count), sd (of a person's value in the group).

    Returns
    -------
    DataFrame
        Index blijvers, instroom, uitstroom, totaal; estimate, lower, upper in the unit of the mean. The margin treats the
        groups as samples of persons; that of stayers takes their two years as unrelated, which makes it wide.
    """
    n, sd = flows["aantal"].astype(float), flows["sd"].astype(float)
    stay, into, out = (flows.loc[k] for k in ("blijvers", "instroom", "uitstroom"))
    w = n["instroom"] / (n["blijvers"] + n["instroom"])
    v = n["uitstroom"] / (n["blijvers"] + n["uitstroom"])
    variance = sd**2 / n
    own = stay["eind"] - stay["begin"]
    came, left = w * (into["eind"] - stay["eind"]), -v * (out["begin"] - stay["begin"])
    spread = {
        "blijvers": 2 * variance["blijvers"],
        "instroom": w**2 * (variance["instroom"] + variance["blijvers"]),
        "uitstroom": v**2 * (variance["uitstroom"] + variance["blijvers"]),
        "totaal": (1 - w) ** 2 * variance["blijvers"]
        + w**2 * variance["instroom"]
        + (1 - v) ** 2 * variance["blijvers"]
        + v**2 * variance["uitstroom"],
    }
    parts = {"blijvers": own, "instroom": came, "uitstroom": left, "totaal": own + came + left}
    half = {k: Z * math.sqrt(spread[k]) for k in parts}
    rows = {k: (parts[k], parts[k] - half[k], parts[k] + half[k]) for k in parts}
    return pd.DataFrame(rows, index=["estimate", "lower", "upper"]).T


def dissimilarity(group: pd.Series, others: pd.Series) -> Estimate:
    """Share of a group that would have to move to be spread as the others: D = half the sum of |a/A - b/B|.

    Duncan and Duncan (1955). The interval is a delete-one jackknife over areas. Small numbers alone make D positive;
    `low` holds what chance would give if everybody lived at random (normal approximation, Carrington and Troske 1997).

    Parameters
    ----------
    group, others : Series
        People per area, same index.

    Returns
    -------
    Estimate
        Between 0 and 1; missing with fewer than three areas or an empty group.
    """
    a, b = group.to_numpy(float), others.to_numpy(float)
    total_a, total_b = a.sum(), b.sum()
    if len(a) < 3 or total_a <= 0 or total_b <= 0:
        return Estimate(reason="er zijn te weinig gebieden of mensen")

    def index(keep: NDArray[np.bool_]) -> float:
        return float(np.abs(a[keep] / a[keep].sum() - b[keep] / b[keep].sum()).sum() / 2)

    d = index(np.full(len(a), True))
    needed = (a == total_a) | (b == total_b)  # without this area one of the groups is empty
    left_out = np.array([index(np.arange(len(a)) != i) for i in np.flatnonzero(~needed)])
    se = math.sqrt((len(a) - 1) / len(a) * float(((left_out - left_out.mean()) ** 2).sum()))
    share = (a + b) / (total_a + total_b)
    spread = np.sqrt(share * (1 - share) * (1 / total_a + 1 / total_b))
    chance = float(math.sqrt(2 / math.pi) * spread.sum() / 2)
    return Estimate(d, max(0.0, d - Z * se), min(1.0, d + Z * se), se, chance)
