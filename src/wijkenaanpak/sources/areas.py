"""Which areas there are: the list of aandachtswijken, the gemeente of each PC4, and everything a report can use."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from wijkenaanpak import SourceError, programme
from wijkenaanpak.programme import Programme
from wijkenaanpak.sources import cells, coding, facts, files, tables
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.observations import Regional

TREATED_COLUMNS = ["wijk", "pc4", "zekerheid", "bron"]
# The areas that are made of PC4, as StatLine 71718ned calls them: names in the store, whatever the programme.
CITIES, TREATED, UNTREATED = "G18", "Aandachtswijken", "Niet-aandachtswijken"
WITH_CANDIDATES = "Aandachtswijken en kandidaten"
WITH_LIKELY = "Aandachtswijken en waarschijnlijke kandidaten"
ONLY_CANDIDATES = "Kandidaten"
LIKELY = ("kandidaat S", "kandidaat A")  # by label in StatLine, or by the name of the wijk
GROUPS = (CITIES, TREATED, UNTREATED, WITH_CANDIDATES, WITH_LIKELY, ONLY_CANDIDATES)


def read_treated(
    folder: Path,
    regions: pd.DataFrame | None = None,
    log: Log | None = None,
    of: Programme | None = None,
) -> pd.DataFrame:
    """Read which PC4 are in which wijk of the programme.

    That of the programme, when it is one of one's own. Else the first that is present: a list of the same name in the
    folder, the region list of StatLine 71718ned, the project's own list of established PC4. The own list is supplemented with
    candidates (``*pc4_candidates*.csv``), for the wijken it has no PC4 of.

    Parameters
    ----------
    folder : Path
        Data folder.
    regions : DataFrame, optional
        wijk, pc4 from StatLine 71718ned.
    log : Log, optional
        Where the choice is written down.
    of : Programme, optional
        By default the project's own.

    Returns
    -------
    DataFrame
        ``TREATED_COLUMNS``, every PC4 once; `attrs["name"]` tells the reader which list it is.
    """
    log, of = log or Log(), of or programme.main()
    if not of.main:
        return _of_programme(of, log)
    given = files.find(folder, of.postcodes)
    if given is None and regions is not None and len(regions):
        if (unknown := regions["wijk"].isna()).any():
            raise SourceError(
                f"71718ned/RegioS: postcode {regions.loc[unknown, 'pc4'].iloc[0]} hoort bij een wijk die geen van de "
                f"{of.wijken} is; zet de juiste lijst als {of.postcodes} in de map."
            )
        log.add("71718ned", "postcodegebieden van de wijkenlijst, uit de regio-indeling", len(regions))
        regions = regions.assign(zekerheid="StatLine 71718ned", bron="regio-indeling van StatLine 71718ned")
        regions.attrs["name"] = "de regio-indeling van StatLine 71718ned"
        return regions
    path = given or of.path.parent / of.postcodes
    name = f"{path.name} in de gegevensmap" if given else of.source
    treated, wijken = _listed(path, TREATED_COLUMNS, of, log), facts.read_wijken(of)
    candidates = files.find(folder, "*pc4_candidates*.csv")
    if given is None and candidates is not None:
        extra = _candidates(candidates, treated, wijken, log)
        name += f", aangevuld met kandidaten uit {candidates.name}"
        treated = pd.concat([treated, extra], ignore_index=True)
    treated = treated.sort_values(["wijk", "pc4"]).reset_index(drop=True)
    treated.attrs["name"] = name
    return treated


def _listed(path: Location, columns: list[str], of: Programme, log: Log) -> pd.DataFrame:
    """Read a list of PC4 and the wijk of each, every PC4 once."""
    treated = tables.read_table(path, columns)
    if "gemeente" in treated:
        bare = ~treated["wijk"].fillna("").str.contains("/")
        treated["wijk"] = treated["wijk"].where(~bare, treated["gemeente"] + "/" + treated["wijk"])
    treated["pc4"] = coding.postcodes(treated, "pc4", path)
    treated = cells.once(treated, ["pc4"], path, log)
    wrong = ~treated["wijk"].isin(facts.read_wijken(of)["area"])
    cells.refuse(
        wrong,
        treated,
        "wijk",
        path,
        f"is geen van de {len(of.listed)} {of.wijken}; schrijf de naam als in {of.table}",
    )
    log.add(path, "postcodegebieden van de wijkenlijst", len(treated))
    return treated[columns]


def _of_programme(of: Programme, log: Log) -> pd.DataFrame:
    """Read the list of a programme of one's own; empty when its wijken are made of areas that are no PC4."""
    treated = pd.DataFrame(columns=TREATED_COLUMNS)
    if of.postcodes:
        found = _listed(of.path.parent / of.postcodes, ["wijk", "pc4"], of, log)
        treated = found.assign(zekerheid=of.source or of.postcodes, bron=of.source or of.postcodes)
        treated = treated.sort_values(["wijk", "pc4"]).reset_index(drop=True)
    treated.attrs["name"] = of.source or of.postcodes or of.table
    return treated


