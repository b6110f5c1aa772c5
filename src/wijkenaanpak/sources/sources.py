"""One data folder, read whole: observations, areas, the list of treated PC4, the map.

A data folder is searched by file name (data/README.md lists the names). The readers of ``publishers`` give
observations of PC4, and figures of CBS areas that a crosswalk turns into PC4 here. Wrong input raises one
:class:`SourceError` that names file, row, column and way out; what is left out on purpose is counted in the log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from wijkenaanpak import RAW, SourceError
from wijkenaanpak.sources import files, forms, publishers
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.publishers import COLUMNS, Regional, read_wijken

TREATED_COLUMNS = ["wijk", "pc4", "zekerheid", "bron"]
WITH_CANDIDATES = "Aandachtswijken en kandidaten"
WITH_LIKELY = "Aandachtswijken en waarschijnlijke kandidaten"
LIKELY = ("kandidaat S", "kandidaat A")  # by label in StatLine, or by the name of the wijk
GROUPS = ("G18", "Aandachtswijken", "Niet-aandachtswijken", WITH_CANDIDATES, WITH_LIKELY)
MAPS = (".gpkg", ".geojson", ".json", ".shp")
OWN_LIST = "SCP, Werk aan de wijk (2013), bijlage A"
# A PC4 of which a smaller share than this is known would be another area than its name says.
LEAST_COVERED = 0.5
ONE_PIECE = 0.9  # a PC4 with this share of its people in one wijk or buurt is taken as of one piece
SLIVER = 0.001  # smaller overlaps are the drawing of the border


class NothingThere(SourceError):
    """A folder without any file that is known."""


@dataclass(frozen=True)
class Tables:
    """Everything one data folder holds.

    Attributes
    ----------
    areas : DataFrame
        area, name, level (pc4, aandachtswijk, gemeente, land, groep), gemeente, aandachtswijk, and
        zekerheid: for a PC4 of an aandachtswijk, how certain that is.
    indicators : DataFrame
        The codebook.
    observations : DataFrame
        ``COLUMNS``; one row per indicator, area and period.
    treated : DataFrame
        ``TREATED_COLUMNS``: which PC4 belong to which aandachtswijk, and how certain that is.
    list_name : str
        Which list that is, for the reader.
    boundaries : GeoDataFrame or None
        area, geometry (RD New).
    scores : DataFrame or None
        area, score: the selection score of 2007, higher is more deprived.
    later : DataFrame or None
        area, year: PC4 of the 40+ wijken, awarded in 2009 and 2010.
    crosswalk : DataFrame or None
        code (of a CBS wijk or buurt), pc4, share (of the code, in the PC4), basis, year: see :func:`read_crosswalk`.
    forms : dict of str to DataFrame
        The filled-in forms that are there, by name; see ``forms``.
    log : DataFrame
        file, what, count.
    simulated : bool
        Whether the folder is the practice panel.
    """

    areas: pd.DataFrame
    indicators: pd.DataFrame
    observations: pd.DataFrame
    treated: pd.DataFrame
    list_name: str
    boundaries: gpd.GeoDataFrame | None
    scores: pd.DataFrame | None
    later: pd.DataFrame | None
    crosswalk: pd.DataFrame | None
    forms: dict[str, pd.DataFrame]
    log: pd.DataFrame
    simulated: bool

    @property
    def treated_by_project(self) -> bool:
        """Whether the list of wijken is the project's own, and not one from the folder."""
        return self.list_name.startswith(OWN_LIST)


# ---- lists -----------------------------------------------------------------------------------------


