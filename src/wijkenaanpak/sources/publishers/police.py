"""Registered crime by wijk and buurt (StatLine 47018NED, Politie)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import cells, coding, files, observations, statline
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.observations import Regional


def by_region(table: Location) -> bool:
    """Whether a table with crime has regions by name, as the practice panel, and no codes of CBS areas."""
    return not table.is_dir() or (table / "RegioS.json").is_file() or (table / "RegioS.csv").is_file()


def read(folder: Location, codebook: pd.DataFrame, people: pd.DataFrame, log: Log) -> Regional:
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
    row = codebook[codebook["table"] == statline.CRIME].iloc[0]
    path = statline.located(folder, "TypedDataSet")
    columns = ["SoortMisdrijf", "WijkenEnBuurten", "Perioden", "GeregistreerdeMisdrijven_1"]
    frame = statline.part(folder, "TypedDataSet", columns)
    frame = frame[frame["SoortMisdrijf"] == "0.0.0"]  # the total; adding the kinds up would count it twice
    if not len(frame):
        raise SourceError(
            f"{files.named(path)}: het totaal van de misdrijven (SoortMisdrijf 0.0.0) ontbreekt; haal de tabel in zijn geheel op."
        )
    wide = pd.DataFrame(
        {"code": coding.cbs_codes(frame, "WijkenEnBuurten", path), "period": statline.period(frame, path)}
    )
    wide["name"] = frame["WijkenEnBuurten"].map(statline.titles(folder))
    wide["gemeente"] = wide["name"].where(wide["code"].str.startswith("GM"))
    wide["status"] = statline.status(frame, folder, path)
    counts = cells.numbers(frame, columns[-1], path)
    n = _nearest(wide, people)
    log.add(
        folder,
        "misdrijven van gebieden zonder inwonertal van dat jaar, weggelaten",
        (n.isna() & counts.notna()).sum(),
    )
    rate = (1000 * counts / n.where(n > 0)).round(int(row["decimals"]))
    cells.within(rate, row["lowest"], row["highest"], frame, columns[-1], path)
    wide = cells.once(wide.assign(**{row["indicator"]: rate}), ["code", "period"], path, log)
    known = wide[wide[row["indicator"]].notna()]
    rows = observations.regional_rows(
        known, {row["indicator"]: n[known.index]}, codebook, f"StatLine {folder.name}", log
    )
    return Regional(rows, Regional.nowhere(), Regional.nobody())


def _nearest(wide: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    """Inhabitants of the same year, or else of the year before or after."""
    known = people.drop_duplicates(["code", "period"]).set_index(["code", "period"])["inwoners"]
    n = pd.Series(np.nan, wide.index)
    for shift in (0, -1, 1):
        at = pd.MultiIndex.from_arrays([wide["code"], wide["period"] + shift])
        n = n.fillna(pd.Series(known.reindex(at).to_numpy(), wide.index))
    return n
