"""Notebooks that start warm: their cells run in a process forked after all imports were done.

Starting a kernel and importing pandas, geopandas and matplotlib takes longer than the analysis of a
report. A server process imports them once, builds the in-process kernel of ipykernel, and reads what all
reports share; no notebook runs in it. For every notebook it forks a child: each report gets a fresh
process of its own, and nothing leaks. The child speaks to this process cell by cell; its outputs go through
ipykernel's own messages and nbclient's own handling of them, so that they equal those of a stock kernel.

A kernel provisioner that forks a complete ipykernel was measured beside it (2 cores, an empty
notebook of 20 cells): 0.71 s a notebook, of which 0.45 s processor time, against 0.08 s for this
engine; most of it is sockets, threads and start-up handshakes that a report has no use for. Where
forking is not possible, or output is to be logged while it comes, a normal kernel starts.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import logging
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

POSSIBLE = hasattr(os, "fork") and hasattr(socket, "AF_UNIX")
if POSSIBLE:
    import fcntl
FOLDER = "wijken-warm-"  # of a server, in the temporary folder


class Child:
    """The process of one notebook, seen from here: lines of JSON over a socket."""

    def __init__(self, address: str, notebook: Any, memory_limit: int | None) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(address)
        self._read = b""
        request = {
            "notebook": notebook,
            "env": {k: v for k, v in os.environ.items() if k != "JPY_SESSION_NAME"},  # nobody looks on
            "cwd": str(Path.cwd()),
            "memory": memory_limit,
        }
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        self.pid: int = self.receive(None)["pid"]

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended already
            os.killpg(self.pid, signal.SIGKILL)
        self._socket.close()

    def receive(self, end: float | None) -> dict[str, Any]:
        """Return the next message; an exit message when the process, or its server, is gone.

        Raises
        ------
        TimeoutError
            When `end` (monotonic seconds) comes first.
        """
        parts = [self._read]
        while b"\n" not in parts[-1]:
            self._socket.settimeout(None if end is None else max(end - time.monotonic(), 0.001))
            part = self._socket.recv(1 << 20)
            if not part:
                return {"exit": -signal.SIGKILL}
            parts.append(part)
        line, self._read = b"".join(parts).split(b"\n", 1)
        return json.loads(line)


# ---- the server, seen from here ----------------------------------------------------------------


class _Server:
    def __init__(self) -> None:
        _clear_killed()
        self.folder = tempfile.TemporaryDirectory(prefix=FOLDER)
        self.lock = os.open(self.folder.name, os.O_RDONLY)  # held until this process ends, however it ends
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.address = str(Path(self.folder.name) / "warm")
        # Numerical libraries that start threads of their own would fight over the cores, and fork badly.
        env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-Xfrozen_modules=off", "-m", "wijkenaanpak.run.warm", self.address],
            stdin=subprocess.PIPE,
            env=env,
            start_new_session=True,
        )

    def ready(self) -> bool:
        while self.process.poll() is None and not Path(self.address).exists():
            time.sleep(0.01)
        return self.process.poll() is None

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        os.close(self.lock)
        self.folder.cleanup()


def _clear_killed() -> None:
    """Remove the folders of servers whose process was killed: nobody holds them locked any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        with contextlib.suppress(OSError):  # another's, in use, or just gone
            handle = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - folder.stat().st_mtime > 10:  # seconds: made, and about to be locked
                    shutil.rmtree(folder)
            finally:
                os.close(handle)


_server: _Server | None = None
_lock = threading.Lock()


def start(wait: bool = True) -> str | None:
    """Start the server of this process, once; it ends with the process, however that ends.

    Parameters
    ----------
    wait : bool
        Wait until it has imported everything; without, other work can go on meanwhile.

    Returns
    -------
    str or None
        Address of the server; None where forking is not possible or it could not start.
    """
    global _server
    if not POSSIBLE:
        return None
    with _lock:
        if _server is None or _server.process.poll() is not None:
            _server = _Server()
            atexit.register(stop)
    return _server.address if not wait or _server.ready() else None


def stop() -> None:
    """End the server and every notebook that still runs in a fork of it."""
    global _server
    with _lock:
        server, _server = _server, None
    if server is not None:
        server.stop()


# ---- the server itself -------------------------------------------------------------------------


