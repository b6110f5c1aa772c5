"""The estimates of an evaluation among those of programmes that never were, and the verdict that rests on that."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from wijkenaanpak.effects import draws, effects, placebo, yardstick
from wijkenaanpak.effects.effects import Design, Sample, Windows

DRAWS, SEED = 1000, 2007
FEWER = 400  # programmes for the other outcomes of a question: only the main design of each is judged
UNIT = (
    "estimate",
    "mean",
    "mean_lower",
    "mean_upper",
    "less",
    "lower",
    "upper",
)  # what is in the unit of the outcome
DIGITS = 6  # of a drawn estimate: a figure shows fewer


def among_programmes(
    s: Sample,
    w: Windows,
    found: dict[str, Design],
    main: str,
    touching: sparse.csr_matrix | None,
    count: int = DRAWS,
    workers: int = 1,
) -> dict[str, Any]:
    """Show the estimates of some designs among those of drawn programmes.

    Parameters
    ----------
    s : Sample
    w : Windows
    found : dict of str to Design
        Those to show; synthetic weights only when they carry the verdict.
    main : str
        The design that carries the verdict.
    touching : csr_matrix, shape (areas, areas), optional
        Who touches whom.
    count, workers : int
        Programmes; threads.

    Returns
    -------
    dict
        `draws`; `choices`, a list of the years on which was chosen with what was drawn (years, noise, preference, depth_city,
        depth_country and those of the real programme with `goal_`, overlap, alike, widening) and `designs`, the
        distributions (``yardstick.distribution``; in the unit of the outcome), `values` for the main design only; `carries`, whether the verdict can
        rest on them; `verdict`, that of the main design with the largest p-value over the choices, with `found`
        (p below 5% and zero outside the margin), or None. Empty lists where nothing could be drawn.
    """
    at = {name: s.level_in(w.after, effects.counted(s, design)) for name, design in found.items()}
    real = {name: effects.estimate(s, w, design) for name, design in found.items()}
    names = tuple(n for n in placebo.DESIGNS if n in found and (n != "synthetisch" or n == main))
    rows: list[dict[str, Any]] = []
    for choice, on in draws.choices(s).items():
        drawn = draws.draw(s, on, count, SEED, touching)
        if drawn is None:
            continue
        q = yardstick.alike(drawn)
        row: dict[str, Any] = {
            "choice": choice, "years": list(on), "noise": drawn.noise, "preference": drawn.preference,
            "overlap": drawn.overlap, "alike": q, "widening": yardstick.widening(q), "designs": [],
        }  # fmt: skip
        for kind, depth in (("depth", drawn.depth), ("goal", drawn.goal)):
            row |= {f"{kind}_{where}": value for where, value in depth.items()}
        for name, many in placebo.fits(drawn, w, names, workers).items():
            place = yardstick.distribution(many, real[name].estimate, real[name].se, q)
            if place is not None:
                place = {"design": name, "estimate": real[name].estimate, **place}
                row["designs"].append(_in_unit(s, place, at[name], name == main))
        rows.append(row)
    verdict = _verdict(rows, main)
    carries = verdict is not None and all(row["alike"] <= yardstick.TOO_ALIKE for row in rows)
    return {"draws": count, "choices": rows, "carries": carries, "verdict": verdict}


def _in_unit(s: Sample, place: dict[str, Any], at: float, values: bool) -> dict[str, Any]:
    """Bring a distribution to the unit of the outcome; a spread is that of a step up."""
    drawn = place.pop("values")
    place |= {name: float(s.in_unit(place[name], at)) for name in UNIT}
    place |= {name: abs(float(s.in_unit(place[name], at))) for name in ("sd", "margin")}
    if values:
        shown = np.asarray(s.in_unit(np.asarray(drawn), at))
        place["values"] = [float(f"{value:.{DIGITS}g}") for value in np.sort(shown)]
    return place


def _verdict(rows: list[dict[str, Any]], main: str) -> dict[str, Any] | None:
    """Take the choice by which the main design is the least remarkable."""
    found = [
        {"choice": row["choice"], "years": row["years"]} | {k: v for k, v in place.items() if k != "values"}
        for row in rows
        for place in row["designs"]
        if place["design"] == main
    ]
    if not found:
        return None
    least = max(found, key=lambda place: place["p"])
    return least | {"found": bool(least["p"] < 1 - yardstick.LEVEL and least["lower"] * least["upper"] > 0)}
