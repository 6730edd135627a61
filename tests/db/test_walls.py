"""The walls between workspaces: every table, as each role, with a row of two workspaces in it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from psycopg import sql
from sqlalchemy import Column, Table, Text, create_engine, text
from sqlalchemy.dialects import postgresql

from recoup.db._owner import find_owner, hand_over
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.db.roles import DatabaseRole
from recoup.errors import SchemaMismatchError
from recoup.migrations.schema import METADATA
from recoup.migrations.upgrade import migration_config, require_fitting, upgrade
from recoup.migrations.walls import OF_PEOPLE

MINE, THEIRS = "mine", "theirs"
WALLED_COLUMNS = ("workspace_id", "connection_id", "sync_id")
DENIED = psycopg.errors.InsufficientPrivilege
VALUES: dict[str, object] = {
    "INTEGER": 1,
    "BIGINT": 1,
    "NUMERIC": 1,
    "DOUBLE PRECISION": 1,
    "BOOLEAN": False,
    "DATE": "2026-11-01",
    "TIMESTAMP WITH TIME ZONE": "2026-11-01T00:00:00Z",
    "JSONB": {},
    "INTERVAL": "1 day",
    "TSTZMULTIRANGE": "{}",
}

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's own constructor

Connection = psycopg.Connection[tuple[object, ...]]


def walled() -> list[Table]:
    """The tables whose rows belong to a workspace, and the people, who belong to some."""
    return [
        table
        for table in METADATA.sorted_tables
        if set(WALLED_COLUMNS) & set(table.columns.keys()) or table.name == "app_user"
    ]


def value(column: Column[object], owner: str) -> object:
    """Every text is the owner's name: so are the ids of workspace, connection, sync and user."""
    if isinstance(column.type, Text):
        return owner
    kind = column.type.compile(DIALECT)
    if kind.endswith("[]"):
        return [owner]
    if kind == "BYTEA":
        return f"\\x{owner.encode().hex()}"
    return VALUES[kind.partition("(")[0]]


def put(conn: Connection, table: Table, owner: str, **other: object) -> int:
    """A row of an owner. What PostgreSQL gives out or computes is left out."""
    stored = [c for c in table.columns if c.identity is None and c.computed is None]
    row = {c.name: value(c, owner) for c in stored} | other
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    statement = sql.SQL(
        "insert into {table} ({names}) select {names} from json_populate_record(null::{table}, %s)"
    ).format(table=sql.Identifier(table.name), names=names)
    return conn.execute(statement, [json.dumps(row)]).rowcount


def run(conn: Connection, statement: str, table: Table) -> int:
    return conn.execute(sql.SQL(statement).format(sql.Identifier(table.name))).rowcount  # type: ignore[arg-type] # a literal of this file


@pytest.fixture(scope="module")
def two_workspaces(postgres: EmbeddedServer, template: str) -> Iterator[Database]:
    """A row of two workspaces in every table. What a row must look like beside that is left out."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name, template=template)
    with psycopg.connect(postgres.superuser_url(name)) as conn:
        for table, constraint in conn.execute(
            "select conrelid::regclass::text, conname from pg_constraint "
            "where contype in ('c', 'f') and conrelid > 0 and connamespace = 'public'::regnamespace "
            "order by contype desc"
        ).fetchall():
            conn.execute(
                sql.SQL("alter table {} drop constraint {}").format(
                    sql.Identifier(table), sql.Identifier(constraint)
                )
            )
        for one in METADATA.sorted_tables:
            for owner in (MINE, THEIRS):
                put(conn, one, owner)
    yield Database(postgres.url(name))
    postgres.drop_database(name)


@pytest.fixture
def request_of_mine(two_workspaces: Database) -> Iterator[Connection]:
    """A connection as a request has it: the role of the API, and a workspace for the transaction."""
    walled_off = two_workspaces.as_role(DatabaseRole.API)
    with psycopg.connect(walled_off.conninfo) as conn:
        conn.execute("select set_config('recoup.workspace_id', %s, true)", [MINE])
        yield conn
        conn.rollback()


def columns(conn: Connection, table: Table, what: str) -> list[str]:
    rows = conn.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
        "and attgenerated = '' "
        "and has_column_privilege(attrelid, attnum, %s)",
        [table.name, what],
    )
    return [str(name) for (name,) in rows]


@pytest.mark.parametrize("table", walled(), ids=lambda table: table.name)
def test_a_request_reads_the_rows_of_its_workspace_only(
    table: Table, request_of_mine: Connection
) -> None:
    """Without a WHERE; and without a workspace nothing."""
    conn = request_of_mine
    readable = columns(conn, table, "select")
    if not readable:
        with pytest.raises(DENIED):
            conn.execute(sql.SQL("select from {}").format(sql.Identifier(table.name)))
        return
    assert run(conn, f"select {readable[0]} from {{}}", table) == 1
    for nobody in ("", THEIRS[:-1]):
        conn.execute("select set_config('recoup.workspace_id', %s, true)", [nobody])
        assert run(conn, f"select {readable[0]} from {{}}", table) == 0
    conn.rollback()
    assert run(conn, f"select {readable[0]} from {{}}", table) == 0


@pytest.mark.parametrize("table", walled(), ids=lambda table: table.name)
def test_a_request_writes_the_rows_of_its_workspace_only(
    table: Table, request_of_mine: Connection
) -> None:
    """Nothing of others is inserted, taken over, changed or deleted, without any WHERE."""
    conn = request_of_mine
    changeable = columns(conn, table, "update")
    if changeable:
        assert run(conn, f"update {{}} set {changeable[-1]} = {changeable[-1]}", table) == 1
    column = next((one for one in WALLED_COLUMNS if one in table.columns), "user_id")
    if column in changeable:
        with pytest.raises(DENIED), conn.transaction():
            run(conn, f"update {{}} set {column} = '{THEIRS}'", table)
    if columns(conn, table, "insert"):
        with pytest.raises(DENIED), conn.transaction():
            put(conn, table, "new", **{column: THEIRS})
    if may_delete(conn, table):
        assert run(conn, "delete from {}", table) == 1


def may_delete(conn: Connection, table: Table) -> bool:
    found = conn.execute("select has_table_privilege(%s, 'delete')", [table.name]).fetchone()
    return bool(found and found[0])


def test_a_sync_cannot_name_the_connection_of_others(request_of_mine: Connection) -> None:
    """The own workspace in a row does not make all of it the workspace's."""
    table = METADATA.tables["sync_progress"]
    with pytest.raises(DENIED):
        put(request_of_mine, table, "new", workspace_id=MINE, connection_id=THEIRS)