def read_treated(folder: Path, regions: pd.DataFrame | None = None, log: Log | None = None) -> pd.DataFrame:
    """Read which PC4 are in which aandachtswijk.

    The first that is present: ``aandachtswijken_pc4.csv`` in the folder, the region list of StatLine
    71718ned, the project's own list of established PC4. The own list is supplemented with candidates
    (``*pc4_candidates*.csv``), for the wijken it has no PC4 of.

    Parameters
    ----------
    folder : Path
        Data folder.
    regions : DataFrame, optional
        wijk, pc4 from StatLine 71718ned.
    log : Log, optional
        Where the choice is written down.

    Returns
    -------
    DataFrame
        ``TREATED_COLUMNS``, every PC4 once; `attrs["name"]` tells the reader which list it is.
    """
    log = log or Log()
    given = files.find(folder, "aandachtswijken_pc4.csv")
    if given is None and regions is not None and len(regions):
        if (unknown := regions["wijk"].isna()).any():
            raise SourceError(
                f"71718ned/RegioS: postcode {regions.loc[unknown, 'pc4'].iloc[0]} hoort bij een wijk die geen van de 40 "
                "aandachtswijken is; zet de juiste lijst als aandachtswijken_pc4.csv in de map."
            )
        log.add("71718ned", "postcodegebieden van de wijkenlijst, uit de regio-indeling", len(regions))
        regions = regions.assign(zekerheid="StatLine 71718ned", bron="regio-indeling van StatLine 71718ned")
        regions.attrs["name"] = "de regio-indeling van StatLine 71718ned"
        return regions
    path = given or RAW / "aandachtswijken_pc4.csv"
    name = f"{path.name} in de gegevensmap" if given else OWN_LIST
    treated = files.read_table(path, TREATED_COLUMNS)[TREATED_COLUMNS]
    treated["pc4"] = files.postcodes(treated, "pc4", path)
    treated = files.once(treated, ["pc4"], path, log)
    wijken = read_wijken()
    fault = "is geen van de 40 aandachtswijken; schrijf de naam als in data/raw/aandachtswijken.csv"
    files.refuse(~treated["wijk"].isin(wijken["area"]), treated, "wijk", path, fault)
    log.add(path, "postcodegebieden van de wijkenlijst", len(treated))
    candidates = files.find(folder, "*pc4_candidates*.csv")
    if given is None and candidates is not None:
        extra = files.read_table(candidates, ["wijk_officieel", "pc4", "tier", "basis"])
        extra["pc4"] = files.postcodes(extra, "pc4", candidates)
        extra = files.once(extra, ["pc4"], candidates, log)
        files.refuse(
            extra["tier"].isna(), extra, "tier", candidates, "zegt niet hoe zeker het is; vul een letter in"
        )
        named = extra["wijk_officieel"].isin(wijken["official_name"])
        log.add(
            candidates, "kandidaat-postcodegebieden met een onbekende wijknaam, weggelaten", (~named).sum()
        )
        extra = extra.merge(wijken, left_on="wijk_officieel", right_on="official_name")
        extra = extra[~extra["area"].isin(treated["wijk"]) & ~extra["pc4"].isin(treated["pc4"])]
        extra = extra.assign(wijk=extra["area"], zekerheid="kandidaat " + extra["tier"], bron=extra["basis"])
        name += f", aangevuld met kandidaten uit {candidates.name}"
        log.add(candidates, "kandidaat-postcodegebieden voor wijken zonder vastgestelde", len(extra))
        treated = pd.concat([treated, extra[TREATED_COLUMNS]], ignore_index=True)
    treated = treated.sort_values(["wijk", "pc4"]).reset_index(drop=True)
    treated.attrs["name"] = name
    return treated


def is_candidate(certainty: pd.Series) -> pd.Series:
    """Tell which entries of a column `zekerheid` are candidates; a missing one is none."""
    return certainty.fillna("").str.startswith("kandidaat")


def read_gemeenten(path: Location, log: Log | None = None) -> pd.DataFrame:
    """Read the gemeente of every PC4 (CBS): area, gemeente; those merged into one of the 18 cities are that city."""
    frame = files.read_table(path, ["pc4", "gemeente"])
    areas = pd.DataFrame(
        {
            "area": files.postcodes(frame, "pc4", path),
            "gemeente": frame["gemeente"].map(publishers.gemeente, "ignore"),
        }
    )
    areas = files.once(areas, ["area"], path, log)
    merged = publishers.read_mergers()
    now = merged[merged["geheel"] == 1].set_index("gemeente")["opgegaan_in"]
    former = areas["gemeente"].isin(now.index)
    areas["gemeente"] = areas["gemeente"].where(~former, areas["gemeente"].map(now))
    known = areas.dropna()
    if log is not None:
        log.add(path, "postcodegebieden met hun gemeente", len(known))
        log.add(path, "daarvan van een gemeente die in een van de 18 steden opging", former.sum())
        log.add(path, "postcodegebieden zonder gemeente, weggelaten", len(areas) - len(known))
    return known


