"""Every claim rule that recoup knows: one file here is one rule, there is no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from recoup.claims.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """The RULE of each module of this package, in order of name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module.RULE for module in modules)
