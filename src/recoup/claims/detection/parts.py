"""Lists in the results of a rule: parts of the confidence, and what settled units of a candidate.

    _PARTS = list_of(
        part("base", 0.8, "refunded, not returned and not paid"),
        part("several refunds", -0.2, "the order has several refunds", when="c.refunds > 1"),
        part("possible payment", 0, "Amazon paid something", at_most=FOR_REVIEW, when="c.is_unclear"),
    )

The functions write SQL. A plain text is words and is quoted; `Sql` is an expression. `when` is always
a condition in SQL. The number is made of the parts by recoup.claims.detection.confidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from recoup.claims.lifecycle import PROMPT_FROM

FOR_REVIEW = PROMPT_FROM - Decimal("0.05")
"""The most for a claim at which a person has to look first: less than is called owed."""


class Sql(str):
    """An SQL expression in place of plain text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a list. json: an expression; when: the condition under which it is included."""

    json: str
    when: str | None = None


def part(
    name: str,
    change: float | Sql,
    why: str,
    *,
    at_most: Decimal | float | None = None,
    when: str | None = None,
) -> Entry:
    """A part of the confidence: the base, which comes first, or a change to it.

    at_most: where the parts up to this one come to more, its change is what takes them down to it.
    """
    limit = "" if at_most is None else f", 'at_most', {at_most}"
    return Entry(
        f"jsonb_build_object('part', {_text(name)}, 'change', {change}, 'why', {_text(why)}{limit})",
        when,
    )


def settled(by: str, reference: str, units: str, why: str, *, when: str | None = None) -> Entry:
    """Something that took units off the event. reference and units are expressions."""
    return Entry(
        f"jsonb_build_object('by', {_text(by)}, 'reference', {reference}, 'units', {units}, "
        f"'why', {_text(why)})",
        when,
    )


def list_of(*entries: Entry | Sql) -> Sql:
    """A list of the entries whose conditions hold; an expression is itself a list and joined."""
    return Sql(" || ".join(one if isinstance(one, Sql) else either(one) for one in entries))


def either(*entries: Entry) -> Sql:
    """A list with the first entry whose condition holds; empty if none does."""
    branches = " ".join(f"when {one.when} then {_alone(one)}" for one in entries if one.when)
    otherwise = next((_alone(one) for one in entries if not one.when), "'[]'")
    return Sql(f"case {branches} else {otherwise} end" if branches else otherwise)


def _alone(entry: Entry) -> str:
    return f"jsonb_build_array({entry.json})"


def _text(words: str) -> str:
    return words if isinstance(words, Sql) else "'" + words.replace("'", "''") + "'"


RECONCILED = settled(
    "reconciled",
    "rows",
    "open_units - quantity",
    "Amazon's ledger calls these units reconciled",
    when="quantity <> open_units",
)
"""Units of an incident that Amazon's own pairing ends, beside what recoup pairs."""
