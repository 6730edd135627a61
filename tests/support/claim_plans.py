"""How PostgreSQL runs the statements of a detection: what they scan, and how often."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import text

from recoup.claims.detection import all_tables
from recoup.claims.rules import all_rules
from recoup.db.engine import Reader

Node = Mapping[str, Any]
"""A node of a plan, as EXPLAIN names its fields."""

STATEMENTS: Mapping[str, str] = {
    **{table.name: table.fill for table in all_tables().values() if table.fill is not None},
    **{rule.type.value: rule.sql for rule in all_rules()},
}
"""Every SELECT of a detection: what fills each temporary table, by its name, and each rule, by its type."""

_CONDITIONS = ("Filter", "Index Cond", "Recheck Cond")
_REMOVED = (
    "Rows Removed by Filter",
    "Rows Removed by Join Filter",
    "Rows Removed by Index Recheck",
)


async def plan_of(
    conn: Reader, sql: str, values: Mapping[str, object], *, analyze: bool = False
) -> Node:
    """The plan of a SELECT; with `analyze` it is run, and the plan tells what each node handled."""
    options = "format json, analyze, timing off" if analyze else "format json"
    found = await conn.execute(text(f"explain ({options}) {sql}"), values)
    plan: Node = found.scalar_one()[0]["Plan"]
    return plan


def nodes_of(plan: Node) -> Iterator[Node]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from nodes_of(one)


async def tables_of_connections(conn: Reader) -> list[str]:
    """Those in which each row is of one connection."""
    found = await conn.execute(
        text(
            "select table_name from information_schema.columns "
            "where table_schema = 'public' and column_name = 'connection_id'"
        )
    )
    return list(found.scalars())


def unbounded_scans(plan: Node, tables: Collection[str], connection_id: str) -> list[str]:
    """Those of the tables that are scanned without a condition that names the connection."""
    bound = f"connection_id = '{connection_id}'"
    return [
        node["Relation Name"]
        for node in nodes_of(plan)
        if node.get("Relation Name") in tables
        and not any(bound in node.get(condition, "") for condition in _CONDITIONS)
    ]


def rows_handled(node: Node) -> float:
    """Rows that a node returned or dropped, over all times that it ran."""
    seen: float = node["Actual Rows"] + sum(node.get(name, 0) for name in _REMOVED)
    return seen * float(node["Actual Loops"])


async def largest_table(conn: Reader) -> int:
    """The rows of the largest table of connections, as of the last ANALYZE."""
    found = await conn.execute(
        text("select max(reltuples) from pg_class where relname = any(:names)"),
        {"names": await tables_of_connections(conn)},
    )
    return int(found.scalar_one())
