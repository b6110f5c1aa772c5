"""Kerncijfers wijken en buurten (CBS): yearly files, StatLine tables, and figures by PC4."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pandas as pd

from wijkenaanpak import RAW, SourceError
from wijkenaanpak.sources import cells, coding, files, observations, statline, tables
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.observations import Regional

# Kerncijfers wijken en buurten: 2004-2012, and then a table a year (CBS StatLine).
TABLES = (
    *("70904ned", "82339NED", "82931NED", "83220NED", "83487NED", "83765NED", "84286NED"),
    *("84583NED", "84799NED", "85039NED", "85318NED", "85618NED", "85984NED"),
)
# Share of the addresses in the most common postcode: middle of each class (CBS, Toelichting variabelen
# Kerncijfers wijken en buurten 2003-2012, DEK_PERC).
COVERAGE = {1: 0.95, 2: 0.855, 3: 0.755, 4: 0.655, 5: 0.555, 6: 0.25}


def read(path: Location, codebook: pd.DataFrame, log: Log | None = None) -> pd.DataFrame | Regional:
    """Read Kerncijfers wijken en buurten (CBS): a yearly file, or a StatLine table of one or more years; or per PC4.

    Column names differ by year; ``data/raw/kwb_kolommen.csv`` says which mean the same. A benefit that is
    published as a number is divided by the inhabitants of 15 to 65, or by the households.

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
    book = codebook[codebook["table"] == "kwb"]
    if path.is_dir():
        data = statline.located(path, "TypedDataSet")
        frame, kind = statline.part(path, "TypedDataSet", ["WijkenEnBuurten"]), f"StatLine {path.name}"
        frame = frame.assign(naam=frame["WijkenEnBuurten"].map(statline.titles(path)))
    else:
        data, kind = path, path.name
        frame = tables.read_table(path, [], log, nil=True)
    columns = concepts(frame, path)
    periods = _years(frame, columns, path)
    get = _getter(frame, columns, data)
    wide = pd.DataFrame({"period": periods}, index=frame.index)
    if "code" in columns:
        kinds = frame[columns["soort"]].str.casefold().map(coding.KINDS) if "soort" in columns else None
        wide["code"] = _codes(frame, columns["code"], kinds, data)
        wide["name"] = frame[columns["naam"]] if "naam" in columns else frame.get("naam")
        wide["gemeente"] = frame[columns["gemeente"]] if "gemeente" in columns else None
        unnamed = wide["code"].str.startswith("GM") & wide["gemeente"].isna()
        wide.loc[unnamed, "gemeente"] = wide.loc[unnamed, "name"]
    else:
        wide["area"] = coding.postcodes(frame, columns["pc4"], data)
    bases = {"inwoners": get("inwoners"), "huishoudens": get("huishoudens"), "woningen": get("woningen")}
    bases["inwoners_15_64"] = _working_age(get, bases["inwoners"])
    values, weights = {}, {}
    book = book[book["column"].isin(columns) | (book["column"] + "_aantal").isin(columns)]
    for row in book.itertuples():
        value, n = get(row.column), bases[row.n_column]
        count = get(f"{row.column}_aantal")
        if value.isna().all() and count.notna().any():
            value = (100 * count / n.where(n > 0)).round(int(row.decimals))
        elif row.unit == "euro":
            value = value.where(value > 0)  # nil houses have no value
        column = columns.get(row.column, columns.get(f"{row.column}_aantal"))
        cells.within(value, row.lowest, row.highest, frame, str(column), data)
        values[row.indicator] = value
        weights[row.indicator] = n.where(n.notna(), bases["inwoners"])
    if not any(v.notna().any() for v in values.values()):
        raise SourceError(
            f"{files.named(path)}: geen enkele bekende kolom heeft waarden (gevonden: {', '.join(frame.columns[:8])}); "
            "data/raw/kwb_kolommen.csv noemt de namen."
        )
    keys = [c for c in ("code", "area", "period") if c in wide]
    wide = cells.once(wide.assign(**values), keys, data, log, frame)
    weights = {k: v.reindex(wide.index) for k, v in weights.items()}
    if "area" in wide:
        return observations.tidy(wide, weights, book, kind, log)
    rows = observations.regional_rows(wide, weights, book, kind, log)
    places = wide[keys].assign(pc4=_postcode(frame, columns), share=get("dekking").map(COVERAGE)).dropna()
    people = wide[keys].assign(inwoners=bases["inwoners"]).dropna()
    return Regional(rows, places[places["code"].str.startswith("BU")], people)


@cache
def _known_columns() -> pd.DataFrame:
    """Read which columns of the Kerncijfers mean the same: begrip, kolom, delen, as text."""
    return pd.read_csv(RAW / "kwb_kolommen.csv", dtype=str)


