"""Do the designs find planted effects, and only those: bias, coverage and size over invented countries.

Run with ``make validity``. Every country is drawn anew, with the programme's 83 postcode areas in 40
wijken in 18 unequal cities, selection on a bad year (so that the chosen recover by themselves), effects
that leak to neighbours, shocks per city and a business cycle. Half of the countries have the default effects,
half have none; some more without any tell how often the main design finds what is not there. Beside the designs of
the reports stand the effect on the areas that touch a wijk, and the answers a reader would give without them: before
against after, and the jump at the selection score.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from wijkenaanpak import RAW
from wijkenaanpak.effects import diagnostics, effects, space
from wijkenaanpak.effects.effects import Sample
from wijkenaanpak.practice import simulate
from wijkenaanpak.store import evaluation

HERE = Path(__file__).parent
LAST = 2017
EXTRA = {"vsv": -0.3}  # percentage points; the default effects have none on schooling
OUTCOMES = ("nww", "verkoopprijs", "vsv", "lbm_onv", "lbm")


def country(seed: int, planted: bool, main_only: bool = False) -> list[dict[str, object]]:
    """Estimate every outcome of one invented country by every design, or the main one; one row an estimate."""
    book = pd.read_csv(RAW / "indicatoren.csv").set_index("indicator", drop=False)
    sizes = simulate.planted_effects(EXTRA, list(book.index)) if planted else dict.fromkeys(book.index, 0.0)
    wanted = list(dict.fromkeys((*OUTCOMES, *simulate.COMPONENTS)))
    world, values, score, _ = simulate.generate(seed, sizes, only=wanted)
    known = pd.concat(
        [observations(world, values[name]).assign(indicator=name) for name in values if name in book.index]
    )
    weak = space.with_surroundings(effects.deprivation(known, book["direction"]), world.queen, world.code)
    ring = space.rings(world.queen, world.wijk != "")
    rows = []
    for name in OUTCOMES:
        row, value = book.loc[name], values[name]
        kind = simulate.SPEC[name].n if name in simulate.SPEC else "-"
        s = sample(world, value, world.n[kind], ring, evaluation.scale_of(row), weak)
        w = effects.windows(s.periods, LAST)
        assert w is not None
        truth = sizes[name] * (100 if s.scale == "log" else 1)
        shared = {"seed": seed, "outcome": name, "truth": truth}
        for design, found in effects.designs(s, w).items():
            main = design == evaluation.MAIN[0]
            if main_only and not main:
                continue
            fit, at = effects.estimate(s, w, found), s.level_in(w.after, effects.counted(s, found))
            low, high = (float(s.in_unit(v, at)) for v in fit.interval())
            rows.append(
                {**shared, "design": design, "main": main, "estimate": float(s.in_unit(fit.estimate, at)),
                 "inside": low <= truth <= high, "rejected": not low <= 0 <= high, "wild": fit.wild_p(draws=499) < 0.05}
            )  # fmt: skip
        if main_only:
            continue
        at = s.level_in(w.after)
        around = (
            diagnostics.rings(s, w, pd.Series(ring, index=world.code)[s.area].to_numpy())
            .set_index("ring")
            .loc["1"]
        )
        estimate, low, high = (float(s.in_unit(around[k], at)) for k in evaluation.NUMBERS)
        leaked = simulate.SPILLOVER * truth
        rows.append(
            {**shared, "truth": leaked, "design": "first ring", "main": False, "estimate": estimate,
             "inside": low <= leaked <= high, "rejected": not low <= 0 <= high}
        )  # fmt: skip
        plain = effects.time_weights(replace(s, cycle=None), w)
        naive = float(s.in_unit((s.y @ plain)[s.treated].mean(), at))
        rows.append({**shared, "design": "before against after", "main": False, "estimate": naive})
        known = np.isin(world.code, s.area)
        before = s.y[:, np.isin(s.periods, w.before)].mean(axis=1)
        jump = diagnostics.discontinuity(score[known], s.treated, s.y @ plain, before).set_index("what")
        line = jump.loc["verandering"]
        low, high = (float(s.in_unit(line[k], at)) for k in ("lower", "upper"))
        rows.append(
            {**shared, "design": "jump at the score", "main": False, "estimate": float(s.in_unit(line["estimate"], at)),
             "inside": low <= truth <= high, "rejected": not low <= 0 <= high}
        )  # fmt: skip
    return rows


def observations(world: simulate.World, value: np.ndarray) -> pd.DataFrame:
    """Lay out the values of an outcome (areas by years) as rows."""
    years = simulate.YEARS
    area, period = np.repeat(world.code, len(years)), np.tile(years, len(world.code))
    return pd.DataFrame({"area": area, "period": period, "value": value.ravel()}).dropna(subset="value")


def sample(
    world: simulate.World,
    value: np.ndarray,
    n: np.ndarray,
    ring: np.ndarray,
    scale: str,
    weak: pd.DataFrame,
) -> Sample:
    """Lay out one outcome as the reports do, through the same function."""
    rows = observations(world, value)
    rows["n"] = n.ravel()[rows.index]
    rows["gemeente"] = np.repeat(world.gemeente, len(simulate.YEARS))[rows.index]
    wijken = {c: w for c, w in zip(world.code, world.wijk, strict=True) if w}
    return effects.sample(rows, wijken, set(world.code[ring == 1]), set(), scale, deprivation=weak)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Bias, spread, coverage and share of rejections by outcome, planted or not, and design."""
    rows = rows.assign(error=rows["estimate"] - rows["truth"], planted=rows["truth"] != 0)
    by = rows.groupby(["outcome", "planted", "design"], sort=False)
    table = by.agg(
        truth=("truth", "first"), n=("error", "size"), bias=("error", "mean"), spread=("error", "std"),
        coverage=("inside", "mean"), rejected=("rejected", "mean"), wild=("wild", "mean"), main=("main", "max"),
    )  # fmt: skip
    table["uncertain"] = 1.96 * table["spread"] / np.sqrt(table["n"])
    return table.reset_index()


