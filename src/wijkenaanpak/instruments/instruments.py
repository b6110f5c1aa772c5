"""The programme's own instruments, as functions: selection, charters, panels of residents, budgets, costs and benefits.

Every function takes plain numbers or a tidy DataFrame and returns one; none reads a file or writes text.
What they have in common with the monitor (gap, index, path) stands in ``monitor``, what needs areas that were
not treated in ``effects`` and ``diagnostics``. An estimate that rests on a sample comes as ``monitor.Estimate``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from wijkenaanpak.measures.monitor import NAN, Estimate, Z, required_path

Array = NDArray[np.float64]

DIMENSIONS = (
    "lbm_fys",
    "lbm_onv",
    "lbm_soc",
    "lbm_vrz",
    "lbm_won",
)  # their sum is the Leefbaarometer, but for a constant
CRITERIA = ("cumulatie", "doelmatigheid", "betrokkenheid", "cofinanciering", "integraliteit")
PRACTICE = ("methode", "gemeten", "coalitie", "ondernemer")
SCALE = {"inwoners": 10_000, "woningen": 4_000}  # upper bounds (Visitatiecommissie 2011)


# ---- selection -----------------------------------------------------------------------------------------


def selection_score(values: pd.DataFrame) -> pd.DataFrame:
    """Score areas as the 40 wijken were selected: standardise, add up within themes, add up themes, rank.

    18 indicators in 4 themes, PC4 ranked by their total (Kamerstuk 30995, nr. 66); the letter does not say how
    a theme is weighted: here a theme is the mean of its indicators, and the total the sum of the themes.

    Parameters
    ----------
    values : DataFrame
        Columns area, indicator, theme, direction (1 when high is bad, -1 when low is), value; one row per area and
        indicator. An area without all indicators is left out.

    Returns
    -------
    DataFrame
        Index area; one column per theme, score (sum of the themes, in standard deviations) and rank (1 is the worst).
    """
    wide = values.pivot_table("value", "area", "indicator").dropna()
    about = values.drop_duplicates("indicator").set_index("indicator").reindex(wide.columns)
    spread = wide.std(ddof=0)
    z = (wide - wide.mean()) / spread.where(spread > 0, 1.0) * about["direction"].astype(float)
    themes = z.T.groupby(about["theme"]).mean().T
    score = themes.sum(axis=1)
    return themes.assign(score=score, rank=score.rank(ascending=False, method="min").astype(int))


def cutoff(score: pd.Series, treated: int) -> float:
    """Score that separates the `treated` highest from the rest: halfway between the last in and the first out."""
    ordered = np.sort(score.to_numpy(float))[::-1]
    if not 0 < treated < len(ordered):
        return NAN
    return float((ordered[treated - 1] + ordered[treated]) / 2)


def expected_rebound(mean: float, reliability: float) -> float:
    """How far a group selected on a noisy score returns to the mean of all by itself: (1 - reliability) times its mean.

    Galton's regression to the mean, in the unit of `mean`; normal score, mean of all 0.
    """
    return (1 - reliability) * mean


def reliability(values: pd.DataFrame) -> float:
    """Reliability of a sum of indicators: Cronbach's alpha (1951) of their standardised values.

    Parameters
    ----------
    values : DataFrame
        As for :func:`selection_score`.
    """
    wide = values.pivot_table("value", "area", "indicator").dropna()
    directions = values.drop_duplicates("indicator").set_index("indicator")["direction"].astype(float)
    z = (wide - wide.mean()) / wide.std(ddof=1) * directions.reindex(wide.columns)
    k = z.shape[1]
    if k < 2:
        return NAN
    return float(k / (k - 1) * (1 - z.var(ddof=1).sum() / z.sum(axis=1).var(ddof=1)))


# ---- charters, delivery, exit --------------------------------------------------------------------------

DECISIONS = {
    (True, True): "volhouden",
    (True, False): "nagaan waardoor het doel toch gehaald wordt",
    (False, True): "het wijkactieplan aanpassen",
    (False, False): "de uitvoering veiligstellen",
}


def goals_and_output(goals: pd.DataFrame) -> pd.DataFrame:
    """Set each goal of a charter against the activities behind it, and say what the action plan of 2007 then asks.

    The three questions of accountability of the Actieplan Krachtwijken (2007): are the goals reached, are the
    activities delivered, and if delivered without result, is the plan revised?

    Parameters
    ----------
    goals : DataFrame
        Columns beginwaarde, streefwaarde, waarde (of the outcome), jaar_begin, jaar_doel, jaar, beloofd, geleverd (number
        of activities).

    Returns
    -------
    DataFrame
        The same rows with done (share of the way from begin to target), due (share of the time that has gone), reached
        (bool: done is at least due), share_delivered, delivered (bool: all of it) and decision.
    """
    way = goals["streefwaarde"] - goals["beginwaarde"]
    done = (goals["waarde"] - goals["beginwaarde"]) / way.where(way != 0)
    time = goals["jaar_doel"] - goals["jaar_begin"]
    due = ((goals["jaar"] - goals["jaar_begin"]) / time.where(time > 0)).clip(0, 1)
    share = goals["geleverd"] / goals["beloofd"].where(goals["beloofd"] > 0)
    result = goals.assign(done=done, due=due, reached=done >= due - 1e-9, share_delivered=share)
    result["delivered"] = share >= 1
    result["decision"] = [
        DECISIONS[r, d] for r, d in zip(result["reached"], result["delivered"], strict=True)
    ]
    return result


def delivery(ledger: pd.DataFrame) -> pd.DataFrame:
    """Add up an output ledger: what was delivered of what was planned, and for how much money.

    Parameters
    ----------
    ledger : DataFrame
        Columns thema, gepland, geleverd (units of the action), euro. More than planned counts as all of it, so that one
        action cannot make up for another.

    Returns
    -------
    DataFrame
        Index thema and "totaal"; actions, complete (delivered whole), rate (mean share delivered), rate_euro (the same
        weighted by money), euro.
    """
    part = (ledger["geleverd"] / ledger["gepland"].where(ledger["gepland"] > 0)).clip(upper=1)
    rows = ledger.assign(part=part, paid=part * ledger["euro"])

    def summed(rows: pd.DataFrame) -> pd.Series:
        euro = rows["euro"].sum()
        return pd.Series(
            {
                "actions": len(rows),
                "complete": int((rows["part"] >= 1).sum()),
                "rate": rows["part"].mean(),
                "rate_euro": rows["paid"].sum() / euro if euro else NAN,
                "euro": euro,
            }
        )

    themes = {name: summed(part) for name, part in rows.groupby("thema", sort=True)}
    return pd.DataFrame({**themes, "totaal": summed(rows)}).T.astype({"actions": int, "complete": int})


def per_thousand(count: float, people: float) -> Estimate:
    """Rate per 1,000 people of a count, with the exact Poisson 95% interval (Garwood 1936); missing without people."""
    if not people > 0 or not count >= 0:
        return Estimate(reason="het aantal inwoners is niet bekend")
    low = float(special.gammaincinv(count, 0.025)) if count else 0.0
    high = float(special.gammaincinv(count + 1, 0.975))
    return Estimate(1000 * count / people, 1000 * low / people, 1000 * high / people)


def target_path(first: float, year: int, share: float, until: int, periods: list[int]) -> pd.Series:
    """Straight path from the first level down (or up) by `share` of it, as "halve early school leaving before 2012".

    Parameters
    ----------
    first : float
        Level in `year`.
    share : float
        Change wanted by `until`, as a share of `first`: -0.5 is halving.
    periods : list of int

    Returns
    -------
    Series
        Level the target allows, by period.
    """
    return first * (1 + share) + required_path(-share * first, year, until - year, periods)


# ---- liveability ---------------------------------------------------------------------------------------


def contributions(wijk: pd.DataFrame, reference: pd.DataFrame, total: str) -> pd.DataFrame:
    """Take the change of a total score apart into its dimensions, for the wijk and against a reference.

    Parameters
    ----------
    wijk, reference : DataFrame
        Index dimension and the name `total`; two columns, first and last year.
    total : str

    Returns
    -------
    DataFrame
        Index the dimensions, "afronding" (what the published total has beyond its dimensions) and `total`; columns wijk,
        reference, difference. The rows above `total` add up to it exactly.
    """
    changes = pd.DataFrame({"wijk": wijk.iloc[:, 1] - wijk.iloc[:, 0]})
    changes["reference"] = reference.iloc[:, 1] - reference.iloc[:, 0]
    parts = changes.drop(index=total)
    rest = changes.loc[total] - parts.sum()
    result = pd.concat([parts, pd.DataFrame({"afronding": rest}).T, changes.loc[[total]]])
    return result.assign(difference=result["wijk"] - result["reference"])


def development_class(change: float, changes: pd.Series) -> str:
    """Place a change among those of all areas: five classes, bounded at half and one and a half standard deviation.

    The Leefbaarometer has classes of development; its bounds are not in the published files, and these are ours.
    """
    z = (change - changes.mean()) / changes.std(ddof=0)
    if not np.isfinite(z):
        return "onbekend"
    names = ("veel ongunstiger", "ongunstiger", "als gemiddeld", "gunstiger", "veel gunstiger")
    return names[int(np.searchsorted([-1.5, -0.5, 0.5, 1.5], z, side="right"))]


# ---- residents: flows and surveys ----------------------------------------------------------------------


def stayers_and_movers(flows: pd.DataFrame) -> pd.DataFrame:
    """Take the change of a mean apart: what changed for those who stayed, who came, and who left.

    The mean of all goes from that of stayers and leavers to that of stayers and newcomers; with e and b the means at
    the end and the beginning, w the share of newcomers at the end and v that of leavers at the beginning, the change is
    (e_stay - b_stay) + w (e_in - e_stay) - v (b_out - b_stay), exactly.

    Parameters
    ----------
    flows : DataFrame
        Index blijvers, instroom, uitstroom; columns aantal, begin, eind (mean of each group; the beginning of newcomers
        and the end of leavers do not count), sd (of a person's value in the group).

    Returns
    -------
    DataFrame
        Index blijvers, instroom, uitstroom, totaal; estimate, lower, upper in the unit of the mean. The margin treats the
        groups as samples of persons; that of stayers takes their two years as unrelated, which makes it wide.
    """
    n, sd = flows["aantal"].astype(float), flows["sd"].astype(float)
    stay, into, out = (flows.loc[k] for k in ("blijvers", "instroom", "uitstroom"))
    w = n["instroom"] / (n["blijvers"] + n["instroom"])
    v = n["uitstroom"] / (n["blijvers"] + n["uitstroom"])
    variance = sd**2 / n
    own = stay["eind"] - stay["begin"]
    came, left = w * (into["eind"] - stay["eind"]), -v * (out["begin"] - stay["begin"])
    spread = {
        "blijvers": 2 * variance["blijvers"],
        "instroom": w**2 * (variance["instroom"] + variance["blijvers"]),
        "uitstroom": v**2 * (variance["uitstroom"] + variance["blijvers"]),
        "totaal": (1 - w) ** 2 * variance["blijvers"]
        + w**2 * variance["instroom"]
        + (1 - v) ** 2 * variance["blijvers"]
        + v**2 * variance["uitstroom"],
    }
    parts = {"blijvers": own, "instroom": came, "uitstroom": left, "totaal": own + came + left}
    half = {k: Z * math.sqrt(spread[k]) for k in parts}
    rows = {k: (parts[k], parts[k] - half[k], parts[k] + half[k]) for k in parts}
    return pd.DataFrame(rows, index=["estimate", "lower", "upper"]).T


def dissimilarity(group: pd.Series, others: pd.Series) -> Estimate:
    """Share of a group that would have to move to be spread as the others: D = half the sum of |a/A - b/B|.

    Duncan and Duncan (1955). The interval is a delete-one jackknife over areas. Small numbers alone make D positive;
    `low` holds what chance would give if everybody lived at random (normal approximation, Carrington and Troske 1997).

    Parameters
    ----------
    group, others : Series
        People per area, same index.

    Returns
    -------
    Estimate
        Between 0 and 1; missing with fewer than three areas or an empty group.
    """
    a, b = group.to_numpy(float), others.to_numpy(float)
    total_a, total_b = a.sum(), b.sum()
    if len(a) < 3 or total_a <= 0 or total_b <= 0:
        return Estimate(reason="er zijn te weinig gebieden of mensen")

    def index(keep: NDArray[np.bool_]) -> float:
        return float(np.abs(a[keep] / a[keep].sum() - b[keep] / b[keep].sum()).sum() / 2)

    d = index(np.full(len(a), True))
    needed = (a == total_a) | (b == total_b)  # without this area one of the groups is empty
    left_out = np.array([index(np.arange(len(a)) != i) for i in np.flatnonzero(~needed)])
    se = math.sqrt((len(a) - 1) / len(a) * float(((left_out - left_out.mean()) ** 2).sum()))
    share = (a + b) / (total_a + total_b)
    spread = np.sqrt(share * (1 - share) * (1 / total_a + 1 / total_b))
    chance = float(math.sqrt(2 / math.pi) * spread.sum() / 2)
    return Estimate(d, max(0.0, d - Z * se), min(1.0, d + Z * se), se, chance)


def balance(better: float, worse: float, n: float, design: float = 1.0) -> Estimate:
    """Balance of a survey question: share that says better minus share that says worse, in percentage points.

    Parameters
    ----------
    better, worse : float
        Weighted shares of the respondents, %.
    n : float
        Respondents.
    design : float
        Design effect of weighting and clustering (Kish 1965); 1 is a simple random sample.

    Returns
    -------
    Estimate
        With the multinomial sampling error of a difference of two shares of one sample.
    """
    if not n > 0:
        return Estimate(reason="het aantal respondenten is niet bekend")
    p, q = better / 100, worse / 100
    se = 100 * math.sqrt(max(p + q - (p - q) ** 2, 0.0) / n * design)
    score = better - worse
    return Estimate(score, score - Z * se, score + Z * se, se)


def apart(one: Estimate, other: Estimate) -> Estimate:
    """Difference of two estimates of different samples: wijk and city, or two waves."""
    se = math.hypot(one.se, other.se)
    gap = one.estimate - other.estimate
    return Estimate(gap, gap - Z * se, gap + Z * se, se)


def interrupted(series: pd.Series, start: float, season: int = 0, lags: int | None = None) -> pd.DataFrame:
    """Test whether level and slope of a series changed at `start`: an interrupted time series.

    Least squares of the series on a trend, a step and a change of the trend from `start` on (Wagner et al. 2002),
    with standard errors that allow for autocorrelation (Newey and West 1987).

    Parameters
    ----------
    series : Series
        Index time in years (a month is a twelfth), ordered.
    start : float
        First time that counts as after.
    season : int
        Number of seasons in a year to correct for; 0 is none, 12 for months.
    lags : int, optional
        Of Newey and West; by default 4 (n / 100)^(2/9), and at least `season`.

    Returns
    -------
    DataFrame
        Index trend, step, slope, before_after (slope after, that is trend and slope together); estimate, lower, upper, p,
        n: per year, or in the unit of the series for the step. Empty with fewer than three points on either side.
    """
    known = series.dropna()
    time = known.index.to_numpy(float)
    after = (time >= start).astype(float)
    if min(after.sum(), len(after) - after.sum()) < 3:
        return pd.DataFrame(columns=["estimate", "lower", "upper", "p", "n"])
    design = np.column_stack([np.ones(len(time)), time - start, after, after * (time - start)])
    if season:
        place = np.rint((time % 1) * season).astype(int) % season
        design = np.column_stack([design, np.eye(season)[place][:, 1:]])
    lags = lags if lags is not None else max(int(4 * (len(time) / 100) ** (2 / 9)), season)
    y, df = known.to_numpy(float), len(time) - design.shape[1]
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    scores = design * (y - design @ beta)[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        part = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (part + part.T)  # Bartlett weights
    variance = inverse @ middle @ inverse * len(time) / df
    contrasts = np.zeros((4, design.shape[1]))
    contrasts[[0, 1, 2, 3, 3], [1, 2, 3, 1, 3]] = 1
    estimate = contrasts @ beta
    se = np.sqrt(np.einsum("ij,jk,ik->i", contrasts, variance, contrasts))
    half = special.stdtrit(df, 0.975) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * special.stdtr(df, -np.abs(estimate / se))
    columns = {
        "estimate": estimate,
        "lower": estimate - half,
        "upper": estimate + half,
        "p": p,
        "n": len(time),
    }
    return pd.DataFrame(columns, index=["trend", "step", "slope", "before_after"])


# ---- participation and money ---------------------------------------------------------------------------


def grades(items: pd.DataFrame) -> pd.DataFrame:
    """Weighted grade of each city and year from the items of a quality card, and its rank.

    Parameters
    ----------
    items : DataFrame
        Columns gebied, jaar, gewicht, cijfer (1 to 10).

    Returns
    -------
    DataFrame
        gebied, jaar, grade, rank (1 is the highest of the year), of (cities in the year).
    """
    rows = items.assign(weighted=items["gewicht"] * items["cijfer"])
    sums = rows.groupby(["jaar", "gebied"])[["weighted", "gewicht"]].sum()
    result = (sums["weighted"] / sums["gewicht"]).rename("grade").reset_index()
    by = result.groupby("jaar")["grade"]
    return result.assign(rank=by.rank(ascending=False, method="min").astype(int), of=by.transform("size"))


def paired_change(first: pd.Series, last: pd.Series) -> tuple[Estimate, float, int]:
    """Median change of pairs, its 95% interval and the p-value of Wilcoxon's signed rank test (1945).

    Returns
    -------
    (Estimate, float, int)
        Hodges-Lehmann estimate with the interval that inverts the test; two-sided p-value, exact, with mid-ranks for ties
        and zeros left out; number of pairs. Missing below six pairs, where nothing can be significant.
    """
    change = (last - first).dropna().to_numpy(float)
    n = len(change)
    if n < 6:
        return Estimate(reason="er zijn minder dan zes paren"), NAN, n
    i, j = np.triu_indices(n)
    walsh = np.sort((change[i] + change[j]) / 2)
    below = np.cumsum(_rank_sums(np.arange(1, n + 1)))
    out = max(int(np.searchsorted(below, 0.025)), 1) - 1
    moved = change[change != 0]
    doubled = np.rint(2 * pd.Series(np.abs(moved)).rank().to_numpy()).astype(int)  # mid-ranks are halves
    chances = _rank_sums(doubled)
    up = int(doubled[moved > 0].sum())
    p = min(1.0, 2 * float(min(chances[: up + 1].sum(), chances[up:].sum())))
    return Estimate(float(np.median(walsh)), float(walsh[out]), float(walsh[-1 - out])), p, n


def _rank_sums(ranks: NDArray[np.int64]) -> Array:
    """Chance of each sum of ranks when every rank counts or not with equal chance."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1
    for rank in ranks:
        taken = np.zeros_like(chances)
        taken[rank:] = chances[: len(chances) - rank]
        chances = (chances + taken) / 2
    return chances


def reconcile(budget: pd.DataFrame) -> pd.DataFrame:
    """Check whether the parts of a budget add up to its published total, year by year.

    Parameters
    ----------
    budget : DataFrame
        Columns year, group ("totaal" is the sum), amount_mln_eur, bound ("minder dan" where only a bound is given).

    Returns
    -------
    DataFrame
        Index year; parts (sum), total, difference (total minus parts), verdict: "sluit", "sluit niet", or "sluit alleen als de
        bovengrens gehaald wordt" where a part is a bound and the total needs all of it.
    """
    rows = {}
    for year, part in budget.groupby("year"):
        total = float(part.loc[part["group"] == "totaal", "amount_mln_eur"].sum())
        parts = part[part["group"] != "totaal"]
        added = float(parts["amount_mln_eur"].sum())
        bounded = parts["bound"].fillna("").ne("").any()
        equal = math.isclose(total, added, abs_tol=1e-9)
        verdict = "sluit" if equal else "sluit niet"
        if bounded:
            verdict = "sluit alleen als de bovengrens gehaald wordt" if equal else verdict
        rows[year] = {"parts": added, "total": total, "difference": total - added, "verdict": verdict}
    return pd.DataFrame(rows).T


def practice_score(ratings: pd.DataFrame) -> pd.DataFrame:
    """Judge practices by the 4+1 model: four criteria for a good practice, and how its benefits can be cashed.

    Voortgangsrapportage 2010, box 18: an effective method, effect measured, a vital coalition, entrepreneurs with a
    mandate; plus one: the benefits can be cashed. A criterion counts when most raters find it met.

    Parameters
    ----------
    ratings : DataFrame
        Columns praktijk, beoordelaar, the four of ``PRACTICE`` and baten, 0 or 1.

    Returns
    -------
    DataFrame
        Index praktijk; score (0-4), bonus (bool), raters, advice: "behouden" with all four, "verbeteren" with two or three,
        "stoppen" with fewer.
    """
    share = ratings.groupby("praktijk")[[*PRACTICE, "baten"]].mean() > 0.5
    score = share[list(PRACTICE)].sum(axis=1)
    advice = np.select([score == 4, score >= 2], ["behouden", "verbeteren"], "stoppen")
    raters = ratings.groupby("praktijk")["beoordelaar"].nunique()
    return pd.DataFrame({"score": score, "bonus": share["baten"], "raters": raters, "advice": advice})


def kappa(ratings: pd.DataFrame) -> Estimate:
    """Agreement of raters beyond chance: Cohen's kappa (1960), averaged over the pairs of raters (Light 1971).

    Parameters
    ----------
    ratings : DataFrame
        As for :func:`practice_score`; every criterion of every practice is one judgement.

    Returns
    -------
    Estimate
        With a delete-one jackknife over practices; missing without two raters of the same practice.
    """
    long = ratings.melt(["praktijk", "beoordelaar"], [*PRACTICE, "baten"])
    wide = long.pivot_table(index=["praktijk", "variable"], columns="beoordelaar", values="value")
    practice, judged = wide.index.get_level_values("praktijk"), wide.to_numpy(float)
    whole, names = _agreement(judged), sorted(set(practice))
    if math.isnan(whole):
        return Estimate(reason="er zijn geen twee beoordelaars van dezelfde praktijk")
    left_out = np.array([_agreement(judged[practice != name]) for name in names])
    known = left_out[~np.isnan(left_out)]
    if len(known) < 3:
        return Estimate(whole)
    se = math.sqrt((len(known) - 1) / len(known) * float(((known - known.mean()) ** 2).sum()))
    return Estimate(whole, whole - Z * se, min(1.0, whole + Z * se), se)


def _agreement(judged: Array) -> float:
    """Kappa averaged over the pairs of raters (columns) of 0/1 judgements (rows; missing where there is none)."""
    found = []
    for i, one in enumerate(judged.T):
        for other in judged.T[i + 1 :]:
            both = ~np.isnan(one) & ~np.isnan(other)
            if not both.any():
                continue
            p, q = one[both].mean(), other[both].mean()
            chance = p * q + (1 - p) * (1 - q)
            if chance < 1:
                found.append((float((one[both] == other[both]).mean()) - chance) / (1 - chance))
    return float(np.mean(found)) if found else NAN


def award(applications: pd.DataFrame, budget: float) -> pd.DataFrame:
    """Award the budget of the 40+ wijken: by score, in the order of priority, until the money is gone.

    Five criteria (letter Van der Laan 2009): cumulation of problems, effective and efficient, involvement, co-financing,
    integral. In the first tranche the G31 without an aandachtswijk go before those with one; in the second the gemeenten
    outside the G31 go first (motion 30995, nr. 52). An application that does not fit in what is left is passed over.

    Parameters
    ----------
    applications : DataFrame
        One tranche: tranche, the five ``CRITERIA`` (1 to 10, equal weight), bedrag (mln EUR), g31, krachtwijk (0 or 1).
    budget : float
        mln EUR.

    Returns
    -------
    DataFrame
        The same rows in order, with score (mean of the criteria), tier (1 goes first), rank, awarded (bool), left (mln EUR).
    """
    score = applications[list(CRITERIA)].mean(axis=1)
    g31, krachtwijk = applications["g31"] == 1, applications["krachtwijk"] == 1
    first = np.where(g31, np.where(krachtwijk, 2, 1), 3)
    second = np.where(g31, 2, 1)
    tier = np.where(applications["tranche"] == 1, first, second)
    rows = applications.assign(score=score, tier=tier)
    rows = rows.sort_values(["tier", "score"], ascending=[True, False], kind="stable")
    left, awarded, remaining = budget, [], []
    for amount in rows["bedrag"]:
        fits = amount <= left + 1e-9
        left -= amount if fits else 0.0
        awarded.append(fits)
        remaining.append(left)
    return rows.assign(rank=range(1, len(rows) + 1), awarded=awarded, left=remaining)


# ---- costs, benefits and the allocation of money -------------------------------------------------------


def annuity(first: int, last: int, rate: float, base: int) -> float:
    """Present value in `base` of 1 in each year from `first` to `last`; in `base` itself it counts whole."""
    return float(sum((1 + rate) ** -(year - base) for year in range(first, last + 1)))


def net_present_value(posts: pd.DataFrame, effects: pd.DataFrame, rate: float, base: int) -> pd.DataFrame:
    """Net present value by stakeholder, over draws of the effects: NPV = sum over years of (B - C) / (1 + r)^t.

    Parameters
    ----------
    posts : DataFrame
        Columns partij, indicator (empty for a fixed amount), bedrag (EUR a year; with an indicator: EUR a year per unit of
        effect on it), eerste_jaar, laatste_jaar. Costs are negative.
    effects : DataFrame
        One row a draw, one column an indicator: the effect in the unit of the outcome. A single row gives the point value.
    rate : float
        Discount rate a year, 0.055 for 5.5%.
    base : int
        Year of which the money is.

    Returns
    -------
    DataFrame
        One row a draw, one column a stakeholder, and totaal; EUR.
    """
    values: dict[str, Any] = {}
    for post in posts.itertuples():
        worth = annuity(int(post.eerste_jaar), int(post.laatste_jaar), rate, base) * float(post.bedrag)
        size = effects[post.indicator].to_numpy(float) if post.indicator else np.ones(len(effects))
        values[post.partij] = values.get(post.partij, 0.0) + worth * size
    result = pd.DataFrame(values, index=effects.index)
    return result.assign(totaal=result.sum(axis=1))


def bond(principal: float, rate: float, years: int, lower: float, upper: float, direction: int) -> float:
    """Pay-out of a social bond: principal back, with interest only when the effect is shown.

    Parameters
    ----------
    principal : float
        EUR.
    rate : float
        Interest a year on success.
    years : int
        Until pay-out.
    lower, upper : float
        95% interval of the effect on the outcome the bond is about.
    direction : int
        1 when more of the outcome is better, -1 when less is.

    Returns
    -------
    float
        EUR. The principal alone when the interval holds 0 or the effect is for the worse.
    """
    shown = lower > 0 if direction > 0 else upper < 0
    return principal * (1 + rate) ** years if shown else principal


def attenuation(
    need: Array, units: Array, owner: NDArray[np.int64], noise: float, draws: int = 200, seed: int = 2007
) -> pd.DataFrame:
    """Show by simulation what a regression of change on investment finds when nobody knows where the money went.

    De baat op straat (Atlas and SEO 2009) divided the spending of each housing association over areas in proportion to
    its dwellings, and as a check over its worst areas. Here the money truly goes one way, with an effect that a study
    that knew where it went would find in nine of ten cases, and is attributed another way. Money spread evenly on paper
    and unevenly in fact is an error of Berkson's kind (1950): on average right, but blind; the reverse attenuates.

    Parameters
    ----------
    need : array, shape (areas,)
        How bad an area is; higher gets more when money is targeted. Also controlled for, as a study would.
    units : array, shape (areas,)
        Dwellings of the association in the area.
    owner : array of int, shape (areas,)
        Which association has them.
    noise : float
        Standard deviation of the change apart from the investment.
    draws, seed : int

    Returns
    -------
    DataFrame
        Columns true, attributed ("naar rato", "gericht", "exact"), ratio (mean estimate over the true effect), lower, upper
        (2.5 and 97.5% of the draws, over the true effect), found (share of the draws with p < 0.05 and the right sign).
        Regression with standard errors that allow for unequal variances (HC1).
    """
    rng = np.random.default_rng(seed)
    names, place = np.unique(owner, return_inverse=True)
    z = (need - need.mean()) / need.std()
    base = np.column_stack([np.ones(len(z)), z])
    pull = {"naar rato": np.ones(len(z)), "gericht": np.exp(1.5 * z)}

    def spent(budget: Array, weight: Array) -> Array:
        part = units * weight
        return budget[place] * part / np.bincount(place, part)[place] / units

    budgets = rng.lognormal(0.0, 0.3, (draws, len(names))) * np.bincount(place, units)
    rows = []
    for true, weight in pull.items():
        given = [spent(budget, weight) for budget in budgets]
        left = [x - base @ np.linalg.lstsq(base, x, rcond=None)[0] for x in given]
        effect = (Z + special.ndtri(0.9)) * noise * float(np.mean([1 / np.linalg.norm(x) for x in left]))
        change = [effect * x + noise * rng.standard_normal(len(z)) for x in given]
        for attributed in ("exact", *(rule for rule in pull if rule != true)):
            known = (
                given if attributed == "exact" else [spent(budget, pull[attributed]) for budget in budgets]
            )
            fits = [_slope(y, x, z) for y, x in zip(change, known, strict=True)]
            ratio = np.array([slope for slope, _ in fits]) / effect
            low, high = np.quantile(ratio, [0.025, 0.975])
            found = np.mean([sure and slope > 0 for slope, sure in fits])
            rows.append((true, attributed, float(ratio.mean()), float(low), float(high), float(found)))
    return pd.DataFrame(rows, columns=["true", "attributed", "ratio", "lower", "upper", "found"])


def _slope(y: Array, x: Array, control: Array) -> tuple[float, bool]:
    """Coefficient of x beside a constant and a control, and whether its HC1 p-value is below 0.05."""
    design = np.column_stack([np.ones(len(y)), x, control])
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    residual = (y - design @ beta)[:, None] * design
    variance = inverse @ (residual.T @ residual) @ inverse * len(y) / (len(y) - 3)
    t = beta[1] / math.sqrt(variance[1, 1])
    return float(beta[1]), bool(2 * special.stdtr(len(y) - 3, -abs(t)) < 0.05)


def large(scale: pd.DataFrame) -> pd.Series:
    """Whether a wijk is above the scale at which the Visitatiecommissie (2011) thought an approach can work.

    More than 10,000 inhabitants or more than 4,000 dwellings; columns inwoners, woningen.
    """
    return pd.Series(
        np.any([scale[name] > bound for name, bound in SCALE.items()], axis=0), scale.index, dtype=bool
    )
