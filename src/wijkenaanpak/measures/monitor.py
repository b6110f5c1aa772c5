"""Descriptive measures of doelrealisatie: how far behind is a wijk, and is it catching up.

Conventions of the whole module.

* A *series* is a DataFrame with one row a period: ``period`` (int, year), ``value``, and, where
  known, ``se`` (standard error of the value), ``n`` (weight: denominator or number of PC4) and
  ``decimals`` (as published; -3 for thousands).
* ``direction`` is +1 when higher is better and -1 when lower is better. With s = -direction a
  gap g = s (y_wijk - y_reference) is positive when the wijk is behind: an *achterstand*.
* Two kinds of doubt stay apart: ``lower``/``upper`` is the 95% interval from standard errors,
  ``low``/``high`` the rounding envelope: all true values that publish as the same figures.
* Unknown stays unknown: NaN in gives NaN out, never zero, with a ``reason`` (Dutch) where the
  result has one. No argument is changed. Errors of different periods count as independent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from wijkenaanpak.dutch import UNDECIDED

Scale = Literal["lineair", "log"]

Z = float(special.ndtri(0.975))
NAN = math.nan
NOISE = 1e-9  # smaller differences come from floating point, not from a publisher


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval, its rounding envelope, and why something is missing."""

    estimate: float = NAN
    lower: float = NAN
    upper: float = NAN
    se: float = NAN
    low: float = NAN
    high: float = NAN
    reason: str = ""

    @property
    def numbers(self) -> tuple[float, float, float]:
        """Estimate and interval, as a report records them."""
        return self.estimate, self.lower, self.upper

    @property
    def percent(self) -> tuple[float, float, float]:
        """The numbers of a share, in percent."""
        return 100 * self.estimate, 100 * self.lower, 100 * self.upper


@dataclass(frozen=True)
class Change(Estimate):
    """Change of a gap and its direction by `rounding`, by `interval`, and by both: `verdict`."""

    rounding: str = UNDECIDED
    interval: str = UNDECIDED
    verdict: str = UNDECIDED


@dataclass(frozen=True)
class CatchingUp(Estimate):
    """Share of wijken whose gap shrank: `k` of `n`, which leaves out `ties` and `missing`."""

    k: int = 0
    n: int = 0
    ties: int = 0
    missing: int = 0
    p_half: float = NAN
    p_comparison: float = NAN
    detectable: float = NAN


@dataclass(frozen=True)
class MeanChange(Estimate):
    """Mean change over `n` wijken, what their clusters are worth, and the smallest visible mean."""

    n: int = 0
    clusters: int = 0
    effective_clusters: float = NAN
    detectable: float = NAN


@dataclass(frozen=True)
class Beta(Estimate):
    """Naive slope of change on baseline, and the slope `corrected` for measurement error."""

    corrected: Estimate = Estimate()
    reliability: float = NAN
    spurious: float = NAN
    n: int = 0
    clusters: int = 0


def breaks_between(breaks: str, first: int, last: int) -> list[str]:
    """List the breaks in a series that lie between two measurements.

    Parameters
    ----------
    breaks : str
        As in the codebook: "2006: what changed; 2014: what changed", the year being the first of the new kind.
    first, last : int
        Years that are compared.

    Returns
    -------
    list of str
        Those after the first and up to the last year; a measure over them compares two definitions.
    """
    found = [part.strip() for part in breaks.split(";") if part.strip()]
    return [part for part in found if first < int(part[:4]) <= last]


def gap_unit(indicator: pd.Series) -> str:
    """Return the unit of a gap: percentage points for shares, per cent of the reference for prices."""
    if indicator["scale"] == "log":
        return "procent"
    return {"%": "procentpunt", "score": "punt"}.get(indicator["unit"], indicator["unit"])


def change_unit(indicator: pd.Series) -> str:
    """Return the unit of the change of a gap: from 30 to 25 per cent is five percentage points."""
    unit = gap_unit(indicator)
    return "procentpunt" if unit == "procent" else unit


def percent(difference: Any) -> Any:
    """Bring a difference of logarithms, or its bounds, back to per cent: 100 (e^x - 1); float, array or Series.

    Examples
    --------
    >>> print(round(percent(-0.423), 1))
    -34.5
    """
    with np.errstate(over="ignore"):  # a margin so wide has no end: infinite is what it is
        return 100 * np.expm1(difference)


def effect_unit(indicator: pd.Series) -> str:
    """Return the unit of an effect: that of a gap, and per cent for rates."""
    unit = gap_unit(indicator)
    return "procent" if unit.startswith("per ") else unit


def rounding_envelope(value: Any, decimals: Any) -> tuple[Any, Any]:
    """Smallest and largest true value that publishes as `value`: half a unit either way.

    Both arguments: float, array or Series.

    Examples
    --------
    >>> rounding_envelope(22_000, -3)
    (21500.0, 22500.0)
    """
    half = 0.5 * 10.0 ** (-decimals)
    return value - half, value + half


