"""How sentences of rules agree with their numbers."""

from __future__ import annotations


def by_number(count: str, one: str, several: str) -> str:
    """An SQL expression: the text for exactly one, or that for none or several. count: an expression."""
    return f"case when {count} = 1 then '{one}' else '{several}' end"
