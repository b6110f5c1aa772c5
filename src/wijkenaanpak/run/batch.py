"""Run the reports that are due; the command line (``python -m wijkenaanpak``).

Everything heavy is imported where it is needed: a run with nothing to do imports none of it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wijkenaanpak import SEED, SourceError, content, programme, questions
from wijkenaanpak.content import write_whole
from wijkenaanpak.results import RESULT_COLUMNS, RESULTS_MIME
from wijkenaanpak.run import plan
from wijkenaanpak.run.plan import REPORTS, Job
from wijkenaanpak.store import place

ENGINE = "wijkenaanpak"  # wijkenaanpak.run.engine, as papermill knows it
TIME_LIMIT = 600.0  # seconds: a report that hangs costs one report, not the batch
MOST_SECONDS = 604_800
DASK_ANSWERS = 20  # seconds within which a scheduler does, also on a busy machine
MOST_MEGABYTES = 1 << 24
MOST_SEED = 2**32 - 1
# What a system error means to whoever runs this, and the way out.
DISK_FULL = "de schijf is vol; maak ruimte en draai opnieuw"
NO_RIGHTS = (
    "lezen of schrijven mag hier niet; pas de rechten aan, of kies een andere map (--out, WIJKEN_PROCESSED)"
)
NO_FOLDER = "er staat een bestand waar een map hoort, of andersom; haal het weg"
WAY_OUT = {
    errno.ENOSPC: DISK_FULL,
    errno.EDQUOT: DISK_FULL,
    errno.EROFS: NO_RIGHTS,
    errno.EACCES: NO_RIGHTS,
    errno.EPERM: NO_RIGHTS,
    errno.ENOTDIR: NO_FOLDER,
    errno.EISDIR: NO_FOLDER,
    errno.EEXIST: NO_FOLDER,
    errno.ENOENT: "dit is er niet meer; zet het terug en draai opnieuw",
    errno.EMFILE: "er staan te veel bestanden open; draai opnieuw met --jobs 1",
    errno.ENOMEM: "er was te weinig geheugen; draai opnieuw met --jobs 1",
}


@dataclass(frozen=True)
class Limits:
    """What one report may use.

    Attributes
    ----------
    seconds : float
        Wall clock.
    memory : int or None
        Bytes beyond what its process starts with; None for no limit.
    """

    seconds: float = TIME_LIMIT
    memory: int | None = None


@dataclass
class Outcome:
    """What became of a job: its page and its rows of results.csv, or an error."""

    job: Job
    page: str = ""
    rows: str = ""
    error: str = ""
    seconds: float = 0.0


def render(job: Job, limits: Limits = Limits(), notebooks: Path | None = None) -> Outcome:
    """Execute one notebook and make its page; write nothing, and return an error instead of raising it.

    Success is judged by the exception and by the recorded results being there, not by papermill's
    metadata, which calls every cell completed after a dead kernel.

    Parameters
    ----------
    job : Job
    limits : Limits
    notebooks : Path, optional
        Folder of the notebooks; by default the project's, wherever this runs.
    """
    started = time.monotonic()
    outcome = Outcome(job)
    try:
        import papermill
        from papermill.engines import papermill_engines
        from papermill.execute import raise_for_execution_errors

        from wijkenaanpak.pages import pages

        pages.exporter()  # while the warm server is still importing
        try:
            notebook = papermill.execute_notebook(
                str((notebooks or questions.folder()) / f"{job.vraag}.ipynb"),
                None,
                {"gebied": job.gebied, "data": job.data, "seed": job.seed, **dict(job.variant)},
                kernel_name="python3",
                prepare_only=True,  # left to run it, papermill also writes it as text for a file that is not asked for
            )
            of = place.programme_of(job.data)
            notebook.cells = fitting(notebook.cells, of)
            notebook = papermill_engines.execute_notebook_with_engine(
                ENGINE,
                notebook,
                "python3",
                progress_bar=False,
                time_limit=limits.seconds,
                memory_limit=limits.memory,
                timed=False,
            )
            raise_for_execution_errors(notebook, None)
            outcome.rows = _recorded(notebook)
            if job.variant:  # the page of these numbers is another than the notebook knows
                usual_page = plan.Job(job.vraag, job.gebied).name
                outcome.rows = outcome.rows.replace(f",{usual_page}.html\n", f",{job.name}.html\n")
            _name_folder(notebook, job.data)
            usual = plan.usual(job.vraag, of)
            differs = [(name, value, usual[name]) for name, value in job.variant]
            labels = _codebook(job.data, job.seed).set_index("indicator")["label"]
            outcome.page = pages.report_page(
                notebook, outcome.rows, job.vraag, job.gebied, job.name, of, labels, differs
            )
        except papermill.PapermillExecutionError as error:
            first_line = error.source.splitlines()[0]
            fault = f"{error.ename}: {error.evalue}"
            outcome.error = f"cel {error.cell_index} ({first_line}): {_out_of_memory(error.ename, error.evalue, limits) or fault}"
    except Exception as error:  # whatever goes wrong in one report must not stop the others
        name = type(error).__name__
        outcome.error = _out_of_memory(name, str(error), limits) or f"{name}: {error}"
    outcome.seconds = time.monotonic() - started
    return outcome


def fitting(cells: list[Any], of: programme.Programme) -> list[Any]:
    """Leave out what only the project's own programme has: text tagged "project", and the section it heads."""
    kept, outside = [], 0  # level of the heading of the section that is left out; 0 for none
    for cell in cells if not of.main else ():
        text = cell.source if cell.cell_type == "markdown" else ""
        level = len(text) - len(text.lstrip("#"))
        if level and level <= outside:
            outside = 0
        tagged = "project" in cell.metadata.get("tags", [])
        outside = outside or (level if tagged else 0)
        if not outside and not tagged:
            kept.append(cell)
    return cells if of.main else kept


