"""The same jobs on an existing cluster: a scheduler and two workers, each a process in a folder of its own."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import pytest

from wijkenaanpak import SourceError, content
from wijkenaanpak.run import batch, plan
from wijkenaanpak.store import place


@contextmanager
def process(module, *arguments, cwd, **environment):
    """One process of the cluster; it ends with the block."""
    cwd.mkdir(parents=True, exist_ok=True)
    started = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
        cwd=cwd,
        env={**os.environ, "DASK_DISTRIBUTED__DASHBOARD__LINK": "", **environment},
        stdout=subprocess.DEVNULL,
        stderr=(cwd / "log").open("w"),
    )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(20)


def wait_for(file, patience=60):
    end = time.monotonic() + patience
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.1)
    return json.loads(file.read_text())


@pytest.fixture(scope="module")
def cluster(store, tmp_path_factory):
    """Address of a scheduler with two workers that share nothing but the data folder."""
    root = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        file = root / "scheduler.json"
        place = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
        stack.enter_context(process("dask_scheduler", *place, cwd=root / "scheduler"))
        address = wait_for(file)["address"]
        for name in ("a", "b"):
            options = [address, "--nthreads", "1", "--no-dashboard", "--name", name, "--host", "127.0.0.1"]
            folder = root / name
            stack.enter_context(
                process("dask_worker", *options, cwd=folder, WIJKEN_PROCESSED=str(folder / "processed"))
            )
        from distributed import Client

        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, root


def test_a_cluster_makes_the_same_pages_as_this_machine(cluster, practice, rendered, tmp_path, capsys):
    address, root = cluster
    out = tmp_path / "reports"
    areas = [o for a in ("Utrecht", "Utrecht/Overvecht") for o in ("--gebied", a)]
    code = batch.main(["reports", "--data", str(practice), "--out", str(out), "--dask", address, *areas])
    assert code == 0, capsys.readouterr().err
    pages = [p.relative_to(out) for p in out.glob("*/*.html")]
    assert len(pages) == 12
    for page in pages:
        assert (out / page).read_bytes() == (rendered[1] / page).read_bytes(), page
    assert len(list(root.glob("*/processed/*/store"))) == 2


def test_a_failing_report_on_the_cluster_is_one_failed_report(
    cluster, practice, tmp_path, monkeypatch, capsys
):
    address, _ = cluster
    out = tmp_path / "reports"
    options = ["--gebied", "Utrecht", "--vraag", "werk", "--vraag", "leren", "--timeout", "0.01"]
    code = batch.main(["reports", "--data", str(practice), "--out", str(out), "--dask", address, *options])
    assert code == 1
    assert capsys.readouterr().out.count("tijdslimiet") == 2


def test_other_code_on_a_worker_is_refused_by_name(cluster, practice, monkeypatch):
    monkeypatch.setattr(content, "page_code", lambda: "another version")
    with pytest.raises(SourceError, match=r"worker tcp.*de code.*dezelfde versie"):
        batch.dask_executor(cluster[0], plan.jobs(["werk"], ["Utrecht"], str(practice)))


def test_data_that_a_worker_cannot_reach_are_named(cluster, practice, monkeypatch, tmp_path):
    folder = tmp_path / "gegevens"  # there for who asks, gone for the worker
    folder.mkdir()
    jobs = plan.jobs(["werk"], ["Utrecht"], str(folder))
    folder.rmdir()
    monkeypatch.setattr(batch, "prepare", lambda _: None)
    monkeypatch.setattr(place, "store_path", lambda *_: practice)
    (practice / "slices.json").write_text("{}")
    try:
        with pytest.raises(SourceError, match=str(folder)):
            batch.dask_executor(cluster[0], jobs)
    finally:
        (practice / "slices.json").unlink()


def test_an_address_without_a_scheduler_is_one_clear_message(practice, capsys, tmp_path):
    options = ["--dask", "tcp://127.0.0.1:9", "--data", str(practice), "--out", str(tmp_path / "r")]
    assert batch.main(["reports", *options]) == 2
    assert "antwoordt geen Dask-scheduler" in capsys.readouterr().err


def test_a_cluster_without_workers_is_named(practice, tmp_path):
    file = tmp_path / "scheduler.json"
    place = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    with process("dask_scheduler", *place, cwd=tmp_path / "leeg"):
        address = wait_for(file)["address"]
        with pytest.raises(SourceError, match="geen workers"):
            batch.dask_executor(address, plan.jobs(["werk"], ["Utrecht"], str(practice)))
