import io
import re
import shutil
from urllib.parse import unquote

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure

from helpers import drawing, figures, report, words
from helpers.report import open_report
from wijkenaanpak import due, dutch
from wijkenaanpak.measures import monitor
from wijkenaanpak.sources import sources


@pytest.fixture(scope="module")
def wijk(store, practice):
    return open_report("werk", "Utrecht/Overvecht", data=str(practice))


@pytest.fixture(scope="module")
def country(store, practice):
    return open_report("leren", "Nederland", data=str(practice))


@pytest.fixture(scope="module")
def bare(store, practice, tmp_path_factory):
    """A folder with only the Leefbaarometer, from 2014 on, and a list with one wijk."""
    folder = tmp_path_factory.mktemp("kaal") / "kaal"
    folder.mkdir()
    for pattern in ("*lbm3*.csv", "*pc4_gemeente*.csv"):
        shutil.copy(next(practice.glob(pattern)), folder)
    listed = pd.read_csv(practice / "aandachtswijken_pc4.csv", dtype=str)
    listed[listed["wijk"] == "Utrecht/Ondiep"].to_csv(folder / "aandachtswijken_pc4.csv", index=False)
    scores = next(folder.glob("*lbm3*.csv"))
    lines = scores.read_text().splitlines()
    scores.write_text("\n".join([lines[0], *(x for x in lines[1:] if int(x.split(",")[1]) >= 2014)]))
    return str(folder)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"gebied": "Utrecht/Overvegt"}, ["gebied", "'Utrecht/Overvecht'"]),
        ({"gebied": "utrecht"}, ["gebied", "'Utrecht'"]),
        ({"vraag": "wijken"}, ["vraag", "'wijken'"]),
        ({"referentie": "g4"}, ["referentie", "'g18'"]),
        ({"start": 2017, "eind": 2007}, ["start = 2017", "eind = 2007"]),
        ({"start": "2007"}, ["start", "geheel getal"]),
        ({"seed": 1.5}, ["seed", "geheel getal"]),
        ({"data": "geen-map"}, ["geen-map", "bestaat niet"]),
    ],
)
def test_a_wrong_parameter_is_refused_by_name_with_the_way_out(change, parts):
    with pytest.raises(sources.SourceError) as caught:
        open_report(**{"vraag": "werk", **change})
    assert all(part in str(caught.value) for part in parts)
    assert "\n" not in str(caught.value)


def test_the_gap_is_the_difference_of_the_levels_and_the_answer_states_it(wijk):
    levels = wijk.levels().set_index(["role", "period"])["value"]
    gaps = wijk.gaps().set_index(["reference", "period"])["gap"]
    assert gaps["rest_stad", 2010] == pytest.approx(levels["wijk", 2010] - levels["rest_stad", 2010])
    text = words.answer(wijk)
    for year in wijk.window:
        assert dutch.number(gaps["rest_stad", year]) in text
    assert "Oefendata, geen werkelijke uitkomst" in text
    assert "Of de wijkenaanpak hiervan de oorzaak is: het effect" in text


def test_the_parts_of_a_change_add_up_and_all_four_references_are_there(wijk):
    changes = wijk.changes()
    assert list(changes["role"]) == list(report.REFERENTIES)
    assert np.allclose(changes["own"] + changes["other"], changes["estimate"])
    assert np.allclose(changes["last"] - changes["first"], changes["estimate"])


def test_a_number_is_recorded_once_however_often_it_is_asked(wijk):
    wijk.changes()
    before = len(wijk.results())
    wijk.changes()
    words.answer(wijk)
    words.answer(wijk)
    results = wijk.results()
    assert len(results) - before <= 1
    assert not results.duplicated(report.RESULT_COLUMNS[:7]).any()


