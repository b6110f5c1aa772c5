"""Series of one's own in a folder: the plain tables, and what cities publish in layouts of their own.

``python -m wijkenaanpak.sources.cities FOLDER OUT`` writes what a city publishes as the plain tables, to be looked at,
changed, or added to.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.programme import Programme
from wijkenaanpak.sources import files, own
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.publishers import amsterdam, rotterdam

CITIES: tuple[Any, ...] = (amsterdam, rotterdam)
Tables = list[tuple[Location, pd.DataFrame]]
# What each row of a publisher's OUTCOMES holds, in this order.
DESCRIBED = ("indicator", "vraag", "label", "eenheid", "richting", "schaal", "breuken")


def read_own(folder: Path, codebook: pd.DataFrame, log: Log, of: Programme) -> own.Own:
    """Read every plain table of a folder, and those of the cities that publish in a layout of their own.

    Parameters
    ----------
    folder : Path
    codebook : DataFrame
    log : Log
    of : Programme

    Returns
    -------
    Own
    """
    kinds = (("reeksen*", own.SERIES), ("gebieden*", own.PLACES), ("uitkomsten*", own.OUTCOMES))
    series, places, outcomes = (_plain(folder, pattern, required, log) for pattern, required in kinds)
    for city in CITIES:
        found = _published(folder, city, log)
        series, places, outcomes = series + found[0], places + found[1], outcomes + found[2]
    return own.read(series, places, outcomes, codebook, log, of)


def _plain(folder: Path, pattern: str, required: list[str], log: Log) -> Tables:
    """Read the plain tables of one kind; what has the name alone is set aside."""
    found: Tables = []
    for path in files.matches(folder, pattern):
        if Path(path.name).suffix.lower() not in (".csv", ".txt", ".xlsx", ".xls"):
            continue
        try:
            found += own.opened([path], required, log)
            log.use(path, "eigen reeksen")
        except files.OtherFile as error:
            log.leave(path, str(error))
    return found


def _published(folder: Path, city: Any, log: Log) -> tuple[Tables, Tables, Tables]:
    """Turn what a city publishes into the plain tables: series, areas, outcomes."""
    paths = [path for pattern in city.NAMES for path in files.matches(folder, pattern)]
    listed = files.find(folder, city.LIST)
    if not paths:
        return [], [], []
    if listed is None:
        for path in paths:
            log.leave(path, f"de lijst met wijken ontbreekt: zet {city.LIST.replace('*', '')} erbij")
        return [], [], []
    series = city.joined([(path, city.read_series(path, log)) for path in paths], log)
    for path, _ in series:
        log.use(path, f"eigen reeksen van {city.CITY}")
    log.use(listed, "gebieden van eigen reeksen")
    places = city.read_places(listed, [frame for _, frame in series], log)
    used = set().union(*(frame["indicator"] for _, frame in series))
    outcomes = pd.DataFrame([row for row in city.OUTCOMES if row[0] in used], columns=DESCRIBED).astype(str)
    outcomes["bron"] = city.PUBLISHER
    return series, [(listed, places)], [(listed, outcomes)]


def main(arguments: list[str]) -> int:
    """Write what the cities in a folder publish as the plain tables."""
    if len(arguments) != 2:
        print("Gebruik: python -m wijkenaanpak.sources.cities MAP UIT", file=sys.stderr)
        return 2
    folder, out = Path(arguments[0]), Path(arguments[1])
    try:
        for city in CITIES:
            series, places, outcomes = _published(folder, city, Log())
            for name, found in (("reeksen", series), ("gebieden", places), ("uitkomsten", outcomes)):
                if found:
                    out.mkdir(parents=True, exist_ok=True)
                    path = out / f"{name}_{city.CITY.lower()}.csv"
                    pd.concat([frame for _, frame in found]).drop_duplicates().to_csv(path, index=False)
                    print(f"Geschreven: {path}")
    except SourceError as error:
        print(f"Fout: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
