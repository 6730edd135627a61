"""The process that `recoup serve` starts for its worker; see worker_process.py. No command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from recoup.cli.entrance import set_up_logs
from recoup.cli.errors import explain
from recoup.cli.output import hint
from recoup.cli.running import end_in_order, run_loop, run_services
from recoup.cli.services import worker_service
from recoup.cli.storage import opened

if TYPE_CHECKING:
    from recoup.config import Settings

_STDIN = 0
_STARTER_GONE = 3
# Longer than an orderly end takes (recoup.cli.running).
_PATIENCE_SECONDS = 6.0


def main() -> int:
    """Exit status 0 once told to end, 1 or 2 with a line on stderr for what a person must mend."""
    from recoup.config import Settings

    end_in_order()
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        given = json.loads(_read_line())
        settings = Settings(**given["settings"])
        set_up_logs(settings, quiet=given["isQuiet"])
        run_loop(_work(settings, given["url"]))
    except KeyboardInterrupt:
        return 0
    except Exception as error:
        explanation = explain(error)
        if explanation is None:
            raise
        line, code = explanation
        hint(f"recoup: worker: {line}")
        return code
    return 0


def _read_line() -> bytes:
    """From the descriptor itself: what a buffer of Python's holds back is no end of the pipe."""
    read = bytearray()
    while not read.endswith(b"\n"):
        piece = os.read(_STDIN, 65536)
        if not piece:
            sys.exit(_STARTER_GONE)
        read += piece
    return bytes(read)


async def _work(settings: Settings, url: str) -> None:
    async with opened(url) as database:
        await run_services([worker_service(settings, database), _until_starter_ends])


async def _until_starter_ends(stop: asyncio.Event) -> None:
    """A service that ends with the pipe, and so ends the worker."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def watch() -> None:
        while os.read(_STDIN, 1):
            pass
        try:
            loop.call_soon_threadsafe(ended.set)
        except RuntimeError:
            return  # the loop has ended before
        # A loop that hangs must not outlive everybody who could end it.
        time.sleep(_PATIENCE_SECONDS)
        os._exit(_STARTER_GONE)

    threading.Thread(target=watch, name="starter-watch", daemon=True).start()
    stopped = asyncio.create_task(stop.wait())
    over = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait({stopped, over}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        over.cancel()


if __name__ == "__main__":
    sys.exit(main())
