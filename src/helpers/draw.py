"""One look for every plot: a theme for seaborn, axes of the page's width, what seaborn has no word for, and the picture on the page."""

from __future__ import annotations

import base64
import html
import io
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, ScalarFormatter
from PIL import Image

from wijkenaanpak.dutch import DIGITS, in_unit, number
from wijkenaanpak.results import PRACTICE, REAL, plain

# Okabe & Ito (2008), distinguishable with every common form of colour blindness.
COLOURS = {
    "wijk": "#D55E00",
    "rest_stad": "#0072B2",
    "stad": "#56B4E9",
    "g18": "#009E73",
    "nederland": "#444444",
}
DASHES = {"wijk": "", "rest_stad": "", "stad": (5, 1.5), "g18": (1, 1), "nederland": (4, 2)}
LINES: Any = {
    "palette": COLOURS, "dashes": DASHES, "sizes": {role: 2.4 if role == "wijk" else 1.5 for role in COLOURS},
    "estimator": None, "legend": False, "marker": "o", "markersize": 3, "markeredgewidth": 0,
}  # fmt: skip
GREY, PALE, WORSE, BETTER = "#5A5A5A", "#E8E8E8", "#D55E00", "#0072B2"
SIDES = {True: BETTER, False: WORSE}
YEARS = "#F3EFE6"  # shades the years of a comparison
WIDTH = 7.4  # inches: the page's column
NARROW = 4.4  # inches: fits a phone without scrolling, its smallest text 10 pixels high there

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.labelsize": 9.5,
    "axes.titlesize": 9.5,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": "#222222",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "xtick.color": "#222222",
    "ytick.color": "#222222",
    "svg.hashsalt": "wijkenaanpak",
    "svg.fonttype": "none",
}
# What of the numbers behind a figure goes into its CSV file.
DRAWN = {
    *("data", "name", "line", "label", "vraag", "years", "design", "wijze"),
    *("period", "estimate", "lower", "upper"),
}
THEME: Any = {"style": "ticks", "rc": RC}  # for seaborn.set_theme


# ---- axes ----------------------------------------------------------------------------------------


def axes(height: float = 3.9, width: float = WIDTH) -> Axes:
    """Make axes as wide as the page and `height` inches high, outside pyplot: nothing global, nothing to close."""
    return panels(1, height, width=width)[0]


