"""What is kept heals: whatever happens to a file beside the data or the reports, it is made again, and that is said."""

import errno
import functools
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import papermill  # before its engine
import pytest

from wijkenaanpak import content
from wijkenaanpak.practice import simulate
from wijkenaanpak.run import batch, engine, plan, warm
from wijkenaanpak.store import panel, place

ROOT = Path(__file__).resolve().parents[1]
AREAS = ("Nederland", "Utrecht", "Utrecht/Overvecht")
DAMAGE = {
    "gone": None,
    "empty": lambda raw: b"",
    "truncated": lambda raw: raw[: len(raw) // 2],
    "garbage": lambda raw: bytes(range(256)) * 4,
    "one bit": lambda raw: raw[:-2] + bytes([raw[-2] ^ 1]) + raw[-1:],
    "null": lambda raw: b"null",
    "a list": lambda raw: b"[]",
    "another JSON": lambda raw: b'{"key": "x", "from": {}, "files": {}, "seconds": 1}',
    "foreign": lambda raw: sealed({"key": "x", "files": {}, "content": {}}),
    "not UTF-8": lambda raw: b"\xff\xfe" + raw,
    "a line more": lambda raw: raw + b"\n",
}


def sealed(value):
    text = json.dumps(value).encode()
    return content.SEAL % content.hashlib.sha256(text).hexdigest().encode() + text[1:]


def hurt(file, kind):
    if DAMAGE[kind] is None:
        file.unlink()
    else:
        file.write_bytes(DAMAGE[kind](file.read_bytes()))


def files(folder):
    """Every file of a folder but the lock of the batch, which holds nothing."""
    return sorted(f for f in folder.rglob("*") if f.is_file() and f.name != "bezig")


def bytes_of(folder):
    """Of a record without how long the report took."""
    found = {}
    for file in files(folder):
        found[file.relative_to(folder).as_posix()] = file.read_bytes()
        if plan.STATE in file.parts and file.name != "index.json":
            state = json.loads(file.read_bytes())
            found[file.relative_to(folder).as_posix()] = [state["from"], state["files"], state["name"]]
    return found


def options(practice, out, *more):
    areas = [o for a in AREAS for o in ("--gebied", a)]
    return ["--data", str(practice), "--out", str(out), *areas, *more]


@pytest.fixture
def copied(rendered, tmp_path):
    return shutil.copytree(rendered[1], tmp_path / "reports", ignore=shutil.ignore_patterns("briefs"))


@pytest.fixture
def own(store, rendered, tmp_path, monkeypatch):
    """The store and all that reports kept beside it, in a copy that a test may change."""
    folder = shutil.copytree(place.processed(), tmp_path / "processed")
    monkeypatch.setenv("WIJKEN_PROCESSED", str(folder))
    return folder / store.parent.name / "store"


# ---- the reports folder ----------------------------------------------------------------------------


def test_every_file_of_the_reports_may_be_damaged_and_the_next_run_makes_it_again(
    store, practice, copied, capsys
):
    before = bytes_of(copied)
    kinds = list(DAMAGE)
    for i, file in enumerate(files(copied)):
        hurt(file, kinds[i % len(kinds)])
    assert batch.main(["reports", *options(practice, copied)]) == 0
    printed = capsys.readouterr()
    assert "0 waren actueel, 0 mislukt" in printed.out
    said = [line for line in printed.err.splitlines() if "opnieuw gemaakt" in line]
    assert said and "en nog" in said[0]
    assert bytes_of(copied) == before
    assert batch.main(["reports", *options(practice, copied)]) == 0
    printed = capsys.readouterr()
    assert "0 rapporten klaar, 18 waren actueel" in printed.out
    assert "opnieuw" not in printed.err


@pytest.mark.parametrize("kind", DAMAGE)
def test_no_record_counts_that_is_not_as_it_was_written(store, practice, copied, capsys, kind):
    for file in files(copied / plan.STATE):
        hurt(file, kind)
    assert batch.main(["list", "--why", *options(practice, copied)]) == 0
    why = [line.split("\t")[-1] for line in capsys.readouterr().out.splitlines()]
    assert len(why) == 18
    assert all(
        reason.startswith("nog niet gemaakt" if kind == "gone" else "beschadigd: .stand/") for reason in why
    )


def test_a_record_of_another_report_is_not_taken_for_its_own(store, practice, copied):
    here, other = (copied / plan.STATE / f"{name}.json" for name in ("werk/utrecht", "wonen/utrecht"))
    shutil.copy(other, here)
    assert plan.state_of(plan.Job("werk", "Utrecht"), copied) == {}


def test_results_leave_out_what_is_damaged_until_it_is_made_again(store, practice, copied, capsys):
    (copied / "werk" / "utrecht.csv").write_bytes(b"\xff\xff")
    before = pd.read_csv(copied / "results.csv")
    some = ["--data", str(practice), "--out", str(copied), "--gebied", "Nederland"]
    assert batch.main(["reports", *some]) == 0
    assert set(before["report"]) - set(pd.read_csv(copied / "results.csv")["report"]) == {"werk/utrecht.html"}
    assert batch.main(["reports", *options(practice, copied)]) == 0
    assert pd.read_csv(copied / "results.csv").equals(before)


# ---- the processed store ---------------------------------------------------------------------------


def test_no_file_of_the_store_is_used_that_is_not_as_it_was_written(own, practice):
    assert place.store_ready(str(practice), 2007)
    for file in files(own):
        raw = file.read_bytes()
        for kind in DAMAGE:
            hurt(file, kind)
            damaged = place.damage(own)
            assert damaged == [file.relative_to(own).as_posix()] or (damaged and file.name == "meta.json"), (
                kind
            )
            file.write_bytes(raw)
    assert place.store_ready(str(practice), 2007)
    (own / "series" / "extra.parquet").write_bytes(b"")
    assert place.damage(own) == ["series/extra.parquet"]


@pytest.mark.parametrize("name", ["meta.json", "slices.json", "series/indicator=nww/pc4.parquet"])
def test_a_damaged_store_is_built_again_to_the_same_content_and_that_is_said(own, practice, capsys, name):
    before = bytes_of(own)
    hurt(own / name, "one bit")
    assert batch.main(["list", "--why", *options(practice, own.parents[1] / "r")]) == 0
    err = capsys.readouterr().err
    assert err.count("beschadigd") == 1 and name in err
    assert bytes_of(own) == before
    assert batch.main(["list", "--why", *options(practice, own.parents[1] / "r")]) == 0
    assert capsys.readouterr().err == ""


def test_a_file_in_the_place_of_the_store_is_replaced(own, practice):
    shutil.rmtree(own)
    own.write_text("niet van hier")
    assert panel.build(str(practice)) == own
    assert place.damage(own) == []


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_reports_share_is_computed_again_when_it_is_damaged(own, practice, kind):
    kept = [f for f in files(own.parent) if own not in f.parents]
    assert len({f.parent.name for f in kept}) >= 4
    for file in kept:
        hurt(file, kind)
        assert (content.read_sealed(file) or {}).get("key") in (None, "x")
    slice_ = panel.load("werk", "Utrecht", str(practice))
    made = []
    for _ in range(2):
        name = kept[0].relative_to(own.parent).with_suffix("").as_posix()
        found = slice_.kept(name, "helpers.maps", [], lambda: made.append(1) or {"html": "x"})
        assert found["html"] == "x"
    assert made == [1]


def test_a_series_that_is_gone_from_the_store_never_gives_another_page(own, practice, copied, capsys):
    before = bytes_of(copied)
    shutil.rmtree(own / "series" / "indicator=nww")
    for file in (copied / "werk").glob("*"):
        file.unlink()
    assert batch.main(["reports", *options(practice, copied)]) == 0
    assert "beschadigd" in capsys.readouterr().err
    assert bytes_of(copied) == before


# ---- the practice panel ----------------------------------------------------------------------------


@pytest.fixture
def generated(tmp_path, monkeypatch):
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path / "processed"))
    monkeypatch.setattr(simulate, "simulate", functools.partial(simulate.simulate, n_pc4=600))
    return panel.source_folder("oefendata", 5)


