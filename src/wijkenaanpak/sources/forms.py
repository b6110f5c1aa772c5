"""Forms: figures nobody has published as a table (ledgers, surveys, flows), filled in by whoever has them.

``data/raw/templates`` documents every form (formulieren.csv) and every column (velden.csv), and holds an example of
each, filled in with practice figures. A form is a file of that name in the data folder; it is checked against
velden.csv, and a report without it says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd

from wijkenaanpak import RAW, SourceError, programme
from wijkenaanpak.sources import cells, coding, files
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.tables import read_table

TEMPLATES = RAW / "templates"
NUMERAL = re.compile(r"-?[0-9]+")
MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")
# What one column may not be beyond another: more than all, or before the beginning.
ORDER = {
    "charters": [("jaar_begin", "jaar"), ("jaar_begin", "jaar_doel")],
    "bewonersbudget": [("toegekend", "budget")],
    "nww_maand": [("nww", "beroepsbevolking")],
    "stromen": [("van", "tot")],
    "brede_scholen": [("brede", "scholen")],
    "verhuizingen": [("nww", "verhuisden")],
    "mkba": [("eerste_jaar", "laatste_jaar")],
}


@cache
def book() -> pd.DataFrame:
    """Return which forms there are: index formulier; vraag (the report they belong to), wat, wie_heeft_het."""
    return pd.read_csv(TEMPLATES / "formulieren.csv", dtype=str).set_index("formulier")


@cache
def columns(name: str) -> pd.DataFrame:
    """Return the columns of a form: index kolom; soort, sleutel, verplicht, laagste, hoogste, keuzes, eenheid, betekenis."""
    every = pd.read_csv(TEMPLATES / "velden.csv", keep_default_na=False, dtype=str)
    return every[every["formulier"] == name].set_index("kolom")


def read(path: Location, name: str, log: Log | None = None) -> pd.DataFrame:
    """Read one form and check every cell.

    Parameters
    ----------
    path : Path
        CSV or workbook with the columns of the form, in any order; other columns are left out.
    name : str
        Which form.
    log : Log, optional

    Returns
    -------
    DataFrame
        The columns of the form: text, float, or int; in the order of velden.csv, sorted by its key.

    Raises
    ------
    SourceError
        For a missing column, an empty or impossible cell, a row that is there twice, or two columns that contradict.
    """
    fields = columns(name)
    frame = read_table(path, list(fields.index), log)
    result = pd.DataFrame(
        {
            column: CHECKS[field["soort"]](frame, str(column), path, field)
            for column, field in fields.iterrows()
        },
        index=frame.index,
    )
    for column in fields.index[fields["verplicht"] == "1"]:
        cells.refuse(
            result[column].isna(), frame, str(column), path, "is leeg; vul de cel in of verwijder de rij"
        )
    for low, high in ORDER.get(name, []):
        cells.refuse(
            result[low] > result[high], frame, low, path, f"is meer dan {high}; verbeter een van beide"
        )
    keys = list(fields.index[fields["sleutel"] == "1"])
    result = cells.once(result, keys, path, log)
    if log is not None:
        log.add(path, f"rijen van het formulier {name}, gelezen", len(result))
    return result.sort_values(keys, kind="stable").reset_index(drop=True)


def read_all(folder: Path, log: Log, practice: bool = False) -> dict[str, pd.DataFrame]:
    """Read every form that is in a folder.

    Parameters
    ----------
    folder : Path
    log : Log
    practice : bool
        Whether the folder is the practice panel, which may hold practice figures.

    Raises
    ------
    SourceError
        For a wrong form, a form that is there twice, or the example with its practice figures.
    """
    found = {}
    filled = [p for kind in ("csv", "xlsx", "xls") for p in files.matches(folder, f"*.{kind}")]
    for name in book().index:
        paths = [p for p in filled if Path(p.name).stem.lower() == name]
        if len(paths) > 1:
            raise SourceError(
                f"In de map {folder.name} staat het formulier {name} twee keer: {paths[0].name} en {paths[1].name}; laat er een staan."
            )
        if paths:
            found[name] = read(paths[0], name, log)
            log.use(paths[0], f"formulier {name}")
            if not practice and found[name].equals(read(TEMPLATES / f"{name}.csv", name)):
                raise SourceError(
                    f"{paths[0].name} is het voorbeeld met oefencijfers; vul er werkelijke cijfers in of haal het weg."
                )
    return found


# ---- kinds of columns ----------------------------------------------------------------------------------


def _number(frame: pd.DataFrame, column: str, path: Location, field: pd.Series) -> pd.Series:
    values = cells.numbers(frame, column, path)
    cells.within(values, float(field["laagste"]), float(field["hoogste"]), frame, column, path)
    return values


def _whole(frame: pd.DataFrame, column: str, path: Location, field: pd.Series) -> pd.Series:
    values = _number(frame, column, path, field)
    cells.refuse(
        values.notna() & (values % 1 != 0), frame, column, path, "is geen geheel getal; verbeter de waarde"
    )
    return values


def _year(frame: pd.DataFrame, column: str, path: Location, _: pd.Series) -> pd.Series:
    return cells.years(frame, column, path)


def _postcode(frame: pd.DataFrame, column: str, path: Location, _: pd.Series) -> pd.Series:
    return coding.postcodes(frame, column, path)


def _text(frame: pd.DataFrame, column: str, path: Location, _: pd.Series) -> pd.Series:
    return frame[column].astype(object).where(frame[column].notna(), None)


def _month(frame: pd.DataFrame, column: str, path: Location, _: pd.Series) -> pd.Series:
    # Excel makes a date of 2009-03 by itself: the first of that month
    text = frame[column].str.replace(r"^(\d{4}-\d\d)-01(?:[ T]00:00:00)?$", r"\1", regex=True)
    wrong = ~text.fillna("").str.fullmatch(MONTH.pattern).astype(bool)
    cells.refuse(
        wrong, frame, column, path, "is geen maand; schrijf haar als 2009-03, in Excel in een kolom met de opmaak Tekst"
    )  # fmt: skip
    return text.astype(object)


def _one_of(options: Callable[[pd.Series], list[str]], what: str) -> Callable[..., pd.Series]:
    def check(frame: pd.DataFrame, column: str, path: Location, field: pd.Series) -> pd.Series:
        allowed = options(field)
        given = frame[column]
        wrong = given.notna() & ~given.isin(allowed)
        shown = ", ".join(allowed) if len(allowed) < 8 else f"bijvoorbeeld {allowed[-1]}"
        cells.refuse(wrong, frame, column, path, f"is geen {what}; kies {shown}")
        known = given.astype(object).where(given.notna(), None)
        return (
            pd.to_numeric(known)
            if field["soort"] == "keuze" and all(map(NUMERAL.fullmatch, allowed))
            else known
        )

    return check


def _indicators(_: pd.Series) -> list[str]:
    return pd.read_csv(RAW / "indicatoren.csv", usecols=["indicator"])["indicator"].tolist()


CHECKS: dict[str, Callable[[pd.DataFrame, str, Location, pd.Series], pd.Series]] = {
    "getal": _number,
    "geheel": _whole,
    "jaar": _year,
    "postcode": _postcode,
    "tekst": _text,
    "maand": _month,
    "keuze": _one_of(lambda field: field["keuzes"].split("|"), "geldige keuze"),
    "gebied": _one_of(lambda _: programme.main().areas, "gebied van dit project"),
    "gemeente": _one_of(lambda _: programme.main().cities, "stad van het programma"),
    "wijk": _one_of(lambda _: [g for g in programme.main().areas if "/" in g], "wijk van het programma"),
    "indicator": _one_of(_indicators, "uitkomst uit data/raw/indicatoren.csv"),
}
