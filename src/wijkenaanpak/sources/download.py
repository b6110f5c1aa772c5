"""Fetch what publishers publish into a data folder, and say what is there and what is missing.

``data/raw/bronnen.csv`` says what there is to fetch. A file gets its name when it is whole: until then it is
``*.deel``, and the next run goes on where this one stopped. ``MANIFEST.json`` keeps where each came from, when, and
its SHA-256. What cannot be reached ends in one message that says what to fetch by hand and where to put it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import pandas as pd
import requests
from tqdm import tqdm

from wijkenaanpak import OPEN, RAW, SourceError
from wijkenaanpak.content import write_whole
from wijkenaanpak.sources.boundaries import RD_NEW

MANIFEST = "MANIFEST.json"
ATTEMPTS = 5
TIMEOUT = (10, 60)  # seconds: to connect, and between two packets
CHUNK = 1 << 16
FEATURES = 1000  # what PDOK gives at once
Answer = TypeVar("Answer")
WAIT = (429, 500, 502, 503, 504)  # the server says it may work later


@dataclass(frozen=True)
class Publication:
    """One thing to fetch.

    Attributes
    ----------
    naam : str
        File or folder in the data folder.
    tabel : str
        What it feeds: a `table` of the codebook, or ``grenzen``, ``omrekening``, ``wijkenlijst``.
    soort : {"odata", "wfs", "bestand", "hand"}
        How: an OData service (version 3 or 4), a WFS layer, one file, or only by hand.
    adres, filter : str
        Where; which rows of an OData service, or which layer of a WFS.
    uitgever, licentie, pagina, wat : str
        For the manifest and the reader.
    """

    naam: str
    tabel: str
    soort: str
    adres: str
    filter: str
    uitgever: str
    licentie: str
    pagina: str
    wat: str


class Unreachable(Exception):
    """A download that failed for good; the text says why."""


class _Later(Exception):
    """An attempt that may go better the next time; the text says what was wrong."""


def publications(path: Path = RAW / "bronnen.csv") -> list[Publication]:
    """List what there is to fetch."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [Publication(**row) for row in rows.to_dict("records")]


def download(
    folder: Path,
    wanted: Sequence[Publication] | None = None,
    force: bool = False,
    say: Callable[[str], None] = print,
    pause: float = 1.0,
) -> int:
    """Fetch all publications into a folder; what is there already stays.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    wanted : sequence of Publication, optional
        Default all of ``bronnen.csv``.
    force : bool
        Fetch anew what was fetched before; what was put there by hand always stays.
    say : callable
        Gets a line for each publication.
    pause : float
        Seconds before the second attempt; each later one waits twice as long.

    Returns
    -------
    int
        How many could not be fetched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failed, silent = 0, dict[str, str]()  # hosts that do not answer are asked once
    for item in publications() if wanted is None else wanted:
        target, kept = folder / item.naam, manifest(folder)
        if target.exists() and (item.naam not in kept or not force):
            say(f"{item.naam}: aanwezig" + ("" if item.naam in kept else ", zelf neergezet"))
            continue
        if item.soort == "hand":  # `status` says what of these is missing
            continue
        try:
            if item.adres and _host(item.adres) in silent:
                raise Unreachable(silent[_host(item.adres)])
            address = _fetch(item, target, pause)
        except Unreachable as error:
            failed += 1
            if "is niet bereikbaar" in str(error):
                silent[_host(item.adres)] = str(error)
            say(f"{item.naam}: niet gelukt ({error}). {by_hand(item, folder)}")
            continue
        entry = {
            "source": address,
            "table": item.tabel,
            "publisher": item.uitgever,
            "licence": item.licentie,
            "retrieved": datetime.now(UTC).strftime("%Y-%m-%d"),
            "sha256": checksums(target),
        }
        write_whole(
            _manifest_path(folder),
            json.dumps(kept | {item.naam: entry}, indent=1, ensure_ascii=False),
        )
        say(f"{item.naam}: opgehaald")
    return failed


def by_hand(item: Publication, folder: Path) -> str:
    """Say what to fetch by hand, from which page, and where to put it."""
    what = "de map met de tabel" if item.soort == "odata" else "het bestand"
    return f"Haal zelf: {item.wat}; {item.pagina}. Zet {what} in {folder} als {item.naam}."


def manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Read where the files of a folder came from, by their name; empty when none was fetched."""
    path = _manifest_path(folder)
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        raise SourceError(
            f"{path.name} is geen geldige JSON; verwijder het en haal de bestanden opnieuw."
        ) from None


def _manifest_path(folder: Path) -> Path:
    return (RAW if folder == OPEN else folder) / MANIFEST


