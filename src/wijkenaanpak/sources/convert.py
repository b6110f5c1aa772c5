"""From figures of CBS areas to observations of PC4, with a crosswalk."""

from __future__ import annotations

import numpy as np
import pandas as pd

from wijkenaanpak.sources import facts
from wijkenaanpak.sources.files import Log
from wijkenaanpak.sources.observations import COLUMNS, Regional

# A PC4 of which a smaller share than this is known would be another area than its name says.
LEAST_COVERED = 0.5
ONE_PIECE = 0.9  # a PC4 with this share of its people in one wijk or buurt is taken as of one piece


def convert(regional: Regional, crosswalk: pd.DataFrame | None, log: Log) -> pd.DataFrame:
    """Turn figures of CBS areas into observations: of PC4 with the crosswalk, of gemeenten and the country as they are.

    The figure of a PC4 is the mean of the wijken (or buurten, where those are given) it lies in, weighted by the people
    or dwellings each has inside it. `error` is the spread of those figures around that mean: how wrong it would be if
    the PC4 were like any one of its parts.

    Parameters
    ----------
    regional : Regional
        Figures of CBS areas.
    crosswalk : DataFrame or None
        See :func:`read_crosswalk`.
    log : Log
        What could not be placed is counted.

    Returns
    -------
    DataFrame
        ``COLUMNS``.
    """
    rows = regional.rows
    if not len(rows):
        return pd.DataFrame(columns=COLUMNS)
    source = str(rows["source"].iloc[0])
    level = rows["code"].str[:2]
    whole = rows[level.isin(["GM", "NL"])]
    area = whole["gemeente"].where(whole["code"] != "NL", "Nederland")
    whole = whole.assign(area=area, error=0.0).dropna(subset="area")
    twice = whole.duplicated(["indicator", "area", "period"], keep=False)
    log.add(source, "gemeenten met een naam die er twee keer is, weggelaten", twice.sum())
    parts = [whole[~twice]]
    small = rows[~level.isin(["GM", "NL"])]
    if len(small) and crosswalk is None:
        log.add(
            source,
            "cijfers van wijken en buurten, weggelaten: geen omrekentabel naar postcodegebieden",
            len(small),
        )
    elif len(small) and crosswalk is not None:
        parts.append(_placed(small, crosswalk, source, log))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _placed(rows: pd.DataFrame, crosswalk: pd.DataFrame, source: str, log: Log) -> pd.DataFrame:
    """Convert the figures of wijken, or of buurten where the crosswalk and the figures both have them."""
    known = rows["code"].isin(crosswalk["code"])
    # a code may be given to another wijk later; the name tells
    names = crosswalk.dropna(subset="name").drop_duplicates("code").set_index("code")["name"]
    other = known & ~_same_name(rows["name"], rows["code"].map(names))
    log.add(
        source, "cijfers van wijken en buurten die niet in de omrekentabel staan, weggelaten", (~known).sum()
    )
    log.add(
        source,
        "cijfers van wijken en buurten met een andere naam dan in de omrekentabel, weggelaten",
        other.sum(),
    )
    rows = rows[known & ~other]
    level = rows["code"].str[:2]
    finest = level[level != "WK"].groupby([rows["indicator"], rows["period"]]).size()
    has_finer = pd.MultiIndex.from_frame(rows[["indicator", "period"]]).isin(finest.index)
    rows = rows[level.ne("WK") | ~has_finer]
    pieces = rows.merge(crosswalk[["code", "pc4", "share", "share_pc4", "basis", "year"]], on="code")
    pieces["w"] = pieces["n"].fillna(1.0) * pieces["share"]
    pieces = pieces[pieces["w"] > 0]
    by = ["indicator", "pc4", "period"]
    groups = pieces.groupby(by)
    pieces["wv"] = pieces["w"] * pieces["value"]
    mean = groups["wv"].transform("sum") / groups["w"].transform("sum")
    pieces["spread"] = pieces["w"] * (pieces["value"] - mean) ** 2
    pieces["inside"] = pieces["w"] * pieces["share"]
    sums = pieces.groupby(by, sort=True).agg(
        w=("w", "sum"), wv=("wv", "sum"), spread=("spread", "sum"), covered=("share_pc4", "sum"), largest=("w", "max"),
        inside=("inside", "sum"), decimals=("decimals", "first"), source=("source", "first"),
        status=("status", "first"), basis=("basis", "first"), known=("n", "count"),
    )  # fmt: skip
    enough = sums["covered"] >= LEAST_COVERED
    log.add(
        source,
        "cijfers van postcodegebieden die voor minder dan de helft bekend zijn, weggelaten",
        (~enough).sum(),
    )
    sums = sums[enough]
    mixed = sums["largest"] / sums["w"] < ONE_PIECE
    basis = "/".join(sorted(sums["basis"].unique()))
    log.add(source, f"cijfers van postcodegebieden, omgerekend naar {basis}", len(sums))
    log.add(source, "daarvan voor meer dan een tiende uit een tweede wijk of buurt", mixed.sum())
    value = sums["wv"] / sums["w"]
    spread = np.sqrt(sums["spread"] / sums["w"])
    # Neighbouring wijken differ by so much; the part of a wijk in this PC4 may differ as much from the rest of it.
    relative = (spread / value.abs())[mixed].groupby("indicator").median()
    unlike = value.abs() * relative.reindex(value.index.get_level_values("indicator")).fillna(0).to_numpy()
    error = np.sqrt(spread**2 + unlike**2 * (1 - sums["inside"] / sums["w"]).clip(lower=0))
    result = sums.reset_index().rename(columns={"pc4": "area"})
    return result.assign(
        value=value.to_numpy(),
        error=error.to_numpy(),
        n=sums["w"].where(sums["known"] > 0).to_numpy(),
        source=result["source"] + ", omgerekend naar postcodegebied",
    )[COLUMNS]


def _same_name(names: pd.Series, known: pd.Series) -> pd.Series:
    """Whether two names can be of one area: equal or one inside the other, but for "Wijk 01"; unknown is no objection."""
    bare = [
        s.astype(object)
        .fillna("")
        .astype(str)
        .str.replace(r"(?i)^(wijk|buurt)\s+\d+\s+", "", regex=True)
        .map(facts.plain)
        for s in (names, known)
    ]
    same = [not a or not b or a in b or b in a for a, b in zip(*bare, strict=True)]
    return pd.Series(same, names.index)