def test_no_table_is_without_its_walls(two_workspaces: Database) -> None:
    """By the catalog: a table with one of the columns that somebody adds tomorrow is noticed."""
    with psycopg.connect(two_workspaces.conninfo) as conn:
        open_tables = conn.execute(
            "select distinct c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid "
            "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') "
            "and a.attname in ('workspace_id', 'connection_id') "
            "and not (c.relrowsecurity and c.relforcerowsecurity)"
        ).fetchall()
        open_policies = conn.execute(
            "select tablename from pg_policies where 'recoup_api' = any(roles) "
            "and (qual = 'true' or qual not like '%%recoup.workspace_id%%' "
            "and qual !~ 'recoup_connections|sync_progress|workspace_member|budget_account')"
        ).fetchall()

    assert open_tables == []
    assert open_policies == []


@pytest.mark.parametrize("role", DatabaseRole)
def test_no_role_is_above_the_walls(role: DatabaseRole, two_workspaces: Database) -> None:
    """Also on the embedded server: no superuser, no bypass, nothing owned, no tables made."""
    with psycopg.connect(two_workspaces.as_role(role).conninfo) as conn:
        assert conn.execute("select current_user::text, session_user::text").fetchone() == (
            role.value,
            "recoup_owner",
        )
        powers = conn.execute(
            "select bool_or(rolsuper or rolbypassrls or rolcreaterole or rolcreatedb) "
            "from pg_roles where rolname in (current_user, session_user)"
        ).fetchone()
        owned = conn.execute(
            "select count(*) from pg_class where relowner = current_user::regrole"
        ).fetchone()
        with pytest.raises(DENIED):
            conn.execute("create table extra ()")

    assert powers == (False,)
    assert owned == (0,)


def test_the_door_knows_people_and_no_seller(two_workspaces: Database) -> None:
    """Who asks to be let in reaches no row of a seller; a request reaches no secret of a person."""
    of_people = {*OF_PEOPLE, "amazon_consent"}
    sellers = [table for table in walled() if table.name not in of_people]
    with psycopg.connect(two_workspaces.as_role(DatabaseRole.DOOR).conninfo) as door:
        seen = {table.name: columns(door, table, "select") for table in sellers}
        assert run(door, "select from {}", METADATA.tables["credential"]) == 2
    with psycopg.connect(two_workspaces.as_role(DatabaseRole.API).conninfo) as api:
        secrets = [
            table.name
            for table in METADATA.sorted_tables
            if {"hash", "digest", "address_digest"} & {*columns(api, table, "select")}
            and table.name != "invitation"
        ]

    counted = {"sync_progress": ["status"], "api_call": seen["api_call"]}
    assert {name: found for name, found in seen.items() if found} == counted
    assert secrets == []


