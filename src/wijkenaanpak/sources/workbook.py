"""The sheet of a workbook as rows of text."""

from __future__ import annotations

import io

from wijkenaanpak import SourceError
from wijkenaanpak.sources import files
from wijkenaanpak.sources.files import Location

SHEETS = (".xlsx", ".xls")


def rows_of(path: Location) -> list[list[str]]:
    """Read the first sheet of a workbook as rows of text; whole numbers without a decimal point."""
    from python_calamine import CalamineError, CalamineWorkbook  # only who has workbooks pays for it

    try:
        rows = (
            CalamineWorkbook.from_filelike(io.BytesIO(files._bytes(path)))
            .get_sheet_by_index(0)
            .to_python(skip_empty_area=False)
        )
    except (CalamineError, OSError, ValueError) as error:
        raise SourceError(
            f"{files.named(path)} is niet als werkblad te lezen ({error}); haal het bestand opnieuw op."
        ) from None
    if not rows:
        raise SourceError(f"{files.named(path)} is leeg; haal het bestand opnieuw op.")

    def text(cell: object) -> str:
        # A sheet holds numbers as numbers; only text can hold a decimal comma.
        plain = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
        return plain.replace(".", ",") if isinstance(cell, float) else plain

    return [[text(cell) for cell in row] for row in rows]
