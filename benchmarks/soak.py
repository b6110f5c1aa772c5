"""Disturb batches for half an hour: kills, damage to what is kept, damaged input, two at once, a limit on what a file may hold.

Run with ``make soak``; ``--minutes 5 --seed 3`` for another one. A folder of practice data and its reports live in a temporary
folder. An undisturbed batch comes first. After each disturbance the next batch has to heal what it finds; a traceback is a
defect, whatever the exit code. At the end one more undisturbed batch must leave the bytes of the first one. Half-way and at
the end it says how much memory a batch took at most.

Exit code 1 when a traceback was seen, a byte differs, or a file stayed behind.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from wijkenaanpak import content
from wijkenaanpak.practice import simulate

AREAS = ("Nederland", "Utrecht", "Utrecht/Overvecht")
QUESTIONS = ("leefbaarheid", "wonen")
GARBAGE = (b"", b"null", b"[]", b"{}", b"\xff\xfe\x00garbage", b"<html>")


class Soak:
    """A folder of data with its store and its reports, and what was seen of the batches that ran on it.

    Parameters
    ----------
    home : Path
        An empty folder.
    seed : int
        Of the disturbances.
    """

    def __init__(self, home: Path, seed: int) -> None:
        self.data, self.kept, self.out = home / "bron", home / "processed", home / "reports"
        self.draw, self.faults, self.peaks = random.Random(seed), [], []
        simulate.simulate(self.data, seed=11, n_pc4=600)

    def start(self, most: int | None = None) -> subprocess.Popen[str]:
        """Start a batch, in a session of its own; `most` is what a file may hold, in bytes."""
        command = [
            sys.executable,
            "-m",
            "wijkenaanpak",
            "reports",
            "--data",
            str(self.data),
            "--out",
            str(self.out),
        ]
        command += [o for a in AREAS for o in ("--gebied", a)] + [
            o for q in QUESTIONS for o in ("--vraag", q)
        ]

        def limit() -> None:
            if most:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        environment = {**os.environ, "WIJKEN_PROCESSED": str(self.kept)}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
            start_new_session=True, preexec_fn=limit,
        )  # fmt: skip

    def finish(self, run: subprocess.Popen[str], what: str, codes: tuple[int, ...]) -> None:
        """Wait for a batch; a traceback or another exit code than these is a fault."""
        out, err = run.communicate(timeout=1800)
        if "Traceback" in out + err or run.returncode not in codes:
            self.faults.append(f"{what}: exit code {run.returncode}; {(out + err).strip()[-600:]}")
        self.peaks.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)

    def digests(self) -> dict[str, str]:
        """Return what the reports folder holds: the content of each file that readers see."""
        shown = (p for p in sorted(self.out.rglob("*")) if p.suffix in (".html", ".csv") and p.is_file())
        return {str(p.relative_to(self.out)): content.digest([p]) for p in shown}

    def halves(self) -> list[str]:
        """Return the files that a write left behind half."""
        return [str(p) for folder in (self.out, self.kept) for p in folder.rglob("*.deel*")]

    # ---- disturbances ----

    def killed(self) -> None:
        """Kill a batch and all its children, at any moment."""
        run = self.start()
        time.sleep(self.draw.uniform(0.5, 40))
        os.killpg(run.pid, signal.SIGKILL)  # it leads the session it was started in
        self.finish(run, "killed", (-signal.SIGKILL, 0))

    def interrupted(self) -> None:
        """Press Ctrl-C."""
        run = self.start()
        time.sleep(self.draw.uniform(0.5, 40))
        run.send_signal(signal.SIGINT)
        self.finish(run, "interrupted", (0, 1, 130, -signal.SIGINT))

    def damaged(self) -> None:
        """Damage up to three kept files, of the store or beside the reports."""
        files = [p for folder in (self.kept, self.out) for p in sorted(folder.rglob("*")) if p.is_file()]
        for path in self.draw.sample(files, min(3, len(files))):
            body = path.read_bytes()
            how = self.draw.randrange(4)
            if how == 0:
                path.unlink()
            elif how == 1:
                path.write_bytes(body[: len(body) // 2])
            elif how == 2:
                path.write_bytes(self.draw.choice(GARBAGE))
            elif body:
                at = self.draw.randrange(len(body))
                path.write_bytes(body[:at] + bytes([body[at] ^ 255]) + body[at + 1 :])
        self.finish(self.start(), "damaged", (0,))

    def corrupted(self) -> None:
        """Run on a damaged input, which is then mended."""
        path = self.draw.choice([p for p in sorted(self.data.rglob("*")) if p.is_file()])
        body = path.read_bytes()
        path.write_bytes(self.draw.choice([*GARBAGE, body[: len(body) // 2]]))
        self.finish(self.start(), f"corrupted {path.name}", (0, 1, 2))
        path.write_bytes(body)

    def together(self) -> None:
        """Run two batches on one folder: one may be told that there is another."""
        for run in (self.start(), self.start()):
            self.finish(run, "together", (0, 1, 2))

    def full(self) -> None:
        """Let no file hold more than some thousands of bytes, as on a disk that fills up."""
        self.finish(self.start(self.draw.choice([1_000, 20_000, 150_000])), "full", (0, 1, 2))


def main() -> int:
    """Disturb for so many minutes, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=2007)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wijken-soak-") as home:
        soak = Soak(Path(home), options.seed)
        soak.finish(soak.start(), "first", (0,))
        first, done, end = soak.digests(), Counter[str](), time.monotonic() + 60 * options.minutes
        ways: list[Callable[[], None]] = [
            soak.killed, soak.interrupted, soak.damaged, soak.corrupted, soak.together, soak.full
        ]  # fmt: skip
        while time.monotonic() < end:
            way = soak.draw.choice(ways)
            way()
            done[way.__name__] += 1
            print(f"{sum(done.values()):4d}  {way.__name__:12s} faults {len(soak.faults)}", flush=True)
        soak.finish(soak.start(), "last", (0,))
        last = soak.digests()
        differ = sorted(name for name in first.keys() | last.keys() if first.get(name) != last.get(name))
        half = len(soak.peaks) // 2
        print(f"{sum(done.values())} disturbances: {dict(done)}")
        print(
            f"most memory of a process: {soak.peaks[half]:.0f} MB half-way, {soak.peaks[-1]:.0f} MB at the end"
        )
        wrong = [*soak.faults, *(f"differs: {n}" for n in differ), *(f"half: {n}" for n in soak.halves())]
        print(*wrong, sep="\n", end="\n" * bool(wrong))
        same = "the same bytes as undisturbed, no traceback, nothing half"
        print("NOT the same as undisturbed" if wrong else same)
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
