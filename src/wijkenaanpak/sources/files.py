"""One file: find it, read it as text whatever its dress, turn columns into what they must be.

What a publisher's file means is taken only where it is certain: a byte order mark, semicolons, a decimal
comma, title lines above the header and a footer below the rows, Windows letters. Where it is not, one
:class:`SourceError` names file, row, column and way out. What was left out or mended is counted in the log.
"""

from __future__ import annotations

import csv
import fnmatch
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from wijkenaanpak import SourceError

# As CBS, its shapefiles and the Leefbaarometer write it. "-" is nil in the Kerncijfers, see `numbers`.
MISSING = ["", ".", "x", "-", "NA", "nan", "NaN", "-99997", "-99997.0", "-99995", "-99995.0", "-99999999"]
PC4 = re.compile(r"([1-9][0-9]{3})(?:\.0)?")  # Excel turns a code into 1813.0
CBS_CODE = re.compile(r"(GM|WK|BU)?([0-9]+)(?:\.0)?", re.IGNORECASE)
DIGITS = {"GM": 4, "WK": 6, "BU": 8}
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]+)?")
HEADER_WITHIN = 12  # lines: StatLine and CBS put a title and a blank line above the column names
SHEETS = (".xlsx", ".xls")

Location = Path | zipfile.Path  # a file, or a file inside a zip


