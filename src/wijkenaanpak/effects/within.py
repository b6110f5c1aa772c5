"""The effect inside one city, where a series has no other: its areas compared with each other.

The wijken of other cities are not there to say how far chance carries a city, so what is estimated holds for this city
alone: what struck all of it falls out, and what struck its aandachtswijken by chance does not. Chance is counted by
aandachtswijk, whose areas were chosen together and share what happens to them, and by the single area elsewhere; with few wijken by
the single area everywhere. The margin is the wider of that of clusters and that of a permutation. Shares are compared in points, as
published: a survey of some hundred people has areas with nobody, whose log-odds are a matter of the half case that is added.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from wijkenaanpak.effects import effects
from wijkenaanpak.effects.effects import Design, Sample, Windows
from wijkenaanpak.effects.inference import Array, Regression, detectable, quantile_t, two_sided

LEAST, LEAST_OTHERS = 2, 5  # areas, treated and others, below which there is nothing to compare
LEAST_WIJKEN = 5  # fewer clusters with treated areas say too little about chance
DRAWS = 1999
MAIN = (
    "gecorrigeerd",
    "net_niet",
    "rest_stad",
)  # as in the country, and the rest of the city where those cannot be


def units(s: Sample) -> tuple[str, Any]:
    """Return what chance strikes as a whole: "wijk" or "gebied", and the unit of every area."""
    few = len(np.unique(s.wijk[s.treated])) < LEAST_WIJKEN
    return ("gebied", s.area) if few else ("wijk", np.where(s.treated, s.wijk, s.area))


def designs(s: Sample, w: Windows) -> dict[str, Design]:
    """Make the comparisons that one city allows; see ``effects.designs``."""
    whole = np.where(s.treated, 1 / s.treated.sum(), 0.0) + s.donor / s.donor.sum()
    found = {"rest_stad": Design("rest_stad", whole)}
    matched = effects.match(s, w)
    if matched is not None:
        luck = s.y[:, np.isin(s.periods, w.before)].mean(axis=1) - effects.true_level(s, w)
        found["net_niet"] = Design("net_niet", matched, offset=luck)
    level = effects.adjusted(s, w, s.donor) if w.long or w.leads else None
    if level is not None:
        found["gecorrigeerd"] = level
    return found


def estimate(s: Sample, w: Windows, design: Design, after: tuple[int, ...] = ()) -> Regression:
    """Estimate as ``effects.estimate``, with the units of the city for clusters."""
    fit = effects.estimate(s, w, design, after)
    return Regression(fit.y, fit.x, fit.w, units(s)[1][design.weight > 0])


def permuted(fit: Regression, draws: int = DRAWS, seed: int = 2007) -> tuple[float, float]:
    """Permute which areas were chosen, at equal covariates.

    Freedman & Lane (1983): the residuals of the regression without the treatment are dealt out again.

    Parameters
    ----------
    fit : Regression
        Of the areas of one city, the treatment first.
    draws, seed : int

    Returns
    -------
    (float, float)
        Share of the draws, the data included, with an effect as large as that found when there is none; and the distance
        within which 95% of effects fall that are dealt out around the one found.
    """
    rng = np.random.default_rng(seed)
    rest, full = fit.x[:, 1:], fit.y - fit.x @ fit.beta
    root = np.sqrt(fit.w)
    without, *_ = np.linalg.lstsq(rest * root[:, None], fit.y * root, rcond=None)
    none = fit.y - rest @ without
    order = rng.permuted(np.tile(np.arange(len(none)), (draws, 1)), axis=1)
    null, around = (np.abs(values[order] @ fit.share) for values in (none, full))
    p = (1 + (null >= abs(fit.estimate) * (1 - 1e-12)).sum()) / (1 + draws)
    return float(p), float(np.quantile(around, 0.95, method="higher"))


def in_points(s: Sample) -> Sample:
    """Bring shares and rates to the scale on which they are published."""
    return replace(s, y=s.level, scale="lineair") if s.scale in ("logit", "rate") else s


def compare(s: Sample, w: Windows) -> dict[str, Any]:
    """Estimate the effect in one city against every group that it has.

    Parameters
    ----------
    s : Sample
        All areas in one city.
    w : Windows

    Returns
    -------
    dict
        unit_of, units (their number with treated areas), before, after, leads (years); main (name of the design that carries the verdict);
        treated, untreated (means per year as published, an area counts once); designs and years, lists of records with design,
        estimate, lower, upper, p, chance (permutation), detectable, treated, controls: in the unit of the outcome, a plus
        being a higher outcome.
    """
    s = in_points(s)
    found = effects.measurable(s, w, designs(s, w), estimate)
    main = next(name for name in MAIN if name in found)
    kind, unit = units(s)
    years = [p for p in s.periods.tolist() if p not in w.before]
    means = {
        name: dict(zip(map(str, s.periods.tolist()), s.level[rows].mean(axis=0).tolist(), strict=True))
        for name, rows in (("treated", s.treated), ("untreated", s.donor))
    }
    return {
        "unit_of": kind, "units": len(np.unique(unit[s.treated])), "before": list(w.before), "after": list(w.after),
        "leads": list(w.leads), "main": main, **means,
        "designs": [_numbers(s, w, design, w.after) for design in found.values()],
        "years": [{"period": p, **_numbers(s, w, found[main], (p,))} for p in years],
    }  # fmt: skip


def _numbers(s: Sample, w: Windows, design: Design, after: tuple[int, ...]) -> dict[str, Any]:
    fit = estimate(s, w, design, after)
    chance, around = permuted(fit)
    half = max(quantile_t(0.975, fit.df) * fit.se, around)
    at = s.level_in(after, effects.counted(s, design))
    least = np.sign(fit.estimate or 1) * detectable(max(fit.se, around / quantile_t(0.975, 1e6)), fit.df)
    numbers = (fit.estimate, fit.estimate - half, fit.estimate + half)
    shown: Array = np.array([float(s.in_unit(v, at)) for v in numbers])
    use = design.weight > 0
    return {
        "design": design.name, **dict(zip(("estimate", "lower", "upper"), shown.tolist(), strict=True)),
        "p": two_sided(fit.estimate / fit.se, fit.df), "chance": chance, "detectable": abs(float(s.in_unit(least, at))),
        "treated": int((s.treated & use).sum()), "controls": int((~s.treated & use).sum()),
    }  # fmt: skip
