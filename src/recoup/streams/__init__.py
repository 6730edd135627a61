"""Every stream of recoup: one file per stream, there is no list to edit.

The files that begin with `_` are the framework that streams are declared with; `listing` reads
their rows.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Mapping
from functools import cache

from recoup.streams._stream import Stream


@cache
def all_streams() -> tuple[Stream, ...]:
    """The STREAM of each module of this package that has one, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg)
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module.STREAM for module in modules if hasattr(module, "STREAM"))


@cache
def purposes() -> Mapping[str, str]:
    """What the main table of each stream holds: the first sentence of the stream's file."""
    return {
        stream.table.name: _first_sentence(sys.modules[f"{__name__}.{stream.name}"].__doc__)
        for stream in all_streams()
    }


def _first_sentence(text: str | None) -> str:
    return f"{(text or '').partition('. ')[0].partition(chr(10))[0].rstrip('.')}."
