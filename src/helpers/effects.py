"""Effect estimates: what would have happened in the aandachtswijken without the programme.

Every design compares the treated areas with weighted others (*unit weights*) and the years after with
weighted years before (*time weights*). Given the weights an estimate is a difference of two weighted
means of one number per area, so that one machine, ``inference.Regression``, says how sure it is.

Effects are measured on the scale on which equal shocks are equally large: log-odds for shares, logs
for money and rates, the score itself for scores; :meth:`Sample.in_unit` brings them back to the unit
of the outcome (per cent for logs). A plus is a higher outcome, whether that is better or worse.

*Which years.* The wijken were chosen on figures of 2005-2007. Who is chosen in a bad year recovers by
himself, so that years from 2005 until the payments of 2008 are no basis for comparison wherever
earlier ones exist (the dip of Ashenfelter 1978). All 40 wijken were chosen in 2007 and paid from 2008:
there is one cohort, compared with areas never on the list, so that the weights of two-way fixed
effects with staggered adoption (Goodman-Bacon 2021) have nothing to go wrong on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import expit

from helpers.inference import Array, Regression, joint_test, partial_out, quantile_t

CLEAN_UNTIL = 2004  # last year that the selection did not look at
START, FULL = 2008, 2012  # first payments; all that was planned until 2011 is there
LEAST_BEFORE = 4  # years needed for synthetic weights
NEIGHBOURS = 4  # matched areas for each treated one
CALIPER = 0.5  # standard deviations of the treated areas
DONORS = 60  # areas from which the group of one wijk is put together
PLACEBOS = 199  # the smallest p-value is one in two hundred


@dataclass(frozen=True)
class Sample:
    """Areas by periods, on the scale of the analysis.

    Attributes
    ----------
    y : array, shape (areas, periods)
        Outcome on the scale of the analysis; no missing values.
    level : array, shape (areas, periods)
        Outcome as published.
    periods : array of int
    area, city, wijk : array of str
        Code, gemeente, and aandachtswijk (empty text when untreated).
    near : array of bool
        Untreated areas that touch a treated one: no donors, because the programme may have reached them.
    left_out : array of bool
        Areas that may have been treated (candidates): neither treated nor donors.
    urban : array of bool
        In one of the gemeenten with aandachtswijken.
    scale : {"lineair", "log", "logit", "rate"}
    cycle : array, shape (periods,), optional
        National level; when given, time weights cancel what moves with it.
    later : array of bool, optional
        Areas awarded after the 40 wijken: a comparison of their own, and no donors.
    """

    y: Array
    level: Array
    periods: NDArray[np.int64]
    area: NDArray[np.str_]
    city: NDArray[np.str_]
    wijk: NDArray[np.str_]
    near: NDArray[np.bool_]
    left_out: NDArray[np.bool_]
    scale: str = "lineair"
    cycle: Array | None = None
    later: NDArray[np.bool_] | None = None

    @cached_property
    def treated(self) -> NDArray[np.bool_]:
        """Areas of the aandachtswijken."""
        return (self.wijk != "") & ~self.left_out

    @cached_property
    def donor(self) -> NDArray[np.bool_]:
        """Areas that may stand in for a treated one."""
        spare = (self.wijk == "") & ~self.left_out & ~self.near
        return spare if self.later is None else spare & ~self.later

    @cached_property
    def urban(self) -> NDArray[np.bool_]:
        """Areas in a gemeente that has treated areas."""
        return np.isin(self.city, np.unique(self.city[self.treated]))

    def in_unit(self, effect: Any, at: float) -> Any:
        """Bring effects to the unit of the outcome: points for shares and scores, per cent for logs.

        Parameters
        ----------
        effect : float or array
            On the scale of the analysis.
        at : float
            Level of the treated areas, as published, to which the effect brought them.
        """
        if self.scale in ("log", "rate"):
            return 100 * np.asarray(effect)
        if self.scale == "logit":
            share = at / 100
            return 100 * (share - expit(np.log(share / (1 - share)) - np.asarray(effect)))
        return np.asarray(effect) + 0.0


def sample(
    rows: pd.DataFrame,
    wijken: Mapping[str, str],
    near: set[str],
    left_out: set[str],
    scale: str = "lineair",
    cyclical: bool = False,
    later: set[str] = frozenset(),  # type: ignore[assignment]
) -> Sample:
    """Lay out observations as areas by periods, and put them on the scale of the analysis.

    Parameters
    ----------
    rows : DataFrame
        Columns `area`, `period`, `value`, `n` (denominator, may be missing), `gemeente`; one level.
    wijken : mapping of str to str
        Aandachtswijk of each treated area.
    near, left_out : set of str
        See :class:`Sample`.
    scale : {"lineair", "log", "logit", "rate"}
        "logit" for percentages, with half a case added to either side (empirical log-odds, Haldane 1956);
        "log" for positive amounts; "rate" for cases per 1,000 of `n`, with half a case added (its effects are
        those of a Poisson model with exposure).
    cyclical : bool
        Cancel what moves with the national level.
    later : set of str
        See :class:`Sample`.

    Returns
    -------
    Sample
        Areas observed in every period that at least half of the areas have.
    """
    wide = rows.pivot_table(index="area", columns="period", values="value", aggfunc="first")
    wide = wide.loc[:, wide.notna().mean() >= 0.5].dropna()
    if scale == "log":
        wide = wide[(wide > 0).all(axis=1)]
    n = rows.pivot_table(index="area", columns="period", values="n", aggfunc="first", dropna=False)
    n = n.reindex(index=wide.index, columns=wide.columns).to_numpy(float)
    value = wide.to_numpy(float)
    if scale in ("logit", "rate"):
        n = np.where(np.isfinite(n) & (n > 0), n, 1000.0)
        cases = np.clip(value / 100, 0, 1) * n if scale == "logit" else value / 1000 * n
        y = (
            np.log((cases + 0.5) / (n - cases + 0.5))
            if scale == "logit"
            else np.log((cases + 0.5) / n * 1000)
        )
    else:
        y = np.log(value) if scale == "log" else value
    area = wide.index.to_numpy(str)
    city = rows.drop_duplicates("area").set_index("area")["gemeente"].reindex(wide.index).fillna("?")
    return Sample(
        y,
        value,
        wide.columns.to_numpy(int),
        area,
        city.to_numpy(str),
        np.array([wijken.get(a, "") for a in area]),
        np.isin(area, sorted(near)) & ~np.isin(area, sorted(wijken)),
        np.isin(area, sorted(left_out)),
        scale,
        y.mean(axis=0) if cyclical else None,
        np.isin(area, sorted(later)) if later else None,
    )


# ---- which years -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Windows:
    """Years before that are compared with years after; `leads` were measured but only test the design."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    leads: tuple[int, ...]

    @property
    def long(self) -> bool:
        """Whether there are years enough before for synthetic weights."""
        return len(self.before) >= LEAST_BEFORE


