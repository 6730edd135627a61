"""The worker of `recoup serve` as a process of its own: started, started again, ended.

Its standard input is a pipe from here. The first line brings what it needs, secrets too, which a
command line would show to everybody on the machine. Then nothing comes: the end of the pipe tells it
to end, and it comes whether this process closes it, crashes or is killed (ADR 0028).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from recoup.cli.running import unless_stopped
from recoup.logs import get_logger

if TYPE_CHECKING:
    from recoup.config import Settings

_log = get_logger(__name__)

MODULE = "recoup.cli.supervised_worker"
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
# A worker that lived this long did not fail at what the one before it failed at.
_LONG_LIFE_SECONDS = 60.0
# It hands its syncs on in 3 seconds, and is cut off from within after 4 (recoup.cli.running).
_GRACE_SECONDS = 4.5


class WorkerProcess:
    """A worker that runs beside this process, and not longer. One instance is for one run.

    url: the database, which this process keeps running if it is the embedded one. is_quiet: it logs
    warnings only, unless a log level was requested.
    """

    def __init__(self, settings: Settings, url: str, *, is_quiet: bool = False) -> None:
        self._settings = settings
        self._url = url
        self._is_quiet = is_quiet
        self._restarts = 0

    def count_restarts(self) -> int:
        """How often a worker ended by itself, which it never should."""
        return self._restarts

    async def run(self, stop: asyncio.Event) -> None:
        """A service (recoup.cli.running): until `stop` is set, then until the worker has ended."""
        pause = _FIRST_PAUSE_SECONDS
        while not stop.is_set():
            began = time.monotonic()
            status = await self._run_once(stop)
            if stop.is_set():
                return
            if time.monotonic() - began > _LONG_LIFE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            self._restarts += 1
            _log.error("worker_process_ended", exit_status=status, restart_in_seconds=pause)
            await unless_stopped(stop, asyncio.sleep(pause))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _run_once(self, stop: asyncio.Event) -> int | None:
        """Exit status of a worker that ended by itself; None if it was told to."""
        process, pipe = self._start()
        ended = asyncio.create_task(asyncio.to_thread(process.wait))
        try:
            return await unless_stopped(stop, _shielded(ended))
        finally:
            with contextlib.suppress(OSError):  # of a worker that did not read its first line
                pipe.close()
            if sys.platform != "win32":  # where it would be no request
                # One that still starts looks at no pipe yet, and ends at once.
                process.terminate()
            try:
                await asyncio.wait({ended}, timeout=_GRACE_SECONDS)
            finally:
                if process.poll() is None:
                    _log.warning("worker_process_killed", pid=process.pid)
                    process.kill()
                process.wait()

    def _start(self) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        # -P: what lies in the working directory is not imported.
        command = [sys.executable, "-P", "-m", MODULE]
        with _held_back_interrupts():
            process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - this very program
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(self._document())
            process.stdin.flush()
        return process, process.stdin

    def _document(self) -> bytes:
        """One line of JSON with everything that the worker needs, secrets in clear."""
        from pydantic import SecretStr

        # What is not set has the same default there, and its log level is not taken for a request.
        values = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self._settings.model_dump(exclude_unset=True).items()
        }
        given = {"settings": values, "url": self._url, "isQuiet": self._is_quiet}
        return json.dumps(given, default=str).encode() + b"\n"


async def _shielded(task: asyncio.Task[int]) -> int:
    return await asyncio.shield(task)


@contextlib.contextmanager
def _held_back_interrupts() -> Iterator[None]:
    """Ctrl-C reaches the whole group: a worker that still starts must not answer with a traceback.

    It inherits the mask, and lifts it once it knows what to do.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
