"""Text and files of others are text and data: nothing in them runs, hangs, reaches outside the folder or fills the memory."""

import csv
import io
import json
import os
import re
import socket
import sqlite3
import zipfile

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

import test_publishers
from helpers.report import open_report
from test_browser import CHROMIUM
from wijkenaanpak import SourceError, results
from wijkenaanpak.run import batch
from wijkenaanpak.sources import files, folder, workbook
from wijkenaanpak.sources.files import Log

# What people put where text belongs, each with what a page must not do with it.
CORPUS = [
    "<script>window.hit=1</script>",
    '"><img src=x onerror="window.hit=1">',
    "<svg/onload=window.hit=1>",
    "</style></title><iframe srcdoc='<script>parent.hit=1</script>'>",
    "[klik](javascript:window.hit=1)",
    "{{ 7*7 }}{% raw %}",
    "$\\href{javascript:window.hit=1}{x}$",
    "=1+1",
    '=HYPERLINK("http://voorbeeld.nl";"klik")',
    "@SUM(1;1)",
    "+31201234567 bel",
    "-2+3 wijk",
    "&lt;b&gt;&amp;#106;",
    "gelijk\u202eKJIW\u2066 om",
    "../../../etc/passwd",
    "CON",
    "😀" * 20,
    "n" * 300,
]
WORK = [f"{kind} {text}" if text[0] not in "=@+-<" else text for kind, text in zip("abcdefghijklmnopqr", CORPUS, strict=True)]  # fmt: skip


def country(where, unit="%", years=(2006, 2008, 2012, 2017)):
    """A series of one's own with the corpus in every text: labels, definitions, sources, areas, files."""
    where.mkdir(parents=True, exist_ok=True)
    areas = [f"{i} {text}" if i % 2 else text for i, text in enumerate(CORPUS)]
    rows = [(a, y, "eigen", 10 + i % 7 + (y - 2006) / 10, 500, text) for i, (a, text) in enumerate(zip(areas, CORPUS, strict=True)) for y in years]  # fmt: skip
    pd.DataFrame(rows, columns=["gebied", "jaar", "indicator", "waarde", "n", "bron"]).to_csv(where / "reeksen.csv", index=False)  # fmt: skip
    wijk = ["Utrecht/Overvecht" if i < 6 else "" for i in range(len(areas))]
    pd.DataFrame({"gebied": areas, "naam": CORPUS, "gemeente": "Utrecht", "aandachtswijk": wijk}).to_csv(where / "gebieden.csv", index=False)  # fmt: skip
    text = CORPUS[0] + CORPUS[1] + CORPUS[7]
    outcome = {"indicator": "eigen", "vraag": "werk", "label": text, "eenheid": unit, "richting": -1, "definitie": text, "bron": text, "breuken": f"2010: {text}"}  # fmt: skip
    pd.DataFrame([outcome]).to_csv(where / "uitkomsten.csv", index=False)
    (where / f"notitie {CORPUS[1].replace('/', '')}.csv").write_text("a;b\n1;2\n")
    return where


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, store):
    """Pages of such a folder, made once."""
    data, out = country(tmp_path_factory.mktemp("kwaad") / "bron"), tmp_path_factory.mktemp("paginas")
    options = ["--vraag", "werk", "--gebied", "Utrecht", "--gebied", "Utrecht/Overvecht"]
    assert batch.main(["reports", "--data", str(data), "--out", str(out), *options]) == 0
    return out


def test_text_of_a_folder_stays_text_in_every_page(hostile):
    assert {p.name for p in (hostile / "werk").glob("*.html")} == {"utrecht.html", "utrecht-overvecht.html"}
    for page in hostile.rglob("*.html"):
        text = page.read_text()
        assert "<script>window.hit" not in text and "<img src=x" not in text and "<svg/onload" not in text
        assert "<iframe" not in text and "49{%" not in text
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", text), page


