"""Leefbaarometer 2.0 (Ministerie van BZK): scores by PC4, a column for each score and year."""

from __future__ import annotations

import re

import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import files, observations, tables
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.publishers import leefbaarometer


def read(path: Location, codebook: pd.DataFrame, log: Log | None = None) -> pd.DataFrame:
    """Read Leefbaarometer 2.0 scores per PC4: a column for each score and year, RLBRMTR12 and so on.

    Parameters
    ----------
    path, codebook, log : Path, DataFrame, Log
        See :func:`read_leefbaarometer`; the code of the area is in GBD.

    Returns
    -------
    DataFrame
        ``COLUMNS``.
    """
    book = codebook[codebook["table"] == "leefbaarometer2"]
    head = tables.header(path)
    if any(re.fullmatch(r"KL\d\d", name) for name in head):
        raise files.OtherFile(
            f"{files.named(path)} bevat de klassen van Leefbaarometer 2.0 ({', '.join(head[:4])}); nodig zijn de scores (GBD, "
            "RLBRMTR12, ...), dus laat dit bestand weg."
        )
    # a row without a score in the last years is cut off after its last one
    frame = tables.read_table(path, ["GBD", "RLBRMTR12"], log, block=len(book))
    years = sorted({c[-2:] for c in frame if re.fullmatch(r"RLBRMTR\d\d", c)})
    parts = []
    for year in years:
        columns = {r.indicator: f"{r.column}{year}" for r in book.itertuples()}
        if absent := [c for c in columns.values() if c not in frame]:
            raise SourceError(
                f"{files.named(path)}, rij 1: de kolom {absent[0]!r} ontbreekt, terwijl RLBRMTR{year} er is; "
                "gebruik het bestand zoals de bron het levert."
            )
        values = observations.values(frame, columns, book, path)
        total = values.pop("lbm2")
        leefbaarometer.agree(
            sum(values.values()), total, frame, f"RLBRMTR{year}", path, "is niet de som van de dimensies"
        )
        parts.append(pd.DataFrame({"period": 2000 + int(year), "lbm2": total, **values}, index=frame.index))
    wide, whole = pd.concat(parts), pd.concat([frame] * len(parts))
    result = leefbaarometer.scores(wide, whole, "GBD", book, path, log)
    assert isinstance(result, pd.DataFrame)  # GBD holds PC4 only
    return result