def checksums(target: Path) -> dict[str, str]:
    """SHA-256 of a file, or of every file in a folder, by name."""
    parts = sorted(p for p in target.rglob("*") if p.is_file()) if target.is_dir() else [target]
    result = {}
    for part in parts:
        with part.open("rb") as stream:
            result[part.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return result


# ---- fetching ----------------------------------------------------------------------------------------


def _fetch(item: Publication, target: Path, pause: float) -> str:
    """Fetch one publication under a temporary name, check it, and give it its name. Returns the address."""
    half = target.with_name(f"{target.name}.deel")
    with requests.Session() as session:
        session.headers["User-Agent"] = "wijkenaanpak (open onderzoek)"
        ask = _Asker(session, pause)
        if item.soort == "odata":
            _odata(item, half, ask)
        elif item.soort == "wfs":
            _wfs(item, half, ask)
        else:
            ask.file(item.adres, half, item.naam)
            _sound(half, target.suffix.lower())
    if target.is_dir():
        shutil.rmtree(target)
    half.rename(target)
    return item.adres


@dataclass
class _Asker:
    """Ask a server, again when it does not answer or breaks off."""

    session: requests.Session
    pause: float

    def _patient(self, url: str, attempt: Callable[[], Answer]) -> Answer:
        """Return what an attempt gives; one that ends in :class:`_Later`, or breaks off, is made again."""
        fault = ""
        for number in range(ATTEMPTS):
            if number:
                time.sleep(self.pause * 2 ** (number - 1))
            try:
                return attempt()
            except _Later as error:
                fault = str(error)
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:
                fault = _fault(url, error)
            except requests.TooManyRedirects:
                raise Unreachable(f"{_host(url)} verwijst in een kring") from None
            except requests.RequestException as error:
                raise Unreachable(_fault(url, error)) from None
        raise Unreachable(f"{fault}, {ATTEMPTS} keer geprobeerd")

    def json(self, url: str, params: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object behind an address."""

        def attempt() -> dict[str, Any]:
            try:
                answer = self.session.get(url, params=params, timeout=TIMEOUT)
                _refuse(answer)
                found = answer.json()
            except ValueError:  # also when it broke off unseen
                raise _Later(f"{_host(url)} gaf een antwoord dat geen JSON is") from None
            if isinstance(found, dict):
                return found
            raise Unreachable(f"{_host(url)} gaf iets anders dan de tabel")

        return self._patient(url, attempt)

    def file(self, url: str, half: Path, name: str) -> None:
        """Fetch one file, going on where an earlier attempt or run broke off."""
        mark = half.with_name(f"{half.name}.deel")

        def attempt() -> None:
            have = half.stat().st_size if half.exists() else 0
            known = mark.read_text() if have and mark.exists() else ""
            # Without a mark of the version, two halves might be of two files.
            headers = {"Accept-Encoding": "identity"}
            headers |= {"Range": f"bytes={have}-", "If-Range": known} if known else {}
            with self.session.get(url, headers=headers, timeout=TIMEOUT, stream=True) as answer:
                if answer.status_code == 416:  # the server has no more than we have: another file
                    half.unlink()
                    raise _Later(_status(answer))
                _refuse(answer)
                goes_on = answer.status_code == 206
                mark.write_text(answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "")
                length = int(answer.headers.get("Content-Length") or 0)
                start = have if goes_on else 0
                with (
                    half.open("ab" if goes_on else "wb") as stream,
                    tqdm(
                        total=start + length or None,
                        initial=start,
                        unit="B",
                        unit_scale=True,
                        desc=name,
                        disable=None,
                    ) as bar,
                ):
                    for chunk in answer.iter_content(CHUNK):
                        bar.update(stream.write(chunk))

        self._patient(url, attempt)
        mark.unlink(missing_ok=True)


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


def _status(answer: requests.Response) -> str:
    return f"{_host(answer.url)} antwoordt {answer.status_code} {answer.reason}"


def _fault(url: str, error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"{_host(url)} brak de verbinding af"
    if isinstance(error, requests.Timeout):
        return f"{_host(url)} antwoordt niet"
    return f"{_host(url)} is niet bereikbaar"


def _refuse(answer: requests.Response) -> None:
    """Give up on an answer that will not change; one that may, is asked for again."""
    if answer.status_code in WAIT:
        raise _Later(_status(answer))
    if answer.status_code >= 400:
        raise Unreachable(_status(answer))
    if "html" in answer.headers.get("Content-Type", ""):
        raise Unreachable(f"{_host(answer.url)} gaf een webpagina in plaats van gegevens")


def _sound(path: Path, suffix: str) -> None:
    """Refuse a file that is not what its name says; it is fetched anew the next time."""
    fault = ""
    with path.open("rb") as stream:
        start = stream.read(512)
    if not start:
        fault = "het bestand is leeg"
    elif suffix == ".zip" and (not zipfile.is_zipfile(path) or zipfile.ZipFile(path).testzip()):
        fault = "het zip-bestand is beschadigd"
    elif suffix == ".gpkg" and not start.startswith(b"SQLite format 3"):
        fault = "het is geen GeoPackage"
    elif start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        fault = "het is een webpagina"
    if fault:
        path.unlink()
        raise Unreachable(fault)


def _odata(item: Publication, half: Path, ask: _Asker) -> None:
    """Fetch a StatLine table part by part, as ``cbsodata`` lays it out; parts that are whole are not fetched again."""
    root = ask.json(f"{item.adres}/", {"$format": "json"}).get("value")
    if not isinstance(root, list) or not root:
        raise Unreachable(f"{_host(item.adres)} kent tabel {item.naam} niet")
    half.mkdir(exist_ok=True)
    names = [
        str(entry["name"]) for entry in root if entry.get("name") not in ("UntypedDataSet", "Dimensions")
    ]
    # The figures last: which of their columns are wanted stands in the other parts.
    figures = ("TypedDataSet", "Observations")
    _same_table(item, half, [n for n in names if n in ("TableInfos", "Properties")], ask)
    for name in tqdm(sorted(names, key=lambda n: n in figures), desc=item.naam, unit="deel", disable=None):
        if (half / f"{name}.json").exists():
            continue
        options = {"$format": "json"}
        if name in figures and item.filter:
            options["$filter"] = item.filter
        if name == "TypedDataSet" and (columns := _columns(item, half)):
            options["$select"] = ",".join(columns)
        _pages(f"{item.adres}/{name}", options, half / f"{name}.json", ask)


def _same_table(item: Publication, half: Path, about: list[str], ask: _Asker) -> None:
    """Begin anew when the table was published anew since an earlier run broke off: halves of two are no table."""
    for name in about:
        path, kept = half / f"{name}.json", half / f".{name}.eerder"
        if path.exists():
            path.replace(kept)
        _pages(f"{item.adres}/{name}", {"$format": "json"}, path, ask)
        if kept.exists() and kept.read_bytes() != path.read_bytes():
            shutil.rmtree(half)
            half.mkdir()
            _pages(f"{item.adres}/{name}", {"$format": "json"}, path, ask)
        kept.unlink(missing_ok=True)


def _columns(item: Publication, half: Path) -> list[str]:
    """Columns of a table of Kerncijfers that are read; empty for all."""
    if item.tabel != "kwb" or not (half / "DataProperties.json").is_file():
        return []
    known = set(pd.read_csv(RAW / "kwb_kolommen.csv", dtype=str)["kolom"].str.casefold())
    keys = [
        str(row.get("Key") or "")
        for row in json.loads((half / "DataProperties.json").read_text(encoding="utf-8"))
    ]
    wanted = {"wijkenenbuurten", "perioden", *known}
    return [key for key in keys if key and {key.casefold(), key.rpartition("_")[0].casefold()} & wanted]


def _pages(url: str, options: dict[str, str], path: Path, ask: _Asker) -> None:
    """Fetch all pages of one part; each is kept, so that a broken run goes on at the page it was at."""
    folder = path.with_suffix(".bladen")
    folder.mkdir(exist_ok=True)
    number, following = 0, f"{url}?{urlencode(options)}"
    while following:
        page = folder / f"{number:05d}.json"
        if page.exists():
            content = json.loads(page.read_text(encoding="utf-8"))
        else:
            answer = ask.json(following)
            rows = answer.get(
                "value", [{k: v for k, v in answer.items() if not k.startswith(("odata.", "@odata."))}]
            )
            if not isinstance(rows, list):
                raise Unreachable(f"{_host(url)} gaf iets anders dan de tabel")
            content = {
                "next": answer.get("odata.nextLink") or answer.get("@odata.nextLink") or "",
                "rows": rows,
            }
            write_whole(page, json.dumps(content, ensure_ascii=False))
        number, following = number + 1, content["next"]
    parts = (json.loads(page.read_text(encoding="utf-8"))["rows"] for page in sorted(folder.glob("*.json")))
    write_whole(path, _rows(parts))
    shutil.rmtree(folder)


def _wfs(item: Publication, half: Path, ask: _Asker) -> None:
    """Fetch a layer of a WFS as GeoJSON in RD New, a thousand shapes at a time."""
    features: list[Any] = []
    with tqdm(desc=item.naam, unit="vorm", disable=None) as bar:
        while True:
            query = {"service": "WFS", "version": "2.0.0", "request": "GetFeature", "typeName": item.filter}
            query |= {
                "outputFormat": "application/json",
                "srsName": RD_NEW,
                "count": str(FEATURES),
            }
            page = ask.json(item.adres, query | {"startIndex": str(len(features))}).get("features")
            if not isinstance(page, list):
                raise Unreachable(f"{_host(item.adres)} gaf iets anders dan een kaart")
            features += page
            bar.update(len(page))
            if len(page) < FEATURES:
                break
    if not features:
        raise Unreachable(f"{_host(item.adres)} gaf een lege kaart")
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    write_whole(half, json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))


def _rows(pages: Iterable[list[Any]]) -> Iterator[str]:
    """Write the rows of all pages as one JSON list, a page in memory at a time."""
    first = True
    yield "["
    for page in pages:
        for row in page:
            yield ("\n" if first else ",\n") + json.dumps(row, ensure_ascii=False)
            first = False
    yield "]\n"


def altered(folder: Path) -> list[str]:
    """Names of fetched files that are no longer what was fetched."""
    kept = manifest(folder)
    return [
        name
        for name, entry in sorted(kept.items())
        if (folder / name).exists() and checksums(folder / name) != entry["sha256"]
    ]
