"""Which column of a file of CBS holds which concept, and in which unit: names and units differ by year and table."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from wijkenaanpak import RAW, SourceError
from wijkenaanpak.sources import cells, coding, files
from wijkenaanpak.sources.files import Location, Log

# Columns with the code of one level: of a row that has several the smallest area is what it is about.
LEVELS = (
    ("BU", r"bu_?code|buurt_?code\d*"),
    ("WK", r"wk_?code|wijk_?code\d*"),
    ("GM", r"gm_?code|gemeente_?code\d*"),
)
COUNTS = ("inwoners", "huishoudens", "woningen")
THOUSAND_EURO = 0.001  # `delen` of what is published in thousands of euros
# No dwellings are worth ten million on average, so such a number is in euros.
EUROS_FROM = 10_000


@cache
def known_columns() -> pd.DataFrame:
    """Read which columns of the Kerncijfers mean the same: begrip, kolom, delen, as text."""
    return pd.read_csv(RAW / "kwb_kolommen.csv", dtype=str)


def plain(name: str) -> str:
    """Reduce a column name to what it says, without the number, unit, sign of indent or group that StatLine adds."""
    bare = re.sub(r"\s*\((?:[^()]*)\)\s*$", "", name.rpartition("/")[2].replace("|", ""))
    return re.sub(r"[\W_]", "", re.sub(r"^k_|_\d{1,3}$", "", bare)).casefold()


def recognise(line: list[str]) -> bool:
    """Whether a line of a file holds the names of Kerncijfers: a column with codes among them."""
    codes = known_columns().query("begrip in ['code', 'pc4']")["kolom"]
    wanted = {plain(name) for name in codes} - {"code"}
    found = {re.sub(r"(?<=code)\d\d$", "", plain(cell)) for cell in line if cell.strip()}
    return len(found) > 1 and bool(found & wanted or "code" in {cell.strip().casefold() for cell in line})


@dataclass(frozen=True)
class Columns:
    """The columns of a file by what they mean.

    Attributes
    ----------
    frame, path : DataFrame, Path
        The file, as text.
    names : dict of str to str
        Concept to column.
    units : dict of str to str
        Column to the unit its own publication states, where it does.
    """

    frame: pd.DataFrame
    path: Location
    names: dict[str, str]
    units: dict[str, str] = field(default_factory=dict)

    def __contains__(self, concept: str) -> bool:
        return concept in self.names

    def text(self, concept: str) -> pd.Series:
        """Return a column as text, missing when the file has none of it."""
        if concept in self.names:
            return self.frame[self.names[concept]]
        return pd.Series(None, self.frame.index, dtype=object)

    def unit(self, concept: str) -> float:
        """Return by how much a number of a concept is multiplied."""
        return self._scale(concept, self.text(concept))

    def numbers(self, concept: str) -> pd.Series:
        """Return the numbers of a concept in its own unit, missing when the file has none of it."""
        if concept not in self.names:
            return pd.Series(np.nan, self.frame.index)
        column = self.names[concept]
        values = cells.numbers(self.frame, column, self.path)
        if concept in COUNTS or concept.endswith("_aantal"):
            # 1.234 between commas is a decimal number, and nobody is counted in parts
            broken = values.notna() & (values % 1 != 0)
            counted = not (
                self.is_share(concept) or "1 000" in self.units.get(column, "") or self.is_rate(concept)
            )
            fault = "is geen heel aantal; schrijf duizendtallen zonder punt"
            cells.refuse(broken & counted, self.frame, column, self.path, fault)
            fault = "is minder dan niets; verbeter de waarde of laat haar leeg"
            cells.refuse(values < 0, self.frame, column, self.path, fault)
        return values * self._scale(concept, values)

    def is_share(self, concept: str) -> bool:
        """Whether a number of people is given as a percentage, as the unit says."""
        return self.units.get(self.names.get(concept, ""), "").strip() == "%"

    def is_rate(self, concept: str) -> bool:
        """Whether a number of people is given for each thousand, as the unit says."""
        stated = self.units.get(self.names.get(concept, ""), "").casefold()
        return stated.startswith(("per 1 000", "per 1.000", "per 1000"))

    def _scale(self, concept: str, values: pd.Series) -> float:
        if concept not in self.names:
            return 1.0
        column = self.names[concept]
        usual = _divisor(concept, column)
        stated = re.sub(r"[.\s]", "", self.units.get(column, "").casefold())
        if concept == "woz":
            known = pd.to_numeric(values, errors="coerce").dropna()
            known = known[known > 0]
            euros = len(known) > 0 and known.min() >= EUROS_FROM
            return 1.0 if euros or stated == "euro" else 1 / usual
        if stated in ("x1000", "1000"):
            return 1000.0
        if stated.startswith("per1000") and not concept.endswith("_aantal"):
            return 0.1
        return 1.0 if stated == "%" else 1 / usual


def _divisor(concept: str, column: str) -> float:
    known = known_columns()
    own = known[known["begrip"] == concept]
    spelled = dict(zip(own["kolom"].str.casefold(), own["delen"].astype(float), strict=True))
    bare = {plain(k): float(d) for k, d in zip(own["kolom"], own["delen"], strict=True)}
    for name in (column.casefold(), re.sub(r"_\d{1,3}$", "", column).casefold()):
        if name in spelled:
            return spelled[name]
    return bare.get(plain(column), 1.0)


def read_concepts(frame: pd.DataFrame, path: Location, units: dict[str, str] | None = None) -> Columns:
    """Tell which column holds which concept; StatLine numbers its columns, and files name a code by year.

    Parameters
    ----------
    frame, path : DataFrame, Path
        The file, as text.
    units : dict of str to str, optional
        Column to unit, from the metadata of a table; otherwise they are in the names or below them.

    Raises
    ------
    SourceError
        When two columns can be one concept; :class:`files.OtherFile` when none has the codes of areas.
    """
    names = {}
    for concept in known_columns()["begrip"].unique():
        if concept != "code" and (found := list(_named(frame, concept))):
            if len(found) > 1 and found[0].casefold() not in _spelled(concept):
                raise SourceError(
                    f"{files.named(path)}: de kolommen {found[0]!r} en {found[1]!r} kunnen allebei {concept} zijn; "
                    "verwijder een van beide."
                )
            names[concept] = found[0]
    if "pc4" in names and not frame[names["pc4"]].fillna("").str.fullmatch(coding.PC4.pattern).any():
        del names["pc4"]
    if "pc4" not in names and (code := _code(frame)):
        names["code"] = code
        # a row that names a gemeente and a postcode is about the postcode
        if (
            (postcode := names.get("postcode"))
            and _of_gemeenten(frame[code])
            and _each_its_own(frame[postcode])
        ):
            names["pc4"] = names.pop("postcode")
            del names["code"]
    if not {"code", "pc4"} & set(names):
        raise files.OtherFile(
            f"{files.named(path)}: geen kolom met codes van gemeenten, wijken of buurten (gevonden: "
            f"{', '.join(frame.columns[:8])}); data/raw/kwb_kolommen.csv noemt de namen."
        )
    stated = {column: match[1] for column in frame if (match := re.search(r"\(([^()]*)\)\s*$", str(column)))}
    return Columns(frame, path, names, {**frame.attrs.get("units", {}), **stated, **(units or {})})


def _of_gemeenten(text: pd.Series) -> bool:
    return bool(text.dropna().astype(str).str.fullmatch(r"\s*(?:GM)?\d{1,4}(?:\.0)?\s*", case=False).all())


def _each_its_own(text: pd.Series) -> bool:
    """Whether a column holds a postcode of four digits in each row."""
    return bool(len(text)) and bool(text.fillna("").str.fullmatch(coding.PC4.pattern).all())


def resembling(frame: pd.DataFrame, concept: str, taken: set[str]) -> str | None:
    """Find a column whose name is nearly one of a concept: it may have been renamed."""
    known = known_columns()
    said = [plain(name) for name in known.loc[known["begrip"] == concept, "kolom"]]
    rest = {plain(str(c)): str(c) for c in frame.columns if c not in taken}
    near = [match for name in said for match in difflib.get_close_matches(name, list(rest), 1, 0.8)]
    return rest[near[0]] if near else None


def _spelled(concept: str) -> set[str]:
    known = known_columns()
    return set(known.loc[known["begrip"] == concept, "kolom"].str.casefold())


def _named(frame: pd.DataFrame, concept: str) -> Iterator[str]:
    """Columns that can be a concept: spelled like it, else with the number or year of StatLine, else by what they say."""
    known = known_columns()
    names = known.loc[known["begrip"] == concept, "kolom"]
    exact = {column.casefold(): column for column in frame.columns}
    if whole := [exact[n.casefold()] for n in names if n.casefold() in exact]:
        yield whole[0]
        return
    bare: dict[str, list[str]] = {}
    for column in frame.columns:
        for name in {
            re.sub(r"_\d{1,3}$", "", column),
            re.sub(r"(?<=code)\d\d$", "", column, flags=re.IGNORECASE),
        }:
            bare.setdefault(name.casefold(), []).append(column)
    numbered = [c for n in names for c in bare.get(n.casefold(), [])]
    for name in [] if numbered else names:  # the first name counts: a later one may be of something else
        said = plain(name.replace("/", ""))
        numbered = numbered or [c for c in frame.columns if said in (plain(c), plain(c.replace("/", "")))]
    yield from numbered


def _code(frame: pd.DataFrame) -> str | None:
    """Find the column with codes: of those that can hold it the one that has them, and not their titles."""
    exact = list(_named(frame, "code"))
    known = {plain(n) for n in _spelled("code")}
    candidates = [*exact, *(c for c in frame.columns if plain(re.sub(r"(?<=code)\d\d$", "", c)) in known)]
    for _, pattern in LEVELS:  # the smallest first
        candidates = (
            sorted(candidates, key=lambda c: not re.fullmatch(pattern, c, re.IGNORECASE)) + candidates[:0]
        )
        if re.fullmatch(pattern, candidates[0] if candidates else "", re.IGNORECASE):
            break
    scores = {c: _looks_like_codes(frame[c]) for c in dict.fromkeys(candidates)}
    best = max(scores.values(), default=0.0)
    return next((c for c, score in scores.items() if score >= 0.8 * best), None)


def _looks_like_codes(text: pd.Series) -> float:
    known = text.dropna().astype(str).head(500)
    return (
        float(known.str.fullmatch(r"\s*(?:GM|WK|BU|NL)?[0-9]+[0-9A-Z]*(?:\.0)?\s*", case=False).mean())
        if len(known)
        else 0.0
    )


def codes(columns: Columns, log: Log | None = None) -> pd.Series:
    """Codes with their prefix, of the smallest area of each row; a number alone is read with the kind of its row.

    A row without a code is the total of a selection, and no area: missing, and counted.
    """
    frame, path, column = columns.frame, columns.path, columns.names["code"]
    kinds = columns.text("soort").str.casefold().map(coding.KINDS) if "soort" in columns else None
    text = frame[column]
    level = next((k for k, pattern in LEVELS if re.fullmatch(pattern, column, re.IGNORECASE)), None)
    wider = [next((c for c in frame if re.fullmatch(p, c, re.IGNORECASE)), None) for _, p in LEVELS]
    levels = pd.Series(level, frame.index, dtype=object) if kinds is None else kinds.astype(object)
    if level:
        for (kind, _), other in zip(LEVELS, wider, strict=True):
            if other is not None and other != column:
                levels = levels.mask(text.isna() & frame[other].notna(), kind)
                text = text.fillna(frame[other])
    pairs = zip(text, levels, strict=True)
    found = pd.Series(
        [coding.cbs_code(t, k if isinstance(k, str) else None) for t, k in pairs], frame.index, dtype=object
    )
    country = text.fillna("").str.strip().isin(["0", "00", "0000"]) & _called_country(columns)
    country |= text.fillna("").str.casefold().eq("nederland")
    found = found.mask(country & found.isna(), "NL")
    empty = text.isna() | text.fillna("").str.strip().eq("")
    fault = (
        "is geen code van een gemeente (GM0344), wijk (WK034401) of buurt (BU03440101); verbeter de code, of verwijder "
        "de rij"
    )
    cells.refuse(found.isna() & ~empty, frame, column, path, fault)
    if log is not None and empty.any():
        what = columns.text("naam")[empty].dropna()
        shown = f", zoals {what.iloc[0]!r}" if len(what) else ""
        log.add(path, f"rijen zonder code, weggelaten ({cells.where(empty, path)}{shown})", int(empty.sum()))
    return found


def _called_country(columns: Columns) -> pd.Series:
    named = columns.text("naam").fillna("").astype(str).str.strip().str.casefold().eq("nederland")
    kind = (
        columns.text("soort")
        .fillna("")
        .astype(str)
        .str.strip()
        .str.casefold()
        .isin(["land", "nederland", "l"])
    )
    return named | kind


def working_age(columns: Columns, inhabitants: pd.Series) -> pd.Series:
    """Inhabitants of 15 to 65: counted, or as shares of all; what cannot be part of the inhabitants is refused."""
    ages = ("15_24", "25_44", "45_64")
    nothing = pd.Series(0.0, inhabitants.index)
    counted = sum((columns.numbers(f"a_{age}") for age in ages), nothing)
    shares = sum((columns.numbers(f"p_{age}") for age in ages), nothing)
    large = inhabitants >= 1000
    if columns.is_share("a_15_24") or (large.any() and counted[large].max() <= 101):
        counted, shares = pd.Series(np.nan, inhabitants.index), counted
    if "a_15_24" in columns or "p_15_24" in columns:
        column = columns.names.get("a_15_24", columns.names.get("p_15_24", ""))
        most = inhabitants * 1.02 + 30  # CBS rounds each number to five
        fault = (
            "en de andere leeftijden zijn samen meer dan alle inwoners; verbeter de kolommen met leeftijden"
        )
        cells.refuse((counted > most) | ((shares > 103) & large), columns.frame, column, columns.path, fault)
    return counted.where(counted.notna(), inhabitants * shares / 100)
