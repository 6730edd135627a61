"""PostgreSQL fails over under a running service: a standby for a while, then promoted."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.cli.programs import Recoup, Running, eventually, free_port
from tests.cli.test_serve_and_sync import connect, read_json, start_sandbox, start_serve
from tests.support.failover import Failover, running_failover
from tests.support.patience import PATIENCE

# A service, a standby and its promotion: minutes.
pytestmark = pytest.mark.long


@pytest.fixture
def failover() -> Iterator[Failover]:
    with running_failover() as failover:
        yield failover


@pytest.fixture
def program(failover: Failover) -> Iterator[Recoup]:
    program = Recoup(
        {
            "RECOUP_DATABASE_URL": failover.url,
            "RECOUP_SECRET_KEYS": "a-secret-key-for-tests-only",
            "RECOUP_LOCAL_SANDBOX": f"http://127.0.0.1:{free_port()}",
            "RECOUP_LOG_FORMAT": "json",
        }
    )
    yield program
    program.close()


def test_a_service_outlives_a_failover(failover: Failover, program: Recoup):
    """While nothing can be written it reads, and asks writers to come back; then the sync goes on by
    itself, and a cancel is heard by NOTIFY again, in the API and in the worker.
    """
    start_sandbox(program, "--orders", "300", "--speed", "1000", "--fault", "slow:1")
    assert program.run("db", "upgrade").code == 0
    connect(program)
    service, address = start_serve(program)
    token = program.run("user", "token", "ann@example.com").stdout.strip()
    client = httpx2.Client(
        base_url=address,
        headers={"authorization": f"Bearer {token}"},
        timeout=PATIENCE,
        trust_env=False,
    )
    program.run("sync", "start")
    watching = program.start("sync", "watch", "--json")
    watching.wait_for('"attempt": 1')

    failover.demote()
    assert eventually(lambda: refused_to_listen(service) >= 2), service.errors
    read = client.get("/api/sync/status")
    refused = client.post("/api/sync/cancel/" + read.json()["activeSync"]["syncId"])
    failover.promote()

    assert read.status_code == 200
    assert (refused.status_code, refused.headers.get("retry-after")) == (503, "5")
    assert eventually(lambda: not client.get("/api/sync/status").json()["hasActiveSync"])
    assert read_json(program.run("sync", "status", "--json"))["status"] == "complete"
    client.close()
    service.stop()
    bugs = ("request_failed", "stream_broken", "hub_failed", "outgoing_failed")
    assert not [line for line in service.errors if any(bug in line for bug in bugs)]


def refused_to_listen(service: Running) -> int:
    """How often the API or the worker was told that a standby takes no LISTEN."""
    return sum("listen_connection_lost" in line and "25006" in line for line in service.errors)
