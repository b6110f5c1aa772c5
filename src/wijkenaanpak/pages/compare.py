"""Compare two runs: which numbers changed, by how much, and which verdicts flipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.dutch import VERDICTS, in_unit, verdict, with_interval
from wijkenaanpak.results import RESULT_COLUMNS
from wijkenaanpak.results import RESULT_KEY as KEY

NUMBERS = ["estimate", "lower", "upper"]
SAME = 1e-9  # relative: what two machines may differ in the last digits of a float


def read(path: Path) -> pd.DataFrame:
    """Read a results.csv.

    Parameters
    ----------
    path : Path
        The file, or a reports folder that holds one.

    Returns
    -------
    DataFrame
        Indexed by ``KEY`` (text; missing is empty).

    Raises
    ------
    SourceError
        When the file is not there, is not a results.csv, or names a number twice.
    """
    path = path / "results.csv" if path.is_dir() else path
    if not path.is_file():
        raise SourceError(f"{path} bestaat niet; geef een results.csv of een map met rapporten.")
    head = pd.read_csv(path, nrows=0).columns
    missing = [
        c for c in RESULT_COLUMNS if c not in head and c != "data"
    ]  # a mark that older runs do not have
    if missing:
        raise SourceError(f"{path}: kolom {missing[0]!r} ontbreekt; geef een results.csv van dit project.")
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(KEY, str))
        table[[*NUMBERS, "n"]] = table[[*NUMBERS, "n"]].astype(float)
    except ValueError as error:
        raise SourceError(f"{path}: een getal is onleesbaar ({error}); maak het bestand opnieuw.") from None
    table[KEY] = table[KEY].fillna("")
    doubled = table[table.duplicated(KEY)]
    if len(doubled):
        which = ", ".join(filter(None, doubled[KEY].iloc[0]))
        raise SourceError(f"{path}, regel {doubled.index[0] + 2}: {which} staat er twee keer in.")
    return table.set_index(KEY)


def differences(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """List every number that changed, came or went; the largest change first.

    Parameters
    ----------
    old, new : DataFrame
        See :func:`read`.

    Returns
    -------
    DataFrame
        Columns ``KEY``, `old`, `new` (as a reader sees them), `shown` (the difference as a reader sees
        it), `size` (float64: the change of the estimate, in half-widths of the old interval where there
        is one, otherwise relative to the old value), `kind` ("veranderd", "alleen de marge", "nieuw",
        "vervallen" or "oordeel omgeslagen").
    """
    both = old.add_suffix("_old").join(new.add_suffix("_new"), how="outer", validate="1:1")
    kinds = _kinds(both)
    both = both[kinds != ""].assign(kind=kinds[kinds != ""])
    step = both["estimate_new"] - both["estimate_old"]
    width = (both["upper_old"] - both["lower_old"]) / 2
    scale = width.where(width > 0, both["estimate_old"].abs())
    size = (step.abs() / scale.where(scale > 0)).fillna(np.inf)
    unit = both["unit_new"].fillna(both["unit_old"])
    result = pd.DataFrame(
        {
            "old": _shown(both, "old", unit),
            "new": _shown(both, "new", unit),
            "shown": [in_unit(s, u, True) if np.isfinite(s) else "" for s, u in zip(step, unit, strict=True)],
            "size": size.where(both["kind"].isin(["veranderd", "oordeel omgeslagen"]), 0.0),
            "kind": both["kind"],
        },
        index=both.index,
    )
    return result.sort_values("size", ascending=False, kind="stable").reset_index()


def _kinds(both: pd.DataFrame) -> pd.Series:
    known = {side: both[f"unit_{side}"].notna() for side in ("old", "new")}
    moved = {c: ~np.isclose(both[f"{c}_old"], both[f"{c}_new"], SAME, 0, equal_nan=True) for c in NUMBERS}
    other = both["unit_old"] != both["unit_new"]
    judged = both.index.get_level_values("measure").isin(VERDICTS)
    cases = {
        "nieuw": ~known["old"],
        "vervallen": ~known["new"],
        "oordeel omgeslagen": moved["estimate"] & judged,
        "veranderd": moved["estimate"] | other,
        "alleen de marge": moved["lower"] | moved["upper"],
    }
    return pd.Series(np.select(list(cases.values()), list(cases), default=""), both.index)


def _shown(both: pd.DataFrame, side: str, unit: pd.Series) -> list[str]:
    measure = both.index.get_level_values("measure")
    rows = zip(measure, *(both[f"{c}_{side}"] for c in NUMBERS), unit, both[f"unit_{side}"], strict=True)
    return [
        ""
        if pd.isna(present)
        else verdict(m, e)
        if m in VERDICTS
        else with_interval(e, low, high, u).removesuffix(" (marge onbekend)")
        for m, e, low, high, u, present in rows
    ]


def counts(old: pd.DataFrame, new: pd.DataFrame, found: pd.DataFrame) -> dict[str, int]:
    """Count the numbers of both runs, what is equal, and each kind of difference."""
    kinds = found["kind"].value_counts()
    shared = len(old.index.intersection(new.index))
    changed = int(kinds.drop(["nieuw", "vervallen"], errors="ignore").sum())
    return {
        "getallen in de oude run": len(old),
        "getallen in de nieuwe run": len(new),
        "gelijk": shared - changed,
        **{str(kind): int(n) for kind, n in kinds.items()},
    }
