"""Every file of a data folder: what it is used for, or why it is not used and what would make it so."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import concepts, files, statline, tables
from wijkenaanpak.sources.boundaries import MAPS
from wijkenaanpak.sources.files import Location, Log

COLUMNS = ["bestand", "gebruik", "reden"]
DATA = (".csv", ".txt", ".tsv", ".xlsx", ".xls")
BESIDE_SHAPE = (".dbf", ".shx", ".prj", ".cpg", ".qpj", ".sbn", ".sbx")
OWN = {"manifest.json": "herkomst van opgehaalde bestanden"}
OUTCOMES = ["inwoners", "woz", "koop", "corporatie", "ww_aantal", "bijstand_aantal", "laag_inkomen", "arbeid"]
# What a file is, by the names of its columns, and the name with which it would be read.
KNOWN = (
    ({"gebied", "jaar", "indicator", "waarde"}, "een lange tabel: noem het bestand reeksen.csv"),
    ({"gebied", "gemeente", "wijk"}, "een tabel van gebieden: noem het bestand gebieden.csv"),
    ({"gebied", "gemeente", "aandachtswijk"}, "een tabel van gebieden: noem het bestand gebieden.csv"),
    ({"jaar", "lbm", "afw"}, "scores van de Leefbaarometer: noem het bestand Leefbaarometer-scores.csv"),
    ({"gbd", "rlbrmtr12"}, "scores van de Leefbaarometer 2.0: noem het bestand lbm2_pc4.csv"),
    ({"pc6"}, "adressen: noem het bestand pc6hnr<jaar>_gwb.csv"),
    ({"pc4", "share_pc4"}, "een omrekentabel: noem het bestand pc4_x_wijk<jaar>.csv"),
    ({"pc4", "adressen"}, "een omrekentabel: noem het bestand pc4_x_wijk<jaar>.csv"),
    ({"wijk", "pc4", "zekerheid", "bron"}, "een lijst van wijken: noem het bestand aandachtswijken_pc4.csv"),
    ({"pc4", "gemeente"}, "de gemeente van elk postcodegebied: noem het bestand pc4_gemeente.csv"),
)


def table(folder: Path, log: Log) -> pd.DataFrame:
    """List all files of a folder, those inside zips too.

    Parameters
    ----------
    folder : Path
    log : Log
        Knows what was used, and what was set aside with a reason.

    Returns
    -------
    DataFrame
        bestand (from the folder on), gebruik (empty when it is not used), reden (empty when it is).
    """
    rows = [(str(path.relative_to(folder)), "", why) for path, why in files.foreign(folder).items()]
    for path in files.everything(folder):
        name = str(path).rstrip("/")
        if path.is_dir() or (Path(path.name).suffix.lower() == ".zip" and _has_members(path, folder)):
            continue
        use = _used(name, path, log)
        rows.append((name.removeprefix(f"{folder}/"), use, "" if use else _reason(name, path, log)))
    return pd.DataFrame(sorted(rows), columns=COLUMNS)


def _has_members(path: Location, folder: Path) -> bool:
    return any(str(other).startswith(f"{path}/") for other in files.everything(folder))


def _used(name: str, path: Location, log: Log) -> str:
    """Tell what a file is used for: itself, as a part of a table, or beside a shapefile."""
    if name in log.used:
        return log.used[name]
    if Path(name).suffix.lower() in BESIDE_SHAPE:
        shape = str(PurePosixPath(name).with_suffix(".shp"))
        return next((use for used, use in log.used.items() if used.casefold() == shape.casefold()), "")
    above = str(PurePosixPath(name).parent)
    return log.used.get(above, "") or OWN.get(path.name.casefold(), "")


def _reason(name: str, path: Location, log: Log) -> str:
    """Tell why a file is not used, with the name that would make it used."""
    for known in (name, str(PurePosixPath(name).parent)):
        if known in log.aside:
            return log.aside[known]
    suffix = Path(path.name).suffix.lower()
    if suffix in MAPS and suffix != ".json":
        return "een kaart met een onbekende naam: noem haar *pc4*, *wijk* of *buurt*"
    if suffix in DATA:
        return _recognised(path)
    if suffix == ".json" and statline.is_table(path.parent):  # type: ignore[arg-type]
        return "een StatLine-tabel die niet gelezen wordt"
    return "geen gegevens die gelezen worden"


def _recognised(path: Location) -> str:
    """Say what a table is by its columns."""
    try:
        head = tables.header(path, concepts.recognise)
    except SourceError:
        head = []
    names = {cell.strip().casefold() for cell in head}
    for columns, what in KNOWN:
        if columns <= names:
            return what
    said = concepts.known_columns().query("begrip in @OUTCOMES")["kolom"].map(concepts.plain)
    if concepts.recognise(head) and {concepts.plain(cell) for cell in head} & set(said):
        return "Kerncijfers: noem het bestand kwb-<jaar>.csv"
    return (
        "onbekend: data/README.md noemt de namen; met de kolommen gebied, jaar, indicator en waarde wordt reeksen.csv "
        "gelezen"
    )
