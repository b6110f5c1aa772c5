"""The effect evaluation of one outcome: every design and diagnostic, computed once for all its reports.

Reads the postcode areas of a store and calls ``effects``; ``panel`` keeps the result beside the store, so that a
report only reads it. All effects leave here in the unit of the outcome (per cent for prices), a plus being a higher outcome.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

from wijkenaanpak import RAW, programme
from wijkenaanpak.dutch import many
from wijkenaanpak.effects import diagnostics, effects, gaps, space, verdict, wijken, within
from wijkenaanpak.effects.effects import Design, Sample, Windows
from wijkenaanpak.effects.inference import Regression, detectable, equivalence, quantile_t
from wijkenaanpak.measures.monitor import effect_unit, percent
from wijkenaanpak.programme import Years
from wijkenaanpak.sources.areas import is_candidate

# The design that carries the verdict, chosen on invented countries and not on outcomes: the first that the data allow.
# The first two need years enough before.
MAIN = ("gecorrigeerd", "synthetisch", "net_niet")
TOTAL, COMPOSITION = "lbm", "lbm_soc"  # Leefbaarometer: total score and its dimension of social cohesion
NUMBERS = ("estimate", "lower", "upper")
WORKERS = min(
    os.cpu_count() or 1, 4
)  # threads for programmes that never were; the answer does not depend on it
LEAST = 10  # treated areas of a comparison of cities
SESOI = 0.5  # of the gap: half of what the charters wanted closed


def scale_of(indicator: pd.Series) -> str:
    """Return the scale on which effects on an outcome are measured; see ``effects``."""
    if indicator["unit"] == "%":
        return "logit"
    if indicator["unit"].startswith("per "):
        return "rate"
    return "log" if indicator["scale"] == "log" else "lineair"


def outcomes(store: Path, book: pd.DataFrame, eind: int, years: Years | None = None) -> list[dict[str, Any]]:
    """Estimate the main design on every outcome of the question, with p-values for their number.

    Returns
    -------
    list of dict
        indicator, label, unit, design, estimate, lower, upper, p, adjusted (Benjamini & Hochberg 1995 over
        the outcomes of the question), treated, clusters, placebo (``verdict.among_programmes``: its verdict, or None); in
        codebook order.
    """
    from statsmodels.stats.multitest import multipletests

    rows: list[dict[str, Any]] = []
    wanted: list[tuple[pd.Series, str | None]] = [
        (row, None) for _, row in book[book["direction"] != 0].iterrows()
    ]
    total = book[book["indicator"] == TOTAL]
    if len(total) and (store / "series" / f"indicator={COMPOSITION}").exists():
        # The dimension that says most about who lives there.
        row = total.iloc[0]
        wanted.append((pd.Series({**row, "label": f"{row['label']} zonder sociale samenhang"}), COMPOSITION))
    for indicator, minus in wanted:
        sample = lay_out(store, indicator, minus=minus, years=years)
        windows = None if sample is None else effects.windows(sample.periods, eind, sample.years)
        if (
            nothing_to_compare(sample, eind)
            or sample is None
            or windows is None
            or len(np.unique(sample.city)) == 1
        ):
            continue
        main = main_of(designs(sample, windows))
        if main is None:
            continue
        fit = effects.estimate(sample, windows, main)
        rows.append(
            {
                "indicator": indicator["indicator"],
                "minus": minus,
                "label": indicator["label"],
                "unit": effect_unit(indicator),
                "design": main.name,
                "after": list(windows.after),
                **_numbers(sample, fit, sample.level_in(windows.after, effects.counted(sample, main))),
                "p": fit.p_values()["p"],
                "treated": int(sample.treated.sum()),
                "clusters": fit.groups,
                "placebo": verdict.among_programmes(
                    sample,
                    windows,
                    {main.name: main},
                    main.name,
                    touching(store, sample.area),
                    verdict.FEWER,
                    WORKERS,
                )["verdict"],
            }
        )
    if rows:
        adjusted = multipletests([row["p"] for row in rows], method="fdr_bh")[1]
        rows = [row | {"adjusted": float(p)} for row, p in zip(rows, adjusted, strict=True)]
    return rows


def lay_out(
    store: Path,
    indicator: pd.Series,
    candidates: bool = False,
    minus: str | None = None,
    least: int = LEAST,
    years: Years | None = None,
) -> Sample | None:
    """Read the postcode areas of an outcome as a sample.

    Parameters
    ----------
    store, indicator : Path, Series
    candidates : bool
        Count candidates as treated; without, they are left out.
    minus : str, optional
        Another outcome to take off: the total without one of its dimensions.
    least : int
        Treated areas that a comparison needs.
    years : Years, optional
        By default those of the programme of the store.

    Returns
    -------
    Sample or None
        None without a series per postcode area or without treated ones in it.
    """
    path = store / "series" / f"indicator={indicator['indicator']}" / "pc4.parquet"
    if not path.exists():
        return None
    rows = pd.read_parquet(path, columns=["area", "period", "value", "n", "gemeente"])
    if not len(rows):
        return None
    if minus is not None:
        other = pd.read_parquet(
            path.parents[1] / f"indicator={minus}" / "pc4.parquet", columns=["area", "period", "value"]
        )
        rows = rows.merge(other, on=["area", "period"], suffixes=("", "_other"))
        rows["value"] -= rows["value_other"]
    treated = pd.read_parquet(store / "treated.parquet")
    certain = treated[~is_candidate(treated["zekerheid"])]
    listed = treated if candidates else certain
    near = _near(store, frozenset(treated["pc4"]), (store / "meta.json").read_text())
    later, elsewhere, own = store / "later.parquet", store / "elders.parquet", programme_of(store).years
    others = set(pd.read_parquet(elsewhere)["area"]) if elsewhere.exists() else set()
    sample = effects.sample(
        rows,
        dict(zip(listed["pc4"], listed["wijk"], strict=True)),
        near,
        (set(treated["pc4"]) | others) - set(listed["pc4"]),
        scale_of(indicator),
        later=pd.read_parquet(later).set_index("area")["year"].to_dict() if later.exists() else None,
        deprivation=_deprivation(store, years if years and years != own else None),
        years=years or own,
    )
    return sample if sample.treated.sum() >= least else None


def programme_of(store: Path) -> programme.Programme:
    """Return the programme that a store is about."""
    return programme.read(Path(json.loads((store / "meta.json").read_text())["programme"]))


@lru_cache(maxsize=4)
def _deprivation_in(store: Path, years: Years, _: str) -> pd.DataFrame | None:
    """Compute how weak each area was before, had the programme begun in another year; the last argument is the content of the store."""
    direction = pd.read_parquet(store / "indicators.parquet").set_index("indicator")["direction"]
    columns = ["area", "period", "value"]
    parts = [
        pd.read_parquet(path, columns=columns).assign(indicator=path.parent.name.partition("=")[2])
        for path in sorted(store.glob("series/*/pc4.parquet"))
    ]
    weak = effects.deprivation(pd.concat(parts), direction, years)
    shapes = _shapes(store)
    if shapes is None or not len(weak):
        return weak if len(weak) else None
    areas = sorted(shapes["area"])
    return space.with_surroundings(weak, space.touching(shapes, areas), areas)


def _deprivation(store: Path, years: Years | None) -> pd.DataFrame | None:
    """Return how weak each area was before: as it was kept, or for other `years`; None where nothing was measured."""
    if years is not None:
        return _deprivation_in(store, years, (store / "meta.json").read_text())
    kept = store / "achterstand.parquet"
    return pd.read_parquet(kept).set_index("area") if kept.exists() else None


def _shapes(store: Path) -> gpd.GeoDataFrame | None:
    path = store / "boundaries.parquet"
    return gpd.read_parquet(path, columns=["area", "geometry"]) if path.exists() else None


def touching(store: Path, areas: NDArray[np.str_]) -> sparse.csr_matrix | None:
    """Tell which of some areas touch, shape (areas, areas); None without boundaries."""
    shapes = _shapes(store)
    return None if shapes is None else space.touching(shapes, areas.tolist())


@lru_cache(maxsize=1)
def _near(store: Path, treated: frozenset[str], _: str) -> set[str]:
    """Name the untreated areas that touch a treated one; empty without boundaries.

    Every outcome of an evaluation asks for them; the last argument is the content of the store.
    """
    shapes = _shapes(store)
    if shapes is None:
        return set()
    areas = sorted(shapes["area"])
    ring = space.rings(space.touching(shapes, areas), np.isin(areas, sorted(treated)))
    return {area for area, k in zip(areas, ring, strict=True) if k == 1}


def shared(store: Path, indicator: pd.Series, base: int) -> list[dict[str, Any]]:
    """Measure what areas share adds to the margin of their distance to others; see ``gaps.margins``.

    Parameters
    ----------
    store, indicator : Path, Series
    base : int
        Year from which changes are counted; the nearest measurement is used.

    Returns
    -------
    list of dict
        Empty without a series per postcode area.
    """
    sample = lay_out(store, indicator)
    if sample is None or not sample.treated.any():
        return []
    nearest = int(sample.periods[np.abs(sample.periods - base).argmin()])
    return gaps.margins(sample, nearest, touching(store, sample.area))


def compute(
    store: Path,
    vraag: str,
    indicator: pd.Series,
    eind: int,
    book: pd.DataFrame | None = None,
    years: Years | None = None,
) -> dict[str, Any]:
    """Compute every design and diagnostic of one outcome.

    Parameters
    ----------
    store : Path
        See ``panel.build``.
    vraag : str
    indicator : Series
        Codebook row of the outcome.
    eind : int
        Last year after.
    book : DataFrame, optional
        Codebook rows of the question, for its other outcomes.
    years : Years, optional
        By default those of the programme of the store.

    Returns
    -------
    dict
        Numbers, and tables as lists of records, ready for JSON; only `reason` (Dutch) when no effect can be
        estimated.
    """
    sample = lay_out(store, indicator, least=0, years=years)
    if (reason := nothing_to_compare(sample, eind)) or sample is None:
        return {"reason": reason}
    windows = effects.windows(sample.periods, eind, sample.years)
    assert windows is not None
    found = designs(sample, windows)
    main = main_of(found)
    if main is None:
        return {"reason": "er zijn geen andere gebieden die er vooraf even slecht voor stonden"}
    at = sample.level_in(windows.after, effects.counted(sample, main))
    fit = effects.estimate(sample, windows, main)
    event = effects.event_study(sample, windows, main)
    everyone = lay_out(store, indicator, candidates=True, years=years) or sample
    own, by_area = _by_area(everyone, windows)
    near = touching(store, sample.area)
    contrast = effects.time_weights(sample, windows)
    score, density = _discontinuity(store, sample, windows, contrast, at)
    return {
        "reason": "",
        "indicator": indicator["indicator"],
        "main": main.name,
        **_rests_on(store, sample, windows),
        **_estimates(sample, windows, found, main, fit, contrast, at),
        "event": _event(sample, event[0], effects.counted(sample, main)),
        **_before(sample, windows, found, main, fit, event, at),
        **by_area,
        "transitions": diagnostics.transitions(sample, windows, found.get("net_niet", main)).to_dict("records") if vraag == "leefbaarheid" else [],
        "curve": _curve(sample, everyone, eind),
        "cycle": _scaled(sample, diagnostics.cyclical(sample, windows, *event, fit), at, NUMBERS) if vraag == "werk" else {},
        "counts": _counts(sample, windows, main),
        "cohorts": _cohorts(sample, windows, fit, at),
        "outcomes": [] if book is None else outcomes(store, book, eind, years),
        "placebo": verdict.among_programmes(sample, windows, found, main.name, near, workers=WORKERS),
        **_spatial(store, sample, windows, main, at, -int(indicator["direction"])),
        "dose": _dose(store, own, at, sample),
        "discontinuity": score,
        "density": density,
    }  # fmt: skip


def compute_within(store: Path, book: pd.DataFrame, eind: int, years: Years | None = None) -> dict[str, Any]:
    """Compare the areas of the one city that the series of a question are about.

    Parameters
    ----------
    store : Path
        See ``panel.build``.
    book : DataFrame
        Codebook rows of the question.
    eind : int
        Last year after.
    years : Years, optional
        By default those of the programme of the store.

    Returns
    -------
    dict
        reason (Dutch: why cities cannot be compared), city, and within: for every outcome that allows it indicator, label, unit and
        what ``within.compare`` returns, the primary outcome first.
    """
    found: list[dict[str, Any]] = []
    reason, city = "", ""
    ordered = book[book["direction"] != 0].sort_values("primary", ascending=False, kind="stable")
    for _, indicator in ordered.iterrows():
        sample = lay_out(store, indicator, least=0, years=years)
        sample = None if sample is None else within.in_points(sample)
        why = nothing_to_compare(sample, eind, within.LEAST)
        windows = None if why or sample is None else effects.windows(sample.periods, eind, sample.years)
        if sample is None or windows is None:
            reason = reason or why
            continue
        names = {k: indicator[k] for k in ("indicator", "label")} | {"unit": effect_unit(indicator)}
        found.append(names | within.compare(sample, windows))
        city = str(sample.city[0])
    if found:
        reason = f"alle gebieden van deze reeks liggen in {city}; steden zijn dus niet te vergelijken"
    return {"reason": reason, "city": city, "within": found}


def nothing_to_compare(sample: Sample | None, eind: int, least: int = LEAST) -> str:
    """Say why no effect can be estimated (Dutch); empty when it can.

    Parameters
    ----------
    sample : Sample, optional
        All areas of an outcome, however few of them are treated; None without a series per postcode area.
    eind : int
        Last year after.
    least : int
        Treated areas that a comparison needs.
    """
    if sample is None:
        return "er is geen reeks per postcodegebied"
    treated, others = int(sample.treated.sum()), int(sample.donor.sum())
    if treated < least:
        had = (
            f"van {many(treated, 'postcodegebied', 'postcodegebieden')}"
            if treated
            else "van geen enkel postcodegebied"
        )
        return (
            f"de reeks is er {had} met de aanpak voor alle jaren, en een vergelijking vraagt er ten "
            f"minste {least}"
        )
    if others < within.LEAST_OTHERS:
        had = (
            f"met {many(others, 'ander gebied', 'andere gebieden')}"
            if others
            else "met geen enkel ander gebied"
        )
        return (
            f"de wijken met de aanpak zijn {had} te vergelijken, en daarvan zijn er ten minste {within.LEAST_OTHERS} nodig: wat bij zo'n "
            "wijk hoort of ertegenaan ligt telt niet"
        )
    windows = effects.windows(sample.periods, eind, sample.years)
    if windows is None:
        return _no_years(sample, eind)
    if not effects.unlike(sample, windows):
        return (
            "de wijken met de aanpak veranderden allemaal precies evenveel, en de andere gebieden ook: zonder verschillen is "
            "niet te meten wat toeval is"
        )
    return ""


def _no_years(sample: Sample, eind: int) -> str:
    """Say which measurements are missing."""
    first, last = int(sample.periods.min()), int(sample.periods.max())
    if first > sample.years.paid:
        return (
            f"er is geen meting van vóór of bij de start van het programma; de eerste is van {first}. "
            "De reeks laat alleen zien hoe de wijken zich daarna ontwikkelden"
        )
    span = (
        f"van {first} tot en met {min(last, eind)}"
        if first < min(last, eind)
        else f"de enige meting is van {first}: er"
    )
    later = "; kies een later eindjaar" if last > eind else ""
    return f"{span} is er geen meting van ruim na de start van het programma in {sample.years.paid}{later}"


def _rests_on(store: Path, sample: Sample, windows: Windows) -> dict[str, Any]:
    """Return the years and the numbers of areas that the estimates rest on."""
    return {
        "before": list(windows.before),
        "after": list(windows.after),
        "leads_years": list(windows.leads),
        "n": {
            "treated": int(sample.treated.sum()),
            "wijken": len(np.unique(sample.wijk[sample.treated])),
            "cities": len(np.unique(sample.city[sample.treated])),
            "near": int(sample.near.sum()),
            "left_out": int(sample.left_out.sum()),
            "boundaries": (store / "boundaries.parquet").exists(),
            "wijk_donors": wijken.donors(windows.long),
        },
    }


def _estimates(
    sample: Sample,
    windows: Windows,
    found: dict[str, Design],
    main: Design,
    fit: Regression,
    contrast: Any,
    at: float,
) -> dict[str, Any]:
    """Estimate every design; set the main one against half of the gap, swapped areas, and with a city left out."""
    bound = SESOI * abs(_gap(sample, windows))
    return {
        "sesoi": abs(float(sample.in_unit(bound, at))),
        "designs": [_estimate(sample, windows, design) for design in found.values()],
        "randomisation": diagnostics.randomisation(sample, windows, contrast),
        "equivalence": equivalence(fit.estimate, fit.se, fit.df, bound),
        "years": _years(sample, windows, found),
        "without": _without(sample, main, fit, at),
    }


def _before(
    sample: Sample,
    windows: Windows,
    found: dict[str, Design],
    main: Design,
    fit: Regression,
    event: tuple[pd.DataFrame, pd.DataFrame],
    at: float,
) -> dict[str, Any]:
    """Compare treated areas and others before the programme, and say what that allows afterwards."""
    # Matched and synthetic groups were chosen for their path before, and with few years every measurement is held
    # equal: that of the plain comparison is the test. Where only the mean of many years is, the path is free.
    tested = (
        main
        if main.adjust is not None and windows.long
        else found.get("rest_stad", found.get("nederland", main))
    )
    path = event if tested is main else effects.event_study(sample, windows, tested)
    leads = diagnostics.leads_test(windows, *path, effects.estimate(sample, windows, tested).df)
    return {
        "leads": _scaled(sample, leads, at, NUMBERS),
        "leads_design": tested.name,
        "honest": _scaled(sample, diagnostics.honest(windows, *path, fit), at, ("drift", "lower", "upper")),
        "balance": effects.balance(sample, windows, found).to_dict("records"),
        "rebound": _rebound(sample, windows, at),
    }


def _by_area(everyone: Sample, windows: Windows) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Compare every wijk and every city with a group of its own; return the wijken on the scale of the analysis too."""
    own, paths = wijken.wijk_paths(everyone, windows)
    own = own.join(wijken.shrunken(own))
    cities, city_paths = wijken.wijk_paths(_by_city(everyone), windows)
    return own, {
        "wijken": _per_area(everyone, own, windows),
        "wijken_adjusted": _adjusted(own),
        "cities": _per_area(everyone, cities, windows),
        "paths": _paths(everyone, paths) | _paths(everyone, city_paths),
    }


