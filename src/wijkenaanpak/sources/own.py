"""Series of one's own in one plain format: any outcome, of areas of any level, without code.

A long table (``reeksen*.csv``: gebied, jaar, indicator, waarde, and perhaps n, eenheid, bron), a table of the areas
(``gebieden*.csv``: gebied, gemeente, wijk, and perhaps naam), and, for outcomes that are not in the codebook, a table that
describes them (``uitkomsten*.csv``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wijkenaanpak import SourceError, programme, questions
from wijkenaanpak.programme import Programme
from wijkenaanpak.sources import cells, coding, facts, observations, tables
from wijkenaanpak.sources.files import Location, Log

SERIES = ["gebied", "jaar", "indicator", "waarde"]
PLACES = ["gebied", "gemeente"]
WIJK = (
    "wijk",
    "aandachtswijk",
)  # how the column is called that says which wijk of the programme an area is in
OUTCOMES = ["indicator", "vraag", "label", "eenheid", "richting"]
CERTAINTY = "tabel van gebieden"


@dataclass(frozen=True)
class Own:
    """What the tables of one's own hold.

    Attributes
    ----------
    rows : DataFrame
        ``observations.COLUMNS``.
    areas : DataFrame
        area, name, gemeente, aandachtswijk (missing where none): one's own areas, which are no PC4.
    indicators : DataFrame
        The codebook, with the outcomes described in the folder.
    """

    rows: pd.DataFrame
    areas: pd.DataFrame
    indicators: pd.DataFrame


def area_code(gemeente: str, place: str) -> str:
    """Name an area of one's own, so that it is no other: two cities may have a wijk of that name."""
    return f"{gemeente}: {place}"


def read(
    series: Sequence[tuple[Location, pd.DataFrame]],
    places: Sequence[tuple[Location, pd.DataFrame]],
    outcomes: Sequence[tuple[Location, pd.DataFrame]],
    codebook: pd.DataFrame,
    log: Log,
    of: Programme,
) -> Own:
    """Read long tables, the areas they are about, and the outcomes that the codebook does not have.

    Parameters
    ----------
    series, places, outcomes : sequence of (Path, DataFrame)
        The tables as text, each with the file it comes from.
    codebook : DataFrame
    log : Log
    of : Programme

    Returns
    -------
    Own

    Raises
    ------
    SourceError
        For an area that is in no table, an outcome that is not described, another unit than the codebook has, or a
        value that it cannot have.
    """
    book = pd.concat(
        [codebook, *(_outcomes(frame, path, codebook) for path, frame in outcomes)], ignore_index=True
    )
    if twice := sorted(set(book.loc[book["indicator"].duplicated(), "indicator"])):
        raise SourceError(
            f"uitkomsten.csv: {twice[0]!r} staat al in het codeboek; geef de uitkomst een eigen naam."
        )
    areas = pd.concat(
        [_nowhere(), *(_places(frame, path, log, of) for path, frame in places)], ignore_index=True
    )
    areas = areas.drop_duplicates()
    parts = [_series(frame, path, areas, book, log, of) for path, frame in series]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=observations.COLUMNS)
    return Own(rows, areas.drop(columns="gebied"), _dated(book, rows) if outcomes else codebook)


def opened(paths: Sequence[Location], required: list[str], log: Log) -> list[tuple[Location, pd.DataFrame]]:
    """Read the tables of one kind as text."""
    return [(path, tables.read_table(path, required, log)) for path in paths]


def _nowhere() -> pd.DataFrame:
    return pd.DataFrame(columns=["gebied", "area", "name", "gemeente", "aandachtswijk"], dtype=object)


