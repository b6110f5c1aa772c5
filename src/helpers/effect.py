"""The effect of the programme: who is compared with whom, the estimate, its margin, and what it allows one to say.

A notebook builds the national estimate step by step: :func:`sample` gives one row an area, a regression of
statsmodels gives the estimate, :func:`clustered` the margin that few cities allow. Every other design and check was computed by
``wijkenaanpak.effects`` once for all reports on the same outcome; the functions below lay those out as DataFrames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.report import Report
from helpers.state import Stated
from wijkenaanpak import SourceError, dutch
from wijkenaanpak.effects import effects
from wijkenaanpak.effects.inference import Regression, detectable
from wijkenaanpak.programme import check_option
from wijkenaanpak.store import evaluation

NAMES = {
    "nederland": "alle andere gebieden in Nederland",
    "g18": "andere gebieden in dezelfde steden",
    "rest_stad": "andere gebieden, elk binnen de eigen stad",
    "later": "later aangewezen wijken",
    "net_niet": "even zwakke gebieden (net-niet)",
    "synthetisch": "een samengestelde groep (synthetisch)",
    "gecorrigeerd": "gebieden met evenveel achterstand vooraf (gecorrigeerd)",
    "eigen": "eigen vergelijkingsgroep",
}
IN_CITY = {
    "rest_stad": "alle andere gebieden van de stad",
    "net_niet": "even zwakke gebieden van de stad (net-niet)",
    "gecorrigeerd": "gebieden van de stad met evenveel achterstand vooraf (gecorrigeerd)",
}
NATIONAL, WITHIN = "landelijk", "binnen de stad"
SHRUNKEN = "eigen vergelijkingsgroep, naar het gemiddelde van de wijken getrokken"
VERDICTS = dutch.VERDICTS["effect_verdict"]
NUMBERS = ["estimate", "lower", "upper"]
CITY = "C(city)"  # an effect of each city, in a formula


# ---- step by step --------------------------------------------------------------------------------


def sample(
    r: Report,
    design: str = "",
    indicator: str = "",
    before: Sequence[int] = (),
    after: Sequence[int] = (),
) -> pd.DataFrame:
    """Return the areas of the national comparison, one row each; every column can be changed, every row left out.

    Parameters
    ----------
    r : Report
    design : str
        A key of ``NAMES``; by default the one that carries the verdict. It decides `weight` and, where it adjusts, the covariates.
    indicator : str
        Another outcome of the question.
    before, after : sequence of int
        Other years than those of the report.

    Returns
    -------
    DataFrame
        area, city, wijk (empty when untreated); treated (1 or 0); near (touches a treated area), candidate, in_city, donor (may be
        compared with); before and after (mean level as published); change (after minus before, on the scale of the analysis:
        log-odds of shares, logs of prices and rates, else the score itself); weight (0: not in the comparison); and what the
        design adjusts for, see :func:`covariates`. Empty when no effect can be estimated.
    """
    book = r.panel.indicators.set_index("indicator", drop=False)
    if indicator:
        check_option("indicator", indicator, book.index.tolist())
    if design:
        check_option("vergelijking", design, list(NAMES))
    outcome = book.loc[indicator] if indicator else r.panel.outcome
    s = (
        None
        if outcome is None or not r.national
        else evaluation.lay_out(r.panel.store, outcome, years=r.years)
    )
    w = None if s is None else effects.windows(s.periods, r.eind, s.years)
    if s is None or w is None or evaluation.nothing_to_compare(s, r.eind):
        columns = ["area", "city", "wijk", "treated", "near", "candidate", "in_city", "donor"]
        return pd.DataFrame(columns=[*columns, "before", "after", "change", "weight"])
    w = effects.Windows(tuple(before) or w.before, tuple(after) or w.after, w.leads)
    every = effects.designs(s, w)
    if design and design not in every:
        raise SourceError(
            f"De vergelijking {design!r} is met deze reeks niet te maken; kies {' of '.join(map(repr, every))}."
        )
    chosen = (
        every[design] if design else evaluation.main_of(effects.measurable(s, w, every)) or every["nederland"]
    )
    change = s.y @ effects.time_weights(s, w, (), chosen)
    level = {
        name: s.level[:, np.isin(s.periods, years)].mean(axis=1)
        for name, years in (("before", w.before), ("after", w.after))
    }
    data = pd.DataFrame({"area": s.area, "city": s.city, "wijk": np.where(s.treated, s.wijk, "")})
    data = data.assign(
        treated=s.treated.astype(int),
        near=s.near,
        candidate=s.left_out,
        in_city=s.urban,
        donor=s.donor,
        **level,
    )
    data["change"] = change if chosen.offset is None else change + chosen.offset
    data["weight"] = chosen.weight
    if chosen.adjust is not None:
        data[list(chosen.covariates)] = chosen.adjust
    data.attrs = {
        "scale": s.scale,
        "period": _years(w.after, "-"),
        "reference": chosen.name,
        "one": r.programme.one,
        "indicator": outcome["indicator"],
        "within": chosen.within,
    }
    return data  # fmt: skip


def compared(data: pd.DataFrame) -> pd.DataFrame:
    """Return the areas of a :func:`sample` that count in the comparison: those with a weight.

    Raises
    ------
    SourceError
        When leaving areas out left no treated area, or nothing to compare with.
    """
    chosen = data[data["weight"] > 0]
    for treated, who in ((1, data.attrs.get("one")), (0, "gebied om mee te vergelijken")):
        if data.attrs and not (chosen["treated"] == treated).any():
            raise SourceError(
                f"Er is geen {who} meer over; laat minder gebieden weg, of kies een andere vergelijking in effect.sample(r, ...)."
            )
    return chosen


def covariates(data: pd.DataFrame) -> list[str]:
    """List what the design of a :func:`sample` adjusts for; empty when it compares means.

    level_before: the outcome before, level_chosen: in the years the choice was made on, or one of each year measured earlier; deprivation_1 and on: all outcomes together, of the area and of
    those around it, in both spells (``effects.adjusted``). All in standard deviations from the mean of the treated areas. A design that compares inside
    cities has an effect of each city.
    """
    own = [c for c in data if str(c).startswith(("level_", "deprivation_"))]
    return own + [CITY] * bool(data.attrs.get("within"))


def clustered(fit: Any, data: pd.DataFrame, cluster: str = "city") -> dict[str, Any]:
    """Say how sure a regression on `treated` is with few clusters, in the unit of the outcome.

    Parameters
    ----------
    fit : statsmodels RegressionResults
        Of ``smf.wls`` or ``smf.ols`` with a regressor `treated`, on all rows of `data`.
    data : DataFrame
        Rows of :func:`sample`, with `treated`, `after` and `cluster`.
    cluster : str
        Column of the clusters.

    Returns
    -------
    dict
        estimate, lower, upper (95%: CR2 of Bell & McCaffrey 2002 with t), p, detectable (with 80% power), se and df (on the scale
        of the regression), clusters, effective (equal clusters these are worth), n (treated areas), controls; and period, reference, indicator
        and method, so that :meth:`helpers.report.Report.state` records it as it is.
    """
    if "scale" not in data.attrs:
        raise SourceError(
            "De gebieden weten hun schaal niet meer (een merge van pandas laat die weg); zet vooraf: mijn.attrs = gebieden.attrs."
        )
    scale, treated = data.attrs["scale"], data["treated"] == 1
    found = _regression(fit, data[cluster].to_numpy(str))
    level = data["after"].to_numpy(float)[treated]
    at = effects.mean_level(level, scale, found.share[treated])
    brought = [float(v) for v in effects.in_unit([found.estimate, *found.interval()], at, scale)]
    least = np.sign(found.estimate or 1) * detectable(found.se, found.df)
    return {
        **dict(zip(NUMBERS, brought, strict=True)), "p": found.p_values()["p"],
        "detectable": abs(float(effects.in_unit(least, at, scale))), "se": found.se, "df": found.df,
        "clusters": found.groups, "effective": found.effective_clusters, "n": int(treated.sum()), "controls": int((~treated).sum()),
        **{k: data.attrs[k] for k in ("period", "reference", "indicator") if k in data.attrs}, "method": NATIONAL,
    }  # fmt: skip


def _regression(fit: Any, cluster: np.ndarray) -> Regression:
    """Lay out a fit with the treatment first; effects of each city are taken out, as the evaluation does."""
    names = list(fit.model.exog_names)
    within = any(CITY in name for name in names)
    # An effect of each city takes the constant with it.
    kept = [n for n in names if n != "treated" and not (within and (CITY in n or n == "Intercept"))]
    weight = np.broadcast_to(np.asarray(fit.model.weights, float), len(cluster))
    x, weight = fit.model.exog[:, [names.index(n) for n in ("treated", *kept)]], weight / weight.mean()
    regress = effects.absorbed if within else Regression
    return regress(fit.model.endog, x, weight, cluster)


# ---- what was computed for all reports ---------------------------------------------------------------


def estimated(r: Report) -> bool:
    """Whether an effect can be estimated; ``r.effect["reason"]`` says why not."""
    return not r.effect["reason"]


def whole(r: Report) -> bool:
    """Whether the report carries the whole analysis: Nederland, with an effect that can be estimated."""
    return estimated(r) and r.national


def period(r: Report) -> str:
    """Return the years after, as they are recorded."""
    return _years(r.effect["after"], "-")


def before(r: Report) -> str:
    """Return the years before, for the reader."""
    return _years(r.effect["before"], "–\u2060")


def span(r: Report) -> str:
    """Return the years after, for the reader."""
    return _years(r.effect["after"], "–\u2060")


def _years(years: Sequence[int], to: str) -> str:
    return str(years[0]) if years[0] == years[-1] else f"{years[0]}{to}{years[-1]}"


def table(r: Report, name: str, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Return a table of the evaluation as a DataFrame; empty, with `columns`, when there is none."""
    rows = [dict(row) for row in r.effect.get(name) or ()]
    return pd.DataFrame(rows, columns=None if rows else list(columns))


