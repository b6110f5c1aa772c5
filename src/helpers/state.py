"""A stated number: recorded when it is made, written the Dutch way, linked to its row of results.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from wijkenaanpak.dutch import in_unit, with_interval
from wijkenaanpak.measures.measures import MEASURES
from wijkenaanpak.pages.html import cited
from wijkenaanpak.results import PRACTICE, REAL, RESULT_COLUMNS, RESULT_KEY, plain

WORDS = ("+", "bare", "size", "unit")
# Tables of data/raw that hold what documents published: real in a report on practice data too.
FACTS = (
    "cijfers",
    "aanbevelingen",
    "wijken_40plus",
    "investeringen",
    "uitkeringen",
    "bewonersbudgetten",
    "bevindingen",
)


@dataclass(frozen=True)
class Stated:
    """One number that a report states, with its margin: a row of results.csv.

    In an f-string or a table it is written the Dutch way, with its 95% margin, and links to its row. What stands
    behind the colon changes how: ``{x:+}`` writes a plus sign, ``{x:bare}`` leaves out the margin, ``{x:size}`` leaves
    out margin and sign, ``{x:unit}`` adds the unit; they go together, as in ``{x:bare unit}``.

    Attributes
    ----------
    row : mapping
        In the columns of results.csv.
    anchor : str
        Where the page shows the row.
    """

    row: Mapping[str, Any]
    anchor: str

    @property
    def numbers(self) -> tuple[float, float, float]:
        """Estimate with its 95% interval."""
        return self.row["estimate"], self.row["lower"], self.row["upper"]

    @property
    def estimate(self) -> float:
        """The number itself, in its unit."""
        return float(self.row["estimate"])

    @property
    def sign(self) -> int:
        """-1 or 1 when the whole margin lies below or above zero, 0 when it holds both."""
        _, lower, upper = self.numbers
        return int(lower > 0) - int(upper < 0)

    def text(self, words: str = "") -> str:
        """Write the number without a link; `words` as behind the colon."""
        asked = words.split()
        if not set(asked) <= set(WORDS):
            raise ValueError(f"onbekend: {words!r}; een getal kent {', '.join(WORDS)}")
        estimate, lower, upper = self.numbers
        unit, size = self.row["unit"], "size" in asked
        sign = not size and ("+" in asked or MEASURES[self.row["measure"]].signed)
        if size or "bare" in asked:
            shown = in_unit(abs(estimate) if size else estimate, unit, sign)
        else:
            shown = with_interval(estimate, lower, upper, unit, sign).removesuffix(" (marge onbekend)")
        return f"{shown} {unit}" if "unit" in asked else shown

    def __format__(self, words: str) -> str:
        return cited(self.anchor, self.text(words))

    def __str__(self) -> str:
        return self.text()  # a DataFrame on the screen shows this: no links there

    __repr__ = __str__


def numbers_of(value: Any) -> tuple[float, float, float]:
    """Return estimate, lower and upper of what carries them; the interval is missing where there is none.

    Parameters
    ----------
    value : float, tuple, Series, mapping or Estimate
        A number; (estimate, lower, upper); or what has these by name.
    """
    if hasattr(value, "numbers"):
        return value.numbers
    if isinstance(value, tuple):
        estimate, lower, upper = value
        return estimate, lower, upper
    if isinstance(value, Mapping | pd.Series):
        return value["estimate"], value.get("lower", np.nan), value.get("upper", np.nan)
    return value, np.nan, np.nan


def _finite(estimate: float, lower: float, upper: float) -> tuple[float, float, float]:
    """Leave out a number without end, and both ends of a margin of which one has none."""
    known = np.isfinite(estimate) and np.isfinite(lower) and np.isfinite(upper)
    return (estimate if np.isfinite(estimate) else np.nan, *((lower, upper) if known else (np.nan, np.nan)))


class Statements:
    """Every number one report states, each once, and the sources it names.

    Parameters
    ----------
    question, gebied : str
        What the report is about.
    simulated : bool
        Whether its series are the practice panel; what documents published stays published.
    """

    def __init__(self, question: str, gebied: str, simulated: bool) -> None:
        self.question, self.gebied, self.simulated = question, gebied, simulated
        self._stated: dict[tuple[str, ...], Stated] = {}
        self.notes: dict[str, int] = {}

    def add(
        self,
        measure: str,
        numbers: Any,
        period: object,
        unit: str,
        indicator: str,
        reference: str = "",
        method: str = "beschrijvend",
        n: float = np.nan,
    ) -> Stated:
        """Record a number; the same number again replaces the earlier one, and keeps its place on the page.

        Raises
        ------
        ValueError
            When the measure is not one of ``measures.MEASURES``: nothing is stated that the page on methods does not define.
        """
        if measure not in MEASURES:
            raise ValueError(f"de maat {measure!r} staat niet in measures.MEASURES; beschrijf haar daar")
        key = (self.question, self.gebied, indicator, measure, method, reference, str(period))
        status = "simulated" if self.simulated and indicator not in FACTS else "published"
        kind = PRACTICE if status == "simulated" else REAL
        values = [kind, *key, *_finite(*map(float, numbers_of(numbers))), unit, float(n), status, ""]
        known = self._stated.get(key)
        anchor = known.anchor if known else f"g{len(self._stated)}"
        self._stated[key] = Stated(MappingProxyType(dict(zip(RESULT_COLUMNS, values, strict=True))), anchor)
        return self._stated[key]

    def note(self, source: str) -> int:
        """Return the number of the footnote that names this source; the same source has one footnote."""
        return self.notes.setdefault(source, len(self.notes) + 1)

    def all(self) -> list[Stated]:
        """List every number in the order in which it was first stated."""
        return list(self._stated.values())

    def frame(self) -> pd.DataFrame:
        """Return every number in the columns of results.csv."""
        return pd.DataFrame([dict(s.row) for s in self.all()], columns=RESULT_COLUMNS)

    def csv(self, report: str) -> str:
        """Write every number as a row of results.csv, in a fixed order and without a header; `report` is its page."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for row in sorted((s.row for s in self.all()), key=lambda row: [row[c] for c in RESULT_KEY[2:]]):
            line = {**row, "report": report}
            writer.writerow(
                "" if v != v else plain(v) for v in line.values()
            )  # a missing number is an empty field
        return text.getvalue()
