"""recoup on several processes, each of which can be hurt, with a supervisor that starts them again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from recoup.config import Settings
from recoup.connections.queries import save_connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import WorkspaceId
from recoup.sync.access import SellerAccess
from tests.acceptance.stack import US, Stack, running_stack
from tests.chaos.clock import StepClock
from tests.chaos.content import Content, read_content
from tests.chaos.network import Wire
from tests.cli.programs import Running, free_port
from tests.support.dying_process import kill_postgres

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2
APIS = 2
_KEY = "a-key-for-the-tests-only"


class Installation:
    """Workers and APIs on one PostgreSQL and one sandbox, by way of a wire that can be cut."""

    def __init__(
        self, stack: Stack, server: EmbeddedServer, folder: Path, wire: Wire, streams: str | None
    ) -> None:
        self.stack, self.server, self.wire = stack, server, wire
        self.clock = StepClock(folder)
        self.workers: list[Running] = []
        self.apis: dict[int, Running] = {}
        self.sellers: list[str] = []
        self.fell: list[str] = []
        """Processes that ended by themselves after they had begun to work: each is a fault."""
        self._streams = streams
        self._pid_file = folder / "postgres/data/postmaster.pid"
        stack.recoup.environ |= {
            "RECOUP_LOCAL_SANDBOX": wire.url,
            "RECOUP_STREAMS_PER_USER": "1000",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }

    def open(self, sellers: int) -> None:
        asyncio.run(self._connect(sellers))
        for _ in range(WORKERS):
            self.workers.append(self._worker())
        for _ in range(APIS):
            port = free_port()
            self.apis[port] = self._api(port)
        for api in self.apis.values():
            api.wait_for("http://")

    def supervise(self) -> None:
        """Start again what has died, as systemd would."""
        for one in [*self.workers, *self.apis.values()]:
            if not _runs(one) and one.end() != -signal.SIGKILL and _has_worked(one):
                self.fell.append(f"exit {one.end()}: {''.join(one.errors[-3:])[-600:]}")
        self.workers = [one if _runs(one) else self._worker() for one in self.workers]
        self.apis = {
            port: one if _runs(one) else self._api(port) for port, one in self.apis.items()
        }

    def api_url(self) -> str:
        """One API after the other, as behind a proxy that does not know which one lives."""
        ports = list(self.apis)
        return f"http://127.0.0.1:{ports[time.monotonic_ns() // 1000 % len(ports)]}"

    def _worker(self) -> Running:
        if self._streams is None:
            return self.stack.recoup.start("worker", **self.clock.environ)
        program = "tests.support.worker_process"
        return self.stack.recoup.start(self._streams, program=program, **self.clock.environ)

    def _api(self, port: int) -> Running:
        command = ("serve", "--no-worker", "--port", str(port))
        return self.stack.recoup.start(*command, **self.clock.environ)

    async def _connect(self, sellers: int) -> None:
        environ = self.stack.recoup.environ
        settings = Settings(
            data_dir=Path(environ["RECOUP_DATA_DIR"]), secret_keys=_KEY, local_sandbox=self.wire.url
        )
        access = SellerAccess(settings)
        database = Database(environ["RECOUP_DATABASE_URL"])
        workspace_id = WorkspaceId(self.stack.scalar("select workspace_id from workspace"))
        async with database.writing() as conn:
            for number in range(sellers):
                connection = await save_connection(
                    conn,
                    workspace_id,
                    selling_partner_id=f"A{number:03}SELLER",
                    region="NA",
                    environment="local",
                    marketplace_ids=(US,),
                    refresh_token_sealed=access.seal(f"Atzr|seller-{number}"),
                )
                self.sellers.append(connection.connection_id)
        await access.close()
        await database.close()

    # Blows.

    def postmaster(self) -> int:
        return int(self._pid_file.read_text().splitlines()[0])

    def kill_postgres(self) -> None:
        """Nothing of it says goodbye; it recovers from its log."""
        kill_postgres(self.postmaster())
        self.server.start()

    def restart_postgres(self) -> None:
        """At once, as `pg_ctl restart -m immediate` does."""
        pid = self.postmaster()
        os.kill(pid, signal.SIGQUIT)
        while Path(f"/proc/{pid}").exists() and _state(pid) != "Z":
            time.sleep(0.05)
        self.server.start()

    def end_backends(self) -> None:
        with self.administrator() as conn:
            conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where pid <> pg_backend_pid() and backend_type = 'client backend'"
            )

    @contextlib.contextmanager
    def exhausted(self) -> Iterator[int]:
        """Meanwhile PostgreSQL has no connection left for anybody but its administrator."""
        taken: list[psycopg.Connection[Any]] = []
        url = self.stack.recoup.environ["RECOUP_DATABASE_URL"]
        try:
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    taken.append(psycopg.connect(url, autocommit=True, connect_timeout=5))
            yield len(taken)
        finally:
            for conn in taken:
                conn.close()

    def administrator(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.server.superuser_url("postgres"), autocommit=True)

    def content(self, connection_id: str) -> Content:
        """What is left of a seller."""
        with self.stack.engine.connect() as conn:
            return read_content(conn, connection_id)

    def until(self, condition: Callable[[], object], what: str, within: float) -> float:
        """Seconds until it held, with everything that died started again meanwhile."""
        began = time.monotonic()
        while not self._holds(condition):
            waited = time.monotonic() - began
            assert waited < within, f"not within {within:.0f} s: {what}"
            self.supervise()
            time.sleep(0.2)
        return time.monotonic() - began

    def _holds(self, condition: Callable[[], object]) -> bool:
        try:
            return bool(condition())
        except Exception as exc:
            if type(exc).__name__ not in {"OperationalError", "InterfaceError"}:
                raise
            return False


def _runs(one: Running) -> bool:
    return one.process.poll() is None


def _has_worked(one: Running) -> bool:
    """One that finds no database at its start says so and ends, which is right."""
    return any("worker_started" in line for line in one.errors) or bool(one.lines)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


@contextlib.contextmanager
def installed(
    server: EmbeddedServer, name: str, folder: Path, *, orders: int, streams: str | None
) -> Iterator[Installation]:
    """On a database and a sandbox of its own; everything is stopped at the end."""
    server.create_database(name, template="template")
    data = folder / name
    data.mkdir()
    with (
        running_stack(server.url(name), data, orders=orders, speed=2000) as stack,
        Wire(stack.sandbox_url) as wire,
    ):
        yield Installation(stack, server, folder, wire, streams)
