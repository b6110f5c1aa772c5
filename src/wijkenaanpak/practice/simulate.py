"""The practice panel (oefendata): invented PC4 series in the publishers' formats, truth known.

Nothing here is an observation. PC4 codes, most gemeenten and every value are invented; the 40
wijken and their 18 gemeenten carry their names so that reports look as they will with real data.

Model, for PC4 i in gemeente c, year t (1998-2018) and indicator j, on the link scale (logit for
shares, log for money and rates, identity for scores)::

    eta_ijt = a_jt + b_jt d_i + s_j (l_j D_ijt + sqrt(1 - l_j^2) f_ij + m_j e_ijt / 6)
              + k_j (1 + 0.15 d_i) C_t + r_j (t - 2007)
    D_ijt   = d_i + g_i (t - 2006) + m_j v_it + U_ct
    y_ijt   = link^-1(eta_ijt) + delta_j phase_t exposure_i + measurement error

d is permanent deprivation (gemeente + spatially smoothed + own part, SD 1), g a small trend of the
PC4's own, v a transient AR(1) shock shared by all indicators of a PC4, U an AR(1) shock of the
city, f a permanent spatially smoothed part of one indicator, e an AR(1) disturbance, C the national
business cycle (schematic: high 2001 and 2008, low 2004-05 and 2009-13), m how volatile an
indicator is (near 0 for the housing stock). Measurement error: binomial for shares with a
denominator (normal approximation, then whole persons), Poisson for rates, sigma/sqrt(n) otherwise.

*Selection.* The score is the mean of 18 standardised 2006 values as measured, after the number and
themes of the official indicators (Kamerstuk 30995 nr. 66). In each city a wijk is grown from the
highest scorer over adjacent tiles, best first. Because v and the measurement error are in the
score, the 83 PC4 are partly in a bad year: they regress to the mean afterwards. High scorers
elsewhere stay untreated and some low scorers are included, as happened (Gerritsen, Webbink and
Ter Weel, De Economist 165, 2017).

*Calibration.* The year effect a_jt and the gradient b_jt, the same for treated and untreated PC4,
are solved (Newton) so that measured aggregates equal the published ones in the years of `TARGETS`;
they are interpolated between those years and constant outside. There is no shift of the treated
alone: an estimator that compares equally deprived PC4, from a base year in which the selected were
not yet in a bad year, sees the planted effect and nothing else; simpler ones do not. Calibration
precedes the effects: with an effect, published values hold up to that effect.

*Effects.* delta is in percentage points, score points or logarithms, by the codebook's scale; phase
is 0 until 2007, 1/5 in 2008, ... 1 from 2012; exposure is 1 in the 83 PC4, `SPILLOVER` in untreated
PC4 that touch one, 0 elsewhere. Draws do not depend on the effects: two panels of one seed differ
by the planted effects only (and the rounding to whole persons and published decimals).
"""

from __future__ import annotations

import json
import math
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyarrow import csv
from scipy import sparse
from scipy.special import expit, logit

from wijkenaanpak import RAW
from wijkenaanpak.instruments.scores import DIMENSIONS
from wijkenaanpak.practice import practice
from wijkenaanpak.practice.country import (
    CITIES,
    N_TREATED,
    SPILLOVER,
    YEARS,
    Array,
    Mask,
    World,
    block,
    pc4_per_wijk,
    standard,
    world_of,
)

__all__ = ["DEFAULT_EFFECTS", "SPILLOVER", "YEARS", "World", "generate", "planted_effects", "simulate"]


