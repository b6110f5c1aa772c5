"""The map of an area: its postcode areas, or tiles where nobody has given their shapes."""

from __future__ import annotations

import textwrap
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import matplotlib.patheffects as patheffects
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from helpers import draw
from helpers.report import Report
from wijkenaanpak.dutch import in_unit, number
from wijkenaanpak.pages.html import Html
from wijkenaanpak.programme import slug
from wijkenaanpak.sources.areas import is_candidate, rest_of

# Column and row, counted from the north-west, of each city on the tile map.
TILES = {
    **{"Leeuwarden": (4, 0), "Groningen": (5, 0), "Alkmaar": (1, 1), "Zaanstad": (1, 2), "Amsterdam": (2, 2)},
    **{"Deventer": (5, 2), "Den Haag": (0, 3), "Utrecht": (2, 3), "Amersfoort": (3, 3), "Arnhem": (4, 3)},
    **{"Enschede": (6, 3), "Schiedam": (0, 4), "Rotterdam": (1, 4), "Dordrecht": (2, 4), "Nijmegen": (4, 4)},
    **{"Eindhoven": (3, 5), "Maastricht": (4, 6), "Heerlen": (5, 6)},
}
COLUMNS = 7
SCALE = "cividis"  # dark is low


def show(r: Report) -> Html:
    """Map the last measurement, the wijken of the programme outlined; drawn once for all reports on a city."""
    if r.window is None:
        return r.absent()
    place = r.gebied if r.panel.boundaries is None else r.city
    draw_map = tiles if r.panel.boundaries is None else areas
    kept = r.panel.kept(
        f"kaarten/{r.indicator['indicator']}-{slug(place)}-{r.window[1]}",
        __name__,
        [],
        lambda: {"html": draw_map(r)._repr_html_()},
    )
    return Html(kept["html"])


def areas(r: Report) -> Any:
    """Draw the postcode areas of the city, or of each city of the programme, coloured by the last measurement; north is up."""
    values = r.panel.pc4(r.indicator["indicator"], r.window[1])
    shapes = r.shapes().merge(values[["area", "value"]], on="area", how="left")  # type: ignore[union-attr]
    candidate = is_candidate(shapes["zekerheid"])
    treated = shapes["aandachtswijk"].notna() & ~(
        candidate & r.national
    )  # the country stands on the certain ones
    shapes = shapes.assign(treated=treated)
    if r.national:
        shapes = shapes[shapes["gemeente"].isin(r.cities)]
    high_is_worse = r.indicator["direction"] < 0
    legend = f"{r.label} ({r.unit}); donker is slechter; zwart omlijnd: {r.programme.one}"
    drawn = (
        city_maps(shapes, legend, high_is_worse) if r.national else area_map(shapes, legend, high_is_worse)
    )
    known = shapes["value"].notna()
    inside, outside = (
        shapes.loc[known & which, "value"] for which in (shapes["treated"], ~shapes["treated"])
    )
    where = f"Kaart van elk van de {shapes['gemeente'].nunique()} steden" if r.national else "Kaart"
    alt = (
        f"{where}: {len(shapes)} postcodegebieden, noord boven, gekleurd naar {r.label.lower()}. Gemiddelde van {len(inside)} gebieden in "
        f"{r.programme.wijken}: {in_unit(inside.mean(), r.unit)} {r.unit}; van {len(outside)} andere gebieden: {in_unit(outside.mean(), r.unit)}. "
        f"Zonder gegevens: {int((~known).sum())} gebieden."
    )  # fmt: skip
    means = " en elders ".join(in_unit(part.mean(), r.unit) for part in (inside, outside) if len(part))
    title = f"{r.label} ({r.unit}), {r.window[1]}: in {r.programme.wijken} gemiddeld {means}"
    return r.show(
        drawn,
        f"{title} (schematische kaart)" if r.simulated else title,
        alt,
        kind="png",
        data=pd.DataFrame(shapes[["area", "value"]]),
    )


