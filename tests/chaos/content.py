"""What one seller has in the database, to be compared with what a calm run stored."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, text

from recoup.db.upsert import PROVENANCE
from recoup.streams import all_streams
from recoup.streams.inventory_report import UNTOLD

Row = tuple[str, ...]
"""Each value after the name of its column."""
Content = dict[str, list[Row]]
"""Rows by table. Of one that pages or a report may fill: what both tell, and whole rows of pages
under its name with `_BY_PAGES`.
"""
_BY_PAGES = " by pages"
# What a report does not tell (docs/amazon.md#orders-report): a plan made in trouble may choose it.
_OF_PAGES = {
    "order_items": frozenset({"order_item_id", "condition", "proceeds"}),
    "inventory": frozenset(UNTOLD),
}
_CLAIM = (
    "select type, key, quantity, amount, currency, confidence, status, stage, fileable_from, deadline,"
    " reason from claim where connection_id = :connection_id order by type, key"
)


def read_content(conn: Connection, connection_id: str) -> Content:
    """Every row of every stream of a seller, and its claims: all that does not depend on where and
    when it was loaded.
    """
    found: Content = {}
    for table in [table for one in all_streams() for table in (one.table, *one.parts)]:
        of_seller = table.c.connection_id == connection_id
        untold = _OF_PAGES.get(table.name, frozenset())
        found[table.name] = _rows(conn, table, of_seller, without=untold)
        if untold:
            of_pages = of_seller & table.c.source.not_like("GET_%")
            found[table.name + _BY_PAGES] = _rows(conn, table, of_pages)
    claims = conn.execute(text(_CLAIM), {"connection_id": connection_id})
    found["claim"] = [tuple(map(str, row)) for row in claims]
    return found


def differences(calm: Content, now: Content) -> list[str]:
    """One text for each table that differs. Rows of pages may be fewer than in the calm run, as far as
    a report brought them; those that are there must be the same.
    """
    return [
        f"{name}: {len(calm[name])} rows calm, {len(now[name])} now\n{_show(calm[name], now[name])}"
        for name in calm
        if not _alike(name, Counter(calm[name]), Counter(now[name]))
    ]


def _alike(name: str, calm: Counter[Row], now: Counter[Row]) -> bool:
    return now <= calm if name.endswith(_BY_PAGES) else now == calm


def _show(calm: list[Row], now: list[Row]) -> str:
    """Some rows that only one of them has, one below the other."""
    lines = [("calm ", row) for row in set(calm) - set(now)]
    lines += [("now  ", row) for row in set(now) - set(calm)]
    return "\n".join(f"  {when} {' '.join(row)}" for when, row in sorted(lines, key=_row)[:12])


def _row(line: tuple[str, Row]) -> Row:
    return line[1]


def _rows(
    conn: Connection,
    table: Table,
    which: ColumnElement[bool],
    *,
    without: frozenset[str] = frozenset(),
) -> list[Row]:
    left_out = {"connection_id", *PROVENANCE, *without}
    columns: list[Any] = [column for column in table.columns if column.name not in left_out]
    rows = conn.execute(table.select().with_only_columns(*columns).where(which))
    return sorted(
        tuple(f"{c.name}={value}" for c, value in zip(columns, row, strict=True)) for row in rows
    )
