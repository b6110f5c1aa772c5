"""Codes of areas: postcodes of four digits, gemeenten, wijken and buurten of CBS, squares."""

from __future__ import annotations

import re

import pandas as pd

from wijkenaanpak.sources import cells
from wijkenaanpak.sources.files import Location

PC4 = re.compile(r"([1-9][0-9]{3})(?:\.0)?")  # Excel turns a code into 1813.0
CBS_CODE = re.compile(r"(GM|WK|BU)?([0-9]+)(?:\.0)?", re.IGNORECASE)
DIGITS = {"GM": 4, "WK": 6, "BU": 8}
KINDS = {"g": "GM", "gemeente": "GM", "w": "WK", "wijk": "WK", "b": "BU", "buurt": "BU"}
# A square of 100 metres, named after its south-west corner in RD New, in hundreds of metres.
SQUARE = re.compile(r"E([0-9]{4})N([0-9]{4})")


def postcodes(frame: pd.DataFrame, column: str, path: Location) -> pd.Series:
    """Check four-digit postcodes."""
    text = frame[column].fillna("").astype(object)
    found = text.map(PC4.fullmatch)
    cells.refuse(found.isna(), frame, column, path, "is geen postcode van vier cijfers; verbeter de code")
    return found.map(lambda match: match[1]).astype(str)


def cbs_code(text: object, level: str | None = None) -> str | None:
    """Write the code of a gemeente, wijk or buurt as CBS does now: GM0344, WK034401, BU03440101.

    Parameters
    ----------
    text : str
        With or without prefix, leading zeros or trailing blanks; NL00 and NL01 are the country.
    level : {"GM", "WK", "BU"}, optional
        What the code is of, for a number alone; without it the number of digits tells.

    Returns
    -------
    str or None
        None when it can be no such code.
    """
    plain = "" if text is None or text is pd.NA or text != text else str(text).strip()
    if re.fullmatch(r"NL(0[01])?", plain, re.IGNORECASE):
        return "NL"
    match = CBS_CODE.fullmatch(plain)
    if match is None:
        return None
    kind = (match[1] or level or {v: k for k, v in DIGITS.items()}.get(len(match[2])) or "").upper()
    if kind not in DIGITS or (level and match[1] and kind != level):
        return None
    digits = match[2].zfill(DIGITS[kind])
    return kind + digits if len(digits) == DIGITS[kind] else None


def cbs_codes(
    frame: pd.DataFrame,
    column: str,
    path: Location,
    level: str | None = None,
    what: str = "gemeente, wijk of buurt",
) -> pd.Series:
    """Check codes of CBS areas, of one level or of several; see :func:`cbs_code`."""
    codes = frame[column].map({text: cbs_code(text, level) for text in frame[column].unique()})
    cells.refuse(codes.isna(), frame, column, path, f"is geen code van een {what}; verbeter de code")
    return codes
