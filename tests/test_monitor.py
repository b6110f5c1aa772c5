"""The descriptive measures: worked by hand, by their properties, and against simulated truth."""

import doctest
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from wijkenaanpak.measures import monitor

WIJKEN_PER_GEMEENTE = [7, 5, 4, 4, 4, 3, 2] + [1] * 11

quick = settings(max_examples=40, deadline=None)


def series(values: dict[int, float], se=math.nan, n=math.nan, decimals=math.nan) -> pd.DataFrame:
    frame = pd.DataFrame({"period": list(values), "value": list(values.values())})
    return frame.assign(se=se, n=n, decimals=decimals)


def gap_frame(values: dict[int, float], se=math.nan, rounding=math.nan) -> pd.DataFrame:
    gap = pd.Series(values, dtype=float).rename_axis("period")
    return pd.DataFrame({"gap": gap, "se": se, "low": gap - rounding, "high": gap + rounding})


@pytest.fixture
def ww():
    """WW-aandeel, aandachtswijken and G18: Voortgangsrapportage Wijkenaanpak 2010."""
    wijk = series({2007: 2.5, 2010: 3.0}, decimals=1)
    return monitor.gaps(wijk, series({2007: 2.2, 2010: 2.7}, decimals=1), direction=-1)


@pytest.fixture
def newborns():
    """Pasgeborenen met extra zorg, aandachtswijken and G18: same report."""
    wijk = series({2007: 20, 2008: 19}, decimals=0)
    return monitor.gaps(wijk, series({2007: 17, 2008: 17}, decimals=0), direction=-1)


positive = st.floats(1, 1000)
errors = st.floats(0.01, 10)
directions = st.sampled_from([-1, 1])
scales = st.sampled_from(["lineair", "log"])
four = st.tuples(positive, positive, positive, positive)


# Worked by hand from the published figures


def test_the_ww_gap_stays_but_its_index_falls(ww):
    assert ww["gap"].tolist() == pytest.approx([0.3, 0.3])
    assert ww["index"].tolist() == pytest.approx([1.136, 1.111], abs=5e-4)
    assert ww["relative_gap"].tolist() == pytest.approx([0.136, 0.111], abs=5e-4)
    closed = monitor.gap_closed(*ww["gap"], rounding=0.1)
    assert closed.estimate == pytest.approx(0, abs=1e-9)
    assert closed.low < 0 < closed.high


def test_the_direction_of_the_ww_gap_cannot_be_told_from_one_decimal(ww):
    found = monitor.change(ww, 2007, 2010)
    assert (found.low, found.high) == pytest.approx((-0.2, 0.2))
    assert found.rounding == found.verdict == "niet vast te stellen"
    assert found.reason == "de afronding kan beide kanten op en de standaardfout is onbekend"


def test_a_third_of_the_newborns_gap_closed_if_the_roundings_are_believed(newborns):
    closed = monitor.gap_closed(*newborns["gap"], rounding=1)
    assert closed.estimate == pytest.approx(1 / 3)
    assert (closed.low, closed.high) == pytest.approx((1 - 3 / 2, 1 - 1 / 4))
    assert newborns["index"].tolist() == pytest.approx([1.176, 1.118], abs=5e-4)


def test_the_index_is_above_one_when_worse_also_where_higher_is_better():
    # Havo/vwo in Den Haag, 2009: 27% against 42%; the plain ratio is 0.643, the index its inverse.
    found = monitor.gaps(series({2009: 27}), series({2009: 42}), direction=1).loc[2009]
    assert found["gap"] == 15
    assert found["wijk"] / found["reference"] == pytest.approx(0.643, abs=5e-4)
    assert found["index"] == pytest.approx(1 / 0.643, abs=2e-3)
    assert found["relative_gap"] == pytest.approx(15 / 42)


def test_nieuwland_closed_five_points_of_its_gap_four_of_them_itself():
    # Only changes were published: +4 in Nieuwland, -1 in Schiedam.
    wijk, city = series({2007: 30, 2010: 34}), series({2007: 50, 2010: 49})
    parts = monitor.decompose(wijk, city, 2007, 2010, direction=1)["estimate"]
    assert parts.to_dict() == {
        "eigen verandering": -4,
        "verandering referentie": -1,
        "verandering achterstand": -5,
    }
    assert monitor.change(monitor.gaps(wijk, city, 1), 2007, 2010).estimate == -5


@pytest.mark.parametrize(("k", "n", "p"), [(20, 40, 1.00), (27, 40, 0.04), (24, 40, 0.27), (22, 34, 0.12)])
def test_only_one_of_the_published_counts_differs_from_a_coin_toss(k, n, p):
    found = monitor.catching_up(pd.Series([-1.0] * k + [1.0] * (n - k)))
    assert (found.k, found.n) == (k, n)
    assert found.p_half == pytest.approx(p, abs=0.005)


@pytest.mark.parametrize(("k", "n", "low", "high"), [(159, 249, 0.58, 0.70), (28, 70, 0.29, 0.52)])
def test_wilson_interval_of_published_counts(k, n, low, high):
    found = monitor.wilson(k, n)
    assert (found.lower, found.upper) == pytest.approx((low, high), abs=0.006)
    independent = proportion_confint(k, n, method="wilson")
    assert (found.lower, found.upper) == pytest.approx(independent)


