"""One data folder, read whole: observations, areas, the list of treated PC4, the map.

A data folder is searched by file name (data/README.md lists the names). Wrong input raises one
:class:`SourceError` that names file, row, column and way out; what is left out on purpose is counted in the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from wijkenaanpak import SourceError, programme
from wijkenaanpak.programme import Programme
from wijkenaanpak.sources import cities, coding, facts, files, forms, inventory, statline, tables
from wijkenaanpak.sources.areas import (
    GROUPS,
    build_areas,
    gemeenten_of,
    read_elsewhere,
    read_gemeenten,
    read_later,
    read_scores,
    read_treated,
    rest_of,
    treated_of,
)
from wijkenaanpak.sources.boundaries import MAPS, read_boundaries
from wijkenaanpak.sources.convert import convert
from wijkenaanpak.sources.crosswalk import read_crosswalk, with_squares
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.observations import COLUMNS, Regional
from wijkenaanpak.sources.own import with_areas, with_treated, without_coarser
from wijkenaanpak.sources.publishers import (
    kerncijfers,
    leefbaarometer,
    leefbaarometer2,
    outcomemonitor,
    peilingen,
    police,
    population,
)


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
        ``TREATED_COLUMNS``: which PC4 belong to which wijk of the programme, and how certain that is.
    list_name : str
        Which list that is, for the reader.
    boundaries : GeoDataFrame or None
        area, geometry (RD New).
    scores : DataFrame or None
        area, score: the selection score, higher is more deprived.
    later : DataFrame or None
        area, year: PC4 of later rounds, and when they were awarded.
    elsewhere : list of str
        PC4 of another programme: no comparison.
    crosswalk : DataFrame or None
        code (of a CBS wijk or buurt), pc4, share (of the code, in the PC4), basis, year: see :func:`read_crosswalk`.
    forms : dict of str to DataFrame
        The filled-in forms that are there, by name; see ``forms``.
    log : DataFrame
        file, what, count.
    population : DataFrame or None
        area, period, inwoners, huishoudens and more: who lived where before the programme; weights and covariates.
    inventory : DataFrame
        bestand, gebruik, reden: every file of the folder, what it is used for, or why it is not used.
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
    elsewhere: list[str]
    crosswalk: pd.DataFrame | None
    forms: dict[str, pd.DataFrame]
    log: pd.DataFrame
    population: pd.DataFrame | None
    inventory: pd.DataFrame
    simulated: bool


def read_folder(folder: Path, of: Programme | None = None) -> Tables:
    """Read a data folder whole.

    Parameters
    ----------
    folder : Path
        Searched with its subfolders and zips; see data/README.md for the file names.
    of : Programme, optional
        Whose wijken they are; by default the project's own.

    Returns
    -------
    Tables

    Raises
    ------
    SourceError
        For wrong input, or a folder without any outcome.
    """
    log, of = Log(), of or programme.main()
    own = cities.read_own(folder, facts.read_codebook(), log, of)
    codebook = _judged(own.indicators, of)
    parts, regional, regions = _observed(folder, codebook, log)
    parts += [own.rows] if len(own.rows) else []
    boundaries = _boundaries(folder, log)
    crosswalk = _crosswalk(folder, boundaries, regional, log)
    parts += [convert(r, crosswalk, log, _people(regional)) for r in regional]
    observations = _preferred(_together(parts), log)
    if not of.main:
        observations = _without_groups(observations, folder, log)
    if not len(observations):
        raise NothingThere(_nothing(folder, log))
    treated = _noted(read_treated(folder, regions, log, of), folder, log, of)
    codes = observations["area"].drop_duplicates()
    codes = codes[codes.str.fullmatch(coding.PC4.pattern)]
    gemeenten, where = _gemeenten(folder, crosswalk, regional, codes, log)
    areas = with_areas(build_areas(gemeenten, treated, codes, where, log, of), own.areas)
    observations = without_coarser(_inside(observations, areas, folder, log), own.areas, log)
    treated = with_treated(treated, own.areas, "gebieden in de gegevensmap")
    found = (
        _one(folder, "selectie*.csv", "scores waarop de wijken gekozen zijn", log, "pc4", "score_2006")
        if of.main
        else None
    )
    scores = read_scores(found, log) if found is not None else None
    found = (
        _one(folder, of.later, "postcodegebieden van een latere ronde", log, "pc4", "tranche")
        if of.later
        else None
    )
    later = read_later(found, treated, log, of) if found is not None else None
    practice = _one(folder, "OEFENDATA.json", "kenmerk van de oefendata", log)
    filled = forms.read_all(folder, log, practice is not None) if of.main else {}
    people = _population(folder, log)
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
        read_elsewhere(of, log),
        crosswalk,
        filled,
        log.table(),
        people,
        inventory.table(folder, log),
        practice is not None,
    )


def _judged(codebook: pd.DataFrame, of: Programme) -> pd.DataFrame:
    """Judge a question by the outcome that the programme names, where it names one."""
    for vraag, outcome in of.outcomes.items():
        here = codebook["question"] == vraag
        if outcome not in set(codebook.loc[here & (codebook["direction"] != 0), "indicator"]):
            raise SourceError(
                f"{of.path.name}: [vragen.{vraag}] uitkomst = {outcome!r} is geen uitkomst van deze vraag; kies er een uit "
                "indicatoren.csv of uit een eigen uitkomsten.csv."
            )
        codebook = codebook.assign(
            primary=codebook["primary"].where(~here, (codebook["indicator"] == outcome).astype(int))
        )
    return codebook


def _without_groups(observations: pd.DataFrame, folder: Path, log: Log) -> pd.DataFrame:
    """Leave out what was published of the wijken of the project's own programme together: those of another are other areas."""
    ends = (treated_of(""), rest_of(""))
    group = observations["area"].isin(GROUPS) | observations["area"].str.endswith(ends)
    log.add(folder, "cijfers van groepen wijken van een ander programma, weggelaten", group.sum())
    return observations[~group].reset_index(drop=True)


