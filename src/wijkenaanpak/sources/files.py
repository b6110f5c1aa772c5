"""Find a file in a folder or a zip, read it as text whatever its letters, and count what was done with it."""

from __future__ import annotations

import fnmatch
import re
import zipfile
import zlib
from pathlib import Path

import pandas as pd

from wijkenaanpak import SourceError

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
