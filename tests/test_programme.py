"""A programme as data: what its file says moves the estimates, other programmes get the full set, and no code knows the wijkenaanpak."""

import ast
import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from helpers import effect, say
from helpers.report import open_report
from wijkenaanpak import SourceError, programme
from wijkenaanpak.content import CODE
from wijkenaanpak.effects import effects
from wijkenaanpak.practice import example
from wijkenaanpak.run import batch
from wijkenaanpak.store import evaluation, panel
from written import docstrings

ROOT = Path(__file__).resolve().parents[1]
LEAST = (
    '[namen]\naanpak = "het plan"\n[jaren]\nstart = 2022\neind = 2026\n[gebieden]\nwijken = "gebieden.csv"\n'
)
NAMES = re.compile(r"wijkenaanpak|aandachtswijk|\bG18\b|Vogelaar|[Kk]rachtwijk|\b40\+")


def written(folder: Path, text: str, areas: str = "gebied,gemeente,wijk\na,Stad,a\nb,Stad,\n") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "gebieden.csv").write_text(areas)
    (folder / programme.FILE).write_text(text)
    return folder / programme.FILE


# ---- the file ------------------------------------------------------------------------------------


def test_what_a_short_file_leaves_out_follows_from_the_first_money(tmp_path):
    found = programme.read(written(tmp_path, LEAST))
    assert found.years == programme.Years(2021, (2019, 2020), 2022, 2026, 2026)
    assert found.areas == ["Nederland", "Stad", "Stad/a"]
    assert (found.horizons, found.span("werk"), found.main) == ((), (2021, 2026), False)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("start = 2022", "begin = 2022", ["programma.toml", "[jaren] begin", "bedoelt u"]),
        ("start = 2022", 'start = "2022"', ["programma.toml", "[jaren] start", "geheel getal"]),
        ("start = 2022", "", ["[jaren] start", "ontbreekt"]),
        ("eind = 2026", "eind = 2020", ["[jaren] start", "volgorde"]),
        ('aanpak = "het plan"', "", ["[namen] aanpak", "ontbreekt"]),
        ("gebieden.csv", "lijst.csv", ["[gebieden] wijken", "'lijst.csv'", "bestaat niet"]),
        ("start = 2022", "start = ", ["programma.toml", "TOML"]),
        ("[gebieden]", "[gebeiden]", ["gebeiden", "bedoelt u gebieden"]),
    ],
)
def test_a_wrong_programme_is_refused_with_its_file_and_key(tmp_path, old, new, words):
    path = written(tmp_path, LEAST.replace(old, new))
    with pytest.raises(SourceError) as caught:
        programme.read(path)
    assert [w for w in words if w not in str(caught.value)] == []


def test_a_list_without_a_wijk_of_the_programme_is_refused(tmp_path):
    path = written(tmp_path, LEAST, "gebied,gemeente,wijk\na,Stad,\n")
    with pytest.raises(SourceError, match="noemt geen enkele wijk"):
        programme.read(path)


# ---- its years, and its outcome ------------------------------------------------------------------


def test_another_start_moves_the_years_of_the_estimate_and_says_so(store, practice):
    shown = {}
    for start in (2000, 2007, 2012):
        r = open_report("werk", start=start, data=str(practice))
        s = evaluation.lay_out(r.panel.store, r.panel.outcome, years=r.years)
        w = effects.windows(s.periods, r.eind, s.years)
        areas = effect.sample(r, "nederland")
        shown[start] = (w.before, w.after, round(areas.loc[areas["treated"] == 1, "change"].mean(), 6))
        assert (f"in {start} begon" in r.supposed) is (start != 2007)
    assert shown[2007][0][-1] == programme.main().years.clean_until
    assert len({part[0] for part in shown.values()}) == len({part[2] for part in shown.values()}) == 3


def test_a_start_of_the_programme_itself_moves_nothing():
    years = programme.main().years
    assert years.begun(2007) == years.begun(2008) == years
    assert years.begun(2012).looked_at == (2010, 2011)


def test_another_outcome_of_the_question_gets_what_the_main_one_has(store):
    p = panel.read(store, "werk", "Nederland", "ww")
    assert p.outcome["indicator"] == "ww"
    assert panel.read(store, "werk", "Nederland").outcome["indicator"] == "nww"
    with pytest.raises(SourceError, match="Parameter uitkomst = 'www' bestaat niet; bedoelt u 'ww'"):
        panel.read(store, "werk", "Nederland", "www")


