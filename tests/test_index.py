"""What the index says of any number of reports: one, some, none."""

import dataclasses
import io

import pandas as pd
import pytest

from wijkenaanpak.pages import english, index
from wijkenaanpak.pages.pages import method_page
from wijkenaanpak.programme import main, slug
from wijkenaanpak.questions import names, questions
from wijkenaanpak.results import RESULT_COLUMNS
from wijkenaanpak.sources.facts import read_codebook

LABELS = read_codebook().set_index("indicator")["label"]

VRAGEN = questions()


def rows(vragen, gebied="Nederland", sign=-1.0, judged=0.0):
    found = []
    for vraag in vragen:
        same = {
            "data": "gepubliceerd",
            "question": vraag,
            "gebied": gebied,
            "indicator": "lbm",
            "status": "published",
        }
        same |= {"method": "beschrijvend", "reference": "rest_stad", "period": "2008-2018", "unit": "punt"}
        found += [
            same | {"measure": "target_verdict", "estimate": sign, "unit": "oordeel"},
            same
            | {
                "measure": "gap_change",
                "estimate": 0.02 * sign,
                "lower": 0.02 * sign - 0.01,
                "upper": 0.02 * sign + 0.01,
            },
            same | {"measure": "effect_verdict", "estimate": judged, "unit": "oordeel"},
        ]
        for year, gap in (("2008", 0.25), ("2018", 0.25 + 0.02 * sign)):
            found.append(
                same
                | {
                    "measure": "gap",
                    "period": year,
                    "estimate": gap,
                    "lower": gap - 0.01,
                    "upper": gap + 0.01,
                }
            )
    return pd.DataFrame(found, columns=RESULT_COLUMNS)


def page(data, pages=()):
    text = io.StringIO()
    data.to_csv(text, index=False)
    return index.index_page(
        text.getvalue(), len(data), [], set(pages), {"Utrecht/Overvecht": ["3561"]}, main(), LABELS
    )


@pytest.mark.parametrize(
    ("vragen", "sign", "said"),
    [
        (VRAGEN[:1], -1.0, "de achterstand bij werk aantoonbaar kleiner"),
        (VRAGEN[:1], 0.0, "de achterstand bij werk niet aantoonbaar kleiner"),
        (VRAGEN[:3], -1.0, "de achterstand bij alle 3 vragen aantoonbaar kleiner"),
        (VRAGEN[:3], 0.0, "de achterstand bij geen van de 3 vragen aantoonbaar kleiner"),
    ],
)
def test_the_headline_counts_in_correct_dutch(vragen, sign, said):
    assert said in page(rows(vragen, sign=sign))


def test_the_index_without_any_report_says_so_and_links_none():
    text = page(rows(()))
    assert "nog geen rapporten" in text
    assert ".html" not in text.split("<main")[1].replace("methode.html", "")


def test_an_undecided_verdict_is_called_the_same_in_every_cell():
    text = page(rows(VRAGEN, "Utrecht/Overvecht", sign=0.0), [f"{v}/utrecht-overvecht.html" for v in VRAGEN])
    assert "onbeslist" not in text
    assert text.count("niet vast te stellen, ") == len(VRAGEN)
    assert "OEFENDATA" not in text
    assert 'data-pc4="3561"' in text


def test_the_summary_in_english_writes_numbers_the_english_way_with_their_margins():
    told = english.summary(rows(("leefbaarheid",)), False, main(), LABELS)
    assert "from 0.250 points (95% margin 0.240 to 0.260) to 0.230 points" in told
    assert "became smaller" in told
    assert "cannot be estimated" in told
    assert english.summary(rows(()), False, main(), LABELS) == ""


def test_text_of_a_programme_a_codebook_and_a_failed_report_stays_text():
    hostile = """<img src=x onerror=alert(1)>"'><script>alert(1)</script>"""
    of = dataclasses.replace(main(), aanpak=hostile, english=hostile)
    book = read_codebook().assign(
        label=hostile, definition=hostile, unit=hostile, publisher=hostile, table=hostile, breaks=hostile
    )
    found = rows(VRAGEN).assign(unit=hostile)
    every = {f"{vraag}/{slug(gebied)}.html" for vraag in VRAGEN for gebied in of.areas}
    pages = (
        index.index_page(
            found.to_csv(index=False),
            len(found),
            [hostile],
            every,
            {"Utrecht/Overvecht": [hostile]},
            of,
            dict.fromkeys(LABELS.index, hostile),
        ),
        method_page(of, book),
    )
    for made in pages:
        assert "<img" not in made and "<script>alert" not in made
        assert 'onerror=alert(1)>"' not in made  # nor out of an attribute
        assert "&lt;img" in made


def test_a_part_of_the_reports_says_so_and_opens_the_map_on_what_is_there():
    part = page(rows(["werk"], "Utrecht"), ["werk/utrecht.html"])
    assert f"Dit is een deel: 1 van de {len(main().areas) * len(names())} rapporten" in part
    assert "geen landelijk rapport met een reeks" in part
    assert 'value="werk" checked' in part
    every = [f"{vraag}/{slug(gebied)}.html" for vraag in names() for gebied in main().areas]
    assert "Dit is een deel" not in page(rows(VRAGEN), every)
