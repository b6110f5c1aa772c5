"""Forms: documented column by column, checked cell by cell, and part of the reports that show them."""

import shutil

import pandas as pd
import pytest

from wijkenaanpak import RAW, SourceError, questions
from wijkenaanpak.practice import practice, simulate
from wijkenaanpak.sources import forms
from wijkenaanpak.sources.files import Log
from wijkenaanpak.store import panel, place

NAMES = list(forms.book().index)


def written(tmp_path, name, **changes):
    """The example of a form with cells of its first row changed."""
    frame = pd.read_csv(forms.TEMPLATES / f"{name}.csv", dtype=str, keep_default_na=False)
    for column, value in changes.items():
        frame.loc[0, column] = value
    path = tmp_path / f"{name}.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_every_column_of_a_form_is_documented_and_of_a_known_kind(name):
    fields = forms.columns(name)
    assert len(fields) > 3 and fields["betekenis"].str.len().gt(3).all()
    assert set(fields["soort"]) <= set(forms.CHECKS)
    assert (fields["sleutel"] == "1").any()
    numeric = fields["soort"].isin(["getal", "geheel"])
    assert fields.loc[numeric, ["laagste", "hoogste"]].ne("").all().all()
    assert forms.book().loc[name, "vraag"] in questions.names()


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_form_is_one_that_is_read(name):
    frame = forms.read(forms.TEMPLATES / f"{name}.csv", name)
    assert list(frame.columns) == list(forms.columns(name).index) and len(frame)


def test_the_examples_are_those_of_the_practice_panel(tmp_path):
    codebook = [i for i in pd.read_csv(RAW / "indicatoren.csv")["indicator"] if i in (*simulate.SPEC, "lbm")]
    world, values, _, _ = simulate.generate(2007, simulate.planted_effects({}, codebook))
    filled = practice.fill(world, values, 2007, simulate.YEARS)
    practice.write(tmp_path, practice.example(filled))
    for name in NAMES:
        assert (tmp_path / f"{name}.csv").read_text() == (forms.TEMPLATES / f"{name}.csv").read_text(), name


@pytest.mark.parametrize(
    ("name", "changes", "parts"),
    [
        ("schaal", {"inwoners": "veel"}, ["rij 2", "inwoners", "'veel'", "geen getal"]),
        ("schaal", {"inwoners": "12.5"}, ["rij 2", "inwoners", "geen geheel getal"]),
        ("schaal", {"inwoners": "0"}, ["rij 2", "inwoners", "ligt buiten 1 tot"]),
        ("schaal", {"inwoners": ""}, ["rij 2", "inwoners", "is leeg"]),
        ("schaal", {"gebied": "Utrecht"}, ["rij 2", "gebied", "'Utrecht'", "geen wijk van het programma"]),
        ("schaal", {"jaar": "1807"}, ["rij 2", "jaar", "1990"]),
        ("nww_maand", {"maand": "maart 2009"}, ["rij 2", "maand", "2009-03"]),
        ("nww_maand", {"nww": "99999", "beroepsbevolking": "100"}, ["nww", "meer dan beroepsbevolking"]),
        ("stromen", {"groep": "doorstroom"}, ["groep", "'doorstroom'", "blijvers, instroom, uitstroom"]),
        ("mkba", {"indicator": "geluk"}, ["indicator", "'geluk'", "indicatoren.csv"]),
        ("mkba", {"eerste_jaar": "2019"}, ["eerste_jaar", "meer dan laatste_jaar"]),
        ("kwaliteitskaart", {"cijfer": "11"}, ["cijfer", "ligt buiten 1 tot 10"]),
        ("achterstandsindicatoren", {"pc4": "12"}, ["pc4", "'12'", "postcode van vier cijfers"]),
    ],
)
def test_a_wrong_cell_is_named_with_the_way_out(tmp_path, name, changes, parts):
    with pytest.raises(SourceError) as caught:
        forms.read(written(tmp_path, name, **changes), name)
    message = str(caught.value)
    assert all(part in message for part in [f"{name}.csv", *parts]), message


def test_a_missing_column_and_a_row_that_is_there_twice_are_named(tmp_path):
    frame = pd.read_csv(forms.TEMPLATES / "schaal.csv", dtype=str)
    frame.drop(columns="woningen").to_csv(tmp_path / "schaal.csv", index=False)
    with pytest.raises(SourceError, match=r"schaal\.csv.*'woningen' ontbreekt"):
        forms.read(tmp_path / "schaal.csv", "schaal")
    other = frame.iloc[:1].assign(inwoners="12345")
    pd.concat([frame, other]).to_csv(tmp_path / "schaal.csv", index=False)
    with pytest.raises(SourceError, match="twee keer"):
        forms.read(tmp_path / "schaal.csv", "schaal")


def test_a_form_saved_by_a_dutch_spreadsheet_reads_the_same(tmp_path):
    frame = pd.read_csv(forms.TEMPLATES / "kwaliteitskaart.csv")
    path = tmp_path / "Kwaliteitskaart.csv"
    frame.to_csv(path, index=False, sep=";", decimal=",", encoding="utf-8-sig")
    assert forms.read(path, "kwaliteitskaart").equals(
        forms.read(forms.TEMPLATES / "kwaliteitskaart.csv", "kwaliteitskaart")
    )


def test_the_example_left_in_a_folder_of_real_data_is_refused(tmp_path):
    shutil.copy(forms.TEMPLATES / "schaal.csv", tmp_path)
    with pytest.raises(SourceError, match="oefencijfers"):
        forms.read_all(tmp_path, Log())
    written(tmp_path, "schaal", inwoners="9999")
    assert list(forms.read_all(tmp_path, Log())) == ["schaal"]


def test_a_form_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "oud").mkdir()
    written(tmp_path, "schaal", inwoners="9999")
    written(tmp_path / "oud", "schaal", inwoners="8888")
    with pytest.raises(SourceError, match="twee keer"):
        forms.read_all(tmp_path, Log())


def test_a_changed_form_makes_due_only_the_reports_that_show_it(practice, tmp_path, monkeypatch, store):
    folder = tmp_path / practice.name
    shutil.copytree(practice, folder)
    path = folder / "formulieren" / "stromen.csv"
    frame = pd.read_csv(path)
    frame.loc[0, "sd"] += 1
    frame.to_csv(path, index=False)
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path / "processed"))
    before, after = (place.slices(built) for built in (store, panel.build(str(folder))))
    changed = {
        q for q in questions.names() if before(q, "Utrecht/Overvecht") != after(q, "Utrecht/Overvecht")
    }
    assert changed == {"wonen", "overzicht"}
