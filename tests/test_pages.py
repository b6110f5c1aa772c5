"""What the pages say: the sentences and drawings of each kind of page, and that no two of them contradict each other.

A changed sentence or drawing makes a test fail that shows the difference; ``pytest --snapshot-update`` keeps it.
"""

import html
import re
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from syrupy.extensions.image import SVGImageSnapshotExtension
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from wijkenaanpak import dutch

KINDS = (
    "leefbaarheid/nederland",
    "werk/utrecht",
    "veiligheid/utrecht-overvecht",
    "overzicht/utrecht",
    "index",
)
NUMBER = r"[−+-]?\d[\d.]*(?:,\d+)?"


class Text(SingleFileSnapshotExtension):
    """One text file a page."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


def sentences(page):
    """What a reader sees of a page before unfolding anything, a line a paragraph, cell or heading; numbers as #."""
    text = re.sub(r'(?:src|href)="data:[^"]*"', "", page.partition('<main id="inhoud">')[2])
    text = re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.S)
    while "<details" in text:  # folds in folds, the innermost first
        text = re.sub(r"<details(?:(?!<details).)*?</details>", "", text, flags=re.S)
    lines = re.split(r"</(?:p|li|h\d|td|th|caption|figcaption|dd|dt|summary|option|label)>", text)
    plain = (re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", line))).strip() for line in lines)
    said = (
        line
        for line in plain
        if line and not line.lower().startswith(("versie ", "gemaakt van: ", "kenmerk wijkenaanpak:"))
    )
    return "\n".join(dict.fromkeys(re.sub(NUMBER, "#", line) for line in said)) + "\n"


@pytest.mark.parametrize("name", KINDS, ids=lambda name: name.replace("/", "-"))
def test_the_sentences_of_a_page_are_those_that_were_agreed(rendered, name, snapshot):
    page = (rendered[1] / f"{name}.html").read_text()
    assert sentences(page) == snapshot(extension_class=Text)


def test_no_two_parts_of_a_page_have_one_name(rendered):
    for path in sorted(rendered[1].rglob("*.html")):
        found = re.findall(r'<[a-z][^>]*? id="([^"]*)"', path.read_text())
        assert len(found) == len(set(found)), (path.name, [i for i in found if found.count(i) > 1][:3])


LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
LOCKED = dict(re.findall(r"^([a-z0-9_.-]+)==(\S+)", LOCK.read_text(), re.M))


@pytest.mark.skipif(
    version("matplotlib") != LOCKED["matplotlib"],
    reason="een ander matplotlib dan afgesproken zet punten anders",
)
@pytest.mark.parametrize(
    ("name", "figure"),
    [("leefbaarheid/nederland", 0), ("werk/utrecht", 1), ("overzicht/utrecht", 0)],
    ids=("antwoord", "niveaus", "vragen"),
)
def test_a_figure_is_the_one_that_was_agreed(rendered, name, figure, snapshot):
    page = (rendered[1] / f"{name}.html").read_text()
    drawn = re.findall(r'src="data:image/svg\+xml,([^"]*)"', page)[figure]
    svg = re.sub(
        r"(?<=\d)\.\d+", "", unquote(html.unescape(drawn))
    )  # a tenth of a point may differ by processor
    assert svg == snapshot(extension_class=SVGImageSnapshotExtension)


# ---- no page contradicts itself, nor another -------------------------------------------------------


def read(text):
    return float(text.replace("−", "-").replace("+", "").replace(".", "").replace(",", "."))


def reports(rendered):
    for page in sorted(rendered[1].glob("*/*.html")):
        yield page.relative_to(rendered[1]).with_suffix("").as_posix(), page.read_text()


def test_a_verdict_in_a_table_follows_from_the_margin_beside_it(rendered):
    """Who reads "kleiner" beside a margin sees a margin that lies below zero, in the decimals shown."""
    seen = 0
    for name, page in reports(rendered):
        for row in re.findall(r"<tr>(.*?)</tr>", page, re.S):
            tag = re.search(r'class="oordeel (kleiner|groter)"', row)
            cells = [
                html.unescape(re.sub(r"<[^>]+>", "", c))
                for c in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)
            ]
            margins = [
                m
                for c in cells[:4]
                if (m := re.fullmatch(rf"({NUMBER}) \(({NUMBER}) tot ({NUMBER})\)\D*", c))
            ]
            if not tag or not margins:
                continue
            estimate, low, high = map(read, margins[0].groups())
            assert low <= estimate <= high, (name, cells)
            assert high <= 0 if tag[1] == "kleiner" else low >= 0, (name, cells)
            seen += 1
    assert seen > 20


