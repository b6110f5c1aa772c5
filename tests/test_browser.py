"""The pages as a reviewer sees them: in a real browser, from disk, on a phone and on paper."""

import shutil

import pytest

CHROMIUM = next(
    (p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="geen Chromium aanwezig: installeer het pakket chromium"
)

PAGES = ["index.html", "werk/nederland.html", "wonen/utrecht.html", "leefbaarheid/utrecht-overvecht.html"]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


@pytest.fixture(params=PAGES)
def opened(request, rendered, browser):
    """Open a page at phone width and note what it asks for and complains about."""
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.asked, page.said = [], []
    page.on("request", lambda r: page.asked.append(r.url))
    page.on("console", lambda m: page.said.append(m.text))
    page.goto((rendered[1] / request.param).as_uri())
    yield page
    page.close()


def test_a_page_asks_for_nothing_but_itself_and_the_console_is_silent(opened):
    assert [u for u in opened.asked if not u.startswith(("data:", opened.url))] == []
    assert opened.said == []


def test_a_phone_never_scrolls_sideways(opened):
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    wide = opened.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > 361"
        " && !e.closest('.tabel') && !e.closest('pre')).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []


def test_every_picture_is_drawn_and_none_is_cut_off(opened):
    drawn = opened.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth, i.alt.length])")
    assert all(complete and width > 300 and alt > 40 for complete, width, alt in drawn)


def test_the_code_is_hidden_and_one_click_away(opened):
    if opened.url.endswith("index.html"):
        return
    code = opened.locator("details.code").first
    assert not code.locator("pre").is_visible()
    code.locator("summary").click()
    assert "open_report(" in code.locator("pre").inner_text()


def test_a_page_prints_without_losing_its_tables(opened):
    opened.emulate_media(media="print")
    width = opened.evaluate("document.documentElement.clientWidth")
    assert (
        opened.evaluate("Math.max(...[...document.querySelectorAll('main > *')].map(e => e.offsetWidth))")
        <= width
    )
    assert len(opened.pdf(format="A4")) > 20_000


def test_injected_markup_in_an_area_or_a_cell_stays_text(browser, tmp_path):
    import pandas as pd

    from helpers import words

    path = tmp_path / "proef.html"
    path.write_text(
        words.table(pd.DataFrame({"wijk": ["<img src=x onerror=alert(1)>"]}), "<script>1</script>")
    )
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.locator("img, script").count() == 0
    page.close()
