"""A PostgreSQL that becomes a standby and is promoted, as in a failover: the real thing, on one server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from recoup.db.embedded import EmbeddedServer


class Failover:
    """A server of its own with one migrated database."""

    def __init__(self, server: EmbeddedServer, folder: Path) -> None:
        self._server = server
        self._signal = folder / "postgres" / "data" / "standby.signal"

    @property
    def url(self) -> str:
        return self._server.url()

    def demote(self) -> None:
        """Restarts the server as a standby: whoever reads is served, a write and LISTEN get 25006."""
        cluster = self._server._cluster
        assert cluster is not None
        cluster.stop()
        self._signal.touch()
        owner = self._signal.parent.stat()
        os.chown(self._signal, owner.st_uid, owner.st_gid)
        cluster.home.claim(cluster.account)  # the folder of the socket went with the server
        cluster.ensure_running()

    def promote(self) -> None:
        with psycopg.connect(self._server.superuser_url(), autocommit=True) as conn:
            assert conn.execute("select pg_promote()").fetchone() == (True,)


@contextmanager
def running_failover() -> Iterator[Failover]:
    folder = Path(tempfile.mkdtemp(prefix="recoup-failover-"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer(folder) as server:
            yield Failover(server, folder)
    finally:
        shutil.rmtree(folder)