def test_three_tenths_are_due_in_2010_and_half_in_2012():
    path = monitor.required_path(1, 2007, 10, [2006, 2007, 2010, 2012, 2017, 2020])
    assert (1 - path).tolist()[1:] == pytest.approx([0, 0.3, 0.5, 1, 1])
    assert math.isnan(path[2006])
    assert monitor.required_path(1, 2007, 8, [2011, 2015]).tolist() == [0.5, 0]


def test_a_straight_line_takes_early_school_leaving_to_three_and_a_half_per_cent_in_2017():
    # 7.5% in October 2006, 6.4% in October 2009; the years between are put on the line.
    line = gap_frame({2006 + i: 7.5 - i * 1.1 / 3 for i in range(4)})
    assert monitor.project_gap(line, to=2017).loc["lineair", "estimate"] == pytest.approx(3.5, abs=0.05)
    two = monitor.project_gap(line.loc[[2006, 2009]], to=2017)
    assert two["estimate"].isna().all()
    assert two["reason"].str.contains("drie metingen").all()


def test_forty_wijken_in_eighteen_gemeenten_are_worth_eleven_clusters():
    gemeente = pd.Series(np.repeat(np.arange(18), WIJKEN_PER_GEMEENTE))
    found = monitor.mean_change(pd.Series(np.arange(40.0)), gemeente)
    assert (found.n, found.clusters) == (40, 18)
    assert found.effective_clusters == pytest.approx(1600 / 146)
    assert round(found.effective_clusters) == 11
    assert found.detectable == pytest.approx(2.8 * found.se)


# Gaps


def test_standard_errors_of_separate_series_add_in_squares():
    found = monitor.gaps(series({2007: 10}, se=3), series({2007: 8}, se=4), -1).loc[2007]
    assert found["se"] == 5
    assert (found["lower"], found["upper"]) == pytest.approx((2 - 9.8, 2 + 9.8), abs=0.01)


def test_a_reference_that_contains_the_wijk_gives_the_error_of_the_smaller_gap():
    # gap_city = (1 - share)(y_w - y_rest), so its error follows from wijk and rest, independent.
    share, se_w, se_rest = 0.25, 2.0, 1.0
    se_city = math.hypot(share * se_w, (1 - share) * se_rest)
    wijk = series({2007: 10}, se=se_w, n=250)
    city = series({2007: 7}, se=se_city, n=1000)
    # On the log scale the gap is 100 (10 / 7 - 1) per cent, which moves by 100 / 7 a unit of the wijk, 1000 / 49 of the city.
    for scale, slope_w, slope_c in [("lineair", 1, 1), ("log", 100 / 7, 1000 / 49)]:
        expected = math.hypot((slope_w - slope_c * share) * se_w, slope_c * (1 - share) * se_rest)
        found = monitor.gaps(wijk, city, -1, scale, nested=True)
        assert found.loc[2007, "se"] == pytest.approx(expected)


@pytest.mark.parametrize(("se_city", "n_city"), [(3, math.nan), (3, 40), (0.1, 60), (3, 0)])
def test_the_nested_error_is_unknown_when_weights_or_errors_are_impossible(se_city, n_city, recwarn):
    wijk = series({2007: 10}, se=2, n=50 if n_city else 0)
    found = monitor.gaps(wijk, series({2007: 7}, se=se_city, n=n_city), -1, nested=True)
    assert found[["se", "lower", "upper"]].isna().all(axis=None)
    assert found.loc[2007, "gap"] == 3
    assert not recwarn.list


def test_unknown_errors_and_decimals_leave_intervals_unknown_not_zero():
    bare = pd.DataFrame({"period": [2007], "value": [3.0]})
    found = monitor.gaps(bare, bare, -1).loc[2007]
    assert found["gap"] == 0
    unknown = ["se", "lower", "upper", "low", "high", "index_lower", "index_upper"]
    assert found[unknown].isna().all()


def test_a_period_missing_on_one_side_stays_in_the_table_without_a_gap():
    found = monitor.gaps(
        series({2007: 3, 2008: 4}, se=1, decimals=1), series({2008: 2}, se=1, decimals=1), -1
    )
    assert found.index.tolist() == [2007, 2008]
    assert found.loc[2007].drop("wijk").isna().all()
    assert found.loc[2008, "gap"] == 2


def test_a_price_gap_is_per_cent_of_the_reference_and_follows_the_index():
    # A quarter below is 25%; the difference of the logarithms, 28.77, is not what a reader is told.
    found = monitor.gaps(series({2007: 150_000}), series({2007: 200_000}), 1, "log").loc[2007]
    assert found["gap"] == pytest.approx(25)
    assert found["index"] == pytest.approx(1 / (1 - found["gap"] / 100))
    assert found["relative_gap"] == pytest.approx(0.25)


def test_the_margin_of_a_price_gap_is_that_of_the_logarithms_brought_back():
    # ln(y_w / y_r) = -0.423 with a standard error of 0.05: a gap of 34.5%, from 1 - e^-0.325 to 1 - e^-0.521.
    reference = 200_000.0
    wijk = reference * math.exp(-0.423)
    found = monitor.gaps(series({2007: wijk}, se=0.05 * wijk), series({2007: reference}, se=0), 1, "log").loc[
        2007
    ]
    assert found["gap"] == pytest.approx(34.49, abs=0.005)
    assert (found["lower"], found["upper"]) == pytest.approx((27.75, 40.61), abs=0.005)
    assert found["se"] == pytest.approx(5 * 0.6551, abs=0.001)


