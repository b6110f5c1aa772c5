"""A question of one's own is a notebook in the folder: nothing else lists it."""

import json
import shutil
from pathlib import Path

import pytest

from helpers.report import open_report
from wijkenaanpak import SourceError, questions
from wijkenaanpak.run import batch
from wijkenaanpak.store import place

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "notebooks" / "sjabloon" / "eigen-vraag.ipynb"


def copied(source, target, **metadata):
    """Copy a notebook, open its own report, and change what it says of itself."""
    notebook = json.loads(source.read_text(encoding="utf-8"))
    opening = "".join(notebook["cells"][1]["source"])
    notebook["cells"][1]["source"] = opening.replace(f'"{source.stem}"', f'"{target.stem}"')
    notebook["metadata"]["wijkenaanpak"] |= metadata
    target.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """The notebooks of the project with a sixth question, and a copy that still opens the report of another."""
    folder = shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    copied(TEMPLATE, folder / "bijstand.ipynb")
    shutil.copy(folder / "leefbaarheid.ipynb", folder / "schulden.ipynb")
    monkeypatch.setenv("WIJKEN_NOTEBOOKS", str(folder))
    return folder


def test_a_sixth_notebook_is_a_question_everywhere_and_a_copy_of_another_is_refused(
    store, practice, notebooks, tmp_path, capsys
):
    before, out = place.key_of(store), tmp_path / "reports"
    chosen = [o for v in ("bijstand", "schulden", "overzicht") for o in ("--vraag", v)]
    where = ["--data", str(practice), "--out", str(out), "--gebied", "Utrecht/Overvecht"]
    code = batch.main(["reports", *where, *chosen])
    said = capsys.readouterr()
    assert code == 1 and "2 rapporten klaar" in said.out
    assert said.err.count("schulden.ipynb opent het rapport van 'leefbaarheid'") == 1
    page = (out / "bijstand" / "utrecht-overvecht.html").read_text()
    assert "Raken minder bewoners langdurig in de bijstand?" in page and "geen reeks" not in page
    overview = (out / "overzicht" / "utrecht-overvecht.html").read_text()
    assert '<a href="../bijstand/utrecht-overvecht.html">Bijstand</a>' in overview
    assert "Personen drie jaar of langer in de bijstand" in overview
    index = (out / "index.html").read_text()
    assert 'href="bijstand/utrecht-overvecht.html"' in index
    assert ",bijstand,Utrecht/Overvecht," in (out / "results.csv").read_text()
    assert place.key_of(store) == before and "bijstand" in place.answered(store)
    copied(TEMPLATE, notebooks / "bijstand.ipynb", titel="Wie raakt langdurig in de bijstand?")
    batch.main(["list", "--why", *where, *chosen])
    listed = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[3] for line in listed] == ["veranderd: vragen in notebooks"] * 2


def test_who_opens_a_report_hears_what_is_wrong_with_the_notebook_of_it(notebooks):
    with pytest.raises(SourceError, match=r"schulden.ipynb opent het rapport van 'leefbaarheid'"):
        open_report("schulden")
    with pytest.raises(SourceError, match="bedoelt u 'bijstand'"):
        open_report("bijstant")


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"uitkomst": ""}, "zet in de metadata"),
        ({"titel": ""}, "zet in de metadata"),
        ({"richting": "hoog"}, "richting = 'hoog'"),
    ],
)
def test_a_notebook_that_does_not_say_what_it_asks_is_refused(notebooks, metadata, said):
    copied(TEMPLATE, notebooks / "bijstand.ipynb", **metadata)
    assert said in questions.refused()["bijstand"]
    assert "bijstand" not in questions.names()


def test_an_outcome_that_no_data_describe_is_refused_with_the_nearest_name(store, practice, notebooks):
    copied(TEMPLATE, notebooks / "bijstand.ipynb", uitkomst="bijstand_lnag")
    with pytest.raises(
        SourceError, match="uitkomst = 'bijstand_lnag' bestaat niet; bedoelt u 'bijstand_lang'"
    ):
        open_report("bijstand", data=str(practice))


def test_the_template_and_a_notebook_without_parameters_are_no_questions():
    assert questions.questions() == ["werk", "wonen", "leren", "veiligheid", "leefbaarheid"]
    assert not questions.refused()


def test_other_parameters_make_a_page_of_their_own_that_says_it_is_a_variant(
    store, practice, tmp_path, capsys
):
    where = ["--data", str(practice), "--out", str(tmp_path), "--gebied", "Utrecht/Overvecht"]
    code = batch.main(["reports", *where, "--vraag", "werk", "--start", "2010", "-p", "referentie=stad"])
    assert code == 0
    page = tmp_path / "werk" / "utrecht-overvecht--referentie-stad--start-2010.html"
    assert str(page) in capsys.readouterr().out
    text = page.read_text()
    assert "referentie = stad in plaats van rest_stad; start = 2010 in plaats van 2007" in text
    assert f'href="{page.stem}.csv"' in text and page.with_suffix(".csv").is_file()
    assert ",2010-2017," in page.with_suffix(".csv").read_text()
    assert len((tmp_path / "results.csv").read_text().splitlines()) == 1  # a variant is none of the reports


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["-p", "strat=2010"], "'strat' bestaat niet; bedoelt u 'start'"),
        (["--start", "tweeduizend"], "geef een geheel getal, zoals 2007"),
        (["-p", "seed=3"], "geef dit met --seed"),
        (["-p", "start"], "geen NAAM=WAARDE"),
    ],
)
def test_a_parameter_that_does_not_exist_or_fit_is_refused_before_any_work(given, said, tmp_path, capsys):
    assert batch.main(["reports", "--vraag", "werk", "--out", str(tmp_path / "nieuw"), *given]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "nieuw").exists()
