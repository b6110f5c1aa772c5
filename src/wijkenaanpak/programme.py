"""The areas of the programme, and their names as options and as files."""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from wijkenaanpak import RAW, SourceError


@cache
def gebieden() -> list[str]:
    """List what a report can be about: Nederland, the 18 gemeenten, the 40 wijken."""
    with (RAW / "aandachtswijken.csv").open(encoding="utf-8", newline="") as stream:
        wijken = list(csv.DictReader(stream))
    return ["Nederland", *sorted({w["gemeente"] for w in wijken}), *sorted(w["area"] for w in wijken)]


def slug(gebied: str) -> str:
    """Return the file name of an area: lower case, ASCII, hyphens.

    Examples
    --------
    >>> slug("Den Haag/Schilderswijk")
    'den-haag-schilderswijk'
    """
    plain = unicodedata.normalize("NFKD", gebied).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def check_option(name: str, value: object, options: Sequence[str]) -> None:
    """Raise a SourceError that names the nearest options when `value` is not one of them."""
    if value not in options:
        near = difflib.get_close_matches(str(value), options, 3, 0.4) or list(options[:4])
        raise SourceError(f"{name} = {value!r} bestaat niet; bedoelt u {' of '.join(map(repr, near))}?")
