"""What is accepted, what is refused, and whether the refusal tells the way out."""

import json
import shutil
import warnings
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from wijkenaanpak import SourceError
from wijkenaanpak.sources import files
from wijkenaanpak.sources.areas import read_gemeenten, read_treated
from wijkenaanpak.sources.boundaries import read_boundaries
from wijkenaanpak.sources.facts import read_codebook
from wijkenaanpak.sources.folder import read_folder
from wijkenaanpak.sources.publishers import leefbaarometer, outcomemonitor, peilingen

FIXTURE = Path(__file__).parent / "fixtures" / "71718ned"
BOOK = read_codebook()
HEAD = "PC4,jaar,lbm,afw,fys,onv,soc,vrz,won"
GOOD = "1813,2008,4.1,1.5,0.1,0.2,0.3,0.4,0.5"


@pytest.fixture
def folder(tmp_path):
    """The least a data folder can be: scores of two PC4 and their gemeenten."""
    (tmp_path / "lbm3_pc4.csv").write_text(f"{HEAD}\n{GOOD}\n{GOOD.replace('1813', '1814')}\n")
    (tmp_path / "pc4_gemeente.csv").write_text("pc4,gemeente\n1813,Alkmaar\n1814,Alkmaar\n")
    (tmp_path / "aandachtswijken_pc4.csv").write_text(
        "wijk,pc4,zekerheid,bron\nAlkmaar/Overdie,1813,vast,proef\n"
    )
    return tmp_path


def scores(tmp_path: Path, content: str | bytes) -> pd.DataFrame:
    path = tmp_path / "lbm3_pc4.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return leefbaarometer.read(path, BOOK)


# ---- Leefbaarometer --------------------------------------------------------------------------------


def test_a_score_becomes_one_row_per_indicator(tmp_path):
    rows = scores(tmp_path, f"{HEAD}\n{GOOD}\n").set_index("indicator")
    assert rows.loc["lbm", ["area", "period", "value", "status"]].tolist() == ["1813", 2008, 4.1, "published"]
    assert rows.at["lbm_won", "value"] == 0.5
    assert rows["n"].isna().all()
    assert "afw" not in rows.index


def test_missing_scores_are_left_out_and_counted(tmp_path):
    log = files.Log()
    path = tmp_path / "lbm3_pc4.csv"
    path.write_text(f"{HEAD}\n1813,2008,4.1,0,NA,NA,NA,NA,NA\n")
    assert leefbaarometer.read(path, BOOK, log)["indicator"].tolist() == ["lbm"]
    assert log.table().query("what.str.contains('zonder waarde')")["count"].tolist() == [5]


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{HEAD}\n{GOOD}\n",
        f"{HEAD}\n{GOOD}\n".replace(",", ";"),
        f"{HEAD}\n{GOOD}\n".replace(",", ";").replace("4.1", "4,1"),
        f"{HEAD}\r\n{GOOD}",
        f'"{HEAD.replace(",", chr(34) + "," + chr(34))}"\n{GOOD}\n',
    ],
    ids=["byte order mark", "semicolons", "decimal commas", "Windows lines", "quoted header"],
)
def test_harmless_differences_are_accepted(tmp_path, content):
    assert scores(tmp_path, content).set_index("indicator").at["lbm", "value"] == 4.1


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["leeg", "opnieuw"]),
        (HEAD + "\n", ["alleen een kopregel", "opnieuw"]),
        (f"{HEAD}\n{GOOD}\n".replace("onv", "oev"), ["rij 1", "kolom 'onv' ontbreekt", "zoals de bron"]),
        (f"{HEAD}\n{GOOD}\n1814,2008,veel,0,0,0,0,0,0\n", ["rij 3", "kolom lbm", "'veel'", "verbeter"]),
        (f"{HEAD}\n{GOOD.replace('1813', '813')}\n", ["rij 2", "kolom PC4", "'813'", "vier cijfers"]),
        (f"{HEAD}\n{GOOD.replace('1813', '0813')}\n", ["rij 2", "'0813'"]),
        (f"{HEAD}\n{GOOD}\n{GOOD.replace('0.1,0.2', '0.2,0.1')}\n", ["rij 3", "1813, 2008", "twee keer"]),
        (f"{HEAD}\n{GOOD.replace('2008', '208')}\n", ["rij 2", "kolom jaar", "'208'", "1990"]),
        (f"{HEAD}\n{GOOD},9\n", ["rij 2", "10 kolommen in plaats van 9", "herstel"]),
        (
            f"{HEAD},plaats\n{GOOD},Curaçao".encode("cp1252") + " é\n".encode(),
            ["rij 2", "UTF-8", "sla het op"],
        ),
    ],
    ids=[
        "empty",
        "header only",
        "column",
        "text",
        "PC4",
        "leading zero",
        "twice",
        "year",
        "ragged",
        "encoding",
    ],
)
def test_wrong_input_is_refused_in_one_sentence_with_place_and_way_out(tmp_path, content, parts):
    with pytest.raises(SourceError) as caught:
        scores(tmp_path, content)
    message = str(caught.value)
    assert message.startswith("lbm3_pc4.csv")
    assert [p for p in parts if p not in message] == []
    assert "\n" not in message