def windows(periods: Any, last: int) -> Windows | None:
    """Choose the years of the comparison.

    Before: all years up to `CLEAN_UNTIL` when there are at least `LEAST_BEFORE`; else the last year
    before the payments of 2008, or 2008 itself when there is none from 2005 on.
    After: the years from `FULL` up to `last`, or else the latest after the start.

    Returns
    -------
    Windows or None
        None without a year before or after.
    """
    years = sorted(int(p) for p in periods)
    clean = [p for p in years if p <= CLEAN_UNTIL]
    after = [p for p in years if FULL <= p <= last] or [p for p in years if START < p <= last][-1:]
    if len(clean) >= LEAST_BEFORE:
        before, leads = clean, []
    else:
        before = [p for p in years if CLEAN_UNTIL < p < START][-1:] or [p for p in years if p == START]
        leads = [p for p in years if before and p < before[0]]
        if not before and clean:
            before, leads = clean[-1:], clean[:-1]
    return Windows(tuple(before), tuple(after), tuple(leads)) if before and after else None


def time_weights(s: Sample, w: Windows, after: tuple[int, ...] = ()) -> Array:
    """Weight the periods: 1 in all over the years after, -1 over the years before.

    With a business cycle in the sample the years before are weighted such that a gap that moves in
    proportion to the national level cancels: the prediction of a regression of the gap on that level.

    Parameters
    ----------
    s : Sample
    w : Windows
    after : tuple of int
        Other years after (for the path of the effect by year).

    Returns
    -------
    array, shape (periods,)
    """
    late = np.isin(s.periods, after or w.after)
    early = np.isin(s.periods, w.before)
    result = late / late.sum()
    if s.cycle is not None and w.long:
        design = np.column_stack([np.ones(early.sum()), s.cycle[early]])
        result[early] -= np.array([1.0, s.cycle[late].mean()]) @ np.linalg.pinv(design)
    else:
        result[early] -= 1 / early.sum()
    return result


# ---- who is compared with whom -------------------------------------------------------------------


@dataclass(frozen=True)
class Design:
    """Unit weights: who stands in for the treated areas.

    Attributes
    ----------
    name : str
    weight : array, shape (areas,)
        Of the donors, adding up to 1 (any other sum with `within`); 1/n for each of n treated areas.
    within : bool
        Compare inside each city only (city effects).
    offset : array, shape (areas,), optional
        Added to the change of every area: how far its level before was off by chance (:func:`true_level`).
    """

    name: str
    weight: Array
    within: bool = False
    offset: Array | None = None


