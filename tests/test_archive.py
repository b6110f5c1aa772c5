"""What is kept for later: the facts described for machines, reports in one file, a name that lasts."""

import csv
import hashlib
import json
import re
import zipfile

import pytest

from wijkenaanpak import RAW
from wijkenaanpak.run import archive, batch, datapackage

PACKAGE = json.loads((RAW / "datapackage.json").read_text(encoding="utf-8"))
READ = {"integer": int, "number": float, "string": str}


def test_the_description_of_the_facts_is_what_the_command_writes():
    assert datapackage.package() == PACKAGE, "python -m wijkenaanpak datapackage"
    described = {resource["path"] for resource in PACKAGE["resources"]}
    assert described == {
        p.relative_to(RAW).as_posix() for p in [*RAW.glob("*.csv"), *RAW.glob("templates/*.csv")]
    }


@pytest.mark.parametrize("resource", PACKAGE["resources"], ids=lambda r: r["name"])
def test_every_table_is_valid_by_its_description(resource):
    raw = (RAW / resource["path"]).read_bytes()
    assert (len(raw), f"sha256:{hashlib.sha256(raw).hexdigest()}") == (resource["bytes"], resource["hash"])
    assert re.fullmatch(r"[a-z0-9._-]+", resource["name"])
    fields = resource["schema"]["fields"]
    header, *rows = csv.reader(raw.decode(resource["encoding"]).splitlines(keepends=True))
    assert header == [field["name"] for field in fields] and len(set(header)) == len(header)
    for row in rows:
        assert len(row) == len(fields)
        for field, value in zip(fields, row, strict=True):
            assert value or not field.get("constraints", {}).get("required"), (field, row)
            if value:
                READ[field["type"]](value)


def test_an_archive_is_the_same_bytes_twice_and_holds_what_its_checksums_say(rendered):
    _, out = rendered
    first = archive.archive(out)
    before = first.read_bytes()
    assert archive.archive(out) == first and first.read_bytes() == before
    with zipfile.ZipFile(first) as kept:
        names = {name.partition("/")[2]: name for name in kept.namelist()}
        sums = dict(line.split("  ")[::-1] for line in kept.read(names["SHA256SUMS"]).decode().splitlines())
        assert {*sums, "SHA256SUMS"} == set(names)
        for name, digest in sums.items():
            assert hashlib.sha256(kept.read(names[name])).hexdigest() == digest
        manifest = json.loads(kept.read(names["MANIFEST.json"]))
    assert "werk/utrecht" in manifest["made_from"] and manifest["files"] == len(sums) - 1
    wanted = {"reports/index.html", "reports/results.csv", "reports/werk/utrecht.html", "requirements.lock"}
    assert wanted | {"data/raw/uitspraken.csv", "notebooks/werk.ipynb"} <= set(sums)


def test_without_reports_there_is_nothing_to_archive(tmp_path, capsys):
    assert batch.main(["archive", "--out", str(tmp_path)]) == 2
    assert "make reports" in capsys.readouterr().err


def test_the_foot_of_a_report_names_it_by_its_numbers(rendered):
    _, out = rendered
    for name in ("werk/utrecht", "overzicht/nederland"):
        rows = (out / f"{name}.csv").read_text().partition("\n")[2]
        page = (out / f"{name}.html").read_text()
        assert f"kenmerk wijkenaanpak:{hashlib.sha256(rows.encode()).hexdigest()[:16]}</p>" in page
