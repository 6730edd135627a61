"""Detection of claims: one module per subject, with the temporary tables for it.

A table is made by being declared: each `TemporaryTable` of a module here is found, and the order in
which all are filled follows from their SELECTs. There is no list to edit.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType

from recoup.claims.detection.temporary_table import TemporaryTable


@cache
def all_tables() -> Mapping[str, TemporaryTable]:
    """Every temporary table of the modules of this package, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tables_of(importlib.import_module(f"{__name__}.{name}") for name in names)


def tables_of(modules: Iterable[ModuleType]) -> Mapping[str, TemporaryTable]:
    """Temporary tables that modules declare or import. Raises ValueError for a duplicate name."""
    tables: dict[str, TemporaryTable] = {}
    for module in modules:
        for one in vars(module).values():
            if isinstance(one, TemporaryTable) and tables.setdefault(one.name, one) is not one:
                raise ValueError(
                    f"{one.name}: {module.__name__} declares a table of another module"
                )
    return tables