def read_scores(path: Location, log: Log | None = None) -> pd.DataFrame:
    """Read the score by which the wijken were selected: area, score (higher is more deprived)."""
    frame = files.read_table(path, ["pc4", "score_2006"])
    scores = pd.DataFrame(
        {"area": files.postcodes(frame, "pc4", path), "score": files.numbers(frame, "score_2006", path)}
    )
    scores = files.once(scores, ["area"], path, log)
    if log is not None:
        log.add(path, "selectiescores van postcodegebieden", len(scores))
    return scores


def read_later(path: Location, treated: pd.DataFrame, log: Log | None = None) -> pd.DataFrame:
    """Read which PC4 are in a 40+ wijk: area, year of award; none of them may be treated earlier."""
    frame = files.read_table(path, ["tranche", "wijk", "pc4"])
    later = pd.DataFrame(
        {
            "area": files.postcodes(frame, "pc4", path),
            "year": 2008 + files.whole(frame, "tranche", path, 1, 2),
        }
    )
    later = files.once(later, ["area"], path, log)
    both = later["area"].isin(treated["pc4"])
    files.refuse(
        both, frame, "pc4", path, "staat ook op de lijst van aandachtswijken; haal hem uit een van beide"
    )
    if log is not None:
        log.add(path, "postcodegebieden van 40+-wijken", len(later))
    return later


# ---- from CBS areas to PC4 -------------------------------------------------------------------------


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
        See ``publishers.Regional``.
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


def gemeenten_of(crosswalk: pd.DataFrame, regional: list[Regional], log: Log) -> pd.DataFrame | None:
    """Tell the gemeente of each PC4, without a table of them: the one with the largest part of it; area, gemeente."""
    rows = pd.concat([r.rows[["code", "gemeente", "period"]] for r in regional])
    rows = rows[rows["code"].str.match(r"(GM|WK|BU)")].dropna().sort_values("period")
    rows["code"] = "GM" + rows["code"].str[2:6]
    names = rows.drop_duplicates("code", keep="last").set_index("code")["gemeente"]
    if not len(names):
        return None
    own = crosswalk.assign(gemeente=("GM" + crosswalk["code"].str[2:6]).map(names)).dropna(subset="gemeente")
    parts = own.groupby(["pc4", "gemeente"])["share_pc4"].sum().reset_index().sort_values("share_pc4")
    found = parts.drop_duplicates("pc4", keep="last").rename(columns={"pc4": "area"}).sort_values("area")
    log.add("Kerncijfers", "postcodegebieden met hun gemeente, uit de omrekentabel", len(found))
    return found[["area", "gemeente"]].reset_index(drop=True)


def _year_in(name: str) -> int:
    found = re.search(r"(?:19|20)\d\d", name)
    return int(found[0]) if found else 0


def _by_addresses(path: Location, log: Log) -> pd.DataFrame:
    """Count the addresses (PC6 and house number) that each wijk and buurt has in each PC4."""
    head = [c.strip('"') for c in files.header(path)]
    columns = {
        kind: next((c for c in head if c.casefold().startswith(kind)), None) for kind in ("wijk", "buurt")
    }
    used = [c for c in columns.values() if c]
    frame = files.read_table(path, ["PC6", *used], log)
    pc6 = frame["PC6"].fillna("").str.replace(" ", "").str.upper()
    wrong = ~pc6.str.fullmatch(r"[1-9][0-9]{3}[A-Z]{2}")
    files.refuse(wrong, frame, "PC6", path, "is geen postcode van zes tekens; verbeter de code")
    parts = []
    for kind, column in columns.items():
        if column is None:
            continue
        codes = files.cbs_codes(frame, column, path, publishers.KINDS[kind], kind)
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
    head = files.header(path)
    kind = "buurt" if any(c.casefold().startswith("buurt_code") for c in head) else "wijk"
    code = next((c for c in head if c.casefold().startswith(f"{kind}_code")), f"{kind}_code")
    frame = files.read_table(path, ["pc4", code, "share_pc4", f"share_{kind}"], log)
    codes = files.cbs_codes(frame, code, path, publishers.KINDS[kind], kind)
    table = pd.DataFrame({"code": codes, "pc4": files.postcodes(frame, "pc4", path)})
    for name, column in (("share", f"share_{kind}"), ("share_pc4", "share_pc4")):
        table[name] = files.numbers(frame, column, path)
        files.within(table[name], 0, 1.001, frame, column, path)
        files.refuse(table[name].isna(), frame, column, path, "ontbreekt; vul het aandeel in")
    table = files.once(table, ["code", "pc4"], path, log)
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
    shapes = publishers.read_cbs_boundaries(path, log)
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


