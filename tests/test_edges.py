"""Numbers at the edge: what cannot be computed is missing with its true reason, and what is stated holds together."""

import math
from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from wijkenaanpak.effects import diagnostics, effects, gaps, verdict, within
from wijkenaanpak.instruments import budgets, charters, flows, practices, selection, series, surveys
from wijkenaanpak.instruments.budgets import CRITERIA
from wijkenaanpak.measures import monitor
from wijkenaanpak.measures.monitor import Estimate
from wijkenaanpak.store import evaluation

# What a file may hold: nothing, nil, the same everywhere, the tiniest and the largest.
values = st.one_of(
    st.sampled_from([0.0, 1.0, 5.0, 100.0, 1e-6, 1e12, math.nan]),
    st.floats(-1e3, 1e12).map(lambda v: round(v, 6)),
)
counts = st.one_of(st.sampled_from([0, 1, 10_000_000]), st.integers(0, 5000))


def holds(found, path=""):
    """Whether every number is finite or missing, and every estimate inside its margin."""
    if is_dataclass(found):
        found = {field.name: getattr(found, field.name) for field in fields(found)}
    if isinstance(found, pd.DataFrame):
        found = found.reset_index(drop=True).to_dict("records")
    if isinstance(found, dict):
        if {"estimate", "lower", "upper"} <= set(found):
            estimate, lower, upper = (float(found[k]) for k in ("estimate", "lower", "upper"))
            slack = 1e-9 * max(1.0, abs(estimate)) if math.isfinite(estimate) else 0
            assert math.isnan(lower) or lower <= estimate + slack, (path, found)
            assert math.isnan(upper) or upper >= estimate - slack, (path, found)
            assert math.isnan(lower) == math.isnan(upper), (path, found)
        for name, value in found.items():
            holds(value, f"{path}/{name}")
    elif isinstance(found, list | tuple):
        for value in found:
            holds(value, path)
    elif isinstance(found, float):
        assert not math.isinf(found), path
    return True


def frame(numbers, **more):
    return pd.DataFrame({"period": range(2007, 2007 + len(numbers)), "value": numbers, **more})


few = st.lists(values, min_size=2, max_size=6)


@given(few, few, st.sampled_from([0.0, 0.5, 1e9, math.nan]), st.sampled_from([-1, 1]), st.sampled_from(["lineair", "log"]), st.booleans())  # fmt: skip
def test_every_measure_of_a_gap_is_finite_or_missing_and_lies_in_its_margin(one, other, se, direction, scale, nested):  # fmt: skip
    wijk, reference = frame(one, se=se, n=100, decimals=1), frame(other, se=se, n=400, decimals=1)
    gap = monitor.gaps(wijk, reference, direction, scale, nested)
    known = gap[["gap", "lower", "upper"]].rename(columns={"gap": "estimate"})
    ratio = gap[["index", "index_lower", "index_upper"]].set_axis(["estimate", "lower", "upper"], axis=1)
    assert holds(known) and holds(ratio.where(gap["se"] < 1e8))
    last = int(gap.index[-1])
    assert holds(monitor.change(gap, 2007, last))
    assert holds(monitor.decompose(wijk, reference, 2007, last, direction, scale, nested))
    ends = gap["gap"].loc[[2007, last]].tolist()
    assert holds(monitor.gap_closed(*ends, se, se, 0.1))
    assert holds(monitor.project_gap(gap, 2020))
    course = monitor.on_course(gap, 2007)
    assert course["probability"].dropna().between(0, 1).all()
    inside = gap["gap"].dropna()
    if len(inside) > 2 and abs(inside.iloc[-1] - inside.iloc[0]) > 1e-6:
        assert monitor.timing(inside)[1] in inside.index


@given(few, st.lists(st.sampled_from("ab"), min_size=6, max_size=6))
def test_every_measure_over_wijken_is_finite_or_missing_and_lies_in_its_margin(changes, cities):
    change = pd.Series(changes, dtype=float)
    city = pd.Series(cities[: len(changes)])
    assert holds(monitor.catching_up(change))
    assert holds(monitor.mean_change(change, city))
    assert holds(monitor.difference(change.dropna(), change.dropna()[::-1]))
    assert holds(monitor.beta_convergence(change, change[::-1].reset_index(drop=True), 0 * change, city))
    spread = monitor.sigma_convergence(pd.DataFrame({2007: change, 2012: change * 2}))
    assert holds(spread.rename(columns={"sd": "estimate"}))