def area_map(shapes: gpd.GeoDataFrame, legend: str, high_is_worse: bool = False) -> Axes:
    """Draw the PC4 areas of one gemeente coloured by `value` (may be missing), those that are `treated` (bool) outlined.

    Parameters
    ----------
    shapes : GeoDataFrame
        In RD New (EPSG:28992, metres).
    legend : str
    high_is_worse : bool
        The dark end of the colours is always the worse one.
    """
    left, bottom, right, top = shapes.total_bounds
    ax = draw.axes(float(np.clip(6.6 * (top - bottom) / (right - left), 2.2, 7.0)) + 0.8)
    norm, colours = _norm(shapes["value"]), _colours(high_is_worse)
    _fill(ax, shapes, norm, colours)
    _legend([ax], norm, colours, legend)
    _scale_bar(ax)
    return ax


def city_maps(shapes: gpd.GeoDataFrame, legend: str, high_is_worse: bool = False) -> Any:
    """Draw a small map for each `gemeente`, all on one scale of colours; returns the figure. Parameters as of :func:`area_map`."""
    cities = sorted(shapes["gemeente"].unique())
    panels = draw.panels(len(cities), 1.55 * -(-len(cities) // 6) + 0.7, min(6, len(cities)))
    norm, colours = _norm(shapes["value"]), _colours(high_is_worse)
    for ax, city in zip(panels, cities, strict=True):
        _fill(ax, shapes[shapes["gemeente"] == city], norm, colours, 0.8)
        ax.set_title(city, fontsize=8.8, pad=2)
    _legend(panels, norm, colours, legend)
    return panels[0].get_figure(root=True)


def _norm(values: pd.Series) -> Any:
    known = values.dropna()
    low, high = known.quantile([0.02, 0.98]) if len(known) else (0.0, 1.0)
    return mpl.colors.Normalize(low, high if high > low else low + 1)


def _colours(high_is_worse: bool) -> str:
    return f"{SCALE}_r" if high_is_worse else SCALE


def _fill(ax: Axes, shapes: gpd.GeoDataFrame, norm: Any, colours: str, line: float = 1.3) -> None:
    """Draw the areas of one gemeente, its border, and around those that are treated a line."""
    shown, missing = shapes.dropna(subset=["value"]), shapes[shapes["value"].isna()]
    if len(missing):
        missing.plot(ax=ax, color="#F2F2F2", edgecolor="#CCCCCC", linewidth=0.2, hatch="///")
    if len(shown):
        shown.plot(ax=ax, column="value", cmap=colours, norm=norm, edgecolor="white", linewidth=0.15)
    _outline(shapes).plot(ax=ax, color="#555555", linewidth=0.6 * line)
    treated = shapes[shapes["treated"]]
    if len(treated):
        around = _outline(treated).plot(ax=ax, color="black", linewidth=line).collections[-1]
        around.set_path_effects([patheffects.withStroke(linewidth=line + 1.5, foreground="white")])
    ax.set_axis_off()
    ax.set_aspect("equal")


def _outline(shapes: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Border of areas together; simplified one by one they leave gaps of some metres, which are closed."""
    gap = 30.0
    whole = shapes.geometry.buffer(gap, join_style="mitre").union_all().buffer(-gap, join_style="mitre")
    return gpd.GeoSeries([whole], crs=shapes.crs).boundary


def _legend(axes: list[Axes], norm: Any, colours: str, text: str) -> None:
    scale = mpl.cm.ScalarMappable(norm, colours)
    figure = axes[0].get_figure(root=True)
    bar = figure.colorbar(scale, ax=axes, orientation="horizontal", shrink=0.55, pad=0.02, aspect=30)  # type: ignore[union-attr]
    bar.set_label(text, fontsize=8.8)
    bar.locator = MaxNLocator(4)
    bar.update_ticks()


def _scale_bar(ax: Axes) -> None:
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    length = 10 ** np.floor(np.log10((right - left) / 3))
    length *= next(f for f in (5, 2, 1) if f * length <= (right - left) / 3)
    y = bottom + (top - bottom) * 0.015
    ax.plot([left, left + length], [y, y], color="#222222", lw=2, solid_capstyle="butt")
    text = f"{number(length / 1000, 0)} km" if length >= 1000 else f"{number(length, 0)} m"
    ax.text(left, y + (top - bottom) * 0.012, text, fontsize=8)


def tiles(r: Report) -> Any:
    """Draw the wijken as tiles: the map for who has no boundaries; in a city beside the rest of the city."""
    last = r.window[1]
    names = {wijk: wijk for wijk in r.wijken}
    if not r.national:
        names |= {rest_of(r.city): f"rest van {r.city}"}
    series = {name: r.series(role=area).set_index("period")["value"] for area, name in names.items()}
    values = [part.get(last, np.nan) for part in series.values()]
    data = pd.DataFrame({"area": list(series), "value": values}, dtype=object).astype({"value": float})
    known = data.dropna(subset=["value"])
    alt = f"Tegelkaart, gekleurd naar {r.label.lower()} ({r.unit}). "
    if data["area"].str.split("/").str[0].nunique() > 2:
        ends = (in_unit(known["value"].agg(end), r.unit) for end in ("min", "max"))
        alt += f"{len(data)} {r.programme.wijken} in {len(r.programme.cities)} steden; van {' tot '.join(ends)}. "
        alt += f"Zonder gegevens: {len(data) - len(known)} wijken."
    else:
        alt += draw.listed(known.assign(area=known["area"].str.split("/").str[-1]), "area", r.unit, "value")
    drawn = tile_map(data, r.label, r.unit, r.indicator["direction"] < 0)
    return r.show(drawn, f"{r.label} in {r.city}, {last}: tegelkaart", alt, data=data)


def tile_map(data: pd.DataFrame, label: str, unit: str, high_is_worse: bool = False) -> Axes:
    """Draw tiles: all wijken put together by city, the cities about where they lie where that is known; or a few in a row.

    Parameters
    ----------
    data : DataFrame
        Columns `area` ("gemeente/wijk", or another name when the tiles are of one city) and `value` (float, may be missing).
    label, unit : str
    high_is_worse : bool
        The dark end of the colours is always the worse one.
    """
    city = data["area"].str.split("/").str[0]
    country = city.nunique() > 2
    low, high = data["value"].min(), data["value"].max()
    norm = mpl.colors.Normalize(low, high if high > low else low + 1)
    ax, colours = draw.axes(6.6 if country else 2.6), _colours(high_is_worse)
    if country:
        places = TILES if set(city) <= set(TILES) else _in_rows(sorted(set(city)))
        for name, part in data.groupby(city):
            column, row = places[str(name)]
            many = int(np.ceil(np.sqrt(len(part))))
            side = 0.62 / many
            for i, value in enumerate(part["value"]):
                _tile(
                    ax,
                    (column + 0.16 + side * (i % many), -row - side * (i // many + 1)),
                    side,
                    value,
                    norm,
                    colours,
                )
            ax.text(column + 0.47, -row + 0.05, str(name), ha="center", va="bottom", fontsize=8)
        lowest = max(row for _, row in places.values()) + 0.8
        ax.set(xlim=(0, COLUMNS), ylim=(-lowest, 0.3), aspect="equal")
    else:
        for i, (area, value) in enumerate(zip(data["area"], data["value"], strict=True)):
            _tile(ax, (i + 0.1, 0.0), 0.8, value, norm, colours)
            shown = in_unit(value, unit) if np.isfinite(value) else "geen"
            text = f"{textwrap.fill(area.split('/')[-1], 13)}\n{shown}"
            ax.text(i + 0.5, -0.06, text, ha="center", va="top", fontsize=8)
        ax.set(xlim=(0, max(len(data), 6)), ylim=(-0.75, 0.85), aspect="equal")
    ax.set_axis_off()
    tile = "wijk" if country else "gebied"
    _legend([ax], norm, colours, f"{label} ({unit}); donker is slechter; een tegel is een {tile}")
    return ax


def _in_rows(cities: list[str]) -> dict[str, tuple[int, int]]:
    """Place cities of which nobody said where they lie in rows, by name."""
    return {city: (i % COLUMNS, i // COLUMNS) for i, city in enumerate(cities)}


def _tile(ax: Axes, corner: tuple[float, float], side: float, value: float, norm: Any, colours: str) -> None:
    known = np.isfinite(value)
    ax.add_patch(
        mpl.patches.Rectangle(
            corner, side, side, linewidth=0.8, hatch=None if known else "////", edgecolor="white" if known else "#AAAAAA",
            facecolor=mpl.colormaps[colours](norm(value)) if known else "#F2F2F2",
        )
    )  # fmt: skip
