"""What a batch costs beside what its cells cost: stock papermill and nbconvert, ours, and the floor.

Run with ``make bench``. Four ways to make the same reports with the same number of workers:

a. the command lines ``papermill`` and ``jupyter nbconvert``, one after another per report;
b. papermill's and nbconvert's own functions in one process, a normal kernel a report;
c. this project's batch;
d. the floor: the same cells, executed and formatted in warm processes without notebook machinery; each report
   checks by itself that its data are up to date, as in a notebook.

Stock is too slow for all reports, so a, b, c and d run on a sample drawn in proportion to the
areas; c and d run on the whole batch too, in turns with a on the sample. Every figure is the median of
several runs; the ways take turns, so that a slow minute of the machine hits all of them.
"""

from __future__ import annotations

import argparse
import ast
import json
import multiprocessing
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from wijkenaanpak import programme, questions
from wijkenaanpak.practice import simulate
from wijkenaanpak.run import batch, plan, warm
from wijkenaanpak.run.plan import Job
from wijkenaanpak.store import panel, place

HERE = Path(__file__).parent
PYTHON = sys.executable
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def sample(size: int) -> list[Job]:
    """Draw reports so that questions are equally and areas about proportionally present."""
    draw = random.Random(2007)
    wijken = [g for g in programme.main().areas if "/" in g]
    cities = [g for g in programme.main().areas if "/" not in g and g != "Nederland"]
    jobs = []
    for i in range(size):
        gebied = draw.choice(cities if i % 3 == 0 else wijken)
        jobs.append(Job(questions.names()[i % len(questions.names())], gebied))
    return jobs


# ---- the four ways -------------------------------------------------------------------------------


def stock_commands(jobs: list[Job], workers: int, out: Path) -> None:
    """(a) Two command lines a report."""

    def one(job: Job) -> None:
        name = job.name.replace("/", "-")
        executed = out / f"{name}.ipynb"
        run = [PYTHON, "-m", "papermill", str(questions.folder() / f"{job.vraag}.ipynb"), str(executed)]
        run += ["-p", "gebied", job.gebied, "--no-progress-bar"]
        subprocess.run(run, check=True, capture_output=True, env=ENV)
        render = [PYTHON, "-m", "nbconvert", "--to", "html", str(executed)]
        subprocess.run(render, check=True, capture_output=True, env=ENV)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, jobs))


def stock_functions(jobs: list[Job], workers: int, out: Path) -> None:
    """(b) The same in one process."""
    import papermill
    from nbconvert import HTMLExporter

    exporter = HTMLExporter()

    def one(job: Job) -> None:
        executed = papermill.execute_notebook(
            str(questions.folder() / f"{job.vraag}.ipynb"), None, {"gebied": job.gebied}, progress_bar=False
        )
        page, _ = exporter.from_notebook_node(executed)
        (out / f"{job.name.replace('/', '-')}.html").write_text(page, encoding="utf-8")

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, jobs))


def ours(jobs: list[Job], workers: int, out: Path) -> None:
    """(c) The batch."""
    outcomes = batch.run(jobs, out, ThreadPoolExecutor(workers), force=True, progress=False)
    failed = [o.error for o in outcomes if o.error]
    if failed:
        raise RuntimeError(failed[0])


def run_cells(job: Job) -> int:
    """Execute the cells of a notebook in this process and format what each shows; return its size."""
    from IPython.core.formatters import DisplayFormatter

    formatter = DisplayFormatter()
    cells = json.loads((questions.folder() / f"{job.vraag}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    code.insert(1, f"gebied = {job.gebied!r}")
    namespace: dict[str, object] = {"display": formatter.format}
    size = 0
    for source in code:
        tree = ast.parse(source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, job.name, "exec"), namespace)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), job.name, "eval"), namespace)
            if value is not None:
                data, _ = formatter.format(value)
                size += len(str(data))
    return size


