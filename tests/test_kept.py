"""What is kept heals: whatever happens to a file beside the data or the reports, it is made again, and that is said."""

import errno
import functools
import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from wijkenaanpak import content
from wijkenaanpak.practice import simulate
from wijkenaanpak.run import batch, plan
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


@pytest.mark.parametrize("first", [0, 5])
def test_every_file_of_the_reports_may_be_damaged_and_the_next_run_makes_it_again(
    store, practice, copied, capsys, first
):
    before = bytes_of(copied)
    kinds = list(DAMAGE)
    for i, file in enumerate(files(copied)):
        hurt(file, kinds[(first + i) % len(kinds)])
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

    def disturbed(where):
        file.write_bytes(b"".join(raw.splitlines(True)[:-50]))
        tables = read(where)
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
    monkeypatch.setattr(batch, "NOTEBOOKS", notebooks)
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
