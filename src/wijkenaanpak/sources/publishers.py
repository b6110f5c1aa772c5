"""The readers, one for each publisher: from its own file to observations (``COLUMNS``).

What is published for a gemeente, wijk or buurt of CBS (:class:`Regional`) becomes observations of PC4 with a
crosswalk, in ``wijkenaanpak.sources.sources``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from wijkenaanpak import RAW, SourceError
from wijkenaanpak.sources import files
from wijkenaanpak.sources.files import Location, Log

# `error`: standard error of the conversion from other areas; 0 for what is published for the area itself.
COLUMNS = ["indicator", "area", "period", "value", "n", "decimals", "source", "status", "error"]
RD_NEW = "EPSG:28992"
STATLINE = "71718ned"
CRIME = "47018NED"
# Kerncijfers wijken en buurten: 2004-2012, and then a table a year (CBS StatLine).
KWB_TABLES = (
    *("70904ned", "82339NED", "82931NED", "83220NED", "83487NED", "83765NED", "84286NED"),
    *("84583NED", "84799NED", "85039NED", "85318NED", "85618NED", "85984NED"),
)
MOST_PEOPLE = 1e8  # a large practice panel has more people than the country
# A sum of published parts may differ from the published total by the rounding of each.
ROUNDING = 0.0105


@dataclass(frozen=True)
class Regional:
    """Figures of CBS areas: what a crosswalk turns into PC4.

    Attributes
    ----------
    rows : DataFrame
        indicator, code (``files.cbs_code``), name, gemeente (name, may be missing), period, value, n, decimals,
        source, status.
    places : DataFrame
        code, pc4, share (of the addresses of a buurt in its most common PC4), period: what the Kerncijfers tell
        about postcodes.
    inhabitants : DataFrame
        code, period, inwoners.
    """

    rows: pd.DataFrame
    places: pd.DataFrame
    inhabitants: pd.DataFrame

    @staticmethod
    def nobody() -> pd.DataFrame:
        """Return an empty `inhabitants`."""
        return pd.DataFrame(
            {"code": pd.Series(dtype=str), "period": pd.Series(dtype=int), "inwoners": pd.Series(dtype=float)}
        )

    @staticmethod
    def nowhere() -> pd.DataFrame:
        """Return empty `places`."""
        return pd.DataFrame(columns=["code", "period", "pc4", "share"])


def _ranges(book: pd.DataFrame) -> dict[str, tuple[float, float]]:
    return {r.indicator: (r.lowest, r.highest) for r in book.itertuples()}


def _values(
    frame: pd.DataFrame, columns: Mapping[str, str], book: pd.DataFrame, path: Location
) -> dict[str, pd.Series]:
    """Numbers of each indicator from its column, inside the range of the codebook."""
    ranges, found = _ranges(book), {}
    for indicator, column in columns.items():
        found[indicator] = files.numbers(frame, column, path)
        files.within(found[indicator], *ranges[indicator], frame, column, path)
    return found


# ---- what the project knows of itself --------------------------------------------------------------


def read_codebook(path: Location = RAW / "indicatoren.csv") -> pd.DataFrame:
    """Read the codebook of indicators; `direction`, `primary`, `decimals`, `start` and `end` as int.

    `lowest` and `highest` (float) bound what the outcome can be, in its unit; `also` names another question whose
    report shows it.
    """
    limits = {
        "direction": (-1, 1),
        "primary": (0, 1),
        "decimals": (0, 6),
        "start": (1990, 2035),
        "end": (1990, 2035),
    }
    named = ["indicator", "question", "also", "label", "unit", "scale", "table", "column", "n_column"]
    book = files.read_table(path, [*named, "lowest", "highest", *limits])
    book = files.once(book, ["indicator"], path)
    whole = {c: files.whole(book, c, path, *bounds) for c, bounds in limits.items()}
    ranges = {c: files.numbers(book, c, path) for c in ("lowest", "highest")}
    return book.fillna("").assign(**whole, **ranges).reset_index(drop=True)


def read_wijken(path: Location = RAW / "aandachtswijken.csv") -> pd.DataFrame:
    """Read the 40 aandachtswijken: area, gemeente, wijk, official_name."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)[["area", "gemeente", "wijk", "official_name"]]


@cache
def read_mergers() -> pd.DataFrame:
    """Read the gemeenten that became part of one of the 18 cities: jaar, gemeente, opgegaan_in, geheel (1 or 0), bron."""
    return pd.read_csv(RAW / "herindelingen.csv")


def gemeente(name: str) -> str:
    """Name a gemeente as the reports do: without spaces around it, Den Haag for 's-Gravenhage."""
    return {"'s-Gravenhage": "Den Haag", "’s-Gravenhage": "Den Haag"}.get(name.strip(), name.strip())


def plain(name: str) -> str:
    """Letters, digits and commas of a name, to compare it with another."""
    return re.sub(r"[^a-z0-9,]", "", name.lower())


