"""What places are called: names as they are spelled elsewhere, and which area somebody may have meant."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from wijkenaanpak import RAW, SourceError
from wijkenaanpak.programme import check_option


def letters(name: str) -> str:
    """Letters and digits of a name alone, without accents and capitals.

    Examples
    --------
    >>> letters("'s-Gravenhage")
    'sgravenhage'
    """
    plain_text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain_text.casefold())


@cache
def other_names() -> dict[str, str]:
    """Return the gemeente behind other names of it, by their letters."""
    with (RAW / "andere_namen.csv").open(encoding="utf-8", newline="") as stream:
        return {letters(row["naam"]): row["gemeente"] for row in csv.DictReader(stream)}


def check_area(name: str, value: object, known: Sequence[str]) -> None:
    """Raise a SourceError when `value` is no area of a report; it names the area that goes by that name, or the nearest.

    Parameters
    ----------
    name : str
        Of the option or parameter.
    value : object
    known : sequence of str
        "Nederland", gemeenten, and "gemeente/wijk".

    Raises
    ------
    SourceError
    """
    if value in known:
        return
    city, _, wijk = str(value).partition("/")
    official = other_names().get(letters(city), city)
    if official != city and official not in known:
        raise SourceError(f"{name} = {value!r}: {official} heeft geen gebied in deze evaluatie.")
    meant = letters(f"{official}{wijk}")
    near = [area for area in known if letters(area) == meant]
    near += [area for area in known if "/" in area and letters(area.split("/", 1)[1]) == meant]
    if near:
        raise SourceError(f"{name} = {value!r} bestaat niet; bedoelt u {' of '.join(map(repr, near))}?")
    check_option(name, value, known)
