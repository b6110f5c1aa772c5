"""A warm notebook must be indistinguishable from one in a normal kernel, and never be needed."""

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import papermill
import pytest

from wijkenaanpak.run import engine, warm
from wijkenaanpak.run.batch import ENGINE

pytestmark = pytest.mark.skipif(not warm.POSSIBLE, reason="dit systeem kent geen fork")

CELLS = [
    "import asyncio, logging, os, subprocess, sys, threading, warnings\nimport numpy as np\nimport pandas as pd\n"
    "import matplotlib.pyplot as plt",
    "pd.DataFrame({'a': [1, 2], 'b': [0.5, None]})",
    "pd.DataFrame({'a': [1, 2]}).style.format('{:.1f}').set_uuid('x')",
    "plt.plot([1, 3, 2]); plt.show()",
    "figure, axes = plt.subplots(); axes.bar(['a', 'b'], [1, 2])",
    "from matplotlib.figure import Figure; f = Figure(); f.subplots().plot([1, 2]); f",
    "%matplotlib inline\n%config InlineBackend.figure_formats = ['svg']\nimport matplotlib as mpl\n"
    "mpl.rcParams['svg.hashsalt'] = 'x'\nplt.plot([2, 1]);",
    "%precision 3\n3.14159",
    "%%capture caught\nprint('not shown')",
    "caught.stdout",
    "print('out'); print('err', file=sys.stderr); print('out again')",
    "!echo from a shell",
    "lines = !echo one; echo two\nlines",
    "await asyncio.sleep(0); 'awaited'",
    "async def later():\n    await asyncio.sleep(0.01)\n    return 5\nawait asyncio.gather(later(), later())",
    "from IPython.display import display, HTML, clear_output\ndisplay(HTML('<b>x</b>'), {'a': 1})",
    "display({'text/plain': 't', 'application/vnd.proef+json': {'k': [1, 2]}}, raw=True, metadata={'m': 1})",
    "handle = display('first', display_id='h')\nhandle.update('second')",
    "print('gone'); clear_output(); print('stays')",
    "warnings.warn('careful')",
    "logging.warning('logged')",
    "thread = threading.Thread(target=lambda: print('from a thread')); thread.start(); thread.join()",
    "[_, In[2], len(Out) > 3, __name__, type(get_ipython()).__name__]",
    "1;",
    "'een en twee'",
    "steps = get_ipython().input_transformers_cleanup\nsteps.append(lambda lines: [x.replace('twee', '2') for x in lines])",
    "'een en twee'",
    "steps.clear()",
    "try:\n    input('?')\nexcept Exception as error:\n    print(type(error).__name__)",
    "print('\\x1b[31mred\\x1b[0m'); print('progress 1\\rprogress 2')",
    "assert threading.current_thread() is threading.main_thread()",
]
FAILURES = [
    "def f(x):\n    return 1 / x\nf(0)",
    "raise KeyError('naam')",
    "this is no python",
    "import sys; sys.exit(3)",
    "raise KeyboardInterrupt",
    "%nosuchmagic",
    "await 1",
    "print('before'); import json; json.loads('{')",
]


