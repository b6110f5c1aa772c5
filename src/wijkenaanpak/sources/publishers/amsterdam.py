"""Amsterdam's own series by buurtcombinatie: bijstand of 2005-2017 and tenure of 2005-2017, in the plain format."""

from __future__ import annotations

import pandas as pd

from wijkenaanpak.sources import cells, tables
from wijkenaanpak.sources.files import Location, Log

CITY = "Amsterdam"
PUBLISHER = f"Gemeente {CITY}"
NAMES = ("*amsterdam_bijstand*tidy*.csv", "*amsterdam_eigendom*tidy*.csv")
LIST = "amsterdam_bc_lijst*.csv"
BENEFIT = "2012: bijstand voor levensonderhoud in plaats van tot 65 jaar"
OUTCOMES = (
    ("adam_bijstand", "werk", "Personen met bijstand (Amsterdam)", "personen", -1, "log", BENEFIT),
    (
        "adam_bijstand_alle",
        "werk",
        "Personen met bijstand, ook van 65 jaar en ouder (Amsterdam)",
        "personen",
        -1,
        "log",
        "",
    ),
    ("adam_sociale_huur", "wonen", "Sociale huurwoningen (Amsterdam)", "%", 0, "lineair", ""),
    ("adam_koop", "wonen", "Koopwoningen van bewoners (Amsterdam)", "%", 1, "lineair", ""),
)
# Recipients may be registered at an office, and not where they live; E41 had one, and was one with E40 before.
OFFICES = ("A02", "K48", "E18", "E40", "E41")
TOGETHER = {"F87": "F85"}  # the border between these two moved
# The first runs on after the start of the wijkenaanpak; the second has two years before it.
BENEFITS: dict[str, dict[str, tuple[int, ...]]] = {
    "adam_bijstand": {"bijstand_tot65": (2005, 2009), "bijstand_levensonderhoud": (2012, 2013, 2017)},
    "adam_bijstand_alle": {"bijstand_totaal": (2004, 2005, 2008, 2009)},
}
FEWEST = 100  # recipients in the first year: of fewer the logarithm is a matter of some persons
TENURE = {"sociale_verhuur": "adam_sociale_huur", "eigenaar_bewoner": "adam_koop"}


def read_series(path: Location, log: Log) -> pd.DataFrame:
    """Read one file of the city as a long table of buurtcombinaties on the codes of 2010."""
    frame = tables.read_table(path, ["bc", "bc2010", "indicator", "jaar", "waarde"], log)
    frame = frame.assign(
        jaar=cells.years(frame, "jaar", path),
        waarde=cells.numbers(frame, "waarde", path),
        gebied=frame["bc2010"],
    )
    log.add(path, "rijen zonder buurtcombinatie van 2010, weggelaten", frame["gebied"].isna().sum())
    frame = frame.dropna(subset=["gebied", "waarde"])
    return (_tenure if "eigendom" in path.name.lower() else _benefits)(frame, path, log).astype(str)


def _benefits(frame: pd.DataFrame, path: Location, log: Log) -> pd.DataFrame:
    """Add up the recipients of each buurtcombinatie, of the definition that a year has."""
    parts = []
    for name, definitions in BENEFITS.items():
        own = [frame[(frame["indicator"] == i) & frame["jaar"].isin(y)] for i, y in definitions.items()]
        parts.append(pd.concat(own).assign(indicator=name))
    rows = pd.concat(parts)
    office = rows["gebied"].isin(OFFICES)
    log.add(path, "rijen van buurten met inschrijvingen op een kantoor, weggelaten", office.sum())
    rows = rows[~office].assign(gebied=lambda f: f["gebied"].replace(TOGETHER))
    sums = rows.groupby(["indicator", "gebied", "jaar"])["waarde"].sum().reset_index()
    place = sums.groupby(["indicator", "gebied"])
    years = place["jaar"].transform("nunique")
    whole = years == years.groupby(sums["indicator"]).transform("max")
    log.add(path, "cijfers van buurten die niet in alle jaren bestaan, weggelaten", (~whole).sum())
    few = whole & (place["waarde"].transform("first") < FEWEST)
    log.add(
        path,
        f"cijfers van buurten met minder dan {FEWEST} personen in het eerste jaar, weggelaten",
        few.sum(),
    )
    return sums[whole & ~few][["gebied", "jaar", "indicator", "waarde"]]


def _tenure(frame: pd.DataFrame, path: Location, log: Log) -> pd.DataFrame:
    """Turn dwellings by tenure into shares, with the dwellings they are shares of."""
    sums = frame.groupby(["gebied", "jaar", "indicator"])["waarde"].sum().unstack("indicator")  # noqa: PD010
    sums = sums[sums["totaal"] > 0].fillna(0)
    parts = [
        (100 * sums[column] / sums["totaal"]).round(1).rename("waarde").reset_index().assign(
            indicator=indicator, n=sums["totaal"].to_numpy()
        )
        for column, indicator in TENURE.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)[["gebied", "jaar", "indicator", "waarde", "n"]]


def joined(series: list[tuple[Location, pd.DataFrame]], log: Log) -> list[tuple[Location, pd.DataFrame]]:
    """Return the series as they are: all are on the codes of 2010."""
    return series


def read_places(path: Location, series: list[pd.DataFrame], log: Log) -> pd.DataFrame:
    """List the buurtcombinaties, with the aandachtswijk of those on the list."""
    listed = tables.read_table(path, ["bc", "aandachtswijk"], log).set_index("bc")["aandachtswijk"]
    places = pd.concat([s["gebied"] for s in series]).drop_duplicates().reset_index(drop=True)
    return pd.DataFrame(
        {"gebied": places, "naam": places, "gemeente": CITY, "aandachtswijk": places.map(listed)}
    )
