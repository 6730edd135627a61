"""What each field of the API and each column of the database means: one name, one meaning.

The files beside this one hold the sentences. A section is a table (`orders`) or a schema of the API
(`Order`), and `any` holds for a name wherever nothing narrower is said. A description in the code
stands above both.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

_ANY = "any"
_TABLES = "tables"


def meaning_of(owner: str, name: str) -> str | None:
    """The sentence for a column of a table, or a field (in snake_case) of a schema; None: unknown."""
    sections = _sections()
    return sections.get(owner, {}).get(name) or sections[_ANY].get(name)


def meaning_of_table(name: str) -> str | None:
    """The sentence for a table that is not the main one of a stream: that has its docstring."""
    return _sections()[_TABLES].get(name)


@cache
def _sections() -> Mapping[str, Mapping[str, str]]:
    merged: dict[str, dict[str, str]] = {_ANY: {}, _TABLES: {}}
    for file in resources.files(__name__).iterdir():
        if file.name.endswith(".toml"):
            for section, names in tomllib.loads(file.read_text(encoding="utf-8")).items():
                merged.setdefault(section, {}).update(names)
    return merged