def test_the_change_of_a_price_gap_is_the_difference_a_reader_sees():
    # From 25% to 20% below the reference: five percentage points, a fifth of the gap.
    wijk, reference = series({2007: 150, 2012: 240}), series({2007: 200, 2012: 300})
    found = monitor.gaps(wijk, reference, 1, "log")
    assert monitor.change(found, 2007, 2012).estimate == pytest.approx(-5)
    assert monitor.gap_closed(*found["gap"]).estimate == pytest.approx(0.2)
    # The wijk rose by 60%, the reference by 50%: ln 1.6 against ln 1.5 of the five points.
    own, other, total = monitor.decompose(wijk, reference, 2007, 2012, 1, "log")["estimate"]
    assert own / other == pytest.approx(-math.log(1.6) / math.log(1.5))
    assert total == pytest.approx(-5)


def test_values_without_a_logarithm_give_no_ratio_and_no_warning(recwarn):
    found = monitor.gaps(series({2007: -3.0, 2008: 0.0}, se=1, decimals=1), series({2007: 0, 2008: -1}), 1)
    assert found["gap"].tolist() == [3, -1]
    assert found[["relative_gap", "index", "index_lower"]].isna().all(axis=None)
    logs = monitor.gaps(series({2007: 0}, se=1), series({2007: 2}, se=1), 1, "log")
    assert logs[["gap", "se"]].isna().all(axis=None)
    assert not recwarn.list


def test_the_rounding_envelope_is_half_a_unit_of_the_last_digit():
    assert monitor.rounding_envelope(2.5, 1) == pytest.approx((2.45, 2.55))
    low, high = monitor.rounding_envelope(pd.Series([22_000, 7]), pd.Series([-3, math.nan]))
    assert (low[0], high[0]) == (21_500, 22_500)
    assert math.isnan(low[1])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"wijk": series({2007: 1}).drop(columns="value")}, "mist de kolom value"),
        ({"reference": pd.concat([series({2007: 1})] * 2)}, "meer dan één rij voor 2007"),
        ({"direction": 0}, "direction is 0"),
        ({"scale": "logaritme"}, "scale is 'logaritme'"),
    ],
)
def test_impossible_input_is_refused_in_one_dutch_sentence(changed, message):
    good = {"wijk": series({2007: 1}), "reference": series({2007: 1}), "direction": 1}
    with pytest.raises(ValueError, match=message):
        monitor.gaps(**(good | changed))