@settings(deadline=None)  # a busy machine is no fault
@given(st.floats(0, 9, allow_nan=False).map(lambda x: f"{x:.6f}"))
def test_a_number_reads_the_same_with_point_and_with_comma(tmp_path_factory, number):
    folder = tmp_path_factory.mktemp("getal")
    row = f"1813;2008;{number};0;0;0;0;0;0"
    head = HEAD.replace(",", ";")
    read = [
        scores(folder, f"{head}\n{line}\n").set_index("indicator").at["lbm", "value"]
        for line in (row, row.replace(".", ","))
    ]
    assert read == [float(number)] * 2


def test_a_decimal_comma_between_commas_is_refused_and_not_read_as_two_cells(tmp_path):
    with pytest.raises(SourceError, match="rij 2"):
        scores(tmp_path, f"{HEAD}\n{GOOD.replace('4.1', '4,1')}\n")
    with pytest.raises(SourceError, match="'4,1' is geen getal"):
        scores(tmp_path, HEAD + "\n" + GOOD.replace("4.1", '"4,1"') + "\n")


@given(st.text(alphabet="0123456789 AB", min_size=1, max_size=6))
def test_only_four_digits_without_a_leading_zero_are_a_postcode(tmp_path_factory, text):
    folder, code = tmp_path_factory.mktemp("pc4"), text.strip()
    content = f"{HEAD}\n{GOOD.replace('1813', text)}\n"
    if len(code) == 4 and code.isdigit() and code[0] != "0":
        assert scores(folder, content)["area"].unique().tolist() == [code]
    else:
        with pytest.raises(SourceError, match="vier cijfers"):
            scores(folder, content)


# ---- StatLine --------------------------------------------------------------------------------------


def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURE, tmp_path / "71718ned"))


def records(path: Path) -> list[dict]:
    content = json.loads(path.read_text())
    return content["value"] if isinstance(content, dict) else content


def test_topics_and_regions_are_recognised_by_their_titles():
    rows, _ = outcomemonitor.read(FIXTURE, BOOK)
    ww = rows[rows["indicator"] == "ww"].set_index(["area", "period"])
    raw = pd.DataFrame(records(FIXTURE / "TypedDataSet.json"))
    key = next(p["Key"] for p in records(FIXTURE / "DataProperties.json") if p["ID"] == 7)
    of = raw.set_index([raw["RegioS"].str.strip(), raw["Perioden"].str[:4].astype(int)])[key]
    for region, area in {
        "NL01": "Nederland", "AW00": "Aandachtswijken", "NA00": "Niet-aandachtswijken", "GM0361": "Alkmaar",
        "AW01": "Alkmaar/Overdie", "PC1813": "1813", "NA0361": "Alkmaar, niet-aandachtswijken", "GM0518": "Den Haag",
        "AW15": "Den Haag/Zuid-West", "NA0518": "Den Haag, niet-aandachtswijken",
    }.items():  # fmt: skip
        assert ww.at[(area, 2010), "value"] == of[region, 2010]
    assert ww.at[("Alkmaar/Overdie", 2007), "n"] == 5000
    assert 2013 not in rows["period"].to_numpy()


