"""The processed store: build it from raw once, load the slice a notebook asks for.

A store is a folder of Parquet files. Observations are partitioned by indicator; every level a
report compares (wijk, city, rest of the city, G18, Nederland) is a row of its own, so that a report
reads some hundreds of rows whatever the size of the country.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from wijkenaanpak import SEED, SourceError, content, programme, questions
from wijkenaanpak.effects import effects, space
from wijkenaanpak.programme import Programme, Years
from wijkenaanpak.sources import coding, forms
from wijkenaanpak.sources.areas import (
    CITIES,
    GROUPS,
    LIKELY,
    ONLY_CANDIDATES,
    TREATED,
    UNTREATED,
    WITH_CANDIDATES,
    WITH_LIKELY,
    is_candidate,
    rest_of,
    treated_of,
)
from wijkenaanpak.sources.folder import Tables, read_folder
from wijkenaanpak.store import place

# An aggregate of fewer of its PC4 than this share would be another area than its name says.
LEAST_KNOWN = 0.5

OWN_CITIES = "Eigen steden"
OWN_CITIES_REST = rest_of(OWN_CITIES)
# The list of PC4 is not the official one: what each part of it is compared with.
REST_OF = {
    TREATED: OWN_CITIES_REST,
    WITH_CANDIDATES: f"{OWN_CITIES_REST}: met kandidaten",
    ONLY_CANDIDATES: f"{OWN_CITIES_REST}: van kandidaten",
}

KEY = ["indicator", "area", "period"]
ROW_GROUP = 5_000  # rows: small enough that a gemeente is found without reading the country


def source_folder(data: str, seed: int = SEED) -> Path:
    """Return the data folder behind the notebook parameter `data`.

    Parameters
    ----------
    data : str
        ``"oefendata"``, the path of a folder, or that of the file of a programme; a relative path counts from the working
        directory, then from the project.
    seed : int
        Which practice panel.

    Returns
    -------
    Path
        An existing folder; the practice panel is generated when it is not there yet.

    Raises
    ------
    SourceError
        When the folder does not exist.
    """
    if place.series_of(data) != "oefendata":
        return place.source(data, seed)
    folder = place.practice_folder(seed)
    stamp, ready = place.practice_stamp(seed), place.practice_ready(seed)
    if ready and place.practice_whole(seed):
        return folder
    if ready or (stamp.exists() and content.read_sealed(stamp) is None):
        content.say(
            f"De oefendata in {folder.parent} zijn beschadigd of veranderd, en worden opnieuw gemaakt."
        )
    from wijkenaanpak.practice import simulate  # only who needs the practice panel pays for it

    content.working("De oefendata worden gemaakt.")
    simulate.simulate(folder, seed=seed)
    content.write_sealed(stamp, {"key": place.practice_key(seed), "content": content.contents(folder)})
    return folder


def build(data: str = "oefendata", seed: int = SEED) -> Path:
    """Build the store of a data folder, or return the one that is still up to date.

    Parameters
    ----------
    data, seed : str, int
        See :func:`source_folder`.

    Returns
    -------
    Path
        The store. It is replaced as a whole, and only when a raw file, the embedded facts or the
        reading code changed, or when its own files did (content hashes).

    Raises
    ------
    SourceError
        When a raw file is wrong; an earlier store stays as it was.
    OSError
        When a raw file changed while it was read, or the store cannot be written.
    """
    store = place.store_path(data, seed)
    if store in place.checked():
        return store
    folder = source_folder(data, seed)
    of = place.programme_of(data)
    stamps = _stamps(folder)
    key = place.store_key(data, seed)
    known = place.key_of(store)

    def ready() -> bool:
        return place.key_of(store) == key and not place.damage(store)

    if ready():
        return store
    if store.exists() and known in (None, key):
        wrong = ", ".join(place.damage(store)[:3])
        content.say(f"De verwerkte gegevens in {store} zijn beschadigd ({wrong}), en worden opnieuw gemaakt.")
    content.working(
        f"{'De oefendata' if data == 'oefendata' else folder.name} worden gelezen en verwerkt; dat duurt een halve minuut, en wordt bewaard."
    )
    tables = read_folder(folder, of)
    observations = validated(tables.observations, set(tables.indicators["indicator"]))
    store.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".bouw-", dir=store.parent))
    try:
        series = complete(observations, tables.areas, tables.indicators, not of.main)
        _write_series(fresh, series)
        pc4 = tables.areas["level"] == "pc4"
        tables.areas[~pc4].to_parquet(fresh / "areas.parquet", index=False)
        tables.indicators.to_parquet(fresh / "indicators.parquet", index=False)
        tables.treated.to_parquet(fresh / "treated.parquet", index=False)
        tables.log.to_parquet(fresh / "log.parquet", index=False)
        tables.inventory.to_parquet(fresh / "inventory.parquet", index=False)
        shapes = _shapes(tables)
        weak = _deprivation(series, tables, shapes, of.years)
        extras = {
            "selection": tables.scores, "later": tables.later, "crosswalk": tables.crosswalk,
            "population": tables.population,
            "achterstand": weak.reset_index() if len(weak) else None,
            "elders": pd.DataFrame({"area": tables.elsewhere}) if tables.elsewhere else None,
        }  # fmt: skip
        for name, extra in extras.items():
            if extra is not None:
                extra.to_parquet(fresh / f"{name}.parquet", index=False)
        for name, form in tables.forms.items():
            (fresh / "formulieren").mkdir(exist_ok=True)
            form.to_parquet(fresh / "formulieren" / f"{name}.parquet", index=False)
        if shapes is not None:
            shapes.to_parquet(fresh / "boundaries.parquet", index=False, row_group_size=ROW_GROUP)
        slices = _slices(series, tables, shapes, weak, fresh, of)
        (fresh / "slices.json").write_text(json.dumps(slices, indent=1))
        files = _read_files(folder, tables.log)
        book = tables.indicators
        meta = {
            "key": key,
            "programme": str(of.path),
            "simulated": tables.simulated,
            "list": tables.list_name,
            "outcomes": dict(
                zip(book["indicator"], book["question"].where(book["direction"] != 0, ""), strict=True)
            ),
            "measured": _measured(series, tables.areas),
            "files": {str(f.relative_to(folder)): content.digest([f])[:12] for f in files},
            "content": content.contents(fresh),
        }
        if _stamps(folder) != stamps:
            raise OSError(
                f"De map {folder} veranderde terwijl hij werd gelezen; draai opnieuw als dat klaar is."
            )
        content.write_sealed(fresh / place.META, meta)
        if ready():  # another notebook was just ahead
            shutil.rmtree(fresh)
            return store
        if store.is_dir():
            shutil.rmtree(store)
        store.unlink(missing_ok=True)
        fresh.rename(store)
    except BaseException:  # Ctrl-C too leaves no half a store
        shutil.rmtree(fresh, ignore_errors=True)
        if not ready():  # unless another notebook was just ahead with the same store
            raise
    return store


def _stamps(folder: Path) -> dict[str, tuple[int, ...]]:
    """When all that a store is made from was last written."""
    return content.stamps([folder, *folder.rglob("*"), *content.facts()])


def _read_files(folder: Path, log: pd.DataFrame) -> list[Path]:
    """Files of the folder that were read: the log names each, or the table it is a part of, or what was in its zip."""
    named = {str(name).split(", ")[0].removeprefix("StatLine ").casefold() for name in log["file"]}
    named = (named | {"oefendata.json"}) - {folder.name.casefold()}
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and ({path.name.casefold(), path.parent.name.casefold()} & named or path.suffix == ".zip")
    ]


def _write_series(store: Path, series: pd.DataFrame) -> None:
    """Write what reports compare apart from the PC4 behind it, so that reading the one never scans the other."""
    for indicator, part in series.groupby("indicator", sort=True):
        folder = store / "series" / f"indicator={indicator}"
        folder.mkdir(parents=True)
        part, pc4 = part.drop(columns="indicator"), part["level"] == "pc4"
        above = part[~pc4].sort_values(["area", "period"], kind="stable")
        above.to_parquet(folder / "gebieden.parquet", index=False, row_group_size=ROW_GROUP)
        ordered = part[pc4].sort_values(["gemeente", "area", "period"], kind="stable")
        ordered.to_parquet(folder / "pc4.parquet", index=False, row_group_size=ROW_GROUP)


def _shapes(tables: Tables) -> gpd.GeoDataFrame | None:
    """PC4 shapes with the gemeente and the wijk they belong to, ordered by gemeente."""
    if tables.boundaries is None:
        return None
    columns = ["area", "gemeente", "aandachtswijk", "zekerheid"]
    pc4 = tables.areas.loc[tables.areas["level"] == "pc4", columns]
    return tables.boundaries.merge(pc4, on="area").sort_values(["gemeente", "area"], kind="stable")


def _deprivation(
    series: pd.DataFrame, tables: Tables, shapes: gpd.GeoDataFrame | None, years: Years
) -> pd.DataFrame:
    """How weak each PC4 was before on all outcomes (``effects.deprivation``), and with a map those around it."""
    direction = tables.indicators.set_index("indicator")["direction"]
    pc4 = series[series["level"] == "pc4"]
    if not len(pc4):
        return pd.DataFrame()
    weak = effects.deprivation(pc4, direction, years)
    if shapes is None or not len(weak):
        return weak
    areas = sorted(shapes["area"])
    return space.with_surroundings(weak, space.touching(shapes, areas), areas)


def _slices(
    series: pd.DataFrame,
    tables: Tables,
    shapes: gpd.GeoDataFrame | None,
    weak: pd.DataFrame,
    store: Path,
    of: Programme,
) -> dict[str, dict[str, str]]:
    """Hash the content that each report reads, by question and area.

    Two stores give a report the same hash when, and only when, all rows that :func:`load` and the
    methods of :class:`Panel` can read for it are equal. Every report shows the effect against areas elsewhere:
    all PC4 of the outcome it is estimated on, the deprivation of all before, and all boundaries, are read for each.
    """
    rows = pd.util.hash_pandas_object(series, index=False)
    place = series["area"].where(series["level"] != "pc4", "pc4 van " + series["gemeente"].fillna("?"))
    # The sum of hashes does not depend on the order of rows, and wraps around at 64 bits.
    sums = rows.groupby([series["indicator"], place]).sum()
    common = [
        pd.util.hash_pandas_object(frame, index=False).to_numpy().tolist()
        for frame in (
            tables.areas[tables.areas["level"] != "pc4"],
            tables.treated,
            tables.log,
            tables.inventory,
            tables.scores,
            tables.later,
            weak.reset_index(),
            pd.DataFrame({"area": tables.elsewhere}, dtype=object),
        )
        if frame is not None
    ]
    drawn: dict[str, int] = {}
    if shapes is not None:
        outline = pd.Series(shapes.geometry.to_wkb(), shapes.index, dtype=object)
        known = shapes.drop(columns="geometry").fillna("")
        hashes = (
            pd.util.hash_pandas_object(known, index=False).to_numpy()
            ^ pd.util.hash_pandas_object(outline, index=False).to_numpy()
        )
        drawn = pd.Series(hashes).groupby(known["gemeente"].to_numpy()).sum().to_dict()
    filled: dict[str, list[Any]] = {topic: [] for topic in forms.book()["vraag"]}
    for name, form in tables.forms.items():
        hashes = pd.util.hash_pandas_object(form.astype(str), index=False).to_numpy()
        filled[forms.book().loc[name, "vraag"]].append([name, hashes.tolist()])
    result: dict[str, dict[str, str]] = {}
    for question, book in tables.indicators.groupby("question"):
        own = sums[sums.index.isin(_read_for(tables.indicators, str(question)), level=0)].reset_index()
        outcome = _outcome(book, store)
        compared = own["indicator"].eq("" if outcome is None else outcome["indicator"]) & own[
            "area"
        ].str.startswith("pc4 van ")
        meaning = pd.util.hash_pandas_object(book, index=False).to_numpy().tolist()
        result[str(question)] = {}
        for gebied in of.areas:
            wanted = _wanted(gebied, tables.areas)
            gemeente = gebied.split("/", 1)[0]
            whole = gebied == "Nederland"
            local = own["area"].isin(wanted | {f"pc4 van {gemeente}"}) | compared
            read = own if whole else own[local]
            result[str(question)][gebied] = content.text_digest(
                [
                    tables.simulated,
                    content.digest(of.files()),
                    *common,
                    meaning,
                    read.astype(str).to_numpy().tolist(),
                    {k: str(v) for k, v in drawn.items()},
                    filled.get(str(question), []),
                ]
            )
    own = content.text_digest(
        filled.get(questions.OVERVIEW, [])
    )  # with those of its questions, see place.slices
    result[questions.OVERVIEW] = dict.fromkeys(of.areas, own)
    return result


def _schema() -> Any:
    import pandera.pandas as schema  # who only reads a store does not pay for it

    return schema.DataFrameSchema(
        {
            "indicator": schema.Column(str),
            "area": schema.Column(str),
            "period": schema.Column(int, schema.Check.in_range(programme.FIRST_YEAR, programme.LAST_YEAR)),
            "value": schema.Column(float, schema.Check(lambda s: np.isfinite(s), error="niet eindig")),
            "n": schema.Column(float, schema.Check.ge(0), nullable=True),
            "decimals": schema.Column(int, schema.Check.in_range(0, 6)),
            "source": schema.Column(str),
            "status": schema.Column(str, schema.Check.isin(["published", "provisional", "simulated"])),
            "error": schema.Column(float, schema.Check.ge(0)),
        },
        unique=KEY,
        coerce=True,
    )


def validated(observations: pd.DataFrame, indicators: set[str]) -> pd.DataFrame:
    """Check observations against the data model (DataFrame with the columns of ``observations.COLUMNS``).

    Raises
    ------
    SourceError
        Naming the first offending column, value and what was expected.
    """
    from pandera.errors import SchemaError

    try:
        result = _schema().validate(observations.reset_index(drop=True))
    except SchemaError as error:
        cases = error.failure_cases
        first = cases["failure_case"].iloc[0] if isinstance(cases, pd.DataFrame) else cases
        column = getattr(error.schema, "name", None) or ", ".join(KEY)
        raise SourceError(
            f"Waarnemingen voldoen niet aan het gegevensmodel: kolom {column}, waarde {first!r} ({error.check}); "
            "herstel het bronbestand."
        ) from error
    unknown = sorted(set(result["indicator"]) - indicators)
    if unknown:
        raise SourceError(
            f"Indicator {unknown[0]!r} staat niet in data/raw/indicatoren.csv; voeg hem daar toe of laat hem weg."
        )
    return result


def complete(
    observations: pd.DataFrame, areas: pd.DataFrame, indicators: pd.DataFrame, own_country: bool = False
) -> pd.DataFrame:
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
        See ``Tables``.
    own_country : bool
        Areas of one's own, in more than one gemeente, make up the country.

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
        units, own = _units(members, pc4, own_country)
        noise = unrest(pc4, log=info["scale"] == "log")
        share = info["unit"] == "%"
        pc4["se"] = _standard_error(
            pc4["value"], pc4["n"], share, noise * (pc4["value"] if info["scale"] == "log" else 1)
        )
        # what was converted from other areas is as sure as the conversion, too
        pc4["se"] = np.where(pc4["error"] > 0, np.hypot(pc4["se"].fillna(0), pc4["error"]), pc4["se"])
        if pc4["n"].isna().all():
            pc4["n"] = 1.0
        computed = _aggregate(pc4.dropna(subset=["n"]), units)
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
        parts += [whole] if own else [whole, _g18(whole, areas), _own_cities(whole, pc4, areas)]
    columns = [*KEY, "level", "gemeente", "value", "se", "n", "decimals", "source", "status"]
    order = pd.CategoricalDtype(["land", "groep", "gemeente", "aandachtswijk", "pc4"], ordered=True)
    result = pd.concat(parts, ignore_index=True)[columns]
    return (
        result.assign(_order=result["level"].astype(order))
        .sort_values(["indicator", "_order", "area", "period"], kind="stable")
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def _units(members: pd.DataFrame, pc4: pd.DataFrame, country: bool) -> tuple[pd.DataFrame, bool]:
    """Return what the aggregates of an outcome are made of: PC4, or areas of one's own; and whether those are of a city alone.

    Areas of one city make its wijken and the city, and no country.
    """
    postcodes = members["pc4"].str.fullmatch(coding.PC4.pattern)
    own = len(pc4) > 0 and not pc4["area"].str.fullmatch(coding.PC4.pattern).any()
    if not own:
        return (members if postcodes.all() else members[postcodes]), False
    if country and len(pc4["gemeente"].unique()) > 1:
        return members[~postcodes & members["pc4"].isin(pc4["area"])], False
    here = members["gemeente"].notna() & members["gemeente"].isin(pc4["gemeente"])
    return members[~postcodes & here & members["pc4"].isin(pc4["area"])], True


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
    return areas["aandachtswijk"].notna() & ~is_candidate(areas["zekerheid"])


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
        TREATED: pd.Series(TREATED, pc4.index).where(certain),
        UNTREATED: pd.Series(UNTREATED, pc4.index).where(~certain),
        WITH_CANDIDATES: pd.Series(WITH_CANDIDATES, pc4.index).where(listed),
        ONLY_CANDIDATES: pd.Series(ONLY_CANDIDATES, pc4.index).where(listed & ~certain),
        WITH_LIKELY: pd.Series(WITH_LIKELY, pc4.index).where(certain | pc4["zekerheid"].isin(LIKELY)),
        "city": city,
        "listed": city.map(treated_of, "ignore").where(listed),
        "rest": city.map(rest_of, "ignore").where(~listed),
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
    rows = rows[rows["pc4"].isin(steady) | rows["area"].isin(["Nederland", *GROUPS])]
    by = rows.groupby(["area", "period"], sort=True)
    first = by[["level", "gemeente", "status", "source", "decimals"]].first()
    known = (
        by.size() / members.groupby("area").size().reindex(first.index.get_level_values("area")).to_numpy()
    )
    sums = _weighted(rows, ["area", "period"], rows["n"]).join(first)
    sums = sums[known.reindex(sums.index) >= LEAST_KNOWN].reset_index()
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
    return _named(rows[complete], rows.loc[complete, "n"], CITIES, "berekend uit de steden")


def _named(rows: pd.DataFrame, weight: pd.Series, area: str, source: str) -> pd.DataFrame:
    if not len(rows):
        return rows
    shared = rows[["indicator", "status", "decimals"]].iloc[0].to_dict()
    sums = _weighted(rows, ["period"], weight).reset_index()
    return sums.assign(area=area, level="groep", gemeente=None, source=source, **shared)


def _own_cities(whole: pd.DataFrame, pc4: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Average the cities with the weight of their aandachtswijken: the like-for-like reference of all, and of each list."""
    listed, certain = areas["aandachtswijk"].notna(), _certain(areas)
    wanted = [(certain, OWN_CITIES, str), (certain, OWN_CITIES_REST, rest_of)]
    if (listed & ~certain).any():
        wanted += [
            (listed, REST_OF[WITH_CANDIDATES], rest_of),
            (listed & ~certain, REST_OF[ONLY_CANDIDATES], rest_of),
        ]
    parts = []
    for which, name, part_of in wanted:
        own = pc4[pc4["area"].isin(areas.loc[which, "area"])]
        weight = own.groupby(["gemeente", "period"])["n"].sum().rename("w").reset_index()
        named = weight.assign(area=weight["gemeente"].map(part_of))[["area", "period", "w"]]
        rows = whole.merge(named, on=["area", "period"])
        parts.append(_named(rows, rows["w"], name, "berekend: steden gewogen naar hun wijken met aanpak"))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class Panel:
    """The slice of the store that one report reads.

    Attributes
    ----------
    series : DataFrame
        Observations of the question's indicators for the area, its references and its wijken.
    areas, indicators, treated, log : DataFrame
        See ``Tables``; `areas` without the PC4, `indicators` only those of the question.
    meta : dict
        `simulated` (bool), `list` (which list of wijken), `files` (name to content hash), `key` of the store, `slice` (content hash of what
        this report can read).
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
        """Return one series: period, value, se, n, decimals, status, source; ordered by period. Not to be changed."""
        if (indicator, area) not in self._read:
            rows = self._rows.get((indicator, area), (0, -1))  # together, and in order: as they were written
            self._read[indicator, area] = self.series.iloc[rows[0] : rows[-1] + 1].reset_index(drop=True)
        return self._read[indicator, area]

    @cached_property
    def _rows(self) -> dict[Any, Any]:
        """Row numbers of each series, by indicator and area."""
        return self.series.groupby(["indicator", "area"]).indices

    @cached_property
    def _read(self) -> dict[tuple[str, str], pd.DataFrame]:
        """The series asked for before."""
        return {}

    @cached_property
    def wijken(self) -> list[str]:
        """The aandachtswijken inside the area that have PC4 on the list; for Nederland no candidates."""
        certain = ~is_candidate(self.treated["zekerheid"])
        known = set(self.treated.loc[certain if self.gebied == "Nederland" else slice(None), "wijk"])
        return [w for w in wijken_in(self.gebied, self.areas) if w in known]

    def pc4(self, indicator: str, period: int, everywhere: bool = False) -> pd.DataFrame:
        """Read area, gemeente, value and n of the PC4 of one indicator and year in the area's gemeente, or in the country.

        `everywhere` is for the outcome whose effect is estimated: of no other is the country part of the slice.
        """
        where = ds.field("period") == period
        if self.gebied != "Nederland" and not everywhere:
            where &= ds.field("gemeente") == self.gebied.split("/", 1)[0]
        path = self.store / "series" / f"indicator={indicator}" / "pc4.parquet"
        columns = ["area", "gemeente", "value", "n"]
        if not path.exists():
            return pd.DataFrame(columns=columns).astype({"value": float, "n": float})
        return ds.dataset(path).to_table(filter=where, columns=columns).to_pandas()

    def everywhere(self, indicators: Sequence[str]) -> pd.DataFrame:
        """Read the series of every PC4 of the country: indicator, area, gemeente, wijk (empty when treated nowhere), period, value, n, status."""
        columns = ["area", "gemeente", "period", "value", "n", "status"]
        parts = [pd.DataFrame(columns=["indicator", *columns])]
        for name in indicators:
            path = self.store / "series" / f"indicator={name}" / "pc4.parquet"
            if path.exists():
                parts.append(pd.read_parquet(path, columns=columns).assign(indicator=name))
        wijk = self.treated.drop_duplicates("pc4").set_index("pc4")["wijk"]
        rows = pd.concat(parts[1:] or parts, ignore_index=True)
        return rows.assign(wijk=rows["area"].map(wijk).fillna(""))

    @cached_property
    def inventory(self) -> pd.DataFrame:
        """Every file of the data folder: bestand, gebruik (what it is used for), reden (why it is not)."""
        return _whole(self.store / "inventory.parquet").to_pandas()

    def form(self, name: str) -> pd.DataFrame | None:
        """Return a filled-in form of the question, or None when the data folder has none."""
        path = self.store / "formulieren" / f"{name}.parquet"
        return _whole(path).to_pandas() if path.exists() else None

    def part(self, question: str) -> Panel:
        """Return what the report on one question would have read, out of that of the overview."""
        book = _book(self.indicators, question, self.programme.outcomes.get(question, ""))
        own = self.series["indicator"].isin(_read_for(self.indicators, question))
        return replace(
            self, question=question, indicators=book, series=self.series[own].reset_index(drop=True)
        )

    @cached_property
    def outcome(self) -> Any:
        """Codebook row (Series) of the outcome whose effect is estimated; None without series per PC4."""
        return _outcome(self.indicators, self.store)

    @cached_property
    def programme(self) -> Programme:
        """The programme that the store is about."""
        return programme.read(Path(self.meta["programme"]))

    def evaluation(self, eind: int, years: Years | None = None) -> dict[str, Any]:
        """Return the effect evaluation of :attr:`outcome` up to a year; computed by the first who asks.

        Parameters
        ----------
        eind : int
            Last year after.
        years : Years, optional
            By default those of the programme; others for one that is taken to have begun in another year.

        Returns
        -------
        dict
            See ``evaluation.compute``, or ``evaluation.compute_within`` where all areas are in one city.
        """
        if self.outcome is None:
            return {"reason": f"er is geen reeks per {self.programme.unit}"}
        years = years or self.programme.years

        def compute() -> dict[str, Any]:
            from wijkenaanpak.store import evaluation  # all other reports only read what one has computed

            content.working(
                f"Het effect op {self.outcome['label'].lower()} tot en met {eind} wordt berekend; dat duurt een halve minuut, en "
                "het wordt bewaard."
            )
            if len(self._cities()) == 1:  # elsewhere the margins count cities
                return evaluation.compute_within(self.store, self.indicators, eind, years)
            return evaluation.compute(self.store, self.question, self.outcome, eind, self.indicators, years)

        name = f"effecten/{self.question}/{self.outcome['indicator']}-{years.known}-{eind}"
        made_from = [eind, list(astuple(years)), self.indicators.to_csv()]
        return self.kept(name, "wijkenaanpak.store.evaluation", made_from, compute)

    def _cities(self) -> set[str]:
        """Name the gemeenten that the areas of the outcome are in."""
        path = self.store / "series" / f"indicator={self.outcome['indicator']}" / "pc4.parquet"
        return set(
            pq.ParquetFile(path).read(["gemeente"], use_threads=False)["gemeente"].unique().to_pylist()
        ) - {None}

    def kept(
        self, name: str, module: str, made_from: list[Any], make: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return what reports share, kept beside the store; made by the first who asks.

        Parameters
        ----------
        name : str
            Folder and name of its file.
        module : str
            The module that makes it; what that imports counts too, and so does the environment.
        made_from : list
            All else that it depends on apart from the store; when any of it changes it is made again.
        make : callable
            Returns what JSON can hold.
        """
        key = content.text_digest([self.meta["key"], content.code_key(module, inside=False), *made_from])
        path = self.store.parent / f"{name}.json"
        kept = content.read_sealed(path) or {}
        if kept.get("key") == key:
            return kept
        made = {"key": key, **make()}
        if place.key_of(self.store) != self.meta["key"]:
            raise OSError(f"De gegevens in {self.store} veranderden tijdens het lezen; draai opnieuw.")
        # A disk that is full or read-only costs the next report the time to compute it again, and no more.
        with contextlib.suppress(OSError):
            content.write_sealed(path, made)
        return json.loads(json.dumps(made))

    @cached_property
    def boundaries(self) -> gpd.GeoDataFrame | None:
        """PC4 shapes of the area's gemeente, or of the country; None when no boundaries are present."""
        path = self.store / "boundaries.parquet"
        if not path.exists():
            return None
        where = None
        if self.gebied != "Nederland":
            where = [("gemeente", "==", self.gebied.split("/", 1)[0])]
        return gpd.read_parquet(path, filters=where)