def panels(n: int, height: float, columns: int = 1, width: float = WIDTH) -> list[Axes]:
    """Make `n` axes in rows of `columns`, each with scales of its own; `height` and `width` inches in all."""
    # Room at the sides for a browser whose font is a little wider than ours.
    figure = Figure(figsize=(width, height), dpi=72, layout=ConstrainedLayoutEngine(w_pad=0.11))
    rows = -(-n // columns)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for spare in grid[n:]:
        spare.remove()
    for ax in grid[:n]:
        ax.locator_params(nbins=6)
    return grid[:n]


def rows(names: Sequence[str], each: float = 0.3, room: float = 1.2, zero: float = 0) -> Axes:
    """Make axes with a named row for each of `names`, the first on top, and a line at `zero`.

    Row number i lies at height i, so that values are drawn against ``range(len(names))``.
    """
    ax = axes(each * max(len(names), 1) + room)
    if len(names):
        ax.axvline(zero, color=GREY, lw=1)
    ax.set_yticks(range(len(names)), [textwrap.fill(str(name), 42) for name in names], fontsize=8.5)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    return ax


def years(ax: Axes, periods: Iterable[int], window: tuple[int, int] | None = None) -> None:
    """Mark as many of the years as fit, the last among them, and shade those of the comparison."""
    known = sorted({int(p) for p in periods})
    step = max(1, -(-len(known) // 8))
    width = ax.get_figure(root=True).get_figwidth() / ax.get_subplotspec().get_gridspec().ncols  # type: ignore[union-attr]
    low, high = ax.get_xlim()
    least = (high - low) * 0.6 / width  # four digits take about half an inch
    marked: list[int] = []
    for year in known[::-1][::step]:
        if not marked or marked[-1] - year >= least:
            marked.append(year)
    ax.set_xticks(marked[::-1])
    ax.xaxis.set_major_formatter(FuncFormatter(lambda year, _: f"{year:.0f}"))
    ax.set_xlabel("jaar")
    if window:
        ax.axvspan(*window, color=YEARS, zorder=0, lw=0)


def programme(ax: Axes, paid: int, before: Sequence[int] = ()) -> None:
    """Mark when the first money came (a year), and shade the years before that are the basis of a comparison."""
    start = paid - 0.5
    if len(before):
        ax.axvspan(before[0] - 0.4, before[-1] + 0.4, color=YEARS, zorder=0, lw=0)
    ax.axvline(start, color=GREY, lw=1, ls=(0, (4, 2)))
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + (high - low) * 0.1)
    ax.annotate(
        f"eerste geld, {paid}", (start, 1), xycoords=("data", "axes fraction"), xytext=(4, -3),
        textcoords="offset points", fontsize=8.8, color=GREY, va="top",
    )  # fmt: skip


# ---- what seaborn has no word for ------------------------------------------------------------------


def margins(
    ax: Axes, data: pd.DataFrame, hue: str = "", palette: Mapping[str, str] | None = None, x: str = "period"
) -> None:
    """Shade the margin (`lower` to `upper`) around lines; one colour for each value of `hue`."""
    palette = COLOURS if palette is None else palette
    for key, part in data.groupby(hue) if hue else [("wijk", data)]:
        part = part.sort_values(x)
        ax.fill_between(part[x], part["lower"], part["upper"], color=palette[str(key)], alpha=0.16, lw=0)


def interval(
    ax: Axes, data: pd.DataFrame, x: str = "", colour: Any = GREY, lw: float = 1.4, **style: Any
) -> None:
    """Draw margins as lines: upright at `x`, or along named rows (:func:`rows`) without it."""
    if not len(data):
        return
    if x:
        ax.vlines(data[x], data["lower"], data["upper"], colors=colour, lw=lw, **style)
    else:
        ax.hlines(range(len(data)), data["lower"], data["upper"], colors=colour, lw=lw, **style)


def end_labels(
    ax: Axes,
    data: pd.DataFrame,
    hue: str,
    names: Mapping[str, str],
    palette: Mapping[str, str] | None = None,
    x: str = "period",
    y: str = "estimate",
) -> None:
    """Write the name of every line at its end, pushed apart, in its colour: no legend to look up."""
    palette = COLOURS if palette is None else palette
    ends = {str(key): part.sort_values(x).iloc[-1] for key, part in data.groupby(hue, sort=False)}
    if not ends:
        return
    low, high = ax.get_ylim()
    places = push_apart(np.array([float(end[y]) for end in ends.values()]), (high - low) * 0.075)
    room = (high - low) * 0.03
    ax.set_ylim(min(low, places.min() - room), max(high, places.max() + room))
    last, first = data[x].max(), data[x].min()
    beside = last + (last - first or 1) * 0.035
    for (key, end), place in zip(ends.items(), places, strict=True):
        ax.plot(
            [end[x], beside], [end[y], place], color=palette[key], lw=0.6, clip_on=False, scalex=False, scaley=False
        )  # fmt: skip
        name = textwrap.fill(names[key], 26)
        ax.text(beside, place, f" {name}".replace("\n", "\n "), color=palette[key], va="center", fontsize=8.5)


def note_at(ax: Axes, line: pd.DataFrame, text: str, x: str = "period", y: str = "estimate") -> None:
    """Write above a line that falls, halfway, what it is."""
    if len(line):
        at = line.sort_values(x).iloc[len(line) // 2]
        ax.annotate(
            textwrap.fill(text, 14), (at[x], at[y]), xytext=(4, 3), textcoords="offset points", fontsize=8.8, color=GREY, va="bottom"
        )  # fmt: skip


def push_apart(positions: np.ndarray, least: float) -> np.ndarray:
    """Push labels apart to a least distance, keeping their order."""
    order = np.argsort(positions)
    placed = positions[order].astype(float)
    for _ in range(200):
        overlap = least - np.diff(placed)
        if (overlap <= 1e-9).all():
            break
        push = np.where(overlap > 0, overlap, 0) / 2
        placed[:-1] -= push
        placed[1:] += push
    result = np.empty_like(placed)
    result[order] = placed
    return result


def forest(
    data: pd.DataFrame,
    names: str = "name",
    colour: Any = BETTER,
    filled: Any = True,
    each: float = 0.3,
    zero: float = 0,
) -> Axes:
    """Draw a number and its margin for each row, the first on top (forest plot).

    Parameters
    ----------
    data : DataFrame
        Columns `estimate`, `lower`, `upper` and that of the names.
    names : str
        Column with the name of each row.
    colour : colour or sequence of colours
        Of all rows, or of each.
    filled : bool or sequence of bool
        Whether a dot is filled; an open one says that its margin holds zero, say.
    each : float
        Height of a row, inches.
    zero : float
        Where the line of no difference stands.
    """
    ax = rows([str(name) for name in data[names]], each, zero=zero)
    colours = [colour] * len(data) if isinstance(colour, str) else list(colour)
    full = np.broadcast_to(np.asarray(filled, bool), len(data))
    faces = [c if f else "white" for c, f in zip(colours, full, strict=True)]
    interval(ax, data, colour=colours)
    ax.scatter(data["estimate"], range(len(data)), c=faces, edgecolors=colours, s=24, zorder=3)
    return ax


# ---- alternative text ------------------------------------------------------------------------------


def tell(data: pd.DataFrame, by: str, unit: str, x: str = "period", y: str = "estimate") -> str:
    """Tell in words where each line of `by` begins and ends."""
    told = []
    for name, part in data.dropna(subset=y).sort_values(x, kind="stable").groupby(by, sort=False):
        first, last = part.iloc[0], part.iloc[-1]
        ends = f"{in_unit(first[y], unit)} in {first[x]:.0f}, {in_unit(last[y], unit)} in {last[x]:.0f}"
        told.append(f"{name}: {ends}")
    return f"{'. '.join(told)}."


def listed(data: pd.DataFrame, by: str, unit: str, y: str = "estimate", sign: bool = False) -> str:
    """Tell in words the number of each row, with its margin where it has one."""
    told = []
    for _, row in data.iterrows():
        text = f"{row[by]}: {in_unit(row[y], unit, sign)}"
        if "lower" in row and np.isfinite([row["lower"], row["upper"]]).all():
            text += f" ({in_unit(row['lower'], unit, sign)} tot {in_unit(row['upper'], unit, sign)})"
        told.append(text)
    return f"{'; '.join(told)}."


# ---- the picture on the page -------------------------------------------------------------------------


@dataclass(frozen=True)
class Picture:
    """A drawn figure with its title, alternative text and source line, as JupyterLab and the page show it.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    title, alt, caption : str
        Title above, alternative text (what the figure shows), source line below.
    kind : {"svg", "png"}
        SVG for lines and dots, PNG for maps.
    data : DataFrame or None
        What is drawn, a row a point: on the page a CSV file to keep.
    """

    figure: Figure
    title: str
    alt: str
    caption: str = ""
    kind: Literal["svg", "png"] = "svg"
    data: pd.DataFrame | None = None

    def data_uri(self) -> str:
        """Return the drawing as a data URI; the same figure gives the same bytes."""
        drawn = io.BytesIO()
        with mpl.rc_context(RC):  # the SVG writer reads its settings when it writes
            layout = self.figure.get_layout_engine()
            if layout is not None:  # laid out once: to do so again moves what stands
                layout.execute(self.figure)
                self.figure.set_layout_engine("none")
            if self.kind == "png":
                self.figure.savefig(
                    drawn, format="png", dpi=130, metadata={"Software": None}, pil_kwargs={"compress_level": 1}
                )  # fmt: skip
                return f"data:image/png;base64,{base64.b64encode(_palette(drawn)).decode()}"
            self.figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
        return f"data:image/svg+xml,{_quoted(compact(drawn.getvalue().decode()))}"

    def _csv_uri(self) -> str:
        """Return what is drawn as a CSV file in a data URI: names, years, numbers and margins."""
        assert self.data is not None
        columns = [c for c in self.data if c in DRAWN] if "estimate" in self.data else list(self.data)
        shown = self.data[columns].dropna(axis="columns", how="all").rename(columns=plain)
        text = shown.map(plain).to_csv(index=False, float_format="%.5g")
        return f"data:text/csv;charset=utf-8,{_quoted(text)}"

    def _repr_html_(self) -> str:
        narrow = bool(self.figure.get_figwidth() < WIDTH)
        # The page has the drawing once; its script gives the link the same content.
        keep = f'<a class="bewaar" download="figuur.{self.kind}" hidden>Figuur ({self.kind.upper()})</a>'
        if self.data is not None:
            keep += f' <a class="bewaar" download="figuur.csv" href="{html.escape(self._csv_uri(), quote=True)}">Cijfers (CSV)</a>'
        return (
            f'<figure class="figuur{" smal" * narrow}"><p class="figuur-titel">{html.escape(self.title)}</p>'
            f'<div class="beeld">'
            f'<img alt="{html.escape(self.alt, quote=True)}" src="{self.data_uri().replace("&", "&amp;")}"></div>'
            f"<figcaption>{html.escape(self.caption)} {keep}</figcaption></figure>"
        )


def picture(
    figure: Figure,
    title: str,
    alt: str,
    source: str,
    simulated: bool,
    kind: Literal["svg", "png"] = "svg",
    data: pd.DataFrame | None = None,
) -> Picture:
    """Finish a drawing: decimal commas on its axes, a stamp when it is practice data, title and alternative text."""
    for ax in figure.axes:
        if len(figure.axes) == 1 and len(ax.get_xlabel()) > 60:  # wider than axes beside long names
            figure.supxlabel(textwrap.fill(ax.get_xlabel(), 100), fontsize=9)
            ax.set_xlabel("")
        place = ax.get_subplotspec()  # a bar of colours has none
        height = figure.get_figheight() / (place.get_gridspec().nrows if place else 1)
        lines = [textwrap.fill(line, min(45, int(10 * height))) for line in ax.get_ylabel().splitlines()]
        ax.set_ylabel("\n".join(lines))
        for axis in (ax.xaxis, ax.yaxis):
            # A plain formatter writes plain numbers; what a cell set itself stays.
            if isinstance(axis.get_major_formatter(), ScalarFormatter):
                axis.set_major_formatter(_written(4))
    if simulated:
        stamped = any(text.get_text() == "OEFENDATA" for text in figure.texts)
        if not stamped:
            figure.text(
                0.5, 0.5, "OEFENDATA", fontsize=44, color="#B00020", alpha=0.13 if kind == "svg" else 0.4,
                rotation=24, ha="center", va="center", weight="bold", zorder=10, in_layout=False,
            )  # fmt: skip
        title, alt = f"{title} (oefendata)", f"Oefendata, geen werkelijke cijfers. {alt}"
    practice = ["OEFENDATA: gesimuleerde cijfers."] if simulated else []
    caption = " ".join(practice + [f"Bron: {source}."] * bool(source))
    if data is not None:
        data = pd.DataFrame({"data": PRACTICE if simulated else REAL}, data.index).join(data)
    return Picture(figure, title, alt, caption, kind, data)


def _written(most: int) -> FuncFormatter:
    """Write numbers the Dutch way, with as many decimals as they need and `most` at most."""

    def tick(value: float, _: object) -> str:
        short = next(d for d in range(most + 1) if abs(round(value, d) - value) < 1e-9 or d == most)
        return number(value, short)

    return FuncFormatter(tick)


def digits(axis: Axis, unit: str) -> None:
    """Write the numbers of an axis with the decimals of a unit, where they are not whole."""
    axis.set_major_formatter(_written(max(DIGITS.get(unit, 1), 1) + 1))


def _palette(drawn: io.BytesIO) -> bytes:
    """Draw with a palette: a map has few colours, and a third of the size is left."""
    small = io.BytesIO()
    image = Image.open(drawn).convert("RGB")
    image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(small, format="png")
    return small.getvalue()


# What of an SVG a data URI in an attribute cannot hold as it is: % and #, among others.
NOT_AS_IS = re.compile(r"[^A-Za-z0-9 <>='/:;,.()\-!*{}\[\]+&?@_~|^]+")


def compact(svg: str) -> str:
    """Drop from matplotlib's SVG what no reader sees: a third of the size is left, the drawing is the same."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    # Text stays text, a fifth of the size of outlines; fonts as wide as ours stand in for it.
    svg = re.sub(r"font-family: 'DejaVu Sans';? ?", "", svg)
    fonts = "font-family:DejaVu Sans,Verdana,Arial,sans-serif"
    svg = svg.replace("*{stroke-linejoin", "*{" + fonts + ";stroke-linejoin", 1)
    svg = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", svg)
    svg = svg.replace("'", "&#39;").replace('"', "'")
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.S)
    svg = re.sub(r"<g id='[^']*'>", "<g>", svg)
    # A tenth of a point is less than a reader can see; what stands between tags is text, with thousands as 1.000.
    svg = "".join(
        re.sub(r"-?\d+\.\d{3,}", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), part)
        if part.startswith("<")
        else part
        for part in re.split(r"(<[^>]*>)", svg)
    )
    # What the marker of a line is drawn from has the stroke already; points of a scatter (#C…) each have their own.
    svg = re.sub(
        r"(<use (?![^>]*href='#C)[^>]*style='fill:[^;']*)(?:; stroke[a-z-]*: [^;']*)+;?'", r"\1'", svg
    )
    svg = re.sub(r">\s+<", "><", svg)
    svg = re.sub(r"style='[^']*'", lambda m: m[0].replace("; ", ";").replace(": ", ":"), svg)
    # Groups that set nothing, and the letter of a line that goes on.
    before = ""
    while svg != before:
        before, svg = svg, re.sub(r"<g>((?:(?!</?g[ >]).)*)</g>", r"\1", svg, flags=re.S)
    svg = re.sub(r"(?<= d=')[ MLz\d.-]*(?=')", lambda m: m[0].replace(" L ", " ").strip(), svg)
    # Names are hashes of eleven letters, used for every tick and dot; a drawing is a document of its own.
    short = {name: f"{name[0]}{i:x}" for i, name in enumerate(re.findall(r" id='([^']*)'", svg))}
    svg = re.sub(r"(?<= id=')[^']*|(?<=['(]#)[^')]*(?=['\)])", lambda m: short.get(m[0], m[0]), svg)
    return re.sub(r"\s+", " ", svg)


def _quoted(svg: str) -> str:
    """Escape what a data URI cannot hold as it is."""
    return re.sub(NOT_AS_IS, lambda m: quote(m[0], safe=""), svg)
