"""The numbers a report records, one row a number: the columns of ``results.csv``."""

# How a notebook hands its recorded numbers to the batch: one display of this type, rows of these columns, no header.
RESULTS_MIME = "application/vnd.wijkenaanpak.results+csv"
RESULT_COLUMNS = [
    *("question", "gebied", "indicator", "measure", "method", "reference", "period"),
    *("estimate", "lower", "upper", "unit", "n", "status", "report"),
]
