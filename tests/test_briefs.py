"""The brief of two pages: what is printed of an overview, by a browser that is already there."""

import re

import pytest

from wijkenaanpak.run import batch, briefs

needs_browser = pytest.mark.skipif(
    briefs.browser() is None, reason="geen Chromium aanwezig: installeer het pakket chromium"
)
AREAS = ("nederland", "utrecht", "utrecht-overvecht")


@pytest.fixture(scope="module")
def printed(rendered):
    assert batch.main(["briefs", "--out", str(rendered[1])]) == 0
    return rendered[1] / "briefs"


@needs_browser
def test_every_overview_becomes_a_brief_of_at_most_two_pages_named_as_practice(printed):
    assert {f.name for f in printed.iterdir()} == {f"oefendata-{area}.pdf" for area in AREAS}
    for file in printed.iterdir():
        assert 1 <= len(briefs.PAGE.findall(file.read_bytes())) <= briefs.MOST


@needs_browser
def test_printing_again_gives_the_same_bytes(printed, rendered):
    before = {f: f.read_bytes() for f in printed.iterdir()}
    assert batch.main(["briefs", "--out", str(rendered[1])]) == 0
    assert {f: f.read_bytes() for f in printed.iterdir()} == before


def test_a_brief_holds_the_answer_and_the_running_head_of_practice_and_leaves_the_rest_out(rendered):
    text = (rendered[1] / "overzicht" / "utrecht.html").read_text()
    assert "@top-center { content: 'OEFENDATA" in text
    kept = "".join(re.findall(r'<div class="kort">(.*?)</div><div class="(?:buiten-)?kort">', text, re.S))
    assert 'class="antwoord"' in text.split('<div class="buiten-kort">')[0]
    assert "<h2" in kept
    assert re.search(r'<div class="buiten-kort">\s*<h3>Verschoof het probleem naar de buren', text)


def test_without_a_browser_one_line_says_so_and_what_to_do(rendered, monkeypatch, capsys):
    monkeypatch.setattr(briefs, "browser", lambda: None)
    assert batch.main(["briefs", "--out", str(rendered[1])]) == 2
    said = capsys.readouterr().err.strip()
    assert "geen Chromium" in said
    assert len(said.splitlines()) == 1


@needs_browser
def test_without_overviews_one_line_says_how_to_make_them(tmp_path, capsys):
    assert batch.main(["briefs", "--out", str(tmp_path)]) == 2
    assert "make reports" in capsys.readouterr().err


@needs_browser
def test_a_brief_that_grew_to_three_pages_is_refused_and_the_old_one_stays(tmp_path, capsys):
    page = tmp_path / "overzicht" / "utrecht.html"
    page.parent.mkdir()
    page.write_text("<title>x</title>" + "<p style='break-after:page'>een</p>" * 2 + "drie")
    old = tmp_path / "briefs" / "utrecht.pdf"
    old.parent.mkdir()
    old.write_text("van eerder")
    assert batch.main(["briefs", "--out", str(tmp_path)]) == 2
    assert "3 bladzijden" in capsys.readouterr().err
    assert old.read_text() == "van eerder"
