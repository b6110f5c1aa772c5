"""Find a file in a folder or a zip, read it as text whatever its letters, and count what was done with it."""

from __future__ import annotations

import fnmatch
import io
import re
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path, PurePosixPath

import pandas as pd

from wijkenaanpak import SourceError

Location = Path | zipfile.Path  # a file, or a file inside a zip


class Log:
    """Counts what was read, left out and corrected, and keeps of each file what it was used for."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, int]] = []
        self.used: dict[str, str] = {}
        self.aside: dict[str, str] = {}

    def add(self, file: Location | str, what: str, count: int) -> None:
        """Add a line; nothing counted, nothing said."""
        if count:
            self.rows.append((file if isinstance(file, str) else file.name, what, int(count)))

    def use(self, file: Location, purpose: str) -> None:
        """Note what a file, or the folder of a table, is used for."""
        self.used[str(file).rstrip("/")] = purpose

    def leave(self, file: Location, reason: str) -> None:
        """Note why a file is not used, with the way to make it used."""
        self.aside[str(file).rstrip("/")] = reason

    def table(self) -> pd.DataFrame:
        """Return the lines as file, what, count."""
        return pd.DataFrame(self.rows, columns=["file", "what", "count"])


class OtherFile(SourceError):
    """A file that has the name of a publication and is something else: it is set aside, and the rest is read."""


# ---- finding ---------------------------------------------------------------------------------------


def matches(folder: Path, pattern: str) -> list[Location]:
    """Files or folders of that name, in any subfolder or zip, in capitals or not; hidden and half ones are not ours.

    A zip is what is in it, also when its own name would fit.
    """
    pattern = pattern.lower()
    return [
        path
        for path in everything(folder)
        if fnmatch.fnmatchcase(path.name.lower(), pattern)
        and (pattern.endswith(".zip") or Path(path.name).suffix.lower() != ".zip")
    ]


def everything(folder: Path) -> list[Location]:
    """List the files and folders below a folder, and those inside zips, however deep."""
    paths = sorted(
        path for path in folder.rglob("*") if not path.name.startswith(".") and path.suffix != ".deel"
    )
    stamps = ((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths if path.exists())
    return list(_everything(tuple(stamps)))


@lru_cache(maxsize=4)
def _everything(stamps: tuple[tuple[Path, int, int], ...]) -> tuple[Location, ...]:
    found = list[Location]()
    for path, _, _ in stamps:
        found.append(path)
        if path.suffix.lower() == ".zip" and path.is_file():
            found += _members(path, str(path))
    return tuple(found)


def _members(source: Path | io.BytesIO, name: str) -> list[Location]:
    """List what is in a zip, also in the zips inside it."""
    try:
        archive = zipfile.ZipFile(source)
        archive.filename = name
        names = sorted(n for n in archive.namelist() if not n.startswith("__MACOSX/"))
        folders = {f"{parent}/" for n in names for parent in PurePosixPath(n).parents if parent.name}
        found = list[Location]()
        if {"TypedDataSet.json", "Observations.json"} & set(
            names
        ):  # the parts of a table, without their folder
            found.append(zipfile.Path(archive))
        for member in sorted({*names, *folders}):
            found.append(zipfile.Path(archive, member))
            if member.lower().endswith(".zip"):
                found += _members(io.BytesIO(archive.read(member)), f"{name}/{member}")
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError) as error:
        raise SourceError(
            f"{PurePosixPath(name).name} is niet als zip te openen ({error}); haal het bestand opnieuw op."
        ) from None
    return found


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


def decoded(path: Location, log: Log | None = None) -> str:
    """Read a file as text: UTF-8 or UTF-16 with or without byte order mark, or else Windows-1252.

    A file that has letters of both is refused: one of the two would be read wrong.
    """
    raw = content(path)
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


def content(path: Location) -> bytes:
    """Read a file, also inside a zip."""
    try:
        return path.read_bytes()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceError(
            f"{named(path)} is beschadigd in zijn zip ({error}); haal het bestand opnieuw op."
        ) from None
