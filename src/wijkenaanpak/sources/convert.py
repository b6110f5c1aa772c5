"""From figures of CBS areas to observations of PC4, with a crosswalk."""

from __future__ import annotations

import difflib
import re

import numpy as np
import pandas as pd

from wijkenaanpak.sources import facts
from wijkenaanpak.sources.files import Log
from wijkenaanpak.sources.observations import COLUMNS, Regional

# A PC4 of which a smaller share than this is known would be another area than its name says.
LEAST_COVERED = 0.5
NEARLY_ALL = 0.9  # a PC4 known for this share is as well known from buurten as it can be from wijken
ONE_PIECE = 0.9  # a PC4 with this share of its people in one wijk or buurt is taken as of one piece
ALIKE = 0.75  # names that differ less are two spellings
KEY = ["indicator", "pc4", "period"]
# An address or postcode of six characters has no more people than this; with more the table holds a part of the code.
MOST_PEOPLE = {"adressen": 10, "postcodes van zes tekens": 150}


def convert(
    regional: Regional, crosswalk: pd.DataFrame | None, log: Log, people: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Turn figures of CBS areas into observations: of PC4 with the crosswalk, of gemeenten and the country as they are.

    The figure of a PC4 is the mean of the wijken (or buurten, where those say more) it lies in, weighted by the people
    or dwellings each has inside it. `error` is the spread of those figures around that mean: how wrong it would be if
    the PC4 were like any one of its parts. A PC4 of which less than half the people are known is left out.

    Parameters
    ----------
    regional : Regional
        Figures of CBS areas.
    crosswalk : DataFrame or None
        See :func:`crosswalk.read_crosswalk`.
    log : Log
        What could not be placed is counted.
    people : DataFrame, optional
        code, period, inwoners: for areas without a figure, and for figures without a denominator.

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
    area = whole["code"].map(facts.city_codes()).fillna(whole["gemeente"])
    whole = whole.assign(area=area.where(whole["code"] != "NL", "Nederland"), error=0.0)
    log.add(source, "cijfers van gemeenten zonder naam, weggelaten", whole["area"].isna().sum())
    whole = whole.dropna(subset="area")
    twice = whole.duplicated(["indicator", "area", "period"], keep=False)
    log.add(source, "gemeenten met een naam die er twee keer is, weggelaten", twice.sum())
    parts = [whole[~twice]]
    small = rows[~level.isin(["GM", "NL"])]
    if len(small) and crosswalk is None:
        what = (
            "cijfers van wijken en buurten, weggelaten: geen omrekentabel naar postcodegebieden (pc4_x_wijk*.csv, "
            "pc6hnr*gwb*.csv, of kaarten van wijken en van postcodegebieden)"
        )
        log.add(source, what, len(small))
    elif len(small) and crosswalk is not None:
        parts.append(_placed(small, crosswalk, _sizes(small, people), source, log))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _sizes(rows: pd.DataFrame, people: pd.DataFrame | None) -> pd.Series:
    """Inhabitants of each code, or else what its figures are a share or mean of, in any year: to weigh what is unknown."""
    own = rows.groupby("code")["n"].max().dropna()
    if people is None or not len(people):
        return own
    latest = people.sort_values("period").drop_duplicates("code", keep="last").set_index("code")["inwoners"]
    return latest if rows["code"].isin(latest.index).mean() > LEAST_COVERED else own


def _placed(
    rows: pd.DataFrame, crosswalk: pd.DataFrame, sizes: pd.Series, source: str, log: Log
) -> pd.DataFrame:
    """Convert the figures of wijken, or of buurten where the crosswalk and the figures both have them."""
    known = rows["code"].isin(crosswalk["code"])
    example = f", zoals {rows.loc[~known, 'code'].iloc[0]}" if (~known).any() else ""
    what = f"cijfers van wijken en buurten die niet in de omrekentabel staan, weggelaten{example}"
    log.add(source, what, (~known).sum())
    crosswalk = _whole(crosswalk, sizes, log)
    parts, other = [], 0
    for year, now in rows[known].groupby("period"):
        table = chosen(crosswalk, int(str(year)))
        moved = _moved(now, table, int(str(year)))
        other += int(moved.sum())
        parts.append(_sums(now[~moved], table, sizes))
    log.add(
        source, "cijfers van wijken en buurten met een andere naam dan in de omrekentabel, weggelaten", other
    )
    if "table" in crosswalk and len(crosswalk["table"].unique()) > 1:
        used = sorted(set().union(*(part["table"] for part in parts))) if parts else []
        log.add(
            source, f"omrekentabellen, van elke code die van het naaste jaar: {', '.join(used)}", len(used)
        )
    sums = pd.concat(parts) if parts else pd.DataFrame()
    if not len(sums):
        return pd.DataFrame(columns=COLUMNS)
    enough = sums["covered"] >= LEAST_COVERED
    what = "cijfers van postcodegebieden die voor minder dan de helft bekend zijn, weggelaten"
    log.add(source, what, len(sums[~enough].index.difference(sums[enough].index)))
    return _observed(_best(sums[enough]), rows, source, log)


def _whole(crosswalk: pd.DataFrame, sizes: pd.Series, log: Log) -> pd.DataFrame:
    """Leave out the codes of which a table has far fewer addresses than they have people."""
    if "n" not in crosswalk:
        return crosswalk
    found = crosswalk.groupby(["code", "table"])["n"].transform("sum")
    part = found * crosswalk["basis"].map(MOST_PEOPLE) < crosswalk["code"].map(sizes)
    for table, count in (
        crosswalk.loc[part].drop_duplicates(["code", "table"])["table"].value_counts().items()
    ):
        log.add(str(table), "wijken en buurten met te weinig adressen voor hun inwoners, weggelaten", count)
    return crosswalk[~part]


def chosen(crosswalk: pd.DataFrame, year: int) -> pd.DataFrame:
    """Choose one table for each code: the best basis, and of those the nearest in year; shares of two are never added."""
    if "table" not in crosswalk or len(crosswalk["table"].unique()) < 2:
        return crosswalk
    each = crosswalk[["code", "table", "rank", "year"]].drop_duplicates()
    each = each.assign(away=(each["year"].where(each["year"] > 0, 1900) - year).abs())
    best = each.sort_values(["rank", "away", "table"]).drop_duplicates("code")
    return crosswalk.merge(best[["code", "table"]], on=["code", "table"])


def _moved(rows: pd.DataFrame, crosswalk: pd.DataFrame, year: int) -> pd.Series:
    """Tell which codes are of another area than in the crosswalk: in another year a code may have been given anew."""
    named = crosswalk.dropna(subset="name").drop_duplicates("code").set_index("code")
    names, years = rows["code"].map(named["name"]), rows["code"].map(named["year"])
    return (years != year) & ~_same_name(rows["name"], names)


def _sums(rows: pd.DataFrame, crosswalk: pd.DataFrame, sizes: pd.Series) -> pd.DataFrame:
    """Add up the parts of each PC4, by level of the parts: weights, values, spread, and how much of it is known."""
    parts = crosswalk.assign(level=crosswalk["code"].str[:2], size=crosswalk["code"].map(sizes))
    if "table" not in parts:
        parts = parts.assign(table="")
    parts["people"] = parts["size"] * parts["share"]
    # a PC4 has people for whom there is no figure, or parts that nothing is known of
    unknown = parts["people"].isna() & (parts["share_pc4"] > 0.01)
    total = parts.groupby(["pc4", "level"])["people"].sum()
    total = total.where(~unknown.groupby([parts["pc4"], parts["level"]]).any() & (total > 0))
    named = ["code", "pc4", "share", "share_pc4", "basis", "year", "level", "people", "table"]
    pieces = rows.merge(parts[named], on="code")
    weight = pieces["n"].fillna(pieces["code"].map(sizes)) * pieces["share"]
    bare = pieces["share_pc4"].where(
        pieces["basis"].isin(["adressen", "postcodes van zes tekens"]), pieces["share"]
    )
    pieces["w"] = weight.fillna(bare)
    pieces = pieces[pieces["w"] > 0]
    by = [*KEY, "level"]
    groups = pieces.groupby(by)
    pieces["wv"] = pieces["w"] * pieces["value"]
    mean = groups["wv"].transform("sum") / groups["w"].transform("sum")
    pieces["spread"] = pieces["w"] * (pieces["value"] - mean) ** 2
    pieces["inside"] = pieces["w"] * pieces["share"]
    sums = pieces.groupby(by, sort=True).agg(
        w=("w", "sum"), wv=("wv", "sum"), spread=("spread", "sum"), area=("share_pc4", "sum"), largest=("w", "max"),
        inside=("inside", "sum"), decimals=("decimals", "first"), source=("source", "first"), people=("people", "sum"),
        status=("status", "first"), basis=("basis", "first"), known=("n", "count"), table=("table", "first"),
    )  # fmt: skip
    of = total.reindex(
        pd.MultiIndex.from_arrays([sums.index.get_level_values(i) for i in ("pc4", "level")])
    ).to_numpy()
    counted = pd.Series(sums["people"].to_numpy() / of, sums.index)
    sums["covered"] = counted.fillna(sums["area"]).clip(upper=1)
    sums["counted"] = counted.notna()
    return sums.reset_index("level")


def _best(sums: pd.DataFrame) -> pd.DataFrame:
    """Keep of each PC4 the buurten when they say nearly all, and else what says most: wijken, or the buurten."""
    order = pd.DataFrame(
        {"most": -sums["covered"].where(sums["covered"] < NEARLY_ALL, 1.0), "coarse": sums["level"].eq("WK")}
    )
    ordered = sums.iloc[np.lexsort((order["coarse"], order["most"]))]
    return ordered[~ordered.index.duplicated()].sort_index()


def _observed(sums: pd.DataFrame, rows: pd.DataFrame, source: str, log: Log) -> pd.DataFrame:
    """Turn the sums of each PC4 into observations, with the error of the conversion."""
    mixed = sums["largest"] / sums["w"] < ONE_PIECE
    basis = "/".join(sorted(sums["basis"].unique()))
    log.add(source, f"cijfers van postcodegebieden, omgerekend naar {basis}", len(sums))
    log.add(source, "daarvan voor meer dan een tiende uit een tweede wijk of buurt", mixed.sum())
    partly = sums["covered"] < np.where(sums["counted"], 0.98, NEARLY_ALL)
    log.add(source, "daarvan voor een deel van de inwoners bekend", partly.sum())
    value = sums["wv"] / sums["w"]
    spread = np.sqrt(sums["spread"] / sums["w"])
    # Neighbouring wijken differ by so much; the part of a wijk in this PC4 may differ as much from the rest of it.
    relative = (spread / value.abs())[mixed].groupby("indicator").median()
    indicator = value.index.get_level_values("indicator")
    unlike = value.abs() * relative.reindex(indicator).fillna(0).to_numpy()
    # Those for whom there is no figure may differ as any two wijken do.
    apart = rows.groupby("indicator")["value"].std().reindex(indicator).fillna(0).to_numpy()
    missing = (1 - sums["covered"]).where(partly, 0.0) * apart
    error = np.sqrt(spread**2 + unlike**2 * (1 - sums["inside"] / sums["w"]).clip(lower=0) + missing**2)
    result = sums.drop(columns="area").reset_index().rename(columns={"pc4": "area"})
    return result.assign(
        value=value.to_numpy(),
        error=error.to_numpy(),
        n=sums["w"].where(sums["known"] > 0).to_numpy(),
        source=result["source"] + ", omgerekend naar postcodegebied",
    )[COLUMNS]


def _same_name(names: pd.Series, known: pd.Series) -> pd.Series:
    """Whether two names can be of one area: a word in common, or nearly the same letters; unknown is no objection."""
    return pd.Series([_alike(a, b) for a, b in zip(names, known, strict=True)], names.index)


def _alike(one: object, other: object) -> bool:
    if not isinstance(one, str) or not isinstance(other, str):
        return True
    bare = [re.sub(r"(?i)^(wijk|buurt)\s+\w?\d+\s+", "", text) for text in (one, other)]
    letters = [facts.letters(text) for text in bare]
    if not all(letters) or letters[0] in letters[1] or letters[1] in letters[0]:
        return True
    words = [{facts.letters(w) for w in re.findall(r"[^\W\d_]{4,}", text)} - COMMON for text in bare]
    return bool(words[0] & words[1]) or difflib.SequenceMatcher(None, letters[0], letters[1]).ratio() >= ALIKE


# Words that many wijken have in their name, and that do not tell them apart.
COMMON = {
    "wijk",
    "buurt",
    "centrum",
    "noord",
    "zuid",
    "oost",
    "west",
    "overig",
    "verspreide",
    "huizen",
    "omgeving",
}
