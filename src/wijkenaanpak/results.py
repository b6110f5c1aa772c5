"""The numbers a report records, one row a number: the columns of ``results.csv``."""

import re

# What a spreadsheet takes for the beginning of a formula, and what is a number all the same.
FORMULA, NUMBER = "=+-@\t\r", re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.IGNORECASE)
# How a notebook hands its recorded numbers to the batch: one display of this type, rows of these columns, no header.
RESULTS_MIME = "application/vnd.wijkenaanpak.results+csv"
# Two rows alike in these are one number.
RESULT_KEY = ["question", "gebied", "indicator", "measure", "method", "reference", "period"]
RESULT_COLUMNS = ["data", *RESULT_KEY, "estimate", "lower", "upper", "unit", "n", "status", "report"]
# The first column: whoever cuts a row out of a file takes the mark along.
PRACTICE, REAL = "OEFENDATA", "gepubliceerd"


def plain(value: object) -> object:
    """Return what a cell of a CSV file may hold: an apostrophe goes before text that a spreadsheet would compute.

    That is text with one of ``= + - @``, a tab or a carriage return in front, and no number (OWASP, CSV injection). Numbers, also written
    as text, stay as they are.
    """
    risky = isinstance(value, str) and value[:1] in FORMULA and not NUMBER.fullmatch(value)
    return f"'{value}" if value and risky else value
