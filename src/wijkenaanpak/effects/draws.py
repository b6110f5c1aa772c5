"""Programmes that never were: as many areas in as many cities, as weak as those chosen, drawn from untreated areas.

An estimate says something when it is not what untreated areas of the same kind show (placebo laws of Bertrand, Duflo &
Mullainathan 2004; placebo studies of Abadie, Diamond & Hainmueller 2010). A drawn programme has the structure of the real
one: its number of cities, of areas in each, and how far below their city and below the country the chosen stand in
the year of the choice. Two numbers are calibrated to that: the noise of the choice within a city, and how much weak
cities are preferred.

What drawn programmes lack: areas that no programme wanted are on the whole a little less weak than those it chose
(:attr:`Drawn.depth` beside :attr:`Drawn.goal`), there is no second Amsterdam to draw, and the chosen of a city need not
touch, where postcode areas of one wijk do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from wijkenaanpak.effects.effects import Sample, spread_of
from wijkenaanpak.effects.inference import Array

ROOM = 1.25  # times as many untreated areas as are chosen, at least: else all of a city would be its weakest part
LEAST = 8  # untreated areas in a city that can be drawn
ROUNDS = 8  # halvings of the calibration
TRIAL = 100  # programmes in each
NOISIEST = 20.0  # noise of the choice, in standard deviations of the areas
STRONGEST = 12.0  # preference for weak cities, per standard deviation of the areas
ALIKE = 0.2  # more of the areas that two programmes share than without preference: else one programme is drawn often


@dataclass(frozen=True)
class Drawn:
    """Programmes that never were.

    Attributes
    ----------
    base : Sample
        The untreated areas that can be drawn; nobody treated.
    chosen : array of bool, shape (draws, areas)
        Areas of :attr:`base` that each programme chose.
    near : array of bool, shape (draws, areas)
        Areas that touch a chosen one: no donors, as in the real evaluation.
    on : tuple of int
        Years of the choice.
    noise, preference : float
        Of the choice, on the scale of the analysis; of weak cities.
    depth, goal : dict
        `city` and `country`: how far the chosen stand below the others of their city, and of the country, in the years of the choice,
        in standard deviations of the untreated areas; of the drawn (mean) and of the real programme.
    overlap : float
        Share of the areas that two drawn programmes have in common.
    """

    base: Sample
    chosen: NDArray[np.bool_]
    near: NDArray[np.bool_]
    on: tuple[int, ...]
    noise: float
    preference: float
    depth: dict[str, float]
    goal: dict[str, float]
    overlap: float

    def sample(self, draw: int) -> Sample:
        """Return one programme as the sample that the plain designs take."""
        mine = self.chosen[draw]
        return replace(self.base, wijk=np.where(mine, self.base.city, ""), near=self.near[draw] & ~mine)


def choices(s: Sample) -> dict[str, tuple[int, ...]]:
    """Return the years on which the real choice can have been made, and the last ones before the payments.

    The first are those that the choice looked at, or the last measured before; the second the last measurement up to the first
    payments. What was known falls between them.

    Returns
    -------
    dict
        `keuze` and `start`; without the second when it is the same, empty without a measurement up to the first payments.
    """
    early = [p for p in s.periods.tolist() if p <= s.years.paid]
    known = [p for p in early if p <= s.years.looked_at[1]]
    on = tuple(p for p in known if p > s.years.clean_until) or tuple(known[-1:])
    found = {"keuze": on} if on else {}
    if early and (early[-1],) != on and early[-1] not in on:
        found["start"] = (early[-1],)
    return found


def draw(
    s: Sample,
    on: tuple[int, ...],
    draws: int = 1000,
    seed: int = 2007,
    touching: sparse.csr_matrix | None = None,
) -> Drawn | None:
    """Draw programmes that never were.

    Parameters
    ----------
    s : Sample
        With the real programme.
    on : tuple of int
        Years on whose mean level the choice is made.
    draws, seed : int
    touching : csr_matrix, shape (areas, areas), optional
        Who touches whom, in the order of `s`.

    Returns
    -------
    Drawn or None
        None when no city of the real programme has a city that can stand in for it.
    """
    spare = np.flatnonzero(s.donor)
    base = _only(s, spare)
    level = s.y[:, np.isin(s.periods, on)].mean(axis=1)
    if np.isnan(spread_of(level[s.donor])):  # none is weaker than another
        return None
    worse = float(np.sign(level[s.donor].mean() - level[s.treated].mean())) or 1.0
    weak = worse * (level[s.donor].mean() - level) / level[s.donor].std(ddof=1)
    sizes = np.sort(np.unique(s.city[s.treated], return_counts=True)[1])[::-1]
    code = np.unique(base.city, return_inverse=True)[1]
    room = np.bincount(code)
    fits = room[None, :] >= np.maximum(ROOM * sizes, LEAST)[:, None]
    if (np.sort(fits.sum(axis=1)) < np.arange(1, len(sizes) + 1)).any():
        return None
    goal = _depth(weak, s.city, s.treated[None, :], s.treated | s.donor)
    own = weak[spare]

    def chosen(noise: float, preference: float, n: int) -> NDArray[np.bool_]:
        return _chosen(own, code, sizes, fits, noise, preference, n, np.random.default_rng(seed))

    every = np.ones(len(own), bool)
    shared = _overlap(chosen(0.0, 0.0, TRIAL)) + ALIKE

    def too_deep(noise: float, preference: float) -> float:
        return _depth(own, base.city, chosen(noise, preference, TRIAL), every)["city"] - goal["city"]

    def too_far(noise: float, preference: float) -> float:
        mine = chosen(noise, preference, TRIAL)
        deeper = _depth(own, base.city, mine, every)["country"] - goal["country"]
        return max(deeper, _overlap(mine) - shared)

    noise, preference = 0.0, _halved(partial(too_far, 0.0), 0.0, STRONGEST)
    if too_deep(0.0, preference) > 0:
        noise = _halved(lambda x: -too_deep(x, preference), 0.0, NOISIEST)
        preference = _halved(partial(too_far, noise), 0.0, STRONGEST)
    final = chosen(noise, preference, draws)
    near = np.zeros_like(final)
    if touching is not None:
        beside = touching[spare][:, spare]
        near = (beside @ final.T.astype(np.float32) > 0).T & ~final
    unit = float(level[s.donor].std(ddof=1))
    reached = _depth(own, base.city, final, every)
    return Drawn(base, final, near, on, noise * unit, preference, reached, goal, _overlap(final))


def _overlap(chosen: NDArray[np.bool_]) -> float:
    """Share of the areas of a programme that another one chose too."""
    often = chosen.mean(axis=0)
    return float((often**2).sum() / often.sum())


def _halved(excess: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that rises crosses zero; an end when it does not."""
    if excess(low) >= 0:
        return low
    if excess(high) <= 0:
        return high
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (low, middle) if excess(middle) > 0 else (middle, high)
    return (low + high) / 2


