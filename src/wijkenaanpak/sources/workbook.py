"""The sheets of a workbook as rows of text."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineWorkbook

from wijkenaanpak import SourceError
from wijkenaanpak.sources import files
from wijkenaanpak.sources.files import Location

SHEETS = (".xlsx", ".xls")
# What publishers put before or after the table.
NOTES = re.compile(
    r"lees|toelicht|inhoud|voorblad|bron|colofon|uitleg|metadata|verantw|disclaimer", re.IGNORECASE
)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# What a workbook raises of which a part is missing or broken; ParseError is what entities without end give.
BROKEN = (
    CalamineError,
    ElementTree.ParseError,
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    IndexError,
    RuntimeError,
)
# The percentages among the formats that every workbook has (ECMA-376, 18.8.30).
PERCENT = {9, 10}


def sheets(path: Location) -> Iterator[tuple[str, list[list[str]]]]:
    """Read the sheets of a workbook one by one as rows of text, those with a table before those with notes.

    Whole numbers come without a decimal point, other numbers with a decimal comma, dates as 2009-03-01. A cell that
    shows a percentage holds the number that it shows.
    """
    raw = files.content(path)
    try:
        if zipfile.is_zipfile(io.BytesIO(raw)):
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                files.measured(archive, files.named(path))
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        names = sorted(book.sheet_names, key=lambda name: bool(NOTES.search(name)))
        for name in names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            shown = _percentages(raw, book.sheet_names.index(name)) if rows else set()
            yield name, [[_text(c, (i, j) in shown) for j, c in enumerate(row)] for i, row in enumerate(rows)]
    except (*BROKEN, OSError, ValueError) as error:
        raise SourceError(
            f"{files.named(path)} is niet als werkblad te lezen ({error}); haal het bestand opnieuw op."
        ) from None


def _text(cell: object, percentage: bool) -> str:
    # A sheet holds numbers as numbers; only text can hold a decimal comma.
    if isinstance(cell, float):
        number = round(100 * cell, 10) if percentage else cell
        return str(int(number)) if number.is_integer() else str(number).replace(".", ",")
    if isinstance(cell, datetime):
        return cell.date().isoformat() if not cell.time() else cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date) else files.INVISIBLE.sub("", str(cell))


def _percentages(raw: bytes, sheet: int) -> set[tuple[int, int]]:
    """Row and column, from 0, of the cells that show a percentage; the older binary workbooks do not tell."""
    if not zipfile.is_zipfile(io.BytesIO(raw)):
        return set()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if "xl/styles.xml" not in archive.namelist():
            return set()
        styles = ElementTree.fromstring(archive.read("xl/styles.xml"))
        own = {f.get("numFmtId"): f.get("formatCode", "") for f in styles.iter(f"{MAIN}numFmt")}
        percent = {str(i) for i in PERCENT} | {i for i, code in own.items() if i and "%" in code}
        formats = styles.find(f"{MAIN}cellXfs")
        used = {
            str(i)
            for i, f in enumerate(formats if formats is not None else [])
            if f.get("numFmtId") in percent
        }
        if not used:
            return set()
        with archive.open(_part(archive, sheet)) as stream:
            return set(_styled(stream, used))


def _part(archive: zipfile.ZipFile, sheet: int) -> str:
    """Name the file of a sheet inside the workbook."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    key = list(book.iter(f"{MAIN}sheet"))[sheet].get(f"{OFFICE}id")
    target = next(str(link.get("Target")) for link in links if link.get("Id") == key)
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _styled(stream: IO[bytes], styles: set[str]) -> Iterator[tuple[int, int]]:
    row, column = -1, -1
    for event, node in ElementTree.iterparse(stream, ("start", "end")):
        if event == "start" and node.tag == f"{MAIN}row":
            row, column = int(node.get("r", row + 2)) - 1, -1
        elif event == "start" and node.tag == f"{MAIN}c":
            letters = re.match("[A-Z]+", node.get("r", ""))
            column = _column(letters[0]) if letters else column + 1
            if node.get("s") in styles:
                yield row, column
        elif event == "end" and node.tag == f"{MAIN}row":
            node.clear()


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1