def designs(s: Sample, w: Windows) -> dict[str, Design]:
    """Make every design the sample allows.

    ``nederland`` all donors; ``g18`` those in the cities; ``rest_stad`` the same inside each city;
    ``later`` the areas awarded later, when they are known; ``net_niet`` the matched (:func:`match`); ``synthetisch`` with the weights of synthetic
    difference-in-differences (:func:`synthetic_weights`), where there are years enough.
    """
    treated = np.where(s.treated, 1 / s.treated.sum(), 0.0)

    def equal(donors: NDArray[np.bool_]) -> Array:
        return treated + donors / donors.sum()

    found = {"nederland": Design("nederland", equal(s.donor))}
    urban = s.donor & s.urban
    # Without others in the own cities there is no such comparison.
    if len(set(s.city[s.treated]) & set(s.city[urban])) >= 3:
        found["g18"] = Design("g18", equal(urban))
        found["rest_stad"] = Design("rest_stad", equal(urban), within=True)
    if s.later is not None and (s.later & ~s.near).sum() >= 10:
        found["later"] = Design("later", equal(s.later & ~s.near))
    matched = match(s, w)
    if matched is not None:
        before = np.isin(s.periods, w.before)
        luck = s.y[:, before].mean(axis=1) - true_level(s, w)
        found["net_niet"] = Design("net_niet", matched, offset=luck)
    pool = urban if "g18" in found else s.donor
    if w.long:
        before, after = np.isin(s.periods, w.before), np.isin(s.periods, w.after)
        donors = s.y[pool]
        goal = s.y[s.treated].mean(axis=0)
        weight, _ = synthetic_weights(donors, goal, before, after, int(s.treated.sum()))
        whole = treated.copy()
        whole[pool] = weight
        found["synthetisch"] = Design("synthetisch", whole)
    return found


def true_level(s: Sample, w: Windows) -> Array:
    """Return the level before, freed from chance: what it is expected to be, given the area's own group.

    A donor as weak as a treated area is more often one in a bad year: its group is better. Matching on
    the level as measured would count its recovery as no effect of others (Daw & Hatfield 2018). Groups
    are the treated, the other urban areas, and the rest. With many years before an area keeps the share of its distance
    to the group mean that is reliable (Kelley 1927): the correlation of two halves of those years, stepped up
    (Spearman-Brown). With one year it is the best linear prediction from that year and the one measured
    earlier, where the noise of a year is what is left of areas around their own straight lines.

    Returns
    -------
    array, shape (areas,)
        On the scale of the analysis.
    """
    before = np.isin(s.periods, w.before)
    signals = [s.y[:, before].mean(axis=1)] + [s.y[:, s.periods == p][:, 0] for p in w.leads[:1]]
    result = signals[0].copy()
    for group in (s.treated, ~s.treated & s.urban, ~s.treated & ~s.urban):
        if group.sum() <= 2 * len(signals):
            continue
        off = np.column_stack([x[group] - x[group].mean() for x in signals])
        if w.long:
            keep = np.array([_halves(s.y[group][:, before])])
        else:
            spread = np.atleast_2d(np.cov(off.T))
            goal = spread[0].copy()
            goal[0] -= min(_noise(s.y[group]), 0.95 * spread[0, 0])
            keep = np.linalg.pinv(spread) @ goal
        result[group] = signals[0][group].mean() + off @ np.r_[keep, np.zeros(off.shape[1] - len(keep))]
    return result


def _halves(y: Array) -> float:
    """Reliability of the mean over years (columns), from two halves."""
    half = y.shape[1] // 2
    r = float(np.corrcoef(y[:, :half].mean(axis=1), y[:, -half:].mean(axis=1))[0, 1])
    return float(np.clip(2 * r / (1 + r), 0.05, 1))


def _noise(y: Array) -> float:
    """Variance of one year around each area's own straight line, after the mean of the group; 0 with three years."""
    if y.shape[1] < 4:
        return 0.0
    centred = y - y.mean(axis=0)
    line = np.column_stack([np.ones(y.shape[1]), np.arange(y.shape[1])])
    rest = centred - centred @ np.linalg.pinv(line).T @ line.T
    return float((rest**2).sum()) / (len(y) - 1) / (y.shape[1] - 2)


def features(s: Sample, w: Windows) -> tuple[Array, list[str]]:
    """Return what areas are matched on: their level before, freed from chance, and its trend if there is one.

    Returns
    -------
    (array of shape (areas, features), list of str)
    """
    names = ["niveau vooraf", "trend vooraf per jaar"]
    before, level = np.isin(s.periods, w.before), true_level(s, w)
    if w.long:
        years = s.periods[before] - s.periods[before].mean()
        return np.column_stack([level, s.y[:, before] @ (years / (years**2).sum())]), names
    if not w.leads:
        return level[:, None], names[:1]
    span = np.mean(w.before) - w.leads[0]
    raw = s.y[:, before].mean(axis=1) - s.y[:, s.periods == w.leads[0]][:, 0]
    return np.column_stack([level, raw / span]), names


def match(s: Sample, w: Windows, neighbours: int = NEIGHBOURS, caliper: float = CALIPER) -> Array | None:
    """Weight donors that were as weak before, and moved alike ("net-niet"), nearest first.

    Nearest neighbours with replacement on :func:`features`, each divided by its standard deviation
    among the treated; only donors within `caliper` of those on every feature (common support). Treated areas
    without any are left out and count in :func:`unmatched`.

    Returns
    -------
    array, shape (areas,), or None
        Unit weights as in :class:`Design`; None when fewer than half of the treated areas have a match.
    """
    pairs = _pairs(s, w, neighbours, caliper)
    if len(pairs) < s.treated.sum() / 2:
        return None
    weight = np.zeros(len(s.area))
    for i, found in pairs.items():
        weight[i] = 1 / len(pairs)
        weight[found] += 1 / len(pairs) / len(found)
    return weight