def _outcome(indicators: pd.DataFrame, store: Path) -> Any:
    """Return the primary outcome, or else the first other one, that has two measurements or more per PC4."""
    book = indicators[indicators["direction"] != 0].sort_values("primary", ascending=False, kind="stable")
    for _, row in book.iterrows():
        path = store / "series" / f"indicator={row['indicator']}" / "pc4.parquet"
        if path.exists() and _measurements(path) > 1:
            return row
    return None


def _measurements(path: Path) -> int:
    """Count the periods of a file by the first and last of each row group: 0, 1, or 2 for more."""
    file = pq.ParquetFile(path).metadata
    column = next(i for i in range(file.num_columns) if file.schema.column(i).name == "period")
    known = [file.row_group(i).column(column).statistics for i in range(file.num_row_groups)]
    return min(len({end for part in known if part and part.has_min_max for end in (part.min, part.max)}), 2)


def _measured(series: pd.DataFrame, areas: pd.DataFrame) -> list[str]:
    """List the outcomes that were measured twice or more in an aandachtswijk."""
    wijken = areas.loc[areas["level"] == "aandachtswijk", "area"]
    own = series[series["area"].isin(wijken) & series["value"].notna()]
    years = own.groupby(["indicator", "area"], observed=True)["period"].nunique()
    return sorted(set(years[years >= 2].index.get_level_values("indicator")))


