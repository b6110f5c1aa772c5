"""The evaluation of the published Leefbaarometer: its margins, its verdict, and what its areas share."""

import json

import pandas as pd
import pytest

from wijkenaanpak.effects import effects
from wijkenaanpak.store import evaluation, panel


@pytest.fixture(scope="module")
def lbm(real_data, store):
    """The store of the published data, and the codebook row of its total score; `store` keeps it in a temporary folder."""
    path = panel.build(str(real_data))
    book = pd.read_parquet(path / "indicators.parquet").set_index("indicator", drop=False)
    return path, book.loc["lbm"]


@pytest.fixture(scope="module")
def found(lbm):
    return evaluation.compute(lbm[0], "leefbaarheid", lbm[1], 2018)


@pytest.mark.parametrize(
    ("design", "se", "df", "p", "lower", "upper"),
    [
        ("nederland", 0.01453, 3.71, 0.235, -0.0210, 0.0622),
        ("g18", 0.01871, 4.31, 0.318, None, None),
        ("net_niet", 0.02520, 8.29, 0.419, -0.0792, 0.0363),
    ],
)
def test_margins_of_published_scores_are_those_of_clubsandwich(lbm, design, se, df, p, lower, upper):
    """2008 against 2012-2018, clusters by city: what the R package clubSandwich gives (CR2, Satterthwaite)."""
    sample = evaluation.lay_out(*lbm)
    windows = effects.windows(sample.periods, 2018)
    fit = effects.estimate(sample, windows, effects.designs(sample, windows)[design])
    assert fit.se == pytest.approx(se, abs=5e-6)
    assert fit.df == pytest.approx(df, abs=5e-3)
    assert fit.p_values()["p"] == pytest.approx(p, abs=5e-4)
    if lower is not None:
        assert fit.interval() == pytest.approx((lower, upper), abs=5e-5)


def test_weak_areas_without_a_programme_improved_as_much(found):
    """The verdict rests on programmes that never were: what the country shows is what they show."""
    among = found["placebo"]
    assert among["carries"] and among["draws"] == 1000
    assert [row["years"] for row in among["choices"]] == [[2002], [2008]]
    for row in among["choices"]:
        place = {d["design"]: d for d in row["designs"]}
        assert place["nederland"]["mean"] > place["nederland"]["estimate"] > 0.02
        assert place["nederland"]["p"] > 0.05
        assert abs(place["gecorrigeerd"]["bias"]) < 0.2 < 1 < place["nederland"]["bias"]
        assert place["gecorrigeerd"]["size"] < 0.065
        assert len(place["gecorrigeerd"]["values"]) == 1000
        assert row["depth_country"] < row["goal_country"]
    verdict = among["verdict"]
    assert verdict["design"] == found["main"] == "gecorrigeerd"
    assert not verdict["found"]
    assert verdict["p"] == max(
        d["p"] for row in among["choices"] for d in row["designs"] if d["design"] == "gecorrigeerd"
    )
    assert verdict["lower"] < 0 < verdict["upper"]
    assert verdict["less"] == pytest.approx(verdict["estimate"] - verdict["mean"])


def test_the_distance_of_the_wijken_is_less_sure_than_areas_alone_say(lbm):
    shared = evaluation.shared(*lbm, 2008)
    rows = {(r["gebied"], r["reference"], r["kind"], r["period"]): r for r in shared}
    change = rows["Nederland", "rest_stad", "change", 2018]
    assert change["estimate"] == pytest.approx(0.030, abs=0.001)
    assert change["factor"] > 1.5
    assert change["lower"] < 0 < change["upper"]  # areas alone would call it certain
    assert change["estimate"] - (change["upper"] - change["estimate"]) / change["factor"] > 0
    assert {r["gebied"] for r in shared} == {
        "Nederland", "Amsterdam", "Arnhem", "Den Haag", "Eindhoven", "Groningen",
    }  # fmt: skip
    assert {r["method"] for r in shared} == {"stad", "wijk", "conley"}


def test_the_path_before_is_tested_where_it_is_free(found):
    """Both measurements before are held equal in the main design: their path is that of the comparison inside cities."""
    assert found["leads_design"] == "rest_stad"
    assert found["leads"]["n"] == 2
    json.dumps(found, allow_nan=False)


def test_every_outcome_has_its_place_among_programmes_and_two_computations_are_the_same(store):
    book = pd.read_parquet(store / "indicators.parquet").set_index("indicator", drop=False)
    own = book[book["question"] == "leren"]
    one, two = (json.dumps(evaluation.compute(store, "leren", book.loc["vsv"], 2017, own)) for _ in range(2))
    assert one == two
    assert all("placebo" in row for row in json.loads(one)["outcomes"])
