"""Read what publishers publish into tidy rows; refuse what is wrong.

A data folder is searched by file name (data/README.md lists the names). Every reader returns
observations (``COLUMNS``); :func:`read_folder` puts them together with the areas and the list of
treated PC4. Wrong input raises one :class:`SourceError` that names file, row, column and way out;
what is left out on purpose is counted in the log.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from helpers import RAW, SourceError

COLUMNS = ["indicator", "area", "period", "value", "n", "decimals", "source", "status"]
TREATED_COLUMNS = ["wijk", "pc4", "zekerheid", "bron"]
MISSING = ["", ".", "x", "-", "NA", "nan", "-99997", "-99997.0"]  # as CBS and Leefbaarometer write it
PC4 = re.compile(r"[1-9][0-9]{3}")
RD_NEW = "EPSG:28992"
WITH_CANDIDATES = "Aandachtswijken en kandidaten"
STATLINE = ("71718ned", "47018NED")
GROUPS = ("G18", "Aandachtswijken", "Niet-aandachtswijken", WITH_CANDIDATES)


@dataclass(frozen=True)
class Tables:
    """Everything one data folder holds.

    Attributes
    ----------
    areas : DataFrame
        area, name, level (pc4, aandachtswijk, gemeente, land, groep), gemeente, aandachtswijk, and
        zekerheid: for a PC4 of an aandachtswijk, how certain that is.
    indicators : DataFrame
        The codebook.
    observations : DataFrame
        ``COLUMNS``; one row per indicator, area and period.
    treated : DataFrame
        ``TREATED_COLUMNS``: which PC4 belong to which aandachtswijk, and how certain that is.
    boundaries : GeoDataFrame or None
        area, geometry (RD New).
    scores : DataFrame or None
        area, score: the selection score of 2007, higher is more deprived.
    later : DataFrame or None
        area, tranche: PC4 of the 40+ wijken, awarded in 2009 and 2010.
    log : DataFrame
        file, what, count.
    simulated : bool
        Whether the folder is the practice panel.
    """

    areas: pd.DataFrame
    indicators: pd.DataFrame
    observations: pd.DataFrame
    treated: pd.DataFrame
    boundaries: gpd.GeoDataFrame | None
    scores: pd.DataFrame | None
    later: pd.DataFrame | None
    log: pd.DataFrame
    simulated: bool


class Log:
    """Counts what was read, left out and corrected."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, int]] = []

    def add(self, file: Path | str, what: str, count: int) -> None:
        """Add a line; nothing counted, nothing said."""
        if count:
            self.rows.append((file if isinstance(file, str) else file.name, what, int(count)))

    def table(self) -> pd.DataFrame:
        """Return the lines as file, what, count."""
        return pd.DataFrame(self.rows, columns=["file", "what", "count"])


# ---- one file ------------------------------------------------------------------------------------


def read_csv(path: Path, required: Iterable[str]) -> pd.DataFrame:
    """Read a CSV file as text, one column a header, missing codes as missing.

    The delimiter is a comma, or a semicolon when the header has more of those; only then a decimal
    comma is one. Record i of the file has index i, counted from 0 after the header.

    Raises
    ------
    SourceError
        For an empty file, no rows, a wrong encoding, a missing or double column, or uneven rows.
    """
    text = _decoded(path)
    delimiter, names = _header(text)
    absent = [c for c in required if c not in names]
    if absent:
        raise SourceError(
            f"{_name(path)}, rij 1: de kolom {absent[0]!r} ontbreekt (gevonden: {', '.join(names[:8])}); "
            "gebruik het bestand zoals de bron het levert."
        )
    twice = [c for c in names if names.count(c) > 1]
    if twice:
        raise SourceError(
            f"{_name(path)}, rij 1: de kolom {twice[0]!r} komt twee keer voor; verwijder een van beide."
        )
    try:
        table = pyarrow.csv.read_csv(
            pa.py_buffer(text.encode()),
            read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows=1),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values='"' in text),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        raise SourceError(
            f"{_name(path)}, {_uneven(text, delimiter, len(names)) or error}; herstel die rij."
        ) from None
    if not table.num_rows:
        raise SourceError(
            f"{_name(path)} heeft alleen een kopregel en geen gegevens; haal het bestand opnieuw op."
        )
    frame = pa.table([_cleaned(column) for column in table.columns], names=names).to_pandas()
    frame.attrs["decimal"] = "," if delimiter == ";" else "."
    return frame


