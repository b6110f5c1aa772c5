"""Read what publishers publish into tidy rows; refuse what is wrong.

A data folder is searched by file name (data/README.md lists the names). Every reader returns
observations (``COLUMNS``); :func:`read_folder` puts them together with the areas and the list of
treated PC4. Wrong input raises one :class:`SourceError` that names file, row, column and way out;
what is left out on purpose is counted in the log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from helpers import RAW

COLUMNS = ["indicator", "area", "period", "value", "n", "decimals", "source", "status"]
TREATED_COLUMNS = ["wijk", "pc4", "zekerheid", "bron"]
MISSING = ["", ".", "x", "-", "NA", "nan", "-99997", "-99997.0"]  # as CBS and Leefbaarometer write it
PC4 = re.compile(r"[1-9]\d{3}")
RD_NEW = "EPSG:28992"
WITH_CANDIDATES = "Aandachtswijken en kandidaten"
GROUPS = ("G18", "Aandachtswijken", "Niet-aandachtswijken", WITH_CANDIDATES)


class SourceError(ValueError):
    """Wrong input, in one Dutch sentence that says where and what to do."""


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

    The delimiter is a comma, or a semicolon when the header has more of those. Row i of the result
    is row i + 2 of the file.

    Raises
    ------
    SourceError
        For an empty file, no rows, a wrong encoding, or a missing column.
    """
    raw = path.read_bytes()
    try:
        header = raw.decode("utf-8-sig").splitlines()[0]
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        raise SourceError(
            f"{path.name}, rij {row}: het bestand is geen UTF-8 (byte {error.object[error.start]:#x}); sla het op als UTF-8, "
            "in Excel als 'CSV UTF-8'."
        ) from None
    except IndexError:
        raise SourceError(f"{path.name} is leeg; haal het bestand opnieuw op.") from None
    delimiter = ";" if header.count(";") > header.count(",") else ","
    names = [name.strip().strip('"') for name in header.split(delimiter)]
    absent = [c for c in required if c not in names]
    if absent:
        raise SourceError(
            f"{path.name}, rij 1: de kolom {absent[0]!r} ontbreekt (gevonden: {', '.join(names[:8])}); "
            "gebruik het bestand zoals de bron het levert."
        )
    try:
        table = pyarrow.csv.read_csv(
            pa.py_buffer(raw.removeprefix(b"\xef\xbb\xbf")),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=MISSING
            ),
        )
    except pa.ArrowInvalid as error:
        raise SourceError(
            f"{path.name}: de rijen hebben niet alle evenveel kolommen ({error}); herstel die rij."
        ) from None
    if not table.num_rows:
        raise SourceError(
            f"{path.name} heeft alleen een kopregel en geen gegevens; haal het bestand opnieuw op."
        )
    frame = table.to_pandas().set_axis(names, axis=1)
    return frame.apply(lambda column: column.str.strip())