# ---- three programmes that are not the wijkenaanpak ----------------------------------------------


@pytest.fixture(scope="module")
def begun(store, tmp_path_factory):
    """A folder as `new` writes it, and its reports on safety."""
    folder = tmp_path_factory.mktemp("begin") / "begin"
    assert batch.main(["new", str(folder)]) == 0
    out = folder.parent / "uit"
    areas = [o for area in ("Nederland", "Stad A") for o in ("--gebied", area)]
    asked = ["--vraag", "veiligheid", "--vraag", "overzicht", *areas]
    assert batch.main(["reports", "--data", str(folder), "--out", str(out), *asked]) == 0
    return folder, out


def test_the_effect_planted_in_a_programme_of_2022_is_inside_its_margin(begun):
    folder, out = begun
    rows = pd.read_csv(out / "results.csv")
    main = rows[(rows["measure"] == "effect") & (rows["reference"] == "gecorrigeerd")].iloc[0]
    assert (main["n"], main["indicator"], main["period"]) == (20, "overlast", "2024-2026")
    assert main["lower"] < example.EFFECT < main["upper"] < 0
    assert main["upper"] - main["lower"] < 1.5
    r = open_report("veiligheid", data=str(folder))
    assert "Het buurtprogramma pakte naar schatting gunstig uit" in say.brief(r)


def test_the_pages_of_another_programme_say_nothing_of_the_wijkenaanpak(begun):
    _, out = begun
    pages = sorted(out.rglob("*.html"))
    assert len(pages) == 6
    for page in pages:
        text = re.sub(r"<(style|script|pre)\b.*?</\1>", "", page.read_text(), flags=re.S)
        text = re.sub(
            r"<[^>]+>",
            " ",
            re.sub(r"https?://\S+|src/wijkenaanpak\S*|wijkenaanpak:\w+|python -m wijkenaanpak", "", text),
        )
        if page.name != "methode.html":  # which names where a measure comes from, and shows no series
            assert not re.findall(r".{40}(?:aandachtswijk|wijkenaanpak|G18|Tweede Kamer).{20}", text), page
            assert "OEFENDATA" in text, page
    assert "Het buurtprogramma 2021–2026, nagerekend" in (out / "index.html").read_text()