@quick
@given(four, errors, errors, directions, scales)
def test_swapping_wijk_and_reference_turns_the_gap_around(values, se_a, se_b, direction, scale):
    a = series({2007: values[0], 2010: values[1]}, se=se_a, decimals=0)
    b = series({2007: values[2], 2010: values[3]}, se=se_b, decimals=0)
    one, other = (monitor.gaps(*pair, direction, scale) for pair in ((a, b), (b, a)))

    def turned(gap):  # a third less is half more: ratios turn upside down
        return -gap if scale == "lineair" else direction * (100 - 100 / (1 - direction * gap / 100))

    np.testing.assert_allclose(one["gap"], turned(other["gap"]), atol=1e-9)
    np.testing.assert_allclose(one["lower"], turned(other["upper"]), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(one["low"], turned(other["high"]), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(one["index_lower"], 1 / other["index_upper"])


@quick
@given(four, errors, st.floats(0.01, 100), directions)
def test_another_unit_rescales_the_gap_and_leaves_ratios_alone(values, se, factor, direction):
    def both(by, scale):
        a = series({2007: values[0] * by, 2010: values[1] * by}, se=se * by)
        b = series({2007: values[2] * by, 2010: values[3] * by}, se=se * by)
        return monitor.gaps(a, b, direction, scale)

    columns, ratios = ["gap", "se", "lower", "upper"], ["relative_gap", "index", "index_upper"]
    plain, scaled = both(1, "lineair"), both(factor, "lineair")
    np.testing.assert_allclose(scaled[columns], factor * plain[columns], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(scaled[ratios], plain[ratios], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(both(factor, "log")[columns], both(1, "log")[columns], rtol=1e-6, atol=1e-6)


@quick
@given(positive, positive, directions, scales)
def test_the_true_gap_lies_in_the_rounding_envelope(y_w, y_r, direction, scale):
    published = [series({2007: round(y)}, decimals=0) for y in (y_w, y_r)]
    found = monitor.gaps(*published, direction, scale).loc[2007]
    true = monitor.gaps(series({2007: y_w}), series({2007: y_r}), direction, scale)
    slack = 1e-6
    assert found["low"] - slack <= true.loc[2007, "gap"] <= found["high"] + slack


@quick
@given(positive, positive, st.floats(0, 0.95))
def test_the_gap_to_the_city_is_the_gap_to_its_rest_times_the_rest_share(y_w, y_rest, share):
    gap_city = y_w - (share * y_w + (1 - share) * y_rest)
    assert monitor.rest_gap(gap_city, share) == pytest.approx(y_w - y_rest, abs=1e-6)
    assert monitor.city_gap(y_w - y_rest, share) == pytest.approx(gap_city, abs=1e-6)


def test_an_area_that_is_the_whole_city_has_no_rest():
    assert math.isnan(monitor.rest_gap(2.0, 1.0))
    found = monitor.rest_gap(pd.Series([3.0, 3.0]), pd.Series([0.25, 1.0]))
    assert found[0] == 4
    assert math.isnan(found[1])


# Gap closed


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((math.nan, 1.0), "ontbreekt"),
        ((0.05, 1.0, 1, 1, 0.1), "kleiner dan de afronding"),
        ((0.0, 1.0), "kleiner dan de afronding"),
        ((-2.0, -1.0, 0.1, 0.1), "geen achterstand"),
    ],
)
def test_gap_closed_is_missing_with_a_reason_when_there_is_nothing_to_close(arguments, reason):
    found = monitor.gap_closed(*arguments)
    assert reason in found.reason
    assert all(math.isnan(v) for v in (found.estimate, found.lower, found.upper))


def test_gap_closed_has_no_interval_when_the_first_gap_may_be_zero():
    found = monitor.gap_closed(1.0, 0.5, 0.6, 0.1)
    assert found.estimate == 0.5
    assert math.isnan(found.lower)
    assert math.isnan(found.upper)
    assert "niet van nul te onderscheiden" in found.reason


def test_a_first_gap_of_exactly_one_unit_counts_in_spite_of_floating_point():
    assert monitor.gap_closed(2.3 - 2.2, 0.0, rounding=0.1).estimate == pytest.approx(1)


def test_fieller_limits_are_the_ratios_that_a_test_would_just_not_reject():
    found = monitor.gap_closed(3.0, 2.0, 0.4, 0.5)
    assert found.lower < found.estimate < found.upper
    for limit in (found.lower, found.upper):
        ratio = 1 - limit
        z = (2.0 - ratio * 3.0) / math.hypot(0.5, ratio * 0.4)
        assert abs(z) == pytest.approx(monitor.Z)


def test_the_fieller_interval_covers_the_true_share_in_95_of_100_samples():
    rng = np.random.default_rng(20070713)
    draws = rng.normal([4.0, 3.0], [0.8, 0.8], size=(3000, 2))
    found = [monitor.gap_closed(g0, gt, 0.8, 0.8) for g0, gt in draws]
    # An unbounded interval excludes nothing, so it counts as covering.
    covered = [not (e.lower > 0.25 or e.upper < 0.25) for e in found if e.estimate == e.estimate]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.012)


# Change and decomposition


def test_a_change_is_certain_only_when_rounding_and_interval_both_say_so():
    def verdict(se, decimals):
        wijk = series({2007: 9.0, 2010: 7.0}, se=se, decimals=decimals)
        reference = series({2007: 5.0, 2010: 5.0}, se=se, decimals=decimals)
        return monitor.change(monitor.gaps(wijk, reference, -1), 2007, 2010)

    both = verdict(0.1, 1)
    assert (both.verdict, both.reason) == ("kleiner", "")
    assert both.se == pytest.approx(0.2)
    wide = verdict(2, 1)
    assert (wide.rounding, wide.interval) == ("kleiner", "niet vast te stellen")
    assert (wide.verdict, wide.reason) == ("niet vast te stellen", "de marge laat beide richtingen open")
    coarse = verdict(0.1, 0)
    assert (coarse.rounding, coarse.interval) == ("niet vast te stellen", "kleiner")
    assert coarse.reason == "de afronding kan beide kanten op"
    assert verdict(0.1, math.nan).reason == "het aantal decimalen is onbekend"


def test_a_growing_gap_is_called_groter_and_a_missing_year_is_named():
    frame = gap_frame({2007: 1.0, 2010: 4.0}, se=0.1, rounding=0.1)
    assert monitor.change(frame, 2007, 2010).verdict == "groter"
    missing = monitor.change(frame, 2005, 2010)
    assert math.isnan(missing.estimate)
    assert missing.verdict == "niet vast te stellen"
    assert missing.reason == "de achterstand in 2005 of 2010 ontbreekt"


@quick
@given(four, errors, directions, scales, st.booleans())
def test_the_parts_add_up_to_the_change_of_the_gap(values, se, direction, scale, nested):
    wijk = series({2007: values[0], 2010: values[1]}, se=se, n=100)
    reference = series({2007: values[2], 2010: values[3]}, se=se, n=400)
    parts = monitor.decompose(wijk, reference, 2007, 2010, direction, scale, nested)
    own, other, total = parts["estimate"]
    assert own + other == total
    found = monitor.change(monitor.gaps(wijk, reference, direction, scale, nested), 2007, 2010)
    assert total == pytest.approx(found.estimate, abs=1e-6)
    bounds = parts.loc["verandering achterstand", ["se", "lower", "upper"]].tolist()
    assert bounds == pytest.approx([found.se, found.lower, found.upper], abs=1e-6)


def test_a_wijk_that_stood_still_can_catch_up_because_the_reference_fell():
    flat, falling = series({2007: 6, 2010: 6}, se=1), series({2007: 8, 2010: 7}, se=1)
    parts = monitor.decompose(flat, falling, 2007, 2010, direction=1)
    assert parts["estimate"].tolist() == [0, -1, -1]
    assert parts["se"].tolist() == pytest.approx([math.sqrt(2), math.sqrt(2), 2])
    assert monitor.decompose(flat, falling, 2005, 2010, 1)["estimate"].isna().all()


# Catching up


def test_ties_and_missing_wijken_are_counted_and_left_out():
    found = monitor.catching_up(pd.Series([-0.2, -0.1, 0.3, 0.3 - 0.2 - 0.1, math.nan]))
    assert (found.k, found.n, found.ties, found.missing) == (2, 3, 1, 1)
    assert monitor.catching_up(pd.Series([-0.2, -0.1, 0.3]), tolerance=0.1).ties == 1


def test_no_wijk_with_a_change_gives_a_reason_instead_of_a_share():
    for nothing in ([], [math.nan], [0.0]):
        found = monitor.catching_up(pd.Series(nothing, dtype=float))
        assert found.n == 0
        assert math.isnan(found.estimate)
        assert math.isnan(found.p_half)
        assert found.reason == "er zijn geen waarnemingen"


def test_what_differs_from_a_coin_need_not_differ_from_similar_wijken():
    found = monitor.catching_up(pd.Series([-1.0] * 27 + [1.0] * 13), comparison=0.62)
    assert found.p_half < 0.05 < found.p_comparison
    assert math.isnan(monitor.catching_up(pd.Series([-1.0])).p_comparison)


def test_the_detectable_share_is_the_one_found_in_80_of_100_tries():
    share = monitor.detectable_share(40)
    rng = np.random.default_rng(1)
    significant = {k for k in range(41) if monitor.sign_test(k, 40) < 0.05}
    hits = [int(k) in significant for k in rng.binomial(40, share, size=20_000)]
    assert np.mean(hits) == pytest.approx(0.8, abs=0.01)
    assert math.isnan(monitor.detectable_share(5))
    assert monitor.detectable_share(6) < 1


@quick
@given(st.integers(1, 400), st.data())
def test_the_share_lies_within_its_wilson_limits(n, data):
    found = monitor.wilson(data.draw(st.integers(0, n)), n)
    assert 0 <= found.lower <= found.estimate <= found.upper <= 1


# Convergence


def test_sigma_convergence_sees_halved_differences_and_names_their_interval():
    rng = np.random.default_rng(4)
    start = rng.normal(0, 2, 200)
    wide = pd.DataFrame({2012: start / 2 + rng.normal(0, 0.5, 200), 2007: start, 2008: math.nan})
    found = monitor.sigma_convergence(wide)
    assert found.index.tolist() == [2007, 2008, 2012]
    assert found.loc[2007, "sd"] == pytest.approx(np.std(start, ddof=1))
    assert found.loc[2012, "ratio"] < 0.7
    assert found.loc[2012, "p"] < 1e-6
    assert math.isnan(found.loc[2007, "p"])
    assert found.loc[2008, ["sd", "lower", "p"]].isna().all()
    assert found.loc[2008, "n"] == 0


def test_sigma_interval_covers_and_its_paired_test_keeps_its_size():
    rng = np.random.default_rng(5)
    reject, covered = [], []
    for _ in range(400):
        common = rng.normal(size=40)
        draw = {t: 0.8 * common + 0.6 * rng.normal(size=40) for t in (2007, 2012)}
        found = monitor.sigma_convergence(pd.DataFrame(draw)).loc[2012]
        reject.append(found["p"] < 0.05)
        covered.append(found["lower"] <= 1 <= found["upper"])
    assert np.mean(reject) == pytest.approx(0.05, abs=0.025)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.025)


