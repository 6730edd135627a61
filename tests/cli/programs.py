"""Runs `recoup` as people do: as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from queue import Empty, Queue
from typing import IO

from tests.support.warm_start import WarmProcess, is_warm

Process = subprocess.Popen[str] | WarmProcess

# A guard against what hangs, no promise: a first sync takes half a minute on a busy machine.
LIMIT_SECONDS = 180.0
# Twelve times what is promised. A busy machine needs more than the promise, and what hangs needs more
# than this: a reader of events or a sync under way lasts for minutes.
STOP_SECONDS = 60.0


class Recoup:
    """The program with settings of its own; whatever it started ends with the test."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("RECOUP_")}
        # A worker that starts soon after the schedule's hour makes up for it: no sync of the test's own.
        self.environ = {**inherited, "RECOUP_SYNC_SCHEDULE": "", **settings}
        self._started: list[Running] = []

    def run(self, *arguments: str, stdin: str = "", **settings: str) -> Done:
        """Run a command to its end."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as source:
            source.write(stdin)
            source.seek(0)
            running = Running(_started(arguments, {**self.environ, **settings}, stdin=source))
        try:
            code = running.end()
        finally:
            running.close()
        return Done(code, "".join(running.lines), "".join(running.errors))

    def start(
        self,
        *arguments: str,
        program: str = "recoup",
        before: Sequence[str] = (),
        **settings: str,
    ) -> Running:
        """Start a command that runs until it is stopped.

        program: a module, instead of recoup's. before: what takes the command, such as `ip netns exec`.
        """
        environ = {**self.environ, **settings}
        running = Running(
            _cold(program, arguments, environ, before=before)
            if program != "recoup" or before
            else _started(arguments, environ)
        )
        self._started.append(running)
        return running

    def close(self) -> None:
        for running in self._started:
            running.close()


def _started(
    arguments: Sequence[str], environ: Mapping[str, str], stdin: IO[str] | int = subprocess.DEVNULL
) -> Process:
    if is_warm(environ):
        return WarmProcess(arguments, environ=environ, stdin=stdin)
    return _cold("recoup", arguments, environ, stdin=stdin)


def _cold(
    program: str,
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    before: Sequence[str] = (),
    stdin: IO[str] | int = subprocess.DEVNULL,
) -> Process:
    return subprocess.Popen(
        [*before, sys.executable, "-m", program, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        text=True,
    )


class Done:
    """How a command ended."""

    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        self.code = code
        self.stdout = stdout
        self.stderr = stderr

    @property
    def outcome(self) -> tuple[int, str]:
        """Exit status and the error line: what a failing command is checked for."""
        return self.code, self.stderr

    def __repr__(self) -> str:
        return f"exit {self.code}\n{self.stdout}\n--\n{self.stderr}"


class Running:
    """A process whose output can be waited for."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._coming: Queue[str] = Queue()
        self._readers = [
            threading.Thread(target=self._read_lines, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def wait_for(self, words: str) -> str:
        """The next line of stdout that holds the words."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while True:
            try:
                line = self._coming.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"no {words!r} in {self.lines} {self.errors}") from None
            if words in line:
                return line

    def told(self) -> list[str]:
        """What it logged, once it has ended. On a busy machine a worker is not always in time: then it
        is cut off, which loses nothing (tests/acceptance/test_killed_workers.py).
        """
        return [line for line in self.errors if '"worker_process_killed"' not in line]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Exit status after the signal, and the seconds until then."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.end()
        return code, time.monotonic() - began

    def end(self) -> int:
        """The exit status, once the process has ended."""
        code = self.process.wait(LIMIT_SECONDS)
        for reader in self._readers:
            reader.join(LIMIT_SECONDS)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.end()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def _read_lines(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self._coming.put(line)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], object], within_seconds: float = LIMIT_SECONDS) -> bool:
    """Whether the condition comes true in time; it is looked at again and again."""
    deadline = time.monotonic() + within_seconds
    ready = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        ready.wait(0.02)
    return True


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that name the folder."""
    listed = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if str(folder) in line]
