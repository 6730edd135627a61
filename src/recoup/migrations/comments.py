"""Comments on every table and column, for people who look at the database with a program of their own.

Written after every upgrade and not by a migration, from the tables in the code (recoup.migrations.schema): a
column that comes later has its comment from the beginning.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from recoup.migrations.schema import METADATA

_STORED = text(
    """
    select c.relname as name, coalesce(a.attname, '') as part, d.description as said
    from pg_description d
    join pg_class c on c.oid = d.objoid and c.relnamespace = 'public'::regnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid and d.objsubid > 0
    where d.classoid = 'pg_class'::regclass
    """
)


def write_comments(conn: Connection) -> None:
    """Writes those that are missing or have changed; a short lock of their tables."""
    stored = {(row.name, row.part): row.said for row in conn.execute(_STORED)}
    for (table, column), said in comments().items():
        if stored.get((table, column)) != said:
            what = f"column {table}.{column}" if column else f"table {table}"
            literal = said.replace("'", "''")
            conn.exec_driver_sql(f"comment on {what} is '{literal}'".replace("%", "%%"))


def comments() -> dict[tuple[str, str], str]:
    """The comment of each column, by table and column; of a table with an empty column."""
    found = {(table.name, ""): table.comment for table in METADATA.sorted_tables}
    for table in METADATA.sorted_tables:
        found |= {(table.name, column.name): column.comment for column in table.columns}
    return {place: said for place, said in found.items() if said}
