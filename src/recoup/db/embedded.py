"""A PostgreSQL of recoup's own in the data directory, shared by all processes that use it.

Whoever comes first starts it, the others use it, the last to leave stops it. Each live handle is
a shared lock of the kernel on `users.lock`, so a killed process is never counted; `start.lock`
is held around each decision to start or to stop.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from recoup.db._account import get_account
from recoup.db._binaries import find_programs
from recoup.db._cluster import Cluster, url
from recoup.db._home import Home
from recoup.db._locks import FileLock, poll, try_lock
from recoup.db._owner import create_owned, find_owner, hand_over, make_users
from recoup.db.roles import EMBEDDED_OWNER
from recoup.errors import EmbeddedServerError

DATABASE = "recoup"

# Longer than a start and a stop of the server together may take, see _cluster.py.
_DECISION_LIMIT = timedelta(seconds=300)


def has_embedded_database(data_dir: Path) -> bool:
    """Whether there is one in a data directory, running or not; makes nothing. True also for one of
    another account, into which we may not look.
    """
    try:
        return (Home(Path(os.path.realpath(data_dir))).cluster / "PG_VERSION").exists()
    except PermissionError:
        return True


class EmbeddedServer:
    """A handle on the embedded server; any number may exist, in one process or in many.

    Blocking; one handle is for one thread at a time. A process that forks without exec shares
    its handles with the child: the server runs until both have ended or stopped theirs.
    """

    def __init__(self, data_dir: Path) -> None:
        self._home = Home(Path(os.path.realpath(data_dir)))
        self._handle: FileLock | None = None
        self._cluster: Cluster | None = None

    def start(self) -> None:
        """Ensures that the server runs with the database `recoup`, and keeps it running.

        On a started handle: starts the server again when it has crashed. Raises
        EmbeddedServerError, in one line that says what to do; nothing is left running then.
        """
        if sys.platform == "win32":
            raise EmbeddedServerError(
                "There is no embedded PostgreSQL on Windows: set RECOUP_DATABASE_URL."
            )
        self._home.create()
        with self._decision():
            try:
                self._handle = self._handle or self._lock("users.lock", shared=True)
                self._start()
            except BaseException:
                # Also Ctrl-C: a server that nobody has a handle on would run for ever.
                self._leave()
                raise

    def stop(self) -> None:
        """Releases this handle; the last one stops the server and waits for its end.

        Harmless when repeated. Raises EmbeddedServerError when the server does not stop.
        """
        if self._handle is None:
            return
        self._give_up()
        with self._decision():
            self._leave()

    def url(self, database: str = DATABASE) -> str:
        """`postgresql://recoup_owner@/<database>?host=<socket folder>&port=5432`."""
        return url(self._home, database, user=EMBEDDED_OWNER)

    def superuser_url(self, database: str = DATABASE) -> str:
        """The same for the administrator of the server, whom no wall stops."""
        return url(self._home, database)

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Creates a database, as a copy of `template` if given (nobody may be connected to that).

        Raises EmbeddedServerError when it exists or PostgreSQL refuses.
        """
        with self._connect() as connection:
            create_owned(connection, name, template=template)

    def drop_database(self, name: str) -> None:
        """Drops a database and ends the connections to it; harmless if there is none."""
        with self._connect() as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @contextmanager
    def _decision(self) -> Iterator[None]:
        """Inside, nobody else starts or stops the server."""
        try:
            with self._lock("start.lock"):
                yield
        except OSError as exc:
            raise self._home.refusal(exc) from exc

    def _lock(self, name: str, *, shared: bool = False) -> FileLock:
        path = self._home.folder / name
        lock = poll(lambda: try_lock(path, shared=shared), within=_DECISION_LIMIT)
        if lock is None:
            raise EmbeddedServerError(
                f"Another process has held {path} for {_DECISION_LIMIT.total_seconds():.0f} "
                "seconds to start or stop the embedded PostgreSQL: try again later."
            )
        return lock

    def _start(self) -> None:
        account = get_account()
        self._home.claim(account)
        programs = find_programs(account, self._home.folder)
        cluster = Cluster(self._home, account, programs)
        cluster.ensure_made()
        self._cluster = cluster
        cluster.ensure_running()
        with self._connect() as connection:
            make_users(connection)
            owner = find_owner(connection, DATABASE)
            if owner is None:
                create_owned(connection, DATABASE)
        if owner not in {None, EMBEDDED_OWNER}:
            with self._connect(DATABASE) as connection:
                hand_over(connection)

    def _leave(self) -> None:
        """Releases the handle and stops the server if it was the last."""
        self._give_up()
        alone = try_lock(self._home.folder / "users.lock")
        if alone is None:
            return
        with alone:
            if self._cluster is not None:
                self._cluster.stop()

    def _give_up(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    @contextmanager
    def _connect(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        """The superuser's, outside any transaction, as `create database` requires."""
        try:
            with psycopg.connect(
                self.superuser_url(database), autocommit=True, connect_timeout=10
            ) as connection:
                yield connection
        except psycopg.Error as exc:
            reason = exc.diag.message_primary or " ".join(str(exc).split())
            raise EmbeddedServerError(f"The embedded PostgreSQL refuses: {reason}.") from exc