def _tidy(
    wide: pd.DataFrame, weights: dict[str, pd.Series], book: pd.DataFrame, source: str, log: Log | None
) -> pd.DataFrame:
    """Turn one column an indicator into one row an observation; missing values are counted and left out."""
    parts, missing = [], 0
    for row in book[book["indicator"].isin(wide.columns)].itertuples():
        part = wide[["area", "period"]].assign(
            indicator=row.indicator,
            value=wide[row.indicator],
            n=weights.get(row.indicator, np.nan),
            decimals=row.decimals,
            source=source,
            status=wide.get("status", "published"),
            error=0.0,
        )
        kept = part.dropna(subset="value")
        missing += len(part) - len(kept)
        parts.append(kept)
    result = pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)
    if log is not None:
        log.add(source, "waarnemingen gelezen", len(result))
        log.add(source, "cellen zonder waarde, weggelaten", missing)
    return result


def _regional_rows(
    wide: pd.DataFrame, weights: Mapping[str, pd.Series], book: pd.DataFrame, source: str, log: Log | None
) -> pd.DataFrame:
    """Turn one column an indicator of CBS areas into the rows of :class:`Regional`."""
    kept = wide.set_axis(pd.RangeIndex(len(wide)))
    weights = {k: v.set_axis(kept.index) for k, v in weights.items()}
    rows = _tidy(kept.assign(area=kept.index), weights, book, source, log)
    of = kept.loc[rows["area"].astype(int), ["code", "name", "gemeente"]].reset_index(drop=True)
    of["gemeente"] = of["gemeente"].map(gemeente, na_action="ignore")
    return rows.drop(columns=["area", "error"]).join(of)


# ---- Leefbaarometer --------------------------------------------------------------------------------

LEVELS = {"PC4": "pc4", "bu_code": "BU", "wk_code": "WK", "gm_code": "GM", "grid": "E"}
# A square of 100 metres, named after its south-west corner in RD New, in hundreds of metres.
SQUARE = re.compile(r"E([0-9]{4})N([0-9]{4})")


def read_leefbaarometer(
    path: Location, codebook: pd.DataFrame, log: Log | None = None
) -> pd.DataFrame | Regional:
    """Read Leefbaarometer 3.0 scores (open data, Ministerie van BZK), of PC4, buurten, wijken, gemeenten or squares.

    The file says itself whether it was read right: a score minus its deviation is one number for the whole
    country, and the deviation is the sum of the five dimensions.

    Parameters
    ----------
    path : Path
        CSV with PC4 (or bu_code, wk_code, gm_code, grid), jaar, lbm, afw and the dimensions fys, onv, soc, vrz, won.
    codebook, log : DataFrame, Log
        Which columns are indicators; where missing scores are counted.

    Returns
    -------
    DataFrame or Regional
        ``COLUMNS`` for PC4; `n` is missing: the publisher gives no denominators.
    """
    book = codebook[(codebook["table"] == "leefbaarometer") & (codebook["column"] != "")]
    key = _level(path)
    frame = files.read_table(path, [key, "jaar", *book["column"]], log)
    values = _values(frame, dict(zip(book["indicator"], book["column"], strict=True)), book, path)
    if "afw" in frame:
        deviation = files.numbers(frame, "afw", path)
        constant = values["lbm"] - deviation
        _agree(constant, constant.median(), frame, "afw", path, "past niet bij de score in kolom lbm")
        parts = sum(values[i] for i in book.loc[book["column"] != "lbm", "indicator"])
        _agree(parts, deviation, frame, "afw", path, "is niet de som van de dimensies")
    wide = pd.DataFrame({"period": files.years(frame, "jaar", path)})
    return _scores(wide.assign(**values), frame, key, book, path, log)


def read_leefbaarometer2(path: Location, codebook: pd.DataFrame, log: Log | None = None) -> pd.DataFrame:
    """Read Leefbaarometer 2.0 scores per PC4: a column for each score and year, RLBRMTR12 and so on.

    Parameters
    ----------
    path, codebook, log : Path, DataFrame, Log
        See :func:`read_leefbaarometer`; the code of the area is in GBD.

    Returns
    -------
    DataFrame
        ``COLUMNS``.
    """
    book = codebook[codebook["table"] == "leefbaarometer2"]
    # a row without a score in the last years is cut off after its last one
    frame = files.read_table(path, ["GBD", "RLBRMTR12"], log, block=len(book))
    years = sorted({c[-2:] for c in frame if re.fullmatch(r"RLBRMTR\d\d", c)})
    parts = []
    for year in years:
        columns = {r.indicator: f"{r.column}{year}" for r in book.itertuples()}
        if absent := [c for c in columns.values() if c not in frame]:
            raise SourceError(
                f"{files.named(path)}, rij 1: de kolom {absent[0]!r} ontbreekt, terwijl RLBRMTR{year} er is; "
                "gebruik het bestand zoals de bron het levert."
            )
        values = _values(frame, columns, book, path)
        total = values.pop("lbm2")
        _agree(sum(values.values()), total, frame, f"RLBRMTR{year}", path, "is niet de som van de dimensies")
        parts.append(pd.DataFrame({"period": 2000 + int(year), "lbm2": total, **values}, index=frame.index))
    wide, whole = pd.concat(parts), pd.concat([frame] * len(parts))
    result = _scores(wide, whole, "GBD", book, path, log)
    assert isinstance(result, pd.DataFrame)  # GBD holds PC4 only
    return result


