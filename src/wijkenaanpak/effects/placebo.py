"""The designs of the evaluation on programmes that never were, all at once.

What ``effects.designs`` and ``effects.estimate`` say of one programme, computed for a thousand drawn ones
(``draws.draw``) together: sums over groups of areas are products of matrices, and the regressions are solved in a stack.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from wijkenaanpak.effects import effects
from wijkenaanpak.effects.draws import Drawn
from wijkenaanpak.effects.effects import (
    CALIPER,
    NEIGHBOURS,
    SUPPORT,
    Design,
    Windows,
    covariates,
    spread_around_lines,
    time_weights,
)
from wijkenaanpak.effects.inference import Array
from wijkenaanpak.effects.stacked import Fits, Stack, fit, joined

Mask = NDArray[np.bool_]

CHUNK = 50  # programmes in a stack: what fits in the cache is fastest, and memory stays small
OTHERS = 20  # areas at least for a comparison at equal figures before, as in effects.adjusted
SYNTHETIC = 100  # programmes for synthetic weights, which are found one by one


@dataclass(frozen=True)
class Programmes:
    """Some drawn programmes, and who can be compared with whom in each.

    Attributes
    ----------
    drawn : Drawn
        These programmes only.
    w : Windows
    """

    drawn: Drawn
    w: Windows

    @property
    def treated(self) -> Mask:
        """Chosen areas, shape (draws, areas)."""
        return self.drawn.chosen

    @cached_property
    def donor(self) -> Mask:
        """Areas that may stand in for them."""
        return ~self.drawn.chosen & ~self.drawn.near

    @cached_property
    def city(self) -> NDArray[np.int64]:
        """Number of the city of each area."""
        return np.unique(self.drawn.base.city, return_inverse=True)[1]

    @cached_property
    def per_city(self) -> sparse.csr_matrix:
        """Areas by cities, 1 where an area lies."""
        n = len(self.city)
        return sparse.csr_matrix((np.ones(n), (np.arange(n), self.city)))

    @cached_property
    def urban(self) -> Mask:
        """Areas in a city with chosen ones."""
        return (self.treated.astype(float) @ self.per_city > 0)[:, self.city]

    @cached_property
    def change(self) -> Array:
        """Change of every area that a comparison of means uses."""
        return self.drawn.base.y @ time_weights(self.drawn.base, self.w)

    @cached_property
    def level(self) -> Array:
        """Mean of every area over the years before."""
        return self.drawn.base.y[:, np.isin(self.drawn.base.periods, self.w.before)].mean(axis=1)


def fits(drawn: Drawn, w: Windows, names: tuple[str, ...] = (), workers: int = 1) -> dict[str, Fits]:
    """Estimate every design on every drawn programme.

    Parameters
    ----------
    drawn : Drawn
    w : Windows
    names : tuple of str, optional
        Of :data:`DESIGNS`; all by default.
    workers : int
        Threads; the answer does not depend on it.

    Returns
    -------
    dict
        By design, in the order of the programmes; missing for a programme that does not allow it. ``synthetisch`` for the first
        `SYNTHETIC` only.
    """
    n = len(drawn.chosen)
    parts = [
        Programmes(replace(drawn, chosen=drawn.chosen[i : i + CHUNK], near=drawn.near[i : i + CHUNK]), w)
        for i in range(0, n, CHUNK)
    ]

    def one(name: str, part: Programmes) -> Fits | None:
        return DESIGNS[name](part)

    found: dict[str, Fits] = {}
    with ThreadPoolExecutor(workers) as pool:
        for name in names or tuple(DESIGNS):
            some = parts[: -(-SYNTHETIC // CHUNK)] if name == "synthetisch" else parts
            done = list(pool.map(one, [name] * len(some), some))
            if all(part is not None for part in done):
                found[name] = joined([part for part in done if part is not None])
    return found


# ---- comparisons of means -------------------------------------------------------------------------


def _means(p: Programmes, others: Mask, within: bool = False) -> Fits:
    """Compare the means of two groups of areas, in all or inside each city.

    Areas of a city and group that count alike are one row, its mean, with the variance of a mean: what they differ among
    themselves says nothing in CR2 either.
    """
    owners, clusters, ys, ws, sizes, own = [], [], [], [], [], []
    for group, is_own in ((p.treated, 1.0), (others, 0.0)):
        count = group.astype(float) @ p.per_city
        total = (group * p.change) @ p.per_city
        owner, city = np.nonzero(count)
        n = count[owner, city]
        owners.append(owner)
        clusters.append(city)
        ys.append(total[owner, city] / n)
        ws.append(n / count.sum(axis=1)[owner])
        sizes.append(n)
        own.append(np.full(len(n), is_own))
    treated = np.concatenate(own)
    x = treated[:, None] if within else np.column_stack([treated, np.ones(len(treated))])
    stack = Stack(
        np.concatenate(owners), np.concatenate(clusters), np.concatenate(ys), x, np.concatenate(ws), 1 / np.concatenate(sizes)
    )  # fmt: skip
    return fit(stack, within)


def _country(p: Programmes) -> Fits:
    return _means(p, p.donor)


def _cities(p: Programmes) -> Fits | None:
    return _means(p, p.donor & p.urban) if _enough_cities(p) else None


def _inside(p: Programmes) -> Fits | None:
    return _means(p, p.donor & p.urban, within=True) if _enough_cities(p) else None


def _enough_cities(p: Programmes) -> bool:
    shared = ((p.treated.astype(float) @ p.per_city) > 0) & (
        ((p.donor & p.urban).astype(float) @ p.per_city) > 0
    )
    return bool((shared.sum(axis=1) >= 3).all())


# ---- equally weak areas ---------------------------------------------------------------------------


def _matched(p: Programmes) -> Fits | None:
    """Nearest neighbours on level and trend; see ``effects.match``."""
    base, w = p.drawn.base, p.w
    level = _true_levels(p)
    features = [level]
    before = np.isin(base.periods, w.before)
    if w.long:
        years = base.periods[before] - base.periods[before].mean()
        features.append(np.broadcast_to(base.y[:, before] @ (years / (years**2).sum()), level.shape))
    elif w.leads:
        raw = (p.level - base.y[:, base.periods == w.leads[0]][:, 0]) / (np.mean(w.before) - w.leads[0])
        features.append(np.broadcast_to(raw, level.shape))
    owners: list[NDArray[np.int64]] = []
    rows: list[NDArray[np.int64]] = []
    weights: list[Array] = []
    allowed: list[int] = []
    for d in range(len(level)):
        own, donors = np.flatnonzero(p.treated[d]), np.flatnonzero(p.donor[d])
        off = np.zeros((len(own), len(donors)))
        inside = np.ones(off.shape, bool)
        for feature in features:
            x = feature[d] / feature[d, own].std(ddof=1)
            apart = np.abs(x[donors][None, :] - x[own][:, None])
            inside &= apart <= CALIPER
            off += apart**2
        off = np.where(inside, off, np.inf)
        has = inside.any(axis=1)
        if has.sum() < len(own) / 2:
            continue
        nearest = np.argsort(off[has], axis=1, kind="stable")[:, :NEIGHBOURS]
        usable = np.isfinite(np.take_along_axis(off[has], nearest, axis=1))
        weight = np.zeros(len(p.city))
        weight[own[has]] = 1 / has.sum()
        share = usable / usable.sum(axis=1, keepdims=True) / has.sum()
        np.add.at(weight, donors[nearest[usable]], share[usable])
        used = np.flatnonzero(weight)
        owners.append(np.full(len(used), len(allowed)))
        allowed.append(d)
        rows.append(used)
        weights.append(weight[used])
    result = _nothing(len(level))
    if not allowed:
        return result
    owner, row = np.concatenate(owners), np.concatenate(rows)
    draw = np.array(allowed)[owner]
    y = p.change[row] + p.level[row] - level[draw, row]
    x = np.column_stack([p.treated[draw, row].astype(float), np.ones(len(row))])
    found = fit(Stack(owner, p.city[row], y, x, np.concatenate(weights)))
    for name in ("estimate", "se", "df"):
        getattr(result, name)[allowed] = getattr(found, name)
    return result


def _true_levels(p: Programmes) -> Array:
    """Levels before, freed from chance, in every programme; see ``effects.true_level``. Shape (draws, areas)."""
    base, w = p.drawn.base, p.w
    signals = np.column_stack([p.level, *(base.y[:, base.periods == lead][:, 0] for lead in w.leads[:1])])
    k = signals.shape[1]
    centre = signals.mean(axis=0)
    z = signals - centre  # sums of squares around the mean of all lose fewer digits
    products = (z[:, :, None] * z[:, None, :]).reshape(len(z), -1)
    result = np.broadcast_to(signals[:, 0], p.treated.shape).copy()
    for group in (p.treated, ~p.treated & p.urban, ~p.treated & ~p.urban):
        g = group.astype(float)
        n = g.sum(axis=1)
        mean = g @ z / np.maximum(n, 1)[:, None]
        if w.long:
            keep = np.zeros((len(n), k))
            keep[:, 0] = _halves(p, g, n)
        else:
            outer = mean[:, :, None] * mean[:, None, :]
            spread = ((g @ products).reshape(-1, k, k) - n[:, None, None] * outer) / np.maximum(n - 1, 1)[
                :, None, None
            ]
            goal = spread[:, 0].copy()
            goal[:, 0] -= np.minimum(_noise(p, g, n), 0.95 * spread[:, 0, 0])
            keep = np.einsum("dij,dj->di", np.linalg.pinv(spread), goal)
        moved = centre[0] + mean[:, [0]] + keep @ z.T - np.einsum("dk,dk->d", keep, mean)[:, None]
        result = np.where(group & (n > 2 * k)[:, None], moved, result)
    return result


def _halves(p: Programmes, g: Array, n: Array) -> Array:
    """Reliability of the mean over years from two halves, in every programme; see ``effects._halves``."""
    y = p.drawn.base.y[:, np.isin(p.drawn.base.periods, p.w.before)]
    half = y.shape[1] // 2
    one, two = y[:, :half].mean(axis=1), y[:, -half:].mean(axis=1)
    one, two = one - one.mean(), two - two.mean()
    n = np.maximum(n, 1)
    a, b = g @ one / n, g @ two / n
    cov, v1, v2 = g @ (one * two) / n - a * b, g @ one**2 / n - a**2, g @ two**2 / n - b**2
    r = cov / np.sqrt(np.maximum(v1 * v2, 1e-300))
    return np.clip(2 * r / (1 + r), 0.05, 1)


def _noise(p: Programmes, g: Array, n: Array) -> Array:
    """Variance of one year around straight lines, in every programme; see ``effects._noise``."""
    y = p.drawn.base.y
    if y.shape[1] < 4:
        return np.zeros(len(g))
    rest = y - y.mean(axis=0)
    rest = rest @ spread_around_lines(y.shape[1])
    mean = g @ rest / np.maximum(n, 1)[:, None]
    squares = g @ (rest**2).sum(axis=1) - n * (mean**2).sum(axis=1)
    return squares / np.maximum(n - 1, 1) / (y.shape[1] - 2)


def _equal_before(p: Programmes) -> Fits | None:
    """Regression at equal figures before, on common support; see ``effects.adjusted``."""
    base, w = p.drawn.base, p.w
    if not (w.long or w.leads):
        return None
    deprived = base.deprivation
    patterns: Mask = np.zeros((len(p.treated), 0), bool)
    if deprived is not None:
        share = p.treated.astype(float) @ np.isfinite(deprived) / p.treated.sum(axis=1, keepdims=True)
        patterns = np.asarray(share >= effects.COVERED)
    result = _nothing(len(p.treated))
    for pattern in np.unique(patterns, axis=0):
        mine = np.flatnonzero(np.all(patterns == pattern, axis=1))
        _adjusted(p, covariates(base, w, pattern)[0], mine, result)
    return result


def _adjusted(p: Programmes, x: Array, mine: NDArray[np.int64], result: Fits) -> None:
    """Fit the programmes that have the same covariates, and put the answers in their places."""
    known: Mask = np.asarray(np.isfinite(x).all(axis=1))
    z = np.where(known[:, None], (x - x[known].mean(axis=0)) / x[known].std(axis=0), 0.0)
    treated, others = p.treated[mine] & known, p.donor[mine] & known
    if p.w.long and _enough_cities(p):
        others &= p.urban[mine]
    line = np.column_stack([z, np.ones(len(z))])
    products = (line[:, :, None] * line[:, None, :]).reshape(len(z), -1)
    k = line.shape[1]
    gram = ((treated | others).astype(float) @ products).reshape(-1, k, k)
    slope = np.einsum("dij,dj->di", np.linalg.pinv(gram), treated.astype(float) @ line)[:, :-1]
    score = slope @ z.T
    least = [np.quantile(row[own], SUPPORT) for row, own in zip(score, treated, strict=True)]
    others &= score >= np.array(least)[:, None]
    enough: Mask = np.asarray(others.sum(axis=1) >= OTHERS)
    if not enough.any():
        return
    owner, row = np.nonzero(np.asarray(treated | others)[enough])
    contrast = time_weights(p.drawn.base, p.w, (), Design("", p.level, adjust=x))
    columns = np.column_stack([np.asarray(treated)[enough][owner, row].astype(float), line[row]])
    found = fit(Stack(owner, p.city[row], (p.drawn.base.y @ contrast)[row], columns, np.ones(len(row))))
    for name in ("estimate", "se", "df"):
        getattr(result, name)[mine[enough]] = getattr(found, name)


def _nothing(n: int) -> Fits:
    """Fits of programmes that a design does not allow: all missing."""
    return Fits(*(np.full(n, np.nan) for _ in range(3)))


def _synthetic(p: Programmes) -> Fits | None:
    """Synthetic weights, one programme after another; see ``effects.synthetic_weights``."""
    if not p.w.long:
        return None
    done = []
    for d in range(len(p.treated)):
        s = p.drawn.sample(d)
        if effects.near_home(s).sum() < 2:
            done.append((np.nan,) * 3)
            continue
        one = effects.estimate(s, p.w, effects.synthetic(s, p.w))
        done.append((one.estimate, one.se, one.df))
    return Fits(*np.array(done).T)


DESIGNS: dict[str, Callable[[Programmes], Fits | None]] = {
    "nederland": _country,
    "g18": _cities,
    "rest_stad": _inside,
    "net_niet": _matched,
    "synthetisch": _synthetic,
    "gecorrigeerd": _equal_before,
}
