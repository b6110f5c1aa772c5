"""Each publisher's own layouts, and what happens when a file is not what it should be."""

import contextlib
import json
import random
import re
import shutil
import zipfile
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from wijkenaanpak import SourceError
from wijkenaanpak.sources import cells, coding, files
from wijkenaanpak.sources.areas import read_gemeenten
from wijkenaanpak.sources.boundaries import read_boundaries
from wijkenaanpak.sources.convert import convert
from wijkenaanpak.sources.crosswalk import read_crosswalk
from wijkenaanpak.sources.facts import read_codebook
from wijkenaanpak.sources.folder import _observed, _preferred, read_folder
from wijkenaanpak.sources.observations import Regional
from wijkenaanpak.sources.publishers import (
    kerncijfers,
    leefbaarometer,
    leefbaarometer2,
    outcomemonitor,
    peilingen,
    police,
)
from wijkenaanpak.sources.tables import read_table

BOOK = read_codebook()
FIXTURE = Path(__file__).parent / "fixtures" / "71718ned"

# Kerncijfers as CBS laid them out in three periods; one wijk, its gemeente, and the country.
KWB_2008 = """GWB_CODE08,GWB_NAAM,GM_NAAM,RECS,AANT_INW,P_15_24_JR,P_25_44_JR,P_45_64_JR,AANTAL_HH,WONINGEN,WOZ,P_WW_UIT,P_WWB_UIT,P_LAAGINKH
0361,Alkmaar,Alkmaar,G,94000,12,30,25,43000,42000,210,18,35,41
036101,Overdie,Alkmaar,W,5000,14,34,22,2600,2500,140,25,-,58
03610100,Overdie-Oost,Alkmaar,B,1200,14,34,22,600,580,.,x,90,-99997
"""
KWB_2013 = """gwb_code_10;gwb_code_8;regio;gm_naam;recs;a_inw;a_15_24;a_25_44;a_45_64;a_hh;a_woning;g_woz;p_koopw;a_soz_ww
GM0361;361;Alkmaar;Alkmaar;Gemeente;94000;11000;28000;24000;43000;42000;205;58;1890
WK036101;36101;Wijk 01 Overdie;Alkmaar;Wijk;5000;700;1700;1100;2600;2500;131;22,5;105
NL00;0;Nederland;Nederland;Nederland;16800000;2000000;4200000;4700000;7500000;7200000;218;60;340000
"""


def kwb(tmp_path: Path, content: str, name: str) -> Regional:
    (tmp_path / name).write_text(content)
    found = kerncijfers.read(tmp_path / name, BOOK)
    assert isinstance(found, Regional)
    return found


def values(rows: pd.DataFrame) -> dict:
    return {(r.indicator, r.code, r.period): r.value for r in rows.itertuples()}


def test_kerncijfers_of_2008_are_read_by_the_names_of_2008(tmp_path):
    found = kwb(tmp_path, KWB_2008, "kwb-2008.csv")
    read = values(found.rows)
    assert read["kwb_woz", "WK036101", 2008] == 140_000
    assert read["kwb_ww", "GM0361", 2008] == 1.8  # per 1,000 as published
    assert read["kwb_laag_inkomen", "WK036101", 2008] == 58
    assert read["kwb_bijstand", "WK036101", 2008] == 0  # a dash is nil
    assert ("kwb_woz", "BU03610100", 2008) not in read  # a point and -99997 are missing
    assert ("kwb_laag_inkomen", "BU03610100", 2008) not in read
    assert found.rows.set_index("code").loc["GM0361", "gemeente"].unique().tolist() == ["Alkmaar"]
    weight = found.rows.set_index(["indicator", "code"])["n"]
    assert weight["kwb_woz", "WK036101"] == 2500
    assert weight["kwb_ww", "WK036101"] == 5000 * 0.70


def test_kerncijfers_of_2013_give_shares_of_what_is_published_as_numbers(tmp_path):
    read = values(kwb(tmp_path, KWB_2013, "kwb-2013.csv").rows)
    assert read["kwb_ww", "WK036101", 2013] == pytest.approx(100 * 105 / 3500)
    assert read["kwb_koop", "WK036101", 2013] == 22.5  # a decimal comma between semicolons
    assert read["kwb_woz", "NL", 2013] == 218_000


def workbook(path: Path, rows: list[list]) -> None:
    """Write the least a workbook can be."""

    def cell(value) -> str:
        if isinstance(value, float):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    data = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.'
        'openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/s.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="K" sheetId="1" r:id="r"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" '
        f'Type="{office}/worksheet" Target="s.xml"/></Relationships>',
        "xl/s.xml": f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')