def _outcomes(frame: pd.DataFrame, path: Location, codebook: pd.DataFrame) -> pd.DataFrame:
    """Lay descriptions of outcomes out as the codebook does."""
    for column in OUTCOMES:
        cells.refuse(frame[column].isna(), frame, column, path, "is leeg; vul de cel in")
    known = questions.questions()
    wrong = ~frame["vraag"].isin(known)
    cells.refuse(wrong, frame, "vraag", path, f"is geen vraag met een notebook; kies {', '.join(known)}")
    direction = cells.whole(frame, "richting", path, -1, 1)
    empty = pd.Series(None, frame.index, dtype=object)
    limits = {
        name: cells.numbers(frame, column, path) if column in frame else pd.Series(np.nan, frame.index)
        for name, column in (("lowest", "laagste"), ("highest", "hoogste"), ("decimals", "decimalen"))
    }
    percentage = frame["eenheid"].eq("%")
    scale = frame.get("schaal", empty).fillna("lineair")
    cells.refuse(
        ~scale.isin(["lineair", "log"]), frame, "schaal", path, "is geen schaal; kies lineair of log"
    )
    told = frame.get("definitie", empty).fillna(frame["label"])
    counted = frame.get("noemer", empty).fillna("")
    texts = {
        "also": "", "n_column": counted, "table": "reeksen", "column": frame["indicator"], "publisher": frame.get("bron", empty).fillna(""),
        "definition": told + (" Noemer: " + counted + ".").where(counted != "", ""), "breaks": frame.get("breuken", empty).fillna(""),
        "source": frame.get("bron", empty).fillna(path.name),
    }  # fmt: skip
    described = pd.DataFrame(
        {
            "indicator": frame["indicator"],
            "question": frame["vraag"],
            "label": frame["label"],
            "unit": frame["eenheid"],
        }
    ).assign(
        direction=direction,
        primary=0,
        scale=scale,
        decimals=limits["decimals"].fillna(1).astype(int),
        lowest=limits["lowest"].fillna(percentage.map({True: 0.0, False: -1e12})),
        highest=limits["highest"].fillna(percentage.map({True: 100.0, False: 1e12})),
        start=programme.FIRST_YEAR,
        end=programme.LAST_YEAR,
        **texts,
    )
    return described[codebook.columns].reset_index(drop=True)


