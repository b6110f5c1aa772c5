"""The programme as data: its areas, years, target and names, read from a file; and names as options and as files.

A programme is a file ``programma.toml``: that of the project in ``data/raw``, or one of one's own beside its data. Only
`[namen] aanpak`, `[jaren] start` and `eind`, and `[gebieden] wijken` have to be in it.
"""

from __future__ import annotations

import csv
import difflib
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from wijkenaanpak import RAW, SourceError, questions

FILE = "programma.toml"
MAIN = RAW / FILE
FIRST_YEAR, LAST_YEAR = 1990, 2035  # of any series


@dataclass(frozen=True)
class Years:
    """When a programme was chosen, and when it ran.

    Attributes
    ----------
    known : int
        The choice was known.
    looked_at : (int, int)
        First and last year of the figures that the choice can rest on.
    paid : int
        First payments.
    full : int
        First year in which all that was planned is there.
    end : int
    """

    known: int
    looked_at: tuple[int, int]
    paid: int
    full: int
    end: int

    @property
    def clean_until(self) -> int:
        """Last year that the choice did not look at."""
        return self.looked_at[0] - 1

    def begun(self, start: int) -> Years:
        """Return the years of the same programme, had it begun in another year; a start that is its own moves nothing."""
        if self.known <= start <= self.paid:
            return self
        by = start - self.known
        first, last = self.looked_at
        return Years(start, (first + by, last + by), self.paid + by, self.full + by, self.end)


@dataclass(frozen=True)
class Programme:
    """What a file ``programma.toml`` says of a programme.

    Attributes
    ----------
    path : Path
        The file; other files it names are beside it.
    aanpak, wijk, wijken, steden : str
        How texts call it: "de wijkenaanpak", "de aandachtswijk", "aandachtswijken", "de G18" (its cities together).
    english : str
        What it was, in one English sentence; may be empty.
    years : Years
    cohorts : tuple of int
        Year of award of later rounds, in order.
    horizons : tuple of int
        Years to the average of the city; empty without such a target.
    foreseen : int
        What was known until this year says what was to be expected.
    spans : dict
        First and last year of the report on a question, where it has years of its own.
    outcomes : dict
        The outcome by which a question is judged, where that is not the one of the codebook.
    listed : tuple of dict
        The rows of its table of areas: at least area, gemeente and wijk.
    table, postcodes, elsewhere : str
        Files beside it: the table of its wijken; their postcode areas; those of another programme, which are no comparison. The
        last two may be empty.
    later : str
        Pattern of the file in the data folder with the postcode areas of later rounds; may be empty.
    source, official : str
        Where its list comes from; which one would be official. May be empty.
    series : str
        The data it runs on: "oefendata" or a folder, when those are not beside it.
    """

    path: Path
    aanpak: str
    wijk: str
    wijken: str
    steden: str
    english: str
    years: Years
    cohorts: tuple[int, ...]
    horizons: tuple[int, ...]
    foreseen: int
    spans: dict[str, tuple[int, int]]
    outcomes: dict[str, str]
    listed: tuple[dict[str, str], ...]
    table: str
    postcodes: str
    later: str
    elsewhere: str
    source: str
    official: str
    series: str

    @cached_property
    def areas(self) -> list[str]:
        """What a report can be about: Nederland, the gemeenten, the wijken."""
        cities = sorted({row["gemeente"] for row in self.listed})
        return ["Nederland", *cities, *sorted(row["area"] for row in self.listed)]

    @property
    def cities(self) -> list[str]:
        """The gemeenten with wijken of the programme."""
        return [area for area in self.areas[1:] if "/" not in area]

    @property
    def one(self) -> str:
        """A wijk of the programme without its article."""
        return self.wijk.partition(" ")[2] or self.wijk

    @property
    def unit(self) -> str:
        """What its wijken are made of, in texts."""
        return "postcodegebied" if self.postcodes else "gebied"

    @property
    def main(self) -> bool:
        """Whether it is the project's own, of which there are documents, statements and sums of money."""
        return self.path == MAIN

    @property
    def name(self) -> str:
        """How texts call it, to begin a title with."""
        return f"{self.aanpak[:1].upper()}{self.aanpak[1:]}"

    def span(self, vraag: str) -> tuple[int, int]:
        """First and last year of the report on a question; of the overview those of all."""
        if vraag != questions.OVERVIEW:
            return self.spans.get(vraag, (self.years.known, self.years.end))
        every = [self.span(v) for v in questions.questions()]
        return min(first for first, _ in every), max(last for _, last in every)

    def files(self) -> list[Path]:
        """List the files that say what it is."""
        named = {self.table, self.postcodes, self.elsewhere} - {""}
        return [self.path, *(self.path.parent / name for name in sorted(named))]


