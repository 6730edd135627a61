"""Processes of recoup, forked from one that has imported it.

To import recoup takes one to three seconds of the processor, which a suite of hundreds of commands pays
hundreds of times. Each command is a process of its own all the same, with its own descriptors,
environment, folder, signals and orderly end of the interpreter. What is started with variables that
Python reads at its own start is not started here.

    python -m tests.support.warm_start CONTROL    the process that forks, for the tests
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
_PRELOADED = (
    "recoup.cli.main",
    "recoup.api.app",
    "recoup.assistants.server",
    "recoup.cli.services",
    "recoup.cli.storage",
    "recoup.claims.detection.detect",
    "recoup.db.embedded",
    "recoup.jobs.worker",
    "recoup.migrations.upgrade",
    "recoup.sandbox.serve",
    "sqlalchemy.dialects.postgresql.psycopg",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)
_LONGEST_REQUEST = 1 << 20
_STREAMS = 3
_NUMBER = 12
"""Characters of a pid or an exit status."""


def is_warm(environ: Mapping[str, str]) -> bool:
    """Whether a process with these variables is the same forked: Python reads its own once."""
    return sys.platform == "linux" and all(
        environ.get(name) == os.environ.get(name)
        for name in environ.keys() | os.environ.keys()
        if name.startswith(("PYTHON", "LD_", "LC_", "LANG", "OPENSSL"))
    )


class WarmProcess:
    """What `subprocess.Popen` is, for a process that was forked elsewhere."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environ: Mapping[str, str],
        stdin: IO[str] | int = subprocess.DEVNULL,
    ) -> None:
        """Starts `recoup` with the arguments, its output in pipes."""
        request = json.dumps(
            {"arguments": list(arguments), "environ": dict(environ), "folder": str(Path.cwd())}
        )
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        source = (
            os.open(os.devnull, os.O_RDONLY) if isinstance(stdin, int) else os.dup(stdin.fileno())
        )
        self._told, told_end = socket.socketpair()
        given = [source, out_end, err_end, told_end.fileno()]
        socket.send_fds(_forker()[0], [request.encode()], given)
        for descriptor in given[:_STREAMS]:
            os.close(descriptor)
        told_end.close()
        self.args = ["recoup", *arguments]
        self.stdin = None
        self.stdout: IO[str] = os.fdopen(out)
        self.stderr: IO[str] = os.fdopen(err)
        self.returncode: int | None = None
        self.pid = self._read_number()

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        if self.returncode is None:
            self._told.settimeout(0)
            try:
                self._end()
            except BlockingIOError:
                return None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, as of subprocess: less than 0 is the signal that ended it.

        Raises subprocess.TimeoutExpired.
        """
        if self.returncode is None:
            self._told.settimeout(timeout)
            try:
                self._end()
            except TimeoutError:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0) from None
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing, for one that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _end(self) -> None:
        self.returncode = self._read_number()
        self._told.close()

    def _read_number(self) -> int:
        told = self._told.recv(_NUMBER)
        assert told, "the process that forks is gone"
        return int(told)


@cache
def _forker() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The way to this test process's own forking process, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm_start", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
        )
    return ours, process


def _serve(control: socket.socket) -> None:
    """Forks at each request, and tells how each process ended. Returns in the new processes only."""
    watched = selectors.DefaultSelector()
    watched.register(control, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj is not control:
                _tell_end(key, watched)
                continue
            request, given, _flags, _ = socket.recv_fds(control, _LONGEST_REQUEST, _STREAMS + 1)
            if not request:
                os._exit(0)
            told = socket.socket(fileno=given[_STREAMS])
            pid = os.fork()
            if pid == 0:
                _close_all(watched)
                told.close()
                _become(json.loads(request), given[:_STREAMS])
                return
            told.send(f"{pid}".ljust(_NUMBER).encode())
            for descriptor in given[:_STREAMS]:
                os.close(descriptor)
            watched.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, told))


def _close_all(watched: selectors.BaseSelector) -> None:
    """What a new process has of the forking one's: the way to the tests, and the other processes."""
    for key in list(watched.get_map().values()):
        if isinstance(key.fileobj, socket.socket):
            key.fileobj.close()
        else:
            os.close(key.fd)
            key.data[1].close()
    watched.close()


def _tell_end(key: selectors.SelectorKey, watched: selectors.BaseSelector) -> None:
    pid, told = key.data
    _, status = os.waitpid(pid, 0)
    watched.unregister(key.fileobj)
    os.close(key.fd)
    try:
        told.send(f"{os.waitstatus_to_exitcode(status)}".ljust(_NUMBER).encode())
    except OSError:
        return  # nobody wants to know any more
    finally:
        told.close()


def _become(request: dict[str, object], streams: Sequence[int]) -> None:
    for wanted, descriptor in enumerate(streams):
        os.dup2(descriptor, wanted)
        os.close(descriptor)
    os.environ.clear()
    environ, arguments, folder = request["environ"], request["arguments"], request["folder"]
    assert isinstance(environ, dict)
    assert isinstance(arguments, list)
    os.environ.update(environ)
    time.tzset()
    os.chdir(str(folder))
    sys.argv = ["recoup", *arguments]


def _main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    # Ctrl-C at the terminal of the tests is theirs.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    _serve(control)
    signal.signal(signal.SIGINT, before)
    from recoup.cli.main import run

    run()


if __name__ == "__main__":
    _main()