@pytest.mark.skipif(CHROMIUM is None, reason="geen Chromium aanwezig: installeer het pakket chromium")
def test_nothing_of_a_folder_runs_in_a_browser(hostile):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for path in sorted(hostile.rglob("*.html")):
            page = browser.new_page()
            asked: list[str] = []
            page.on("request", lambda r, asked=asked: asked.append(r.url))
            page.goto(path.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            page.wait_for_timeout(50)
            assert page.evaluate("window.hit") is None, path
            assert [u for u in asked if not u.startswith(("data:", page.url))] == []
            assert page.evaluate("[...document.links].filter(a => /^javascript/i.test(a.href)).length") == 0
        browser.close()


def test_no_cell_of_a_csv_is_a_formula(hostile):
    texts = [p.read_text() for p in hostile.rglob("*.csv")]
    for page in hostile.rglob("*.html"):
        texts += re.findall(r'href="data:text/csv[^,]*,([^"]*)"', page.read_text())
    assert len(texts) > 3
    for text in texts:
        for row in csv.reader(io.StringIO(text)):
            for cell in row:
                assert not re.match(r"[=@\t\r]|[+-](?![\d.,]+(e-?\d+)?$)", cell), cell


@pytest.mark.parametrize("text", ["=1+1", "@SUM(1)", "+a", "-a", "\t=1", "\r=1", "-2+3"])
def test_a_formula_gets_an_apostrophe_before_it_and_a_number_does_not(text):
    assert results.plain(text) == f"'{text}"
    assert [results.plain(v) for v in ("a=1", "-0.5", "+3", "−2", "", 1.5)] == ["a=1", "-0.5", "+3", "−2", "", 1.5]  # fmt: skip


# ---- files that are no files -------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path):
    where = tmp_path / "bron"
    where.mkdir()
    (where / "reeksen.csv").write_text("gebied,jaar,indicator,waarde\nUtrecht,2006,nww,5.5\nUtrecht,2008,nww,5.1\n")  # fmt: skip
    return where


def reasons(tables):
    return dict(zip(tables.inventory["bestand"], tables.inventory["reden"], strict=True))


def test_a_pipe_a_socket_and_a_device_are_left_alone(data):
    os.mkfifo(data / "reeksen-pijp.csv")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(data / "gebieden.csv"))
        (data / "peilingen.csv").symlink_to("/dev/zero")
        found = reasons(folder.read_folder(data))
    assert len(found) == 4
    assert sum("geen gewoon bestand" in why or "buiten de map" in why for why in found.values()) == 3


def test_a_link_out_of_the_folder_is_not_read_and_one_in_a_circle_ends(data, tmp_path):
    secret = tmp_path / "geheim.csv"
    secret.write_text("gebied,jaar,indicator,waarde\nwachtwoord,2008,nww,1\n")
    (data / "reeksen-elders.csv").symlink_to(secret)
    (data / "rond").symlink_to(data)
    (data / "zelf.csv").symlink_to(data / "zelf.csv")
    (data / "map").mkdir()
    (data / "map" / "binnen.txt").symlink_to(data / "reeksen.csv")
    tables = folder.read_folder(data)
    assert "buiten de map" in reasons(tables)["reeksen-elders.csv"]
    assert len(tables.observations) == 2
    whole = tmp_path / "via"
    whole.symlink_to(data)  # the folder itself may be a link
    assert len(folder.read_folder(whole).observations) == 2


def test_a_folder_with_the_name_of_a_file_is_no_file(data):
    for name in ("reeksen2.csv", "aandachtswijken_pc4.csv", "x_pc4.gpkg", "oud.zip", "charters.csv", "OEFENDATA.json"):  # fmt: skip
        (data / name).mkdir()
    tables = folder.read_folder(data)
    assert len(tables.observations) == 2 and not tables.simulated


# ---- zips --------------------------------------------------------------------------------------------


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            archive.writestr(name, raw)
    return path


def nested(levels):
    raw, name = b"a", "a.txt"
    for _ in range(levels):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr(name, raw)
        raw, name = inner.getvalue(), "a.zip"
    return raw


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda d: zipped(d / "bom.zip", {"reeksen9.csv": bytes(files.FREE + 1)}), "maal zo groot"),
        (lambda d: (d / "diep.zip").write_bytes(nested(files.DEEPEST + 2)), "zips in zips"),
        (lambda d: zipped(d / "veel.zip", {f"{i}.txt": b"" for i in range(files.MEMBERS + 1)}), "bestanden in"),
        (lambda d: zipped(d / "reeksen-bom.xlsx", {"xl/sheet.xml": bytes(files.FREE + 1)}), "maal zo groot"),
    ],
    ids=["ratio", "depth", "members", "workbook"],
)  # fmt: skip
def test_a_zip_that_unpacks_without_measure_is_refused_before_it_is_unpacked(data, make, says):
    make(data)
    with pytest.raises(SourceError, match=says):
        folder.read_folder(data)


