"""The migrations and the tables in the code are the same schema."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.errors import SchemaMismatchError
from recoup.migrations.schema import METADATA, is_ours
from recoup.migrations.upgrade import read_status, require_fitting, upgrade


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


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    """A second upgrade finds nothing to do."""
    database = Database(database_url)

    assert upgrade(database).pending == ()
    assert read_status(database).fits


def test_two_upgrades_at_once_make_one_schema(postgres: EmbeddedServer) -> None:
    """Two processes that start together on an empty database do not disturb each other."""
    postgres.create_database("upgraded_twice")
    database = Database(postgres.url("upgraded_twice"))
    with ThreadPoolExecutor(2) as pool:
        before = list(pool.map(lambda _: upgrade(database), range(2)))

    assert read_status(database).fits
    assert min(len(status.pending) for status in before) == 0
    postgres.drop_database("upgraded_twice")


def test_a_database_that_does_not_fit_is_refused_with_what_to_do(
    postgres: EmbeddedServer, database_url: str
) -> None:
    """No schema: run the upgrade. A newer one: install the newer recoup."""
    postgres.create_database("empty")
    with pytest.raises(SchemaMismatchError, match="run `recoup db upgrade`"):
        require_fitting(Database(postgres.url("empty")))
    postgres.drop_database("empty")

    newer = Database(database_url)
    engine = create_engine(newer.sqlalchemy_url)
    with engine.begin() as conn:
        conn.execute(text("update alembic_version set version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SchemaMismatchError, match="install the newer recoup"):
        require_fitting(newer)
