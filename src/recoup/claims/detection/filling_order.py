"""The order in which temporary tables are created and changed: each after the tables it reads.

Nothing is listed. A SELECT names the tables that it reads, and a change those that it reads and
changes; a table that is changed is ready for its readers after the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from recoup.claims.detection.temporary_table import Change, TemporaryTable, tables_in

Filling = TemporaryTable | Change
"""A table is made, or some are changed."""


class FillingOrderError(ValueError):
    """Tables that cannot be ordered; the message names them."""


def filling_order(tables: Iterable[TemporaryTable]) -> tuple[Filling, ...]:
    """All tables and their changes, each after what it reads, otherwise ordered by name.

    Raises FillingOrderError where tables read each other, or read one that is not among them.
    """
    known = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    changes = {
        table.changed_by.name: table.changed_by
        for table in known.values()
        if table.changed_by is not None
    }
    after = {table.name: sorted(_before_table(table, known)) for table in known.values()}
    after |= {change.name: sorted(_before_change(change, known)) for change in changes.values()}
    try:
        order = tuple(TopologicalSorter(after).static_order())
    except CycleError as exc:
        raise FillingOrderError(f"each reads the one before it: {', '.join(exc.args[1])}") from exc
    fillings: Mapping[str, Filling] = {**known, **changes}
    return tuple(fillings[name] for name in order)


def _before_table(table: TemporaryTable, known: Mapping[str, TemporaryTable]) -> set[str]:
    """The needs of its SELECT: tables after all their changes."""
    names = tables_in(table.fill or "")
    return {_ready(name, table.name, known) for name in names}


def _before_change(change: Change, known: Mapping[str, TemporaryTable]) -> set[str]:
    """The tables that it changes must exist; those that it reads must be complete."""
    names = tables_in(" ".join(change.statements))
    changed = {name for name, table in known.items() if table.changed_by is change}
    return changed | {_ready(name, change.name, known) for name in names - changed}


def _ready(name: str, reader: str, known: Mapping[str, TemporaryTable]) -> str:
    """What must be done before the table can be read."""
    table = known.get(name)
    if table is None:
        raise FillingOrderError(f"{reader} reads {name}, which is not made by then, or nowhere")
    return name if table.changed_by is None else table.changed_by.name