def test_no_estimate_of_a_change_stands_without_its_interval(country):
    country.changes()
    country.catching_up(country.wijken())
    results = country.results()
    changes = results[results["measure"].isin(["gap_change", "mean_change", "share_catching_up"])]
    assert len(changes) > 40
    assert changes["lower"].notna().all()
    assert (changes["lower"] <= changes["estimate"]).all()
    assert (changes["estimate"] <= changes["upper"]).all()


def test_a_test_is_reported_with_its_name_its_n_and_its_clusters(country):
    text = words.wijken(country, country.wijken())
    assert re.search(
        r"tekentoets .* p-waarde van (minder dan )?\d,\d{3} \(tweezijdig, \d+ wijken in 18 steden",
        re.sub("<.*?>", "", text),
    )
    assert len(re.findall(r"<td>\d+ van \d+</td>", text)) == 4
    assert "had 80% kans om gevonden te worden" in text


def test_without_a_series_the_report_says_why_and_shows_what_can_be_recomputed(store, bare):
    r = open_report("werk", "Nederland", data=bare)
    text = words.answer(r)
    assert "niet te beantwoorden" in text
    assert "geen landelijke reeks" in text
    assert re.search(r"\d+ van de \d+ gepubliceerde uitspraken", text)
    for measure in (r.levels, r.gaps, r.changes, r.wijken, r.indicators, r.context, r.counts):
        assert len(measure()) == 0
    assert isinstance(r.draw(figures.levels, r.levels(), r.window), words.Html)
    assert "geen landelijke reeks" in words.course(r)
    verdict = r.results().query("measure == 'target_verdict'")
    assert len(verdict) == 1
    assert verdict["estimate"].isna().all()


def test_a_wijk_without_pc4_says_that_it_is_not_known_where_it_lies(store, bare):
    r = open_report("leefbaarheid", "Arnhem/Klarendal", data=bare)
    assert "niet vastgesteld uit welke postcodegebieden" in words.answer(r)
    assert "niet vastgesteld" in words.header(r, "Vraag?")


def test_a_series_that_starts_after_the_programme_says_nothing_about_it(store, bare):
    r = open_report("veiligheid", "Utrecht/Ondiep", data=bare)
    assert r.window == (2014, 2017)
    assert not r.simulated
    assert "zegt niets over het programma" in words.answer(r)
    assert "niet te bepalen" in words.course(r)
    assert "geen meting van vóór" in words.cannot_say(r)
    assert "Oefendata" not in words.header(r, "Vraag?")


def test_another_outcome_stands_in_for_a_missing_primary_one_and_is_called_so(store, bare):
    r = open_report("wonen", "Utrecht/Ondiep", data=bare)
    assert r.indicator["indicator"] == "lbm_won"
    assert "hoofduitkomst ontbreekt" in words.header(r, "Vraag?")


def test_every_picture_of_practice_data_says_so_in_title_alt_and_drawing(wijk):
    picture = wijk.draw(figures.levels, wijk.levels(), wijk.window)
    assert picture.title.endswith("(oefendata)")
    assert picture.alt.startswith("Oefendata, geen werkelijke cijfers")
    assert any(t.get_text() == "OEFENDATA" for t in picture.figure.texts)


def test_alternative_text_holds_the_numbers_of_the_picture(wijk):
    levels = wijk.levels()
    picture = wijk.draw(figures.levels, levels, wijk.window)
    last = levels[levels["role"] == "wijk"].sort_values("period").iloc[-1]
    assert f"{dutch.number(last['value'])} in {last['period']}" in picture.alt


def test_an_open_point_of_a_scatter_keeps_its_edge(country):
    svg = unquote(country.draw(figures.forest, country.wijken(), "de rest").data_uri())
    points = re.findall(r"<use [^>]*href='#C[^>]*>", svg)
    assert points
    assert all("stroke:#" in point for point in points)