def _pairs(s: Sample, w: Windows, neighbours: int, caliper: float) -> dict[int, NDArray[np.int64]]:
    x, _ = features(s, w)
    x = x / x[s.treated].std(axis=0, ddof=1)
    donors = np.flatnonzero(s.donor)
    pairs = {}
    for i in np.flatnonzero(s.treated):
        off = np.abs(x[donors] - x[i])
        inside = (off <= caliper).all(axis=1)
        if inside.any():
            order = np.argsort((off[inside] ** 2).sum(axis=1), kind="stable")[:neighbours]
            pairs[int(i)] = donors[inside][order]
    return pairs


def balance(s: Sample, w: Windows, found: Mapping[str, Design]) -> pd.DataFrame:
    """Compare treated areas and their stand-ins before the programme.

    Returns
    -------
    DataFrame
        Rows a design and feature; columns design, feature, treated, control (on the scale of the
        analysis), difference (standardised by the treated areas' standard deviation; below 0.1 counts
        as balanced, Austin 2009), controls (number with weight) and effective (1 / sum of squared weights).
    """
    x, names = features(s, w)
    spread = x[s.treated].std(axis=0, ddof=1)
    rows = []
    for design in found.values():
        weight = np.where(s.treated, 0, design.weight)
        own = np.where(s.treated, design.weight, 0)
        if design.within:
            share = pd.Series(own).groupby(s.city).transform("sum").to_numpy()
            total = pd.Series(weight).groupby(s.city).transform("sum").to_numpy()
            weight = np.divide(weight * share, total, out=np.zeros_like(weight), where=total > 0)
        own, weight = own / own.sum(), weight / weight.sum()
        for k, name in enumerate(names):
            a, b = float(own @ x[:, k]), float(weight @ x[:, k])
            n = int((weight > 0).sum())
            rows.append((design.name, name, a, b, (a - b) / spread[k], n, 1 / float((weight**2).sum())))
    columns = ["design", "feature", "treated", "control", "difference", "controls", "effective"]
    return pd.DataFrame(rows, columns=columns)


# ---- estimates -----------------------------------------------------------------------------------


def regression(s: Sample, design: Design, contrast: Array, keep: Any = slice(None)) -> Regression:
    """Set up the regression behind an estimate: change on treatment, weighted, clustered by gemeente.

    Parameters
    ----------
    s : Sample
    design : Design
    contrast : array, shape (periods,)
        Time weights.
    keep : array of bool, optional
        Use only these areas.
    """
    use = np.zeros(len(s.area), bool)
    use[keep] = True
    use &= design.weight > 0
    change = s.y[use] @ contrast
    if design.offset is not None:
        change += design.offset[use]
    weight = design.weight[use] * use.sum()
    groups = s.city[use] if design.within else np.zeros(use.sum())
    columns = partial_out(np.column_stack([change, s.treated[use].astype(float)]), groups, weight)
    absorbed = len(np.unique(groups))
    return Regression(columns[:, 0], columns[:, 1:], weight, s.city[use], absorbed)


def event_study(s: Sample, w: Windows, design: Design) -> tuple[pd.DataFrame, Array]:
    """Estimate the effect in every period, relative to the years before.

    Returns
    -------
    (DataFrame, array)
        Columns period, estimate, se, lower, upper on the scale of the analysis; and the joint variance
        (CR1) of the periods, shape (periods, periods).
    """
    rows, parts = [], []
    for period in s.periods:
        contrast = time_weights(s, w, (int(period),))
        fit = regression(s, design, contrast)
        if np.allclose(contrast, 0):
            rows.append((int(period), 0.0, 0.0, 0.0, 0.0))
            parts.append(np.zeros(fit.groups))
            continue
        rows.append((int(period), fit.estimate, fit.se, *fit.interval()))
        parts.append(fit.influence)
    stacked = np.array(parts)
    return pd.DataFrame(rows, columns=["period", "estimate", "se", "lower", "upper"]), stacked @ stacked.T


def leads_test(s: Sample, w: Windows, event: pd.DataFrame, variance: Array, df: float) -> dict[str, float]:
    """Test that treated areas and controls moved alike before: jointly, and as a slope.

    Returns
    -------
    dict
        n (years tested), F, p (joint), slope (per year), slope_se, slope_p; empty without two years.
    """
    early = np.isin(event["period"], (*w.leads, *w.before))
    years = event.loc[early, "period"].to_numpy(float)
    if len(years) < 2:
        return {}
    values, cov = event.loc[early, "estimate"].to_numpy(), variance[np.ix_(early, early)]
    steps = np.diff(np.eye(len(years)), axis=0)  # changes from year to year: one fewer than the years
    f, p = joint_test(steps @ values, steps @ cov @ steps.T, df)
    centred = (years - years.mean()) / ((years - years.mean()) ** 2).sum()
    slope, se = float(centred @ values), float(np.sqrt(centred @ cov @ centred))
    _, slope_p = joint_test(np.array([slope]), np.array([[se**2]]), df)
    return {"n": len(years), "F": f, "p": p, "slope": slope, "slope_se": se, "slope_p": slope_p}


