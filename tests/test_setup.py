import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NOTEBOOKS = sorted(p for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
BEGIN = ROOT / "notebooks" / "begin.ipynb"


def conda() -> dict[str, str]:
    lines = (ROOT / "environment.yml").read_text().split("dependencies:", 1)[1].splitlines()
    found = [re.match(r"\s+- ([a-z0-9_-]+)(.*)", line) for line in lines]
    return {m[1]: m[2].strip() for m in found if m}


def test_the_conda_environment_mirrors_the_project():
    pip = dict(re.match(r"([a-z0-9_-]+)(.*)", d).groups() for d in PROJECT["dependencies"])
    assert conda() == {"python": PROJECT["requires-python"]} | pip


def test_the_lock_pins_every_dependency_with_hashes_and_names_no_address():
    text = (ROOT / "requirements.lock").read_text()
    pinned = set(re.findall(r"^([a-z0-9_.-]+)==", text, re.M))
    wanted = {re.match(r"[a-z0-9_-]+", d)[0] for d in PROJECT["dependencies"]}
    assert wanted <= pinned
    assert text.count("--hash=sha256:") > len(pinned)
    assert "://" not in text


def test_what_the_code_imports_is_declared_with_a_reason():
    text = (ROOT / "pyproject.toml").read_text()
    declared = {re.match(r"[a-z0-9_-]+", d)[0] for d in PROJECT["dependencies"]}
    declared |= {"distributed"}  # of the extra `dask`
    assert all(
        re.search(rf'^  "{name}[>=][^#\n]*, # \S|"{name}>=[^\n]*\] # \S', text, re.M) for name in declared
    )
    named = {
        "PIL": "pillow",
        "python_calamine": "python-calamine",
        "zmq": "pyzmq",
        "jupyter_client": "jupyter-client",
        "IPython": "ipython",
    }
    used = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            used |= {name.split(".")[0] for name in names}
    foreign = used - set(sys.stdlib_module_names) - {"helpers", "wijkenaanpak"}
    assert {named.get(name, name) for name in foreign} <= declared


def test_the_only_packages_under_the_gpl_are_those_the_readme_names():
    found = set()
    for package in metadata.distributions():
        about = package.metadata
        said = [
            about.get("License-Expression") or "",
            *(c for c in about.get_all("Classifier") or [] if c.startswith("License")),
        ]
        if any(re.search(r"\b[AL]?GPL", line) and not re.search(r" OR ", line) for line in said):
            found.add(about["Name"])
    assert found <= {"rdrobust", "rddensity", "lpdensity"}
    assert all(name in (ROOT / "README.md").read_text() for name in found)


def tracked() -> list[Path]:
    run = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if run.returncode:
        pytest.skip("geen git-checkout")
    return [ROOT / name for name in run.stdout.splitlines()]


def test_no_file_names_a_path_of_a_machine():
    pattern = re.compile(r"/(?:home|root|work|Users)/[a-z]")
    texts = [p for p in tracked() if p.suffix in {".py", ".md", ".toml", ".yml", ".csv", ".ipynb", ".j2"}]
    assert len(texts) > 20
    assert [p.name for p in texts if p.name != "test_setup.py" and pattern.search(p.read_text())] == []


def test_generated_folders_hold_nothing_in_git():
    kept = {p.relative_to(ROOT).as_posix() for p in tracked()}
    assert {k for k in kept if k.startswith(("reports/", "data/processed/"))} == {
        "reports/.gitkeep",
        "data/processed/.gitkeep",
    }


PARAMETERS = ["gebied", "start", "eind", "referentie", "data", "seed"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_tagged_and_without_outputs(path):
    cells = json.loads(path.read_text())["cells"]
    code = [c for c in cells if c["cell_type"] == "code"]
    assert all(not c["outputs"] and c["execution_count"] is None for c in code)
    if path == BEGIN:  # is no report
        return
    assert [c["metadata"].get("tags") for c in code].count(["parameters"]) == 1
    names = re.findall(r"^(\w+) = ", "".join(code[0]["source"]), re.M)
    assert names in (
        PARAMETERS,
        [*PARAMETERS, "uitkomst"],
    )  # the overview judges each question by its own outcome


def test_there_is_a_notebook_for_each_question_and_one_for_all():
    assert [p.stem for p in NOTEBOOKS] == [
        "begin",
        "leefbaarheid",
        "leren",
        "overzicht",
        "eigen-vraag",
        "veiligheid",
        "werk",
        "wonen",
    ]


def test_what_jupyterlab_saves_enters_git_as_it_was(tmp_path):
    for name in ("Makefile", ".gitattributes", "notebooks/werk.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    notebook = json.loads((tmp_path / "notebooks" / "werk.ipynb").read_text())
    notebook["metadata"]["language_info"] |= {"version": "3.12.1", "codemirror_mode": {"name": "ipython"}}
    for n, cell in enumerate(c for c in notebook["cells"] if c["cell_type"] == "code"):
        cell |= {"id": f"a{n}", "execution_count": n}
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["3.1\n"]}]
        cell["metadata"] |= {"editable": True, "execution": {"iopub.status.busy": "2026-01-01"}}
    saved = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    (tmp_path / "notebooks" / "werk.ipynb").write_text(saved)

    def run(*command):
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    run("git", "init", "-q")
    run("make", "filter")
    run("git", "add", "notebooks/werk.ipynb")
    assert run("git", "show", ":notebooks/werk.ipynb") == (ROOT / "notebooks" / "werk.ipynb").read_text()
