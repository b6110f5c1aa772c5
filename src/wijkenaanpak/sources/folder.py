"""One data folder, read whole: observations, areas, the list of treated PC4, the map.

A data folder is searched by file name (data/README.md lists the names). Wrong input raises one
:class:`SourceError` that names file, row, column and way out; what is left out on purpose is counted in the log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import coding, facts, files, forms, statline
from wijkenaanpak.sources.areas import (
    OWN_LIST,
    build_areas,
    gemeenten_of,
    read_gemeenten,
    read_later,
    read_scores,
    read_treated,
)
from wijkenaanpak.sources.boundaries import MAPS, read_boundaries
from wijkenaanpak.sources.convert import convert
from wijkenaanpak.sources.crosswalk import read_crosswalk, with_squares
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.observations import Regional
from wijkenaanpak.sources.publishers import (
    kerncijfers,
    leefbaarometer,
    leefbaarometer2,
    outcomemonitor,
    peilingen,
    police,
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
    log, codebook = Log(), facts.read_codebook()
    parts, regional, regions = _observed(folder, codebook, log)
    if not parts and not regional:
        raise NothingThere(
            f"In de map {folder.name} staat geen bestand met een bekende naam; data/README.md noemt welke bestanden gelezen worden."
        )
    boundaries = _boundaries(folder, log)
    places = pd.concat([r.places for r in regional]) if regional else pd.DataFrame()
    crosswalk = read_crosswalk(folder, boundaries, places, log) if regional else None
    if boundaries is not None:
        crosswalk = with_squares(crosswalk, regional, boundaries, log)
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
    areas = build_areas(gemeenten, treated, codes[codes.str.fullmatch(coding.PC4.pattern)])
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
        add(leefbaarometer.read(path, codebook, log))
    for path in _only(files.find(folder, "*lbm2*pc4*.csv")):
        add(leefbaarometer2.read(path, codebook, log))
    for path in files.matches(folder, "peilingen*.csv"):
        add(peilingen.read(path, codebook, log))
    for path in _only(_table(folder, outcomemonitor.TABLE)):
        rows, regions = outcomemonitor.read(path, codebook, log)
        add(rows)
    for path in _kwb(folder):
        add(kerncijfers.read(path, codebook, log))
    for path in _only(_table(folder, statline.CRIME)):
        if police.by_region(path):
            add(outcomemonitor.read(path, codebook, log)[0])
        else:
            people = pd.concat([Regional.nobody(), *(r.inhabitants for r in regional if len(r.inhabitants))])
            add(police.read(path, codebook, people, log))
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
    tables = [p for number in kerncijfers.TABLES for p in files.matches(folder, number) if p.is_dir()]
    return [*found, *tables]


def _boundaries(folder: Path, log: Log) -> gpd.GeoDataFrame | None:
    found = [p for p in files.matches(folder, "*pc4*") if Path(p.name).suffix.lower() in MAPS]
    if len(found) > 1:
        raise SourceError(
            f"In de map {folder.name} zijn {found[0].name} en {found[1].name} allebei een kaart van postcodegebieden; laat er een staan."
        )
    return read_boundaries(found[0], log) if found else None


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