def references(gebied: str) -> dict[str, str]:
    """Return the area behind each of the four references, and behind the wijk itself.

    For Nederland, "the city" is the average of the own cities weighted by their aandachtswijken,
    so that each wijk is compared with its own city.
    """
    city = gebied.split("/", 1)[0]
    if gebied == "Nederland":
        return {
            "wijk": TREATED,
            "rest_stad": OWN_CITIES_REST,
            "stad": OWN_CITIES,
            "g18": CITIES,
            "nederland": "Nederland",
        }
    return {
        "wijk": gebied if "/" in gebied else treated_of(city),
        "rest_stad": rest_of(city),
        "stad": city,
        "g18": CITIES,
        "nederland": "Nederland",
    }


def wijken_in(gebied: str, areas: pd.DataFrame) -> list[str]:
    """List the aandachtswijken in Nederland, a gemeente, or the wijk itself."""
    if "/" in gebied:
        return [gebied]
    wijken = areas.loc[areas["level"] == "aandachtswijk"]
    return sorted(
        wijken["area"] if gebied == "Nederland" else wijken.loc[wijken["gemeente"] == gebied, "area"]
    )


def _wanted(gebied: str, areas: pd.DataFrame) -> set[str]:
    """Name the areas whose series a report reads: its own, its references, its comparison, its wijken."""
    wijken = wijken_in(gebied, areas)
    wanted = {
        *references(gebied).values(),
        *wijken,
        UNTREATED,
        WITH_CANDIDATES,
        WITH_LIKELY,
    }
    if gebied == "Nederland":
        wanted |= {*REST_OF, *REST_OF.values()}
    if "/" not in gebied:
        cities = {w.split("/", 1)[0] for w in wijken}
        wanted |= cities | set(map(rest_of, cities))
    return wanted


