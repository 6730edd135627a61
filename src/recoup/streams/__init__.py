"""Every stream that recoup knows: one file here is one stream, there is no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from recoup.streams.stream import Stream


@cache
def all_streams() -> tuple[Stream, ...]:
    """The STREAM of each module of this package that has one, in order of name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module.STREAM for module in modules if hasattr(module, "STREAM"))