def main() -> Programme:
    """Return the programme of the project."""
    return read(MAIN)


def read(path: Path) -> Programme:
    """Read and check the file of a programme; read again when it, or a table beside it, changed.

    Raises
    ------
    SourceError
        With file and key.
    """
    return _read(path, _stamp(path))


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        return tuple(file.stat().st_mtime_ns for file in (path, *sorted(path.parent.glob("*.csv"))))
    except FileNotFoundError:
        raise SourceError(f"Het programma {path} bestaat niet; geef een bestand zoals {FILE}.") from None


KEYS = {
    "": ("gegevens", "namen", "jaren", "doel", "gebieden", "vragen"),
    "namen": ("aanpak", "wijk", "wijken", "steden", "english"),
    "jaren": ("bekend", "gekozen_op", "start", "vol", "eind", "cohorten"),
    "doel": ("jaren", "bekend"),
    "gebieden": ("wijken", "postcodes", "later", "andere_aanpak", "bron", "officieel"),
    "vraag": ("uitkomst", "van", "tot"),
}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{path.name} is geen geldig TOML-bestand ({error}); verbeter die regel.") from None


@lru_cache(maxsize=16)
def _read(path: Path, _: tuple[int, ...]) -> Programme:
    keys = _Keys(path.name, _parsed(path))
    keys.only("", KEYS[""])
    for part in ("namen", "jaren", "doel", "gebieden"):
        keys.only(part, KEYS[part])
    if path != MAIN:  # which may be read beside some of the notebooks only
        keys.only("vragen", questions.questions())
    paid = keys.year("jaren", "start")
    looked_at = keys.years("jaren", "gekozen_op", (paid - 3, paid - 2))
    years = Years(
        keys.year("jaren", "bekend", paid - 1),
        (looked_at[0], looked_at[-1]),
        paid,
        keys.year("jaren", "vol", paid + 4),
        keys.year("jaren", "eind"),
    )
    order = (*years.looked_at, years.known, years.paid, years.full)
    if list(order) != sorted(order) or years.end <= years.paid:
        raise keys.fault(
            "jaren", "start", "staat niet op volgorde: gekozen_op, bekend, start, vol; en eind na start"
        )
    spans, outcomes = {}, {}
    for vraag in keys.table("vragen"):
        keys.only(f"vragen.{vraag}", KEYS["vraag"])
        first = keys.year(f"vragen.{vraag}", "van", years.known)
        spans[vraag] = (first, keys.year(f"vragen.{vraag}", "tot", years.end))
        if spans[vraag][0] >= spans[vraag][1]:
            raise keys.fault(f"vragen.{vraag}", "tot", "ligt niet na van")
        if outcome := keys.text(f"vragen.{vraag}", "uitkomst", ""):
            outcomes[vraag] = outcome
    horizons = keys.years("doel", "jaren", (), range(1, 100))
    table = keys.text("gebieden", "wijken")
    return Programme(
        path=path, aanpak=keys.text("namen", "aanpak"), wijk=keys.text("namen", "wijk", "de wijk"),
        wijken=keys.text("namen", "wijken", "wijken"), steden=keys.text("namen", "steden", "de steden samen"),
        english=keys.text("namen", "english", ""), years=years, cohorts=keys.years("jaren", "cohorten", ()),
        horizons=horizons, foreseen=keys.year("doel", "bekend", years.full), spans=spans, outcomes=outcomes,
        listed=_listed(path.parent / table, keys), table=table, postcodes=keys.file("postcodes"), later=keys.file("later"), elsewhere=keys.file("andere_aanpak"),
        source=keys.text("gebieden", "bron", ""), official=keys.text("gebieden", "officieel", ""),
        series=keys.text("", "gegevens", ""),
    )  # fmt: skip


