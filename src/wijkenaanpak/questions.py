"""The questions: each is a notebook with a cell of parameters, its title and outcome in the notebook's own metadata.

A notebook in the folder is a question when it says so itself::

    "wijkenaanpak": {"titel": "Komen bewoners uit de bijstand?", "uitkomst": "kwb_bijstand", "richting": -1}

`uitkomst` is an indicator of the codebook or of the data folder, or a list of which the first carries the verdict; `richting`
(1: more is better, -1: less is better) is needed only where the codebook has none; `plaats` orders the questions; in `titel`
"{wijken}" and "{aanpak}" are what the programme calls them. Nothing
else lists them: batch, index, overview and the dependencies of a report ask here.
"""

from __future__ import annotations

import ast
import json
import os
import re
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from wijkenaanpak import ROOT, SourceError

OVERVIEW = "overzicht"
PARAMETERS = ("gebied", "start", "eind", "referentie", "data", "seed")
LAST = 1000  # place of a question that names none
OPENS = re.compile(r"open_report\(\s*[\"']([^\"']*)[\"']")


@dataclass(frozen=True)
class Question:
    """What a notebook says of itself.

    Attributes
    ----------
    name : str
        Of its file, without suffix.
    title : str
        The question as the report puts it.
    outcomes : tuple of str
        Indicators, the one that carries the verdict first; empty for the overview.
    direction : int
        Of the first outcome; 0 for that of the codebook.
    place : int
    parameters : dict
        The names and values of its cell of parameters; None for a value that is no literal.
    """

    name: str
    title: str
    outcomes: tuple[str, ...] = ()
    direction: int = 0
    place: int = LAST
    parameters: dict[str, Any] = field(default_factory=dict)


def folder() -> Path:
    """Return the folder of the notebooks (``WIJKEN_NOTEBOOKS``, else notebooks)."""
    return Path(os.environ.get("WIJKEN_NOTEBOOKS") or ROOT / "notebooks")


def questions() -> list[str]:
    """List the questions in their order, without the overview."""
    return [name for name in _found()[0] if name != OVERVIEW]


def names() -> list[str]:
    """List every notebook that makes reports: the questions, then the overview where there is one."""
    found = _found()[0]
    return [*questions(), *(name for name in found if name == OVERVIEW)]


def question(name: str) -> Question:
    """Return what a notebook says of itself.

    Raises
    ------
    KeyError
        When it makes no reports.
    """
    return _found()[0][name]


def refused() -> dict[str, str]:
    """Return the notebooks that would make reports but are not right, each with what to mend (Dutch)."""
    return _found()[1]


def described(name: str = OVERVIEW) -> list[Any]:
    """Return what a report rests on here: the names of all questions, and its own description; an overview on that of all."""
    found = _found()[0]
    own = found if name == OVERVIEW else {name: found[name]}
    return [names(), [asdict(known) for known in own.values()]]


def parameters_of(source: str) -> dict[str, Any]:
    """Return the names that a cell assigns and their values, None where they are no literals.

    Examples
    --------
    >>> parameters_of('gebied = "Utrecht"  # of een wijk')
    {'gebied': 'Utrecht'}
    """
    found: dict[str, Any] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                value = None
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: value for target in targets if isinstance(target, ast.Name)}
    return found


def _found() -> tuple[dict[str, Question], dict[str, str]]:
    read = {}
    for path in sorted(folder().glob("*.ipynb")):
        status = path.stat()
        read[path.stem] = _read(path, status.st_mtime_ns, status.st_size)
    right = [known for known in read.values() if isinstance(known, Question)]
    wrong = {name: fault for name, fault in read.items() if isinstance(fault, str)}
    return {known.name: known for known in sorted(right, key=lambda q: (q.place, q.name))}, wrong


@lru_cache(maxsize=256)
def _read(path: Path, _: int, __: int) -> Question | str | None:
    """Read what a notebook says of itself: a question, what is wrong with it, or None when it makes no reports."""
    where = f"{path.parent.name}/{path.name}"
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        code = [
            (cell["metadata"].get("tags", []), "".join(cell["source"]))
            for cell in notebook["cells"]
            if cell["cell_type"] == "code"
        ]
        own = notebook["metadata"].get("wijkenaanpak")
    except (ValueError, KeyError, TypeError):
        raise SourceError(f"{where} is geen notebook dat te lezen is; herstel het of haal het weg.") from None
    tagged = [source for tags, source in code if "parameters" in tags]
    opened = [name for _, source in code for name in OPENS.findall(source)]
    if not tagged or not (own or opened):
        return None
    parameters = parameters_of(tagged[0])
    if path.stem not in opened:
        return f"{where} opent {_listed(opened)}; schrijf in de tweede cel open_report({json.dumps(path.stem)}, ...) en bewaar het."
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.stem):
        return f"{where}: geef het notebook een naam van kleine letters, cijfers en streepjes."
    if missing := [name for name in PARAMETERS if name not in parameters]:
        return f"{where}: de cel met parameters mist {' en '.join(missing)}."
    return _described(where, path.stem, own, parameters)


def _listed(opened: list[str]) -> str:
    return f"het rapport van {opened[0]!r}" if opened else "geen rapport"


def _described(where: str, name: str, own: Any, parameters: dict[str, Any]) -> Question | str:
    """Check what stands in the metadata of a notebook."""
    own = own if isinstance(own, dict) else {}
    outcomes = own.get("uitkomst") or []
    outcomes = tuple([outcomes] if isinstance(outcomes, str) else outcomes)
    direction, place = own.get("richting", 0), own.get("plaats", LAST)
    if not own.get("titel") or not (outcomes or name == OVERVIEW):
        return f'{where}: zet in de metadata van het notebook "wijkenaanpak": {{"titel": "...", "uitkomst": "..."}}.'
    if direction not in (-1, 0, 1):
        return f"{where}: richting = {direction!r} in de metadata; kies 1 (meer is beter) of -1 (minder is beter)."
    return Question(name, str(own["titel"]), outcomes, direction, int(place), parameters)