def read_elsewhere(of: Programme, log: Log) -> list[str]:
    """Read the PC4 of another programme, which say nothing of what happens without one."""
    if not of.elsewhere:
        return []
    path = of.path.parent / of.elsewhere
    codes = coding.postcodes(tables.read_table(path, ["pc4"]), "pc4", path)
    log.add(path, "postcodegebieden van een andere aanpak, geen vergelijking", len(codes))
    return sorted(set(codes))


def _candidates(path: Location, treated: pd.DataFrame, wijken: pd.DataFrame, log: Log) -> pd.DataFrame:
    """Read the candidates for the wijken that have no PC4 on the list."""
    extra = tables.read_table(path, ["wijk_officieel", "pc4", "tier", "basis"])
    extra["pc4"] = coding.postcodes(extra, "pc4", path)
    extra = cells.once(extra, ["pc4"], path, log)
    cells.refuse(extra["tier"].isna(), extra, "tier", path, "zegt niet hoe zeker het is; vul een letter in")
    named = extra["wijk_officieel"].isin(wijken["official_name"])
    log.add(path, "kandidaat-postcodegebieden met een onbekende wijknaam, weggelaten", (~named).sum())
    extra = extra.merge(wijken, left_on="wijk_officieel", right_on="official_name")
    extra = extra[~extra["area"].isin(treated["wijk"]) & ~extra["pc4"].isin(treated["pc4"])]
    extra = extra.assign(wijk=extra["area"], zekerheid="kandidaat " + extra["tier"], bron=extra["basis"])
    log.add(path, "kandidaat-postcodegebieden voor wijken zonder vastgestelde", len(extra))
    return extra[TREATED_COLUMNS]


def treated_of(city: str) -> str:
    """Name the wijken of a city together."""
    return f"{city}, {TREATED.lower()}"


def rest_of(city: str) -> str:
    """Name the rest of a city."""
    return f"{city}, {UNTREATED.lower()}"


def is_candidate(certainty: pd.Series) -> pd.Series:
    """Tell which entries of a column `zekerheid` are candidates; a missing one is none."""
    return certainty.fillna("").str.startswith("kandidaat")


def read_gemeenten(path: Location, log: Log | None = None) -> pd.DataFrame:
    """Read the gemeente of every PC4 (CBS): area, gemeente; those merged into a city are that city."""
    frame = tables.read_table(path, ["pc4", "gemeente"])
    areas = pd.DataFrame(
        {
            "area": coding.postcodes(frame, "pc4", path),
            "gemeente": frame["gemeente"].map(facts.gemeente, "ignore"),
        }
    )
    areas = cells.once(areas, ["area"], path, log)
    merged = facts.read_mergers()
    now = merged[merged["geheel"] == 1].set_index("gemeente")["opgegaan_in"]
    former = areas["gemeente"].isin(now.index)
    areas["gemeente"] = areas["gemeente"].where(~former, areas["gemeente"].map(now))
    known = areas.dropna()
    if log is not None:
        log.add(path, "postcodegebieden met hun gemeente", len(known))
        log.add(path, "daarvan van een gemeente die in een andere opging", former.sum())
        log.add(path, "postcodegebieden zonder gemeente, weggelaten", len(areas) - len(known))
    return known


def read_scores(path: Location, log: Log | None = None) -> pd.DataFrame:
    """Read the score by which the wijken were selected: area, score (higher is more deprived)."""
    frame = tables.read_table(path, ["pc4", "score_2006"])
    scores = pd.DataFrame(
        {"area": coding.postcodes(frame, "pc4", path), "score": cells.numbers(frame, "score_2006", path)}
    )
    scores = cells.once(scores, ["area"], path, log)
    if log is not None:
        log.add(path, "selectiescores van postcodegebieden", len(scores))
    return scores


def read_later(
    path: Location, treated: pd.DataFrame, log: Log | None = None, of: Programme | None = None
) -> pd.DataFrame:
    """Read which PC4 are in a wijk of a later round: area, year of award; none of them may be treated earlier."""
    of = of or programme.main()
    cohorts = of.cohorts
    frame = tables.read_table(path, ["tranche", "wijk", "pc4"])
    later = pd.DataFrame(
        {
            "area": coding.postcodes(frame, "pc4", path),
            "year": cells.whole(frame, "tranche", path, 1, len(cohorts)).map(lambda n: cohorts[n - 1]),
        }
    )
    later = cells.once(later, ["area"], path, log)
    both = later["area"].isin(treated["pc4"])
    cells.refuse(
        both, frame, "pc4", path, f"staat ook op de lijst van {of.wijken}; haal hem uit een van beide"
    )
    if log is not None:
        log.add(path, "postcodegebieden van een latere ronde", len(later))
    return later


