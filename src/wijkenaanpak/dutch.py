"""Numbers the Dutch way: decimal comma, digits by unit, intervals."""

from __future__ import annotations

import numpy as np

DIGITS = {
    **{
        "%": 1,
        "procentpunt": 1,
        "procent": 1,
        "score": 3,
        "cijfer": 2,
        "per 1.000": 1,
        "punten": 1,
        "punt": 3,
    },
    **{"euro": 0, "aantal": 0, "index": 2, "kans": 2, "aandeel": 2, "p-waarde": 3, "helling": 2},
    **{"sd": 2, "procent per jaar": 1, "per duizend": 2, "miljoen euro": 1, "rapportcijfer": 1, "bedrag": 2},
    **{"verhouding": 2, "tiende deel": 0},
}


def number(value: float, decimals: int = 1, sign: bool = False) -> str:
    """Write a number the Dutch way: decimal comma, point for thousands, true minus sign.

    Parameters
    ----------
    value : float
        Missing becomes "onbekend".
    decimals : int
        Digits after the comma.
    sign : bool
        Write a plus sign before positive numbers (for changes).

    Examples
    --------
    >>> number(-12345.678, 1)
    '−12.345,7'
    """
    if not np.isfinite(value):
        return "onbekend"
    rounded = round(float(value), decimals) + 0.0  # + 0.0 turns -0.0 into 0.0
    text = f"{rounded:{'+' if sign and rounded else ''},.{decimals}f}"
    return text.translate(str.maketrans(",.-", ".,−"))


def in_unit(value: float, unit: str, sign: bool = False) -> str:
    """Write a number with the digits of its unit; see ``DIGITS``."""
    if unit == "p-waarde" and value < 0.0005:
        return "minder dan 0,001"
    if unit == "kans" and (value < 0.005 or value > 0.995):  # nothing is certain
        return "minder dan 0,01" if value < 0.005 else "meer dan 0,99"
    return number(value, DIGITS.get(unit, 2), sign)


def p_text(value: float) -> str:
    """Write a p-value after the letter p.

    Examples
    --------
    >>> p_text(0.04), p_text(0.0001)
    ('= 0,040', 'minder dan 0,001')
    """
    text = in_unit(value, "p-waarde")
    return text if text.startswith("minder") else f"= {text}"


def with_interval(estimate: float, lower: float, upper: float, unit: str, sign: bool = False) -> str:
    """Write an estimate with its 95% interval; say so when the interval is unknown.

    Examples
    --------
    >>> with_interval(1.26, 0.8, 1.72, "procentpunt", sign=True)
    '+1,3 (+0,8 tot +1,7)'
    """
    text = in_unit(estimate, unit, sign)
    if not np.isfinite(lower) or not np.isfinite(upper):
        return text if not np.isfinite(estimate) else f"{text} (marge onbekend)"
    return f"{text} ({in_unit(lower, unit, sign)} tot {in_unit(upper, unit, sign)})"


UNDECIDED = "niet vast te stellen"
# What the sign of a recorded verdict is called, on every page.
VERDICTS = {
    "target_verdict": {-1.0: "kleiner", 0.0: UNDECIDED, 1.0: "groter"},
    "effect_verdict": {-1.0: "gunstig", 0.0: UNDECIDED, 1.0: "ongunstig"},
}
UNKNOWN = {"target_verdict": "geen reeks", "effect_verdict": "niet te schatten"}


def verdict(measure: str, sign: float) -> str:
    """Write a recorded verdict as a word: the same one in reports, on the index and between two runs.

    Parameters
    ----------
    measure : {"target_verdict", "effect_verdict"}
    sign : float
        -1, 0 or 1; missing when there was nothing to judge.
    """
    return VERDICTS[measure].get(float(sign), UNKNOWN[measure])
