"""What a thing is made of, as hashes: files, code with all it imports, the environment; and writing files whole.

Which modules something is made with is read from the imports (:func:`code_of`), never listed. Everything here
is the standard library, so that a run with nothing to do is over before pandas would have been imported.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from wijkenaanpak import RAW, ROOT

CODE = ROOT / "src"
TEMPLATES = CODE / "wijkenaanpak" / "pages" / "templates"


def digest(files: Iterable[Path], salt: str = "", base: Path | None = None) -> str:
    """Return the SHA-256 of the names and contents of `files`.

    Parameters
    ----------
    files : iterable of Path
    salt : str
        Anything else the result must depend on.
    base : Path, optional
        Name the files relative to this folder; by default only their own name counts.
    """
    total = hashlib.sha256(salt.encode())
    for file in files:
        total.update(str(file.relative_to(base) if base else file.name).encode())
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def text_digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-like value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_whole(path: Path, text: str | Iterable[str]) -> None:
    """Write a file completely or not at all; a long text may come in parts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.deel")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.writelines([text] if isinstance(text, str) else text)
    temporary.replace(path)


def environment() -> str:
    """Return the hash of the locked packages and the Python version."""
    return digest([ROOT / "requirements.lock"], platform.python_version())


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
    return digest(code_of(*modules, inside=inside), environment(), CODE)


def facts() -> list[Path]:
    """List the files of published facts."""
    forms = (RAW / "templates" / f"{name}.csv" for name in ("formulieren", "velden"))
    return sorted([*RAW.glob("*.csv"), *forms])


def templates() -> list[Path]:
    """List the files a page is laid out with."""
    return sorted(f for f in TEMPLATES.rglob("*") if f.is_file())


def page_code() -> str:
    """Return the hash of everything but data and notebooks that a page is made from."""
    return digest([*sorted(CODE.rglob("*.py")), *templates(), *facts()], base=ROOT)