def _numbers(frame: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """Turn text into numbers; a decimal comma is fine where the comma is no delimiter."""
    text = frame[column]
    numbers = pd.to_numeric(text.str.replace(",", ".", regex=False), errors="coerce")
    wrong = text.notna() & numbers.isna()
    if wrong.any():
        raise SourceError(
            f"{path.name}, rij {_row(wrong)}, kolom {column}: {text[wrong].iloc[0]!r} is geen getal; "
            "verbeter de waarde of laat haar leeg."
        )
    return numbers.astype(float)


def _pc4(frame: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """Check four-digit postcodes."""
    text = frame[column].astype(object).where(frame[column].notna(), "")
    wrong = ~text.map(lambda v: bool(PC4.fullmatch(v)))
    if wrong.any():
        raise SourceError(
            f"{path.name}, rij {_row(wrong)}, kolom {column}: {text[wrong].iloc[0]!r} is geen postcode van vier cijfers; "
            "verbeter de code."
        )
    return text.astype(str)


def _row(wrong: pd.Series) -> int:
    """Row of the first fault, as an editor counts."""
    return int(np.flatnonzero(wrong)[0]) + 2


def _once(frame: pd.DataFrame, columns: list[str], path: Path) -> None:
    twice = frame.duplicated(columns)
    if twice.any():
        values = ", ".join(str(frame.loc[twice, c].iloc[0]) for c in columns)
        raise SourceError(
            f"{path.name}, rij {_row(twice)}: {values} komt twee keer voor; verwijder een van beide."
        )


# ---- the embedded lists ----------------------------------------------------------------------------


def read_codebook(path: Path = RAW / "indicatoren.csv") -> pd.DataFrame:
    """Read the codebook of indicators; `direction`, `primary` and `decimals` as int."""
    book = pd.read_csv(path, dtype={"table": str}, keep_default_na=False)
    return book.astype({"direction": int, "primary": int, "decimals": int})


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
        log.add("71718ned", "postcodegebieden van de wijkenlijst, uit de regio-indeling", len(regions))
        return regions.assign(zekerheid="StatLine 71718ned", bron="regio-indeling van StatLine 71718ned")
    path = given or RAW / "aandachtswijken_pc4.csv"
    treated = read_csv(path, TREATED_COLUMNS)[TREATED_COLUMNS]
    treated["pc4"] = _pc4(treated, "pc4", path)
    _once(treated, ["pc4"], path)
    wijken = read_wijken()
    unknown = ~treated["wijk"].isin(wijken["area"])
    if unknown.any():
        raise SourceError(
            f"{path.name}, rij {_row(unknown)}, kolom wijk: {treated.loc[unknown, 'wijk'].iloc[0]!r} is geen van de 40 "
            "aandachtswijken; schrijf de naam als in data/raw/aandachtswijken.csv."
        )
    log.add(path, "postcodegebieden van de wijkenlijst", len(treated))
    candidates = _find(folder, "*pc4_candidates*.csv")
    if given is None and candidates is not None:
        extra = read_csv(candidates, ["wijk_officieel", "pc4", "tier", "basis"])
        extra["pc4"] = _pc4(extra, "pc4", candidates)
        extra = extra.merge(wijken, left_on="wijk_officieel", right_on="official_name")
        extra = extra[~extra["area"].isin(treated["wijk"]) & ~extra["pc4"].isin(treated["pc4"])]
        extra = extra.assign(wijk=extra["area"], zekerheid="kandidaat " + extra["tier"], bron=extra["basis"])
        log.add(candidates, "kandidaat-postcodegebieden voor wijken zonder vastgestelde", len(extra))
        treated = pd.concat([treated, extra[TREATED_COLUMNS]], ignore_index=True)
    return treated.sort_values(["wijk", "pc4"]).reset_index(drop=True)


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
    book = codebook[codebook["table"] == folder.name]
    topics = _title_paths(_part(folder, "DataProperties", ["ID", "ParentID", "Key", "Title", "Type"]))
    regions = _part(folder, "RegioS", ["Key", "Title"])
    periods = _part(folder, "Perioden", ["Key", "Status"])
    data = _part(folder, "TypedDataSet", ["RegioS", "Perioden"])
    path = folder / "TypedDataSet"
    area = regions.assign(Key=regions["Key"].str.strip()).set_index("Key")["Title"].map(_region())
    log.add(folder, "regio's die geen enkel rapport gebruikt", int(area.isna().sum()))
    code = data["Perioden"].str.strip()
    wrong = ~code.str.fullmatch(r"\d{4}[A-Z]{2}\d{2}").fillna(False).astype(bool)
    if wrong.any():
        raise SourceError(
            f"{folder.name}/TypedDataSet, rij {_row(wrong)}, kolom Perioden: {code[wrong].iloc[0]!r} is geen periode als 2007JJ00."
        )
    status = periods.assign(Key=periods["Key"].str.strip()).set_index("Key")["Status"]
    wide = pd.DataFrame({"area": data["RegioS"].str.strip().map(area), "period": code.str[:4].astype(int)})
    wide["status"] = np.where(code.map(status).str.lower().eq("voorlopig"), "provisional", "published")
    known = wide["area"].notna()
    _once(wide[known].reset_index(drop=True), ["area", "period"], path)
    values, weights = {}, {}
    for row in book.itertuples():
        if row.column not in topics:
            log.add(folder, f"onderwerp niet in de tabel: {row.column}", 1)
            continue
        values[row.indicator] = _numbers(data, topics[row.column], path)
        if row.n_column in topics:
            weights[row.indicator] = _numbers(data, topics[row.n_column], path)
    wide = wide.assign(**values)[known]
    weights = {name: n[known] for name, n in weights.items()}
    treated = regions["Title"].str.extract(r"^(?P<pc4>[1-9]\d{3}) (?P<wijk>.+, .+)$").dropna()
    treated["wijk"] = treated["wijk"].map(_region())
    return _tidy(wide, weights, book, f"StatLine {folder.name}", log), treated[["wijk", "pc4"]].reset_index(
        drop=True
    )


def _part(folder: Path, name: str, required: list[str]) -> pd.DataFrame:
    """Read one part of a saved StatLine table, as text."""
    names = [f"{name}.json", "data.csv" if name == "TypedDataSet" else f"{name}.csv"]
    found = next((folder / n for n in names if (folder / n).is_file()), None)
    if found is None:
        raise SourceError(
            f"In de map {folder.name} ontbreekt {names[0]} (of {names[1]}); haal de tabel in zijn geheel op."
        )
    if found.suffix == ".csv":
        return read_csv(found, required)
    try:
        content = json.loads(found.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SourceError(
            f"{folder.name}/{found.name} is geen geldige JSON ({error}); haal de tabel opnieuw op."
        ) from None
    records = content.get("value") if isinstance(content, dict) else content
    frame = pd.DataFrame(records or [])
    absent = [c for c in required if c not in frame]
    if absent:
        raise SourceError(
            f"{folder.name}/{found.name}: het veld {absent[0]!r} ontbreekt of er zijn geen rijen; haal de tabel opnieuw op."
        )
    text = (
        frame.astype(object).where(frame.notna(), None).map(lambda v: None if v is None else str(v).strip())
    )
    return text.replace(MISSING, None).astype("str")


def _title_paths(properties: pd.DataFrame) -> dict[str, str]:
    """Map "Group > Subgroup > Topic" to the topic's key."""
    rows = properties.set_index("ID")

    def path(identity: str) -> list[str]:
        if identity not in rows.index:
            return []
        row = rows.loc[identity]
        parent = row["ParentID"]
        above = path(parent.removesuffix(".0")) if isinstance(parent, str) and parent not in MISSING else []
        return [*above, str(row["Title"]).strip()]

    topics = properties[properties["Type"] == "Topic"]
    return {" > ".join(path(row.ID)): row.Key for row in topics.itertuples()}


def _region() -> Any:
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
        if PC4.match(title):
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


def _years(frame: pd.DataFrame, column: str, path: Path) -> pd.Series:
    years = _numbers(frame, column, path)
    wrong = years.isna() | (years % 1 != 0) | ~years.between(1990, 2035)
    if wrong.any():
        raise SourceError(
            f"{path.name}, rij {_row(wrong)}, kolom {column}: {frame[column][wrong].iloc[0]!r} is geen jaar tussen 1990 en 2035."
        )
    return years.astype(int)


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
    if log is not None:
        log.add(path, "postcodegebieden met hun gemeente", len(areas))
    return areas.dropna()


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
    result = gpd.GeoDataFrame({"area": texts[codes[0]]}, geometry=shapes.geometry, crs=shapes.crs)
    return result.to_crs(RD_NEW).dissolve("area").reset_index()


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
    if (path := _find(folder, "peilingen*.csv")) is not None:
        parts.append(read_peilingen(path, codebook, log))
    for table in ("71718ned", "47018NED"):
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
    simulated = (folder / "OEFENDATA.json").is_file()
    if simulated:
        seed = json.loads((folder / "OEFENDATA.json").read_text(encoding="utf-8"))["seed"]
        observations = observations.assign(status="simulated", source=f"oefendata (seed {seed})")
    boundaries = read_boundaries(path, log) if path is not None else None
    return Tables(areas, codebook, observations, treated, boundaries, log.table(), simulated)


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
        code, wijk = treated.loc[wrong, ["pc4", "wijk"]].iloc[0]
        raise SourceError(
            f"Postcode {code} van {wijk} (wijkenlijst) komt niet voor in de tabel met gemeenten; verbeter de wijkenlijst."
        )
    if (wrong := own != city).any():
        code, wijk = treated.loc[wrong, ["pc4", "wijk"]].iloc[0]
        raise SourceError(
            f"Postcode {code} ligt in {own[wrong].iloc[0]}, niet in {wijk}; verbeter de wijkenlijst."
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


def _find(folder: Path, pattern: str) -> Path | None:
    """First file or folder of that name, in any subfolder."""
    return next(iter(sorted(folder.rglob(pattern))), None)