def _with_squares(
    crosswalk: pd.DataFrame | None, regional: list[Regional], boundaries: gpd.GeoDataFrame, log: Log
) -> pd.DataFrame | None:
    """Add the squares of 100 metres that have figures: each lies in the PC4 its centre is in, and all weigh the same."""
    codes = pd.concat([r.rows["code"] for r in regional] or [pd.Series(dtype=str)]).drop_duplicates()
    codes = codes[codes.str.fullmatch(publishers.SQUARE.pattern)].reset_index(drop=True)
    if not len(codes):
        return crosswalk
    corner = codes.str.extract(publishers.SQUARE).astype(int) * 100 + 50
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
        .map(publishers.plain)
        for s in (names, known)
    ]
    same = [not a or not b or a in b or b in a for a, b in zip(*bare, strict=True)]
    return pd.Series(same, names.index)


# ---- the folder ------------------------------------------------------------------------------------


def read_folder(folder: Path) -> Tables:
    """Read a data folder whole.

    Parameters
    ----------
    folder : Path
        Searched with its subfolders and zips; see data/README.md for the file names.

    Returns
    -------
    Tables

    Raises
    ------
    SourceError
        For wrong input, or a folder without any file that is known.
    """
    log, codebook = Log(), publishers.read_codebook()
    parts, regional, regions = _observed(folder, codebook, log)
    if not parts and not regional:
        raise NothingThere(
            f"In de map {folder.name} staat geen bestand met een bekende naam; data/README.md noemt welke bestanden gelezen worden."
        )
    boundaries = _boundaries(folder, log)
    places = pd.concat([r.places for r in regional]) if regional else pd.DataFrame()
    crosswalk = read_crosswalk(folder, boundaries, places, log) if regional else None
    if boundaries is not None:
        crosswalk = _with_squares(crosswalk, regional, boundaries, log)
    parts += [convert(r, crosswalk, log) for r in regional]
    observations = _preferred(pd.concat(parts, ignore_index=True), log)
    treated = read_treated(folder, regions, log)
    found = files.find(folder, "*pc4_gemeente*.csv")
    gemeenten = read_gemeenten(found, log) if found is not None else None
    if gemeenten is None and crosswalk is not None:
        gemeenten = gemeenten_of(crosswalk, regional, log)
    if gemeenten is None:
        log.add(
            folder,
            "geen tabel met gemeenten (*pc4_gemeente*.csv): postcodegebieden zonder stad als vergelijking",
            1,
        )
    codes = observations["area"].drop_duplicates()
    areas = build_areas(gemeenten, treated, codes[codes.str.fullmatch(files.PC4.pattern)])
    placeless = areas["level"].eq("pc4") & areas["gemeente"].isna()
    log.add(
        folder,
        "postcodegebieden zonder bekende gemeente; die tellen alleen mee voor Nederland",
        placeless.sum(),
    )
    inside = observations["area"].isin(areas["area"])
    log.add(folder, "waarnemingen van gebieden buiten de indeling, weggelaten", (~inside).sum())
    observations = observations[inside].reset_index(drop=True)
    found = files.find(folder, "selectie*.csv")
    scores = read_scores(found, log) if found is not None else None
    found = files.find(folder, "*40plus_pc4*.csv")
    later = read_later(found, treated, log) if found is not None else None
    practice = files.find(folder, "OEFENDATA.json")
    filled = forms.read_all(folder, log, practice is not None)
    if practice is not None:
        observations = observations.assign(status="simulated", source=f"oefendata (seed {_seed(practice)})")
    return Tables(
        areas,
        codebook,
        observations,
        treated,
        treated.attrs["name"],
        boundaries,
        scores,
        later,
        crosswalk,
        filled,
        log.table(),
        practice is not None,
    )


