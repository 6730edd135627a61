"""Sets of words in the database: a column that holds one of an enum's values."""

from __future__ import annotations

import enum
from collections.abc import Iterable


def one_of(column: str, words: Iterable[enum.StrEnum]) -> str:
    """The condition of a check constraint or a partial index: the column has one of the words."""
    return f"{column} in ({', '.join(repr(word.value) for word in words)})"
