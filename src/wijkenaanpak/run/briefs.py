"""Print the overview of every area as a brief of two pages, with a browser that is already there."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wijkenaanpak import SourceError
from wijkenaanpak.content import write_whole
from wijkenaanpak.questions import OVERVIEW

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
MOST = 2  # pages of a brief
SECONDS = 120  # a browser that hangs costs one brief
NODE = re.compile(rb"node\d{8}")
STAMP = re.compile(rb"/(?:CreationDate|ModDate) \(D:[^)]*\)")
PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


def browser() -> str | None:
    """Return a Chromium of this machine, or the one that playwright fetched; None when there is none."""
    return next(_browsers(), None)


def _browsers() -> Iterator[str]:
    yield from filter(None, map(shutil.which, NAMES))
    for cache in (".cache/ms-playwright", "Library/Caches/ms-playwright"):
        found = sorted((Path.home() / cache).glob("chromium*/chrome-*/*"), reverse=True)
        yield from (str(f) for f in found if f.name in ("chrome", "headless_shell", "chrome-headless-shell"))


def briefs(out: Path, jobs: int = 2) -> list[Path]:
    """Print the overview of each area in a reports folder to ``briefs/<area>.pdf``.

    Parameters
    ----------
    out : Path
        The reports folder.
    jobs : int
        Browsers at a time.

    Returns
    -------
    list of Path
        The briefs; of practice data their names say so.

    Raises
    ------
    SourceError
        When there is no browser or no overview, when the browser fails, or when a brief takes more than two pages.
    """
    program = browser()
    if program is None:
        raise SourceError(
            "Er is geen Chromium gevonden om de briefs mee af te drukken; installeer het pakket chromium. "
            "Wie een overzicht zelf afdrukt, krijgt dezelfde bladzijden."
        )
    pages = sorted(p for p in (out / OVERVIEW).glob("*.html") if "--" not in p.stem)  # no variants
    if not pages:
        raise SourceError(f"In {out} staan geen overzichten; maak ze met: make reports.")
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda page: _printed(program, page, out / "briefs"), pages))


def _printed(program: str, page: Path, folder: Path) -> Path:
    """Print one page, whole or not at all; the same page gives the same bytes."""
    practice = "<title>OEFENDATA" in page.read_text(encoding="utf-8", errors="replace")[:20_000]
    target = folder / f"{'oefendata-' if practice else ''}{page.stem}.pdf"
    with tempfile.TemporaryDirectory() as own:  # a profile of its own: browsers at work do not share one
        half = Path(own) / target.name
        command = [
            *(program, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"),
            *(f"--user-data-dir={own}/profile", f"--print-to-pdf={half}", page.resolve().as_uri()),
        ]
        try:
            run = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise SourceError(f"{program} was na {SECONDS} seconden niet klaar met {page}.") from None
        if not half.is_file():
            said = run.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["geen melding"]
            raise SourceError(f"{program} drukte {page} niet af: {said[0]}")
        made = STAMP.sub(lambda m: re.sub(rb"\d", b"0", m[0]), half.read_bytes())
        # A browser counts its nodes from where it happens to be; their order is the same each time.
        places = {node: b"node%08d" % n for n, node in enumerate(sorted(set(NODE.findall(made))))}
        made = NODE.sub(lambda m: places[m[0]], made)
    count = len(PAGE.findall(made))
    if count > MOST:
        raise SourceError(f"De brief van {page} telt {count} bladzijden; {MOST} is het meeste.")
    write_whole(target, made)
    return target