def _about(r: Report, data: pd.DataFrame) -> pd.DataFrame:
    """Add what results.csv says of an estimate: outcome, method and comparison group."""
    return data.assign(
        indicator=r.effect.get("indicator", ""), method=NATIONAL, reference=data["design"], name=data["design"].map(NAMES)
    )  # fmt: skip


def designs(r: Report) -> pd.DataFrame:
    """Return the estimate against every comparison group (Nederland only).

    Returns
    -------
    DataFrame
        Columns design, name, main (bool), reference, period, method, indicator, n; estimate, lower, upper; p, cr1, cr3, wild (p-values);
        detectable, controls, clusters; weaker (how much weaker the group was before, in standard deviations; below zero it was better off).
    """
    columns = ["design", "name", "main", "reference", "period", "method", "indicator", "n", *NUMBERS, "p", "wild", "detectable", "controls", "clusters", "weaker"]  # fmt: skip
    if not whole(r):
        return pd.DataFrame(columns=columns)
    data = _about(r, table(r, "designs"))
    balance = table(r, "balance").drop_duplicates("design").set_index("design")["difference"]
    worse = -int(r.panel.outcome["direction"])
    return data.assign(
        main=data["design"] == r.effect["main"], period=period(r), n=data["treated"], weaker=-worse * data["design"].map(balance)
    )  # fmt: skip


