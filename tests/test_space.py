"""Neighbours on a grid of squares, and Moran's I against esda."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from wijkenaanpak.effects import space

SIDE = 1000
CODES = [f"{row}{column}" for row in range(4) for column in range(5)]


@pytest.fixture(scope="module")
def near():
    squares = [
        shapely.box(c * SIDE + 4, r * SIDE + 4, (c + 1) * SIDE - 4, (r + 1) * SIDE - 4)  # slivers of 8 metres
        for r in range(4)
        for c in range(5)
    ]
    shapes = gpd.GeoDataFrame({"area": CODES}, geometry=squares, crs=28992).sample(frac=1, random_state=1)
    return space.touching(shapes, CODES)


def test_areas_touch_by_edge_and_corner_in_spite_of_slivers(near):
    dense = near.toarray()
    assert (dense == dense.T).all()
    assert dense.diagonal().sum() == 0
    assert [CODES[i] for i in np.flatnonzero(dense[0])] == ["01", "10", "11"]
    assert dense[CODES.index("12")].sum() == 8


def test_an_area_without_a_shape_touches_nothing(near):
    shapes = gpd.GeoDataFrame({"area": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=28992)
    assert space.touching(shapes, ["a", "b"]).toarray().sum() == 0


def test_rings_count_outwards_from_the_treated(near):
    treated = np.array([code == "00" for code in CODES])
    ring = space.rings(near, treated).reshape(4, 5)
    expected = np.minimum(np.maximum(*np.mgrid[:4, :5]), 3)
    assert (ring == expected).all()


def test_moran_equals_esda(near):
    esda = pytest.importorskip("esda")
    from libpysal.weights import W

    dense = near.toarray()
    weights = W({i: np.flatnonzero(row).tolist() for i, row in enumerate(dense)}, silence_warnings=True)
    weights.transform = "r"
    values = np.random.default_rng(1).normal(size=20) + np.arange(20) / 5
    assert space.moran(values, near) == pytest.approx(
        esda.Moran(values, weights, permutations=0).I, abs=1e-10
    )


def test_what_lies_around_is_the_mean_of_the_neighbours_that_are_known(near):
    values = pd.DataFrame({"vooraf": np.arange(20.0), "keuze": np.arange(20.0) + 2}, index=CODES)
    found = space.with_surroundings(values.drop(index="11"), near, CODES)
    assert found.loc["00", "omgeving"] == pytest.approx((1 + 5) / 2 + 1)  # 01 and 10; 11 is unknown
    assert list(found.columns) == ["vooraf", "keuze", "omgeving"]
    alone = space.with_surroundings(values.loc[["00"]], near, CODES)
    assert np.isnan(alone.loc["00", "omgeving"])
