"""A report is rebuilt when, and only when, something it depends on changed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from wijkenaanpak import content, programme, questions
from wijkenaanpak.run import batch, plan, warm
from wijkenaanpak.run.plan import Job
from wijkenaanpak.store import panel, place

ROOT = Path(__file__).resolve().parents[1]
AREAS = ("Nederland", "Utrecht", "Utrecht/Overvecht")


def options(practice, out, *more):
    return ["--data", str(practice), "--out", str(out), *more]


@pytest.fixture
def copied(rendered, tmp_path):
    """A reports folder with eighteen finished reports."""
    out = tmp_path / "reports"
    shutil.copytree(rendered[1], out)
    return out


def reasons(capsys, practice, out, *more):
    assert batch.main(["list", "--why", *options(practice, out, *more)]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    return {(vraag, gebied): why for vraag, gebied, _, why in rows if gebied in AREAS}


def test_a_run_with_nothing_to_do_imports_nothing_heavy_and_touches_nothing(store, practice, copied):
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in copied.rglob("*") if p.name != "bezig"}
    code = (
        "import sys; from wijkenaanpak.run import batch; code = batch.main(sys.argv[1:]); "
        "print(sorted({m.partition('.')[0] for m in sys.modules} & "
        "{'pandas', 'numpy', 'pyarrow', 'geopandas', 'matplotlib', 'papermill', 'nbconvert', 'jinja2', 'IPython'})); "
        "sys.exit(code)"
    )
    areas = [o for a in AREAS for o in ("--gebied", a)]
    run = subprocess.run(
        [sys.executable, "-c", code, "reports", *options(practice, copied, *areas)],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "0 rapporten klaar, 18 waren actueel, 0 mislukt" in run.stdout
    assert run.stdout.strip().endswith("[]")
    after = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in copied.rglob("*") if p.name != "bezig"}
    assert after == before


def test_what_was_finished_is_up_to_date_and_the_rest_was_never_made(store, practice, copied, capsys):
    batch.main(["list", "--why", *options(practice, copied)])
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 354
    assert {why for _, gebied, _, why in rows if gebied in AREAS} == {"actueel"}
    assert {why for _, gebied, _, why in rows if gebied not in AREAS} == {"nog niet gemaakt"}


def test_a_changed_cell_makes_only_its_own_question_due(
    store, practice, copied, capsys, tmp_path, monkeypatch
):
    notebooks = tmp_path / "notebooks"
    shutil.copytree(ROOT / "notebooks", notebooks)
    monkeypatch.setenv("WIJKEN_NOTEBOOKS", str(notebooks))
    path = notebooks / "werk.ipynb"
    content = json.loads(path.read_text())
    content["metadata"]["opened_by"] = "someone"
    content["cells"][1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "saved in JupyterLab"}
    ]
    path.write_text(json.dumps(content))
    assert set(reasons(capsys, practice, copied).values()) == {"actueel"}
    content["cells"][-1]["source"] += "\n# changed"
    path.write_text(json.dumps(content))
    found = reasons(capsys, practice, copied)
    assert {vraag for (vraag, _), why in found.items() if why == "veranderd: notebook"} == {"werk"}
    assert sum(why != "actueel" for why in found.values()) == 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("code/helpers/say.py", "veranderd: code (helpers/say.py)"),
        ("code/wijkenaanpak/pages/templates/stijl.css", "veranderd: sjabloon"),
        ("raw/uitspraken.csv", "veranderd: feiten in data/raw"),
        ("requirements.lock", "veranderd: omgeving"),
    ],
)
def test_code_template_facts_and_environment_make_everything_due_and_are_named(
    store, practice, copied, monkeypatch, tmp_path, name, reason
):
    jobs = plan.jobs((), AREAS, str(practice))
    for folder, target in ((content.CODE, "code"), (content.RAW, "raw")):
        shutil.copytree(folder, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    monkeypatch.setattr(content, "CODE", tmp_path / "code")
    monkeypatch.setattr(content, "TEMPLATES", tmp_path / "code" / "wijkenaanpak" / "pages" / "templates")
    monkeypatch.setattr(content, "RAW", tmp_path / "raw")
    monkeypatch.setattr(content, "ROOT", tmp_path)
    wanted = plan.dependencies(jobs)
    assert {plan.why(job, wanted[job], copied) for job in jobs} == {""}
    with (tmp_path / name).open("a") as stream:
        stream.write("\n")
    wanted = plan.dependencies(jobs)
    assert {plan.why(job, wanted[job], copied) for job in jobs} == {reason}


MODULES = sorted(
    f.relative_to(content.CODE).as_posix() for f in content.CODE.rglob("*.py") if f.stat().st_size
)
# No page is made with the first; the page on housing with the last.
NEVER = {
    "run/",
    "__main__.py",
    "sources/download.py",
    "pages/compare.py",
    "pages/index.py",
    "pages/known.py",
    "sources/coverage.py",
    "instruments/flows.py",
    "practice/example.py",
}
ONLY = {f"helpers/{name}.py": {"werk"} for name in ("checks", "maps")} | {
    f"wijkenaanpak/instruments/{name}.py": {"overzicht"}
    for name in ("charters", "costs", "series", "surveys")
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The code in a copy, once for all tests."""
    copy = tmp_path_factory.mktemp("huis") / "code"
    return shutil.copytree(content.CODE, copy, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def house(built, monkeypatch):
    """The code in a copy that a test may change; what it changes is put back."""
    monkeypatch.setattr(content, "CODE", built)
    before = {file: file.read_bytes() for file in built.rglob("*.py")}
    yield built
    for file, text in before.items():
        if file.read_bytes() != text:
            file.write_bytes(text)


@pytest.mark.parametrize("name", MODULES)
def test_a_changed_module_makes_due_what_imports_it_and_nothing_else(store, practice, house, name):
    jobs = plan.jobs(("werk", "overzicht"), ["Nederland"], str(practice))
    before = plan.dependencies(jobs)
    with (house / name).open("a") as stream:
        stream.write("\n# another line\n")
    after = plan.dependencies(jobs)
    changed = {job.vraag for job in jobs if before[job] != after[job]}
    if any(part in name for part in NEVER):
        assert changed == set()
    else:
        assert changed == ONLY.get(name, {"werk", "overzicht"})


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("effects/effects.py", True),
        ("effects/inference.py", True),
        ("effects/space.py", True),
        ("measures/monitor.py", True),
        ("pages/pages.py", False),
        ("run/batch.py", False),
        ("sources/download.py", False),
        ("instruments/flows.py", False),
    ],
)
def test_an_evaluation_is_computed_anew_when_what_it_imports_changed(house, name, again):
    before = content.code_key("wijkenaanpak.store.evaluation", inside=False)
    with (house / "wijkenaanpak" / name).open("a") as stream:
        stream.write("\n# another line\n")
    assert (content.code_key("wijkenaanpak.store.evaluation", inside=False) != before) is again