def _read_for(indicators: pd.DataFrame, question: str) -> set[str]:
    """Name the indicators whose series a report reads: its own, and those of another question it also shows."""
    if question == questions.OVERVIEW:
        return set(indicators["indicator"])
    shown = (indicators["question"] == question) | (indicators["also"] == question)
    return {*indicators.loc[shown, "indicator"], *_outcomes_of(question)}


def _outcomes_of(question: str) -> tuple[str, ...]:
    """Name the outcomes that the notebook of a question asks for; none for a question of another folder of notebooks."""
    return questions.question(question).outcomes if question in questions.names() else ()


def _book(indicators: pd.DataFrame, question: str, judged_by: str = "") -> pd.DataFrame:
    """Return the codebook of a question: its own rows, and the outcomes that its notebook names.

    Primary is the one that the programme judges it by, or else the first that the notebook names.
    """
    named = _outcomes_of(question)
    book = indicators[(indicators["question"] == question) | indicators["indicator"].isin(named)]
    book = book.assign(question=question)
    if named:
        first = book["indicator"] == named[0]
        direction = questions.question(question).direction
        book["direction"] = book["direction"].mask(first & bool(direction), direction)
    if judged_by or named:
        book["primary"] = (book["indicator"] == (judged_by or named[0])).astype(int)
    return book.reset_index(drop=True)