def test_rows_dropped_from_the_practice_panel_are_noticed_and_it_is_made_again(generated, capsys):
    before = bytes_of(generated)
    file = next(generated.glob("*lbm3*.csv"))
    file.write_text("".join(file.read_text().splitlines(True)[:-100]))
    panel.source_folder("oefendata", 5)
    assert "worden opnieuw gemaakt" in capsys.readouterr().err
    assert bytes_of(generated) == before
    stamp = place.practice_stamp(5)
    raw = stamp.read_bytes()
    for kind in DAMAGE:
        stamp.write_bytes(raw)
        hurt(stamp, kind)
        assert not place.practice_ready(5) and not place.practice_whole(5), kind
    panel.source_folder("oefendata", 5)
    assert place.practice_whole(5)
    assert bytes_of(generated) == before


# ---- as it was read --------------------------------------------------------------------------------


def test_a_raw_file_that_changes_while_it_is_read_and_comes_back_leaves_no_store(
    own, practice, tmp_path, monkeypatch
):
    folder = shutil.copytree(practice, tmp_path / "bron")
    file, read = next(folder.glob("*lbm3*.csv")), panel.read_folder
    raw, status = file.read_bytes(), file.stat()

    def disturbed(*where):
        file.write_bytes(b"".join(raw.splitlines(True)[:-50]))
        tables = read(*where)
        file.write_bytes(raw)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        return tables

    monkeypatch.setattr(panel, "read_folder", disturbed)
    with pytest.raises(OSError, match="veranderde terwijl"):
        panel.build(str(folder))
    assert place.key_of(place.store_path(str(folder), 2007)) is None
    assert not list(tmp_path.rglob(".bouw-*"))