def test_an_evaluation_is_computed_anew_after_an_upgrade(monkeypatch):
    before = content.code_key("wijkenaanpak.store.evaluation")
    monkeypatch.setattr(content, "environment", lambda: "another statsmodels")
    assert content.code_key("wijkenaanpak.store.evaluation") != before


def test_imports_are_read_over_several_lines_and_under_other_names():
    text = "from wijkenaanpak.a import (\n    b,  # why\n    c as d,\n)\n\ndef f():\n    import helpers.e\n"
    assert content.imports(text, inside=False) == {"wijkenaanpak.a", "wijkenaanpak.a.b", "wijkenaanpak.a.c"}
    assert content.imports(text) - content.imports(text, inside=False) == {"helpers.e"}


def test_a_changed_or_lost_page_is_made_again(store, practice, copied, capsys):
    (copied / "werk" / "utrecht.html").write_text("half")
    (copied / "wonen" / "utrecht.csv").unlink()
    found = reasons(capsys, practice, copied)
    assert found["werk", "Utrecht"] == "utrecht.html ontbreekt of is veranderd"
    assert found["wonen", "Utrecht"] == "utrecht.csv ontbreekt of is veranderd"
    assert sum(why != "actueel" for why in found.values()) == 2
    assert batch.main(["reports", *options(practice, copied, "--gebied", "Utrecht")]) == 0
    assert "2 rapporten klaar, 4 waren actueel" in capsys.readouterr().out


def test_force_renders_what_is_up_to_date_to_the_same_bytes(store, practice, copied, capsys):
    page = copied / "leren" / "utrecht.html"
    before, inode = page.read_bytes(), page.stat().st_ino
    more = ["--gebied", "Utrecht", "--vraag", "leren", "--force"]
    assert batch.main(["reports", *options(practice, copied, *more)]) == 0
    assert "1 rapporten klaar, 0 waren actueel" in capsys.readouterr().out
    assert page.stat().st_ino != inode
    assert page.read_bytes() == before


# ---- the slice of the data -----------------------------------------------------------------------


def slices(folder):
    of = place.slices(panel.build(str(folder)))
    return {v: {g: of(v, g) for g in programme.main().areas} for v in questions.names()}


def changed(before, after):
    return {(v, g) for v in before for g in before[v] if before[v][g] != after[v][g]}


@pytest.fixture
def raw(practice, tmp_path):
    copy = tmp_path / "bron"
    shutil.copytree(practice, copy)
    return copy, slices(copy)