def test_a_workbook_gives_the_same_as_the_csv_file(tmp_path):
    lines = [line.split(";") for line in KWB_2013.replace("22,5", "22.5").splitlines()]
    numbers = [[float(c) if re.fullmatch(r"[\d.]+", c) else c for c in line] for line in lines]
    workbook(tmp_path / "kwb-2013.xlsx", [["Kerncijfers wijken en buurten 2013"], [], *numbers])
    found = kerncijfers.read(tmp_path / "kwb-2013.xlsx", BOOK)
    assert values(found.rows) == values(kwb(tmp_path, KWB_2013, "kwb-2013.csv").rows)


def test_a_fault_in_a_workbook_is_named_by_the_row_of_the_sheet(tmp_path):
    lines = [line.split(";") for line in KWB_2013.replace(";131;", ";veel;").splitlines()]
    workbook(tmp_path / "kwb-2013.xlsx", [["Kerncijfers"], [], *lines])
    with pytest.raises(SourceError, match=r"kwb-2013.xlsx, rij 5, kolom g_woz: 'veel' is geen getal"):
        kerncijfers.read(tmp_path / "kwb-2013.xlsx", BOOK)


def test_a_statline_table_of_years_is_read_by_its_keys(tmp_path):
    folder = tmp_path / "70904ned"
    folder.mkdir()
    rows = [
        {"WijkenEnBuurten": "WK036101  ", "Perioden": f"{y}JJ00", "Codering_3": "WK036101  ", "Gemeentenaam_1": "Alkmaar   ",
         "SoortRegio_2": "Wijk      ", "HuishoudensTotaal_28": 2600, "Koopwoningen_40": 20 + y - 2010, "Huurwoning_53": 1, "Huurwoning_61": 2}
        for y in (2010, 2011)
    ]  # fmt: skip
    for name, content in {
        "TypedDataSet": rows,
        "WijkenEnBuurten": [{"Key": "WK036101  ", "Title": "Overdie"}],
        "Perioden": [{"Key": "2010JJ00", "Status": "Definitief"}],
    }.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    read = kerncijfers.read(folder, BOOK).rows
    assert values(read) == {("kwb_koop", "WK036101", 2010): 20, ("kwb_koop", "WK036101", 2011): 21}
    assert read["name"].tolist() == ["Overdie", "Overdie"]


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        (lambda t: t, "kwb.csv", ["jaar", "kwb-2013.xls"]),
        (lambda t: t.replace("GWB_CODE08", "NUMMER"), "kwb-2008.csv", ["codes van gemeenten", "kwb_kolommen.csv"]),
        (lambda t: t.replace("036101,", "36A101,"), "kwb-2008.csv", ["rij 3", "36A101", "geen code"]),
        (lambda t: t.replace(",140,", ",140000,"), "kwb-2008.csv", ["rij 3", "kolom WOZ", "'140000'", "ligt buiten"]),
        (lambda t: t.replace(",58\n", ",580\n"), "kwb-2008.csv", ["rij 3", "P_LAAGINKH", "'580'", "0 tot 100"]),
        (lambda t: t.replace("WONINGEN,WOZ", "WOZ,WOZ"), "kwb-2008.csv", ["'WOZ'", "twee keer"]),
        (lambda t: t + t.splitlines()[2].replace(",140,", ",150,") + "\n", "kwb-2008.csv", ["rij 5", "WK036101", "twee keer"]),
        (lambda t: t.replace("RECS", "JAAR").replace(",G,", ",2009,").replace(",W,", ",2009,").replace(",B,", ",2009,"), "kwb-2008.csv", ["2009", "ander jaar", "2008"]),
    ],
)  # fmt: skip
def test_kerncijfers_that_are_wrong_are_refused_by_place(tmp_path, change, name, words):
    with pytest.raises(SourceError) as caught:
        kwb(tmp_path, change(KWB_2008), name)
    assert [w for w in words if w not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


def test_a_row_that_is_there_twice_and_the_same_is_read_once_and_counted(tmp_path):
    log = files.Log()
    path = tmp_path / "kwb-2008.csv"
    path.write_text(KWB_2008 + KWB_2008.splitlines()[2] + "\n")
    rows = kerncijfers.read(path, BOOK, log).rows
    assert not rows.duplicated(["indicator", "code"]).any()
    assert log.table().query("what.str.contains('dubbel')")["count"].tolist() == [1]


# ---- Leefbaarometer --------------------------------------------------------------------------------


def test_version_2_of_the_leefbaarometer_has_a_column_for_each_score_and_year(tmp_path):
    names = [
        f"{k}{y}" for y in (12, 14) for k in ("RLBRMTR", "RLBWON", "RLBBEV", "RLBVRZ", "RLBVEI", "RLBFYS")
    ]
    path = tmp_path / "lbm2_pc4.csv"
    path.write_text(
        f"GBD,{','.join(names)}\n1813,-.05,.1,-.2,.1,-.1,.05,.15,.1,0,.1,-.1,.05\n1814,.1,.1,0,0,0,0\n"
    )
    log = files.Log()
    rows = leefbaarometer2.read(path, BOOK, log)
    read = rows.set_index(["indicator", "area", "period"])["value"]
    assert read["lbm2", "1813", 2012] == -0.05
    assert read["lbm2_vei", "1813", 2014] == -0.1
    assert ("lbm2", "1814", 2014) not in read
    assert log.table().query("what.str.contains('eerder ophouden')")["count"].tolist() == [1]
    path.write_text(path.read_text().replace("-.05,.1", "-.06,.2"))
    with pytest.raises(SourceError, match=r"rij 2, kolom RLBRMTR12: '-.06' is niet de som van de dimensies"):
        leefbaarometer2.read(path, BOOK)


def test_scores_with_their_headers_exchanged_are_refused(tmp_path):
    path = tmp_path / "lbm3_pc4.csv"
    path.write_text("PC4,jaar,afw,lbm,fys,onv,soc,vrz,won\n1813,2014,4.1,-.002,.1,-.2,0,.05,.048\n")
    with pytest.raises(SourceError, match=r"rij 2.*kolom lbm.*'-.002'"):
        leefbaarometer.read(path, BOOK)


def test_scores_of_wijken_wait_for_a_crosswalk(tmp_path):
    path = tmp_path / "Leefbaarometer-scores wijk 2002-2022.csv"
    path.write_text(
        "wk_code,wk_naam,jaar,lbm,afw,fys,onv,soc,vrz,won\nWK036101,Overdie,2014,4.1,.1,.1,-.2,0,.1,.1\n"
    )
    found = leefbaarometer.read(path, BOOK)
    assert isinstance(found, Regional)
    assert values(found.rows)["lbm_onv", "WK036101", 2014] == -0.2


# ---- StatLine and crime ----------------------------------------------------------------------------


def test_what_statline_exports_gives_the_rows_of_the_table(tmp_path):
    path = tmp_path / "40_aandachtswijken_71718ned.csv"
    path.write_text(
        "\ufeff40 aandachtswijken; stand van zaken\n\n"
        '"Regio\'s";"Perioden";"Werken/Personen met een WW-uitkering/Totaal (%)";'
        '"Bevolking/Bevolking naar leeftijdklassen/15 tot 65 jaar (aantal)"\n'
        '"Totaal Nederland";"2007";"1,5";"11.000.000"\n'
        '"1813 Alkmaar, Overdie";"2007";"2,5";"3400"\n'
        '"Alkmaar, Overdie";"2010*";".";"3300"\n'
        '"Bron: CBS"\n'
    )
    log = files.Log()
    rows, regions = outcomemonitor.read(path, BOOK, log)
    found = rows.set_index(["indicator", "area", "period"])
    assert found.loc[("ww", "1813", 2007), ["value", "n", "status"]].tolist() == [2.5, 3400, "published"]
    assert ("ww", "Alkmaar/Overdie", 2010) not in found.index
    assert regions.to_numpy().tolist() == [["Alkmaar/Overdie", "1813"]]


CRIME = {
    "TypedDataSet": [
        {"ID": i, "SoortMisdrijf": kind, "WijkenEnBuurten": code, "Perioden": "2012JJ00", "GeregistreerdeMisdrijven_1": n}
        for i, (kind, code, n) in enumerate(
            [("0.0.0 ", "WK036101  ", 400), ("1.1.1 ", "WK036101  ", 90), ("0.0.0 ", "GM0361    ", 5640), ("0.0.0 ", "BU03610100", 12)]
        )
    ],
    "WijkenEnBuurten": [{"Key": "WK036101  ", "Title": "Overdie"}, {"Key": "GM0361    ", "Title": "Alkmaar"}],
    "Perioden": [{"Key": "2012JJ00", "Status": "Definitief"}],
}  # fmt: skip


def crime(tmp_path: Path) -> Path:
    folder = tmp_path / "47018NED"
    folder.mkdir()
    for name, content in CRIME.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_crimes_are_counted_once_and_per_1000_inhabitants(tmp_path):
    people = pd.DataFrame(
        {"code": ["WK036101", "GM0361"], "period": [2012, 2011], "inwoners": [5000.0, 94000.0]}
    )
    log = files.Log()
    found = police.read(crime(tmp_path), BOOK, people, log).rows
    assert values(found) == {("misdrijven", "WK036101", 2012): 80.0, ("misdrijven", "GM0361", 2012): 60.0}
    assert log.table().query("what.str.contains('zonder inwonertal')")["count"].tolist() == [1]


# ---- from CBS areas to PC4 -------------------------------------------------------------------------


def regional(*rows: tuple[str, str, float, float]) -> Regional:
    frame = pd.DataFrame(rows, columns=["code", "name", "value", "n"]).assign(
        indicator="kwb_koop", gemeente=None, period=2013, decimals=0, source="proef", status="published"
    )
    return Regional(frame, Regional.nowhere(), Regional.nobody())


def crosswalk(*rows: tuple[str, str, float, float], name: str | None = None) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["code", "pc4", "share", "share_pc4"])
    return frame.assign(name=name, basis="adressen", year=2013)


