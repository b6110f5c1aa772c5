"""Published statements and their recomputation.

`data/raw/uitspraken.csv` holds what Parliament was told, `cijfers.csv` the figures it rests on.
A statement names an operation and its inputs; this module does the sum and reaches the verdict, so
that no verdict is ever typed. A published figure stands for every value that rounds to it; the
sums are interval arithmetic in which each input occurs once, so the computed interval is exactly
the set of possible outcomes (Moore, Interval Analysis, 1966, ch. 3).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil, copysign, floor, inf, nan
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pandas as pd

from wijkenaanpak import RAW
from wijkenaanpak.dutch import number
from wijkenaanpak.measures import monitor
from wijkenaanpak.sources.facts import read_codebook

RIGHT, WRONG, OPEN, BEYOND = "klopt", "klopt niet", "niet vast te stellen", "niet na te rekenen"
VERDICTS = (RIGHT, WRONG, OPEN, BEYOND)
ABOUT = (
    "uitkomst",
    "uitvoering",
)  # how the wijken fared, or what the programme did: its dates, sums and counts
RELATIONS = ("=", "~", "<", "<=", ">", ">=")
COLUMNS = (
    *("id", "document", "phrase", "question", "about", "gebied", "statement", "computation", "inputs"),
    *("relation", "claimed", "claimed_decimals", "tolerance", "unit", "missing", "remark"),
)
FIGURE_COLUMNS = ("id", "indicator", "value", "decimals", "exact", "bound", "unit", "document")


@cache
def topics() -> tuple[str, ...]:
    """List what a statement can be about: a question of the codebook, or the programme as a whole."""
    return (*dict.fromkeys(read_codebook()["question"]), "programma")


@dataclass(frozen=True)
class Interval:
    """Every value from `low` to `high`; the operators give every possible outcome."""

    low: float
    high: float

    def __add__(self, other: Interval | float) -> Interval:
        b = _interval(other)
        return Interval(self.low + b.low, self.high + b.high)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __sub__(self, other: Interval | float) -> Interval:
        return self + -_interval(other)

    def __mul__(self, other: Interval | float) -> Interval:
        b = _interval(other)
        corners = [x * y if x and y else 0.0 for x in (self.low, self.high) for y in (b.low, b.high)]
        return Interval(min(corners), max(corners))

    def __truediv__(self, other: Interval | float) -> Interval:
        b = _interval(other)
        if b.low <= 0 <= b.high:
            return Interval(-inf, inf)
        return self * Interval(1 / b.high, 1 / b.low)


def _interval(value: Interval | float) -> Interval:
    return value if isinstance(value, Interval) else Interval(float(value), float(value))


def whole(count: Interval) -> list[int]:
    """Every count that a published one may stand for: "two thirds of 40" is 26 or 27."""
    return list(range(ceil(count.low), floor(count.high) + 1))


def sampled(count: Interval, n: Interval) -> Interval:
    """Percentage that a count out of `n` is, with its 95% interval (Wilson, JASA 22, 1927)."""
    size = round(n.low)
    low, high = (monitor.wilson(k, size) for k in (whole(count)[0], whole(count)[-1]))
    return Interval(100 * low.lower, 100 * high.upper)


class Operation(NamedTuple):
    """A named computation on intervals and the way to write it down."""

    formula: str  # a template with {0}, {1}, ...; without braces it joins the inputs
    compute: Callable[..., Interval]
    decimals: int | None = None  # None: as precise as the most precise input
    point: Callable[..., Interval] | None = None  # set when chance widens the outcome


OPERATIONS = {
    "waarde": Operation("{0}", lambda a: a),
    "som": Operation(" + ", lambda *terms: sum(terms, Interval(0, 0))),
    "verschil": Operation("{0} − {1}", lambda a, b: a - b),
    "rest": Operation("{0} − {1} × {2}", lambda a, b, c: a - b * c),
    "product": Operation("{0} × {1}", lambda a, b: a * b),
    "verhouding": Operation("{0} / {1}", lambda a, b: a / b, 2),
    "aandeel_pct": Operation("{0} / {1}", lambda a, b: a / b * 100, 1),
    "verandering_pct": Operation("({1} − {0}) / {0}", lambda a, b: b / a * 100 - 100, 1),
    "voortgang_pct": Operation("({1} − {0}) / {2}", lambda start, now, span: (now - start) / span * 100, 0),
    "kloofverandering": Operation("({2} − {3}) − ({0} − {1})", lambda w0, r0, w1, r1: (w1 - r1) - (w0 - r0)),
    "kloof_ingelopen_pct": Operation(
        "1 − ({2} − {3}) / ({0} − {1})", lambda w0, r0, w1, r1: -((w1 - r1) / (w0 - r0)) * 100 + 100, 0
    ),
    # A share of all cases and the two rates imply the share of the population behind them.
    "impliciet_aandeel_pct": Operation(
        "1 / (1 + {0} / {1} × (100 / {2} − 1))",
        lambda rate, other, share: _interval(100) / (rate / other * (_interval(100) / share - 1) + 1),
        1,
    ),
    "toets_aandeel": Operation("{0} / {1}", sampled, 1, lambda k, n: k / n * 100),
}


class Input(NamedTuple):
    """A published figure, or a count from one of the fact tables."""

    value: float
    envelope: Interval
    decimals: int
    text: str
    label: str


def envelope(value: float, decimals: int, exact: bool = False, bound: str = "") -> Interval:
    """Every value a published number may stand for.

    Half a unit of the last published digit on both sides; nothing for an exact number. "ruim" and
    "bijna" keep the half away from and towards zero; "meer dan" and "minder dan" have no far end
    but zero.
    """
    half = 0.0 if exact else 0.5 * 10.0**-decimals
    beyond = {"ruim": half, "bijna": -half, "meer dan": inf, "minder dan": -abs(value)}
    if bound in beyond and not exact:
        return Interval(*sorted((value, value + copysign(1, value) * beyond[bound])))
    return Interval(value - half, value + half)


def verdict(computed: Interval, relation: str, claim: Interval) -> str:
    """Compare what follows from the figures with what was said.

    A statement is right when every possible outcome agrees with it, wrong when none does, and
    undecided otherwise. For `=` and `~` to agree is to lie inside the claim's own envelope (its
    rounding, or the stated tolerance). The ends of rounding intervals are limits that are not
    reached together, so 20% and 19% do establish a fall.
    """
    if relation in ("<", "<="):
        return verdict(-computed, relation.replace("<", ">"), -claim)
    if relation in ("=", "~"):
        inside = claim.low <= computed.low and computed.high <= claim.high
        outside = computed.high < claim.low or claim.high < computed.low
    else:
        rounded = computed.low < computed.high or claim.low < claim.high
        least, most = computed.low - claim.high, computed.high - claim.low
        inside = least > 0 or (least == 0 and (rounded or relation == ">="))
        outside = most < 0 or (most == 0 and (rounded or relation == ">"))
    return RIGHT if inside else WRONG if outside else OPEN


def _fail(where: str, column: str, what: str) -> NoReturn:
    raise ValueError(f"{where}, kolom {column}: {what}.")


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    for column in columns:
        if column not in frame:
            _fail(f"{path.name}, regel 1", column, "deze kolom ontbreekt; voeg haar toe")
    return frame


def _figures(path: Path) -> dict[str, Input]:
    figures = {}
    for line, row in enumerate(_read(path, FIGURE_COLUMNS).to_dict("records"), start=2):
        try:
            value, decimals = float(row["value"]), int(row["decimals"])
        except ValueError:
            _fail(f"{path.name}, regel {line} ({row['id']})", "value of decimals", "hier hoort een getal")
        exact, bound, shown = row["exact"] == "1", row["bound"], len(row["value"].partition(".")[2])
        text = row["value"].replace(".", ",") if row["unit"] == "jaar" else number(value, shown)
        text = text if exact else f"{bound} {text}".strip()
        within, label = envelope(value, decimals, exact, bound), f"{row['indicator']}, {row['document']}"
        figures[row["id"]] = Input(value, within, shown, text, label)
    return figures


COUNTS: dict[str, Callable[[pd.Series], float]] = {
    "aantal": len,
    "verschillend": lambda column: column.nunique(),
    "som": lambda column: pd.to_numeric(column).sum(),
}


def _count(token: str, folder: Path) -> Input:
    """Derive a fact from a table: `aantal:table.column[filter=value,...]`, see `COUNTS`."""
    match = re.fullmatch(r"(\w+):(\w+)\.(\w+)(?:\[(.+)\])?", token)
    if not match or match[1] not in COUNTS or not (folder / f"{match[2]}.csv").exists():
        raise KeyError(token)
    conditions = [part.split("=") for part in match[4].split(",")] if match[4] else []
    frame = _read(folder / f"{match[2]}.csv", (match[3], *(column for column, _ in conditions)))
    for column, wanted in conditions:
        frame = frame[frame[column] == wanted]
    value = round(float(COUNTS[match[1]](frame[match[3]])), 6)
    decimals = 0 if value.is_integer() else 1
    label = f"{'opgeteld' if match[1] == 'som' else 'geteld'} in {match[2]}.csv"
    return Input(value, _interval(value), decimals, number(value, decimals), label)


def _compute(row: pd.Series, inputs: list[Input]) -> dict[str, Any]:
    """Outcome of one operation, as bounds and in words."""
    name, claimed = row["computation"], row["claimed"]
    op, values, texts = OPERATIONS[name], [i.value for i in inputs], [i.text for i in inputs]
    within = op.compute(*(item.envelope for item in inputs))
    low, high = round(within.low, 9), round(within.high, 9)
    point = (op.point or op.compute)(*map(_interval, values)).low
    decimals = max(i.decimals for i in inputs) if op.decimals is None else op.decimals
    unit = row["unit"] if row["unit"] in ("", "%") else f" {row['unit']}"
    computed = number(point, decimals) + unit
    if low < high:
        computed = {low: "ten minste ", high: "hoogstens "}.get(point, "") + computed
        computed += f" (tussen {number(low, decimals)} en {number(high, decimals)})"
    texts = [f"({text})" if text.startswith("−") else text for text in texts]
    counts = whole(inputs[0].envelope) if op.point else []
    if len(counts) > 1:
        texts[0] = " of ".join(map(str, counts))
    formula = op.formula.format(*texts) if "{" in op.formula else op.formula.join(texts)
    if name == "waarde":
        computed, calculation = texts[0] + unit, f"{texts[0]}{unit} ({inputs[0].label})"
    else:
        calculation = f"{formula} = {computed}"
    if op.point and claimed:
        ps = [monitor.sign_test(k, round(values[1]), float(claimed) / 100) for k in counts]
        test = "tekentoets" if float(claimed) == 50 else f"toets tegen {claimed}%"
        shown = " of ".join(dict.fromkeys(number(p, 2) if p >= 0.01 else "minder dan 0,01" for p in ps))
        calculation += f"; {test}: p {shown if shown.startswith('minder') else f'= {shown}'}"
    return {"computed": computed, "low": low, "high": high, "calculation": calculation}


def _judge(row: pd.Series, where: str, figures: dict[str, Input], folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = {"computed": "", "low": nan, "high": nan, "calculation": ""}
    name, relation, inputs = row["computation"], row["relation"], []
    if row["question"] not in topics():
        _fail(where, "question", f"{row['question']!r} is geen vraag; kies uit {topics()}")
    if row["about"] not in ABOUT:
        _fail(where, "about", f"{row['about']!r} is geen soort uitspraak; kies uit {ABOUT}")
    if relation and (relation not in RELATIONS or not name):
        _fail(where, "relation", f"{relation!r} vraagt een computation en een van {RELATIONS}")
    if not relation and not row["missing"]:
        _fail(where, "missing", "zeg wat er ontbreekt, of geef een vergelijking in relation")
    if name and name not in OPERATIONS:
        _fail(where, "computation", f"{name!r} is onbekend; kies uit {', '.join(OPERATIONS)}")
    for token in map(str.strip, row["inputs"].split(";") if name else []):
        try:
            inputs.append(figures.get(token) or _count(token, folder))
        except KeyError:
            _fail(where, "inputs", f"{token!r} staat niet in cijfers.csv en telt geen tabel")
    try:
        result |= _compute(row, inputs) if name else {}
    except TypeError:
        _fail(where, "inputs", f"{len(inputs)} getallen passen niet bij {name}")
    if not relation:
        return result | {"verdict": BEYOND}
    try:
        claimed, places = float(row["claimed"]), row["claimed_decimals"]
        half = 0.5 * 10.0 ** -int(places) if places else float(row["tolerance"] or 0)
    except ValueError:
        _fail(where, "claimed", "hier hoort een getal, met claimed_decimals of tolerance")
    outcome = Interval(result["low"], result["high"])
    claim = Interval(claimed - half, claimed + half)
    return result | {"verdict": verdict(outcome, relation, claim)}


def ledger(path: Path = RAW / "uitspraken.csv", vraag: str = "", gebied: str = "Nederland") -> pd.DataFrame:
    """Read the published statements and recompute each of them.

    Parameters
    ----------
    path : Path
        The statements; `cijfers.csv` and the fact tables stand next to it.
    vraag, gebied : str
        Only what a report on this question and area shows (:func:`select`); by default all.

    Returns
    -------
    DataFrame
        One row a statement: the columns of the file as text, with `title` and `date` of the document, `computed` (outcome, Dutch),
        `low` and `high` (float64, bounds of the outcome; missing when there is none),
        `calculation` (the sum with its numbers, Dutch) and `verdict` (one of `VERDICTS`).

    Raises
    ------
    ValueError
        A missing column, an unknown operation, figure, question, area or relation; the message
        names file, row and column.
    """
    files = sorted(path.parent.glob("*.csv"))
    every = _judged(path, tuple((file.name, file.stat().st_mtime_ns) for file in files))
    return select(every, vraag, gebied) if vraag else every.copy()


@lru_cache(maxsize=1)
def _judged(path: Path, _: tuple[tuple[str, int], ...]) -> pd.DataFrame:
    """Recompute every statement, once as long as the tables are the same."""
    rows = _read(path, COLUMNS)
    figures = _figures(path.parent / "cijfers.csv")
    wijken = _read(path.parent / "aandachtswijken.csv", ("area", "gemeente"))
    areas = {"Nederland", *wijken["area"], *wijken["gemeente"]}
    documents = _read(path.parent / "documenten.csv", ("id", "title", "date")).set_index("id")
    judged = []
    for line, row in rows.iterrows():
        where = f"{path.name}, regel {line + 2} ({row['id']})"
        for area in row["gebied"].split("; "):
            if area not in areas:
                _fail(where, "gebied", f"{area!r} is geen bekend gebied")
        judged.append(_judge(row, where, figures, path.parent))
    named = documents.reindex(rows["document"])[["title", "date"]].set_axis(rows.index)
    return pd.concat([rows, named, pd.DataFrame(judged, index=rows.index)], axis=1)


def select(statements: pd.DataFrame, vraag: str, gebied: str) -> pd.DataFrame:
    """Pick the statements a report on one question and one area shows, nearest area first.

    A wijk shows its own, those of its gemeente and the national ones; a gemeente its own, those of
    its wijken and the national ones; Nederland shows all of the question.
    """
    chosen = statements[statements["question"] == vraag]
    order = _distance(chosen["gebied"], gebied).dropna()
    return chosen.loc[order.sort_values(kind="stable").index]


def about(statements: pd.DataFrame, gebied: str) -> pd.DataFrame:
    """Pick the statements, of any question, that name an area: a wijk or its gemeente, a gemeente or its wijken."""
    return statements[_distance(statements["gebied"], gebied) <= 1]


def _distance(areas: pd.Series, gebied: str) -> pd.Series:
    """How near each list of areas is: 0 names the area itself, 1 its gemeente or wijken, 2 the country; else missing."""
    gemeente = gebied.split("/", 1)[0]

    def distance(areas: str) -> float:
        found = areas.split("; ")
        if gebied in found:
            return 0
        wijken = [area for area in found if area.startswith(f"{gebied}/")]
        return 1 if gemeente in found or wijken else 2 if "Nederland" in (*found, gebied) else nan

    return areas.map(distance)


def summary(ledger: pd.DataFrame) -> pd.DataFrame:
    """Count the verdicts for each question (rows) and verdict (columns), totals included."""
    table = pd.crosstab(ledger["question"], ledger["verdict"])
    table = table.reindex(index=list(topics()), columns=list(VERDICTS), fill_value=0)
    table["totaal"] = table.sum(axis=1)
    table.loc["totaal"] = table.sum()
    return table
