"""Margins of a distance when areas share what happens to them: by city, by wijk, by neighbourhood."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from wijkenaanpak.effects import gaps
from wijkenaanpak.effects.effects import Sample
from wijkenaanpak.effects.inference import Regression


def in_line(n):
    return sparse.diags([np.ones(n - 1), np.ones(n - 1)], [-1, 1], format="csr")


def country(seed=1, shared=0.0, cities=14, each=20):
    """Cities in a row, in each two wijken of three areas; shocks of a city hit the wijken more than the rest."""
    rng = np.random.default_rng(seed)
    n, periods = cities * each, np.array([2002, 2008, 2018])
    city = np.repeat([f"stad{c:02d}" for c in range(cities)], each)
    place = np.tile(np.arange(each), cities)
    wijk = np.where(place < 3, np.char.add(city, "/een"), np.where(place < 6, np.char.add(city, "/twee"), ""))
    shock = np.repeat(rng.normal(size=(cities, 3)), each, axis=0)
    y = rng.normal(size=(n, 3)) + shared * shock * (wijk != "")[:, None] - 1.0 * (wijk != "")[:, None]
    nothing = np.zeros(n, bool)
    return Sample(y, y, periods, np.array([f"{i:04d}" for i in range(n)]), city, wijk, nothing, nothing)


def row(s, gebied="Nederland", reference="nederland", kind="gap", period=2018, near=None):
    table = gaps.margins(s, 2008, near)
    return next(
        r
        for r in table
        if (r["gebied"], r["reference"], r["kind"], r["period"]) == (gebied, reference, kind, period)
    )


def test_the_distance_is_a_difference_of_means_with_cities_as_clusters():
    s = country()
    found = row(s)
    own = s.treated
    assert found["estimate"] == pytest.approx(s.level[own, 2].mean() - s.level[~own, 2].mean())
    weight = np.where(own, 1 / own.sum(), 1 / (~own).sum())
    fit = Regression(s.level[:, 2], np.column_stack([own, np.ones(len(own))]).astype(float), weight, s.city)
    assert (found["lower"], found["upper"]) == pytest.approx(fit.interval())
    assert found["method"] == "stad"
    change = row(s, kind="change")
    assert change["estimate"] == pytest.approx(found["estimate"] - row(s, period=2008)["estimate"])


def test_what_areas_of_a_city_share_widens_the_margin():
    many = [[row(country(seed, shared)) for seed in range(12)] for shared in (0.0, 1.0)]
    alone, together = ([r["se"] / r["se_alone"] for r in rows] for rows in many)
    assert np.mean(alone) == pytest.approx(1.0, abs=0.15)
    # shocks 1 / 14 and chance 1 / 84 of the wijken, chance 1 / 196 of the rest; taken apart 2 / 84 and 1 / 196
    assert np.mean(together) == pytest.approx(
        np.sqrt((1 / 14 + 1 / 84 + 1 / 196) / (2 / 84 + 1 / 196)), abs=0.2
    )
    assert np.mean([r["factor"] for r in many[1]]) > np.mean(together)


def test_the_margin_by_city_holds_the_truth_and_that_of_areas_alone_does_not():
    inside, alone = [], []
    for seed in range(200):
        found = row(country(seed, shared=1.0))
        inside.append(found["lower"] <= -1.0 <= found["upper"])
        half = (found["upper"] - found["estimate"]) / found["factor"]
        alone.append(abs(found["estimate"] + 1.0) <= half)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.04)
    assert np.mean(alone) < 0.85


def test_steps_apart_by_hand():
    weight = gaps.steps_apart(in_line(6), steps=2).toarray()
    assert weight[0] == pytest.approx([1, 2 / 3, 1 / 3, 0, 0, 0])
    assert (weight == weight.T).all()


def test_neighbours_that_share_shocks_across_cities_give_the_margin_of_conley():
    s = country(cities=14)
    wave = (
        np.sin(np.arange(len(s.area)) / 9.0) * 3
    )  # longer than a city: neighbours are alike over its border
    moved = replace(s, level=s.level + wave[:, None])
    near = in_line(len(s.area))
    found = row(moved, near=near, reference="nederland")
    fit_only = row(moved)
    assert found["se"] >= fit_only["se"]
    own = moved.treated
    weight = np.where(own, 1 / own.sum(), -1 / (~own).sum())
    y = moved.level[:, 2]
    error = weight * (y - np.where(own, y[own].mean(), y[~own].mean()))
    by_hand = np.sqrt(error @ gaps.steps_apart(near).toarray() @ error)
    assert found["se"] == pytest.approx(max(by_hand, fit_only["se"]))
    assert found["method"] == ("conley" if by_hand > fit_only["se"] else "stad")


def test_a_city_with_several_wijken_has_a_margin_by_wijk():
    found = row(country(), gebied="stad03", reference="rest_stad")
    assert found["method"] == "wijk"
    assert found["lower"] < found["estimate"] < found["upper"]
    one = country()
    one = replace(one, wijk=np.where(np.char.endswith(one.wijk, "twee"), "", one.wijk))
    assert {r["gebied"] for r in gaps.margins(one, 2008, None)} == {"Nederland"}
