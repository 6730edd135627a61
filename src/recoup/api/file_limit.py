"""How many files, and so connections, this process may open."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import resource

_ENOUGH = 65_536
"""Some systems allow a billion, and programs that close "all" files take minutes over it."""
_UNKNOWN = 2048


def raise_file_limit() -> int:
    """Raises the soft limit to the hard one, which every process may; returns what it is then."""
    if sys.platform == "win32":
        return _UNKNOWN
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _ENOUGH if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError):
        return soft  # a system with a limit beside these two, as macOS has
    return wanted
