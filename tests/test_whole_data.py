"""Data that arrive whole: no number lost, none invented; each kind of fault by a case that was found, and one of our own."""

import json
import os
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from test_publishers import workbook
from wijkenaanpak import SourceError
from wijkenaanpak.run import batch
from wijkenaanpak.sources import cities, files
from wijkenaanpak.sources.convert import convert
from wijkenaanpak.sources.crosswalk import read_crosswalk
from wijkenaanpak.sources.facts import read_codebook
from wijkenaanpak.sources.folder import read_folder
from wijkenaanpak.sources.observations import Regional
from wijkenaanpak.sources.publishers import outcomemonitor
from wijkenaanpak.store import panel, place

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def cases() -> Path:
    """Folder with the cases; the test is skipped by name when it is not there."""
    for base in (os.environ.get("WIJKEN_RAW"), ROOT.parent / "shared" / "data" / "real"):
        if base and (found := Path(base).parent / "cases").is_dir():
            return found
    pytest.skip("gevallen niet aanwezig: zet WIJKEN_RAW")


def value(tables, indicator: str, area: str, period: int) -> float:
    rows = tables.observations.query("indicator == @indicator and area == @area and period == @period")
    return rows["value"].iloc[0] if len(rows) else np.nan


def weight(tables, indicator: str, area: str) -> float:
    return tables.observations.query("indicator == @indicator and area == @area")["n"].iloc[0]


def used(tables) -> dict[str, str]:
    return tables.inventory.set_index("bestand")["gebruik"].to_dict()


def counted(tables, words: str) -> int:
    return int(tables.log.loc[tables.log["what"].str.contains(words, regex=False), "count"].sum())


# ---- the cases ---------------------------------------------------------------------------------------

# kind, case, and what must be so of the folder
RIGHT = [
    ("total of a selection", "blank-code-becomes-nederland",
     lambda t: np.isnan(value(t, "kwb_woz", "Nederland", 2018)) and counted(t, "rijen zonder code") == 1),
    ("titles beside codes", "cbsodata-dataframe-csv", lambda t: value(t, "kwb_woz", "3561", 2019) == 180_000),
    ("codes with letters", "codes-with-letters", lambda t: value(t, "kwb_woz", "3561", 2023) == 150_000),
    ("dates for months", "excel-months", lambda t: t.forms["nww_maand"]["maand"].iloc[0] == "2009-01"),
    ("files not used", "files-not-used-are-not-named",
     lambda t: set(used(t).values()) > {"Kerncijfers", "scores van de Leefbaarometer"} and all(
         row.gebruik or row.reden for row in t.inventory.itertuples())),
    ("inhabitants alone", "inhabitants-only", lambda t: used(t)["kwb-2018.csv"] == "Kerncijfers"),
    ("another file of that name", "lbm2-classes",
     lambda t: "klassen van Leefbaarometer 2.0" in t.inventory.set_index("bestand").at["lbm2_pc4_class.csv", "reden"]),
    ("name against code", "name-with-comma-dropped",
     lambda t: value(t, "kwb_woz", "3562", 2018) == pytest.approx(1000 * (16000 * 120 + 310 * 150) / 16310)),
    ("notes below the rows", "notes-below-rows",
     lambda t: value(t, "kwb_woz", "3562", 2022) == 240_000 and counted(t, "voetregels") == 2),
    ("nothing but Kerncijfers", "only-a-kwb-file", lambda t: value(t, "kwb_woz", "Utrecht", 2018) == 240_000),
    ("postcode beside gemeente", "pc4-file-with-gemeente-code",
     lambda t: value(t, "kwb_woz", "9711", 2022) == 190_000 and np.isnan(value(t, "kwb_woz", "Groningen", 2022))),
    ("data of one city", "region-of-one-city",
     lambda t: value(t, "kwb_woz", "3561", 2018) == 150_000 and counted(t, "pc4_gemeente.csv niet heeft") > 0),
    ("renamed columns", "statline-2013-regios",
     lambda t: value(t, "kwb_woz", "3561", 2013) == 150_000 and value(t, "kwb_ww", "3561", 2013) == 0.1),
    ("units that differ", "statline-2014-ages-in-percent",
     lambda t: value(t, "kwb_ww", "3561", 2014) == 0.1 and weight(t, "kwb_ww", "3561") == 34_000 * 0.67 / 2),
    ("two sources for one thing", "two-crosswalks-counted-twice",
     lambda t: weight(t, "kwb_woz", "3561") == 7750 and counted(t, "van het naaste jaar: pc4_x_wijk2018.csv") > 0),
    ("names of a publisher", "wijk_2018_v3-shapefile-name", lambda t: value(t, "kwb_woz", "3561", 2018) == 150_000),
    ("euros for thousands", "woz-in-euros", lambda t: value(t, "kwb_woz", "3561", 2022) == 231_000),
    ("zip named like its content", "zip-named-like-its-content", lambda t: len(t.boundaries) == 2),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "case", "holds"), RIGHT, ids=[kind for kind, _, _ in RIGHT])
