"""What every plot shares: its style, its canvas, and how it becomes a picture on a page."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, Literal
from urllib.parse import quote

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick, XAxis, XTick, YAxis, YTick
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, NullLocator
from matplotlib.transforms import Bbox
from PIL import Image

from wijkenaanpak.dutch import number

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


# What of an SVG a data URI in an attribute cannot hold as it is: % and #, among others.
SVG_NOT_AS_IS = re.compile(r"[^A-Za-z0-9 <>='/:;,.()\-!*{}\[\]+&?@_~|^]+")


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
        layout = self.figure.get_layout_engine()
        with mpl.rc_context(RC):  # the SVG writer reads its settings when it writes
            if layout is not None:
                # Left to savefig, laying out costs a complete drawing more.
                layout.execute(self.figure)
                self.figure.set_layout_engine(None)
            try:
                if self.kind == "png":
                    return f"data:image/png;base64,{base64.b64encode(_png(self.figure)).decode()}"
                return f"data:image/svg+xml,{_quoted(_compact(_svg(self.figure)))}"
            finally:
                self.figure.set_layout_engine(layout)

    def _repr_html_(self) -> str:
        return (
            f'<figure class="figuur"><p class="figuur-titel">{html.escape(self.title)}</p>'
            f'<img alt="{html.escape(self.alt, quote=True)}" src="{self.data_uri().replace("&", "&amp;")}">'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )


def _png(figure: Figure) -> bytes:
    """Draw with a palette: a map has few colours, and a third of the size is left."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(
        drawn, format="png", dpi=130, metadata={"Software": None}, pil_kwargs={"compress_level": 1}
    )
    image = Image.open(drawn).convert("RGB")
    image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(small, format="png")
    return small.getvalue()


def _svg(figure: Figure) -> str:
    stream = io.StringIO()
    renderer = _Writer(stream, *figure.bbox.size)
    figure.draw(renderer)
    renderer.finalize()
    return stream.getvalue()


class _Writer(RendererSVG):
    """Matplotlib's writer of SVG, which measures the same text once in a process instead of once in a figure."""

    measured: ClassVar[dict[Any, Any]] = {}

    def __init__(self, stream: io.StringIO, width: float = 72, height: float = 72) -> None:
        super().__init__(width, height, stream, image_dpi=72, metadata={"Date": None, "Creator": None})

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> Any:
        """Return width, height and descent of a text, in points."""
        key = (s, hash(prop), ismath)
        if key not in self.measured:
            self.measured[key] = super().get_text_width_height_descent(s, prop, ismath)
        return self.measured[key]

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float, float, float]:
        """Return ascent, descent and line gap of a font in points; left to matplotlib they are looked up for every text."""
        key = hash(prop)
        if key not in self.measured:
            font = get_font(findfont(prop))
            heights: Any = font.get_sfnt_table("OS/2")
            scale = prop.get_size_in_points() / font.units_per_EM
            names = ("sTypoAscender", "sTypoDescender", "sTypoLineGap")
            up, down, between = (heights[name] * scale for name in names)
            self.measured[key] = (up, -down, between)
        return self.measured[key]


class _Figure(Figure):
    """A figure that is laid out with the measures it is written with."""

    ruler = None

    def _get_renderer(self) -> _Writer:
        self.ruler = self.ruler or _Writer(io.StringIO())
        return self.ruler


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


def _quoted(svg: str) -> str:
    """Escape what a data URI cannot hold as it is."""
    return re.sub(SVG_NOT_AS_IS, lambda m: quote(m[0], safe=""), svg)


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


# What matplotlib does not declare: the parts of an axis and a tick that theirs and ours share.
_Axis: Any = Axis
_Tick: Any = Tick


class _EveryTick(_Tick):
    """A tick that stands at every place of its axis: its artists are moved and drawn again."""

    places: Sequence[tuple[float, str]] = ()

    def _stand(self, place: float, label: str) -> None:
        (self.label1.set_x if isinstance(self, XTick) else self.label1.set_y)(place)
        self.label1.set_text(label)

    def boxes(self, renderer: Any) -> list[Bbox]:
        """Measure the label at each place."""
        boxes = []
        for place, label in self.places if self.label1.get_visible() else ():
            self._stand(place, label)
            boxes.append(self.label1.get_window_extent(renderer))
        return boxes

    def update_position(self, loc: float) -> None:
        """Stand at one place, as a tick among others."""
        self.places = ()
        self.gridline.set_data([0, 1], [0, 1])
        self.tick1line.set_data([0], [0])
        super().update_position(loc)

    def draw(self, renderer: Any) -> None:
        """Draw the grid as one line, the ticks as one set of markers, and the labels."""
        if not self.places:
            super().draw(renderer)
            return
        places = np.array([place for place, _ in self.places])
        line = [np.repeat(places, 3), np.tile([0, 1, np.nan], len(places))]
        marks = [places, np.zeros(len(places))]
        turn = 1 if isinstance(self, XTick) else -1
        self.gridline.set_data(line[::turn])
        self.tick1line.set_data(marks[::turn])
        self.gridline.draw(renderer)
        self.tick1line.draw(renderer)
        for place, label in self.places if self.label1.get_visible() else ():
            self._stand(place, label)
            self.label1.draw(renderer)


