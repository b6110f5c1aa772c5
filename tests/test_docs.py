"""What the documents show can be done: the tutorial runs as it stands, and so do the examples of docstrings."""

import doctest
import importlib
import re
import shlex
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from wijkenaanpak.run import batch
from wijkenaanpak.store import panel

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_the_code_of_the_tutorial_runs_as_it_stands(store, practice, tmp_path, monkeypatch):
    load = panel.load

    def small(question, gebied, data, *rest):
        return load(question, gebied, str(practice) if data == "oefendata" else data, *rest)

    monkeypatch.setattr(panel, "load", small)
    monkeypatch.chdir(tmp_path)
    space = {}
    for language, block in re.findall(r"```(\w*)\n(.*?)```", TUTORIAL, re.S):
        if language == "python":
            exec(compile(block, "tutorial.md", "exec"), space)
        for folder in re.findall(r"-m wijkenaanpak new (\S+)", block):
            assert batch.main(["new", folder]) == 0
    plt.close("all")
    assert (
        space["stated"].row["method"] == "zonder Rotterdam"
        and len(space["both"]) == len(space["designs"]) + 1
    )
    assert space["mine"].label == "Huishoudens in de schuldhulp"
    assert space["measures"].changes(space["mine"]).loc["rest_stad", "estimate"] == pytest.approx(-1.0)
    assert space["benefits"].panel.outcome["indicator"] == "ww"
    assert space["plan"].programme.wijken == "focuswijken" and len(space["plan"].wijken) == 20
    assert (tmp_path / "getallen.csv").read_text().count("\n") > 3


def test_every_command_that_a_document_names_exists():
    texts = [
        p.read_text(encoding="utf-8")
        for p in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("data/*.md"))
    ]
    commands = re.findall(r"python -m wijkenaanpak ([a-z]+[^`\n#]*)", "\n".join(texts))
    assert len(commands) > 10
    for command in commands:
        batch._parser().parse_args(shlex.split(command.split(" && ")[0]))


@pytest.mark.parametrize("name", ["tutorial", "designs", "glossary"])
def test_what_a_document_names_of_the_code_is_there(name):
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:docs|notebooks|src|data)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
    for module, function in re.findall(r"\b(effect|measures|draw)\.(\w+)\(", text):
        assert hasattr(importlib.import_module(f"helpers.{module}"), function), function


def test_the_examples_of_docstrings_say_what_comes_out():
    tried = 0
    for path in sorted((ROOT / "src").rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
            result = doctest.testmod(importlib.import_module(name))
            assert not result.failed, name
            tried += result.attempted
    assert tried >= 8