@pytest.mark.parametrize("which", ["notebook", "store"])
def test_what_changes_while_a_report_is_made_and_comes_back_leaves_the_report_due(
    own, practice, tmp_path, monkeypatch, capsys, which
):
    notebooks = shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    monkeypatch.setenv("WIJKEN_NOTEBOOKS", str(notebooks))
    file = {"notebook": notebooks / "leren.ipynb", "store": own / "series" / "indicator=vsv" / "pc4.parquet"}[
        which
    ]
    render = batch.render

    def disturbed(*arguments):
        aside = file.with_name("aside")
        file.rename(aside)
        aside.rename(file)
        return render(*arguments)

    monkeypatch.setattr(batch, "render", disturbed)
    some = ["--data", str(practice), "--out", str(tmp_path / "r"), "--vraag", "leren", "--gebied", "Utrecht"]
    assert batch.main(["reports", *some]) == 1
    assert " veranderde tijdens het maken; draai opnieuw" in capsys.readouterr().out
    monkeypatch.setattr(batch, "render", render)
    assert batch.main(["reports", *some]) == 0


# ---- writing whole ---------------------------------------------------------------------------------


def test_writing_on_a_full_disk_keeps_the_earlier_file_and_names_it(tmp_path, monkeypatch):
    path = tmp_path / "pagina.html"
    content.write_whole(path, "eerst")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        content.write_whole(path, ["daar", "na"])
    assert caught.value.filename == str(path)
    assert path.read_text() == "eerst"
    assert [f.name for f in tmp_path.iterdir()] == ["pagina.html"]


# ---- disk and rights -------------------------------------------------------------------------------