def _series(frame: pd.DataFrame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Periods in order, and the columns at them; missing ones are unknown."""
    if missing := {"period", "value"} - set(frame.columns):
        names = " en ".join(sorted(missing))
        raise ValueError(f"De reeks mist de kolom {names}: geef minstens period en value.")
    periods = frame["period"].to_numpy()
    if len(set(periods.tolist())) < len(periods):
        period = frame.loc[frame["period"].duplicated(), "period"].iloc[0]
        raise ValueError(f"De reeks heeft meer dan één rij voor {period}: geef één rij per jaar.")
    order = np.argsort(periods, kind="stable")
    columns = {
        name: frame[name].to_numpy(float)[order] if name in frame else np.full(len(order), NAN)
        for name in ("value", "se", "n", "decimals")
    }
    return periods[order], columns


def _joined(wijk: pd.DataFrame, reference: pd.DataFrame) -> tuple[pd.Index, dict[str, np.ndarray]]:
    """Both series at all periods that either has."""
    sides = {"w": _series(wijk), "r": _series(reference)}
    every = np.union1d(sides["w"][0], sides["r"][0])
    both = {}
    for side, (periods, columns) in sides.items():
        at = np.searchsorted(every, periods)
        for name, column in columns.items():
            both[f"{name}_{side}"] = np.full(len(every), NAN)
            both[f"{name}_{side}"][at] = column
    return pd.Index(every, name="period"), both


def _compared(
    raw: dict[str, np.ndarray], direction: int, scale: Scale, nested: bool
) -> dict[str, np.ndarray]:
    """Both series on the scale of the gap, higher is worse: z, its rounding envelope and se.

    `se` without suffix is that of the gap. On the log scale: delta method, se(z) = se / y.
    """
    if direction not in (-1, 1):
        raise ValueError(f"direction is {direction}: een achterstand vraagt om +1 of -1.")
    if scale not in ("lineair", "log"):
        raise ValueError(f"scale is {scale!r}: kies 'lineair' of 'log'.")
    x: dict[str, np.ndarray] = {}
    slope, s = {}, -direction
    for side in ("w", "r"):
        y = raw[f"value_{side}"]
        low, high = rounding_envelope(y, raw[f"decimals_{side}"])[::s]
        slope[side] = np.ones(len(y))
        if scale == "log":
            # A price of zero or less has no logarithm: unknown, not an infinite gap.
            y, low, high = (np.where(v > 0, v, NAN) for v in (y, low, high))
            slope[side] = 1 / y
            y, low, high = np.log(y), np.log(low), np.log(high)
        x |= {f"z_{side}": s * y, f"low_{side}": s * low, f"high_{side}": s * high}
        x[f"se_{side}"] = slope[side] * raw[f"se_{side}"]
    variance = x["se_w"] ** 2 + x["se_r"] ** 2
    if nested:
        # y_ref = share y_wijk + (1 - share) y_rest, so Cov(y_wijk, y_ref) = share Var(y_wijk).
        inside = (raw["n_r"] >= raw["n_w"]) & (raw["n_r"] > 0)
        share = raw["n_w"] / np.where(inside, raw["n_r"], NAN)
        variance -= 2 * share * slope["w"] * slope["r"] * raw["se_w"] ** 2
    x["se"] = np.sqrt(np.where(variance >= 0, variance, NAN))
    return x


def gaps(
    wijk: pd.DataFrame,
    reference: pd.DataFrame,
    direction: int,
    scale: Scale = "lineair",
    nested: bool = False,
) -> pd.DataFrame:
    """Gap, relative gap and index of a wijk against a reference, by period.

    gap = s (y_w - y_ref) in the unit of the values; for scale "log" it is 100 s (y_w / y_ref - 1), per cent of the
    reference, with bounds that are those of ln(y_w / y_ref) brought back. relative_gap = s (y_w - y_ref) / y_ref, a fraction.
    index = (y_w / y_ref)^s: the reference is 1 and **above 1 is always worse**, so where higher
    is better it is y_ref / y_w, the inverse of a plain ratio. Its interval is that of ln(index).
    Measures: CBS, Outcomemonitor Wijkenaanpak. Standard errors by the delta method.

    Parameters
    ----------
    wijk, reference : DataFrame
        Series, see the module.
    direction : int
        +1 higher is better, -1 lower is better.
    scale : {"lineair", "log"}
        "log" for prices.
    nested : bool
        The reference contains the wijk (stedelijk gemiddelde). Then
        Var(gap) = se_w^2 + se_ref^2 - 2 share se_w^2 with share = n_w / n_ref.

    Returns
    -------
    DataFrame
        Index ``period``; float columns wijk, reference, gap, se, lower, upper, low, high,
        relative_gap, index, index_lower, index_upper.

    Raises
    ------
    ValueError
        A column is missing, a period occurs twice, or direction or scale is unknown.
    """
    periods, both = _joined(wijk, reference)
    x = _compared(both, direction, scale, nested)
    ratio = x if scale == "log" else _compared(both, direction, "log", nested)
    gap, log_index, ratio_se = x["z_w"] - x["z_r"], ratio["z_w"] - ratio["z_r"], ratio["se"]
    bounds = {
        "gap": gap,
        "lower": gap - Z * x["se"],
        "upper": gap + Z * x["se"],
        "low": x["low_w"] - x["high_r"],
        "high": x["high_w"] - x["low_r"],
    }
    slope = 1.0
    if scale == "log":
        slope = 100 * np.exp(-direction * gap)
        bounds = {name: -direction * percent(-direction * bound) for name, bound in bounds.items()}
    bounds["lower"], bounds["upper"] = _with_end(bounds["lower"], bounds["upper"])
    with np.errstate(over="ignore"):  # the same, for the ratio
        index = np.exp([log_index - Z * ratio_se, log_index + Z * ratio_se])
    index_lower, index_upper = _with_end(*index)
    y_w, y_r = both["value_w"], both["value_r"]
    columns = {
        "wijk": y_w,
        "reference": y_r,
        "gap": bounds.pop("gap"),
        "se": np.where(np.isnan(gap), NAN, slope * x["se"]),
        **bounds,
        "relative_gap": direction * (1 - y_w / np.where(y_r > 0, y_r, NAN)),
        "index": np.exp(log_index),
        "index_lower": index_lower,
        "index_upper": index_upper,
    }
    # From one block: column by column takes six times as long, and a report has dozens of these.
    return pd.DataFrame(np.column_stack(list(columns.values())), periods, list(columns))


def _with_end(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Return two bounds; both missing where one of them has no end."""
    return np.where(np.isinf(lower) | np.isinf(upper), NAN, [lower, upper])


def widen(gaps: pd.DataFrame, times: pd.Series) -> pd.DataFrame:
    """Make the margins of a gap so many times as wide; the ratio keeps its interval on the scale of its logarithm.

    Parameters
    ----------
    gaps : DataFrame
        As `gaps` returns.
    times : Series
        Indexed by period.
    """
    index = {
        end: gaps["index"] * (gaps[end] / gaps["index"]) ** times for end in ("index_lower", "index_upper")
    }
    bounds = {end: gaps["gap"] + times * (gaps[end] - gaps["gap"]) for end in ("lower", "upper")}
    return gaps.assign(se=times * gaps["se"], **bounds, **index)


def rest_gap(gap_city: Any, share: Any) -> Any:
    """Gap to the rest of the city, from the gap to the city as a whole (floats or Series).

    y_city = share y_w + (1 - share) y_rest, so gap_city = (1 - share) gap_rest (linear scale).
    The rest is the city without *this* area: with more aandachtswijken in one gemeente it holds
    for those taken together. Missing when the area is the whole city. Inverse: `city_gap`.
    """
    return gap_city / np.where(np.asarray(share) < 1, 1.0 - share, NAN)


def city_gap(gap_rest: Any, share: Any) -> Any:
    """Gap to the city as a whole, from the gap to the rest of it; the inverse of `rest_gap`."""
    return gap_rest * np.where(np.asarray(share) < 1, 1.0 - share, NAN)


def gap_closed(g0: float, gt: float, se0: float = NAN, set_: float = NAN, rounding: float = NAN) -> Estimate:
    """Share of the first gap that has been closed: GC = 1 - g_t / g_0.

    The interval is that of Fieller (1954, JRSS B 16) for a ratio of independent normal
    estimates: all r with (g_t - r g_0)^2 <= Z^2 (se_t^2 + r^2 se_0^2). It is unbounded, and its
    limits missing, when g_0 does not differ from zero at 5%.

    Parameters
    ----------
    g0, gt : float
        First and last gap, in the same unit. A first gap of zero or less leaves nothing to close.
    se0, set_ : float
        Their standard errors.
    rounding : float
        Half the width of a gap's rounding envelope: one unit of the last published digit when
        both series have the same decimals. A smaller first gap gives no estimate.

    Examples
    --------
    >>> round(gap_closed(3, 2).estimate, 2)
    0.33
    """
    if math.isnan(g0) or math.isnan(gt):
        return Estimate(reason="de achterstand in het eerste of laatste jaar ontbreekt")
    if abs(g0) <= NOISE or abs(g0) < rounding * (1 - NOISE):
        return Estimate(reason="de achterstand in het eerste jaar is kleiner dan de afronding")
    if g0 < 0:
        return Estimate(reason="in het eerste jaar was er geen achterstand")
    low = high = lower = upper = NAN
    reason = "de standaardfout is onbekend" if math.isnan(se0 + set_) else ""
    if g0 - rounding > NOISE:
        starts, ends = (g0 - rounding, g0 + rounding), (gt - rounding, gt + rounding)
        corners = [1 - end / start for start in starts for end in ends]
        low, high = min(corners), max(corners)
    square = g0**2 - (Z * se0) ** 2
    if square > 0 and not reason:
        half = Z * math.sqrt((gt * se0) ** 2 + square * set_**2)
        lower, upper = 1 - (g0 * gt + half) / square, 1 - (g0 * gt - half) / square
    elif not reason:
        reason = "de achterstand in het eerste jaar is niet van nul te onderscheiden"
    return Estimate(1 - gt / g0, lower, upper, low=low, high=high, reason=reason)


def decompose(
    wijk: pd.DataFrame,
    reference: pd.DataFrame,
    t0: int,
    t1: int,
    direction: int,
    scale: Scale = "lineair",
    nested: bool = False,
) -> pd.DataFrame:
    """Split the change of the gap in what the wijk did and what the reference did.

    dg = s dy_w - s dy_ref. A negative part makes the gap smaller: the wijk improved, or the
    reference got worse. On the log scale the parts of d ln(y_w / y_ref) are brought to the unit of the gap by
    one factor, the logarithmic mean of the two ratios, so that they add up (Ang 2004, Energy Policy 32).
    Parameters as in `gaps`; `t0` and `t1` are periods.

    Returns
    -------
    DataFrame
        Rows "eigen verandering", "verandering referentie" and their sum "verandering
        achterstand"; columns estimate, se, lower, upper, in the unit of the change of the gap.
    """
    periods, both = _joined(wijk, reference)
    at = periods.get_indexer([t0, t1])
    ends = {k: np.where(at >= 0, v[at], NAN) for k, v in _compared(both, direction, scale, nested).items()}
    own, other = np.diff(ends["z_w"])[0], -np.diff(ends["z_r"])[0]
    se = np.array([np.hypot(*ends[k]) for k in ("se_w", "se_r", "se")])
    if scale == "log":
        ratios = np.exp(-direction * (ends["z_w"] - ends["z_r"]))
        moved = own + other
        mean = np.diff(ratios)[0] / (-direction * moved) if abs(moved) > NOISE else ratios[0]
        own, other = 100 * mean * own, 100 * mean * other
        se = np.array([*(100 * mean * se[:2]), 100 * np.hypot(*(ratios * ends["se"]))])
    estimate = np.array([own, other, own + other])
    return pd.DataFrame(
        {"estimate": estimate, "se": se, "lower": estimate - Z * se, "upper": estimate + Z * se},
        index=["eigen verandering", "verandering referentie", "verandering achterstand"],
    )


def _direction_of(low: float, high: float, unknown: str, both_ways: str) -> tuple[str, str]:
    if high < -NOISE:
        return "kleiner", ""
    if low > NOISE:
        return "groter", ""
    return UNDECIDED, unknown if math.isnan(low) else both_ways


def change(gaps: pd.DataFrame, t0: int, t1: int, times: float = 1.0) -> Change:
    """Change of the gap between two periods, and whether its direction is certain.

    `rounding` and `interval` are "kleiner" or "groter" when the rounding envelope, respectively
    the 95% interval, excludes zero. `verdict` needs both; otherwise it is "niet vast te stellen"
    and `reason` names what fails.

    Parameters
    ----------
    gaps : DataFrame
        As `gaps` returns.
    t0, t1 : int
        First and last period.
    times : float
        How many times as wide the margin is as that of areas on their own.
    """
    at = gaps.index.get_indexer([t0, t1])
    names = ("gap", "se", "low", "high")
    ends = {name: np.where(at >= 0, gaps[name].to_numpy(float)[at], NAN) for name in names}
    step, se = float(np.diff(ends["gap"])[0]), times * float(np.hypot(*ends["se"]))
    low, high = (float(ends[a][1] - ends[b][0]) for a, b in (("low", "high"), ("high", "low")))
    lower, upper = step - Z * se, step + Z * se
    rounding, doubt = _direction_of(
        low, high, "het aantal decimalen is onbekend", "de afronding kan beide kanten op"
    )
    interval, other_doubt = _direction_of(
        lower, upper, "de standaardfout is onbekend", "de marge laat beide richtingen open"
    )
    reason = " en ".join(filter(None, [doubt, other_doubt]))
    if math.isnan(step):
        reason = f"de achterstand in {t0} of {t1} ontbreekt"
    verdict = rounding if rounding == interval else UNDECIDED
    return Change(step, lower, upper, se, low, high, reason, rounding, interval, verdict)


def wilson(k: int, n: int) -> Estimate:
    """Share k / n with the 95% score interval of Wilson (1927, JASA 22); missing when n is 0.

    Examples
    --------
    >>> [round(number, 3) for number in wilson(20, 40).numbers]
    [0.5, 0.352, 0.648]
    """
    if n == 0:
        return Estimate(reason="er zijn geen waarnemingen")
    p, z2 = k / n, Z**2
    middle, half = p + z2 / (2 * n), Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n**2))
    low, high = ((middle + side * half) / (1 + z2 / n) for side in (-1, 1))
    return Estimate(p, 0.0 if k == 0 else low, 1.0 if k == n else high)