def _decoded(path: Path) -> str:
    """Read a file as UTF-8, with or without byte order mark."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        raise SourceError(
            f"{_name(path)}, rij {row}: het bestand is geen UTF-8 (byte {raw[error.start]:#x}); sla het op als UTF-8, "
            "in Excel als 'CSV UTF-8'."
        ) from None
    if not text.strip():
        raise SourceError(f"{_name(path)} is leeg; haal het bestand opnieuw op.")
    return text


def _header(text: str) -> tuple[str, list[str]]:
    """Return the delimiter and the column names."""
    line = io.StringIO(text, newline=None).readline()
    delimiter = ";" if line.count(";") > line.count(",") else ","
    return delimiter, [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]


def _cleaned(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strip text, and make the missing codes missing; R's untyped download pads them with blanks."""
    stripped = pa.compute.utf8_trim_whitespace(column)
    missing = pa.compute.is_in(stripped, value_set=pa.array(MISSING))
    return pa.compute.if_else(missing, pa.scalar(None, pa.string()), stripped)


def _uneven(text: str, delimiter: str, width: int) -> str | None:
    """Say where the first row with another number of columns is."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    wrong = ((rows.line_num, len(row)) for row in rows if row and len(row) != width)
    return next((f"rij {line}: {found} kolommen in plaats van {width}" for line, found in wrong), None)


def _numbers(frame: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """Turn text into finite numbers; a decimal comma is fine where the comma is no delimiter."""
    text = frame[column]
    if frame.attrs.get("decimal") == ",":
        text = text.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(text, errors="coerce").astype(float)
    wrong = text.notna() & ~np.isfinite(numbers)
    _refuse(wrong, frame, column, path, "is geen getal; verbeter de waarde of laat haar leeg")
    return numbers


def _whole(frame: pd.DataFrame, column: str, path: Path, low: int, high: int) -> pd.Series:
    """Turn text into whole numbers between two bounds; none may be missing."""
    numbers = _numbers(frame, column, path)
    wrong = (numbers % 1 != 0) | ~numbers.between(low, high)
    _refuse(
        wrong, frame, column, path, f"is geen geheel getal van {low} tot en met {high}; verbeter de waarde"
    )
    return numbers.astype(int)


def _years(frame: pd.DataFrame, column: str, path: Path) -> pd.Series:
    return _whole(frame, column, path, 1990, 2035)


def _pc4(frame: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """Check four-digit postcodes."""
    text = frame[column].fillna("").astype(object)
    wrong = ~text.map(lambda v: bool(PC4.fullmatch(v)))
    _refuse(wrong, frame, column, path, "is geen postcode van vier cijfers; verbeter de code")
    return text.astype(str)


def _refuse(wrong: pd.Series, frame: pd.DataFrame, column: str, path: Path, fault: str) -> None:
    """Name the first wrong value, if there is one."""
    if wrong.any():
        value = frame.loc[wrong, column].fillna("").iloc[0]
        raise SourceError(f"{_name(path)}, {_where(wrong, path)}, kolom {column}: {value!r} {fault}.")


def _once(frame: pd.DataFrame, columns: list[str], path: Path) -> None:
    twice = frame.duplicated(columns)
    if twice.any():
        values = ", ".join(str(frame.loc[twice, c].iloc[0]) for c in columns)
        raise SourceError(
            f"{_name(path)}, {_where(twice, path)}: {values} komt twee keer voor; verwijder een van beide."
        )


def _where(wrong: pd.Series, path: Path) -> str:
    """Place of the first fault: the row an editor shows, or the record of a JSON list, from 1."""
    record = int(wrong.index[wrong.to_numpy()][0])
    if path.suffix == ".json":
        return f"record {record + 1}"
    text = _decoded(path)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_header(text)[0])
    lines = (rows.line_num for row in rows if row)  # blank lines are no records, but an editor shows them
    return f"rij {next(islice(lines, record + 1, None))}"


def _name(path: Path) -> str:
    """Name a file; the parts of a StatLine table with their folder."""
    return f"{path.parent.name}/{path.name}" if path.parent.name in STATLINE else path.name


# ---- the embedded lists ----------------------------------------------------------------------------


def read_codebook(path: Path = RAW / "indicatoren.csv") -> pd.DataFrame:
    """Read the codebook of indicators; `direction`, `primary`, `decimals`, `start` and `end` as int."""
    limits = {
        "direction": (-1, 1),
        "primary": (0, 1),
        "decimals": (0, 6),
        "start": (1990, 2035),
        "end": (1990, 2035),
    }
    book = read_csv(
        path, ["indicator", "question", "label", "unit", "scale", "table", "column", "n_column", *limits]
    )
    _once(book, ["indicator"], path)
    return book.fillna("").assign(**{c: _whole(book, c, path, *bounds) for c, bounds in limits.items()})


def read_wijken(path: Path = RAW / "aandachtswijken.csv") -> pd.DataFrame:
    """Read the 40 aandachtswijken: area, gemeente, wijk, official_name."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)[["area", "gemeente", "wijk", "official_name"]]