VERSION = 1
WARNING = "Oefendata: verzonnen cijfers met bekende effecten, geen waarnemingen."
LATER = (15, 22)  # awards of 2009 and 2010 to 40+ wijken (Voortgangsrapportage 2010, annex 2)
SMALLEST = 5  # a PC4 value on fewer cases is not published
DEFAULT_EFFECTS = {
    "nww": -0.5, "verkoopprijs": 0.035, "woz": 0.035,
    "lbm_onv": 0.03, "lbm_fys": 0.02, "lbm": 0.05, "lbm_onvoldoende": -1.5,
}  # fmt: skip
LBM_CONSTANT = 4.102265  # published scores minus the sum of their dimensions, equal for all PC4
PHASE = np.clip((YEARS - 2007) / 5, 0, 1)
CYCLE = np.array([
    0.2, -0.2, -0.7, -1.0, -0.5, 0.2, 0.7, 0.8, 0.2, -0.5, -0.9,
    -0.1, 0.4, 0.5, 1.0, 1.6, 1.6, 1.2, 0.7, 0.1, -0.4,
])  # fmt: skip
PRICES = np.array([  # thousand euros; the shape of the national price level
    125, 144, 172, 189, 200, 205, 213, 223, 236, 248, 255,
    238, 240, 240, 227, 213, 222, 230, 244, 263, 287.0,
])  # fmt: skip
PATHS = {"verkoopprijs": np.log(PRICES / 248), "woz": np.log(np.r_[112, PRICES[:-1]] / 236)}
TRANSIENT_SD, TRANSIENT_RHO = 0.7, 0.5

# level: national mean in 2007; s, l, k, r, m as in the model; error: b binomial, p Poisson, or
# sigma; n: the denominator, `-` when there is none
_TABLE = """indicator link level s l k r m error n
nww logit 6 .45 .85 .15 -.005 .6 b b15
nww_jongeren logit 3.5 .5 .75 .25 0 .7 b b27
ww logit 2.2 .25 .6 .22 0 .6 b b15
ao logit 8.5 .35 .75 .02 -.012 .3 b b15
bijstand_lang logit 1.8 .8 .85 .04 -.01 .3 b b15
inkomsten_arbeid logit 70 .25 -.8 -.03 .003 .5 b b15
laag_inkomen logit 37 .45 .85 .02 0 .5 b hh
huishoudinkomen log 30000 .2 -.8 -.01 .02 .5 .6 hh
werkenden logit 64 .25 -.8 -.04 .003 .5 b b15
verkoopprijs log 248000 .32 -.6 0 0 .3 .35 sold
woz log 236000 .3 -.65 0 0 .1 .5 won
koop logit 56 .7 -.75 0 .01 .05 b won
sociale_huur logit 32 .7 .8 0 -.008 .05 b won
kleine_woningen logit 18 .7 .6 0 0 .05 b won
meergezins logit 29 1.2 .65 0 .003 .05 b won
bouwjaar_voor_1970 logit 48 .9 .45 0 -.015 .05 b won
lage_kwaliteit logit 8 .8 .75 0 -.02 .1 b won
lbm_won score .026 .055 -.7 0 .001 .4 0 -
selectieve_migratie score 0 4 .6 0 0 .8 150 inw
vsv logit 4.2 .35 .8 0 -.05 .8 b jong
havovwo logit 44 .5 -.75 0 .012 .8 b l3
havovwo_nw logit 30 .45 -.55 0 .015 .8 b l3nw
geslaagd logit 91 .35 -.6 0 0 .8 b examen
cito score 535 2.2 -.7 0 0 .8 9 groep8
brede_scholen logit 24 .8 .6 0 .15 .1 b school
lbm_onv score .034 .078 -.75 -.006 .0012 .4 0 -
misdrijven log 65 .5 .6 0 -.03 1 p inw
onveiligheidsgevoel logit 20 .45 .8 0 -.02 1.4 b n
slachtofferschap logit 25 .25 .6 0 -.03 1.4 b n
vervuiling logit 30 .4 .6 0 -.01 1.4 b n
vernieling logit 12 .5 .6 0 -.02 1.4 b n
bekladding logit 20 .5 .6 0 0 1.4 b n
lbm_fys score .003 .046 -.3 0 .0005 .4 0 -
lbm_soc score .044 .059 -.75 -.003 0 .4 0 -
lbm_vrz score -.104 .122 .8 0 .001 .2 0 -
lbm_onvoldoende logit 8 1 .8 .05 -.03 .4 0 -
rapportcijfer score 7.4 .4 -.8 0 .008 1.4 1.4 n
verwachting score 5 7 -.3 -2 0 1.4 80 n
actief logit 20 .2 0 0 0 1 b n
pasgeborenen logit 16 .12 .7 0 -.005 1 b geboren
"""
SPEC: dict[str, Any] = {r.indicator: r for r in pd.read_csv(StringIO(_TABLE), sep=" ").itertuples()}
COMPONENTS = [name for names in practice.THEMES.values() for name in names]

