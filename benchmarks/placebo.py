"""How every design does on programmes that never were: bias, size and coverage.

Run with ``make placebo``; writes placebo.md and placebo.csv beside this file. A thousand programmes with the structure of
the real one are drawn from untreated areas (``wijkenaanpak.effects.draws``), chosen on the figures the list can have been
made of and on the last ones before the payments, for every outcome of which the first two measurements lie before
or at the start: of the published data (WIJKEN_RAW), and of the practice panel, in whole and with only the
years that the published Leefbaarometer has. Beside the designs of the evaluation stand others that were tried for
short series, on fewer programmes. Last, countries without any effect are invented anew, and their programme is judged by its
placebo distribution and by its model-based margin: how often does either find something.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from validity import observations
from validity import sample as lay_out

from wijkenaanpak import RAW
from wijkenaanpak.effects import draws, effects, placebo, space, yardstick
from wijkenaanpak.effects.effects import Design, Sample, Windows
from wijkenaanpak.effects.stacked import Fits
from wijkenaanpak.practice import simulate
from wijkenaanpak.store import evaluation, panel

HERE = Path(__file__).parent
ROOT = HERE.parent
OUTCOMES = ("lbm", "lbm_onv", "nww", "vsv", "verkoopprijs")
PUBLISHED = (2002, 2008, 2012, 2014, 2016, 2018)  # years of the published Leefbaarometer
LAST = 2018
TRIED = 200  # programmes for what was tried, one by one
# Synthetic weights take a fifth of a second a programme: `make validity` judges them.
DESIGNS = tuple(name for name in placebo.DESIGNS if name != "synthetisch")


def samples() -> Iterator[tuple[str, str, Sample, object]]:
    """Yield what is judged: data, outcome, sample, and who touches whom."""
    folder = os.environ.get("WIJKEN_RAW") or ROOT.parent / "shared" / "data" / "real"
    for data, where in (("published", str(folder)), ("practice", "oefendata")):
        if where != "oefendata" and not Path(where).is_dir():
            print(f"{where} is not there: published data are left out")
            continue
        store = panel.build(where)
        book = pd.read_parquet(store / "indicators.parquet").set_index("indicator", drop=False)
        for name in OUTCOMES:
            s = evaluation.lay_out(store, book.loc[name]) if name in book.index else None
            if s is None or (s.periods <= s.years.paid).sum() < 2:
                continue
            near = evaluation.touching(store, s.area)
            yield data, name, s, near
            if data == "practice" and name.startswith("lbm"):
                some = np.isin(s.periods, PUBLISHED)
                n = None if s.n is None else s.n[:, some]
                short = replace(
                    s, y=s.y[:, some], level=s.level[:, some], periods=s.periods[some], n=n, cycle=None
                )
                yield "practice, years as published", name, short, near


# ---- what was tried for short series ---------------------------------------------------------------


def composition(s: Sample) -> np.ndarray | None:
    """Read what CBS published on the PC4 of 1 January 2006: origin, households, size; None when it is not there."""
    folder = os.environ.get("WIJKEN_NATIONAL") or ROOT.parent / "shared" / "data" / "national"
    path = Path(folder) / "pc4_2006" / "Bevolking_2006_postcode_huishoudens_allochtonen.csv"
    if not path.is_file():
        return None
    names = [
        "area",
        "all",
        "western",
        "other",
        "households",
        "single",
        "couples",
        "children",
        "size",
        "city",
        "_",
        "people",
    ]
    rows = pd.read_csv(path, sep=";", encoding="latin-1", skiprows=4, header=None, names=names, dtype=str)
    rows = rows[rows["area"].str.match(r"\d{4} ", na=False)]
    values = (
        rows[["other", "households", "single", "children", "people"]]
        .apply(pd.to_numeric, errors="coerce")
        .fillna(0)
    )
    people, households = values["people"].clip(lower=50), values["households"].clip(lower=25)
    table = pd.DataFrame({
        "other": values["other"] / people, "single": values["single"] / households,
        "children": values["children"] / households, "people": np.log(people),
    }).set_index(rows["area"].str[:4])  # fmt: skip
    return table.groupby(level=0).first().reindex(s.area).pipe(lambda t: t.fillna(t.median())).to_numpy()


def tried(s: Sample, w: Windows, made_of: np.ndarray | None) -> dict[str, Design]:
    """Set up the other designs on one programme."""
    t, both = s.treated, s.treated | s.donor
    levels = s.y[:, np.isin(s.periods, (*w.leads, *w.before))]
    found: dict[str, Design] = {}
    city = pd.DataFrame(levels).groupby(s.city).transform("mean").to_numpy()
    sets = {"levels": levels, "levels and those of the city": np.column_stack([levels, city])}
    if made_of is not None:
        sets["levels and composition"] = np.column_stack([levels, made_of])
    for name, x in sets.items():
        x = (x - x[t].mean(axis=0)) / x[both].std(axis=0)
        line = np.column_stack([x[both], np.ones(both.sum())])
        score = x @ np.linalg.lstsq(line, t[both].astype(float), rcond=None)[0][:-1]
        support = s.donor & (score >= np.quantile(score[t], effects.SUPPORT))
        one = np.where(t, 1 / t.sum(), 0.0)
        if name != "levels":
            found[f"regression on {name}"] = Design("", one + support / t.sum(), adjust=x)
        found[f"regression on {name}, no support asked"] = Design("", one + s.donor / t.sum(), adjust=x)
        inside = support & s.urban
        if inside.sum() >= placebo.OTHERS:
            found[f"regression on {name}, inside cities"] = Design("", one + inside / t.sum(), True, None, x)
        weight = overlap(line, t[both])
        whole = np.zeros(len(t))
        whole[both] = weight / weight[t[both]].sum()
        found[f"overlap weights on {name}"] = Design("", whole)
        balanced = entropy(x, t, s.donor)
        if balanced is not None:
            found[f"entropy balancing on {name}"] = Design("", one + balanced)
            found[f"doubly robust on {name}"] = Design("", one + balanced, adjust=x)
    return found


def overlap(line: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Weight by the chance of the other group, from a logit (Li, Morgan & Zaslavsky 2018)."""
    beta, penalty = np.zeros(line.shape[1]), 1e-3
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(line @ beta, -30, 30)))
        hessian = (line * (p * (1 - p))[:, None]).T @ line + penalty * np.eye(len(beta))
        beta = beta + np.linalg.solve(hessian, line.T @ (treated - p) - penalty * beta)
    weight = np.where(treated, 1 - p, p)
    return np.where(weight > 1e-8, weight, 0.0)


