"""Which reports there are, what each depends on, and which are due.

A report is due when the content of something it depends on changed: its notebook, its parameters,
the modules that notebook imports, the template, the published facts, its slice of the data, which
questions there are, or the locked environment.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wijkenaanpak import ROOT, SEED, SourceError, content, questions
from wijkenaanpak.content import digest, read_sealed, text_digest, write_sealed
from wijkenaanpak.programme import Programme, check_option, slug
from wijkenaanpak.sources.names import check_area
from wijkenaanpak.store import place

REPORTS = ROOT / "reports"
SHOWN = 12  # signs of a hash on a page
STATE = ".stand"  # inside the reports folder: what every finished report was made from

DAMAGED = "beschadigd"
CHANGED = "ontbreekt of is veranderd"

# How the parts of a dependency are named to the reader of ``list --why``.
PARTS = {
    "notebook": "notebook",
    "parameters": "parameters",
    "code": "code",
    "sjabloon": "sjabloon",
    "feiten": "feiten in data/raw",
    "gegevens": "gegevens",
    "vragen": "vragen in notebooks",
    "omgeving": "omgeving",
}


@dataclass(frozen=True)
class Job:
    """One report: a question, an area, the data it runs on; of a variant also the parameters that differ."""

    vraag: str
    gebied: str
    data: str = "oefendata"
    seed: int = SEED
    variant: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Path of the report inside the reports folder, without suffix; of a variant with what differs."""
        return f"{self.vraag}/{slug(self.gebied)}" + "".join(
            f"--{slug(name)}-{slug(str(value))}" for name, value in self.variant
        )


def jobs(
    vragen: Sequence[str] = (),
    gebieden_: Sequence[str] = (),
    data: str = "oefendata",
    seed: int = SEED,
    given: Mapping[str, str] = MappingProxyType({}),
) -> list[Job]:
    """List the reports of a selection; an empty selection means all.

    Parameters
    ----------
    vragen, gebieden_ : sequence of str
    data, seed : str, int
    given : mapping of str to str
        Other parameters of the notebooks: their reports are variants.

    Raises
    ------
    SourceError
        For an unknown question, area or parameter, with the nearest known name. A notebook that is refused gives no reports.
    """
    of = place.programme_of(data)
    known = of.areas
    for vraag in vragen:
        check_option("--vraag", vraag, [*questions.names(), *questions.refused()])
    for gebied in gebieden_:
        check_area("--gebied", gebied, known)
    return [
        Job(vraag, gebied, data, seed, variant)
        for vraag in questions.names()
        if not vragen or vraag in vragen
        for variant in [_variant(vraag, given, of)]
        for gebied in known
        if not gebieden_ or gebied in gebieden_
    ]


def usual(vraag: str, of: Programme) -> dict[str, Any]:
    """Return the parameters of a notebook as its own report has them: without years of its own those of the programme."""
    years = dict(zip(("start", "eind"), of.span(vraag), strict=True))
    own = questions.question(vraag).parameters
    return own | {name: year for name, year in years.items() if own[name] is None}


def _variant(vraag: str, given: Mapping[str, str], of: Programme) -> tuple[tuple[str, Any], ...]:
    """Return the parameters that differ from those of the notebook, as values of the same kind."""
    known = usual(vraag, of)
    found = []
    for name, text in given.items():
        if name in ("gebied", "data", "seed"):
            raise SourceError(f"-p {name}={text}: geef dit met --{name}.")
        check_option(f"Parameter van {vraag}.ipynb", name, list(known))
        value = _as(known[name], text)
        if value is None:
            kind = "geheel getal" if isinstance(known[name], int) else "getal"
            raise SourceError(f"-p {name}={text}: geef een {kind}, zoals {known[name]}.")
        if value != known[name]:
            found.append((name, value))
    return tuple(found)


def _as(default: Any, text: str) -> Any:
    """Read the text of a parameter as a value of the kind of its default; None when it is none."""
    if isinstance(default, str):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None if isinstance(default, int | float) else text
    if isinstance(default, bool) or not isinstance(default, int | float):
        return value
    kinds = (int,) if isinstance(default, int) else (int, float)
    return value if isinstance(value, kinds) and not isinstance(value, bool) else None


def dependencies(jobs: Sequence[Job]) -> dict[Job, dict[str, Any]]:
    """Return what each report depends on, as content hashes by part (see ``PARTS``).

    The stores must be up to date (:func:`store_ready`); the hash of each report's slice stands in them.
    """
    shared: dict[str, Any] = {
        "sjabloon": digest(content.templates(), base=content.TEMPLATES),
        "feiten": digest(content.facts()),
        "omgeving": content.environment(),
    }
    asked = {job.vraag for job in jobs}
    notebooks = questions.folder()
    cells = {v: _notebook(notebooks / f"{v}.ipynb") for v in asked}
    code = {v: _code(notebooks / f"{v}.ipynb") for v in asked}
    described = {v: text_digest(questions.described(v)) for v in asked}
    slices = {key: place.slices(place.store_path(*key)) for key in {(job.data, job.seed) for job in jobs}}
    return {
        job: {
            "notebook": cells[job.vraag],
            "parameters": [job.gebied, job.data, job.seed, *map(list, job.variant)],
            "code": code[job.vraag],
            **shared,
            "gegevens": slices[job.data, job.seed](job.vraag, job.gebied),
            "vragen": described[job.vraag],
        }
        for job in jobs
    }