def _codebook(data: str, seed: int) -> Any:
    """Return the codebook of the store of `data` (DataFrame)."""
    import pandas as pd

    return pd.read_parquet(place.store_path(data, seed) / "indicators.parquet")


def _out_of_memory(name: str, text: str, limits: Limits) -> str:
    """Say what to do when memory ran out; often none was left to say so, and the error is empty."""
    memory = name.endswith("MemoryError")  # that of Arrow has a name of its own
    if limits.memory and (memory or not text.strip()):
        return f"boven de geheugenlimiet van {limits.memory >> 20} MB; geef meer met --memory"
    if memory or "SIGKILL" in text:  # so ends the system a process when memory is full
        return (
            f"{text or name}: er was te weinig geheugen; maak minder rapporten tegelijk met --jobs 1".lstrip(
                ": "
            )
        )
    return ""


def _name_folder(notebook: Any, data: str) -> None:
    """Name the data folder on the page, and not where it is on this machine."""
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace(json.dumps(data), json.dumps(Path(data).name))


def _recorded(notebook: Any) -> str:
    """Return the recorded results as CSV without a header."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if RESULTS_MIME in output.get("data", {}):
                return output["data"][RESULTS_MIME]
    raise RuntimeError("het notebook is niet tot het einde gekomen: er zijn geen resultaten vastgelegd")


@contextlib.contextmanager
def unbroken() -> Iterator[None]:
    """Put a Ctrl-C off until the block is done: a page without its record would count for nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
        if pressed:
            raise KeyboardInterrupt


def keep(outcome: Outcome, made_from: dict[str, Any], out: Path) -> None:
    """Write a finished report: page, numbers, and last what it was made from, which makes it count."""
    page = outcome.page.replace("</footer>", f"<p>{_stands_on(made_from)}</p></footer>")
    files = {".html": page, ".csv": ",".join(RESULT_COLUMNS) + "\n" + outcome.rows}
    for suffix, text in files.items():
        write_whole(out / f"{outcome.job.name}{suffix}", text)
    hashes = {suffix: content.digest([out / f"{outcome.job.name}{suffix}"]) for suffix in files}
    plan.write_state(outcome.job, out, made_from, hashes, outcome.seconds)


def _stands_on(made_from: dict[str, Any]) -> str:
    """Name the content a page stands on, as ``verify`` recomputes it."""
    parts = ", ".join(f"{part} {key}" for part, key in plan.stands_on(made_from).items())
    return f"Gemaakt van: {parts} (<code>python -m wijkenaanpak verify</code> gaat het na)."


