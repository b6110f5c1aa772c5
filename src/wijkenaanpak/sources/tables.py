"""One file as a table of text, whatever its dress.

What a publisher's file means is taken only where it is certain: a byte order mark, semicolons, a decimal
comma, title lines above the header and a footer below the rows, Windows letters. Where it is not, one
:class:`SourceError` names file, row, column and way out. What was left out or mended is counted in the log.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from wijkenaanpak import SourceError
from wijkenaanpak.sources import files, workbook
from wijkenaanpak.sources.files import Location, Log

# As CBS, its shapefiles and the Leefbaarometer write it. "-" is nil in the Kerncijfers, see `numbers`.
MISSING = [
    "",
    ".",
    "x",
    "-",
    "NA",
    "nan",
    "NaN",
    "-99997",
    "-99997.0",
    "-99995",
    "-99995.0",
    "-99996",
    "-99998",
    "-99999999",
]
HEADER_WITHIN = 20  # lines: publishers put titles, notes and blank lines above the column names
# What stands below the names in the exports of StatLine and in the workbooks of CBS.
UNIT = re.compile(
    r"aantal.*|%|code|naam|omschrijving|jaar|x ?1|x? ?1[ .]?000( euro)?|euro|per .+|[a-zA-Z]{1,3}[23²³]?|gemiddelde|score|nummer|klasse|minuten",
    re.IGNORECASE,
)
NOTE = re.compile(
    r"\s*(bron\b|©|\*|noot\b|toelichting\b|opmerking|verklaring|\(?\d\)\s|[.x-] ?= |let op\b)", re.IGNORECASE
)
Recognise = Callable[[list[str]], bool]


def read_table(
    path: Location,
    required: Iterable[str],
    log: Log | None = None,
    nil: bool = False,
    block: int = 0,
    recognise: Recognise | None = None,
) -> pd.DataFrame:
    """Read a CSV file (also inside a zip) or a sheet of a workbook as text; missing codes are missing.

    The delimiter is the comma, semicolon or tab the header has most of; only without commas between the cells
    a decimal comma is one. The header is the first of the first lines that has the required names, in capitals
    or not; of a workbook the first sheet that has such a line is read. The index of the result is the row an editor
    shows, from 1; `attrs` holds the units that stand below the names.

    Parameters
    ----------
    path : Path
    required : iterable of str
        Columns that must be there.
    log : Log, optional
        What was left out or mended is counted.
    nil : bool
        A dash is nothing at all, 0, as CBS means it in the Kerncijfers; without, it is missing.
    block : int
        A row may end after its first cell or after any whole block of so many cells: the rest is empty.
    recognise : callable, optional
        Tells whether a line holds the column names, for files whose names are not known beforehand.

    Raises
    ------
    SourceError
        For an empty file, no rows, a mixed encoding, a missing or double column, or uneven rows;
        :class:`files.OtherFile` when hardly any of the columns is there.
    """
    wanted = list(required)
    if path.suffix.lower() in workbook.SHEETS:
        names, table, index, decimal = _from_workbook(path, wanted, log, recognise)
    else:
        names, table, index, decimal = _from_text(path, wanted, log, block, recognise)
    if not table.num_rows:
        raise SourceError(
            f"{files.named(path)} heeft alleen een kopregel en geen gegevens; haal het bestand opnieuw op."
        )
    frame = pa.table([_cleaned(column, nil) for column in table.columns], names=names).to_pandas()
    frame.index = pd.Index(index) + 1
    frame.attrs["decimal"] = decimal
    return _without_units(frame)


def _from_workbook(
    path: Location, required: list[str], log: Log | None, recognise: Recognise | None
) -> tuple[list[str], pa.Table, Sequence[int], str]:
    """Read the sheet that has the header, or say what the first sheet lacks."""
    fault: SourceError | None = None
    for _, rows in workbook.sheets(path):
        if not rows:
            continue
        try:
            row = _header_row(rows, required, path, recognise)
        except SourceError as error:
            fault = fault or error
            continue
        names = _renamed(_grouped(rows[: row + 1]), required, path)
        index = [i for i, line in enumerate(rows) if i > row and any(line)]
        notes = 0
        while index and _is_note(rows[index[-1]]):
            index, notes = index[:-1], notes + 1
        if log is not None:
            log.add(path, "regels boven de kolomnamen, overgeslagen", row)
            log.add(path, "voetregels, overgeslagen", notes)
        columns = zip(*(rows[i] for i in index), strict=True) if index else [[] for _ in names]
        table = pa.table([pa.chunked_array([pa.array(c, pa.string())]) for c in columns], names=names)
        return names, table, index, "sheet"
    raise fault or SourceError(f"{files.named(path)} is leeg; haal het bestand opnieuw op.")


def _from_text(
    path: Location, required: list[str], log: Log | None, block: int, recognise: Recognise | None
) -> tuple[list[str], pa.Table, Sequence[int], str]:
    text = files.decoded(path, log)
    row, delimiter, names = _header(text, required, path, recognise)
    if log is not None:
        log.add(path, "regels boven de kolomnamen, overgeslagen", row)
    body, footer = _without_footer(text.split("\n", row)[row] if row else text, delimiter, len(names))
    body, short = _padded(body, delimiter, len(names), block) if block else (body, 0)
    if log is not None:
        log.add(path, "voetregels, overgeslagen", footer)
        log.add(path, "rijen die eerder ophouden, de rest leeg", short)
    try:
        table = pyarrow.csv.read_csv(
            pa.py_buffer(body.encode()),
            read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows=1),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values='"' in body),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        fault = _uneven(body, delimiter, len(names), row) or str(error).splitlines()[0]
        raise SourceError(f"{files.named(path)}, {fault}; herstel die rij.") from None
    return names, table, _lines(body, delimiter, table.num_rows, row), "." if delimiter == "," else ","


def _without_units(frame: pd.DataFrame) -> pd.DataFrame:
    """Take the line with units from below the names, and keep it in ``attrs["units"]``."""
    first = frame.iloc[0].dropna().astype(str)
    units = first[first.str.fullmatch(UNIT.pattern, flags=re.IGNORECASE)]
    if len(frame) < 2 or len(units) < 2 or len(units) < min(len(first) - 1, 0.9 * len(first)):
        return frame
    rest = frame.iloc[1:]
    rest.attrs = {**frame.attrs, "units": units.to_dict()}
    return rest


def header(path: Location, recognise: Recognise | None = None) -> list[str]:
    """Return the column names of a file; of a workbook those of the first sheet that has some."""
    if path.suffix.lower() not in workbook.SHEETS:
        return _header(files.decoded(path), [], path, recognise)[2]
    rows = next((rows for _, rows in workbook.sheets(path) if rows), [])
    return [cell.strip() for cell in rows[_header_row(rows, [], path, recognise)]] if rows else []


def _header(
    text: str, required: list[str], path: Location, recognise: Recognise | None = None
) -> tuple[int, str, list[str]]:
    """Return the line of the header (from 0), the delimiter, and the column names."""
    lines = list(islice(io.StringIO(text), HEADER_WITHIN))
    found = []
    for line in lines:
        delimiter = max(",;\t", key=line.count)
        found.append((delimiter, next(csv.reader([line], delimiter=delimiter), [])))
    row = _header_row([names for _, names in found], required, path, recognise)
    return row, found[row][0], _renamed(found[row][1], required, path)


def _header_row(
    lines: list[list[str]], required: list[str], path: Location, recognise: Recognise | None = None
) -> int:
    """Return which line has the required names; with none required the first with more than a title in it."""
    wanted = {name.casefold() for name in required}
    known = [{cell.strip().casefold() for cell in line} for line in lines[:HEADER_WITHIN]]
    rows = [i for i, names in enumerate(known) if wanted <= names and any(names)]
    if not wanted:
        rows = [i for i in rows if len(known[i] - {""}) > 1] + rows
    if recognise is not None:
        rows = [i for i, line in enumerate(lines[:HEADER_WITHIN]) if recognise(line)] or rows
    if rows:
        return rows[0]
    best = max(range(len(known)), key=lambda i: len(wanted & known[i])) if known else 0
    absent = next(name for name in required if name.casefold() not in known[best])
    seen = ", ".join(cell.strip() for cell in lines[best][:8])
    kind = files.OtherFile if 2 * len(wanted & known[best]) < len(wanted) else SourceError
    raise kind(
        f"{files.named(path)}, rij {best + 1}: de kolom {absent!r} ontbreekt (gevonden: {seen}); "
        "gebruik het bestand zoals de bron het levert."
    )


def _renamed(cells: list[str], required: list[str], path: Location) -> list[str]:
    """Column names as required, whatever their capitals; a name that is there twice is refused.

    In an export of StatLine a name is only whole with the names above it, so there it may be there twice.
    """
    spelled = {name.casefold(): name for name in required}
    names = [spelled.get(cell.strip().casefold(), cell.strip()) for cell in cells]
    unnamed = iter(range(1, len(names) + 1))
    names = [name or f"kolom {next(unnamed)} zonder naam" for name in names]
    twice = [name for name in names if names.count(name) > 1]
    if twice and any("|" in name for name in names):
        return [f"{n} (kolom {i})" if n in twice else n for i, n in enumerate(names, 1)]
    if twice:
        raise SourceError(
            f"{files.named(path)}: de kolom {twice[0]!r} komt twee keer voor; verwijder een van beide."
        )
    return names


def _grouped(lines: list[list[str]]) -> list[str]:
    """Column names, with the group that stands above them where a name is there twice: Woning/Totaal."""
    names = [" ".join(cell.split()) for cell in lines[-1]]
    groups = next((line for line in lines[:-1] if sum(bool(c.strip()) for c in line) > 1), None)
    if groups is None or len(set(names)) == len(names):
        return names
    above, found = "", list[str]()
    for name, group in zip(names, groups, strict=False):
        above = group.strip() or above
        found.append(f"{above}/{name}" if name and names.count(name) > 1 and above else name)
    return found + names[len(found) :]


def _is_note(cells: list[str]) -> bool:
    """Whether a line below the rows is a note: text in its first cell, and nothing else."""
    first, *rest = cells or [""]
    words = re.findall(r"[^\W\d_]{2,}", first)
    return not any(cell.strip() for cell in rest) and bool(NOTE.match(first) or len(words) >= 4)


def _without_footer(text: str, delimiter: str, width: int) -> tuple[str, int]:
    """Cut the notes below the rows, and count them."""
    body, count = text.rstrip("\n"), 0
    while width > 1:
        above, _, last = body.rpartition("\n")
        cells = next(csv.reader([last], delimiter=delimiter), [])
        publisher = last.strip().strip('"' + delimiter).lstrip().startswith(("Bron:", "©", "Bron "))
        if not above or not (_is_note(cells) or (publisher and len(cells) != width)):
            break
        body, count = above.rstrip("\n"), count + 1
    return body + "\n", count


def _padded(text: str, delimiter: str, width: int, block: int) -> tuple[str, int]:
    """Fill up the rows that end after a whole block of cells, and count them."""
    lines, count = text.split("\n"), 0
    for i, line in enumerate(lines):
        cells = line.count(delimiter) + 1
        if line.strip() and cells < width and (cells - 1) % block == 0:
            lines[i], count = line + delimiter * (width - cells), count + 1
    return "\n".join(lines), count


def _lines(text: str, delimiter: str, rows: int, above: int) -> Sequence[int]:
    """Line (from 0) on which each row ends; blank lines and line breaks inside quotes are counted."""
    if text.count("\n") == rows + 1:
        return range(above + 1, above + 1 + rows)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [above + reader.line_num - 1 for row in reader if row][1:]


def _cleaned(column: pa.ChunkedArray, nil: bool) -> pa.ChunkedArray:
    """Strip text, and make the missing codes missing; R's untyped download pads them with blanks."""
    stripped = pa.compute.utf8_trim_whitespace(column)
    if nil:
        stripped = pa.compute.if_else(pa.compute.equal(stripped, "-"), pa.scalar("0"), stripped)
    missing = pa.compute.is_in(stripped, value_set=pa.array(MISSING))
    return pa.compute.if_else(missing, pa.scalar(None, pa.string()), stripped)


def _uneven(text: str, delimiter: str, width: int, above: int) -> str | None:
    """Say where the first row with another number of columns is."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        wrong = ((rows.line_num, len(row)) for row in rows if row and len(row) != width)
        return next(
            (f"rij {above + line}: {found} kolommen in plaats van {width}" for line, found in wrong), None
        )
    except csv.Error as error:
        return f"rij {above + rows.line_num}: {error}"