def test_a_postcode_is_the_mean_of_its_parts_weighted_by_people():
    found = convert(
        regional(("WK000101", "A", 20, 1000), ("WK000102", "B", 50, 500)),
        crosswalk(
            ("WK000101", "1001", 0.5, 0.5), ("WK000102", "1001", 1.0, 0.5), ("WK000101", "1002", 0.5, 1.0)
        ),
        files.Log(),
    ).set_index("area")
    assert found.at["1001", "value"] == 35  # 500 people at 20 and 500 at 50
    assert found.at["1001", "n"] == 1000
    assert found.at["1001", "error"] >= 15  # either half is 15 off
    assert found.at["1002", "value"] == 20
    assert found.at["1002", "error"] > 0  # half a wijk may differ from the other half


def test_a_wijk_that_is_one_postcode_converts_without_error():
    found = convert(regional(("WK000101", "A", 20, 1000)), crosswalk(("WK000101", "1001", 1, 1)), files.Log())
    assert found[["area", "value", "n", "error"]].values.tolist() == [["1001", 20, 1000, 0]]


def test_a_postcode_of_which_the_most_is_unknown_is_left_out_and_counted():
    log = files.Log()
    rows = crosswalk(("WK000101", "1001", 1, 0.4), ("WK000102", "1001", 1, 0.6))
    assert not len(convert(regional(("WK000101", "A", 20, 1000)), rows, log))
    assert log.table()["what"].str.contains("minder dan de helft").any()