def within(r: Report) -> pd.DataFrame:
    """Return the estimates inside the one city that the series are about, in reports on that city and its wijken.

    Returns
    -------
    DataFrame
        One row an outcome and comparison group, the main one of the main outcome first: label, indicator, unit, design, name, main (bool), reference,
        method, period, n; estimate, lower, upper; p (clusters), chance (permutation), detectable, controls; units (of chance) and
        unit_of ("wijk" or "gebied"), leads (years measured earlier). Empty where cities can be compared.
    """
    rows = [
        {
            **{k: o[k] for k in ("indicator", "label", "unit", "units", "leads")}, **d, "unit_of": o["unit_of"],
            "main": d["design"] == o["main"], "period": _years(o["after"], "-"), "before": o["before"][-1],
        }
        for o in (r.effect.get("within", ()) if r.effect.get("city") == r.city else ())
        for d in sorted(o["designs"], key=lambda d: d["design"] != o["main"])
    ]  # fmt: skip
    data = pd.DataFrame(rows)
    if not len(data):
        return data
    return data.assign(
        reference=data["design"], method=WITHIN, n=data["treated"], name=data["design"].map(IN_CITY)
    )


def main_design(r: Report) -> Mapping[str, Any]:
    """Return the national estimate that carries the verdict."""
    return next(d for d in r.effect["designs"] if d["design"] == r.effect["main"])


