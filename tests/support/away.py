"""A database that is away for a while: no connection lives, and none is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from recoup.db.embedded import EmbeddedServer


@contextmanager
def away(postgres: EmbeddedServer, database_url: str) -> Iterator[None]:
    """Until the end of the block PostgreSQL lets nobody into this database."""
    name = urlsplit(database_url).path.removeprefix("/")
    with psycopg.connect(postgres.superuser_url("postgres"), autocommit=True) as conn:
        _allow(conn, name, allowed=False)
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        try:
            yield
        finally:
            _allow(conn, name, allowed=True)


def _allow(conn: psycopg.Connection[tuple[object, ...]], name: str, *, allowed: bool) -> None:
    conn.execute(
        sql.SQL("alter database {} allow_connections {}").format(
            sql.Identifier(name), sql.Literal(allowed)
        )
    )