def read_treated(folder: Path, regions: pd.DataFrame | None = None, log: Log | None = None) -> pd.DataFrame:
    """Read which PC4 are in which aandachtswijk.

    The first that is present: ``aandachtswijken_pc4.csv`` in the folder, the region list of StatLine
    71718ned, the project's own list of established PC4. The own list is supplemented with candidates
    (``*pc4_candidates*.csv``), for the wijken it has no PC4 of.

    Parameters
    ----------
    folder : Path
        Data folder.
    regions : DataFrame, optional
        wijk, pc4 from StatLine 71718ned.
    log : Log, optional
        Where the choice is written down.

    Returns
    -------
    DataFrame
        ``TREATED_COLUMNS``, every PC4 once.
    """
    log = log or Log()
    given = _find(folder, "aandachtswijken_pc4.csv")
    if given is None and regions is not None and len(regions):
        if (unknown := regions["wijk"].isna()).any():
            raise SourceError(
                f"71718ned/RegioS: postcode {regions.loc[unknown, 'pc4'].iloc[0]} hoort bij een wijk die geen van de 40 "
                "aandachtswijken is; zet de juiste lijst als aandachtswijken_pc4.csv in de map."
            )
        log.add("71718ned", "postcodegebieden van de wijkenlijst, uit de regio-indeling", len(regions))
        return regions.assign(zekerheid="StatLine 71718ned", bron="regio-indeling van StatLine 71718ned")
    path = given or RAW / "aandachtswijken_pc4.csv"
    treated = read_csv(path, TREATED_COLUMNS)[TREATED_COLUMNS]
    treated["pc4"] = _pc4(treated, "pc4", path)
    _once(treated, ["pc4"], path)
    wijken = read_wijken()
    fault = "is geen van de 40 aandachtswijken; schrijf de naam als in data/raw/aandachtswijken.csv"
    _refuse(~treated["wijk"].isin(wijken["area"]), treated, "wijk", path, fault)
    log.add(path, "postcodegebieden van de wijkenlijst", len(treated))
    candidates = _find(folder, "*pc4_candidates*.csv")
    if given is None and candidates is not None:
        extra = read_csv(candidates, ["wijk_officieel", "pc4", "tier", "basis"])
        extra["pc4"] = _pc4(extra, "pc4", candidates)
        _once(extra, ["pc4"], candidates)
        _refuse(
            extra["tier"].isna(), extra, "tier", candidates, "zegt niet hoe zeker het is; vul een letter in"
        )
        named = extra["wijk_officieel"].isin(wijken["official_name"])
        log.add(
            candidates, "kandidaat-postcodegebieden met een onbekende wijknaam, weggelaten", (~named).sum()
        )
        extra = extra.merge(wijken, left_on="wijk_officieel", right_on="official_name")
        extra = extra[~extra["area"].isin(treated["wijk"]) & ~extra["pc4"].isin(treated["pc4"])]
        extra = extra.assign(wijk=extra["area"], zekerheid="kandidaat " + extra["tier"], bron=extra["basis"])
        log.add(candidates, "kandidaat-postcodegebieden voor wijken zonder vastgestelde", len(extra))
        treated = pd.concat([treated, extra[TREATED_COLUMNS]], ignore_index=True)
    return treated.sort_values(["wijk", "pc4"]).reset_index(drop=True)


