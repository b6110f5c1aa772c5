"""Surveys of one's own by PC4, in the layout of data/README.md."""

from __future__ import annotations

import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import cells, coding, files, observations, tables
from wijkenaanpak.sources.files import Location, Log


def read(path: Location, codebook: pd.DataFrame, log: Log | None = None) -> pd.DataFrame:
    """Read survey results per PC4 in the layout of data/README.md: pc4, jaar, n and the results."""
    book = codebook[codebook["table"] == "peilingen"]
    frame = tables.read_table(path, ["pc4", "jaar", "n"])
    unknown = sorted(set(frame.columns) - {"pc4", "jaar", "n", *book["column"]})
    if unknown:
        raise SourceError(
            f"{files.named(path)}, rij 1: de kolom {unknown[0]!r} is geen uitkomst van een peiling in data/raw/indicatoren.csv "
            f"({', '.join(book['column'])}); verbeter de naam of haal de kolom weg."
        )
    book = book[book["column"].isin(frame.columns)]
    wide = pd.DataFrame(
        {"area": coding.postcodes(frame, "pc4", path), "period": cells.years(frame, "jaar", path)}
    )
    values = observations.values(frame, dict(zip(book["indicator"], book["column"], strict=True)), book, path)
    wide["n"] = cells.numbers(frame, "n", path)
    cells.within(wide["n"], 0, 1e6, frame, "n", path)
    wide = cells.once(wide.assign(**values), ["area", "period"], path, log)
    return observations.tidy(wide, dict.fromkeys(book["indicator"], wide["n"]), book, path.name, log)
