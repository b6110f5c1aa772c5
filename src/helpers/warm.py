"""Kernels that start warm: a real ipykernel, forked from a process that has only imported the libraries.

Starting a kernel and importing pandas, geopandas and matplotlib takes longer than the analysis of a
report. A server process imports them once and forks a child for each kernel, before any thread,
event loop or socket of a kernel exists; every report still gets a fresh process of its own.
Jupyter finds the provisioner through the entry point group ``jupyter_client.kernel_provisioners``
and uses it when ``JUPYTER_DEFAULT_PROVISIONER_NAME`` says so; whatever goes wrong, it starts a
normal kernel instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

NAME = "wijkenaanpak-warm"
SOCKET = "WIJKEN_WARM_SOCKET"


class ForkedKernel:
    """A kernel that is another process's child, with the part of ``Popen`` that Jupyter uses.

    The server keeps the connection open while the kernel lives and writes its exit code at the end.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.returncode: int | None = None
        self.pid = int(connection.makefile("r").readline())

    def poll(self) -> int | None:
        """Return the exit code, or None while the kernel runs."""
        if self.returncode is None:
            self._connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                # An empty read means that the server itself is gone, and its kernels with it.
                self.returncode = int(self._connection.recv(64).decode() or -signal.SIGKILL)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the kernel to end and return its exit code."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("ipykernel", timeout or 0)
            time.sleep(0.01)
        return self.returncode or 0

    def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel; a kernel that is gone already is fine."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signum)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the kernel."""
        self.send_signal(signal.SIGKILL)


class WarmProvisioner(LocalProvisioner):
    """Start a kernel by asking the server for a fork; without a server, start a normal one."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Launch the kernel; see ``jupyter_client.provisioning.KernelProvisionerBase``."""
        try:
            forked = _ask(cmd, kwargs)
        except (OSError, ValueError, KeyError):
            return await super().launch_kernel(cmd, **kwargs)
        self.process = forked  # type: ignore[assignment]
        self.pid = self.pgid = forked.pid
        return self.connection_info


def _ask(cmd: list[str], kwargs: dict[str, Any]) -> ForkedKernel:
    at = cmd.index("ipykernel_launcher")
    if Path(cmd[0]).absolute() != Path(sys.executable).absolute():
        raise ValueError("another Python than the server's")
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.environ[SOCKET])
    request = {
        "argv": cmd[at + 1 :],
        "env": dict(kwargs.get("env") or os.environ),
        "cwd": kwargs.get("cwd") or str(Path.cwd()),
    }
    connection.sendall(json.dumps(request).encode() + b"\n")
    return ForkedKernel(connection)


@contextlib.contextmanager
def server() -> Iterator[None]:
    """Run the fork server for the duration of a ``with`` block and point Jupyter to it.

    Where forking or Unix sockets do not exist, nothing happens and kernels start the normal way.
    """
    if not (hasattr(os, "fork") and hasattr(socket, "AF_UNIX")):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="wijken-") as folder:
        address = str(Path(folder) / "warm")
        process = subprocess.Popen([sys.executable, "-m", "helpers.warm", address], stdin=subprocess.PIPE)
        while process.poll() is None and not Path(address).exists():
            time.sleep(0.02)
        before = {name: os.environ.get(name) for name in (SOCKET, "JUPYTER_DEFAULT_PROVISIONER_NAME")}
        os.environ.update({SOCKET: address, "JUPYTER_DEFAULT_PROVISIONER_NAME": NAME})
        # Jupyter reads the variable once in a process; a kernel may have been started before.
        factory = KernelProvisionerFactory.instance()
        usual, factory.default_provisioner_name = factory.default_provisioner_name, NAME
        try:
            yield
        finally:
            factory.default_provisioner_name = usual
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
            process.terminate()
            process.wait()


def serve(address: str) -> None:
    """Import the libraries, then fork a kernel for every request until told to stop."""
    # ipykernel reads at import who its parent is: it ends itself when that process is gone.
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    import geopandas  # noqa: F401
    import pandera.pandas  # noqa: F401
    import pyarrow.dataset  # noqa: F401
    import statsmodels.api  # noqa: F401
    from ipykernel.kernelapp import IPKernelApp  # noqa: F401

    import helpers.report  # noqa: F401

    listener = socket.socket(socket.AF_UNIX)
    selector = selectors.DefaultSelector()
    children: dict[int, socket.socket] = {}
    # A child that ends wakes the selector through this pipe.
    wake_read, wake_write = socket.socketpair()
    wake_write.setblocking(False)
    signal.set_wakeup_fd(wake_write.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector.register(listener, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    # Standard input ends when the batch does, however it ended: then there is nothing left to serve.
    selector.register(sys.stdin, selectors.EVENT_READ)
    # The address appears only when the server is ready to answer.
    listener.bind(address + ".new")
    listener.listen(64)
    Path(address + ".new").rename(address)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                connection, _ = listener.accept()
                request = json.loads(connection.makefile("r").readline())
                pid = os.fork()
                if pid == 0:
                    listener.close()
                    _become_kernel(request, connection)
                connection.sendall(f"{pid}\n".encode())
                children[pid] = connection
            elif key.fileobj is sys.stdin:
                os._exit(0)
            else:
                wake_read.recv(4096)
                _reap(children)


def _reap(children: dict[int, socket.socket]) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with contextlib.suppress(OSError), children.pop(pid) as connection:
                connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _become_kernel(request: dict[str, Any], connection: socket.socket) -> None:
    """Turn the forked child into a kernel; never returns."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        connection.close()
        os.setsid()
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        os.environ["JPY_PARENT_PID"] = str(os.getppid())
        random.seed()
        import matplotlib
        import numpy as np
        from ipykernel.kernelapp import IPKernelApp

        np.random.seed()  # noqa: NPY002  # a fork would share the global state of legacy callers
        # A normal kernel decides on the backend before matplotlib is there; here it is there already.
        backend = os.environ.get("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        matplotlib.rcParams["backend"] = backend
        # On a shared terminal a kernel's warning that it uses TCP, as every kernel does, is only noise.
        sys.argv = ["ipykernel_launcher", "--IPKernelApp.log_level=50", *request["argv"]]
        sys.path[0] = ""
        IPKernelApp.launch_instance()
    finally:
        os._exit(0 if sys.exc_info()[0] in (None, SystemExit) else 1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    # Ctrl-C is for the batch, which lets the running reports finish and then ends this server.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.argv[1])
