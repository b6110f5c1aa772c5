"""Fetching from a server that drops, lies, is busy, moves and is gone."""

import hashlib
import io
import json
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import geopandas as gpd
import pytest

from wijkenaanpak.run import batch
from wijkenaanpak.sources import coverage, download
from wijkenaanpak.sources.boundaries import read_boundaries
from wijkenaanpak.sources.download import Publication
from wijkenaanpak.sources.facts import read_codebook
from wijkenaanpak.sources.folder import NothingThere, read_folder
from wijkenaanpak.sources.publishers import kerncijfers, outcomemonitor

CONTENT = bytes(range(256)) * 2000  # 512,000 bytes: several packets
FIXTURE = Path(__file__).parent / "fixtures" / "71718ned"


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as inside:
        inside.writestr("binnen.csv", "a,b\n1,2\n")
    return stream.getvalue()


class Server(ThreadingHTTPServer):
    """Serves by script: `faults` are used up one a request; `seen` keeps what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {"/bestand.bin": CONTENT, "/bestand.zip": archive()}
        self.faults: list[str] = []
        self.seen: list[tuple[str, str]] = []
        self.ranges, self.mark = True, '"v1"'

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        self.path = self.path.replace("/cbsodata/ODataFeed/odata/71718ned", "/odata/tabel")
        server, path = self.server, urlsplit(self.path).path
        server.seen.append((self.path, self.headers.get("Range", "")))
        fault = server.faults.pop(0) if server.faults else ""
        if fault.isdigit():
            self.send_response(int(fault))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if fault.startswith("naar "):
            self.send_response(302)
            self.send_header("Location", fault.removeprefix("naar "))
            self.end_headers()
            return
        if path.startswith(("/odata/", "/v4/", "/kwb/")):
            body, kind = self.table(path), "application/json"
        elif path == "/wfs":
            body, kind = self.shapes(), "application/json"
        else:
            body, kind = server.files.get(path, b""), "application/octet-stream"
        if not body:
            return self.send_error(404)
        if fault == "webpagina":
            body, kind = b"<!DOCTYPE html><title>Inloggen</title>", "text/html; charset=utf-8"
        start = 0
        wanted = self.headers.get("Range")
        whole = len(body)
        if wanted and server.ranges and self.headers.get("If-Range") == server.mark:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        else:
            self.send_response(200)
        body = body[start:]
        length = len(body) + (1000 if fault == "te lang" else 0)
        self.send_header("Content-Length", str(length - (7 if fault == "te kort" else 0)))
        self.send_header("Content-Type", kind)
        self.send_header("ETag", server.mark)
        self.end_headers()
        if fault == "breekt af":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)

    def table(self, path: str) -> bytes:
        """A StatLine table, three rows a page."""
        _, service, name = path.strip("/").partition("/")[0], *path.strip("/").split("/", 1)
        query = parse_qs(urlsplit(self.path).query)
        tables = {"odata": V3, "v4": V4, "kwb": KWB}[service.split("/")[0]]
        if name in ("", "tabel", "tabel/"):
            return json.dumps({"value": [{"name": n, "url": n} for n in tables]}).encode()
        rows = tables.get(name.removeprefix("tabel/"))
        if rows is None:
            return b""
        if query.get("$filter") == ["Soort eq '0.0.0 '"]:
            rows = [row for row in rows if row.get("Soort") == "0.0.0 "]
        if "$select" in query:
            rows = [{k: row[k] for k in query["$select"][0].split(",")} for row in rows]
        at = int(query.get("$skip", ["0"])[0])
        answer: dict = {"odata.metadata": "x", "value": rows[at : at + 3]}
        if at + 3 < len(rows):
            more = f"{self.server.root}{path}?$format=json&$skip={at + 3}"
            for option in ("$filter", "$select"):
                more += f"&{option}={query[option][0]}" if option in query else ""
            answer["@odata.nextLink" if service == "v4" else "odata.nextLink"] = more
        return json.dumps(answer).encode()

    def shapes(self) -> bytes:
        query = parse_qs(urlsplit(self.path).query)
        at, count = int(query["startIndex"][0]), int(query["count"][0])
        features = [
            {
                "type": "Feature",
                "properties": {"postcode": 1000 + i},
                "geometry": {"type": "Polygon", "coordinates": [square(100_000 + 50 * i, 450_000)]},
            }
            for i in range(at, min(at + count, 1203))
        ]
        return json.dumps({"type": "FeatureCollection", "features": features}).encode()

    def log_message(self, *_):
        pass


def square(x, y):
    return [[x, y], [x + 50, y], [x + 50, y + 50], [x, y + 50], [x, y]]


def records(name):
    content = json.loads((FIXTURE / f"{name}.json").read_text())
    return content["value"] if isinstance(content, dict) else content


V3 = {
    **{
        name: records(name) for name in ("TableInfos", "DataProperties", "RegioS", "Perioden", "TypedDataSet")
    },
    "UntypedDataSet": [{"ID": 1}],
}
V4 = {
    "Properties": [{"Identifier": "T", "Modified": "2024-01-01"}],
    "MeasureCodes": [
        {"Identifier": "M1", "Title": "Totaal", "MeasureGroupId": 2, "Decimals": 1, "Unit": "%"},
        {
            "Identifier": "M2",
            "Title": "15 tot 65 jaar (aantal)",
            "MeasureGroupId": 4,
            "Decimals": 0,
            "Unit": "aantal",
        },
    ],
    "MeasureGroups": [
        {"Id": 1, "ParentId": None, "Title": "Werken"},
        {"Id": 2, "ParentId": 1, "Title": "Personen met een WW-uitkering"},
        {"Id": 3, "ParentId": None, "Title": "Bevolking"},
        {"Id": 4, "ParentId": 3, "Title": "Bevolking naar leeftijdklassen"},
    ],
    "RegioSCodes": [
        {"Identifier": "AW01", "Title": "Alkmaar, Overdie"},
        {"Identifier": "NL01", "Title": "Totaal Nederland"},
    ],
    "PeriodenCodes": [{"Identifier": "2007JJ00", "Title": "2007", "Status": "Definitief"}],
    "Observations": [
        {"Id": i, "Measure": m, "ValueAttribute": "None", "Value": v, "RegioS": r, "Perioden": "2007JJ00"}
        for i, (m, r, v) in enumerate(
            [("M1", "AW01", 2.5), ("M2", "AW01", 5000), ("M1", "NL01", 1.5), ("M2", "NL01", 9e6)]
        )
    ],
}
KWB = {
    "TableInfos": [{"Title": "Kerncijfers wijken en buurten 2013"}],
    "DataProperties": [{"Key": k} for k in ("WijkenEnBuurten", "Codering_3", "Koopwoningen_40", "Oppervlakte_99")],
    "WijkenEnBuurten": [{"Key": "WK036100", "Title": "Overdie"}],
    "TypedDataSet": [{"WijkenEnBuurten": "WK036100", "Codering_3": "WK036100", "Koopwoningen_40": 30, "Oppervlakte_99": 7}],
}  # fmt: skip


@pytest.fixture
def server():
    server = Server()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def item(
    server: Server, naam: str = "bestand.bin", soort: str = "bestand", path: str | None = None, **other
) -> Publication:
    address = f"{server.root}{path or '/' + naam}"
    known = {"tabel": "grenzen", "filter": "", "uitgever": "CBS", "licentie": "CC BY 4.0"}
    return Publication(
        **{
            **known,
            "naam": naam,
            "soort": soort,
            "adres": address,
            "pagina": "https://cbs.nl/x",
            "wat": "proef",
            **other,
        }
    )


def fetch(folder: Path, *items: Publication, force: bool = False) -> tuple[int, list[str]]:
    said: list[str] = []
    return download.download(folder, items, force, said.append, pause=0), said


@pytest.mark.parametrize(
    "faults",
    [
        [],
        ["breekt af"],
        ["breekt af", "breekt af", "breekt af"],
        ["503", "429", "500"],
        ["te lang"],
        ["naar /bestand.bin"],
        ["504", "breekt af", "naar /bestand.bin"],
    ],
)
def test_a_file_arrives_whole_whatever_happens_on_the_way(server, tmp_path, faults):
    server.faults = list(faults)
    failed, said = fetch(tmp_path, item(server))
    assert (failed, said) == (0, ["bestand.bin: opgehaald"])
    assert (tmp_path / "bestand.bin").read_bytes() == CONTENT
    assert sorted(p.name for p in tmp_path.iterdir()) == ["MANIFEST.json", "bestand.bin"]


def test_a_broken_download_goes_on_where_it_stopped(server, tmp_path):
    server.faults = ["breekt af"]
    fetch(tmp_path, item(server))
    assert server.seen[0][1] == ""
    assert 0 < int(server.seen[1][1].removeprefix("bytes=").rstrip("-")) <= len(CONTENT) // 2


def test_a_later_run_goes_on_where_an_earlier_run_stopped(server, tmp_path):
    server.faults = ["breekt af", "404"]
    failed, _ = fetch(tmp_path, item(server))
    assert failed == 1
    assert not (tmp_path / "bestand.bin").exists()
    failed, _ = fetch(tmp_path, item(server))
    assert failed == 0
    assert server.seen[-1][1].startswith("bytes=")
    assert (tmp_path / "bestand.bin").read_bytes() == CONTENT


def test_halves_of_two_versions_are_never_joined(server, tmp_path):
    server.faults = ["breekt af", "404"]
    fetch(tmp_path, item(server))
    server.files["/bestand.bin"], server.mark = CONTENT[::-1], '"v2"'
    fetch(tmp_path, item(server))
    assert (tmp_path / "bestand.bin").read_bytes() == CONTENT[::-1]


def test_a_server_that_cannot_go_on_starts_anew(server, tmp_path):
    server.faults, server.ranges = ["breekt af"], False
    fetch(tmp_path, item(server))
    assert (tmp_path / "bestand.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (["404"], ["antwoordt 404"]),
        (["403"], ["antwoordt 403"]),
        (["503"] * 5, ["antwoordt 503", "5 keer"]),
        (["breekt af"] * 4 + ["503"], ["503"]),
        (["naar /bestand.bin"] * 31, ["in een kring"]),
        (["webpagina"], ["een webpagina in plaats van gegevens"]),
    ],
)
def test_what_cannot_be_fetched_ends_in_one_message_with_the_way_out(server, tmp_path, faults, words):
    server.faults = list(faults)
    failed, said = fetch(tmp_path, item(server), item(server, "bestand.zip"))
    assert failed == 1
    message = said[0]
    for word in [*words, "proef", "https://cbs.nl/x", str(tmp_path), "bestand.bin"]:
        assert word in message
    assert "\n" not in message
    assert not (tmp_path / "bestand.bin").exists()
    assert "bestand.bin" not in download.manifest(tmp_path)


def test_one_failure_leaves_the_others_alone(server, tmp_path):
    server.faults = ["404"]
    failed, said = fetch(tmp_path, item(server), item(server, "bestand.zip"))
    assert (failed, said[1]) == (1, "bestand.zip: opgehaald")


def test_a_server_that_is_not_there_is_asked_once(tmp_path, monkeypatch):
    gone = Server()
    gone.server_close()
    asked = []
    monkeypatch.setattr(download.time, "sleep", lambda _: asked.append(1))
    failed, said = fetch(tmp_path, item(gone), item(gone, "tweede.bin"))
    assert failed == 2
    assert all("is niet bereikbaar" in line for line in said)
    assert len(asked) == download.ATTEMPTS - 1


# Names of their own: those made of the bytes would hold the time at which each worker made the archive.
@pytest.mark.parametrize(
    "content", [archive()[:-30], b"", b"<html>storing</html>"], ids=["cut off", "empty", "a page"]
)
def test_a_damaged_zip_is_no_file(server, tmp_path, content):
    server.files["/bestand.zip"] = content
    failed, _ = fetch(tmp_path, item(server, "bestand.zip"))
    assert failed == 1
    assert list(tmp_path.glob("bestand*")) == []


def test_a_length_that_is_too_short_is_seen_where_the_file_can_tell(server, tmp_path):
    server.faults = ["te kort"]
    assert fetch(tmp_path, item(server, "bestand.zip"))[0] == 1
    assert not (tmp_path / "bestand.zip").exists()


def test_the_manifest_says_what_from_where_when_and_under_which_licence(server, tmp_path):
    fetch(tmp_path, item(server))
    entry = download.manifest(tmp_path)["bestand.bin"]
    assert entry["source"] == f"{server.root}/bestand.bin"
    assert entry["sha256"] == {"bestand.bin": hashlib.sha256(CONTENT).hexdigest()}
    assert entry["licence"] == "CC BY 4.0" and entry["publisher"] == "CBS" and entry["table"] == "grenzen"
    assert len(entry["retrieved"]) == 10


def test_what_is_there_is_not_fetched_again_and_hand_work_is_never_replaced(server, tmp_path):
    fetch(tmp_path, item(server))
    (tmp_path / "bestand.zip").write_bytes(b"eigen werk")
    asked = len(server.seen)
    _, said = fetch(tmp_path, item(server), item(server, "bestand.zip"))
    assert said == ["bestand.bin: aanwezig", "bestand.zip: aanwezig, zelf neergezet"]
    fetch(tmp_path, item(server, "bestand.zip"), force=True)
    assert (tmp_path / "bestand.zip").read_bytes() == b"eigen werk"
    assert len(server.seen) == asked
    fetch(tmp_path, item(server), force=True)
    assert len(server.seen) == asked + 1


def test_a_file_that_was_changed_after_fetching_is_named(server, tmp_path):
    fetch(tmp_path, item(server))
    assert download.altered(tmp_path) == []
    (tmp_path / "bestand.bin").write_bytes(b"anders")
    assert download.altered(tmp_path) == ["bestand.bin"]


# ---- tables ------------------------------------------------------------------------------------------


def test_a_table_of_pages_is_saved_as_the_reader_wants_it(server, tmp_path):
    table = item(server, "71718ned", "odata", "/odata/tabel")
    server.faults = ["", "", "breekt af", "503"]
    assert fetch(tmp_path, table)[0] == 0
    book = read_codebook()
    rows, regions = outcomemonitor.read(tmp_path / "71718ned", book)
    expected, same_regions = outcomemonitor.read(FIXTURE, book)
    assert rows.equals(expected) and regions.equals(same_regions)
    assert not (tmp_path / "71718ned" / "UntypedDataSet.json").exists()
    assert set(download.manifest(tmp_path)["71718ned"]["sha256"]) == {
        f"{n}.json" for n in V3 if n != "UntypedDataSet"
    }


def test_a_table_is_saved_as_cbsodata_saves_it(server, tmp_path):
    import cbsodata

    names = [name for name in V3 if name != "UntypedDataSet"]
    fetch(tmp_path, item(server, "71718ned", "odata", "/odata/tabel"))
    cbsodata.options.use_https = False
    # its client asks for ODataFeed/odata/<table>/ at the host it is given
    host = f"{server.root.removeprefix('http://')}/cbsodata"
    cbsodata.download_data("71718ned", dir=str(tmp_path / "theirs"), typed=False, catalog_url=host)
    for name in names:
        ours, theirs = (
            json.loads((tmp_path / f / f"{name}.json").read_text()) for f in ("71718ned", "theirs")
        )
        assert ours == theirs, name


def test_a_broken_table_goes_on_at_the_page_it_was_at(server, tmp_path):
    table = item(server, "71718ned", "odata", "/odata/tabel")
    pages = sum(-(-len(rows) // 3) for name, rows in V3.items() if name != "UntypedDataSet")
    server.faults = [""] * pages + ["404"]  # the last page is not there
    assert fetch(tmp_path, table)[0] == 1
    assert not (tmp_path / "71718ned").exists()
    asked = len(server.seen)
    assert fetch(tmp_path, table)[0] == 0
    again = [path for path, _ in server.seen[asked:]]
    assert len(again) <= 4  # the list of parts, the table's own description, and what was missing
    assert json.loads((tmp_path / "71718ned" / "TypedDataSet.json").read_text()) == V3["TypedDataSet"]


def test_a_table_published_anew_since_is_fetched_anew(server, tmp_path, monkeypatch):
    table = item(server, "71718ned", "odata", "/odata/tabel")
    server.faults = [""] * 12 + ["404"]
    fetch(tmp_path, table)
    monkeypatch.setitem(V3, "TableInfos", [{"Title": "nieuw", "Modified": "2026"}])
    monkeypatch.setitem(V3, "RegioS", [*V3["RegioS"], {"Key": "NL99", "Title": "Nieuw"}])
    assert fetch(tmp_path, table)[0] == 0
    assert json.loads((tmp_path / "71718ned" / "RegioS.json").read_text()) == V3["RegioS"]


def test_version_4_of_the_service_gives_the_same_kind_of_rows(server, tmp_path):
    assert fetch(tmp_path, item(server, "71718ned", "odata", "/v4/tabel"))[0] == 0
    rows, _ = outcomemonitor.read(tmp_path / "71718ned", read_codebook())
    found = rows.set_index(["indicator", "area"])
    assert found.loc[("ww", "Alkmaar/Overdie"), ["value", "n", "decimals"]].tolist() == [2.5, 5000, 1]
    assert found.at[("ww", "Nederland"), "value"] == 1.5


def test_of_the_kerncijfers_only_the_columns_that_are_read_are_asked_for(server, tmp_path):
    assert fetch(tmp_path, item(server, "82339NED", "odata", "/kwb/tabel", tabel="kwb"))[0] == 0
    assert set(json.loads((tmp_path / "82339NED" / "TypedDataSet.json").read_text())[0]) == {
        "WijkenEnBuurten", "Codering_3", "Koopwoningen_40",
    }  # fmt: skip
    found = kerncijfers.read(tmp_path / "82339NED", read_codebook()).rows
    assert found[["indicator", "code", "name", "period", "value"]].values.tolist() == [
        ["kwb_koop", "WK036100", "Overdie", 2013, 30.0]
    ]


def test_a_map_in_pages_is_one_map_in_the_dutch_grid(server, tmp_path):
    assert fetch(tmp_path, item(server, "pc4.geojson", "wfs", "/wfs", filter="laag"))[0] == 0
    found = read_boundaries(tmp_path / "pc4.geojson")
    assert (len(found), found.crs.to_epsg()) == (1203, 28992)
    assert isinstance(found, gpd.GeoDataFrame)


def test_a_service_that_gives_no_table_is_refused(server, tmp_path, monkeypatch):
    monkeypatch.setattr(Handler, "table", lambda *_: b'{"value": []}')
    failed, said = fetch(tmp_path, item(server, "71718ned", "odata", "/odata/tabel"))
    assert failed == 1 and "kent tabel 71718ned niet" in said[0]
    monkeypatch.setattr(Handler, "table", lambda *_: b"[1, 2]")
    failed, said = fetch(tmp_path, item(server, "71718ned", "odata", "/odata/tabel"))
    assert failed == 1 and "iets anders dan de tabel" in said[0]
    monkeypatch.setattr(Handler, "table", lambda *_: b'{"value": [')
    failed, said = fetch(tmp_path, item(server, "71718ned", "odata", "/odata/tabel"))
    assert failed == 1 and "geen JSON" in said[0]


# ---- what is there -----------------------------------------------------------------------------------


def test_every_publication_names_what_it_feeds_and_where_to_get_it():
    items = download.publications()
    tables = {*read_codebook()["table"], *coverage.SUPPORT}
    assert {i.tabel for i in items} == tables
    assert len({i.naam for i in items}) == len(items)
    for one in items:
        assert one.soort in ("odata", "wfs", "bestand", "hand")
        assert (one.adres == "") == (one.soort == "hand")
        assert one.pagina and one.licentie and one.uitgever and one.wat


def test_every_table_of_kerncijfers_that_is_fetched_is_read():
    fetched = {i.naam for i in download.publications() if i.tabel == "kwb"}
    assert fetched <= set(kerncijfers.TABLES)


def test_the_status_says_what_is_there_and_where_the_rest_is(practice):
    table = coverage.status(practice).set_index("label")
    nww = table.loc["Niet-werkende werkzoekenden"]
    assert nww["aanwezig"] and nww["halen"] == ""
    assert (nww["postcodegebieden"], nww["wijken"]) == (600, 40)
    assert nww["metingen"] == int(nww["jaren"][5:]) - int(nww["jaren"][:4]) + 1
    missing = table.loc["Leefbaarometer 2.0: totaalscore"]
    assert not missing["aanwezig"] and "lbm2_pc4.csv" in missing["halen"]
    assert table.loc["grenzen van postcodegebieden", "aanwezig"]
    assert not table.loc["omrekening van wijken naar postcodegebieden", "aanwezig"]


def test_an_empty_folder_has_nothing_and_says_where_everything_is(tmp_path):
    table = coverage.status(tmp_path)
    assert not table["aanwezig"].any()
    assert (table["halen"] != "").all()


def test_the_command_line_fetches_reports_and_fails_when_one_failed(server, tmp_path, monkeypatch, capsys):
    one = replace(item(server), tabel="grenzen")
    every = [*(i for i in download.publications() if i.soort == "hand"), one]
    monkeypatch.setattr(
        download,
        "publications",
        lambda: [*every, replace(one, naam="a", tabel="omrekening", adres=f"{server.root}/weg")],
    )
    monkeypatch.setattr(download, "OPEN", tmp_path / "open")
    monkeypatch.setattr(download.time, "sleep", lambda _: None)
    assert batch.main(["data", "--download", "--data", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "bestand.bin: opgehaald" in shown and "a: niet gelukt" in shown
    assert "0 uitkomsten aanwezig" in shown


def test_a_half_download_is_not_read_as_data(tmp_path):
    (tmp_path / "lbm3_pc4.csv.deel").write_text("PC4,jaar\n")
    with pytest.raises(NothingThere):
        read_folder(tmp_path)