def _observed(
    folder: Path, codebook: pd.DataFrame, log: Log
) -> tuple[list[pd.DataFrame], list[Regional], pd.DataFrame | None]:
    """Read every series in the folder: of PC4, of CBS areas; and the region list of 71718ned."""
    parts: list[pd.DataFrame] = []
    regional: list[Regional] = []
    regions = None

    def add(found: pd.DataFrame | Regional) -> None:
        regional.append(found) if isinstance(found, Regional) else parts.append(found)

    for path in _scores3(folder, log):
        add(publishers.read_leefbaarometer(path, codebook, log))
    for path in _only(files.find(folder, "*lbm2*pc4*.csv")):
        add(publishers.read_leefbaarometer2(path, codebook, log))
    for path in files.matches(folder, "peilingen*.csv"):
        add(publishers.read_peilingen(path, codebook, log))
    for path in _only(_table(folder, publishers.STATLINE)):
        rows, regions = publishers.read_statline(path, codebook, log)
        add(rows)
    for path in _kwb(folder):
        add(publishers.read_kwb(path, codebook, log))
    for path in _only(_table(folder, publishers.CRIME)):
        if publishers.by_region(path):
            add(publishers.read_statline(path, codebook, log)[0])
        else:
            people = pd.concat([Regional.nobody(), *(r.inhabitants for r in regional if len(r.inhabitants))])
            add(publishers.read_crime(path, codebook, people, log))
    return parts, regional, regions


def _only(path: Location | None) -> list[Location]:
    return [] if path is None else [path]


def _scores3(folder: Path, log: Log) -> list[Location]:
    """Files with Leefbaarometer 3.0 scores: of PC4, or else of the smallest areas there are."""
    levels = {kind: [] for kind in ("pc4", "buurt", "wijk", "grid", "gemeente")}  # type: dict[str, list[Location]]
    for pattern in ("*lbm3*.csv", "*leefbaarometer*scores*.csv"):
        for path in files.matches(folder, pattern):
            kind = next((k for k in levels if k in path.name.lower()), None)
            if kind:
                levels[kind].append(path)
            else:
                log.add(path, "niet gebruikt: de naam zegt niet van welke gebieden de scores zijn", 1)
    best = next((kind for kind, found in levels.items() if found), None)
    for kind, found in levels.items():
        for path in found if kind != best else []:
            log.add(path, "niet gebruikt: er zijn scores van kleinere gebieden", 1)
    if best and len(levels[best]) > 1:
        one, other = levels[best][:2]
        raise SourceError(
            f"In de map {folder.name} hebben {one.name} en {other.name} allebei scores van dezelfde gebieden; laat er een staan."
        )
    return levels[best] if best else []


def _table(folder: Path, number: str) -> Location | None:
    """Find a StatLine table: a folder of its parts, or the CSV file that StatLine exports."""
    found = [p for p in files.matches(folder, number) if p.is_dir()]
    found += files.matches(folder, f"*{number}*.csv")
    if len(found) > 1:
        raise SourceError(
            f"In de map {folder.name} staat tabel {number} twee keer: {found[0].name} en {found[1].name}; laat er een staan."
        )
    return found[0] if found else None


def _kwb(folder: Path) -> list[Location]:
    """Files and tables with Kerncijfers wijken en buurten."""
    found = [
        p
        for kind in ("kwb*[0-9]*.csv", "kwb*[0-9]*.xls", "kwb*[0-9]*.xlsx", "woz_pc4*.csv")
        for p in files.matches(folder, kind)
    ]
    tables = [p for number in publishers.KWB_TABLES for p in files.matches(folder, number) if p.is_dir()]
    return [*found, *tables]


def _boundaries(folder: Path, log: Log) -> gpd.GeoDataFrame | None:
    found = [p for p in files.matches(folder, "*pc4*") if Path(p.name).suffix.lower() in MAPS]
    if len(found) > 1:
        raise SourceError(
            f"In de map {folder.name} zijn {found[0].name} en {found[1].name} allebei een kaart van postcodegebieden; laat er een staan."
        )
    return publishers.read_boundaries(found[0], log) if found else None


