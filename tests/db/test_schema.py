"""The migrations and the tables in the code are the same schema."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from recoup.db.engine import Database
from recoup.migrations.schema import METADATA, is_ours
from recoup.migrations.upgrade import read_status, upgrade


def test_migrations_make_the_tables_of_the_code(database_url: str) -> None:
    """After all migrations nothing is left that Alembic would change."""
    engine = create_engine(Database(database_url).sqlalchemy_url)
    with engine.connect() as conn:
        context = MigrationContext.configure(
            conn,
            opts={"include_name": lambda name, kind, _: kind != "table" or is_ours(name)},
        )
        differences = compare_metadata(context, METADATA)
    engine.dispose()

    assert differences == []


async def test_x(database: Database) -> None:
    """x."""
    await database.check()
    assert read_status(database).fits
