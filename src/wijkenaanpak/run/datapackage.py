"""Describe the published facts in ``data/raw`` as a Frictionless data package (``datapackage.json``).

Names, what a row is and where it comes from stand in ``data/README.md``; types of columns are read from the columns themselves.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wijkenaanpak import RAW
from wijkenaanpak.content import write_whole

FILE = "datapackage.json"
KINDS = (("integer", re.compile(r"-?(0|[1-9]\d*)")), ("number", re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")))
ROW = re.compile(r"^\| `([\w.]+\.csv)` \| \d+ \| (.*?) \| (.*?) \|$", re.MULTILINE)


def package(folder: Path = RAW) -> dict[str, Any]:
    """Describe every table in a folder and in its templates.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict
        A descriptor by the profile "tabular-data-package" (Frictionless Data, version 1).
    """
    told = {
        name: (row, source)
        for name, row, source in ROW.findall((folder.parent / "README.md").read_text("utf-8"))
    }
    paths = sorted([*folder.glob("*.csv"), *(folder / "templates").glob("*.csv")])
    return {
        "profile": "tabular-data-package",
        "name": "wijkenaanpak",
        "title": "De wijkenaanpak, nagerekend: gepubliceerde feiten",
        "description": "What documents published on the Dutch neighbourhood programme (2007-2017), the codebook, and empty forms.",
        "version": version("wijkenaanpak"),
        "licenses": [
            {
                "name": "EUPL-1.2",
                "title": "European Union Public Licence 1.2, for selection and notes; published facts carry no copyright",
            }
        ],
        "resources": [_resource(path, folder, *told.get(path.name, ("", ""))) for path in paths],
    }


def _resource(path: Path, folder: Path, row: str, source: str) -> dict[str, Any]:
    raw = path.read_bytes()
    header, *rows = csv.reader(raw.decode("utf-8").splitlines(keepends=True))
    described = {"description": f"One row is {row}. Source: {source}."} if row else {}
    return {
        "profile": "tabular-data-resource",
        "name": path.relative_to(folder).with_suffix("").as_posix().replace("/", "-"),
        "path": path.relative_to(folder).as_posix(),
        **described,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(raw),
        "hash": f"sha256:{hashlib.sha256(raw).hexdigest()}",
        "schema": {
            "fields": [_field(name, [line[i] for line in rows]) for i, name in enumerate(header)],
            "missingValues": [""],
        },
    }


def _field(name: str, values: list[str]) -> dict[str, Any]:
    """Describe a column: the narrowest type that holds every value, and whether none is missing."""
    there = [value for value in values if value]
    kind = next((k for k, pattern in KINDS if there and all(map(pattern.fullmatch, there))), "string")
    return {"name": name, "type": kind} | (
        {"constraints": {"required": True}} if there == values != [] else {}
    )


def write(folder: Path = RAW) -> Path:
    """Write the description of a folder beside its tables.

    Returns
    -------
    Path
    """
    path = folder / FILE
    write_whole(path, json.dumps(package(folder), indent=1, ensure_ascii=False) + "\n")
    return path