def run(
    jobs: Sequence[Job],
    out: Path = REPORTS,
    executor: Executor | None = None,
    limits: Limits = Limits(),
    force: bool = False,
    progress: bool = True,
) -> list[Outcome]:
    """Render the reports that are due with any executor, and rewrite results.csv and index.html.

    Parameters
    ----------
    jobs : sequence of Job
        All on the same data.
    out : Path
        The reports folder.
    executor : concurrent.futures.Executor, optional
        Where they run; by default two threads, each driving a process a report. It is shut down at the end.
    limits : Limits
        For each report.
    force : bool
        Render all, also what is up to date.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    list of Outcome
        Of the reports that were due, in the order of `jobs`. After a KeyboardInterrupt, which is
        raised again, everything that was finished is kept.

    Raises
    ------
    SourceError
        When the data are wrong, or another batch is writing to the same folder.
    OSError
        When something cannot be read or written; what was finished is kept.
    """
    prepare(jobs)  # wrong data are refused before anything is touched
    behind = plan.behind(jobs)
    stamps = {job: content.stamps(files) for job, files in behind.items()}
    wanted = plan.dependencies(jobs)
    with _only_batch(out):
        reasons = {job: plan.why(job, wanted[job], out) for job in jobs}
        _say_damaged([f"{job.name}: {reason}" for job, reason in reasons.items()])
        todo = [job for job in jobs if force or reasons[job]]
        outcomes: dict[Job, Outcome] = {}

        def finish(outcome: Outcome) -> None:
            job = outcome.job
            if not outcome.error and (changed := _changed(stamps[job], behind[job])):
                outcome.error = f"{changed} veranderde tijdens het maken; draai opnieuw"
            if not outcome.error:
                with unbroken():
                    keep(outcome, wanted[job], out)
            outcomes[job] = Outcome(job, error=outcome.error, seconds=outcome.seconds)

        try:
            if todo:
                with place.trusted({place.store_path(job.data, job.seed) for job in todo}):
                    _run(todo, out, executor or ThreadPoolExecutor(2), limits, progress, finish)
        finally:
            publish(jobs[0].data, jobs[0].seed, list(outcomes.values()), out)
        return [outcomes[job] for job in todo]


def _say_damaged(reasons: Sequence[str]) -> None:
    """Say in one line which finished reports are not as they were written."""
    found = [r for r in reasons if plan.DAMAGED in r or plan.CHANGED in r]
    if found:
        more = f", en nog {len(found) - 1}" if len(found) > 1 else ""
        content.say(f"Niet zoals het is geschreven, en opnieuw gemaakt: {found[0]}{more}.")


def _changed(before: dict[str, tuple[int, ...]], files: Sequence[Path]) -> str:
    """Name a file that was written to since, also when it is again what it was; empty when there is none."""
    now = content.stamps(files)
    return next((name for name in before if before[name] != now.get(name)), "")


def _run(
    todo: Sequence[Job],
    out: Path,
    executor: Executor,
    limits: Limits,
    progress: bool,
    finish: Callable[[Outcome], None],
) -> None:
    from tqdm import tqdm

    from wijkenaanpak.run import warm

    if isinstance(executor, ThreadPoolExecutor):
        warm.start(wait=False)
    with executor:
        futures = [
            executor.submit(render, job, limits, questions.folder()) for job in _longest_first(todo, out)
        ]
        try:
            for future in tqdm(
                as_completed(futures), total=len(futures), unit="rapport", disable=not progress
            ):
                finish(future.result())
        except BaseException:  # Ctrl-C too ends what runs
            for future in futures:
                future.cancel()
            executor.shutdown(wait=False)
            warm.stop()  # what still runs ends now, and its report stays due
            raise


def prepare(jobs: Sequence[Job]) -> None:
    """Build the stores that the jobs read, where they are not up to date."""
    for data, seed in sorted({(job.data, job.seed) for job in jobs}):
        if not place.store_ready(data, seed):
            from wijkenaanpak.store import panel

            panel.build(data, seed)


def _longest_first(jobs: Sequence[Job], out: Path) -> list[Job]:
    """Order by how long each took before; unknown ones first, the larger areas ahead."""
    size = {"Nederland": 0.0}

    def key(job: Job) -> tuple[float, float]:
        seconds = plan.state_of(job, out).get("seconds", float("inf"))
        return -seconds, size.get(job.gebied, 2.0 if "/" in job.gebied else 1.0)

    return sorted(jobs, key=key)