def test_a_case_is_read_right(cases, kind, case, holds):
    assert holds(read_folder(cases / case / "data")), kind


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("geojson-in-rd-without-crs", ["pc4_2020.geojson", "zonder crs geldt als WGS84", "lijken RD New", "in WGS84"]),
        ("percent-as-fraction", ["kwb-2018.csv", "kolom p_koopw", "'0,57'", "van 0 tot 1", "percentages"]),
    ],
    ids=["map without its grid", "a share for a percentage"],
)  # fmt: skip
def test_a_case_is_refused_with_its_cause(cases, case, words):
    with pytest.raises(SourceError) as caught:
        read_folder(cases / case / "data")
    assert [w for w in words if w not in str(caught.value)] == []


def test_a_folder_with_nothing_but_kerncijfers_becomes_a_store_and_names_its_files(
    cases, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path))
    assert batch.main(["data", "--data", str(cases / "only-a-kwb-file" / "data")]) == 0
    shown = capsys.readouterr().out
    assert "geen omrekentabel naar postcodegebieden (pc4_x_wijk*.csv" in shown
    assert "Kerncijfers" in shown


def test_a_report_beyond_its_memory_says_so_or_is_made(cases, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path))
    data = str(cases / "memory-limit-without-a-reason" / "data")
    options = [
        "--vraag",
        "leefbaarheid",
        "--gebied",
        "Utrecht",
        "--memory",
        "1",
        "--out",
        str(tmp_path / "uit"),
    ]
    failed = batch.main(
        ["reports", "--data", data, *options]
    )  # what is still free in its pages may be enough
    shown = capsys.readouterr()
    assert not failed or "boven de geheugenlimiet van 1 MB; geef meer met --memory" in shown.out + shown.err


# ---- inputs of our own -------------------------------------------------------------------------------

HEAD = "gwb_code_10;regio;gm_naam;recs;a_inw;a_15_24;a_25_44;a_45_64;a_hh;a_woning;g_woz;p_koopw;a_soz_ww"
COUNTRY = "NL00;Nederland;Nederland;Land;17000000;2000000;4300000;4700000;7800000;7700000;220;57;340000"
CITY = "GM0344;Utrecht;Utrecht;Gemeente;340000;60000;120000;75000;180000;150000;240;45;5200"
WIJK = "WK034403;Wijk 03 Overvecht;Utrecht;Wijk;34000;4500;11000;7500;16000;15500;150;25;900"
NEXT = "WK034404;Wijk 04 Noordoost;Utrecht;Wijk;39000;6500;13000;9000;19000;18500;300;55;600"
ROWS = (HEAD, COUNTRY, CITY, WIJK, NEXT)
SHARES = "pc4,wijk_code_2018,wijk_naam_2018,share_pc4,share_wijk\n3561,WK034403,Wijk 03 Overvecht,1,1\n3562,WK034404,Wijk 04 Noordoost,1,1\n"
PLACES = "pc4,gemeente\n3561,Utrecht\n3562,Utrecht\n"


@pytest.fixture
def folder(tmp_path):
    """Write a folder: Kerncijfers of 2018, a crosswalk, the gemeenten and a list of wijken, and what a test changes."""

    def write(changes: dict[str, str | bytes | None] | None = None) -> Path:
        target = tmp_path / "map"
        content: dict[str, str | bytes | None] = {
            "kwb-2018.csv": "\n".join(ROWS) + "\n",
            "pc4_x_wijk2018.csv": SHARES,
            "pc4_gemeente.csv": PLACES,
            "aandachtswijken_pc4.csv": "wijk,pc4,zekerheid,bron\nUtrecht/Overvecht,3561,vast,proef\n",
        }
        for name, text in (content | (changes or {})).items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    return write


def refused(folder: Path, *words: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_folder(folder)
    assert [w for w in words if w not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("now", "then"),
    [("Overvecht-Noord e.o.", "Overvecht Noord"), ("Bökkers Mölle", "Bokkers Molle"), ("Zuilen/Ondiep", "Zuilen en Ondiep")],
)  # fmt: skip
def test_another_spelling_of_a_name_is_no_other_wijk(folder, now, then):
    shares = SHARES.replace("2018", "2022").replace("Wijk 03 Overvecht", then)
    tables = read_folder(folder({"kwb-2018.csv": "\n".join(ROWS).replace("Wijk 03 Overvecht", now), "pc4_x_wijk2018.csv": shares}))  # fmt: skip
    assert value(tables, "kwb_woz", "3561", 2018) == 150_000


def pieces(*rows: tuple[str, str, float, float], table: str = "t", year: int = 2018) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["code", "pc4", "share", "share_pc4"])
    return frame.assign(name=None, basis="oppervlakte", year=year, table=table, rank=1, n=np.nan)


def figures(*rows: tuple[str, float, float]) -> Regional:
    frame = pd.DataFrame(rows, columns=["code", "value", "n"]).assign(
        indicator="kwb_koop", name=None, gemeente=None, period=2018, decimals=0, source="proef", status="published"
    )  # fmt: skip
    return Regional(frame, Regional.nowhere(), Regional.nobody())


def test_how_much_of_a_postcode_is_known_is_counted_in_people():
    crosswalk = pieces(("WK000101", "1001", 0.02, 0.6), ("WK000102", "1001", 1, 0.4))
    people = pd.DataFrame(
        {"code": ["WK000101", "WK000102"], "period": 2018, "inwoners": [15_000.0, 16_000.0]}
    )
    log = files.Log()
    assert not len(convert(figures(("WK000101", 20, 6000)), crosswalk, log, people))
    assert log.table()["what"].str.contains("minder dan de helft").any()
    known = convert(figures(("WK000102", 20, 7000)), crosswalk, files.Log(), people)
    assert known["value"].tolist() == [20]