def noisy_baseline(rng, n, beta, error):
    truth = rng.normal(0, 1, n)
    later = truth + beta * truth + rng.normal(0, 0.3, n)
    start, end = truth + rng.normal(0, error, n), later + rng.normal(0, error, n)
    return pd.Series(start), pd.Series(end - start), pd.Series(np.full(n, error))


@pytest.mark.parametrize("beta", [0.0, -0.2])
def test_beta_correction_recovers_the_slope_that_measurement_error_fakes(beta):
    rng = np.random.default_rng(6)
    y0, dy, se0 = noisy_baseline(rng, 20_000, beta, error=0.5)
    found = monitor.beta_convergence(y0, dy, se0)
    reliability = 1 / 1.25
    assert found.reliability == pytest.approx(reliability, abs=0.01)
    assert found.spurious == pytest.approx(-0.2, abs=0.01)
    assert found.estimate == pytest.approx(reliability * beta - (1 - reliability), abs=0.02)
    assert found.corrected.estimate == pytest.approx(beta, abs=0.02)


def test_the_corrected_slope_has_an_honest_interval():
    rng = np.random.default_rng(7)
    found = [monitor.beta_convergence(*noisy_baseline(rng, 100, -0.2, error=0.5)) for _ in range(600)]
    covers = [f.corrected.lower <= -0.2 <= f.corrected.upper for f in found]
    naive = [f.lower <= -0.2 <= f.upper for f in found]
    assert np.mean(covers) == pytest.approx(0.95, abs=0.03)
    assert np.mean(naive) < 0.5


def test_the_correction_is_the_naive_slope_freed_of_its_spurious_part():
    y0, dy = pd.Series([1.0, 2, 4, 7]), pd.Series([0.0, -1, 0, -3])
    found = monitor.beta_convergence(y0, dy, se0=pd.Series([0.5, 1, 1, 0.5]))
    reliability = 1 - 0.625 / 7
    assert found.reliability == pytest.approx(reliability)
    assert found.corrected.estimate == pytest.approx((found.estimate + 1 - reliability) / reliability)


