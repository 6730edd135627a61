"""The demo's database: its own embedded PostgreSQL, with a new database for each run."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from recoup.cli.running import undisturbed
from recoup.db._locks import FileLock, try_lock
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.migrations.upgrade import upgrade

_SUFFIX = ".run"


@contextmanager
def demo_database(folder: Path) -> Iterator[str]:
    """The address of an empty database with the current schema, dropped at the end. Blocking.

    Other demos may run at the same time, on the same server. Raises EmbeddedServerError.
    """
    server = EmbeddedServer(folder)
    with ExitStack() as stack:
        # Left in the other order: signals are ignored, all is undone, signals count again.
        quiet = stack.enter_context(ExitStack())
        stack.enter_context(server)
        _drop_left_behind(server, folder)
        name = f"demo_{os.getpid()}_{secrets.token_hex(4)}"
        stack.enter_context(_run_lock(folder, name))
        server.create_database(name)
        stack.callback(server.drop_database, name)
        stack.callback(quiet.enter_context, undisturbed())
        upgrade(Database(server.url(name)))
        yield server.url(name)


@contextmanager
def _run_lock(folder: Path, name: str) -> Iterator[None]:
    """A file that marks the database as in use; the kernel releases it when the process dies."""
    path = folder / f"{name}{_SUFFIX}"
    lock = try_lock(path)
    assert lock is not None, "the name is new"
    with lock:
        yield
        path.unlink()


def _drop_left_behind(server: EmbeddedServer, folder: Path) -> None:
    """Drops the databases of killed demos, whose locks nobody holds any more."""
    for path in folder.glob(f"*{_SUFFIX}"):
        lock: FileLock | None = try_lock(path)
        if lock is not None:
            with lock:
                server.drop_database(path.stem)
                path.unlink(missing_ok=True)