def load(question: str, gebied: str, data: str = "oefendata", seed: int = SEED, uitkomst: str = "") -> Panel:
    """Load the slice of one question and one area, building the store when it is not up to date.

    Parameters
    ----------
    question : str
        Name of a notebook: a question, or the overview of all.
    gebied : str
        ``"Nederland"``, a gemeente, or ``"<gemeente>/<wijk>"``.
    data, seed : str, int
        See :func:`source_folder`.
    uitkomst : str
        The outcome that the report turns on, when not the one of the question.

    Returns
    -------
    Panel
    """
    return read(build(data, seed), question, gebied, uitkomst)


def read(store: Path, question: str, gebied: str, uitkomst: str = "") -> Panel:
    """Read the slice of one question and one area from a store that is up to date; see :func:`load`.

    Raises
    ------
    SourceError
        When the question has no such outcome.
    """
    (areas, every, treated, log), meta, slices = tables(store)
    indicators = every
    if question != questions.OVERVIEW:
        for name in _outcomes_of(question):
            where = f"notebooks/{question}.ipynb, metadata: uitkomst"
            programme.check_option(where, name, every["indicator"].tolist())
        first = programme.read(Path(meta["programme"])).outcomes.get(question, "")
        indicators = _book(every, question, first)
    if uitkomst:
        programme.check_option(
            "Parameter uitkomst", uitkomst, indicators.loc[indicators["direction"] != 0, "indicator"].tolist()
        )
        indicators = indicators.assign(primary=(indicators["indicator"] == uitkomst).astype(int))
    series = _series(store, sorted(_read_for(every, question)), _wanted(gebied, areas))
    meta["slice"] = slices(question, gebied)
    return Panel(question, gebied, series, areas, indicators, treated, log, meta, store)


