"""Which reports there are; run them; the command line (``python -m helpers``)."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import pages, panel, sources, warm
from helpers.pages import slug
from helpers.report import RESULT_COLUMNS, VRAGEN, check_option
from helpers.words import RESULTS_MIME

NOTEBOOKS = panel.ROOT / "notebooks"
REPORTS = panel.ROOT / "reports"
CELL_LIMIT = 600  # seconds: a cell that hangs costs one report, not the batch


@dataclass(frozen=True)
class Job:
    """One report: a question, an area, the data it runs on."""

    vraag: str
    gebied: str
    data: str = "oefendata"
    seed: int = 2007

    @property
    def name(self) -> str:
        """Path of the report inside the reports folder, without suffix."""
        return f"{self.vraag}/{slug(self.gebied)}"


@dataclass
class Outcome:
    """What became of a job."""

    job: Job
    seconds: float = 0.0
    error: str = ""
    results: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=RESULT_COLUMNS))


def plan(
    vragen: Sequence[str] = (),
    gebieden: Sequence[str] = (),
    data: str = "oefendata",
    seed: int = 2007,
) -> list[Job]:
    """List the reports of a selection; an empty selection means all.

    Raises
    ------
    sources.SourceError
        For an unknown question or area, with the nearest known name.
    """
    known = panel.gebieden()
    for vraag in vragen:
        check_option("--vraag", vraag, VRAGEN)
    for gebied in gebieden:
        check_option("--gebied", gebied, known)
    return [
        Job(vraag, gebied, data, seed)
        for vraag in VRAGEN
        if not vragen or vraag in vragen
        for gebied in known
        if not gebieden or gebied in gebieden
    ]


def render(job: Job, out: Path = REPORTS) -> Outcome:
    """Execute one notebook, write its page; an error is returned, not raised.

    The page is written to a temporary file and renamed, so a failing report leaves the earlier one
    intact. Success is judged by the exception and by the recorded results being there, not by
    papermill's metadata, which calls every cell completed after a dead kernel.
    """
    import papermill  # costs a second; who only lists does not pay

    started = time.monotonic()
    outcome = Outcome(job)
    try:
        notebook = papermill.execute_notebook(
            str(NOTEBOOKS / f"{job.vraag}.ipynb"),
            None,
            {"gebied": job.gebied, "data": job.data, "seed": job.seed},
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=CELL_LIMIT,
        )
        outcome.results = _recorded(notebook, job)
        target = out / f"{job.name}.html"
        write_whole(target, pages.report_page(notebook, job.vraag, job.gebied, job.name))
    except papermill.PapermillExecutionError as error:
        first_line = error.source.splitlines()[0]
        outcome.error = f"cel {error.cell_index} ({first_line}): {error.ename}: {error.evalue}"
    except Exception as error:  # whatever goes wrong in one report must not stop the others
        outcome.error = f"{type(error).__name__}: {error}"
    outcome.seconds = time.monotonic() - started
    return outcome


def _recorded(notebook: Any, job: Job) -> pd.DataFrame:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if RESULTS_MIME in output.get("data", {}):
                rows = pd.DataFrame(output["data"][RESULTS_MIME], columns=RESULT_COLUMNS)
                return rows.assign(report=f"{job.name}.html")
    raise RuntimeError("het notebook is niet tot het einde gekomen: er zijn geen resultaten vastgelegd")


def write_whole(path: Path, text: str) -> None:
    """Write a file completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.deel")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def run(
    jobs: Sequence[Job],
    out: Path = REPORTS,
    executor: Executor | None = None,
    progress: bool = True,
) -> list[Outcome]:
    """Render the jobs with any executor; two threads by default, each driving a kernel of its own.

    Parameters
    ----------
    jobs : sequence of Job
        What to render.
    out : Path
        The reports folder.
    executor : concurrent.futures.Executor, optional
        Where the jobs run; it is shut down at the end.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    list of Outcome
        In the order of `jobs`. `results.csv` and `index.html` are rewritten at the end.
    """
    from tqdm import tqdm

    # One kernel is one worker: numerical libraries that start threads of their own would fight over the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for data, seed in sorted({(job.data, job.seed) for job in jobs}):
        panel.build(data, seed)
    outcomes: dict[Job, Outcome] = {}
    with warm.server(), executor or ThreadPoolExecutor(2) as pool:
        futures = {pool.submit(render, job, out): job for job in jobs}
        bar = tqdm(as_completed(futures), total=len(futures), unit="rapport", disable=not progress)
        try:
            for future in bar:
                outcomes[futures[future]] = future.result()
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            outcomes |= {job: f.result() for f, job in futures.items() if f.done() and not f.cancelled()}
            publish(list(outcomes.values()), out)
            raise
    ordered = [outcomes[job] for job in jobs]
    publish(ordered, out)
    return ordered