def honest(
    w: Windows, event: pd.DataFrame, estimate: float, se: float, df: float, mbar: float = 1.0
) -> dict[str, float]:
    """Widen the interval for departures from parallel trends as large as those seen before.

    Relative magnitudes of Rambachan & Roth (2023): from year to year the two groups may drift apart by
    at most `mbar` times the largest drift between years before. The bound is added to the ordinary
    interval; the uncertainty of the largest drift itself is not (their conditional interval has it).

    Returns
    -------
    dict
        drift (largest per year before), lower, upper at `mbar`, and breakdown: the `mbar` at which the
        interval first holds zero (0 when it does already); empty when nothing was measured earlier.
    """
    early = event[event["period"].isin((*w.leads, *w.before))]
    if len(early) < 2:
        return {}
    drift = float((early["estimate"].diff() / early["period"].diff()).abs().max())
    reach = drift * (np.mean(w.after) - max(w.before))  # worst case: all drift the same way
    half = quantile_t(0.975, df) * se
    room = max(abs(estimate) - half, 0.0)
    return {
        "drift": drift,
        "lower": float(estimate - half - mbar * reach),
        "upper": float(estimate + half + mbar * reach),
        "breakdown": float(room / reach) if reach > 0 else np.inf,
    }


def randomisation(s: Sample, w: Windows, contrast: Array, draws: int = 1999, seed: int = 2007) -> float:
    """Return the p-value of the matched estimate under plausible other selections.

    Each wijk is swapped, as a whole, with one of the matches of its areas: they were as weak and might
    as well have been chosen. The p-value is the share of selections, the actual one included, with a
    difference at least as large (Fisher 1935; Phipson & Smyth 2010 for the one added).
    """
    pairs = {i: found for i, found in _pairs(s, w, NEIGHBOURS, CALIPER).items() if len(found) == NEIGHBOURS}
    if not pairs:
        return np.nan
    before = np.isin(s.periods, w.before)
    change = s.y @ contrast + s.y[:, before].mean(axis=1) - true_level(s, w)
    sets = np.array([[i, *found] for i, found in pairs.items()])
    values = change[sets]
    own = NEIGHBOURS + 1
    # Difference when member j of each set is the one chosen.
    gap = (values * own - values.sum(axis=1, keepdims=True)) / NEIGHBOURS
    names, code = np.unique(s.wijk[sets[:, 0]], return_inverse=True)
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, own, (draws, len(names)))[:, code]
    drawn = gap[np.arange(len(gap)), chosen].mean(axis=1)
    return float((1 + (np.abs(drawn) >= abs(gap[:, 0].mean()) - 1e-12).sum()) / (draws + 1))


# ---- synthetic difference-in-differences ----------------------------------------------------------


def synthetic_weights(
    donors: Array, goal: Array, before: NDArray[np.bool_], after: NDArray[np.bool_], treated: int
) -> tuple[Array, Array]:
    """Weight donors and years so that donors moved like the treated before, and years like after.

    Algorithm 1 of Arkhangelsky, Athey, Hirshberg, Imbens & Wager (2021, AER 111), with the regularisation
    of their equation 2.2 and the sparsification of their software.

    Parameters
    ----------
    donors : array, shape (donors, periods)
    goal : array, shape (periods,)
        Mean of the treated areas.
    before, after : array of bool, shape (periods,)
    treated : int
        Number of treated areas.

    Returns
    -------
    (array, array)
        Unit weights of the donors and time weights of the years before; both positive, adding up to 1.
    """
    noise = float(np.diff(donors[:, before], axis=1).std(ddof=1))
    zeta, least = (treated * after.sum()) ** 0.25 * noise, 1e-5 * noise
    years = _simplex(donors[:, before], donors[:, after].mean(axis=1), 1e-6 * noise, least)
    return _simplex(donors[:, before].T, goal[before], zeta, least), years


def synthetic_did(y: Array, treated: NDArray[np.bool_], after: NDArray[np.bool_]) -> float:
    """Estimate by synthetic difference-in-differences with its own time weights (see :func:`synthetic_weights`).

    Parameters
    ----------
    y : array, shape (areas, periods)
    treated : array of bool, shape (areas,)
    after : array of bool, shape (periods,)

    Returns
    -------
    float
        In the unit of `y`.
    """
    goal = y[treated].mean(axis=0)
    units, years = synthetic_weights(y[~treated], goal, ~after, after, int(treated.sum()))
    gap = goal - units @ y[~treated]
    return float(gap[after].mean() - years @ gap[~after])


def _simplex(a: Array, b: Array, zeta: float, least: float) -> Array:
    """Positive weights adding up to 1 that bring `a` near `b` up to a constant; Frank-Wolfe, twice."""
    a, b = a - a.mean(axis=0), b - b.mean()
    start = _frank_wolfe(a, b, np.full(a.shape[1], 1 / a.shape[1]), zeta, least, 100)
    start = np.where(start <= start.max() / 4, 0.0, start)
    return _frank_wolfe(a, b, start / start.sum(), zeta, least, 10_000)


