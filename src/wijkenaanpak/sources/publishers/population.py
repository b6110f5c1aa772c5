"""Population and households by PC4 of 1 January (CBS StatLine): who lived where before the programme."""

from __future__ import annotations

import re

import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import cells, files, tables
from wijkenaanpak.sources.files import Location, Log

NAME = "*bevolking*postcode*"
# What a column is called, by what it holds; the files of men and of women hold parts of the same.
TOTALS = {
    "Totaal mannen en vrouwen": "inwoners",
    "Totaal particuliere huishoudens": "huishoudens",
    "Niet-westerse allochtonen": "niet_westers",
    "Eenpersoonshuishoudens": "alleenwonend",
}
AGE = re.compile(r"(\d+) tot (\d+) jaar")
WORKING = (15, 65)
ROUNDING = 5  # CBS rounds each number to five


def read(path: Location, log: Log) -> pd.DataFrame:
    """Read one file: area, period, and the numbers of people and households it has.

    Parameters
    ----------
    path : Path
        As StatLine exports it: titles and groups above the names, "1011 Amsterdam" in the first column.
    log : Log
        Rows of no postcode (totals, and the rest of a gemeente) are counted.

    Returns
    -------
    DataFrame
        area, period, and of ``TOTALS`` and `inwoners_15_64` what is there; a PC4 in two gemeenten is added up.

    Raises
    ------
    files.OtherFile
        For a file with none of these columns, as those of men and women.
    """
    frame = tables.read_table(path, ["Onderwerpen", "Gemeentenaam"], log, recognise=_named)
    year = re.search(r"(?:19|20)\d\d", path.name)
    known = {column: name for column, name in TOTALS.items() if column in frame}
    if not known or year is None:
        raise files.OtherFile(
            f"{files.named(path)}: geen aantal van alle inwoners of huishoudens, of geen jaar in de naam (gevonden: "
            f"{', '.join(frame.columns[1:4])}); mannen en vrouwen apart worden niet gelezen."
        )
    area = frame["Onderwerpen"].fillna("").str.extract(r"^([1-9]\d{3}) ", expand=False)
    found = pd.DataFrame({name: cells.numbers(frame, column, path) for column, name in known.items()})
    ages = {c: tuple(map(int, match.groups())) for c in frame if (match := AGE.fullmatch(str(c)))}
    if ages and "inwoners" in found:
        numbers = {c: cells.numbers(frame, c, path) for c in ages}
        inside = [numbers[c] for c, (low, high) in ages.items() if low >= WORKING[0] and high <= WORKING[1]]
        found["inwoners_15_64"] = sum(inside[1:], inside[0])
        below = [n for c, n in numbers.items()]
        fault = "is minder dan de leeftijden samen; haal het bestand opnieuw op"
        most = found["inwoners"] + ROUNDING * (len(below) + 1)
        cells.refuse(sum(below[1:], below[0]) > most, frame, next(iter(known)), path, fault)
    _check(frame["Onderwerpen"].fillna(""), found, path)
    log.add(path, "rijen van geen postcode (totalen en resten), weggelaten", area.isna().sum())
    rows = found.assign(area=area, period=int(year[0])).dropna(subset="area")
    log.add(path, "postcodegebieden met hun bevolking", rows["area"].nunique())
    return rows.groupby(["area", "period"], as_index=False).sum(min_count=1)


def _check(names: pd.Series, found: pd.DataFrame, path: Location) -> None:
    """Refuse a file of which the parts are not the totals of the gemeenten that it also has."""
    whole = names.str.startswith("Totaal ")
    for column in found if whole.any() else ():
        total, parts = found.loc[whole, column].sum(), found.loc[~whole, column].sum()
        if abs(total - parts) > 0.01 * total:
            raise SourceError(
                f"{files.named(path)}: de postcodes hebben samen {parts:.0f} {column}, de gemeenten {total:.0f}; haal het bestand "
                "opnieuw op."
            )


def together(parts: list[pd.DataFrame]) -> pd.DataFrame | None:
    """Put what the files of one year have of a postcode in one row; None without files."""
    if not parts:
        return None
    rows = pd.concat(parts, ignore_index=True)
    return rows.groupby(["area", "period"], as_index=False).first()


def _named(line: list[str]) -> bool:
    names = {cell.strip() for cell in line}
    return "Onderwerpen" in names and any(name.startswith("Totaal ") for name in names)
