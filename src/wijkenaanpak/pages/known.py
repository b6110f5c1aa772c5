"""What is really known, on a page of practice data: findings on published series, and which questions have such series."""

from __future__ import annotations

import numpy as np
import pandas as pd

from wijkenaanpak.dutch import in_unit, with_interval
from wijkenaanpak.pages.html import Html, fold, note, table
from wijkenaanpak.programme import main
from wijkenaanpak.questions import questions
from wijkenaanpak.sources import facts


def known_findings() -> Html:
    """Show the findings on published series as a table, of the country and of cities with series of their own; the rest folded."""
    found = facts.read_findings()
    rows = facts.laid_out(found)
    if not len(rows):
        return Html("")
    shared = set(facts.read_codebook()["indicator"])
    rows = rows.sort_values("gebied", key=lambda s: s != "Nederland", kind="stable")
    city = ~rows["gebied"].str.contains("/") & ~rows["indicator"].isin(shared)
    first, shown = (rows["gebied"] == "Nederland") | city, _laid_out(rows)
    told = note(
        f"Echt: berekend door dit project op gepubliceerde reeksen ({rows['date'].max()}). Die reeksen zelf staan hier niet bij; opdracht, datum en "
        "controlegetal van de bestanden staan in data/raw/bevindingen.csv."
    )
    caption = "Wat op gepubliceerde reeksen is gevonden: de achterstand op de rest van de eigen stad, en het effect (95%-marge)"
    others = fold(
        table(shown[~first], f"{caption}: steden en wijken"), f"Ook van {(~first).sum()} steden en wijken"
    )
    return fold(
        f"{table(shown[first], f'{caption} (echt)')}{others}{told}",
        f"{_headline(rows.iloc[0])} {_rests_on(rows, found)}",
    )


def _headline(row: pd.Series) -> str:
    """Say the first finding in one sentence."""
    first, last = row["period"].split("-")
    moved = f"{with_interval(row['change'], row['lower'], row['upper'], row['unit'], True)} {row['unit']}"
    unclear = not (row["effect_lower"] > 0 or row["effect_upper"] < 0)
    return (
        f"Echt, op gepubliceerde reeksen ({row['gebied']}, {row['question']}): de achterstand ging van {in_unit(row['first'], row['unit'])} in {first} "
        f"naar {in_unit(row['last'], row['unit'])} in {last}, een verschil van {moved}"
        + ("; een effect van de aanpak is niet aangetoond." if unclear else ".")
    )


def _rests_on(rows: pd.DataFrame, found: pd.DataFrame) -> str:
    """Say how many wijken the first finding is about, and what it is with the candidates of the list; empty for one city's."""
    head = rows.iloc[0]
    key = ["question", "indicator", "data"]
    same = rows[(rows[key] == head[key]).all(axis="columns")]
    wijken, all_wijken = same["gebied"].str.contains("/").sum(), sum("/" in gebied for gebied in main().areas)
    if head["gebied"] != "Nederland" or wijken == all_wijken:
        return ""
    told = f"Dat gaat over {wijken} van de {all_wijken} wijken."
    wider = found[(found["method"] == "lijst: met kandidaten") & (found["indicator"] == head["indicator"])]
    if not len(wider):
        return told
    row = wider.iloc[0]
    moved = with_interval(row["estimate"], row["lower"], row["upper"], row["unit"], True)
    return f"{told} Met de kandidaat-gebieden erbij: {moved}."


def _laid_out(rows: pd.DataFrame) -> pd.DataFrame:
    effects = [
        f"{with_interval(row.effect, row.effect_lower, row.effect_upper, row.effect_unit, True)} {row.effect_unit}"
        if np.isfinite(row.effect)
        else "niet te schatten"
        for row in rows.itertuples()
    ]
    return pd.DataFrame(
        {
            "gebied": rows["gebied"],
            "uitkomst": rows["question"].str.capitalize() + ": " + rows["label"],
            "jaren": rows["period"].str.replace("-", "–\u2060"),
            "eerst": [in_unit(v, u, False) for v, u in zip(rows["first"], rows["unit"], strict=True)],
            "laatst": [in_unit(v, u, False) for v, u in zip(rows["last"], rows["unit"], strict=True)],
            "verandering": [
                f"{with_interval(row.change, row.lower, row.upper, row.unit, True)} {row.unit}"
                for row in rows.itertuples()
            ],
            "effect": effects,
        }
    )


def series_there(results: pd.DataFrame) -> str:
    """Say which questions have published series in a run, and which remain practice.

    Parameters
    ----------
    results : DataFrame
        Rows of results.csv with question, measure, estimate and status.
    """
    if (results["status"] == "simulated").any():
        return "De reeksen zijn oefendata."
    measured = results[(results["measure"] == "gap_change") & results["estimate"].notna()]
    there = [v for v in questions() if v in set(measured["question"])]
    absent = [v for v in questions() if v in set(results["question"]) - set(there)]
    text = f"De reeksen komen uit de aangeleverde gegevensmap; echte reeksen zijn er voor: {', '.join(there) or 'geen enkele vraag'}."
    return (
        f"{text} Zonder echte reeks, en dus alleen als oefendata te zien: {', '.join(absent)}."
        if absent
        else text
    )
