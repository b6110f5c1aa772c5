"""Which reports there are, what each depends on, and which are due.

A report is due when the content of something it depends on changed: its notebook, its parameters,
the modules that notebook imports, the template, the published facts, its slice of the data, or the
locked environment. Which modules those are is read from the imports (:func:`code_of`), never listed.
Everything here is the standard library, so that a run with nothing to do is over before pandas would
have been imported.
"""

from __future__ import annotations

import contextlib
import csv
import difflib
import hashlib
import json
import os
import platform
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from wijkenaanpak import RAW, ROOT, SourceError

VRAGEN = ("werk", "wonen", "leren", "veiligheid", "leefbaarheid")
OVERVIEW = "overzicht"
NOTEBOOK_NAMES = (*VRAGEN, OVERVIEW)
NOTEBOOKS = ROOT / "notebooks"
REPORTS = ROOT / "reports"
CODE = ROOT / "src"
TEMPLATES = CODE / "wijkenaanpak" / "pages" / "templates"
CHECKED = "WIJKEN_CHECKED"  # environment variable: the stores that a batch found up to date
STATE = ".stand"  # inside the reports folder: what every finished report was made from

# How a notebook hands its recorded numbers to the batch: one display of this type, rows of these columns, no header.
RESULTS_MIME = "application/vnd.wijkenaanpak.results+csv"
RESULT_COLUMNS = [
    *("question", "gebied", "indicator", "measure", "method", "reference", "period"),
    *("estimate", "lower", "upper", "unit", "n", "status", "report"),
]

# How the parts of a dependency are named to the reader of ``list --why``.
PARTS = {
    "notebook": "notebook",
    "parameters": "parameters",
    "code": "code",
    "sjabloon": "sjabloon",
    "feiten": "feiten in data/raw",
    "gegevens": "gegevens",
    "omgeving": "omgeving",
}


@dataclass(frozen=True)
class Job:
    """One report: a question, an area, the data it runs on."""

    vraag: str
    gebied: str
    data: str = "oefendata"
    seed: int = 2007

    @property
    def name(self) -> str:
        """Path of the report inside the reports folder, without suffix."""
        return f"{self.vraag}/{slug(self.gebied)}"


def slug(gebied: str) -> str:
    """Return the file name of an area: lower case, ASCII, hyphens."""
    plain = unicodedata.normalize("NFKD", gebied).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


@cache
def gebieden() -> list[str]:
    """List what a report can be about: Nederland, the 18 gemeenten, the 40 wijken."""
    with (RAW / "aandachtswijken.csv").open(encoding="utf-8", newline="") as stream:
        wijken = list(csv.DictReader(stream))
    return ["Nederland", *sorted({w["gemeente"] for w in wijken}), *sorted(w["area"] for w in wijken)]


def check_option(name: str, value: object, options: Sequence[str]) -> None:
    """Raise a SourceError that names the nearest options when `value` is not one of them."""
    if value not in options:
        near = difflib.get_close_matches(str(value), options, 3, 0.4) or list(options[:4])
        raise SourceError(f"{name} = {value!r} bestaat niet; bedoelt u {' of '.join(map(repr, near))}?")


def plan(
    vragen: Sequence[str] = (),
    gebieden_: Sequence[str] = (),
    data: str = "oefendata",
    seed: int = 2007,
) -> list[Job]:
    """List the reports of a selection; an empty selection means all.

    Raises
    ------
    SourceError
        For an unknown question or area, with the nearest known name.
    """
    known = gebieden()
    for vraag in vragen:
        check_option("--vraag", vraag, NOTEBOOK_NAMES)
    for gebied in gebieden_:
        check_option("--gebied", gebied, known)
    return [
        Job(vraag, gebied, data, seed)
        for vraag in NOTEBOOK_NAMES
        if not vragen or vraag in vragen
        for gebied in known
        if not gebieden_ or gebied in gebieden_
    ]


# ---- content hashes ----------------------------------------------------------------------------


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


def text_digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-like value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def processed() -> Path:
    """Return the folder of the processed stores (``WIJKEN_PROCESSED``, else data/processed)."""
    return Path(os.environ.get("WIJKEN_PROCESSED") or ROOT / "data" / "processed")


def data_folder(data: str) -> Path:
    """Return the folder a notebook parameter `data` names.

    Parameters
    ----------
    data : str
        A path; a relative one counts from the working directory, then from the project.

    Raises
    ------
    SourceError
        When it does not exist.
    """
    for folder in (Path(data).expanduser(), ROOT / data):
        if folder.is_dir():
            return folder.resolve()
    raise SourceError(
        f"De map {data!r} (parameter data) bestaat niet; geef een bestaande map of 'oefendata'."
    )


def practice_folder(seed: int) -> Path:
    """Return where the practice panel of a seed belongs."""
    return processed() / f"oefendata-{seed}" / "bron"


def practice_key(seed: int) -> str:
    """Return what the practice panel depends on: its generator, the published facts, the seed."""
    return digest(_facts(), f"seed={seed} {code_key('wijkenaanpak.practice.simulate')}")


def practice_ready(seed: int) -> bool:
    """Whether the practice panel is there and up to date."""
    stamp = practice_folder(seed).parent / "BRON"
    return practice_folder(seed).is_dir() and stamp.is_file() and stamp.read_text() == practice_key(seed)