class _NoTicks:
    """The minor ticks of an axis that has none: matplotlib makes one to begin with."""

    def __get__(self, axis: Any, owner: type) -> Any:
        if axis is None:
            return self
        return [] if isinstance(axis.minor.locator, NullLocator) else _Axis.minorTicks.__get__(axis, owner)


class _QuickAxis(_Axis):
    """An axis with one tick for all places, until somebody asks for its ticks.

    Matplotlib makes five objects for each tick and measures its label seven times: half of the time of a plot.
    """

    minorTicks = _NoTicks()
    _shown: tuple[Any, Any] = (None, ())
    _measured: tuple[Any, list[Bbox]] = (None, [])

    @property
    def _quick(self) -> bool:
        return len(self.majorTicks) == 1 and isinstance(self.minor.locator, NullLocator)

    def get_major_ticks(self, numticks: int | None = None) -> list[Tick]:
        """Return the ticks; only who asks for all of them gets one for each place."""
        if numticks is None and self._quick:
            super().get_major_ticks()
            super()._update_ticks()
        return self.majorTicks[:numticks] if self._quick else super().get_major_ticks(numticks)

    def _update_ticks(self) -> list[Tick]:
        if not self._quick:
            return super()._update_ticks()
        tick, (low, high) = self.majorTicks[0], sorted(self.get_view_interval())
        here = (low, high, *self.axes.bbox.size, self.get_major_locator(), self.get_major_formatter())
        if self._shown[0] != here:
            places = np.asarray(self.get_majorticklocs(), dtype=float).tolist()
            labels = self.get_major_formatter().format_ticks(places)
            room = 1e-10 * (high - low)
            pairs = zip(places, labels, strict=True)
            self._shown = (here, [(p, label) for p, label in pairs if low - room <= p <= high + room])
        tick.places = self._shown[1]
        return [tick] if tick.places else []

    def _get_ticklabel_bboxes(self, ticks: list[Any], renderer: Any) -> tuple[list[Bbox], list[Bbox]]:
        if not self._quick:
            return super()._get_ticklabel_bboxes(ticks, renderer)
        if not ticks:
            return [], []
        label = self.majorTicks[0].label1
        look = (label.get_visible(), label.get_fontsize(), label.get_rotation(), ticks[0].places)
        here = (look, self.axes.bbox.bounds, self.axes.viewLim.bounds)
        if self._measured[0] != here:
            self._measured = (here, ticks[0].boxes(renderer))
        return self._measured[1], []


def _quick(axis: type[Axis], tick: type[Tick]) -> Any:
    quick_tick = type(f"Quick{tick.__name__}", (_EveryTick, tick), {})
    return type(f"Quick{axis.__name__}", (_QuickAxis, axis), {"_tick_class": quick_tick})


class QuickAxes(Axes):
    """Axes that look as matplotlib's own and are drawn in half the time."""

    x_class, y_class = _quick(XAxis, XTick), _quick(YAxis, YTick)

    def _init_axis(self) -> None:
        self.xaxis, self.yaxis = self.x_class(self, clear=False), self.y_class(self, clear=False)
        for spine in self.spines.values():
            spine.register_axis(self.xaxis if spine.spine_type in ("bottom", "top") else self.yaxis)


def canvas(
    width: float, height: float, rows: int = 1, columns: int = 1, **kwargs: Any
) -> tuple[Figure, np.ndarray]:
    """Make a figure outside pyplot: nothing global, nothing to close.

    Parameters
    ----------
    width, height : float
        Inches.
    rows, columns : int
        Of axes; side by side they share their scales.
    **kwargs
        For ``Figure.subplots``.

    Returns
    -------
    (Figure, ndarray of Axes)
    """
    # Room at the sides for a browser whose font is a little wider than ours.
    figure = _Figure(figsize=(width, height), dpi=72, layout=Layout(w_pad=0.11))
    options = {"sharex": columns > 1, "sharey": columns > 1, "subplot_kw": {"axes_class": QuickAxes}}
    return figure, figure.subplots(rows, columns, squeeze=False, **{**options, **kwargs})


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


def measure(texts: Iterable[str]) -> None:
    """Measure texts as the labels of an axis: no plot of this process, or of its forks, does so again."""
    with mpl.rc_context(RC):
        ruler, look = _Writer(io.StringIO()), FontProperties(size="medium")
        for text in texts:
            ruler.get_text_width_height_descent(text, look, False)


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
