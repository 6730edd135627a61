"""Users that only read: their workspace, no secrets, and no way around either."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from recoup.database_url import url_of_user
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.db.readers import ALL_WORKSPACES, drop_reader, make_reader
from recoup.migrations.schema import METADATA
from recoup.migrations.walls import OF_PEOPLE, VIEWS, reader_columns
from recoup.sync.record.export_queries import SECRETS
from tests.db.test_walls import DENIED, MINE, THEIRS, Connection, two_workspaces

__all__ = ["two_workspaces"]

READABLE = [one for one in METADATA.sorted_tables if reader_columns(one)]
HIDDEN = [one for one in METADATA.sorted_tables if not reader_columns(one)]


def reader(postgres: EmbeddedServer, database: Database, workspace_id: str) -> Iterator[Connection]:
    """A connection of a user that reads."""
    name = database.conninfo.partition("?")[0].rpartition("/")[2]
    administrator = postgres.superuser_url(name)
    login = make_reader(administrator, workspace_id)
    with psycopg.connect(url_of_user(postgres.url(name), login.user, "")) as conn:
        yield conn
        conn.rollback()
    drop_reader(administrator, workspace_id)


@pytest.fixture(scope="module")
def mine(postgres: EmbeddedServer, two_workspaces: Database) -> Iterator[Connection]:
    """The reader of one of two workspaces."""
    yield from reader(postgres, two_workspaces, MINE)


@pytest.fixture(autouse=True)
def _each_begins_anew(mine: Connection) -> None:
    """A refusal ends a transaction."""
    mine.rollback()


@pytest.mark.parametrize("table", READABLE, ids=lambda table: table.name)
def test_a_reader_sees_the_rows_of_its_workspace(table, mine: Connection) -> None:
    """All of them, whatever the session says of itself."""
    names = sql.SQL(", ").join(map(sql.Identifier, reader_columns(table)))
    query = sql.SQL("select {} from {}").format(names, sql.Identifier(table.name))
    assert len(mine.execute(query).fetchall()) == 1

    mine.execute("select set_config('recoup.workspace_id', %s, false)", [THEIRS])

    assert len(mine.execute(query).fetchall()) == 1


@pytest.mark.parametrize("table", HIDDEN, ids=lambda table: table.name)
def test_a_reader_sees_nothing_of_people_and_of_all(table, mine: Connection) -> None:
    """Neither who uses recoup nor what belongs to no workspace."""
    with pytest.raises(DENIED):
        mine.execute(sql.SQL("select from {}").format(sql.Identifier(table.name)))


def test_where_a_webhook_sends_is_hidden(mine: Connection) -> None:
    """Its address often holds what lets one send to it."""
    assert "url" not in reader_columns(METADATA.tables["webhook"])
    with pytest.raises(DENIED):
        mine.execute("select url from webhook")


def test_everything_about_people_is_hidden():
    """By name: a table that comes later is not readable by accident."""
    assert {*OF_PEOPLE, "audit_entry", "amazon_consent", "rate_budget"} <= {
        one.name for one in HIDDEN
    }


@pytest.mark.parametrize(
    ("table", "column"), [(t, c) for t, names in SECRETS.items() for c in sorted(names)]
)
def test_a_reader_sees_no_secret(table: str, column: str, mine: Connection) -> None:
    """Neither sealed nor as a digest."""
    with pytest.raises(DENIED):
        mine.execute(
            sql.SQL("select {} from {}").format(sql.Identifier(column), sql.Identifier(table))
        )


@pytest.mark.parametrize(
    "statement",
    [
        "set role recoup_owner",
        "set role recoup_worker",
        "set role recoup_reader",
        "set session authorization recoup_owner",
        "select lo_import('/etc/passwd')",
        "copy orders to program 'true'",
    ],
)
def test_a_reader_cannot_become_somebody_else(statement: str, mine: Connection) -> None:
    """Nor leave the database."""
    with pytest.raises(DENIED):
        mine.execute(statement.encode())


def test_a_reader_cannot_choose_what_it_reads(mine: Connection) -> None:
    """The comment of its user says it, and is not its own."""
    (user,) = mine.execute("select session_user::text").fetchone() or ("",)
    with pytest.raises(psycopg.Error):
        mine.execute(
            sql.SQL("comment on role {} is 'recoup reads *'").format(sql.Identifier(str(user)))
        )


def test_a_reader_writes_nothing(mine: Connection) -> None:
    """Not even where a session allows itself to write."""
    mine.execute("set transaction read write")
    with pytest.raises(DENIED):
        mine.execute("update claim set note = 'x'")


@pytest.mark.parametrize("view", VIEWS)
def test_views_show_what_the_tables_show(view: str, mine: Connection) -> None:
    """One of the two workspaces."""
    rows = mine.execute(
        sql.SQL("select connection_id from {}").format(sql.Identifier(view))
    ).fetchall()

    assert rows == [(MINE,)]


def test_an_operator_may_open_all(postgres: EmbeddedServer, two_workspaces: Database) -> None:
    """`--all-workspaces`, and still without secrets."""
    for conn in reader(postgres, two_workspaces, ALL_WORKSPACES):
        found = conn.execute("select connection_id from orders order by 1").fetchall()
        assert found == [(MINE,), (THEIRS,)]
        with pytest.raises(DENIED):
            conn.execute("select refresh_token_sealed from amazon_connection")


def test_a_role_without_a_workspace_sees_nothing(
    postgres: EmbeddedServer, two_workspaces: Database
) -> None:
    """Whoever is granted recoup_reader by hand is no reader of a workspace yet."""
    name = two_workspaces.conninfo.partition("?")[0].rpartition("/")[2]
    user = f"hand_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres.superuser_url(name), autocommit=True) as admin:
        admin.execute(
            sql.SQL("create role {} login in role recoup_reader").format(sql.Identifier(user))
        )
        with psycopg.connect(url_of_user(postgres.url(name), user, "")) as conn:
            assert conn.execute("select connection_id from orders").fetchall() == []
        admin.execute(sql.SQL("drop role {}").format(sql.Identifier(user)))
