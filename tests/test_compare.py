"""Two runs side by side: what changed, by how much, which verdicts flipped."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wijkenaanpak import SourceError
from wijkenaanpak.pages import compare
from wijkenaanpak.results import RESULT_COLUMNS
from wijkenaanpak.run import batch

BASE = {
    "data": "OEFENDATA",
    "question": "werk", "gebied": "Utrecht", "indicator": "nww", "measure": "gap", "method": "beschrijvend",
    "reference": "stad", "period": "2010", "estimate": 5.0, "lower": 4.0, "upper": 6.0, "unit": "procentpunt",
    "n": 10.0, "status": "simulated", "report": "werk/utrecht.html",
}  # fmt: skip


def write(path, *rows):
    pd.DataFrame([{**BASE, **row} for row in rows], columns=RESULT_COLUMNS).to_csv(path, index=False)
    return path


def found(tmp_path, old, new):
    runs = [
        compare.read(write(tmp_path / f"{name}.csv", *rows)) for name, rows in (("old", old), ("new", new))
    ]
    return compare.differences(*runs), runs


def test_equal_runs_have_no_difference(tmp_path):
    differences, runs = found(tmp_path, [{}, {"period": "2011"}], [{"period": "2011"}, {}])
    assert len(differences) == 0
    assert compare.counts(*runs, differences)["gelijk"] == 2


def test_changes_are_ordered_by_their_size_in_old_margins(tmp_path):
    old = [{}, {"period": "2011", "lower": 4.9, "upper": 5.1}, {"period": "2012"}]
    new = [
        {"estimate": 7.0},
        {"period": "2011", "lower": 4.9, "upper": 5.1, "estimate": 5.5},
        {"period": "2012"},
    ]
    differences, runs = found(tmp_path, old, new)
    assert list(differences["period"]) == ["2011", "2010"]
    assert list(differences["size"].round(6)) == [5.0, 2.0]
    assert list(differences["shown"]) == ["+0,5", "+2,0"]
    assert compare.counts(*runs, differences) == {
        "getallen in de oude run": 3, "getallen in de nieuwe run": 3, "gelijk": 1, "veranderd": 2,
    }  # fmt: skip


def test_new_lost_and_flipped_are_told_apart(tmp_path):
    verdict = {"measure": "target_verdict", "unit": "oordeel", "lower": None, "upper": None, "n": None}
    old = [{**verdict, "estimate": -1.0}, {"period": "2011"}, {"period": "2013"}]
    new = [{**verdict, "estimate": 0.0}, {"period": "2012"}, {"period": "2013", "upper": 6.5}]
    differences, _ = found(tmp_path, old, new)
    kinds = differences.set_index(["measure", "period"])["kind"].to_dict()
    assert kinds == {
        ("target_verdict", "2010"): "oordeel omgeslagen",
        ("gap", "2011"): "vervallen",
        ("gap", "2012"): "nieuw",
        ("gap", "2013"): "alleen de marge",
    }
    flipped = differences.iloc[0]
    assert (flipped["old"], flipped["new"]) == ("kleiner", "niet vast te stellen")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6), st.floats(0.001, 10))
def test_swapping_the_runs_finds_the_same_places(values, step):
    rows = [
        {**BASE, "period": str(i), "estimate": v, "lower": v - 1, "upper": v + 1}
        for i, v in enumerate(values)
    ]
    moved = [{**r, "estimate": r["estimate"] + step * (i % 2)} for i, r in enumerate(rows)]
    one, other = (pd.DataFrame(r)[RESULT_COLUMNS].set_index(compare.KEY) for r in (rows, moved))
    there, back = compare.differences(one, other), compare.differences(other, one)
    assert set(there["period"]) == set(back["period"]) == {str(i) for i in range(len(rows)) if i % 2}


def test_a_real_run_compared_with_itself_is_equal_and_with_another_panel_is_not(rendered, tmp_path, capsys):
    out = rendered[1]
    assert batch.main(["compare", str(out), str(out / "results.csv")]) == 0
    assert "gelijk" in capsys.readouterr().out
    changed = pd.read_csv(out / "results.csv", dtype={"period": str})
    changed.loc[changed["measure"] == "gap", "estimate"] += 0.5
    changed.to_csv(tmp_path / "nieuw.csv", index=False)
    page = tmp_path / "verschil.html"
    assert batch.main(["compare", str(out), str(tmp_path / "nieuw.csv"), "--out", str(page)]) == 0
    printed = capsys.readouterr().out
    assert f"{(changed['measure'] == 'gap').sum():8d}  veranderd" in printed
    text = page.read_text()
    assert "Twee runs vergeleken" in text
    assert text.count("<tr>") == 1 + min(500, (changed["measure"] == "gap").sum())
    assert "script-src 'none'" in text


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (None, "bestaat niet"),
        ("a,b\n1,2\n", "kolom 'question' ontbreekt"),
        ("double", "regel 3: werk, Utrecht"),
        ("text", "onleesbaar"),
    ],
)
def test_a_file_that_is_no_results_is_one_clear_message(content, part, tmp_path, capsys):
    path = tmp_path / "results.csv"
    if content == "double":
        write(path, {}, {})
    elif content == "text":
        write(path, {"estimate": "veel"})
    elif content:
        path.write_text(content)
    assert batch.main(["compare", str(path), str(path)]) == 2
    message = capsys.readouterr().err
    assert part in message
    assert len(message.strip().splitlines()) == 1


def test_a_run_from_before_the_mark_of_practice_is_still_read(tmp_path):
    old = write(tmp_path / "oud.csv", {})
    pd.read_csv(old).drop(columns="data").to_csv(old, index=False)
    assert len(compare.read(old)) == 1


def test_reading_refuses_with_the_projects_own_error(tmp_path):
    with pytest.raises(SourceError):
        compare.read(tmp_path)