# What the aggregates must be: of the aandachtswijken and of a reference area. Without a published
# reference the gradient of the year before stays. `scope`: the gemeente the calibration acts in.
TARGETS = pd.read_csv(
    StringIO("""indicator;year;treated;reference;area;scope;source
ww;2007;2.5;2.2;G18;;Voortgangsrapportage 2010
ww;2010;3.0;2.7;G18;;Voortgangsrapportage 2010
vsv;2006;7.5;4.2;Niet-aandachtswijken;;Voortgangsrapportage 2010 (7,5), Actieplan 2007 (4,2)
vsv;2009;6.4;;Niet-aandachtswijken;;Voortgangsrapportage 2010
huishoudinkomen;2007;22000;30000;Nederland;;Actieplan 2007
werkenden;2007;53;64;Nederland;;Actieplan 2007
lage_kwaliteit;2007;20;8;Nederland;;Actieplan 2007 (alleen de verhouding: 2,5)
pasgeborenen;2007;20;17;G18;;Voortgangsrapportage 2010
pasgeborenen;2008;19;17;G18;;Voortgangsrapportage 2010
brede_scholen;2009;64;24;Nederland;;Voortgangsrapportage 2010
havovwo;2009;27;42;Den Haag;Den Haag;Voortgangsrapportage 2010
lbm_fys;2008;-0.022;0.003;Niet-aandachtswijken;;Leefbaarometer 3.0, bij benadering
lbm_onv;2008;-0.186;0.034;Niet-aandachtswijken;;Leefbaarometer 3.0, bij benadering
lbm_soc;2008;-0.090;0.044;Niet-aandachtswijken;;Leefbaarometer 3.0, bij benadering
lbm_vrz;2008;0.142;-0.104;Niet-aandachtswijken;;Leefbaarometer 3.0, bij benadering
lbm_won;2008;-0.105;0.026;Niet-aandachtswijken;;Leefbaarometer 3.0, bij benadering
"""),
    sep=";",
    keep_default_na=False,
    na_values={"reference": [""]},
)