def test_the_corrected_standard_error_agrees_with_the_jackknife():
    y0, dy, se0 = noisy_baseline(np.random.default_rng(12), 250, -0.8, error=0.7)
    without = [monitor.beta_convergence(y0.drop(i), dy.drop(i), se0).corrected.estimate for i in y0.index]
    jackknife = math.sqrt(249 / 250 * np.sum((np.array(without) - np.mean(without)) ** 2))
    assert monitor.beta_convergence(y0, dy, se0).corrected.se == pytest.approx(jackknife, rel=0.05)


def test_beta_standard_errors_equal_those_of_statsmodels():
    rng = np.random.default_rng(8)
    gemeente = pd.Series(np.repeat(np.arange(18), WIJKEN_PER_GEMEENTE))
    y0 = pd.Series(rng.normal(size=40))
    dy = pd.Series(rng.normal(size=40)) + gemeente * 0.1
    model = sm.OLS(dy, sm.add_constant(y0))
    clustered = model.fit(cov_type="cluster", cov_kwds={"groups": gemeente}, use_t=True)
    found = monitor.beta_convergence(y0, dy, clusters=gemeente)
    assert found.estimate == pytest.approx(clustered.params[0])
    assert found.se == pytest.approx(clustered.bse[0])
    assert (found.lower, found.upper) == pytest.approx(tuple(clustered.conf_int().loc[0]))
    assert (found.n, found.clusters) == (40, 18)
    assert monitor.beta_convergence(y0, dy).se == pytest.approx(model.fit(cov_type="HC1").bse[0])


def test_beta_says_why_a_slope_is_missing():
    y0, dy = pd.Series([1.0, 2, 3, 4]), pd.Series([1.0, 3, 2, math.nan])
    assert "onbekend" in monitor.beta_convergence(y0, dy).corrected.reason
    drowned = monitor.beta_convergence(y0, dy, se0=pd.Series([2.0] * 4))
    assert "niet meer dan meetfout" in drowned.corrected.reason
    assert math.isnan(drowned.corrected.estimate)
    assert "drie wijken" in monitor.beta_convergence(y0[:2], dy[:2]).reason
    assert "drie wijken" in monitor.beta_convergence(0 * y0, dy).reason
    one = monitor.beta_convergence(y0, dy, clusters=pd.Series(["Utrecht"] * 4))
    assert "gemeenten" in one.reason
    assert math.isnan(one.se)


# Mean change


def test_mean_change_equals_clustered_least_squares_in_statsmodels():
    rng = np.random.default_rng(9)
    gemeente = pd.Series(np.repeat(np.arange(18), WIJKEN_PER_GEMEENTE))
    changes = pd.Series(rng.normal(-1, 1, 40)) + rng.normal(size=18)[gemeente]
    fit = sm.OLS(changes, np.ones(40)).fit(cov_type="cluster", cov_kwds={"groups": gemeente}, use_t=True)
    found = monitor.mean_change(changes, gemeente)
    assert (found.estimate, found.se) == pytest.approx((fit.params.iloc[0], fit.bse.iloc[0]))
    assert (found.lower, found.upper) == pytest.approx(tuple(fit.conf_int().loc["const"]))


def test_mean_change_leaves_out_missing_wijken_and_needs_two_gemeenten():
    found = monitor.mean_change(
        pd.Series([1.0, math.nan, 3.0]), pd.Series(["Utrecht", "Zaanstad", "Utrecht"])
    )
    assert (found.estimate, found.n, found.clusters) == (2, 2, 1)
    assert math.isnan(found.lower)
    assert "twee gemeenten" in found.reason
    empty = monitor.mean_change(pd.Series([math.nan]), pd.Series(["Utrecht"]))
    assert math.isnan(empty.estimate)
    assert empty.reason


# On course


def test_each_status_of_the_required_path():
    frame = gap_frame({2006: 5, 2007: 4, 2008: 3.6, 2009: 3.5, 2010: 4.5, 2011: -1, 2012: math.nan})
    found = monitor.on_course(frame, t0=2007, horizon=10)
    expected = [None, "op koers", "op koers", "achter", "verkeerde kant", "voorbij", None]
    assert found["status"].astype(object).where(found["status"].notna(), None).tolist() == expected
    assert found["required"].tolist()[1:5] == pytest.approx([4, 3.6, 3.2, 2.8])


def test_a_wijk_without_a_gap_is_asked_to_stay_that_way():
    found = monitor.on_course(gap_frame({2007: -1, 2008: -2, 2009: 0.5}, se=0.5), 2007)
    assert found["status"].tolist() == ["geen achterstand", "geen achterstand", "verkeerde kant"]
    assert found["required"].tolist() == [0, 0, 0]
    assert found.loc[2008, "probability"] > 0.99


def test_an_unknown_start_leaves_every_status_missing():
    found = monitor.on_course(gap_frame({2008: 3, 2009: 2}), t0=2007)
    assert found[["required", "status", "probability"]].isna().all(axis=None)