def timing(gaps: pd.Series) -> tuple[str, int]:
    """Say when most of a change of a gap happened.

    Parameters
    ----------
    gaps : Series
        The gap by year, at least three of them, in order; the first and last differ.

    Returns
    -------
    (str, int)
        "weer weg" and the year in which the change was furthest, when it was once a quarter more than at the end; "vroeg" and the first
        year with three quarters of it, when that year lies in the first half and no later year has less; "laat" and the last year of the
        first half, when no year until then had a quarter of it; else "geleidelijk" and the last year.
    """
    part = (gaps - gaps.iloc[0]) / (gaps.iloc[-1] - gaps.iloc[0])
    middle = (gaps.index[0] + gaps.index[-1]) / 2
    furthest, early = int(part.idxmax()), int(part.index[part > 0.75][0])
    half = part[part.index <= middle]
    if part[furthest] > 1.25:
        return "weer weg", furthest
    if early <= middle and part.loc[early:].min() > 0.75:
        return "vroeg", early
    if half.max() < 0.25:
        return "laat", int(half.index[-1])
    return "geleidelijk", int(gaps.index[-1])


def steer(probability: float, sure: float = 0.8) -> str:
    """Say what the rule of 2012 asks for: wind the partnership down on course, intensify behind.

    Parameters
    ----------
    probability : float
        That the area is on course (`on_course`); may be NaN.
    sure : float
        How likely one or the other must be before the rule is applied; ours, the letter gives none.

    Returns
    -------
    str
        "afbouwen", "intensiveren" or "niet vast te stellen" (Kamerbrief Voortgang wijkenaanpak, autumn 2012).
    """
    if probability >= sure:
        return "afbouwen"
    return "intensiveren" if probability <= 1 - sure else "niet vast te stellen"