@contextmanager
def floor_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that have everything imported and have run each notebook once."""
    sys.stdout.flush()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), initializer=_settle) as pool:
        list(pool.map(run_cells, [Job(v, "Deventer") for v in questions.names() for _ in range(workers)]))
        yield pool


def _settle() -> None:
    import matplotlib as mpl

    import helpers.report  # noqa: F401

    mpl.use("agg")
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  # a display outside a kernel prints


# ---- measuring -----------------------------------------------------------------------------------


def clock(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def memory_below(pid: int) -> int:
    """Proportional set size of a process and all its descendants, in bytes."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    total = 0
    for member in family:
        try:
            rows = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
            total += next(int(row.split()[1]) * 1024 for row in rows if row.startswith("Pss:"))
        except (FileNotFoundError, ProcessLookupError, PermissionError, StopIteration):
            continue
    return total


def command(*options: str, peak: bool = False) -> tuple[float, int]:
    """Run the batch's command line; return seconds and, when asked, peak memory in bytes."""
    started = time.perf_counter()
    run = subprocess.Popen(
        [PYTHON, "-m", "wijkenaanpak", "reports", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    highest = 0
    while run.poll() is None:
        if peak:
            highest = max(highest, memory_below(run.pid))
        time.sleep(0.2 if peak else 0.005)
    seconds = time.perf_counter() - started
    if run.returncode:
        raise RuntimeError(f"reports {' '.join(options)} ended with {run.returncode}")
    return seconds, highest


def compare(jobs: list[Job], workers: int, rounds: int, folder: Path) -> pd.DataFrame:
    """Seconds a report of the four ways, one row a round; the ways take turns, the quick ones three times a round."""
    rows = []
    warm.stop()
    ours(jobs, workers, folder / "c")  # the batch starts its own server
    with floor_pool(workers) as pool:
        ways: dict[str, Callable[[], object]] = {
            "a": lambda: stock_commands(jobs, workers, folder),
            "b": lambda: stock_functions(jobs, workers, folder),
            "c": lambda: ours(jobs, workers, folder / "c"),
            "d": lambda: list(pool.map(run_cells, jobs)),
        }
        for number in range(rounds):
            turns: dict[str, list[float]] = {way: [] for way in ways}
            for way in "cdacdbcd":
                turns[way].append(clock(ways[way]) / len(jobs))
            rows.append({way: statistics.median(seconds) for way, seconds in turns.items()})
            print(
                f"round {number + 1}: " + ", ".join(f"{w} {s:.2f} s" for w, s in rows[-1].items()), flush=True
            )
    return pd.DataFrame(rows)


def whole_batch(few: list[Job], workers: int, rounds: int, folder: Path) -> dict[str, float]:
    """All reports: ours in turns with stock on a few, the floor, nothing to do, one changed, memory.

    `stock` over `batch` is the median over rounds of stock just before and after, over ours in between.
    """
    out, jobs = folder / "alles", plan.jobs()
    place = ["--out", str(out), "--jobs", str(workers)]
    stock, batches = [clock(lambda: stock_commands(few, workers, folder)) / len(few)], []
    for _ in range(rounds):
        batches.append(command(*place, "--force")[0])
        stock.append(clock(lambda: stock_commands(few, workers, folder)) / len(few))
    nothing = [command(*place)[0] for _ in range(5)]
    one = []
    for _ in range(3):
        (out / "werk" / "utrecht-overvecht.html").unlink()
        one.append(command(*place)[0])
    with floor_pool(workers) as pool:
        floor = [clock(lambda: list(pool.map(run_cells, jobs))) for _ in range(rounds)]
    return {
        "batch": statistics.median(batches),
        "stock": statistics.median(
            (before + after) / 2 * len(jobs) / ours
            for before, after, ours in zip(stock, stock[1:], batches, strict=False)
        ),
        "floor": statistics.median(floor),
        "nothing": statistics.median(nothing),
        "one": statistics.median(one),
        "peak": command(*place, "--force", peak=True)[1],
    }


def tenfold(folder: Path, rounds: int) -> dict[int, float]:
    """Seconds a wijk report on a panel of 800 postcode areas, and on one of ten times as many."""
    os.environ["WIJKEN_PROCESSED"] = str(folder / "verwerkt")
    jobs = {}
    for size in (800, 8000):
        source = folder / f"pc4-{size}"
        simulate.simulate(source, n_pc4=size)
        panel.build(str(source))
        jobs[size] = [Job(v, "Utrecht/Overvecht", str(source)) for v in questions.names()]
    seconds: dict[int, list[float]] = {size: [] for size in jobs}
    for _ in range(rounds):
        for size, each in jobs.items():
            warm.stop()
            ours(each[:1], 1, folder / "tien")  # each batch has a server of its own
            seconds[size].append(clock(lambda each=each: ours(each, 1, folder / "tien")) / len(each))  # type: ignore[misc]
    del os.environ["WIJKEN_PROCESSED"]
    return {size: statistics.median(values) for size, values in seconds.items()}


# ---- what is written -----------------------------------------------------------------------------


def write(table: pd.DataFrame, whole: dict[str, float], more: dict[str, float], note: str) -> None:
    """Write batch.md, batch.csv and batch.svg beside this file."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    table.to_csv(HERE / "batch.csv", index_label="round", float_format="%.4f")
    s = table.median()
    names = {
        "a": "papermill and nbconvert, command lines",
        "b": "papermill and nbconvert, functions",
        "c": "this project",
        "d": "the cells alone",
    }
    lines = [
        "# A batch beside its floor",
        "",
        note,
        "",
        "| way | s a report (median) | lowest to highest | times the floor |",
    ]
    lines.append("| --- | --- | --- | --- |")
    for way, name in names.items():
        low, high = table[way].min(), table[way].max()
        lines.append(f"| {way}. {name} | {s[way]:.3f} | {low:.3f} to {high:.3f} | {s[way] / s['d']:.2f} |")
    n = len(plan.jobs())
    added = (s["a"] - s["d"]) / (s["c"] - s["d"])
    rows = {
        "stock over ours, a report after warm-up (a/c)": f"{s['a'] / s['c']:.1f}",
        f"stock over ours, all {n} reports, warm-up included (a extrapolated)": f"{whole['stock']:.1f}",
        "ours over the floor, a report after warm-up (c/d)": f"{s['c'] / s['d']:.2f}",
        f"ours over the floor, all {n} reports, warm-up included": f"{whole['batch'] / whole['floor']:.2f}",
        "what stock adds over what we add, (a - d)/(c - d)": f"{added:.0f}",
        f"all {n} reports": f"{whole['batch']:.0f} s",
        "warm-up: from start to the first fork": f"{more['warm-up']:.2f} s",
        "nothing to do": f"{whole['nothing']:.2f} s",
        "one report changed, warm-up included": f"{whole['one']:.2f} s",
        "peak memory of the batch (proportional set size)": f"{whole['peak'] / 2**20:.0f} MB",
        "a wijk report at ten times the postcode areas": f"{more['tenfold']:.2f} times the time",
    }
    lines += ["", "| measure | value |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in rows.items()), ""]
    (HERE / "batch.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    with mpl.rc_context({"svg.hashsalt": "bench", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7, 2.4), layout="constrained")
        axes = figure.subplots()
        axes.barh(
            list(names.values())[::-1],
            s[list(names)[::-1]],
            color=["#444444", "#D55E00", "#56B4E9", "#0072B2"],
        )
        for way, height in zip(names, (3, 2, 1, 0), strict=True):
            axes.plot(table[way], [height] * len(table), "|", color="black", markersize=12)
        axes.set_xlabel("seconds a report, two workers (bar: median; ticks: runs)")
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(HERE / "batch.svg", metadata={"Date": None})


def main() -> None:
    """Measure, then write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=24, help="size of the sample (default 24)")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each way (default 2)")
    parser.add_argument("--workers", type=int, default=2, help="reports at a time (default 2)")
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    panel.build()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        warm_up = statistics.median([_warm_up() for _ in range(3)])
        table = compare(sample(options.reports), options.workers, options.rounds, folder)
        grown = tenfold(folder, 2 * options.rounds)
        warm.stop()
        whole = whole_batch(sample(options.reports), options.workers, max(1, options.rounds - 1), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    note = (
        f"Measured with `make bench` on {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{options.workers} workers, {options.reports} reports a run, {options.rounds} runs, medians. "
        "Seconds depend on the machine; ratios much less."
    )
    write(table, whole, {"warm-up": warm_up, "tenfold": grown[8000] / grown[800]}, note)


def _warm_up() -> float:
    warm.stop()
    with place.trusted({place.store_path("oefendata", 2007)}):  # as a batch starts it
        return clock(lambda: warm.start(many=True))


if __name__ == "__main__":
    main()