@contextlib.contextmanager
def _only_batch(out: Path) -> Iterator[None]:
    """Let one batch at a time write to a reports folder, and clear what a killed one left half."""
    there = next((p for p in (out, *out.parents) if p.exists()), out)
    if there.is_file():
        raise SourceError(f"--out {out}: {there} is een bestand en geen map; kies een andere map.")
    state = out / plan.STATE
    state.mkdir(parents=True, exist_ok=True)
    with _opened(state / "bezig") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except BlockingIOError:
            raise SourceError(
                f"Er schrijft al een andere batch in {out}; wacht tot die klaar is, of kies een andere map met --out."
            ) from None
        for half in out.rglob(".*.deel"):
            half.unlink(missing_ok=True)
        yield


def _opened(path: Path) -> IO[bytes]:
    """Open a file to lock it: in a folder that is read-only, where nothing may be due, one that is there already."""
    try:
        return path.open("ab")
    except OSError:
        if not path.exists():
            raise
        return path.open("rb")


def publish(data: str, seed: int, outcomes: Sequence[Outcome], out: Path = REPORTS) -> None:
    """Rewrite results.csv and index.html from the finished reports on the same data.

    An index never mixes practice data with published series. Nothing is written when nothing changed.
    """
    jobs, files = [], []
    for job in plan.jobs((), (), data, seed):
        state = plan.state_of(job, out)
        known = state and state["from"]["parameters"][1:] == [data, seed]
        if known and _hashes([out / f"{job.name}.csv"]) == [state["files"][".csv"]]:
            jobs.append(job)
            files.append(state["files"])
    failed = [f"{o.job.vraag}, {o.job.gebied}: {o.error}" for o in outcomes if o.error]
    told = [content.digest(place.programme_of(data).files()), questions.described()]
    made_from = [[job.name for job in jobs], files, failed, content.page_code(), told]
    names = ("results.csv", "index.html", "methode.html")
    stamp, targets = out / plan.STATE / "index.json", [out / name for name in names]
    key = content.text_digest(made_from)
    known = content.read_sealed(stamp) or {}
    if known.get("index") == [key, *_hashes(targets)]:
        return
    if stamp.exists() and known.get("index", [""])[0] in ("", key):
        _say_damaged([f"results.csv, index.html of methode.html {plan.CHANGED}"])
    head, parts = ",".join(RESULT_COLUMNS) + "\n", []
    for job in list(jobs):
        file = out / f"{job.name}.csv"
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if text.startswith(head):
            parts.append(text.removeprefix(head))
        else:  # of another version of this project, and due
            jobs.remove(job)
    write_whole(targets[0], head + "".join(parts))
    import pandas as pd

    from wijkenaanpak.pages import index, pages

    lines = [line for part in parts for line in part.splitlines()]
    shown = head + "\n".join(line for line in lines if index.SHOWN.search(line))
    made = {f"{job.name}.html" for job in jobs}
    treated = pd.read_parquet(place.store_path(data, seed) / "treated.parquet", columns=["wijk", "pc4"])
    postcodes = treated.groupby("wijk")["pc4"].agg(list).to_dict()
    of, book = place.programme_of(data), _codebook(data, seed)
    labels = book.set_index("indicator")["label"]
    page = index.index_page(shown, len(lines), failed, made, postcodes, of, labels)
    write_whole(targets[1], page)
    write_whole(targets[2], pages.method_page(of, book))
    content.write_sealed(stamp, {"index": [key, *_hashes(targets)]})


def _hashes(files: Sequence[Path]) -> list[str]:
    return [content.digest([f]) if f.is_file() else "" for f in files]


def summary(outcomes: Sequence[Outcome], asked: int, seconds: float) -> str:
    """Say in a few lines what was rendered, what was up to date and what failed."""
    failed = [o for o in outcomes if o.error]
    same = asked - len(outcomes)
    lines = [
        f"{len(outcomes) - len(failed)} rapporten klaar, {same} waren actueel, {len(failed)} mislukt, in {seconds:.1f} s"
    ]
    lines += [f"  mislukt: {o.job.vraag}, {o.job.gebied}: {o.error}" for o in failed]
    return "\n".join(lines)