def held_on(scores: pd.DataFrame, weak: float = 0.25) -> pd.DataFrame:
    """Apply the rule behind the 127 buurten: weak, then better than average, then no fall (Voortgangsrapportage 2010, annex 3).

    The annex takes the lowest Leefbaarometer classes as weak; a score has none, so the lowest part is.

    Parameters
    ----------
    scores : DataFrame
        Index area, three columns (years) in order; higher is better. Areas without all three are left out.
    weak : float
        Share of the areas that counts as weak in the first year.

    Returns
    -------
    DataFrame
        Index area; columns weak, improved (weak, and more than the mean of all in the second year), held (improved, and
        not lower in the third year), all bool.
    """
    known = scores.dropna()
    first, middle, last = (known[year] for year in known.columns)
    is_weak = first <= first.quantile(weak)
    improved = is_weak & (middle - first > (middle - first).mean())
    return pd.DataFrame({"weak": is_weak, "improved": improved, "held": improved & (last >= middle)})


def difference(one: pd.Series, other: pd.Series) -> Estimate:
    """Difference of two means with its 95% interval, variances unequal (Welch 1947); missing below two of either."""
    if min(len(one), len(other)) < 2:
        return Estimate(reason="er zijn te weinig gebieden")
    parts = [part.var(ddof=1) / len(part) for part in (one, other)]
    gap, se = float(one.mean() - other.mean()), math.sqrt(sum(parts))
    if se == 0:
        return Estimate(gap, gap, gap, 0.0)
    df = 1 / sum((p / sum(parts)) ** 2 / (len(x) - 1) for p, x in zip(parts, (one, other), strict=True))
    half = float(special.stdtrit(df, 0.975)) * se
    return Estimate(gap, gap - half, gap + half, se)