def _level(path: Location) -> str:
    """Tell which column of a file with scores has the areas."""
    head = files.header(path)
    return next((key for key in LEVELS if key.casefold() in {c.casefold() for c in head}), "PC4")


def _agree(
    values: pd.Series | float,
    expected: pd.Series | float,
    frame: pd.DataFrame,
    column: str,
    path: Location,
    fault: str,
) -> None:
    wrong = (values - expected).abs() > ROUNDING  # type: ignore[union-attr]
    files.refuse(wrong, frame, column, path, f"{fault}; haal het bestand opnieuw op")


def _scores(
    wide: pd.DataFrame, frame: pd.DataFrame, key: str, book: pd.DataFrame, path: Location, log: Log | None
) -> pd.DataFrame | Regional:
    if LEVELS.get(key, "pc4") == "pc4":
        wide = files.once(wide.assign(area=files.postcodes(frame, key, path)), ["area", "period"], path, log)
        return _tidy(wide, {}, book, path.name, log)
    level = LEVELS[key]
    wide["code"] = _squares(frame, path) if level == "E" else files.cbs_codes(frame, key, path, level)
    wide = files.once(wide, ["code", "period"], path, log)
    name = next((c for c in frame if c.casefold() == key.replace("code", "naam")), None)
    wide = wide.assign(
        name=frame[name] if name else None, gemeente=frame[name] if key == "gm_code" and name else None
    )
    return Regional(_regional_rows(wide, {}, book, path.name, log), Regional.nowhere(), Regional.nobody())


def _squares(frame: pd.DataFrame, path: Location) -> pd.Series:
    """Check the codes of squares of 100 metres."""
    codes = frame["grid"].where(frame["grid"].fillna("").str.fullmatch(SQUARE.pattern))
    files.refuse(codes.isna(), frame, "grid", path, "is geen vierkant als E1234N4567; verbeter de code")
    return codes


# ---- surveys ---------------------------------------------------------------------------------------


def read_peilingen(path: Location, codebook: pd.DataFrame, log: Log | None = None) -> pd.DataFrame:
    """Read survey results per PC4 in the layout of data/README.md: pc4, jaar, n and the results."""
    book = codebook[codebook["table"] == "peilingen"]
    frame = files.read_table(path, ["pc4", "jaar", "n"])
    unknown = sorted(set(frame.columns) - {"pc4", "jaar", "n", *book["column"]})
    if unknown:
        raise SourceError(
            f"{files.named(path)}, rij 1: de kolom {unknown[0]!r} is geen uitkomst van een peiling in data/raw/indicatoren.csv "
            f"({', '.join(book['column'])}); verbeter de naam of haal de kolom weg."
        )
    book = book[book["column"].isin(frame.columns)]
    wide = pd.DataFrame(
        {"area": files.postcodes(frame, "pc4", path), "period": files.years(frame, "jaar", path)}
    )
    values = _values(frame, dict(zip(book["indicator"], book["column"], strict=True)), book, path)
    wide["n"] = files.numbers(frame, "n", path)
    files.within(wide["n"], 0, 1e6, frame, "n", path)
    wide = files.once(wide.assign(**values), ["area", "period"], path, log)
    return _tidy(wide, dict.fromkeys(book["indicator"], wide["n"]), book, path.name, log)


# ---- StatLine --------------------------------------------------------------------------------------