def test_a_code_that_went_to_another_wijk_is_not_mixed_up():
    log = files.Log()
    rows = crosswalk(("WK000101", "1001", 1, 1), name="Overdie").assign(year=2010)
    assert not len(convert(regional(("WK000101", "Wijk 01 Centrum", 20, 9)), rows, log))
    assert log.table()["what"].str.contains("andere naam").any()
    assert len(convert(regional(("WK000101", "Wijk 01 Overdie en omgeving", 20, 9)), rows, files.Log()))


def test_buurten_go_before_the_wijken_they_are_in():
    found = convert(
        regional(("WK000101", "A", 20, 100), ("BU00010100", "a", 30, 60), ("BU00010101", "b", 10, 40)),
        crosswalk(("WK000101", "1001", 1, 1), ("BU00010100", "1001", 1, 0.6), ("BU00010101", "1001", 1, 0.4)),
        files.Log(),
    )
    assert found["value"].tolist() == [pytest.approx(0.6 * 30 + 0.4 * 10)]


@given(
    st.lists(st.floats(0, 100), min_size=2, max_size=6),
    st.lists(st.floats(0.05, 1), min_size=6, max_size=6),
)
@settings(deadline=None)  # a busy machine is no fault
def test_a_converted_value_lies_between_those_it_is_made_of(parts, shares):
    rows = [(f"WK0001{i:02d}", "", value, 100.0 + i) for i, value in enumerate(parts)]
    table = crosswalk(*((code, "1001", shares[i], 1 / len(parts)) for i, (code, *_) in enumerate(rows)))
    found = convert(regional(*rows), table, files.Log()).iloc[0]
    assert min(parts) - 1e-9 <= found["value"] <= max(parts) + 1e-9
    assert found["error"] >= 0


def test_of_two_publications_the_one_for_the_postcode_itself_counts_with_the_weight_of_the_other():
    rows = pd.DataFrame(
        {
            **{
                "indicator": "kwb_woz",
                "area": "1001",
                "period": 2022,
                "value": [210e3, 200e3],
                "n": [500.0, np.nan],
            },
            **{"decimals": 0, "source": ["wijk", "postcode"], "status": "published", "error": [9e3, 0.0]},
        }
    )
    found = _preferred(rows, files.Log())
    assert found[["value", "n", "source"]].values.tolist() == [[200e3, 500, "postcode"]]


def test_addresses_make_a_crosswalk(tmp_path):
    (tmp_path / "pc6hnr20220801_gwb.csv").write_text(
        "PC6;Huisnummer;Buurt2022;Wijk2022;Gemeente2022\n"
        + "1813AB;1;3610100;36101;361\n" * 3 + "1814 AB;2;3610100;36101;361\n"
    )  # fmt: skip
    table = read_crosswalk(tmp_path, None, pd.DataFrame(), files.Log()).set_index(["code", "pc4"])
    assert table.loc[("WK036101", "1813"), ["share", "share_pc4", "year"]].tolist() == [0.75, 1, 2022]
    assert table.at[("BU03610100", "1814"), "share"] == 0.25
    assert set(table["basis"]) == {"adressen"}