def gemeenten_of(crosswalk: pd.DataFrame, regional: list[Regional], log: Log) -> pd.DataFrame | None:
    """Tell the gemeente of each PC4, without a table of them: the one with the largest part of it; area, gemeente."""
    rows = pd.concat([r.rows[["code", "gemeente", "period"]] for r in regional])
    rows = rows[rows["code"].str.match(r"(GM|WK|BU)")].dropna().sort_values("period")
    rows["code"] = "GM" + rows["code"].str[2:6]
    names = rows.drop_duplicates("code", keep="last").set_index("code")["gemeente"]
    if not len(names):
        return None
    own = crosswalk.assign(gemeente=("GM" + crosswalk["code"].str[2:6]).map(names)).dropna(subset="gemeente")
    parts = own.groupby(["pc4", "gemeente"])["share_pc4"].sum().reset_index().sort_values("share_pc4")
    found = parts.drop_duplicates("pc4", keep="last").rename(columns={"pc4": "area"}).sort_values("area")
    log.add("Kerncijfers", "postcodegebieden met hun gemeente, uit de omrekentabel", len(found))
    return found[["area", "gemeente"]].reset_index(drop=True)


def build_areas(
    gemeenten: pd.DataFrame | None,
    treated: pd.DataFrame,
    observed: pd.Series | None = None,
    where: str = "de tabel met gemeenten",
    log: Log | None = None,
    of: Programme | None = None,
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
    where : str
        Which file tells the gemeenten.
    log : Log, optional
        What that file lacks is counted.

    Returns
    -------
    DataFrame
        See ``Tables.areas``.

    Raises
    ------
    SourceError
        When a treated PC4 is not in the table of gemeenten, or in another gemeente than its wijk.
    """
    of = of or programme.main()
    wijken = facts.read_wijken(of)
    city = treated["wijk"].str.split("/", n=1).str[0]
    if gemeenten is None:
        gemeenten = pd.DataFrame({"area": treated["pc4"], "gemeente": city})
    gemeenten = _agreed(treated, gemeenten, where, log, of)
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
        (name, name.partition(", ")[2], "groep", c) for c in cities for name in (treated_of(c), rest_of(c))
    ]
    rest = pd.DataFrame(rows, columns=["area", "name", "level", "gemeente"])
    areas = pd.concat([pc4, named.drop(columns="official_name"), rest], ignore_index=True)
    return areas[["area", "name", "level", "gemeente", "aandachtswijk", "zekerheid"]]


def _agreed(
    treated: pd.DataFrame, gemeenten: pd.DataFrame, where: str, log: Log | None, of: Programme
) -> pd.DataFrame:
    """Refuse a list of wijken that contradicts the table of gemeenten; a table of one region lacks the other cities."""
    city = treated["wijk"].str.split("/", n=1).str[0]
    own = treated["pc4"].map(gemeenten.set_index("area")["gemeente"])
    elsewhere = own.isna() & ~city.isin(set(gemeenten["gemeente"]))
    given = treated.attrs.get("name", of.source)
    listed = (
        f"zet een eigen lijst als {of.postcodes} in de map"
        if of.main and given.startswith(of.source)
        else f"verbeter {given.split(' ')[0]}"
    )
    if (wrong := own.isna() & ~elsewhere).any():
        code, wijk, origin = treated.loc[wrong, ["pc4", "wijk", "zekerheid"]].iloc[0]
        raise SourceError(
            f"Postcode {code} van {wijk} ({origin}) komt niet voor in {where}; vul {where} aan, of {listed}."
        )
    if (wrong := own.notna() & (own != city)).any():
        code, wijk, origin = treated.loc[wrong, ["pc4", "wijk", "zekerheid"]].iloc[0]
        raise SourceError(
            f"Postcode {code} ({origin}) ligt volgens {where} in {own[wrong].iloc[0]!r} en volgens de lijst in {wijk}; "
            f"verbeter de naam van de gemeente in {where}, of {listed}."
        )
    if log is not None:
        what = f"postcodegebieden van de wijkenlijst in steden die {where} niet heeft; zonder vergelijking in de stad"
        log.add(where, what, elsewhere.sum())
    added = pd.DataFrame({"area": treated.loc[elsewhere, "pc4"], "gemeente": city[elsewhere]})
    return pd.concat([gemeenten, added], ignore_index=True) if elsewhere.any() else gemeenten