def serve(address: str) -> None:
    """Import the libraries, then fork a child for every request, until standard input ends."""
    gc.disable()  # nothing that is imported is ever garbage; looking for it takes a tenth of the time
    kernel = _warm_kernel()
    gc.collect()
    gc.freeze()  # the children share these pages as long as the collector leaves them alone
    gc.enable()
    # A report makes little garbage, and looking for it is a thirtieth of its time.
    gc.set_threshold(100_000, 50, 100)
    listener = socket.socket(socket.AF_UNIX)
    selector = selectors.DefaultSelector()
    children: dict[int, socket.socket] = {}
    # A child that ends wakes the selector through this pipe.
    wake_read, wake_write = socket.socketpair()
    wake_write.setblocking(False)
    signal.set_wakeup_fd(wake_write.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for source in (listener, wake_read, sys.stdin):
        selector.register(source, selectors.EVENT_READ)
    # The address appears only when the server is ready to answer.
    listener.bind(address + ".new")
    listener.listen(64)
    Path(address + ".new").rename(address)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                connection, _ = listener.accept()
                request = connection.makefile("rb").readline()
                pid = os.fork()
                if pid == 0:
                    for other in (listener, wake_read, wake_write, *children.values()):
                        other.close()
                    _become(kernel, request, connection)
                children[pid] = connection
            elif key.fileobj is sys.stdin:
                # The process that asked is gone, however it ended: so is the use of what still runs.
                for pid in children:
                    with contextlib.suppress(ProcessLookupError):  # it has ended already
                        os.kill(pid, signal.SIGKILL)
                os._exit(0)
            else:
                wake_read.recv(4096)
                _reap(children)


def _reap(children: dict[int, socket.socket]) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            # Who asked may have hung up after the last answer.
            with contextlib.suppress(OSError), children.pop(pid) as connection:
                _send(connection, exit=os.waitstatus_to_exitcode(status))


def _send(connection: socket.socket, **message: Any) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _become(kernel: Any, line: bytes, connection: socket.socket) -> None:
    """Run one notebook in the forked child; never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        request = json.loads(line)
        _send(connection, pid=os.getpid())
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # as ipykernel does
        sys.path[0] = ""
        if request["memory"]:
            _limit_memory(request["memory"])
        random.seed()
        import numpy as np

        np.random.seed()  # noqa: NPY002  # a fork would share the global state of legacy callers
        for message in _cells(kernel, request["notebook"]):
            _send(connection, **message)
        code = 0
    except BaseException:  # a fork must end here, not go on as the server it came from
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def _limit_memory(extra: int) -> None:
    import resource

    with Path("/proc/self/status").open() as status:
        data = next(int(row.split()[1]) * 1024 for row in status if row.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (data + extra, data + extra))


def _cells(kernel: Any, notebook: Any) -> Iterator[dict[str, Any]]:
    """Run the code cells one after another; yield the outputs of each."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.from_dict(notebook)
    # Nobody reads what it logs, or at what time each message came.
    log = logging.getLogger(__name__)
    client: Any = NotebookClient(notebook, timeout=None, log=log, record_timing=False)
    client.reset_execution_trackers()
    client.km, client.kc = _Alive(), _Memory(kernel)
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        failure = None
        try:
            client.execute_cell(cell, index)
        except CellExecutionError as error:
            failure = [error.traceback, error.ename, error.evalue]
        yield {"outputs": cell.outputs, "execution_count": cell.execution_count, "failure": failure}
        if failure:
            return
    client.set_widgets_metadata()
    widgets = {k: v for k, v in notebook.metadata.items() if k == "widgets"}
    yield {"metadata": {"language_info": kernel.language_info, **widgets}}


class _Alive:
    """The kernel manager that nbclient asks whether the kernel lives: it is this process."""

    async def is_alive(self) -> bool:
        return True


class _Channel:
    """Messages from the kernel, in the order they were sent."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.messages: list[dict[str, Any]] = []

    def send_multipart(self, parts: list[Any], *_: Any, **__: Any) -> None:
        _, message = self.session.feed_identities(parts, copy=True)
        self.messages.append(self.session.deserialize(message))

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        import asyncio
        from queue import Empty

        if not self.messages:
            await asyncio.sleep(timeout or 0)
            raise Empty
        return self.messages.pop(0)


class _Memory:
    """The kernel client that nbclient drives: requests and answers stay in this process."""

    def __init__(self, kernel: Any) -> None:
        from ipykernel.iostream import OutStream

        self.kernel = kernel
        self.shell_channel, self.iopub_channel = _Channel(kernel.session), _Channel(kernel.session)
        kernel.iopub_thread.channel, kernel.shell_stream = self.iopub_channel, self.shell_channel
        # These also catch what a library or a subprocess writes past Python.
        kernel.stdout = sys.stdout = OutStream(kernel.session, kernel.iopub_thread, "stdout")
        kernel.stderr = sys.stderr = OutStream(kernel.session, kernel.iopub_thread, "stderr")

    async def execute(self, code: str, **content: Any) -> str:
        import zmq

        session = self.kernel.session
        content = {"code": code, "silent": False, "user_expressions": {}, "allow_stdin": False, **content}
        message = session.msg("execute_request", content)
        parts = [zmq.Message(part) for part in session.serialize(message)]
        await self.kernel.dispatch_shell(parts)
        return message["header"]["msg_id"]


def _warm_kernel() -> Any:
    """Import what notebooks use and build a kernel that has no thread, no socket and no history yet."""
    import geopandas  # noqa: F401
    import matplotlib as mpl
    import matplotlib.pyplot
    import nbclient  # noqa: F401
    import nbformat.v4
    import pandas.core.arrays.arrow.extension_types  # noqa: F401
    import pyarrow as pa
    import pyarrow.dataset
    import pyarrow.parquet
    import seaborn as sns
    import statsmodels.formula.api  # noqa: F401
    from ipykernel.inprocess.ipkernel import InProcessKernel
    from ipykernel.iostream import IOPubThread
    from ipykernel.kernelapp import IPKernelApp
    from ipykernel.zmqshell import ZMQInteractiveShell
    from jupyter_client.session import Session
    from traitlets import Any as AnyTrait
    from traitlets.config import Config

    import helpers.checks
    import helpers.maps  # noqa: F401
    from helpers import draw, say
    from wijkenaanpak.claims import claims
    from wijkenaanpak.store import panel, place

    # A report reads some hundreds of rows, and starting threads for that takes longer than reading.
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    pa.set_memory_pool(pa.system_memory_pool())  # its own is slow to start in each fork

    class Sink(IOPubThread):
        """What the kernel publishes to; everything happens at once, in the order it was said."""

        channel: _Channel

        def __init__(self) -> None:
            self.thread = threading.Thread()
            self.io_loop: Any = self

        def call_later(self, *_: Any) -> None:
            pass  # a stream flushes at the end of a cell and before a display, never by the clock

        def schedule(self, f: Any) -> None:
            f()

        def send_multipart(self, parts: list[Any], *_: Any, **__: Any) -> None:
            self.channel.send_multipart(parts)

    class Kernel(InProcessKernel):
        """The in-process kernel of ipykernel with the shell of its ordinary one."""

        iopub_thread = AnyTrait()
        iopub_socket = AnyTrait()
        shell_stream = AnyTrait()
        shell_class = ZMQInteractiveShell
        # Where a top-level await looks for the thread that signals reach; no Ctrl-C comes here.
        shell_channel_thread = SimpleNamespace(parent_thread=None)
        _supports_kernel_subshells = False

    sink = Sink()
    config = Config()
    config.HistoryManager.enabled = False
    config.IPKernelApp.quiet = True  # by this section libraries know that they run in a kernel
    # A session refuses to speak for a fork of its process, unless it is told that this is meant; nobody listens in.
    session = Session(check_pid=False, key=b"")
    kernel: Any = Kernel(iopub_thread=sink, iopub_socket=sink, session=session, config=config)
    nbformat.v4.new_output("stream")  # the first one compiles the schema that it is held against
    figure = mpl.figure.Figure(dpi=72)
    sns.lineplot(x=[1, 2], y=[1, 2], ax=figure.subplots())  # and the first figure looks for its fonts
    draw.Picture(figure, "", "").data_uri()
    IPKernelApp.instance(config=config).kernel = kernel  # magics find the kernel through its application
    # What is wrong with the data, a report says; and it warns of what it would have warned of.
    with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
        claims.ledger()
        for package in say.PACKAGES:
            say.version(package)
        for store in place.checked():
            panel.warm_up(store)
    # A normal kernel decides on the back end before matplotlib is there; here it is there already.
    mpl.rcParams["backend"] = "module://matplotlib_inline.backend_inline"
    return kernel


if __name__ == "__main__":
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # see __main__.py
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    # Ctrl-C is for the process that asked, which then closes this server's standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.argv[1])