def rests_on(data: str, seed: int) -> str:
    """Say which data the reports are made from, and which questions have no published series in them."""
    if place.series_of(data) == "oefendata":
        return "Gegevens: oefendata, geen werkelijke cijfers. `make data` haalt echte op; daarna gebruikt `make reports` die."
    store = place.store_path(data, seed)
    if place.simulated(store):
        return f"Gegevens: {Path(data).name}, oefendata: geen werkelijke cijfers."
    there = place.answered(store)
    absent = [vraag for vraag in questions.questions() if vraag not in there]
    text = f"Gegevens: {Path(data).name}. Echte reeksen voor: {', '.join(there) or 'geen enkele vraag'}."
    if absent and place.programme_of(data).main:
        text += f" Zonder echte reeks, en dus alleen als oefendata na te bootsen (--data oefendata): {', '.join(absent)}."
    elif absent:
        text += (
            f" Zonder reeks, met een rapport dat alleen dat zegt: {', '.join(absent)} (--vraag kiest vragen)."
        )
    return text


# ---- beyond one machine ------------------------------------------------------------------------


def fingerprint(stores: Sequence[tuple[str, int]]) -> dict[str, str]:
    """Say what this process would make reports from; builds the stores it needs.

    Parameters
    ----------
    stores : sequence of (data, seed)

    Returns
    -------
    dict
        Content hash of the code, the notebooks, the environment and each store; or the reason there is none.
    """
    result = {
        "de code": content.page_code(),
        "de notebooks": content.digest(sorted(questions.folder().glob("*.ipynb"))),
        "de omgeving": content.environment(),
    }
    for data, seed in stores:
        try:
            prepare([Job(questions.OVERVIEW, "Nederland", data, seed)])
            slices = place.store_path(data, seed) / "slices.json"
            result[f"de gegevens in {data}"] = content.digest([slices])
        except SourceError as error:
            result[f"de gegevens in {data}"] = str(error)
    return result


def dask_executor(address: str, jobs: Sequence[Job]) -> Executor:
    """Return an executor on an existing Dask cluster whose workers make the same reports as this machine.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://host:8786``.
    jobs : sequence of Job
        What is to run there.

    Raises
    ------
    SourceError
        When `distributed` is not installed, the cluster does not answer or has no workers, or a worker
        lacks this project or has other code, other notebooks or other data.
    """
    try:
        from distributed import Client
        from distributed.comm import connect
    except ImportError:
        raise SourceError("--dask vraagt het pakket distributed; installeer het in .venv.") from None

    async def answers() -> None:
        await (await connect(address, timeout=DASK_ANSWERS)).close()

    try:
        asyncio.run(answers())  # a client of nothing would end in a traceback of its own
        client = Client(address, timeout=f"{DASK_ANSWERS}s", set_as_default=False)
    except Exception as error:  # every kind of wrong address has a class of its own, down to AttributeError
        raise SourceError(
            f"Op {address} antwoordt geen Dask-scheduler ({error or type(error).__name__}); geef een adres als tcp://machine:8786."
        ) from None
    stores = sorted({(job.data, job.seed) for job in jobs})
    try:
        found = client.run(fingerprint, stores)
    except Exception as error:  # whatever a worker raises comes back as it is
        raise SourceError(
            f"Een Dask-worker kan dit project niet laden ({type(error).__name__}: {error}); "
            "installeer op elke worker dezelfde versie."
        ) from None
    if not found:
        raise SourceError(f"De Dask-scheduler op {address} heeft geen workers; start er ten minste een.")
    here = fingerprint(stores)
    for worker, there in sorted(found.items()):
        for what, value in here.items():
            if there.get(what) != value:
                known = there.get(what, "niets")
                detail = "anders dan hier" if " " not in known else known
                raise SourceError(
                    f"Op Dask-worker {worker} is er iets mis met {what}: {detail}. "
                    "Zet op elke worker dezelfde versie van dit project en dezelfde gegevensmap op dezelfde plaats."
                )
    return client.get_executor()


# ---- the command line --------------------------------------------------------------------------


