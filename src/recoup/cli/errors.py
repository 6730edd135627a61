"""The translator of the command line: every failure is one line on stderr and an exit status."""

from __future__ import annotations

import errno
import socket

from recoup.errors import (
    AmbiguousConnectionError,
    ConfigurationError,
    NoConnectionError,
    NotFoundError,
    RecoupError,
)

FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count

_NO_LISTENING = {
    errno.EADDRINUSE: "stop the program that listens there, perhaps another recoup, or choose "
    "another --port.",
    errno.EADDRNOTAVAIL: "choose another --host.",
    errno.EACCES: "choose another --port, above 1023.",
}
"""What to do for each error of who cannot listen at an address."""


class CommandError(RecoupError):
    """A command cannot do what was requested; the message says what to do instead."""


def explain(error: Exception) -> tuple[str, int] | None:
    """The line for stderr and the exit status; None for an unexpected error: a bug."""
    if isinstance(error, AmbiguousConnectionError):
        choice = ", ".join(error.connection_ids)
        return (
            f"Several Amazon accounts are connected; choose one with --connection: {choice}",
            FAILED,
        )
    if isinstance(error, NoConnectionError):
        return "No Amazon account is connected yet; add one with `recoup connect`.", FAILED
    if isinstance(error, ConfigurationError):
        return _one_line(error), WRONG_USAGE
    if isinstance(error, NotFoundError) and error.listed_by is not None:
        there = f"; `recoup {error.listed_by}` lists them."
        return f"{_one_line(error).rstrip('.')}{there}", FAILED
    if isinstance(error, RecoupError):
        return _one_line(error), FAILED
    if isinstance(error, OSError):
        return _explain_os_error(error)
    return None


def _explain_os_error(error: OSError) -> tuple[str, int] | None:
    if isinstance(error, socket.gaierror):
        return f"Cannot listen: {error.strerror}; choose another --host.", FAILED
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}", FAILED
    if error.errno in _NO_LISTENING:
        return f"Cannot listen: {error.strerror}; {_NO_LISTENING[error.errno]}", FAILED
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
