import re
import shutil

import numpy as np
import pandas as pd
import pytest

from helpers import maps, measures, report, say
from helpers.report import open_report
from notebook import Run
from wijkenaanpak import content, dutch
from wijkenaanpak.measures import monitor
from wijkenaanpak.pages import html
from wijkenaanpak.results import RESULT_KEY
from wijkenaanpak.sources import areas as sources


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
    levels = measures.levels(wijk).set_index(["role", "period"])["estimate"]
    gaps = measures.gaps(wijk).set_index(["reference", "period"])["estimate"]
    assert gaps["rest_stad", 2010] == pytest.approx(levels["wijk", 2010] - levels["rest_stad", 2010])
    text = say.answer(wijk)
    for year in wijk.window:
        assert dutch.number(gaps["rest_stad", year]) in text
    assert "Oefendata, geen werkelijke uitkomst" in text
    assert "het geschatte effect is" in text


def test_the_parts_of_a_change_add_up_and_all_four_references_are_there(wijk):
    changes = measures.changes(wijk)
    assert list(changes["reference"]) == list(report.REFERENTIES)
    assert np.allclose(changes["own"] + changes["other"], changes["estimate"])
    assert np.allclose(changes["last"] - changes["first"], changes["estimate"])


def test_a_number_is_recorded_once_however_often_it_is_asked(wijk):
    wijk.state("gap_change", measures.changes(wijk))
    say.answer(wijk)
    before = len(wijk.stated.frame())
    wijk.state("gap_change", measures.changes(wijk))
    say.answer(wijk)
    results = wijk.stated.frame()
    assert len(results) == before
    assert not results.duplicated(RESULT_KEY).any()


def test_no_estimate_of_a_change_stands_without_its_interval(practice, store):
    run = Run.opened("leren", data=str(practice))
    for title in ("Ingelopen? De verandering uiteengelegd", "De wijken onderling"):
        run.section(title)
    results = run.report.stated.frame()
    changes = results[results["measure"].isin(["gap_change", "mean_change", "share_catching_up"])]
    assert len(changes) > 40
    assert changes["lower"].notna().all()
    assert (changes["lower"] <= changes["estimate"]).all()
    assert (changes["estimate"] <= changes["upper"]).all()


def test_a_test_is_reported_with_its_name_its_n_and_its_clusters(country):
    found = measures.catching_up(country, measures.wijken(country))
    assert "tekentoets" not in " ".join(say.caught_up(country, found))
    convergence = measures.convergence(country, measures.wijken(country))
    text = " ".join(map(html.plain, say.caught_up_rests(country, found, *convergence)))
    assert re.search(
        r"tekentoets .* p-waarde van (minder dan )?\d,\d{3} \(tweezijdig, \d+ wijken in 18 steden", text
    )
    assert "had 80% kans om gevonden te worden" in text
    table = country.table(say.counted(country, found), "Inlopen")
    assert len(re.findall(r"<td>\d+ van \d+</td>", table)) == 4


def test_without_a_series_the_report_says_why_and_shows_what_can_be_recomputed(store, bare):
    r = open_report("werk", "Nederland", data=bare)
    text = say.answer(r)
    assert "niet te beantwoorden" in text
    assert "geen landelijke reeks" in text
    assert re.search(r"\d+ van de \d+ gepubliceerde uitspraken", text)
    for measure in (measures.levels, measures.gaps, measures.changes, measures.wijken, measures.outcomes, measures.context,
                    measures.counts, measures.course, measures.paths, measures.projection, measures.lists):  # fmt: skip
        assert len(measure(r)) == 0
    run = Run.opened("werk", data=bare)
    assert "geen landelijke reeks" in run.html("Niveau: de wijk en haar referenties")
    assert "geen landelijke reeks" in run.html("Op koers?")
    verdict = r.stated.frame().query("measure == 'target_verdict'")
    assert len(verdict) == 1
    assert verdict["estimate"].isna().all()


def test_a_wijk_without_pc4_says_that_it_is_not_known_where_it_lies(store, bare):
    r = open_report("leefbaarheid", "Arnhem/Klarendal", data=bare)
    assert "niet vastgesteld uit welke postcodegebieden" in say.answer(r)
    assert "niet vastgesteld" in say.about(r)


def test_a_series_that_starts_after_the_programme_says_nothing_about_it(store, bare):
    r = open_report("veiligheid", "Utrecht/Ondiep", data=bare)
    assert r.window == (2014, 2018)
    assert not r.simulated
    assert "zegt niets over het programma" in say.answer(r)
    assert "niet te bepalen" in " ".join(say.on_course(r, measures.course(r)))
    assert "geen meting van vóór" in say.cannot_say(r)
    assert "Oefendata" not in say.header(r)


