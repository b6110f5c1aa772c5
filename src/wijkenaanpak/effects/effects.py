"""Effect estimates: what would have happened in the aandachtswijken without the programme.

Every design compares the treated areas with weighted others (*unit weights*) and the years after with
weighted years before (*time weights*). Given the weights an estimate is a difference of two weighted
means of one number per area, so that one machine, ``inference.Regression``, says how sure it is.

Effects are measured on the scale on which equal shocks are equally large: log-odds for shares, logs
for money and rates, the score itself for scores; :meth:`Sample.in_unit` brings them back to the unit
of the outcome (per cent for logs). A plus is a higher outcome, whether that is better or worse.

*Which years.* Those of the programme (``programme.Years``). Who is chosen in a bad year recovers by himself, so that years
from those that the choice looked at until the first payments are no basis for comparison wherever
earlier ones exist (the dip of Ashenfelter 1978); they do say who was to recover. The wijken were chosen at once; later rounds
are cohorts. Every cohort is compared apart with areas never on a list (:func:`cohorts`), so that
the weights of two-way fixed effects with staggered adoption (Goodman-Bacon 2021) have nothing to go wrong on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from wijkenaanpak import programme
from wijkenaanpak.effects.inference import Array, Regression, partial_out
from wijkenaanpak.measures.monitor import percent
from wijkenaanpak.programme import Years

LEAST_BEFORE = 4  # years needed for synthetic weights
NEIGHBOURS = 4  # matched areas for each treated one
CALIPER = 0.5  # standard deviations of the treated areas
COVERED = 0.9  # of the treated areas have a covariate, at least: else it is not adjusted for
SAME = 1e-6  # of the variance of a covariate is its own, at most: it says nothing new
NOISE = 1e-9  # of the size of the outcome: smaller differences come from floating point
LEAST_SHARE = 0.002  # nearer to 0 or 1 there are no log-odds to come back from
SUPPORT = 0.01  # of the treated areas, least like those chosen: what lies below is no comparison


def own_years() -> Years:
    """Return the years of the project's own programme."""
    return programme.main().years


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
        How far apart strong and weak areas are (:func:`dispersion`); when given, time weights cancel what moves with it.
    later : array of int, shape (areas,), optional
        Year of award of the areas of later rounds, 0 for others: a comparison of their own, and no donors.
    n : array, shape (areas, periods), optional
        Denominator of shares and rates.
    deprivation : array, shape (areas, columns), optional
        What all outcomes together said of an area before, higher being weaker; missing where unknown.
    years : Years
        Of the programme; by default those of the project's own.
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
    later: NDArray[np.int64] | None = None
    deprivation: Array | None = None
    n: Array | None = None
    years: Years = field(default_factory=own_years)

    @cached_property
    def treated(self) -> NDArray[np.bool_]:
        """Areas of the aandachtswijken."""
        return (self.wijk != "") & ~self.left_out

    @cached_property
    def donor(self) -> NDArray[np.bool_]:
        """Areas that may stand in for a treated one."""
        spare = (self.wijk == "") & ~self.left_out & ~self.near
        return spare if self.later is None else spare & (self.later == 0)

    @cached_property
    def urban(self) -> NDArray[np.bool_]:
        """Areas in a gemeente that has treated areas."""
        return np.isin(self.city, np.unique(self.city[self.treated]))

    @cached_property
    def cases(self) -> Array:
        """Number of cases of a share or rate, shape (areas, periods)."""
        assert self.n is not None
        return self.level * self.n / (100 if self.scale == "logit" else 1000)

    def level_in(self, years: tuple[int, ...], weight: Array | None = None) -> float:
        """Return the level of the treated areas from which :meth:`in_unit` brings effects back.

        Their mean; for shares the level whose p(1 - p) is the harmonic mean of theirs, so that an effect of
        equally many points in every area comes back as that many points.

        Parameters
        ----------
        years : tuple of int
        weight : array, shape (areas,), optional
            How much each treated area counts in the effect (:func:`counted`); by default all alike.
        """
        level = self.level[self.treated][:, np.isin(self.periods, years)].mean(axis=1)
        return mean_level(level, self.scale, None if weight is None else weight[self.treated])

    def in_unit(self, effect: Any, at: float) -> Any:
        """Bring effects to the unit of the outcome; see :func:`in_unit`."""
        return in_unit(effect, at, self.scale)