def test_the_probability_of_being_on_course_counts_the_doubt_about_the_start():
    frame = gap_frame({2007: 4.0, 2012: 2.0, 2017: 1.0}, se=0.5)
    found = monitor.on_course(frame, 2007)["probability"]
    assert math.isnan(found[2007])
    assert found[2012] == pytest.approx(0.5)
    assert found[2017] == pytest.approx(0.0228, abs=1e-4)
    rng = np.random.default_rng(10)
    start, later = rng.normal(4, 0.5, 100_000), rng.normal(1.7, 0.5, 100_000)
    one = monitor.on_course(gap_frame({2007: 4.0, 2012: 1.7}, se=0.5), 2007).loc[2012, "probability"]
    assert one == pytest.approx(np.mean(later <= start / 2), abs=0.005)


@quick
@given(st.floats(-50, 50), st.sampled_from([8, 10]))
def test_the_required_path_only_falls_and_ends_at_zero(g0, horizon):
    path = monitor.required_path(g0, 2007, horizon, range(2007, 2025))
    assert path.diff().dropna().le(1e-12).all()
    assert path.iloc[0] == max(g0, 0)
    assert path.iloc[-1] == 0


# Projection


def test_damping_moves_the_projection_back_towards_the_last_level():
    line = gap_frame({t: 10.0 - (t - 2007) for t in range(2007, 2013)}, rounding=0.1)
    found = monitor.project_gap(line, to=2017)
    geometric = sum(0.9**i for i in range(1, 6))
    assert found["estimate"].tolist() == pytest.approx([0, 5 - geometric, 5])
    assert found.loc["lineair", "p_closed"] == pytest.approx(0.5)
    assert found.loc["stadstrend", "p_halved"] == pytest.approx(0.5)
    assert found["n"].eq(6).all()
    assert found["reason"].eq("").all()


def test_a_perfect_line_of_rounded_figures_is_not_certain_of_the_future():
    line = {t: 10.0 - (t - 2007) for t in range(2007, 2013)}
    rounded, sampled = gap_frame(line, rounding=1), gap_frame(line, se=0.5)
    for frame in (rounded, sampled):
        assert monitor.project_gap(frame, 2017).eval("upper - lower").gt(1).all()


def test_projection_uses_only_what_was_known_and_refuses_what_lies_behind():
    frame = gap_frame({2007: 4, 2008: 3.5, 2009: 3.2, 2018: 9}, se=0.1)
    known = monitor.project_gap(frame, 2017, fit_until=2012)
    pd.testing.assert_frame_equal(known, monitor.project_gap(frame.loc[:2009], 2017))
    assert monitor.project_gap(frame, to=2017)["reason"].str.contains("2018").all()
    nothing = monitor.project_gap(frame.iloc[:0], 2017)
    assert nothing["reason"].str.contains("er zijn er 0").all()


def test_there_is_nothing_to_halve_without_a_gap_at_the_start():
    frame = gap_frame({2007: -1, 2008: 1, 2009: 1.2, 2010: 1.1}, se=0.1)
    assert monitor.project_gap(frame, 2017)["p_halved"].isna().all()
    assert monitor.project_gap(frame, 2017, t0=2008)["p_halved"].notna().all()


def test_the_prediction_interval_covers_the_later_gap_in_95_of_100_lines():
    rng = np.random.default_rng(11)
    years = range(2007, 2013)
    covered = []
    for _ in range(800):
        noise = rng.normal(0, 0.4, 7)
        frame = gap_frame({t: 5 - 0.3 * (t - 2007) + e for t, e in zip(years, noise, strict=False)})
        found = monitor.project_gap(frame, 2017).loc["lineair"]
        covered.append(found["lower"] <= 5 - 0.3 * 10 + noise[6] <= found["upper"])
    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)


# Composite


def test_the_composite_is_higher_where_things_are_worse():
    values = pd.DataFrame(
        {"nww": [10.0, 5, 5], "lbm": [3.0, 4, 5], "bouwjaar": [1.0, 2, 9]}, index=list("abc")
    )
    found = monitor.composite(values, {"nww": -1, "lbm": 1, "bouwjaar": 0, "vsv": -1})
    nww = (10 - 20 / 3) / np.std([10, 5, 5], ddof=1)
    assert found.loc["a", "z"] == pytest.approx((nww + 1) / 2)
    assert found["z"].idxmax() == "a"
    assert found["n"].eq(2).all()


def test_the_composite_is_measured_in_the_spread_of_the_base_group():
    base = pd.DataFrame({"nww": [0.0, 2.0, 4.0], "vast": [1.0, 1.0, 1.0]})
    values = pd.DataFrame({"nww": [6.0, math.nan], "vast": [1.0, 2.0]}, index=["a", "b"])
    found = monitor.composite(values, {"nww": -1, "vast": -1}, base)
    assert found.loc["a", "z"] == 2
    assert math.isnan(found.loc["b", "z"])
    assert found["n"].tolist() == [1, 0]


# Manners


