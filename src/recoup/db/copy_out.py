"""COPY out of the database, piece by piece, in one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from recoup.db.engine import Database
from recoup.db.roles import DatabaseRole
from recoup.errors import DatabaseUnreachableError
from recoup.ids import WorkspaceId

_PIECE_BYTES = 2**20


class DatabaseSnapshot:
    """A read of many tables as of one moment, with the eyes of one workspace. Blocking."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self.rows_copied = 0

    def copy_csv(self, query: str) -> Iterator[bytes]:
        """The rows as CSV with a header. A null is an empty cell, an empty text is `""`.

        `rows_copied` is their number at the end.
        """
        statement = f"copy ({query}) to stdout with (format csv, header, encoding 'UTF8')"
        with self._connection.cursor() as cursor:
            with cursor.copy(statement.encode()) as copy:
                yield from _together(copy)
            self.rows_copied = cursor.rowcount

    def read_row(self, query: str) -> tuple[object, ...]:
        row = self._connection.execute(query.encode()).fetchone()
        assert row is not None, "an aggregate has a row"
        return row


def _together(rows: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    """Rows in pieces of some size: the driver yields each by itself, and a step of Python for each
    would be most of the time.
    """
    parts: list[bytes | bytearray | memoryview] = []
    size = 0
    for row in rows:
        parts.append(row)
        size += len(row)
        if size >= _PIECE_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)


@contextmanager
def snapshot(url: str, workspace_id: WorkspaceId) -> Iterator[DatabaseSnapshot]:
    """Raises DatabaseUnreachableError."""
    conninfo = Database(url, role=DatabaseRole.API).conninfo
    try:
        connection = psycopg.connect(conninfo, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as exc:
        raise DatabaseUnreachableError("The database does not answer.") from exc
    with connection:
        connection.execute("set timezone = 'UTC'; set datestyle = 'ISO, MDY'")
        # Walls as for a request of the workspace. Nothing waits here but the reader of the rows.
        connection.execute("select set_config('recoup.workspace_id', %s, false)", [workspace_id])
        connection.execute("begin isolation level repeatable read read only")
        yield DatabaseSnapshot(connection)
