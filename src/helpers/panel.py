"""The processed store: build it from raw once, load the slice a notebook asks for.

A store is a folder of Parquet files. Observations are partitioned by indicator; every level a
report compares (wijk, city, rest of the city, G18, Nederland) is a row of its own, so that a report
reads some hundreds of rows whatever the size of the country.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow.dataset as ds

from helpers import RAW, ROOT, sources

PROCESSED = Path(os.environ.get("WIJKEN_PROCESSED") or ROOT / "data" / "processed")

# An aggregate of fewer of its PC4 than this share would be another area than its name says.
LEAST_KNOWN = 0.5

OWN_CITIES = "Eigen steden"
OWN_CITIES_REST = "Eigen steden, niet-aandachtswijken"

KEY = ["indicator", "area", "period"]

OBSERVATIONS = pa.DataFrameSchema(
    {
        "indicator": pa.Column(str),
        "area": pa.Column(str),
        "period": pa.Column(int, pa.Check.in_range(1990, 2035)),
        "value": pa.Column(float, pa.Check(lambda s: np.isfinite(s), error="niet eindig")),
        "n": pa.Column(float, pa.Check.ge(0), nullable=True),
        "decimals": pa.Column(int, pa.Check.in_range(0, 6)),
        "source": pa.Column(str),
        "status": pa.Column(str, pa.Check.isin(["published", "provisional", "simulated"])),
    },
    unique=KEY,
    coerce=True,
)


def source_folder(data: str, seed: int = 2007) -> Path:
    """Return the data folder behind the notebook parameter `data`.

    Parameters
    ----------
    data : str
        ``"oefendata"`` or the path of a folder; a relative path counts from the working directory,
        then from the project.
    seed : int
        Which practice panel.

    Returns
    -------
    Path
        An existing folder; the practice panel is generated when it is not there yet.

    Raises
    ------
    sources.SourceError
        When the folder does not exist.
    """
    if data != "oefendata":
        for folder in (Path(data).expanduser(), ROOT / data):
            if folder.is_dir():
                return folder.resolve()
        raise sources.SourceError(
            f"De map {data!r} (parameter data) bestaat niet; geef een bestaande map of 'oefendata'."
        )
    from helpers import simulate  # only who needs the practice panel pays for it

    folder = PROCESSED / f"oefendata-{seed}" / "bron"
    key = _digest([Path(simulate.__file__), *sorted(RAW.glob("*.csv"))], f"seed={seed}")
    stamp = folder.parent / "BRON"
    if not (folder.is_dir() and stamp.is_file() and stamp.read_text() == key):
        folder.parent.mkdir(parents=True, exist_ok=True)
        simulate.simulate(folder, seed=seed)
        stamp.write_text(key)
    return folder


def build(data: str = "oefendata", seed: int = 2007) -> Path:
    """Build the store of a data folder, or return the one that is still up to date.

    Parameters
    ----------
    data, seed : str, int
        See :func:`source_folder`.

    Returns
    -------
    Path
        The store. It is replaced as a whole, and only when a raw file, the embedded facts or the
        reading code changed (content hashes).

    Raises
    ------
    sources.SourceError
        When a raw file is wrong; an earlier store stays as it was.
    """
    folder = source_folder(data, seed)
    store = _store_path(data, seed, folder)
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    code = [Path(__file__), Path(sources.__file__), *sorted(RAW.glob("*.csv"))]
    key = _digest(files, _digest(code, ""), base=folder)
    if _key(store) == key:
        return store
    tables = sources.read_folder(folder)
    observations = validated(tables.observations, set(tables.indicators["indicator"]))
    store.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".bouw-", dir=store.parent))
    try:
        series = complete(observations, tables.areas, tables.indicators)
        for indicator, part in series.groupby("indicator", sort=True):
            target = fresh / "series" / f"indicator={indicator}"
            target.mkdir(parents=True)
            part.drop(columns="indicator").to_parquet(
                target / "deel.parquet", index=False, row_group_size=20_000
            )
        tables.areas.to_parquet(fresh / "areas.parquet", index=False)
        tables.indicators.to_parquet(fresh / "indicators.parquet", index=False)
        tables.treated.to_parquet(fresh / "treated.parquet", index=False)
        tables.log.to_parquet(fresh / "log.parquet", index=False)
        if tables.boundaries is not None:
            tables.boundaries.to_parquet(fresh / "boundaries.parquet", index=False)
        meta = {
            "key": key,
            "simulated": tables.simulated,
            "files": {str(f.relative_to(folder)): _digest([f], "")[:12] for f in files},
        }
        (fresh / "meta.json").write_text(json.dumps(meta, indent=1))
        if _key(store) == key:  # another notebook was just ahead
            shutil.rmtree(fresh)
            return store
        if store.exists():
            shutil.rmtree(store)
        fresh.rename(store)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        if _key(store) != key:  # unless another notebook was just ahead with the same store
            raise
    return store


def _key(store: Path) -> str | None:
    """Key of a finished store; None when there is none."""
    meta = store / "meta.json"
    return json.loads(meta.read_text())["key"] if meta.is_file() else None


def validated(observations: pd.DataFrame, indicators: set[str]) -> pd.DataFrame:
    """Check observations against the data model; see ``OBSERVATIONS``.

    Raises
    ------
    sources.SourceError
        Naming the first offending column, value and what was expected.
    """
    try:
        result = OBSERVATIONS.validate(observations.reset_index(drop=True))
    except pa.errors.SchemaError as error:
        cases = error.failure_cases
        first = cases["failure_case"].iloc[0] if isinstance(cases, pd.DataFrame) else cases
        column = getattr(error.schema, "name", None) or ", ".join(KEY)
        raise sources.SourceError(
            f"Waarnemingen voldoen niet aan het gegevensmodel: kolom {column}, waarde {first!r} ({error.check}); "
            "herstel het bronbestand."
        ) from error
    unknown = sorted(set(result["indicator"]) - indicators)
    if unknown:
        raise sources.SourceError(
            f"Indicator {unknown[0]!r} staat niet in data/raw/indicatoren.csv; voeg hem daar toe of laat hem weg."
        )
    return result


def complete(observations: pd.DataFrame, areas: pd.DataFrame, indicators: pd.DataFrame) -> pd.DataFrame:
    """Add standard errors, and the aggregates that were not published themselves.

    An aggregate is the mean of its PC4 weighted by the denominator `n`; without denominators every
    PC4 counts once. The standard error is the indicator's own unrest: the spread of a PC4 around its
    own linear trend and the national year (:func:`unrest`); for a percentage with a known denominator
    at least the binomial one, with half a case added to either side.

    Parameters
    ----------
    observations : DataFrame
        Valid observations, any level.
    areas, indicators : DataFrame
        See ``sources.Tables``.

    Returns
    -------
    DataFrame
        The observations of all levels with `level`, `gemeente`, `se` (unit of the value; missing
        when unknown) and `n` (sum of the weights).
    """
    members = _memberships(areas)
    codebook = indicators.set_index("indicator")
    parts = []
    for indicator, part in observations.groupby("indicator", sort=True):
        info = codebook.loc[indicator]
        part = part.merge(areas[["area", "level", "gemeente"]], on="area", how="left")
        pc4 = part[part["level"] == "pc4"].copy()
        noise = unrest(pc4, log=info["scale"] == "log")
        share = info["unit"] == "%"
        pc4["se"] = _standard_error(
            pc4["value"], pc4["n"], share, noise * (pc4["value"] if info["scale"] == "log" else 1)
        )
        if pc4["n"].isna().all():
            pc4["n"] = 1.0
        computed = _aggregate(pc4.dropna(subset=["n"]), members)
        published = part[part["level"] != "pc4"].copy()
        known = computed.set_index(["area", "period"])
        index = pd.MultiIndex.from_frame(published[["area", "period"]])
        published["se"] = known["se"].reindex(index).to_numpy()
        published["se"] = published["se"].fillna(
            pd.Series(_standard_error(published["value"], published["n"], share, np.nan), published.index)
        )
        published["n"] = published["n"].fillna(
            pd.Series(known["n"].reindex(index).to_numpy(), published.index)
        )
        extra = computed[~pd.MultiIndex.from_frame(computed[["area", "period"]]).isin(index)]
        whole = pd.concat([published, extra, pc4], ignore_index=True)
        whole["indicator"] = indicator
        whole["decimals"] = part["decimals"].max()
        parts += [whole, _g18(whole, areas), _own_cities(whole, pc4, areas)]
    columns = [*KEY, "level", "gemeente", "value", "se", "n", "decimals", "source", "status"]
    order = pd.CategoricalDtype(["land", "groep", "gemeente", "aandachtswijk", "pc4"], ordered=True)
    result = pd.concat(parts, ignore_index=True)[columns]
    return (
        result.assign(_order=result["level"].astype(order))
        .sort_values(["indicator", "_order", "area", "period"], kind="stable")
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def unrest(pc4: pd.DataFrame, log: bool = False) -> float:
    """Estimate how far one PC4 in one year lies from its own trend: the noise of the indicator.

    Residual standard deviation of a regression of the value on PC4 effects, PC4 linear trends and
    period effects (random-trend model; Wooldridge 2010, section 11.7.1), on the PC4 observed in every period.

    Parameters
    ----------
    pc4 : DataFrame
        Columns `area`, `period`, `value`.
    log : bool
        Work in logarithms (the result is then relative).

    Returns
    -------
    float
        Missing with fewer than four periods or ten complete PC4.
    """
    wide = pc4.pivot_table(index="area", columns="period", values="value").dropna()
    if wide.shape[0] < 10 or wide.shape[1] < 4:
        return np.nan
    values = wide.to_numpy()
    if log:
        if (values <= 0).any():
            return np.nan
        values = np.log(values)
    values = values - values.mean(axis=0)
    design = np.column_stack(
        [
            np.ones(wide.shape[1]),
            wide.columns.to_numpy(dtype=float) - wide.columns.to_numpy().mean(),
        ]
    )
    residual = values - values @ np.linalg.pinv(design).T @ design.T
    rows, periods = values.shape
    return float(np.sqrt((residual**2).sum() / ((rows - 1) * (periods - 2))))


def _standard_error(value: pd.Series, n: pd.Series, share: bool, otherwise: object) -> np.ndarray:
    floor = np.broadcast_to(np.asarray(otherwise, dtype=float), value.shape)
    if not share:
        return floor.copy()
    p = (value / 100 * n + 0.5) / (n + 1)
    binomial = 100 * np.sqrt(p.clip(0, 1) * (1 - p.clip(0, 1)) / (n + 1))
    # A register has no sampling error, but it moves from year to year by more than the binomial says.
    return np.fmax(np.where(n > 0, binomial, np.nan), floor)


def _certain(areas: pd.DataFrame) -> pd.Series:
    """Which rows are PC4 that belong to an aandachtswijk beyond doubt: candidates do not."""
    return areas["aandachtswijk"].notna() & ~sources.is_candidate(areas["zekerheid"])


def _memberships(areas: pd.DataFrame) -> pd.DataFrame:
    """Pair every PC4 with each aggregate it belongs to.

    The country's aandachtswijken are the PC4 that are certain, and all others are the rest. In a city
    the candidates count as aandachtswijk, so that the rest of the city is clean of them. Where only
    the PC4 of aandachtswijken are known, no larger whole can be made of them.
    """
    pc4 = areas[areas["level"] == "pc4"].rename(columns={"area": "pc4"})
    listed, certain = pc4["aandachtswijk"].notna(), _certain(pc4)
    cities = set(areas.loc[areas["level"] == "aandachtswijk", "gemeente"])
    city = pc4["gemeente"].where(pc4["gemeente"].isin(cities))
    target = {
        "Nederland": pd.Series("Nederland", pc4.index),
        "Aandachtswijken": pd.Series("Aandachtswijken", pc4.index).where(certain),
        "Niet-aandachtswijken": pd.Series("Niet-aandachtswijken", pc4.index).where(~certain),
        sources.WITH_CANDIDATES: pd.Series(sources.WITH_CANDIDATES, pc4.index).where(listed),
        "city": city,
        "listed": (city + ", aandachtswijken").where(listed),
        "rest": (city + ", niet-aandachtswijken").where(~listed),
        "wijk": pc4["aandachtswijk"],
    }
    pairs = pd.DataFrame({"pc4": pc4["pc4"], **target}).melt(id_vars="pc4", value_name="area").dropna()
    wholes = pairs["area"].isin({"Nederland", *cities})
    others = set(pairs.loc[wholes & pairs["pc4"].isin(pc4.loc[~listed, "pc4"]), "area"])
    pairs = pairs[~wholes | pairs["area"].isin(others)]
    return pairs[["pc4", "area"]].merge(areas[["area", "level", "gemeente"]], on="area", how="left")


def _aggregate(pc4: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    rows = members.merge(pc4.drop(columns=["level", "gemeente"]).rename(columns={"area": "pc4"}), on="pc4")
    # A postcode that appears or disappears would pass for a change of its wijk or city.
    periods = pc4.groupby("area")["period"].nunique()
    steady = periods.index[periods == periods.max()]
    rows = rows[rows["pc4"].isin(steady) | rows["area"].isin(["Nederland", *sources.GROUPS])]
    by = rows.groupby(["area", "period"], sort=True)
    first = by[["level", "gemeente", "status", "source", "decimals"]].first()
    known = (
        by.size() / members.groupby("area").size().reindex(first.index.get_level_values("area")).to_numpy()
    )
    sums = _weighted(rows, ["area", "period"], rows["n"]).join(first)[known >= LEAST_KNOWN].reset_index()
    return sums.assign(source="berekend uit PC4: " + sums["source"])


def _weighted(rows: pd.DataFrame, by: list[str], weight: pd.Series) -> pd.DataFrame:
    """Weighted mean of `value`, its standard error (unknown when one is), and the sum of `n`."""
    parts = rows[by].assign(
        w=weight, n=rows["n"], weighted=weight * rows["value"], variance=(weight * rows["se"]) ** 2,
        unknown=rows["se"].isna(),
    )  # fmt: skip
    sums = parts.groupby(by, sort=True).sum()
    sums = sums[sums["w"] > 0]
    se = (np.sqrt(sums["variance"]) / sums["w"]).where(sums["unknown"] == 0)
    return pd.DataFrame({"value": sums["weighted"] / sums["w"], "se": se, "n": sums["n"]})


def _g18(whole: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Average the cities by their own weight; StatLine 71718ned has the cities but not the G18."""
    cities = areas.loc[areas["level"] == "aandachtswijk", "gemeente"].unique()
    rows = whole[whole["area"].isin(cities)].dropna(subset="n")
    complete = rows.groupby("period")["area"].transform("size") == len(cities)
    return _named(rows[complete], rows.loc[complete, "n"], "G18", "berekend uit de steden")


