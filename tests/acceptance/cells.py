"""Installations on a PostgreSQL of their own, which a test may kill, and what a calm sync leaves there."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from sqlalchemy import text

from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.migrations.upgrade import upgrade
from tests.acceptance.stack import Stack, running_stack
from tests.cli.programs import Running
from tests.support.sse_reader import SseReader

Calm = dict[str, list[tuple[str, ...]]]
"""Rows by table, as a sync leaves them to which nothing happened."""
STREAMS = "inventory,ledger,orders,reimbursements"
ROOT = Path(__file__).resolve().parents[2]
_CLAIMS = (
    "select type, key, quantity, amount, currency, confidence, status, stage, fileable_from, deadline,"
    " reason from claim order by type, key"
)


class Cell:
    """An installation of its own on a PostgreSQL that may be killed."""

    def __init__(self, stack: Stack, server: EmbeddedServer, folder: Path) -> None:
        self.stack, self._server = stack, server
        self._pid_file = folder / "postgres/data/postmaster.pid"
        stack.recoup.environ["PYTHONPATH"] = os.pathsep.join(
            [str(ROOT), os.environ.get("PYTHONPATH", "")]
        )
        self.api = ""

    def victim(self, kind: str) -> str:
        return kind if kind == "process" else str(self._postmaster())

    def worker(self, *death: str) -> Running:
        return self.started(
            self.stack.recoup.start(STREAMS, *death, program="tests.support.worker_process")
        )

    def started(self, worker: Running) -> Running:
        """The worker, once it works."""
        worker_started = '"event": "worker_started"'
        self.stack.until(lambda: any(worker_started in line for line in worker.errors), "it starts")
        return worker

    def serve(self, *death: str) -> Running:
        """An API; the one whose address is `api` from now on."""
        command = ("serve", "--no-worker", "--port", "0")
        if death:
            program = "tests.support.dying_process"
            api = self.stack.recoup.start(*death, *command, program=program)
        else:
            api = self.stack.recoup.start(*command)
        self.api = api.wait_for("http://").split("http://")[1].split(";")[0]
        self.api = f"http://{self.api}"
        return api

    def http(self) -> httpx2.Client:
        return self.stack.http(self.api)

    def start(self, key: str = "the-only-one") -> str:
        with self.http() as http:
            started = http.post("/api/sync/start", headers={"idempotency-key": key})
        assert started.status_code == 200, started.text
        return started.json()["syncId"]

    def read(self, sync_id: str) -> SseReader:
        return SseReader(lambda: self.api, self.stack.token, sync_id)

    def recover(self, kind: str, died: Running, again: Callable[[], object]) -> None:
        """Wait for the death, then do what an operator's supervisor does."""
        if kind == "process":
            assert died.end() == -signal.SIGKILL, died.errors[-5:]
            again()
            return
        self.stack.until(lambda: not _lives(self._pid), "PostgreSQL is killed")
        self.revive()

    def revive(self) -> None:
        """Start PostgreSQL if it is dead: a cell that failed has not come to it."""
        if not _lives(self._postmaster()):
            self._server.start()

    def set_faults(self, *faults: str) -> None:
        """From now on the sandbox has these and no others."""
        url = self.stack.sandbox_url + "/_sandbox/faults"
        httpx2.post(url, json={"faults": list(faults)}).raise_for_status()

    def check(self, calm: Calm) -> None:
        stack = self.stack
        stack.finish()
        assert self.content() == calm
        asked = "select count(*) from report_request where report_id is not null and not adopted"
        calls = httpx2.get(stack.sandbox_url + "/_sandbox/calls").json()
        of_reports = calls["createReport"]
        assert of_reports["accepted"] == of_reports["calls"], "Amazon refused a request"
        assert of_reports["accepted"] == stack.scalar(asked), "a report was asked for twice"

    def check_told(self, reader: SseReader) -> None:
        """Wait for the end of what it reads: each event was committed once, and the last one came."""
        reader.end(within_seconds=180)
        with self.stack.engine.connect() as conn:
            stored = conn.execute(
                text("select event_id from event where subject = :sync_id order by event_id"),
                {"sync_id": reader.sync_id},
            )
            ids = list(stored.scalars())
        assert set(reader.ids) <= set(ids), "told, and never stored"
        assert reader.ids[-1] == ids[-1], "the last event was not told"

    def content(self) -> Calm:
        with self.stack.engine.connect() as conn:
            claims = [tuple(map(str, row)) for row in conn.execute(text(_CLAIMS))]
        return self.stack.tables() | {"claim": claims}

    def _postmaster(self) -> int:
        self._pid = int(self._pid_file.read_text().splitlines()[0])
        return self._pid


def _lives(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="recoup-matrix-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[EmbeddedServer]:
    """Of this module alone, as it is killed. Processes that die lose nothing without fsync."""
    with EmbeddedServer(folder) as server:
        with psycopg.connect(server.superuser_url("postgres"), autocommit=True) as conn:
            conn.execute("alter system set fsync = off")
            conn.execute("select pg_reload_conf()")
        server.create_database("template")
        upgrade(Database(server.url("template")))
        yield server


@pytest.fixture(scope="module")
def open_cell(server: EmbeddedServer, folder: Path, tmp_path_factory) -> Callable[[], Any]:
    """Opens an installation with a new database and a new sandbox."""
    numbers = iter(range(1000))

    def opened() -> Iterator[Cell]:
        name = f"cell_{next(numbers)}"
        server.create_database(name, template="template")
        data = tmp_path_factory.mktemp(name)
        with running_stack(server.url(name), data, orders=60, speed=2000) as stack:
            stack.connect()
            cell = Cell(stack, server, folder)
            yield cell
            cell.revive()
        server.drop_database(name)

    return opened


@pytest.fixture
def cell(open_cell) -> Iterator[Cell]:
    yield from open_cell()


@pytest.fixture(scope="module")
def calm(open_cell) -> Calm:
    """What a sync leaves behind to which nothing happened."""
    opening = open_cell()
    cell = next(opening)
    cell.serve()
    cell.worker()
    cell.start()
    cell.stack.finish()
    content = cell.content()
    next(opening, None)
    assert content["claim"]
    assert content["orders"]
    return content