@pytest.fixture
def failing(monkeypatch):
    """Make writing fail in a folder, or at the n-th file that is written there."""

    def fail(number, where, after=0):
        written, fsync = [], os.fsync

        def refuse(handle):
            if where in f"{Path(f'/proc/self/fd/{handle}').readlink()}/":
                written.append(handle)
                if len(written) > after:
                    raise OSError(number, os.strerror(number))
            fsync(handle)

        monkeypatch.setattr(os, "fsync", refuse)

    return fail


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux names an open file")
@pytest.mark.parametrize(
    ("number", "words", "where", "after", "kept"),
    [
        (errno.ENOSPC, "de schijf is vol; maak ruimte", "/reports/", 0, 0),
        (errno.ENOSPC, "de schijf is vol; maak ruimte", "/reports/", 14, 2),  # two a file: it, and its folder
        (errno.EROFS, "pas de rechten aan", "/reports/.stand/", 0, 0),
        (errno.EACCES, "pas de rechten aan", ".results.csv.", 0, 5),
    ],
)
def test_what_cannot_be_written_is_one_message_and_the_next_run_completes_to_the_same_bytes(
    store, practice, rendered, tmp_path, failing, monkeypatch, capsys, number, words, where, after, kept
):
    out = tmp_path / "reports"
    some = ["reports", "--data", str(practice), "--out", str(out), "--gebied", "Utrecht/Overvecht"]
    failing(number, where, after)
    assert batch.main(some) == 1
    monkeypatch.undo()
    err = capsys.readouterr().err
    assert err.count("Fout:") == 1 and words in err and str(out) in err and "Wat klaar was is bewaard." in err
    assert "Traceback" not in err
    assert not list(out.rglob(".*.deel"))
    records = list(out.glob(".stand/*/*.json"))
    assert len(records) >= kept
    assert batch.main(some) == 0
    assert f"{6 - len(records)} rapporten klaar, {len(records)} waren actueel" in capsys.readouterr().out
    for page in out.glob("[!.]*/*.*"):
        assert page.read_bytes() == (rendered[1] / page.relative_to(out)).read_bytes()


def test_a_report_is_not_lost_because_what_it_computed_cannot_be_kept(own, practice, failing):
    slice_ = panel.load("werk", "Utrecht", str(practice))
    failing(errno.EROFS, f"/{own.parents[1].name}/")
    assert slice_.kept("proef/een", "helpers.maps", [], lambda: {"html": 1.0})["html"] == 1.0
    assert [f.name for f in (own.parent / "proef").iterdir()] == []


def test_a_read_only_folder_in_which_nothing_is_due_is_no_problem(
    store, practice, copied, monkeypatch, capsys
):
    def read_only(self, mode="r", *arguments, **more):
        if copied in self.parents and mode[0] in "wa":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))
        return opened(self, mode, *arguments, **more)

    opened = Path.open
    monkeypatch.setattr(Path, "open", read_only)
    assert batch.main(["reports", *options(practice, copied)]) == 0
    assert "18 waren actueel" in capsys.readouterr().out
    shutil.rmtree(copied / "leren")
    assert batch.main(["reports", *options(practice, copied)]) == 1
    assert "pas de rechten aan" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["--timeout", "nan"], "--timeout nan: geef seconden"),
        (["--timeout", "inf"], "--timeout inf: geef seconden"),
        (["--memory", str(10**12)], "--memory 1000000000000: geef megabytes"),
        (["--seed", "-1"], "--seed -1: geef een geheel getal"),
        (["--seed", str(10**30)], "geef een geheel getal"),
        (["--out", __file__], "is een bestand en geen map"),
        (["--out", f"{__file__}/dieper"], "is een bestand en geen map"),
        (["--dask", "nergens"], "antwoordt geen Dask-scheduler"),
        (["--dask", "http://127.0.0.1:9"], "antwoordt geen Dask-scheduler"),
    ],
)
def test_a_wrong_option_is_one_message_that_names_it(store, practice, tmp_path, capsys, wrong, words):
    assert batch.main(["reports", *options(practice, tmp_path / "r"), *wrong]) == 2
    err = capsys.readouterr().err
    assert err.startswith("Fout: ") and err.count("\n") == 1 and words in err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "te weinig geheugen; draai opnieuw met --jobs 1"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/weg"), "/weg: dit is er niet meer"),
        (
            IsADirectoryError(errno.EISDIR, "Is a directory", "/map"),
            "/map: er staat een bestand waar een map hoort",
        ),
        (OSError(errno.EIO, "Input/output error", "/kapot"), "/kapot: Input/output error"),
    ],
)
def test_whatever_the_machine_refuses_is_one_message(monkeypatch, capsys, tmp_path, error, words):
    def broken(*_):
        raise error

    monkeypatch.setattr(batch, "run", broken)
    assert batch.main(["reports", "--out", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "limits", "words"),
    [
        (
            "CellExecutionError",
            "",
            batch.Limits(memory=2**28),
            "boven de geheugenlimiet van 256 MB; geef meer",
        ),
        ("MemoryError", "x", batch.Limits(memory=2**28), "geef meer met --memory"),
        (
            "ArrowMemoryError",
            "malloc of size 64 failed",
            batch.Limits(memory=2**20),
            "geef meer met --memory",
        ),
        ("MemoryError", "", batch.Limits(), "maak minder rapporten tegelijk"),
        (
            "DeadKernelError",
            "cel 3: gestopt door signaal SIGKILL",
            batch.Limits(),
            "cel 3: gestopt door signaal SIGKILL: er was te weinig",
        ),
        ("ValueError", "iets anders", batch.Limits(memory=1), ""),
    ],
)
def test_a_report_that_ran_out_of_memory_says_so(name, text, limits, words):
    said = batch._out_of_memory(name, text, limits)
    assert words in said and bool(words) == bool(said)