def test_the_answer_the_index_and_the_results_give_one_verdict(rendered):
    out = rendered[1]
    results = pd.read_csv(out / "results.csv")
    goal = results[results["measure"] == "target_verdict"].set_index(["question", "gebied"])["estimate"]
    index = (out / "index.html").read_text()
    for (question, gebied), sign in goal.items():
        if question == "overzicht":
            continue
        place = gebied.lower().replace("/", "-")
        answer = re.search(
            r'<div class="antwoord">(.*?)</div>', (out / question / f"{place}.html").read_text(), re.S
        )[1]
        word = dutch.verdict("target_verdict", sign)
        if sign == sign and sign:
            assert (
                re.search(rf"werd [\w ]*{word}", answer) or ": beter" in answer or ": slechter" in answer
            ), (question, gebied)
        elif sign == 0:
            assert "is niet vast te stellen" in answer, (question, gebied)
        assert re.search(rf'href="{question}/{place}.html" aria-label="[^"]*: {word}', index), (
            question,
            gebied,
            word,
        )


def test_the_answer_and_the_part_on_the_effect_judge_alike(rendered):
    results = pd.read_csv(rendered[1] / "results.csv")
    effects = results[results["measure"] == "effect_verdict"].set_index(["question", "gebied"])["estimate"]
    for (question, gebied), sign in effects.items():
        page = (rendered[1] / question / f"{gebied.lower().replace('/', '-')}.html").read_text()
        answer = re.search(r'<div class="antwoord">(.*?)</div>', page, re.S)[1]
        favourable = re.search(r"naar schatting (gunstig|ongunstig) uit", answer)
        assert (favourable[1] if favourable else None) == {-1.0: "gunstig", 1.0: "ongunstig"}.get(sign), (
            question,
            gebied,
        )


def test_every_margin_holds_its_estimate_and_no_number_is_nan_or_infinite(rendered):
    for name, page in reports(rendered):
        text = re.sub(r"<(style|script|pre)\b.*?</\1>", "", page, flags=re.S)
        text = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r'(?:src|href)="data:[^"]*"', "", text)))
        broken = re.search(r".{0,60}\b(?:nan|inf|None|NaT)\b.{0,20}", text)
        assert not broken, (name, broken[0])
        for estimate, low, high in re.findall(rf"({NUMBER}) \(({NUMBER}) tot ({NUMBER})\)", text):
            assert read(low) <= read(estimate) <= read(high), (name, estimate, low, high)


@pytest.mark.parametrize(
    "wrong",
    [
        r"(?<![\d,.])0 (?:keer|maal)\b",
        r"\bzo'n 0\b",
        r"\b1 (?:wijken|steden|vragen|gebieden|uitspraken|reeksen|metingen)\b",
        r"(?<!van )de aandachtswijken (?:had|werd|verschilde|week)\b",
        r"\bweek de aandachtswijken\b",
    ],
)
def test_number_agrees_in_every_sentence(rendered, wrong):
    for name, page in reports(rendered):
        text = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r'src="data:[^"]*"', "", page)))
        found = re.search(rf".{{0,50}}{wrong}.{{0,30}}", text)
        assert not found, (name, found[0])