def test_two_maps_make_a_crosswalk(tmp_path):
    wijken = gpd.GeoDataFrame(
        {"wijkcode": ["WK036101", "WK036102"], "wijknaam": ["A", "B"], "water": ["NEE", "NEE"]},
        geometry=[box(100_000, 500_000, 102_000, 501_000), box(102_000, 500_000, 103_000, 501_000)],
        crs=28992,
    )
    wijken.to_file(tmp_path / "wijken_2018.geojson", driver="GeoJSON")
    pc4 = gpd.GeoDataFrame(
        {"area": ["1813", "1814"]},
        geometry=[box(100_000, 500_000, 101_000, 501_000), box(101_000, 500_000, 103_000, 501_000)],
        crs=28992,
    )
    table = read_crosswalk(tmp_path, pc4, pd.DataFrame(), files.Log()).set_index(["code", "pc4"])
    assert table.loc[("WK036101", "1814"), ["share", "share_pc4"]].tolist() == pytest.approx([0.5, 0.5])
    assert table.at[("WK036102", "1814"), "share"] == pytest.approx(1)
    assert table["year"].unique().tolist() == [2018]


def test_without_maps_and_addresses_a_buurt_lies_in_its_most_common_postcode(tmp_path):
    head, gemeente, wijk, buurt = KWB_2008.splitlines()
    (tmp_path / "kwb-2008.csv").write_text(
        f"{head},POSTCODE,DEK_PERC\n{gemeente},.,.\n{wijk},1813,2\n{buurt.replace(',.,', ',120,')},1813,1\n"
    )
    (tmp_path / "aandachtswijken_pc4.csv").write_text(
        "wijk,pc4,zekerheid,bron\nAlkmaar/Overdie,1813,vast,proef\n"
    )
    tables = read_folder(tmp_path)
    found = tables.observations.set_index(["indicator", "area"])["value"]
    assert found["kwb_woz", "1813"] == 120_000
    assert (
        tables.areas.set_index("area").at["1813", "gemeente"] == "Alkmaar"
    )  # from the codes, without a table
    assert tables.crosswalk["basis"].unique().tolist() == ["meest voorkomende postcode"]


def test_gemeenten_that_were_merged_count_for_the_city_they_became_part_of(tmp_path):
    path = tmp_path / "pc4_gemeente.csv"
    path.write_text("pc4,gemeente\n9751,Haren\n8491,Boarnsterhim\n")
    assert read_gemeenten(path)["gemeente"].tolist() == ["Groningen", "Boarnsterhim"]


def test_scores_of_squares_go_to_the_postcode_their_centre_is_in(tmp_path):
    (tmp_path / "lbm3_grid.csv").write_text(
        "grid,jaar,lbm,afw,fys,onv,soc,vrz,won\n"
        "E1000N5000,2014,4.1,.1,.1,-.2,0,.1,.1\nE1001N5000,2014,4.2,.2,.2,-.2,0,.1,.1\nE1020N5000,2014,4.0,0,0,-.2,0,.1,.1\n"
    )
    gpd.GeoDataFrame(
        {"pc4": ["1813"]}, geometry=[box(100_000, 500_000, 101_000, 501_000)], crs=28992
    ).to_file(tmp_path / "pc4.gpkg")
    (tmp_path / "aandachtswijken_pc4.csv").write_text(
        "wijk,pc4,zekerheid,bron\nAlkmaar/Overdie,1813,vast,proef\n"
    )
    found = read_folder(tmp_path).observations.set_index(["indicator", "area"])
    assert found.at[("lbm", "1813"), "value"] == pytest.approx(4.15)
    assert found.index.get_level_values("area").unique().tolist() == ["1813"]


# ---- one file, in whatever dress -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level", "code"),
    [
        ("GM0344", None, "GM0344"), ("gm0344  ", None, "GM0344"), ("344", "GM", "GM0344"), ("344.0", "GM", "GM0344"),
        ("0344", None, "GM0344"), ("WK034401", None, "WK034401"), ("34401", "WK", "WK034401"), ("BU03440101", None, "BU03440101"),
        ("3440101", "BU", "BU03440101"), ("NL00", None, "NL"), ("NL01", None, "NL"), ("34401", None, None), ("WK0344", "GM", None),
        ("", None, None), ("Overdie", None, None), ("GM03444", None, None), (np.nan, None, None),
    ],
)  # fmt: skip
def test_a_cbs_code_is_one_code_however_it_is_written(text, level, code):
    assert coding.cbs_code(text, level) == code


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1.234,5", "12,25"], [1234.5, 12.25]),
        (["1.234", "5,5"], [1234, 5.5]),
        (["0.123", "1.234"], [0.123, 1.234]),  # 0.123 can be no thousand
        (["4.1", "1.234"], [4.1, 1.234]),
        (["1234", "-5"], [1234, -5]),
        (["1.234.567,5"], [1234567.5]),
    ],
)
def test_a_point_between_semicolons_is_read_where_the_column_tells_what_it_is(tmp_path, texts, expected):
    path = tmp_path / "a.csv"
    path.write_text("a;b\n" + "".join(f"{c};1\n" for c in texts))
    assert cells.numbers(read_table(path, ["a"]), "a", path).tolist() == expected