def test_folders_of_killed_servers_are_cleared_by_the_next_and_those_in_use_are_not(tmp_path, monkeypatch):
    import fcntl

    monkeypatch.setattr(warm.tempfile, "tempdir", str(tmp_path))
    killed, used, young = (tmp_path / f"{warm.FOLDER}{name}" for name in ("killed", "used", "young"))
    for folder in (killed, used, young):
        folder.mkdir()
        (folder / "warm").write_text("")
    for folder in (killed, used):
        os.utime(folder, (1, 1))
    lock = os.open(used, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    warm._clear_killed()
    os.close(lock)
    assert sorted(f.name for f in tmp_path.iterdir()) == sorted([used.name, young.name])


def test_a_normal_kernel_says_which_limits_it_does_not_keep(monkeypatch, capsys):
    monkeypatch.setattr(engine.warm, "start", lambda: None)
    monkeypatch.setattr(papermill.engines.NBClientEngine, "execute_managed_notebook", lambda *_, **__: None)
    engine._say_unlimited.cache_clear()
    manager = SimpleNamespace(nb=SimpleNamespace(metadata={}))
    for _ in range(2):
        engine.WarmEngine.execute_managed_notebook(manager, "python3", memory_limit=2**28)
    assert capsys.readouterr().err.count("een geheugenlimiet geldt niet") == 1


# ---- years later -----------------------------------------------------------------------------------


def test_verify_says_of_every_page_whether_it_is_what_this_checkout_gives(store, practice, copied, capsys):
    (copied / "werk" / "utrecht.html").write_text("anders")
    (copied / plan.STATE / "wonen" / "utrecht.json").unlink()
    one = copied / plan.STATE / "leren" / "utrecht.json"
    state = content.read_sealed(one)
    state["from"]["gegevens"], state["from"]["omgeving"] = "x", "y"
    content.write_sealed(one, state)
    assert batch.main(["verify", str(copied)]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    told = dict(line.split("\t") for line in lines)
    assert told["werk/utrecht.html"] == "utrecht.html ontbreekt of is veranderd"
    assert "niet na te gaan" in told["wonen/utrecht.html"]
    assert told["leren/utrecht.html"].startswith("veranderd: ")
    assert all(plan.PARTS[part] in told["leren/utrecht.html"] for part in ("gegevens", "omgeving"))
    assert told["werk/nederland.html"] == "gelijk" and last.startswith("15 van 18 pagina's")


def test_a_page_names_the_content_that_its_record_holds(rendered):
    page = (rendered[1] / "werk" / "nederland.html").read_text()
    state = content.read_sealed(rendered[1] / plan.STATE / "werk" / "nederland.json")
    for part, key in plan.stands_on(state["from"]).items():
        assert f"{part} {key}" in page
    assert str(rendered[1]) not in page


def test_verify_asks_where_the_data_went(store, practice, copied, tmp_path, capsys):
    moved = shutil.copytree(practice, tmp_path / "elders" / "bron")
    for file in (copied / plan.STATE).rglob("*/*.json"):
        state = content.read_sealed(file)
        state["from"]["parameters"][1] = str(tmp_path / "weg")
        content.write_sealed(file, state)
    assert batch.main(["verify", str(copied)]) == 2
    assert "--data" in capsys.readouterr().err
    assert batch.main(["verify", str(copied), "--data", str(moved)]) == 0
    assert "18 van 18" in capsys.readouterr().out
