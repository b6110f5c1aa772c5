"""The pages as a reviewer sees them: in a real browser, from disk, on a phone and on paper."""

import shutil

import pytest

from wijkenaanpak.questions import OVERVIEW, names

CHROMIUM = next(
    (p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="geen Chromium aanwezig: installeer het pakket chromium"
)

PAGES = [
    *("index.html", "methode.html", "werk/nederland.html", "wonen/utrecht.html"),
    *("leefbaarheid/utrecht-overvecht.html", "overzicht/nederland.html", "overzicht/utrecht-overvecht.html"),
]
ALL = ["index.html", "methode.html"]
ALL += [f"{v}/{g}.html" for v in names() for g in ("nederland", "utrecht", "utrecht-overvecht")]
# Every page in the first look; in the others, where only colours and widths differ, one of each kind.
KINDS = ["index.html", "methode.html", "leefbaarheid/nederland.html", "veiligheid/utrecht.html"]
KINDS += ["overzicht/utrecht-overvecht.html"]
LOOKS = {
    "licht": {"viewport": {"width": 1280, "height": 900}},
    "donker": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "telefoon": {"viewport": {"width": 360, "height": 740}},
    "papier": {"viewport": {"width": 794, "height": 1123}},
}


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
        " && !e.closest('.tabel, .beeld, pre')).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []


def test_every_picture_is_drawn_and_none_is_cut_off(opened):
    drawn = opened.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth, i.alt.length])")
    assert all(complete and width > 300 and alt > 40 for complete, width, alt in drawn)


# Of a report on one question; the overview of a wijk puts all five side by side.
WORDS = {"utrecht-overvecht": 700, "utrecht": 900, "nederland": 1200}


@pytest.mark.parametrize("gebied", WORDS)
def test_what_is_read_before_a_fold_is_short(gebied, browser, rendered):
    page, words = browser.new_page(viewport={"width": 1280, "height": 900}), {}
    for vraag in names():
        page.goto((rendered[1] / vraag / f"{gebied}.html").as_uri())
        words[vraag] = len(page.locator("main").inner_text().split())
        shown = page.evaluate(
            "[...document.querySelectorAll('figure.figuur')].filter(e => e.checkVisibility()).length"
        )
        assert shown <= 6, vraag
    page.close()
    overview = words.pop(OVERVIEW)
    assert max(words.values()) <= WORDS[gebied], words
    assert overview <= max(WORDS[gebied], 800)


def test_the_code_is_hidden_and_one_click_away(opened):
    if opened.locator("details.code").count() == 0:
        return
    code = opened.locator("details.code").first
    assert not code.locator("pre").is_visible()
    code.locator("summary").click()
    assert (
        "open_report(" in code.locator("pre").inner_text() or "def gaps(" in code.locator("pre").inner_text()
    )


def test_a_page_prints_without_losing_its_tables(opened):
    opened.emulate_media(media="print")
    width = opened.evaluate("document.documentElement.clientWidth")
    assert (
        opened.evaluate("Math.max(...[...document.querySelectorAll('main > *')].map(e => e.offsetWidth))")
        <= width
    )
    assert len(opened.pdf(format="A4")) > 20_000


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_no_barrier_on_any_page(look, browser, rendered):
    from axe_playwright_python.sync_playwright import Axe

    # Only the checker's own script needs the policy out of the way; the policy has tests of its own.
    context = browser.new_context(**LOOKS[look], bypass_csp=True)
    page, axe, found = context.new_page(), Axe(), []
    if look == "papier":
        page.emulate_media(media="print")
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    for name in ALL if look == "licht" else KINDS:
        page.goto((rendered[1] / name).as_uri())
        result = axe.run(page, options={"runOnly": rules})
        found += [(name, v["id"], v["nodes"][0]["html"][:120]) for v in result.response["violations"]]
    context.close()
    assert found == []


