"""Health, readiness, metrics and the description of the API."""

from __future__ import annotations

import re
from datetime import date

import httpx2
from sqlalchemy import text

from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.spapi.operations.reports import CREATE_REPORT, GET_REPORT
from recoup.sync.pacing.call_queries import add_calls
from recoup.users.queries import User
from tests.api.serving import Server, reading, serving, until


async def test_health_needs_nothing(server: Server) -> None:
    """The process says that it is alive also while its database is away."""
    nowhere = Database("postgresql://somebody@127.0.0.1:9/none")
    object.__setattr__(server.services, "door", nowhere)
    async with server.client() as client:
        health = await client.get("/healthz")
        ready = await client.get("/readyz")
        metrics = await client.get("/metrics")
    await nowhere.close()

    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()["checks"]["migrations"]) == (503, "unknown")
    assert ready.headers["retry-after"] == "5"
    assert metrics.status_code == 200


async def test_ready_with_a_worker(settings: Settings, database: Database) -> None:
    """Ready means database, schema and a worker that has shown itself of late."""
    async with (
        serving(settings, database, open_answer_seconds=0) as server,
        server.client() as client,
    ):
        without = await client.get("/readyz")
        await register_worker(database, seconds_ago=60)
        stale = await client.get("/readyz")
        await register_worker(database, seconds_ago=5)
        with_one = await client.get("/readyz")

    assert [without.status_code, stale.status_code, with_one.status_code] == [503, 503, 200]
    assert without.json()["type"] == "/problems/not-ready"
    assert without.json()["detail"].startswith("worker: ")
    assert with_one.json()["checks"] == {"database": "ok", "migrations": "ok", "worker": "ok"}


async def test_not_ready_on_a_schema_that_does_not_fit(server: Server, database_url: str) -> None:
    """The check that failed says what to do."""
    owner = Database(database_url, role=None)
    async with owner.writing() as conn:
        await conn.execute(text("update alembic_version set version_num = 'newer'"))
    await owner.close()
    async with server.client() as client:
        answer = await client.get("/readyz")

    assert answer.status_code == 503
    assert "install the newer recoup" in answer.json()["checks"]["migrations"]


async def register_worker(database: Database, *, seconds_ago: int) -> None:
    async with database.writing() as conn:
        await conn.execute(
            text(
                "insert into procrastinate_workers (last_heartbeat) "
                "values (now() - make_interval(secs => :seconds))"
            ),
            {"seconds": seconds_ago},
        )


async def test_metrics(
    server: Server, database: Database, client: httpx2.AsyncClient, connection: Connection
) -> None:
    """Requests are counted by route template and status, syncs by status, open streams now; calls to
    Amazon by operation. No id of a sync or a connection: everybody reads it.
    """
    for seconds_ago in (1, 2, 3600):  # one process, and one that is gone
        await register_worker(database, seconds_ago=seconds_ago)
    sync_id = (await client.post("/api/sync/start")).json()["syncId"]
    async with database.writing() as conn:
        for _ in range(2):
            day = date(2026, 11, 28)
            await add_calls(conn, connection.connection_id, day, {GET_REPORT: 2, CREATE_REPORT: 1})
    for name in (sync_id, "unknown"):
        await client.get(f"/api/sync/status/{name}")
    await client.get("/nothing")
    async with reading(client, f"/api/sse/sync-progress/{sync_id}"):
        await until(lambda: server.readers() == 1)
        metrics = (await client.get("/metrics")).text

    counted = dict(re.findall(r"^(recoup_\S+) (\S+)$", metrics, re.MULTILINE))
    requests = {key: value for key, value in counted.items() if "requests_total" in key}
    route = '{method="GET",route="/api/sync/status/{syncId}",status='
    assert requests[f'recoup_http_requests_total{route}"200"}}'] == "1.0"
    assert requests[f'recoup_http_requests_total{route}"404"}}'] == "1.0"
    assert (
        requests['recoup_http_requests_total{method="GET",route="unmatched",status="404"}'] == "1.0"
    )
    assert counted['recoup_syncs{status="in_progress"}'] == "1.0"
    assert counted["recoup_sse_readers"] == "1.0"
    assert counted["recoup_workers"] == "1.0"
    calls = {
        (method, operation): f'recoup_spapi_calls{{method="{method}",operation="{operation}"}}'
        for method, operation in (("GET", "getReport"), ("POST", "createReport"))
    }
    assert counted[calls["GET", "getReport"]] == "4.0"
    assert counted[calls["POST", "createReport"]] == "2.0"
    assert sync_id not in metrics
    assert connection.connection_id not in metrics


async def test_two_applications_count_apart(
    server: Server, settings: Settings, database: Database
) -> None:
    """Each instance in a process has numbers of its own."""
    async with serving(settings, database) as other, other.client() as client:
        await client.get("/healthz")
    async with server.client() as client:
        metrics = (await client.get("/metrics")).text

    assert "/healthz" not in metrics


async def test_the_docs_need_nothing_from_elsewhere(server: Server) -> None:
    """The page is open to all, tells every operation and loads nothing."""
    async with server.client() as client:
        page = await client.get("/api/docs")
        document = (await client.get("/api/openapi.json")).json()

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for path in document["paths"]:
        assert path in page.text
    assert not re.search(r"<script|<link|<img|<iframe|<a [^>]*https?://|\bsrc=|url\(", page.text)


async def test_every_operation_declares_its_problems(server: Server, user: User) -> None:
    """Each one below /api has a summary, its errors as problems, and needs a token."""
    async with server.client() as client:
        document = (await client.get("/api/openapi.json")).json()
    operations = {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }

    for name, operation in operations.items():
        assert operation["summary"], name
        failures = {s: r for s, r in operation["responses"].items() if int(s) >= 400}
        if " /api/" in name:
            assert {"401", "503"} <= failures.keys(), name
            assert operation["security"], name
        for response in failures.values():
            assert list(response["content"]) == ["application/problem+json"], name