def test_a_change_of_the_programme_makes_its_reports_due(begun, capsys):
    folder, out = begun
    asked = ["list", "--why", "--data", str(folder), "--out", str(out), "--vraag", "veiligheid"]
    capsys.readouterr()
    assert batch.main([*asked, "--gebied", "Nederland"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("actueel")
    file = folder / programme.FILE
    before = file.read_text()
    file.write_text(before.replace("vol = 2024", "vol = 2025"))
    try:
        assert batch.main([*asked, "--gebied", "Nederland"]) == 0
        assert "gegevens" in capsys.readouterr().out
    finally:
        file.write_text(before)


def test_a_folder_that_is_in_use_is_not_written_over(begun, capsys):
    assert batch.main(["new", str(begun[0])]) == 2
    assert "niet leeg" in capsys.readouterr().err


CITY = """\
gegevens = "{data}"
[namen]
aanpak = "het stadsplan"
wijk = "de planwijk"
wijken = "planwijken"
[jaren]
start = {start}
eind = 2018
[gebieden]
wijken = "lijst.csv"
"""


@pytest.mark.parametrize(
    ("city", "listed", "vraag"),
    [
        ("Rotterdam", "rotterdam_wijken_lijst.csv", "leefbaarheid"),
        ("Amsterdam", "amsterdam_bc_lijst.csv", "werk"),
    ],
)
def test_a_plan_of_one_city_is_estimated_inside_it_by_its_own_years(store, tmp_path, city, listed, vraag):
    shared = (
        Path(os.environ.get("WIJKEN_SHARED") or ROOT.parent / "shared") / "data" / "cities" / city.lower()
    )
    if not shared.is_dir():
        pytest.skip("reeksen van steden niet aanwezig")
    shutil.copy(shared / listed, tmp_path / "lijst.csv")
    found = {}
    for start in (2008, 2012):
        file = tmp_path / f"plan-{start}.toml"
        file.write_text(CITY.format(data=shared, start=start))
        assert len(file.read_text().splitlines()) == 10
        r = open_report(vraag, city, data=str(file))
        main = effect.within(r).iloc[0]
        found[start] = (main["before"], main["period"], main["estimate"])
        assert f"de planwijken van {city}" in say.verdict(r) and main["lower"] < main["upper"]
        assert r.ledger.empty
    assert found[2008] != found[2012] and found[2012][0] > found[2008][0]


LATER = """\
gegevens = "{data}"
[namen]
aanpak = "de 40+-aanpak"
[jaren]
gekozen_op = [2006, 2007]
start = 2009
vol = 2014
eind = 2018
[gebieden]
wijken = "wijken_40plus_pc4.csv"
postcodes = "wijken_40plus_pc4.csv"
andere_aanpak = "aandachtswijken_pc4.csv"
"""


def test_the_later_wijken_are_a_programme_of_their_own_without_an_effect_that_was_not_planted(
    store, practice, tmp_path
):
    for name in ("wijken_40plus_pc4.csv", "aandachtswijken_pc4.csv"):
        shutil.copy(practice / name, tmp_path)
    (tmp_path / "later.toml").write_text(LATER.format(data=practice))
    r = open_report("werk", data=str(tmp_path / "later.toml"))
    assert len(r.wijken) == len(pd.read_csv(tmp_path / "wijken_40plus_pc4.csv")) > 30
    s = evaluation.lay_out(r.panel.store, r.panel.outcome)
    first = pd.read_csv(tmp_path / "aandachtswijken_pc4.csv", dtype=str)["pc4"]
    assert not set(first) & set(s.area[s.donor | s.treated])
    w = effects.windows(s.periods, r.eind, s.years)
    assert (w.before[-1], w.after[0]) == (2005, 2014)
    areas = effect.sample(r)
    lower, upper = effects.estimate(s, w, evaluation.main_of(effects.designs(s, w))).interval()
    assert lower < 0 < upper and areas["treated"].sum() == s.treated.sum() > 30


# ---- nothing of the wijkenaanpak in code ---------------------------------------------------------

# What may name it, or a year: where, and why.
EXCEPT = {
    "wijkenaanpak/practice/": "the invented country has the wijken, documents and forms of the wijkenaanpak",
    "wijkenaanpak/sources/publishers/": "the years of publications and what their columns and regions are called",
    "wijkenaanpak/sources/areas.py": "the aggregates of the data model are called as StatLine calls them",
    "wijkenaanpak/sources/statline.py": "what a publication calls its parts, by year",
    "wijkenaanpak/measures/explained.py": "sources of methods",
    "wijkenaanpak/claims/": "published statements, of the wijkenaanpak only",
    "wijkenaanpak/instruments/": "instruments of the wijkenaanpak",
    "wijkenaanpak/run/datapackage.py": "the title of data/raw",
    "wijkenaanpak/sources/inventory.py": "the name of its list as a file",
    "wijkenaanpak/content.py": "the package is called so",
    "wijkenaanpak/results.py": "the package is called so",
}
# Words of the data model, of commands and of packages, that are no name in a sentence; and what only the project's own programme has.
ALLOWED = re.compile(
    r"^aandachtswijk$|^[\w.]*wijkenaanpak[\w.]*$|python -m wijkenaanpak|^wijkenaanpak \(open onderzoek\)$|Wetenschappelijke Commissie|"
    r"40plus|^wijkenaanpak[:-]$|metadata van het notebook|^\w+\.csv$|\{aandachtswijk\}"
)


def literals(path: Path):
    """Every text and whole number in a file that is no docstring, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = docstrings(tree)
    seeds = {
        id(value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "SEED" in ast.unparse(node.targets[0])
        for value in ast.walk(node.value)
    } | {
        id(d)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for a, d in zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
        if a.arg == "seed"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in told | seeds:
            yield node.lineno, node.value


def test_no_year_count_or_name_of_the_wijkenaanpak_is_written_in_code():
    found = []
    for path in sorted(CODE.rglob("*.py")):
        name = path.relative_to(CODE).as_posix()
        if any(part in name for part in EXCEPT):
            continue
        for line, value in literals(path):
            year = type(value) is int and (2002 <= value <= 2018 or value in (40, 83))
            text = isinstance(value, str) and NAMES.search(value) and not ALLOWED.search(value)
            if year or text:
                found.append(f"{name}:{line}: {value!r}")
    assert found == []
