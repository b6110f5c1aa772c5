"""The invented country of the practice panel: PC4 as square tiles, grown into gemeenten, with their inhabitants.

The 40 wijken and their 18 gemeenten carry their own names and lie where they lie; all else is made up.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

from wijkenaanpak import RAW

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

YEARS = np.arange(1998, 2019)
N_TREATED = 83
SPILLOVER = 0.25
DENOMINATORS = {  # as a share of the inhabitants
    "inw": 1.0, "b15": 0.67, "b27": 0.16, "hh": 0.46, "won": 0.45, "sold": 0.012, "jong": 0.095,
    "l3": 0.0125, "l3nw": 0.0125, "examen": 0.0105, "groep8": 0.011, "geboren": 0.011,
}  # fmt: skip

# rough outline of the country, and centres of the 18 gemeenten with their number of PC4 (RD, km);
# small ones first, so that a large neighbour grows around them
OUTLINE = [
    (15, 375), (70, 440), (100, 500), (110, 555), (160, 600), (235, 612), (275, 590), (265, 525),
    (268, 465), (235, 430), (205, 400), (212, 350), (205, 306), (172, 306), (172, 360), (110, 372),
    (50, 355),
]  # fmt: skip
CITIES = {
    "Schiedam": (83, 440, 10), "Zaanstad": (114, 496, 16), "Alkmaar": (110, 516, 14),
    "Deventer": (207, 474, 14), "Dordrecht": (106, 423, 16), "Heerlen": (198, 323, 16),
    "Maastricht": (178, 315, 20), "Leeuwarden": (182, 579, 16), "Amersfoort": (155, 463, 18),
    "Enschede": (255, 471, 20), "Groningen": (233, 582, 25), "Nijmegen": (187, 427, 22),
    "Arnhem": (190, 446, 25), "Eindhoven": (161, 383, 25), "Utrecht": (136, 454, 35),
    "Den Haag": (79, 456, 60), "Rotterdam": (92, 435, 75), "Amsterdam": (121, 486, 80),
}  # fmt: skip
ROOK = [(0, 1), (1, 0), (0, -1), (-1, 0)]
QUEEN = [*ROOK, (1, 1), (1, -1), (-1, -1), (-1, 1)]


@dataclass(frozen=True)
class World:
    """The invented country: one entry a PC4 (a tile of the map), ordered by code."""

    code: NDArray[np.str_]
    gemeente: NDArray[np.str_]
    tiles: NDArray[np.int64]  # column and row in the grid, shape (PC4, 2)
    side: int  # of a tile, in metres
    urban: Mask
    queen: sparse.csr_matrix  # 1 where two tiles touch by edge or corner
    rook: list[list[int]]
    deprivation: Array  # permanent; mean 0, SD 1, skewed to the right
    n: dict[str, Array]  # denominators, shape (PC4, years)
    wijk: NDArray[np.str_]  # aandachtswijk, empty text for none

    @property
    def city(self) -> Mask:
        """PC4 in one of the 18 gemeenten."""
        return np.isin(self.gemeente, list(CITIES))

    @property
    def exposure(self) -> Array:
        """Return 1 for treated PC4, `SPILLOVER` for those that touch one, 0 elsewhere."""
        treated = self.wijk != ""
        near = self.queen @ treated.astype(float) > 0
        return np.where(treated, 1.0, np.where(near, SPILLOVER, 0.0))

    def smooth(self, white: Array) -> Array:
        """Average white noise over touching tiles, twice; standardised."""
        near = self.queen + sparse.identity(len(white), format="csr")
        near = sparse.diags(1 / np.asarray(near.sum(axis=1)).ravel()) @ near
        return standard(near @ (near @ white))

    def area(self, name: str) -> Mask:
        """PC4 of a named area; empty text is the whole country."""
        groups = {"G18": self.city, "Niet-aandachtswijken": self.wijk == ""}
        everywhere = np.ones(len(self.wijk), dtype=bool)
        return everywhere if name in ("", "Nederland") else groups.get(name, self.gemeente == name)


def world_of(n: int, counts: pd.Series, seed: int) -> World:
    """Lay `n` PC4 on the map, grow the gemeenten over them, and people them; nothing is selected yet.

    `counts` are the PC4 of each wijk (:func:`pc4_per_wijk`): a gemeente is large enough for its wijken.
    """
    rng = np.random.default_rng([seed, 0])
    tiles, side = _tiles(n)
    rook, touching = _neighbours(tiles, ROOK), _neighbours(tiles, QUEEN)
    name, urban = _gemeenten(tiles * side / 1000, counts, rook, rng)
    order = np.lexsort((tiles[:, 0], -tiles[:, 1], name, ~np.isin(name, list(CITIES))))
    rank = np.argsort(order)
    pairs = np.array([(rank[i], rank[k]) for i, near in enumerate(touching) for k in near]).T
    world = World(
        code=np.arange(1000, 1000 + n).astype(str),
        gemeente=name[order],
        tiles=tiles[order],
        side=side,
        urban=urban[order],
        queen=sparse.csr_matrix((np.ones(pairs.shape[1]), tuple(pairs)), shape=(n, n)),
        rook=[[int(rank[k]) for k in rook[i]] for i in order],
        deprivation=np.zeros(n),
        n={},
        wijk=np.full(n, "", dtype="U64"),
    )
    world = replace(world, deprivation=_deprivation(world, rng))
    return replace(world, n=_denominators(world, rng))


def pc4_per_wijk() -> pd.Series:
    """Divide the 83 PC4 over the 40 wijken by statutory amount: largest remainder, minimum 1."""
    table = pd.read_csv(RAW / "investeringen.csv").set_index("area").sort_index()
    quota = N_TREATED * table["additional_effort_mln_eur"] / table["additional_effort_mln_eur"].sum()
    count = np.floor(quota).clip(lower=1).astype(int)
    order = (quota - count).sort_values(ascending=False, kind="stable").index
    count[order[: N_TREATED - count.sum()]] += 1
    return count


def _tiles(n: int) -> tuple[NDArray[np.int64], int]:
    """Cover the outline with n square tiles; return grid positions and the side in metres."""
    outline = shapely.Polygon(OUTLINE)
    side = int(1000 * math.sqrt(outline.area / n)) + 50
    while True:
        grid = np.meshgrid(np.arange(280_000 // side), np.arange(280_000 // side, 620_000 // side))
        tiles = np.column_stack([axis.ravel() for axis in grid])
        tiles = tiles[shapely.contains_xy(outline, (tiles + 0.5) * side / 1000)]
        if len(tiles) >= n:
            return tiles[np.argsort(tiles[:, 0], kind="stable")][len(tiles) - n :], side
        side -= 10


def _neighbours(tiles: NDArray[np.int64], offsets: Sequence[tuple[int, int]]) -> list[list[int]]:
    at = {(x, y): i for i, (x, y) in enumerate(tiles.tolist())}
    near = [[(x + dx, y + dy) for dx, dy in offsets] for x, y in tiles.tolist()]
    return [[at[place] for place in places if place in at] for places in near]


def grow(start: int, size: int, free: Mask, cost: Array, rook: list[list[int]]) -> list[int]:
    """Take up to `size` connected free tiles from `start`, each time the cheapest adjacent one."""
    heap, seen = [(cost[start], start)], {start}
    taken: list[int] = []
    while heap and len(taken) < size:
        tile = heapq.heappop(heap)[1]
        taken.append(tile)
        fresh = [k for k in rook[tile] if free[k] and k not in seen]
        seen.update(fresh)
        for k in fresh:
            heapq.heappush(heap, (cost[k], k))
    return taken


def block(size: int, free: Mask, cost: Array, rook: list[list[int]]) -> list[int]:
    """Grow from the cheapest free tile from which `size` tiles can be had."""
    for start in np.argsort(np.where(free, cost, np.inf), kind="stable")[: free.sum()]:
        taken = grow(int(start), size, free, cost, rook)
        if len(taken) == size:
            return taken
    raise RuntimeError(f"geen {size} aaneengesloten tegels meer vrij op de kaart")


def _gemeenten(
    km: Array, counts: pd.Series, rook: list[list[int]], rng: np.random.Generator
) -> tuple[NDArray[np.str_], Mask]:
    """Place the 18 gemeenten around their centres and fill the rest with invented ones."""
    treated = counts.groupby(counts.index.str.split("/").str[0]).sum()
    free, name, urban = np.ones(len(km), bool), np.empty(len(km), "U32"), np.zeros(len(km), bool)
    for city, (x, y, usual) in CITIES.items():
        size = max(math.ceil(1.6 * treated[city]) + 3, round(usual * len(km) / 4000))
        taken = block(size, free, np.hypot(km[:, 0] - x, km[:, 1] - y), rook)
        free[taken], name[taken], urban[taken] = False, city, True
    band = np.unique(km[:, 1], return_inverse=True)[1] // 3  # of three rows: compact gemeenten
    number = 0
    for start in np.lexsort((km[:, 0], band)):
        if not free[start]:
            continue
        number += 1
        large = rng.random() < 0.08
        size = int(rng.integers(16, 26) if large else rng.integers(5, 13))
        taken = grow(int(start), size, free, np.hypot(*(km - km[start]).T), rook)
        free[taken], name[taken], urban[taken] = False, f"Oefengemeente {number:03d}", large
    return name, urban


def by_kind(world: World, city: float, town: float, other: float) -> Array:
    """Return a value for each PC4: of the 18 cities, of a large other gemeente, or of elsewhere."""
    return np.where(world.city, city, np.where(world.urban, town, other))


def _deprivation(world: World, rng: np.random.Generator) -> Array:
    names, place = np.unique(world.gemeente, return_inverse=True)
    level = by_kind(world, 0.9, 0.3, -0.15) + 0.25 * rng.standard_normal(len(names))[place]
    white, own = rng.standard_normal((2, len(place)))
    local = 0.85 * world.smooth(white) + 0.35 * own
    return standard(np.exp(0.1 * standard(level + by_kind(world, 1.2, 0.9, 0.6) * local)))


def _denominators(world: World, rng: np.random.Generator) -> dict[str, Array]:
    """Draw the denominators: whole numbers, shape (PC4, years)."""
    shape = len(world.gemeente), len(YEARS)
    spread = by_kind(world, 0.35, 0.35, 0.6) * rng.standard_normal(shape[0])
    size = by_kind(world, 7000, 5500, 2450) * np.exp(spread + 0.1 * world.deprivation)
    growth = 0.003 + 0.006 * rng.standard_normal(shape[0])
    inhabitants = size[:, None] * np.exp(np.outer(growth, YEARS - 2007))
    result = {}
    for kind, share in DENOMINATORS.items():
        expected = inhabitants * share * np.exp(0.08 * rng.standard_normal(shape[0]))[:, None]
        if kind == "l3nw":
            expected = expected * expit(0.9 * world.deprivation - 1.5)[:, None]
        unrest = rng.standard_normal(shape) * (kind not in ("inw", "won", "hh"))
        result[kind] = np.rint(np.maximum(expected + np.sqrt(expected) * unrest, 0))
    result["school"] = np.maximum(1, np.rint(inhabitants[:, :1] / 2300)) * np.ones(shape)
    sample = by_kind(world, 80, 80, 30)[:, None] * np.exp(0.2 * rng.standard_normal(shape))
    return result | {"n": np.rint(sample), "-": np.ones(shape)}


def standard(x: Array) -> Array:
    """Return `x` with mean 0 and SD 1."""
    return (x - x.mean()) / x.std()