def designs(sample: Sample, windows: Windows) -> dict[str, Design]:
    """Make every comparison that the areas allow, and that leaves chance to measure; see ``effects.designs``."""
    return effects.measurable(sample, windows, effects.designs(sample, windows))


def main_of(found: dict[str, Design]) -> Design | None:
    """Return the design that carries the verdict; None when the sample allows none."""
    return next((found[name] for name in MAIN if name in found), None)


def _numbers(s: Sample, fit: Regression, at: float) -> dict[str, float]:
    """Return estimate, lower and upper of a fit in the unit of the outcome."""
    numbers = (fit.estimate, *fit.interval())
    return {k: float(s.in_unit(v, at)) for k, v in zip(NUMBERS, numbers, strict=True)}


def _gap(sample: Sample, windows: Windows) -> float:
    """Distance of the treated areas to the rest of their own city before, on the scale of the analysis."""
    before = np.isin(sample.periods, windows.before) / len(windows.before)
    rest = sample.urban & ~sample.treated & ~sample.left_out
    weight = sample.treated / sample.treated.sum() + rest / max(rest.sum(), 1)
    return effects.regression(sample, Design("", weight, within=True), before).estimate


def _estimate(s: Sample, windows: Windows, design: Design) -> dict[str, Any]:
    fit = effects.estimate(s, windows, design)
    at = s.level_in(windows.after, effects.counted(s, design))
    wild_lower, wild_upper = (float(s.in_unit(v, at)) for v in fit.wild_interval())
    return {
        "design": design.name,
        **_numbers(s, fit, at),
        "wild_lower": wild_lower,
        "wild_upper": wild_upper,
        **fit.p_values(),
        "wild": fit.wild_p(),
        "clusters": fit.groups,
        "effective": fit.effective_clusters,
        "df": fit.df,
        "treated": int((s.treated & (design.weight > 0)).sum()),
        "controls": int((~s.treated & (design.weight > 0)).sum()),
        "detectable": abs(float(s.in_unit(np.sign(fit.estimate or 1) * detectable(fit.se, fit.df), at))),
    }