def tables(store: Path) -> tuple[list[pd.DataFrame], dict[str, Any], Callable[[str, str], str]]:
    """Return what every report on a store reads: areas, indicators, treated and log; meta; the hash of a slice."""
    frames, meta, slices = _tables(store, place.key_of(store))
    return [frame.copy(deep=False) for frame in frames], dict(meta), slices


def warm_up(store: Path) -> None:
    """Read what reports on a store share, before processes for them are forked: its tables, and all series above PC4."""
    _, every, _, _ = tables(store)[0]
    for indicator in every["indicator"]:
        _above(store, indicator, place.key_of(store))


@lru_cache(maxsize=1)
def _tables(
    store: Path, _: str | None
) -> tuple[list[pd.DataFrame], dict[str, Any], Callable[[str, str], str]]:
    names = ("areas", "indicators", "treated", "log")
    frames = [_whole(store / f"{name}.parquet").to_pandas() for name in names]
    return frames, json.loads((store / place.META).read_text()), place.slices(store)


def _whole(path: Path) -> pa.Table:
    """Read a small file in one go: for a few rows, threads and datasets take longer than reading."""
    return pq.ParquetFile(path).read(use_threads=False)


@lru_cache(maxsize=256)
def _above(store: Path, indicator: str, _: str | None) -> pa.Table | None:
    """Series of one indicator of all areas above PC4, which are few; None without any."""
    path = store / "series" / f"indicator={indicator}" / "gebieden.parquet"
    rows = _whole(path) if path.exists() else None
    return rows.append_column("indicator", pa.repeat(indicator, len(rows))) if rows else None


def _series(store: Path, indicators: Iterable[str], areas: Iterable[str]) -> pd.DataFrame:
    """Read the series of some areas above PC4."""
    key = place.key_of(store)
    parts = [part for i in indicators if (part := _above(store, i, key)) is not None]
    if not parts:
        names = [*KEY, "level", "gemeente", "value", "se", "n", "decimals", "source", "status"]
        return pd.DataFrame(columns=names).astype({"value": float, "se": float, "n": float, "period": int})
    rows = pa.concat_tables(parts, promote_options="permissive")
    return rows.filter(pc.is_in(rows["area"], pa.array(sorted(areas), rows["area"].type))).to_pandas()
