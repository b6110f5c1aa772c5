"""Maps: PC4, and the wijken and buurten of CBS, in RD New."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import coding
from wijkenaanpak.sources.files import Location, Log
from wijkenaanpak.sources.publishers import kerncijfers

RD_NEW = "EPSG:28992"
# Where the Netherlands are in RD New, with room to spare (metres).
COUNTRY = (-10_000, 290_000, 300_000, 640_000)
MAPS = (".gpkg", ".geojson", ".json", ".shp")


def read_boundaries(path: Location, log: Log | None = None) -> gpd.GeoDataFrame:
    """Read PC4 shapes from a GeoPackage, GeoJSON or shapefile: area, geometry in RD New."""
    shapes = _shapes(path)
    texts = shapes.drop(columns="geometry").astype(str)
    codes = [c for c in texts if texts[c].str.fullmatch(coding.PC4.pattern).fillna(False).all()]
    if not codes or not len(shapes):
        raise SourceError(
            f"{path.name}: geen kolom met postcodes van vier cijfers gevonden; gebruik de PC4-kaart van het CBS."
        )
    code = max(codes, key=lambda c: texts[c].nunique())  # a column of years looks like postcodes too
    area = texts[code].str.extract(coding.PC4, expand=False)
    result = gpd.GeoDataFrame({"area": area}, geometry=shapes.geometry, crs=shapes.crs)
    if log is not None:
        log.add(path, "grenzen van postcodegebieden", len(shapes))
        log.add(path, "grenzen in meer delen, samengevoegd", result["area"].duplicated().sum())
    return result.dissolve("area").reset_index()


def read_cbs_boundaries(path: Location, log: Log | None = None) -> gpd.GeoDataFrame:
    """Read the shapes of CBS wijken or buurten: code, name, geometry in RD New; water areas are left out."""
    shapes = _shapes(path)
    columns = kerncijfers.concepts(shapes.drop(columns="geometry"), path)
    code = shapes[columns["code"]].map(coding.cbs_code)
    name = shapes[columns["naam"]] if "naam" in columns else None
    result = gpd.GeoDataFrame({"code": code, "name": name}, geometry=shapes.geometry, crs=shapes.crs)
    water = next((c for c in shapes if c.casefold() in ("h2o", "water")), None)
    dry = shapes[water].isin(["NEE", "B"]) if water else pd.Series(True, shapes.index)
    result = result[dry & result["code"].fillna("").str.startswith(("WK", "BU"))]
    if log is not None:
        log.add(path, "grenzen van wijken en buurten", len(result))
    return result.dissolve("code").reset_index()


def _shapes(path: Location) -> gpd.GeoDataFrame:
    """Read a map and bring it to RD New."""
    # GDAL opens a file inside a zip by a name of its own
    source = path if isinstance(path, Path) else f"/vsizip/{path.root.filename}/{path.at}"
    try:
        shapes = gpd.read_file(source)
    except Exception as error:  # the drivers raise a different class for every kind of damage
        raise SourceError(
            f"{path.name} is niet als kaart te lezen ({error}); haal het bestand opnieuw op."
        ) from None
    if not isinstance(shapes, gpd.GeoDataFrame) or shapes.geometry.isna().all():
        raise SourceError(f"{path.name}: er staan geen grenzen in; haal het bestand opnieuw op.")
    if shapes.crs is None:
        raise SourceError(
            f"{path.name}: het coördinatenstelsel ontbreekt; de kaart hoort in RD New ({RD_NEW}) te staan."
        )
    shapes = shapes[shapes.geometry.notna()].to_crs(RD_NEW)
    left, bottom, right, top = shapes.total_bounds
    inside = COUNTRY[0] < left and right < COUNTRY[1] and COUNTRY[2] < bottom and top < COUNTRY[3]
    if len(shapes) and not inside:
        raise SourceError(
            f"{path.name}: de grenzen liggen buiten Nederland, dus het coördinatenstelsel klopt niet; de kaart hoort in "
            f"RD New ({RD_NEW}) te staan."
        )
    return shapes