def _notebook(path: Path) -> str:
    """Hash what makes a notebook run and read differently: not its outputs, nor who opened it last."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return text_digest(
        [[c["cell_type"], "".join(c["source"]), c.get("metadata", {}).get("tags", [])] for c in cells]
    )


def _modules(path: Path) -> list[Path]:
    """List the modules that a notebook, and the page made of it, is made with."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    used = content.imports("\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code"))
    return content.code_of(*used, "wijkenaanpak.pages.pages")


def _code(path: Path) -> dict[str, str]:
    """Hash every module of a notebook."""
    return {f.relative_to(content.CODE).as_posix(): digest([f]) for f in _modules(path)}


def behind(jobs: Sequence[Job]) -> dict[Job, list[Path]]:
    """List the files and folders that each report is made from: what its :func:`dependencies` are the hashes of."""
    shared = [*content.templates(), *content.facts(), content.ROOT / "requirements.lock"]
    notebooks = questions.folder()
    own = {
        v: [notebooks / f"{v}.ipynb", *_modules(notebooks / f"{v}.ipynb")] for v in {j.vraag for j in jobs}
    }
    stores = {}
    for key in {(job.data, job.seed) for job in jobs}:
        store = place.store_path(*key)
        stores[key] = [store, *sorted(store.rglob("*"))]
    return {job: [*own[job.vraag], *shared, *stores[job.data, job.seed]] for job in jobs}


def state_of(job: Job, out: Path) -> dict[str, Any]:
    """Return what the finished report was made from; empty when there is none."""
    state = read_sealed(record(job, out)) or {}
    return state if state.get("name") == job.name else {}  # not a copy of what is known of another report


def record(job: Job, out: Path) -> Path:
    """Return where it stands what a report was made from."""
    return out / STATE / f"{job.name}.json"


def write_state(
    job: Job, out: Path, made_from: dict[str, Any], files: dict[str, str], seconds: float
) -> None:
    """Record what a report was made from, the digests of its files, and how long it took: from now on it counts."""
    state = {"name": job.name, "from": made_from, "files": files, "seconds": round(seconds, 3)}
    write_sealed(record(job, out), state)


def stands_on(made_from: dict[str, Any]) -> dict[str, str]:
    """Shorten what a report is made from to what its page shows: one hash for data, code and environment each."""
    code = [made_from[part] for part in ("notebook", "code", "sjabloon", "feiten", "vragen")]
    return {
        "gegevens": made_from["gegevens"][:SHOWN],
        "code": text_digest(code)[:SHOWN],
        "omgeving": made_from["omgeving"][:SHOWN],
    }


def finished(out: Path, data: str = "") -> tuple[dict[Job, dict[str, Any]], list[str]]:
    """Return what every page of a reports folder was made from, and the pages of which that is not known: no record, or no notebook.

    Parameters
    ----------
    out : Path
    data : str
        Where the data of the pages are now, when not where they were.
    """
    known: dict[Job, dict[str, Any]] = {}
    unknown = []
    for page in sorted(out.glob("*/*.html")):
        name = page.relative_to(out).with_suffix("").as_posix()
        state = read_sealed(out / STATE / f"{name}.json") or {}
        if state.get("name") != name or page.parent.name not in questions.names():
            unknown.append(f"{name}.html")
            continue
        gebied, where, seed, *variant = state["from"]["parameters"]
        job = Job(page.parent.name, gebied, data or where, seed, tuple((k, v) for k, v in variant))
        known[job] = state["from"] | {"parameters": [gebied, job.data, seed, *variant]}
    return known, unknown


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
        return f"{DAMAGED}: {STATE}/{job.name}.json" if record(job, out).exists() else "nog niet gemaakt"
    return changed_file(job, out) or unlike(state["from"], wanted)


def changed_file(job: Job, out: Path) -> str:
    """Say which file of a report is not as it was written; empty when all are."""
    for suffix, known in state_of(job, out)["files"].items():
        file = out / f"{job.name}{suffix}"
        if not file.is_file() or digest([file]) != known:
            return f"{file.name} {CHANGED}"
    return ""


def unlike(made_from: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Say in one line in what two sets of :func:`dependencies` differ; empty when they do not."""
    reasons = []
    for part, text in PARTS.items():
        before: Any = made_from.get(part)
        now = wanted[part]
        if before == now:
            continue
        if isinstance(now, dict):
            names = sorted(n for n in {*before, *now} if before.get(n) != now.get(n))
            text += f" ({', '.join(names)})"
        reasons.append(text)
    return f"veranderd: {', '.join(reasons)}" if reasons else ""
