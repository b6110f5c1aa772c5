"""Published statements that name no figure, tested on a series where there is one.

`data/raw/uitspraken_reeksen.csv` says on which outcome and years, by which test, and what sets the series apart from
what the statement rested on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from wijkenaanpak import RAW
from wijkenaanpak.claims.claims import OPEN, RIGHT, WRONG

Numbers = tuple[float, float, float]  # estimate and 95% margin
TESTS = ("beide beter", "niet meer", "meer")


def read(path: Path = RAW / "uitspraken_reeksen.csv") -> pd.DataFrame:
    """Read which statement is tested how: id, indicator, van, tot (years, int), toets (one of ``TESTS``), voorbehoud.

    Raises
    ------
    ValueError
        For a test that is not known.
    """
    rows = pd.read_csv(path)
    for line, test in enumerate(rows["toets"], start=2):
        if test not in TESTS:
            raise ValueError(
                f"{path.name}, regel {line}, kolom toets: {test!r} is geen toets; kies uit {TESTS}."
            )
    return rows


def judge(test: str, parts: Mapping[str, Numbers]) -> str:
    """Reach the verdict on one area.

    Parameters
    ----------
    test : str
        "beide beter": area and reference improved; "niet meer": the area improved, and not more than the reference; "meer": the
        area improved more than the reference.
    parts : mapping of str to (float, float, float)
        `own` and `other`: what each did to the gap, below zero where it became smaller (the area improved, the reference got
        worse); `gap`: their sum.

    Returns
    -------
    str
        One of ``claims.VERDICTS``: right or wrong only where no margin holds zero.
    """
    better = [sign(parts["own"]), -sign(parts["other"]), sign(parts["gap"])]
    wanted = {"beide beter": better[:2], "meer": better[2:], "niet meer": [better[0], -better[2]]}[test]
    if min(wanted) == 1:
        return RIGHT
    return WRONG if min(wanted) == -1 else OPEN


def sign(numbers: Numbers) -> int:
    """1 where the whole margin lies below zero, -1 where it lies above, 0 where it holds zero or is unknown."""
    _, lower, upper = numbers
    return int(upper < 0) - int(lower > 0)


def together(verdicts: Sequence[str]) -> str:
    """Reach one verdict on a statement about several areas: right when it is of all, wrong when it is of any."""
    return RIGHT if set(verdicts) == {RIGHT} else WRONG if WRONG in verdicts else OPEN
