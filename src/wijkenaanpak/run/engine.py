"""The papermill engine that runs a notebook in a fork of the warm server.

Papermill finds it through the entry point group ``papermill.engine``::

    papermill --engine wijkenaanpak notebook.ipynb out.ipynb

Papermill itself imports this module, at the end of its own import: import papermill first.
"""

from __future__ import annotations

import contextlib
import difflib
import signal
import time
from functools import cache
from typing import Any

import nbformat
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.engines import NBClientEngine

from wijkenaanpak import questions
from wijkenaanpak.content import say
from wijkenaanpak.run import warm


class ParameterError(ValueError):
    """A notebook was given a parameter that it does not have."""


def check_parameters(notebook: Any) -> None:
    """Refuse parameters that the notebook does not know; papermill itself only warns.

    Parameters
    ----------
    notebook : NotebookNode
        As papermill prepared it: with the parameters in its metadata.

    Raises
    ------
    ParameterError
        When no cell is tagged ``parameters`` (papermill then puts the values on top, where the
        notebook overwrites them), or when a name is not assigned in that cell.
    """
    given = notebook.metadata.get("papermill", {}).get("parameters", {})
    if not given:
        return
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if not tagged:
        raise ParameterError(
            "het notebook heeft geen cel met het label 'parameters'; geef de cel met de beginwaarden dat label"
        )
    known = questions.parameters_of(tagged[0].source)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), 1, 0.4) or sorted(known)
            raise ParameterError(
                f"parameter {name!r} bestaat niet in het notebook; bedoelt u {' of '.join(map(repr, near))}?"
            )


class WarmEngine(NBClientEngine):
    """Run the cells of a notebook in a fork of the warm server."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        execution_timeout: float | None = None,
        time_limit: float | None = None,
        memory_limit: int | None = None,
        timed: bool = True,
        **kwargs: Any,
    ) -> None:
        """Run every cell; stop at the first error, as papermill does.

        Parameters
        ----------
        nb_man : papermill.engines.NotebookExecutionManager
            The notebook, prepared.
        kernel_name : str
            Only the Python of this process starts warm.
        log_output, stdout_file, stderr_file : bool, file, file
            Output while it comes: a normal kernel does that.
        execution_timeout, time_limit : float, optional
            Seconds a cell, and the whole notebook, may take.
        memory_limit : int, optional
            Bytes the notebook's process may have beyond what it starts with.
        timed : bool
            Write in every cell when it ran; saved each time, where there is a file to save to.
        **kwargs
            For the normal kernel.

        Raises
        ------
        ParameterError
            See :func:`check_parameters`.
        nbclient.exceptions.CellTimeoutError, nbclient.exceptions.DeadKernelError
            When the process took too long, or died; the message names the cell.
        """
        check_parameters(nb_man.nb)
        live = log_output or stdout_file or stderr_file
        server = None if live or kernel_name != NATIVE_KERNEL_NAME else warm.start()
        child = None
        if server is not None:
            with contextlib.suppress(OSError):  # a server that was killed: a normal kernel runs the notebook
                child = warm.Child(server, nb_man.nb, memory_limit)
        if child is None:
            if time_limit or memory_limit:
                _say_unlimited()
            NBClientEngine.execute_managed_notebook(
                nb_man,
                kernel_name,
                log_output=log_output,
                stdout_file=stdout_file,
                stderr_file=stderr_file,
                execution_timeout=execution_timeout or time_limit,
                **kwargs,
            )
            return
        with child:
            end = None if time_limit is None else time.monotonic() + time_limit
            for index, cell in enumerate(nb_man.nb.cells):
                if timed:
                    nb_man.cell_start(cell, index)
                try:
                    failure = _run_cell(child, cell, index, execution_timeout, end)
                except (CellTimeoutError, DeadKernelError) as error:
                    nb_man.cell_exception(cell, cell_index=index, exception=error)
                    raise
                if failure is not None:
                    nb_man.cell_exception(cell, cell_index=index, exception=failure)
                if timed:
                    nb_man.cell_complete(cell, cell_index=index)
                if failure is not None:
                    break
            else:
                nb_man.nb.metadata.update(nbformat.from_dict(child.receive(None)["metadata"]))


@cache
def _say_unlimited() -> None:
    """Say, once, which limits a normal kernel does not keep."""
    say(
        "De rapporten starten niet warm maar elk in een gewone kernel: de tijdslimiet geldt daar per cel, en een geheugenlimiet geldt niet."
    )


def _run_cell(
    child: warm.Child, cell: Any, index: int, cell_limit: float | None, end: float | None
) -> CellExecutionError | None:
    if cell.cell_type != "code":
        return None
    limits = [t for t in (cell_limit and time.monotonic() + cell_limit, end) if t]
    where = f"cel {index + 1} ({(cell.source.strip().splitlines() or [''])[0]})"
    started = time.monotonic()
    try:
        answer = child.receive(min(limits, default=None))
    except TimeoutError:
        seconds = time.monotonic() - started
        raise CellTimeoutError(f"{where} is na {seconds:.0f} s afgebroken: de tijdslimiet") from None
    if "exit" in answer:
        code = answer["exit"]
        how = f"door signaal {signal.Signals(-code).name}" if code and code < 0 else f"met code {code}"
        raise DeadKernelError(f"{where}: het proces is gestopt {how}")
    cell.outputs = nbformat.from_dict(answer["outputs"])
    cell.execution_count = answer["execution_count"]
    return CellExecutionError(*answer["failure"]) if answer["failure"] else None
