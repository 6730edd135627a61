"""Every operation of the OpenAPI document, with input that fits and input that does not."""

from __future__ import annotations

import asyncio
import re
import tempfile
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings as examples
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from recoup.api.routes.sourcing_costs import WORKBOOK
from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.jobs.queue import new_queue
from recoup.jobs.start import begin_sync
from recoup.logs import configure_logs
from recoup.spapi.servers import SANDBOX_APPLICATION
from recoup.users.queries import User
from tests.api.claim_rows import store_candidate, store_claims
from tests.api.rows import store_orders, store_stock, store_transactions, store_units
from tests.api.serving import finish, new_connection, new_user, serving, token_of
from tests.api.test_operations import register_worker
from tests.sandbox.running import Running
from tests.support.openapi_document import DOCUMENT, PATHS
from tests.support.patience import PATIENCE
from tests.support.plain_http import PLAIN

_KEYS = "k" * 32
_PER_OPERATION = 20


OPERATIONS = [(method, path) for path, methods in PATHS.items() for method in methods]
schema = schemathesis.openapi.from_dict(DOCUMENT)


@schemathesis.serializer(WORKBOOK)
def _as_a_workbook(_context: schemathesis.SerializationContext, value: Any) -> dict[str, Any]:
    """Bytes as they were drawn: hardly ever a workbook."""
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


# Percent-encoded, as they stand in an address: NUL, bytes that are no UTF-8, a half of a surrogate
# pair, numbers beyond every integer type, times at the edges of the calendar, much text.
HOSTILE_TEXTS = (
    "",
    "%00",
    "%FF%FE",
    "%ED%A0%80",
    "-1",
    "9" * 5000,
    "NaN",
    "0001-01-01T00:00:00%2B14:00",
    "2026-02-30T00:00:00Z",
    "2026-06-30T23:59:60Z",
    "'; drop table orders; --",
    "x" * 8000,
    "..%2F..%2Fetc%2Fpasswd",
)
# JSON as it stands in a body.
HOSTILE_VALUES = (
    b"null",
    rb'"\u0000"',
    rb'"\ud800"',
    b'"\xff"',
    b'"' + b"x" * 10_000 + b'"',
    b"9" * 5000,
    b"1e999",
    b"NaN",
    b"[]",
    b'["\\u0000"]',
    b"{}",
    b"true",
    b"[" * 20_000,
)


@dataclass
class Instance:
    url: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def instance(postgres: EmbeddedServer, template: str) -> Iterator[Instance]:
    """A server in a thread of its own with a user, a connection, syncs and rows."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name, template=template)
    configure_logs(log_format="json", level="warning")
    ready = threading.Event()
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
            data_dir=Path(folder),
            secret_keys=_KEYS,
            local_sandbox=url,
            spapi_endpoint=url,
            lwa_endpoint=url,
            lwa_client_id=SANDBOX_APPLICATION.client_id,
            lwa_client_secret=SecretStr(SANDBOX_APPLICATION.client_secret),
            application_id=SANDBOX_APPLICATION.application_id,
        )
        thread = threading.Thread(target=loop.run_until_complete, args=(run(settings),))
        thread.start()
        assert ready.wait(PATIENCE)
        yield found[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
    loop.close()
    postgres.drop_database(name)


async def _populate(settings: Settings, database: Database) -> User:
    user = await new_user(database)
    connection = await new_connection(database, settings, user)
    queue = new_queue(database)
    async with queue.open_async(), database.writing() as conn:
        sync_id = await begin_sync(conn, queue, connection, trigger="manual")
    await finish(database, sync_id)
    await register_worker(database, seconds_ago=-3600)
    await store_orders(database, connection.connection_id, range(3))
    await store_transactions(database, connection.connection_id, range(3))
    await store_stock(database, connection.connection_id)
    await store_units(database, connection.connection_id, range(3))
    await store_claims(database, connection.connection_id, range(3))
    await store_candidate(database, connection.connection_id)
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
    response = case.call(base_url=instance.url, headers=instance.headers, timeout=PATIENCE)
    case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_hostile_text_makes_the_server_fail(method: str, path: str, instance: Instance) -> None:
    """Each parameter and each member of a body takes the worst that can be sent."""
    operation = DOCUMENT["paths"][path][method]
    plain = dict.fromkeys(re.findall(r"\{(\w+)\}", path), "x")
    answers = []
    with httpx2.Client(
        base_url=instance.url, headers=instance.headers, timeout=PATIENCE, verify=PLAIN
    ) as client:
        for parameter in operation.get("parameters", ()):
            for text in HOSTILE_TEXTS:
                values = plain | ({parameter["name"]: text} if parameter["in"] == "path" else {})
                query = f"?{parameter['name']}={text}" if parameter["in"] == "query" else ""
                headers = {parameter["name"]: text} if parameter["in"] == "header" else {}
                url = path.format(**values) + query
                answers.append(client.request(method, url, headers=headers))
        for body in _hostile_bodies(operation):
            as_json = {"content-type": "application/json"}
            answers.append(
                client.request(method, path.format(**plain), content=body, headers=as_json)
            )

    assert [(a.status_code, str(a.url)[:200]) for a in answers if a.status_code >= 500] == []


def _hostile_bodies(operation: dict[str, Any]) -> Iterator[bytes]:
    """Each hostile value as the whole body, as each member of it, and as a member's name."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for value in HOSTILE_VALUES:
            yield value
            for name in _members(content["schema"]):
                yield b'{"%s": %s}' % (name.encode(), value)
        yield rb'{"\ud800": 1, "\u0000": 2}'


def _members(schema: dict[str, Any]) -> Iterator[str]:
    """The names that an object of the schema may have."""
    for part in schema.get("anyOf", [schema]):
        if "$ref" in part:
            yield from _members(DOCUMENT["components"]["schemas"][part["$ref"].rpartition("/")[2]])
        yield from part.get("properties", ())