def _reports(options: argparse.Namespace) -> int:
    if options.jobs < 1:
        raise SourceError(f"--jobs {options.jobs} is te weinig; geef 1 of meer.")
    if not 0 < options.timeout <= MOST_SECONDS:  # nor is nan
        raise SourceError(
            f"--timeout {options.timeout:g}: geef seconden boven nul, hoogstens {MOST_SECONDS} (een week)."
        )
    if options.memory is not None and (
        not 0 < options.memory <= MOST_MEGABYTES or not Path("/proc/self/status").exists()
    ):
        raise SourceError(
            f"--memory {options.memory}: geef megabytes boven nul, hoogstens {MOST_MEGABYTES}; alleen Linux kan begrenzen."
        )
    jobs = _jobs(options)
    refused = _refused(options.vraag)
    if not jobs:
        return 1
    limits = Limits(options.timeout, options.memory and options.memory * 2**20)
    started = time.monotonic()
    executor = dask_executor(options.dask, jobs) if options.dask else ThreadPoolExecutor(options.jobs)
    outcomes = run(jobs, options.out, executor, limits, options.force)
    print(summary(outcomes, len(jobs), time.monotonic() - started))
    print(rests_on(options.data, options.seed))
    variants = [options.out / f"{job.name}.html" for job in jobs if job.variant]
    print(f"De variant staat in {variants[0]}" if variants else f"Begin bij {options.out / 'index.html'}")
    return 1 if refused or any(o.error for o in outcomes) else 0


def _refused(vragen: Sequence[str]) -> bool:
    """Say which of the notebooks that were asked for make no reports, and why."""
    found = {name: why for name, why in questions.refused().items() if not vragen or name in vragen}
    for why in found.values():
        content.say(f"Overgeslagen: {why}")
    return bool(found)


def _jobs(options: argparse.Namespace) -> list[Job]:
    """List the reports that were asked for; with other parameters than those of the notebooks they are variants."""
    given = {}
    for text in options.parameter:
        name, sign, value = text.partition("=")
        if not sign:
            raise SourceError(f"-p {text!r} is geen NAAM=WAARDE; schrijf bijvoorbeeld -p start=2009.")
        given[name] = value
    for name in ("start", "eind", "referentie"):
        if (value := getattr(options, name)) is not None:
            given[name] = value
    return plan.jobs(options.vraag, options.gebied, options.data, options.seed, given)


def _list(options: argparse.Namespace) -> int:
    jobs = _jobs(options)
    wanted: dict[Job, Any] = {}
    if options.why:
        prepare(jobs)
        wanted = plan.dependencies(jobs)
    for job in jobs:
        line = f"{job.vraag}\t{job.gebied}\t{job.name}.html"
        if options.why:
            line += f"\t{plan.why(job, wanted[job], options.out) or 'actueel'}"
        print(line)
    return 0


def _verify(options: argparse.Namespace) -> int:
    known, unknown = plan.finished(options.folder, "" if options.data == "oefendata" else options.data)
    if not known and not unknown:
        raise SourceError(f"In {options.folder} staan geen rapporten; noem de map waarin index.html staat.")
    if gone := sorted({job.data for job in known if job.data != "oefendata" and not Path(job.data).is_dir()}):
        raise SourceError(f"De gegevens {gone[0]} staan daar niet meer; zeg met --data waar zij nu staan.")
    prepare(list(known))
    wanted = plan.dependencies(list(known))
    told = {f"{name}": "er is geen stand of geen notebook van: niet na te gaan" for name in unknown}
    for job, made_from in known.items():
        file = plan.changed_file(job, options.folder)
        told[f"{job.name}.html"] = file or plan.unlike(made_from, wanted[job])
    for name, reason in sorted(told.items()):
        print(f"{name}\t{reason or 'gelijk'}")
    other = sum(bool(reason) for reason in told.values())
    print(f"{len(told) - other} van {len(told)} pagina's zijn wat deze code, gegevens en omgeving geven")
    return 1 if other else 0


def _data(options: argparse.Namespace) -> int:
    import pandas as pd

    from wijkenaanpak.store import panel

    if options.download or options.status:
        return _coverage(options)
    store = panel.build(options.data, options.seed)
    print(pd.read_parquet(store / "log.parquet").to_string(index=False))
    print(pd.read_parquet(store / "inventory.parquet").to_string(index=False))
    print(f"Verwerkt in {store}")
    return 0


def _coverage(options: argparse.Namespace) -> int:
    """Fetch the publications that are not there, and say what there is."""
    from wijkenaanpak.sources import coverage, download
    from wijkenaanpak.store import panel

    failed = 0
    if options.download:
        folder = download.OPEN if options.data == "oefendata" else Path(options.data)
        failed = download.download(folder, force=options.force)
    else:
        folder = panel.source_folder(options.data, options.seed)
    if altered := download.altered(folder):
        print(f"Anders dan bij het ophalen: {', '.join(altered)}; --force haalt ze opnieuw op.")
    table = coverage.status(folder, place.programme_of(options.data))
    table["aanwezig"] = table["aanwezig"].map({True: "ja", False: "nee"})
    here = (table["aanwezig"] == "ja") & (table["indicator"] != "")
    table["indicator"] = table["indicator"].where(table["indicator"] != "", table["label"])
    print(table.drop(columns="label").to_string(index=False))
    print(f"{here.sum()} uitkomsten aanwezig in {folder}.")
    if here.any() and options.download:
        print("Rapporten hiervan: make reports")
    return 1 if failed else 0


