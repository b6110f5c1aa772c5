"""What else could explain a difference: paths before, chance, recovery, neighbours, money, the list itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from wijkenaanpak.effects.effects import (
    LEAST_BEFORE,
    NEIGHBOURS,
    Design,
    Sample,
    Windows,
    adjusted,
    pairs,
    regression,
    solve,
    spread_of,
    time_weights,
    true_level,
)
from wijkenaanpak.effects.inference import Array, Regression, joint_test, quantile_t, two_sided

FAR = 10.0  # times the drift before: beyond that nobody would doubt
INDICATIONS = ("beside", "many", "one")  # of the waterbed study: on average, for most areas, in one area


def leads_test(w: Windows, event: pd.DataFrame, errors: pd.DataFrame, df: float) -> dict[str, float]:
    """Test that treated areas and controls moved alike before: jointly, and as a slope.

    Parameters
    ----------
    w : Windows
    event, errors : DataFrame, DataFrame
        See :func:`wijkenaanpak.effects.effects.event_study`.
    df : float
        Degrees of freedom of the design.

    Returns
    -------
    dict
        n (years tested), F, p (joint); estimate, lower, upper (slope per year) and slope_p; empty without two years.
    """
    early = np.isin(event["period"], (*w.leads, *w.before))
    years = event.loc[early, "period"].to_numpy(float)
    if len(years) < 2:
        return {}
    values, own = event.loc[early, "estimate"].to_numpy(), errors.to_numpy()[early]
    cov = own @ own.T
    steps = np.diff(np.eye(len(years)), axis=0)  # changes from year to year: one fewer than the years
    f, p = joint_test(steps @ values, steps @ cov @ steps.T, df)
    centred = (years - years.mean()) / ((years - years.mean()) ** 2).sum()
    slope, se = float(centred @ values), float(np.sqrt(centred @ cov @ centred))
    half = quantile_t(0.975, df) * se
    return {
        "n": len(years), "F": f, "p": p, "estimate": slope, "lower": slope - half, "upper": slope + half,
        "slope_p": two_sided(slope / max(se, 1e-300), df),
    }  # fmt: skip


def honest(
    w: Windows, event: pd.DataFrame, errors: pd.DataFrame, fit: Regression, mbar: float = 1.0
) -> dict[str, float]:
    """Bound the effect when the two groups may drift apart as much as they did before.

    Relative magnitudes of Rambachan & Roth (2023): between the years before and the years after the groups drift at
    most `mbar` times as fast as in the worst interval before. Which interval is the worst is not known: the set is the
    union over all of them and both directions, as theirs. For each it is where two moment inequalities hold, a lower and
    an upper bound on the effect, whose errors hold those of the drift and their covariance with the estimate; the
    critical value is that of Bonferroni, exact at `mbar` 0. Their conditional test can be up to a fifth narrower in
    the part that is noise. The base is the mean of the years before, so that with `mbar` 0 it is the interval of the
    design; with one year before it is theirs.

    Parameters
    ----------
    w : Windows
    event, errors : DataFrame, DataFrame
        Path before, of the design that is tested; see :func:`wijkenaanpak.effects.effects.event_study`.
    fit : Regression
        The estimate.
    mbar : float

    Returns
    -------
    dict
        drift (largest per year before, as estimated), years (from before to after), lower, upper at `mbar`, and breakdown: the `mbar` at which the
        set first holds zero (0 when it does already, `tried` when it still does not there); empty when nothing was
        measured earlier.
    """
    from scipy import optimize

    early = np.isin(event["period"], (*w.leads, *w.before))
    if early.sum() < 2:
        return {}
    gap = np.diff(event.loc[early, "period"].to_numpy(float))
    drift = np.diff(event.loc[early, "estimate"].to_numpy()) / gap
    error = pd.DataFrame(np.diff(errors.to_numpy()[early], axis=0) / gap[:, None], columns=errors.columns)
    cities = errors.columns.union(fit.influence.index)
    noise = error.reindex(columns=cities, fill_value=0.0).to_numpy()
    own = fit.influence.reindex(cities, fill_value=0.0).to_numpy()
    reach, t = float(np.mean(w.after) - np.mean(w.before)), quantile_t(0.975, fit.df)

    def bounds(m: float) -> tuple[float, float]:
        below: list[float] = []
        above: list[float] = []
        for sign in (1, -1):
            off, spread = m * reach * sign * drift, m * reach * sign * noise
            low = fit.estimate - off - t * np.sqrt(((own - spread) ** 2).sum(axis=1))
            high = fit.estimate + off + t * np.sqrt(((own + spread) ** 2).sum(axis=1))
            some = low <= high
            below, above = [*below, *low[some]], [*above, *high[some]]
        return float(min(below)), float(max(above))

    def room(m: float) -> float:
        lower, upper = bounds(m)
        return lower if fit.estimate > 0 else -upper

    if room(0.0) <= 0:
        breakdown = 0.0
    else:
        breakdown = FAR if room(FAR) > 0 else float(optimize.brentq(room, 0.0, FAR, xtol=1e-6))
    lower, upper = bounds(mbar)
    largest = float(np.abs(drift).max())
    return {
        "drift": largest, "years": reach, "lower": lower, "upper": upper, "breakdown": breakdown, "tried": FAR,
    }  # fmt: skip


def randomisation(s: Sample, w: Windows, contrast: Array, draws: int = 1999, seed: int = 2007) -> float:
    """Return the p-value of the matched estimate under plausible other selections.

    Each wijk is swapped, as a whole, with one of the matches of its areas: they were as weak and might
    as well have been chosen. The p-value is the share of selections, the actual one included, with a
    difference at least as large (Fisher 1935; Phipson & Smyth 2010 for the one added).
    """
    matched = {i: found for i, found in pairs(s, w).items() if len(found) == NEIGHBOURS}
    if not matched:
        return np.nan
    before = np.isin(s.periods, w.before)
    change = s.y @ contrast + s.y[:, before].mean(axis=1) - true_level(s, w)
    sets = np.array([[i, *found] for i, found in matched.items()])
    values = change[sets]
    own = NEIGHBOURS + 1
    # Difference when member j of each set is the one chosen.
    gap = (values * own - values.sum(axis=1, keepdims=True)) / NEIGHBOURS
    names, code = np.unique(s.wijk[sets[:, 0]], return_inverse=True)
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, own, (draws, len(names)))[:, code]
    drawn = gap[np.arange(len(gap)), chosen].mean(axis=1)
    return float((1 + (np.abs(drawn) >= abs(gap[:, 0].mean()) - 1e-12).sum()) / (draws + 1))


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
    use = s.urban & ~s.left_out
    if not {year, until} <= set(s.periods.tolist()) or not (use & ~s.treated).any():
        return None
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
    """Estimate what the programme did to the surroundings: treated, first and second ring, against areas farther off.

    At equal deprivation before where the years allow (:func:`wijkenaanpak.effects.effects.adjusted`: who lives beside a weak area is
    weaker himself, and recovers); else inside each city.

    Parameters
    ----------
    s : Sample
    w : Windows
    ring : array of int, shape (areas,)
        0 treated, 1 touching a treated area, 2 touching those, 3 elsewhere.

    Returns
    -------
    DataFrame
        Rows ring 0, 1, 2 against 3; and "totaal", the sum over all areas of the cities divided by the number treated
        (Butts 2021, on exposure in rings). Columns ring, estimate, se, lower, upper, n (areas in the comparison).
    """
    known = s.urban & ~s.left_out & (s.treated | (s.wijk == "") & (ring > 0))
    if s.later is not None:
        known &= s.later == 0
    plain = Design("", known.astype(float), within=True)
    design = (adjusted(s, w, known & ~s.treated) if w.long else None) or plain
    use = design.weight > 0
    names = [k for k in (0, 1, 2) if (ring[use] == k).any()]
    x = np.column_stack([(ring[use] == k).astype(float) for k in names])
    fit = solve(s, design, use, x, s.y[use] @ time_weights(s, w, (), design), np.ones(use.sum()))
    beta, variance = fit.beta[: len(names)], fit.cr2[: len(names), : len(names)]
    own = np.array([(ring[known] == k).sum() for k in names])
    combinations = [*zip(map(str, names), np.eye(len(names)), x.sum(axis=0), strict=True)]
    combinations.append(("totaal", own / own[0], own.sum()))
    rows = []
    for name, along, n in combinations:
        b, e = float(along @ beta), float(np.sqrt(along @ variance @ along))
        half = quantile_t(0.975, fit.df_of(np.r_[along, np.zeros(len(fit.beta) - len(names))])) * e
        rows.append((name, b, e, b - half, b + half, int(n)))
    return pd.DataFrame(rows, columns=["ring", "estimate", "se", "lower", "upper", "n"])


def waterbed(
    s: Sample, w: Windows, near: sparse.csr_matrix, worse: int, draws: int = 199, seed: int = 20070713
) -> dict[str, Any]:
    """Count the wijken beside which it went badly, and how many that would be by chance alone.

    Three indications of the waterbed study (RIGO 2009, 2011), on the outcome at hand: the areas that touch the wijk
    stayed on average more than half a standard deviation behind the rest of their city ("beside"), at least half of them
    did ("many"), or one of them more than a whole ("one"). RIGO gave counts; here as many pseudo-wijken of the same size, grown from random untreated
    areas of the same cities, tell how many flags there are without any programme.

    Parameters
    ----------
    s : Sample
    w : Windows
    near : csr_matrix, shape (areas, areas)
        Who touches whom.
    worse : int
        1 where a higher outcome is worse, -1 where it is better.
    draws, seed : int
        Sets of pseudo-wijken.

    Returns
    -------
    dict
        wijken (with untreated neighbours); for beside, many and one: the count, `_wijken` (which), and its `_expected`, `_low`, `_high` (95% of
        the draws) and `_p` (share of the draws with as many or more, the data included). Empty without neighbours.
    """
    free = s.urban & ~s.treated & ~s.left_out
    change = worse * (s.y @ time_weights(s, w))
    city = pd.Series(change[free]).groupby(s.city[free]).transform("mean").to_numpy()
    behind = np.full(len(change), np.nan)
    behind[free] = change[free] - city
    spread = float(np.std(behind[free], ddof=1)) if free.sum() > 2 else 0.0
    touched = [near.indices[a:b] for a, b in zip(near.indptr[:-1], near.indptr[1:], strict=True)]
    touched = [found[free[found]] for found in touched]

    def flags(members: list[int]) -> tuple[bool, bool, bool] | None:
        ring = behind[sorted({int(j) for i in members for j in touched[i]} - set(members))]
        if not len(ring):
            return None
        return ring.mean() > 0.5 * spread, (ring > 0.5 * spread).mean() >= 0.5, ring.max() > spread

    names = sorted(set(s.wijk[s.treated]))
    wijken = [np.flatnonzero(s.wijk == name).tolist() for name in names]
    pools = {c: np.flatnonzero(free & (s.city == c)) for c in map(str, np.unique(s.city[s.treated]))}
    elsewhere = [i for i, members in enumerate(wijken) if len(pools[str(s.city[members[0]])])]
    real = {i: found for i in elsewhere if (found := flags(wijken[i])) is not None}
    if not real or spread <= 0:
        return {}
    rng = np.random.default_rng(seed)
    counts = np.zeros((draws, len(INDICATIONS)))
    for draw in range(draws):
        for i in real:
            pool = pools[str(s.city[wijken[i][0]])]
            members = [int(rng.choice(pool))]
            while len(members) < len(wijken[i]):
                edge = sorted({int(j) for m in members for j in touched[m]} - set(members))
                if not edge:
                    break
                members.append(int(rng.choice(edge)))
            counts[draw] += flags(members) or (False,) * len(INDICATIONS)
    result: dict[str, Any] = {"wijken": len(real)}
    for k, name in enumerate(INDICATIONS):
        result[f"{name}_wijken"] = [names[i] for i, found in real.items() if found[k]]
        count = sum(found[k] for found in real.values())
        low, high = np.percentile(counts[:, k], [2.5, 97.5])
        result |= {
            name: int(count),
            f"{name}_expected": float(counts[:, k].mean()),
            f"{name}_low": float(low),
        }
        result |= {
            f"{name}_high": float(high),
            f"{name}_p": float((1 + (counts[:, k] >= count).sum()) / (1 + draws)),
        }
    return result


def search_areas(
    s: Sample, w: Windows, near: sparse.csr_matrix, worse: int, steps: int = 5
) -> list[dict[str, Any]]:
    """Correlate how a city's wijken developed with how the areas did where their problems could have gone.

    The three search areas of the waterbed study (RIGO 2009, 2011): areas that touch a wijk, the rest of the city, and
    the region, here the areas outside the city within `steps` neighbours. Displacement gives a negative correlation.
    Changes are relative to all untreated areas; wijken are averaged within their city, which shares its search areas.

    Parameters
    ----------
    s : Sample
    w : Windows
    near : csr_matrix, shape (areas, areas)
        Who touches whom.
    worse : int
        1 where a higher outcome is worse, -1 where it is better.
    steps : int

    Returns
    -------
    list of dict
        search, estimate, lower, upper (Pearson's r with Fisher's interval), n (cities), areas; none with fewer than five cities.
    """
    spare = (s.wijk == "") & ~s.left_out
    change = worse * (s.y @ time_weights(s, w))
    change = change - change[spare].mean()
    found: dict[str, list[tuple[float, float, int]]] = {
        "aangrenzend": [],
        "rest van de stad": [],
        "regio": [],
    }
    for city in sorted(set(s.city[s.treated])):
        own = s.treated & (s.city == city)
        touching = spare & (near @ own.astype(float) > 0)
        reached = own
        for _ in range(steps):
            reached = reached | (near @ reached.astype(float) > 0)
        parts = (
            touching,
            spare & (s.city == city) & ~touching,
            spare & reached & (s.city != city) & ~touching,
        )
        for name, part in zip(found, parts, strict=True):
            if part.any():
                found[name].append((change[own].mean(), change[part].mean(), int(part.sum())))
    rows = []
    for name, known in found.items():
        if len(known) < 5:
            continue
        one, other, sizes = np.array(known).T
        if np.isnan(spread_of(np.column_stack([one, other]))).any():
            continue
        r, half = float(np.corrcoef(one, other)[0, 1]), 1.96 / np.sqrt(len(known) - 3)
        low, high = np.tanh(np.arctanh(r) + np.array([-half, half]))
        row = {"search": name, "estimate": r, "lower": float(low), "upper": float(high)}
        rows.append({**row, "n": len(known), "areas": int(sizes.sum())})
    return rows


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
    x = np.column_stack([table["x"], np.ones(len(table))])
    # a mean over more areas is more certain
    return Regression(table["y"].to_numpy(float), x, weights, city, variance=1 / weights)


def cyclical(
    s: Sample, w: Windows, event: pd.DataFrame, errors: pd.DataFrame, fit: Regression
) -> dict[str, float]:
    """Take off what the treated areas share in the cycle beyond their stand-ins, as they did before.

    The gap of every year before on the mean of the donors that year; its slope times the change of that mean until the
    years after is the part of the estimate that the cycle explains (areas may respond unlike to the same shock: Blanchard
    & Katz 1992). The mean, of hundreds of areas, is taken as known.

    Parameters
    ----------
    s : Sample
    w : Windows
    event, errors : DataFrame, DataFrame
        Path of the design; see :func:`wijkenaanpak.effects.effects.event_study`.
    fit : Regression
        Its estimate.

    Returns
    -------
    dict
        slope, slope_lower, slope_upper (extra change for a change of one in the mean), estimate, lower, upper (the effect
        without that part), n (years); empty without `LEAST_BEFORE` years, or without any movement in them.
    """
    early = np.isin(event["period"], (*w.leads, *w.before))
    if early.sum() < LEAST_BEFORE:
        return {}
    mean = s.y[s.donor].mean(axis=0)
    x = mean[early] - mean[early].mean()
    if np.isnan(spread_of(mean[early])):
        return {}
    weight = x / (x @ x)
    error = pd.Series(weight @ errors.to_numpy()[early], index=errors.columns)
    change = mean[np.isin(s.periods, w.after)].mean() - mean[np.isin(s.periods, w.before)].mean()
    slope, t = float(weight @ event.loc[early, "estimate"]), quantile_t(0.975, fit.df)
    rest = fit.estimate - slope * change
    wide = t * float(np.linalg.norm(error))
    half = t * float(np.linalg.norm(fit.influence.sub(change * error, fill_value=0.0)))
    return {
        "slope": slope, "slope_lower": slope - wide, "slope_upper": slope + wide,
        "estimate": rest, "lower": rest - half, "upper": rest + half, "n": int(early.sum()),
    }  # fmt: skip


def discontinuity(
    score: Array, treated: NDArray[np.bool_], change: Array, before: Array, weak: Array | None = None
) -> pd.DataFrame:
    """Try a regression discontinuity at the national selection score, as a test of whether it is usable.

    Local-linear estimates with robust bias-corrected intervals (Calonico, Cattaneo & Titiunik 2014, by the
    package rdrobust) of the jump at the score of the last place on the list: in treatment itself (it
    should be 1), in the level and the deprivation before (they should be 0) and in the change. After Gerritsen, Webbink
    & Ter Weel (2017), who found that the wijkenaanpak cannot be judged this way.

    Parameters
    ----------
    score : array, shape (areas,)
        Higher is more deprived.
    treated : array of bool, shape (areas,)
    change, before : array, shape (areas,)
        Outcome: change, and level before.
    weak : array, shape (areas,), optional
        Deprivation before on all outcomes; missing where unknown.

    Returns
    -------
    DataFrame
        Columns what ("behandeling", "niveau vooraf", "verandering", "achterstand vooraf"), estimate, lower, upper,
        bandwidth, n.
    """
    cutoff = last_place(score, treated)
    columns = {"behandeling": treated.astype(float), "niveau vooraf": before, "verandering": change}
    if weak is not None:
        columns["achterstand vooraf"] = weak
    rows = []
    for what, y in columns.items():
        known = np.isfinite(y)
        rows.append((what, *jump(y[known], score[known], cutoff)))
    return pd.DataFrame(rows, columns=["what", "estimate", "lower", "upper", "bandwidth", "n"])


def last_place(score: Array, treated: NDArray[np.bool_]) -> float:
    """Return the score of the last place on a list that would have followed the score."""
    return float(np.sort(score)[-int(treated.sum())])


def density(score: Array, cutoff: float) -> dict[str, float]:
    """Test whether scores were moved across the cutoff: are areas as dense just above it as just below.

    Local polynomial density with robust bias correction (Cattaneo, Jansson & Ma 2020, by their package rddensity).

    Returns
    -------
    dict
        t, p, below, above (areas within the bandwidths).
    """
    from rddensity import rddensity

    found = rddensity(score, c=cutoff)
    return {
        "t": float(found.test["t_jk"]), "p": float(found.test["p_jk"]),
        "below": int(found.n["eff_left"]), "above": int(found.n["eff_right"]),
    }  # fmt: skip


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