def test_what_is_known_for_a_part_has_a_margin():
    crosswalk = pieces(("WK000101", "1001", 1, 0.7), ("WK000102", "1001", 1, 0.3), ("WK000103", "1002", 1, 1))
    people = pd.DataFrame({"code": ["WK000101", "WK000102"], "period": 2018, "inwoners": [700.0, 300.0]})
    found = convert(figures(("WK000101", 20, 700), ("WK000103", 60, 500)), crosswalk, files.Log(), people)
    assert found.set_index("area").at["1001", "error"] > 0


def test_of_two_maps_one_counts_for_each_code(tmp_path):
    pc4 = gpd.GeoDataFrame({"area": ["1813"]}, geometry=[box(100_000, 500_000, 101_000, 501_000)], crs=28992)
    for year in (2018, 2022):
        wijk = gpd.GeoDataFrame({"WK_CODE": ["WK036101"], "WK_NAAM": ["A"]}, geometry=pc4.geometry, crs=28992)
        wijk.to_file(tmp_path / f"wijken_{year}.gpkg")
    crosswalk = read_crosswalk(tmp_path, pc4, pd.DataFrame(), files.Log())
    found = convert(figures(("WK036101", 20, 1000)), crosswalk, files.Log())
    assert found["n"].tolist() == [1000]


def test_two_crosswalks_of_two_cities_are_both_used():
    crosswalk = pd.concat(
        [pieces(("WK000101", "1001", 1, 1), table="a"), pieces(("WK000201", "2001", 1, 1), table="b")]
    )
    found = convert(figures(("WK000101", 20, 10), ("WK000201", 30, 10)), crosswalk, files.Log())
    assert found["area"].tolist() == ["1001", "2001"]


def test_buurten_of_one_city_do_not_drop_the_wijken_of_the_others():
    crosswalk = pieces(("WK000101", "1001", 1, 1), ("BU00020100", "2001", 1, 1), ("WK000201", "2001", 1, 1))
    rows = figures(("WK000101", 20, 100), ("BU00020100", 30, 60), ("WK000201", 35, 60))
    found = convert(rows, crosswalk, files.Log()).set_index("area")["value"]
    assert found.to_dict() == {"1001": 20, "2001": 30}


@pytest.mark.parametrize(
    "row",
    ["  ;Totaal;;;114000;1;1;1;1;1;240;33;9", "NL00;Totaal;;;114000;24000;40500;22400;63000;58400;240;33;2200",
     "Nederland;Nederland;;;73000;11000;24000;16500;35000;34000;240;33;1500"],
    ids=["blanks for a code", "a total with the code of the country", "a total with its name"],
)  # fmt: skip
def test_the_total_of_a_selection_is_not_the_country(folder, row):
    tables = read_folder(folder({"kwb-2018.csv": "\n".join((HEAD, WIJK, row)) + "\n"}))
    assert "Nederland" not in set(tables.observations["area"])
    assert counted(tables, "rijen zonder code") + counted(tables, "totaal van een selectie") == 1


def test_parts_that_are_more_than_the_whole_are_refused(folder):
    wrong = WIJK.replace("WK034403", "WK034409").replace(";34000;", ";340000;")
    refused(
        folder({"kwb-2018.csv": "\n".join((*ROWS, wrong)) + "\n"}),
        "kolom a_inw",
        "wijken van GM0344",
        "340000",
    )


def test_a_country_that_is_not_the_mean_of_its_gemeenten_is_counted(folder):
    city = CITY.replace(";340000;", ";16900000;").replace(";150000;240;45;", ";7650000;240;45;")
    tables = read_folder(folder({"kwb-2018.csv": "\n".join((HEAD, COUNTRY, city, WIJK)) + "\n"}))
    assert counted(tables, "controle van het niveau, klopt niet: Koopwoningen") == 1


def test_ages_in_percent_are_seen_without_metadata(folder):
    rows = "\n".join((HEAD, WIJK.replace(";4500;11000;7500;", ";13;32;22;"))) + "\n"
    assert weight(read_folder(folder({"kwb-2018.csv": rows})), "kwb_ww", "3561") == pytest.approx(
        34_000 * 0.67
    )


@pytest.mark.parametrize(
    ("unit", "cell", "expected"),
    [("x 1 000 euro", 150, 150_000), ("euro", 150_000, 150_000), ("1 000 euro", 150, 150_000)],
)
def test_the_unit_of_a_table_is_that_of_its_metadata(folder, unit, cell, expected):
    table = {
        "DataProperties.json": [{"Key": "GemiddeldeWoningwaarde_35", "Title": "W", "Unit": unit, "Type": "Topic"}],
        "TypedDataSet.json": [{"WijkenEnBuurten": "WK034403  ", "AantalInwoners_5": 34000, "Woningvoorraad_34": 15500, "GemiddeldeWoningwaarde_35": cell}],
        "WijkenEnBuurten.json": [{"Key": "WK034403  ", "Title": "Overvecht"}],
        "TableInfos.json": [{"Title": "Kerncijfers wijken en buurten 2016"}],
    }  # fmt: skip
    parts = {f"83487NED/{name}": json.dumps(rows) for name, rows in table.items()}
    tables = read_folder(folder({**parts, "kwb-2018.csv": None}))
    assert value(tables, "kwb_woz", "3561", 2016) == expected


