"""Run a notebook of the project in this process: as a whole, or a section by itself."""

import ast
import json
import warnings
from dataclasses import dataclass, field
from typing import Any

from wijkenaanpak import questions


def cells_of(name: str) -> list[dict[str, Any]]:
    """Return the cells of a notebook, their source as one text."""
    cells = json.loads((questions.folder() / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in cells]


def sections_of(name: str) -> dict[str, list[str]]:
    """Return the code cells of each section (from one ``##`` heading to the next), by its heading; "" is what opens the report."""
    sections: dict[str, list[str]] = {"": []}
    title = ""
    for cell in cells_of(name):
        if cell["cell_type"] == "markdown" and cell["source"].startswith("## "):
            title = cell["source"].splitlines()[0].removeprefix("## ")
            sections[title] = []
        elif cell["cell_type"] == "code":
            sections[title].append(cell["source"])
    return sections


@dataclass
class Run:
    """A notebook whose first two cells have run."""

    name: str
    shown: list[Any] = field(default_factory=list)

    @classmethod
    def opened(cls, name: str, **parameters: Any) -> "Run":
        """Run the parameters, changed as asked, and the cell that opens the report."""
        run = cls(name)
        run.space: dict[str, Any] = {}
        given, opening = sections_of(name)[""]
        run.cell(given)
        run.space |= parameters
        run.cell(opening)
        run.space["display"] = lambda *found: run.shown.extend(found)
        return run

    @property
    def report(self) -> Any:
        """The report that the notebook works with."""
        return self.space["r"]

    def cell(self, source: str) -> Any:
        """Run one cell; what it ends in is shown, as in a notebook, and returned."""
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        with warnings.catch_warnings(action="error", category=UserWarning):
            exec(compile(tree, self.name, "exec"), self.space)
            if last is None:
                return None
            value = eval(compile(ast.Expression(last.value), self.name, "eval"), self.space)
        if value is not None:
            self.shown.append(value)
        return value

    def section(self, title: str) -> list[Any]:
        """Run the cells of a section and return what they show."""
        self.shown.clear()
        for source in sections_of(self.name)[title]:
            self.cell(source)
        return list(self.shown)

    def html(self, title: str) -> str:
        """Run a section and return what it shows as HTML, without the DataFrames that only a notebook shows."""
        return "".join(
            str(found._repr_html_())
            for found in self.section(title)
            if hasattr(found, "_repr_html_") and not hasattr(found, "to_html")
        )