def mean_level(level: Array, scale: str, weight: Array | None = None) -> float:
    """Return the level of some areas from which :func:`in_unit` brings effects back; see :meth:`Sample.level_in`.

    Parameters
    ----------
    level : array, shape (areas,)
        As published.
    scale : str
        Of the analysis.
    weight : array, shape (areas,), optional
        How much each area counts; by default all alike.
    """
    # Covariates can make an area count for less than nothing; there is no such mean of levels.
    weight = np.ones(len(level)) if weight is None else np.maximum(weight, 0)
    mean = float(np.average(level, weights=weight))
    if scale != "logit":
        return mean
    share = np.clip(level / 100, LEAST_SHARE, 1 - LEAST_SHARE)
    product = 1 / float(np.average(1 / (share * (1 - share)), weights=weight))
    low = (1 - np.sqrt(max(1 - 4 * product, 0.0))) / 2
    return float(100 * (low if mean < 50 else 1 - low))


def in_unit(effect: Any, at: float, scale: str) -> Any:
    """Bring effects to the unit of the outcome: points for shares and scores, per cent for logs.

    Parameters
    ----------
    effect : float or array
        On the scale of the analysis.
    at : float
        Level of the treated areas, as published, to which the effect brought them.
    scale : str
        Of the analysis.
    """
    if scale in ("log", "rate"):
        return percent(np.asarray(effect))
    if scale == "logit":
        share = min(max(at / 100, LEAST_SHARE), 1 - LEAST_SHARE)
        return 100 * (share - expit(np.log(share / (1 - share)) - np.asarray(effect)))
    return np.asarray(effect) + 0.0