class _Keys:
    """The keys of one file, each read with a check; a fault names the file and the key."""

    def __init__(self, name: str, values: dict[str, Any]) -> None:
        self.name, self.values = name, values

    def fault(self, part: str, key: str, fault: str) -> SourceError:
        value = self.table(part).get(key)
        shown = f" = {value!r}" if value is not None else ""
        return SourceError(f"{self.name}: {f'[{part}] ' * bool(part)}{key}{shown} {fault}.")

    def table(self, part: str) -> dict[str, Any]:
        found: Any = self.values
        for name in filter(None, part.split(".")):
            found = found.get(name, {})
            if not isinstance(found, dict):
                raise SourceError(
                    f"{self.name}: {name} is geen onderdeel; schrijf [{part}] op een eigen regel."
                )
        return found

    def only(self, part: str, known: Sequence[str]) -> None:
        for key in self.table(part):
            if key not in known:
                near = difflib.get_close_matches(key, known, 1, 0.4) or list(known)
                raise self.fault(part, key, f"bestaat niet; bedoelt u {' of '.join(near)}?")

    def text(self, part: str, key: str, default: str | None = None) -> str:
        value = self.table(part).get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.fault(
                part, key, "ontbreekt" if value is None else "is geen tekst; zet hem tussen aanhalingstekens"
            )
        return value.strip()

    def year(self, part: str, key: str, default: int | None = None) -> int:
        value = self.table(part).get(key, default)
        if value is None:
            raise self.fault(part, key, "ontbreekt; schrijf een jaartal")
        return self._whole(part, key, value, range(FIRST_YEAR, LAST_YEAR + 1))

    def years(
        self, part: str, key: str, default: tuple[int, ...], allowed: range = range(FIRST_YEAR, LAST_YEAR + 1)
    ) -> tuple[int, ...]:
        values = self.table(part).get(key, list(default))
        if not isinstance(values, list) or (default and not values):
            raise self.fault(part, key, "is geen rij; schrijf haar als [2005, 2006]")
        return tuple(sorted(self._whole(part, key, value, allowed) for value in values))

    def _whole(self, part: str, key: str, value: Any, allowed: range) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            what = f"geen geheel getal van {allowed[0]} tot en met {allowed[-1]}"
            raise self.fault(part, key, f"is {what}")
        return value

    def file(self, key: str) -> str:
        return self.text("gebieden", key, "")


def _listed(path: Path, keys: _Keys) -> tuple[dict[str, str], ...]:
    """Read the table of the wijken: a column wijk, and gemeente where the name of a wijk does not begin with it; each once."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError:
        raise keys.fault("gebieden", "wijken", f"bestaat niet naast {keys.name}") from None
    except UnicodeDecodeError:
        raise keys.fault("gebieden", "wijken", "is niet in UTF-8 opgeslagen") from None
    head = text.partition("\n")[0]
    rows = list(
        csv.DictReader(text.splitlines(), delimiter=";" if head.count(";") > head.count(",") else ",")
    )
    column = next((c for c in ("wijk", "aandachtswijk") if rows and c in rows[0]), None)
    if column is None:
        raise keys.fault("gebieden", "wijken", "heeft geen rijen met een kolom wijk")
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        if not (wijk := (row[column] or "").strip()):
            continue
        city, _, own = wijk.partition("/") if "gemeente" not in row else (row["gemeente"].strip(), "", wijk)
        own = own.removeprefix(f"{city}/")
        if not city or not own:
            raise keys.fault(
                "gebieden", "wijken", f"noemt {wijk!r} zonder gemeente; vul de kolom gemeente in"
            )
        found.setdefault(f"{city}/{own}", {**row, "area": f"{city}/{own}", "gemeente": city, "wijk": own})
    if not found:
        raise keys.fault(
            "gebieden", "wijken", "noemt geen enkele wijk; vul de kolom wijk in van wie de aanpak kreeg"
        )
    return tuple(found.values())


def slug(gebied: str) -> str:
    """Return the file name of an area: lower case, ASCII, hyphens.

    Examples
    --------
    >>> slug("Den Haag/Schilderswijk")
    'den-haag-schilderswijk'
    """
    plain = unicodedata.normalize("NFKD", gebied).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def check_option(name: str, value: object, options: Sequence[str]) -> None:
    """Raise a SourceError that names the nearest options when `value` is not one of them."""
    if value not in options:
        near = difflib.get_close_matches(str(value), options, 3, 0.4) or list(options[:4])
        raise SourceError(f"{name} = {value!r} bestaat niet; bedoelt u {' of '.join(map(repr, near))}?")