def _frank_wolfe(a: Array, b: Array, x: Array, zeta: float, least: float, steps: int) -> Array:
    eta, fitted, before = len(b) * zeta**2, a @ x, np.inf
    for _ in range(steps):
        i = int(np.argmin(a.T @ (fitted - b) + eta * x))
        toward = -x
        toward[i] += 1
        change = a[:, i] - fitted
        size = change @ change + eta * (toward @ toward)
        if size <= 0:
            break
        slope = (fitted - b) @ change + eta * (x @ toward)
        step = float(np.clip(-slope / size, 0, 1))
        x, fitted = x + step * toward, fitted + step * change
        now = zeta**2 * (x @ x) + ((fitted - b) ** 2).sum() / len(b)
        if before - now <= least**2:
            break
        before = now
    return x


# ---- one wijk --------------------------------------------------------------------------------------


def wijk_paths(s: Sample, w: Windows, seed: int = 2007) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate the effect of every wijk with a synthetic control of its own, and placebos.

    Weights of :func:`_ridge` on the years before, after removing each area's mean (Doudchenko & Imbens
    2016; Ferman & Pinto 2021); donors are the urban areas nearest in level. Without years enough for weights the
    twenty nearest on :func:`features` count alike. Placebos are as many untreated areas of one city as the
    wijk has, treated alike: their root mean square is the standard error, and the p-value is the rank of the
    wijk's effect among them (Abadie, Diamond & Hainmueller 2010).

    Returns
    -------
    (DataFrame, DataFrame)
        One row a wijk: wijk, estimate, lower, upper, se, p, placebos, n (areas), error (root mean square before); and
        one row a wijk and period: wijk, period, actual, synthetic, lower, upper. On the scale of the analysis.
    """
    summary: list[Any] = []
    paths: list[Any] = []
    contrast, rng = time_weights(s, w), np.random.default_rng(seed)
    before = np.isin(s.periods, w.before)
    if not w.long:
        contrast = np.where(before, 0.0, contrast)  # both start from the level freed from chance
    pool = np.flatnonzero(s.donor & s.urban)
    if len(pool) < 2 * DONORS:
        pool = np.flatnonzero(s.donor)
    x, _ = features(s, w)
    base = s.y[:, before].mean(axis=1) if w.long else x[:, 0]  # one year is too much a matter of chance
    x = x[:, :1] if w.long else x / x[s.treated].std(axis=0, ddof=1)
    drawn: dict[int, Array] = {}
    for wijk in np.unique(s.wijk[s.treated]):
        own = np.flatnonzero(s.treated & (s.wijk == wijk))
        goal, other = _synthetic(s, own, pool, before, x, base)
        n = len(own)
        if n not in drawn:
            drawn[n] = np.array([
                np.subtract(*_synthetic(s, fake, np.setdiff1d(pool, fake), before, x, base))
                for fake in _fakes(s, pool, n, x[:, 0], rng)
            ])  # fmt: skip
        placebo = drawn[n] @ contrast
        error = np.sqrt((drawn[n] ** 2).mean(axis=0))
        gap = goal - other
        estimate, se = float(gap @ contrast), float(np.sqrt((placebo**2).mean()))
        wide = quantile_t(0.975, len(placebo) - 1)
        p = (1 + (np.abs(placebo) >= abs(estimate)).sum()) / (len(placebo) + 1)
        miss = float(np.sqrt((gap[before] ** 2).mean()))
        numbers = (estimate, estimate - wide * se, estimate + wide * se, se, p)
        summary.append((wijk, *numbers, len(placebo), n, miss))
        width = np.where(before, 0.0, wide * error)
        rows = zip(s.periods.tolist(), goal, other, other - width, other + width, strict=True)
        paths += [(wijk, *row) for row in rows]
    columns = ["wijk", "estimate", "lower", "upper", "se", "p", "placebos", "n", "error"]
    names = ["wijk", "period", "actual", "synthetic", "lower", "upper"]
    return pd.DataFrame(summary, columns=columns), pd.DataFrame(paths, columns=names)


def shrunken(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the estimates of the wijken to their mean, the more the less certain they are (empirical Bayes).

    Random effects: variance between wijken by DerSimonian & Laird (1986), means as in Efron & Morris (1973).

    Parameters
    ----------
    table : DataFrame
        Columns `estimate`, `se`.

    Returns
    -------
    DataFrame
        Columns `shrunken`, `shrunken_lower`, `shrunken_upper`; its attrs hold `between`, the standard
        deviation of the true effects.
    """
    b, v = table["estimate"].to_numpy(), table["se"].to_numpy() ** 2
    w = 1 / v
    fixed = w @ b / w.sum()
    spare = w.sum() - (w**2).sum() / w.sum()
    between = max((float(w @ (b - fixed) ** 2) - (len(b) - 1)) / spare, 0.0) if len(b) > 1 else 0.0
    w = 1 / (v + between)
    mean = w @ b / w.sum()
    keep = between / (between + v)
    value = mean + keep * (b - mean)
    # Uncertainty of the own effect and of the mean it is drawn to (Morris 1983).
    half = quantile_t(0.975, 1e6) * np.sqrt(keep * v + (1 - keep) ** 2 / w.sum())
    columns = {"shrunken": value, "shrunken_lower": value - half, "shrunken_upper": value + half}
    result = pd.DataFrame(columns, index=table.index)
    result.attrs["between"] = float(np.sqrt(between))
    return result