def own_control(r: Report) -> Mapping[str, Any] | None:
    """Return the synthetic control of the report's own wijk or city; None for Nederland or without areas."""
    rows = r.effect["wijken" if "/" in r.gebied else "cities"]
    return next((row for row in rows if row["wijk"] == r.gebied), None)


def control_method(own: Mapping[str, Any]) -> str:
    """Say how the estimate of one wijk or city was made, as it is recorded."""
    return f"eigen vergelijkingsgroep, {own['placebos']} schijnwijken"


def path(r: Report) -> pd.DataFrame:
    """Return the effect by year in the main design (Nederland only): design, name, period, estimate, lower, upper, and what is recorded."""
    columns = ["design", "name", "period", "reference", "method", "indicator", *NUMBERS]
    if not whole(r):
        return pd.DataFrame(columns=columns)
    return _about(r, table(r, "event").assign(design=r.effect["main"]))[columns]


def own_path(r: Report) -> pd.DataFrame:
    """Return the wijk or city and its synthetic control by year.

    Returns
    -------
    DataFrame
        Columns role ("wijk", or "rest_stad" for the group), name, period, estimate; lower and upper of the group: the band of 95% of the
        placebos. Empty for Nederland.
    """
    rows = () if not estimated(r) or r.national else r.effect["paths"].get(r.gebied, ())
    wide = pd.DataFrame(
        [dict(row) for row in rows], columns=["period", "actual", "synthetic", "lower", "upper"]
    )
    group = wide.assign(role="rest_stad", name="vergelijkbare andere gebieden", estimate=wide["synthetic"])
    own = wide.assign(role="wijk", name=r.names["wijk"], estimate=wide["actual"], lower=np.nan, upper=np.nan)
    return pd.concat([group, own], ignore_index=True)[["role", "name", "period", *NUMBERS]]


def by_year(r: Report) -> pd.DataFrame:
    """Return the effect in some years against four groups (Nederland only): as :func:`path`, with `detectable` and `main`."""
    columns = ["design", "name", "period", "reference", "method", "indicator", *NUMBERS, "detectable", "main"]
    if not whole(r):
        return pd.DataFrame(columns=columns)
    data = table(r, "years")
    data = data[data["design"].isin({"nederland", "rest_stad", "net_niet", r.effect["main"]})]
    return _about(r, data).assign(main=data["design"] == r.effect["main"])[columns]


def by_outcome(r: Report) -> pd.DataFrame:
    """Return the effect on every outcome of the question, with p-values for their number (Nederland only).

    Returns
    -------
    DataFrame
        Columns label, indicator, unit, reference, method, period, n; estimate, lower, upper; p, adjusted (Benjamini & Hochberg), clusters,
        verdict ("gunstig", "ongunstig" or "niet vast te stellen", after the correction).
    """
    columns = ["label", "indicator", "unit", "reference", "method", "period", "n", *NUMBERS, "p", "adjusted", "clusters", "verdict"]  # fmt: skip
    data = table(r, "outcomes") if whole(r) else pd.DataFrame()
    if len(data) < 2:
        return pd.DataFrame(columns=columns)
    direction = r.panel.indicators.set_index("indicator")["direction"]
    kind = np.where(data["minus"].notna(), "zonder sociale samenhang", "elke uitkomst")
    verdicts = [
        VERDICTS[sign(row, int(direction[row["indicator"]])) if row["adjusted"] <= 0.05 else 0.0]
        for _, row in data.iterrows()
    ]
    return data.assign(
        reference=data["design"], method=[f"{NATIONAL}, {k}" for k in kind], n=data["treated"], verdict=verdicts,
        period=[f"{years[0]}-{years[-1]}" for years in data["after"]],
    )[columns]  # fmt: skip


def curve(r: Report) -> pd.DataFrame:
    """Return the estimate under every defensible choice (Nederland only): design, name, before, after, list, estimate, lower, upper, certain.

    A specification curve (Simonsohn, Simmons & Nelson 2020).
    """
    columns = ["design", "before", "after", "list", *NUMBERS]
    data = table(r, "curve", columns) if whole(r) else pd.DataFrame(columns=columns)
    certain = (data["lower"] > 0) | (data["upper"] < 0)
    return data.assign(name=data["design"].map(NAMES), certain=certain)