def test_what_no_report_uses_is_counted_and_not_kept():
    log = files.Log()
    rows, _ = outcomemonitor.read(FIXTURE, BOOK, log)
    assert set(rows["indicator"]) == {"nww", "ww", "inkomsten_arbeid"}
    counted = log.table().set_index("what")["count"]
    assert counted["regio's die geen enkel rapport gebruikt"] == 1
    assert counted["cellen zonder waarde, weggelaten"] == 11 * 3


def test_the_region_list_is_the_list_of_treated_postcodes():
    _, regions = outcomemonitor.read(FIXTURE, BOOK)
    assert regions.to_numpy().tolist() == [["Alkmaar/Overdie", "1813"], ["Den Haag/Zuid-West", "2532"]]


def test_a_provisional_period_stays_provisional(tmp_path):
    folder = copy(tmp_path)
    periods = records(folder / "Perioden.json")
    periods[1]["Status"] = "Voorlopig"
    (folder / "Perioden.json").write_text(json.dumps(periods))
    rows, _ = outcomemonitor.read(folder, BOOK)
    assert rows.groupby("period")["status"].unique().map(list).to_dict() == {
        2007: ["published"],
        2010: ["provisional"],
    }


def test_the_csv_layout_gives_the_same_rows_as_the_json_layout(tmp_path):
    folder = tmp_path / "71718ned"
    folder.mkdir()
    for part in ("DataProperties", "RegioS", "Perioden", "TypedDataSet"):
        name = "data" if part == "TypedDataSet" else part
        pd.DataFrame(records(FIXTURE / f"{part}.json")).to_csv(
            folder / f"{name}.csv", index=False, na_rep="."
        )
    (rows, regions), (same, same_regions) = (outcomemonitor.read(f, BOOK) for f in (FIXTURE, folder))
    pd.testing.assert_frame_equal(rows, same)
    pd.testing.assert_frame_equal(regions, same_regions)


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("RegioS", None, ["71718ned", "RegioS.json", "in zijn geheel"]),
        ("Perioden", "{niet", ["Perioden.json", "geen geldige JSON"]),
        ("DataProperties", '[{"ID": 1}]', ["DataProperties.json", "'ParentID'"]),
        ("TypedDataSet", '[{"RegioS": "NL01"}]', ["TypedDataSet.json", "'Perioden'"]),
    ],
)
def test_a_damaged_statline_table_is_refused_by_part(tmp_path, part, change, words):
    folder = copy(tmp_path)
    path = folder / f"{part}.json"
    path.unlink() if change is None else path.write_text(change)
    with pytest.raises(SourceError) as caught:
        outcomemonitor.read(folder, BOOK)
    assert [w for w in words if w not in str(caught.value)] == []


def test_a_period_that_is_no_year_is_refused_by_record(tmp_path):
    path = copy(tmp_path) / "TypedDataSet.json"
    data = records(path)
    data[4]["Perioden"] = "2010KW01"
    path.write_text(json.dumps(data))
    with pytest.raises(SourceError, match=r"record 5.*Perioden.*2010KW01"):
        outcomemonitor.read(path.parent, BOOK)


def test_a_period_the_table_does_not_list_is_refused(tmp_path):
    path = copy(tmp_path) / "Perioden.json"
    path.write_text(json.dumps(records(path)[:1]))
    with pytest.raises(SourceError, match=r"'2010JJ00' staat niet in Perioden"):
        outcomemonitor.read(path.parent, BOOK)


# ---- the list, the areas, the map, the folder ------------------------------------------------------


def test_the_own_list_is_replaced_by_one_file(folder):
    assert read_treated(folder)["pc4"].tolist() == ["1813"]
    (folder / "aandachtswijken_pc4.csv").unlink()
    assert len(read_treated(folder)) == 46


