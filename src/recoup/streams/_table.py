"""Tables for a seller's data: keyed by the connection first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP

from recoup.db.metadata import METADATA

TIME = TIMESTAMP(timezone=True)

LONGEST_KEY_BYTES = 400
"""The longest text of a key or an index, in UTF-8. An index entry of PostgreSQL holds 2,704 bytes
in all, and the longest key has six texts; Amazon's ids and SKUs have some 40 letters at most."""


def stream_table(
    name: str,
    *,
    key: Sequence[str],
    columns: Sequence[Column[Any]],
    indexes: Sequence[Index] = (),
    from_report: bool = False,
) -> Table:
    """A table with the natural `key` after the connection, and the source of each row.

    `source` is the operation and Amazon's request id of the answer with the row; for one
    that came `from_report` the report type, report id and document id, and `source_line` is its
    line in the file, the header being line 1; the line may be a part of the key.
    """
    origin: list[Column[Any]] = [Column("source", Text, nullable=False)]
    if from_report:
        line = Column("source_line", Integer)
        columns = [*columns, line] if "source_line" in key else columns
        origin += [line] if "source_line" not in key else []
    for column in columns:
        if column.name in key:
            column.primary_key = True
            column.nullable = False
    ordered = [next(c for c in columns if c.name == part) for part in key]
    others = [c for c in columns if c.name not in key]
    return Table(
        name,
        METADATA,
        Column(
            "connection_id",
            Text,
            ForeignKey("amazon_connection.connection_id"),
            primary_key=True,
        ),
        *ordered,
        *others,
        *origin,
        Column("loaded_at", TIME, nullable=False, server_default=func.now()),
        *indexes,
    )


def history_table(main: Table, tracked: Sequence[str]) -> Table:
    """`<main>_history`: earlier values of the columns `tracked` of a row, and since when.

    Its key is that of `main` and `seen_at`. Filled by the framework (recoup.sync.loading.history_queries).
    """
    key = [column.name for column in main.primary_key.columns if column.name != "connection_id"]
    return Table(
        f"{main.name}_history",
        METADATA,
        Column(
            "connection_id",
            Text,
            ForeignKey("amazon_connection.connection_id"),
            primary_key=True,
        ),
        *(Column(name, main.columns[name].type, primary_key=True) for name in key),
        Column("seen_at", TIME, primary_key=True),
        *(Column(name, main.columns[name].type) for name in tracked),
    )


@cache
def indexed_texts(table: Table) -> frozenset[str]:
    """The text columns in a key or an index, whose length is therefore limited."""
    indexed = [table.primary_key.columns, *(index.columns for index in table.indexes)]
    return frozenset(
        column.name for columns in indexed for column in columns if isinstance(column.type, Text)
    )


@cache
def own_key(table: Table) -> tuple[str, ...]:
    """The columns of the key without the connection, which all rows of a seller share."""
    return tuple(c.name for c in table.primary_key.columns if c.name != "connection_id")