def placebo(r: Report) -> Mapping[str, Any]:
    """Return the verdict of the programmes that never were (``effects.verdict``); empty where nothing could be drawn.

    `carries` tells whether it decides: drawn programmes that are too much alike cannot.
    """
    found = r.effect.get("placebo") if estimated(r) else None
    if not found or found["verdict"] is None:
        return {}
    return {**found["verdict"], "draws": found["draws"], "carries": found["carries"]}


def placebos(r: Report) -> pd.DataFrame:
    """Return the estimates of the drawn programmes in the main design (Nederland only): columns years (of the choice), estimate."""
    found = r.effect.get("placebo") if whole(r) else None
    parts = [
        pd.DataFrame({"years": _years(row["years"], "–"), "estimate": list(place["values"])})
        for row in (found["choices"] if found else ())
        for place in row["designs"]
        if "values" in place
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["years", "estimate"])


# ---- judging -----------------------------------------------------------------------------------------


def sign(row: Mapping[str, Any] | pd.Series, direction: int) -> float:
    """-1 for a change for the better, 1 for the worse, 0 when the margin holds both."""
    if row["lower"] <= 0 <= row["upper"]:
        return 0.0
    return -float(np.sign(row["estimate"]) * direction)


def alike(leads: Mapping[str, float]) -> bool:
    """Whether no difference was found in how treated and others moved before: jointly, nor as a trend, at 5% each.

    The joint test of some years sees little with few cities, the trend more of what matters most.
    """
    return min(leads["p"], leads["slope_p"]) >= 0.05


def judged(r: Report) -> float:
    """Judge the effect: -1 favourable, 1 unfavourable, 0 undecided, missing when it cannot be estimated.

    Of Nederland the main design decides among programmes that never were (:func:`placebo`). Where those cannot carry it, its own
    margin does, and only when treated and others moved alike before (:func:`alike`) and the matched areas point the
    same way. Of a wijk or city its own synthetic control decides; of a city whose series
    are about no other, the comparison inside it.
    """
    if not estimated(r):
        inside = within(r)
        if not len(inside) or "/" in r.gebied:
            return np.nan
        return sign(inside.iloc[0], int(_direction(r, inside.iloc[0]["indicator"])))
    direction = int(r.panel.outcome["direction"])
    if not r.national:
        own = own_control(r)
        return np.nan if own is None else sign(own, direction) if own["p"] <= 0.05 else 0.0
    drawn = placebo(r)
    if drawn and drawn["carries"]:
        return -float(np.sign(drawn["less"]) * direction) if drawn["found"] else 0.0
    main = main_design(r)
    found = sign(main, direction)
    if found and r.effect["leads"] and not alike(r.effect["leads"]):
        return 0.0
    same = [d["estimate"] * main["estimate"] > 0 for d in r.effect["designs"] if d["design"] == "net_niet"]
    return found if all(same) else 0.0


def _direction(r: Report, indicator: str) -> int:
    return int(r.panel.indicators.set_index("indicator").at[indicator, "direction"])


def state(r: Report) -> dict[str, Stated]:
    """State the effect: every number that the sentences about it use.

    Returns
    -------
    dict of str to Stated
        verdict always; inside one city within and detectable; with an estimate main, detectable and every design by its name (a wijk or city: only the main one). For Nederland
        also p and bound (half of the gap at the start), and with programmes that never were weak, less and placebo_p; for a wijk or city own, own_p and shrunken, where there is one.
    """
    if not estimated(r):
        inside = within(r).head(1)
        period_of = inside["period"].iloc[0] if len(inside) else f"{r.start}-{r.eind}"
        verdict = r.state("effect_verdict", judged(r), period=period_of)
        if not len(inside):
            return {"verdict": verdict}
        main = inside.iloc[0]
        least = main.drop(list(NUMBERS)).to_dict() | {"estimate": main["detectable"]}
        return {
            "verdict": verdict,
            "within": r.state("effect", main),
            "detectable": r.state("effect_detectable", least),
        }
    about: dict[str, Any] = {"period": period(r), "indicator": r.effect["indicator"]}
    found: dict[str, Stated] = {}
    for row in r.effect["designs"]:
        name = row["design"]
        if r.national or name == r.effect["main"]:
            which = {**about, "reference": name, "method": NATIONAL}
            found[name] = r.state("effect", tuple(row[k] for k in NUMBERS), n=row["treated"], **which)
            found[f"detectable {name}"] = r.state("effect_detectable", row["detectable"], **which)
    found["main"], found["detectable"] = (found[f"{k}{r.effect['main']}"] for k in ("", "detectable "))
    found |= _state_national(r, about) if r.national else _state_own(r, about)
    found["verdict"] = r.state("effect_verdict", judged(r), period=about["period"])
    return found