def _only(s: Sample, rows: NDArray[np.int64]) -> Sample:
    """Keep some areas, none of them treated."""
    nothing = np.zeros(len(rows), bool)
    return Sample(
        s.y[rows], s.level[rows], s.periods, s.area[rows], s.city[rows], np.full(len(rows), ""), nothing, nothing,
        s.scale, s.cycle, None, None if s.deprivation is None else s.deprivation[rows], None if s.n is None else s.n[rows],
        s.years,
    )  # fmt: skip


def _chosen(
    weak: Array,
    code: NDArray[np.int64],
    sizes: NDArray[np.int64],
    fits: NDArray[np.bool_],
    noise: float,
    preference: float,
    draws: int,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Draw cities, the largest number of areas first, and in each the weakest by their level and noise; (draws, areas)."""
    score = weak[None, :]
    if noise > 0:
        score = score + noise * rng.standard_normal((draws, len(weak)))
    order = np.argsort(
        code * (np.ptp(score) + 1.0) - score, axis=1, kind="stable"
    )  # by city, the weakest first
    place = np.empty_like(order)
    starts = np.r_[0, np.cumsum(np.bincount(code))[:-1]]
    np.put_along_axis(place, order, (np.arange(len(weak)) - starts[np.sort(code)])[None, :], axis=1)
    plain = np.lexsort((-weak, code))
    sums = np.cumsum(weak[plain])
    wanted = np.zeros((draws, len(starts)), np.int64)
    for size, fit in zip(sizes, fits, strict=True):
        ends = np.minimum(starts + size, len(weak)) - 1
        pull = preference * (sums[ends] - np.where(starts > 0, sums[starts - 1], 0.0)) / size
        key = pull + rng.gumbel(size=wanted.shape)
        key[:, ~fit] = -np.inf
        key[wanted > 0] = -np.inf
        wanted[np.arange(draws), key.argmax(axis=1)] = size
    return place < wanted[:, code]


def _depth(
    weak: Array, city: NDArray[np.str_], chosen: NDArray[np.bool_], known: NDArray[np.bool_]
) -> dict[str, float]:
    """How much weaker the chosen are than the mean of their city, and of the country, averaged over programmes."""
    code = pd.factorize(city)[0]
    total = np.bincount(code, np.where(known, weak, 0)) / np.maximum(np.bincount(code, known), 1)
    own = chosen / chosen.sum(axis=1, keepdims=True)
    return {"city": float((own @ (weak - total[code])).mean()), "country": float((own @ weak).mean())}
