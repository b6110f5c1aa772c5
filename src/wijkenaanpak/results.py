"""The numbers a report records, one row a number: the columns of ``results.csv``."""

# How a notebook hands its recorded numbers to the batch: one display of this type, rows of these columns, no header.
RESULTS_MIME = "application/vnd.wijkenaanpak.results+csv"
# Two rows alike in these are one number.
RESULT_KEY = ["question", "gebied", "indicator", "measure", "method", "reference", "period"]
RESULT_COLUMNS = ["data", *RESULT_KEY, "estimate", "lower", "upper", "unit", "n", "status", "report"]
# The first column: whoever cuts a row out of a file takes the mark along.
PRACTICE, REAL = "OEFENDATA", "gepubliceerd"
