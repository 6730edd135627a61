"""A disk of this machine that is full, told apart from everything else that a file can refuse."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from recoup.errors import DiskFullError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def temporary_space() -> Iterator[None]:
    """For work with temporary files. Raises DiskFullError in place of the OSError that says so."""
    try:
        yield
    except OSError as exc:
        if exc.errno not in _FULL:
            raise
        raise DiskFullError(
            f"No space is left for temporary files in {tempfile.gettempdir()}: free some, or set "
            "TMPDIR to a folder with more; recoup then goes on by itself."
        ) from exc