def test_a_renamed_column_is_named_with_what_it_may_be(folder):
    tables = read_folder(folder({"kwb-2018.csv": "\n".join(ROWS).replace("p_koopw", "p_koopwn")}))
    assert counted(tables, "Koopwoningen (wijkcijfers) (misschien 'p_koopwn')") > 0


@pytest.mark.parametrize(
    ("cells", "words"),
    [((";0.25;", ";0.55;"), ["kolom p_koopw", "'0.25'", "van 0 tot 1"]), ((";1,234;", ";2,345;"), ["kolom p_koopw", "'1,234'"])],
    ids=["a share", "a comma that can be two things"],
)  # fmt: skip
def test_a_number_that_can_be_two_things_is_refused(folder, cells, words):
    rows = [WIJK.replace(";25;", cells[0]), NEXT.replace(";55;", cells[1])]
    refused(folder({"kwb-2018.csv": "\n".join((HEAD, *rows)) + "\n"}), *words)


def test_a_file_of_postcodes_stays_one_whatever_it_calls_them(folder):
    content = "postcode;gm_code;woz\n3561;GM0344;150\n3562;GM0344;300\n"
    tables = read_folder(folder({"woz_pc4_2022.csv": content}))
    assert value(tables, "kwb_woz", "3562", 2022) == 300_000
    assert np.isnan(value(tables, "kwb_woz", "Utrecht", 2022))


@pytest.mark.parametrize("code", ["WK34403", "BU0344", "WK0344", "BU0344X3"])
def test_a_short_code_is_refused_and_not_padded(folder, code):
    refused(
        folder({"kwb-2018.csv": "\n".join(ROWS).replace("WK034403", code)}), f"'{code}'", "verbeter de code"
    )


def test_every_layer_of_a_map_counts(folder, tmp_path):
    target = folder({"pc4_x_wijk2018.csv": None})
    squares = [box(136_000, 458_000, 137_000, 459_000), box(137_000, 458_000, 138_000, 459_000)]
    layers = {"gemeenten": ("GM_CODE", ["GM0344", "GM0345"]), "wijken": ("WK_CODE", ["WK034403", "WK034404"])}
    for name, (column, codes) in layers.items():
        shapes = gpd.GeoDataFrame({column: codes}, geometry=squares, crs=28992)
        shapes.to_file(target / "wijkenbuurten_2018.gpkg", layer=name)
    gpd.GeoDataFrame({"pc4": ["3561", "3562"]}, geometry=squares, crs=28992).to_file(target / "pc4_2018.gpkg")
    assert value(read_folder(target), "kwb_woz", "3562", 2018) == 300_000


def test_a_file_that_only_has_the_name_is_set_aside_and_named(folder):
    target = folder(
        {"kwb-2017-toelichting.csv": "onderwerp;uitleg\nwoz;waarde\n", "pc4_gemeente_oud.csv": "a,b\n1,2\n"}
    )
    tables = read_folder(target)
    reasons = tables.inventory.set_index("bestand")["reden"]
    assert "geen kolom met codes" in reasons["kwb-2017-toelichting.csv"]
    assert "pc4, gemeente" in reasons["pc4_gemeente_oud.csv"]
    assert value(tables, "kwb_woz", "3561", 2018) == 150_000


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cijfers.csv", HEAD + "\n" + WIJK + "\n", "noem het bestand kwb-<jaar>.csv"),
        (
            "leefbaarheid.csv",
            "PC4,jaar,lbm,afw\n3561,2018,4,0\n",
            "noem het bestand Leefbaarometer-scores.csv",
        ),
        ("notities.docx", b"PK", "geen gegevens"),
        ("iets.csv", "a,b\n1,2\n", "data/README.md"),
    ],
)
def test_what_is_not_used_is_named_with_the_name_that_would_make_it_so(folder, name, content, words):
    tables = read_folder(folder({name: content}))
    row = tables.inventory.set_index("bestand").loc[name]
    assert not row["gebruik"]
    assert words in row["reden"]


def test_a_zip_in_a_zip_and_a_table_zipped_without_its_folder_are_read(folder):
    target = folder({"kwb-2018.csv": None})
    with zipfile.ZipFile(target / "binnen.zip", "w") as archive:
        archive.writestr("kwb-2018.csv", "\n".join(ROWS) + "\n")
    with zipfile.ZipFile(target / "levering.zip", "w") as archive:
        archive.write(target / "binnen.zip", "binnen.zip")
    (target / "binnen.zip").unlink()
    tables = read_folder(target)
    assert value(tables, "kwb_woz", "3561", 2018) == 150_000
    assert used(tables)["levering.zip/binnen.zip/kwb-2018.csv"] == "Kerncijfers"