def test_the_regions_of_statline_come_before_the_own_list(folder):
    (folder / "aandachtswijken_pc4.csv").unlink()
    _, regions = outcomemonitor.read(FIXTURE, BOOK)
    treated = read_treated(folder, regions)
    assert treated["zekerheid"].unique().tolist() == ["StatLine 71718ned"]
    assert treated["pc4"].tolist() == ["1813", "2532"]


def test_candidates_only_fill_the_wijken_without_postcodes(folder):
    (folder / "aandachtswijken_pc4.csv").unlink()
    (folder / "wijken_pc4_candidates.csv").write_text(
        "wijk_officieel,pc4,tier,basis\nAlkmaar Overdie,1814,B,x\nUtrecht Overvecht,3561,A,x\n"
    )
    treated = read_treated(folder).set_index("pc4")
    assert treated.at["3561", "zekerheid"] == "kandidaat A"
    assert "1814" not in treated.index


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("Utrecht Overvecht,3561,A,x\nUtrecht Overvecht,3561,B,x\n", ["rij 3", "3561", "twee keer"]),
        ("Utrecht Overvecht,3561,,x\n", ["rij 2", "kolom tier", "hoe zeker"]),
    ],
)
def test_wrong_candidates_are_refused(folder, rows, words):
    (folder / "aandachtswijken_pc4.csv").unlink()
    (folder / "wijken_pc4_candidates.csv").write_text(f"wijk_officieel,pc4,tier,basis\n{rows}")
    with pytest.raises(SourceError) as caught:
        read_treated(folder)
    assert [w for w in words if w not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("Alkmaar/Overdied,1814,vast,x", ["rij 3", "kolom wijk", "'Alkmaar/Overdied'", "40"]),
        ("Alkmaar/Overdie,1813,vast,x", ["rij 3", "1813", "twee keer"]),
        ("Alkmaar/Overdie,9999,vast,x", ["9999", "komt niet voor", "Alkmaar/Overdie"]),
        ("Utrecht/Ondiep,1814,vast,x", ["1814", "Alkmaar", "Utrecht/Ondiep"]),
    ],
)
def test_a_wrong_list_of_wijken_is_refused(folder, row, words):
    path = folder / "aandachtswijken_pc4.csv"
    path.write_text(f"{path.read_text()}{row}\n")
    with pytest.raises(SourceError) as caught:
        read_folder(folder)
    assert [w for w in words if w not in str(caught.value)] == []


def test_a_folder_is_read_whole_and_leaves_the_files_as_they_were(folder):
    before = {p: p.read_bytes() for p in folder.iterdir()}
    tables = read_folder(folder)
    assert {p: p.read_bytes() for p in folder.iterdir()} == before
    pc4 = tables.areas[tables.areas["level"] == "pc4"].set_index("area")
    assert pc4["gemeente"].tolist() == ["Alkmaar", "Alkmaar"]
    assert pc4.at["1813", "aandachtswijk"] == "Alkmaar/Overdie"
    assert pd.isna(pc4.at["1814", "aandachtswijk"])
    assert (tables.areas["level"] == "aandachtswijk").sum() == 40
    assert tables.areas["area"].is_unique
    assert not tables.simulated
    assert tables.boundaries is None


def test_a_postcode_without_gemeente_counts_for_the_country_only(folder):
    path = folder / "lbm3_pc4.csv"
    path.write_text(f"{path.read_text()}{GOOD.replace('1813', '9999')}\n")
    tables = read_folder(folder)
    assert tables.areas.set_index("area").loc[["9999"], "gemeente"].isna().all()
    assert "9999" in set(tables.observations["area"])
    assert tables.log["what"].str.contains("zonder bekende gemeente").any()


def test_s_gravenhage_is_den_haag(tmp_path):
    path = tmp_path / "pc4_gemeente.csv"
    path.write_text("pc4,gemeente\n2515,'s-Gravenhage\n2516,’s-Gravenhage\n")
    assert read_gemeenten(path)["gemeente"].tolist() == ["Den Haag", "Den Haag"]