def test_a_file_larger_than_the_limit_is_refused_before_it_is_read(data):
    with (data / "reeksen-groot.csv").open("wb") as file:
        file.truncate(files.LARGEST + 1)
    with pytest.raises(SourceError, match="groter dan"):
        folder.read_folder(data)


def test_names_in_a_zip_reach_nothing_outside_it(data, tmp_path):
    zipped(data / "weg.zip", {"../../buiten.csv": "x", "/etc/x.csv": "y", "C:\\x.csv": "z"})
    folder.read_folder(data)
    assert not (tmp_path / "buiten.csv").exists()


# ---- workbooks and maps ------------------------------------------------------------------------------


def changed(path, **parts):
    """A workbook with other text in some of its parts."""
    test_publishers.workbook(path, [["een", 2.0]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    return zipped(path, members | {f"xl/{name}.xml": text for name, text in parts.items()})


LAUGHS = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)) + ']><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts><numFmt numFmtId="9" formatCode="&j;"/></numFmts></styleSheet>'  # fmt: skip
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><styleSheet>&e;</styleSheet>'
)


def test_a_workbook_gives_values_and_runs_no_formula(tmp_path):
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cell = '<c><f>WEBSERVICE("http://voorbeeld.nl")</f><v>2</v></c>'
    sheet = f'<worksheet xmlns="{main}"><sheetData><row>{cell}</row></sheetData></worksheet>'
    assert [rows for _, rows in workbook.sheets(changed(tmp_path / "a.xlsx", s=sheet))] == [[["2"]]]


@pytest.mark.parametrize("styles", [LAUGHS, OUTSIDE, "<", ""], ids=["laughs", "outside", "half", "empty"])
def test_entities_and_broken_parts_of_a_workbook_give_one_message(tmp_path, styles):
    path = changed(tmp_path / "a.xlsx", styles=styles)
    try:
        shown = str(list(workbook.sheets(path)))
    except SourceError as error:
        shown = str(error)
    assert "root:" not in shown and len(shown) < 2000


def test_a_map_with_triggers_is_read_and_changes_nothing(data, tmp_path):
    shapes = gpd.GeoDataFrame({"pc4": ["3561", "3562"]}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=28992)  # fmt: skip
    shapes.geometry = shapes.translate(135_000, 455_000)
    shapes.to_file(data / "pc4.gpkg", layer="pc4")
    with sqlite3.connect(data / "pc4.gpkg") as base:
        base.execute("CREATE TABLE hit (x)")
        base.execute("CREATE TRIGGER t AFTER INSERT ON pc4 BEGIN INSERT INTO hit VALUES (1); END")
    before = {p.name: p.read_bytes() for p in data.iterdir()}
    assert len(folder.read_folder(data).boundaries) == 2
    assert {p.name: p.read_bytes() for p in data.iterdir()} == before
    with sqlite3.connect(data / "pc4.gpkg") as base:
        base.execute("CREATE VIEW v AS SELECT load_extension('x')")
    with pytest.raises(SourceError, match=r"pc4\.gpkg"):
        folder.read_folder(data)


@pytest.mark.parametrize("at", [1e300, float("inf"), float("nan"), -1e9])
def test_absurd_coordinates_give_one_message(data, at):
    ring = [[at, 0], [at, 1], [1, 1], [at, 0]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"pc4": "3561"}, "geometry": geometry}
    (data / "pc4.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(SourceError, match=r"pc4\.geojson"):
        folder.read_folder(data)


def test_deeply_nested_json_gives_one_message(data):
    (data / "71718ned").mkdir()
    for part in ("DataProperties", "RegioS", "Perioden", "TypedDataSet"):
        (data / "71718ned" / f"{part}.json").write_text("[" * 100_000)
    with pytest.raises(SourceError, match="geen geldige JSON"):
        folder.read_folder(data)


def test_invisible_signs_are_taken_out_and_counted(data):
    (data / "reeksen.csv").write_text("gebied,jaar,indicator,waarde\nUtr\u202eecht,2006,nww,5.5\nUtrecht\x07,2008,nww,5.1\n")  # fmt: skip
    tables = folder.read_folder(data)
    assert set(tables.observations["area"]) == {"Utrecht"}
    assert tables.log.query("what.str.contains('onzichtbare')")["count"].sum() == 2


def test_a_report_reads_no_more_than_its_folder(hostile):
    with pytest.raises(SourceError):
        open_report("werk", "../../etc/passwd")
    assert Log().rows == []
