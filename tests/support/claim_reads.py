"""What the statements of a detection read of the streams, asked of PostgreSQL itself.

A temporary view of each SELECT is made; the catalog then knows each column that it depends on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from sqlalchemy import text

from recoup.claims.detection import all_tables
from recoup.claims.detection.filling_order import filling_order
from recoup.claims.detection.gaps import tables_of
from recoup.claims.detection.prepare import bind_values, prepare
from recoup.claims.detection.temporary_table import TemporaryTable, make_table
from recoup.claims.policy import load_policy
from recoup.claims.rules import all_rules
from recoup.db.engine import Writer
from recoup.streams import all_streams
from tests.support.claim_rows import make_world

AS_OF = date(2026, 11, 23)
OURS = frozenset({"connection_id", "source", "source_line", "loaded_at", "occurrence"})
"""Columns that recoup adds to every table: never missing, and in no declaration."""
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")
_COLUMNS = """
    select distinct c.relname as name, a.attname as column
    from pg_rewrite r
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
    join pg_class c on c.oid = d.refobjid
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid and a.attnum > 0
    where r.ev_class = 'pg_temp.asked'::regclass
"""
# The node of a variable that stands for a whole row, of which the catalog notes no columns.
_WHOLE_ROW = (
    "select count(*) from pg_rewrite where ev_class = 'pg_temp.asked'::regclass "
    "and ev_action::text ~ '[:]varattno 0 '"
)


STREAM_TABLES = frozenset(name for stream in all_streams() for name in tables_of(stream))


async def make_tables(conn: Writer) -> dict[str, object]:
    """Every temporary table, empty; gives the parameters that statements were bound to."""
    world = await make_world(conn)
    policy = load_policy()
    await prepare(conn, world.connection_id, AS_OF, policy)
    none = ("types", "watched_types", "watched_streams", "nouns_of", "nouns")
    none += ("refused_types", "refused_marketplaces", "refused_whys")
    none += ("span_types", "span_firsts", "span_lasts", "span_whys")
    values = (
        bind_values(world.connection_id, AS_OF, policy)
        | {name: [] for name in none}
        | {"horizon": None}
    )
    for one in filling_order(all_tables().values()):
        if isinstance(one, TemporaryTable) and not one.is_prepared:
            await make_table(conn, one, values)
    return values


async def read_by(conn: Writer, sql: str, values: Mapping[str, object]) -> dict[str, set[str]]:
    """The streams' tables that a SELECT depends on, each with its columns.

    Raises AssertionError for a reference to a whole row of anything, which hides its columns.
    """
    await conn.execute(text("drop view if exists pg_temp.asked"))
    bound = _PARAMETER.sub(lambda found: _literal(values[found[1]]), sql)
    await conn.exec_driver_sql(f"create temp view asked as {bound}".replace("%", "%%"))
    found: dict[str, set[str]] = {}
    for row in await conn.execute(text(_COLUMNS)):
        if row.name in STREAM_TABLES:
            found.setdefault(row.name, set())
            if row.column is not None and row.column not in OURS:
                found[row.name].add(row.column)
    whole = (await conn.execute(text(_WHOLE_ROW))).scalar_one()
    assert not whole, "the SELECT uses a whole row; name its columns"
    return found


async def read_by_all(conn: Writer) -> dict[str, dict[str, set[str]]]:
    """What fills each temporary table reads, by the table, and each rule, by its type."""
    values = await make_tables(conn)
    statements = {
        table.name: f"select * from ({table.fill}) as filled ({_names(table)})"
        for table in all_tables().values()
        if table.fill is not None
    }
    statements |= {rule.type.value: rule.sql for rule in all_rules()}
    return {name: await read_by(conn, sql, values) for name, sql in statements.items()}


def _names(table: TemporaryTable) -> str:
    return ", ".join(column.split(maxsplit=1)[0] for column in table.columns.split(","))


def declaration(reads: Mapping[str, set[str]]) -> str:
    """As it is written in a temporary table or a rule."""
    tables = [f'"{table}": ({_quoted(columns)})' for table, columns in sorted(reads.items())]
    return f"reads={{{', '.join(tables)}}},"


def _quoted(columns: set[str]) -> str:
    names = ", ".join(f'"{name}"' for name in sorted(columns))
    return names + "," if len(columns) == 1 else names


def _literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, date):
        return f"date '{value}'"
    if isinstance(value, list):
        return "'{}'"
    return "'" + str(value).replace("'", "''") + "'"
