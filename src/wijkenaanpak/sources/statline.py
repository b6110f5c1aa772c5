"""A StatLine table, in any layout it can be saved in, laid out as OData version 3 does."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import cells, facts, files, tables
from wijkenaanpak.sources.files import Location

CRIME = "47018NED"
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
    names.append(f"{V4.get(name)}.csv")
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
    if path.suffix == ".csv" and path.stem not in V4.values():
        return tables.read_table(path, required)
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
    return text.replace(tables.MISSING, None).astype("str")


def _records(path: Location) -> pd.DataFrame:
    if path.suffix == ".csv":
        return tables.read_table(path, [])
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
    group = next(
        (g for g in (folder / "MeasureGroups.json", folder / "MeasureGroups.csv") if g.is_file()), None
    )
    groups = _records(group) if group is not None else pd.DataFrame(columns=["Id", "Title", "ParentId"])
    above = pd.DataFrame(
        {"ID": "groep " + groups["Id"].astype(str), "ParentID": groups["ParentId"], "Title": groups["Title"]}
    ).assign(Key="", Type="TopicGroup", Decimals="")
    topics = named.assign(ID=named["Key"], ParentID=named.get("MeasureGroupId"), Type="Topic")
    both = pd.concat([above, topics], ignore_index=True)
    both["ParentID"] = ("groep " + both["ParentID"].astype(str)).where(both["ParentID"].notna())
    return both


def _exported(path: Location, name: str) -> pd.DataFrame:
    """Lay the CSV file that StatLine exports out as one part of a table: topics as "Werken/... (%)", titles as keys."""
    frame = tables.read_table(path, ["Perioden"])
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
    book = facts.read_codebook()
    known = {
        re.sub(r"\s*\([^()]*\)$", "", path).replace(" > ", "/"): path
        for path in (*book["column"], *book["n_column"])
    }
    titles = [known.get(b, t) for b, t in zip(bare, topics, strict=True)]
    return pd.DataFrame(
        {"ID": topics, "ParentID": "", "Key": topics, "Title": titles, "Type": "Topic", "Decimals": ""}
    )


def period(data: pd.DataFrame, path: Location) -> pd.Series:
    """Turn StatLine's periods into years; quarters and months are refused."""
    text = data["Perioden"].fillna("").astype(str).str.replace(r"^(\d{4})\*{0,2}$", r"\1JJ00", regex=True)
    wrong = ~text.str.fullmatch(r"\d{4}JJ00")
    cells.refuse(wrong, data, "Perioden", path, "is geen jaar als 2007JJ00; haal alleen de jaarcijfers op")
    return text.str[:4].astype(int)


def status(data: pd.DataFrame, table: Location, path: Location) -> np.ndarray:
    """Tell of each row whether its period is provisional."""
    periods = part(table, "Perioden", ["Key", "Status"]).drop_duplicates("Key").set_index("Key")
    unlisted = ~data["Perioden"].isin(periods.index)
    cells.refuse(unlisted, data, "Perioden", path, "staat niet in Perioden; haal de tabel in zijn geheel op")
    provisional = data["Perioden"].map(periods["Status"]).astype(str).str.casefold().str.contains("voorlopig")
    return np.where(provisional, "provisional", "published")


def region_part(table: Location) -> str:
    """Name the part with the regions of a table of wijken and buurten: that of 2013 calls them RegioS."""
    for name in ("WijkenEnBuurten", "RegioS"):
        if any((table / f"{n}{kind}").is_file() for n in (name, V4[name]) for kind in (".json", ".csv")):
            return name
    return "WijkenEnBuurten"


def titles(table: Location) -> pd.Series:
    """Names of the wijken and buurten of a StatLine table, by their key."""
    listed = part(table, region_part(table), ["Key", "Title"])
    return listed.drop_duplicates("Key").set_index("Key")["Title"]


def measures(table: Location) -> pd.DataFrame:
    """Title and unit of each topic of a table, by its key; empty when its description was not saved."""
    known = ("DataProperties", V4["DataProperties"])
    if not any((table / f"{name}{kind}").is_file() for name in known for kind in (".json", ".csv")):
        return pd.DataFrame(columns=["Title", "Unit"], index=pd.Index([], dtype=str))
    listed = part(table, "DataProperties", ["Key"])
    topics = listed[listed["Key"].notna() & listed["Key"].ne("")].drop_duplicates("Key").set_index("Key")
    return topics.reindex(columns=["Title", "Unit"])


def is_table(folder: Location) -> bool:
    """Whether a folder holds a saved StatLine table."""
    names = ("TypedDataSet.json", "data.csv", "Observations.json", "Observations.csv")
    return folder.is_dir() and any((folder / name).is_file() for name in names)
