"""Put everything that a set of reports is, and was made from, in one file to keep: the same bytes for the same reports."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import zipfile
from importlib.metadata import version
from pathlib import Path

from wijkenaanpak import RAW, ROOT, SourceError, content, questions
from wijkenaanpak.run.plan import STATE

FOLDER = "archief"  # inside the reports folder
MOMENT = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold: when it was made is not what it is


def archive(out: Path) -> Path:
    """Archive the reports of a folder with results, facts, notebooks, lock, a manifest and checksums.

    Parameters
    ----------
    out : Path
        The reports folder.

    Returns
    -------
    Path
        The archive; its name ends in a hash of all that is in it.

    Raises
    ------
    SourceError
        When there are no reports.
    """
    reports = [p for p in sorted(out.rglob("*")) if p.is_file() and not _aside(p.relative_to(out))]
    if not (out / "results.csv").is_file():
        raise SourceError(f"In {out} staan geen rapporten; maak ze met: make reports.")
    files = {f"reports/{p.relative_to(out).as_posix()}": p for p in reports}
    files |= {
        f"data/raw/{p.relative_to(RAW).as_posix()}": p for p in [*content.facts(), RAW / "datapackage.json"]
    }
    files |= {f"notebooks/{p.name}": p for p in sorted(questions.folder().glob("*.ipynb"))}
    files |= {
        name: ROOT / name for name in ("requirements.lock", "LICENSE", "CITATION.cff", "data/README.md")
    }
    inside = {name: path.read_bytes() for name, path in files.items()}
    manifest = {
        "version": version("wijkenaanpak"),
        "python": platform.python_version(),
        "code": content.page_code(),
        "environment": content.environment(),
        "made_from": _made_from(out),
        "files": len(files),
    }
    inside["MANIFEST.json"] = (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
    listed = "".join(f"{content_hash(raw)}  {name}\n" for name, raw in sorted(inside.items())).encode()
    name = f"wijkenaanpak-{manifest['version']}-{content_hash(listed)[:12]}"
    target = out / FOLDER / f"{name}.zip"
    target.parent.mkdir(parents=True, exist_ok=True)
    first = {"MANIFEST.json": inside.pop("MANIFEST.json"), "SHA256SUMS": listed}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as kept:
        for member, raw in (*first.items(), *sorted(inside.items())):
            kept.writestr(_entry(f"{name}/{member}"), raw)
    content.write_whole(target, packed.getvalue())
    return target


def content_hash(raw: bytes) -> str:
    """Return the SHA-256 of a content, as ``sha256sum`` writes it."""
    return hashlib.sha256(raw).hexdigest()


def _aside(path: Path) -> bool:
    """Whether a file is not part of the reports: what is known of them, a half one, an earlier archive."""
    return path.parts[0] == FOLDER or any(part.startswith(".") for part in path.parts)


def _made_from(out: Path) -> dict[str, str]:
    """Return of every report the hash of what it was made from."""
    found = {}
    for path in sorted((out / STATE).rglob("*.json")):
        state = content.read_sealed(path)
        if state and "from" in state:
            found[state["name"]] = content.text_digest(
                {k: v for k, v in state["from"].items() if k != "parameters"}
            )
    return found


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, MOMENT)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return entry