def transitions(s: Sample, w: Windows, design: Design, classes: int = 10) -> pd.DataFrame:
    """Compare how many areas moved up or down a class, treated and stand-ins.

    Classes hold equally many areas of the whole country each year, so that a class is a place among others.

    Returns
    -------
    DataFrame
        Rows "hoger", "lager"; columns move, treated, control (percentage of the areas, weighted as in the
        design), estimate, lower, upper (difference, percentage points).
    """
    rank = pd.DataFrame(s.level).rank(pct=True).to_numpy()
    place = np.ceil(rank * classes)
    first = place[:, np.isin(s.periods, w.before)].mean(axis=1)
    last = place[:, np.isin(s.periods, w.after)].mean(axis=1)
    own = np.where(s.treated, design.weight, 0)
    other = np.where(s.treated, 0, design.weight)
    rows = []
    for move, moved in (("hoger", last - first >= 1), ("lager", first - last >= 1)):
        share = 100.0 * moved
        only = replace(s, y=share[:, None], periods=np.array([0]))
        fit = regression(only, replace(design, offset=None), np.array([1.0]))
        shares = own @ share / own.sum(), other @ share / other.sum()
        rows.append((move, *map(float, shares), fit.estimate, *fit.interval()))
    return pd.DataFrame(rows, columns=["move", "treated", "control", "estimate", "lower", "upper"])


