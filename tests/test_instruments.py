"""Each instrument of the programme, against numbers worked by hand or by a reference implementation."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from wijkenaanpak.instruments import (
    budgets,
    charters,
    costs,
    flows,
    practices,
    scores,
    selection,
    series,
    surveys,
)
from wijkenaanpak.instruments.budgets import CRITERIA
from wijkenaanpak.instruments.practices import PRACTICE
from wijkenaanpak.measures import monitor


def long(table):
    rows = [
        {"area": a, "indicator": i, "theme": t, "direction": d, "value": v}
        for (i, t, d), values in table.items()
        for a, v in zip("abc", values, strict=True)
    ]
    return pd.DataFrame(rows)


# ---- selection -----------------------------------------------------------------------------------------


def test_the_selection_score_adds_up_the_means_of_standardised_indicators_within_themes():
    found = selection.selection_score(
        long({("x", "een", 1): [1, 2, 3], ("y", "een", -1): [3, 2, 1], ("w", "twee", 1): [0, 0, 3]})
    )
    half = math.sqrt(1.5)  # (3 - 2) / sqrt(2/3)
    assert found["een"].tolist() == pytest.approx([-half, 0, half])
    assert found["twee"].tolist() == pytest.approx([-1 / math.sqrt(2), -1 / math.sqrt(2), math.sqrt(2)])
    assert found["score"]["c"] == pytest.approx(half + math.sqrt(2))
    assert found["rank"].to_dict() == {"a": 3, "b": 2, "c": 1}


def test_an_indicator_without_spread_adds_nothing_and_an_incomplete_area_is_left_out():
    values = long({("x", "een", 1): [1, 2, 3], ("y", "een", 1): [5, 5, 5]})
    assert selection.selection_score(values)["score"]["b"] == pytest.approx(0)
    assert set(selection.selection_score(values.iloc[1:])["score"].index) == {"b", "c"}


def test_the_cutoff_lies_between_the_last_in_and_the_first_out():
    assert selection.cutoff(pd.Series([1.0, 9, 4, 6]), 2) == 5
    assert math.isnan(selection.cutoff(pd.Series([1.0]), 1))


@given(st.floats(0.5, 0.99))
def test_a_group_chosen_on_a_noisy_score_returns_by_what_is_expected(share):
    rng = np.random.default_rng(1)
    true, noise = rng.standard_normal((2, 40_000)) * np.sqrt([[share], [1 - share]])
    chosen = true + noise > 1.5
    first = (true + noise)[chosen].mean()
    expected = selection.expected_rebound(first, share)
    assert first - true[chosen].mean() == pytest.approx(expected, abs=0.05)


def test_cronbachs_alpha_of_two_equal_indicators_is_one_and_of_two_unrelated_ones_zero():
    assert selection.reliability(long({("x", "e", 1): [1, 2, 3], ("y", "e", 1): [2, 4, 6]})) == pytest.approx(
        1
    )
    assert selection.reliability(
        long({("x", "e", 1): [1, 2, 3], ("y", "e", 1): [1, -2, 1]})
    ) == pytest.approx(0)


# ---- charters, delivery --------------------------------------------------------------------------------


def test_a_goal_and_its_activities_make_four_cases_with_the_decision_of_the_action_plan():
    goals = pd.DataFrame(
        [
            (10, 5, 7, 2007, 2017, 2012, 4, 4),  # 60% of the way in half the time
            (10, 5, 7, 2007, 2017, 2012, 4, 3),
            (10, 5, 9, 2007, 2017, 2012, 4, 5),  # 20% of the way
            (10, 5, 11, 2007, 2017, 2012, 4, 0),  # the wrong way
        ],
        columns=["beginwaarde", "streefwaarde", "waarde", "jaar_begin", "jaar_doel", "jaar", "beloofd", "geleverd"],
    )  # fmt: skip
    found = charters.goals_and_output(goals)
    assert found["done"].tolist() == pytest.approx([0.6, 0.6, 0.2, -0.2])
    assert found["due"].tolist() == [0.5] * 4
    assert found["reached"].tolist() == [True, True, False, False]
    assert found["delivered"].tolist() == [True, False, True, False]
    assert found["decision"].tolist() == [
        "volhouden",
        "nagaan waardoor het doel toch gehaald wordt",
        "het wijkactieplan aanpassen",
        "de uitvoering veiligstellen",
    ]


def test_the_delivery_ledger_does_not_let_one_action_make_up_for_another():
    ledger = pd.DataFrame(
        {
            "thema": ["werk", "werk", "wonen"],
            "gepland": [10, 10, 4],
            "geleverd": [20, 5, 4],
            "euro": [100, 300, 600],
        }
    )
    found = charters.delivery(ledger)
    assert found.loc["werk", ["actions", "complete", "rate", "rate_euro"]].tolist() == [2, 1, 0.75, 0.625]
    assert found.loc["totaal", "rate_euro"] == pytest.approx((100 + 150 + 600) / 1000)


def test_of_500_promised_wijkagenten_319_were_there_by_2009():
    count = charters.per_thousand(319, 16_485_787)  # inhabitants on 1 January 2009, CBS
    assert 118 + 201 == 319
    assert round(100 * 319 / 500, 1) == 63.8
    assert count.estimate == pytest.approx(0.01935, abs=1e-5)


def test_the_rate_of_five_in_a_thousand_has_garwoods_interval():
    found = charters.per_thousand(5, 1000)
    assert (found.estimate, found.lower, found.upper) == pytest.approx((5, 1.6235, 11.6683), abs=1e-4)
    assert charters.per_thousand(0, 1000).upper == pytest.approx(3.6889, abs=1e-4)
    assert charters.per_thousand(3, 0).reason


def test_halving_in_ten_years_is_three_quarters_after_five():
    path = charters.target_path(8.0, 2002, -0.5, 2012, [2002, 2007, 2012])
    assert path.tolist() == pytest.approx([8, 6, 4])


# ---- liveability, residents ----------------------------------------------------------------------------


def test_dimension_contributions_add_up_to_the_change_of_the_total():
    wijk = pd.DataFrame({2008: [0.1, -0.2, 4.0], 2018: [0.15, -0.1, 4.16]}, index=["fys", "onv", "lbm"])
    city = pd.DataFrame({2008: [0.2, 0.1, 4.4], 2018: [0.2, 0.12, 4.42]}, index=["fys", "onv", "lbm"])
    found = scores.contributions(wijk, city, "lbm")
    assert found["wijk"].to_dict() == pytest.approx({"fys": 0.05, "onv": 0.1, "afronding": 0.01, "lbm": 0.16})
    assert found["difference"].drop("lbm").sum() == pytest.approx(found.loc["lbm", "difference"])
    assert found.loc["lbm", "difference"] == pytest.approx(0.14)


def test_a_change_is_placed_among_those_of_all_areas():
    changes = pd.Series([-1.0, 1.0])  # mean 0, SD 1
    names = [scores.development_class(c, changes) for c in (-2, -1, 0, 1, 2)]
    assert names == ["veel ongunstiger", "ongunstiger", "als gemiddeld", "gunstiger", "veel gunstiger"]


def test_stayers_newcomers_and_leavers_add_up_to_the_change_of_the_mean():
    moved = pd.DataFrame(
        {"aantal": [800, 200, 200], "begin": [20.0, np.nan, 25.0], "eind": [22.0, 17.0, np.nan], "sd": [8.0, 8, 8]},
        index=["blijvers", "instroom", "uitstroom"],
    )  # fmt: skip
    found = flows.stayers_and_movers(moved)
    # before: 0.8 x 20 + 0.2 x 25 = 21; after: 0.8 x 22 + 0.2 x 17 = 21
    assert found["estimate"].to_dict() == pytest.approx(
        {"blijvers": 2, "instroom": -1, "uitstroom": -1, "totaal": 0}
    )
    half = 1.959964 * math.sqrt(2 * 64 / 800)
    assert found.loc["blijvers", "upper"] == pytest.approx(2 + half, abs=1e-5)


def test_the_dissimilarity_index_of_a_divided_and_of_a_mixed_city():
    divided = flows.dissimilarity(pd.Series([10, 0, 10]), pd.Series([0, 20, 0]))
    mixed = flows.dissimilarity(pd.Series([10, 10, 10]), pd.Series([20, 20, 20]))
    partly = flows.dissimilarity(pd.Series([30, 10, 10]), pd.Series([10, 20, 20]))
    assert (divided.estimate, mixed.estimate) == (1, 0)
    assert partly.estimate == pytest.approx(0.4)  # |.6-.2| + 2 |.2-.4| halved
    assert partly.lower <= 0.4 <= partly.upper
    assert flows.dissimilarity(pd.Series([1, 2]), pd.Series([1, 2])).reason


def test_the_dissimilarity_that_chance_gives_is_that_of_people_living_at_random():
    rng = np.random.default_rng(3)
    shares = np.full(30, 1 / 30)
    drawn = [
        flows.dissimilarity(pd.Series(rng.multinomial(200, shares)), pd.Series(rng.multinomial(2000, shares)))
        for _ in range(200)
    ]
    assert np.mean([d.estimate for d in drawn]) == pytest.approx(np.mean([d.low for d in drawn]), rel=0.05)


def test_a_balance_score_has_the_multinomial_sampling_error():
    found = surveys.balance(40, 25, 100)
    assert found.estimate == 15
    assert found.se == pytest.approx(100 * math.sqrt((0.65 - 0.15**2) / 100))
    assert surveys.balance(40, 25, 100, design=4).se == pytest.approx(2 * found.se)
    assert surveys.balance(40, 25, 0).reason


def test_wijk_and_city_differ_with_the_error_of_both():
    found = surveys.apart(
        monitor.Estimate(10, se=3, lower=4, upper=16), monitor.Estimate(4, se=4, lower=-4, upper=12)
    )
    assert (found.estimate, found.se) == (6, 5)
    assert found.lower == pytest.approx(6 - 5 * 1.959964, abs=1e-5)


def test_an_interrupted_series_finds_the_planted_step_and_slope_in_spite_of_the_seasons():
    time = 2004 + np.arange(120) / 12
    season = np.tile(np.linspace(-2, 2, 12), 10)
    rng = np.random.default_rng(4)
    after = time >= 2009
    y = 50 + 0.5 * (time - 2009) + after * (3 - 1.2 * (time - 2009)) + season + 0.2 * rng.standard_normal(120)
    found = series.interrupted(pd.Series(y, time), 2009, season=12)
    planted = {"trend": 0.5, "step": 3.0, "slope": -1.2, "before_after": -0.7}
    for name, value in planted.items():
        assert found.loc[name, "lower"] <= value <= found.loc[name, "upper"], name
    assert found.loc["slope", "p"] < 0.001
    assert found.loc["slope", "estimate"] == pytest.approx(-1.2, abs=0.1)


@pytest.mark.parametrize(("season", "lags"), [(0, 3), (4, None)])
def test_an_interrupted_series_agrees_with_statsmodels(season, lags):
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    y, time = rng.standard_normal(48).cumsum(), 2000 + np.arange(48) / 4
    found = series.interrupted(pd.Series(y, time), 2006, season=season, lags=lags)
    after = (time >= 2006).astype(float)
    x = np.column_stack([np.ones(48), time - 2006, after, after * (time - 2006)])
    if season:
        x = np.column_stack([x, np.eye(4)[np.arange(48) % 4][:, 1:]])
    keywords = {"maxlags": lags or 4, "use_correction": True}
    fit = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds=keywords, use_t=True)
    for i, name in enumerate(("trend", "step", "slope"), 1):
        assert found.loc[name, "estimate"] == pytest.approx(fit.params[i], rel=1e-8)
        assert found.loc[name, ["lower", "upper"]].tolist() == pytest.approx(fit.conf_int()[i], rel=1e-8)
        assert found.loc[name, "p"] == pytest.approx(fit.pvalues[i], rel=1e-8)
    both = fit.t_test(np.eye(x.shape[1])[1] + np.eye(x.shape[1])[3])
    assert found.loc["before_after", "p"] == pytest.approx(float(both.pvalue), rel=1e-8)


def test_too_short_a_series_gives_nothing():
    assert not len(series.interrupted(pd.Series([1.0, 2, 3, 4], [1.0, 2, 3, 4]), 3))


# ---- participation and money ---------------------------------------------------------------------------


def test_a_grade_is_weighted_and_ranked_within_its_year():
    items = pd.DataFrame(
        [("A", 2008, 1, 4), ("A", 2008, 3, 8), ("B", 2008, 1, 6), ("A", 2009, 1, 5)],
        columns=["gebied", "jaar", "gewicht", "cijfer"],
    )
    found = surveys.grades(items).set_index(["jaar", "gebied"])
    assert found.loc[(2008, "A"), ["grade", "rank", "of"]].tolist() == [7, 1, 2]
    assert found.loc[(2008, "B"), "rank"] == 2
    assert found.loc[(2009, "A"), "of"] == 1


def test_the_paired_change_is_that_of_wilcoxon_by_hand():
    first = pd.Series([1.0, 2, 3, 4, 5, 6])
    found, p, n = surveys.paired_change(first, first * 1.1)
    assert (p, n) == (pytest.approx(2 / 64), 6)  # all six up: 1 of the 64 signs, either way
    assert found.estimate == pytest.approx(0.35)
    assert found.lower == pytest.approx(0.1)  # exact 96.9% interval of six pairs: all of them
    assert found.upper == pytest.approx(0.6)
    assert surveys.paired_change(first[:5], first[:5] + 1)[0].reason


@pytest.mark.parametrize("n", [6, 11, 18, 30])
def test_the_signed_rank_test_agrees_with_scipy(n):
    change = np.random.default_rng(n).normal(0.3, 1, n)
    found, p, _ = surveys.paired_change(pd.Series(np.zeros(n)), pd.Series(change))
    assert p == pytest.approx(stats.wilcoxon(change, method="exact").pvalue)
    assert found.lower <= found.estimate <= found.upper
    inside = stats.wilcoxon(change - found.lower - 1e-9, method="exact").pvalue
    assert inside > 0.05 > stats.wilcoxon(change - found.lower + 1e-9, method="exact").pvalue or n == 6


def test_the_signed_rank_test_counts_ties_as_all_signs_of_them_would():
    change = np.array([1.0, 1, -1, 2, 2, -3, 0, 4])
    _, p, n = surveys.paired_change(pd.Series(np.zeros(8)), pd.Series(change))
    moved = change[change != 0]
    ranks = stats.rankdata(np.abs(moved))
    sums = np.array([np.dot(signs, ranks) for signs in np.ndindex(*(2,) * 7)])
    seen = ranks[moved > 0].sum()
    assert n == 8
    assert p == pytest.approx(min(1, 2 * min((sums <= seen).mean(), (sums >= seen).mean())))


def test_the_published_budgets_of_residents_add_up_except_that_of_2011(request):
    budget = pd.read_csv(request.config.rootpath / "data" / "raw" / "bewonersbudgetten.csv")
    found = budgets.reconcile(budget)
    assert found["total"].to_dict() == {2008: 20, 2009: 25, 2010: 25, 2011: 25}
    assert found["verdict"].to_dict() == {
        **dict.fromkeys((2008, 2009, 2010), "sluit"),
        2011: "sluit alleen als de bovengrens gehaald wordt",
    }
    assert found["parts"].sum() == 95


def test_a_practice_is_kept_improved_or_stopped_by_the_majority_of_its_raters():
    rows = [
        ("p", "x", 1, 1, 1, 1, 1), ("p", "y", 1, 1, 1, 1, 0), ("p", "z", 1, 1, 1, 0, 1),
        ("q", "x", 1, 0, 1, 0, 0), ("r", "x", 1, 0, 0, 0, 1),
    ]  # fmt: skip
    found = practices.practice_score(
        pd.DataFrame(rows, columns=["praktijk", "beoordelaar", *PRACTICE, "baten"])
    )
    assert found["score"].to_dict() == {"p": 4, "q": 2, "r": 1}
    assert found["advice"].to_dict() == {"p": "behouden", "q": "verbeteren", "r": "stoppen"}
    assert found["bonus"].to_dict() == {"p": True, "q": False, "r": True}


def test_kappa_of_raters_who_agree_on_four_of_five():
    rows = [("p", "x", 1, 1, 1, 0, 0), ("p", "y", 1, 1, 0, 0, 0)]
    ratings = pd.DataFrame(rows, columns=["praktijk", "beoordelaar", *PRACTICE, "baten"])
    chance = 0.6 * 0.4 + 0.4 * 0.6
    assert practices.kappa(ratings).estimate == pytest.approx((0.8 - chance) / (1 - chance))
    alone = ratings[ratings["beoordelaar"] == "x"]
    assert practices.kappa(alone).reason


def test_kappa_comes_with_the_spread_between_practices():
    rng = np.random.default_rng(8)
    rows = [
        (f"p{i}", rater, *(seen ^ (rng.random(5) < 0.1)).astype(int))
        for i in range(30)
        for seen in [rng.random(5) < 0.5]
        for rater in "xyz"
    ]
    found = practices.kappa(pd.DataFrame(rows, columns=["praktijk", "beoordelaar", *PRACTICE, "baten"]))
    assert found.lower < 0.64 < found.upper  # both right 0.82 of the time, 0.5 by chance
    assert found.upper - found.lower < 0.3


def applications(*rows):
    columns = ["wijk", "tranche", *CRITERIA, "bedrag", "g31", "krachtwijk"]
    return pd.DataFrame([(n, t, *(score,) * 5, b, g, k) for n, t, score, b, g, k in rows], columns=columns)


def test_the_first_tranche_goes_first_to_the_g31_without_an_aandachtswijk():
    found = budgets.award(
        applications(("a", 1, 9, 2, 1, 1), ("b", 1, 5, 2, 1, 0), ("c", 1, 7, 2, 1, 0), ("d", 1, 10, 2, 0, 0)),
        6,
    )
    assert found["wijk"].tolist() == ["c", "b", "a", "d"]
    assert found["awarded"].tolist() == [True, True, True, False]


def test_the_second_tranche_goes_first_outside_the_g31_and_passes_over_what_does_not_fit():
    found = budgets.award(applications(("a", 2, 9, 2, 1, 0), ("b", 2, 8, 3, 0, 0), ("c", 2, 5, 2, 0, 0)), 4.0)
    assert found["wijk"].tolist() == ["b", "c", "a"]
    assert found["awarded"].tolist() == [True, False, False]
    assert found["left"].iloc[-1] == 1


def test_the_awards_of_both_tranches_are_37(request):
    awards = pd.read_csv(request.config.rootpath / "data" / "raw" / "wijken_40plus.csv")
    assert awards["tranche"].value_counts().to_dict() == {1: 15, 2: 22}
    assert (len(awards), awards["gemeente"].nunique()) == (37, 35)


# ---- costs and benefits --------------------------------------------------------------------------------


def test_a_net_present_value_by_stakeholder_is_that_of_the_handbook():
    posts = pd.DataFrame(
        [("Rijk", "", -100.0, 2008, 2008), ("gemeente", "nww", -50.0, 2009, 2010)],
        columns=["partij", "indicator", "bedrag", "eerste_jaar", "laatste_jaar"],
    )
    found = costs.net_present_value(posts, pd.DataFrame({"nww": [-1.0, 0.0]}), 0.1, 2008)
    worth = 50 / 1.1 + 50 / 1.21
    assert found.loc[0].to_dict() == pytest.approx({"Rijk": -100, "gemeente": worth, "totaal": worth - 100})
    assert found.loc[1, "totaal"] == pytest.approx(-100)


def test_a_bond_pays_interest_only_when_the_effect_is_shown_and_for_the_better():
    assert costs.bond(1000, 0.05, 2, 0.1, 0.9, 1) == pytest.approx(1102.5)
    assert costs.bond(1000, 0.05, 2, -0.1, 0.9, 1) == 1000
    assert costs.bond(1000, 0.05, 2, 0.1, 0.9, -1) == 1000
    assert costs.bond(1000, 0.05, 2, -0.9, -0.1, -1) == pytest.approx(1102.5)


def test_money_attributed_in_the_wrong_way_gives_the_wrong_effect_and_money_that_is_known_the_right_one():
    rng = np.random.default_rng(6)
    need, owner = rng.standard_normal(300), np.repeat(np.arange(20), 15)
    found = costs.attenuation(need, rng.uniform(100, 900, 300), owner, 0.3)
    rows = found.set_index(["true", "attributed"])
    for true in ("gericht", "naar rato"):
        assert rows.loc[(true, "exact"), "ratio"] == pytest.approx(1, abs=0.08)
        assert rows.loc[(true, "exact"), "found"] == pytest.approx(0.9, abs=0.07)  # as it was planted
    assert rows.loc[("naar rato", "gericht"), "ratio"] < 0.5  # attenuated
    assert rows.loc[("gericht", "naar rato"), "lower"] < 1 < rows.loc[("gericht", "naar rato"), "upper"]
    assert rows.loc[("gericht", "naar rato"), "found"] < 0.4  # right on average, and blind
    again = [costs.attenuation(need, np.ones(300), owner, 0.3, draws=10) for _ in range(2)]
    assert again[0].equals(again[1])


def test_a_wijk_is_large_above_either_bound():
    scale = pd.DataFrame({"inwoners": [9000, 10_001, 9000], "woningen": [4000, 100, 4001]})
    assert practices.large(scale).tolist() == [False, True, True]


# ---- published checks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "n", "p"), [(20, 40, 1.0), (27, 40, 0.0385), (24, 40, 0.2682), (22, 34, 0.1214)]
)
def test_the_published_counts_of_wijken_against_a_coin_toss(k, n, p):
    assert monitor.sign_test(k, n) == pytest.approx(p, abs=5e-5)


def test_brede_scholen_are_64_percent_between_58_and_70():
    found = monitor.wilson(159, 249)
    assert [round(100 * v) for v in (found.estimate, found.lower, found.upper)] == [64, 58, 70]
    secondary = monitor.wilson(28, 70)
    assert secondary.lower < 0.33 < secondary.upper  # not established that it differs from the country


def test_the_127_buurten_lie_in_22_gemeenten(request):
    buurten = pd.read_csv(request.config.rootpath / "data" / "raw" / "buurten_127.csv")
    counts = buurten["gemeente"].value_counts()
    assert (len(buurten), len(counts), counts["Amsterdam"], counts["Groningen"]) == (127, 22, 37, 25)
