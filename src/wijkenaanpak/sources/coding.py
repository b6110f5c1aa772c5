"""Codes of areas: postcodes of four digits, gemeenten, wijken and buurten of CBS, squares."""

from __future__ import annotations

import re

import pandas as pd

from wijkenaanpak.sources import cells
from wijkenaanpak.sources.files import Location

PC4 = re.compile(r"([1-9][0-9]{3})(?:\.0)?")  # Excel turns a code into 1813.0
# Since 2022 a wijk, and with it its buurten, may have letters after the code of the gemeente: WK0363AA, BU0363AA01.
CBS_CODE = re.compile(r"(GM|WK|BU)?([0-9]+|[0-9]{3,4}[0-9A-Z]{2}(?:[0-9A-Z]{2})?)(?:\.0)?", re.IGNORECASE)
DIGITS = {"GM": 4, "WK": 6, "BU": 8}
LEAST = {"GM": 1, "WK": 3, "BU": 5}  # a code with fewer digits is one of a larger area
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
    prefix, digits = (match[1] or "").upper(), match[2].upper()
    kind = prefix or level or {v: k for k, v in DIGITS.items()}.get(len(digits)) or ""
    if kind not in DIGITS or (level and prefix and kind != level):
        return None
    # With its prefix a code is whole; only a number alone may have lost its leading zeros.
    if len(digits) < (DIGITS[kind] if prefix else LEAST[kind]):
        return None
    digits = digits.zfill(DIGITS[kind])
    return kind + digits if len(digits) == DIGITS[kind] and digits[:4].isdigit() else None


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