def test_the_worker_sees_every_row(two_workspaces: Database) -> None:
    """A worker serves all workspaces."""
    with psycopg.connect(two_workspaces.conninfo) as conn:
        assert {run(conn, "select from {}", table) for table in walled()} == {2}


@pytest.mark.parametrize("role", [one for one in DatabaseRole if one is not DatabaseRole.READER])
def test_nobody_changes_what_the_audit_log_says(
    role: DatabaseRole, two_workspaces: Database
) -> None:
    """The API adds and reads, the door adds; only the worker deletes, what is too old."""
    table = METADATA.tables["audit_entry"]
    with psycopg.connect(two_workspaces.as_role(role).conninfo) as conn:
        conn.execute("select set_config('recoup.workspace_id', %s, true)", [MINE])
        assert put(conn, table, MINE) == 1
        assert columns(conn, table, "update") == []
        assert may_delete(conn, table) == (role is DatabaseRole.WORKER)
        with pytest.raises(DENIED):
            run(conn, "update {} set who = null", table)


def test_a_restored_database_regains_its_walls(postgres: EmbeddedServer, template: str) -> None:
    """A copy on a server without the grants is refused with what to do, which mends it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name, template=template)
    with psycopg.connect(postgres.url(name)) as conn:
        conn.execute("revoke all on orders from recoup_worker")
        conn.execute("alter table fees no force row level security")
    database = Database(postgres.url(name))
    with pytest.raises(SchemaMismatchError, match="recoup db upgrade"):
        require_fitting(database)
    upgrade(database)
    require_fitting(database)

    with psycopg.connect(database.conninfo) as conn:
        assert run(conn, "select from {}", METADATA.tables["orders"]) == 0
    postgres.drop_database(name)


def test_a_user_that_may_not_make_roles_is_told_what_to_run(postgres: EmbeddedServer) -> None:
    """The message has the statements for the administrator, after which the upgrade works."""
    with psycopg.connect(postgres.superuser_url("postgres"), autocommit=True) as conn:
        conn.execute("create role plain login")
        conn.execute("create database plain owner plain")
    database = Database(postgres.url("plain").replace("recoup_owner@", "plain@"))
    with pytest.raises(SchemaMismatchError, match="grant recoup_api, recoup_door") as refusal:
        upgrade(database)
    words = str(refusal.value)
    grant = words[words.index("grant ") : words.index("`, except")]
    with psycopg.connect(postgres.superuser_url("postgres"), autocommit=True) as conn:
        conn.execute(grant)  # type: ignore[arg-type] # what the message says
    upgrade(database)
    require_fitting(database)

    postgres.drop_database("plain")
    with psycopg.connect(postgres.superuser_url("postgres"), autocommit=True) as conn:
        conn.execute("drop role plain")


def test_a_database_of_an_earlier_recoup_is_handed_over(postgres: EmbeddedServer) -> None:
    """It was the superuser's, who made the tables of recoup and of the queue; now nothing is left."""
    with psycopg.connect(postgres.superuser_url("postgres"), autocommit=True) as conn:
        conn.execute("create database earlier")
    engine = create_engine(Database(postgres.superuser_url("earlier")).sqlalchemy_url)
    with engine.begin() as made:
        config = migration_config()
        config.attributes["connection"] = made
        command.upgrade(config, "0002")
    engine.dispose()
    with psycopg.connect(postgres.superuser_url("earlier")) as conn:
        hand_over(conn)
    database = Database(postgres.url("earlier"))
    upgrade(database)
    require_fitting(database)

    with psycopg.connect(postgres.superuser_url("earlier")) as conn:
        assert find_owner(conn, "earlier") == "recoup_owner"
        left = conn.execute(
            "select oid::regclass::text from pg_class where relowner = current_user::regrole "
            "and relnamespace = 'public'::regnamespace union all "
            "select oid::regprocedure::text from pg_proc where proowner = current_user::regrole "
            "and pronamespace = 'public'::regnamespace"
        ).fetchall()
    assert left == []
    postgres.drop_database("earlier")


def test_other_walls_than_ours_are_raised_again_by_an_upgrade(database_url: str) -> None:
    """An earlier version let somebody see more. It may run beside this one until then."""
    owner = Database(database_url)
    engine = create_engine(owner.sqlalchemy_url)
    with engine.begin() as conn:
        conn.execute(text("grant select (url) on webhook to recoup_reader"))
        conn.execute(text("comment on table alembic_version is 'walls of another version'"))
    require_fitting(owner)

    upgrade(owner)

    with engine.connect() as conn:
        asked = "select has_column_privilege('recoup_reader', 'webhook', 'url', 'select')"
        assert conn.execute(text(asked)).scalar_one() is False
    engine.dispose()