def test_no_function_changes_its_arguments_or_warns_on_missing_values(recwarn):
    wijk = series({2009: 5.0, 2007: math.nan, 2008: 7.0, 2010: 4.0}, se=1, n=10, decimals=1)
    reference = series({2007: 4.0, 2008: 4.0, 2009: math.nan, 2010: 4.0}, n=100)
    frame = monitor.gaps(wijk, reference, -1, nested=True)
    changes = pd.Series([1.0, math.nan, -1.0, 0.0])
    gemeente = pd.Series(["Utrecht", "Utrecht", None, "Zaanstad"])
    wide = pd.DataFrame({2012: [1.0, math.nan], 2007: [math.nan, 2.0]})
    inputs = [wijk, reference, frame, changes, gemeente, wide]
    before = [x.copy(deep=True) for x in inputs]
    monitor.gaps(wijk, reference, 1, "log", nested=True)
    monitor.decompose(wijk, reference, 2007, 2008, 1)
    monitor.change(frame, 2007, 2008)
    monitor.on_course(frame, 2007)
    monitor.project_gap(frame, 2017)
    monitor.catching_up(changes)
    monitor.mean_change(changes, gemeente)
    monitor.beta_convergence(changes, changes, changes, gemeente)
    monitor.sigma_convergence(wide)
    monitor.composite(wide, {2012: 1, 2007: -1}, wide)
    for now, then in zip(inputs, before, strict=True):
        assert now.equals(then)
    assert not recwarn.list


def test_results_cannot_be_altered_and_become_table_rows():
    found = monitor.wilson(20, 40)
    with pytest.raises(AttributeError):
        found.estimate = 1.0
    table = pd.DataFrame([found, replace(found, reason="x")])
    assert list(table.columns[:3]) == ["estimate", "lower", "upper"]


def test_examples_in_the_documentation_are_true():
    assert doctest.testmod(monitor).failed == 0


# ---- the rule of 2012, the rule of the 127 buurten -------------------------------------------------


@pytest.mark.parametrize(
    ("probability", "advice"),
    [
        (0.95, "afbouwen"),
        (0.8, "afbouwen"),
        (0.5, "niet vast te stellen"),
        (0.1, "intensiveren"),
        (np.nan, "niet vast te stellen"),
    ],
)
def test_the_rule_of_2012_needs_four_chances_in_five(probability, advice):
    assert monitor.steer(probability) == advice


def test_the_rule_of_the_127_buurten_by_hand():
    scores = pd.DataFrame(
        {
            1998: [1.0, 1.1, 1.2, 1.3, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6, 3.7, np.nan],
            2002: [1.5, 1.2, 1.9, 1.8, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6, 3.7, 3.8, 1.0],
            2006: [1.6, 1.0, 1.8, 1.8, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 1.0],
        },
        index=list("abcdefghijklm"),
    )
    found = monitor.held_on(scores, weak=0.25)
    assert list(found.index) == list("abcdefghijkl")  # one measurement is missing of m
    assert list(found.index[found["weak"]]) == ["a", "b", "c"]  # the lowest quarter of twelve
    # all improved by (0.5 + 0.1 + 0.7 + 0.5 + 8 * 0.1) / 12 = 0.217 on average: b by less
    assert list(found.index[found["improved"]]) == ["a", "c"]
    assert list(found.index[found["held"]]) == ["a"]  # c fell back from 1.9 to 1.8


def test_the_difference_of_two_means_is_that_of_welch():
    stats = pytest.importorskip("scipy.stats")
    one, other = pd.Series([1.0, 2.0, 4.0, 7.0]), pd.Series([0.5, 0.6, 0.4])
    found = monitor.difference(one, other)
    known = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((known.low, known.high))
    assert found.estimate == pytest.approx(3.0)
    assert np.isnan(monitor.difference(one, other.iloc[:1]).estimate)
    same = monitor.difference(pd.Series([1.0, 1.0]), pd.Series([0.0, 0.0]))
    assert (same.estimate, same.lower, same.upper) == (1, 1, 1)


@pytest.mark.parametrize(
    ("gaps", "when"),
    [
        ({2008: 0.264, 2012: 0.227, 2014: 0.233, 2016: 0.231, 2018: 0.226}, ("vroeg", 2012)),
        ({2008: 10.0, 2010: 9.9, 2012: 9.8, 2015: 8.5, 2018: 8.0}, ("laat", 2012)),
        ({2008: 10.0, 2010: 9.0, 2012: 8.0, 2014: 7.0, 2016: 6.0}, ("geleidelijk", 2016)),
        ({2008: 10.0, 2012: 7.0, 2018: 8.0}, ("weer weg", 2012)),
        ({2008: 10.0, 2012: 13.0, 2018: 13.1}, ("vroeg", 2012)),  # a gap that grew
    ],
)
def test_a_change_is_early_late_gradual_or_gone_again(gaps, when):
    assert monitor.timing(pd.Series(gaps)) == when


def test_a_widened_gap_keeps_its_estimate_and_its_ratio_stays_positive():
    found = monitor.gaps(series({2007: 60, 2010: 50}, se=20), series({2007: 40, 2010: 45}, se=1), -1)
    wide = monitor.widen(found, pd.Series({2007: 1.0, 2010: 3.0}))
    # A ratio times its inverse is one but for the last bit, which differs from processor to processor.
    pd.testing.assert_series_equal(wide.loc[2007], found.loc[2007], rtol=1e-12)
    assert wide["gap"].equals(found["gap"])
    assert wide.loc[2010, "upper"] - wide.loc[2010, "gap"] == pytest.approx(
        3 * monitor.Z * found.loc[2010, "se"]
    )
    assert 0 < wide.loc[2010, "index_lower"] < found.loc[2010, "index_lower"]
    one, three = (monitor.change(found, 2007, 2010, times) for times in (1.0, 3.0))
    assert three.se == pytest.approx(3 * one.se) and three.estimate == one.estimate