def sign_test(k: int, n: int, share: float = 0.5) -> float:
    """Exact two-sided binomial p-value of k in n against `share`; NaN when n is 0.

    The probability of every outcome that is at most as likely as k (Clopper & Pearson 1934).

    Examples
    --------
    >>> round(sign_test(30, 40), 4)
    0.0022
    """
    if n == 0 or math.isnan(share):
        return NAN
    counts = np.arange(n + 1)
    choose = special.gammaln(n + 1) - special.gammaln(counts + 1) - special.gammaln(n - counts + 1)
    chance = np.exp(choose + special.xlogy(counts, share) + special.xlog1py(n - counts, -share))
    # Outcomes that are equally likely differ in the last digits.
    return min(1.0, float(chance[chance <= chance[k] * (1 + 1e-7)].sum()))


def detectable_share(n: int) -> float:
    """Smallest share above one half that the 5% sign test finds with 80% power at `n`.

    With k* the smallest significant count, P(Bin(n, p) >= k*) = P(Beta(k*, n - k* + 1) <= p):
    the share is the 80% quantile of that Beta (Clopper & Pearson 1934). NaN below n = 6, where
    no outcome is significant.
    """
    counts = np.arange(n + 1)
    critical = int(counts[special.bdtrc(counts, n, 0.5) <= 0.025][0]) + 1
    return float(special.betaincinv(critical, n - critical + 1, 0.8)) if critical <= n else NAN


