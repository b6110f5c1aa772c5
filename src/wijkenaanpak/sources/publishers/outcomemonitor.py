"""The Outcomemonitor (StatLine 71718ned), and other tables with regions by name."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import cells, coding, facts, files, observations, statline
from wijkenaanpak.sources.files import Location, Log

TABLE = "71718ned"


def read(
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
    number = statline.CRIME if table.name.upper() == statline.CRIME else TABLE
    properties = statline.part(
        table, "DataProperties", ["ID", "ParentID", "Key", "Title", "Type", "Decimals"]
    )
    book, topics = _topics(codebook[codebook["table"] == number], properties, table, log)
    regions = statline.part(table, "RegioS", ["Key", "Title"])
    area = _areas(regions, table, log)
    path = statline.located(table, "TypedDataSet")
    data = statline.part(table, "TypedDataSet", ["RegioS", "Perioden", *topics.values()])
    wide = pd.DataFrame({"area": data["RegioS"].map(area), "period": statline.period(data, path)})
    log.add(
        table, "rijen van een regio die niet in RegioS staat", (~data["RegioS"].isin(regions["Key"])).sum()
    )
    wide["status"] = statline.status(data, table, path)
    known = wide["area"].notna()
    kept = cells.once(wide[known], ["area", "period"], path, log, data.loc[known, [*topics.values()]])
    found = {title: cells.numbers(data, key, path).reindex(kept.index) for title, key in topics.items()}
    _check(found, book, topics, data.loc[kept.index], path)
    kept = kept.assign(**{r.indicator: found[r.column] for r in book.itertuples()})
    weights = {r.indicator: found[r.n_column] for r in book.itertuples() if r.n_column in found}
    treated = regions["Title"].str.extract(r"^(?P<pc4>[1-9][0-9]{3}) (?P<wijk>.+, .+)$").dropna()
    treated["wijk"] = treated["wijk"].map(_region())
    found_rows = observations.tidy(kept, weights, book, f"StatLine {number}", log)
    return found_rows, treated[["wijk", "pc4"]].reset_index(drop=True)


def _check(
    found: dict[str, pd.Series],
    book: pd.DataFrame,
    topics: dict[str, str],
    data: pd.DataFrame,
    path: Location,
) -> None:
    """Refuse values that an outcome, or the number it is a share of, cannot have."""
    ranges = observations.bounds(book)
    for row in book.itertuples():
        column = topics[row.column]
        cells.within(found[row.column], *ranges[row.indicator], data, column, path)
        if row.unit == "%":
            cells.not_a_fraction(found[row.column], int(row.decimals), data, column, path)
        if row.n_column in found:
            most = observations.MOST_PEOPLE
            cells.within(found[row.n_column], 0, most, data, topics[row.n_column], path)


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
    path = statline.located(folder, "RegioS")
    regions = cells.once(regions, ["Key"], path, log)
    area = regions["Title"].map(_region())
    if (twice := area.notna() & area.duplicated()).any():
        code = area[twice].iloc[0]
        titles = " en ".join(repr(t) for t in regions.loc[area == code, "Title"])
        raise SourceError(
            f"{files.named(path)}, {cells.where(twice, path)}: {titles} wijzen allebei op {code}; laat er een staan."
        )
    log.add(folder, "regio's die geen enkel rapport gebruikt", area.isna().sum())
    # a misspelt wijk would be lost among them
    cities = set(facts.read_wijken()["gemeente"])
    own = area.isna() & regions["Title"].str.partition(", ")[0].map(facts.gemeente).isin(cities)
    example = f", zoals {regions.loc[own, 'Title'].iloc[0]!r}" if own.any() else ""
    what = f"daarvan in een van de 18 steden{example}; is het een van de 40 wijken, verbeter dan de naam"
    log.add(folder, what, own.sum())
    return area.set_axis(regions["Key"])


def _region() -> Callable[[str], str | None]:
    """Return a function from a region title of 71718ned to an area code, or None."""
    wijken = facts.read_wijken()
    by_name = {facts.plain(f"{w.gemeente}, {w.wijk}"): w.area for w in wijken.itertuples()}
    by_name |= {facts.plain(f"{w.gemeente}, {w.official_name}"): w.area for w in wijken.itertuples()}
    fixed = {
        "Totaal Nederland": "Nederland",
        "Totaal aandachtswijken": "Aandachtswijken",
        "Totaal niet-aandachtswijken": "Niet-aandachtswijken",
    }

    def area(title: str) -> str | None:
        title = re.sub(r"\s+", " ", str(title)).strip()
        if title in fixed:
            return fixed[title]
        if coding.PC4.fullmatch(title.split(" ")[0]):
            return title[:4]
        if title.startswith("Totaal "):
            return facts.gemeente(title.removeprefix("Totaal "))
        city, _, rest = title.partition(", ")
        if rest == "totaal niet-aandachtswijken":
            return f"{facts.gemeente(city)}, niet-aandachtswijken"
        return by_name.get(facts.plain(f"{facts.gemeente(city)}, {rest}"))

    return area