def test_surveys_carry_their_number_of_respondents(tmp_path):
    path = tmp_path / "peilingen_2010.csv"
    path.write_text("pc4,jaar,n,rapportcijfer\n1813,2010,37,6.4\n")
    rows = peilingen.read(path, BOOK)
    assert rows[["indicator", "value", "n"]].to_numpy().tolist() == [["rapportcijfer", 6.4, 37.0]]


def test_later_wijken_and_selection_scores_are_read(folder):
    (folder / "wijken_40plus_pc4.csv").write_text("tranche,wijk,pc4\n1,Alkmaar/De Hoef,1814\n")
    (folder / "selectie_2006.csv").write_text("pc4,score_2006\n1813,2.5\n1814,-0.5\n")
    tables = read_folder(folder)
    assert tables.later.to_dict("records") == [{"area": "1814", "year": 2009}]
    assert tables.scores.set_index("area")["score"].to_dict() == {"1813": 2.5, "1814": -0.5}


@pytest.mark.parametrize(
    ("row", "words"),
    [("3,W,1814", ["tranche", "rij 2"]), ("1,W,1813", ["pc4", "aandachtswijken"]), ("1,W,18", ["pc4"])],
)
def test_a_wrong_list_of_later_wijken_is_refused(folder, row, words):
    (folder / "wijken_40plus_pc4.csv").write_text(f"tranche,wijk,pc4\n{row}\n")
    with pytest.raises(SourceError) as caught:
        read_folder(folder)
    assert all(word in str(caught.value) for word in ["wijken_40plus_pc4.csv", *words])


def test_a_misspelt_survey_result_is_refused_and_not_forgotten(tmp_path):
    path = tmp_path / "peilingen.csv"
    path.write_text("pc4,jaar,n,rapportciffer\n1813,2010,37,6.4\n")
    with pytest.raises(SourceError, match=r"rij 1.*'rapportciffer'.*rapportcijfer"):
        peilingen.read(path, BOOK)


def test_a_folder_of_the_practice_panel_says_that_all_of_it_is_simulated(practice):
    tables = read_folder(practice)
    assert tables.simulated
    assert set(tables.observations["status"]) == {"simulated"}
    assert tables.observations["source"].unique().tolist() == ["oefendata (seed 11)"]
    published_only = BOOK["table"].isin(["kwb", "leefbaarometer2"])
    assert set(tables.observations["indicator"]) == set(BOOK.loc[~published_only, "indicator"])
    assert len(tables.treated) == 83
    assert tables.treated["wijk"].nunique() == 40
    assert len(tables.boundaries) == 600


def test_a_folder_without_a_known_file_says_where_the_names_are(tmp_path):
    (tmp_path / "iets.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match=r"data/README\.md"):
        read_folder(tmp_path)


def shapes(tmp_path: Path, codes: list[str], crs: str | None) -> Path:
    path = tmp_path / "pc4.gpkg"
    where = box(5, 52, 5.1, 52.1) if crs == "EPSG:4326" else box(136_000, 455_000, 137_000, 456_000)
    frame = gpd.GeoDataFrame({"code": codes}, geometry=[where] * len(codes), crs=crs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a map without a grid is what one of the tests is about
        frame.to_file(path, driver="GPKG")
    return path


def test_boundaries_are_brought_to_the_dutch_grid(tmp_path):
    found = read_boundaries(shapes(tmp_path, ["1813"], "EPSG:4326"))
    assert found.crs.to_epsg() == 28992
    assert 100_000 < found.geometry.iloc[0].centroid.x < 200_000


@pytest.mark.parametrize(
    ("codes", "crs", "word"),
    [(["wijk 1"], "EPSG:28992", "vier cijfers"), (["1813"], None, "coördinatenstelsel")],
)
def test_a_map_without_codes_or_grid_is_refused(tmp_path, codes, crs, word):
    with pytest.raises(SourceError, match=word):
        read_boundaries(shapes(tmp_path, codes, crs))


def test_a_file_that_is_no_map_is_refused(tmp_path):
    path = tmp_path / "pc4.gpkg"
    path.write_text("geen kaart")
    with pytest.raises(SourceError, match="niet als kaart"):
        read_boundaries(path)