@given(st.lists(counts, min_size=3, max_size=6), st.lists(counts, min_size=6, max_size=6))
def test_every_instrument_of_counts_stays_within_what_it_can_be(one, other):
    a, b = pd.Series(one), pd.Series(other[: len(one)])
    spread = flows.dissimilarity(a, b)
    assert holds(spread) and not spread.estimate < 0 and not spread.estimate > 1
    rate = charters.per_thousand(one[0], other[0])
    assert holds(rate) and not rate.lower < 0
    share = monitor.wilson(min(one[0], other[0]), other[0])
    assert holds(share) and not share.lower < 0 and not share.upper > 1
    ledger = pd.DataFrame({"thema": ["x"] * len(a), "gepland": a, "geleverd": b, "euro": a})
    rates = charters.delivery(ledger)[["rate", "rate_euro"]].to_numpy(float)
    assert not (rates < 0).any() and not (rates > 1 + 1e-12).any()
    applications = pd.DataFrame(dict.fromkeys(CRITERIA, a) | {"bedrag": b, "tranche": 1, "g31": 1, "krachtwijk": 0})  # fmt: skip
    assert (budgets.award(applications, 10.0)["left"] >= -1e-9).all()


@given(st.floats(0, 100), st.floats(0, 100), counts, st.sampled_from([1.0, 40.0]))
def test_a_balance_of_answers_lies_in_its_margin(better, worse, n, design):
    worse = min(worse, 100 - better)
    assert holds(surveys.balance(better, worse, n, design))


@given(st.lists(st.sampled_from([0.0, 1.0, 5.0]), min_size=6, max_size=12))
def test_instruments_of_grades_and_series_hold_together(numbers):
    found, p, _ = surveys.paired_change(pd.Series(numbers), pd.Series(numbers[::-1]))
    assert holds(found) and not p > 1
    assert holds(series.interrupted(pd.Series(numbers, index=range(2003, 2003 + len(numbers)), dtype=float), 2008))  # fmt: skip
    ratings = pd.DataFrame(
        [(f"p{i}", r, *[int(x > 0)] * 5) for i, x in enumerate(numbers) for r in "ab"],
        columns=["praktijk", "beoordelaar", *practices.PRACTICE, "baten"],
    )
    assert holds(practices.kappa(ratings))
    values = pd.DataFrame({"area": [f"{i}" for i in range(len(numbers))], "indicator": "x", "theme": "t", "direction": 1, "value": numbers})  # fmt: skip
    scores = selection.selection_score(values)
    assert np.isfinite(scores["score"]).all()
    assert not math.isinf(selection.reliability(pd.concat([values, values.assign(indicator="y")])))


# ---- effects -----------------------------------------------------------------------------------------

YEARS = ([*range(1999, 2019)], [2002, 2008, 2012, 2014, 2018], [2006, 2012], [2008, 2018])
KINDS = ("plain", "plain", "plain", "constant", "by area", "by year", "separated", "separated after", "treated alike", "others alike")  # fmt: skip