def correct(folder, year):
    """Change the score of one postcode in one year, with the total that it is a part of."""
    file = folder / "lbm3_pc4_oefen.csv"
    table = pd.read_csv(file, dtype=str)
    row = table.index[table["jaar"] == str(year)][0]
    difference = 0.0625 - float(table.loc[row, "fys"])
    for column in ("fys", "afw", "lbm"):
        table.loc[row, column] = f"{float(table.loc[row, column]) + difference:.6f}"
    table.to_csv(file, index=False)


def test_one_postcode_changes_only_the_questions_that_read_its_indicator(raw):
    folder, before = raw
    correct(folder, 2010)
    # The country is a reference of every report, and the postcode is in it.
    assert {v for v, _ in changed(before, slices(folder))} == {"leefbaarheid", "overzicht"}
    assert len(changed(before, slices(folder))) == 2 * 59


def test_a_value_of_before_the_start_changes_every_report(raw):
    folder, before = raw
    correct(folder, 2003)
    # Every effect is estimated at equal deprivation before, on all outcomes.
    assert {v for v, _ in changed(before, slices(folder))} == set(questions.names())


def test_a_value_published_for_one_wijk_changes_only_reports_that_compare_it(raw):
    folder, before = raw
    properties = pd.read_csv(folder / "71718ned" / "DataProperties.csv", dtype=str).set_index("ID")
    group = properties.index[properties["Title"] == "Niet-werkend werkzoekenden"][0]
    column = properties.loc[
        (properties["ParentID"] == group) & (properties["Title"] == "Totaal"), "Key"
    ].iloc[0]
    regions = pd.read_csv(folder / "71718ned" / "RegioS.csv", dtype=str).set_index("Title")["Key"]
    file = folder / "71718ned" / "data.csv"
    data = pd.read_csv(file, dtype=str)
    row = (data["RegioS"] == regions["Utrecht, Overvecht"]) & (data["Perioden"] == "2010JJ00")
    assert row.sum() == 1
    data.loc[row, column] = "19.9"
    data.to_csv(file, index=False)
    areas = ("Utrecht/Overvecht", "Utrecht", "Nederland")
    assert changed(before, slices(folder)) == {(q, a) for q in ("werk", "overzicht") for a in areas}


def test_the_same_content_in_another_order_is_the_same_slice(raw):
    folder, before = raw
    file = folder / "lbm3_pc4_oefen.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    assert changed(before, slices(folder)) == set()


def test_a_notebook_of_a_batch_does_not_hash_the_raw_files_again(raw, monkeypatch):
    folder, _ = raw
    store = place.store_path(str(folder), 2007)
    correct(folder, 2010)
    stale = panel.build(str(folder))
    correct(folder, 2011)
    with place.trusted([store]):
        monkeypatch.setattr(place, "store_key", None)
        assert panel.build(str(folder)) == stale
    monkeypatch.undo()
    assert store not in place.checked()


def test_a_store_that_changed_since_it_was_checked_is_looked_at_again(raw):
    folder, _ = raw
    store = place.store_path(str(folder), 2007)
    with place.trusted([store]):
        assert place.checked() == [store]
        meta = json.loads((store / "meta.json").read_text())
        (store / "meta.json").write_text(json.dumps({**meta, "key": "another"}))
        assert store not in place.checked()
    assert place.CHECKED not in os.environ


# ---- interruptions -------------------------------------------------------------------------------


def start(practice, out, *more, **kwargs):
    command = [sys.executable, "-m", "wijkenaanpak", "reports", *options(practice, out, *more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)


def whole(out):
    """Every page and table in a folder; fails when one of them is half or unaccounted for."""
    found = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*.html")}
    for name, page in found.items():
        assert page.rstrip().endswith(b"</html>"), name
    return found


def test_a_batch_killed_at_any_moment_keeps_what_was_finished_and_completes_to_the_same_bytes(
    store, practice, rendered, tmp_path
):
    out = tmp_path / "reports"
    areas = [o for a in AREAS for o in ("--gebied", a)]
    made: list[int] = []
    for least in (0, 1, 10):
        batch_ = start(practice, out, *areas, start_new_session=True)
        end = time.monotonic() + 120
        while len(list(out.glob("*/*.html"))) < least and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.3)
        batch_.send_signal(signal.SIGKILL)
        batch_.communicate()
        finished = {n: p for n, p in whole(out).items() if "/" in n}
        assert finished == {n: (rendered[1] / n).read_bytes() for n in finished}
        made.append(len(finished))
    assert made == sorted(made) and made[-1] >= 9  # the one being recorded may be made again
    done = start(practice, out, *areas)
    printed, _ = done.communicate()
    assert done.returncode == 0
    assert f"{18 - made[-1]} rapporten klaar, {made[-1]} waren actueel" in printed
    assert whole(out) == whole(rendered[1])
    assert (out / "results.csv").read_bytes() == (rendered[1] / "results.csv").read_bytes()
    assert not list(out.rglob(".*.deel"))