def _preferred(observations: pd.DataFrame, log: Log) -> pd.DataFrame:
    """Keep one figure of an area and year where two publications have it: the one least converted.

    What it is a share or mean of (`n`) may be known from the other alone.
    """
    keys = ["indicator", "area", "period"]
    ordered = observations.sort_values("error", kind="stable")
    twice = ordered.duplicated(keys)
    if twice.any():
        ordered["n"] = ordered.groupby(keys, sort=False)["n"].transform("first")
    for source, count in ordered.loc[twice, "source"].value_counts().items():
        log.add(str(source), "waarnemingen waar een andere bron voorgaat, weggelaten", count)
    return ordered[~twice].sort_index().reset_index(drop=True)


def _seed(path: Location) -> str:
    found = re.search(r'"seed": *(\d+)', files.decoded(path))
    return found.group(1) if found else "onbekend"


def build_areas(
    gemeenten: pd.DataFrame | None, treated: pd.DataFrame, observed: pd.Series | None = None
) -> pd.DataFrame:
    """List every area a report can use: PC4, wijken, gemeenten, groups, the country.

    Parameters
    ----------
    gemeenten : DataFrame or None
        area (PC4) and gemeente; without it only the treated PC4 exist, and no reference can be formed.
    treated : DataFrame
        ``TREATED_COLUMNS``.
    observed : Series of str, optional
        PC4 that have observations; those without a gemeente are areas too.

    Returns
    -------
    DataFrame
        See ``Tables.areas``.

    Raises
    ------
    SourceError
        When a treated PC4 is not in the table of gemeenten, or in another gemeente than its wijk.
    """
    wijken = read_wijken()
    city = treated["wijk"].str.split("/", n=1).str[0]
    if gemeenten is None:
        gemeenten = pd.DataFrame({"area": treated["pc4"], "gemeente": city})
    own = treated["pc4"].map(gemeenten.set_index("area")["gemeente"])
    if (wrong := own.isna()).any():
        code, wijk, origin = treated.loc[wrong, ["pc4", "wijk", "zekerheid"]].iloc[0]
        raise SourceError(
            f"Postcode {code} van {wijk} ({origin}) komt niet voor in de tabel met gemeenten; "
            "verbeter de lijst in aandachtswijken_pc4.csv."
        )
    if (wrong := own != city).any():
        code, wijk, origin = treated.loc[wrong, ["pc4", "wijk", "zekerheid"]].iloc[0]
        raise SourceError(
            f"Postcode {code} ({origin}) ligt in {own[wrong].iloc[0]}, niet in {wijk}; "
            "verbeter de lijst in aandachtswijken_pc4.csv."
        )
    codes = gemeenten["area"] if observed is None else pd.concat([gemeenten["area"], observed])
    pc4 = pd.DataFrame({"area": codes.drop_duplicates().sort_values(), "level": "pc4"})
    pc4["name"] = pc4["area"]
    pc4["gemeente"] = pc4["area"].map(gemeenten.set_index("area")["gemeente"])
    pc4[["aandachtswijk", "zekerheid"]] = (
        treated.set_index("pc4")[["wijk", "zekerheid"]].reindex(pc4["area"]).to_numpy()
    )
    named = wijken.rename(columns={"wijk": "name"}).assign(
        level="aandachtswijk", aandachtswijk=wijken["area"]
    )
    cities = sorted(set(wijken["gemeente"]))
    rows = [(g, g, "gemeente", g) for g in sorted({*gemeenten["gemeente"], *cities})]
    rows += [("Nederland", "Nederland", "land", None)]
    rows += [(a, a, "groep", None) for a in GROUPS]
    rows += [
        (f"{c}, {kind}", kind, "groep", c)
        for c in cities
        for kind in ("aandachtswijken", "niet-aandachtswijken")
    ]
    rest = pd.DataFrame(rows, columns=["area", "name", "level", "gemeente"])
    areas = pd.concat([pc4, named.drop(columns="official_name"), rest], ignore_index=True)
    return areas[["area", "name", "level", "gemeente", "aandachtswijk", "zekerheid"]]
