"""The descriptive measures of a report, each as a tidy DataFrame with `estimate`, `lower` and `upper` (95%).

Every function takes a :class:`helpers.report.Report` and returns a new DataFrame, empty without a series; the columns carry
the names of results.csv where they mean the same, so that :meth:`helpers.report.Report.state` records them as they are.
How each is computed stands in ``wijkenaanpak.measures.monitor``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from helpers import effect
from helpers.report import REFERENTIES, Report, once
from wijkenaanpak import RAW
from wijkenaanpak.claims import tested as statements
from wijkenaanpak.effects.inference import holm
from wijkenaanpak.instruments.selection import reliability, selection_score
from wijkenaanpak.measures import monitor
from wijkenaanpak.sources.areas import TREATED, UNTREATED, WITH_CANDIDATES, WITH_LIKELY, is_candidate
from wijkenaanpak.store import panel

NUMBERS = ["estimate", "lower", "upper"]
POSSIBLE = {"%": (0.0, 100.0), "per 1.000": (0.0, np.inf)}  # what a level can be, by unit


def with_margin(series: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Rename the value of a series (period, value, se, n) to `estimate`, and add its 95% margin, inside what `unit` can be."""
    half, (least, most) = monitor.Z * series["se"], POSSIBLE.get(unit, (-np.inf, np.inf))
    return series.rename(columns={"value": "estimate"}).assign(
        lower=(series["value"] - half).clip(lower=least), upper=(series["value"] + half).clip(upper=most)
    )


@once
def levels(r: Report) -> pd.DataFrame:
    """Return the level of the wijk and its four references by year.

    Returns
    -------
    DataFrame
        Columns role, name, reference (empty for the wijk), period, estimate, lower, upper, n, method.
    """
    parts = [
        with_margin(r.series(role=role), r.unit).assign(role=role, name=r.names[role])
        for role in (r.roles if r.window else ())
    ]
    columns = ["role", "name", "period", *NUMBERS, "n"]
    found = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return found.assign(reference=found["role"].where(found["role"] != "wijk", ""), method="gemeten")


@once
def gaps(r: Report) -> pd.DataFrame:
    """Return the gap to each of the four references by year; above zero the wijk is behind.

    Returns
    -------
    DataFrame
        Columns reference, name, period, estimate, lower, upper, and index, index_lower, index_upper (missing for scores).
    """
    parts = [
        r.gap(role).drop(columns="reference").reset_index().assign(reference=role, name=r.names[role])
        for role in (REFERENTIES if r.window else ())
    ]
    columns = ["reference", "name", "period", "gap", "lower", "upper", "index", "index_lower", "index_upper"]
    found = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return found.rename(columns={"gap": "estimate"})