def is_candidate(certainty: pd.Series) -> pd.Series:
    """Tell which entries of a column `zekerheid` are candidates; a missing one is none."""
    return certainty.fillna("").str.startswith("kandidaat")


# ---- publishers ------------------------------------------------------------------------------------


def read_leefbaarometer(path: Path, codebook: pd.DataFrame, log: Log | None = None) -> pd.DataFrame:
    """Read Leefbaarometer 3.0 scores per PC4 (open data, Ministerie van BZK).

    Parameters
    ----------
    path : Path
        CSV with PC4, jaar, lbm and the dimensions fys, onv, soc, vrz, won.
    codebook, log : DataFrame, Log
        Which columns are indicators; where missing scores are counted.

    Returns
    -------
    DataFrame
        ``COLUMNS``; `n` is missing: the publisher gives no denominators.
    """
    book = codebook[(codebook["table"] == "leefbaarometer") & (codebook["column"] != "")]
    frame = read_csv(path, ["PC4", "jaar", *book["column"]])
    wide = pd.DataFrame({"area": _pc4(frame, "PC4", path), "period": _years(frame, "jaar", path)})
    _once(wide, ["area", "period"], path)
    values = {row.indicator: _numbers(frame, row.column, path) for row in book.itertuples()}
    return _tidy(wide.assign(**values), {}, book, path.name, log)


def read_peilingen(path: Path, codebook: pd.DataFrame, log: Log | None = None) -> pd.DataFrame:
    """Read survey results per PC4 in the layout of data/README.md: pc4, jaar, n and the results."""
    book = codebook[codebook["table"] == "peilingen"]
    frame = read_csv(path, ["pc4", "jaar", "n"])
    unknown = sorted(set(frame.columns) - {"pc4", "jaar", "n", *book["column"]})
    if unknown:
        raise SourceError(
            f"{_name(path)}, rij 1: de kolom {unknown[0]!r} is geen uitkomst van een peiling in data/raw/indicatoren.csv "
            f"({', '.join(book['column'])}); verbeter de naam of haal de kolom weg."
        )
    book = book[book["column"].isin(frame.columns)]
    wide = pd.DataFrame({"area": _pc4(frame, "pc4", path), "period": _years(frame, "jaar", path)})
    _once(wide, ["area", "period"], path)
    n = _numbers(frame, "n", path)
    values = {row.indicator: _numbers(frame, row.column, path) for row in book.itertuples()}
    return _tidy(wide.assign(**values), dict.fromkeys(book["indicator"], n), book, path.name, log)


