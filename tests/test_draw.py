"""Figures: one look, numbers the Dutch way, nothing cut off, marked when made from practice data."""

import re
from urllib.parse import unquote

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import seaborn as sns

from helpers import draw, maps
from helpers.report import open_report
from notebook import Run, sections_of
from wijkenaanpak import dutch

# Every figure of the country, and those of a wijk and a city with long names.
DRAWN = [(name, "Nederland") for name in ("werk", "wonen", "veiligheid", "leefbaarheid", "overzicht")]
DRAWN += [("veiligheid", "Utrecht/Overvecht"), ("leren", "Den Haag")]
LEVELS = "Niveau: de wijk en haar referenties"


@pytest.fixture(scope="module")
def wijk(store, practice):
    return Run.opened("werk", gebied="Utrecht/Overvecht", data=str(practice))


def pictures(run):
    """Every figure of a notebook."""
    return [
        shown
        for title in sections_of(run.name)
        if title
        for shown in run.section(title)
        if isinstance(shown, draw.Picture)
    ]


def text_boxes(figure):
    """What is written on a figure beside its stamp, with its place in points."""
    figure.draw_without_rendering()
    for ax in figure.axes:
        if ax.axison:
            for axis in (ax.xaxis, ax.yaxis):
                low, high = sorted(axis.get_view_interval())
                for tick in axis.get_major_ticks():
                    if low <= tick.get_loc() <= high:
                        yield tick.label1
                yield axis.label
        yield from ax.texts
    yield from (text for text in figure.texts if text.get_text() != "OEFENDATA")


@pytest.mark.parametrize(("name", "gebied"), DRAWN)
def test_every_text_lies_inside_its_figure(store, practice, name, gebied):
    shown = pictures(Run.opened(name, gebied=gebied, data=str(practice)))
    assert shown
    for picture in shown:
        picture.data_uri()
        with mpl.rc_context(draw.RC):
            width, height = picture.figure.bbox.size
            for text in text_boxes(picture.figure):
                if text.get_visible() and text.get_text().strip():
                    box = text.get_window_extent()
                    inside = box.x0 > -2 and box.x1 < width + 2 and box.y0 > -2 and box.y1 < height + 2
                    assert inside, (picture.title, text.get_text(), box.bounds)


def test_every_picture_of_practice_data_says_so_in_title_alt_and_drawing(wijk):
    (picture,) = (p for p in wijk.section(LEVELS) if isinstance(p, draw.Picture))
    assert picture.title.endswith("(oefendata)")
    assert picture.alt.startswith("Oefendata, geen werkelijke cijfers")
    assert [t.get_text() for t in picture.figure.texts].count("OEFENDATA") == 1


def test_alternative_text_holds_the_numbers_of_the_picture(wijk):
    (picture,) = (p for p in wijk.section(LEVELS) if isinstance(p, draw.Picture))
    levels = wijk.space["niveaus"]
    last = levels[levels["role"] == "wijk"].sort_values("period").iloc[-1]
    assert f"{dutch.number(last['estimate'])} in {last['period']}" in picture.alt


def test_a_picture_gives_the_same_bytes_twice(wijk):
    first, second = (
        [p.data_uri() for p in wijk.section(LEVELS) if isinstance(p, draw.Picture)] for _ in range(2)
    )
    assert first == second and first


def test_a_figure_that_is_shown_twice_is_stamped_once(wijk):
    ax = draw.axes()
    ax.plot([2007, 2017], [1, 2])
    first, second = (wijk.report.show(ax, "Titel", "Wat er te zien is.") for _ in range(2))
    assert first.data_uri() == second.data_uri()


def test_nothing_drawn_is_said_in_one_line(wijk):
    shown = wijk.report.show(draw.axes(), "Titel", "Niets.")
    assert shown.count("<p") == 1 and "geen bruikbare metingen" in shown


def test_an_open_point_of_a_scatter_keeps_its_edge():
    data = pd.DataFrame(
        {"name": ["a", "b"], "estimate": [1.0, 2.0], "lower": [0.0, 1.5], "upper": [2.0, 2.5]}
    )
    ax = draw.forest(data, colour=draw.BETTER, filled=[False, True])
    svg = unquote(draw.picture(ax.figure, "t", "a", "b", False).data_uri())
    points = re.findall(r"<use [^>]*href='#C[^>]*>", svg)
    assert points
    assert all("stroke:#" in point for point in points)


def test_numbers_on_an_axis_have_a_decimal_comma_and_thousands_a_point():
    ax = draw.axes()
    ax.plot([0, 1], [120_000, 180_000])
    ax.set_xticks([0, 0.5, 1])
    drawing = unquote(draw.picture(ax.figure, "t", "a", "b", False).data_uri())
    written = set(re.findall(r">([^<>]+)</text>", drawing))
    assert {"0,5", "120.000", "180.000"} <= written
    assert not re.search(r"<path d='[^>]*\d\.\d{3}", drawing)


def test_what_a_cell_wrote_on_an_axis_itself_stays():
    ax = draw.axes()
    ax.plot([2007, 2017], [1, 2])
    draw.years(ax, [2007, 2017])
    drawing = unquote(draw.picture(ax.figure, "t", "a", "b", False).data_uri())
    assert {"2007", "2017"} <= set(re.findall(r">([^<>]+)</text>", drawing))


def test_at_most_eight_years_are_marked_the_last_among_them():
    ax = draw.axes()
    draw.years(ax, range(1998, 2019))
    ticks = ax.get_xticks()
    assert len(ticks) <= 8 and ticks[-1] == 2018


@pytest.mark.parametrize("least", [0.5, 2.0])
def test_labels_pushed_apart_keep_their_order_and_their_distance(least):
    places = draw.push_apart(np.array([1.0, 1.1, 5.0, 1.05]), least)
    assert list(np.argsort(places)) == list(np.argsort([1.0, 1.1, 5.0, 1.05]))
    assert np.diff(np.sort(places)).min() >= least - 1e-6


def test_the_theme_is_a_theme_of_seaborn():
    with mpl.rc_context():
        sns.set_theme(**draw.THEME)
        assert mpl.rcParams["svg.hashsalt"] == "wijkenaanpak"
        assert not mpl.rcParams["axes.spines.top"]


def test_without_boundaries_the_wijken_are_tiles(store, practice):
    r = open_report("werk", "Utrecht", data=str(practice))
    picture = maps.tiles(r)
    assert picture.alt.count(":") >= 3 and "Overvecht" in picture.alt
    country = maps.tiles(open_report("werk", "Nederland", data=str(practice)))
    assert "40 aandachtswijken in 18 steden" in country.alt