@pytest.mark.parametrize("texts", [["1.234"], ["1.234", "12"], ["4.1", "1,5"]])
def test_a_point_that_can_be_two_things_is_refused(tmp_path, texts):
    path = tmp_path / "a.csv"
    path.write_text("a;b\n" + "".join(f"{c};1\n" for c in texts))
    with pytest.raises(SourceError, match="rij 2, kolom a"):
        cells.numbers(read_table(path, ["a"]), "a", path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_letters_are_read_in_each_of_the_four_ways_they_are_written(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes("plaats,n\nCuraçao,1\n".encode(encoding))
    assert read_table(path, ["plaats"])["plaats"].tolist() == ["Curaçao"]


def test_a_file_inside_a_zip_is_found_and_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "levering.zip", "w") as archive:
        archive.writestr("map/kwb-2008.csv", KWB_2008)
    assert len(_observed(tmp_path, BOOK, files.Log())[1]) == 1


@pytest.mark.parametrize("content", [b"PK\x03\x04stuk", b"", b"geen zip"])
def test_a_damaged_zip_is_refused(tmp_path, content):
    (tmp_path / "levering.zip").write_bytes(content)
    with pytest.raises(SourceError, match="zip"):
        files.matches(tmp_path, "*.csv")


# ---- 300 damaged files -----------------------------------------------------------------------------


def lbm3() -> str:
    rng = random.Random(3)
    lines = ["PC4,jaar,lbm,afw,fys,onv,soc,vrz,won"]
    for pc4 in range(1811, 1818):
        for year in (2014, 2018):
            parts = [round(rng.uniform(-0.2, 0.2), 3) for _ in range(5)]
            afw = round(sum(parts), 3)
            lines.append(f"{pc4},{year},{4.1 + afw:.3f},{afw},{','.join(map(str, parts))}")
    return "\n".join(lines) + "\n"


DAMAGE = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
SCORES = lbm3()
FILES = {
    "lbm3_pc4.csv": (SCORES, lambda path: leefbaarometer.read(path, BOOK)),
    "kwb-2008.csv": (KWB_2008, lambda path: kerncijfers.read(path, BOOK).rows.rename(columns={"code": "area"})),
    "kwb-2013.csv": (KWB_2013, lambda path: kerncijfers.read(path, BOOK).rows.rename(columns={"code": "area"})),
    "peilingen.csv": ("pc4,jaar,n,rapportcijfer\n1813,2010,37,6.4\n1814,2010,41,7.1\n", lambda path: peilingen.read(path, BOOK)),
    "pc4_gemeente.csv": ("pc4,gemeente\n1813,Alkmaar\n1814,Alkmaar\n", read_gemeenten),
}  # fmt: skip
WRONG = [
    "veel",
    "1e400",
    "-1e300",
    "inf",
    "999999999",
    "NaN",
    "",
    ".",
    "x",
    "-99997",
    "1,5",
    "--",
    "0x1F",
    "é",
    '"',
    "1813 AB",
    "2008.5",
]


def damaged(content: str, data) -> bytes:
    """Damage a file in one to three ways, and sometimes its bytes."""
    delimiter = ";" if content.count(";") > content.count(",") else ","
    rows = [line.split(delimiter) for line in content.splitlines()]
    for _ in range(data.draw(st.integers(1, 3))):
        kind = data.draw(
            st.sampled_from(["drop", "swap", "header", "cell", "twice", "cut", "extra", "shuffle"])
        )
        column = data.draw(st.integers(0, len(rows[0]) - 1))
        row = data.draw(st.integers(1, len(rows) - 1))
        if kind == "drop":
            rows = [[c for i, c in enumerate(line) if i != column] for line in rows]
        elif kind == "swap":
            other = data.draw(st.integers(0, len(rows[0]) - 1))
            for line in rows:
                if max(column, other) < len(line):
                    line[column], line[other] = line[other], line[column]
        elif kind == "header":
            rows[0][column] = data.draw(
                st.sampled_from([rows[0][column].upper(), "onbekend", "", f" {rows[0][column]} "])
            )
        elif kind == "cell" and column < len(rows[row]):
            rows[row][column] = data.draw(st.sampled_from(WRONG))
        elif kind == "twice":
            rows.append(list(rows[row]))
        elif kind == "cut":
            rows[row] = rows[row][: data.draw(st.integers(0, len(rows[row])))]
        elif kind == "extra":
            rows[row] = [*rows[row], "9"]
        elif kind == "shuffle":
            rows = [rows[0], *reversed(rows[1:])]
        if not rows[0]:
            break
    raw = "\n".join(delimiter.join(line) for line in rows).encode()
    if data.draw(st.integers(0, 9)) == 0 and raw:
        at = data.draw(st.integers(0, len(raw) - 1))
        raw = raw[:at] + data.draw(st.binary(min_size=1, max_size=3)) + raw[at + 1 :]
    return raw


@cache
def undamaged(name: str, folder: Path) -> pd.DataFrame:
    content, read = FILES[name]
    (folder / name).write_text(content)
    return read(folder / name)


@pytest.mark.parametrize("name", FILES)
@settings(DAMAGE, max_examples=60)
@given(data=st.data())
def test_a_damaged_file_gives_right_rows_or_one_clear_message(tmp_path, name, data):
    content, read = FILES[name]
    path = tmp_path / name
    right = undamaged(name, tmp_path)
    raw = damaged(content, data)
    path.write_bytes(raw)
    try:
        found = read(path)
    except SourceError as error:
        assert str(error).startswith(name)
        assert "\n" not in str(error)
        assert re.search(r"; [a-z].+\.$|zoals de bron", str(error)), f"geen uitweg: {error}"
        return
    keys = [c for c in ("indicator", "area", "period") if c in found]
    value = "value" if "value" in found else "gemeente"
    assert not found.duplicated(keys).any()
    known = right.set_index(keys)[value].to_dict()
    read_now = found.set_index(keys)[value].to_dict()
    cells = set()
    for cell in re.split(r"[,;\n]", raw.decode("utf-8", "replace")):
        with contextlib.suppress(ValueError):
            cells.add(float(cell))
    for key, now in read_now.items():
        if key in known and now == known[key]:
            continue
        # Otherwise than before, so it must be possible, and stand in the damaged file.
        if value == "gemeente":
            assert now.encode() in raw
            continue
        row = BOOK.set_index("indicator").loc[key[0]]
        assert row["lowest"] <= now <= row["highest"]
        assert now in cells or name.startswith("kwb")


@settings(DAMAGE, max_examples=60)
@given(data=st.data())
def test_a_damaged_table_of_statline_gives_right_rows_or_one_clear_message(tmp_path, data):
    folder = tmp_path / "71718ned"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(FIXTURE, folder)
    path = (
        folder
        / f"{data.draw(st.sampled_from(['TypedDataSet', 'RegioS', 'Perioden', 'DataProperties']))}.json"
    )
    content = json.loads(path.read_text())
    rows = content["value"] if isinstance(content, dict) else content
    row = data.draw(st.integers(0, len(rows) - 1))
    key = data.draw(st.sampled_from(sorted(rows[row])))
    kind = data.draw(st.sampled_from(["drop", "value", "twice", "less", "other", "bytes"]))
    odd = [None, [], {}, "veel", -1e300, 1e308, True, "2007", "GM0361", "Totaal Nederland", 3, "3", " "]
    if kind == "drop":
        del rows[row][key]
    elif kind == "value":
        rows[row][key] = data.draw(st.sampled_from(odd))
    elif kind == "twice":
        rows.append({**rows[row], **({key: 7} if data.draw(st.booleans()) else {})})
    elif kind == "less":
        del rows[row:]
    elif kind == "other":
        rows[row] = data.draw(st.sampled_from([7, "rij", [], None]))
    path.write_text(json.dumps(content))
    if kind == "bytes":
        raw = path.read_bytes()
        at = data.draw(st.integers(0, len(raw) - 1))
        path.write_bytes(
            raw[:at] + data.draw(st.binary(max_size=2)) + raw[at + data.draw(st.integers(0, 3)) :]
        )
    try:
        found = outcomemonitor.read(folder, BOOK)[0].set_index(["indicator", "area", "period"])["value"]
    except SourceError as error:
        assert str(error).startswith(("71718ned/", "In de map 71718ned"))
        assert re.search(r"; [a-z].+\.$", str(error)), f"geen uitweg: {error}"
        return
    assert found.index.is_unique
    bounds = BOOK.set_index("indicator").loc[found.index.get_level_values("indicator")]
    assert (found.to_numpy() >= bounds["lowest"]).all() and (found.to_numpy() <= bounds["highest"]).all()
    if path.stem in ("Perioden",) and kind != "bytes":
        right = outcomemonitor.read(FIXTURE, BOOK)[0].set_index(["indicator", "area", "period"])["value"]
        assert found.equals(right)


@settings(DAMAGE, max_examples=40)
@given(data=st.data())
def test_a_damaged_map_gives_shapes_in_the_netherlands_or_one_clear_message(tmp_path, data):
    path = tmp_path / "pc4.geojson"
    path.unlink(missing_ok=True)
    frame = gpd.GeoDataFrame(
        {"pc4": ["1813", "1814"]},
        geometry=[box(110_000, 510_000, 111_000, 511_000), box(111_000, 510_000, 112_000, 511_000)],
        crs=28992,
    )
    frame.to_file(path, driver="GeoJSON")
    raw = path.read_bytes()
    at = data.draw(st.integers(0, len(raw) - 1))
    path.write_bytes(raw[:at] + data.draw(st.binary(max_size=4)) + raw[at + data.draw(st.integers(0, 30)) :])
    try:
        found = read_boundaries(path)
    except SourceError as error:
        assert str(error).startswith("pc4.geojson")
        return
    assert found["area"].str.fullmatch("[1-9][0-9]{3}").all()
    assert found.crs.to_epsg() == 28992


# ---- a folder with nothing but what CBS publishes ----------------------------------------------------


@pytest.fixture(scope="module")
def cbs_folder(practice, tmp_path_factory) -> Path:
    """The practice panel as CBS would publish it: a file of Kerncijfers a year, by wijk and gemeente, and two crosswalks."""
    folder = tmp_path_factory.mktemp("cbs") / "open"
    folder.mkdir()
    tables = read_folder(practice)
    pc4 = tables.areas[tables.areas["level"] == "pc4"].dropna(subset="gemeente").reset_index(drop=True)
    number = {city: i for i, city in enumerate(sorted(pc4["gemeente"].unique()), 100)}
    gm = pc4["gemeente"].map(number)
    within = pc4.groupby("gemeente").cumcount()
    assert within.max() < 100
    code = "WK" + gm.map("{:04d}".format) + within.map("{:02d}".format)
    known = tables.observations[tables.observations["area"].isin(pc4["area"])]
    for year in range(2004, 2018):
        now = known[known["period"] == year].pivot_table(
            index="area", columns="indicator", values=["value", "n"]
        )
        rows = pd.DataFrame(
            {
                **{
                    "GWB_CODE": code.str[2:],
                    "RECS": "W",
                    "GWB_NAAM": "Wijk " + pc4["area"],
                    "GM_NAAM": pc4["gemeente"],
                },
                "AANT_INW": pc4["area"].map(now["n"]["ww"]).mul(1.5).round(),
                **{"P_15_24_JR": 12, "P_25_44_JR": 30, "P_45_64_JR": 25},
                "P_WW_UIT": pc4["area"].map(now["value"]["ww"]).mul(10).round(1),
                "WONINGEN": pc4["area"].map(now["n"]["koop"]).round(),
                "P_KOOPWON": pc4["area"].map(now["value"]["koop"]).round(),
            }
        )
        cities = pd.DataFrame({"GM_NAAM": list(number), "GWB_CODE": [f"{i:04d}" for i in number.values()]})
        cities = cities.assign(RECS="G", GWB_NAAM=cities["GM_NAAM"])
        pd.concat([cities, rows]).to_csv(
            folder / f"kwb-{year}.csv", index=False, na_rep=".", encoding="cp1252"
        )
    shares = {"pc4": pc4["area"], "wijk_code_2017": code, "share_pc4": 1.0, "share_wijk": 1.0}
    pd.DataFrame(shares).to_csv(folder / "pc4_x_wijk_2017.csv", index=False)
    tables.treated.to_csv(folder / "aandachtswijken_pc4.csv", index=False)
    return folder


def test_a_folder_of_kerncijfers_alone_answers_the_question_on_work(
    cbs_folder, practice, tmp_path, monkeypatch
):
    from helpers import say
    from helpers.report import open_report

    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path))
    r = open_report("werk", "Utrecht/Overvecht", 2007, 2017, data=str(cbs_folder))
    assert r.indicator["indicator"] == "kwb_ww"
    assert r.window == (2007, 2017)
    assert not r.simulated
    # the same series by another road: published per postcode in the practice panel
    own = open_report("werk", "Utrecht/Overvecht", 2007, 2017, data=str(practice)).panel
    direct = own.get("ww", "Utrecht/Overvecht").set_index("period")["value"]
    converted = r.panel.get("kwb_ww", "Utrecht/Overvecht").set_index("period")["value"]
    assert (converted - direct.reindex(converted.index)).abs().max() < 0.06
    assert "2013: personen in plaats van uitkeringen" in say.answer(r)
    # the city of each postcode is known from the codes, so there is an effect to estimate
    assert r.effect["reason"] == ""
    assert r.effect["n"]["wijken"] == 40
    assert "veranderde de meting zelf" in say.verdict(r)
    assert "opgegeven map" in say.about(r)