def test_every_label_lies_inside_its_figure_though_it_is_measured_once(wijk):
    for picture in (
        wijk.draw(figures.levels, wijk.levels(), wijk.window),
        wijk.draw(figures.gaps, wijk.gaps(), wijk.names, gap=True),
        wijk._areas(),
    ):
        figure = picture.figure
        with mpl.rc_context(drawing.RC):
            figure.get_layout_engine().execute(figure)
            figure.set_layout_engine(None)
            box = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= 0
        assert all("get_tightbbox" not in vars(axes) for axes in figure.axes)


def test_a_picture_gives_the_same_bytes_twice(wijk):
    first, second = (wijk.draw(figures.gaps, wijk.gaps(), wijk.names, gap=True).data_uri() for _ in range(2))
    assert first == second


def test_the_context_of_a_question_without_direction_is_shown_with_margins(store, practice):
    r = open_report("wonen", "Utrecht", data=str(practice))
    context = r.context()
    assert any("koop" in text.lower() for text in context["label"])
    assert (context["lower"] < context["value"]).all()
    assert set(context["role"]) == {"wijk", "rest_stad"}
    shown = words.context(r, context, "Kenmerken")
    assert shown.count("<tr>") == 1 + context["indicator"].nunique()
    assert shown.count('class="cijfer"') == len(context)


def test_counts_say_how_many_people_stand_behind_a_share(country):
    counts = country.counts().set_index("name")
    whole = counts.loc["de aandachtswijken"]
    assert whole["cases"] < whole["n"]
    assert counts.drop("de aandachtswijken")["n"].max() <= whole["n"]
    shown = words.counts(country, country.counts(), "Leerlingen")
    assert dutch.number(whole["cases"], 0) in shown


def test_the_required_path_ends_at_zero_after_eight_and_ten_years(wijk):
    gap, paths, projection = wijk.course()
    ends = paths.groupby("horizon").last()
    assert dict(ends["period"]) == {8: 2015, 10: 2017}
    assert (ends["required"] == 0).all()
    assert paths["required"].max() == pytest.approx(gap["gap"].iloc[0])
    assert set(projection["scenario"]) == {"lineair", "gedempt", "stadstrend"}


@pytest.mark.parametrize(
    ("start", "eind", "part"),
    [
        (2007, 2012, None),
        (2007, 2017, "2014: UWV telt"),  # a break in what is counted
        (2000, 2010, "vóór het programma"),
        (2011, 2015, "Een eerder beginjaar is mogelijk"),
    ],
)
def test_the_report_says_what_its_first_year_leaves_out(store, practice, start, eind, part):
    r = open_report("werk", "Utrecht", start, eind, data=str(practice))
    assert r.window == (start, eind)
    assert (part in words.answer(r)) if part else (r.timing == "")


def test_a_gemeente_that_joined_the_city_is_a_break_in_what_is_published_of_the_city(store, practice):
    alkmaar = open_report("werk", "Alkmaar", 2010, 2013, data=str(practice))
    assert alkmaar.breaks("nww", (2010, 2013)) == []
    assert "2015: Schermer bij Alkmaar gevoegd" in alkmaar.breaks("nww", (2010, 2017))
    # scores are computed from the postcodes of today's city in every year
    scores = open_report("leefbaarheid", "Alkmaar", 2008, 2018, data=str(practice))
    assert scores.breaks("lbm") == []
    assert open_report("werk", "Nederland", 2010, 2013, data=str(practice)).breaks("nww", (2010, 2013)) == []


def test_thousands_on_an_axis_survive_the_packing_of_the_drawing(store, practice):
    r = open_report("wonen", "Utrecht/Overvecht", data=str(practice))
    drawing = unquote(r.draw(figures.levels, r.levels(), r.window).data_uri())
    shown = [float(t.replace(".", "")) for t in re.findall(r">(\d{2,3}\.\d{3})</text>", drawing)]
    assert len(shown) >= 3 and max(shown) > 100_000  # prices in euro, not in thousands
    assert not re.search(r"<path d=&#39;[^>]*\d\.\d{3}", drawing)


