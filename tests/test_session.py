"""What somebody who explores in a notebook meets: what a report is, what is refused and how, what is said while it works."""

import json
import os

import pytest
from IPython.core.interactiveshell import InteractiveShell

from helpers import effect, session
from helpers.report import open_report
from notebook import cells_of
from wijkenaanpak import SourceError, content
from wijkenaanpak.pages.html import Html
from wijkenaanpak.programme import main
from wijkenaanpak.sources.names import check_area

GIVEN = 'gebied, start, eind, referentie, seed = "Utrecht", 2007, 2017, "rest_stad", 2007\ndata = {data!r}'
OPENING = 'from helpers.report import open_report\nr = open_report("werk", gebied, start, eind, referentie, data, seed)'


@pytest.fixture
def shell(monkeypatch):
    """An IPython of its own, with nobody looking on."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.fixture
def said(shell, capsys):
    """What a cell shows besides its value."""

    def run(source):
        capsys.readouterr()
        shell.run_cell(source, store_history=True)
        found = capsys.readouterr()
        return found.out + found.err

    return run


@pytest.fixture(scope="module")
def country(store, practice):
    return open_report("werk", data=str(practice))


def test_a_report_says_what_it_is_about_and_gives_its_series_in_one_line(country, practice):
    assert "werk: Komen bewoners" in repr(country) and "2007-2017" in repr(country)
    r = open_report("werk", "Utrecht/Overvecht", data=str(practice))
    own, whole = r.frame(), r.frame(everywhere=True)
    assert {"Utrecht/Overvecht", "G18", "Nederland"} <= set(own["area"])
    assert own["indicator"].nunique() > 1 and set(whole["indicator"]) == {"nww"}
    assert whole["area"].nunique() == 600 and (whole["wijk"] == "Utrecht/Overvecht").any()
    with pytest.raises(SourceError, match="bedoelt u 'nww'"):
        r.frame("nwww")


def test_a_comparison_without_others_or_without_wijken_is_refused_in_words(country):
    areas = effect.sample(country, "g18")
    fewer = effect.compared(areas[areas["city"] != "Rotterdam"])
    assert 0 < len(fewer) < len(effect.compared(areas))
    with pytest.raises(SourceError, match="geen gebied om mee te vergelijken"):
        effect.compared(areas.query("treated == 1"))
    with pytest.raises(SourceError, match="geen aandachtswijk meer"):
        effect.compared(areas[areas["city"] == "Roterdam"])
    with pytest.raises(SourceError, match="bedoelt u 'g18'"):
        effect.sample(country, "g188")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("'s-Gravenhage", "bedoelt u 'Den Haag'"),
        ("den haag", "bedoelt u 'Den Haag'"),
        ("Zaandam", "bedoelt u 'Zaanstad'"),
        ("The Hague/Schilderswijk", "bedoelt u 'Den Haag/Schilderswijk'"),
        ("overvecht", "bedoelt u 'Utrecht/Overvecht'"),
        ("Den Bosch", "'s-Hertogenbosch heeft geen gebied"),
        ("Utrech", "bedoelt u 'Utrecht'"),
    ],
)
def test_an_area_by_another_name_is_understood(name, told):
    with pytest.raises(SourceError, match=told):
        check_area("gebied", name, main().areas)


def test_an_error_in_the_input_is_one_line_in_a_notebook(said):
    shown = said('from helpers.report import open_report\nopen_report("werk", "Utrech")')
    assert shown.strip().splitlines() == [
        "Fout: Parameter gebied = 'Utrech' bestaat niet; bedoelt u 'Utrecht' of 'Utrecht/Ondiep' of 'Dordrecht'?"
    ]


def test_a_misspelt_parameter_of_stock_papermill_is_refused(said, store, practice):
    said(GIVEN.format(data=str(practice)))
    said('# Parameters\ngebeid = "Utrecht/Overvecht"\n')
    assert "Parameter 'gebeid' bestaat niet in dit notebook; bedoelt u 'gebied'?" in said(OPENING)


def test_parameters_that_change_without_the_report_are_noticed_until_it_is_opened_again(
    said, store, practice
):
    said(GIVEN.format(data=str(practice)))
    assert said(OPENING) == "" and said("r.period").endswith("'2007-2017'\n")
    assert said("start = 2010") == ""
    assert "start = 2010, het rapport heeft 2007" in said("r.period")
    said(OPENING)
    assert "veranderd" not in said("r.period")


def test_the_page_to_begin_with_runs_from_top_to_bottom_without_parameters(shell, store, practice):
    opens = 'open_report("werk", "Utrecht/Overvecht"'
    cells = [cell["source"] for cell in cells_of("begin") if cell["cell_type"] == "code"]
    assert any(opens in source for source in cells)
    for source in cells:
        shell.run_cell(
            source.replace(opens, f"{opens}, data={str(practice)!r}"), store_history=True
        ).raise_error()
    assert "start" not in shell.user_ns
    shell.run_cell(
        "r.period", store_history=True
    ).raise_error()  # what is not in the notebook has not changed


def test_a_copy_opened_in_lab_is_told_which_report_it_opens(said, tmp_path, monkeypatch, store, practice):
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "gebied = 1"}
    opens = {"cell_type": "code", "metadata": {}, "source": 'open_report("werk")'}
    (tmp_path / "kopie.ipynb").write_text(json.dumps({"metadata": {}, "cells": [cell, opens]}))
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "kopie.ipynb"))
    said(GIVEN.format(data=str(practice)))
    monkeypatch.setattr(session.questions, "folder", lambda: tmp_path)
    with pytest.raises(
        SourceError, match=r'kopie.ipynb opent het rapport van .werk.; .* open_report\("kopie"'
    ):
        session.opened({})


def test_links_of_a_page_and_what_is_being_done_are_told_only_where_they_mean_something(
    shell, monkeypatch, capsys
):
    linked = Html('<p><a class="cijfer" href="#g1">3,1</a> <a href="https://cbs.nl">CBS</a></p>')
    content.working("even geduld")
    assert linked._repr_html_() == str(linked) and capsys.readouterr().err == ""
    monkeypatch.setitem(os.environ, "JPY_SESSION_NAME", "werk.ipynb")
    content.working("even geduld")
    assert linked._repr_html_() == '<p>3,1 <a href="https://cbs.nl">CBS</a></p>'
    assert capsys.readouterr().err == "even geduld\n"