def _dated(book: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Put the first and last year of the series into the codebook, for outcomes of one's own."""
    own = book["table"] == "reeksen"
    years = rows.groupby("indicator")["period"].agg(["min", "max"])
    for column, which in (("start", "min"), ("end", "max")):
        known = book["indicator"].map(years[which]).where(own)
        book[column] = known.fillna(book[column]).astype(int)
    return book


def _places(frame: pd.DataFrame, path: Location, log: Log, of: Programme) -> pd.DataFrame:
    """Read a table of areas: each in a gemeente, and some in a wijk of the programme."""
    for column in ("gebied", "gemeente"):
        cells.refuse(frame[column].isna(), frame, column, path, "is leeg; vul de cel in")
    column = next((name for name in WIJK if name in frame), "")
    if not column:
        raise SourceError(
            f"{path.name}: er is geen kolom wijk; zet haar erin, met de wijk van {of.aanpak} bij wie die kreeg en leeg bij de rest."
        )
    gemeente = frame["gemeente"].map(facts.gemeente if of.main else str.strip)
    named = frame[column].astype(object).where(frame[column].notna(), None)
    bare = named.notna() & ~named.fillna("").isin(of.areas)
    own = named.where(~bare, gemeente + "/" + named.fillna(""))
    unknown = own.notna() & ~own.isin(of.areas)
    fault = (
        f"is geen van de {len(of.listed)} {of.wijken}; schrijf de naam als in {of.table}, of laat de cel leeg"
    )
    cells.refuse(unknown, frame, column, path, fault)
    elsewhere = own.notna() & (own.str.partition("/")[0] != gemeente)
    cells.refuse(elsewhere, frame, column, path, "ligt in een andere gemeente; verbeter een van beide")
    areas = pd.DataFrame(
        {
            "gebied": frame["gebied"],
            "area": [area_code(g, p) for g, p in zip(gemeente, frame["gebied"], strict=True)],
            "name": frame["naam"].fillna(frame["gebied"]) if "naam" in frame else frame["gebied"],
            "gemeente": gemeente,
            "aandachtswijk": own,
        },
        index=frame.index,
    )
    cells.once(areas, ["gebied"], path, log)
    log.add(path, "gebieden van eigen reeksen", len(areas))
    return areas.drop_duplicates().reset_index(drop=True)


def _series(
    frame: pd.DataFrame, path: Location, areas: pd.DataFrame, book: pd.DataFrame, log: Log, of: Programme
) -> pd.DataFrame:
    """Read a long table."""
    described = book.set_index("indicator")
    unknown = ~frame["indicator"].isin(described.index)
    fault = (
        "staat niet in data/raw/indicatoren.csv; beschrijf de uitkomst in uitkomsten.csv (indicator, vraag, label, eenheid, "
        "richting)"
    )
    cells.refuse(unknown, frame, "indicator", path, fault)
    area = _areas(frame, areas, path, of)
    if "eenheid" in frame:
        other = frame["eenheid"].notna() & (frame["eenheid"] != frame["indicator"].map(described["unit"]))
        cells.refuse(
            other, frame, "eenheid", path, "is een andere eenheid dan het codeboek heeft; reken de waarden om"
        )
    values = cells.numbers(frame, "waarde", path)
    n = cells.numbers(frame, "n", path) if "n" in frame else pd.Series(np.nan, frame.index)
    if "n" in frame:
        cells.within(n, 0, observations.MOST_PEOPLE, frame, "n", path)
    for indicator, own in frame.groupby("indicator"):
        row = described.loc[indicator]
        cells.within(values[own.index], row["lowest"], row["highest"], own, "waarde", path)
        if row["unit"] == "%":
            cells.not_a_fraction(values[own.index], int(row["decimals"]), own, "waarde", path)
    source = frame["bron"].fillna(path.name) if "bron" in frame else path.name
    rows = pd.DataFrame(
        {
            "indicator": frame["indicator"],
            "area": area,
            "period": cells.years(frame, "jaar", path),
            "value": values,
            "n": n,
            "decimals": frame["indicator"].map(described["decimals"]),
            "source": source,
            "status": "published",
            "error": 0.0,
        }
    )
    rows = cells.once(rows, ["indicator", "area", "period"], path, log)
    kept = rows.dropna(subset="value")
    log.add(path, "waarnemingen gelezen", len(kept))
    log.add(path, "cellen zonder waarde, weggelaten", len(rows) - len(kept))
    return kept[observations.COLUMNS]


def _areas(frame: pd.DataFrame, areas: pd.DataFrame, path: Location, of: Programme) -> pd.Series:
    """Tell which area each row is about: a postcode, an area of the project, or one of the table of areas."""
    known = areas.drop_duplicates("gebied").set_index("gebied")["area"]
    shared = set(areas.loc[areas.duplicated("gebied", keep=False), "gebied"])
    text = frame["gebied"].astype(object)
    found = text.map(known).astype(object)
    project = {facts.letters(name): name for name in of.areas}
    named = text.fillna("").map(facts.gemeente).map(facts.letters).map(project)
    code = text.where(text.fillna("").astype(str).str.fullmatch(coding.PC4.pattern))
    found = found.where(found.notna(), code).where(lambda s: s.notna(), named)
    wrong = found.isna() | text.isin(shared)
    fault = f"is geen postcode, gemeente of {of.one}, en staat niet in gebieden.csv (gebied, gemeente, wijk); zet het erin"
    cells.refuse(wrong, frame, "gebied", path, fault)
    return found


def with_areas(areas: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Add areas of one's own to those of the project, as units that a wijk or city is made of."""
    if not len(own):
        return areas
    units = own.assign(
        level="pc4", zekerheid=own["aandachtswijk"].map(lambda w: CERTAINTY if isinstance(w, str) else None)
    )
    return pd.concat([areas, units[areas.columns]], ignore_index=True)


def with_treated(treated: pd.DataFrame, own: pd.DataFrame, name: str) -> pd.DataFrame:
    """Add areas of one's own that are in a wijk to the list of those."""
    inside = own.dropna(subset="aandachtswijk")
    if not len(inside):
        return treated
    added = pd.DataFrame(
        {"wijk": inside["aandachtswijk"], "pc4": inside["area"], "zekerheid": CERTAINTY, "bron": name}
    )
    result = pd.concat([treated, added], ignore_index=True)
    result.attrs = treated.attrs
    return result


def without_coarser(rows: pd.DataFrame, own: pd.DataFrame, log: Log) -> pd.DataFrame:
    """Leave out figures of one's own areas of an outcome that the postcodes of the folder have: they are the same people."""
    if not len(own):
        return rows
    mine = rows["area"].isin(own["area"])
    by_postcode = set(rows.loc[rows["area"].str.fullmatch(coding.PC4.pattern), "indicator"])
    twice = mine & rows["indicator"].isin(by_postcode)
    log.add(
        "eigen reeksen",
        "waarnemingen van eigen gebieden waar er ook per postcode zijn, weggelaten",
        twice.sum(),
    )
    return rows[~twice].reset_index(drop=True) if twice.any() else rows
