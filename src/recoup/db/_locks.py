"""Kernel locks: they end with the processes that hold them, even after `kill -9`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

if sys.platform != "win32":
    import fcntl

T = TypeVar("T")

_PAUSE_SECONDS = 0.01


class FileLock:
    """A lock on an open file (flock(2)): shared by whoever inherits `descriptor`.

    It is given back by closing, never by unlocking: unlocking would take it from the inheritors too.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._open = True

    def close(self) -> None:
        """Releases this holder's part. Harmless if repeated."""
        if self._open:
            self._open = False
            os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def try_lock(path: Path, *, shared: bool = False) -> FileLock | None:
    """A lock on `path`, created if missing, mode 0600; None while another lock excludes it.

    Raises OSError when the file cannot be opened.
    """
    # No link is followed: as root the folder belongs to an account that we do not trust with root.
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    lock = FileLock(os.open(path, flags, 0o600))
    try:
        fcntl.flock(lock.descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    except BaseException:
        lock.close()
        raise
    return lock


def poll(attempt: Callable[[], T | None], *, within: timedelta) -> T | None:
    """The first result of `attempt` that is not None; None after `within`."""
    deadline = time.monotonic() + within.total_seconds()
    while (result := attempt()) is None and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    return result