def store_path(data: str, seed: int) -> Path:
    """Return where the processed store of a data folder belongs."""
    if data == "oefendata":
        return practice_folder(seed).parent / "store"
    folder = data_folder(data)
    return processed() / f"{folder.name}-{text_digest(str(folder))[:8]}" / "store"


def store_key(folder: Path) -> str:
    """Return what the store of a folder depends on: its files, the reading code, the published facts."""
    # What only computes or simulates is imported inside a function, and leaves a finished store as it is.
    code = digest(_facts(), code_key("wijkenaanpak.store.panel", inside=False))
    return digest(sorted(f for f in folder.rglob("*") if f.is_file()), code, folder)


def store_ready(data: str, seed: int) -> bool:
    """Whether the processed store is there and up to date."""
    if data == "oefendata" and not practice_ready(seed):
        return False
    folder = practice_folder(seed) if data == "oefendata" else data_folder(data)
    return key_of(store_path(data, seed)) == store_key(folder)


def key_of(store: Path) -> str | None:
    """Return the key of a finished store; None when there is none."""
    meta = store / "meta.json"
    return json.loads(meta.read_text())["key"] if meta.is_file() else None


@contextlib.contextmanager
def trusted(stores: Iterable[Path]) -> Iterator[None]:
    """Tell the notebooks started meanwhile that these stores are up to date: each need not hash all raw files again."""
    before = os.environ.get(CHECKED)
    os.environ[CHECKED] = json.dumps({str(store): key_of(store) for store in stores})
    try:
        yield
    finally:
        os.environ.pop(CHECKED)
        if before is not None:
            os.environ[CHECKED] = before


def checked() -> list[Path]:
    """Return the stores that the process that started this one found up to date, and that still are what they were."""
    known = json.loads(os.environ.get(CHECKED) or "{}")
    return [Path(store) for store, key in known.items() if key is not None and key == key_of(Path(store))]


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


def page_code() -> str:
    """Return the hash of everything but data and notebooks that a page is made from."""
    return digest([*sorted(CODE.rglob("*.py")), *_templates(), *_facts()], base=ROOT)


def _templates() -> list[Path]:
    return sorted(f for f in TEMPLATES.rglob("*") if f.is_file())


def _facts() -> list[Path]:
    forms = (RAW / "templates" / f"{name}.csv" for name in ("formulieren", "velden"))
    return sorted([*RAW.glob("*.csv"), *forms])


# ---- what a report was made from, and what it would be made from now ----------------------------


def dependencies(jobs: Sequence[Job], notebooks: Path = NOTEBOOKS) -> dict[Job, dict[str, Any]]:
    """Return what each report depends on, as content hashes by part (see ``PARTS``).

    The stores must be up to date (:func:`store_ready`); the hash of each report's slice stands in them.
    """
    shared: dict[str, Any] = {
        "sjabloon": digest(_templates(), base=TEMPLATES),
        "feiten": digest(_facts()),
        "omgeving": environment(),
    }
    asked = {job.vraag for job in jobs}
    cells = {v: _notebook(notebooks / f"{v}.ipynb") for v in asked}
    code = {v: _code(notebooks / f"{v}.ipynb") for v in asked}
    slices = {
        key: json.loads((store_path(*key) / "slices.json").read_text())
        for key in {(job.data, job.seed) for job in jobs}
    }
    return {
        job: {
            "notebook": cells[job.vraag],
            "parameters": [job.gebied, job.data, job.seed],
            "code": code[job.vraag],
            **shared,
            "gegevens": slices[job.data, job.seed][job.vraag][job.gebied],
        }
        for job in jobs
    }


def _notebook(path: Path) -> str:
    """Hash what makes a notebook run and read differently: not its outputs, nor who opened it last."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return text_digest(
        [[c["cell_type"], "".join(c["source"]), c.get("metadata", {}).get("tags", [])] for c in cells]
    )


def _code(path: Path) -> dict[str, str]:
    """Hash every module that a notebook, and the page made of it, is made with."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    used = imports("\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code"))
    files = code_of(*used, "wijkenaanpak.pages.pages")
    return {f.relative_to(CODE).as_posix(): digest([f]) for f in files}


def state_of(job: Job, out: Path) -> dict[str, Any]:
    """Return what the finished report was made from; empty when there is none."""
    path = out / STATE / f"{job.name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def why(job: Job, wanted: dict[str, Any], out: Path) -> str:
    """Say in one line why a report is due; empty when it is up to date.

    Parameters
    ----------
    job : Job
    wanted : dict
        Its :func:`dependencies` now.
    out : Path
        The reports folder.
    """
    state = state_of(job, out)
    if not state:
        return "nog niet gemaakt"
    for suffix, known in state["files"].items():
        file = out / f"{job.name}{suffix}"
        if not file.is_file() or digest([file]) != known:
            return f"{file.name} ontbreekt of is veranderd"
    reasons = []
    for part, text in PARTS.items():
        before, now = state["from"].get(part), wanted[part]
        if before == now:
            continue
        if isinstance(now, dict):
            names = sorted(n for n in {*before, *now} if before.get(n) != now.get(n))
            text += f" ({', '.join(names)})"
        reasons.append(text)
    return f"veranderd: {', '.join(reasons)}" if reasons else ""