def read_statline(
    table: Location, codebook: pd.DataFrame, log: Log | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read StatLine table 71718ned in any layout that :func:`part` knows.

    Topics are recognised by their title path ("Werken > Personen met een WW-uitkering > Totaal"), regions by
    their title; both as the codebook and the 40 wijken spell them.

    Parameters
    ----------
    table : Path
        Folder named after the table, or the CSV file that StatLine exports.
    codebook, log : DataFrame, Log
        Which topics are indicators; where unused regions and missing cells are counted.

    Returns
    -------
    observations, regions : DataFrame
        ``COLUMNS``, and the wijk and pc4 of the treated PC4 that the region list names.
    """
    log = log or Log()
    number = CRIME if table.name.upper() == CRIME else STATLINE
    properties = part(table, "DataProperties", ["ID", "ParentID", "Key", "Title", "Type", "Decimals"])
    book, topics = _topics(codebook[codebook["table"] == number], properties, table, log)
    regions = part(table, "RegioS", ["Key", "Title"])
    area = _areas(regions, table, log)
    path = located(table, "TypedDataSet")
    data = part(table, "TypedDataSet", ["RegioS", "Perioden", *topics.values()])
    wide = pd.DataFrame({"area": data["RegioS"].map(area), "period": period(data, path)})
    log.add(
        table, "rijen van een regio die niet in RegioS staat", (~data["RegioS"].isin(regions["Key"])).sum()
    )
    wide["status"] = _status(data, table, path)
    known = wide["area"].notna()
    kept = files.once(wide[known], ["area", "period"], path, log, data.loc[known, [*topics.values()]])
    ranges = _ranges(book)
    found = {title: files.numbers(data, key, path).reindex(kept.index) for title, key in topics.items()}
    for row in book.itertuples():
        files.within(
            found[row.column], *ranges[row.indicator], data.loc[kept.index], topics[row.column], path
        )
    kept = kept.assign(**{r.indicator: found[r.column] for r in book.itertuples()})
    weights = {r.indicator: found[r.n_column] for r in book.itertuples() if r.n_column in found}
    for row in book.itertuples():
        if row.n_column in found:
            files.within(
                found[row.n_column], 0, MOST_PEOPLE, data.loc[kept.index], topics[row.n_column], path
            )
    treated = regions["Title"].str.extract(r"^(?P<pc4>[1-9][0-9]{3}) (?P<wijk>.+, .+)$").dropna()
    treated["wijk"] = treated["wijk"].map(_region())
    observations = _tidy(kept, weights, book, f"StatLine {number}", log)
    return observations, treated[["wijk", "pc4"]].reset_index(drop=True)


def _status(data: pd.DataFrame, table: Location, path: Location) -> np.ndarray:
    """Tell of each row whether its period is provisional."""
    periods = part(table, "Perioden", ["Key", "Status"]).drop_duplicates("Key").set_index("Key")
    unlisted = ~data["Perioden"].isin(periods.index)
    files.refuse(unlisted, data, "Perioden", path, "staat niet in Perioden; haal de tabel in zijn geheel op")
    provisional = data["Perioden"].map(periods["Status"]).astype(str).str.casefold().str.contains("voorlopig")
    return np.where(provisional, "provisional", "published")


# In OData version 4 the parts of a table have other names.
V4 = {
    "DataProperties": "MeasureCodes",
    "RegioS": "RegioSCodes",
    "WijkenEnBuurten": "WijkenEnBuurtenCodes",
    "Perioden": "PeriodenCodes",
    "TypedDataSet": "Observations",
}


def located(table: Location, name: str) -> Location:
    """Find one part of a saved StatLine table, in any layout; of an export all parts are the file itself."""
    if not table.is_dir():
        return table
    names = [f"{name}.json", "data.csv" if name == "TypedDataSet" else f"{name}.csv", f"{V4.get(name)}.json"]
    found = next((table / n for n in names if (table / n).is_file()), None)
    if found is None:
        raise SourceError(
            f"In de map {table.name} ontbreekt {names[0]} (of {names[1]}); haal de tabel in zijn geheel op."
        )
    return found


def part(table: Location, name: str, required: list[str]) -> pd.DataFrame:
    """Read one part of a saved StatLine table as text, laid out as OData version 3 does.

    Parameters
    ----------
    table : Path
        Folder with the JSON of version 3 or 4 (with or without its envelope) or the CSV of cbsodataR, or the CSV
        file that StatLine exports ("CSV met statistische symbolen").
    name : str
        DataProperties, RegioS, WijkenEnBuurten, Perioden, TypedDataSet or TableInfos.
    required : list of str
        Columns that must be there.

    Returns
    -------
    DataFrame
        Indexed by the row, or by the record of a JSON list, from 1.
    """
    path = located(table, name)
    if not table.is_dir():
        return _exported(table, name)
    if path.suffix == ".csv":
        return files.read_table(path, required)
    frame = _records(path)
    if path.stem in V4.values():
        frame = _version3(frame, table, path, name)
    absent = [c for c in required if c not in frame]
    if absent:
        raise SourceError(
            f"{files.named(path)}: het veld {absent[0]!r} ontbreekt of er zijn geen rijen; haal de tabel opnieuw op."
        )
    text = frame.astype(object)
    text = text.where(text.notna(), "").map(lambda v: str(v).strip())
    return text.replace(files.MISSING, None).astype("str")


def _records(path: Location) -> pd.DataFrame:
    try:
        content = json.loads(files.decoded(path))
    except json.JSONDecodeError as error:
        raise SourceError(
            f"{files.named(path)}, rij {error.lineno}: geen geldige JSON; haal de tabel opnieuw op."
        ) from None
    except RecursionError:
        raise SourceError(f"{files.named(path)}: geen geldige JSON; haal de tabel opnieuw op.") from None
    records = content.get("value") if isinstance(content, dict) else content
    usable = isinstance(records, list) and all(isinstance(record, dict) for record in records)
    frame = pd.DataFrame(records if usable else [])
    frame.index += 1
    return frame


def _version3(frame: pd.DataFrame, folder: Location, path: Location, name: str) -> pd.DataFrame:
    """Lay a part of OData version 4 out as version 3: one column a topic instead of one row a value."""
    absent = {"Measure", "Value"} if name == "TypedDataSet" else {"Identifier", "Title"}
    if missing := sorted(absent - set(frame.columns)):
        raise SourceError(
            f"{files.named(path)}: het veld {missing[0]!r} ontbreekt of er zijn geen rijen; haal de tabel opnieuw op."
        )
    if name == "TypedDataSet":
        dimensions = [
            c for c in frame if c not in ("Id", "Measure", "ValueAttribute", "Value", "StringValue")
        ]
        if (twice := frame.duplicated([*dimensions, "Measure"])).any():
            raise SourceError(
                f"{files.named(path)}, record {frame.index[twice][0]}: een waarde komt twee keer voor; haal de tabel opnieuw op."
            )
        wide = frame.set_index([*dimensions, "Measure"])["Value"].unstack("Measure").reset_index()  # noqa: PD010
        wide.index += 1
        return wide.rename_axis(columns=None)
    named = frame.rename(columns={"Identifier": "Key"})
    if name != "DataProperties":
        return named.assign(Status=named.get("Status", ""))
    group = folder / "MeasureGroups.json"
    groups = _records(group) if group.is_file() else pd.DataFrame(columns=["Id", "Title", "ParentId"])
    above = pd.DataFrame(
        {"ID": "groep " + groups["Id"].astype(str), "ParentID": groups["ParentId"], "Title": groups["Title"]}
    ).assign(Key="", Type="TopicGroup", Decimals="")
    topics = named.assign(ID=named["Key"], ParentID=named.get("MeasureGroupId"), Type="Topic")
    both = pd.concat([above, topics], ignore_index=True)
    both["ParentID"] = ("groep " + both["ParentID"].astype(str)).where(both["ParentID"].notna())
    return both


def _exported(path: Location, name: str) -> pd.DataFrame:
    """Lay the CSV file that StatLine exports out as one part of a table: topics as "Werken/... (%)", titles as keys."""
    frame = files.read_table(path, ["Perioden"])
    region = next((c for c in frame if c.casefold() in ("regio's", "regio\u2019s", "regios")), None)
    if region is None:
        raise SourceError(
            f"{files.named(path)}, rij 1: de kolom \"Regio's\" ontbreekt; kies bij StatLine 'CSV met statistische symbolen'."
        )
    label = frame["Perioden"].fillna("")
    if name == "RegioS":
        titles = frame.loc[frame[region].notna(), region].drop_duplicates()
        return pd.DataFrame({"Key": titles, "Title": titles})
    if name == "Perioden":
        status = np.where(label.str.endswith("*"), "Voorlopig", "Definitief")
        periods = pd.DataFrame({"Key": label.str.rstrip("*") + "JJ00", "Status": status})
        # a period with both is provisional: part of its figures is
        return periods.sort_values("Status", ascending=False, kind="stable")
    if name == "TypedDataSet":
        return frame.assign(RegioS=frame[region], Perioden=label.str.rstrip("*") + "JJ00")
    topics = [c for c in frame if c not in (region, "Perioden")]
    bare = [re.sub(r"\s*\([^()]*\)$", "", topic) for topic in topics]
    book = read_codebook()
    known = {
        re.sub(r"\s*\([^()]*\)$", "", path).replace(" > ", "/"): path
        for path in (*book["column"], *book["n_column"])
    }
    titles = [known.get(b, t) for b, t in zip(bare, topics, strict=True)]
    return pd.DataFrame(
        {"ID": topics, "ParentID": "", "Key": topics, "Title": titles, "Type": "Topic", "Decimals": ""}
    )


def _topics(
    book: pd.DataFrame, properties: pd.DataFrame, folder: Location, log: Log
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Match the codebook with the topics of a table.

    Returns the codebook rows that are in the table, with the decimals of the table, and the key of
    every topic they name, by title path.
    """
    topics = properties[properties["Type"] == "Topic"].assign(path=_title_paths(properties))
    wanted = topics[topics["path"].isin({*book["column"], *book["n_column"]})]
    if (twice := wanted["path"].duplicated()).any():
        raise SourceError(
            f"{folder.name}/DataProperties: het onderwerp {wanted.loc[twice, 'path'].iloc[0]!r} komt twee keer voor; "
            "verwijder een van beide."
        )
    keys = wanted.set_index("path")["Key"].to_dict()
    for column in book.loc[~book["column"].isin(keys), "column"]:
        log.add(folder, f"onderwerp niet in de tabel: {column}", 1)
    book = book[book["column"].isin(keys)]
    published = book["column"].map(pd.to_numeric(wanted.set_index("path")["Decimals"], errors="coerce"))
    return book.assign(decimals=published.fillna(book["decimals"]).astype(int)), keys


def _title_paths(properties: pd.DataFrame) -> pd.Series:
    """Join the titles of each property and the groups above it: "Group > Subgroup > Topic"."""
    parents = properties["ParentID"].str.removesuffix(".0")
    rows = dict(zip(properties["ID"], zip(properties["Title"], parents, strict=True), strict=True))

    def path(identity: str, depth: int = 0) -> str:
        title, parent = rows[identity]
        # a damaged table may have a group inside itself
        return f"{path(parent, depth + 1)} > {title}" if parent in rows and depth < 20 else str(title)

    return properties["ID"].map(path)


def _areas(regions: pd.DataFrame, folder: Location, log: Log) -> pd.Series:
    """Map the key of each region to an area code, missing for regions no report uses."""
    path = located(folder, "RegioS")
    regions = files.once(regions, ["Key"], path, log)
    area = regions["Title"].map(_region())
    if (twice := area.notna() & area.duplicated()).any():
        code = area[twice].iloc[0]
        titles = " en ".join(repr(t) for t in regions.loc[area == code, "Title"])
        raise SourceError(
            f"{files.named(path)}, {files.where(twice, path)}: {titles} wijzen allebei op {code}; laat er een staan."
        )
    log.add(folder, "regio's die geen enkel rapport gebruikt", area.isna().sum())
    return area.set_axis(regions["Key"])


def period(data: pd.DataFrame, path: Location) -> pd.Series:
    """Turn StatLine's periods into years; quarters and months are refused."""
    wrong = ~data["Perioden"].fillna("").str.fullmatch(r"\d{4}JJ00")
    files.refuse(wrong, data, "Perioden", path, "is geen jaar als 2007JJ00; haal alleen de jaarcijfers op")
    return data["Perioden"].str[:4].astype(int)


def _region() -> Callable[[str], str | None]:
    """Return a function from a region title of 71718ned to an area code, or None."""
    wijken = read_wijken()
    by_name = {plain(f"{w.gemeente}, {w.wijk}"): w.area for w in wijken.itertuples()}
    by_name |= {plain(f"{w.gemeente}, {w.official_name}"): w.area for w in wijken.itertuples()}
    fixed = {
        "Totaal Nederland": "Nederland",
        "Totaal aandachtswijken": "Aandachtswijken",
        "Totaal niet-aandachtswijken": "Niet-aandachtswijken",
    }

    def area(title: str) -> str | None:
        title = re.sub(r"\s+", " ", str(title)).strip()
        if title in fixed:
            return fixed[title]
        if files.PC4.fullmatch(title.split(" ")[0]):
            return title[:4]
        if title.startswith("Totaal "):
            return gemeente(title.removeprefix("Totaal "))
        city, _, rest = title.partition(", ")
        if rest == "totaal niet-aandachtswijken":
            return f"{gemeente(city)}, niet-aandachtswijken"
        return by_name.get(plain(f"{gemeente(city)}, {rest}"))

    return area


# ---- Kerncijfers wijken en buurten -----------------------------------------------------------------

# Share of the addresses in the most common postcode: middle of each class (CBS, Toelichting variabelen
# Kerncijfers wijken en buurten 2003-2012, DEK_PERC).
COVERAGE = {1: 0.95, 2: 0.855, 3: 0.755, 4: 0.655, 5: 0.555, 6: 0.25}
KINDS = {"g": "GM", "gemeente": "GM", "w": "WK", "wijk": "WK", "b": "BU", "buurt": "BU"}


def read_kwb(path: Location, codebook: pd.DataFrame, log: Log | None = None) -> pd.DataFrame | Regional:
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
        data = located(path, "TypedDataSet")
        frame, kind = part(path, "TypedDataSet", ["WijkenEnBuurten"]), f"StatLine {path.name}"
        frame = frame.assign(naam=frame["WijkenEnBuurten"].map(_titles(path)))
    else:
        data, kind = path, path.name
        frame = files.read_table(path, [], log, nil=True)
    columns = _concepts(frame, path)
    periods = _kwb_years(frame, columns, path)
    get = _getter(frame, columns, data)
    wide = pd.DataFrame({"period": periods}, index=frame.index)
    if "code" in columns:
        kinds = frame[columns["soort"]].str.casefold().map(KINDS) if "soort" in columns else None
        wide["code"] = _kwb_codes(frame, columns["code"], kinds, data)
        wide["name"] = frame[columns["naam"]] if "naam" in columns else frame.get("naam")
        wide["gemeente"] = frame[columns["gemeente"]] if "gemeente" in columns else None
        unnamed = wide["code"].str.startswith("GM") & wide["gemeente"].isna()
        wide.loc[unnamed, "gemeente"] = wide.loc[unnamed, "name"]
    else:
        wide["area"] = files.postcodes(frame, columns["pc4"], data)
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
        files.within(value, row.lowest, row.highest, frame, str(column), data)
        values[row.indicator] = value
        weights[row.indicator] = n.where(n.notna(), bases["inwoners"])
    if not any(v.notna().any() for v in values.values()):
        raise SourceError(
            f"{files.named(path)}: geen enkele bekende kolom heeft waarden (gevonden: {', '.join(frame.columns[:8])}); "
            "data/raw/kwb_kolommen.csv noemt de namen."
        )
    keys = [c for c in ("code", "area", "period") if c in wide]
    wide = files.once(wide.assign(**values), keys, data, log, frame)
    weights = {k: v.reindex(wide.index) for k, v in weights.items()}
    if "area" in wide:
        return _tidy(wide, weights, book, kind, log)
    rows = _regional_rows(wide, weights, book, kind, log)
    places = wide[keys].assign(pc4=_kwb_postcode(frame, columns), share=get("dekking").map(COVERAGE)).dropna()
    people = wide[keys].assign(inwoners=bases["inwoners"]).dropna()
    return Regional(rows, places[places["code"].str.startswith("BU")], people)


@cache
def _kwb_columns() -> pd.DataFrame:
    """Read which columns of the Kerncijfers mean the same: begrip, kolom, delen, as text."""
    return pd.read_csv(RAW / "kwb_kolommen.csv", dtype=str)


def _concepts(frame: pd.DataFrame, path: Location) -> dict[str, str]:
    """Tell which column holds which concept; StatLine numbers its columns, and files name a code by year."""
    known = _kwb_columns()
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


def _kwb_codes(frame: pd.DataFrame, column: str, kinds: pd.Series | None, path: Location) -> pd.Series:
    """Codes with their prefix; a number alone is read with the kind of area of its row."""
    text = frame[column]
    known = kinds if kinds is not None else pd.Series(None, frame.index, dtype=object)
    pairs = zip(text, known.where(known.notna(), None), strict=True)
    codes = pd.Series(
        [files.cbs_code(t, k if isinstance(k, str) else None) for t, k in pairs], frame.index, dtype=object
    )
    country = text.fillna("").isin(["", "0", "00", "0000"]) | text.fillna("").str.casefold().eq("nederland")
    codes = codes.mask(country & codes.isna(), "NL")
    fault = "is geen code van een gemeente, wijk of buurt; verbeter de code"
    files.refuse(codes.isna(), frame, column, path, fault)
    return codes.astype(str)


def _kwb_years(frame: pd.DataFrame, columns: Mapping[str, str], path: Location) -> pd.Series:
    """Years from a column, from the periods of StatLine, or from the name of the file; they may not differ."""
    stated = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", "" if path.is_dir() else path.name)
    if "jaar" in columns:
        found = files.years(frame, columns["jaar"], path)
        if stated and (wrong := found != int(stated[0])).any():
            files.refuse(
                wrong, frame, columns["jaar"], path,
                f"is een ander jaar dan in de naam van het bestand ({stated[0]}); herstel de naam of splits het bestand",
            )  # fmt: skip
        return found
    if "Perioden" in frame:
        return period(frame, located(path, "TypedDataSet") if path.is_dir() else path)
    year = stated[0] if stated else _table_year(path)
    if year is None:
        raise SourceError(
            f"{files.named(path)}: het jaar staat niet in een kolom en niet in de naam; noem het bestand bijvoorbeeld kwb-2013.xls."
        )
    return pd.Series(int(year), frame.index)


def _titles(table: Location) -> pd.Series:
    """Names of the wijken and buurten of a StatLine table, by their key."""
    listed = part(table, "WijkenEnBuurten", ["Key", "Title"])
    return listed.drop_duplicates("Key").set_index("Key")["Title"]


def _table_year(folder: Location) -> str | None:
    """Year of a StatLine table of one year: in its title."""
    if not folder.is_dir():
        return None
    title = part(folder, "TableInfos", ["Title"])["Title"].iloc[0]
    found = re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", title)
    return found[0] if len(found) == 1 else None


def _getter(frame: pd.DataFrame, columns: Mapping[str, str], path: Location) -> Callable[[str], pd.Series]:
    """Return a function from a concept to its numbers, missing when the file has none of it."""
    known = _kwb_columns()
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
        return files.numbers(frame, column, path) / divisor

    return get


def _working_age(get: Callable[[str], pd.Series], inhabitants: pd.Series) -> pd.Series:
    """Inhabitants of 15 to 65: counted, or as shares of all."""
    ages = ("15_24", "25_44", "45_64")
    counted = sum((get(f"a_{age}") for age in ages), pd.Series(0.0, inhabitants.index))
    shares = sum((get(f"p_{age}") for age in ages), pd.Series(0.0, inhabitants.index))
    return counted.where(counted.notna(), inhabitants * shares / 100)


def _kwb_postcode(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.Series:
    text = frame[columns["postcode"]] if "postcode" in columns else pd.Series(None, frame.index, dtype=object)
    return text.fillna("").astype(object).map(files.PC4.fullmatch).map(lambda m: m[1], na_action="ignore")


# ---- registered crime ------------------------------------------------------------------------------


def by_region(table: Location) -> bool:
    """Whether a table with crime has regions by name, as the practice panel, and no codes of CBS areas."""
    return not table.is_dir() or (table / "RegioS.json").is_file() or (table / "RegioS.csv").is_file()


def read_crime(folder: Location, codebook: pd.DataFrame, people: pd.DataFrame, log: Log) -> Regional:
    """Read registered crime per wijk and buurt (StatLine 47018NED, Politie): all kinds of crime together.

    Parameters
    ----------
    folder : Path
        Named after the table; holds TypedDataSet, WijkenEnBuurten and Perioden.
    codebook, log : DataFrame, Log
        Which indicator it is; what was left out is counted.
    people : DataFrame
        code, period, inwoners: the table has no inhabitants. Those of at most a year earlier or later count.

    Returns
    -------
    Regional
    """
    row = codebook[codebook["table"] == CRIME].iloc[0]
    path = located(folder, "TypedDataSet")
    columns = ["SoortMisdrijf", "WijkenEnBuurten", "Perioden", "GeregistreerdeMisdrijven_1"]
    frame = part(folder, "TypedDataSet", columns)
    frame = frame[frame["SoortMisdrijf"] == "0.0.0"]  # the total; adding the kinds up would count it twice
    if not len(frame):
        raise SourceError(
            f"{files.named(path)}: het totaal van de misdrijven (SoortMisdrijf 0.0.0) ontbreekt; haal de tabel in zijn geheel op."
        )
    wide = pd.DataFrame(
        {"code": files.cbs_codes(frame, "WijkenEnBuurten", path), "period": period(frame, path)}
    )
    wide["name"] = frame["WijkenEnBuurten"].map(_titles(folder))
    wide["gemeente"] = wide["name"].where(wide["code"].str.startswith("GM"))
    wide["status"] = _status(frame, folder, path)
    counts = files.numbers(frame, columns[-1], path)
    n = _nearest(wide, people)
    log.add(
        folder,
        "misdrijven van gebieden zonder inwonertal van dat jaar, weggelaten",
        (n.isna() & counts.notna()).sum(),
    )
    rate = (1000 * counts / n.where(n > 0)).round(int(row["decimals"]))
    files.within(rate, row["lowest"], row["highest"], frame, columns[-1], path)
    wide = files.once(wide.assign(**{row["indicator"]: rate}), ["code", "period"], path, log)
    known = wide[wide[row["indicator"]].notna()]
    rows = _regional_rows(known, {row["indicator"]: n[known.index]}, codebook, f"StatLine {folder.name}", log)
    return Regional(rows, Regional.nowhere(), Regional.nobody())


def _nearest(wide: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    """Inhabitants of the same year, or else of the year before or after."""
    known = people.drop_duplicates(["code", "period"]).set_index(["code", "period"])["inwoners"]
    n = pd.Series(np.nan, wide.index)
    for shift in (0, -1, 1):
        at = pd.MultiIndex.from_arrays([wide["code"], wide["period"] + shift])
        n = n.fillna(pd.Series(known.reindex(at).to_numpy(), wide.index))
    return n


# ---- boundaries ------------------------------------------------------------------------------------


# Where the Netherlands are in RD New, with room to spare (metres).
COUNTRY = (-10_000, 290_000, 300_000, 640_000)


def read_boundaries(path: Location, log: Log | None = None) -> gpd.GeoDataFrame:
    """Read PC4 shapes from a GeoPackage, GeoJSON or shapefile: area, geometry in RD New."""
    shapes = _shapes(path)
    texts = shapes.drop(columns="geometry").astype(str)
    codes = [c for c in texts if texts[c].str.fullmatch(files.PC4.pattern).fillna(False).all()]
    if not codes or not len(shapes):
        raise SourceError(
            f"{path.name}: geen kolom met postcodes van vier cijfers gevonden; gebruik de PC4-kaart van het CBS."
        )
    code = max(codes, key=lambda c: texts[c].nunique())  # a column of years looks like postcodes too
    area = texts[code].str.extract(files.PC4, expand=False)
    result = gpd.GeoDataFrame({"area": area}, geometry=shapes.geometry, crs=shapes.crs)
    if log is not None:
        log.add(path, "grenzen van postcodegebieden", len(shapes))
        log.add(path, "grenzen in meer delen, samengevoegd", result["area"].duplicated().sum())
    return result.dissolve("area").reset_index()


def read_cbs_boundaries(path: Location, log: Log | None = None) -> gpd.GeoDataFrame:
    """Read the shapes of CBS wijken or buurten: code, name, geometry in RD New; water areas are left out."""
    shapes = _shapes(path)
    columns = _concepts(shapes.drop(columns="geometry"), path)
    code = shapes[columns["code"]].map(files.cbs_code)
    name = shapes[columns["naam"]] if "naam" in columns else None
    result = gpd.GeoDataFrame({"code": code, "name": name}, geometry=shapes.geometry, crs=shapes.crs)
    water = next((c for c in shapes if c.casefold() in ("h2o", "water")), None)
    dry = shapes[water].isin(["NEE", "B"]) if water else pd.Series(True, shapes.index)
    result = result[dry & result["code"].fillna("").str.startswith(("WK", "BU"))]
    if log is not None:
        log.add(path, "grenzen van wijken en buurten", len(result))
    return result.dissolve("code").reset_index()


def _shapes(path: Location) -> gpd.GeoDataFrame:
    """Read a map and bring it to RD New."""
    # GDAL opens a file inside a zip by a name of its own
    source = path if isinstance(path, Path) else f"/vsizip/{path.root.filename}/{path.at}"
    try:
        shapes = gpd.read_file(source)
    except Exception as error:  # the drivers raise a different class for every kind of damage
        raise SourceError(
            f"{path.name} is niet als kaart te lezen ({error}); haal het bestand opnieuw op."
        ) from None
    if not isinstance(shapes, gpd.GeoDataFrame) or shapes.geometry.isna().all():
        raise SourceError(f"{path.name}: er staan geen grenzen in; haal het bestand opnieuw op.")
    if shapes.crs is None:
        raise SourceError(
            f"{path.name}: het coördinatenstelsel ontbreekt; de kaart hoort in RD New ({RD_NEW}) te staan."
        )
    shapes = shapes[shapes.geometry.notna()].to_crs(RD_NEW)
    left, bottom, right, top = shapes.total_bounds
    inside = COUNTRY[0] < left and right < COUNTRY[1] and COUNTRY[2] < bottom and top < COUNTRY[3]
    if len(shapes) and not inside:
        raise SourceError(
            f"{path.name}: de grenzen liggen buiten Nederland, dus het coördinatenstelsel klopt niet; de kaart hoort in "
            f"RD New ({RD_NEW}) te staan."
        )
    return shapes