def write(table: pd.DataFrame, countries: int, empty: int) -> None:
    """Write validity.md and validity.csv beside this file."""
    table.to_csv(HERE / "validity.csv", index=False, float_format="%.5g")
    lines = [
        "# Do the designs find planted effects, and only those",
        "",
        f"Measured with `make validity` on {2 * countries} invented countries, {countries} with the default effects and as many "
        f"without, and by the main design on {empty} more without. Bias, with the 95% margin that the number of countries leaves, "
        "and coverage of 95% intervals over all of them; "
        "`seen`: how much larger the mean estimate is with the effect than without, as a share of the effect; then the share of "
        "countries in which zero is rejected, with the effect, and without it (which should be 5%), by the interval and by the "
        "wild cluster bootstrap. First ring: the areas that touch a wijk, to which a quarter of the effect leaks. Shares in percentage points, prices in per cent, scores in points. Bold: the main design.",
        "",
        "| outcome | planted | design | bias | of the effect | spread | coverage | seen | found | found of nothing | wild |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (outcome, design), both in table.groupby(["outcome", "design"], sort=False):
        with_it, without = both[both["planted"]].iloc[0], both[~both["planted"]].iloc[0]
        truth, bias = with_it["truth"], both["bias"].mean()
        uncertain = np.hypot(with_it["uncertain"], without["uncertain"]) / 2
        seen = 1 + (with_it["bias"] - without["bias"]) / truth
        rates = [both["coverage"].mean(), seen, with_it["rejected"], without["rejected"], without["wild"]]
        rates = [f"{100 * v:.1f}%" if pd.notna(v) else "" for v in rates]
        name = f"**{design}**" if with_it["main"] else design
        lines.append(
            f"| {outcome} | {truth:g} | {name} | {bias:+.4f} ± {uncertain:.4f} | {100 * bias / abs(truth):+.0f}% | "
            f"{both['spread'].mean():.4f} | " + " | ".join(rates) + " |"
        )
    (HERE / "validity.md").write_text("\n".join([*lines, ""]), encoding="utf-8")
    print("\n".join(lines))


def main() -> None:
    """Draw, estimate, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--countries", type=int, default=250, help="of each kind (default 250)")
    parser.add_argument(
        "--empty", type=int, default=750, help="more without effects, for the main design (default 750)"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    jobs = [
        (1000 + 2 * k + planted, planted, False)
        for k in range(options.countries)
        for planted in (True, False)
    ]
    jobs += [(100_000 + k, False, True) for k in range(options.empty)]
    with ProcessPoolExecutor(options.workers) as pool:
        rows = [row for part in pool.map(country, *zip(*jobs, strict=True)) for row in part]
    write(summary(pd.DataFrame(rows)), options.countries, options.empty)


if __name__ == "__main__":
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    main()
