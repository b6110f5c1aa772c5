"""What a data folder has of each outcome, and where to get the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from wijkenaanpak.programme import Programme, main
from wijkenaanpak.sources.download import publications
from wijkenaanpak.sources.facts import read_codebook
from wijkenaanpak.sources.folder import NothingThere, read_folder
from wijkenaanpak.sources.observations import COLUMNS

# What a folder may hold beside series, by `tabel`.
SUPPORT = {
    "grenzen": "grenzen van postcodegebieden",
    "omrekening": "omrekening van wijken naar postcodegebieden",
    "wijkenlijst": "eigen wijkenlijst",
}


def status(folder: Path, of: Programme | None = None) -> pd.DataFrame:
    """Tell of each indicator what a data folder has of it.

    Parameters
    ----------
    folder : Path
        A data folder; an empty one has nothing.
    of : Programme, optional
        By default the project's own.

    Returns
    -------
    DataFrame
        uitgever, indicator (empty for the map, the crosswalk and the list of wijken), label, aanwezig (bool), jaren (text),
        metingen (int: years), postcodegebieden (int), wijken (int: of the programme), halen (what to fetch, where, and how to
        name it; empty when present).
    """
    items = publications()
    where: dict[str, str] = {}
    for item in items:
        where.setdefault(item.tabel, f"{item.pagina}, als {item.naam}")
    try:
        tables = read_folder(folder, of)
        observations, areas, book = tables.observations, tables.areas, tables.indicators
        there = {
            "grenzen": tables.boundaries is not None,
            "omrekening": tables.crosswalk is not None,
            "wijkenlijst": not tables.list_name.startswith(main().source),
        }
    except NothingThere:
        observations = pd.DataFrame(columns=COLUMNS)
        areas = pd.DataFrame(columns=["area", "level", "aandachtswijk"])
        book, there = read_codebook(), {}
    known = observations.merge(areas[["area", "level", "aandachtswijk"]], on="area", how="left")
    rows = [_series(row, known, where) for row in book.itertuples()]
    for table, label in SUPPORT.items():
        item = next(i for i in items if i.tabel == table)
        present = there.get(table, False)
        rows.append(
            {
                **{"uitgever": item.uitgever, "indicator": "", "label": label, "aanwezig": present},
                **{"jaren": "", "metingen": 0, "postcodegebieden": 0, "wijken": 0},
                "halen": "" if present else where[table],
            }
        )
    return pd.DataFrame(rows)


def _series(row: Any, known: pd.DataFrame, where: dict[str, str]) -> dict[str, Any]:
    """Tell what there is of one indicator."""
    own = known[known["indicator"] == row.indicator]
    years = sorted(own["period"].unique())
    wijken = own.loc[own["level"].isin(["pc4", "aandachtswijk"]), "aandachtswijk"].nunique()
    return {
        **{"uitgever": row.publisher, "indicator": row.indicator, "label": row.label},
        **{"aanwezig": bool(len(own)), "jaren": f"{years[0]}-{years[-1]}" if years else ""},
        "metingen": len(years),
        "postcodegebieden": int(own.loc[own["level"] == "pc4", "area"].nunique()),
        "wijken": int(wijken),
        "halen": "" if len(own) else where.get(row.table, ""),
    }