def simulate(
    out: Path, seed: int = 2007, effects: Mapping[str, float] | None = None, n_pc4: int = 4000
) -> None:
    """Write a practice panel: a data folder in the publishers' formats with known effects.

    Parameters
    ----------
    out : Path
        Folder to write. An earlier practice panel there is replaced once the new one is complete.
    seed : int
        The same seed gives the same bytes.
    effects : mapping of str to float, optional
        Effects that replace those of `DEFAULT_EFFECTS`: percentage points, score points or
        logarithms, by the codebook's scale; see :func:`planted_effects`.
    n_pc4 : int
        Number of PC4, 300-9000. Below 1000 the published national means hold for the untreated.

    Raises
    ------
    ValueError
        For an unknown indicator, an effect that is not a number, Leefbaarometer effects that do not
        add up, an impossible `n_pc4` or `seed`, or an `out` that holds something else than a practice panel.
    """
    out = Path(out).expanduser().resolve()
    codebook = pd.read_csv(RAW / "indicatoren.csv", keep_default_na=False).set_index("indicator")
    codebook = codebook[codebook.index.isin([*SPEC, "lbm"])]
    planted = planted_effects(effects or {}, list(codebook.index))
    if not 300 <= n_pc4 <= 9000:
        raise ValueError(f"n_pc4 = {n_pc4} kan niet; kies een aantal van 300 tot en met 9000.")
    if seed < 0:
        raise ValueError(f"seed = {seed} kan niet; kies 0 of een positief geheel getal.")
    if out.exists() and not (out / "OEFENDATA.json").is_file() and any(out.iterdir()):
        raise ValueError(f"{out} bevat iets anders dan oefendata; kies een lege of nieuwe map.")
    world, values, score, reliability = generate(seed, planted, n_pc4)
    facts = {
        "waarschuwing": WARNING,
        "seed": seed,
        "version": VERSION,
        "n_pc4": n_pc4,
        "effects": planted,
        "effects_unit": "procentpunten, scorepunten of logaritmen, naar unit en scale in indicatoren.csv",
        "effects_applied": "effect x phase x exposure: 1 in de 83 PC4, spillover in rakende PC4, 0 elders",
        "phase": dict(zip(YEARS.astype(str), PHASE.tolist(), strict=True)),
        "spillover": SPILLOVER,
        "reliability": round(reliability, 4),
        "selection": _selection(score, world.wijk),
        "calibration": _calibration(values, world),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        fresh.chmod(0o755)
        _write(fresh, world, score, codebook, values)
        practice.write(fresh / "formulieren", practice.fill(world, values, seed, YEARS))
        text = json.dumps(facts, indent=1, ensure_ascii=False)
        (fresh / "OEFENDATA.json").write_text(text + "\n", encoding="utf-8")
        _replace(fresh, out)
    except BaseException:  # Ctrl-C too leaves no half a panel
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def generate(
    seed: int, planted: Mapping[str, float], n_pc4: int = 4000, only: Sequence[str] = tuple(SPEC)
) -> tuple[World, dict[str, Array], Array, float]:
    """Make a practice panel in memory.

    Parameters
    ----------
    seed : int
    planted : mapping of str to float
        As :func:`planted_effects` returns it.
    n_pc4 : int
    only : sequence of str
        The indicators wanted; the selection is that of the whole panel either way.

    Returns
    -------
    (World, dict of str to array, array, float)
        The country; the measured values (PC4 x years) by indicator; the selection score of 2006 (PC4);
        its reliability.
    """
    counts = pc4_per_wijk()
    world = world_of(n_pc4, counts, seed)
    draws = {name: _draw(name, world, seed) for name in {*only, *COMPONENTS} & set(SPEC) | _parts(only)}
    score, reliability = _score(draws, world)
    world = replace(world, wijk=_select(score, world, counts))
    values: dict[str, Array] = {}
    for name in SPEC:
        if name in {*only, *_parts(only)}:
            truth = _with_effect(name, _calibrated(name, draws[name], world), planted[name], world.exposure)
            values[name] = _measure(name, truth, draws[name].z, world)
    if set(DIMENSIONS) <= set(values):
        values["lbm"] = LBM_CONSTANT + np.sum([values[d] for d in DIMENSIONS], axis=0)
    return world, values, score, reliability


def _parts(only: Sequence[str]) -> set[str]:
    """Name what has to be drawn for the total of the Leefbaarometer."""
    return set(DIMENSIONS) if "lbm" in only else set()


def planted_effects(given: Mapping[str, float], indicators: Sequence[str]) -> dict[str, float]:
    """Return the effect on every indicator: the given ones, else the default ones, else 0.

    The Leefbaarometer score is the sum of its dimensions: an effect on `lbm` alone is divided over
    them as the default effect is.

    Parameters
    ----------
    given : mapping of str to float
        Indicator to effect.
    indicators : sequence of str
        The codebook's indicators.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError
        For an unknown indicator, a number that is not finite, or dimensions that do not add up.
    """
    for name, size in given.items():
        if name not in indicators:
            raise ValueError(
                f"Indicator {name!r} (parameter effects) bestaat niet; kies uit {', '.join(indicators)}."
            )
        if not math.isfinite(size):
            raise ValueError(f"Effect {name}={size} is geen eindig getal; geef een getal als -0.5.")
    result = dict.fromkeys(indicators, 0.0) | DEFAULT_EFFECTS | dict(given)
    if "lbm" in given and not any(d in given for d in DIMENSIONS):
        share = given["lbm"] / DEFAULT_EFFECTS["lbm"]
        result |= {d: share * DEFAULT_EFFECTS.get(d, 0.0) for d in DIMENSIONS}
    total = sum(result[d] for d in DIMENSIONS)
    if not math.isclose(total, given.get("lbm", total), abs_tol=1e-9):
        raise ValueError(
            f"Effect lbm={given['lbm']} is niet de som van de effecten op de dimensies ({total:g}); "
            "geef alleen lbm of alleen de dimensies."
        )
    return result | {"lbm": total}


def _at(year: int) -> int:
    return int(year - YEARS[0])


# The indicators


@dataclass(frozen=True)
class Draw:
    """One indicator before calibration, on the link scale; `z`: standard normal noise."""

    eta: Array  # shape (PC4, years)
    permanent: Array  # eta without shocks, shape (PC4,)
    z: Array


def _draw(name: str, world: World, seed: int) -> Draw:
    spec = SPEC[name]
    s, load, m = spec.s, spec.l, spec.m
    common = np.random.default_rng([seed, 1])  # the same draws for every indicator
    own = np.random.default_rng([seed, 2, list(SPEC).index(name)])
    shape, d = world.n["-"].shape, world.deprivation
    slope = 0.02 * common.standard_normal(shape[0])
    transient = TRANSIENT_SD * _ar1(common, shape, TRANSIENT_RHO)
    names, place = np.unique(world.gemeente, return_inverse=True)
    city = 0.06 * _ar1(common, (len(names), len(YEARS)), 0.8)[place]
    white, rough = own.standard_normal((2, shape[0]))
    field = 0.8 * world.smooth(white) + 0.6 * rough
    start = _link(name, spec.level) + s * (load * d + math.sqrt(1 - load**2) * field)
    moving = load * (np.outer(slope, YEARS - 2006) + m * transient + city)
    moving += m * _ar1(own, shape, 0.6) / 6
    national = PATHS.get(name, spec.r * (YEARS - 2007)) + spec.k * np.outer(1 + 0.15 * d, CYCLE)
    return Draw(start[:, None] + s * moving + national, start, own.standard_normal(shape))


def _ar1(rng: np.random.Generator, shape: tuple[int, ...], rho: float) -> Array:
    """Draw stationary AR(1) rows with unit variance."""
    result = rng.standard_normal(shape)
    for t in range(1, shape[1]):
        result[:, t] = rho * result[:, t - 1] + math.sqrt(1 - rho**2) * result[:, t]
    return result


def _link(name: str, value: Any) -> Any:
    link = SPEC[name].link
    return logit(value / 100) if link == "logit" else np.log(value) if link == "log" else value


def _inverse(name: str, eta: Array) -> Array:
    link = SPEC[name].link
    return 100 * expit(eta) if link == "logit" else np.exp(eta) if link == "log" else eta


def _with_effect(name: str, truth: Array, effect: float, exposure: Array) -> Array:
    dose, link = effect * np.outer(exposure, PHASE), SPEC[name].link
    if link == "log":
        return truth * np.exp(dose)
    return np.clip(truth + dose, 0.01, 99.99) if link == "logit" else truth + dose


def _measure(name: str, truth: Array, z: Array, world: World, at: Any = slice(None)) -> Array:
    """Add measurement error; missing where the denominator is 0. `at` selects years."""
    spec = SPEC[name]
    size = world.n[spec.n][:, at]
    n = np.maximum(size, 1)
    if spec.error == "b":
        expected = n * truth / 100
        cases = expected + np.sqrt(expected * (1 - truth / 100)) * z
        value = 100 * np.rint(np.clip(cases, 0, n)) / n
    elif spec.error == "p":
        expected = n * truth / 1000
        value = 1000 * np.rint(np.maximum(expected + np.sqrt(expected) * z, 0)) / n
    else:
        sigma = float(spec.error) / np.sqrt(n)
        value = truth * np.exp(sigma * z) if spec.link == "log" else truth + sigma * z
    return np.where(size > 0, value, np.nan)


# Selection and calibration


def _score(draws: Mapping[str, Draw], world: World) -> tuple[Array, float]:
    """Return the 2006 score as measured, and its squared correlation with the one without noise."""
    year = _at(2006)
    noisy, true = np.zeros(len(world.wijk)), np.zeros(len(world.wijk))
    for name in COMPONENTS:
        draw, sign = draws[name], np.sign(SPEC[name].l)
        measured = _measure(name, _inverse(name, draw.eta[:, year]), draw.z[:, year], world, year)
        noisy += sign * standard(np.where(np.isnan(measured), np.nanmean(measured), measured))
        true += sign * standard(_inverse(name, draw.permanent))
    return standard(noisy), float(np.corrcoef(noisy, true)[0, 1] ** 2)


def _select(score: Array, world: World, counts: pd.Series) -> NDArray[np.str_]:
    """Grow the 40 wijken inside their cities from the highest scores, large ones first."""
    wijk = world.wijk.copy()
    for area, size in counts.sort_values(ascending=False, kind="stable").items():
        free = (world.gemeente == str(area).split("/")[0]) & (wijk == "")
        wijk[block(size, free, -score, world.rook)] = area
    return wijk


def _selection(score: Array, wijk: NDArray[np.str_]) -> dict[str, Any]:
    treated = wijk != ""
    top = score >= np.sort(score)[-N_TREATED]
    return {
        "components": COMPONENTS,
        "treated": int(treated.sum()),
        "mean_score_treated_sd": round(float(score[treated].mean()), 3),
        "untreated_in_top_83": int((top & ~treated).sum()),
    }


def _mean(name: str, value: Array, year: int, mask: Mask, world: World) -> float:
    """Weight by the denominator, as the publisher does; the number of schools is not published."""
    kind = SPEC[name].n if name in SPEC else "-"
    known = mask & ~np.isnan(value)
    weight = world.n["-" if kind == "school" else kind][known, year]
    return float((value[known] * weight).sum() / weight.sum())


def _calibrated(name: str, draw: Draw, world: World) -> Array:
    """Return the true values after calibration, without effects; shape (PC4, years)."""
    eta = draw.eta
    targets = TARGETS[TARGETS["indicator"] == name]
    if (targets["scope"] != "").all():
        level = {"indicator": name, "year": 2007, "reference": SPEC[name].level, "scope": ""}
        targets = pd.concat([pd.DataFrame([level | {"area": "Nederland"}]), targets])
    for scope, part in targets.groupby("scope", sort=False):
        inside, theta, solved = world.area(str(scope)), np.zeros(2), []
        for target in part.itertuples():
            theta = _solve(target, eta, draw.z, theta, inside, world)
            solved.append(theta)
        level, gradient = (np.interp(YEARS, part["year"], row) for row in np.transpose(solved))
        eta = eta + inside[:, None] * (level + np.outer(world.deprivation, gradient))
    return _inverse(name, eta)


def _solve(target: Any, eta: Array, z: Array, theta: Array, inside: Mask, world: World) -> Array:
    """Solve level and gradient for the aggregates of one year by Newton's method."""
    name, year, treated = target.indicator, _at(target.year), world.wijk != ""
    reference = world.area(target.area)
    if len(treated) < 1000:  # in so small a country the 83 PC4 would be much of the reference
        reference = reference & ~treated
    pairs = [(inside & treated, target.treated), (reference, target.reference)]
    pairs = [(mask, value) for mask, value in pairs if not np.isnan(value)]
    goal = _link(name, np.array([value for _, value in pairs], dtype=float))
    design = np.column_stack([inside, inside * world.deprivation])

    def reached(theta: Array) -> Array:
        truth = _inverse(name, eta[:, year] + design @ theta)
        value = _measure(name, truth, z[:, year], world, year)
        means = np.array([_mean(name, value, year, mask, world) for mask, _ in pairs])
        return _link(name, means)  # there the problem is nearly linear

    theta, steps = theta.copy(), 0.05 * np.eye(2)[: len(pairs)]
    for _ in range(8):
        slopes = np.column_stack([(reached(theta + h) - reached(theta - h)) / 0.1 for h in steps])
        step = np.linalg.solve(slopes, reached(theta) - goal)
        theta[: len(pairs)] -= np.clip(step, -0.5, 0.5)
    return theta


def _calibration(values: Mapping[str, Array], world: World) -> list[dict[str, Any]]:
    """List what was aimed at and what the panel, with its effects, gives."""
    table = TARGETS.astype({"reference": object}).where(TARGETS.notna(), None)
    rows = table.to_dict("records")
    for row in rows:
        year, name = _at(row["year"]), row["indicator"]
        masks = {
            "treated": world.area(row["scope"]) & (world.wijk != ""),
            "reference": world.area(row["area"]),
        }
        for part, mask in masks.items():
            reached = _mean(name, values[name][:, year], year, mask, world)
            row[f"simulated_{part}"] = round(reached, 4)
    return rows


# The files


def _write(
    folder: Path, world: World, score: Array, codebook: pd.DataFrame, values: Mapping[str, Array]
) -> None:
    for table in ("71718ned", "47018NED"):
        _write_statline(folder / table, codebook[codebook["table"] == table], world, values)
    key = np.repeat(world.code, len(YEARS)), np.tile(YEARS, len(world.code))
    scores = {column: values[name].round(6) for name, column in _columns(codebook, "leefbaarometer")}
    scores["afw"] = (values["lbm"] - LBM_CONSTANT).round(6)
    order = ["lbm", "afw", "fys", "onv", "soc", "vrz", "won"]
    layout = dict(zip(["PC4", "jaar"], key, strict=True)) | {c: scores[c].ravel() for c in order}
    _csv(folder / "lbm3_pc4_oefen.csv", layout)
    surveys = dict(zip(["pc4", "jaar"], key, strict=True)) | {"n": world.n["n"].ravel().astype(int)}
    for name, column in _columns(codebook, "peilingen"):
        shown = values[name].ravel().round(int(codebook.loc[name, "decimals"]))
        surveys[column] = shown.clip(codebook.loc[name, "lowest"], codebook.loc[name, "highest"])
    _csv(folder / "peilingen.csv", surveys)
    inhabitants = world.n["inw"][:, _at(2007)].astype(int)
    places = {"plaats": world.gemeente, "gemeente": world.gemeente}
    _csv(folder / "pc4_gemeente_inwoners.csv", {"pc4": world.code, "inwoners": inhabitants} | places)
    treated = sorted((w, c) for w, c in zip(world.wijk, world.code, strict=True) if w)
    wijken, codes = zip(*treated, strict=True)
    notes = {"zekerheid": ["oefen"] * len(codes), "bron": [WARNING] * len(codes)}
    _csv(folder / "aandachtswijken_pc4.csv", {"wijk": wijken, "pc4": codes} | notes)
    # the next in line, awarded later: weak, untreated, not beside a treated one
    spare = (world.city | world.urban) & (world.exposure == 0)
    later = np.flatnonzero(spare)[np.argsort(-score[spare], kind="stable")[: sum(LATER)]]
    tranche = np.repeat([1, 2], LATER)[: len(later)]
    names = [f"{world.gemeente[i]}/40+ {k}" for k, i in enumerate(later, 1)]
    _csv(folder / "wijken_40plus_pc4.csv", {"tranche": tranche, "wijk": names, "pc4": world.code[later]})
    # the truth behind the selection, for those who test a design against it
    truth: dict[str, Any] = {"score_2006": score.round(6), "achterstand": world.deprivation.round(6)}
    truth |= {"blootstelling": world.exposure, "wijk": world.wijk}
    _csv(folder / "selectie_oefen.csv", {"pc4": world.code} | truth)
    _write_map(folder / "pc4_oefen.gpkg", world)


def _columns(codebook: pd.DataFrame, table: str) -> list[tuple[str, str]]:
    return list(codebook.loc[codebook["table"] == table, "column"].items())


def _csv(path: Path, columns: Mapping[str, Any]) -> None:
    table = pa.table({name: pa.array(part, from_pandas=True) for name, part in columns.items()})
    csv.write_csv(table, path, csv.WriteOptions(quoting_style="needed"))


def _write_map(path: Path, world: World) -> None:
    low = world.tiles * world.side
    squares = shapely.box(*low.T, *(low + world.side).T)
    frame = gpd.GeoDataFrame({"pc4": world.code}, geometry=squares, crs=28992)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2007-07-13T00:00:00.000Z"})  # no clock
    try:
        frame.to_file(path, layer="pc4_oefen", driver="GPKG", engine="pyogrio")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _write_statline(folder: Path, codebook: pd.DataFrame, world: World, values: Mapping[str, Array]) -> None:
    """Write a table as R's ``cbs_download_table`` saves it; small cells stay empty, as CBS does."""
    folder.mkdir()
    regions, members = _regions(world)
    pc4 = regions["Key"].str.startswith("PC").to_numpy()[:, None]
    topics: dict[str, tuple[Array, str, int]] = {}
    for name, row in codebook.iterrows():
        n, decimals = world.n[SPEC[name].n], int(row["decimals"])
        total = members @ n
        with np.errstate(invalid="ignore"):  # a region where nobody is counted has no mean
            mean = members @ np.nan_to_num(values[str(name)] * n) / total
        shown = np.where(pc4 & (total < SMALLEST), np.nan, mean).round(decimals)
        shown = shown.clip(row["lowest"], row["highest"])
        topics |= {row["n_column"]: (total.astype(int), "aantal", 0)}
        topics |= {row["column"]: (shown, row["unit"], decimals)}
    properties = _properties(topics)
    periods = [f"{year}JJ00" for year in YEARS]
    data = {
        "ID": np.arange(len(regions) * len(YEARS)),
        "RegioS": np.repeat(regions["Key"].to_numpy(), len(YEARS)),
        "Perioden": np.tile(periods, len(regions)),
    }
    for path, key in properties.loc[properties["Type"] == "Topic", ["path", "Key"]].to_numpy():
        data[key] = topics[path][0].ravel()
    _csv(folder / "data.csv", data)
    _csv(folder / "DataProperties.csv", properties.drop(columns="path").to_dict("series"))
    _csv(folder / "RegioS.csv", regions.to_dict("series"))
    status = ["Definitief"] * len(YEARS)
    _csv(folder / "Perioden.csv", {"Key": periods, "Title": YEARS.astype(str), "Status": status})
    title = f"OEFENDATA in de vorm van {folder.name}"
    about = {"ID": [0], "Title": [title], "Identifier": [folder.name], "Summary": [WARNING]}
    _csv(folder / "TableInfos.csv", about)


def _regions(world: World) -> tuple[pd.DataFrame, sparse.csr_matrix]:
    """Return the regions in StatLine's order, and the PC4 in each (regions x PC4)."""
    treated, single = world.wijk != "", np.eye(len(world.wijk), dtype=bool)
    rows = [
        ("NL01", "Totaal Nederland", world.area("")),
        ("AW01", "Totaal aandachtswijken", treated),
        ("NA01", "Totaal niet-aandachtswijken", ~treated),
    ]
    for number, city in enumerate(sorted(CITIES), 1):
        inside = world.area(city)
        rows.append((f"GM{number:02d}", f"Totaal {city}", inside))
        for order, wijk in enumerate(sorted(set(world.wijk[inside & treated])), 1):
            title = wijk.replace("/", ", ", 1)
            rows.append((f"WK{number:02d}{order:02d}", title, world.wijk == wijk))
            for i in np.flatnonzero(world.wijk == wijk):
                rows.append((f"PC{world.code[i]}", f"{world.code[i]} {title}", single[i]))
        rest = f"{city}, totaal niet-aandachtswijken"
        rows.append((f"NA{number + 1:02d}", rest, inside & ~treated))
    for i in np.flatnonzero(~treated):
        rows.append((f"PC{world.code[i]}", f"{world.code[i]} {world.gemeente[i]}", single[i]))
    keys, titles, masks = zip(*rows, strict=True)
    return pd.DataFrame({"Key": keys, "Title": titles}), sparse.csr_matrix(np.array(masks, float))


def _properties(topics: Mapping[str, tuple[Array, str, int]]) -> pd.DataFrame:
    """Lay out topics as StatLine's tree of groups and topics; `path` is the joined titles."""
    paths = [part.split(" > ") for part in topics]
    nodes = sorted({tuple(path[:depth]) for path in paths for depth in range(1, len(path) + 1)})
    number = {node: i for i, node in enumerate(nodes, 2)}
    rows: list[dict[str, Any]] = [
        {"ID": 0, "Type": "GeoDimension", "Key": "RegioS", "Title": "Regio's"},
        {"ID": 1, "Type": "TimeDimension", "Key": "Perioden", "Title": "Perioden"},
    ]
    for node, i in number.items():
        path = " > ".join(node)
        row = {"ID": i, "Type": "TopicGroup", "Title": node[-1], "ParentID": number.get(node[:-1])}
        if path in topics:
            key = f"{re.sub(r'[^A-Za-z0-9]', '', node[-1])[:30]}_{i}"
            row |= {"Type": "Topic", "Key": key, "Unit": topics[path][1], "Decimals": topics[path][2]}
        rows.append(row | {"path": path})
    order = ["ID", "Position", "ParentID", "Type", "Key", "Title", "Description", "Unit", "Decimals"]
    frame = pd.DataFrame(rows).assign(Position=range(len(rows)), Description=None)
    return frame.astype({"ParentID": "Int64", "Decimals": "Int64"})[[*order, "path"]]


def _replace(fresh: Path, out: Path) -> None:
    """Put a complete folder in the place of an earlier one, which comes back if that fails."""
    old = fresh.with_name(f"{fresh.name}-oud")
    if out.exists():
        out.rename(old)
    try:
        fresh.rename(out)
    except BaseException:  # the earlier panel comes back, whatever stopped the new one
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)
