"""Observations, as every reader gives them: of PC4, or of CBS areas that wait for a crosswalk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wijkenaanpak.sources import cells, facts
from wijkenaanpak.sources.files import Location, Log

# `error`: standard error of the conversion from other areas; 0 for what is published for the area itself.
COLUMNS = ["indicator", "area", "period", "value", "n", "decimals", "source", "status", "error"]
MOST_PEOPLE = 1e8  # a large practice panel has more people than the country


@dataclass(frozen=True)
class Regional:
    """Figures of CBS areas: what a crosswalk turns into PC4.

    Attributes
    ----------
    rows : DataFrame
        indicator, code (``files.cbs_code``), name, gemeente (name, may be missing), period, value, n, decimals,
        source, status.
    places : DataFrame
        code, pc4, share (of the addresses of a buurt in its most common PC4), period: what the Kerncijfers tell
        about postcodes.
    inhabitants : DataFrame
        code, period, inwoners.
    """

    rows: pd.DataFrame
    places: pd.DataFrame
    inhabitants: pd.DataFrame

    @staticmethod
    def nobody() -> pd.DataFrame:
        """Return an empty `inhabitants`."""
        return pd.DataFrame(
            {"code": pd.Series(dtype=str), "period": pd.Series(dtype=int), "inwoners": pd.Series(dtype=float)}
        )

    @staticmethod
    def nowhere() -> pd.DataFrame:
        """Return empty `places`."""
        return pd.DataFrame(columns=["code", "period", "pc4", "share"])


def bounds(book: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Lowest and highest that each indicator can be."""
    return {r.indicator: (r.lowest, r.highest) for r in book.itertuples()}


def values(
    frame: pd.DataFrame, columns: Mapping[str, str], book: pd.DataFrame, path: Location
) -> dict[str, pd.Series]:
    """Numbers of each indicator from its column, inside the range of the codebook."""
    ranges, found = bounds(book), {}
    for indicator, column in columns.items():
        found[indicator] = cells.numbers(frame, column, path)
        cells.within(found[indicator], *ranges[indicator], frame, column, path)
        row = book.loc[book["indicator"] == indicator].iloc[0]
        if row["unit"] == "%":
            cells.not_a_fraction(found[indicator], int(row["decimals"]), frame, column, path)
    return found


def tidy(
    wide: pd.DataFrame, weights: dict[str, pd.Series], book: pd.DataFrame, source: str, log: Log | None
) -> pd.DataFrame:
    """Turn one column an indicator into one row an observation; missing values are counted and left out."""
    parts, missing = [], 0
    for row in book[book["indicator"].isin(wide.columns)].itertuples():
        part = wide[["area", "period"]].assign(
            indicator=row.indicator,
            value=wide[row.indicator],
            n=weights.get(row.indicator, np.nan),
            decimals=row.decimals,
            source=source,
            status=wide.get("status", "published"),
            error=0.0,
        )
        kept = part.dropna(subset="value")
        missing += len(part) - len(kept)
        parts.append(kept)
    result = pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)
    if log is not None:
        log.add(source, "waarnemingen gelezen", len(result))
        log.add(source, "cellen zonder waarde, weggelaten", missing)
    return result


def regional_rows(
    wide: pd.DataFrame, weights: Mapping[str, pd.Series], book: pd.DataFrame, source: str, log: Log | None
) -> pd.DataFrame:
    """Turn one column an indicator of CBS areas into the rows of :class:`Regional`."""
    kept = wide.set_axis(pd.RangeIndex(len(wide)))
    weights = {k: v.set_axis(kept.index) for k, v in weights.items()}
    rows = tidy(kept.assign(area=kept.index), weights, book, source, log)
    of = kept.loc[rows["area"].astype(int), ["code", "name", "gemeente"]].reset_index(drop=True)
    of["gemeente"] = of["gemeente"].map(facts.gemeente, na_action="ignore")
    return rows.drop(columns=["area", "error"]).join(of)
