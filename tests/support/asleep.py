"""A program that was stopped in the middle of a statement, with its transaction open."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

_PARSE = b"\x00select 1\x00" + struct.pack("!h", 0)
_PARAMETERS = b"the first bytes of a page"
_BYTES_ANNOUNCED = 100_000


@contextmanager
def asleep(url: str, *, locked: str, name: str = "recoup 0.0.1") -> Iterator[int]:
    """Locks a table against writes and falls silent; the number of its backend.

    The server has got a statement and the head of its parameters, as from a worker under SIGSTOP
    whose page is longer than the buffer of a socket.
    """
    with psycopg.connect(
        url, application_name=name, options="-c idle_in_transaction_session_timeout=8s"
    ) as conn:
        conn.execute(sql.SQL("lock table {} in exclusive mode").format(sql.Identifier(locked)))
        os.write(conn.pgconn.socket, _message(b"P", _PARSE))
        os.write(conn.pgconn.socket, _message(b"B", _PARAMETERS, length=_BYTES_ANNOUNCED))
        try:
            yield conn.info.backend_pid
        finally:  # the server would take a rollback for the rest of the page
            conn.close()


def _message(kind: bytes, body: bytes, *, length: int | None = None) -> bytes:
    """Of PostgreSQL's protocol: a letter, a length that counts itself, and the body."""
    return kind + struct.pack("!i", (len(body) if length is None else length) + 4) + body