def test_ctrl_c_ends_cleanly_keeps_what_is_finished_and_leaves_no_process(store, practice, tmp_path):
    out = tmp_path / "reports"
    running = start(practice, out, "--gebied", "Utrecht", "--gebied", "Rotterdam", start_new_session=True)
    end = time.monotonic() + 60
    while not list(out.glob("*/*.html")) and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    _, message = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Afgebroken; wat klaar was is bewaard." in message
    assert "Traceback" not in message
    pages = [n for n in whole(out) if "/" in n]
    assert 0 < len(pages) < 10
    assert (out / "index.html").is_file()
    results = pd.read_csv(out / "results.csv")
    assert set(results["report"]) == set(pages)
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert str(out) not in left


def test_ctrl_c_waits_until_a_finished_report_is_kept_whole():
    done = []
    with pytest.raises(KeyboardInterrupt), batch.unbroken():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        done.append("kept")
    assert done == ["kept"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_batch_on_the_same_folder_is_refused(store, practice, copied, capsys):
    with batch._only_batch(copied):
        assert batch.main(["reports", *options(practice, copied)]) == 2
    assert "al een andere batch" in capsys.readouterr().err


def test_a_report_over_its_time_or_memory_fails_alone_and_stays_due(
    store, practice, tmp_path, monkeypatch, capsys
):
    notebooks = tmp_path / "notebooks"
    shutil.copytree(ROOT / "notebooks", notebooks)
    monkeypatch.setenv("WIJKEN_NOTEBOOKS", str(notebooks))
    for vraag, line in (
        ("werk", "import time; time.sleep(99)"),
        ("leren", "import numpy; numpy.ones(10**9)"),
    ):
        content = json.loads((notebooks / f"{vraag}.ipynb").read_text())
        content["cells"][3]["source"] = [line]
        (notebooks / f"{vraag}.ipynb").write_text(json.dumps(content))
    warm.start()
    out = tmp_path / "reports"
    more = ["--gebied", "Utrecht", *("--vraag", "werk", "--vraag", "leren", "--vraag", "wonen")]
    limits = ["--timeout", "12", "--memory", "1500", "--jobs", "3"]
    assert batch.main(["reports", *options(practice, out, *more, *limits)]) == 1
    printed = capsys.readouterr().out
    assert "1 rapporten klaar, 0 waren actueel, 2 mislukt" in printed
    assert "werk, Utrecht: CellTimeoutError: cel 5 (import time; time.sleep(99))" in printed
    assert "leren, Utrecht: cel 4 (import numpy; numpy.ones(10**9))" in printed
    assert "--memory" in printed  # the way out
    batch.main(["list", "--why", *options(practice, out, *more)])
    due_now = [line for line in capsys.readouterr().out.splitlines() if "nog niet gemaakt" in line]
    assert len(due_now) == 2


def test_the_longest_reports_go_first(tmp_path):
    jobs = [Job("werk", g) for g in ("Utrecht/Overvecht", "Utrecht", "Nederland", "Rotterdam")]
    assert [j.gebied for j in batch._longest_first(jobs, tmp_path)][:2] == ["Nederland", "Utrecht"]
    for job, seconds in zip(jobs, (3.0, 1.0, 2.0, 4.0), strict=True):
        plan.write_state(job, tmp_path, {}, {}, seconds)
    order = ["Rotterdam", "Utrecht/Overvecht", "Nederland", "Utrecht"]
    assert [j.gebied for j in batch._longest_first(jobs, tmp_path)] == order


@pytest.mark.parametrize("wrong", [["--timeout", "0"], ["--memory", "0"], ["--jobs", "0"]])
def test_impossible_limits_are_refused(wrong, store, practice, tmp_path, capsys):
    assert batch.main(["reports", *options(practice, tmp_path / "r", *wrong)]) == 2
    assert wrong[0] in capsys.readouterr().err


def test_the_environment_is_what_is_installed_of_the_lock_and_nothing_beside_it(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("typing-extensions==4.1 \\\n    --hash=sha256:00\nZope.event==5.0\n")
    for number, names in enumerate(
        (["typing_extensions-4.1", "zope.event-5.0", "ipdb-1.0"], ["typing_extensions-4.2"])
    ):
        for name in names:
            (tmp_path / str(number) / f"{name}.dist-info").mkdir(parents=True)
    assert content.installed(lock, tmp_path / "0") == ("typing_extensions-4.1", "zope.event-5.0")
    assert content.installed(lock, tmp_path / "1") == ("typing_extensions-4.2",)
