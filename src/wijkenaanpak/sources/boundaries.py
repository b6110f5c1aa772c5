"""Maps: PC4, and the wijken and buurten of CBS, in RD New."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd

from wijkenaanpak import SourceError
from wijkenaanpak.sources import coding, concepts, files
from wijkenaanpak.sources.files import Location, Log

RD_NEW = "EPSG:28992"
# Where the Netherlands are in RD New, with room to spare (metres).
COUNTRY = (-10_000, 290_000, 300_000, 640_000)
# What the column with names is called, by level; a map of buurten names their wijken too.
NAMES = {"BU": ("bu_naam", "buurtnaam"), "WK": ("wk_naam", "wijknaam")}
MAPS = (".gpkg", ".geojson", ".json", ".shp")


def read_boundaries(path: Location, log: Log | None = None) -> gpd.GeoDataFrame:
    """Read PC4 shapes from a GeoPackage, GeoJSON or shapefile: area, geometry in RD New."""
    for shapes in _layers(path):
        texts = shapes.drop(columns="geometry").astype(str)
        codes = [c for c in texts if texts[c].str.fullmatch(coding.PC4.pattern).fillna(False).all()]
        if codes and len(shapes):
            break
    else:
        raise files.OtherFile(
            f"{path.name}: geen kolom met postcodes van vier cijfers gevonden; gebruik de PC4-kaart van het CBS."
        )
    shapes = _placed(shapes, path)
    code = max(codes, key=lambda c: texts[c].nunique())  # a column of years looks like postcodes too
    area = texts[code].str.extract(coding.PC4, expand=False)
    result = gpd.GeoDataFrame({"area": area}, geometry=shapes.geometry, crs=shapes.crs)
    if log is not None:
        log.add(path, "grenzen van postcodegebieden", len(shapes))
        log.add(path, "grenzen in meer delen, samengevoegd", result["area"].duplicated().sum())
    return result.dissolve("area").reset_index()


def read_cbs_boundaries(path: Location, log: Log | None = None) -> gpd.GeoDataFrame:
    """Read the shapes of CBS wijken and buurten, of every layer: code, name, geometry in RD New; without water."""
    parts, fault = [], None
    for shapes in _layers(path):
        try:
            columns = concepts.read_concepts(shapes.drop(columns="geometry").astype(object), path)
        except SourceError as error:
            fault = fault or error
            continue
        if "code" not in columns:
            continue
        shapes = _placed(shapes, path)
        code = shapes[columns.names["code"]].map(coding.cbs_code)
        kind = code.dropna().str[:2].mode()
        own = next((c for c in shapes if len(kind) and c.casefold() in NAMES.get(kind[0], ())), None)
        name = shapes[own] if own else (shapes[columns.names["naam"]] if "naam" in columns else None)
        part = gpd.GeoDataFrame({"code": code, "name": name}, geometry=shapes.geometry, crs=shapes.crs)
        water = next((c for c in shapes if c.casefold() in ("h2o", "water")), None)
        dry = shapes[water].isin(["NEE", "B"]) if water else pd.Series(True, shapes.index)
        parts.append(part[dry & part["code"].fillna("").str.startswith(("WK", "BU"))])
    if not any(len(part) for part in parts):
        raise fault or files.OtherFile(
            f"{path.name}: geen grenzen van wijken of buurten gevonden; gebruik de Wijk- en buurtkaart van het CBS."
        )
    result = pd.concat(parts, ignore_index=True)
    if log is not None:
        log.add(path, "grenzen van wijken en buurten", len(result))
    return result.dissolve("code").reset_index()


def _layers(path: Location) -> Iterator[gpd.GeoDataFrame]:
    """Read the layers of a map one by one."""
    source = _source(path)
    try:
        names = gpd.list_layers(source)["name"].tolist()
        layers = [gpd.read_file(source, layer=name) for name in names]
    except Exception as error:  # the drivers raise a different class for every kind of damage
        raise SourceError(
            f"{path.name} is niet als kaart te lezen ({error}); haal het bestand opnieuw op."
        ) from None
    drawn = [s for s in layers if isinstance(s, gpd.GeoDataFrame) and not s.geometry.isna().all()]
    if not drawn:
        raise SourceError(f"{path.name}: er staan geen grenzen in; haal het bestand opnieuw op.")
    yield from drawn


def _source(path: Location) -> Path | str:
    """Name a map as GDAL does, which opens a file inside a zip, or inside a zip in a zip, by a name of its own."""
    if isinstance(path, Path):
        return path
    outer, *inner = re.split(r"(?<=\.zip)/", str(path.root.filename), flags=re.IGNORECASE)
    for name in [*inner, path.at]:
        outer = f"/vsizip/{{{outer}}}/{name}"
    return outer


def _placed(shapes: gpd.GeoDataFrame, path: Location) -> gpd.GeoDataFrame:
    """Bring a map to RD New."""
    if shapes.crs is None:
        raise SourceError(
            f"{path.name}: het coördinatenstelsel ontbreekt; de kaart hoort in RD New ({RD_NEW}) te staan."
        )
    bounds = shapes.total_bounds
    if shapes.crs.is_geographic and _inside(bounds):
        raise SourceError(
            f"{path.name}: een GeoJSON zonder crs geldt als WGS84, maar deze coördinaten ({bounds[0]:.0f}, {bounds[1]:.0f}) "
            f"lijken RD New; schrijf het bestand met zijn crs ({RD_NEW}), of in WGS84."
        )
    shapes = shapes[shapes.geometry.notna()].to_crs(RD_NEW)
    if len(shapes) and not _inside(shapes.total_bounds):
        raise SourceError(
            f"{path.name}: de grenzen liggen buiten Nederland, dus het coördinatenstelsel klopt niet; de kaart hoort in "
            f"RD New ({RD_NEW}) te staan."
        )
    return shapes


def _inside(bounds: Sequence[float]) -> bool:
    left, bottom, right, top = bounds
    return bool(COUNTRY[0] < left and right < COUNTRY[1] and COUNTRY[2] < bottom and top < COUNTRY[3])