def catching_up(changes: pd.Series, comparison: float = NAN, tolerance: float = NOISE) -> CatchingUp:
    """Share of wijken whose gap became smaller, against a coin toss and a comparison share.

    Wilson interval and exact sign test, wijken taken as independent (within one gemeente they are
    not: read the interval as the narrowest possible). Because of regression to the mean even
    wijken without a programme shrink their gap more than half of the time; hence `comparison`.

    Parameters
    ----------
    changes : Series of float
        Change of the gap of each wijk; negative is smaller.
    comparison : float
        Share among comparable wijken, taken as known.
    tolerance : float
        Changes of at most this size are ties: counted, and left out of `n`.
    """
    known = changes.dropna()
    k, ties = int((known < -tolerance).sum()), int((known.abs() <= tolerance).sum())
    n = len(known) - ties
    return CatchingUp(
        **vars(wilson(k, n)),
        k=k,
        n=n,
        ties=ties,
        missing=len(changes) - len(known),
        p_half=sign_test(k, n),
        p_comparison=sign_test(k, n, comparison),
        detectable=detectable_share(n),
    )


def sigma_convergence(values: pd.DataFrame) -> pd.DataFrame:
    """Spread of the wijken by period: it falls when they grow towards each other.

    sd with the chi-square interval (n - 1) sd^2 / chi2, which takes wijken as independent and
    normal. `p` tests equality with the first period for the *same* wijken: Pitman (1939) and
    Morgan (1939, Biometrika 31), the correlation of sum and difference, t with n - 2 df.
    Term: Barro & Sala-i-Martin (1992). Measurement error is part of the sd.

    Parameters
    ----------
    values : DataFrame
        One row a wijk, one column a period, at least one.

    Returns
    -------
    DataFrame
        Index ``period``; columns sd, lower, upper, n, ratio (to the first period), p.
    """
    wide = values.astype(float).sort_index(axis=1)
    first, sd, n = wide.iloc[:, 0], wide.std(), wide.count()
    df = (n - 1).where(n > 1)
    # Equal variances leave sum and difference uncorrelated.
    r = wide.apply(lambda y: (y + first).corr(y - first))
    pairs = wide.apply(lambda y: (y + first).count())
    pairs_df = (pairs - 2).where(pairs > 2)
    # A correlation of exactly one has p = 0; one that is not there stays missing.
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * special.stdtr(pairs_df, -r.abs() * np.sqrt(pairs_df / (1 - r**2)))
    return pd.DataFrame(
        {
            "sd": sd,
            "lower": sd * np.sqrt(df / special.chdtri(df, 0.025)),
            "upper": sd * np.sqrt(df / special.chdtri(df, 0.975)),
            "n": n,
            "ratio": sd / sd.where(sd > 0).iloc[0],
            "p": p,
        }
    ).rename_axis("period")


def _t_estimate(estimate: float, scores: pd.Series, clusters: pd.Series, k: int) -> Estimate:
    """CR1 interval with t(G - 1) for an estimate whose error is the sum of `scores`.

    Liang & Zeger (1986): G / (G - 1) (n - 1) / (n - k) sum_g (sum_i score_i)^2.
    """
    sums = scores.groupby(clusters).sum()
    n, g = len(scores), len(sums)
    if g < 2:
        return Estimate(estimate, reason="minder dan twee gemeenten: geen interval")
    se = math.sqrt(g / (g - 1) * (n - 1) / (n - k) * float((sums**2).sum()))
    width = float(special.stdtrit(g - 1, 0.975)) * se
    return Estimate(estimate, estimate - width, estimate + width, se)


def mean_change(changes: pd.Series, clusters: pd.Series) -> MeanChange:
    """Mean change of the gap over wijken, with an interval that respects their gemeenten.

    CR1 standard error with t(G - 1). With few and unequal clusters it is too narrow:
    `effective_clusters` = (sum n_g)^2 / sum n_g^2 (Kish 1965) says how few they are.
    `detectable` = 2.8 se is the mean change that is found with 80% power (Bloom 1995).

    Parameters
    ----------
    changes : Series of float
        Change of the gap of each wijk; missing ones are left out.
    clusters : Series
        Gemeente of each wijk, same index.
    """
    sample = pd.DataFrame({"change": changes, "cluster": clusters}).dropna()
    n = len(sample)
    if n == 0:
        return MeanChange(reason="er zijn geen wijken met een gemeten verandering")
    mean = float(sample["change"].mean())
    found = _t_estimate(mean, (sample["change"] - mean) / n, sample["cluster"], 1)
    sizes = sample["cluster"].value_counts()
    return MeanChange(
        **vars(found),
        n=n,
        clusters=len(sizes),
        effective_clusters=n**2 / float((sizes**2).sum()),
        detectable=2.8 * found.se,
    )