@pytest.fixture
def index(rendered, browser):
    """The index at desktop width."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((rendered[1] / "index.html").as_uri())
    yield page
    page.close()


def visible(page):
    return page.locator("#matrix tbody tr:visible th").all_inner_texts()


def hits(page, asked):
    page.get_by_label("Zoek een gebied").fill(asked)
    return page.locator("#treffers a").all_inner_texts()


def test_the_index_finds_an_area_by_name_without_accents_or_capitals(index):
    assert len(visible(index)) == 59
    index.get_by_label("Zoek een gebied").fill("OVERvecht")
    assert [name.split(" ")[0] for name in visible(index)] == ["Overvecht"]
    assert index.locator("#telling").inner_text() == "1 van de 59 gebieden"
    index.get_by_label("Zoek een gebied").fill("utrecht")
    assert len(visible(index)) == 1 + 4


@pytest.mark.parametrize(
    ("asked", "row"),
    [
        ("Zuilen-Oost", "Zuilen Oost"),
        ("zuilenoost", "Zuilen Oost"),
        ("overvegt", "Overvecht"),
        ("Schilderwijk", "Schilderswijk"),
        ("bos lommer", "Bos en Lommer"),
    ],
)
def test_the_index_forgives_how_a_name_is_written(asked, row, index):
    index.get_by_label("Zoek een gebied").fill(asked)
    assert [name.removesuffix(" kandidaat") for name in visible(index)] == [row]


def test_the_index_finds_a_wijk_by_its_postcode_and_says_when_there_is_none(index, practice):
    import pandas as pd

    listed = pd.read_csv(practice / "aandachtswijken_pc4.csv", dtype=str).set_index("wijk")["pc4"]
    pc4 = listed[["Utrecht/Overvecht"]].iloc[0]
    assert hits(index, f"{pc4} AB") == ["Overvecht, Utrecht", "Utrecht"]
    assert hits(index, "9999") == []
    assert "Geen gebied" in index.locator("#telling").inner_text()


def test_enter_opens_the_best_hit(index):
    assert hits(index, "utrecht")[0] == "Utrecht"
    index.keyboard.press("Enter")
    index.wait_for_url("**/overzicht/utrecht.html")


def test_what_is_chosen_on_the_index_lives_in_its_address(index, browser):
    index.get_by_role("combobox", name="Stad").select_option("Utrecht")
    index.get_by_label("alleen wijken").check()
    index.get_by_label("marges en effect").check()
    index.locator("#kaart-werk").check()
    shown = visible(index)
    other = browser.new_page(viewport={"width": 1280, "height": 900})
    other.goto(index.url)
    assert visible(other) == shown
    assert len(shown) == 4
    assert other.locator("#kaart-werk").is_checked()
    assert other.locator("td .marge").first.is_hidden()
    assert other.locator("tr:visible td .marge").first.is_visible()
    other.close()


def test_a_margin_shows_when_its_number_has_the_focus(index):
    cell = index.locator("#matrix tr.stad td:has(.marge)").first
    assert not cell.locator(".marge").is_visible()
    cell.locator("a").focus()
    assert "tot" in cell.locator(".marge").inner_text()
    assert cell.locator(".marge").is_visible()


def test_the_index_answers_on_its_first_screen(index):
    for part in ("#zoek", ".landelijk tbody tr:last-child", ".kaart .tegel >> nth=0"):
        box = index.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 800, part


def test_a_tile_of_the_map_shows_the_verdict_of_the_chosen_question(rendered, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((rendered[1] / "index.html").as_uri())
    tile = page.locator(".tegel[aria-label^='Overvecht']")
    for vraag in ("werk", "wonen"):
        page.locator(f"#kaart-{vraag}").check()
        assert tile.locator(f".v-{vraag}").is_visible()
        assert tile.locator(".oordeel:visible").count() == 1
    context.close()


def test_the_index_filters_by_city_and_verdict(index, rendered):
    index.get_by_role("combobox", name="Stad").select_option("Utrecht")
    names = [name.split(" ")[0] for name in visible(index)]
    assert names[0] == "Utrecht"
    assert "Overvecht" in names
    index.get_by_role("combobox", name="Stad").select_option("")
    index.get_by_role("combobox", name="Oordeel").select_option("kleiner")
    shown = index.locator("#matrix tbody tr:visible")
    assert 0 < shown.count() < 59
    assert all("kleiner" in text for text in shown.all_text_contents())


def test_the_index_sorts_by_keyboard_and_says_so(index):
    button = index.get_by_role("button", name="Leefbaarheid")
    button.focus()
    index.keyboard.press("Enter")
    head = index.locator("#matrix thead th").nth(5)
    assert head.get_attribute("aria-sort") == "ascending"
    values = [
        float(v)
        for v in index.locator("#matrix td:nth-child(6)[data-waarde]").evaluate_all(
            "cells => cells.map(c => c.dataset.waarde)"
        )
    ]
    assert values == sorted(values)
    assert len(values) == 3
    index.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    index.get_by_role("button", name="Gebied").click()
    assert visible(index)[0].startswith("Nederland")


def test_the_index_is_complete_without_its_script(rendered, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((rendered[1] / "index.html").as_uri())
    assert page.locator("#matrix tbody tr").count() == 59
    assert not page.locator("#zoeken").is_visible()
    page.locator('#matrix a[href="werk/utrecht.html"]').click()
    assert page.locator("h1").inner_text().startswith("Utrecht:")
    context.close()


def test_a_cited_number_leads_to_its_visible_row(rendered, browser):
    page = browser.new_page()
    page.goto((rendered[1] / "werk" / "utrecht.html").as_uri())
    link = page.locator(".antwoord a.cijfer").first
    target = link.get_attribute("href")
    link.click()
    cell = page.locator(target)
    cell.wait_for(state="visible")
    assert link.inner_text().lstrip("−+") in cell.inner_text()
    page.close()


def test_the_policy_stops_a_script_that_gets_onto_a_page(rendered, browser, tmp_path):
    for name in ("index.html", "werk/utrecht.html"):
        text = (rendered[1] / name).read_text()
        evil = "<script>document.title='gekaapt'</script><img src=x onerror=\"document.title='gekaapt'\">"
        path = tmp_path / name.replace("/", "-")
        path.write_text(text.replace("</main>", f"{evil}</main>"))
        page = browser.new_page()
        page.goto(path.as_uri())
        assert page.title() != "gekaapt"
        assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
        page.close()


def test_a_page_opens_within_a_second(rendered, browser):
    page = browser.new_page()
    for name in ("index.html", "werk/utrecht.html"):
        page.goto((rendered[1] / name).as_uri())
        timing = "performance.getEntriesByType('navigation')[0].loadEventEnd"
        assert min(page.reload() and page.evaluate(timing) for _ in range(3)) < 1000
    page.close()


def test_injected_markup_in_an_area_a_label_or_a_cell_stays_text(browser, tmp_path):
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers import draw
    from wijkenaanpak.pages import compare, html, pages
    from wijkenaanpak.results import RESULT_COLUMNS

    evil = "<img src=x onerror=alert(1)><script>alert(1)</script>\"'"
    row = dict.fromkeys(RESULT_COLUMNS, evil) | dict.fromkeys(("estimate", "lower", "upper", "n"), 1.0)
    pd.DataFrame([row]).to_csv(tmp_path / "oud.csv", index=False)
    pd.DataFrame([row | {"estimate": 2.0}]).to_csv(tmp_path / "nieuw.csv", index=False)
    runs = [compare.read(tmp_path / f"{name}.csv") for name in ("oud", "nieuw")]
    found = compare.differences(*runs)
    drawn = draw.Picture(Figure(), evil, evil, evil)._repr_html_().replace("<img alt", "<picture data-alt")
    parts = {
        "tabel": html.table(pd.DataFrame({evil: [evil]}), evil),
        "figuur": drawn,
        "zinnen": html.paragraphs([evil]) + html.box(evil) + html.verdict_tag(evil),
        "vergelijking": pages.comparison_page(found, compare.counts(*runs, found), (evil, evil)),
    }
    page = browser.new_page()
    said = []
    page.on("dialog", lambda d: (said.append(d.message), d.dismiss()))
    for name, part in parts.items():
        path = tmp_path / f"{name}.html"
        path.write_text(str(part))
        page.goto(path.as_uri())
        assert page.locator("img, script").count() == 0, name
        assert "onerror" in page.locator("body").inner_text(), name
    assert said == []
    page.close()
