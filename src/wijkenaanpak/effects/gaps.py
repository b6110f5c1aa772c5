"""How sure the distance of the aandachtswijken to others is, when areas of a city, and neighbours, share what happens to them.

A mean over areas taken as independent is too sure: they lie in few cities, and neighbours are alike (Moran's I). The margin
here is the larger of two: that of whole cities (CR2 and Satterthwaite, ``bias_reduced``) and that of neighbours up to
a few steps apart (Conley 1999, Journal of Econometrics 92, with Bartlett weights over steps on the map).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from wijkenaanpak.effects.effects import Sample
from wijkenaanpak.effects.inference import Array, Regression, partial_out, quantile_t

STEPS = 3  # neighbours of neighbours of neighbours: some kilometres in a city
LEAST = 2  # wijken in a city for which shared shocks can be told from the wijk itself


@dataclass(frozen=True)
class Groups:
    """Two groups of areas that are compared, and who shares shocks.

    Attributes
    ----------
    use : array of bool, shape (areas,)
    own : array of bool, shape (areas,)
        The aandachtswijken among them.
    cluster : array, shape (areas,)
    unit : {"stad", "wijk"}
        What the clusters are.
    within : bool
        Compare inside each cluster.
    """

    use: NDArray[np.bool_]
    own: NDArray[np.bool_]
    cluster: NDArray[np.str_]
    unit: str
    within: bool


def margins(s: Sample, base: int, touching: sparse.csr_matrix | None) -> list[dict[str, Any]]:
    """Measure the distance of the aandachtswijken to others in every period, and its change, with what areas share.

    Parameters
    ----------
    s : Sample
        Outcomes as published are compared, and every area counts alike.
    base : int
        Period from which changes are counted.
    touching : csr_matrix, shape (areas, areas), optional
        Who touches whom.

    Returns
    -------
    list of dict
        Rows a gebied (Nederland, and every city with at least two wijken), reference (`nederland`: all areas that are no
        aandachtswijk; `rest_stad`: those of the own cities), kind (`gap`, or `change` since `base`) and period: estimate (the wijken
        less the others), lower, upper, se, df, method (`stad`, `wijk` or `conley`: which of the margins it is), se_alone (areas
        taken as independent) and factor (how many times as wide as theirs the margin is).
    """
    reach = steps_apart(touching) if touching is not None else None
    at = int(np.flatnonzero(s.periods == base)[0])
    rows = []
    for (gebied, reference), groups in _groups(s).items():
        for k, period in enumerate(s.periods.tolist()):
            for kind, y in (("gap", s.level[:, k]), ("change", s.level[:, k] - s.level[:, at])):
                if kind == "gap" or k != at:
                    place = {"gebied": gebied, "reference": reference, "kind": kind, "period": period}
                    rows.append(place | distance(y, groups, reach))
    return rows


def distance(y: Array, groups: Groups, reach: sparse.csr_matrix | None) -> dict[str, Any]:
    """Return the difference of the means of two groups and its margins; see :func:`margins`.

    Parameters
    ----------
    y : array, shape (areas,)
    groups : Groups
    reach : csr_matrix, shape (areas, areas), optional
        How much the errors of two areas go together, see :func:`steps_apart`.
    """
    fit, alone = _fit(y, groups, groups.cluster), _fit(y, groups, np.arange(len(y)).astype(str))
    method, se, df = groups.unit, fit.se, fit.df
    if reach is not None:
        error = fit.share * (fit.y - fit.x @ fit.beta)
        square = float(error @ (reach[groups.use][:, groups.use] @ error))
        near = np.sqrt(max(square, 0.0))
        if near > se:
            method, se = "conley", float(near)
    estimate, half = fit.estimate, quantile_t(0.975, df) * se
    plain = quantile_t(0.975, alone.df) * alone.se
    return {
        "estimate": estimate, "lower": estimate - half, "upper": estimate + half, "se": se, "df": df, "method": method,
        "se_alone": alone.se, "factor": half / plain if plain > 0 else 1.0,
    }  # fmt: skip


def steps_apart(touching: sparse.csr_matrix, steps: int = STEPS) -> sparse.csr_matrix:
    """Return Bartlett weights over steps on the map: 1 for an area itself, falling to 0 beyond `steps`; symmetric."""
    n = touching.shape[0]
    reached = sparse.identity(n, format="csr")
    weight = sparse.csr_matrix((n, n))
    one = (touching + sparse.identity(n, format="csr")).astype(bool).astype(float).tocsr()
    for _ in range(steps + 1):
        weight = weight + reached / (steps + 1)
        reached = (reached @ one).astype(bool).astype(float).tocsr()
    return weight.tocsr()


def _fit(y: Array, groups: Groups, cluster: NDArray[np.str_]) -> Regression:
    """Set up the difference of means: of all, or inside the clusters of the groups."""
    use = groups.use
    own = groups.own[use].astype(float)
    weight = np.where(own > 0, 1 / own.sum(), 1 / (1 - own).sum()) * len(own)
    if not groups.within:
        return Regression(y[use], np.column_stack([own, np.ones(len(own))]), weight, cluster[use])
    rest = partial_out(np.column_stack([y[use], own]), groups.cluster[use], weight)
    cities = len(np.unique(groups.cluster[use]))
    return Regression(rest[:, 0], rest[:, 1:], weight, cluster[use], cities, 1 / weight)


def _groups(s: Sample) -> dict[tuple[str, str], Groups]:
    """Who is compared with whom, by gebied and reference."""
    known = ~s.left_out
    found = {("Nederland", "nederland"): Groups(known, s.treated, s.city, "stad", False)}
    inside = known & s.urban
    cities = set(s.city[s.treated]) & set(s.city[inside & ~s.treated])
    if len(cities) >= 3:
        found["Nederland", "rest_stad"] = Groups(
            inside & np.isin(s.city, sorted(cities)), s.treated, s.city, "stad", True
        )
    for city in sorted(cities):
        mine = known & (s.city == city)
        if len(set(s.wijk[mine & s.treated])) >= LEAST and (mine & ~s.treated).sum() >= LEAST:
            wijk = np.where(
                s.treated, s.wijk, s.area
            )  # an area elsewhere shares with none but its neighbours
            found[city, "rest_stad"] = Groups(mine, s.treated, wijk, "wijk", False)
    return found