def beta_convergence(
    y0: pd.Series,
    dy: pd.Series,
    se0: pd.Series | None = None,
    clusters: pd.Series | None = None,
) -> Beta:
    """Regress change on baseline: negative when the wijken furthest behind gained most.

    The change contains the baseline's measurement error with the opposite sign, so with
    reliability lambda = 1 - mean(se0^2) / var(y0) the naive slope b estimates
    lambda beta - (1 - lambda): a `spurious` slope of -(1 - lambda) when nothing happens. Hence
    beta = (b + 1 - lambda) / lambda = (S_xy + mean(se0^2)) / (S_xx - mean(se0^2)): errors in
    variables with known error variance (Fuller 1987, sec. 1.2), with the covariance between the
    errors of baseline and change. It takes the errors of the two periods as independent.

    Standard errors are CR1 with t(G - 1); that of the corrected slope is the sandwich of its
    estimating equation, which takes se0, not lambda, as known.

    Parameters
    ----------
    y0, dy : Series of float
        Baseline and change of each wijk, same index. Wijken with a missing value are left out.
    se0 : Series of float, optional
        Standard error of the baseline; without it there is no corrected slope.
    clusters : Series, optional
        Gemeente of each wijk; without it every wijk is its own cluster (HC1).
    """
    own = pd.Series(y0.index, index=y0.index)
    sample = pd.DataFrame({"x": y0, "y": dy, "g": own if clusters is None else clusters}).dropna()
    n, g = len(sample), sample["g"]
    x, y = sample["x"] - sample["x"].mean(), sample["y"] - sample["y"].mean()
    sxx, sxy = float((x**2).sum()), float((x * y).sum())
    if n < 3 or sxx <= NOISE**2:
        reason = "minder dan drie wijken, of geen verschillen in het eerste jaar"
        return Beta(reason=reason, corrected=Estimate(reason=reason), n=n, clusters=g.nunique())

    def slope(error: pd.Series) -> Estimate:
        signal = sxx - float(error.sum())
        b = (sxy + float(error.sum())) / signal
        return _t_estimate(b, (x * (y - b * x) + error * (1 + b)) / signal, g, 2)

    error = pd.Series(NAN, x.index) if se0 is None else se0.reindex(x.index).astype(float) ** 2
    error = error * (n - 1) / n
    reliability = 1 - float(error.sum(skipna=False)) / sxx
    if reliability > 0:
        corrected = slope(error)
    elif math.isnan(reliability):
        corrected = Estimate(reason="de standaardfout in het eerste jaar is onbekend")
    else:
        corrected = Estimate(reason="de verschillen in het eerste jaar zijn niet meer dan meetfout")
    return Beta(
        **vars(slope(0.0 * x)),
        corrected=corrected,
        reliability=reliability,
        spurious=reliability - 1,
        n=n,
        clusters=g.nunique(),
    )


def required_path(g0: float, t0: int, horizon: int, periods: Iterable[int]) -> pd.Series:
    """Largest gap that is still on course: g_0 (1 - (t - t0) / H), zero beyond the horizon.

    The wijken were to grow towards the city average in 8 to 10 years (Voortgangsrapportage
    Wijkenaanpak 2010); a straight line is the plainest reading. A wijk that starts without a gap
    is asked to stay there: zero. Missing before `t0`.

    Returns
    -------
    Series
        Float, index ``period``, name ``required``.
    """
    index = pd.Index(list(periods), name="period", dtype=int)
    left = pd.Series(1 - (index - t0) / horizon, index, name="required").clip(lower=0)
    return (NAN if math.isnan(g0) else max(g0, 0.0)) * left.where(index >= t0)


def on_course(gaps: pd.DataFrame, t0: int, horizon: int = 10) -> pd.DataFrame:
    """Judge each period against the required path.

    Status: "voorbij" the gap has turned into an advantage; "op koers" at most the required gap;
    "verkeerde kant" larger than at the start; "achter" in between. A wijk that started without a
    gap is "geen achterstand" until it gets one ("verkeerde kant").

    probability = P(g_t <= c g_0), c = 1 - (t - t0) / H, under normal errors and a flat prior:
    Phi((c g_0 - g_t) / sqrt(se_t^2 + c^2 se_0^2)), so the doubt about the start counts too. An
    advantage is on course as well. Missing where a standard error is, and in `t0` itself.

    Parameters
    ----------
    gaps : DataFrame
        As `gaps` returns.
    t0, horizon : int
        Start of the programme, and the years it was given (8 or 10).

    Returns
    -------
    DataFrame
        Index ``period``; columns gap, required, status (str, missing when unknown), probability.
    """
    start, gap = gaps.reindex([t0]).iloc[0], gaps["gap"]
    g0 = float(start["gap"])
    required = required_path(g0, t0, horizon, gaps.index)
    rules = {
        "geen achterstand": (gap <= NOISE) & (g0 <= NOISE),
        "voorbij": gap < -NOISE,
        "op koers": gap <= required + NOISE,
        "verkeerde kant": gap > max(g0, 0.0) + NOISE,
    }
    status = np.select(list(rules.values()), list(rules), default="achter")
    share_left = required_path(float(g0 > 0), t0, horizon, gaps.index)
    # With a standard error of zero the distance is infinite, or missing when it is zero too.
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (required - gap) / np.hypot(gaps["se"], share_left * start["se"])
    return pd.DataFrame(
        {
            "gap": gap,
            "required": required,
            "status": pd.Series(status, gap.index).where(gap.notna() & required.notna()),
            "probability": pd.Series(special.ndtr(z), gap.index).where(gap.index > t0),
        }
    )