def entropy(x: np.ndarray, treated: np.ndarray, donor: np.ndarray) -> np.ndarray | None:
    """Weight donors to the means of the treated, as evenly as can be (Hainmueller 2012); None when it cannot."""
    z, beta = x[donor] - x[treated].mean(axis=0), np.zeros(x.shape[1])
    for _ in range(80):
        e = z @ beta
        p = np.exp(e - e.max())
        p /= p.sum()
        off = p @ z
        if np.abs(off).max() < 1e-8:
            whole = np.zeros(len(treated))
            whole[donor] = np.where(p > 1e-9, p, 0.0)
            return whole
        step = np.linalg.solve((z * p[:, None]).T @ z - np.outer(off, off) + 1e-9 * np.eye(len(beta)), off)
        beta -= step * min(1.0, 2 / np.abs(step).max())
    return None


def one_by_one(drawn: draws.Drawn, w: Windows, made_of: np.ndarray | None) -> dict[str, Fits]:
    """Estimate what was tried on every programme."""
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for k in range(min(TRIED, len(drawn.chosen))):
        s = drawn.sample(k)
        for name, design in tried(s, w, made_of).items():
            one = effects.estimate(s, w, design)
            rows.setdefault(name, []).append((one.estimate, one.se, one.df))
    return {name: Fits(*np.array(row).T) for name, row in rows.items()}


# ---- the table ------------------------------------------------------------------------------------------


