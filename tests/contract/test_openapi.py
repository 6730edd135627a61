"""Every operation of the OpenAPI document, with input that fits and input that does not."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings as examples
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from recoup.api.app import create_app
from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.jobs.queue import new_queue
from recoup.jobs.start import begin_sync
from tests.api.rows import store_orders, store_stock, store_transactions
from tests.api.serving import finish, new_connection, new_user, serving, token_of
from tests.sandbox.running import Running

_KEYS = "k" * 32
_PER_OPERATION = 25


def _document() -> dict[str, object]:
    """What the server will serve, known before it runs, so that each operation is a test."""
    unused = Database("postgresql://nobody@127.0.0.1/none")
    return create_app(Settings(secret_keys=_KEYS), unused).openapi()


schema = schemathesis.openapi.from_dict(_document())


@dataclass
class Instance:
    url: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def instance(postgres: EmbeddedServer, template: str) -> Iterator[Instance]:
    """A server in a thread of its own with a user, a connection, syncs and rows."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name, template=template)
    ready: threading.Event = threading.Event()
    found: list[Instance] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run(settings: Settings) -> None:
        database = Database(postgres.url(name))
        # Event streams end soon: the client of the suite reads an answer to its end.
        async with serving(
            settings, database, heartbeat_seconds=0.05, stream_lifetime_seconds=0.1
        ) as server:
            user = await _populate(server.settings, database)
            found.append(
                Instance(server.url, {"authorization": f"Bearer {token_of(user, settings)}"})
            )
            ready.set()
            await stop.wait()
        await database.close()

    with tempfile.TemporaryDirectory() as folder, Running(orders=5) as sandbox:
        url = f"http://127.0.0.1:{sandbox.port}"
        settings = Settings(
            data_dir=Path(folder), secret_keys=_KEYS, spapi_endpoint=url, lwa_endpoint=url
        )
        thread = threading.Thread(target=loop.run_until_complete, args=(run(settings),))
        thread.start()
        assert ready.wait(30)
        yield found[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
    loop.close()
    postgres.drop_database(name)


async def _populate(settings: Settings, database: Database):
    user = await new_user(database)
    connection = await new_connection(database, settings, user)
    queue = new_queue(database)
    async with queue.open_async(), database.writing() as conn:
        sync_id = await begin_sync(conn, queue, connection, trigger="manual")
    await finish(database, sync_id)
    await store_orders(database, connection.connection_id, range(3))
    await store_transactions(database, connection.connection_id, range(3))
    await store_stock(database, connection.connection_id)
    return user


@schema.parametrize()
@examples(
    max_examples=_PER_OPERATION,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_input_makes_the_server_fail(case: schemathesis.Case, instance: Instance) -> None:
    """Whatever comes, the answer is no 5xx, and it has the form that the document says."""
    response = case.call(base_url=instance.url, headers=instance.headers, timeout=10)
    case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])
