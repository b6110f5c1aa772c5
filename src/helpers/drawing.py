"""What every plot shares: its style, its canvas, and how it becomes a picture on a page."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal
from urllib.parse import quote

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox
from PIL import Image

from helpers.words import number

# Okabe & Ito (2008), distinguishable with every common form of colour blindness.
COLOURS = {
    "wijk": "#D55E00",
    "rest_stad": "#0072B2",
    "stad": "#56B4E9",
    "g18": "#009E73",
    "nederland": "#444444",
}
DASHES = {
    "wijk": "-",
    "rest_stad": "-",
    "stad": (0, (5, 1.5)),
    "g18": (0, (1, 1)),
    "nederland": "--",
}
GREY, PALE, WORSE, BETTER = "#5A5A5A", "#E8E8E8", "#D55E00", "#0072B2"

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
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


# Characters of an SVG that a data URI in an attribute can hold as they are; % and # it cannot.
SVG_AS_IS = " <>='/:;,.()-!*{}[]+&?@_~|^"


@dataclass(frozen=True)
class Style:
    """What all plots of one report share.

    Attributes
    ----------
    label, unit : str
        Of the indicator on the axis.
    decimals : int
        Digits a reader sees.
    simulated : bool
        Stamp the plot as made from the practice panel.
    source : str
        Printed under the plot.
    """

    label: str
    unit: str
    decimals: int = 1
    simulated: bool = False
    source: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawn figure with its alternative text and caption.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        For whoever wants to change it in a notebook.
    title, alt, caption : str
        Title above, alternative text (what the figure shows), source line below.
    kind : {"svg", "png"}
        SVG for lines and dots, PNG for maps.
    """

    figure: Figure
    title: str
    alt: str
    caption: str = ""
    kind: Literal["svg", "png"] = "svg"

    def data_uri(self) -> str:
        """Return the drawing as a data URI; the same figure gives the same bytes."""
        buffer = io.BytesIO()
        metadata = {"Date": None, "Creator": None} if self.kind == "svg" else {"Software": None}
        layout = self.figure.get_layout_engine()
        with mpl.rc_context(RC):  # the SVG writer reads its settings when it writes
            if layout is not None:
                # Left to savefig, laying out costs a complete drawing more.
                layout.execute(self.figure)
                self.figure.set_layout_engine(None)
            quick: dict[str, Any] = (
                {"pil_kwargs": {"compress_level": 1}} if self.kind == "png" else {}
            )  # packed again below
            self.figure.savefig(buffer, format=self.kind, dpi=130, metadata=metadata, **quick)
            self.figure.set_layout_engine(layout)
        if self.kind == "png":
            return f"data:image/png;base64,{base64.b64encode(_palette(buffer)).decode()}"
        return f"data:image/svg+xml,{quote(_compact(buffer.getvalue().decode()), safe=SVG_AS_IS)}"

    def _repr_html_(self) -> str:
        return (
            f'<figure class="figuur"><p class="figuur-titel">{html.escape(self.title)}</p>'
            f'<img alt="{html.escape(self.alt, quote=True)}" src="{self.data_uri().replace("&", "&amp;")}">'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )


def _palette(drawn: io.BytesIO) -> bytes:
    """Give a drawing a palette of its own: a map has few colours, and a third of the size is left."""
    image = (
        Image.open(drawn).convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    )
    small = io.BytesIO()
    image.save(small, format="png")
    return small.getvalue()


def _compact(svg: str) -> str:
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
    return re.sub(r"\s+", " ", svg)


def styled(plot: Callable[..., Picture]) -> Callable[..., Picture]:
    """Draw in the project's style without touching that of the notebook."""

    @wraps(plot)
    def styled(*args: Any, **kwargs: Any) -> Picture:
        with mpl.rc_context(RC):
            return plot(*args, **kwargs)

    return styled


class Layout(ConstrainedLayoutEngine):
    """Constrained layout that measures every label once.

    Matplotlib's own measures all of them twice, which takes a tenth of the time of a report. When it has moved the
    axes it measures again because labels may have changed; ours have room for that at the sides.
    """

    def execute(self, fig: Figure) -> None:
        """Lay out a figure."""
        plain = [axes for axes in fig.axes if axes.get_aspect() == "auto" and axes.get_box_aspect() is None]
        for axes in plain if len(plain) == len(fig.axes) else []:
            axes.get_tightbbox = _measured_once(axes)  # type: ignore[method-assign]
        try:
            super().execute(fig)
        finally:
            for axes in fig.axes:
                vars(axes).pop("get_tightbbox", None)


def _measured_once(axes: Axes) -> Callable[..., Any]:
    """Return a measure of axes with their labels that moves along: what stands around them keeps its size."""
    measure = axes.get_tightbbox
    around: list[np.ndarray] = []

    def tightbbox(*args: Any, **kwargs: Any) -> Any:
        if not around:
            box = measure(*args, **kwargs)
            if box is None:
                return None
            around.append(np.asarray(box.extents) - axes.bbox.extents)
        return Bbox.from_extents(*(axes.bbox.extents + around[0]))

    return tightbbox


def canvas(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, np.ndarray]:
    """Make a figure outside pyplot: nothing global, nothing to close."""
    # Room at the sides for a browser whose font is a little wider than ours.
    figure = Figure(figsize=(width, height), layout=Layout(w_pad=0.11))
    return figure, figure.subplots(rows, columns, squeeze=False, sharex=columns > 1, sharey=columns > 1)


def finish(
    figure: Figure, style: Style, title: str, alt: str, kind: Literal["svg", "png"] = "svg"
) -> Picture:
    """Stamp a drawing made from the practice panel, and give it its title and alternative text."""
    if style.simulated:
        figure.text(
            0.5, 0.5, "OEFENDATA", fontsize=44, color="#B00020", alpha=0.13 if kind == "svg" else 0.4, rotation=24,
            ha="center", va="center", weight="bold", zorder=10,
        )  # fmt: skip
        title, alt = f"{title} (oefendata)", f"Oefendata, geen werkelijke cijfers. {alt}"
    return Picture(figure, title, alt, f"Bron: {style.source}." if style.source else "", kind)


def dutch_axis(axis: mpl.axis.Axis, decimals: int) -> None:
    """Write the numbers of an axis with a decimal comma."""

    def tick(value: float, _: object) -> str:
        short = next(d for d in range(5) if abs(round(value, d) - value) < 1e-9 or d == 4)
        return number(value, min(short, max(decimals, 1) + 1))

    axis.set_major_formatter(FuncFormatter(tick))


def mark_years(axes: Axes, periods: Sequence[int]) -> None:
    """Mark at most eight of the years, the last among them."""
    years = sorted(set(periods))
    step = max(1, int(np.ceil(len(years) / 8)))
    marked = years[::-1][::step][::-1]
    axes.set_xticks(marked, [str(year) for year in marked])


def label_at(
    axes: Axes, name: str, point: tuple[float, float], place: tuple[float, float], colour: str
) -> None:
    """Write a name beside a point, outside the axes, with a thin line between them.

    A line and a text: an annotation with an arrow is laid out three times and takes much longer.
    """
    axes.plot(
        *zip(point, place, strict=True), color=colour, lw=0.6, clip_on=False, scalex=False, scaley=False
    )
    axes.text(*place, f" {name}", color=colour, va="center", fontsize=8.5)


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