def project_gap(
    gaps: pd.DataFrame,
    to: int,
    fit_until: int | None = None,
    t0: int | None = None,
    damping: float = 0.9,
) -> pd.DataFrame:
    """Gap in the year `to` if things went on as they went, in three scenarios.

    A straight line through the gaps by least squares gives level L and slope b in the last
    period; h years on the gap is L + b D. "lineair": D = h. "gedempt": the trend dies out,
    D = phi (1 - phi^h) / (1 - phi) (Gardner & McKenzie 1985); phi = 0.9 is a choice, with it
    half of the yearly trend is gone after 6.6 years. "stadstrend": the wijk goes along with its
    reference, D = 0.

    Prediction interval: t(n - 2) with residual and parameter variance at the *full* horizon for
    all three, because damping is a judgement and brings no information. The residual variance is
    never put below what the standard errors and the rounding of the gaps imply. It holds for the
    measured gap, with errors independent over periods.

    Parameters
    ----------
    gaps : DataFrame
        As `gaps` returns; every period up to `fit_until` is used.
    to, fit_until : int
        Year to project to, and the last one to use (default: the last there is).
    t0 : int, optional
        Year of the gap that was to be halved; default the first one used.
    damping : float
        phi, in (0, 1).

    Returns
    -------
    DataFrame
        Index ``scenario``; columns estimate, se, lower, upper, p_closed P(g <= 0),
        p_halved P(g <= g_0 / 2), n (periods used), reason.
    """
    used = gaps.sort_index().loc[:fit_until].dropna(subset="gap")
    n, last = len(used), max(used.index, default=to)
    table = pd.DataFrame(
        {"estimate": NAN, "se": NAN, "lower": NAN, "upper": NAN, "p_closed": NAN, "p_halved": NAN},
        index=pd.Index(["lineair", "gedempt", "stadstrend"], name="scenario"),
    ).assign(n=n, reason="")
    if n < 3:
        return table.assign(reason=f"een prognose vraagt drie metingen: er zijn er {n}")
    if to <= last:
        return table.assign(reason=f"{to} ligt niet na de laatste gebruikte meting ({last})")
    t, g = used.index.to_numpy(float), used["gap"].to_numpy(float)
    x, h = t - t.mean(), to - last
    slope = float(x @ g / (x @ x))
    residual = g - g.mean() - slope * x
    # A gap has two rounding errors, uniform with half-width u/2: variance u^2 / 6, width 2 u.
    rounding = (used["high"] - used["low"]) ** 2 / 24
    variances = [residual @ residual / (n - 2), (used["se"] ** 2).mean(), rounding.mean()]
    se = np.sqrt(np.nanmax(variances) * (1 + 1 / n + (to - t.mean()) ** 2 / (x @ x)))
    years = np.array([h, damping * (1 - damping**h) / (1 - damping), 0.0])
    estimate = g.mean() + slope * (x[-1] + years)
    width = special.stdtrit(n - 2, 0.975) * se
    start = float(used["gap"].get(used.index[0] if t0 is None else t0, NAN))
    # A line that fits to the last digit is certain: probability 0 or 1, missing exactly on the goal.
    with np.errstate(divide="ignore", invalid="ignore"):
        closed, halved = (special.stdtr(n - 2, (goal - estimate) / se) for goal in (0, start / 2))
    return table.assign(
        estimate=estimate,
        se=se,
        lower=estimate - width,
        upper=estimate + width,
        p_closed=closed,
        p_halved=halved if start > 0 else NAN,
    )


def composite(
    values: pd.DataFrame, directions: Mapping[str, int], base: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Summarise several indicators in one index: the mean z-score, **higher is worse**.

    z_j = s_j (y_j - mean_j) / sd_j with mean and sd of the base group, averaged over the
    indicators an area has (Kling, Liebman & Katz 2007, Econometrica 75). Indicators with
    direction 0, or without spread in the base group, do not count.

    Parameters
    ----------
    values : DataFrame
        One row an area, one column an indicator.
    directions : mapping
        Indicator to +1 (higher is better), -1 or 0.
    base : DataFrame, optional
        The group that sets the scale, same columns: the comparison areas, or the first year.

    Returns
    -------
    DataFrame
        Index of `values`; columns z and n (indicators behind it). z is missing when n is 0.
    """
    counted = [name for name in directions if directions[name] and name in values]
    signs = -pd.Series({name: directions[name] for name in counted}, dtype=float)
    scale = (values if base is None else base)[counted]
    spread = scale.std()
    z = signs * (values[counted] - scale.mean()) / spread.where(spread > NOISE)
    return pd.DataFrame({"z": z.mean(axis=1), "n": z.count(axis=1)})
