"""What the project knows of itself: the codebook, the wijken of a programme, the merged gemeenten, and names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from wijkenaanpak import RAW, programme
from wijkenaanpak.programme import FIRST_YEAR, LAST_YEAR, Programme
from wijkenaanpak.results import RESULT_KEY
from wijkenaanpak.sources import cells, tables
from wijkenaanpak.sources.files import Location
from wijkenaanpak.sources.names import letters, other_names

FINDINGS = RAW / "bevindingen.csv"
_FINDING_COLUMNS = [
    *(*RESULT_KEY, "estimate", "lower", "upper", "unit", "n"),
    *("label", "data", "content", "command", "date"),
]


def read_findings(path: Path = FINDINGS) -> pd.DataFrame:
    """Read what this project computed on published series (``python -m wijkenaanpak findings``).

    Returns
    -------
    DataFrame
        question, gebied, indicator, measure, method, reference, period (text), estimate, lower, upper, unit, n as in results.csv;
        label of the outcome; data (name of the folder), content (hash of its files), command and date of the computation. Empty without the table.
    """
    if not path.exists():
        return pd.DataFrame(
            columns=["question", "gebied", "indicator", "measure", "method", "reference", "period"]
        )
    return pd.read_csv(path, dtype={"period": str})


def known(path: Path = FINDINGS) -> pd.DataFrame:
    """Return what is really known, whatever data a run is made from; see :func:`laid_out`."""
    return laid_out(read_findings(path))


def laid_out(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay out findings (:func:`read_findings`) with one row a question and area.

    Returns
    -------
    DataFrame
        question, gebied, indicator, unit, period, first, last (gap to the rest of the city in those years); change, lower, upper; effect,
        effect_lower, effect_upper, effect_unit, effect_method, effect_reference, effect_period (missing where there is none; that of the
        main design, or of the area itself); label, data, content, date, command.
    """
    key = ["question", "gebied", "indicator", "data"]
    changes = rows[(rows["measure"] == "gap_change") & (rows["method"] == "beschrijvend")]
    gaps = rows[rows["measure"] == "gap"].set_index([*key, "period"])["estimate"]
    ends = changes["period"].str.split("-", expand=True).reindex(columns=[0, 1])
    for name, year in (("first", ends[0]), ("last", ends[1])):
        wanted = pd.MultiIndex.from_arrays([*(changes[k] for k in key), year])
        changes = changes.assign(**{name: gaps.reindex(wanted).to_numpy() if len(changes) else None})
    effects = rows[rows["measure"] == "effect"]
    main = rows[rows["measure"] == "effect_less"].drop_duplicates(key).set_index(key)["reference"]
    wanted = main.reindex(pd.MultiIndex.from_frame(effects[key])).to_numpy()
    effects = effects[pd.isna(wanted) | (effects["reference"] == wanted)].drop_duplicates(key)
    names = {"estimate": "effect", "lower": "effect_lower", "upper": "effect_upper"}
    names |= {name: f"effect_{name}" for name in ("unit", "method", "reference", "period")}
    effects = effects.rename(columns=names)
    found = changes.drop(columns=["measure", "method", "reference"]).rename(columns={"estimate": "change"})
    return found.merge(effects[[*key, *names.values()]], on=key, how="left").reset_index(drop=True)


@cache
def labels() -> Mapping[str, str]:
    """Return the label of every outcome of the codebook, by its name."""
    book = pd.read_csv(RAW / "indicatoren.csv", usecols=["indicator", "label"])
    return MappingProxyType(dict(zip(book["indicator"], book["label"], strict=True)))


def read_codebook(path: Location = RAW / "indicatoren.csv") -> pd.DataFrame:
    """Read the codebook of indicators; `direction`, `primary`, `decimals`, `start` and `end` as int.

    `lowest` and `highest` (float) bound what the outcome can be, in its unit; `also` names another question whose
    report shows it.
    """
    limits = {
        "direction": (-1, 1),
        "primary": (0, 1),
        "decimals": (0, 6),
        "start": (FIRST_YEAR, LAST_YEAR),
        "end": (FIRST_YEAR, LAST_YEAR),
    }
    named = ["indicator", "question", "also", "label", "unit", "scale", "table", "column", "n_column"]
    book = tables.read_table(path, [*named, "lowest", "highest", *limits])
    book = cells.once(book, ["indicator"], path)
    whole = {c: cells.whole(book, c, path, *bounds) for c, bounds in limits.items()}
    ranges = {c: cells.numbers(book, c, path) for c in ("lowest", "highest")}
    return book.fillna("").assign(**whole, **ranges).reset_index(drop=True)


def read_wijken(of: Programme | None = None) -> pd.DataFrame:
    """List the wijken of a programme, by default the project's own: area, gemeente, wijk, official_name."""
    rows = pd.DataFrame(list((of or programme.main()).listed))
    if "official_name" not in rows:
        rows["official_name"] = rows["gemeente"] + " " + rows["wijk"]
    return rows[["area", "gemeente", "wijk", "official_name"]]


@cache
def read_mergers() -> pd.DataFrame:
    """Read the gemeenten that became part of a city with a code here: jaar, gemeente, opgegaan_in, geheel (1 or 0), bron."""
    return pd.read_csv(RAW / "herindelingen.csv")


def gemeente(name: str) -> str:
    """Name a gemeente as the reports do, whatever its capitals and quotes: Den Haag for 's-Gravenhage (gemeente)."""
    bare = re.sub(r"\s*\((?:gemeente|gem\.?|GM)\)$", "", str(name).strip(), flags=re.IGNORECASE)
    return _spellings().get(letters(bare), bare)


@cache
def _spellings() -> dict[str, str]:
    """Names of the cities with a code here by their letters."""
    own = {letters(city): city for city in city_codes().values()}
    return {**other_names(), **own}


@cache
def city_codes() -> dict[str, str]:
    """Names of the cities by their code (``gemeentecodes.csv``)."""
    rows = pd.read_csv(RAW / "gemeentecodes.csv", dtype=str)
    return dict(zip(rows["code"], rows["gemeente"], strict=True))


def plain(name: str) -> str:
    """Letters, digits and commas of a name, to compare it with another."""
    return re.sub(r"[^a-z0-9,]", "", name.lower())