@pytest.mark.parametrize("name", ["UTRECHT", "Utrecht (gemeente)", " utrecht "])
def test_a_gemeente_is_that_gemeente_however_it_is_spelled(folder, name):
    tables = read_folder(folder({"pc4_gemeente.csv": PLACES.replace("Utrecht", name)}))
    assert tables.areas.set_index("area").at["3561", "gemeente"] == "Utrecht"


def test_a_message_blames_the_file_in_which_the_gemeente_is_wrong(folder):
    refused(
        folder({"pc4_gemeente.csv": PLACES.replace("3561,Utrecht", "3561,Utregt")}),
        *("3561", "'Utregt'", "pc4_gemeente.csv", "Utrecht/Overvecht"),
    )


# ---- layouts of today's publishers -------------------------------------------------------------------


def test_figures_by_postcode_of_cbs_have_their_names_under_groups(folder):
    target = folder()
    workbook(
        target / "pc4_2023_v2.xlsx",
        [
            ["Inwoners, huishoudens en woningen"],
            ["", "Inwoners", "Woning", "", "", ""],
            ["Postcode-4", "Totaal", "Totaal", "Koopwoning", "Huurcoporatie", "WOZ-waarde woning"],
            ["Code", "x1", "x1", "%", "x1", "x 1 000 Euro"],
            ["3561", 9000.0, 4000.0, 30.0, 1000.0, 205.0],
            ["3562", 8000.0, 3000.0, -99997.0, 300.0, 310.0],
            ["Bron: CBS"],
        ],
    )
    tables = read_folder(target)
    assert value(tables, "kwb_woz", "3562", 2023) == 310_000
    assert value(tables, "kwb_corporatie", "3561", 2023) == 25
    assert np.isnan(value(tables, "kwb_koop", "3562", 2023))
    assert weight(tables, "kwb_corporatie", "3561") == 4000


def test_an_export_of_statline_has_its_units_below_the_names(folder):
    export = (
        "\ufeffKerncijfers wijken en buurten 2014;;;;;\n;;;;;\n;Onderwerp;;;;\n"
        ";Gemeentenaam;Soort regio;Codering;Jaar;||Aantal inwoners;|||15 tot 25 jaar;||25 tot 45 jaar;||45 tot 65 jaar;"
        "Woningvoorraad;Gemiddelde woningwaarde;|||Koopwoningen;|||Koopwoning;Personen per soort uitkering; WW\n"
    ).replace("uitkering; WW", "uitkering WW")
    units = "Wijken en buurten;naam;omschrijving;code;;aantal;%;%;%;aantal;x 1 000 euro;%;kWh;aantal\n"
    row = "Wijk 03 Overvecht;Utrecht;Wijk;WK034403;2014;34000;13;32;22;15500;150;25,5;2500;20\n"
    target = folder({"Kerncijfers_wijken_en_buurten_2014.csv": export + units + row, "kwb-2018.csv": None})
    tables = read_folder(target)
    assert value(tables, "kwb_woz", "3561", 2014) == 150_000
    assert value(tables, "kwb_koop", "3561", 2014) == 25.5
    assert value(tables, "kwb_ww", "3561", 2014) == 0.1


def test_a_crosswalk_may_count_addresses(folder):
    addresses = "wijk2018,pc4,adressen\n034403,3561,12000\n034403,3562,4000\n034404,3562,8000\n"
    tables = read_folder(folder({"pc4_x_wijk2018.csv": addresses}))
    assert weight(tables, "kwb_woz", "3561") == 15_500 * 0.75
    assert set(tables.crosswalk["basis"]) == {"adressen"}


# ---- series of one's own -----------------------------------------------------------------------------

SERIES = "gebied,jaar,indicator,waarde,n,eenheid,bron\n" + "".join(
    f"{place},{year},proef,{value},200,%,Gemeente Utrecht\n"
    for place, values in {"Noord": (10, 12), "Zuid": (20, 22), "Oost": (30, 36), "Utrecht": (21, 25)}.items()
    for year, value in zip((2006, 2012), values, strict=True)
)
AREAS = "gebied,naam,gemeente,aandachtswijk\nNoord,Wijk Noord,Utrecht,Utrecht/Overvecht\nZuid,,Utrecht,\nOost,,Utrecht,\n"
OUTCOME = "indicator,vraag,label,eenheid,richting\nproef,veiligheid,Proefcijfer,%,-1\n"


@pytest.fixture
def own(folder):
    """Write a folder with nothing but a series of one's own, and what a test changes."""

    def write(changes: dict[str, str | bytes | None] | None = None) -> Path:
        nothing = dict.fromkeys(
            ("kwb-2018.csv", "pc4_x_wijk2018.csv", "pc4_gemeente.csv", "aandachtswijken_pc4.csv")
        )
        tables = {"reeksen.csv": SERIES, "gebieden.csv": AREAS, "uitkomsten.csv": OUTCOME}
        return folder({**nothing, **tables, **(changes or {})})

    return write