def judged(data: str, outcome: str, s: Sample, near: object, n: int) -> list[dict[str, object]]:
    """Judge every design on one outcome, chosen on either year."""
    w = effects.windows(s.periods, LAST)
    assert w is not None
    rows: list[dict[str, object]] = []
    found: dict[tuple[str, str], Fits] = {}
    shared: dict[str, dict[str, object]] = {}
    for choice, on in draws.choices(s).items():
        drawn = draws.draw(s, on, n, touching=near)
        if drawn is None:
            continue
        q = yardstick.alike(drawn)
        shared[choice] = {
            "chosen on": "-".join(str(year) for year in dict.fromkeys((on[0], on[-1]))), "alike": q,
            "depth": drawn.depth["country"], "depth of the real": drawn.goal["country"],
        }  # fmt: skip
        every = placebo.fits(drawn, w, DESIGNS)
        if not w.long:
            known = composition(s) if data == "published" else None
            every |= one_by_one(drawn, w, None if known is None else known[s.donor])
        found |= {(name, choice): fits for name, fits in every.items()}
    for (name, choice), fits in found.items():
        other = next((f for (d, c), f in found.items() if d == name and c != choice), None)
        rows.append(
            {"data": data, "outcome": outcome, "design": name, **shared[choice], **moments(fits, other)}
        )
    return rows


def moments(fits: Fits, other: Fits | None) -> dict[str, float]:
    """Mean and spread of the estimates; size and coverage of model-based margins, and of those of the draws on others.

    The margin of the draws comes from the odd programmes, or from those chosen on the other year, and is tried on the even ones.
    """
    some = np.isfinite(fits.estimate)
    estimate, se, p = fits.estimate[some], fits.se[some], fits.p[some]
    half = yardstick.margin_of(estimate[::2], 0.0)
    result = {
        "n": int(some.sum()), "mean": estimate.mean(), "sd": estimate.std(ddof=1), "se": se.mean(),
        "bias": estimate.mean() / se.mean(), "size": (p < 0.05).mean(), "coverage": (p >= 0.05).mean(),
        "draws": (np.abs(estimate[1::2] - estimate[::2].mean()) <= half).mean(),
    }  # fmt: skip
    if other is not None:
        them = other.estimate[np.isfinite(other.estimate)]
        inside = np.abs(estimate - them.mean()) <= yardstick.margin_of(them, 0.0)
        result["draws of the other year"] = inside.mean()
    return result


def country(seed: int, published: bool) -> dict[str, object]:
    """Judge the programme of one invented country without effects, by its draws and by its model-based margin."""
    book = pd.read_csv(RAW / "indicatoren.csv").set_index("indicator", drop=False)
    nothing = dict.fromkeys(book.index, 0.0)
    world, values, _, _ = simulate.generate(seed, nothing, only=["lbm", *simulate.COMPONENTS])
    known = pd.concat([observations(world, values[k]).assign(indicator=k) for k in values if k in book.index])
    if published:
        known = known[(known["indicator"] == "lbm") & known["period"].isin(PUBLISHED)]
    weak = space.with_surroundings(effects.deprivation(known, book["direction"]), world.queen, world.code)
    ring = space.rings(world.queen, world.wijk != "")
    value = values["lbm"].copy()
    if published:
        value[:, ~np.isin(simulate.YEARS, PUBLISHED)] = np.nan
    s = lay_out(world, value, world.n["-"], ring, "lineair", weak)
    w = effects.windows(s.periods, LAST)
    assert w is not None
    design = effects.designs(s, w)["gecorrigeerd"]
    fit = effects.estimate(s, w, design)
    row: dict[str, object] = {
        "published": published, "estimate": fit.estimate, "se": fit.se, "model": fit.p_values()["p"] < 0.05
    }  # fmt: skip
    where = pd.Series(np.arange(len(world.code)), index=world.code)[s.area].to_numpy()
    ps = []
    for on in draws.choices(s).values():
        drawn = draws.draw(s, on, 400, touching=world.queen[where][:, where])
        if drawn is not None:
            q = yardstick.alike(drawn)
            many = placebo.fits(drawn, w, ("gecorrigeerd",))["gecorrigeerd"]
            found = yardstick.distribution(many, fit.estimate, fit.se, q)
            if found is not None:
                ps.append((found["p"], q))
    return (
        row | {"draws": max(p for p, _ in ps) < 0.05, "alike": float(np.mean([q for _, q in ps]))}
        if ps
        else row
    )