def _findings(options: argparse.Namespace) -> int:
    from wijkenaanpak.run import datapackage, findings
    from wijkenaanpak.sources.facts import FINDINGS

    rows = findings.compute(options.data, options.seed, options.vraag)
    changed = findings.keep(rows)
    datapackage.write()
    print(f"{len(rows)} bevindingen {'geschreven in' if changed else 'zijn als in'} data/raw/{FINDINGS.name}")
    return 0


def _compare(options: argparse.Namespace) -> int:
    from wijkenaanpak.pages import compare, pages

    old, new = (compare.read(path) for path in (options.old, options.new))
    found = compare.differences(old, new)
    counted = compare.counts(old, new, found)
    for name, n in counted.items():
        print(f"{n:8d}  {name}")
    for row in found.head(20).itertuples():
        which = ", ".join(filter(None, (row.question, row.gebied, row.measure, row.reference, row.period)))
        print(f"{row.kind}: {which}: {row.old or '–'} → {row.new or '–'}")
    if options.out:
        practice = any((run["status"] == "simulated").any() for run in (old, new))
        names = str(options.old), str(options.new)
        write_whole(options.out, pages.comparison_page(found, counted, names, practice))
        print(f"Alles staat in {options.out}")
    return 0


def _briefs(options: argparse.Namespace) -> int:
    from wijkenaanpak.run import briefs

    made = briefs.briefs(options.out)
    print(f"{len(made)} briefs in {options.out / 'briefs'}")
    return 0


def _archive(options: argparse.Namespace) -> int:
    from wijkenaanpak.run import archive

    print(f"Gearchiveerd in {archive.archive(options.out)}")
    return 0


def _datapackage(_: argparse.Namespace) -> int:
    from wijkenaanpak.run import datapackage

    print(f"Beschreven in {datapackage.write().relative_to(content.ROOT)}")
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from wijkenaanpak.practice import simulate

    effects = dict(_effect(text) for text in options.effect)
    try:
        simulate.simulate(options.out, seed=options.seed, effects=effects or None)
    except ValueError as error:
        raise SourceError(str(error)) from error
    print(f"Oefendata (seed {options.seed}) geschreven in {options.out}")
    return 0


def _new(options: argparse.Namespace) -> int:
    from wijkenaanpak.practice import example

    example.write(options.folder, seed=options.seed)
    print(f"Een begin met verzonnen cijfers staat in {options.folder}; lees LEESMIJ.txt.")
    print(
        f"Rapporten: .venv/bin/python -m wijkenaanpak reports --data {options.folder} --out {options.folder}-rapporten"
    )
    return 0