def country(seed, years, scale, kind, cities, n=70, treated=0.3, denominator=500.0, near=()):
    """A small country whose numbers lie at the edge of what can be estimated."""
    rng = np.random.default_rng(seed)
    years, city = np.array(years), rng.integers(0, cities, n)
    own = rng.random(n) < treated
    level = rng.normal(0, 1, (n, 1))
    y = level + rng.normal(0, 0.3, (n, len(years)))
    flat = np.zeros_like(y)
    y = {
        "plain": y, "constant": flat, "by area": level + flat, "by year": y[:1] + flat,
        "separated": np.where(own[:, None], 3.0, -3.0) + flat,
        "separated after": np.where(own[:, None] & (years > 2008), 3.0, -3.0) + flat,
        "treated alike": np.where(own[:, None], 0, y), "others alike": np.where(own[:, None], y, 0),
    }[kind]  # fmt: skip
    value = {
        "lineair": y, "log": 2e5 * np.exp(y), "logit": np.round(100 * expit(2 * y), 1), "rate": np.round(np.exp(y), 1),
    }[scale]  # fmt: skip
    area = np.array([str(1000 + i) for i in range(n)])
    rows = pd.DataFrame(
        {
            "area": np.repeat(area, len(years)), "period": np.tile(years, n), "value": value.ravel(),
            "n": denominator, "gemeente": np.repeat([f"c{c}" for c in city], len(years)),
        }
    )  # fmt: skip
    wijk = {a: f"c{c}/w{int(a) % 3}" for a, c, k in zip(area, city, own, strict=True) if k}
    return effects.sample(rows, wijk, set(near), set(), scale)


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.sampled_from(YEARS), st.sampled_from(["lineair", "log", "logit", "rate"]), st.sampled_from(KINDS), st.integers(1, 5), st.sampled_from([0.1, 0.3, 0.9]), st.sampled_from([0.0, 1.0, 500.0]))  # fmt: skip
def test_every_estimate_is_finite_and_lies_in_its_margin_or_there_is_a_reason(seed, years, scale, kind, cities, treated, n):  # fmt: skip
    s = country(seed, years, scale, kind, cities, treated=treated, denominator=n)
    s = within.in_points(s) if len(set(s.city)) == 1 else s
    if reason := evaluation.nothing_to_compare(s, 2018):
        assert "nan" not in reason
        return
    w = effects.windows(s.periods, 2018)
    if len(set(s.city)) == 1:
        assert holds(within.compare(s, w))
        return
    found = evaluation.designs(s, w)
    main = evaluation.main_of(found)
    if main is None:
        return
    fit, at = effects.estimate(s, w, main), s.level_in(w.after, effects.counted(s, main))
    event = effects.event_study(s, w, main)
    made = evaluation._estimates(s, w, found, main, fit, effects.time_weights(s, w), at)
    for row in made["designs"]:
        row.pop("wild_lower"), row.pop("wild_upper")  # these may be without end
        assert 0 <= row["p"] <= 1
    assert holds(made)
    assert holds(evaluation._event(s, event[0], effects.counted(s, main)))
    assert holds(evaluation._before(s, w, found, main, fit, event, at))
    assert holds(evaluation._counts(s, w, main))
    assert holds(evaluation._scaled(s, diagnostics.cyclical(s, w, *event, fit), at, evaluation.NUMBERS))
    assert holds(evaluation._by_area(s, w)[1]["wijken"])
    assert holds(gaps.margins(s, int(s.periods[0]), None))
    for row in verdict.among_programmes(s, w, found, main.name, None, 40)["choices"]:
        assert all(math.isfinite(place["p"]) for place in row["designs"])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"treated": 0.0}, "van geen enkel postcodegebied met de aanpak"),
        ({"treated": 0.07}, "postcodegebieden met de aanpak voor alle jaren"),
        ({"treated": 1.0}, "met geen enkel ander gebied te vergelijken"),
        ({"near": [str(1000 + i) for i in range(66)]}, "en daarvan zijn er ten minste 5 nodig"),
        ({"kind": "constant"}, "veranderden allemaal precies evenveel"),
        ({"kind": "separated after"}, "veranderden allemaal precies evenveel"),
        ({"years": [2012, 2014]}, "de eerste is van 2012"),
        ({"years": [2005, 2007]}, "van 2005 tot en met 2007 is er geen meting van ruim na de start"),
        ({"years": [2007]}, "de enige meting is van 2007"),
        ({"years": [2005, 2007, 2019]}, "kies een later eindjaar"),
    ],
)  # fmt: skip
def test_the_reason_why_there_is_no_effect_is_the_true_one(changed, reason):
    s = country(**{"seed": 3, "years": [2006, 2012], "scale": "lineair", "kind": "plain", "cities": 4} | changed)  # fmt: skip
    assert reason in evaluation.nothing_to_compare(s, 2018)


def test_an_estimate_without_spread_is_no_estimate():
    # two cities, one treated whole: their errors cancel, and the margin would be nil
    s = country(5, [2006, 2012], "lineair", "plain", 2)
    own = s.city == "c0"
    whole = effects.replace(s, wijk=np.where(own, "c0/w", ""))
    for design in evaluation.designs(whole, effects.windows(s.periods, 2018)).values():
        assert effects.estimate(whole, effects.windows(s.periods, 2018), design).se > 1e-6


def test_a_missing_number_gives_its_reason():
    assert Estimate(reason="x").reason == "x"
    assert monitor.wilson(0, 0).reason and charters.per_thousand(1, 0).reason
