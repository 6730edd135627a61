"""The PostgreSQL of a process: the configured one, or the embedded one of the data directory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer
from recoup.errors import EmbeddedServerError
from recoup.logs import get_logger

_log = get_logger(__name__)
_WATCH_EVERY_SECONDS = 5.0


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The address of a server that runs at least as long as the context. Blocking.

    An embedded server that dies (out of memory, say) is started again within some seconds.
    Raises EmbeddedServerError when there is none configured and the embedded one cannot run.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with EmbeddedServer(settings.data_dir) as server, _kept_alive(server):
        yield server.url()


@contextmanager
def _kept_alive(server: EmbeddedServer) -> Iterator[None]:
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_WATCH_EVERY_SECONDS):
            try:
                server.start()  # nothing where it runs
            except EmbeddedServerError as exc:
                _log.warning("embedded_server_not_started", reason=str(exc))

    watcher = threading.Thread(target=watch, name="embedded-server-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
