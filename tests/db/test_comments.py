"""Every table, column and view says what it holds."""

from __future__ import annotations

from recoup.migrations.comments import comments
from recoup.migrations.schema import METADATA
from recoup.migrations.walls import VIEWS


def test_every_table_and_column_has_a_comment():
    """In the code, from which the database has it."""
    told = comments()
    everything = {(table.name, "") for table in METADATA.sorted_tables} | {
        (table.name, column.name) for table in METADATA.sorted_tables for column in table.columns
    }

    assert sorted(everything - set(told)) == [], "say it in src/recoup/meanings or in the table"


async def test_the_database_says_the_same(database) -> None:
    """After an upgrade; the views' comments are their migration's."""
    async with database.reading() as conn:
        found = await conn.exec_driver_sql(
            "select c.relname, coalesce(a.attname, ''), d.description, c.relkind from pg_class c "
            "left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
            "left join pg_description d on d.objoid = c.oid and d.objsubid = a.attnum "
            "and d.classoid = 'pg_class'::regclass "
            "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') "
            "and c.relname not like 'procrastinate%%' and c.relname <> 'alembic_version'"
        )
        rows = found.all()

    told = comments()
    views = {name for name, _, _, kind in rows if kind == "v"}
    assert views == set(VIEWS)
    assert [row for row in rows if not row[2]] == []
    assert [row for row in rows if row[3] == "r" and told[row[0], row[1]] != row[2]] == []