def test_another_outcome_stands_in_for_a_missing_primary_one_and_is_called_so(store, bare):
    r = open_report("wonen", "Utrecht/Ondiep", data=bare)
    assert r.indicator["indicator"] == "lbm_won"
    assert "hoofduitkomst ontbreekt" in say.about(r)


def test_the_context_of_a_question_without_direction_is_shown_with_margins(store, practice):
    r = open_report("wonen", "Utrecht", data=str(practice))
    context = measures.context(r)
    assert any("koop" in text.lower() for text in context["label"])
    assert (context["lower"] < context["estimate"]).all()
    assert set(context["role"]) == {"wijk", "rest_stad"}
    shown = r.table(say.side_by_side(r, context), "Kenmerken")
    assert shown.count("<tr>") == 1 + context["indicator"].nunique()
    assert shown.count('class="cijfer"') == len(context)


def test_counts_say_how_many_people_stand_behind_a_share(country, store, practice):
    counts = measures.counts(country).set_index("name")
    whole = counts.loc["de aandachtswijken"]
    assert whole["cases"] < whole["n"]
    assert counts.drop("de aandachtswijken")["n"].max() <= whole["n"]
    shown = Run.opened("leren", data=str(practice)).html("Het doel: halveren")
    assert dutch.number(whole["cases"], 0) in shown


def test_the_required_path_ends_at_zero_after_eight_and_ten_years(wijk):
    gap, paths, projection = (
        get(wijk) for get in (measures.official_gap, measures.paths, measures.projection)
    )
    needed = paths[paths["horizon"] > 0]
    ends = needed.groupby("horizon").last()
    assert dict(ends["period"]) == {8: 2015, 10: 2017}
    assert (ends["estimate"] == 0).all()
    assert needed["estimate"].max() == pytest.approx(gap["gap"].iloc[0])
    assert paths.loc[paths["horizon"] == 0, "estimate"].tolist() == gap["gap"].tolist()
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
    assert (part in say.answer(r)) if part else (r.timing + r.redefined == "")


def test_a_gemeente_that_joined_the_city_is_a_break_in_what_is_published_of_the_city(store, practice):
    alkmaar = open_report("werk", "Alkmaar", 2010, 2013, data=str(practice))
    assert alkmaar.breaks("nww", (2010, 2013)) == []
    assert "2015: Schermer bij Alkmaar gevoegd" in alkmaar.breaks("nww", (2010, 2017))
    # scores are computed from the postcodes of today's city in every year
    scores = open_report("leefbaarheid", "Alkmaar", 2008, 2018, data=str(practice))
    assert scores.breaks("lbm") == []
    assert open_report("werk", "Nederland", 2010, 2013, data=str(practice)).breaks("nww", (2010, 2013)) == []


def test_what_many_reports_tell_of_the_whole_country_is_computed_by_the_first(practice, store, monkeypatch):
    asked = []
    plain = monitor.held_on
    monkeypatch.setattr(monitor, "held_on", lambda *a: asked.append(a) or plain(*a))
    areas = ("Arnhem/Presikhaaf", "Utrecht")
    found = [
        measures.held_on(open_report("leefbaarheid", a, 2008, 2014, data=str(practice)), (1998, 2002, 2006))
        for a in areas
    ]
    assert len(asked) == 1
    totals = [part["groups"][["weak", "improved", "held"]].sum().tolist() for part in found]
    assert (
        totals[0] == totals[1] == [int(plain(*asked[0])[name].sum()) for name in ("weak", "improved", "held")]
    )
    assert found[0]["later"] == found[1]["later"]


def test_the_reports_on_one_city_share_one_drawing_of_its_map(practice, store, monkeypatch):
    drawn = []
    plain = maps.area_map
    monkeypatch.setattr(maps, "area_map", lambda *a, **k: drawn.append(a) or plain(*a, **k))
    areas = ("Arnhem/Presikhaaf", "Arnhem/Klarendal", "Arnhem")
    reports = [open_report("leren", area, data=str(practice)) for area in areas]
    monkeypatch.setattr(content, "environment", lambda: "of this test")
    shown = [maps.show(report) for report in reports]
    assert len(drawn) == 1
    assert shown[0] == shown[1] == shown[2]
    monkeypatch.setattr(content, "environment", lambda: "another")
    maps.show(reports[0])
    assert len(drawn) == 2
