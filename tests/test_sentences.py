"""Numbers in sentences: computed, from a table in data/raw, beside their source, or one of a few that need none."""

import ast
import json
import re
from pathlib import Path

import pytest

from written import docstrings

ROOT = Path(__file__).parents[1]
READ = [
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
    *sorted((ROOT / "src" / "helpers").glob("*.py")),
    *sorted((ROOT / "src" / "wijkenaanpak" / "instruments").glob("*.py")),
]
WORDS = 3  # fewer are no sentence: a unit, a key, a path
# What a sentence may hold without a source, and why.
NEEDS_NONE = {
    r"\b(?:19|20)\d\d(?:/\d\d)?\b": "a year",
    r"\b95%|\bp < 0,0[15]\b|\b80% kans|\bbij 80%": "the level and the power that the whole project keeps",
    r"\b1 is $|(?:links|rechts) van [01]\b|\(zou [01] moeten zijn\)|relatieve grootte 1\b": "where nothing differs",
    r"\(0 is [^,)]+, 1 [^)]+\)|\(−1 tot 1;|\(1 is laagst\)|rang 1 is|^Een 1 betekent|\(1–10\)": "the ends of a scale",
    r"per 1\.000\b|op elke 10\b|van de 100\b": "a rate",
    r"1[05] tot (?:23|65) jaar|tot 23 jaar": "the age in the definition of an outcome",
    r"een halve standaardafwijking boven het gemiddelde is bij een normale verdeling altijd 31%": "mathematics",
    r"Newey-West, 12 maanden": "the season that the method allows for",
    r"Kamerstuk 30995, nr\. 66|[Bb]ijlage \d": "a document",
    r"\bG18\b|\bG31\b|\bPC4\b|\b40\+|\b4\+1\b|\bCR[123]\b|\bURBAN40\b|\b[12][a-c]\. |van 127\b|127 buurten": "a name",
}
# A sentence that names its source in brackets: "(Actieplan Krachtwijken, 2007; ...)", "De Visitatiecommissie (2011)".
SOURCED = re.compile(r"\((?:[^()]*\b)?(?:19|20)\d\d\b[^()]*\)")


def sentences(path: Path):
    """Every piece of text that a page may show, with where it stands."""
    if path.suffix == ".py":
        parts = [("", path.read_text(encoding="utf-8"), "code")]
    else:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        parts = [(f"cell {i}, ", "".join(cell["source"]), cell["cell_type"]) for i, cell in enumerate(cells)]
    for where, text, kind in parts:
        if kind == "markdown":
            yield from ((f"{path.name}, {where}", line) for line in re.split(r"\n", text))
            continue
        tree = ast.parse(text)
        described = docstrings(tree)
        code = {id(part) for node in ast.walk(tree) if is_code(node) for part in ast.walk(node)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in described | code
            ):
                yield f"{path.name}, {where}line {node.lineno}", node.value


def is_code(node: ast.AST) -> bool:
    """Whether text inside is for pandas: an expression to evaluate."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("query", "eval", "replace", "sub")
    )


def unsourced(text: str) -> list[str]:
    """The numbers in a text that come from nowhere."""
    found = []
    for sentence in re.split(r"(?<=[.!?]) (?=[A-Z“*])", text):
        if len(sentence.split()) >= WORDS and not SOURCED.search(sentence):
            found += re.findall(r"\d[\d.,]*", re.sub("|".join(NEEDS_NONE), "", sentence))
    return found


@pytest.mark.parametrize("path", READ, ids=lambda path: path.name)
def test_no_sentence_holds_a_number_without_a_source(path):
    found = [(where, numbers, text[:80]) for where, text in sentences(path) if (numbers := unsourced(text))]
    assert found == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Er zijn 500 wijkagenten toegezegd.", ["500"]),
        ("Hoger is beter; ongeveer 4,1 is het gemiddelde.", ["4,1"]),
        ("Het kabinet wilde halveren, tot 35.000 per jaar (Actieplan Krachtwijken, 2007).", []),
        ("Sinds 2007 veranderde dat met een 95%-marge.", []),
        ("Dat is 12,5. Zo stond het er (SCP, 2013).", ["12,5"]),
    ],
)
def test_a_number_from_nowhere_is_seen(text, numbers):
    assert [number.rstrip(".,") for number in unsourced(text)] == numbers


def test_every_exception_is_needed():
    every = "\n".join(text for path in READ for _, text in sentences(path))
    assert [pattern for pattern in NEEDS_NONE if not re.search(pattern, every, re.MULTILINE)] == []
