"""Findings on published series, kept: what this project computed itself, where the series cannot be shipped."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from helpers import effect, measures
from helpers.report import Report
from wijkenaanpak import SEED, SourceError, programme
from wijkenaanpak.content import text_digest, write_whole
from wijkenaanpak.sources.areas import is_candidate
from wijkenaanpak.sources.facts import FINDINGS, read_findings
from wijkenaanpak.store import panel, place

MEASURES = ("level", "gap", "gap_change", "effect", "effect_less")


def compute(data: str, seed: int = SEED, vragen: Sequence[str] = ()) -> pd.DataFrame:
    """Compute level, gap by year, and effect of every question and area that a data folder has series of.

    Parameters
    ----------
    data : str
        A folder with published series.
    seed : int
        Of what is drawn.
    vragen : sequence of str
        Only these questions.

    Returns
    -------
    DataFrame
        Columns of ``facts.read_findings`` without `date`; numbers with six digits.

    Raises
    ------
    SourceError
        For practice data: what was invented is no finding.
    """
    if data == "oefendata":
        raise SourceError(
            "Bevindingen gaan over gepubliceerde reeksen; geef een map met --data, of haal ze op met make data."
        )
    of = place.programme_of(data)
    if not of.main:
        raise SourceError(
            f"Bevindingen gaan over {programme.main().aanpak}; deze gegevens gaan over {of.aanpak}."
        )
    store = panel.build(data, seed)
    meta = json.loads((store / "meta.json").read_text(encoding="utf-8"))
    if meta["simulated"]:
        raise SourceError(f"De map {Path(data).name} bevat oefendata; wat verzonnen is, is geen bevinding.")
    parts = [
        found
        for vraag in place.answered(store)
        if not vragen or vraag in vragen
        for gebied in of.areas
        if len(found := _of(Report(*of.span(vraag), "rest_stad", seed, panel.read(store, vraag, gebied))))
    ]
    if not parts:
        raise SourceError(
            f"De map {Path(data).name} heeft van deze vragen geen reeks over een wijk van het programma."
        )
    rows = pd.concat(parts, ignore_index=True).drop(columns=["status", "report"])
    for name in ("estimate", "lower", "upper"):
        rows[name] = [float(f"{value:.6g}") for value in rows[name]]
    name = Path(data).name
    return rows.assign(
        data=name,
        content=text_digest(meta["files"])[:12],
        command=" ".join(["python -m wijkenaanpak findings --data", name, *(f"--vraag {v}" for v in vragen)]),
    )


def _of(r: Report) -> pd.DataFrame:
    """Return what a report states on level, gap and effect; empty without a series of established areas."""
    listed = r.panel.treated
    established = set(listed.loc[~is_candidate(listed["zekerheid"]), "wijk"])
    if r.window is None or ("/" in r.gebied and r.gebied not in established):
        return pd.DataFrame()
    levels, gaps = measures.levels(r), measures.gaps(r)
    r.state("level", levels[levels["role"] == "wijk"])
    r.state("gap", gaps[gaps["reference"] == r.referentie])
    r.state("gap_change", measures.changes(r).loc[[r.referentie]])
    lists = measures.list_gaps(r)
    if len(lists):
        r.state("gap_change", lists[lists["method"] != "lijst: vastgesteld"])
    if "/" not in r.gebied or effect.estimated(r):
        effect.state(r)
    rows = r.stated.frame()
    elsewhere = (rows["method"] == effect.NATIONAL) & (not r.national)
    labels = r.panel.indicators.set_index("indicator")["label"]
    kept = rows[rows["measure"].isin(MEASURES) & ~elsewhere].dropna(subset="estimate")
    return kept.assign(label=kept["indicator"].map(labels))


def keep(rows: pd.DataFrame, path: Path = FINDINGS, today: str = "") -> bool:
    """Write findings into the table, in the place of earlier ones on a folder of that name.

    Parameters
    ----------
    rows : DataFrame
        See :func:`compute`.
    path : Path
    today : str
        Date of the computation; by default that of today.

    Returns
    -------
    bool
        Whether anything changed: findings that are the same keep their date.
    """
    fresh = rows.assign(date=today or date.today().isoformat())
    fresh = pd.read_csv(io.StringIO(fresh.to_csv(index=False)), dtype={"period": str})
    known = read_findings(path) if path.exists() else fresh.head(0)
    before = known[known["data"].isin(set(fresh["data"]))].reset_index(drop=True)
    plain = fresh.drop(columns="date")
    if len(before) == len(fresh) and before[plain.columns].equals(plain):
        return False
    every = pd.concat([known[~known["data"].isin(set(fresh["data"]))], fresh], ignore_index=True)
    write_whole(path, every.sort_values(["data", "question"], kind="stable").to_csv(index=False))
    return True