def _fakes(
    s: Sample, pool: NDArray[np.int64], n: int, level: Array, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Draw placebo wijken: n donors of one city that are about equally weak; of the whole pool for large n."""
    sizes = pd.Series(s.city[pool]).value_counts()
    cities = sorted(sizes.index[sizes >= n])
    share = sizes[cities].to_numpy() / sizes[cities].sum()
    found = []
    for _ in range(PLACEBOS):
        inside = pool[s.city[pool] == rng.choice(cities, p=share)] if cities else pool
        inside = inside[np.argsort(level[inside], kind="stable")]
        start = rng.integers(0, max(len(inside) - n, 0) + 1)
        found.append(inside[start : start + n])
    return found


def _synthetic(
    s: Sample,
    own: NDArray[np.int64],
    pool: NDArray[np.int64],
    before: NDArray[np.bool_],
    x: Array,
    base: Array,
) -> tuple[Array, Array]:
    """Mean of some areas, and that of their weighted stand-ins brought to the same level before."""
    goal, start, long = s.y[own].mean(axis=0), base[own].mean(), before.sum() >= LEAST_BEFORE
    distance = ((x[pool] - x[own].mean(axis=0)) ** 2).sum(axis=1)
    near = pool[np.argsort(distance, kind="stable")[: DONORS if long else 5 * NEIGHBOURS]]
    donors = s.y[near] - base[near][:, None]
    weight = _ridge(donors[:, before].T, goal[before] - start) if long else np.full(len(near), 1 / len(near))
    return goal, weight @ donors + start


def _ridge(a: Array, b: Array) -> Array:
    """Positive weights adding up to 1 with a penalty on few donors, by non-negative least squares.

    The penalty is the variance that donors add: about that of one area's year-to-year change.
    """
    noise = float(np.diff(a, axis=0).std()) / np.sqrt(2)
    penalty = noise * np.sqrt(len(b))
    certain = 1e3 * max(float(np.abs(a).max()), 1e-12)
    rows = np.vstack([a, penalty * np.eye(a.shape[1]), np.full((1, a.shape[1]), certain)])
    goal = np.concatenate([b, np.zeros(a.shape[1]), [certain]])
    weight, _ = optimize.nnls(rows, goal)
    return weight / weight.sum()


# ---- what else could explain it ---------------------------------------------------------------------


def rebound(s: Sample, year: int, until: int) -> dict[str, float] | None:
    """Pretend a selection in an earlier year without any programme, and see how much recovers by itself.

    In every city as many areas as really were chosen, weakest in `year` among all its areas; the change of
    their distance to the rest of their city until `until` is regression to the mean.

    Parameters
    ----------
    s : Sample
    year, until : int
        Year of the pretended selection, and of the measurement after it, both before the programme.

    Returns
    -------
    dict or None
        gap (distance in `year`), estimate, lower, upper, se (change of it, on the scale of the analysis),
        share (of the distance that went), n.
    """
    if not {year, until} <= set(s.periods.tolist()):
        return None
    use = s.urban & ~s.left_out
    value = s.y[:, s.periods == year][:, 0]
    worse = np.sign(value[s.treated].mean() - value[use & ~s.treated].mean())
    fake = np.zeros(len(s.area), bool)
    for city in np.unique(s.city[s.treated]):
        inside = np.flatnonzero(use & (s.city == city))
        n = int((s.treated & (s.city == city)).sum())
        fake[inside[np.argsort(-worse * value[inside], kind="stable")[:n]]] = True
    pretended = replace(s, wijk=np.where(fake, "x", ""), near=np.zeros(len(fake), bool), left_out=~use)
    design = Design("", np.where(fake, 1 / fake.sum(), 1 / (use & ~fake).sum()) * use, within=True)
    now = (s.periods == year).astype(float)
    fit = regression(pretended, design, (s.periods == until) - now)
    gap = regression(pretended, design, now).estimate
    lower, upper = fit.interval()
    return {
        "gap": gap, "estimate": fit.estimate, "lower": lower, "upper": upper, "se": fit.se,
        "share": -fit.estimate / gap, "n": int(fake.sum()),
    }  # fmt: skip


def rings(s: Sample, w: Windows, ring: NDArray[np.int64]) -> pd.DataFrame:
    """Estimate what the programme did to the surroundings: treated, first and second ring, inside each city.

    Parameters
    ----------
    s : Sample
    w : Windows
    ring : array of int, shape (areas,)
        0 treated, 1 touching a treated area, 2 touching those, 3 elsewhere.

    Returns
    -------
    DataFrame
        Rows ring 0, 1, 2 against 3; and "total", the sum over all areas divided by the number treated
        (Butts 2021, on exposure in rings). Columns ring, estimate, se, lower, upper, n.
    """
    use = s.urban & ~s.left_out
    use &= ~np.isin(ring, 0) | s.treated
    names = [k for k in (0, 1, 2) if (ring[use] == k).any()]
    x = np.column_stack([(ring[use] == k).astype(float) for k in names])
    change = s.y[use] @ time_weights(s, w)
    equal = np.ones(use.sum())
    out = partial_out(np.column_stack([change, x]), s.city[use], equal)
    fit = Regression(out[:, 0], out[:, 1:], equal, s.city[use], len(np.unique(s.city[use])))
    half = quantile_t(0.975, fit.df)
    se = np.sqrt(np.diag(fit.cr3))
    n = x.sum(axis=0)
    rows = [
        (str(k), b, e, b - half * e, b + half * e, int(m))
        for k, b, e, m in zip(names, fit.beta, se, n, strict=True)
    ]
    total, spread = n @ fit.beta / n[0], float(np.sqrt(n @ fit.cr3 @ n)) / n[0]
    rows.append(("totaal", total, spread, total - half * spread, total + half * spread, int(n.sum())))
    return pd.DataFrame(rows, columns=["ring", "estimate", "se", "lower", "upper", "n"])


def dose(effect: pd.Series, amount: pd.Series, weight: pd.Series) -> Regression | None:
    """Regress the effect per wijk on the investment per area; clusters are the cities.

    Parameters
    ----------
    effect, amount, weight : Series
        By wijk ("gemeente/wijk"): the effect, the amount an area, the number of areas.

    Returns
    -------
    Regression or None
        Its estimate is the change of the effect per unit of amount; None with fewer than ten wijken.
    """
    table = pd.DataFrame({"y": effect, "x": amount, "w": weight}).dropna()
    if len(table) < 10:
        return None
    city = table.index.str.split("/").str[0].to_numpy(str)
    weights = table["w"].to_numpy(float)
    out = partial_out(table[["y", "x"]].to_numpy(float), np.zeros(len(table)), weights)
    return Regression(out[:, 0], out[:, 1:], weights, city, 1)


def discontinuity(score: Array, treated: NDArray[np.bool_], change: Array, before: Array) -> pd.DataFrame:
    """Try a regression discontinuity at the national selection score, as a test of whether it is usable.

    Local-linear estimates with robust bias-corrected intervals (Calonico, Cattaneo & Titiunik 2014, by the
    package rdrobust) of the jump at the score of the last place on the list: in treatment itself (it
    should be 1), in the level before (it should be 0) and in the change. After Gerritsen, Webbink & Ter Weel (2017),
    who found that the wijkenaanpak cannot be judged this way.

    Parameters
    ----------
    score : array, shape (areas,)
        Higher is more deprived.
    treated : array of bool, shape (areas,)
    change, before : array, shape (areas,)
        Outcome: change, and level before.

    Returns
    -------
    DataFrame
        Columns what ("behandeling", "niveau vooraf", "verandering"), estimate, lower, upper, bandwidth, n.
    """
    cutoff = float(np.sort(score)[-int(treated.sum())])
    rows = []
    for what, y in (
        ("behandeling", treated.astype(float)),
        ("niveau vooraf", before),
        ("verandering", change),
    ):
        rows.append((what, *jump(y, score, cutoff)))
    return pd.DataFrame(rows, columns=["what", "estimate", "lower", "upper", "bandwidth", "n"])


def jump(y: Array, score: Array, cutoff: float) -> tuple[float, float, float, float, int]:
    """Estimate the jump of an outcome at a cutoff of the score (rdrobust with its defaults).

    Returns
    -------
    (float, float, float, float, int)
        Estimate, robust bias-corrected 95% interval, bandwidth, areas within it.
    """
    from rdrobust import rdrobust

    fit = rdrobust(y, score, c=cutoff)
    lower, upper = (float(v) for v in fit.ci.loc["Robust"])
    return (
        float(fit.coef.loc["Conventional"].iloc[0]),
        lower,
        upper,
        float(fit.bws.iloc[0, 0]),
        int(np.sum(fit.N_h)),
    )
