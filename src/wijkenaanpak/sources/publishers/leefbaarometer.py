"""Leefbaarometer 3.0 (Ministerie van BZK): scores by PC4, buurt, wijk, gemeente or square."""

from __future__ import annotations

import pandas as pd

from wijkenaanpak.sources import cells, coding, observations, tables
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.observations import Regional

# A sum of published parts may differ from the published total by the rounding of each.
ROUNDING = 0.0105
LEVELS = {"PC4": "pc4", "bu_code": "BU", "wk_code": "WK", "gm_code": "GM", "grid": "E"}


def read(path: Location, codebook: pd.DataFrame, log: Log | None = None) -> pd.DataFrame | Regional:
    """Read Leefbaarometer 3.0 scores (open data, Ministerie van BZK), of PC4, buurten, wijken, gemeenten or squares.

    The file says itself whether it was read right: a score minus its deviation is one number for the whole
    country, and the deviation is the sum of the five dimensions.

    Parameters
    ----------
    path : Path
        CSV with PC4 (or bu_code, wk_code, gm_code, grid), jaar, lbm, afw and the dimensions fys, onv, soc, vrz, won.
    codebook, log : DataFrame, Log
        Which columns are indicators; where missing scores are counted.

    Returns
    -------
    DataFrame or Regional
        ``COLUMNS`` for PC4; `n` is missing: the publisher gives no denominators.
    """
    book = codebook[(codebook["table"] == "leefbaarometer") & (codebook["column"] != "")]
    key = level(path)
    # the dimensions are in one file with the score, or in none
    head = {c.casefold() for c in tables.header(path, _has_years)}
    if not head & (set(book["column"]) - {"lbm"}):
        book = book[book["column"] == "lbm"]
    frame = tables.read_table(path, [key, "jaar", *book["column"]], log)
    values = observations.values(frame, dict(zip(book["indicator"], book["column"], strict=True)), book, path)
    if "afw" in frame:
        deviation = cells.numbers(frame, "afw", path)
        constant = values["lbm"] - deviation
        agree(constant, constant.median(), frame, "afw", path, "past niet bij de score in kolom lbm")
        if len(book) > 1:
            parts = sum(values[i] for i in book.loc[book["column"] != "lbm", "indicator"])
            agree(parts, deviation, frame, "afw", path, "is niet de som van de dimensies")
    wide = pd.DataFrame({"period": cells.years(frame, "jaar", path)})
    return scores(wide.assign(**values), frame, key, book, path, log)


def level(path: Location) -> str:
    """Tell which column of a file with scores has the areas."""
    head = {c.casefold() for c in tables.header(path, _has_years)}
    return next((key for key in LEVELS if key.casefold() in head), "PC4")


def _has_years(line: list[str]) -> bool:
    return "jaar" in {cell.strip().casefold() for cell in line}


def agree(
    values: pd.Series | float,
    expected: pd.Series | float,
    frame: pd.DataFrame,
    column: str,
    path: Location,
    fault: str,
) -> None:
    """Refuse a score that is not what the other columns of its row say."""
    wrong = (values - expected).abs() > ROUNDING  # type: ignore[union-attr]
    cells.refuse(wrong, frame, column, path, f"{fault}; haal het bestand opnieuw op")


def scores(
    wide: pd.DataFrame, frame: pd.DataFrame, key: str, book: pd.DataFrame, path: Location, log: Log | None
) -> pd.DataFrame | Regional:
    """Turn a column for each score into observations of PC4, or of the areas in the column `key`."""
    if LEVELS.get(key, "pc4") == "pc4":
        wide = cells.once(wide.assign(area=coding.postcodes(frame, key, path)), ["area", "period"], path, log)
        return observations.tidy(wide, {}, book, path.name, log)
    level = LEVELS[key]
    wide["code"] = _squares(frame, path) if level == "E" else coding.cbs_codes(frame, key, path, level)
    wide = cells.once(wide, ["code", "period"], path, log)
    name = next((c for c in frame if c.casefold() == key.replace("code", "naam")), None)
    wide = wide.assign(
        name=frame[name] if name else None, gemeente=frame[name] if key == "gm_code" and name else None
    )
    return Regional(
        observations.regional_rows(wide, {}, book, path.name, log), Regional.nowhere(), Regional.nobody()
    )


def _squares(frame: pd.DataFrame, path: Location) -> pd.Series:
    """Check the codes of squares of 100 metres."""
    codes = frame["grid"].where(frame["grid"].fillna("").str.fullmatch(coding.SQUARE.pattern))
    cells.refuse(codes.isna(), frame, "grid", path, "is geen vierkant als E1234N4567; verbeter de code")
    return codes