def _named(rows: pd.DataFrame, weight: pd.Series, area: str, source: str) -> pd.DataFrame:
    if not len(rows):
        return rows
    shared = rows[["indicator", "status", "decimals"]].iloc[0].to_dict()
    sums = _weighted(rows, ["period"], weight).reset_index()
    return sums.assign(area=area, level="groep", gemeente=None, source=source, **shared)


def _own_cities(whole: pd.DataFrame, pc4: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Average the cities with the weight of their aandachtswijken: the like-for-like reference of the 40."""
    certain = pc4[pc4["area"].isin(areas.loc[_certain(areas), "area"])]
    weight = certain.groupby(["gemeente", "period"])["n"].sum().rename("w").reset_index()
    parts = []
    for name, suffix in ((OWN_CITIES, ""), (OWN_CITIES_REST, ", niet-aandachtswijken")):
        named = weight.assign(area=weight["gemeente"] + suffix)[["area", "period", "w"]]
        rows = whole.merge(named, on=["area", "period"])
        parts.append(_named(rows, rows["w"], name, "berekend: steden gewogen naar hun aandachtswijken"))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class Panel:
    """The slice of the store that one report reads.

    Attributes
    ----------
    series : DataFrame
        Observations of the question's indicators for the area, its references and its wijken.
    areas, indicators, treated, log : DataFrame
        See ``sources.Tables``; `indicators` holds those of the question only.
    meta : dict
        `simulated` (bool), `files` (name to content hash), `key`.
    store : Path
        Where the rest is.
    """

    question: str
    gebied: str
    series: pd.DataFrame
    areas: pd.DataFrame
    indicators: pd.DataFrame
    treated: pd.DataFrame
    log: pd.DataFrame
    meta: dict
    store: Path

    def get(self, indicator: str, area: str) -> pd.DataFrame:
        """Return one series: period, value, se, n, decimals, status, source; ordered by period."""
        rows = self.series[(self.series["indicator"] == indicator) & (self.series["area"] == area)]
        return rows.sort_values("period").reset_index(drop=True)

    @cached_property
    def wijken(self) -> list[str]:
        """The aandachtswijken inside the area that have PC4 on the list; for Nederland no candidates."""
        certain = ~sources.is_candidate(self.treated["zekerheid"])
        known = set(self.treated.loc[certain if self.gebied == "Nederland" else slice(None), "wijk"])
        return [w for w in wijken_in(self.gebied, self.areas) if w in known]

    def pc4(self, indicator: str, period: int) -> pd.DataFrame:
        """Read the PC4 values of one indicator and year in the area's gemeente, or in the country."""
        where = (ds.field("level") == "pc4") & (ds.field("period") == period)
        if self.gebied != "Nederland":
            where &= ds.field("gemeente") == self.gebied.split("/", 1)[0]
        return _read(self.store, [indicator], where)[["area", "value"]]

    @cached_property
    def boundaries(self) -> gpd.GeoDataFrame | None:
        """PC4 shapes of the area's gemeente, or of the country; None when no boundaries are present."""
        path = self.store / "boundaries.parquet"
        if not path.exists():
            return None
        pc4 = self.areas[self.areas["level"] == "pc4"]
        if self.gebied != "Nederland":
            pc4 = pc4[pc4["gemeente"] == self.gebied.split("/", 1)[0]]
        shapes = gpd.read_parquet(path, filters=[("area", "in", pc4["area"].tolist())])
        return shapes.merge(pc4[["area", "aandachtswijk", "zekerheid"]], on="area")


def references(gebied: str) -> dict[str, str]:
    """Return the area behind each of the four references, and behind the wijk itself.

    For Nederland, "the city" is the average of the 18 own cities weighted by their aandachtswijken,
    so that each wijk is compared with its own city.
    """
    city = gebied.split("/", 1)[0]
    if gebied == "Nederland":
        return {
            "wijk": "Aandachtswijken",
            "rest_stad": OWN_CITIES_REST,
            "stad": OWN_CITIES,
            "g18": "G18",
            "nederland": "Nederland",
        }
    return {
        "wijk": gebied if "/" in gebied else f"{city}, aandachtswijken",
        "rest_stad": f"{city}, niet-aandachtswijken",
        "stad": city,
        "g18": "G18",
        "nederland": "Nederland",
    }


def wijken_in(gebied: str, areas: pd.DataFrame) -> list[str]:
    """List the aandachtswijken in Nederland, a gemeente, or the wijk itself."""
    wijken = areas.loc[areas["level"] == "aandachtswijk"]
    if "/" in gebied:
        return [gebied]
    return sorted(
        wijken["area"] if gebied == "Nederland" else wijken.loc[wijken["gemeente"] == gebied, "area"]
    )


def gebieden() -> list[str]:
    """List what a report can be about: Nederland, the 18 gemeenten, the 40 wijken."""
    wijken = pd.read_csv(RAW / "aandachtswijken.csv", dtype=str)
    return ["Nederland", *sorted(set(wijken["gemeente"])), *sorted(wijken["area"])]


def load(question: str, gebied: str, data: str = "oefendata", seed: int = 2007) -> Panel:
    """Load the slice of one question and one area, building the store when it is not up to date.

    Parameters
    ----------
    question : str
        One of the five questions.
    gebied : str
        ``"Nederland"``, a gemeente, or ``"<gemeente>/<wijk>"``.
    data, seed : str, int
        See :func:`source_folder`.

    Returns
    -------
    Panel
    """
    store = build(data, seed)
    areas = pd.read_parquet(store / "areas.parquet")
    indicators = pd.read_parquet(store / "indicators.parquet")
    indicators = indicators[indicators["question"] == question].reset_index(drop=True)
    roles = references(gebied)
    wanted = {*roles.values(), *wijken_in(gebied, areas), "Niet-aandachtswijken", sources.WITH_CANDIDATES}
    if "/" not in gebied:
        cities = {w.split("/", 1)[0] for w in wijken_in(gebied, areas)}
        wanted |= cities | {f"{c}, niet-aandachtswijken" for c in cities}
    return Panel(
        question,
        gebied,
        _read(store, indicators["indicator"], ds.field("area").isin(sorted(wanted))),
        areas,
        indicators,
        pd.read_parquet(store / "treated.parquet"),
        pd.read_parquet(store / "log.parquet"),
        json.loads((store / "meta.json").read_text()),
        store,
    )


def _read(store: Path, indicators: Iterable[str], where: ds.Expression) -> pd.DataFrame:
    parts = []
    for indicator in indicators:
        path = store / "series" / f"indicator={indicator}" / "deel.parquet"
        if path.exists():
            rows = ds.dataset(path).to_table(filter=where).to_pandas()
            parts.append(rows.assign(indicator=indicator))
    if not parts:
        columns = [*KEY, "level", "gemeente", "value", "se", "n", "decimals", "source", "status"]
        return pd.DataFrame(columns=columns).astype({"value": float, "se": float, "n": float, "period": int})
    return pd.concat(parts, ignore_index=True)


def _store_path(data: str, seed: int, folder: Path) -> Path:
    if data == "oefendata":
        return PROCESSED / f"oefendata-{seed}" / "store"
    return PROCESSED / f"{folder.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}" / "store"


def _digest(files: Iterable[Path], salt: str, base: Path | None = None) -> str:
    digest = hashlib.sha256(salt.encode())
    for file in files:
        digest.update(str(file.relative_to(base) if base else file.name).encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