def _state_national(r: Report, about: dict[str, Any]) -> dict[str, Stated]:
    main, drawn = main_design(r), placebo(r)
    which = {
        **about,
        "reference": main["design"],
        "method": "programma's die er nooit waren",
        "n": drawn.get("draws", np.nan),
    }
    more = {}
    if drawn:
        more = {
            "weak": r.state(
                "effect_weak", (drawn["mean"], drawn["mean_lower"], drawn["mean_upper"]), **which
            ),
            "less": r.state("effect_less", (drawn["less"], drawn["lower"], drawn["upper"]), **which),
            "placebo_p": r.state("effect_placebo_p", drawn["p"], **which),
        }
    return more | {
        "p": r.state(
            "effect_p", main["p"], reference=main["design"], method="CR2", n=main["treated"], **about
        ),
        "bound": r.state("effect_bound", r.effect["sesoi"], reference="rest_stad", method=NATIONAL, **about),
    }


def _state_own(r: Report, about: dict[str, Any]) -> dict[str, Stated]:
    own = own_control(r)
    if own is None:
        return {}
    which = {**about, "reference": "eigen", "method": control_method(own), "n": own["n"]}
    found = {
        "own": r.state("effect", tuple(own[k] for k in NUMBERS), **which),
        "own_p": r.state("effect_p", own["p"], **which),
    }
    if "shrunken" in own:
        drawn = (own["shrunken"], own["shrunken_lower"], own["shrunken_upper"])
        found["shrunken"] = r.state("effect", drawn, **{**which, "method": SHRUNKEN})
    return found


def criteria(r: Report) -> dict[str, list[tuple[str, bool]]]:
    """Ask four questions of each criterion of the Wetenschappelijke Commissie Wijkenaanpak (design, execution, policy yield).

    A text says what is wanting when the answer is no (Voortgangsrapportage 2010); the report's own diagnostics answer.
    """
    e, there = r.effect, estimated(r)
    leads = e["leads"] if there else {}
    direction = int(r.panel.outcome["direction"]) if there else 0
    main: Mapping[str, Any] = main_design(r) if there else {}
    sides = {main[p] < 0.05 for p in ("cr1", "cr3", "wild")} if there else set()
    signs = {sign(d, direction) for d in e["designs"]} if there else set()
    found = judged(r) if there else 0.0
    window = r.window is not None
    return {
        "opzet": [
            ("een vergelijking met gebieden zonder aanpak", there),
            ("twee metingen van vóór de start", there and len(e["before"]) + len(e["leads_years"]) >= 2),
            ("een toets die vooraf geen verschil in ontwikkeling vond", bool(leads) and alike(leads)),
            ("de officiële lijst van postcodegebieden", not r.panel.meta["list"].startswith(r.programme.source)),
        ],
        "uitvoering": [
            ("de hoofduitkomst van de vraag", window and bool(r.indicator["primary"])),
            ("een reeks voor elke wijk", window and len(r.wijken) == len(r.panel.wijken)),
            ("een meting die onderweg niet veranderde", window and (r.simulated or not r.breaks(r.indicator["indicator"]))),
            ("hetzelfde oordeel bij elke berekening van de marge", there and len(sides) == 1),
        ],
        "beleidsrendement": [
            ("een uitspraak: een effect, of uitgesloten dat de helft van de achterstand erdoor verdween",
             there and (bool(found) or e["equivalence"] < 0.05)),
            ("de kracht om de helft van de achterstand te zien", there and main["detectable"] <= e["sesoi"]),
            ("hetzelfde oordeel met elke vergelijking", len(signs) == 1),
            (
                "het onderscheid tussen bewoners die vooruitgaan en bewoners die verhuizen",
                r.vraag == "wonen" and r.panel.form("stromen") is not None,
            ),
        ],
    }  # fmt: skip
