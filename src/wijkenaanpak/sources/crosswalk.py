"""Which part of a CBS wijk or buurt lies in which PC4."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from wijkenaanpak.sources import cells, coding, files, tables
from wijkenaanpak.sources.boundaries import MAPS, read_cbs_boundaries
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.observations import Regional

SLIVER = 0.001  # smaller overlaps are the drawing of the border
COLUMNS = ["code", "name", "pc4", "share", "share_pc4", "basis", "year", "table", "rank", "n"]
# Of one code the best basis counts: addresses follow people, an area overlay spreads them evenly over a wijk.
RANKS = {
    "adressen": 0,
    "postcodes van zes tekens": 0,
    "vierkanten": 0,
    "oppervlakte": 1,
    "meest voorkomende postcode": 2,
}
MORE = (
    1.05  # the parts of an area are not more than all of it, but for rounding and the drawing of the border
)
FEW = 0.02  # when fewer of the codes are lacking, no further crosswalk is made


def read_crosswalk(
    folder: Path,
    boundaries: gpd.GeoDataFrame | None,
    places: pd.DataFrame,
    log: Log,
    wanted: set[str] | None = None,
) -> pd.DataFrame | None:
    """Read which share of each CBS wijk or buurt lies in which PC4.

    Addresses of CBS, tables of shares or of addresses (``*pc4_x_*.csv``), an overlay of the maps of wijken and PC4,
    the most common postcode of each buurt: the last two only for codes that the tables lack. Which of several tables
    counts for a code is chosen where figures are converted.

    Parameters
    ----------
    folder : Path
        Data folder.
    boundaries : GeoDataFrame or None
        PC4 shapes.
    places : DataFrame
        See ``observations.Regional``.
    log : Log
        Where the choice is written down.
    wanted : set of str, optional
        Codes that have figures.

    Returns
    -------
    DataFrame or None
        code, name, pc4, share (of the code that is in the PC4), share_pc4 (of the PC4 that is in the code), basis,
        year (0 where unknown), table (which file), rank (lower is better).
    """
    parts: list[pd.DataFrame] = []
    for pattern, read in (("pc6*gwb*", _by_addresses), ("*pc4_x_*.*", _by_shares)):
        for path in files.matches(folder, pattern):
            if Path(path.name).suffix.lower() not in TABLES:
                continue
            _take(path, read, log, parts, path, log)
    covered = bool(parts) and not _lacking(parts, wanted)
    for path in _cbs_maps(folder):
        if boundaries is None:
            log.leave(
                path,
                "een kaart van wijken helpt alleen met een kaart van postcodegebieden (*pc4*.gpkg) erbij",
            )
        elif covered:
            log.leave(path, "niet nodig: er is een omrekentabel voor deze gebieden")
        else:
            _take(path, _by_overlay, log, parts, path, boundaries, log)
    if len(places) and (not parts or _lacking(parts, wanted)):
        parts.append(_by_postcode(places, parts, log))
    if not parts:
        return None
    table = pd.concat(parts, ignore_index=True)
    table = table.assign(rank=table["basis"].map(RANKS).fillna(1).astype(int), n=table.get("n", np.nan))
    return table[COLUMNS]


TABLES = (".csv", ".txt", ".xlsx", ".xls")


def _take(
    path: Location, read: Callable[..., pd.DataFrame], log: Log, parts: list[pd.DataFrame], *arguments: Any
) -> None:
    """Add what a file holds to the parts, or set it aside when it is something else."""
    try:
        parts.append(read(*arguments))
        log.use(path, "omrekening van wijken en buurten naar postcodegebieden")
    except files.OtherFile as error:
        log.leave(path, str(error))


def _lacking(parts: list[pd.DataFrame], wanted: set[str] | None) -> bool:
    """Whether codes with figures are in none of the tables, and more than a few; a buurt may be there with its wijk."""
    known = set().union(*(part["code"] for part in parts))
    unplaced = [c for c in wanted or () if c not in known and f"WK{c[2:8]}" not in known]
    return len(unplaced) > FEW * len(wanted or ())


def _by_postcode(places: pd.DataFrame, parts: list[pd.DataFrame], log: Log) -> pd.DataFrame:
    """Place the buurten that no table has in their most common postcode."""
    latest = places.sort_values("period").drop_duplicates("code", keep="last")
    known = set().union(*(part["code"] for part in parts))
    latest = latest[~latest["code"].isin(known) & ~("WK" + latest["code"].str[2:8]).isin(known)]
    table = latest.rename(columns={"period": "year"}).assign(
        name=None, basis="meest voorkomende postcode", table="Kerncijfers"
    )
    table["share_pc4"] = 1 / table.groupby("pc4")["code"].transform("size")
    log.add("Kerncijfers", "buurten bij hun meest voorkomende postcode", len(table))
    return table


def _year_in(name: str) -> int:
    found = re.search(r"(?:19|20)\d\d", name)
    return int(found[0]) if found else 0


def _by_addresses(path: Location, log: Log) -> pd.DataFrame:
    """Count the addresses (PC6 and house number, or PC6 alone) that each wijk and buurt has in each PC4."""
    head = [c.strip('"') for c in tables.header(path)]
    columns = {
        kind: next((c for c in head if c.casefold().startswith(kind)), None) for kind in ("wijk", "buurt")
    }
    used = [c for c in columns.values() if c]
    frame = tables.read_table(path, ["PC6", *used], log)
    pc6 = frame["PC6"].fillna("").str.replace(" ", "").str.upper()
    wrong = ~pc6.str.fullmatch(r"[1-9][0-9]{3}[A-Z]{2}")
    cells.refuse(wrong, frame, "PC6", path, "is geen postcode van zes tekens; verbeter de code")
    parts = []
    for kind, column in columns.items():
        if column is None:
            continue
        codes = coding.cbs_codes(frame, column, path, coding.KINDS[kind], kind)
        pairs = pd.DataFrame({"code": codes, "pc4": pc6.str[:4]}).value_counts().rename("n").reset_index()
        parts.append(_shares(pairs))
    log.add(path, "adressen in de omrekentabel", len(frame))
    houses = any(c.casefold().startswith("huisn") for c in head)
    basis = "adressen" if houses else "postcodes van zes tekens"
    return pd.concat(parts, ignore_index=True).assign(
        name=None, basis=basis, year=_year_in(path.name), table=path.name
    )


def _shares(pairs: pd.DataFrame) -> pd.DataFrame:
    """Turn counts of addresses into the share of each code in each PC4, and of each PC4 in each code."""
    return pairs.assign(
        share=pairs["n"] / pairs.groupby("code")["n"].transform("sum"),
        share_pc4=pairs["n"] / pairs.groupby("pc4")["n"].transform("sum"),
    )


def _by_shares(path: Location, log: Log) -> pd.DataFrame:
    """Read a table of overlaps: pc4, the code of a wijk or buurt, and the shares in each other or the addresses."""
    head = tables.header(path)
    kind = (
        "buurt"
        if any(c.casefold().startswith(("buurt_code", "buurt2", "buurtcode")) for c in head)
        else "wijk"
    )
    code = next((c for c in head if re.match(rf"{kind}(_?code|\d{{4}})", c, re.IGNORECASE)), f"{kind}_code")
    addresses = next((c for c in head if c.casefold() in ("adressen", "aantal_adressen")), None)
    columns = ["pc4", code, addresses] if addresses else ["pc4", code, "share_pc4", f"share_{kind}"]
    frame = tables.read_table(path, columns, log)
    codes = coding.cbs_codes(frame, code, path, coding.KINDS[kind], kind)
    table = pd.DataFrame({"code": codes, "pc4": coding.postcodes(frame, "pc4", path)})
    year = _year_in(code) or _year_in(path.name)
    if addresses:
        table["n"] = cells.numbers(frame, addresses, path)
        wrong = table["n"].isna() | (table["n"] < 0)
        cells.refuse(wrong, frame, addresses, path, "is geen aantal adressen; verbeter de waarde")
        table = _shares(cells.once(table, ["code", "pc4"], path, log))
        log.add(path, f"overlappen van postcodegebied en {kind}, naar adressen", len(table))
        return table.assign(name=None, basis="adressen", year=year, table=path.name)
    for name, column in (("share", f"share_{kind}"), ("share_pc4", "share_pc4")):
        table[name] = cells.numbers(frame, column, path)
        cells.within(table[name], 0, 1.001, frame, column, path)
        cells.refuse(table[name].isna(), frame, column, path, "ontbreekt; vul het aandeel in")
    table = cells.once(table, ["code", "pc4"], path, log)
    for name, of, column in (("share", "code", f"share_{kind}"), ("share_pc4", "pc4", "share_pc4")):
        total = table.groupby(of)[name].transform("sum").reindex(frame.index)
        fault = f"is samen met de andere delen van {table[of].get(total.idxmax(), '')} meer dan het geheel; verbeter de aandelen"
        cells.refuse(total > MORE, frame, column, path, fault)
    names = next((c for c in frame if c.casefold().startswith(f"{kind}_naam")), None)
    table["name"] = frame[names] if names else None
    log.add(path, f"overlappen van postcodegebied en {kind}", len(table))
    return table.assign(basis="oppervlakte", year=year, table=path.name)


def _cbs_maps(folder: Path) -> list[Location]:
    """List the maps of wijken and buurten, by the names CBS gives them: wijk_2018_v3.shp, wijkenbuurten_2022.gpkg."""
    found = [p for kind in ("*wijk*", "*buurt*") for p in files.matches(folder, kind)]
    return [
        p for p in dict.fromkeys(found) if Path(p.name).suffix.lower() in MAPS and "pc4" not in p.name.lower()
    ]


def _by_overlay(path: Location, boundaries: gpd.GeoDataFrame, log: Log) -> pd.DataFrame:
    """Lay the map of PC4 over that of wijken or buurten; slivers below a thousandth of both are left out."""
    shapes = read_cbs_boundaries(path, log)
    pieces = gpd.overlay(boundaries[["area", "geometry"]], shapes, keep_geom_type=True)
    size = pieces.geometry.area.to_numpy()
    share = size / pieces["code"].map(shapes.set_index("code").geometry.area).to_numpy()
    of_pc4 = size / pieces["area"].map(boundaries.set_index("area").geometry.area).to_numpy()
    table = pd.DataFrame(
        {
            "code": pieces["code"],
            "name": pieces["name"],
            "pc4": pieces["area"],
            "share": share.clip(0, 1),
            "share_pc4": of_pc4,
        }
    )
    table = table[(table["share"] > SLIVER) | (table["share_pc4"] > SLIVER)]
    log.add(path, "overlappen van postcodegebied en wijk of buurt, uit de kaarten", len(table))
    return table.assign(basis="oppervlakte", year=_year_in(path.name), table=path.name)


def with_squares(
    crosswalk: pd.DataFrame | None, regional: list[Regional], boundaries: gpd.GeoDataFrame, log: Log
) -> pd.DataFrame | None:
    """Add the squares of 100 metres that have figures: each lies in the PC4 its centre is in, and all weigh the same."""
    codes = pd.concat([r.rows["code"] for r in regional] or [pd.Series(dtype=str)]).drop_duplicates()
    codes = codes[codes.str.fullmatch(coding.SQUARE.pattern)].reset_index(drop=True)
    if not len(codes):
        return crosswalk
    corner = codes.str.extract(coding.SQUARE).astype(int) * 100 + 50
    centres = gpd.GeoDataFrame(
        {"code": codes}, geometry=gpd.points_from_xy(corner[0], corner[1]), crs=boundaries.crs
    )
    inside = centres.sjoin(boundaries[["area", "geometry"]], predicate="within").drop_duplicates("code")
    log.add("Leefbaarometer", "vierkanten van 100 meter bij hun postcodegebied", len(inside))
    table = pd.DataFrame({"code": inside["code"], "pc4": inside["area"]}).assign(
        name=None, share=1.0, basis="vierkanten", year=0, table="vierkanten", rank=0
    )
    table["share_pc4"] = 1 / table.groupby("pc4")["code"].transform("size")
    return table if crosswalk is None else pd.concat([crosswalk, table], ignore_index=True)