def write(table: pd.DataFrame, countries: pd.DataFrame, n: int) -> None:
    """Write placebo.md and placebo.csv beside this file."""
    table.to_csv(HERE / "placebo.csv", index=False, float_format="%.4g")
    lines = [
        "# Designs on programmes that never were",
        "",
        f"Measured with `make placebo`: up to {n} programmes (n) drawn from untreated areas with the structure of the real one "
        f"({TRIED} or fewer for what was tried and not kept). `bias`: the mean estimate, where the truth is nothing, over the mean standard error. "
        "`size`: share in which the model-based test at 5% finds something (CR2, Satterthwaite). `draws`: share of the even programmes that the "
        "margin of the odd ones covers, and that of those chosen on the other year; 95% is meant. `alike`: correlation of two programmes by the cities they share; "
        "the margins of a report are widened for it. `depth`: how far below the country the chosen stand, in standard deviations, beside the real ones. "
        "Means and spreads on the scale of the analysis (log-odds for shares, logs for prices, points for scores). Bold: the main design.",
    ]  # fmt: skip
    for (data, outcome, on), part in table.groupby(["data", "outcome", "chosen on"], sort=False):
        first = part.iloc[0]
        lines += [
            "",
            f"## {data}: {outcome}, chosen on {on}",
            "",
            f"alike {first['alike']:.2f}; depth {first['depth']:.2f} beside {first['depth of the real']:.2f}",
            "",
            "| design | n | mean | sd | bias | size | coverage | draws | draws of the other year |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        main = next((name for name in evaluation.MAIN if name in set(part["design"])), "")
        for _, row in part.iterrows():
            name = f"**{row['design']}**" if row["design"] == main else row["design"]
            other = row.get("draws of the other year", np.nan)
            shares = [
                f"{100 * v:.1f}%" if pd.notna(v) else ""
                for v in (row["size"], row["coverage"], row["draws"], other)
            ]
            lines.append(
                f"| {name} | {row['n']} | {row['mean']:+.4f} | {row['sd']:.4f} | {row['bias']:+.2f} | "
                + " | ".join(shares)
                + " |"
            )
    if len(countries):
        lines += [
            "",
            "## The programme of invented countries without effects (lbm)",
            "",
            "| years | countries | bias | found by the margin | found by the draws | alike |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        columns = [
            "published",
            "estimate",
            "se",
            "model",
            "draws",
            "alike",
        ]  # no draws where none can be made
        for published, part in countries.reindex(columns=columns).groupby("published"):
            bias = part["estimate"].mean() / part["se"].mean()
            shares = [f"{100 * part[k].dropna().astype(float).mean():.1f}%" for k in ("model", "draws")]
            years = "as published" if published else "every year"
            lines.append(
                f"| {years} | {len(part)} | {bias:+.2f} | {shares[0]} | {shares[1]} | {part['alike'].mean():.2f} |"
            )
    (HERE / "placebo.md").write_text("\n".join([*lines, ""]), encoding="utf-8")
    print("\n".join(lines))


def main() -> None:
    """Draw, estimate, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--draws", type=int, default=1000, help="programmes for each outcome and choice (default 1000)"
    )
    parser.add_argument(
        "--countries", type=int, default=200, help="invented countries of each kind (default 200)"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers) as pool:
        work = [pool.submit(judged, *job, options.draws) for job in samples()]
        seeds = [500_000 + k for k in range(options.countries)]
        invented = [pool.submit(country, seed, published) for seed in seeds for published in (False, True)]
        table = pd.DataFrame([row for part in work for row in part.result()])
        countries = pd.DataFrame([part.result() for part in invented])
    write(table, countries, options.draws)


if __name__ == "__main__":
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    main()
