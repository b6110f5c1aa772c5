"""Kerncijfers wijken en buurten (CBS): yearly files, StatLine tables, and figures by PC4."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import cells, coding, concepts, files, levels, observations, statline, tables
from wijkenaanpak.sources.concepts import Columns
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.observations import Regional

# Kerncijfers wijken en buurten: 2004-2012, and then a table a year (CBS StatLine), whose name says no year.
TABLES = (
    *("81903NED", "70904ned", "82339NED", "82931NED", "83220NED", "83487NED", "83765NED", "84286NED"),
    *("84583NED", "84799NED", "85039NED", "85318NED", "85618NED", "85984NED", "86165NED"),
)
YEARS = dict(zip(TABLES[2:], range(2013, 2026), strict=True))
# Share of the addresses in the most common postcode: middle of each class (CBS, Toelichting variabelen
# Kerncijfers wijken en buurten 2003-2012, DEK_PERC).
COVERAGE = {1: 0.95, 2: 0.855, 3: 0.755, 4: 0.655, 5: 0.555, 6: 0.25}
FEWEST = (
    14e6  # inhabitants: the country has had more since 1980, so with fewer it is the total of a selection
)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def read(path: Location, codebook: pd.DataFrame, log: Log | None = None) -> pd.DataFrame | Regional:
    """Read Kerncijfers wijken en buurten (CBS): a yearly file, or a StatLine table of one or more years; or per PC4.

    Column names differ by year; ``data/raw/kwb_kolommen.csv`` says which mean the same. A benefit that is
    published as a number is divided by the inhabitants of 15 to 65, or by the households. A file with inhabitants
    alone is read for those.

    Parameters
    ----------
    path : Path
        CSV or workbook, or the folder of a StatLine table.
    codebook, log : DataFrame, Log
        Which columns are indicators; what was left out is counted.

    Returns
    -------
    Regional, or DataFrame
        ``COLUMNS`` for a file of PC4.
    """
    columns, source = _opened(path, log)
    wide, columns = _areas(columns, path, log)
    frame, data = columns.frame, columns.path
    bases = {base: columns.numbers(base) for base in concepts.COUNTS}
    bases["inwoners_15_64"] = concepts.working_age(columns, bases["inwoners"])
    book = _book(codebook, columns, path, log)
    values = {row.indicator: _values(row, columns, bases[row.n_column]) for row in book.itertuples()}
    known = any(value.notna().any() for value in values.values())
    if not known and bases["inwoners"].isna().all():
        raise files.OtherFile(
            f"{files.named(path)}: geen enkele bekende kolom heeft waarden (gevonden: {', '.join(frame.columns[:8])}); "
            "data/raw/kwb_kolommen.csv noemt de namen."
        )
    weights = {r.indicator: bases[r.n_column].fillna(bases["inwoners"]) for r in book.itertuples()}
    keys = [c for c in ("code", "area", "period") if c in wide]
    wide = cells.once(wide.assign(**values), keys, data, log, frame)
    wide = wide[~_selections(wide, bases["inwoners"], source, log)]
    if "code" in wide:
        levels.check_totals(wide, bases["inwoners"], columns.names.get("inwoners", ""), data)
        levels.check_means(wide, weights, book, source, log)
    weights = {k: v.reindex(wide.index) for k, v in weights.items()}
    if "area" in wide:
        return observations.tidy(wide, weights, book, source, log)
    rows = observations.regional_rows(wide, weights, book, source, log)
    share = columns.numbers("dekking").map(COVERAGE)
    places = wide[keys].assign(pc4=_postcode(columns), share=share).dropna()
    people = wide[keys].assign(inwoners=bases["inwoners"]).dropna()
    if log is not None and not known:
        log.add(path, "gebieden met inwoners, zonder uitkomst", len(people))
    return Regional(rows, places[places["code"].str.startswith("BU")], people)


def _areas(columns: Columns, path: Location, log: Log | None) -> tuple[pd.DataFrame, Columns]:
    """Tell of each row what area and year it is about, and leave out the rows of no area."""
    if "pc4" in columns:
        area = coding.postcodes(columns.frame, columns.names["pc4"], columns.path)
        return pd.DataFrame({"period": _years(columns, path), "area": area}), columns
    code = concepts.codes(columns, log)
    columns = replace(columns, frame=columns.frame[code.notna()])
    wide = pd.DataFrame({"period": _years(columns, path), "code": code.dropna().astype(str)})
    wide["name"], wide["gemeente"] = columns.text("naam"), columns.text("gemeente")
    unnamed = wide["code"].str.startswith("GM") & wide["gemeente"].isna()
    wide.loc[unnamed, "gemeente"] = wide.loc[unnamed, "name"]
    return wide, columns


def _opened(path: Location, log: Log | None) -> tuple[Columns, str]:
    """Read the file, or the parts of the table, and tell which column is what."""
    if not path.is_dir():
        frame = tables.read_table(path, [], log, nil=True, recognise=concepts.recognise)
        columns = concepts.read_concepts(frame, path)
        if "naam" not in columns and (title := next((c for c in frame if c in REGION), None)):
            columns.names["naam"] = title
        return columns, path.name
    data, regions = statline.located(path, "TypedDataSet"), statline.region_part(path)
    frame = statline.part(path, "TypedDataSet", [regions])
    frame = frame.assign(naam=frame[regions].map(statline.titles(path)))
    topics = statline.measures(path)
    # in OData version 4 the key of a topic says nothing
    opaque = topics[topics.index.str.fullmatch(r"[A-Z]\d+(_\d+)?", na=False)]["Title"]
    frame = frame.rename(columns=opaque[~opaque.duplicated(keep=False)].to_dict())
    units = {opaque.get(key, key): str(unit) for key, unit in topics["Unit"].dropna().items()}
    columns = concepts.read_concepts(frame, data, units)
    columns.names.setdefault("naam", "naam")
    return columns, f"StatLine {path.name}"


# What the column with the names of the areas is called in exports.
REGION = ("WijkenEnBuurten", "Wijken en buurten", "Regio's", "kolom 1 zonder naam")


def _book(codebook: pd.DataFrame, columns: Columns, path: Location, log: Log | None) -> pd.DataFrame:
    """Return the indicators that the file has; of those it should have and has not, the log tells."""
    book = codebook[codebook["table"] == "kwb"]
    has = book["column"].isin(columns.names) | (book["column"] + "_aantal").isin(columns.names)
    if log is not None and has.sum() > 1:
        lacking, taken = book.loc[~has], set(columns.names.values())
        near = [concepts.resembling(columns.frame, concept, taken) for concept in lacking["column"]]
        pairs = zip(lacking["label"], near, strict=True)
        named = [f"{label} (misschien {column!r})" if column else label for label, column in pairs]
        log.add(path, f"uitkomsten zonder kolom: {', '.join(named)}", len(named))
    return book[has]


def _values(row: object, columns: Columns, n: pd.Series) -> pd.Series:
    """Return the values of one indicator: as published, or as a share of those it is about."""
    concept, indicator = row.column, row.indicator  # type: ignore[attr-defined]
    value, count = columns.numbers(concept), columns.numbers(f"{concept}_aantal")
    frame, path = columns.frame, columns.path
    if concept not in columns and count.isna().all():
        return value
    if value.isna().all() and count.notna().any():
        if columns.is_share(f"{concept}_aantal"):
            value = count
        elif columns.is_rate(f"{concept}_aantal"):
            value = count / 10
        else:
            most = n * 1.5 + 30  # who has a benefit may live elsewhere, or be older
            fault = (
                f"is meer dan er zijn om wie {indicator} gaat; verbeter de waarde, of de kolom met aantallen"
            )
            cells.refuse(count > most, frame, columns.names[f"{concept}_aantal"], path, fault)
            value = (100 * count / n.where(n > 0)).round(int(row.decimals))  # type: ignore[attr-defined]
        used = f"{concept}_aantal"
    else:
        used = concept
        if row.unit == "euro":  # type: ignore[attr-defined]
            value = value.where(value > 0)  # nil houses have no value
        else:
            cells.not_a_fraction(value, int(row.decimals), frame, columns.names[concept], path)  # type: ignore[attr-defined]
    unit = columns.unit(used) if used == concept else 1.0
    cells.within(value, row.lowest, row.highest, frame, columns.names[used], path, unit)  # type: ignore[attr-defined]
    return value


def _selections(wide: pd.DataFrame, inhabitants: pd.Series, source: str, log: Log | None) -> pd.Series:
    """Tell which rows are called the country and have fewer inhabitants than it has: totals of a selection."""
    if "code" not in wide:
        return pd.Series(False, wide.index)
    few = wide["code"].eq("NL") & (inhabitants.reindex(wide.index) < FEWEST)
    if log is not None:
        what = (
            "rijen Nederland met minder inwoners dan het land heeft: het totaal van een selectie, weggelaten"
        )
        log.add(source, what, few.sum())
    return few


def _years(columns: Columns, path: Location) -> pd.Series:
    """Years from a column, from the periods of StatLine, or from the name of the file; they may not differ."""
    frame = columns.frame
    stated = YEAR.search("" if path.is_dir() else re.sub(r".*(?=pc4_(?:19|20)\d\d)", "", path.name.lower()))
    if "jaar" in columns:
        found = cells.years(frame, columns.names["jaar"], columns.path)
        if stated and (wrong := found != int(stated[0])).any():
            cells.refuse(
                wrong, frame, columns.names["jaar"], columns.path,
                f"is een ander jaar dan in de naam van het bestand ({stated[0]}); herstel de naam of splits het bestand",
            )  # fmt: skip
        return found
    if "Perioden" in frame:
        return statline.period(frame, columns.path)
    year = stated[0] if stated else _table_year(path)
    if year is None:
        year = next((str(y) for table, y in YEARS.items() if table.casefold() in path.name.casefold()), None)
    if year is None:
        raise SourceError(
            f"{files.named(path)}: het jaar staat niet in een kolom en niet in de naam; noem het bestand bijvoorbeeld kwb-2013.xls."
        )
    return pd.Series(int(year), frame.index)


def _table_year(folder: Location) -> str | None:
    """Year of a StatLine table of one year: in its title."""
    if not folder.is_dir():
        return None
    title = statline.part(folder, "TableInfos", ["Title"])["Title"].iloc[0]
    found = re.findall(YEAR.pattern, title)
    return found[0] if len(found) == 1 else None


def _postcode(columns: Columns) -> pd.Series:
    text = columns.text("postcode").fillna("").astype(object)
    return text.map(coding.PC4.fullmatch).map(lambda m: m[1] if m else np.nan)
