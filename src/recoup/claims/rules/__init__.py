"""Every claim rule of recoup: one file per rule, there is no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from recoup.claims.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """The RULE of each module of this package, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module.RULE for module in modules)