def read_statline(
    folder: Path, codebook: pd.DataFrame, log: Log | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a StatLine table as `cbsodata` (JSON) or cbsodataR's cbs_download_table (CSV) saves it.

    Topics are recognised by their title path in DataProperties ("Werken > Personen met een WW-uitkering
    > Totaal"), regions by their title in RegioS; both as the codebook and the 40 wijken spell them.

    Parameters
    ----------
    folder : Path
        Named after the table; holds DataProperties, RegioS, Perioden and TypedDataSet (or data).
    codebook, log : DataFrame, Log
        Which topics are indicators; where unused regions and missing cells are counted.

    Returns
    -------
    observations, regions : DataFrame
        ``COLUMNS``, and the wijk and pc4 of the treated PC4 that the region list names.
    """
    log = log or Log()
    properties = _part(folder, "DataProperties", ["ID", "ParentID", "Key", "Title", "Type", "Decimals"])
    book, topics = _topics(codebook[codebook["table"] == folder.name], properties, folder, log)
    regions = _part(folder, "RegioS", ["Key", "Title"])
    area = _areas(regions, folder, log)
    path = _located(folder, "TypedDataSet")
    data = _part(folder, "TypedDataSet", ["RegioS", "Perioden", *topics.values()])
    wide = pd.DataFrame({"area": data["RegioS"].map(area), "period": _period(data, path)})
    log.add(
        folder, "rijen van een regio die niet in RegioS staat", (~data["RegioS"].isin(regions["Key"])).sum()
    )
    periods = _part(folder, "Perioden", ["Key", "Status"]).drop_duplicates("Key").set_index("Key")
    unlisted = ~data["Perioden"].isin(periods.index)
    _refuse(unlisted, data, "Perioden", path, "staat niet in Perioden; haal de tabel in zijn geheel op")
    provisional = data["Perioden"].map(periods["Status"]).astype(str).str.lower().eq("voorlopig")
    wide["status"] = np.where(provisional, "provisional", "published")
    known = wide["area"].notna()
    _once(wide[known], ["area", "period"], path)
    found = {title: _numbers(data, key, path)[known] for title, key in topics.items()}
    wide = wide[known].assign(**{r.indicator: found[r.column] for r in book.itertuples()})
    weights = {r.indicator: found[r.n_column] for r in book.itertuples() if r.n_column in found}
    treated = regions["Title"].str.extract(r"^(?P<pc4>[1-9][0-9]{3}) (?P<wijk>.+, .+)$").dropna()
    treated["wijk"] = treated["wijk"].map(_region())
    observations = _tidy(wide, weights, book, f"StatLine {folder.name}", log)
    return observations, treated[["wijk", "pc4"]].reset_index(drop=True)


def _located(folder: Path, name: str) -> Path:
    """Find one part of a saved StatLine table, in either layout."""
    names = [f"{name}.json", "data.csv" if name == "TypedDataSet" else f"{name}.csv"]
    found = next((folder / n for n in names if (folder / n).is_file()), None)
    if found is None:
        raise SourceError(
            f"In de map {folder.name} ontbreekt {names[0]} (of {names[1]}); haal de tabel in zijn geheel op."
        )
    return found


def _part(folder: Path, name: str, required: list[str]) -> pd.DataFrame:
    """Read one part of a saved StatLine table, as text; JSON with or without its OData envelope."""
    path = _located(folder, name)
    if path.suffix == ".csv":
        return read_csv(path, required)
    try:
        content = json.loads(_decoded(path))
    except json.JSONDecodeError as error:
        raise SourceError(
            f"{_name(path)}, rij {error.lineno}: geen geldige JSON; haal de tabel opnieuw op."
        ) from None
    records = content.get("value") if isinstance(content, dict) else content
    frame = pd.DataFrame(records if isinstance(records, list) else [])
    absent = [c for c in required if c not in frame]
    if absent:
        raise SourceError(
            f"{_name(path)}: het veld {absent[0]!r} ontbreekt of er zijn geen rijen; haal de tabel opnieuw op."
        )
    frame = frame[required].astype(object)
    return frame.where(frame.notna(), "").map(lambda v: str(v).strip()).replace(MISSING, None).astype("str")


def _topics(
    book: pd.DataFrame, properties: pd.DataFrame, folder: Path, log: Log
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

    def path(identity: str) -> str:
        title, parent = rows[identity]
        return f"{path(parent)} > {title}" if parent in rows else str(title)

    return properties["ID"].map(path)


def _areas(regions: pd.DataFrame, folder: Path, log: Log) -> pd.Series:
    """Map the key of each region to an area code, missing for regions no report uses."""
    path = _located(folder, "RegioS")
    _once(regions, ["Key"], path)
    area = regions["Title"].map(_region())
    if (twice := area.notna() & area.duplicated()).any():
        code = area[twice].iloc[0]
        titles = " en ".join(repr(t) for t in regions.loc[area == code, "Title"])
        raise SourceError(
            f"{_name(path)}, {_where(twice, path)}: {titles} wijzen allebei op {code}; laat er een staan."
        )
    log.add(folder, "regio's die geen enkel rapport gebruikt", area.isna().sum())
    return area.set_axis(regions["Key"])


def _period(data: pd.DataFrame, path: Path) -> pd.Series:
    wrong = ~data["Perioden"].fillna("").str.fullmatch(r"\d{4}JJ00")
    _refuse(wrong, data, "Perioden", path, "is geen jaar als 2007JJ00; haal alleen de jaarcijfers op")
    return data["Perioden"].str[:4].astype(int)


def _region() -> Callable[[str], str | None]:
    """Return a function from a region title of 71718ned to an area code, or None."""
    wijken = read_wijken()
    by_name = {_plain(f"{w.gemeente}, {w.wijk}"): w.area for w in wijken.itertuples()}
    by_name |= {_plain(f"{w.gemeente}, {w.official_name}"): w.area for w in wijken.itertuples()}
    fixed = {
        "Totaal Nederland": "Nederland",
        "Totaal aandachtswijken": "Aandachtswijken",
        "Totaal niet-aandachtswijken": "Niet-aandachtswijken",
    }

    def area(title: str) -> str | None:
        title = re.sub(r"\s+", " ", str(title)).strip()
        if title in fixed:
            return fixed[title]
        if PC4.fullmatch(title.split(" ")[0]):
            return title[:4]
        if title.startswith("Totaal "):
            return _gemeente(title.removeprefix("Totaal "))
        city, _, rest = title.partition(", ")
        if rest == "totaal niet-aandachtswijken":
            return f"{_gemeente(city)}, niet-aandachtswijken"
        return by_name.get(_plain(f"{_gemeente(city)}, {rest}"))

    return area


def _gemeente(name: str) -> str:
    return {"'s-Gravenhage": "Den Haag", "’s-Gravenhage": "Den Haag"}.get(name.strip(), name.strip())


def _plain(name: str) -> str:
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
        )
        kept = part.dropna(subset="value")
        missing += len(part) - len(kept)
        parts.append(kept)
    result = pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)
    if log is not None:
        log.add(source, "waarnemingen gelezen", len(result))
        log.add(source, "cellen zonder waarde, weggelaten", missing)
    return result


def read_gemeenten(path: Path, log: Log | None = None) -> pd.DataFrame:
    """Read the gemeente of every PC4 (CBS): area, gemeente."""
    frame = read_csv(path, ["pc4", "gemeente"])
    areas = pd.DataFrame(
        {"area": _pc4(frame, "pc4", path), "gemeente": frame["gemeente"].map(_gemeente, "ignore")}
    )
    _once(areas, ["area"], path)
    known = areas.dropna()
    if log is not None:
        log.add(path, "postcodegebieden met hun gemeente", len(known))
        log.add(path, "postcodegebieden zonder gemeente, weggelaten", len(areas) - len(known))
    return known


def read_boundaries(path: Path, log: Log | None = None) -> gpd.GeoDataFrame:
    """Read PC4 shapes from a GeoPackage: area, geometry in RD New."""
    try:
        shapes = gpd.read_file(path)
    except Exception as error:  # the drivers raise a different class for every kind of damage
        raise SourceError(
            f"{path.name} is niet als kaart te lezen ({error}); haal het bestand opnieuw op."
        ) from None
    texts = shapes.drop(columns="geometry").astype(str)
    codes = [c for c in texts if texts[c].str.fullmatch(PC4.pattern).fillna(False).all()]
    if not codes or not len(shapes):
        raise SourceError(
            f"{path.name}: geen kolom met postcodes van vier cijfers gevonden; gebruik de PC4-kaart van het CBS."
        )
    if shapes.crs is None:
        raise SourceError(
            f"{path.name}: het coördinatenstelsel ontbreekt; de kaart hoort in RD New ({RD_NEW}) te staan."
        )
    if log is not None:
        log.add(path, "grenzen van postcodegebieden", len(shapes))
    code = max(codes, key=lambda c: texts[c].nunique())  # a column of years looks like postcodes too
    result = gpd.GeoDataFrame({"area": texts[code]}, geometry=shapes.geometry, crs=shapes.crs)
    return result.to_crs(RD_NEW).dissolve("area").reset_index()


def read_scores(path: Path, log: Log | None = None) -> pd.DataFrame:
    """Read the score by which the wijken were selected: area, score (higher is more deprived)."""
    frame = read_csv(path, ["pc4", "score_2006"])
    scores = pd.DataFrame({"area": _pc4(frame, "pc4", path), "score": _numbers(frame, "score_2006", path)})
    _once(scores, ["area"], path)
    if log is not None:
        log.add(path, "selectiescores van postcodegebieden", len(scores))
    return scores


def read_later(path: Path, treated: pd.DataFrame, log: Log | None = None) -> pd.DataFrame:
    """Read which PC4 are in a 40+ wijk: area, tranche (1: 2009, 2: 2010); none of them may be treated earlier."""
    frame = read_csv(path, ["tranche", "wijk", "pc4"])
    later = pd.DataFrame({"area": _pc4(frame, "pc4", path), "tranche": _whole(frame, "tranche", path, 1, 2)})
    _once(later, ["area"], path)
    both = later["area"].isin(treated["pc4"])
    _refuse(both, frame, "pc4", path, "staat ook op de lijst van aandachtswijken; haal hem uit een van beide")
    if log is not None:
        log.add(path, "postcodegebieden van 40+-wijken", len(later))
    return later


# ---- the folder ------------------------------------------------------------------------------------


def read_folder(folder: Path) -> Tables:
    """Read a data folder whole.

    Parameters
    ----------
    folder : Path
        Searched with its subfolders; see data/README.md for the file names.

    Returns
    -------
    Tables

    Raises
    ------
    SourceError
        For wrong input, or a folder without any file that is known.
    """
    log, codebook = Log(), read_codebook()
    parts, regions = [], None
    if (path := _find(folder, "*lbm3*pc4*.csv")) is not None:
        parts.append(read_leefbaarometer(path, codebook, log))
    parts += [read_peilingen(path, codebook, log) for path in _matches(folder, "peilingen*.csv")]
    for table in STATLINE:
        if (path := _find(folder, table)) is not None:
            rows, found = read_statline(path, codebook, log)
            parts.append(rows)
            regions = found if table == "71718ned" else regions
    if not parts:
        raise SourceError(
            f"In de map {folder.name} staat geen bestand met een bekende naam; data/README.md noemt welke bestanden gelezen worden."
        )
    treated = read_treated(folder, regions, log)
    path = _find(folder, "*pc4_gemeente*.csv")
    gemeenten = read_gemeenten(path, log) if path is not None else None
    if gemeenten is None:
        log.add(
            folder,
            "geen tabel met gemeenten (*pc4_gemeente*.csv): postcodegebieden zonder stad als vergelijking",
            1,
        )
    observations = pd.concat(parts, ignore_index=True)
    codes = observations["area"].drop_duplicates()
    areas = build_areas(gemeenten, treated, codes[codes.str.fullmatch(PC4.pattern)])
    placeless = areas["level"].eq("pc4") & areas["gemeente"].isna()
    log.add(
        folder,
        "postcodegebieden zonder bekende gemeente; die tellen alleen mee voor Nederland",
        placeless.sum(),
    )
    inside = observations["area"].isin(areas["area"])
    log.add(folder, "waarnemingen van gebieden buiten de indeling, weggelaten", (~inside).sum())
    observations = observations[inside].reset_index(drop=True)
    path = _find(folder, "*pc4*.gpkg")
    boundaries = read_boundaries(path, log) if path is not None else None
    path = _find(folder, "selectie*.csv")
    scores = read_scores(path, log) if path is not None else None
    path = _find(folder, "*40plus_pc4*.csv")
    later = read_later(path, treated, log) if path is not None else None
    practice = _find(folder, "OEFENDATA.json")
    if practice is not None:
        observations = observations.assign(status="simulated", source=f"oefendata (seed {_seed(practice)})")
    return Tables(
        areas, codebook, observations, treated, boundaries, scores, later, log.table(), practice is not None
    )


def _seed(path: Path) -> str:
    found = re.search(r'"seed": *(\d+)', _decoded(path))
    return found.group(1) if found else "onbekend"


def build_areas(
    gemeenten: pd.DataFrame | None, treated: pd.DataFrame, observed: pd.Series | None = None
) -> pd.DataFrame:
    """List every area a report can use: PC4, wijken, gemeenten, groups, the country.

    Parameters
    ----------
    gemeenten : DataFrame or None
        area (PC4) and gemeente; without it only the treated PC4 exist, and no reference can be formed.
    treated : DataFrame
        ``TREATED_COLUMNS``.
    observed : Series of str, optional
        PC4 that have observations; those without a gemeente are areas too.

    Returns
    -------
    DataFrame
        See ``Tables.areas``.

    Raises
    ------
    SourceError
        When a treated PC4 is not in the table of gemeenten, or in another gemeente than its wijk.
    """
    wijken = read_wijken()
    city = treated["wijk"].str.split("/", n=1).str[0]
    if gemeenten is None:
        gemeenten = pd.DataFrame({"area": treated["pc4"], "gemeente": city})
    own = treated["pc4"].map(gemeenten.set_index("area")["gemeente"])
    if (wrong := own.isna()).any():
        code, wijk, origin = treated.loc[wrong, ["pc4", "wijk", "zekerheid"]].iloc[0]
        raise SourceError(
            f"Postcode {code} van {wijk} ({origin}) komt niet voor in de tabel met gemeenten; "
            "verbeter de lijst in aandachtswijken_pc4.csv."
        )
    if (wrong := own != city).any():
        code, wijk, origin = treated.loc[wrong, ["pc4", "wijk", "zekerheid"]].iloc[0]
        raise SourceError(
            f"Postcode {code} ({origin}) ligt in {own[wrong].iloc[0]}, niet in {wijk}; "
            "verbeter de lijst in aandachtswijken_pc4.csv."
        )
    codes = gemeenten["area"] if observed is None else pd.concat([gemeenten["area"], observed])
    pc4 = pd.DataFrame({"area": codes.drop_duplicates().sort_values(), "level": "pc4"})
    pc4["name"] = pc4["area"]
    pc4["gemeente"] = pc4["area"].map(gemeenten.set_index("area")["gemeente"])
    pc4[["aandachtswijk", "zekerheid"]] = (
        treated.set_index("pc4")[["wijk", "zekerheid"]].reindex(pc4["area"]).to_numpy()
    )
    named = wijken.rename(columns={"wijk": "name"}).assign(
        level="aandachtswijk", aandachtswijk=wijken["area"]
    )
    cities = sorted(set(wijken["gemeente"]))
    rows = [(g, g, "gemeente", g) for g in sorted({*gemeenten["gemeente"], *cities})]
    rows += [("Nederland", "Nederland", "land", None)]
    rows += [(a, a, "groep", None) for a in GROUPS]
    rows += [
        (f"{c}, {kind}", kind, "groep", c)
        for c in cities
        for kind in ("aandachtswijken", "niet-aandachtswijken")
    ]
    rest = pd.DataFrame(rows, columns=["area", "name", "level", "gemeente"])
    areas = pd.concat([pc4, named.drop(columns="official_name"), rest], ignore_index=True)
    return areas[["area", "name", "level", "gemeente", "aandachtswijk", "zekerheid"]]


def _matches(folder: Path, pattern: str) -> list[Path]:
    """Files or folders of that name, in any subfolder; hidden ones are not ours."""
    return [path for path in sorted(folder.rglob(pattern)) if not path.name.startswith(".")]


def _find(folder: Path, pattern: str) -> Path | None:
    """Return the only file or folder of that name, or None."""
    found = _matches(folder, pattern)
    if len(found) > 1:
        raise SourceError(
            f"In de map {folder.name} passen {found[0].relative_to(folder)} en {found[1].relative_to(folder)} allebei "
            f"op de naam {pattern}; laat er een staan."
        )
    return found[0] if found else None
