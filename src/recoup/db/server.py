"""Which PostgreSQL a process uses: the configured one, or the embedded one of the data directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The address of a server that runs at least as long as the context. Blocking.

    Raises EmbeddedServerError when there is none configured and the embedded one cannot run.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with EmbeddedServer(settings.data_dir) as server:
        yield server.url()