def sample(
    rows: pd.DataFrame,
    wijken: Mapping[str, str],
    near: set[str],
    left_out: set[str],
    scale: str = "lineair",
    later: Mapping[str, int] | None = None,
    deprivation: pd.DataFrame | None = None,
    years: Years | None = None,
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
        "log" for positive amounts; "rate" for cases per 1,000 of `n`, with half a case added. What the cases
        themselves say, without that half, is in :func:`counts`.
    later : mapping of str to int, optional
        Year of award of the areas awarded later; see :class:`Sample`.
    deprivation : DataFrame, optional
        Indexed by area; see :class:`Sample`.
    years : Years, optional
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
    result = Sample(
        y,
        value,
        wide.columns.to_numpy(int),
        area,
        city.to_numpy(str),
        np.array([wijken.get(a, "") for a in area]),
        np.isin(area, sorted(near)) & ~np.isin(area, sorted(wijken)),
        np.isin(area, sorted(left_out)),
        scale,
        None,
        np.array([later.get(a, 0) for a in area]) if later else None,
        None if deprivation is None else deprivation.reindex(area).to_numpy(float),
        n if scale in ("logit", "rate") else None,
        years or own_years(),
    )
    return replace(result, cycle=dispersion(y[result.donor])) if result.donor.sum() > 2 else result


def deprivation(
    rows: pd.DataFrame, direction: Mapping[str, float], years: Years | None = None
) -> pd.DataFrame:
    """Return how weak each area was before, on all outcomes together, as the selection looked at it.

    The mean over outcomes of standardised values (Kamerstuk 30995 nr. 66 did so with 18 indicators), apart for the
    years that the choice did not look at, for those that it did, and for what was left of it until the payments: who
    was chosen in a bad year had partly recovered by then.

    Parameters
    ----------
    rows : DataFrame
        Columns `indicator`, `area`, `period`, `value`; one level.
    direction : mapping of str to float
        1 where higher is better, -1 where it is worse, 0 for what is no outcome.
    years : Years, optional
        Of the programme; by default those of the project's own.

    Returns
    -------
    DataFrame
        Indexed by area; columns `vooraf`, `keuze` and `erna` as far as measured, in standard deviations, higher being weaker.
        Only areas with at least half of the outcomes.
    """
    years = years or own_years()
    sign = rows["indicator"].map(direction).fillna(0)
    use = (rows["period"] < years.paid) & (sign != 0)
    rows, sign = rows[use], sign[use]
    year = rows.groupby(["indicator", "period"])["value"]
    spread = year.transform("std")
    weak = -sign * (rows["value"] - year.transform("mean")) / spread.where(spread > 0)
    when = np.select(
        [rows["period"] <= years.clean_until, rows["period"] <= years.looked_at[1]],
        ["vooraf", "keuze"],
        "erna",
    )
    per_outcome = rows.assign(weak=weak, when=when).pivot_table(
        index=["area", "indicator"], columns="when", values="weak"
    )
    by_area = per_outcome.groupby("area")
    found = by_area.mean().where(by_area.count() >= per_outcome.groupby("indicator").any().sum() / 2)
    return found.reindex(columns=["vooraf", "keuze", "erna"]).dropna(axis=1, how="all").dropna()


def dispersion(y: Array) -> Array:
    """Return how far apart strong and weak areas are in every period: 1 on average.

    In a recession weak areas take the larger blows, in a boom they gain more, programme or not. The slope of
    the outcome of a year on the mean of an area over all years shows it among areas without a
    programme; every year has the same share of its own chance in that mean.

    Parameters
    ----------
    y : array, shape (areas, periods)

    Returns
    -------
    array, shape (periods,)
    """
    x = y.mean(axis=1) - y.mean()
    total = float(x @ x)
    return x @ (y - y.mean(axis=0)) / total if total > 0 else np.ones(y.shape[1])


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


def windows(periods: Any, last: int, of: Years | None = None) -> Windows | None:
    """Choose the years of the comparison.

    Before: all years that the choice did not look at when there are at least `LEAST_BEFORE`; else the last year
    before the first payments, or the year of those when there is none since.
    After: the years from the first with the whole programme up to `last`, or else the latest after the first payments.

    Parameters
    ----------
    periods : sequence of int
        What was measured.
    last : int
    of : Years, optional
        Of the programme; by default those of the project's own.

    Returns
    -------
    Windows or None
        None without a year before or after.
    """
    of = of or own_years()
    start, clean_until = of.paid, of.clean_until
    years = sorted(int(p) for p in periods)
    clean = [p for p in years if p <= clean_until]
    after = [p for p in years if of.full <= p <= last] or [p for p in years if start < p <= last][-1:]
    if len(clean) >= LEAST_BEFORE:
        before, leads = clean, []
    else:
        before = [p for p in years if clean_until < p < start][-1:] or [p for p in years if p == start]
        leads = [p for p in years if before and p < before[0]]
        if not before and clean:
            before, leads = clean[-1:], clean[:-1]
    return Windows(tuple(before), tuple(after), tuple(leads)) if before and after else None


def time_weights(s: Sample, w: Windows, after: tuple[int, ...] = (), design: Design | None = None) -> Array:
    """Weight the periods: 1 in all over the years after, -1 over the years before.

    With a cycle in the sample and years enough, the years before are weighted such that a gap that moves in
    proportion to it cancels: the prediction of a regression of the gap on it.

    Parameters
    ----------
    s : Sample
    w : Windows
    after : tuple of int
        Other years after (for the path of the effect by year).
    design : Design, optional
        One that adjusts for what came before leaves nothing of the cycle to cancel: its years before count alike.

    Returns
    -------
    array, shape (periods,)
    """
    late = np.isin(s.periods, after or w.after)
    early = np.isin(s.periods, w.before)
    result = late / late.sum()
    if s.cycle is not None and w.long and (design is None or design.adjust is None):
        x = np.column_stack([np.ones(early.sum()), s.cycle[early]])
        result[early] -= np.array([1.0, s.cycle[late].mean()]) @ np.linalg.pinv(x)
    else:
        result[early] -= 1 / early.sum()
    return result


def unlike(s: Sample, w: Windows) -> bool:
    """Tell whether areas of one group, treated or others, changed unlike each other: what chance is measured by."""
    change = s.y @ time_weights(s, w)
    least = rounding(s)
    return any(np.ptp(change[group]) > least for group in (s.treated, s.donor))


# ---- who is compared with whom -------------------------------------------------------------------


@dataclass(frozen=True)
class Design:
    """Unit weights: who stands in for the treated areas.

    Attributes
    ----------
    name : str
    weight : array, shape (areas,)
        Of the donors, adding up to 1 (any other sum with `within` or `adjust`); 1/n for each of n treated areas.
    within : bool
        Compare inside each city only (city effects).
    offset : array, shape (areas,), optional
        Added to the change of every area: how far its level before was off by chance (:func:`true_level`).
    adjust : array, shape (areas, covariates), optional
        Compare at equal values of these.
    covariates : tuple of str
        Their names.
    """

    name: str
    weight: Array
    within: bool = False
    offset: Array | None = None
    adjust: Array | None = None
    covariates: tuple[str, ...] = ()


def designs(s: Sample, w: Windows) -> dict[str, Design]:
    """Make every design the sample allows.

    ``nederland`` all donors; ``g18`` those in the cities; ``rest_stad`` the same inside each city;
    ``later`` the areas awarded later, when they are known; ``net_niet`` the matched (:func:`match`);
    ``gecorrigeerd`` at equal figures before (:func:`adjusted`), with at least two measurements before. Where there are years enough,
    ``synthetisch`` with the weights of synthetic difference-in-differences (:func:`synthetic_weights`).
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
    if s.later is not None and ((s.later > 0) & ~s.near).sum() >= 10:
        found["later"] = Design("later", equal((s.later > 0) & ~s.near))
    matched = match(s, w)
    if matched is not None:
        before = np.isin(s.periods, w.before)
        luck = s.y[:, before].mean(axis=1) - true_level(s, w)
        found["net_niet"] = Design("net_niet", matched, offset=luck)
    if w.long and near_home(s).sum() > 1:
        found["synthetisch"] = synthetic(s, w)
    if w.long or w.leads:
        level = adjusted(s, w, near_home(s) if w.long else s.donor)
        if level is not None:
            found["gecorrigeerd"] = level
    return found


def measurable(
    s: Sample, w: Windows, every: Mapping[str, Design], fit_of: Callable[..., Regression] | None = None
) -> dict[str, Design]:
    """Keep the designs whose estimate leaves a spread to measure chance by; ``fit_of`` estimates, :func:`estimate` if not given."""
    fits = {name: (fit_of or estimate)(s, w, design) for name, design in every.items()}
    return {name: every[name] for name, fit in fits.items() if fit.groups > 1 and fit.se > rounding(s)}


def rounding(s: Sample) -> float:
    """Return what floating point alone can make of a difference, for the size of the outcome on the scale of the analysis."""
    return NOISE * max(float(np.abs(s.y).max()), 1.0)


def spread_of(x: Array) -> Array:
    """Return the standard deviation of every column; missing where there is none."""
    spread = x.std(axis=0, ddof=1)
    return np.where(spread > NOISE * np.maximum(np.abs(x).max(axis=0), 1.0), spread, np.nan)


def near_home(s: Sample) -> NDArray[np.bool_]:
    """Return the donors in the cities of the treated areas, or all when fewer than three cities have any."""
    urban = s.donor & s.urban
    return urban if len(set(s.city[s.treated]) & set(s.city[urban])) >= 3 else s.donor


def synthetic(s: Sample, w: Windows) -> Design:
    """Weight the donors of the own cities so that they moved like the treated areas before (:func:`synthetic_weights`)."""
    pool, before, after = near_home(s), np.isin(s.periods, w.before), np.isin(s.periods, w.after)
    goal = s.y[s.treated].mean(axis=0)
    whole = np.where(s.treated, 1 / s.treated.sum(), 0.0)
    whole[pool], _ = synthetic_weights(s.y[pool], goal, before, after, int(s.treated.sum()))
    return Design("synthetisch", whole)


def adjusted(s: Sample, w: Windows, pool: NDArray[np.bool_]) -> Design | None:
    """Compare at equal figures before, among areas that might have been chosen.

    The wijken were chosen on figures of before. At equal figures who was chosen is as good as chance, and their
    recovery, their share in the cycle and in what sets weak areas apart are those of the others (selection on
    observables: Rubin 1977; lagged outcomes: Angrist & Pischke 2009, section 5.3). Adjusted for: the outcome in the
    years before; in the years from then until the payments, which say who is to recover;
    and the :func:`deprivation` on all outcomes, of the area and of those around it, which tells lasting weakness from a
    bad year better than one outcome does. Others count when their linear propensity score is at least that of all but the `SUPPORT` least likely treated areas
    (common support: Crump, Hotz, Imbens & Mitnik 2009): far below, a straight line would have to hold over too
    long a distance.

    Parameters
    ----------
    s : Sample
    w : Windows
    pool : array of bool, shape (areas,)
        Who may be compared with.

    Returns
    -------
    Design or None
        None when fewer than twenty others are left for the comparison.
    """
    covered = None if s.deprivation is None else np.isfinite(s.deprivation[s.treated]).mean(axis=0) >= COVERED
    x, names = covariates(s, w, covered)
    known = np.isfinite(x).all(axis=1)
    treated, others = s.treated & known, pool & known
    both = treated | others
    if treated.sum() < 2 or both.sum() < 20:
        return None
    some = np.isfinite(spread_of(x[both]))
    x, names = x[:, some], tuple(name for name, kept in zip(names, some, strict=True) if kept)
    if not names:
        return None
    x = (x - x[treated].mean(axis=0)) / x[both].std(axis=0)
    line = np.column_stack([x[both], np.ones(both.sum())])
    score = x @ np.linalg.lstsq(line, treated[both].astype(float), rcond=None)[0][:-1]
    others &= score >= np.quantile(score[treated], SUPPORT)
    if others.sum() < 20:
        return None
    return Design(
        "gecorrigeerd", np.where(treated | others, 1 / treated.sum(), 0.0), adjust=x, covariates=names
    )


def covariates(s: Sample, w: Windows, covered: NDArray[np.bool_] | None) -> tuple[Array, tuple[str, ...]]:
    """Return what :func:`adjusted` holds equal.

    Parameters
    ----------
    s : Sample
    w : Windows
    covered : array of bool, shape (columns,), optional
        Which columns of the deprivation are known for enough treated areas.

    Returns
    -------
    (array of shape (areas, covariates), tuple of str)
        Missing where unknown; and their names.
    """
    chosen = (s.periods > s.years.clean_until) & (s.periods < s.years.paid)
    columns = {"level_before": s.y[:, np.isin(s.periods, w.before)].mean(axis=1)}
    if not w.long:
        columns |= {f"level_{p}": s.y[:, s.periods == p][:, 0] for p in w.leads}
    elif chosen.any():
        columns["level_chosen"] = s.y[:, chosen].mean(axis=1)
    if s.deprivation is not None:
        columns |= {f"deprivation_{k + 1}": x for k, x in enumerate(s.deprivation[:, covered].T)}
    x = np.column_stack(list(columns.values()))
    kept = _apart(x)
    return x[:, kept], tuple(name for k, name in enumerate(columns) if k in kept)


def _apart(x: Array) -> list[int]:
    """Return the numbers of the columns, without those that the ones before them already say: the only outcome is its own deprivation."""
    known = np.isfinite(x).all(axis=1)
    z = x[known] - x[known].mean(axis=0)
    kept: list[int] = []
    for k, column in enumerate(z.T):
        rest = column - z[:, kept] @ (np.linalg.pinv(z[:, kept]) @ column) if kept else column
        if rest @ rest > SAME * (column @ column):
            kept.append(k)
    return kept


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
    halves = np.column_stack([y[:, :half].mean(axis=1), y[:, -half:].mean(axis=1)])
    if np.isnan(spread_of(halves)).any():
        return 1.0
    r = max(float(np.corrcoef(halves.T)[0, 1]), 0.0)
    return max(2 * r / (1 + r), 0.05)


def _noise(y: Array) -> float:
    """Variance of one year around each area's own straight line, after the mean of the group; 0 with three years."""
    if y.shape[1] < 4:
        return 0.0
    rest = (y - y.mean(axis=0)) @ spread_around_lines(y.shape[1])
    return float((rest**2).sum()) / (len(y) - 1) / (y.shape[1] - 2)


def spread_around_lines(periods: int) -> Array:
    """Return the matrix that takes a straight line through equally spaced periods off, shape (periods, periods)."""
    line = np.column_stack([np.ones(periods), np.arange(periods)])
    return np.eye(periods) - line @ np.linalg.pinv(line)


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
    without any are left out.

    Returns
    -------
    array, shape (areas,), or None
        Unit weights as in :class:`Design`; None when fewer than half of the treated areas have a match.
    """
    matched = pairs(s, w, neighbours, caliper)
    if len(matched) < s.treated.sum() / 2:
        return None
    weight = np.zeros(len(s.area))
    for i, found in matched.items():
        weight[i] = 1 / len(matched)
        weight[found] += 1 / len(matched) / len(found)
    return weight


def pairs(
    s: Sample, w: Windows, neighbours: int = NEIGHBOURS, caliper: float = CALIPER
) -> dict[int, NDArray[np.int64]]:
    """Return the row numbers of the matches of each treated area that has any, nearest first; see :func:`match`."""
    x, _ = features(s, w)
    x = x / spread_of(x[s.treated])
    donors = np.flatnonzero(s.donor)
    matched = {}
    for i in np.flatnonzero(s.treated):
        off = np.abs(x[donors] - x[i])
        inside = (off <= caliper).all(axis=1)
        if inside.any():
            order = np.argsort((off[inside] ** 2).sum(axis=1), kind="stable")[:neighbours]
            matched[int(i)] = donors[inside][order]
    return matched


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
    if s.deprivation is not None and np.isfinite(s.deprivation[s.treated]).all():
        x, names = np.column_stack([x, s.deprivation[:, 0]]), [*names, "achterstand op alle uitkomsten"]
    spread = spread_of(x[s.treated])
    rows = []
    for design in found.values():
        own = np.where(s.treated, design.weight, 0) / design.weight[s.treated].sum()
        weight = np.where(s.treated, 0, design.weight)
        n, effective = int((weight > 0).sum()), float(weight.sum() ** 2 / (weight**2).sum())
        for k, name in enumerate(names):
            known = np.isfinite(x[:, k])
            feature = replace(s, y=np.where(known, x[:, k], 0)[:, None])
            off = regression(feature, replace(design, offset=None), np.ones(1), known).estimate
            treated = float(own @ feature.y[:, 0])
            rows.append((design.name, name, treated, treated - off, off / spread[k], n, effective))
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
    return solve(s, design, use, s.treated[use, None], change, design.weight[use] * use.sum())


def solve(
    s: Sample,
    design: Design,
    use: NDArray[np.bool_],
    exposure: NDArray,
    change: Array,
    weight: Array,
    variance: Array | None = None,
) -> Regression:
    """Regress a change on exposures, with the covariates or the city effects of a design, clustered by gemeente.

    Parameters
    ----------
    s : Sample
    design : Design
    use : array of bool, shape (areas,)
        The areas it is about, n in number.
    exposure : array, shape (n, exposures)
        The treatment first.
    change, weight : array, shape (n,)
    variance : array, shape (n,), optional
        Of each change, up to a factor; equal when not given. Inside cities it is that of the weights.
    """
    columns = list(exposure.T.astype(float))
    if design.adjust is not None:
        columns += list(design.adjust[use].T)
    if not design.within:
        x = np.column_stack([*columns, np.ones(len(change))])
        return Regression(change, x, weight, s.city[use], variance=variance)
    return absorbed(change, np.column_stack(columns), weight, s.city[use])


def absorbed(change: Array, x: Array, weight: Array, city: NDArray[np.str_]) -> Regression:
    """Regress a change on `x` with an effect of each city, which is taken out first; the treatment is the first column.

    Parameters
    ----------
    change, weight : array, shape (n,)
    x : array, shape (n, columns)
        Without a constant.
    city : array of str, shape (n,)
    """
    rest = partial_out(np.column_stack([change, x]), city, weight)
    # what city effects fit leaves no residual: CR2 is then right on average only with the variance that the weights imply
    return Regression(rest[:, 0], rest[:, 1:], weight, city, len(np.unique(city)), 1 / weight)


def counted(s: Sample, design: Design) -> Array:
    """Return how much each treated area counts in the estimate of a design, adding up to 1; shape (areas,).

    Alike in a comparison of means; where covariates or city effects are taken out, an area counts by what is left of
    its treatment (Angrist & Pischke 2009, section 3.3.1).
    """
    result, use = np.zeros(len(s.area)), design.weight > 0
    result[use] = regression(s, design, np.zeros(len(s.periods))).share
    return np.where(s.treated, result, 0.0)


def estimate(s: Sample, w: Windows, design: Design, after: tuple[int, ...] = ()) -> Regression:
    """Estimate the effect by a design, in the years after or in others; see :func:`regression`, :func:`time_weights`."""
    return regression(s, design, time_weights(s, w, after, design))


def counts(s: Sample, w: Windows, design: Design) -> Regression | None:
    """Estimate the log ratio of rates from the cases themselves: Poisson with area and year effects and exposure.

    Of all cases of an area, how many fell in the years after is binomial, and the level of the area drops out (Hausman,
    Hall & Griliches 1984). Only the means have to be right: spread beyond Poisson's, such as that of a negative
    binomial, widens the margin through the clusters (Gourieroux, Monfort & Trognon 1984; Wooldridge 1999). An area counts
    by its cases, and no half case is added. Solved by iteratively reweighted least squares; the last step is returned.

    Parameters
    ----------
    s : Sample
        Of a share or rate.
    w : Windows
    design : Design

    Returns
    -------
    Regression or None
        None without cases in two areas of either group and two cities, or for a design with an offset, which is one of means.
    """
    if s.n is None or design.offset is not None:
        return None
    late, early = (np.isin(s.periods, years) for years in (w.after, w.before))
    after, total = s.cases[:, late].sum(axis=1), s.cases[:, late | early].sum(axis=1)
    use = (design.weight > 0) & (total > 0)
    if min((use & s.treated).sum(), (use & ~s.treated).sum()) < 2 or len(np.unique(s.city[use])) < 2:
        return None
    after, total = after[use], total[use]
    exposed = np.log(s.n[use][:, late].sum(axis=1) / s.n[use][:, early].sum(axis=1))
    line = np.zeros(len(after))
    for _ in range(50):
        share = expit(exposed + line)
        spread = total * share * (1 - share)
        step = line + (after - total * share) / spread
        weight = design.weight[use] * use.sum() * spread
        fit = solve(s, design, use, s.treated[use, None], step, weight, 1 / spread)
        before, line = line, step - (fit.y - fit.x @ fit.beta)
        if np.abs(line - before).max() < 1e-10:
            break
    return fit


def cohorts(s: Sample, w: Windows) -> dict[int, tuple[Sample, Windows]]:
    """Set up the comparison of every cohort of later awards with areas never on a list.

    Group-time comparisons as in Callaway & Sant'Anna (2021): no area that was ever treated stands in for another, and
    each cohort has its own years after, equally long after its start as those of the first wijken.

    Parameters
    ----------
    s : Sample
    w : Windows
        Of the first wijken.

    Returns
    -------
    dict of int to (Sample, Windows)
        By year of award; only cohorts of at least ten areas that touch no aandachtswijk.
    """
    found: dict[int, tuple[Sample, Windows]] = {}
    if s.later is None:
        return found
    for year in np.unique(s.later[s.later > 0]).tolist():
        own = (s.later == year) & ~s.near & ~s.left_out
        after = tuple(p for p in w.after if p >= year + s.years.full - s.years.paid)
        if own.sum() >= 10 and after:
            listed = s.treated | (s.later > 0) & ~own
            alone = replace(s, wijk=np.where(own, s.area, ""), left_out=s.left_out | listed, later=None)
            found[year] = alone, replace(w, after=after)
    return found


def event_study(s: Sample, w: Windows, design: Design) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate the effect in every period, relative to the years before.

    Returns
    -------
    (DataFrame, DataFrame)
        Columns period, estimate, se, lower, upper on the scale of the analysis; and what every city (columns) adds
        to the error of every period (rows): times its transpose it is their joint variance (CR2).
    """
    rows, parts = [], {}
    for period in map(int, s.periods):
        contrast = time_weights(s, w, (period,), design)
        fit = regression(s, design, contrast)
        if np.allclose(contrast, 0):
            rows.append((period, 0.0, 0.0, 0.0, 0.0))
            parts[period] = 0 * fit.influence
            continue
        rows.append((period, fit.estimate, fit.se, *fit.interval()))
        parts[period] = fit.influence
    return pd.DataFrame(rows, columns=["period", "estimate", "se", "lower", "upper"]), pd.DataFrame(parts).T


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