def _together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put observations below each other; frames without rows would change the types of the others."""
    return pd.concat([p for p in parts if len(p)] or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)


def _population(folder: Path, log: Log) -> pd.DataFrame | None:
    """Read who lived in each PC4, of every year that is there."""
    parts = []
    for path in _named(folder, population.NAME):
        try:
            parts.append(population.read(path, log))
            log.use(path, "bevolking van postcodegebieden")
        except files.OtherFile as error:
            log.leave(path, str(error))
    return population.together(parts)


def _nothing(folder: Path, log: Log) -> str:
    """Say why nothing of a folder could be used: the first file that was set aside, or that no name is known."""
    if log.used:
        used = ", ".join(f"{Path(name).name} ({what})" for name, what in log.used.items())
        return f"In de map {folder.name} staat geen enkele uitkomst, alleen {used}; data/README.md noemt de bestanden met uitkomsten."
    if log.aside:
        return next(iter(log.aside.values()))
    there = sorted(f.name for f in folder.rglob("*") if f.is_file())
    if not there:
        return f"De map {folder.name} is leeg; `make data` haalt op wat online staat, en data/README.md noemt welke bestanden gelezen worden."
    shown = ", ".join(there[:3]) + (f" en {len(there) - 3} andere" if len(there) > 3 else "")
    return (
        f"In de map {folder.name} staat geen bestand met een bekende naam (wel {shown}); data/README.md noemt welke namen gelezen worden. "
        "Een andere tabel telt mee als reeksen.csv (gebied, jaar, indicator, waarde) met gebieden.csv erbij."
    )


def _one(folder: Path, pattern: str, purpose: str, log: Log, *required: str) -> Location | None:
    """Find the only file of that name with these columns; what has the name alone is set aside."""
    paths = files.matches(folder, pattern)
    found = [
        p
        for p in paths
        if len(paths) == 1 or set(required) <= {c.strip().casefold() for c in tables.header(p)}
    ]
    for path in paths:
        if path not in found:
            log.leave(path, f"geen {purpose}: de kolommen {', '.join(required)} zijn er niet alle")
    if len(found) > 1:
        one, other = (str(path).removeprefix(f"{folder}/") for path in found[:2])
        raise SourceError(
            f"In de map {folder.name} passen {one} en {other} allebei op de naam {pattern}; laat er een staan."
        )
    if found:
        log.use(found[0], purpose)
    return found[0] if found else None


def _noted(treated: pd.DataFrame, folder: Path, log: Log, of: Programme) -> pd.DataFrame:
    """Note which lists of wijken of the folder were used."""
    for file in [p for p in of.files() if p.parent == folder]:
        log.use(file, f"het programma: {of.aanpak}")
    for pattern in (programme.main().postcodes, "*pc4_candidates*.csv"):
        for path in files.matches(folder, pattern):
            if path.name in treated.attrs["name"]:
                log.use(path, "wijkenlijst")
            else:
                log.leave(path, f"de lijst is {treated.attrs['name']}")
    return treated


def _crosswalk(
    folder: Path, boundaries: gpd.GeoDataFrame | None, regional: list[Regional], log: Log
) -> pd.DataFrame | None:
    """Read the crosswalk for the areas that have figures."""
    if not regional:
        return None
    codes = pd.concat([r.rows["code"] for r in regional]).drop_duplicates()
    wanted = set(codes[codes.str.startswith(("WK", "BU"))])
    places = pd.concat([r.places for r in regional])
    crosswalk = read_crosswalk(folder, boundaries, places, log, wanted)
    return crosswalk if boundaries is None else with_squares(crosswalk, regional, boundaries, log)


def _gemeenten(
    folder: Path, crosswalk: pd.DataFrame | None, regional: list[Regional], codes: pd.Series, log: Log
) -> tuple[pd.DataFrame | None, str]:
    """Read the gemeente of each PC4, or else tell it from the crosswalk; and which file says so."""
    found = _one(folder, "*pc4_gemeente*.csv", "gemeente van elk postcodegebied", log, "pc4", "gemeente")
    if found is not None:
        return read_gemeenten(found, log), found.name
    gemeenten = gemeenten_of(crosswalk, regional, log) if crosswalk is not None else None
    if gemeenten is None:
        what = "geen tabel met gemeenten (*pc4_gemeente*.csv): postcodegebieden zonder stad als vergelijking"
        log.add(folder, what, min(len(codes), 1))
    return gemeenten, "de omrekentabel"


def _inside(observations: pd.DataFrame, areas: pd.DataFrame, folder: Path, log: Log) -> pd.DataFrame:
    """Keep the observations of known areas, and count and name the others."""
    placeless = areas["level"].eq("pc4") & areas["gemeente"].isna()
    what = "postcodegebieden zonder bekende gemeente; die tellen alleen mee voor Nederland"
    log.add(folder, what, placeless.sum())
    inside = observations["area"].isin(areas["area"])
    example = f", zoals {observations.loc[~inside, 'area'].iloc[0]}" if (~inside).any() else ""
    log.add(folder, f"waarnemingen van gebieden buiten de indeling, weggelaten{example}", (~inside).sum())
    return observations[inside].reset_index(drop=True)


def _observed(
    folder: Path, codebook: pd.DataFrame, log: Log
) -> tuple[list[pd.DataFrame], list[Regional], pd.DataFrame | None]:
    """Read every series in the folder: of PC4, of CBS areas; and the region list of 71718ned.

    A file that has the name of a publication and is something else is set aside.
    """
    parts: list[pd.DataFrame] = []
    regional: list[Regional] = []
    regions = None

    def add(path: Location, purpose: str, read: Callable[..., Any], *arguments: Any) -> None:
        try:
            found = read(*arguments)
        except files.OtherFile as error:
            log.leave(path, str(error))
            return
        log.use(path, purpose)
        regional.append(found) if isinstance(found, Regional) else parts.append(found)

    for path in _named(folder, "*lbm3*", "*leefbaarometer*scores*"):
        add(path, "scores van de Leefbaarometer", leefbaarometer.read, path, codebook, log)
    for path in _named(folder, "*lbm2*pc4*", "*leefbaarometer*2.0*"):
        add(path, "scores van de Leefbaarometer 2.0", leefbaarometer2.read, path, codebook, log)
    for path in _named(folder, "peilingen*"):
        add(path, "eigen peilingen", peilingen.read, path, codebook, log)
    for path in _only(_table(folder, outcomemonitor.TABLE)):
        rows, regions = outcomemonitor.read(path, codebook, log)
        log.use(path, "Outcomemonitor")
        parts.append(rows)
    for path in _kwb(folder):
        add(path, "Kerncijfers", kerncijfers.read, path, codebook, log)
    people = _people(regional)
    for path in _only(_table(folder, statline.CRIME)):
        if police.by_region(path):
            add(path, "geregistreerde misdrijven", _by_name, path, codebook, log)
        else:
            add(path, "geregistreerde misdrijven", police.read, path, codebook, people, log)
    return _agreeing(parts, log), _smallest(regional, parts, log), regions


def _people(regional: list[Regional]) -> pd.DataFrame:
    """Inhabitants of every code, of all Kerncijfers that are there."""
    return pd.concat([Regional.nobody(), *(r.inhabitants for r in regional if len(r.inhabitants))])


def _by_name(path: Location, codebook: pd.DataFrame, log: Log) -> pd.DataFrame:
    return outcomemonitor.read(path, codebook, log)[0]


def _named(folder: Path, *patterns: str) -> list[Location]:
    """Tables of that name, as text or as a workbook."""
    found = [p for pattern in patterns for p in files.matches(folder, pattern)]
    return [p for p in dict.fromkeys(found) if Path(p.name).suffix.lower() in TABLES and not p.is_dir()]


def _only(path: Location | None) -> list[Location]:
    return [] if path is None else [path]


def _agreeing(parts: list[pd.DataFrame], log: Log) -> list[pd.DataFrame]:
    """Let the later of two publications count where they say otherwise of one area and year; refuse two without years."""
    named = [indicator for part in parts for indicator in part["indicator"].unique()]
    if len(set(named)) == len(named):
        return parts
    keys = ["indicator", "area", "period"]
    rows = pd.concat(parts, ignore_index=True)
    year = rows["source"].map({name: _years_in(name) for name in rows["source"].unique()})
    rows = rows.assign(year=year).sort_values("year", ascending=False, kind="stable")
    first = rows.groupby(keys, sort=False)[["value", "year", "source"]].transform("first")
    other = (rows["value"] != first["value"]) & (rows["source"] != first["source"]) & (rows["error"] == 0)
    if (unsure := other & (rows["year"] == first["year"])).any():
        row, kept = rows[unsure].iloc[0], first[unsure].iloc[0]
        raise SourceError(
            f"{kept['source']} ({kept['value']:g}) en {row['source']} ({row['value']:g}) verschillen over {row['indicator']} "
            f"van {row['area']} in {row['period']}; laat van beide bestanden er een staan."
        )
    for source, count in rows.loc[other, "source"].value_counts().items():
        log.add(str(source), "waarnemingen die een latere publicatie anders geeft, weggelaten", count)
    return [rows[~other].sort_index()[COLUMNS]]


def _smallest(regional: list[Regional], parts: list[pd.DataFrame], log: Log) -> list[Regional]:
    """Leave out scores of gemeenten where those of smaller areas are: their means come from these."""
    finer = pd.concat(
        [pd.DataFrame(columns=["indicator", "period"]), *(p[["indicator", "period"]] for p in parts)]
    )
    small = [
        r.rows.loc[~r.rows["code"].str.startswith(("GM", "NL")), ["indicator", "period"]] for r in regional
    ]
    known = set(pd.concat([finer, *small]).drop_duplicates().itertuples(index=False, name=None))
    result = []
    for one in regional:
        keys = pd.Series(
            list(zip(one.rows["indicator"], one.rows["period"], strict=True)), one.rows.index, dtype=object
        )
        scored = one.rows["indicator"].str.startswith("lbm") & one.rows["code"].str.startswith("GM")
        covered = scored & keys.isin(known)
        if covered.any():
            source = str(one.rows["source"].iloc[0])
            log.add(
                source,
                "scores van gemeenten, niet gebruikt: er zijn scores van kleinere gebieden",
                covered.sum(),
            )
        result.append(replace(one, rows=one.rows[~covered]))
    return result


def _table(folder: Path, number: str) -> Location | None:
    """Find a StatLine table: a folder of its parts, or the CSV file that StatLine exports."""
    found = [
        p
        for p in files.everything(folder)
        if p.is_dir() and Path(p.name).stem.casefold() == number.casefold()
    ]
    found += files.matches(folder, f"*{number}*.csv")
    if len(found) > 1:
        raise SourceError(
            f"In de map {folder.name} staat tabel {number} twee keer: {found[0].name} en {found[1].name}; laat er een staan."
        )
    return found[0] if found else None


# Names that CBS and StatLine give to Kerncijfers, to figures by postcode, and to a table downloaded whole.
KWB = (
    *("kwb*[0-9]*", "*kerncijfers*wijken*buurten*", "*[0-9][0-9][0-9][0-9][0-9]ned*", "woz_pc4*"),
    *("pc4_20[0-9][0-9]*", "*cbs_pc4_20[0-9][0-9]*", "*cijfers*postcode-4*", "*cijfers*pc4*"),
)


def _kwb(folder: Path) -> list[Location]:
    """Files and tables with Kerncijfers wijken en buurten, or with cijfers per postcode of CBS."""
    own = {outcomemonitor.TABLE.casefold(), statline.CRIME.casefold()}
    found = [p for p in _named(folder, *KWB) if not any(number in p.name.casefold() for number in own)]
    folders = [p for p in files.everything(folder) if p.is_dir() and Path(p.name).stem.casefold() not in own]
    return [*found, *(p for p in folders if statline.is_table(p))]


TABLES = (".csv", ".txt", ".tsv", ".xlsx", ".xls")


def _boundaries(folder: Path, log: Log) -> gpd.GeoDataFrame | None:
    """Read the map of PC4; of several the latest."""
    found = [
        p for p in files.matches(folder, "*pc4*") + files.matches(folder, "*postcode*4*")
        if Path(p.name).suffix.lower() in MAPS and not p.is_dir()
    ]  # fmt: skip
    found = sorted(dict.fromkeys(found), key=lambda p: _years_in(p.name), reverse=True)
    for path in found[1:]:
        log.leave(path, f"{found[0].name} is de kaart van postcodegebieden die gebruikt is")
    if not found:
        return None
    try:
        shapes = read_boundaries(found[0], log)
    except files.OtherFile as error:
        log.leave(found[0], str(error))
        return None
    log.use(found[0], "grenzen van postcodegebieden")
    return shapes


def _years_in(name: str) -> str:
    found = re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", name)
    return str(found[-1]) if found else ""


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
