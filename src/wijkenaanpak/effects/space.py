"""Neighbours on the map: who touches whom, rings around the aandachtswijken, spatial correlation."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

TOUCHING = 30.0  # metres: simplified boundaries leave slivers between neighbours


def touching(shapes: gpd.GeoDataFrame, areas: Sequence[str]) -> sparse.csr_matrix:
    """Tell which areas touch, by edge or corner.

    Parameters
    ----------
    shapes : GeoDataFrame
        Columns `area`, `geometry` in metres (RD New).
    areas : sequence of str
        Order of the result; areas without a shape touch nothing.

    Returns
    -------
    csr_matrix, shape (areas, areas)
        1 where two different areas lie within `TOUCHING` metres; symmetric.
    """
    n = len(areas)
    place = {area: i for i, area in enumerate(areas)}
    known = shapes[shapes["area"].isin(place)].reset_index(drop=True)
    grown = known.geometry.buffer(TOUCHING / 2, quad_segs=1)
    left, right = grown.sindex.query(grown, predicate="intersects")
    at = known["area"].map(place).to_numpy(int)
    apart = left != right
    ones = np.ones(int(apart.sum()))
    return sparse.csr_matrix((ones, (at[left[apart]], at[right[apart]])), shape=(n, n))


def with_surroundings(values: pd.DataFrame, near: sparse.csr_matrix, areas: Sequence[str]) -> pd.DataFrame:
    """Add what lies around each area: the mean over the areas that touch it, of the mean of its columns.

    Parameters
    ----------
    values : DataFrame
        Indexed by area.
    near : csr_matrix, shape (areas, areas)
        See :func:`touching`.
    areas : sequence of str
        What its rows stand for.

    Returns
    -------
    DataFrame
        With a column `omgeving`, missing where nothing is known around.
    """
    own = values.mean(axis=1).reindex(areas).to_numpy()
    known = np.isfinite(own)
    total, count = near @ np.where(known, own, 0.0), near @ known.astype(float)
    around = np.divide(total, count, out=np.full(len(own), np.nan), where=count > 0)
    return values.assign(omgeving=pd.Series(around, areas))


def rings(near: sparse.csr_matrix, treated: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Tell in which ring around the treated areas each area lies.

    Parameters
    ----------
    near : csr_matrix, shape (areas, areas)
        As :func:`touching` returns it.
    treated : array of bool, shape (areas,)

    Returns
    -------
    array of int, shape (areas,)
        0 treated, 1 touching a treated area, 2 touching one of ring 1, 3 elsewhere.
    """
    ring = np.where(treated, 0, 3)
    for k in (1, 2):
        reached = near @ (ring == k - 1).astype(float) > 0
        ring[(ring == 3) & reached] = k
    return ring


def moran(values: NDArray[np.float64], near: sparse.csr_matrix) -> float:
    """Return Moran's I with row-standardised weights: spatial autocorrelation (Moran 1950; Cliff & Ord 1981).

    Parameters
    ----------
    values : array, shape (areas,)
    near : csr_matrix, shape (areas, areas)
        Neighbours; areas without any are left out.

    Returns
    -------
    float
        About -1 / (n - 1) without spatial pattern, towards 1 when neighbours are alike.
    """
    degree = np.asarray(near.sum(axis=1)).ravel()
    has = degree > 0
    z = values[has] - values[has].mean()
    lag = (near[has][:, has] @ z) / degree[has]
    return float(z @ lag / (z @ z))
