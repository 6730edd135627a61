"""The migrations and the tables in the code are the same schema."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.errors import SchemaMismatchError
from recoup.migrations.schema import METADATA, is_ours
from recoup.migrations.upgrade import (
    _revisions,
    migration_config,
    read_status,
    require_fitting,
    upgrade,
)


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


def test_the_names_of_the_files_are_the_order_of_the_migrations() -> None:
    """As Alembic has it from their contents: a command that changes no schema does not ask it."""
    scripts = list(ScriptDirectory.from_config(migration_config()).walk_revisions())

    assert [script.revision for script in reversed(scripts)] == list(_revisions())


def test_a_database_of_the_first_release_keeps_its_rows(postgres: EmbeddedServer) -> None:
    """Made by the first release and filled with rows of every table, it fits this version afterwards.

    The rows were taken from syncs of the sandbox and never change: a migration brings them along.
    """
    told = json.loads((Path(__file__).parent / "first_release.json").read_text(encoding="utf-8"))
    postgres.create_database("first_release")
    database = Database(postgres.url("first_release"))
    engine = create_engine(database.sqlalchemy_url)
    with engine.begin() as conn:
        config = migration_config()
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        for table, rows in told.items():
            conn.execute(
                text(
                    f"insert into {table} overriding system value "
                    f"select * from json_populate_recordset(null::{table}, :rows)"
                ),
                {"rows": json.dumps(rows)},
            )
    upgrade(database)
    with engine.connect() as conn:
        kept = {
            table: conn.execute(text(f"select count(*) from {table}")).scalar_one()
            for table in told
        }
        tables = {name for name in inspect(conn).get_table_names() if is_ours(name)}
        owned = conn.execute(
            text(
                "select c.workspace_id, m.user_id, m.role from amazon_connection c "
                "join workspace_member m using (workspace_id)"
            )
        ).all()
    engine.dispose()

    assert read_status(database).fits
    assert set(told) <= tables
    assert kept == {table: len(rows) for table, rows in told.items()}
    assert min(kept.values()) > 0
    # What was a user's is in a workspace of the user's id now.
    assert [tuple(one) for one in owned] == [
        (row["user_id"], row["user_id"], "owner") for row in told["amazon_connection"]
    ]
    postgres.drop_database("first_release")


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