def _texts(figure):
    """What stands beside the axes of a figure, and where, to a fifth of a point."""
    with mpl.rc_context(drawing.RC):
        svg = drawing._svg(figure)
    found = re.findall(r'<text [^>]*?(?:translate\(|x=")([\d.-]+)[^\d.-]+([\d.-]+)[^>]*>([^<]*)', svg)
    return sorted((text, round(5 * float(x)), round(5 * float(y))) for x, y, text in found)


def _labelled(figure, axes):
    axes.plot([1998, 2018], [-3.2, 14.7])
    axes.set_xticks([1998, 2008, 2018], ["1998", "2008", "2018"], fontsize=8)
    axes.set_ylabel("achterstand")
    axes.set_title("Werk", loc="left")
    drawing.dutch_axis(axes.yaxis, 1)
    return figure


def test_quick_axes_write_the_labels_of_matplotlibs_own_where_it_writes_them():
    with mpl.rc_context(drawing.RC):
        quick, grid = drawing.canvas(5, 3)
        plain = Figure(figsize=(5, 3), dpi=72)
        quick.set_layout_engine(None)
        first, second = _labelled(quick, grid[0, 0]), _labelled(plain, plain.subplots())
    assert _texts(first) == _texts(second)
    assert {"1998", "−2,5", "12,5", "Werk"} <= {text for text, *_ in _texts(first)}


def test_who_asks_for_the_ticks_of_a_picture_can_turn_each_of_them():
    with mpl.rc_context(drawing.RC):
        figure, grid = drawing.canvas(5, 3)
        labels = _labelled(figure, grid[0, 0]).axes[0].get_xticklabels()
        assert [label.get_text() for label in labels] == ["1998", "2008", "2018"]
        labels[1].set_rotation(90)
        assert drawing._svg(figure).count("rotate(-90") == 2  # with the label of the other axis


@pytest.mark.parametrize("look", [{"size": 8.5}, {"size": 9.5, "weight": "bold", "rotation": 90}])
def test_a_text_takes_the_room_that_matplotlib_gives_it(look):
    text = Figure(dpi=72).text(0.5, 0.5, "achterstand\n(procentpunt)", **look)
    writers = drawing._Writer(io.StringIO()), RendererSVG(72, 72, io.StringIO(), image_dpi=72)
    ours, theirs = (text.get_window_extent(writer).bounds for writer in writers)
    assert ours == theirs


def test_what_many_reports_tell_of_the_whole_country_is_computed_by_the_first(practice, monkeypatch):
    asked = []
    plain = monitor.held_on
    monkeypatch.setattr(monitor, "held_on", lambda *a: asked.append(a) or plain(*a))
    areas = ("Arnhem/Presikhaaf", "Utrecht")
    found = [open_report("leefbaarheid", a, 2008, 2014, data=str(practice)).held for a in areas]
    assert len(asked) == 1
    totals = [part["groups"][["weak", "improved", "held"]].sum().tolist() for part in found]
    assert (
        totals[0] == totals[1] == [int(plain(*asked[0])[name].sum()) for name in ("weak", "improved", "held")]
    )
    assert found[0]["later"] == found[1]["later"]


def test_the_reports_on_one_city_share_one_drawing_of_its_map(practice, store, monkeypatch):
    drawn = []
    plain = figures.area_map
    monkeypatch.setattr(figures, "area_map", lambda *a, **k: drawn.append(a) or plain(*a, **k))
    monkeypatch.setattr(due, "environment", lambda: "of this test")
    areas = ("Arnhem/Presikhaaf", "Arnhem/Klarendal", "Arnhem")
    maps = [open_report("leren", area, data=str(practice)).map() for area in areas]
    assert len(drawn) == 1
    assert maps[0] == maps[1] == maps[2]
    monkeypatch.setattr(due, "environment", lambda: "another")
    open_report("leren", areas[0], data=str(practice)).map()
    assert len(drawn) == 2
