import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wijkenaanpak import dutch


@pytest.mark.parametrize(
    ("value", "decimals", "sign", "text"),
    [
        (1234567.891, 2, False, "1.234.567,89"),
        (-0.04, 1, True, "0,0"),
        (0.25, 1, True, "+0,2"),
        (-12.345, 2, False, "−12,35"),
        (np.nan, 1, False, "onbekend"),
        (np.inf, 1, False, "onbegrensd"),
    ],
)
def test_numbers_are_written_the_dutch_way(value, decimals, sign, text):
    assert dutch.number(value, decimals, sign) == text


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_written_number_reads_back_within_its_rounding(value, decimals):
    text = dutch.number(value, decimals)
    back = float(text.replace(".", "").replace(",", ".").replace("−", "-"))
    assert abs(back - value) <= 0.5 * 10**-decimals + 1e-6


def test_an_unknown_interval_is_said_and_not_left_out():
    assert dutch.with_interval(1.2, np.nan, np.nan, "%") == "1,2 (marge onbekend)"
    assert dutch.with_interval(1.2, 0.9, 1.5, "%") == "1,2 (0,9 tot 1,5)"
    assert dutch.with_interval(np.nan, np.nan, np.nan, "%") == "onbekend"


def test_nothing_is_certain():
    assert dutch.in_unit(0.001, "kans") == "minder dan 0,01"
    assert dutch.in_unit(0.999, "kans") == "meer dan 0,99"
    assert dutch.in_unit(0.5, "kans") == "0,50"
