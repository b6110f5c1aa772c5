"""What a thing is made of, as hashes: files, code with all it imports, the environment; and writing files whole.

Which modules something is made with is read from the imports (:func:`code_of`), never listed. Everything here
is the standard library, so that a run with nothing to do is over before pandas would have been imported.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from wijkenaanpak import RAW, ROOT

CODE = ROOT / "src"
TEMPLATES = CODE / "wijkenaanpak" / "pages" / "templates"


def _digest_of(file: Path) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def digest(
    files: Iterable[Path],
    salt: str = "",
    base: Path | None = None,
    of: Callable[[Path], bytes] = _digest_of,
) -> str:
    """Return the SHA-256 of the names and contents of `files`.

    Parameters
    ----------
    files : iterable of Path
    salt : str
        Anything else the result must depend on.
    base : Path, optional
        Name the files relative to this folder; by default only their own name counts.
    of : callable
        Gives the SHA-256 of the content of a file.
    """
    total = hashlib.sha256(salt.encode())
    for file in files:
        total.update(str(file.relative_to(base) if base else file.name).encode())
        total.update(of(file))
    return total.hexdigest()


def text_digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-like value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_whole(path: Path, text: str | bytes | Iterable[str]) -> None:
    """Write a file completely or not at all, also when the power fails; a long text may come in parts.

    Raises
    ------
    OSError
        With the name of the file, which stays as it was; nothing half is left beside it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.deel")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            for part in [text] if isinstance(text, str | bytes) else text:
                stream.write(part.encode() if isinstance(part, str) else part)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):  # what stopped the writing, and is raised below, may stop this too
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # a full disk does not name the file
        raise


def _sync_folder(folder: Path) -> None:
    """Have the new name of a file on the disk too, where a folder can be opened (not on Windows)."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


SEAL = b'{"sha256": "%s", '


def write_sealed(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object that is known by its content: its first member is the digest of the rest."""
    text = json.dumps(value).encode()
    write_whole(path, SEAL % hashlib.sha256(text).hexdigest().encode() + text[1:])


def read_sealed(path: Path) -> dict[str, Any] | None:
    """Return what :func:`write_sealed` wrote; None when the file is not there, or not as it was written."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    head = len(SEAL % bytes(64))
    text = b"{" + raw[head:]
    if raw[:head] != SEAL % hashlib.sha256(text).hexdigest().encode():
        return None
    return json.loads(text)


def say(line: str) -> None:
    """Tell whoever runs this what is done without being asked."""
    print(line, file=sys.stderr)


def watched() -> bool:
    """Whether a notebook runs before somebody's eyes, in JupyterLab or VS Code; papermill and nbconvert make a document."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and ("JPY_SESSION_NAME" in os.environ or "__vsc_ipynb_file__" in shell.user_ns)


def working(line: str) -> None:
    """Tell who waits for it what is being done; a document that is made has no use for it."""
    if watched() or (sys.stderr is not None and sys.stderr.isatty()):
        say(line)


def contents(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder, by its name there."""
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    return {f.relative_to(folder).as_posix(): digest([f]) for f in files}


def stamps(paths: Iterable[Path]) -> dict[str, tuple[int, ...]]:
    """Return when and where files and folders were last written.

    A file that changes and comes back has the same content, and another stamp: the time of its last change cannot be set.
    """
    found: dict[str, tuple[int, ...]] = {}
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # gone: then it is not among the stamps
            status = path.stat()
            found[str(path)] = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


@cache
def installed(lock: Path, packages: Path) -> tuple[str, ...]:
    """Name the packages of a lock as they are installed, with their versions; a package beside the lock changes no page."""
    names = re.findall(r"^([\w.-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE)
    locked = {re.sub(r"[-_.]+", "_", name).lower() for name in names}
    # The names of the folders say it; reading the metadata of each takes longer than a run with nothing to do.
    found = (folder.stem for folder in packages.glob("*.dist-info"))
    return tuple(sorted(f for f in found if re.sub(r"[-_.]+", "_", f.rsplit("-", 1)[0]).lower() in locked))


def environment() -> str:
    """Return the hash of the lock, of what is installed of it, and of the Python version."""
    lock = ROOT / "requirements.lock"
    packages = installed(lock, Path(sysconfig.get_path("purelib")))
    return digest([lock], " ".join([platform.python_version(), *packages]))


IMPORT = re.compile(
    r"^(?P<indent>[ ]*)(?:from (?P<base>(?:helpers|wijkenaanpak)[\w.]*) import (?P<names>\([^)]*\)|[^\n]*)"
    r"|import (?P<whole>(?:helpers|wijkenaanpak)[\w.]*))",
    re.MULTILINE,
)


def imports(text: str, inside: bool = True) -> set[str]:
    """Name what code imports of this project: modules, and names that may be modules.

    Parameters
    ----------
    text : str
        Python source.
    inside : bool
        Count imports inside functions too.
    """
    found = set()
    for match in IMPORT.finditer(text):
        if match["indent"] and not inside:
            continue
        if match["whole"]:
            found.add(match["whole"])
            continue
        found.add(match["base"])
        names = re.sub(r"#[^\n]*", "", match["names"]).strip("()")
        found |= {f"{match['base']}.{name.split()[0]}" for name in names.split(",") if name.split()}
    return found


def code_of(*modules: str, inside: bool = True) -> list[Path]:
    """List the files of some modules and of all they import of this project, directly or not.

    Parameters
    ----------
    *modules : str
        Dotted names; what is not a module of this project is passed over.
    inside : bool
        Follow imports inside functions too. Without, what only some callers need does not count.

    Returns
    -------
    list of Path
        Sorted.
    """
    found: set[Path] = set()
    waiting = set(modules) - {""}
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        place = CODE.joinpath(*name.split("."))
        file = next((f for f in (place.with_suffix(".py"), place / "__init__.py") if f.is_file()), None)
        if file is not None and file not in found:
            found.add(file)
            status = file.stat()
            waiting |= {name.rpartition(".")[0]} - seen - {""}  # importing a module runs its package first
            waiting |= _imports_of(file, status.st_mtime_ns, status.st_size, inside) - seen
    return sorted(found)


@lru_cache(maxsize=512)
def _imports_of(file: Path, _: int, __: int, inside: bool) -> frozenset[str]:
    return frozenset(imports(file.read_text(encoding="utf-8"), inside))


def code_key(*modules: str, inside: bool = True) -> str:
    """Return the hash of :func:`code_of` and of the environment it runs in."""
    return digest(code_of(*modules, inside=inside), environment(), CODE, _digest_of_code)


def _digest_of_code(file: Path) -> bytes:
    """Return the digest of a file of code, read again only when it was written again: a report asks some twenty times."""
    status = file.stat()
    return _digest_as_written(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=512)
def _digest_as_written(file: Path, _: int, __: int) -> bytes:
    return _digest_of(file)


def facts() -> list[Path]:
    """List the files of published facts."""
    forms = (RAW / "templates" / f"{name}.csv" for name in ("formulieren", "velden"))
    return sorted([*RAW.glob("*.csv"), *RAW.glob("*.toml"), *forms])


def templates() -> list[Path]:
    """List the files a page is laid out with."""
    return sorted(f for f in TEMPLATES.rglob("*") if f.is_file())


def page_code() -> str:
    """Return the hash of everything but data and notebooks that a page is made from."""
    return digest([*sorted(CODE.rglob("*.py")), *templates(), *facts()], base=ROOT)