def part(data: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return another number of each row as `estimate`, `lower` and `upper`: its columns `name`, `name_lower`, `name_upper`."""
    bounds = {end: data.get(f"{name}_{end}", np.nan) for end in ("lower", "upper")}
    return data.drop(columns=[c for c in NUMBERS if c in data]).assign(estimate=data[name], **bounds)


@once
def changes(r: Report) -> pd.DataFrame:
    """Return the change of the gap between first and last year against each reference, taken apart.

    Returns
    -------
    DataFrame
        Indexed by reference. Columns reference, name, period, first_year, last_year; first, last (gaps) with their margins; estimate, lower, upper (change), verdict,
        why; own, other with their margins (what the wijk and the reference contributed); closed with its margin (%) and
        closed_why.
    """
    rows = []
    for role in REFERENTIES if r.window else ():
        gap, (t0, t1) = r.gap(role), r.window
        if not {t0, t1} <= set(gap.index):
            continue
        first, last = gap.loc[t0], gap.loc[t1]
        change, times = r.change(role), r.widening(role, t1, "change")
        half = (first["high"] - first["low"]) / 2
        se = times * r.gap(role, shared=False)["se"]
        closed = monitor.gap_closed(first["gap"], last["gap"], se[t0], se[t1], half)
        direction, scale = int(r.indicator["direction"]), r.indicator["scale"]
        apart = monitor.decompose(r.series(), r.series(role=role), t0, t1, direction, scale)
        apart = apart.assign(
            **{
                end: apart["estimate"] + times * (apart[end] - apart["estimate"])
                for end in ("lower", "upper")
            }
        )
        rows.append(
            {"reference": role, "name": r.names[role], "period": r.period, "first_year": t0, "last_year": t1}
            | named("first", tuple(first[["gap", "lower", "upper"]]))
            | named("last", tuple(last[["gap", "lower", "upper"]]))
            | named("", change.numbers)
            | {"verdict": change.verdict, "why": change.reason}
            | named("own", tuple(apart[NUMBERS].iloc[0]))
            | named("other", tuple(apart[NUMBERS].iloc[1]))
            | named("closed", closed.percent)
            | {"closed_why": closed.reason}
        )  # fmt: skip
    columns = ["reference", "name", "period", "first_year", "last_year", *named("first"), *named("last")]
    columns += [
        *NUMBERS,
        "verdict",
        "why",
        *named("own", ()),
        *named("other", ()),
        *named("closed", ()),
        "closed_why",
    ]
    return pd.DataFrame(rows, columns=columns).set_index("reference", drop=False).rename_axis(None)


def named(name: str, numbers: tuple[float, ...] = ()) -> dict[str, Any]:
    """Name an estimate and its margin: `name`, `name_lower`, `name_upper`; without a name as results.csv does."""
    keys = NUMBERS if not name else [name, f"{name}_lower", f"{name}_upper"]
    return dict(zip(keys, numbers or (np.nan,) * 3, strict=True))


@once
def wijken(r: Report, references: tuple[str, ...] = REFERENTIES) -> pd.DataFrame:
    """Return the change of the gap of each wijk inside the area.

    With "stad" and "rest_stad" every wijk is compared with its own city.

    Returns
    -------
    DataFrame
        Columns reference, area, name, gemeente, period, method, estimate, lower, upper, verdict, first, first_se, last,
        last_se (gap in the first and the last year); empty for a report about one wijk.
    """
    columns = ["reference", "area", "name", "gemeente", "period", "method", *NUMBERS, "verdict", "first", "first_se", "last", "last_se"]  # fmt: skip
    rows = []
    for area in r.panel.wijken if r.window and "/" not in r.gebied else ():
        city, _, wijk = area.partition("/")
        about = (area, f"{wijk} ({city})" if r.national else wijk, city, r.period, f"wijk {area}")
        for role in references:
            gap = r.gap_of(r.indicator, area, panel.references(area)[role], role != "rest_stad")
            if set(r.window) <= set(gap.dropna(subset="gap").index):
                change = monitor.change(gap, *r.window)
                ends = (gap.at[t, c] for t in r.window for c in ("gap", "se"))
                rows.append((role, *about, *change.numbers, change.verdict, *ends))
    return pd.DataFrame(rows, columns=columns)


def catching_up(r: Report, of: pd.DataFrame) -> pd.DataFrame:
    """Count the wijken that caught up, test that against chance, and average their change, for each reference.

    Parameters
    ----------
    r : Report
    of : DataFrame
        See :func:`wijken`.

    Returns
    -------
    DataFrame
        Indexed by reference. Columns reference, name, period, cities; k of n wijken caught up, ties; share (Wilson) with its margin,
        p (sign test, two-sided), detectable_share; estimate, lower, upper (mean change, clustered by city), clusters, effective,
        detectable and method (with fewer than three cities the mean has no method, and is not recorded).
    """
    rows = []
    for role, group in of.groupby("reference", sort=False):
        if len(group) < 2:
            continue
        cities = group["gemeente"].nunique()
        up = monitor.catching_up(group["estimate"])
        mean = monitor.mean_change(group["estimate"], group["gemeente"])
        rows.append(
            {"reference": role, "name": r.names[str(role)], "period": r.period, "cities": cities, "k": up.k, "n": up.n}
            | {"ties": up.ties, **named("share", up.numbers), "p": up.p_half, "detectable_share": up.detectable}
            | named("", mean.numbers)
            | {"wijken": mean.n, "clusters": mean.clusters, "effective": mean.effective_clusters, "detectable": mean.detectable}
            | {"method": f"gemiddelde over wijken, CR1 per stad ({cities} steden)"}
        )  # fmt: skip
    columns = [
        "reference",
        "name",
        "period",
        "cities",
        "k",
        "n",
        "ties",
        *named("share"),
        "p",
        "detectable_share",
        *NUMBERS,
    ]
    columns += ["wijken", "clusters", "effective", "detectable", "method"]
    return pd.DataFrame(rows, columns=columns).set_index("reference", drop=False).rename_axis(None)


def convergence(r: Report, of: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the spread between wijken in the first and last year, and the change of their gap per point of first gap.

    Both are empty with fewer than eight wijken or three cities.

    Returns
    -------
    (DataFrame, DataFrame)
        Columns period, estimate, lower, upper, n, method (standard deviations); and estimate, lower, upper, n, method (slopes: as
        measured, and freed from measurement error).
    """
    of = of[of["reference"] == r.referentie]
    columns = ["period", *NUMBERS, "n", "method"]
    if len(of) < 8 or of["gemeente"].nunique() < 3:
        return pd.DataFrame(columns=columns), pd.DataFrame(columns=columns)
    wide = pd.DataFrame({a: r.series(role=a).set_index("period")["value"] for a in of["area"]}).T
    if r.indicator["scale"] == "log":
        wide = 100 * wide / wide.mean()  # per cent of the mean, as the gap is per cent of the reference
    sigma = monitor.sigma_convergence(wide[list(r.window)]).rename(columns={"sd": "estimate"})
    sigma = sigma.rename_axis("period").reset_index().assign(method="standaardafwijking")
    beta = monitor.beta_convergence(of["first"], of["estimate"], of["first_se"], of["gemeente"])
    slopes = pd.DataFrame([beta.numbers, beta.corrected.numbers], columns=NUMBERS)
    methods = ["OLS, CR1 per stad", "gecorrigeerd voor meetfouten"]
    slopes = slopes.assign(n=beta.n, method=methods, period=r.period)
    return sigma[columns], slopes[columns]


@once
def outcomes(r: Report) -> pd.DataFrame:
    """Return each outcome of the question against the G18, in its own first and last year.

    Returns
    -------
    DataFrame
        Columns indicator, label, unit (of the gap), change_unit, period, first_year, last_year; first_gap, last_gap and first, last (index with
        G18 = 1, above 1 is worse), each with its margin; estimate, lower, upper (change of the gap), verdict, reference.
    """
    rows = []
    for _, row in r.panel.indicators.iterrows():
        window = r.window_of(row["indicator"])
        if row["direction"] == 0 or window is None:
            continue
        main = row["indicator"] == r.indicator["indicator"]
        gap = r.gap("g18") if main else r.gap_of(row, r.roles["wijk"], r.roles["g18"], True)
        gap = gap.dropna(subset="gap")
        if not set(window) <= set(gap.index):
            continue
        change = r.change("g18") if main else monitor.change(gap, *window)
        about = {"indicator": row["indicator"], "label": row["label"], "unit": monitor.gap_unit(row)}
        about |= {"change_unit": monitor.change_unit(row)}
        about |= {"period": "-".join(map(str, window)), "first_year": window[0], "last_year": window[1]}
        for when, year in zip(("first", "last"), window, strict=True):
            values = gap.loc[year]
            about |= named(f"{when}_gap", tuple(values[["gap", "lower", "upper"]]))
            about |= named(when, tuple(values[["index", "index_lower", "index_upper"]]))
        rows.append(about | named("", change.numbers) | {"verdict": change.verdict, "reference": "g18"})
    columns = ["indicator", "label", "unit", "change_unit", "period", "first_year", "last_year"]
    columns += [c for when in ("first", "last") for c in (*named(f"{when}_gap"), *named(when))]
    return pd.DataFrame(rows, columns=[*columns, *NUMBERS, "verdict", "reference"])


def context(r: Report) -> pd.DataFrame:
    """Return the level of what has no good or bad direction, of wijk and chosen reference, in first and last year; see :func:`beside`."""
    rows = []
    for _, row in r.panel.indicators[r.panel.indicators["direction"] == 0].iterrows():
        window = r.window_of(row["indicator"])
        rows += [(row, year) for year in window or ()]
    return beside(r, rows)


def snapshot(r: Report) -> pd.DataFrame:
    """Return the last common measurement of what was measured too seldom for a change; see :func:`beside`."""
    book = r.panel.indicators.set_index("indicator", drop=False)
    return beside(r, [(book.loc[name], year) for name, year in r.measured_once()])


def beside(r: Report, what: list[tuple[pd.Series, int]]) -> pd.DataFrame:
    """Return the level of indicators (codebook rows) in given years, of the wijk beside the chosen reference.

    Returns
    -------
    DataFrame
        Columns indicator, label, unit, role, name, reference, period, method, estimate, lower, upper.
    """
    rows = []
    for row, year in what:
        for role in ("wijk", r.referentie):
            values = with_margin(r.series(row["indicator"], role), row["unit"]).set_index("period").loc[year]
            about = (row["indicator"], row["label"], row["unit"], role, r.names[role])
            rows.append((*about, "" if role == "wijk" else role, year, "gemeten", *values[NUMBERS]))
    columns = ["indicator", "label", "unit", "role", "name", "reference", "period", "method", *NUMBERS]
    return pd.DataFrame(rows, columns=columns)


def counts(r: Report) -> pd.DataFrame:
    """Return denominator and number of cases behind a share, of the area and its wijken, in the last year.

    Returns
    -------
    DataFrame
        Columns name, method, period, n (people), cases, estimate, lower, upper (%); empty when the outcome is no share.
    """
    rows = []
    shares = r.window is not None and r.unit == "%"
    for area in dict.fromkeys([r.roles["wijk"], *r.panel.wijken]) if shares else ():
        year = r.window[1]
        last = with_margin(r.series(role=area), r.unit).set_index("period").reindex([year]).iloc[0]
        if last["n"] > 0:
            own = area == r.roles["wijk"]
            name, method = (r.names["wijk"], "gemeten") if own else (area, f"wijk {area}")
            cases = round(last["n"] * last["estimate"] / 100)
            rows.append((name, method, year, int(last["n"]), cases, *last[NUMBERS]))
    return pd.DataFrame(rows, columns=["name", "method", "period", "n", "cases", *NUMBERS])


def lists(r: Report) -> pd.DataFrame:
    """Compare the country's result on the certain list with that including candidates.

    Returns
    -------
    DataFrame
        Columns name, reference, period, method, estimate, lower, upper (mean level), n (PC4 or denominators).
    """
    names = {
        TREATED: f"{r.programme.wijken}, vastgesteld",
        WITH_LIKELY: f"{r.programme.wijken}, met kandidaten S en A",
        WITH_CANDIDATES: f"{r.programme.wijken}, met alle kandidaten",
        UNTREATED: "alle andere gebieden dan de vastgestelde",
    }
    candidates = is_candidate(r.panel.treated["zekerheid"]).any()
    parts = []
    for area, name in names.items() if r.window and candidates and r.national else ():
        series = with_margin(r.series(role=area), r.unit).set_index("period", drop=False)
        if set(r.window) <= set(series.index):
            parts.append(series.loc[list(r.window)].assign(name=name, reference=name, method="gemeten"))
    columns = ["name", "reference", "period", "method", *NUMBERS, "n"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


@once
def list_gaps(r: Report) -> pd.DataFrame:
    """Compare the change of the gap to the rest of the own city on the established list, with the candidates, and of those alone.

    Returns
    -------
    DataFrame
        Columns name, reference, method, period, n (weight: PC4 or denominators), first, last; estimate, lower, upper (change); verdict. Empty
        when the list has no candidates, as the official one has none.
    """
    names = dict(zip(panel.REST_OF, ("vastgesteld", "met kandidaten", "alleen kandidaten"), strict=True))
    candidates = is_candidate(r.panel.treated["zekerheid"]).any()
    rows = []
    first, last = r.window or (0, 0)
    for area, name in names.items() if r.window and candidates and r.national else ():
        gap = r.gap_of(r.indicator, area, panel.REST_OF[area], False)
        if not set(r.window) <= set(gap.index):
            continue
        # What areas share is counted on the established list; on the others it is taken to be as much.
        change = monitor.change(gap, first, last, r.widening("rest_stad", last, "change"))
        weight = r.series(role=area).set_index("period").loc[r.window[-1], "n"]
        about = {
            "name": name,
            "reference": "rest_stad",
            "method": f"lijst: {name}",
            "period": r.period,
            "n": weight,
        }
        ends = {k: gap.loc[year, "gap"] for k, year in zip(("first", "last"), r.window, strict=True)}
        rows.append({**about, **ends, **named("", change.numbers), "verdict": change.verdict})
    return pd.DataFrame(rows)


def tested(r: Report) -> pd.DataFrame:
    """Test the statements of the report that speak of a published series, on that series.

    Returns
    -------
    DataFrame
        One row a statement and area: id, area, indicator, label, reference, method, period, unit; own and other with their margins (how far the
        area and its reference moved to or from a smaller gap), estimate, lower, upper (their sum), verdict, voorbehoud. Empty for practice data.
    """
    rows = []
    book = r.panel.indicators.set_index("indicator", drop=False)
    plan = statements.read() if not r.simulated else pd.DataFrame()
    for row in plan.itertuples():
        about = r.ledger.loc[r.ledger["id"] == row.id, "gebied"]
        if row.indicator not in book.index or not len(about):
            continue
        indicator = book.loc[row.indicator]
        for area in about.iloc[0].split("; "):
            role = "stad" if row.toets == "beide beter" else "rest_stad"
            roles = panel.references(area)
            wijk, other = (r.panel.get(row.indicator, roles[k]) for k in ("wijk", role))
            years = set(wijk["period"]) & set(other["period"])
            if not {row.van, row.tot} <= years:
                continue
            direction, scale = int(indicator["direction"]), indicator["scale"]
            moved = monitor.decompose(wijk, other, row.van, row.tot, direction, scale, role == "stad")
            own, rest, gap = (tuple(values) for values in moved[NUMBERS].to_numpy().tolist())
            verdict = statements.judge(row.toets, {"own": own, "other": rest, "gap": gap})
            rows.append(
                {"id": row.id, "area": area, "indicator": row.indicator, "label": indicator["label"], "reference": role}
                | {"method": f"uitspraak {row.id}: {area}", "period": f"{row.van}-{row.tot}"}
                | {"unit": monitor.gap_unit(indicator), "voorbehoud": row.voorbehoud, "verdict": verdict}
                | named("own", own) | named("other", rest) | named("", gap)
            )  # fmt: skip
    return pd.DataFrame(rows)


# ---- the target ----------------------------------------------------------------------------------


@once
def official_gap(r: Report) -> pd.DataFrame:
    """Return the gap to the city average, the official yardstick, inside the period; indexed by period.

    Empty without a start, and when there was no backlog to begin with: then there is no path to walk.
    """
    gap = r.gap("stad").loc[r.window[0] : r.window[1]].dropna(subset="gap") if r.has_start else pd.DataFrame()
    if len(gap) and gap["gap"].iloc[0] > 0:
        return gap
    return pd.DataFrame(columns=["gap", "lower", "upper"])


@once
def course(r: Report, horizons: tuple[int, ...] | None = None) -> pd.DataFrame:
    """Judge every year against the straight path to zero in so many years (``monitor.on_course``), by default those of the target.

    Returns
    -------
    DataFrame
        Columns period, horizon, method, gap with its margin, required, probability, status.
    """
    gap, horizons = official_gap(r), r.programme.horizons if horizons is None else horizons
    parts = []
    for horizon in horizons if len(gap) else ():
        found = monitor.on_course(gap, gap.index[0], horizon).assign(horizon=horizon)
        found = found.assign(gap_lower=gap["lower"], gap_upper=gap["upper"])
        parts.append(found.assign(method=f"doel in {horizon} jaar").rename_axis("period").reset_index())
    columns = ["period", "horizon", "method", *named("gap"), "required", "probability", "status"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def paths(r: Report) -> pd.DataFrame:
    """Return the gap as measured, and the straight paths from the first gap to zero.

    Returns
    -------
    DataFrame
        Columns line ("gemeten", "nodig voor gelijk in 8 jaar", ...), horizon (0 for what was measured), period, estimate, lower, upper.
    """
    gap = official_gap(r)
    columns = ["line", "horizon", "period", *NUMBERS]
    if not len(gap):
        return pd.DataFrame(columns=columns)
    measured = gap.rename(columns={"gap": "estimate"}).rename_axis("period").reset_index()
    parts = [measured.assign(line="gemeten", horizon=0)]
    for horizon in r.programme.horizons:
        years = range(gap.index[0], gap.index[0] + horizon + 1)
        path = monitor.required_path(gap["gap"].iloc[0], gap.index[0], horizon, years)
        path = path.rename("estimate").rename_axis("period").reset_index()
        parts.append(path.assign(line=f"nodig voor gelijk in {horizon} jaar", horizon=horizon))
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


def target(r: Report) -> pd.DataFrame:
    """Return the straight path of the gap to the chosen reference from the first year to zero in the longest time that the target allows.

    Returns
    -------
    DataFrame
        Columns period, estimate; empty without a backlog, or a target.
    """
    gap = r.gap(r.referentie)["gap"] if r.window else pd.Series(dtype=float)
    first = gap.get(r.window[0], np.nan) if r.window else np.nan
    if not first > 0 or not r.programme.horizons:
        return pd.DataFrame(columns=["period", "estimate"])
    horizon = r.programme.horizons[-1]
    path = monitor.required_path(first, r.window[0], horizon, range(r.window[0], r.window[0] + horizon + 1))
    return path.rename("estimate").rename_axis("period").reset_index()


@once
def projection(r: Report) -> pd.DataFrame:
    """Extend the gap to the end of the programme with what was known on the way, in three ways (``monitor.project_gap``).

    Returns
    -------
    DataFrame
        Columns scenario, period, method, estimate, lower, upper, n, p_closed, p_halved.
    """
    gap = official_gap(r)
    columns = ["scenario", "period", "method", *NUMBERS, "n", "p_closed", "p_halved"]
    if not len(gap):
        return pd.DataFrame(columns=columns)
    end, known = r.programme.years.end, r.programme.foreseen
    found = monitor.project_gap(gap, end, fit_until=min(gap.index[-1], known), t0=gap.index[0])
    found = found.dropna(subset="estimate").rename_axis("scenario").reset_index()
    method = found["scenario"] + f", metingen tot en met {known}"
    return found.assign(period=end, method=method)[columns]


# ---- what documents published ----------------------------------------------------------------------


def published() -> pd.DataFrame:
    """Return the figures that the source documents state (``data/raw/cijfers.csv``), indexed by id: value, unit, document, phrase and more."""
    return pd.read_csv(RAW / "cijfers.csv", keep_default_na=False).set_index("id")


def fact_table(name: str) -> pd.DataFrame:
    """Return a table of ``data/raw`` as it was carried over from a document, such as "aanbevelingen" or "buurten_127"."""
    return pd.read_csv(RAW / f"{name}.csv", keep_default_na=False)


# ---- what many reports tell of the whole country ---------------------------------------------------


def held_on(r: Report, rule_years: tuple[int, int, int]) -> dict[str, Any]:
    """Apply the rule of the 127 buurten (weak, improved, held on) to this report's own series; empty without three measurements per PC4.

    Parameters
    ----------
    r : Report
    rule_years : (int, int, int)
        When each condition counts; the first three measurements where not all of these are there.

    Returns
    -------
    dict
        years (three), until (last year that counts); groups: DataFrame name, reference, period, method, n, weak, improved, held (counts), estimate,
        lower, upper (%: share of the improved that held on, Wilson); later: Estimate, the development afterwards of those that held on
        minus that of those that fell back, of all areas; later_n.
    """
    outcome = r.panel.outcome
    if r.window is None or outcome is None or outcome["indicator"] != r.indicator["indicator"]:
        return {}
    measured = r.series(outcome["indicator"], "Nederland")["period"].tolist()
    years = [y for y in rule_years if y in measured]
    years = years if len(years) == 3 else measured[:3]
    until = max((y for y in measured if y <= r.eind), default=0)
    if len(years) < 3 or until <= years[-1]:
        return {}

    def compute() -> dict[str, Any]:
        wide = {
            y: r.panel.pc4(outcome["indicator"], y, True).set_index("area")["value"]
            for y in dict.fromkeys([*years, until])
        }
        rule = monitor.held_on(pd.DataFrame({y: wide[y] for y in years}))
        later = (wide[until] - wide[years[-1]]).reindex(rule.index)
        return {"areas": rule.assign(later=later).reset_index().to_dict("list")}

    of_all = r.panel.kept(f"volhouders/{outcome['indicator']}-{until}", __name__, [years], compute)
    found = pd.DataFrame(of_all["areas"]).set_index("area")
    later = found.pop("later")
    listed = r.panel.treated
    which = ~is_candidate(listed["zekerheid"]) if r.national else listed["wijk"].isin(r.panel.wijken)
    own = found.index.isin(listed.loc[which, "pc4"])
    rows = []
    for name, mask in {r.names["wijk"]: own, "alle andere gebieden in Nederland": ~own}.items():
        weak, n, k = (int(v) for v in found[mask].sum())
        rows.append(
            (name, name, "-".join(map(str, years)), "Wilson", n, weak, n, k, *monitor.wilson(k, n).percent)
        )
    columns = ["name", "reference", "period", "method", "n", "weak", "improved", "held", *NUMBERS]
    improved, held = found["improved"], found["held"]
    difference = monitor.difference(later[improved & held].dropna(), later[improved & ~held].dropna())
    groups = pd.DataFrame(rows, columns=columns)
    return {
        "years": years,
        "until": until,
        "groups": groups,
        "later": difference,
        "later_n": int(improved.sum()),
    }


def spread_between_areas(r: Report, year: int) -> float:
    """Return the standard deviation of the main outcome between the postcode areas of the country; missing where they are not read."""
    outcome, indicator = r.panel.outcome, r.indicator
    if outcome is None or outcome["indicator"] != indicator["indicator"]:
        return np.nan

    def compute() -> dict[str, Any]:
        values = r.panel.pc4(indicator["indicator"], year, True)["value"].dropna()
        return {"sd": float((100 * values / values.mean() if indicator["scale"] == "log" else values).std())}

    spread = r.panel.kept(f"spreiding/{indicator['indicator']}-{year}", __name__, [], compute)["sd"]
    return spread if spread > 0 else np.nan


@once
def profile(r: Report) -> pd.DataFrame:
    """Return the main outcome of every question that has a series, of an overview.

    Returns
    -------
    DataFrame
        Indexed by question. Columns label, indicator, unit (of the gap), change_unit, reference, period, first_year, last_year; first, last (gap to the chosen reference) with
        their margins; estimate, lower, upper (its change), verdict; first_sd, last_sd with margins (gap in standard deviations between the
        postcode areas of the country in the first year); status and probability (on course to the city average in ten years), course_year.
    """
    rows = {}
    for question, part in r.parts.items():
        found = changes(part)
        if r.referentie not in found.index:
            continue
        row = found.loc[r.referentie]
        spread = spread_between_areas(part, row["first_year"])
        ends = {
            f"{when}{end}": row[f"{when}{end}"]
            for when in ("first", "last")
            for end in ("", "_lower", "_upper")
        }
        scaled = {
            k.replace("first", "first_sd").replace("last", "last_sd"): v / spread for k, v in ends.items()
        }
        kept = ["reference", "period", "first_year", "last_year", *NUMBERS, "verdict"]
        rows[question] = (
            {"label": part.label, "indicator": part.indicator["indicator"], "unit": part.gap_unit, "change_unit": part.change_unit}
            | row[kept].to_dict() | ends | scaled | _at_the_end(part)
        )  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index")


def _at_the_end(part: Report) -> dict[str, Any]:
    """Say where the gap to the city average is on the longest path of the target, and how likely on course."""
    found = course(part, part.programme.horizons[-1:])
    if len(found):
        last = found.iloc[-1]
        return {"status": last["status"], "probability": last["probability"], "course_year": last["period"]}
    reason = "geen achterstand bij de start" if part.has_start else "geen startmeting"
    reason = reason if part.programme.horizons else "geen doel in jaren"
    return {"status": reason, "probability": np.nan, "course_year": 0}


def selection(r: Report) -> dict[str, Any]:
    """Score every postcode area of the country on the indicators of the selection; empty without the form.

    Returns
    -------
    dict
        scores (DataFrame indexed by area: a column a theme, score, rank), reliability (Cronbach's alpha), indicators (number).
    """
    name = "achterstandsindicatoren"

    def compute() -> dict[str, Any]:
        form = r.panel.form(name)
        if form is None:
            return {"scores": None}
        values = form.set_axis(["area", "indicator", "theme", "direction", "value"], axis=1)
        return {
            "scores": selection_score(values).reset_index().to_dict("list"),
            "reliability": reliability(values),
            "indicators": values["indicator"].nunique(),
        }

    kept = r.panel.kept(f"selectie/{name}", __name__, [], compute)
    if kept["scores"] is None:
        return {}
    return kept | {"scores": pd.DataFrame(kept["scores"]).set_index("area")}


# Indications of the waterbed study (RIGO, 2009 and 2011), the question whose outcome they are read on, and the key of the count.
WATERBED = (
    ("1a. De buren bleven gemiddeld achter", "leefbaarheid", "beside"),
    ("1b. De meeste buren bleven achter", "leefbaarheid", "many"),
    ("1c. Ten minste één gebied bleef ver achter", "leefbaarheid", "one"),
    ("2a. Er kwamen meer mensen zonder werk", "werk", "beside"),
    ("2c. Het werd er onveiliger", "veiligheid", "beside"),
)


def effects(r: Report) -> pd.DataFrame:
    """Return the national effect on the main outcome of every question that allows one, of an overview.

    Returns
    -------
    DataFrame
        Indexed by question. Columns label, indicator, unit, direction (1 when more is better), reference (the design), method, period, n;
        estimate, lower, upper, p, adjusted (for the number of questions, Holm), detectable; judged (of the report's own area: -1
        favourable, 1 unfavourable, 0 undecided, missing without an estimate).
    """
    rows = {}
    for question, part in r.parts.items():
        if not effect.estimated(part):
            continue
        main, outcome = effect.main_design(part), part.panel.outcome
        rows[question] = (
            {"label": outcome["label"], "indicator": outcome["indicator"], "unit": part.effect_unit}
            | {"direction": int(outcome["direction"]), "reference": main["design"], "method": effect.NATIONAL}
            | {"period": effect.period(part), "n": main["treated"]}
            | {k: main[k] for k in (*NUMBERS, "p", "detectable")}
            | {"judged": effect.judged(part)}
        )
    columns = ["label", "indicator", "unit", "direction", "reference", "method", "period", "n", *NUMBERS, "p", "detectable", "judged"]  # fmt: skip
    found = pd.DataFrame(list(rows.values()), index=list(rows), columns=columns)
    return found.assign(adjusted=holm(found["p"].to_numpy(float)) if rows else np.nan)


def waterbed(r: Report) -> pd.DataFrame:
    """Count the wijken with each indication of displacement beside them, and how many there would be by chance, of an overview.

    Returns
    -------
    DataFrame
        Columns method (the indication), label, indicator, period, n (wijken), estimate (count), chance with its margin, p, wijken (those with
        the indication).
    """
    rows = []
    for name, question, key in WATERBED:
        part = r.parts[question]
        counts = part.effect["waterbed"] if effect.estimated(part) else None
        if counts:
            chance = tuple(counts[f"{key}_{end}"] for end in ("expected", "low", "high"))
            rows.append(
                {"method": name, "label": part.panel.outcome["label"], "indicator": part.panel.outcome["indicator"]}
                | {"period": effect.period(part), "n": counts["wijken"], "estimate": counts[key]}
                | named("chance", chance)
                | {"p": counts[f"{key}_p"], "wijken": counts[f"{key}_wijken"]}
            )  # fmt: skip
    columns = ["method", "label", "indicator", "period", "n", "estimate", *named("chance"), "p", "wijken"]
    return pd.DataFrame(rows, columns=columns)


def urban(r: Report) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return need at the start (high is bad), change until the end, and city of the postcode areas in the cities of the programme.

    Empty but for Nederland, and where areas do not differ.
    """
    nothing = np.empty(0), np.empty(0), np.empty(0, str)
    outcome = r.panel.outcome
    if not r.national or outcome is None or r.window is None:
        return nothing
    first, last = (
        r.panel.pc4(outcome["indicator"], y, True).dropna(subset="gemeente").set_index("area")
        for y in r.window
    )
    both = first.join(last["value"].rename("last"), how="inner")
    both = both[both["gemeente"].isin(r.cities)].dropna()
    need, change = (
        -int(outcome["direction"]) * both["value"].to_numpy(),
        (both["last"] - both["value"]).to_numpy(),
    )
    alike = not len(both) or np.ptp(need) == 0 or np.ptp(change) == 0
    return nothing if alike else (need, change, both["gemeente"].to_numpy())
