"""A stated number: recorded when made, written the Dutch way, linked to its row, the same in text and table."""

import re

import numpy as np
import pandas as pd
import pytest

from helpers.report import open_report
from helpers.state import Statements
from wijkenaanpak.measures.monitor import Estimate
from wijkenaanpak.pages import html


@pytest.fixture
def stated():
    return Statements("werk", "Utrecht", simulated=True)


def add(stated, numbers, measure="gap", unit="procentpunt", **about):
    return stated.add(measure, numbers, about.pop("period", 2017), unit, "nww", **about)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("", "−1,2 (−2,0 tot −0,4)"),
        ("bare", "−1,2"),
        ("size", "1,2"),
        ("size unit", "1,2 procentpunt"),
        ("unit", "−1,2 (−2,0 tot −0,4) procentpunt"),
    ],
)
def test_a_number_is_written_as_asked_behind_the_colon(stated, words, text):
    number = add(stated, (-1.2, -2.0, -0.4))
    assert html.plain(f"{number:{words}}") == number.text(words) == text


def test_a_change_carries_its_sign_and_a_level_does_not(stated):
    assert add(stated, (1.2, 0.4, 2.0), "gap_change").text() == "+1,2 (+0,4 tot +2,0)"
    assert add(stated, (1.2, 0.4, 2.0)).text() == "1,2 (0,4 tot 2,0)"
    assert add(stated, (1.2, 0.4, 2.0)).text("+ bare") == "+1,2"


def test_an_unknown_word_is_refused_with_the_words_there_are(stated):
    with pytest.raises(ValueError, match=r"'kaal'.*bare, size, unit"):
        format(add(stated, 1.0), "kaal")


def test_a_measure_that_the_page_on_methods_does_not_know_is_refused(stated):
    with pytest.raises(ValueError, match=r"measures\.MEASURES"):
        add(stated, 1.0, "verzonnen")


@pytest.mark.parametrize(
    "numbers",
    [
        (1.0, 0.5, 1.5),
        {"estimate": 1.0, "lower": 0.5, "upper": 1.5},
        pd.Series({"estimate": 1.0, "lower": 0.5, "upper": 1.5}),
        Estimate(1.0, 0.5, 1.5),
    ],
)
def test_whatever_carries_an_estimate_and_its_margin_can_be_stated(stated, numbers):
    assert add(stated, numbers).numbers == (1.0, 0.5, 1.5)
    assert np.isnan(add(stated, 1.0, period=2018).numbers[1])


def test_the_same_number_again_replaces_the_earlier_and_keeps_its_place(stated):
    first, other, again = add(stated, 1.0), add(stated, 2.0, period=2018), add(stated, 3.0)
    assert first.anchor == again.anchor != other.anchor
    assert stated.frame()["estimate"].tolist() == [3.0, 2.0]


def test_the_sign_is_that_of_the_whole_margin(stated):
    assert [add(stated, n).sign for n in ((1, 0.5, 2), (-1, -2, -0.5), (1, -1, 3), 1.0)] == [1, -1, 0, 0]


def test_what_documents_published_is_not_simulated(stated):
    kinds = [stated.add("awards", 1, 2009, "aantal", name).row["status"] for name in ("wijken_40plus", "nww")]
    assert kinds == ["published", "simulated"]


def test_a_row_cannot_be_changed_behind_the_record(stated):
    with pytest.raises(TypeError):
        add(stated, 1.0).row["estimate"] = 2.0


def test_a_number_in_text_and_in_a_table_links_to_the_same_row(store, practice):
    r = open_report("werk", "Utrecht", data=str(practice))
    number = r.state("gap", (7.0, 6.5, 7.5), period=2017, reference="stad")
    link = f'<a class="cijfer" href="#{number.anchor}">7,0 (6,5 tot 7,5)</a>'
    assert link in r.say(f"Het is {number} procentpunt.")
    assert link in r.table(pd.DataFrame({"naam": ["a"], "getal": [number]}), "Proef")
    assert "\ue000" not in r.table(
        pd.DataFrame({"naam": ["a"], "getal": [f"{number:bare} in 2017"]}), "Proef"
    )


def test_a_column_is_stated_row_by_row_with_what_each_row_says(store, practice):
    r = open_report("werk", "Utrecht", data=str(practice))
    data = pd.DataFrame(
        {"period": [2007, 2017], "estimate": [1.0, 2.0], "lower": [0.5, 1.5], "upper": [1.5, 2.5]}
    )
    found = r.state("gap", data, reference=["stad", "g18"])
    rows = r.stated.frame()
    assert rows["reference"].tolist() == ["stad", "g18"]
    assert rows["period"].tolist() == ["2007", "2017"]
    assert rows["unit"].tolist() == ["procentpunt"] * 2
    assert list(found.index) == list(data.index)


def test_rows_of_the_batch_are_in_a_fixed_order_with_missing_numbers_empty(stated):
    add(stated, 2.0, period=2018)
    add(stated, (1.0, np.nan, np.nan), period=2007)
    lines = stated.csv("werk/utrecht.html").splitlines()
    assert lines[0].startswith(
        "OEFENDATA,werk,Utrecht,nww,gap,beschrijvend,,2007,1.0,,,procentpunt,,simulated,werk/utrecht.html"
    )
    assert re.match(r".*,2018,2\.0,,,", lines[1])


def test_two_rows_of_a_table_that_would_be_one_row_of_the_results_are_refused(store, practice):
    r = open_report("werk", data=str(practice))
    rows = pd.DataFrame({"estimate": [1.0, 2.0], "lower": [0.0, 1.0], "upper": [2.0, 3.0]})
    with pytest.raises(ValueError, match=r"twee rijen van 'effect' heten hetzelfde .*een eigen `method`"):
        r.state("effect", rows, reference="g18", method="landelijk")
    apart = r.state("effect", rows, reference="g18", method=["landelijk", "zonder Rotterdam"])
    assert len({number.anchor for number in apart}) == 2
    r.state(
        "effect", rows.iloc[[0, 0]], reference="g18", method="tweemaal hetzelfde"
    )  # the same is no contradiction