def _effect(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise SourceError(
            f"--effect {text!r} is geen INDICATOR=GETAL; schrijf bijvoorbeeld nww=-0.5."
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m wijkenaanpak", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="OPDRACHT")

    def command(name: str, action: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(action=action)
        seed = f"which practice panel (default {SEED})"
        sub.add_argument("--seed", type=int, default=SEED, help=seed)
        return sub

    for name, action, text in (
        ("reports", _reports, "render the reports that are due to HTML"),
        ("list", _list, "list the reports of a selection"),
    ):
        sub = command(name, action, text)
        for option, letter in (("question", "vraag"), ("area", "gebied")):
            sub.add_argument(
                f"--{letter}",
                action="append",
                default=[],
                metavar=letter[0].upper(),
                help=f"only this {option} (repeatable)",
            )
        _data_option(sub)
        sub.add_argument("--out", type=Path, default=REPORTS, metavar="DIR", help="reports folder")
        for parameter, meaning in (
            ("start", "first year"),
            ("eind", "last year"),
            ("referentie", "reference that carries the verdict"),
        ):
            sub.add_argument(f"--{parameter}", metavar="P", help=f"a variant with this {meaning}")
        sub.add_argument(
            "-p",
            dest="parameter",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a variant with this parameter of the notebook (repeatable)",
        )
        if name == "list":
            sub.add_argument("--why", action="store_true", help="say which are due, and why")
            continue
        cores = os.cpu_count() or 2
        add = sub.add_argument
        add("--jobs", type=int, default=cores, metavar="N", help=f"reports at a time (default {cores})")
        add("--force", action="store_true", help="also what is up to date")
        add("--timeout", type=float, default=TIME_LIMIT, metavar="S", help="seconds a report may take")
        add("--memory", type=int, metavar="MB", help="memory a report may add (default no limit)")
        add("--dask", metavar="ADDRESS", help="run on this Dask cluster")
    sub = command("data", _data, "build the store and say what was read")
    _data_option(sub)
    sub.add_argument(
        "--status", action="store_true", help="say of each indicator what is there and where to get it"
    )
    sub.add_argument("--download", action="store_true", help="fetch what is published into the data folder")
    sub.add_argument("--force", action="store_true", help="fetch anew what was fetched before")
    sub = command("findings", _findings, "keep what the published series of a folder say, in data/raw")
    sub.add_argument(
        "--vraag", action="append", default=[], metavar="V", help="only this question (repeatable)"
    )
    _data_option(sub)
    sub = command("compare", _compare, "say what changed between two runs")
    sub.add_argument("old", type=Path, metavar="OLD", help="results.csv or reports folder of the earlier run")
    sub.add_argument("new", type=Path, metavar="NEW", help="of the later run")
    sub.add_argument("--out", type=Path, metavar="FILE", help="also write a page")
    sub = command(
        "verify",
        _verify,
        "say which pages are still what this checkout and these data give, and why others are not",
    )
    sub.add_argument("folder", type=Path, nargs="?", default=REPORTS, metavar="DIR", help="reports folder")
    sub.add_argument(
        "--data", default="oefendata", metavar="DIR", help="where the data are now, when not where they were"
    )
    sub = command("briefs", _briefs, "print the overview of every area as a brief of two pages (PDF)")
    sub.add_argument("--out", type=Path, default=REPORTS, metavar="DIR", help="reports folder")
    sub = command("archive", _archive, "keep the reports with all they were made from, in one file")
    sub.add_argument("--out", type=Path, default=REPORTS, metavar="DIR", help="reports folder")
    command("datapackage", _datapackage, "describe the tables of data/raw (Frictionless)")
    sub = command("new", _new, "write a folder to begin a programme of one's own with")
    sub.add_argument("folder", type=Path, metavar="FOLDER")
    sub = command("simulate", _simulate, "write a practice panel")
    sub.add_argument("--out", type=Path, required=True, metavar="DIR")
    sub.add_argument(
        "--effect", action="append", default=[], metavar="INDICATOR=VALUE", help="planted effect"
    )
    return parser


def _data_option(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--data",
        default=place.default_data(),
        metavar="D",
        help="'oefendata' or a folder with data (default: $WIJKEN_RAW, else data/raw/open when it is there, else oefendata)",
    )
    which.add_argument(
        "--programma",
        dest="data",
        metavar="FILE",
        help="another programme; its file says which data it runs on",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        0 when all went well, 1 when a report or the machine failed, 2 when the input or the options were wrong.
    """
    options = _parser().parse_args(arguments)
    if options.__dict__.get("data", "oefendata") != "oefendata":
        # Processes may start elsewhere: from here on the folder is absolute.
        options.data = str(Path(options.data).expanduser().resolve())
    try:
        if not 0 <= options.seed <= MOST_SEED:
            raise SourceError(f"--seed {options.seed}: geef een geheel getal van 0 tot en met {MOST_SEED}.")
        code = options.action(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read our lines has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SourceError as error:
        print(f"Fout: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Fout: {_said(error)}. Wat klaar was is bewaard.", file=sys.stderr)
        return 1
    except MemoryError:
        print(f"Fout: {WAY_OUT[errno.ENOMEM]}. Wat klaar was is bewaard.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Afgebroken; wat klaar was is bewaard.", file=sys.stderr)
        return 130


def _said(error: OSError) -> str:
    """Say what went wrong with a file, and the way out."""
    where = f"{error.filename}: " if error.filename else ""
    return where + WAY_OUT.get(error.errno or 0, error.strerror or str(error)).rstrip(".")
