"""Oddities: other presentations of the same world, as sellers saw them at the real Amazon.

One file is one kind: its name is the kind's name, and its constant ODDITY says what becomes odd. The
world itself, and so the truth about what Amazon owes, is the same with and without.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recoup.sandbox.oddities._oddity import Oddity

ALL = "all"
NOT_IN_ALL = frozenset({"no_fba"})
"""An account without FBA has nothing that the other kinds could change."""


def oddity_names() -> tuple[str, ...]:
    """All kinds. Imports none of them: a command line's help needs only the names."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def parse_oddities(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The selected kinds; `all` is all that one account can have. Hyphens may be underscores.

    Raises ValueError with one line that lists the kinds.
    """
    names: set[str] = set()
    for text in texts:
        name = text.strip().lower().replace("-", "_")
        if name == ALL:
            names.update(set(oddity_names()) - NOT_IN_ALL)
        elif name in oddity_names():
            names.add(name)
        else:
            kinds = ", ".join((*oddity_names(), ALL))
            raise ValueError(f"odd kind {text!r}: expected one of {kinds}")
    return tuple(sorted(names))


def load_oddities(names: tuple[str, ...]) -> tuple[Oddity, ...]:
    """The kinds in the order in which they are applied: first content, last layout."""
    found = [import_module(f"{__name__}.{name}").ODDITY for name in names]
    return tuple(sorted(found, key=lambda one: one.step))