def test_a_series_of_ones_own_enters_without_code(own, tmp_path, monkeypatch):
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path / "verwerkt"))
    found = panel.load("veiligheid", "Utrecht/Overvecht", data=str(own()))
    series = {
        name: found.get("proef", name).set_index("period")["value"]
        for name in panel.references("Utrecht/Overvecht").values()
    }
    assert series["Utrecht/Overvecht"].to_dict() == {2006: 10, 2012: 12}
    assert series["Utrecht, niet-aandachtswijken"].to_dict() == {2006: 25, 2012: 29}
    assert series["Utrecht"].to_dict() == {2006: 21, 2012: 25}  # as published, and not our mean
    assert not len(series["Nederland"])  # one city is no country
    assert found.indicators.set_index("indicator").at["proef", "label"] == "Proefcijfer"
    assert found.evaluation(2012)["reason"]
    assert set(found.inventory["gebruik"]) == {"eigen reeksen"}


@pytest.mark.parametrize(
    ("name", "before", "after", "words"),
    [
        ("reeksen.csv", "Oost,2012", "Oostt,2012", ["rij 7", "'Oostt'", "gebieden.csv"]),
        ("reeksen.csv", "Oost,2012,proef", "Oost,2012,proev", ["rij 7", "'proev'", "uitkomsten.csv"]),
        ("reeksen.csv", ",36,200,%", ",136,200,%", ["rij 7", "'136'", "0 tot 100"]),
        ("reeksen.csv", ",36,200,%", ",36,200,aantal", ["rij 7", "'aantal'", "andere eenheid"]),
        ("reeksen.csv", "Oost,2012", "Oost,2006", ["rij 7", "twee keer"]),
        ("gebieden.csv", "Utrecht/Overvecht", "Utrecht/Overveght", ["rij 2", "'Utrecht/Overveght'", "40 aandachtswijken"]),
        ("gebieden.csv", "Zuid,,Utrecht,", "Zuid,,Utrecht,Alkmaar/Overdie", ["rij 3", "andere gemeente"]),
        ("uitkomsten.csv", "veiligheid", "veilig", ["rij 2", "'veilig'", "leefbaarheid"]),
    ],
    ids=["area", "outcome", "value", "unit", "twice", "wijk", "city", "question"],
)  # fmt: skip
def test_a_wrong_series_of_ones_own_is_refused_by_place(own, name, before, after, words):
    content = {"reeksen.csv": SERIES, "gebieden.csv": AREAS, "uitkomsten.csv": OUTCOME}[name]
    refused(own({name: content.replace(before, after)}), *words)


def test_postcodes_and_gemeenten_need_no_table_of_areas(folder):
    rows = "gebied,jaar,indicator,waarde\n3561,2010,kwb_woz,151000\n’s-Gravenhage,2010,kwb_woz,200000\n"
    tables = read_folder(folder({"reeksen_woz.csv": rows}))
    assert value(tables, "kwb_woz", "3561", 2010) == 151_000
    assert value(tables, "kwb_woz", "Den Haag", 2010) == 200_000


@pytest.fixture(scope="session")
def city_series(cases) -> Path:
    """Folder with the series of cities; the test is skipped by name when it is not there."""
    if not (found := cases.parent / "cities").is_dir():
        pytest.skip("reeksen van steden niet aanwezig")
    return found


def units(tables, indicator: str) -> pd.DataFrame:
    rows = tables.observations.query("indicator == @indicator").merge(tables.areas, on="area")
    rows = rows[rows["level"] == "pc4"]
    return rows.assign(inside=rows["aandachtswijk"].notna())


def test_the_series_of_rotterdam_have_the_known_means(city_series):
    rows = units(read_folder(city_series / "rotterdam"), "rdam_tevreden")
    means = rows.groupby(["inside", "period"])["value"].agg(["size", "mean"]).round(1)
    assert means.loc[(True, 2006)].tolist() == [28, 74.1]
    assert means.loc[(False, 2006)].tolist() == [33, 85.4]
    assert means["mean"][True][2011] == 66.1
    assert means["mean"][False][2011] == 82.1


def test_the_series_of_amsterdam_have_the_known_means_and_the_printed_totals(city_series):
    tables = read_folder(city_series / "amsterdam")
    rows = units(tables, "adam_bijstand")
    wide = np.log(rows.pivot_table(index=["area", "inside"], columns="period", values="value"))
    many = wide[wide[2005] >= np.log(100)]
    change = (many[2009] - many[2005]).groupby("inside").mean().round(2)
    assert change.to_dict() == {False: -0.25, True: -0.20}
    homes = units(tables, "adam_sociale_huur").groupby("period")["n"].sum()
    assert homes[[2005, 2009, 2013]].tolist() == [376_233, 389_230, 397_022]


def test_the_command_writes_what_a_city_publishes_as_plain_tables(city_series, tmp_path):
    assert cities.main([str(city_series / "rotterdam"), str(tmp_path)]) == 0
    assert {p.name for p in tmp_path.iterdir()} == {
        f"{n}_rotterdam.csv" for n in ("reeksen", "gebieden", "uitkomsten")
    }
    same = units(read_folder(tmp_path), "rdam_tevreden").groupby(["inside", "period"])["value"].mean()
    direct = (
        units(read_folder(city_series / "rotterdam"), "rdam_tevreden")
        .groupby(["inside", "period"])["value"]
        .mean()
    )
    pd.testing.assert_series_equal(same, direct)


# ---- more layouts --------------------------------------------------------------------------------------


