"""Where the data of a parameter ``data`` stand, processed, and whether they are up to date."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from wijkenaanpak import OPEN, ROOT, SourceError, programme, questions
from wijkenaanpak.content import code_key, contents, digest, facts, read_sealed, text_digest

META = "meta.json"  # of a store: its key, what it holds, and the digest of each of its files; written last
CHECKED = "WIJKEN_CHECKED"  # environment variable: the stores that a batch found up to date


def default_data() -> str:
    """Return the data that are used when none are named: ``WIJKEN_RAW``, what was fetched, or else the practice panel."""
    fetched = OPEN.is_dir() and any(f.is_file() for f in OPEN.rglob("*"))
    return os.environ.get("WIJKEN_RAW") or (str(OPEN) if fetched else "oefendata")


def processed() -> Path:
    """Return the folder of the processed stores (``WIJKEN_PROCESSED``, else data/processed)."""
    return Path(os.environ.get("WIJKEN_PROCESSED") or ROOT / "data" / "processed")


def named(data: str) -> Path:
    """Return what a notebook parameter `data` names: a folder, or the file of a programme.

    Parameters
    ----------
    data : str
        A path; a relative one counts from the working directory, then from the project.

    Raises
    ------
    SourceError
        When it does not exist.
    """
    for path in (Path(data).expanduser(), ROOT / data):
        if path.is_dir() or (path.is_file() and path.suffix == ".toml"):
            return path.resolve()
    raise SourceError(
        f"De map {data!r} (parameter data) bestaat niet; geef een bestaande map, het bestand van een programma (.toml) of "
        "'oefendata'."
    )


def programme_of(data: str) -> programme.Programme:
    """Return the programme that reports on `data` are about: that of the file, or in the folder, or else the project's own."""
    if data == "oefendata":
        return programme.main()
    path = named(data)
    file = path / programme.FILE if path.is_dir() else path
    return programme.read(file) if file.is_file() else programme.main()


def series_of(data: str) -> str:
    """Return where the series of `data` are: "oefendata", or a folder that exists."""
    if data == "oefendata":
        return data
    path, of = named(data), programme_of(data)
    if of.main or not of.series:
        return str(path if path.is_dir() else path.parent)
    if of.series == "oefendata":
        return of.series
    folder = (of.path.parent / Path(of.series).expanduser()).resolve()
    if not folder.is_dir():
        raise SourceError(
            f"{of.path.name}: gegevens = {of.series!r} bestaat niet; geef een map, gerekend vanaf dit bestand, of 'oefendata'."
        )
    return str(folder)


def practice_folder(seed: int) -> Path:
    """Return where the practice panel of a seed belongs."""
    return processed() / f"oefendata-{seed}" / "bron"


def practice_key(seed: int) -> str:
    """Return what the practice panel depends on: its generator, the published facts, the seed."""
    return digest(facts(), f"seed={seed} {code_key('wijkenaanpak.practice.simulate')}")


def practice_stamp(seed: int) -> Path:
    """Return the file that says what the practice panel of a seed was made from, and which files it is."""
    return practice_folder(seed).parent / "BRON"


def practice_ready(seed: int) -> bool:
    """Whether the practice panel that is there is of this generator; its files are looked at when the store is built."""
    made = read_sealed(practice_stamp(seed)) or {}
    return practice_folder(seed).is_dir() and made.get("key") == practice_key(seed)


def practice_whole(seed: int) -> bool:
    """Whether the files of the practice panel are those that were generated."""
    made = read_sealed(practice_stamp(seed)) or {}
    return made.get("content") == contents(practice_folder(seed))


def store_path(data: str, seed: int) -> Path:
    """Return where the processed store of a data folder belongs."""
    if data == "oefendata":
        return practice_folder(seed).parent / "store"
    path = named(data)
    which = f"{path} {seed}" if series_of(data) == "oefendata" else str(path)
    return processed() / f"{path.stem if path.is_file() else path.name}-{text_digest(which)[:8]}" / "store"


def store_key(data: str, seed: int) -> str:
    """Return what a store depends on: the files of its series, its programme, the reading code, the published facts."""
    # What only computes or simulates is imported inside a function, and leaves a finished store as it is.
    code = digest(facts(), code_key("wijkenaanpak.store.panel", inside=False))
    folder, of = source(data, seed), programme_of(data)
    told = code if of.main else digest(of.files(), code, of.path.parent)
    return digest(sorted(f for f in folder.rglob("*") if f.is_file()), told, folder)


def source(data: str, seed: int) -> Path:
    """Return the folder of the series of `data`; that of the practice panel need not be there yet."""
    where = series_of(data)
    return practice_folder(seed) if where == "oefendata" else Path(where)


def store_ready(data: str, seed: int) -> bool:
    """Whether the processed store is there and up to date."""
    if series_of(data) == "oefendata" and not practice_ready(seed):
        return False
    store = store_path(data, seed)
    return key_of(store) == store_key(data, seed) and not damage(store)


def key_of(store: Path) -> str | None:
    """Return the key of a finished store; None when there is none."""
    return (read_sealed(store / META) or {}).get("key")


def damage(store: Path) -> list[str]:
    """Name the files of a store that are not what was written, are gone, or were added."""
    known = (read_sealed(store / META) or {}).get("content")
    if known is None:
        return [META]
    now = contents(store)
    del now[META]
    return sorted(name for name in {*now, *known} if now.get(name) != known.get(name))


@contextlib.contextmanager
def trusted(stores: Iterable[Path]) -> Iterator[None]:
    """Tell the notebooks started meanwhile that these stores are up to date: each need not hash all raw files again."""
    before = os.environ.get(CHECKED)
    os.environ[CHECKED] = json.dumps({str(store): key_of(store) for store in stores})
    try:
        yield
    finally:
        os.environ.pop(CHECKED)
        if before is not None:
            os.environ[CHECKED] = before


def checked() -> list[Path]:
    """Return the stores that the process that started this one found up to date, and that still are what they were."""
    known = json.loads(os.environ.get(CHECKED) or "{}")
    return [Path(store) for store, key in known.items() if key is not None and key == key_of(Path(store))]


def simulated(store: Path) -> bool:
    """Whether the series of a finished store are invented."""
    return bool((read_sealed(store / META) or {}).get("simulated"))


def answered(store: Path) -> list[str]:
    """List the questions that the series of a finished store can answer: an outcome measured twice or more in an aandachtswijk."""
    meta = read_sealed(store / META) or {"outcomes": {}, "measured": []}
    measured = {outcome: meta["outcomes"][outcome] for outcome in meta["measured"]}
    return [
        name
        for name in questions.questions()
        if name in measured.values() or measured.keys() & set(questions.question(name).outcomes)
    ]


def slices(store: Path) -> Callable[[str, str], str]:
    """Return what gives the hash of all that the report on a question and area can read in a finished store.

    A question that borrows an outcome of another, or has none in this store, rests on the store as a whole.
    """
    known = json.loads((store / "slices.json").read_text())
    meta = read_sealed(store / META) or {"outcomes": {}, "content": {}}
    whole, asked = text_digest(meta["content"]), questions.questions()
    own = {
        name
        for name in set(asked) & set(known)
        if all(meta["outcomes"].get(outcome) == name for outcome in questions.question(name).outcomes)
    }

    def of(name: str, gebied: str) -> str:
        if name == questions.OVERVIEW:
            return text_digest([known[name][gebied], [of(part, gebied) for part in asked]])
        return known[name][gebied] if name in own else whole

    return of
