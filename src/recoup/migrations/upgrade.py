"""Upgrades a database to the schema of this version, and reports its state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from recoup.db.engine import Database
from recoup.db.unreachable import unreachable_message
from recoup.errors import DatabaseUnreachableError, SchemaMismatchError
from recoup.migrations.comments import write_comments
from recoup.migrations.walls import raise_walls, walls_are_of_this_version, walls_stand

if TYPE_CHECKING:
    from alembic.config import Config

# Two processes that upgrade at once: one waits for the other and finds nothing left to do.
_UPGRADE_LOCK = 7_203_911


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """`current` is None for a database without recoup's tables. `pending` are steps to run."""

    current: str | None
    head: str
    pending: tuple[str, ...]

    @property
    def fits(self) -> bool:
        return self.current == self.head


def upgrade(database: Database) -> SchemaStatus:
    """Runs the missing migrations; returns the status before. Blocking.

    Raises DatabaseUnreachableError, or SchemaMismatchError when the database is newer than this
    version of recoup.
    """
    with _connect(database) as conn:
        conn.execute(text("select pg_advisory_lock(:key)"), {"key": _UPGRADE_LOCK})
        try:
            before = _status(conn)
            refuse_newer(before)
            conn.commit()
            if not before.fits:
                _run_migrations(conn)
            if not (before.fits and walls_stand(conn) and walls_are_of_this_version(conn)):
                raise_walls(conn)
                write_comments(conn)
                conn.commit()
        finally:
            conn.execute(text("select pg_advisory_unlock(:key)"), {"key": _UPGRADE_LOCK})
            conn.commit()
    return before


def read_status(database: Database) -> SchemaStatus:
    """Raises DatabaseUnreachableError. Blocking."""
    with _connect(database) as conn:
        return _status(conn)


def require_fitting(database: Database) -> None:
    """Raises SchemaMismatchError, with instructions, if the schema is of another version, or lacks
    the walls between workspaces. Blocking.
    """
    with _connect(database) as conn:
        status = _status(conn)
        refuse_newer(status)
        if not status.fits:
            raise SchemaMismatchError(
                f"The database is at {status.current or 'no schema'}, this version of recoup needs "
                f"{status.head}: run `recoup db upgrade`."
            )
        if not walls_stand(conn):
            raise SchemaMismatchError(
                "The database lacks roles or grants that recoup works with, perhaps since it was "
                "restored: run `recoup db upgrade`."
            )


def refuse_newer(status: SchemaStatus) -> None:
    """Raises SchemaMismatchError for a revision that this version does not know."""
    if status.current is not None and status.current not in _revisions():
        raise SchemaMismatchError(
            f"The database is at {status.current}, which this version of recoup does not know: "
            "install the newer recoup that upgraded it."
        )


def migration_config() -> Config:
    """Where Alembic finds the migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _run_migrations(conn: Connection) -> None:
    # Every command looks at the schema, and few have to change it: Alembic takes a second to import.
    from alembic import command

    config = migration_config()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
    conn.commit()


def _status(conn: Connection) -> SchemaStatus:
    is_made = conn.execute(text("select to_regclass('alembic_version') is not null")).scalar_one()
    current = None
    if is_made:
        current = conn.execute(text("select version_num from alembic_version")).scalar()
    revisions = _revisions()
    done = revisions.index(current) + 1 if current in revisions else 0
    return SchemaStatus(current, revisions[-1], revisions[done:])


@cache
def _revisions() -> tuple[str, ...]:
    """All that there are, the first one first: a migration's file begins with its revision."""
    files = (Path(__file__).parent / "versions").glob("[0-9]*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


@contextmanager
def _connect(database: Database) -> Iterator[Connection]:
    engine = create_engine(database.sqlalchemy_url, connect_args={"connect_timeout": 5})
    try:
        try:
            conn = engine.connect()
        # A programming error is an option of the address that libpq does not know.
        except (OperationalError, ProgrammingError) as exc:
            raise DatabaseUnreachableError(unreachable_message(exc.orig or exc)) from exc
        with conn:
            yield conn
    finally:
        engine.dispose()