def styled(path: Path, sheets: dict[str, list[list]], percent: set[tuple[int, int]]) -> None:
    """Write a workbook of several sheets; the cells in `percent`, of the last sheet, show a percentage."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"

    def cell(value, shown: bool) -> str:
        if isinstance(value, float):
            return f'<c s="{int(shown)}"><v>{value}</v></c>'
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    last = list(sheets)[-1]
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.'
        'openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
        + "".join(f'<Override PartName="/xl/s{i}.xml" ContentType="{kind}.worksheet+xml"/>' for i in range(len(sheets)))
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        + "".join(f'<sheet name="{name}" sheetId="{i + 1}" r:id="r{i}"/>' for i, name in enumerate(sheets))
        + "</sheets></workbook>",
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1">'
        '<border/></borders><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="9"/></cellXfs></styleSheet>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(f'<Relationship Id="r{i}" Type="{office}/worksheet" Target="s{i}.xml"/>' for i in range(len(sheets)))
        + f'<Relationship Id="s" Type="{office}/styles" Target="styles.xml"/></Relationships>',
    }  # fmt: skip
    for i, (name, rows) in enumerate(sheets.items()):
        data = "".join(
            "<row>"
            + "".join(cell(v, name == last and (r, c) in percent) for c, v in enumerate(row))
            + "</row>"
            for r, row in enumerate(rows)
        )
        parts[f"xl/s{i}.xml"] = f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')


def test_a_cell_that_shows_a_percentage_holds_what_it_shows_and_notes_are_no_table(folder):
    target = folder({"kwb-2018.csv": None})
    rows = [[float(c) if c.isdigit() else c for c in line.split(";")] for line in (HEAD, WIJK, NEXT)]
    for row, share in zip(rows[1:], (0.255, 0.5), strict=True):
        row[11] = share
    notes = {"Leesmij": [["Kerncijfers", "toelichting"], ["gwb_code_10", "code van het gebied"]]}
    styled(target / "kwb-2018.xlsx", {**notes, "Cijfers": rows}, {(1, 11), (2, 11)})
    tables = read_folder(target)
    assert value(tables, "kwb_koop", "3561", 2018) == 25.5
    assert value(tables, "kwb_woz", "3562", 2018) == 300_000


V4 = {
    "Observations": [("M1", 34000), ("M2", 15500), ("M3", 150), ("M4", 25)],
    "MeasureCodes": [("M1", "Aantal inwoners", "aantal"), ("M2", "Woningvoorraad", "aantal"),
                     ("M3", "Gemiddelde WOZ-waarde van woningen", "x 1 000 euro"), ("M4", "Koopwoningen", "%")],
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_a_table_of_odata_4_is_read_by_the_titles_of_its_measures(folder, suffix):
    parts = {
        "Observations": pd.DataFrame(
            [(i, m, "WK034403", v) for i, (m, v) in enumerate(V4["Observations"])],
            columns=["Id", "Measure", "WijkenEnBuurten", "Value"],
        ),
        "MeasureCodes": pd.DataFrame(V4["MeasureCodes"], columns=["Identifier", "Title", "Unit"]),
        "WijkenEnBuurtenCodes": pd.DataFrame([("WK034403", "Overvecht")], columns=["Identifier", "Title"]),
        "TableInfos": pd.DataFrame([("Kerncijfers wijken en buurten 2021",)], columns=["Title"]),
    }
    text = {n: f.to_csv(index=False) if suffix == "csv" or n == "TableInfos" else f.to_json(orient="records") for n, f in parts.items()}  # fmt: skip
    files_ = {f"85039NED/{n}.{'csv' if n == 'TableInfos' else suffix}": t for n, t in text.items()}
    tables = read_folder(folder({**files_, "kwb-2018.csv": None}))
    assert value(tables, "kwb_woz", "3561", 2021) == 150_000
    assert value(tables, "kwb_koop", "3561", 2021) == 25


def test_addresses_with_codes_with_letters_make_a_crosswalk(folder):
    addresses = "PC6;Huisnummer;Buurt2023;Wijk2023;Gemeente2023\n1012AB;1;BU0363AA01;WK0363AA;GM0363\n1012AB;2;0363AA01;0363AA;0363\n"
    rows = "\n".join((HEAD, "WK0363AA;Burgwallen;Amsterdam;Wijk;15;2;4;3;8;6;480;28;1")) + "\n"
    tables = read_folder(folder({"pc6hnr20230801_gwb.csv": addresses, "pc4_x_wijk2018.csv": None, "kwb-2018.csv": None, "kwb-2023.csv": rows}))  # fmt: skip
    assert value(tables, "kwb_woz", "1012", 2023) == 480_000


def test_a_misspelt_region_of_the_outcomemonitor_is_named(tmp_path):
    fixture = Path(__file__).parent / "fixtures" / "71718ned"
    for path in fixture.iterdir():
        (tmp_path / "71718ned").mkdir(exist_ok=True)
        (tmp_path / "71718ned" / path.name).write_text(
            path.read_text().replace("Alkmaar, Overdie", "Alkmaar, Overdi")
        )
    log = files.Log()
    outcomemonitor.read(tmp_path / "71718ned", read_codebook(), log)
    assert log.table()["what"].str.contains("Alkmaar, Overdi'", regex=False).any()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("peilingen.csv", "pc4,jaar,n,onveiligheidsgevoel\n3561,2010,40,0.384\n3562,2010,50,0.211\n", ["'0.384'", "0 tot 1"]),
        ("nww_maand.csv", "gebied,maand,nww,beroepsbevolking\nUtrecht/Overvecht,mrt-09,1,2\n", ["'mrt-09'", "opmaak Tekst"]),
        ("nww_maand.csv", "gebied,maand,nww,beroepsbevolking\nUtrecht/Overvecht,2009-01-15,1,2\n", ["'2009-01-15'", "geen maand"]),
        ("pc4_x_wijk2018.csv", SHARES.replace("3562,WK034404", "3562,WK034403"), ["WK034403", "meer dan het geheel"]),
        ("woz_pc4_2022.csv", "pc4;woz\n3561;231\n3562;240000\n", ["rij 3", "'240000'", "10 tot 5000"]),
    ],
    ids=["a share in a survey", "a month made a date", "a day", "parts beyond the whole", "euros among thousands"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_as_it_stands_in_the_file(folder, name, content, words):
    refused(folder({name: content}), name, *words)


PEOPLE = (
    '"Bevolking en huishoudens; viercijferige postcode, 1 januari 2006"\n'
    '"Onderwerpen";"Bevolking";"Bevolking";"Bevolking";"Gemeentenaam"\n'
    '"Onderwerpen";"Totaal mannen en vrouwen";"0 tot 5 jaar";"15 tot 20 jaar";"Gemeentenaam"\n'
    '"Postcodes op 1 januari";"aantal";"aantal";"aantal";"naam"\n'
    '"3561 Utrecht";"9000";"600";"500";"Utrecht"\n"3562 Utrecht";"8000";"500";"400";"Utrecht"\n'
    '"Totaal Utrecht";"17000";"1100";"900";"Utrecht"\n"© Centraal Bureau voor de Statistiek"\n'
)


def test_who_lived_where_before_is_kept_and_totals_are_no_postcode(folder):
    tables = read_folder(folder({"Bevolking_2006_postcode_totaal.csv": PEOPLE.encode("cp1252")}))
    people = tables.population.set_index("area")
    assert people["inwoners"].to_dict() == {"3561": 9000, "3562": 8000}
    assert people["inwoners_15_64"].to_dict() == {"3561": 500, "3562": 400}
    assert counted(tables, "rijen van geen postcode") == 1


def test_postcodes_that_are_not_their_gemeente_are_refused(folder):
    wrong = PEOPLE.replace('"8000"', '"18000"').encode("cp1252")
    refused(folder({"Bevolking_2006_postcode_totaal.csv": wrong}), "27000 inwoners", "17000", "opnieuw")


def test_a_table_of_statline_downloaded_whole_is_of_the_year_of_its_number(folder):
    rows = '"ID";"RegioS";"AantalInwoners_5";"Woningvoorraad_34";"GemiddeldeWoningwaarde_35"\n0;"WK034403  ";34000;15500;150\n'
    tables = read_folder(folder({"82339NED_UntypedDataSet_01012020.csv": rows, "kwb-2018.csv": None}))
    assert value(tables, "kwb_woz", "3561", 2013) == 150_000


def test_a_folder_without_any_outcome_says_what_is_there(folder):
    rows = "gwb_code_10;regio;gm_naam;recs;a_inw\nGM0344;Utrecht;Utrecht;Gemeente;340000\n"
    refused(folder({"kwb-2018.csv": rows}), "geen enkele uitkomst", "kwb-2018.csv (Kerncijfers)")


# ---- real first --------------------------------------------------------------------------------------


def test_what_was_fetched_is_used_without_a_variable(tmp_path, monkeypatch):
    monkeypatch.delenv("WIJKEN_RAW", raising=False)
    monkeypatch.setattr(place, "OPEN", tmp_path / "open")
    assert place.default_data() == "oefendata"
    (tmp_path / "open").mkdir()
    assert place.default_data() == "oefendata"  # a folder with nothing in it is no data
    (tmp_path / "open" / "lbm3_pc4.csv").write_text("PC4\n")
    assert place.default_data() == str(tmp_path / "open")
    monkeypatch.setenv("WIJKEN_RAW", "elders")
    assert place.default_data() == "elders"


def test_a_run_says_which_questions_have_series_and_no_page_shows_where_the_folder_is(
    own, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path / "verwerkt"))
    folder, out = own(), tmp_path / "uit"
    options = ["--vraag", "veiligheid", "--gebied", "Utrecht/Overvecht", "--out", str(out)]
    assert batch.main(["reports", "--data", str(folder), *options]) == 0
    shown = capsys.readouterr().out
    assert "Echte reeksen voor: veiligheid." in shown
    assert "oefendata" in shown and "werk, wonen, leren, leefbaarheid" in shown
    pages = [p.read_text(encoding="utf-8") for p in out.rglob("*.html")]
    assert len(pages) == 3 and not any(str(folder.parent) in page for page in pages)
    assert any(f'data = "{folder.name}"' in page for page in pages)


def test_an_empty_folder_and_one_with_a_workbook_of_a_city_each_get_a_way_out(tmp_path):
    refused(tmp_path, "is leeg", "make data")
    (tmp_path / "2009_wwb.xls").write_bytes(b"x")
    refused(tmp_path, "2009_wwb.xls", "reeksen.csv", "gebieden.csv")
