"""What a report knows of the notebook it is opened in: which file that is, which parameters it was given, and whether they changed."""

from __future__ import annotations

import ast
import difflib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython

from wijkenaanpak import SourceError, questions

INJECTED = "# Parameters\n"  # so begins the cell in which papermill puts the parameters it was given
_opened: dict[str, Any] = {}  # the parameters of the report that was opened last


def opened(given: Mapping[str, Any]) -> None:
    """Check what a report is opened from, before any work; from now on, notice parameters that change without it.

    Parameters
    ----------
    given : mapping
        The parameters of the report.

    Raises
    ------
    SourceError
        When the notebook is a copy that opens the report of another, or was given a parameter that it does not have.
    """
    shell = get_ipython()
    if shell is None:
        return
    space = shell.user_ns
    name = Path(os.environ.get("JPY_SESSION_NAME") or str(space.get("__vsc_ipynb_file__", ""))).stem
    if name in questions.refused():
        raise SourceError(questions.refused()[name])
    _check_injected(list(space.get("In", [])))
    _opened.clear()
    # A notebook without parameters leaves them to the report.
    own = {k: space[k] for k in given if k in space}
    _opened.update({k: v for k, v in own.items() if type(v) is type(given[k]) and v == given[k]})
    if _before_cell not in shell.events.callbacks["pre_run_cell"]:
        shell.events.register("pre_run_cell", _before_cell)


def _check_injected(cells: list[str]) -> None:
    """Refuse a parameter that no cell before it assigned: papermill itself only warns."""
    known: set[str] = set()
    for source in cells:
        names = _assigned(source)
        if source.startswith(INJECTED):
            for name in names - known:
                near = difflib.get_close_matches(name, sorted(known), 1, 0.4) or sorted(known)
                raise SourceError(
                    f"Parameter {name!r} bestaat niet in dit notebook; bedoelt u {' of '.join(map(repr, near))}?"
                )
        known |= names


def _assigned(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a cell of magic
        return set()
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _before_cell(info: Any) -> None:
    """Say that the parameters are no longer those of the report, until it is opened again."""
    shell = get_ipython()
    if shell is None or "open_report" in info.raw_cell or _assigned(info.raw_cell) & set(_opened):
        return
    changed = [
        f"{name} = {now!r}, het rapport heeft {before!r}"
        for name, before in _opened.items()
        if (now := shell.user_ns.get(name)) != before and (before is None or type(now) is type(before))
    ]
    if changed:
        text = f"De parameters zijn veranderd ({'; '.join(changed)}). Voer ook de cel met open_report opnieuw uit."
        print(text, file=sys.stderr)
