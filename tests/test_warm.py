"""A warm kernel must be indistinguishable from a normal one, and never be needed."""

import os
import signal

import nbformat
import papermill
import pytest

from helpers import warm

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="dit systeem kent geen fork")

CELLS = [
    "import asyncio, os, sys, warnings\nimport numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt",
    "pd.DataFrame({'a': [1, 2], 'b': [0.5, None]})",
    "plt.plot([1, 3, 2]); plt.show()",
    "%precision 3\n3.14159",
    "print('out'); print('err', file=sys.stderr)",
    "await asyncio.sleep(0); 'awaited'",
    "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'), {'a': 1})",
    "display({'text/plain': 't', 'application/vnd.proef+json': {'k': [1, 2]}}, raw=True)",
]


@pytest.fixture(scope="module")
def warmed():
    """One server for the tests that only need it to be there."""
    with warm.server():
        yield


def run(cells, **kwargs):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return papermill.execute_notebook(notebook, None, kernel_name="python3", progress_bar=False, **kwargs)


def outputs(notebook):
    return [[dict(o) for o in cell.outputs] for cell in notebook.cells]


def test_outputs_of_a_warm_kernel_equal_those_of_a_normal_one():
    normal = outputs(run(CELLS))
    with warm.server():
        warmed = outputs(run(CELLS))
    assert warmed == normal
    assert any("image/png" in o.get("data", {}) for cell in warmed for o in cell)


def test_nothing_leaks_from_one_kernel_to_the_next(warmed):
    spoil = [
        "import os, sys, math\nos.environ['LEK'] = '1'; math.pi = 3; sys.path.append('lek'); os.chdir('/'); lek = 1",
        "import pandas as pd; pd.set_option('display.precision', 1); import numpy as np; print(np.random.rand())",
    ]
    look = [
        "import os, sys, math\n[os.environ.get('LEK'), math.pi > 3.1, 'lek' in sys.path, os.getcwd() == '/', 'lek' in dir()]",
        "import pandas as pd; print(pd.get_option('display.precision')); import numpy as np; print(np.random.rand())",
    ]
    first, second, third = run(spoil), run(look), run(look)
    assert second.cells[0].outputs[0]["data"]["text/plain"] == "[None, True, False, False, False]"
    assert second.cells[1].outputs[0]["text"].startswith("6\n")
    draws = {n.cells[1].outputs[0]["text"].splitlines()[-1] for n in (first, second, third)}
    assert len(draws) == 3


def test_each_kernel_is_a_process_of_its_own_that_ends(warmed):
    pids = [int(run(["import os; os.getpid()"]).cells[0].outputs[0]["data"]["text/plain"]) for _ in range(2)]
    assert len({*pids, os.getpid()}) == 3
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_kernel_that_is_killed_is_an_error_and_not_a_completed_report(warmed):
    with pytest.raises(Exception, match=r"(?i)kernel.*died|died"):
        run([f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})", "1"])


def test_an_error_in_a_cell_keeps_its_type_and_message(warmed):
    with pytest.raises(papermill.PapermillExecutionError) as caught:
        run(["1", "1 / 0"])
    assert (caught.value.ename, caught.value.cell_index) == ("ZeroDivisionError", 1)


def test_without_a_server_a_normal_kernel_starts(monkeypatch):
    monkeypatch.setenv("JUPYTER_DEFAULT_PROVISIONER_NAME", warm.NAME)
    monkeypatch.setenv(warm.SOCKET, "/nergens/warm")
    with warm.server():
        monkeypatch.setenv(warm.SOCKET, "/nergens/warm")
        assert run(["1 + 1"]).cells[0].outputs[0]["data"]["text/plain"] == "2"


def test_the_environment_is_as_before_after_the_server_ends():
    before = dict(os.environ)
    with warm.server():
        assert os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] == warm.NAME
    assert dict(os.environ) == before