def publish(outcomes: Sequence[Outcome], out: Path = REPORTS) -> None:
    """Merge the new results with those of earlier runs and rewrite results.csv and index.html."""
    path = out / "results.csv"
    fresh = [o.results for o in outcomes if not o.error]
    done = {f"{o.job.name}.html" for o in outcomes if not o.error}
    if path.exists():
        earlier = pd.read_csv(path, dtype={"period": str})
        keep = earlier["report"].map(lambda r: r not in done and (out / r).exists())
        if fresh:  # one index never mixes practice data with published series
            keep &= earlier["status"].isin(pd.concat(fresh)["status"])
        fresh.insert(0, earlier[keep])
    fresh = [f for f in fresh if len(f)]
    results = pd.concat(fresh, ignore_index=True) if fresh else pd.DataFrame(columns=RESULT_COLUMNS)
    results["period"] = results["period"].astype(str)
    results = results.sort_values(
        ["question", "report", "indicator", "measure", "method", "reference", "period"],
        kind="stable",
    )
    write_whole(path, results.to_csv(index=False, lineterminator="\n"))
    failed = [f"{o.job.vraag}, {o.job.gebied}: {o.error}" for o in outcomes if o.error]
    write_whole(out / "index.html", pages.index_page(results, failed, out))


def summary(outcomes: Sequence[Outcome], seconds: float) -> str:
    """Say in a few lines what was rendered and what failed."""
    failed = [o for o in outcomes if o.error]
    lines = [f"{len(outcomes) - len(failed)} rapporten klaar, {len(failed)} mislukt, in {seconds:.0f} s"]
    lines += [f"  mislukt: {o.job.vraag}, {o.job.gebied}: {o.error}" for o in failed]
    return "\n".join(lines)


def _reports(options: argparse.Namespace) -> int:
    if options.jobs < 1:
        raise sources.SourceError(f"--jobs {options.jobs} is te weinig; geef 1 of meer.")
    jobs = plan(options.vraag, options.gebied, options.data, options.seed)
    started = time.monotonic()
    outcomes = run(jobs, options.out, ThreadPoolExecutor(options.jobs))
    print(summary(outcomes, time.monotonic() - started))
    print(f"Begin bij {options.out / 'index.html'}")
    return 1 if any(o.error for o in outcomes) else 0


def _list(options: argparse.Namespace) -> int:
    for job in plan(options.vraag, options.gebied, options.data, options.seed):
        print(f"{job.vraag}\t{job.gebied}\t{job.name}.html")
    return 0


def _data(options: argparse.Namespace) -> int:
    store = panel.build(options.data, options.seed)
    print(pd.read_parquet(store / "log.parquet").to_string(index=False))
    print(f"Verwerkt in {store}")
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from helpers import simulate

    effects = dict(_effect(text) for text in options.effect)
    try:
        simulate.simulate(options.out, seed=options.seed, effects=effects or None)
    except ValueError as error:
        raise sources.SourceError(str(error)) from error
    print(f"Oefendata (seed {options.seed}) geschreven in {options.out}")
    return 0


def _effect(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise sources.SourceError(
            f"--effect {text!r} is geen INDICATOR=GETAL; schrijf bijvoorbeeld nww=-0.5."
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m helpers", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="OPDRACHT")

    def command(name: str, action: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(action=action)
        sub.add_argument("--seed", type=int, default=2007, help="which practice panel (default 2007)")
        return sub

    for name, action, text in (
        ("reports", _reports, "render reports to HTML"),
        ("list", _list, "list the reports of a selection"),
    ):
        sub = command(name, action, text)
        sub.add_argument(
            "--vraag",
            action="append",
            default=[],
            metavar="V",
            help="only this question (repeatable)",
        )
        sub.add_argument(
            "--gebied", action="append", default=[], metavar="G", help="only this area (repeatable)"
        )
        _data_option(sub)
        if name == "reports":
            sub.add_argument("--jobs", type=int, default=2, metavar="N", help="reports at a time (default 2)")
            sub.add_argument("--out", type=Path, default=REPORTS, metavar="DIR", help="reports folder")
    _data_option(command("data", _data, "build the store and say what was read"))
    sub = command("simulate", _simulate, "write a practice panel")
    sub.add_argument("--out", type=Path, required=True, metavar="DIR")
    sub.add_argument(
        "--effect", action="append", default=[], metavar="INDICATOR=VALUE", help="planted effect"
    )
    return parser


def _data_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        default=os.environ.get("WIJKEN_RAW") or "oefendata",
        metavar="D",
        help="'oefendata' or a folder with published data (default: $WIJKEN_RAW, else oefendata)",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        0 when all went well, 1 when a report failed, 2 when the input or the options were wrong.
    """
    options = _parser().parse_args(arguments)
    if options.__dict__.get("data", "oefendata") != "oefendata":
        # Kernels and workers may start elsewhere: from here on the folder is absolute.
        options.data = str(Path(options.data).expanduser().resolve())
    try:
        return options.action(options)
    except sources.SourceError as error:
        print(f"Fout: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Afgebroken; wat klaar was is bewaard.", file=sys.stderr)
        return 130
