"""Turn a column of text into numbers or years, and refuse what it cannot be."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.programme import FIRST_YEAR, LAST_YEAR
from wijkenaanpak.sources import files
from wijkenaanpak.sources.files import Location, Log

THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]+)?")
# Grouped by commas, as programs that speak English write it; or three decimals.
GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")


def numbers(frame: pd.DataFrame, column: str, path: Location) -> pd.Series:
    """Turn text into finite numbers; a decimal comma is fine where the comma is no delimiter.

    There, 1.234 may be a thousand or a bit over one. It is a thousand when the file has decimal commas too, or the
    column a number as 1.234.567; it is a decimal number when another value of the column can be nothing else; and
    otherwise it is refused. The same goes for 1,234: only a file that has decimal commas elsewhere tells.
    """
    text = frame[column]
    if frame.attrs.get("decimal") in (",", "sheet") and text.notna().any():
        known = text.dropna()
        grouped = known[known.str.contains(",", regex=False)]
        if frame.attrs["decimal"] == "," and len(grouped) and grouped.str.fullmatch(GROUPED.pattern).all():
            if grouped.str.count(",").max() > 1:
                _unsure(grouped, frame, column, path)
            if not _has_commas(frame):
                _unsure(grouped, frame, column, path)
        dotted = known[known.str.contains(".", regex=False)]
        commas = known.str.contains(",", regex=False).any()
        grouped = dotted.str.fullmatch(THOUSANDS.pattern).astype(bool)
        if len(dotted) and not commas and grouped.all():
            commas = dotted.str.count(r"\.").max() > 1 or _has_commas(frame)
            if not commas:
                _unsure(dotted, frame, column, path)
        if len(dotted) and commas:
            mixed = text.fillna("").str.contains(".", regex=False) & ~text.fillna("").str.fullmatch(
                THOUSANDS.pattern
            )
            refuse(mixed, frame, column, path, "heeft een punt, terwijl andere waarden een komma hebben")
            text = text.str.replace(".", "", regex=False)
        text = text.str.replace(",", ".", regex=False)
    values = pd.to_numeric(text, errors="coerce").astype(float)
    wrong = text.notna() & ~np.isfinite(values)
    refuse(wrong, frame, column, path, "is geen getal; verbeter de waarde of laat haar leeg")
    return values


def _has_commas(frame: pd.DataFrame) -> bool:
    """Whether any column has a decimal comma."""
    text = frame.select_dtypes(["object", "string"])
    decimal = r"[+-]?[0-9.]*,[0-9]+"
    return any(
        (text[c].str.fullmatch(decimal) & ~text[c].str.fullmatch(GROUPED.pattern)).fillna(False).any()
        for c in text
    )


def _unsure(dotted: pd.Series, frame: pd.DataFrame, column: str, path: Location) -> None:
    wrong = pd.Series(frame.index.isin(dotted.index[:1]), frame.index)
    refuse(
        wrong, frame, column, path,
        "kan een duizendtal zijn of drie decimalen hebben; schrijf duizendtallen zonder teken ertussen, of zet in de kolom "
        "een waarde met één decimaal",
    )  # fmt: skip


def within(
    values: pd.Series,
    low: float,
    high: float,
    frame: pd.DataFrame,
    column: str,
    path: Location,
    unit: float = 1.0,
) -> None:
    """Refuse the first value that cannot be: outside the range of the codebook, which is shown in the file's unit."""
    wrong = values.notna() & ~values.between(low, high)
    shown = [f"{round(bound / unit, 6):.12g}" for bound in (low, high)]
    times = "" if unit == 1 else f" (keer {unit:g})"
    refuse(
        wrong, frame, column, path,
        f"ligt buiten {shown[0]} tot {shown[1]}{times}, wat deze uitkomst kan zijn; verbeter de waarde",
    )  # fmt: skip


def not_a_fraction(
    values: pd.Series, decimals: int, frame: pd.DataFrame, column: str, path: Location
) -> None:
    """Refuse a column of percentages that holds fractions: none is over 1, and they say more than is published.

    Parameters
    ----------
    values : Series
        Percentages.
    decimals : int
        How many of them the publisher gives.
    """
    known = values.dropna()
    some = known[known > 0]
    if not len(some) or some.max() > 1:
        return
    finer = (some * 10**decimals).round(6) % 1 != 0
    if finer.any() or (decimals == 0 and len(some) > 2):
        wrong = pd.Series(values.index.isin(some.index[:1]), values.index)
        refuse(
            wrong, frame, column, path,
            "is een aandeel van 0 tot 1, zoals alle waarden van de kolom; hier horen percentages, dus vermenigvuldig de "
            "kolom met 100",
        )  # fmt: skip


def whole(frame: pd.DataFrame, column: str, path: Location, low: int, high: int) -> pd.Series:
    """Turn text into whole numbers between two bounds; none may be missing."""
    values = numbers(frame, column, path)
    wrong = (values % 1 != 0) | ~values.between(low, high)
    refuse(
        wrong, frame, column, path, f"is geen geheel getal van {low} tot en met {high}; verbeter de waarde"
    )
    return values.astype(int)


def years(frame: pd.DataFrame, column: str, path: Location) -> pd.Series:
    """Turn text into years."""
    return whole(frame, column, path, FIRST_YEAR, LAST_YEAR)


def refuse(wrong: pd.Series, frame: pd.DataFrame, column: str, path: Location, fault: str) -> None:
    """Name the first wrong value, if there is one."""
    if wrong.any():
        value = frame.loc[wrong, column].iloc[0]
        value = "" if pd.isna(value) else value
        raise SourceError(f"{files.named(path)}, {where(wrong, path)}, kolom {column}: {value!r} {fault}.")


def once(
    rows: pd.DataFrame,
    keys: list[str],
    path: Location,
    log: Log | None = None,
    original: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the rows without exact repetitions, which are counted; refuse two that differ.

    Parameters
    ----------
    rows : DataFrame
        Indexed by record.
    keys : list of str
        What may be there once.
    path, log : Path, Log
        For the message, and for the count.
    original : DataFrame, optional
        Where "exact" is judged, when `rows` holds less than the file.
    """
    whole_rows = rows if original is None else pd.concat([rows[keys], original.loc[rows.index]], axis=1)
    repeated = whole_rows.duplicated()
    kept = rows[~repeated]
    twice = kept.duplicated(keys)
    if twice.any():
        values = ", ".join(str(kept.loc[twice, c].iloc[0]) for c in keys)
        raise SourceError(
            f"{files.named(path)}, {where(twice, path)}: {values} komt twee keer voor; verwijder een van beide."
        )
    if log is not None:
        log.add(path, "rijen die er dubbel en gelijk in staan, een keer geteld", repeated.sum())
    return kept


def where(wrong: pd.Series, path: Location) -> str:
    """Place of the first fault: the row an editor shows, or the record of a JSON list, from 1."""
    return f"{'record' if path.suffix == '.json' else 'rij'} {wrong.index[wrong.to_numpy()][0]}"
