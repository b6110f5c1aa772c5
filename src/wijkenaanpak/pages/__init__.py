"""From executed notebook to page; index, methods, comparison of runs."""
