"""The batch as its users run it: through the command line, on a small practice panel."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from helpers.state import FACTS
from wijkenaanpak import content, dutch, programme
from wijkenaanpak.measures.explained import FAMILIES
from wijkenaanpak.measures.measures import MEASURES
from wijkenaanpak.pages import pages
from wijkenaanpak.questions import names, questions
from wijkenaanpak.results import RESULT_COLUMNS, RESULTS_MIME
from wijkenaanpak.run import batch, plan
from wijkenaanpak.sources import facts

ROOT = Path(__file__).resolve().parents[1]


def test_a_batch_renders_every_report_of_the_selection_and_the_index(rendered):
    code, out = rendered
    assert code == 0
    wanted = {f"{v}/{a}.html" for v in names() for a in ("nederland", "utrecht", "utrecht-overvecht")}
    assert {p.relative_to(out).as_posix() for p in out.rglob("*.html")} == wanted | {
        "index.html",
        "methode.html",
    }
    assert not list(out.rglob("*.deel"))


def test_no_page_asks_anything_of_the_network_and_runs_only_its_one_known_script(rendered):
    for page in rendered[1].rglob("*.html"):
        text = page.read_text()
        assert not re.search(r"(?:src|href|url\()\s*=?\s*[\"']?(?:https?:)?//", text), page
        assert "default-src 'none'" in text
        assert "unsafe" not in text.split("</head>")[0]
        scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
        if page.name == "methode.html":
            assert "<script" not in text
            assert "script-src 'none'" in text
        else:
            name = "overzicht.js" if page.name == "index.html" else "rapport.js"
            assert scripts == [(content.TEMPLATES / name).read_text()]
            assert f"script-src '{pages.csp(scripts[0])}'" in text


def test_every_link_leads_to_a_report_that_exists_or_belongs_to_the_batch(rendered):
    _, out = rendered
    planned = {f"{job.name}.html" for job in plan.jobs()}
    for page in out.rglob("*.html"):
        text = page.read_text()
        for link in re.findall(r'href="(?!data:)([^"]+)"', text):
            target, _, anchor = link.partition("#")
            file = (page.parent / target).resolve() if target else page
            if not file.exists():
                assert file.relative_to(out.resolve()).as_posix() in planned, (page, link)
            elif anchor:
                assert f'id="{anchor}"' in file.read_text(), (page, link)


def test_every_cited_number_leads_to_its_row_and_from_there_to_definition_and_source(rendered):
    _, out = rendered
    results = pd.read_csv(out / "results.csv", dtype={"period": str})
    method = (out / "methode.html").read_text()
    for name in ("werk/nederland.html", "leren/utrecht.html", "leefbaarheid/utrecht-overvecht.html"):
        text = (out / name).read_text()
        cells = dict(re.findall(r'<td id="(g\d+)">(.*?)</td>', text))
        cited = re.findall(r'<a class="cijfer" href="#(g\d+)">(.*?)</a>', text)
        assert len(cited) > 20
        for anchor, shown in cited:
            leading = re.sub(r"[+−]", "", shown.split(" ")[0])
            assert leading in re.sub(r"[+−]", "", cells[anchor]) or shown.startswith("m"), (
                name,
                anchor,
                shown,
            )
        assert len(cells) == (results.query("report == @name")["unit"] != "oordeel").sum()
        for anchor in re.findall(r'href="../methode.html#([^"]+)"', text):
            assert f'id="{anchor}"' in method, anchor
    assert "def gap_closed(" in method


def test_the_page_on_methods_says_of_every_measure_what_it_is_and_when_it_misleads():
    text = html.unescape(pages.method_page(programme.main(), facts.read_codebook()))
    assert not [key for family in FAMILIES for key in family.formulas if key not in MEASURES]
    for key, measure in MEASURES.items():
        row = re.search(rf'<tr id="{key}">(.*?)</tr>', text)
        assert row, key
        assert measure.definition in row[1]
    for family in FAMILIES:
        assert family.misleads in text
    folded = re.sub(r"<details.*?</details>", "", text, flags=re.S)
    assert "def " not in folded
    assert len(re.sub(r"<[^>]*>", " ", folded.split("<main")[1]).split()) < 4500


def test_figures_are_numbered_and_sources_stand_in_footnotes(rendered):
    text = (rendered[1] / "werk" / "utrecht.html").read_text()
    titles = re.findall(r'<p class="figuur-titel">(.*?)</p>', text)
    assert [t.split(".")[0] for t in titles] == [f"Figuur {i + 1}" for i in range(len(titles))]
    assert len(titles) >= 5
    used = set(re.findall(r'href="#noot-(\d+)"', text))
    listed = re.findall(r'<li id="noot-(\d+)">(.*?)</li>', text)
    assert used == {n for n, _ in listed}
    assert any("71718ned" in source for _, source in listed)
    assert any("Voortgangsrapportage" in source for _, source in listed)


def test_each_report_has_its_own_numbers_as_csv(rendered):
    _, out = rendered
    whole = pd.read_csv(out / "results.csv", dtype=str)
    own = pd.read_csv(out / "wonen" / "utrecht.csv", dtype=str)
    assert own.equals(whole[whole["report"] == "wonen/utrecht.html"].reset_index(drop=True))
    assert 'href="utrecht.csv"' in (out / "wonen" / "utrecht.html").read_text()


def test_a_report_leads_to_its_neighbours_its_wijken_and_the_other_questions(rendered):
    _, out = rendered
    city = (out / "wonen" / "utrecht.html").read_text()
    wijken = [g for g in programme.main().areas if g.startswith("Utrecht/")]
    for target in (*(f"{programme.slug(w)}.html" for w in wijken), "../werk/utrecht.html", "../index.html"):
        assert f'href="{target}"' in city
    assert re.search(r'rel="prev">Vorige: Schiedam<', city)
    wijk = (out / "wonen" / "utrecht-overvecht.html").read_text()
    assert 'rel="prev">' in wijk
    assert 'rel="next">' in wijk


@pytest.mark.parametrize("vraag", questions())
def test_gap_reference_margin_source_and_status_stand_on_the_page_itself(vraag, rendered):
    _, out = rendered
    text = (out / vraag / "utrecht-overvecht.html").read_text()
    results = pd.read_csv(out / vraag / "utrecht-overvecht.csv", dtype={"period": str})
    gap = results.query("measure == 'gap' and period == '2010' and reference == 'rest_stad'").iloc[0]
    table = next(t for t in re.findall(r"<table>.*?</table>", text, re.S) if "<caption>Achterstand – " in t)
    heads = re.findall(r'<th scope="col">(.*?)</th>', table)
    book = pd.read_csv(content.RAW / "indicatoren.csv").set_index("indicator").loc[gap.indicator]
    group = next(g for g in table.split("<tbody>") if f">{book['label']} (" in g)
    row = re.search(r'<tr><th scope="row">2010</th>(.*?)</tr>', group)[1]
    cell = re.findall(r"<td[^>]*>(.*?)</td>", row)[heads.index("de rest van Utrecht") - 1]
    assert cell == dutch.with_interval(gap.estimate, gap.lower, gap.upper, gap.unit)
    assert gap.unit in group
    assert f"{book['publisher']}, {book['table']}" in text
    assert "oefendata: gesimuleerd" in text
    assert "<strong>Oefendata.</strong>" in text


def test_a_report_of_another_version_is_left_out_of_the_index(store, practice, rendered, tmp_path):
    out = tmp_path / "reports"
    shutil.copytree(rendered[1], out)
    file = out / "werk" / "utrecht.csv"
    file.write_text("question,gebied\n" + file.read_text().split("\n", 1)[1])
    batch.publish(str(practice), 2007, [], out)
    assert 'href="werk/utrecht.html"' not in (out / "index.html").read_text()
    assert "werk/utrecht.html" not in set(pd.read_csv(out / "results.csv")["report"])


def test_pages_are_light(rendered):
    sizes = {p.relative_to(rendered[1]).as_posix(): p.stat().st_size for p in rendered[1].rglob("*.html")}
    assert sizes["index.html"] < 400_000
    assert sorted(s for n, s in sizes.items() if "overvecht" in n)[3] <= 210_000
    # Of a city; each figure brings its numbers as a file.
    assert sorted(s for n, s in sizes.items() if n.endswith("/utrecht.html"))[3] <= 245_000


def test_every_image_has_alternative_text_and_every_table_a_caption_and_scopes(rendered):
    for page in rendered[1].rglob("*.html"):
        text = page.read_text()
        alts = re.findall(r'<img alt="([^"]*)" src="data:', text)
        assert text.count("<img") == len(alts)
        assert all(len(a) > 40 for a in alts)
        assert text.count("<table") == text.count("<caption>")
        assert not re.search(r"<th(?=[ >])(?![^>]* scope=)", text)
        assert len(re.findall(r"<h1[ >]", text)) == 1


def test_every_number_in_results_csv_stands_in_its_report(rendered):
    _, out = rendered
    results = pd.read_csv(out / "results.csv", dtype={"period": str})
    assert list(results.columns) == RESULT_COLUMNS
    assert len(results) > 3000
    facts = results["indicator"].isin(FACTS)  # published by documents, in practice reports too
    assert set(results.loc[~facts, "status"]) == {"simulated"}
    assert set(results.loc[facts, "status"]) == {"published"}
    for name, rows in results[results["unit"] != "oordeel"].groupby("report"):
        text = (out / name).read_text()
        shown = {
            dutch.with_interval(r.estimate, r.lower, r.upper, r.unit, MEASURES[r.measure].signed)
            for r in rows.itertuples()
        }
        missing = [t for t in shown if t.removesuffix(" (marge onbekend)") not in text]
        assert not missing, (name, missing[:5])


def test_the_index_states_the_verdict_of_each_report(rendered):
    _, out = rendered
    results = pd.read_csv(out / "results.csv")
    index = (out / "index.html").read_text()
    verdicts = results[results["measure"] == "target_verdict"]
    assert len(verdicts) == 15
    for row in verdicts.itertuples():
        word = dutch.verdict("target_verdict", row.estimate)
        css = word.replace(" ", "-")
        assert re.search(rf'href="{row.report}"[^>]*><span class="oordeel {css}">{word}<', index)
    assert "Onderzocht zijn 145 uitspraken" in index


def test_practice_is_marked_in_every_title_printed_page_and_row(rendered):
    _, out = rendered
    for page in out.rglob("*.html"):
        text = page.read_text()
        if page.name == "methode.html":  # says how is computed, and shows no figures
            continue
        assert "<title>OEFENDATA – " in text, page
        assert "@top-center { content: 'OEFENDATA" in text, page
    for file in out.rglob("*.csv"):
        rows = pd.read_csv(file, dtype=str)
        assert rows.columns[0] == "data"
        assert ((rows["data"] == "OEFENDATA") == (rows["status"] == "simulated")).all()
    assert 'download="oefendata-results.csv"' in (out / "index.html").read_text()
    assert 'download="oefendata-wonen-utrecht.csv"' in (out / "wonen" / "utrecht.html").read_text()


def test_the_index_and_national_pages_have_a_summary_in_english_of_their_own_numbers(rendered):
    _, out = rendered
    results = pd.read_csv(out / "results.csv", dtype={"period": str})
    index = (out / "index.html").read_text()
    for vraag in questions():
        own = (out / vraag / "nederland.html").read_text()
        told = re.search(r'<details lang="en">.*?</details>', own, re.S)[0]
        gap = results.query(
            "question == @vraag and gebied == 'Nederland' and measure == 'gap' and reference == 'rest_stad'"
        ).set_index("period")
        for year in re.search(r"between (\d{4}) and (\d{4}) the gap", told).groups():
            size = dutch.in_unit(gap.loc[year, "estimate"], gap.loc[year, "unit"]).replace(",", ".")
            assert size in told or "cannot be said" in told
            assert size in index or "cannot be said" in told
        assert "OEFENDATA: the series on this page are simulated" in told
    assert "Summary in English" not in (out / "werk" / "utrecht.html").read_text()


def test_the_same_batch_gives_the_same_bytes(rendered, practice, tmp_path):
    _, out = rendered
    assert (
        batch.main(
            [
                "reports",
                "--data",
                str(practice),
                "--out",
                str(tmp_path),
                "--vraag",
                "wonen",
                "--gebied",
                "Utrecht",
            ]
        )
        == 0
    )
    again = tmp_path / "wonen" / "utrecht.html"
    assert again.read_bytes() == (out / "wonen" / "utrecht.html").read_bytes()


def test_a_failing_report_is_named_leaves_its_page_and_the_others_alone(
    rendered, practice, tmp_path, monkeypatch, capsys
):
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    for name in ("werk", "wonen"):
        content = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
        if name == "werk":
            content["cells"][3]["source"] = ["1 / 0"]
        (notebooks / f"{name}.ipynb").write_text(json.dumps(content))
    monkeypatch.setenv("WIJKEN_NOTEBOOKS", str(notebooks))
    out = tmp_path / "reports"
    (out / "werk").mkdir(parents=True)
    (out / "werk" / "utrecht.html").write_text("van eerder")
    code = batch.main(
        [
            "reports",
            "--data",
            str(practice),
            "--out",
            str(out),
            "--gebied",
            "Utrecht",
            "--vraag",
            "werk",
            "--vraag",
            "wonen",
        ]
    )
    printed = capsys.readouterr().out
    assert code == 1
    assert "1 rapporten klaar, 0 waren actueel, 1 mislukt" in printed
    assert "werk, Utrecht: cel 4 (1 / 0): ZeroDivisionError: division by zero" in printed
    assert (out / "werk" / "utrecht.html").read_text() == "van eerder"
    assert "division by zero" in (out / "index.html").read_text()
    assert (out / "wonen" / "utrecht.html").stat().st_size > 50_000


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--gebied", "Utrecht/Overvegt"], "'Utrecht/Overvecht'"),
        (["--vraag", "werken"], "'werk'"),
        (["--data", "geen-map"], "geen-map"),
    ],
)
def test_wrong_options_give_one_message_and_exit_code_2(options, part, tmp_path, capsys):
    assert batch.main(["reports", "--out", str(tmp_path / "r"), *options]) == 2
    message = capsys.readouterr().err.strip()
    assert message.startswith("Fout: ")
    assert part in message
    assert len(message.splitlines()) == 1
    assert not (tmp_path / "r").exists()


def test_bad_data_is_refused_before_any_report_is_lost(practice, tmp_path, capsys):
    folder = tmp_path / "bron"
    folder.mkdir()
    (folder / "lbm3_pc4.csv").write_text("PC4,jaar,lbm,afw,fys,onv,soc,vrz\n1011,2008,4,0,0,0,0,0\n")
    out = tmp_path / "reports"
    out.mkdir()
    (out / "index.html").write_text("van eerder")
    assert batch.main(["reports", "--data", str(folder), "--out", str(out), "--vraag", "werk"]) == 2
    message = capsys.readouterr().err
    assert "lbm3_pc4.csv" in message
    assert "'won'" in message
    assert (out / "index.html").read_text() == "van eerder"


def test_there_are_354_reports_with_names_of_their_own():
    jobs = plan.jobs()
    assert len(jobs) == 354
    assert len({job.name for job in jobs}) == 354
    assert programme.slug("Dordrecht/Wielwijk/Crabbehof") == "dordrecht-wielwijk-crabbehof"


def test_an_interval_of_a_planted_effect_is_asked_as_indicator_is_value(tmp_path, capsys):
    assert batch.main(["simulate", "--out", str(tmp_path / "p"), "--effect", "nww:1"]) == 2
    assert "nww:1" in capsys.readouterr().err
    assert batch.main(["simulate", "--out", str(tmp_path / "p"), "--effect", "nwv=1"]) == 2
    assert "nwv" in capsys.readouterr().err


@pytest.mark.parametrize("vraag", names())
def test_stock_papermill_runs_a_notebook_from_any_directory(vraag, practice, store, tmp_path):
    command = [
        *(sys.executable, "-m", "papermill", str(ROOT / "notebooks" / f"{vraag}.ipynb"), "uit.ipynb"),
        *("-p", "gebied", "Arnhem/Malburgen/Immerloo", "-p", "data", str(practice), "--no-progress-bar"),
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    cells = json.loads((tmp_path / "uit.ipynb").read_text())["cells"]
    outputs = [o for c in cells for o in c.get("outputs", [])]
    assert not [o for o in outputs if o.get("name") == "stderr"]
    assert any(RESULTS_MIME in o.get("data", {}) for o in outputs)


# ---- without a network -------------------------------------------------------------------------------

BLOCKED = """
import socket

def nothing(self, address, *_):
    if self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost"):
        return connect(self, address)
    raise OSError(f"geen netwerk: {address}")

connect, socket.socket.connect, socket.socket.connect_ex = socket.socket.connect, nothing, nothing
"""


def test_a_report_is_made_without_a_network(store, practice, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(BLOCKED)  # of every process that starts
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}

    def python(*arguments):
        return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)

    asked = python("-c", "import socket; socket.create_connection(('192.0.2.1', 80), 1)")
    assert "geen netwerk" in asked.stderr
    job = ["--vraag", "werk", "--gebied", "Utrecht/Overvecht", "--data", str(practice), "--out", str(tmp_path / "uit")]  # fmt: skip
    made = python("-m", "wijkenaanpak", "reports", *job)
    assert made.returncode == 0 and "geen netwerk" not in made.stderr, made.stderr
    assert (tmp_path / "uit" / "werk" / "utrecht-overvecht.html").exists()
