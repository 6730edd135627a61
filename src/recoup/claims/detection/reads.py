"""The stream data that each rule needs, derived from the reads of the temporary tables.

A rule needs what its own SELECT reads and what the temporary tables read that it uses, whatever way
round they come to it. What one of them can do without (`optional`) is not needed by way of it, but
may be by another way: a column that most only show is needed by those in which it `decides`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from recoup.claims.detection import all_tables
from recoup.claims.detection.cases import PAID_CASE
from recoup.claims.detection.temporary_table import EVERYTHING, Reads, TemporaryTable, tables_in
from recoup.claims.detection.window_and_value import CLAIM
from recoup.claims.rule import Rule

ROWS = ""
"""In place of a column: that there are rows at all."""

ColumnRead = tuple[str, str]
"""A table and a column of it, or `ROWS`."""

# What is done with the candidates of every rule: paid cases, windows, values.
_SHARED = frozenset({CLAIM.name, PAID_CASE.name})


def needs_of(rule: Rule) -> frozenset[ColumnRead]:
    """The data that must have been read before the rule can run."""
    needs = _needs_by_table()
    return _needed(rule, *(needs[name] for name in used_by(rule)))


def touches_of(one: Rule | TemporaryTable) -> frozenset[ColumnRead]:
    """All data that the rule reads directly or indirectly, including optional data."""
    tables = all_tables()
    seen: set[str] = set()
    todo = set(used_by(one))
    while todo:
        seen |= todo
        todo = {name for table in todo for name in used_by(tables[table])} - seen
    return _columns(one.reads).union(*(_columns(tables[name].reads) for name in seen))


def used_by(one: Rule | TemporaryTable) -> frozenset[str]:
    """The temporary tables from which it is made. Raises KeyError for an unknown one."""
    if isinstance(one, Rule):
        names = tables_in(one.sql) | _SHARED
    else:
        changes = one.changed_by.statements if one.changed_by else ()
        names = tables_in(" ".join((one.fill or "", *changes))) - {one.name}
    if unknown := names - all_tables().keys():
        raise KeyError(f"{min(unknown)} is used, and no module of recoup.claims.detection makes it")
    return names


@cache
def _needs_by_table() -> Mapping[str, frozenset[ColumnRead]]:
    """Repeats until nothing is added, as tables may change one another."""
    tables = all_tables()
    used = {name: used_by(table) for name, table in tables.items()}
    needs: Mapping[str, frozenset[ColumnRead]] = {name: frozenset() for name in tables}
    while True:
        grown = {
            name: _needed(table, *(needs[one] for one in used[name]))
            for name, table in tables.items()
        }
        if grown == needs:
            return needs
        needs = grown


def _needed(one: Rule | TemporaryTable, *needs: frozenset[ColumnRead]) -> frozenset[ColumnRead]:
    return frozenset(
        (table, column)
        for table, column in _columns(one.reads).union(*needs)
        if one.optional.get(table) != EVERYTHING and column not in one.optional.get(table, ())
    ) | {(table, column) for table, columns in one.decides.items() for column in columns}


def _columns(reads: Reads) -> frozenset[ColumnRead]:
    return frozenset(
        (table, column) for table, columns in reads.items() for column in (ROWS, *columns)
    )
