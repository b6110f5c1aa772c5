"""Which part of a CBS wijk or buurt lies in which PC4."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pandas as pd

from wijkenaanpak.sources import cells, coding, files, tables
from wijkenaanpak.sources.boundaries import MAPS, read_cbs_boundaries
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.observations import Regional

SLIVER = 0.001  # smaller overlaps are the drawing of the border


def read_crosswalk(
    folder: Path, boundaries: gpd.GeoDataFrame | None, places: pd.DataFrame, log: Log
) -> pd.DataFrame | None:
    """Read which share of each CBS wijk or buurt lies in which PC4.

    The first that is present: addresses (CBS, "Buurt, wijk en gemeente voor postcode huisnummer"), a table of shares
    (``*pc4_x_*.csv``), an overlay of the maps of wijken and PC4, the most common postcode of each buurt in the
    Kerncijfers. Addresses follow people; an area overlay takes people as spread evenly over a wijk.

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

    Returns
    -------
    DataFrame or None
        code, name, pc4, share (of the code that is in the PC4), share_pc4 (of the PC4 that is in the code), basis,
        year (0 where unknown).
    """
    if (path := files.find(folder, "pc6hnr*gwb*")) is not None:
        table = _by_addresses(path, log)
    elif found := files.matches(folder, "*pc4_x_*.csv"):
        table = pd.concat([_by_shares(path, log) for path in found], ignore_index=True)
    elif boundaries is not None and (shapes := _cbs_maps(folder)):
        table = pd.concat([_by_overlay(path, boundaries, log) for path in shapes], ignore_index=True)
    elif len(places):
        latest = places.sort_values("period").drop_duplicates("code", keep="last")
        table = latest.rename(columns={"period": "year"}).assign(
            name=None, basis="meest voorkomende postcode"
        )
        table["share_pc4"] = 1 / table.groupby("pc4")["code"].transform("size")
        log.add("Kerncijfers", "buurten bij hun meest voorkomende postcode", len(table))
    else:
        return None
    return table[["code", "name", "pc4", "share", "share_pc4", "basis", "year"]]


def _year_in(name: str) -> int:
    found = re.search(r"(?:19|20)\d\d", name)
    return int(found[0]) if found else 0


def _by_addresses(path: Location, log: Log) -> pd.DataFrame:
    """Count the addresses (PC6 and house number) that each wijk and buurt has in each PC4."""
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
        shares = {
            name: pairs["n"] / pairs.groupby(of)["n"].transform("sum")
            for name, of in (("share", "code"), ("share_pc4", "pc4"))
        }
        parts.append(pairs.assign(**shares))
    log.add(path, "adressen in de omrekentabel", len(frame))
    return pd.concat(parts, ignore_index=True).assign(name=None, basis="adressen", year=_year_in(path.name))


def _by_shares(path: Location, log: Log) -> pd.DataFrame:
    """Read a table of overlaps: pc4, the code of a wijk or buurt, and the share of each in the other."""
    head = tables.header(path)
    kind = "buurt" if any(c.casefold().startswith("buurt_code") for c in head) else "wijk"
    code = next((c for c in head if c.casefold().startswith(f"{kind}_code")), f"{kind}_code")
    frame = tables.read_table(path, ["pc4", code, "share_pc4", f"share_{kind}"], log)
    codes = coding.cbs_codes(frame, code, path, coding.KINDS[kind], kind)
    table = pd.DataFrame({"code": codes, "pc4": coding.postcodes(frame, "pc4", path)})
    for name, column in (("share", f"share_{kind}"), ("share_pc4", "share_pc4")):
        table[name] = cells.numbers(frame, column, path)
        cells.within(table[name], 0, 1.001, frame, column, path)
        cells.refuse(table[name].isna(), frame, column, path, "ontbreekt; vul het aandeel in")
    table = cells.once(table, ["code", "pc4"], path, log)
    names = next((c for c in frame if c.casefold().startswith(f"{kind}_naam")), None)
    table["name"] = frame[names] if names else None
    log.add(path, f"overlappen van postcodegebied en {kind}", len(table))
    return table.assign(basis="oppervlakte", year=_year_in(code) or _year_in(path.name))


def _cbs_maps(folder: Path) -> list[Location]:
    found = [p for kind in ("*wijken*", "*buurten*") for p in files.matches(folder, kind)]
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
    return table.assign(basis="oppervlakte", year=_year_in(path.name))


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
        name=None, share=1.0, basis="vierkanten", year=0
    )
    table["share_pc4"] = 1 / table.groupby("pc4")["code"].transform("size")
    return table if crosswalk is None else pd.concat([crosswalk, table], ignore_index=True)
