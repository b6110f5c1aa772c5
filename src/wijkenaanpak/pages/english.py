"""A summary in English, written from the numbers that the national reports state."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from wijkenaanpak.dutch import in_unit
from wijkenaanpak.pages.html import Html, paragraphs
from wijkenaanpak.programme import Programme
from wijkenaanpak.questions import OVERVIEW
from wijkenaanpak.results import PRACTICE

OUTCOMES = {
    "nww": "registered job seekers without work",
    "verkoopprijs": "average sale price of dwellings",
    "woz": "assessed value of dwellings",
    "vsv": "early school leaving",
    "lbm_onv": "safety (dimension of the Leefbaarometer)",
    "lbm": "liveability (Leefbaarometer score)",
    "lbm_won": "housing (dimension of the Leefbaarometer)",
}
UNITS = {
    "procentpunt": "percentage points",
    "procent": "percent",
    "punt": "points",
    "punten": "points",
    "%": "%",
}
MOVED = {"kleiner": "became smaller", "groter": "became larger"}
AGAINST = {
    "nederland": "all other areas in the country",
    "g18": "other areas in the same cities",
    "rest_stad": "other areas inside each city",
    "later": "neighbourhoods chosen later",
    "net_niet": "areas that were as weak before",
    "synthetisch": "a weighted group of other areas",
    "gecorrigeerd": "areas equally deprived before",
}
CLEAR = {-1.0: "a favourable effect of the programme", 1.0: "an unfavourable effect of the programme"}


def number(value: float, unit: str, sign: bool = False) -> str:
    """Write a number the English way, with the digits of its unit."""
    return in_unit(value, unit, sign).translate(str.maketrans(".,", ",."))


def margin(row: pd.Series, sign: bool = False) -> str:
    """Write an estimate with its unit and its 95% margin."""
    lower, upper = (number(row[k], row["unit"], sign) for k in ("lower", "upper"))
    unit = UNITS.get(row["unit"], row["unit"])
    shown = f"{number(row['estimate'], row['unit'], sign)}{'' if unit == '%' else ' '}{unit}"
    return (
        f"{shown} (95% margin {lower} to {upper})"
        if np.isfinite([row["lower"], row["upper"]]).all()
        else shown
    )


def summary(rows: pd.DataFrame, practice: bool, of: Programme, labels: Mapping[str, str]) -> Html:
    """Summarise in a paragraph what was found for the country on each question.

    Parameters
    ----------
    rows : DataFrame
        In the columns of results.csv; those of Nederland count.
    practice : bool
        Say first that the series are invented.
    of : Programme
    labels : mapping of str to str
        Dutch name of every outcome, for those without an English one.

    Returns
    -------
    Html
        Empty when no question has a national gap over time.
    """
    here = rows[rows["gebied"] == "Nederland"]
    told = [
        _question(part, labels)
        for question, part in here.groupby("question", sort=False)
        if question != OVERVIEW
    ]
    told = [text for text in told if text]
    if not told:
        return Html("")
    start = (
        f"{of.english} “Gap” is the distance to the rest of the own city; whether it closed, and whether the programme "
        "did that, are two questions."
    ).strip()
    if practice:
        start = f"{PRACTICE}: the series on this page are simulated and say nothing about real neighbourhoods. {start}"
    return paragraphs([start, *told])


def _question(rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Tell of one question how the gap moved and whether that was the programme."""
    target = rows[rows["measure"] == "target_verdict"]
    changes = rows[
        rows["indicator"].isin(target["indicator"])
        & (rows["measure"] == "gap_change") & (rows["reference"] == "rest_stad") & (rows["method"] == "beschrijvend")
    ]  # fmt: skip
    if not len(target) or not len(changes):
        return ""
    change, indicator = changes.iloc[0], changes["indicator"].iloc[0]
    first, _, last = change["period"].partition("-")
    gaps = rows[
        (rows["indicator"] == indicator) & (rows["measure"] == "gap") & (rows["reference"] == "rest_stad")
    ].set_index("period")
    ends = ""
    if {first, last} <= set(gaps.index):
        ends = f", from {margin(gaps.loc[first])} to {margin(gaps.loc[last])}"
    name = OUTCOMES.get(indicator) or labels.get(indicator, indicator)
    sign = float(target["estimate"].iloc[0])
    moved = MOVED.get({-1.0: "kleiner", 1.0: "groter"}.get(sign, ""))
    told = f"{name[:1].upper()}{name[1:]}: between {first} and {last} the gap "
    told += (
        f"{moved}{ends}." if moved else f"cannot be said to have moved: a change of {margin(change, True)}."
    )
    return f"{told} {_effect(rows, indicator)}"


def _effect(rows: pd.DataFrame, indicator: str) -> str:
    verdicts = rows[rows["measure"] == "effect_verdict"]["estimate"]
    main = rows[rows["measure"] == "effect_p"]["reference"]
    found = rows[
        (rows["measure"] == "effect")
        & (rows["method"] == "landelijk")
        & rows["reference"].isin(main)
        & (rows["indicator"] == indicator)
    ]
    if not len(found) or not len(verdicts):
        return "Whether the programme did it cannot be estimated."
    estimate = f"{margin(found.iloc[0], True)} compared with {AGAINST.get(found['reference'].iloc[0], 'other areas')}"
    clear = CLEAR.get(float(verdicts.iloc[0]))
    return (
        f"This points to {clear}: {estimate}."
        if clear
        else f"No effect of the programme is established: {estimate}."
    )