class Log:
    """Counts what was read, left out and corrected."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, int]] = []

    def add(self, file: Location | str, what: str, count: int) -> None:
        """Add a line; nothing counted, nothing said."""
        if count:
            self.rows.append((file if isinstance(file, str) else file.name, what, int(count)))

    def table(self) -> pd.DataFrame:
        """Return the lines as file, what, count."""
        return pd.DataFrame(self.rows, columns=["file", "what", "count"])


# ---- finding ---------------------------------------------------------------------------------------


def matches(folder: Path, pattern: str) -> list[Location]:
    """Files or folders of that name, in any subfolder or zip, in capitals or not; hidden and half ones are not ours."""
    pattern, found = pattern.lower(), list[Location]()
    for path in sorted(folder.rglob("*")):
        if path.name.startswith(".") or path.suffix == ".deel":
            continue
        if fnmatch.fnmatchcase(path.name.lower(), pattern):
            found.append(path)
        elif path.suffix.lower() == ".zip" and path.is_file():
            found += [m for m in _members(path) if fnmatch.fnmatchcase(m.name.lower(), pattern)]
    return found


def _members(path: Path) -> list[zipfile.Path]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(n for n in archive.namelist() if not n.endswith("/"))
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceError(
            f"{path.name} is niet als zip te openen ({error}); haal het bestand opnieuw op."
        ) from None
    return [zipfile.Path(path, name) for name in names]


def find(folder: Path, pattern: str) -> Location | None:
    """Return the only file or folder of that name, or None."""
    found = matches(folder, pattern)
    if len(found) > 1:
        one, other = (str(path).removeprefix(f"{folder}/") for path in found[:2])
        raise SourceError(
            f"In de map {folder.name} passen {one} en {other} allebei op de naam {pattern}; laat er een staan."
        )
    return found[0] if found else None


def named(path: Location) -> str:
    """Name a file; the parts of a StatLine table with their folder."""
    folder = path.parent.name if isinstance(path, Path) else ""
    return f"{folder}/{path.name}" if folder.upper().endswith("NED") else path.name


# ---- reading ---------------------------------------------------------------------------------------


def read_table(
    path: Location, required: Iterable[str], log: Log | None = None, nil: bool = False, block: int = 0
) -> pd.DataFrame:
    """Read a CSV file (also inside a zip) or the first sheet of a workbook as text; missing codes are missing.

    The delimiter is the comma, semicolon or tab the header has most of; only without commas between the cells
    a decimal comma is one. The header is the first of the first lines that has the required names, in capitals
    or not. The index of the result is the row an editor shows, from 1. With `nil` a dash is nothing at all, 0, as
    CBS means it in the Kerncijfers; without, it is missing. With `block` a row may end after its first cell or after
    any whole block of so many cells: the rest is empty.

    Raises
    ------
    SourceError
        For an empty file, no rows, a mixed encoding, a missing or double column, or uneven rows.
    """
    required = list(required)
    if path.suffix.lower() in SHEETS:
        cells = _sheet(path)
        row = _header_row(cells, required, path)
        names, delimiter = _renamed(cells[row], required, path), ";"
        index: Sequence[int] = [i for i, line in enumerate(cells) if i > row and any(line)]
        columns = zip(*(cells[i] for i in index), strict=True) if index else [[] for _ in names]
        table = pa.table([pa.chunked_array([pa.array(c, pa.string())]) for c in columns], names=names)
    else:
        text = decoded(path, log)
        row, delimiter, names = _header(text, required, path)
        if log is not None:
            log.add(path, "regels boven de kolomnamen, overgeslagen", row)
        body_text, footer = _without_footer(
            text.split("\n", row)[row] if row else text, delimiter, len(names)
        )
        body_text, short = _padded(body_text, delimiter, len(names), block) if block else (body_text, 0)
        if log is not None:
            log.add(path, "voetregels, overgeslagen", footer)
            log.add(path, "rijen die eerder ophouden, de rest leeg", short)
        try:
            table = pyarrow.csv.read_csv(
                pa.py_buffer(body_text.encode()),
                read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows=1),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=delimiter, newlines_in_values='"' in body_text
                ),
                convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
            )
        except pa.ArrowInvalid as error:
            fault = _uneven(body_text, delimiter, len(names), row) or str(error).splitlines()[0]
            raise SourceError(f"{named(path)}, {fault}; herstel die rij.") from None
        index = _lines(body_text, delimiter, table.num_rows, row)
    if not table.num_rows:
        raise SourceError(
            f"{named(path)} heeft alleen een kopregel en geen gegevens; haal het bestand opnieuw op."
        )
    frame = pa.table([_cleaned(column, nil) for column in table.columns], names=names).to_pandas()
    frame.index = pd.Index(index) + 1
    frame.attrs["decimal"] = "." if delimiter == "," else ","
    return frame


def header(path: Location) -> list[str]:
    """Return the column names of a CSV file."""
    return _header(decoded(path), [], path)[2]


def decoded(path: Location, log: Log | None = None) -> str:
    """Read a file as text: UTF-8 or UTF-16 with or without byte order mark, or else Windows-1252.

    A file that has letters of both is refused: one of the two would be read wrong.
    """
    raw = _bytes(path)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", "replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = raw[: error.start].count(b"\n") + 1
            fault = f"{named(path)}, rij {row}: het bestand is geen UTF-8 (byte {raw[error.start]:#x}"
            wayout = "sla het op als UTF-8, in Excel als 'CSV UTF-8'."
            if re.search(rb"[\xc2-\xf4][\x80-\xbf]", raw):
                raise SourceError(f"{fault}, terwijl andere letters dat wel zijn); {wayout}") from None
            try:
                text = raw.decode("cp1252")
            except UnicodeDecodeError:
                raise SourceError(f"{fault}); {wayout}") from None
            if log is not None:
                log.add(path, "tekens in Windows-1252, omgezet", sum(byte > 127 for byte in raw))
    if "\x00" in text:
        row = text[: text.index("\x00")].count("\n") + 1
        raise SourceError(f"{named(path)}, rij {row}: het bestand is beschadigd; haal het opnieuw op.")
    if not text.strip():
        raise SourceError(f"{named(path)} is leeg; haal het bestand opnieuw op.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _bytes(path: Location) -> bytes:
    try:
        return path.read_bytes()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceError(
            f"{named(path)} is beschadigd in zijn zip ({error}); haal het bestand opnieuw op."
        ) from None


def _sheet(path: Location) -> list[list[str]]:
    """Read the first sheet of a workbook as rows of text; whole numbers without a decimal point."""
    from python_calamine import CalamineError, CalamineWorkbook  # only who has workbooks pays for it

    try:
        rows = (
            CalamineWorkbook.from_filelike(io.BytesIO(_bytes(path)))
            .get_sheet_by_index(0)
            .to_python(skip_empty_area=False)
        )
    except (CalamineError, OSError, ValueError) as error:
        raise SourceError(
            f"{named(path)} is niet als werkblad te lezen ({error}); haal het bestand opnieuw op."
        ) from None
    if not rows:
        raise SourceError(f"{named(path)} is leeg; haal het bestand opnieuw op.")

    def text(cell: object) -> str:
        # A sheet holds numbers as numbers; only text can hold a decimal comma.
        plain = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
        return plain.replace(".", ",") if isinstance(cell, float) else plain

    return [[text(cell) for cell in row] for row in rows]


def _header(text: str, required: list[str], path: Location) -> tuple[int, str, list[str]]:
    """Return the line of the header (from 0), the delimiter, and the column names."""
    lines = list(islice(io.StringIO(text), HEADER_WITHIN))
    found = []
    for line in lines:
        delimiter = max(",;\t", key=line.count)
        found.append((delimiter, next(csv.reader([line], delimiter=delimiter), [])))
    row = _header_row([names for _, names in found], required, path)
    return row, found[row][0], _renamed(found[row][1], required, path)


def _header_row(lines: list[list[str]], required: list[str], path: Location) -> int:
    """Return which line has the required names; with none required the first with more than a title in it."""
    wanted = {name.casefold() for name in required}
    known = [{cell.strip().casefold() for cell in line} for line in lines[:HEADER_WITHIN]]
    rows = [i for i, names in enumerate(known) if wanted <= names and any(names)]
    if not wanted:
        rows = [i for i in rows if len(known[i] - {""}) > 1] + rows
    if rows:
        return rows[0]
    best = max(range(len(known)), key=lambda i: len(wanted & known[i])) if known else 0
    absent = next(name for name in required if name.casefold() not in known[best])
    seen = ", ".join(cell.strip() for cell in lines[best][:8])
    raise SourceError(
        f"{named(path)}, rij {best + 1}: de kolom {absent!r} ontbreekt (gevonden: {seen}); "
        "gebruik het bestand zoals de bron het levert."
    )


def _renamed(cells: list[str], required: list[str], path: Location) -> list[str]:
    """Column names as required, whatever their capitals; a name that is there twice is refused."""
    spelled = {name.casefold(): name for name in required}
    names = [spelled.get(cell.strip().casefold(), cell.strip()) for cell in cells]
    unnamed = iter(range(1, len(names) + 1))
    names = [name or f"kolom {next(unnamed)} zonder naam" for name in names]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise SourceError(
            f"{named(path)}: de kolom {twice[0]!r} komt twee keer voor; verwijder een van beide."
        )
    return names


def _without_footer(text: str, delimiter: str, width: int) -> tuple[str, int]:
    """Cut the lines below the rows that name the publisher, and count them."""
    body, count = text.rstrip("\n"), 0
    while width > 1:
        above, _, last = body.rpartition("\n")
        note = last.strip().strip('"' + delimiter).lstrip()
        if not above or not note.startswith(("Bron:", "©", "Bron ")) or delimiter in note:
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


# ---- columns ---------------------------------------------------------------------------------------


def numbers(frame: pd.DataFrame, column: str, path: Location) -> pd.Series:
    """Turn text into finite numbers; a decimal comma is fine where the comma is no delimiter.

    There, 1.234 may be a thousand or a bit over one. It is a thousand when the file has decimal commas too, or the
    column a number as 1.234.567; it is a decimal number when another value of the column can be nothing else; and
    otherwise it is refused.
    """
    text = frame[column]
    if frame.attrs.get("decimal") == "," and text.notna().any():
        known = text.dropna()
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
    return any(text[c].str.fullmatch(r"[+-]?[0-9.]*,[0-9]+").fillna(False).any() for c in text)


def _unsure(dotted: pd.Series, frame: pd.DataFrame, column: str, path: Location) -> None:
    wrong = pd.Series(frame.index.isin(dotted.index[:1]), frame.index)
    refuse(
        wrong, frame, column, path,
        "kan een duizendtal zijn of drie decimalen hebben; schrijf het zonder punt of met een decimale komma",
    )  # fmt: skip


def within(
    values: pd.Series, low: float, high: float, frame: pd.DataFrame, column: str, path: Location
) -> None:
    """Refuse the first value that cannot be: outside the range of the codebook."""
    wrong = values.notna() & ~values.between(low, high)
    refuse(
        wrong, frame, column, path, f"ligt buiten {low:g} tot {high:g}, wat deze uitkomst kan zijn; verbeter de waarde"
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
    return whole(frame, column, path, 1990, 2035)


def postcodes(frame: pd.DataFrame, column: str, path: Location) -> pd.Series:
    """Check four-digit postcodes."""
    text = frame[column].fillna("").astype(object)
    found = text.map(PC4.fullmatch)
    refuse(found.isna(), frame, column, path, "is geen postcode van vier cijfers; verbeter de code")
    return found.map(lambda match: match[1]).astype(str)


def cbs_code(text: object, level: str | None = None) -> str | None:
    """Write the code of a gemeente, wijk or buurt as CBS does now: GM0344, WK034401, BU03440101.

    Parameters
    ----------
    text : str
        With or without prefix, leading zeros or trailing blanks; NL00 and NL01 are the country.
    level : {"GM", "WK", "BU"}, optional
        What the code is of, for a number alone; without it the number of digits tells.

    Returns
    -------
    str or None
        None when it can be no such code.
    """
    plain = "" if text is None or text is pd.NA or text != text else str(text).strip()
    if re.fullmatch(r"NL(0[01])?", plain, re.IGNORECASE):
        return "NL"
    match = CBS_CODE.fullmatch(plain)
    if match is None:
        return None
    kind = (match[1] or level or {v: k for k, v in DIGITS.items()}.get(len(match[2])) or "").upper()
    if kind not in DIGITS or (level and match[1] and kind != level):
        return None
    digits = match[2].zfill(DIGITS[kind])
    return kind + digits if len(digits) == DIGITS[kind] else None


def cbs_codes(
    frame: pd.DataFrame,
    column: str,
    path: Location,
    level: str | None = None,
    what: str = "gemeente, wijk of buurt",
) -> pd.Series:
    """Check codes of CBS areas, of one level or of several; see :func:`cbs_code`."""
    codes = frame[column].map({text: cbs_code(text, level) for text in frame[column].unique()})
    refuse(codes.isna(), frame, column, path, f"is geen code van een {what}; verbeter de code")
    return codes


def refuse(wrong: pd.Series, frame: pd.DataFrame, column: str, path: Location, fault: str) -> None:
    """Name the first wrong value, if there is one."""
    if wrong.any():
        value = frame.loc[wrong, column].iloc[0]
        value = "" if pd.isna(value) else value
        raise SourceError(f"{named(path)}, {where(wrong, path)}, kolom {column}: {value!r} {fault}.")


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
            f"{named(path)}, {where(twice, path)}: {values} komt twee keer voor; verwijder een van beide."
        )
    if log is not None:
        log.add(path, "rijen die er dubbel en gelijk in staan, een keer geteld", repeated.sum())
    return kept


def where(wrong: pd.Series, path: Location) -> str:
    """Place of the first fault: the row an editor shows, or the record of a JSON list, from 1."""
    return f"{'record' if path.suffix == '.json' else 'rij'} {wrong.index[wrong.to_numpy()][0]}"