def _scaled(s: Sample, values: dict[str, float], at: float, names: tuple[str, ...]) -> dict[str, float]:
    return {k: float(s.in_unit(v, at)) if k in names else float(v) for k, v in values.items()}


def _years(s: Sample, w: Windows, found: dict[str, Design]) -> list[dict[str, Any]]:
    """Estimate the effect of some years after, against every group: six at most, the last always."""
    after = [p for p in s.periods.tolist() if p > s.years.paid]
    step = -(-len(after) // 6)
    counted = {name: effects.counted(s, design) for name, design in found.items()}
    rows = []
    for period in after[::-1][::step][::-1]:
        for name, design in found.items():
            fit = effects.estimate(s, w, design, (period,))
            at = s.level_in((period,), counted[name])
            least = abs(float(s.in_unit(detectable(fit.se, fit.df), at)))
            rows.append({"design": name, "period": period, **_numbers(s, fit, at), "detectable": least})
    return rows


def _event(s: Sample, event: pd.DataFrame, counted: Any) -> list[dict[str, Any]]:
    rows = event[["period", *NUMBERS]].to_dict("records")
    return [
        _scaled(s, row, s.level_in((row["period"],), counted), NUMBERS) | {"period": row["period"]}
        for row in rows
    ]


def _without(s: Sample, main: Design, fit: Regression, at: float) -> list[dict[str, Any]]:
    """Estimate with one city at a time left out."""
    chosen = np.unique(s.city[s.treated])
    return [
        {"city": str(city), "estimate": float(s.in_unit(beta, at))}
        for city, beta in zip(np.unique(s.city[main.weight > 0]), fit.without[:, 0], strict=True)
        if city in chosen
    ]


def _rebound(s: Sample, windows: Windows, at: float) -> dict[str, float] | None:
    """Choose a year well before the programme, or the only earlier measurement, for the pretended selection."""
    early = [p for p in s.periods.tolist() if p <= s.years.paid]
    pairs = [(a, b) for a in early for b in early if b - a >= 2 and b <= s.years.clean_until]
    pairs = pairs or [(a, b) for a in early for b in early if b > a and a <= s.years.clean_until]
    if not pairs:
        return None
    year, until = max(pairs, key=lambda pair: (pair[1] - pair[0] == 3, pair[0]))
    found = diagnostics.rebound(s, year, until)
    if found is None:
        return None
    return _scaled(s, found, at, ("gap", "se", *NUMBERS)) | {"year": year, "until": until}


def _by_city(s: Sample) -> Sample:
    return replace(s, wijk=np.where(s.wijk != "", s.city, ""))


def _per_area(s: Sample, table: pd.DataFrame, windows: Windows) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = np.isin(s.periods, windows.after)
    for row in table.to_dict("records"):
        inside = s.treated & ((s.wijk == row["wijk"]) | (s.city == row["wijk"]))
        at = float(s.level[inside][:, after].mean())
        names = (*NUMBERS, "shrunken", "shrunken_lower", "shrunken_upper")
        numbers = {k: float(s.in_unit(row[k], at)) for k in names if k in row}
        row |= numbers | {"error": abs(float(s.in_unit(row["error"], at)))}
        rows.append({k: v for k, v in row.items() if k != "se"})
    return rows


def _adjusted(own: pd.DataFrame) -> dict[str, int]:
    """Count wijken whose placebo p-value is at most 5%, as it is and with Benjamini-Hochberg over the wijken."""
    from statsmodels.stats.multitest import multipletests

    p = own["p"].to_numpy(float)
    kept = multipletests(p, method="fdr_bh")[1] if len(p) else p
    return {"n": len(p), "raw": int((p <= 0.05).sum()), "adjusted": int((kept <= 0.05).sum())}


def _paths(s: Sample, table: pd.DataFrame) -> dict[str, list[dict[str, float]]]:
    """Bring the paths back to the level of the outcome as published."""
    values = ["actual", "synthetic", "lower", "upper"]
    if s.scale != "lineair":
        table[values] = 100 * expit(table[values]) if s.scale == "logit" else np.exp(table[values])
    return {str(k): part[["period", *values]].to_dict("records") for k, part in table.groupby("wijk")}


def _curve(sample: Sample, everyone: Sample, eind: int) -> list[dict[str, Any]]:
    """Estimate with every combination of design, years before, years after, and list of wijken."""
    rows = []
    full = effects.windows(sample.periods, eind, sample.years)
    assert full is not None
    late = tuple(p for p in sample.periods.tolist() if p < sample.years.paid)[-1:]
    befores = {"alle schone jaren" if full.long else "laatste meting": full.before}
    if full.long and late:
        befores[f"alleen {late[0]}"] = late
    afters = {f"{full.after[0]}–{full.after[-1]}": full.after}
    if len(full.after) > 1:
        afters |= {f"alleen {full.after[0]}": full.after[:1], f"alleen {full.after[-1]}": full.after[-1:]}
    lists = {"vastgesteld": sample}
    if everyone.treated.sum() > sample.treated.sum():
        lists["met kandidaten"] = everyone
    for listed, s in lists.items():
        for before_name, before in befores.items():
            w = Windows(before, full.after, full.leads)
            found = designs(s, w)
            for name, design in found.items():
                counted = effects.counted(s, design)
                for after_name, after in afters.items():
                    fit, at = effects.estimate(s, w, design, after), s.level_in(after, counted)
                    choice = {"design": name, "before": before_name, "after": after_name, "list": listed}
                    rows.append(choice | _numbers(s, fit, at))
    return rows


def _counts(s: Sample, windows: Windows, main: Design) -> dict[str, Any] | None:
    """Estimate the main design from the cases themselves, where there are any (shares and rates)."""
    fit = effects.counts(s, windows, main)
    if fit is None:
        return None
    late = np.isin(s.periods, windows.after)
    cases, n = (float(x[s.treated][:, late].sum()) for x in (s.cases, s.n))  # type: ignore[index]
    numbers = np.array([fit.estimate, *fit.interval()])
    # A ratio of rates: points of a share, per cent of a rate.
    in_unit = 100 * cases / n * (1 - np.exp(-numbers)) if s.scale == "logit" else percent(numbers)
    return {
        **dict(zip(NUMBERS, in_unit.tolist(), strict=True)), "p": fit.p_values()["p"], "n": len(fit.y),
        "clusters": fit.groups, "cases": cases,
    }  # fmt: skip


def _cohorts(s: Sample, windows: Windows, first: Regression, at: float) -> list[dict[str, Any]]:
    """Estimate the effect on every cohort against areas never on a list, and their mean by number of areas.

    Errors of cohorts go together by city, in the variance of their mean too.
    """
    fits, levels = {s.years.paid: first}, {s.years.paid: at}
    sizes = {s.years.paid: int(s.treated.sum())}
    for year, (alone, w) in effects.cohorts(s, windows).items():
        main = main_of(designs(alone, w))
        if main is not None:
            fits[year] = effects.estimate(alone, w, main)
            levels[year] = alone.level_in(w.after, effects.counted(alone, main))
            sizes[year] = int(alone.treated.sum())
    if len(fits) == 1:
        return []
    rows: list[dict[str, Any]] = [
        {"cohort": str(year), "n": sizes[year], "clusters": fit.groups, **_numbers(s, fit, levels[year])}
        for year, fit in fits.items()
    ]
    weight = pd.Series(sizes) / sum(sizes.values())
    errors = pd.DataFrame({year: fit.influence for year, fit in fits.items()}).fillna(0.0)
    mean = float(sum(weight[year] * fit.estimate for year, fit in fits.items()))
    df = min(fit.df for fit in fits.values())
    half = quantile_t(0.975, df) * float(np.linalg.norm(errors @ weight))
    level = float(sum(weight[year] * levels[year] for year in fits))
    numbers = (float(s.in_unit(v, level)) for v in (mean, mean - half, mean + half))
    total = {"cohort": "alle", "n": sum(sizes.values()), "clusters": len(errors)}
    return [*rows, total | dict(zip(NUMBERS, numbers, strict=True))]


def _spatial(store: Path, s: Sample, windows: Windows, main: Design, at: float, worse: int) -> dict[str, Any]:
    """Rings around the wijken and the spatial correlation of what the main design leaves; needs boundaries."""
    shapes = _shapes(store)
    if shapes is None or not s.urban.any():
        return {"rings": [], "moran": None, "waterbed": {}, "search_areas": []}
    near = space.touching(shapes, s.area.tolist())
    ring = space.rings(near, s.treated | s.left_out)
    table = diagnostics.rings(s, windows, ring)
    for column in NUMBERS:
        table[column] = [float(s.in_unit(v, at)) for v in table[column]]
    use = np.flatnonzero(main.weight > 0)
    fit = effects.estimate(s, windows, main)
    inside = near[use][:, use]
    return {
        "waterbed": diagnostics.waterbed(s, windows, near, worse),
        "search_areas": diagnostics.search_areas(s, windows, near, worse),
        "rings": table.drop(columns="se").to_dict("records"),
        "moran": space.moran(fit.y - fit.x @ fit.beta, inside) if inside.nnz else None,
    }


def _dose(store: Path, own: pd.DataFrame, at: float, s: Sample) -> dict[str, Any] | None:
    """Relate the effect per wijk to the statutory amount (mln euro a postcode area), where the programme has those."""
    if not programme_of(store).main:
        return None
    amounts = pd.read_csv(RAW / "investeringen.csv").set_index("area")["additional_effort_mln_eur"]
    table = own.set_index("wijk")
    per_area = amounts.reindex(table.index) / table["n"]
    fit = diagnostics.dose(table["estimate"], per_area, table["n"])
    if fit is None:
        return None
    return {
        **_numbers(s, fit, at), **fit.p_values(), "n": len(fit.y), "clusters": fit.groups,
    }  # fmt: skip


def _discontinuity(
    store: Path, s: Sample, windows: Windows, contrast: Any, at: float
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Try the design at the selection score, where the data hold one."""
    path = store / "selection.parquet"
    if not path.exists():
        return [], {}
    score = pd.read_parquet(path).set_index("area")["score"].reindex(s.area).to_numpy(float)
    known = np.isfinite(score) & ~s.left_out
    score, treated = score[known], s.treated[known]
    before = s.y[:, np.isin(s.periods, windows.before)].mean(axis=1)[known]
    weak = None if s.deprivation is None else s.deprivation[known, 0]
    table = diagnostics.discontinuity(score, treated, (s.y @ contrast)[known], before, weak)
    rows = table.to_dict("records")
    for row in rows:
        if row["what"] in ("niveau vooraf", "verandering"):
            row |= {k: float(s.in_unit(row[k], at)) for k in NUMBERS}
    return rows, diagnostics.density(score, diagnostics.last_place(score, treated))
