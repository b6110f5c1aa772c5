"""Sums and means that a file of CBS areas holds of itself: the parts of an area against the whole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import files
from wijkenaanpak.sources.files import Location, Log

PARTS = {"GM": "gemeenten", "WK": "wijken", "BU": "buurten"}
FAR = 0.05  # a published mean differs less than this from that of its parts, for what is hidden of small gemeenten
NEARLY_ALL = 0.95


def check_totals(wide: pd.DataFrame, inhabitants: pd.Series, column: str, path: Location) -> None:
    """Refuse parts that have more inhabitants than the whole: a row too many, or one of another area.

    Parameters
    ----------
    wide : DataFrame
        code, period.
    inhabitants : Series
        On the index of `wide`, or more.
    column, path : str, Path
        For the message.
    """
    people = wide[["code", "period"]].assign(n=inhabitants.reindex(wide.index))
    level = people["code"].str[:2]
    whole = people[level.isin(["NL", "GM"])].set_index(["code", "period"])["n"]
    for part, kind in PARTS.items():
        own = people[level == part]
        own = own.assign(above="NL" if part == "GM" else "GM" + own["code"].str[2:6])
        groups = own.groupby(["above", "period"])["n"]
        # CBS rounds each part to five
        over = groups.sum() > whole.reindex(groups.sum().index) * 1.02 + 5 * groups.size()
        if over.any():
            code, period = over.index[over.to_numpy()][0]
            total, known = groups.sum()[code, period], whole[code, period]
            raise SourceError(
                f"{files.named(path)}, kolom {column}: de {kind} van {code} hebben in {period} samen {total:.0f} inwoners, meer dan "
                f"de {known:.0f} van het geheel; haal de rijen weg die er niet bij horen."
            )


def check_means(
    wide: pd.DataFrame, weights: Mapping[str, pd.Series], book: pd.DataFrame, source: str, log: Log | None
) -> None:
    """Count the outcomes of which the country is not the mean of its gemeenten, when these are all there."""
    if log is None:
        return
    towns = wide[wide["code"].str.startswith("GM")]
    for row in book.itertuples():
        n = weights[str(row.indicator)]
        known = towns.assign(n=n.reindex(towns.index)).dropna(subset=[row.indicator, "n"])
        for period, now in known.groupby("period"):
            nation = wide[(wide["code"] == "NL") & (wide["period"] == period)]
            if not len(nation) or not now["n"].sum() >= NEARLY_ALL * n.reindex(nation.index).iloc[0]:
                continue
            mean, published = np.average(now[row.indicator], weights=now["n"]), nation[row.indicator].iloc[0]
            if abs(mean - published) > max(FAR * abs(published), 1.0):
                what = f"{row.label} in {period}: landelijk {published:g}, gemiddeld over de gemeenten {mean:.4g}"
                log.add(source, f"controle van het niveau, klopt niet: {what}", 1)