@pytest.fixture(autouse=True)
def outside_pytest(monkeypatch):
    """Kernels behave differently when they know that pytest runs them."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")  # matplotlib writes the time into an SVG


def notebook(cells, parameters=None):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    if parameters is not None:
        made.cells[0].metadata.tags = ["parameters"]
    return made


def run(cells, engine=ENGINE, parameters=None, **kwargs):
    return papermill.execute_notebook(
        notebook(cells, parameters), None, parameters, engine_name=engine, progress_bar=False, **kwargs
    )


def seen(executed):
    """Everything of the cells that a reader or a later step can see, without process ids and addresses."""
    text = json.dumps([[c.get("execution_count"), c.get("outputs")] for c in executed.cells], sort_keys=True)
    text = re.sub(r"ipykernel_\d+", "ipykernel_N", text)
    return json.loads(re.sub(r"0x[0-9a-f]+", "0xN", text))


def test_outputs_equal_those_of_a_normal_kernel_to_the_byte():
    normal, warmed = run(CELLS, engine=None), run(CELLS)
    for source, one, other in zip(CELLS, seen(normal), seen(warmed), strict=True):
        assert other == one, source
    assert warmed.metadata.language_info == normal.metadata.language_info
    kinds = {mime for c in warmed.cells for o in c.outputs for mime in o.get("data", {})}
    assert {"image/png", "image/svg+xml", "text/html", "application/vnd.proef+json"} <= kinds


@pytest.mark.parametrize("cell", FAILURES)
def test_an_error_reads_the_same_as_in_a_normal_kernel(cell):
    caught = []
    for name in (None, ENGINE):
        with pytest.raises(papermill.PapermillExecutionError) as error:
            run(["1", cell, "never = 1"], engine=name)
        text = "\n".join(error.value.traceback)
        caught.append(
            [
                error.value.ename,
                error.value.evalue,
                error.value.cell_index,
                re.sub(r"_\d+/|0x[0-9a-f]+", "", text),
            ]
        )
    assert caught[1] == caught[0]


def test_nothing_leaks_from_one_notebook_to_the_next():
    spoil = [
        "import os, sys, math, builtins\nos.environ['LEK'] = '1'; math.pi = 3; sys.path.append('lek'); os.chdir('/')\n"
        "lek = 1; builtins.lek2 = 1; import matplotlib.pyplot as plt; plt.rcParams['figure.dpi'] = 7; plt.figure()",
        "import pandas as pd; pd.set_option('display.precision', 1); import numpy as np; print(np.random.rand())",
    ]
    look = [
        "import os, sys, math, builtins\nimport matplotlib.pyplot as plt\n"
        "[os.environ.get('LEK'), math.pi > 3.1, 'lek' in sys.path, os.getcwd() == '/', 'lek' in dir(),\n"
        " hasattr(builtins, 'lek2'), plt.rcParams['figure.dpi'] == 7, plt.get_fignums()]",
        "import pandas as pd; print(pd.get_option('display.precision')); import numpy as np; print(np.random.rand())",
    ]
    first, second, third = run(spoil), run(look), run(look)
    clean = "[None, True, False, False, False, False, False, []]"
    assert second.cells[0].outputs[0]["data"]["text/plain"] == clean
    assert second.cells[1].outputs[0]["text"].startswith("6\n")
    draws = {n.cells[1].outputs[0]["text"].splitlines()[-1] for n in (first, second, third)}
    assert len(draws) == 3


def test_each_notebook_is_a_process_of_its_own_that_ends():
    pids = [int(run(["import os; os.getpid()"]).cells[0].outputs[0]["data"]["text/plain"]) for _ in range(2)]
    assert len({*pids, os.getpid()}) == 3
    for pid in pids:
        assert _gone(pid)


def test_a_killed_process_is_an_error_that_names_its_cell_and_not_a_completed_report():
    with pytest.raises(Exception, match=r"cel 2 \(import os; os.kill.*SIGKILL"):
        run(["1", f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})", "1"])


def test_a_crash_in_a_library_is_an_error_that_names_its_cell():
    with pytest.raises(Exception, match=r"cel 1 .*SIGSEGV"):
        run(["import ctypes; ctypes.string_at(0)"])


def test_a_cell_that_takes_too_long_is_stopped_with_its_process():
    started = time.monotonic()
    with pytest.raises(Exception, match=r"cel 1 .*tijdslimiet"):
        run(["import time, os; time.sleep(60)"], time_limit=1.5)
    assert time.monotonic() - started < 30


def test_a_process_that_asks_too_much_memory_fails_alone():
    with pytest.raises(papermill.PapermillExecutionError) as caught:
        run(["import numpy as np; len(np.ones(10**8))"], memory_limit=200 * 2**20)
    assert "MemoryError" in caught.value.ename
    assert run(["import numpy as np; len(np.ones(10**6))"], memory_limit=200 * 2**20)


def test_an_unknown_parameter_is_refused_and_the_nearest_one_named():
    with pytest.raises(engine.ParameterError, match=r"'gebid'.*'gebied'"):
        run(["gebied = 'a'\nstart: int = 1"], parameters={"gebid": "b"})
    assert run(["start: int = 1", "start + 1"], parameters={"start": 4}).cells[2].outputs[0]["data"] == {
        "text/plain": "5"
    }


def test_a_notebook_without_a_parameters_cell_takes_no_parameters():
    with pytest.raises(engine.ParameterError, match="label 'parameters'"):
        papermill.execute_notebook(
            notebook(["gebied = 'a'"]), None, {"gebied": "b"}, engine_name=ENGINE, progress_bar=False
        )


def test_without_a_server_a_normal_kernel_gives_the_same(monkeypatch):
    monkeypatch.setattr(warm, "POSSIBLE", False)
    warm.stop()
    try:
        executed = run(["import sys; 'helpers.report' in sys.modules", "1 + 1"])
    finally:
        monkeypatch.undo()
    assert [c.outputs[0]["data"]["text/plain"] for c in executed.cells] == ["False", "2"]


def test_a_server_that_died_is_started_again():
    run(["1"])
    os.kill(warm._server.process.pid, signal.SIGKILL)
    warm._server.process.wait()
    assert run(["1 + 1"]).cells[0].outputs[0]["data"]["text/plain"] == "2"


def test_stopping_the_server_ends_what_still_runs():
    address = warm.start()
    child = warm.Child(address, notebook(["import time; time.sleep(60)"]), None)
    warm.stop()
    assert child.receive(time.monotonic() + 20)["exit"] != 0
    assert _gone(child.pid)


def test_the_working_directory_and_environment_of_this_process_stay_as_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROEF", "ja")
    before = dict(os.environ)
    executed = run(
        ["import os; [os.getcwd(), os.environ['PROEF']]", "os.chdir('/'); os.environ['PROEF'] = 'nee'"]
    )
    # a long path makes the list break over lines
    shown = executed.cells[0].outputs[0]["data"]["text/plain"]
    assert ast.literal_eval(shown) == [str(tmp_path), "ja"]
    assert (dict(os.environ), str(Path.cwd())) == (before, str(tmp_path))


def test_the_stock_papermill_command_line_knows_the_engine(tmp_path):
    nbformat.write(notebook(["x = 1", "x + 1"], {}), tmp_path / "in.ipynb")
    command = [
        sys.executable,
        "-m",
        "papermill",
        "--engine",
        ENGINE,
        "in.ipynb",
        "uit.ipynb",
        "-p",
        "x",
        "41",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert nbformat.read(tmp_path / "uit.ipynb", 4).cells[2].outputs[0]["data"]["text/plain"] == "42"
    assert nbformat.read(tmp_path / "uit.ipynb", 4).metadata.papermill.exception is None


def _gone(pid, patience=10.0):
    """Whether a process ends within the patience; a process that nobody has waited for yet counts as ended."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False