def concepts(frame: pd.DataFrame, path: Location) -> dict[str, str]:
    """Tell which column holds which concept; StatLine numbers its columns, and files name a code by year."""
    known = _known_columns()
    exact = {column.casefold(): column for column in frame.columns}
    bare: dict[str, list[str]] = {}
    for column in frame.columns:
        for name in {re.sub(r"_\d{1,3}$", "", column), re.sub(r"(?<=code)\d\d$", "", column, flags=re.I)}:
            bare.setdefault(name.casefold(), []).append(column)
    columns: dict[str, str] = {}
    for concept, names in known.groupby("begrip", sort=False)["kolom"]:
        if whole := [exact[n.casefold()] for n in names if n.casefold() in exact]:
            columns[str(concept)] = whole[0]
        elif numbered := [c for n in names for c in bare.get(n.casefold(), [])]:
            if len(numbered) > 1:
                raise SourceError(
                    f"{files.named(path)}: de kolommen {numbered[0]!r} en {numbered[1]!r} kunnen allebei {concept} zijn; "
                    "verwijder een van beide."
                )
            columns[str(concept)] = numbered[0]
    if not {"code", "pc4"} & set(columns):
        raise SourceError(
            f"{files.named(path)}: geen kolom met codes van gemeenten, wijken of buurten (gevonden: "
            f"{', '.join(frame.columns[:8])}); data/raw/kwb_kolommen.csv noemt de namen."
        )
    return columns


def _codes(frame: pd.DataFrame, column: str, kinds: pd.Series | None, path: Location) -> pd.Series:
    """Codes with their prefix; a number alone is read with the kind of area of its row."""
    text = frame[column]
    known = kinds if kinds is not None else pd.Series(None, frame.index, dtype=object)
    pairs = zip(text, known.where(known.notna(), None), strict=True)
    codes = pd.Series(
        [coding.cbs_code(t, k if isinstance(k, str) else None) for t, k in pairs], frame.index, dtype=object
    )
    country = text.fillna("").isin(["", "0", "00", "0000"]) | text.fillna("").str.casefold().eq("nederland")
    codes = codes.mask(country & codes.isna(), "NL")
    fault = "is geen code van een gemeente, wijk of buurt; verbeter de code"
    cells.refuse(codes.isna(), frame, column, path, fault)
    return codes.astype(str)


def _years(frame: pd.DataFrame, columns: Mapping[str, str], path: Location) -> pd.Series:
    """Years from a column, from the periods of StatLine, or from the name of the file; they may not differ."""
    stated = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", "" if path.is_dir() else path.name)
    if "jaar" in columns:
        found = cells.years(frame, columns["jaar"], path)
        if stated and (wrong := found != int(stated[0])).any():
            cells.refuse(
                wrong, frame, columns["jaar"], path,
                f"is een ander jaar dan in de naam van het bestand ({stated[0]}); herstel de naam of splits het bestand",
            )  # fmt: skip
        return found
    if "Perioden" in frame:
        return statline.period(frame, statline.located(path, "TypedDataSet") if path.is_dir() else path)
    year = stated[0] if stated else _table_year(path)
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
    found = re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", title)
    return found[0] if len(found) == 1 else None


def _getter(frame: pd.DataFrame, columns: Mapping[str, str], path: Location) -> Callable[[str], pd.Series]:
    """Return a function from a concept to its numbers, missing when the file has none of it."""
    known = _known_columns()
    spelled = {
        (b, k.casefold()): float(d)
        for b, k, d in zip(known["begrip"], known["kolom"], known["delen"], strict=True)
    }

    def get(concept: str) -> pd.Series:
        if concept not in columns:
            return pd.Series(np.nan, frame.index)
        column = columns[concept]
        names = (column, re.sub(r"_\d{1,3}$", "", column))
        divisor = next(spelled[concept, n.casefold()] for n in names if (concept, n.casefold()) in spelled)
        return cells.numbers(frame, column, path) / divisor

    return get


def _working_age(get: Callable[[str], pd.Series], inhabitants: pd.Series) -> pd.Series:
    """Inhabitants of 15 to 65: counted, or as shares of all."""
    ages = ("15_24", "25_44", "45_64")
    counted = sum((get(f"a_{age}") for age in ages), pd.Series(0.0, inhabitants.index))
    shares = sum((get(f"p_{age}") for age in ages), pd.Series(0.0, inhabitants.index))
    return counted.where(counted.notna(), inhabitants * shares / 100)


def _postcode(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.Series:
    text = frame[columns["postcode"]] if "postcode" in columns else pd.Series(None, frame.index, dtype=object)
    return text.fillna("").astype(object).map(coding.PC4.fullmatch).map(lambda m: m[1], na_action="ignore")
