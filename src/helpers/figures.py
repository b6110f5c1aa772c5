"""Every plot, each with its alternative text.

A plot is a pure function of a tidy DataFrame and a :class:`~helpers.drawing.Style`; it returns a
:class:`~helpers.drawing.Picture` that JupyterLab and the HTML report both show.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import matplotlib.patheffects as patheffects
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from helpers.drawing import (
    BETTER,
    COLOURS,
    DASHES,
    GREY,
    WORSE,
    Picture,
    Style,
    canvas,
    dutch_axis,
    finish,
    label_at,
    mark_years,
    push_apart,
    styled,
)
from wijkenaanpak.dutch import number


@styled
def levels(data: pd.DataFrame, style: Style, window: tuple[int, int]) -> Picture:
    """Draw the level of the wijk and its references over time, each with its margin.

    Parameters
    ----------
    data : DataFrame
        Columns `role` (a key of ``COLOURS``), `name`, `period` (int), `value`, `lower`, `upper`.
    style : Style
        Shared style.
    window : (int, int)
        First and last year of the comparison, shaded.

    Returns
    -------
    Picture
    """
    figure, grid = canvas(7.4, 4.1)
    axes: Axes = grid[0, 0]
    axes.axvspan(*window, color="#F3EFE6", zorder=0, lw=0)
    ends: list[tuple[float, str, str]] = []
    for role, part in data.groupby("role", sort=False):
        part = part.sort_values("period")
        colour = COLOURS[str(role)]
        axes.plot(
            part["period"], part["value"], color=colour, ls=DASHES[str(role)],
            lw=2.4 if role == "wijk" else 1.5, marker="o", ms=3.5 if role == "wijk" else 2.2,
            zorder=5 if role == "wijk" else 3,
        )  # fmt: skip
        shade = 0.18 if role == "wijk" else 0.12
        axes.fill_between(part["period"], part["lower"], part["upper"], color=colour, alpha=shade, lw=0)
        ends.append((part["value"].iloc[-1], str(part["name"].iloc[-1]), colour))
    low, high = axes.get_ylim()
    places = push_apart(np.array([e[0] for e in ends]), (high - low) * 0.065)
    room = (high - low) * 0.03
    axes.set_ylim(min(low, places.min() - room), max(high, places.max() + room))
    last = data["period"].max()
    span = last - data["period"].min() or 1
    for (value, name, colour), place in zip(ends, places, strict=True):
        label_at(axes, name, (last, value), (last + span * 0.035, place), colour)
    axes.set_ylabel(f"{style.label}\n({style.unit})")
    axes.set_xlabel("jaar")
    mark_years(axes, data["period"].tolist())
    dutch_axis(axes.yaxis, style.decimals)
    wijk = data[data["role"] == "wijk"].sort_values("period")
    alt = (
        f"Lijngrafiek van {style.label.lower()} ({style.unit}). "
        + ". ".join(
            f"{name}: {number(part['value'].iloc[0], style.decimals)} in {part['period'].iloc[0]}, "
            f"{number(part['value'].iloc[-1], style.decimals)} in {part['period'].iloc[-1]}"
            for name, part in data.sort_values("period").groupby("name", sort=False)
        )
        + f". Vergeleken periode {window[0]} tot {window[1]}."
    )
    title = f"{style.label}: {wijk['name'].iloc[0]} en vier referenties" if len(wijk) else style.label
    return finish(figure, style, title, alt)


@styled
def gaps(data: pd.DataFrame, style: Style, names: dict[str, str]) -> Picture:
    """Draw the gap to each of the four references, small multiples with 95% margins.

    Parameters
    ----------
    data : DataFrame
        Columns `reference` (key of `names`), `period`, `gap`, `lower`, `upper`; gap > 0 is a backlog.
    style : Style
        Shared style; its unit is that of the gap.
    names : dict
        Reader's name of each reference.

    Returns
    -------
    Picture
    """
    references = [r for r in names if r in set(data["reference"])]
    rows = int(np.ceil(len(references) / 2))
    figure, grid = canvas(7.4, 2.35 * rows + 0.3, rows, 2)
    parts = []
    for axes, reference in zip(grid.flat, references, strict=False):
        part = data[data["reference"] == reference].sort_values("period")
        axes.axhline(0, color=GREY, lw=1)
        axes.fill_between(
            part["period"], part["lower"], part["upper"], color=COLOURS[reference], alpha=0.2, lw=0
        )
        axes.plot(part["period"], part["gap"], color=COLOURS[reference], lw=2, marker="o", ms=3)
        axes.set_title(f"ten opzichte van {names[reference]}", fontsize=9.5, loc="left")
        mark_years(axes, part["period"].tolist()[:: 2 if len(part) > 6 else 1])
        dutch_axis(axes.yaxis, style.decimals)
        parts.append(
            f"{names[reference]}: {number(part['gap'].iloc[0], style.decimals)} in {part['period'].iloc[0]} en "
            f"{number(part['gap'].iloc[-1], style.decimals)} in {part['period'].iloc[-1]}"
        )
    for axes in grid.flat[len(references) :]:
        axes.set_visible(False)
    figure.supylabel(f"achterstand ({style.unit})", fontsize=9.5)
    alt = f"Achterstand ({style.unit}; boven nul is slechter) ten opzichte van " + "; ".join(parts) + "."
    return finish(figure, style, f"Achterstand op vier referenties: {style.label.lower()}", alt)


@styled
def index_chart(data: pd.DataFrame, style: Style, periods: tuple[int, int]) -> Picture:
    """Draw each indicator as an index with G18 = 1, first against last year (dumbbell).

    After the chart of the CBS-Outcomemonitor in Voortgangsrapportage 2010 ("Het G18 gemiddelde is
    voor elke indicator op 1 gesteld"), with the direction made equal: above 1 is worse.

    Parameters
    ----------
    data : DataFrame
        Columns `label`, `first`, `last` (index; above 1 is worse), and their 95% margins `first_lower`,
        `first_upper`, `last_lower`, `last_upper`.
    style : Style
        Shared style.
    periods : (int, int)
        The two years.

    Returns
    -------
    Picture
    """
    data = data.sort_values("last").reset_index(drop=True)
    figure, grid = canvas(7.4, 0.4 * len(data) + 1.4)
    axes: Axes = grid[0, 0]
    axes.axvline(1, color=GREY, lw=1)
    rows, first, last = data.index, data["first"], data["last"]
    better = last < first
    axes.hlines(rows, first, last, colors=np.where(better, BETTER, WORSE).tolist(), lw=2, zorder=2)
    # The margins lie just above and below the line, so that neither hides the other.
    for when, side in (("first", 0.17), ("last", -0.17)):
        axes.hlines(rows + side, data[f"{when}_lower"], data[f"{when}_upper"], colors=GREY, lw=1, zorder=1)
        axes.vlines(data[when], rows, rows + side, colors=GREY, lw=0.6, zorder=1)
    axes.plot(first, rows, "o", ms=6, mfc="white", mec=GREY, zorder=3)
    for which, colour in ((better, BETTER), (~better, WORSE)):
        axes.plot(last[which], rows[which], "o", ms=6, color=colour, zorder=4)
    axes.set_yticks(data.index, data["label"])
    axes.set_ylim(-0.6, len(data) - 0.4)
    figure.supxlabel(
        f"index, G18 = 1; rechts van 1 is slechter\n(open: {periods[0]}, marge erboven; dicht: {periods[1]}, marge eronder)",
        fontsize=9,
    )
    dutch_axis(axes.xaxis, 2)
    alt = (
        f"Index van elke indicator met G18 = 1 (boven 1 is slechter), {periods[0]} en {periods[1]}. "
        + "; ".join(
            f"{r.label}: {number(r.first, 2)} en {number(r.last, 2)} (marge {number(r.last_lower, 2)} tot "
            f"{number(r.last_upper, 2)})"
            for r in data.itertuples()
        )
    )
    return finish(figure, style, "Alle indicatoren ten opzichte van de G18", alt + ".")


@styled
def slopes(data: pd.DataFrame, style: Style, reference: str, periods: tuple[int, int]) -> Picture:
    """Draw the gap of every wijk in the first and the last year, joined by a line.

    Parameters
    ----------
    data : DataFrame
        Columns `name`, `first`, `first_se`, `last`, `last_se`; a gap above zero is a backlog.
    style : Style
        Shared style; unit of the gap.
    reference : str
        Reader's name of the reference.
    periods : (int, int)
        First and last year.

    Returns
    -------
    Picture
        With more than eight wijken only the three that moved most either way are named and coloured.
    """
    data = data.dropna(subset=["first", "last"]).reset_index(drop=True)
    step = data["last"] - data["first"]
    named = data.index if len(data) <= 8 else step.sort_values().index[[0, 1, 2, -3, -2, -1]]
    figure, grid = canvas(7.4, 4.3)
    axes: Axes = grid[0, 0]
    axes.axhline(0, color=GREY, lw=1)
    for row in data.itertuples():
        known = row.Index in named
        colour = (BETTER if row.last < row.first else WORSE) if known else "#B5B5B5"
        axes.errorbar(
            [0, 1], [row.first, row.last], yerr=[1.96 * row.first_se, 1.96 * row.last_se], color=colour,
            lw=2 if known else 0.9, elinewidth=0.9 if known else 0.4, marker="o", ms=4 if known else 2,
            zorder=4 if known else 2,
        )  # fmt: skip
    low, high = axes.get_ylim()
    places = push_apart(data.loc[named, "last"].to_numpy(), (high - low) * 0.055)
    axes.set_ylim(min(low, places.min()), max(high, places.max()))
    for row, place in zip(data.loc[named].itertuples(), places, strict=True):
        colour = BETTER if row.last < row.first else WORSE
        label_at(axes, row.name, (1, row.last), (1.06, place), colour)
    axes.set_xlim(-0.1, 1.1)
    axes.set_xticks([0, 1], [str(year) for year in periods])
    axes.set_ylabel(f"achterstand op {reference}\n({style.unit}; boven nul is slechter)")
    dutch_axis(axes.yaxis, style.decimals)
    alt = (
        f"Achterstand van {len(data)} wijken op {reference} in {periods[0]} en {periods[1]}, met 95%-marge. "
        + "; ".join(
            f"{row.name}: van {number(row.first, style.decimals)} naar {number(row.last, style.decimals)}"
            for row in data.loc[named].itertuples()
        )
        + f" ({style.unit})."
    )
    return finish(figure, style, f"Achterstand per wijk in {periods[0]} en {periods[1]}", alt)


@styled
def forest(data: pd.DataFrame, style: Style, reference: str) -> Picture:
    """Draw the change in the gap of every wijk with its 95% margin, ordered.

    Parameters
    ----------
    data : DataFrame
        Columns `name`, `estimate`, `lower`, `upper`; negative is catching up.
    style : Style
        Shared style; unit of the gap.
    reference : str
        Reader's name of the reference.

    Returns
    -------
    Picture
    """
    data = data.dropna(subset=["estimate"]).sort_values("estimate", ascending=False).reset_index(drop=True)
    figure, grid = canvas(7.4, 0.21 * len(data) + 1.2)
    axes: Axes = grid[0, 0]
    axes.axvline(0, color=GREY, lw=1)
    certain = (data["lower"] > 0) | (data["upper"] < 0)
    colours = np.where(data["estimate"] < 0, BETTER, WORSE)
    axes.hlines(data.index, data["lower"], data["upper"], color=colours, lw=1.4)
    axes.scatter(
        data["estimate"],
        data.index,
        s=22,
        c=np.where(certain, colours, "white"),
        edgecolors=list(colours),
        zorder=3,
    )
    axes.set_yticks(data.index, data["name"], fontsize=8.5)
    axes.set_ylim(-0.8, len(data) - 0.2)
    figure.supxlabel(
        f"verandering van de achterstand op {reference} ({style.unit}); links van 0 is inlopen", fontsize=9
    )
    dutch_axis(axes.xaxis, style.decimals)
    smaller = int((data["estimate"] < 0).sum())
    alt = (
        f"Verandering van de achterstand per wijk. In {smaller} van de {len(data)} wijken werd de achterstand "
        f"kleiner; bij {int(certain.sum())} wijken sluit de marge nul uit. Sterkst ingelopen: "
        f"{data['name'].iloc[-1]} ({number(data['estimate'].iloc[-1], style.decimals)} {style.unit}); "
        f"minst: {data['name'].iloc[0]} ({number(data['estimate'].iloc[0], style.decimals)})."
    )
    return finish(figure, style, "Verandering van de achterstand per wijk (dicht: marge sluit nul uit)", alt)


@styled
def course(gap: pd.DataFrame, style: Style, required: pd.DataFrame, projection: pd.DataFrame) -> Picture:
    """Draw the gap, the path the target requires (8 and 10 years) and the projection to 2017.

    Parameters
    ----------
    gap : DataFrame
        Columns `period`, `gap`, `lower`, `upper`.
    style : Style
        Shared style; unit of the gap.
    required : DataFrame
        Columns `horizon`, `period`, `required`.
    projection : DataFrame
        Columns `scenario`, `period`, `estimate`, `lower`, `upper`; may be empty.

    Returns
    -------
    Picture
    """
    figure, grid = canvas(7.4, 3.9)
    axes: Axes = grid[0, 0]
    axes.axhline(0, color=GREY, lw=1)
    axes.fill_between(gap["period"], gap["lower"], gap["upper"], color=COLOURS["wijk"], alpha=0.18, lw=0)
    axes.plot(
        gap["period"],
        gap["gap"],
        color=COLOURS["wijk"],
        lw=2.4,
        marker="o",
        ms=3.5,
        label="gemeten",
    )
    for horizon, part in required.groupby("horizon"):
        axes.plot(
            part["period"], part["required"], color=COLOURS["rest_stad"], lw=1.6,
            ls="--" if horizon == 8 else "-", label=f"nodig om in {horizon} jaar gelijk te zijn",
        )  # fmt: skip
    parts = [
        f"Achterstand van {number(gap['gap'].iloc[0], style.decimals)} in {gap['period'].iloc[0]} naar "
        f"{number(gap['gap'].iloc[-1], style.decimals)} {style.unit} in {gap['period'].iloc[-1]}"
    ]
    for shift, row in enumerate(projection.itertuples()):
        below, above = row.estimate - row.lower, row.upper - row.estimate
        axes.errorbar(
            row.period + 0.25 * shift,
            row.estimate,
            yerr=[[below], [above]],
            fmt="Dos"[shift % 3],
            color=GREY,
            ms=5,
            capsize=3,
            label=f"verwacht in {row.period}: {row.scenario} (95%)",
        )
        parts.append(
            f"verwacht in {row.period}, {row.scenario}: {number(row.estimate, style.decimals)} "
            f"({number(row.lower, style.decimals)} tot {number(row.upper, style.decimals)})"
        )
    axes.set_ylabel(f"achterstand ({style.unit})")
    axes.set_xlabel("jaar")
    mark_years(axes, [*gap["period"], *required["period"]])
    dutch_axis(axes.yaxis, style.decimals)
    axes.legend(frameon=False, fontsize=8.5, loc="best")
    alt = "; ".join(parts) + ". De lijnen 'nodig' lopen recht naar nul in 8 en 10 jaar."
    return finish(figure, style, "Op koers? De achterstand en het afgesproken pad", alt)


@styled
def designs(data: pd.DataFrame, style: Style, main: str) -> Picture:
    """Draw the effect against every comparison group, with its 95% margin.

    Parameters
    ----------
    data : DataFrame
        Columns `design`, `name`, `estimate`, `lower`, `upper`.
    style : Style
        Shared style; unit of the effect.
    main : str
        The design that carries the verdict.

    Returns
    -------
    Picture
    """
    data = data.iloc[::-1].reset_index(drop=True)
    figure, grid = canvas(7.4, 0.42 * len(data) + 1.1)
    axes: Axes = grid[0, 0]
    axes.axvline(0, color=GREY, lw=1)
    for row in data.itertuples():
        chosen = row.design == main
        colour = COLOURS["wijk"] if chosen else COLOURS["rest_stad"]
        axes.plot([row.lower, row.upper], [row.Index] * 2, color=colour, lw=3 if chosen else 1.8)
        axes.plot(row.estimate, row.Index, "D" if chosen else "o", color=colour, ms=7 if chosen else 6)
    names = [f"{r.name}\n(hoofdschatting)" if r.design == main else r.name for r in data.itertuples()]
    axes.set_yticks(data.index, names, fontsize=8.5)
    axes.set_ylim(-0.6, len(data) - 0.4)
    figure.supxlabel(
        f"effect op {style.label.lower()} ({style.unit}); plus is een hogere uitkomst", fontsize=9
    )
    dutch_axis(axes.xaxis, style.decimals)
    shown = "; ".join(f"{r.name}: {_with_margin(r, style)}" for r in data.iloc[::-1].itertuples())
    alt = f"Geschat effect ({style.unit}) met 95%-marge tegen {len(data)} vergelijkingsgroepen. {shown}."
    return finish(figure, style, "Het effect tegen elke vergelijkingsgroep", alt)


def _programme(axes: Axes, before: Sequence[int]) -> None:
    """Shade the years before that are the basis of the comparison, and mark when the first money came."""
    axes.axvspan(before[0] - 0.4, before[-1] + 0.4, color="#F3EFE6", zorder=0, lw=0)
    axes.axvline(2007.5, color=GREY, lw=1, ls=(0, (4, 2)))


def _with_margin(row: Any, style: Style) -> str:
    """Write the estimate of a row with its margin, for an alternative text."""
    estimate, lower, upper = (number(v, style.decimals, True) for v in (row.estimate, row.lower, row.upper))
    return f"{estimate} ({lower} tot {upper})"


@styled
def event_study(data: pd.DataFrame, style: Style, name: str, before: Sequence[int]) -> Picture:
    """Draw the effect by year with its 95% margin; before the programme it should be about zero.

    Parameters
    ----------
    data : DataFrame
        Columns `period`, `estimate`, `lower`, `upper`.
    style : Style
        Shared style; unit of the effect.
    name : str
        Reader's name of the comparison group.
    before : sequence of int
        Years that are the basis of the comparison, shaded.

    Returns
    -------
    Picture
    """
    figure, grid = canvas(7.4, 3.7)
    axes: Axes = grid[0, 0]
    axes.axhline(0, color=GREY, lw=1)
    _programme(axes, before)
    axes.errorbar(
        data["period"], data["estimate"],
        yerr=[data["estimate"] - data["lower"], data["upper"] - data["estimate"]],
        fmt="o", color=COLOURS["wijk"], ms=4.5, lw=1.5, capsize=2,
    )  # fmt: skip
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + (high - low) * 0.1)
    axes.annotate(
        "eerste geld, 2008", (2007.5, 1), xycoords=("data", "axes fraction"), xytext=(4, -3),
        textcoords="offset points", fontsize=8.5, color=GREY, va="top",
    )  # fmt: skip
    axes.set_ylabel(f"effect op {style.label.lower()}\n({style.unit})", fontsize=9)
    axes.set_xlabel("jaar (gearceerd: de jaren vooraf waarmee vergeleken wordt)")
    mark_years(axes, data["period"].tolist())
    dutch_axis(axes.yaxis, style.decimals)
    ends = data.iloc[[0, -1]]
    alt = (
        f"Effect per jaar ({style.unit}) met 95%-marge, vergeleken met {name}, ten opzichte van {before[0]} tot en met {before[-1]}. "
        + "; ".join(
            f"{r.period}: {_with_margin(r, style)}"
            for r in (
                data
                if len(data) <= 10
                else pd.concat([ends, data[data["period"].isin([2006, 2012])]]).sort_values("period")
            ).itertuples()
        )
        + "."
    )
    return finish(figure, style, "Het effect van jaar tot jaar", alt)


@styled
def synthetic(data: pd.DataFrame, style: Style, name: str, before: Sequence[int]) -> Picture:
    """Draw a wijk or city beside the group of other areas that was on its path before.

    Parameters
    ----------
    data : DataFrame
        Columns `period`, `actual`, `synthetic`, `lower`, `upper`: the band holds 95% of what untreated
        areas of the same size do.
    style : Style
        Shared style; unit of the outcome.
    name : str
        Reader's name of the area.
    before : sequence of int
        Years on which the group was put together, shaded.

    Returns
    -------
    Picture
    """
    figure, grid = canvas(7.4, 3.7)
    axes: Axes = grid[0, 0]
    _programme(axes, before)
    axes.fill_between(
        data["period"], data["lower"], data["upper"], color=COLOURS["rest_stad"], alpha=0.16, lw=0
    )
    axes.plot(
        data["period"], data["synthetic"], color=COLOURS["rest_stad"], lw=1.8, ls="--",
        label="vergelijkbare andere gebieden (band: 95% van de schijnwijken)",
    )  # fmt: skip
    axes.plot(data["period"], data["actual"], color=COLOURS["wijk"], lw=2.4, marker="o", ms=3.5, label=name)
    axes.set_ylabel(f"{style.label}\n({style.unit})", fontsize=9)
    axes.set_xlabel("jaar (gearceerd: de jaren vooraf; stippellijn: eerste geld, 2008)")
    axes.legend(frameon=False, fontsize=8.5, loc="upper center", bbox_to_anchor=(0.45, 1.14), ncols=2)
    mark_years(axes, data["period"].tolist())
    dutch_axis(axes.yaxis, style.decimals)
    last = data.iloc[-1]
    alt = (
        f"{style.label} ({style.unit}) van {name} en van een groep vergelijkbare gebieden zonder wijkenaanpak. In "
        f"{int(last['period'])}: {number(last['actual'], style.decimals)} tegen {number(last['synthetic'], style.decimals)} "
        f"(band {number(last['lower'], style.decimals)} tot {number(last['upper'], style.decimals)})."
    )
    return finish(figure, style, f"{name[:1].upper()}{name[1:]} en een vergelijkbare groep", alt)


@styled
def curve(data: pd.DataFrame, style: Style) -> Picture:
    """Draw the estimate under every combination of choices, ordered (specification curve, Simonsohn c.s. 2020).

    Parameters
    ----------
    data : DataFrame
        Columns `design`, `name`, `before`, `after`, `list`, `estimate`, `lower`, `upper`.
    style : Style
        Shared style; unit of the effect.

    Returns
    -------
    Picture
    """
    data = data.sort_values("estimate", kind="stable").reset_index(drop=True)
    choices = [
        (column, value)
        for column in ("name", "before", "after", "list")
        for value in dict.fromkeys(data[column])
    ]
    choices = [(c, v) for c, v in choices if len(set(data[c])) > 1]
    ratios = [2.2, 0.2 * len(choices)]
    figure, grid = canvas(7.4, 2.6 + 0.2 * len(choices), 2, sharex=True, height_ratios=ratios)
    top, below = grid[:, 0]
    certain = (data["lower"] > 0) | (data["upper"] < 0)
    colours = np.where(certain, COLOURS["wijk"], COLOURS["rest_stad"])
    top.axhline(0, color=GREY, lw=1)
    top.vlines(data.index, data["lower"], data["upper"], color=colours, lw=1.2)
    top.scatter(data.index, data["estimate"], s=14, c=colours, zorder=3)
    top.set_ylabel(f"effect ({style.unit})", fontsize=9)
    dutch_axis(top.yaxis, style.decimals)
    for line, (column, value) in enumerate(choices):
        at = data.index[data[column] == value]
        below.scatter(at, [line] * len(at), s=10, c=colours[at], marker="s")
    headings = {"name": "", "before": "vooraf: ", "after": "erna: ", "list": "lijst: "}
    below.set_yticks(range(len(choices)), [headings[c] + str(v) for c, v in choices], fontsize=8)
    below.set_ylim(len(choices) - 0.4, -0.6)
    below.set_xticks([])
    figure.supxlabel("elke kolom is één combinatie van keuzes; oranje: de marge sluit nul uit", fontsize=9)
    alt = (
        f"{len(data)} schattingen van het effect ({style.unit}) bij verschillende keuzes, van laag naar hoog: van "
        f"{number(data['estimate'].iloc[0], style.decimals, True)} tot {number(data['estimate'].iloc[-1], style.decimals, True)}. "
        f"Bij {int(certain.sum())} sluit de marge nul uit. Mediaan per vergelijking: "
        + "; ".join(
            f"{name} {number(part['estimate'].median(), style.decimals, True)}"
            for name, part in data.groupby("name", sort=False)
        )
        + "."
    )
    return finish(figure, style, f"Dezelfde vraag, {len(data)} verdedigbare keuzes", alt)


@styled
def profile(data: pd.DataFrame, style: Style, names: tuple[str, str], programme: tuple[int, int]) -> Picture:
    """Draw the gap on the main outcome of every question, first against last year, on one scale.

    Parameters
    ----------
    data : DataFrame
        Columns `label`, `first`, `last`, `lower`, `upper` (gap in standard deviations between postcode areas; above 0 is
        worse; the margin is that of the last year), `first_year`, `last_year`.
    style : Style
        Shared style.
    names : (str, str)
        The area and its reference.
    programme : (int, int)
        Years asked for.

    Returns
    -------
    Picture
    """
    data = data.iloc[::-1].reset_index(drop=True)
    figure, grid = canvas(7.4, 0.55 * len(data) + 1.3)
    axes: Axes = grid[0, 0]
    axes.axvline(0, color=GREY, lw=1)
    for row in data.itertuples():
        colour = BETTER if row.last < row.first else WORSE
        axes.plot([row.lower, row.upper], [row.Index - 0.16] * 2, color=GREY, lw=1, zorder=1)
        axes.annotate(
            "", (row.last, row.Index), (row.first, row.Index),
            arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        axes.plot(row.first, row.Index, "o", ms=6, mfc="white", mec=GREY, zorder=3)
        axes.plot(row.last, row.Index, "o", ms=6, color=colour, zorder=4)
    axes.set_yticks(data.index, [f"{r.label}\n{r.first_year}–\u2060{r.last_year}" for r in data.itertuples()])
    axes.set_ylim(-0.6, len(data) - 0.4)
    figure.supxlabel(
        f"achterstand op {names[1]}, in standaardafwijkingen tussen postcodegebieden\n"
        "(nul is gelijk, rechts is slechter; open: begin, dicht: eind met marge)",
        fontsize=9,
    )
    dutch_axis(axes.xaxis, 1)
    alt = (
        f"Achterstand van {names[0]} op {names[1]} op {len(data)} hoofduitkomsten, in standaardafwijkingen tussen postcodegebieden; boven "
        "nul is slechter. "
        + "; ".join(
            f"{r.label}: van {number(r.first, 2)} in {r.first_year} naar {number(r.last, 2)} in {r.last_year} "
            f"(marge {number(r.lower, 2)} tot {number(r.upper, 2)})"
            for r in data.iloc[::-1].itertuples()
        )
    )
    title = f"{names[0][0].upper()}{names[0][1:]} naast {names[1]} op {len(data)} uitkomsten, {programme[0]} tot {programme[1]}"
    return finish(figure, style, title, alt + ".")


@styled
def paths(data: pd.DataFrame, style: Style, names: tuple[str, str]) -> Picture:
    """Draw the gap by year, a panel for every question, each on its own scale with zero in it.

    Parameters
    ----------
    data : DataFrame
        Columns `label`, `unit`, `period`, `gap`, `lower`, `upper`.
    style : Style
        Shared style.
    names : (str, str)
        The area and its reference.

    Returns
    -------
    Picture
    """
    groups = list(data.groupby("label", sort=False))
    rows = int(np.ceil(len(groups) / 3))
    figure, grid = canvas(7.4, 2.15 * rows + 0.3, rows, 3, sharex=False, sharey=False)
    told = []
    for axes, (label, part) in zip(grid.flat, groups, strict=False):
        part = part.dropna(subset="gap").sort_values("period")
        axes.axvspan(2008, 2017, color="#F3EFE6", zorder=0, lw=0)
        axes.axhline(0, color=GREY, lw=1)
        axes.fill_between(
            part["period"], part["lower"], part["upper"], color=COLOURS["wijk"], alpha=0.2, lw=0
        )
        axes.plot(part["period"], part["gap"], color=COLOURS["wijk"], lw=1.8, marker="o", ms=2.5)
        unit = part["unit"].iloc[0]
        axes.set_title(f"{label} ({unit})", fontsize=9, loc="left")
        mark_years(axes, part["period"].tolist()[:: max(1, len(part) // 4)])
        dutch_axis(axes.yaxis, 1 if unit != "punt" else 2)
        axes.tick_params(labelsize=8)
        digits = 3 if unit == "punt" else 1
        told.append(
            f"{label}: {number(part['gap'].iloc[0], digits)} {unit} in {part['period'].iloc[0]}, "
            f"{number(part['gap'].iloc[-1], digits)} in {part['period'].iloc[-1]}"
        )
    for axes in grid.flat[len(groups) :]:
        axes.set_visible(False)
    figure.supylabel("achterstand (boven nul is slechter)", fontsize=9)
    alt = f"Verloop van de achterstand van {names[0]} op {names[1]}, per vraag. " + "; ".join(told) + "."
    return finish(figure, style, f"De achterstand van {names[0]} op {names[1]}, jaar voor jaar", alt)


@styled
def monthly(data: pd.DataFrame, style: Style, names: tuple[str, str], step: float) -> Picture:
    """Draw two monthly series as an index, with the month a break is looked for.

    Parameters
    ----------
    data : DataFrame
        Columns `time` (years), `wijk`, `reference` (index).
    style : Style
        Shared style.
    names : (str, str)
        Of the two series.
    step : float
        Time of the break.

    Returns
    -------
    Picture
    """
    figure, grid = canvas(7.4, 3.3)
    axes: Axes = grid[0, 0]
    axes.axvline(step, color=GREY, lw=1, ls=(0, (4, 3)))
    ends = []
    for key, role, name in (("wijk", "wijk", names[0]), ("reference", "stad", names[1])):
        axes.plot(data["time"], data[key], color=COLOURS[role], ls=DASHES[role], lw=1.6)
        ends.append((float(data[key].iloc[-6:].mean()), name, COLOURS[role]))
    low, high = axes.get_ylim()
    places = push_apart(np.array([e[0] for e in ends]), (high - low) * 0.08)
    last = float(data["time"].iloc[-1])
    for (_, name, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            name, (last + 0.12, place), color=colour, va="center", fontsize=8.5, annotation_clip=False
        )
    axes.set_ylabel(style.label.replace(", ", ",\n"))
    axes.set_xlabel("jaar")
    mark_years(axes, sorted({int(t) for t in data["time"]}))
    dutch_axis(axes.yaxis, 0)
    alt = (
        f"Maandcijfers van {names[0]} en {names[1]} ({style.label}). "
        + ". ".join(
            f"{name}: laagst {number(data[key].min(), 0)}, hoogst {number(data[key].max(), 0)}, laatste maand "
            f"{number(data[key].iloc[-1], 0)}"
            for key, name in (("wijk", names[0]), ("reference", names[1]))
        )
        + f". Stippellijn: {number(step, 0).replace('.', '')}, waar een knik is getoetst."
    )
    return finish(figure, style, f"Werkzoekenden per maand: {names[0]} en {names[1]}", alt)


@styled
def contributions(
    data: pd.DataFrame, style: Style, names: tuple[str, str], periods: tuple[int, int]
) -> Picture:
    """Draw what each dimension contributed to the change of a total score, the area beside its reference.

    Parameters
    ----------
    data : DataFrame
        Index dimension; columns `wijk`, `reference` (points).
    style : Style
        Shared style.
    names : (str, str)
        The area and its reference.
    periods : (int, int)

    Returns
    -------
    Picture
    """
    data = data.iloc[::-1]
    figure, grid = canvas(7.4, 0.5 * len(data) + 1.2)
    axes: Axes = grid[0, 0]
    place = np.arange(len(data))
    axes.axvline(0, color=GREY, lw=1)
    for shift, column, role, name in (
        (0.19, "wijk", "wijk", names[0]),
        (-0.19, "reference", "rest_stad", names[1]),
    ):
        axes.barh(place + shift, data[column], 0.36, color=COLOURS[role], label=name)
    axes.set_yticks(place, [str(i) for i in data.index])
    figure.supxlabel(
        f"bijdrage aan de verandering van {periods[0]} tot {periods[1]} ({style.unit}en; rechts is gunstig)",
        fontsize=9,
    )
    axes.legend(frameon=False, fontsize=8.5, loc="best")
    dutch_axis(axes.xaxis, 2)
    alt = (
        f"Bijdrage van elke dimensie aan de verandering van {style.label} tussen {periods[0]} en {periods[1]}. "
        + "; ".join(
            f"{i}: {names[0]} {number(r['wijk'], 3, True)}, {names[1]} {number(r['reference'], 3, True)}"
            for i, r in data.iloc[::-1].iterrows()
        )
    )
    return finish(figure, style, f"Bijdrage van elke dimensie: {names[0]} en {names[1]}", alt + ".")


@styled
def spread(values: pd.Series, style: Style) -> Picture:
    """Draw how likely each outcome of a calculation is, given the doubt about the effect: a histogram of draws.

    Parameters
    ----------
    values : Series
        The draws.
    style : Style
        Shared style.

    Returns
    -------
    Picture
    """
    figure, grid = canvas(7.4, 2.7)
    axes: Axes = grid[0, 0]
    counts, edges = np.histogram(values, bins=40)
    colours = np.where(edges[:-1] >= 0, BETTER, WORSE)
    axes.bar(edges[:-1], 100 * counts / len(values), np.diff(edges), align="edge", color=colours, lw=0)
    axes.axvline(0, color=GREY, lw=1)
    axes.set_xlabel(f"{style.label} ({style.unit})")
    axes.set_ylabel("% van de trekkingen")
    dutch_axis(axes.xaxis, 0)
    dutch_axis(axes.yaxis, 0)
    low, middle, high = np.quantile(values, [0.025, 0.5, 0.975])
    alt = (
        f"Verdeling van de {style.label} ({style.unit}) over {number(len(values), 0)} trekkingen: mediaan {number(middle, 0)}, 95% tussen "
        f"{number(low, 0)} en {number(high, 0)}; boven nul in {number(100 * float((values > 0).mean()), 0)}%."
    )
    return finish(figure, style, f"Hoe waarschijnlijk is welke {style.label}?", alt)


@styled
def area_map(shapes: gpd.GeoDataFrame, style: Style, title: str, city: bool = False) -> Picture:
    """Draw PC4 areas coloured by value, the aandachtswijken outlined; north is up.

    Parameters
    ----------
    shapes : GeoDataFrame
        Columns `value` (float, may be missing), `treated` (bool), `geometry` in RD New (EPSG:28992, metres).
    style : Style
        Shared style; unit of the value.
    title : str
        Says what, where and when.
    city : bool
        The shapes are one gemeente, whose border is drawn.

    Returns
    -------
    Picture
    """
    left, bottom, right, top = shapes.total_bounds
    figure, grid = canvas(7.0, float(np.clip(6.6 * (top - bottom) / (right - left), 2.2, 7.0)) + 0.8)
    axes: Axes = grid[0, 0]
    shown = shapes.dropna(subset=["value"])
    low, high = shown["value"].quantile([0.02, 0.98]) if len(shown) else (0.0, 1.0)
    norm = mpl.colors.Normalize(low, high if high > low else low + 1)
    missing = shapes[shapes["value"].isna()]
    if len(missing):
        missing.plot(ax=axes, color="#F2F2F2", edgecolor="#CCCCCC", linewidth=0.2, hatch="///")
    if len(shown):
        shown.plot(ax=axes, column="value", cmap="cividis", norm=norm, edgecolor="white", linewidth=0.15)
    if city:
        _outline(shapes).plot(ax=axes, color="#555555", linewidth=0.8)
    treated = shapes[shapes["treated"]]
    if len(treated):
        line = _outline(treated).plot(ax=axes, color="black", linewidth=1.3).collections[-1]
        line.set_path_effects([patheffects.withStroke(linewidth=2.8, foreground="white")])
    axes.set_axis_off()
    axes.set_aspect("equal")
    bar = figure.colorbar(
        mpl.cm.ScalarMappable(norm, "cividis"),
        ax=axes,
        orientation="horizontal",
        shrink=0.55,
        pad=0.02,
        aspect=30,
    )
    bar.set_label(f"{style.label} ({style.unit}); zwart omlijnd: aandachtswijk", fontsize=8.5)
    dutch_axis(bar.ax.xaxis, style.decimals)
    _scale_bar(axes)
    inside, outside = shown.loc[shown["treated"], "value"], shown.loc[~shown["treated"], "value"]
    alt = (
        f"Kaart van {len(shapes)} postcodegebieden, noord boven, gekleurd naar {style.label.lower()}. "
        f"Gemiddelde van {len(inside)} gebieden in aandachtswijken: {number(inside.mean(), style.decimals)} {style.unit}; "
        f"van {len(outside)} andere gebieden: {number(outside.mean(), style.decimals)}. "
        f"Zonder gegevens: {len(missing)} gebieden."
    )
    return finish(figure, style, title, alt, "png")


def _outline(shapes: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Border of areas together; simplified one by one they leave gaps of some metres, which are closed."""
    gap = 30.0
    whole = shapes.geometry.buffer(gap, join_style="mitre").union_all().buffer(-gap, join_style="mitre")
    return gpd.GeoSeries([whole], crs=shapes.crs).boundary


# Column and row, counted from the north-west, of each city on the tile map.
TILES = {
    **{"Leeuwarden": (4, 0), "Groningen": (5, 0), "Alkmaar": (1, 1), "Zaanstad": (1, 2), "Amsterdam": (2, 2)},
    **{"Deventer": (5, 2), "Den Haag": (0, 3), "Utrecht": (2, 3), "Amersfoort": (3, 3), "Arnhem": (4, 3)},
    **{"Enschede": (6, 3), "Schiedam": (0, 4), "Rotterdam": (1, 4), "Dordrecht": (2, 4), "Nijmegen": (4, 4)},
    **{"Eindhoven": (3, 5), "Maastricht": (4, 6), "Heerlen": (5, 6)},
}


@styled
def tile_map(tiles: pd.DataFrame, style: Style, title: str) -> Picture:
    """Draw wijken as tiles: all put together by city, the cities about where they lie, north up; or a few in a row.

    Parameters
    ----------
    tiles : DataFrame
        Columns `area` ("gemeente/wijk", or another name when the tiles are of one city) and `value` (float, may be
        missing).
    style, title : Style, str
        As in :func:`area_map`.

    Returns
    -------
    Picture
    """
    country = tiles["area"].str.split("/").str[0].nunique() > 2
    low, high = tiles["value"].min(), tiles["value"].max()
    norm = mpl.colors.Normalize(low, high if high > low else low + 1)
    figure, grid = canvas(7.0, 6.6 if country else 2.6)
    axes: Axes = grid[0, 0]

    def tile(x: float, y: float, side: float, value: float) -> None:
        known = np.isfinite(value)
        look = "white" if known else "#AAAAAA"
        face = mpl.colormaps["cividis"](norm(value)) if known else "#F2F2F2"
        hatch = None if known else "////"
        axes.add_patch(
            mpl.patches.Rectangle(
                (x, y), side, side, facecolor=face, hatch=hatch, edgecolor=look, linewidth=0.8
            )
        )

    if country:
        for city, part in tiles.groupby(tiles["area"].str.split("/").str[0]):
            column, row = TILES[str(city)]
            many = int(np.ceil(np.sqrt(len(part))))
            side = 0.62 / many
            for i, value in enumerate(part["value"]):
                tile(column + 0.16 + side * (i % many), -row - side * (i // many + 1), side, value)
            axes.text(column + 0.47, -row + 0.05, str(city), ha="center", va="bottom", fontsize=8)
        axes.set(xlim=(0, 7), ylim=(-6.8, 0.3), aspect="equal")
    else:
        for i, (area, value) in enumerate(zip(tiles["area"], tiles["value"], strict=True)):
            tile(i + 0.1, 0.0, 0.8, value)
            shown = number(value, style.decimals) if np.isfinite(value) else "geen"
            name = textwrap.fill(area.split("/")[-1], 13)
            axes.text(i + 0.5, -0.06, f"{name}\n{shown}", ha="center", va="top", fontsize=8)
        axes.set(xlim=(0, max(len(tiles), 6)), ylim=(-0.75, 0.85), aspect="equal")
    axes.set_axis_off()
    scale = mpl.cm.ScalarMappable(norm, "cividis")
    bar = figure.colorbar(scale, ax=axes, orientation="horizontal", shrink=0.55, pad=0.02, aspect=30)
    bar.set_label(
        f"{style.label} ({style.unit}); een tegel is een {'wijk' if country else 'gebied'}", fontsize=8.5
    )
    dutch_axis(bar.ax.xaxis, style.decimals)
    missing = int(tiles["value"].isna().sum())
    alt = f"Tegelkaart, gekleurd naar {style.label.lower()} ({style.unit}). "
    if country:
        alt += (
            f"{len(tiles)} aandachtswijken in {len(TILES)} steden, noord boven; van {number(low, style.decimals)} tot "
            f"{number(high, style.decimals)}. Zonder gegevens: {missing} wijken."
        )
    else:
        known = tiles.dropna(subset=["value"])
        alt += (
            "; ".join(
                f"{a.split('/')[-1]}: {number(v, style.decimals)}"
                for a, v in known[["area", "value"]].to_numpy()
            )
            + "."
        )
    return finish(figure, style, title, alt)


def _scale_bar(axes: Axes) -> None:
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    length = 10 ** np.floor(np.log10((right - left) / 3))
    length *= next(f for f in (5, 2, 1) if f * length <= (right - left) / 3)
    y = bottom + (top - bottom) * 0.015
    axes.plot([left, left + length], [y, y], color="#222222", lw=2, solid_capstyle="butt")
    text = f"{number(length / 1000, 0)} km" if length >= 1000 else f"{number(length, 0)} m"
    axes.text(left, y + (top - bottom) * 0.012, text, fontsize=8)
