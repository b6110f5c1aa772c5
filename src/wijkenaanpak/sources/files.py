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
# What publishers publish stays far below these; what goes beyond is refused before it is read or unpacked.
LARGEST = 2_000_000_000  # bytes of one file, unpacked
FREE = 50_000_000  # bytes of a member that may be packed in however few
RATIO = 100  # times as large as it is in its zip, at most, beyond that
DEEPEST = 3  # zips inside zips
MEMBERS = 10_000  # files in one zip
# Signs that show nothing and turn, hide or end what stands beside them: controls, and those of writing direction.
INVISIBLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")


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
    """Files of that name, in any subfolder or zip, in capitals or not; hidden and half ones are not ours.

    A zip is what is in it, also when its own name would fit.
    """
    pattern = pattern.lower()
    return [
        path
        for path in everything(folder)
        if fnmatch.fnmatchcase(path.name.lower(), pattern)
        and (pattern.endswith(".zip") or Path(path.name).suffix.lower() != ".zip")
        and not path.is_dir()
    ]


def everything(folder: Path) -> list[Location]:
    """List the files and folders below a folder, and those inside zips; not what :func:`foreign` names."""
    inside = folder.resolve()
    paths = [path for path in _below(folder) if not _foreign(path, inside)]
    stamps = ((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths if path.exists())
    return list(_everything(tuple(stamps)))


def foreign(folder: Path) -> dict[Path, str]:
    """Name what is no file of a folder, and why (Dutch): links out of it or in a circle, pipes, sockets, devices."""
    inside = folder.resolve()
    return {path: why for path in _below(folder) if (why := _foreign(path, inside))}


def _below(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if not p.name.startswith(".") and p.suffix != ".deel")


def _foreign(path: Path, inside: Path) -> str:
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(inside):
            return "een verwijzing naar iets buiten de map: zet het bestand zelf in de map"
        return "" if path.is_file() or (path.is_dir() and not path.is_symlink()) else "geen gewoon bestand"
    except (OSError, RuntimeError):  # a circle: Python 3.11 and 3.12 raise the second
        return "een verwijzing die nergens op uitkomt"


@lru_cache(maxsize=4)
def _everything(stamps: tuple[tuple[Path, int, int], ...]) -> tuple[Location, ...]:
    found = list[Location]()
    for path, _, _ in stamps:
        found.append(path)
        if path.suffix.lower() == ".zip" and path.is_file():
            found += _members(path, str(path))
    return tuple(found)


def _members(source: Path | io.BytesIO, name: str, depth: int = 0) -> list[Location]:
    """List what is in a zip, also in the zips inside it."""
    if depth > DEEPEST:
        raise SourceError(
            f"{PurePosixPath(name).name}: meer dan {DEEPEST} zips in zips worden niet gelezen; pak het bestand uit."
        )
    try:
        archive = zipfile.ZipFile(source)
        measured(archive, PurePosixPath(name).name)
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
                found += _members(io.BytesIO(archive.read(member)), f"{name}/{member}", depth + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError) as error:
        raise SourceError(
            f"{PurePosixPath(name).name} is niet als zip te openen ({error}); haal het bestand opnieuw op."
        ) from None
    return found


def measured(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a zip that unpacks to more than a publisher's does, before anything of it is unpacked."""
    members = archive.infolist()
    if len(members) > MEMBERS:
        raise SourceError(
            f"{name}: er zitten {len(members)} bestanden in de zip, en ten hoogste {MEMBERS} worden gelezen."
        )
    for member in members:
        times = member.file_size / max(member.compress_size, 1)
        if member.file_size > LARGEST or (member.file_size > FREE and times > RATIO):
            raise SourceError(
                f"{name}: {member.filename[-80:]} is uitgepakt {times:.0f} maal zo groot ({member.file_size / 1e6:.0f} MB); dat wordt niet "
                "uitgepakt. Is het goed, zet het dan uitgepakt in de map."
            )


def find(folder: Path, pattern: str) -> Location | None:
    """Return the only file of that name, or None."""
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
    text, hidden = INVISIBLE.subn("", text)
    if log is not None:
        log.add(path, "onzichtbare tekens, weggelaten", hidden)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def content(path: Location) -> bytes:
    """Read a file of at most `LARGEST` bytes, also inside a zip."""
    if isinstance(path, Path) and path.stat().st_size > LARGEST:
        raise SourceError(f"{named(path)} is groter dan {LARGEST / 1e9:.0f} GB; haal het bestand opnieuw op.")
    try:
        return path.read_bytes()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceError(
            f"{named(path)} is beschadigd in zijn zip ({error}); haal het bestand opnieuw op."
        ) from None
