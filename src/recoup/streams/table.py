"""Tables that hold a seller's data: keyed by the connection first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP

from recoup.db.metadata import METADATA

TIME = TIMESTAMP(timezone=True)


def stream_table(
    name: str,
    *,
    key: Sequence[str],
    columns: Sequence[Column[Any]],
    indexes: Sequence[Index] = (),
    from_report: bool = False,
) -> Table:
    """A table with the natural `key` below the connection, and where each row came from.

    `source` is the operation and Amazon's request id of the answer that brought the row; for one
    that came `from_report` the report type, report id and document id, and `source_line` is its
    line in the file, the header being line 1.
    """
    origin: list[Column[Any]] = [Column("source", Text, nullable=False)]
    if from_report:
        origin.append(Column("source_line", Integer))
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
