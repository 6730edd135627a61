from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.logs import configure_logs
from recoup.users.queries import User
from tests.api.serving import Server, new_connection, new_user, serving
from tests.sandbox.running import Running


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """As in production: structlog's own default renders every frame's variables."""
    configure_logs(log_format="json", level="warning")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Running]:
    """What exchanges tokens and names marketplaces."""
    with Running(orders=5) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, sandbox: Running) -> Settings:
    url = f"http://127.0.0.1:{sandbox.port}"
    return Settings(data_dir=tmp_path, local_sandbox=url, public_url="https://recoup.example")


@pytest.fixture
async def server(settings: Settings, database: Database) -> AsyncIterator[Server]:
    async with serving(settings, database) as server:
        yield server


@pytest.fixture
async def user(database: Database) -> User:
    return await new_user(database)


@pytest.fixture
async def connection(database: Database, settings: Settings, user: User) -> Connection:
    return await new_connection(database, settings, user)


@pytest.fixture
async def client(server: Server, user: User) -> AsyncIterator[httpx2.AsyncClient]:
    """Signed in as `user`."""
    async with server.client(user) as client:
        yield client
