"""recoup as it runs in earnest: sandbox, API and workers as processes, over one PostgreSQL."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Engine, create_engine, text

from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.db.upsert import PROVENANCE
from recoup.streams import all_streams
from tests.cli.programs import Recoup, Running

US = "ATVPDKIKX0DER"
EMAIL = "seller@example.com"
# A guard, no promise: after a 429 before any header only the documented rates are believed in.
_PATIENCE_SECONDS = 240.0
_KEY = "a-key-for-the-tests-only"
# One date for all sandboxes: what ran before midnight is compared with what runs after it.
_TODAY = utc_now().date().isoformat()


class Stack:
    """Processes of one installation. Each worker and API is a process of its own.

    claims: those that the sandbox plants; none: some of every type.
    """

    def __init__(
        self,
        database_url: str,
        folder: Path,
        *,
        orders: int,
        speed: float,
        claims: Sequence[str] = (),
    ) -> None:
        # PostgreSQL may have been killed since a connection was used.
        url = Database(database_url).sqlalchemy_url
        self.engine: Engine = create_engine(url, pool_pre_ping=True)
        self._settings = {
            "RECOUP_DATABASE_URL": database_url,
            "RECOUP_DATA_DIR": str(folder),
            "RECOUP_SECRET_KEYS": _KEY,
            "RECOUP_LOG_FORMAT": "json",
        }
        self._orders = orders
        self._speed = speed
        self._claims = claims
        self.sandbox_url = ""
        self.sandbox_pid = 0
        self.token = ""
        self.connection_id = ""
        self.recoup = Recoup(self._settings)

    def open(self) -> None:
        sandbox = self.recoup.start(
            *("sandbox", "--port", "0", "--today", _TODAY),
            *("--orders", str(self._orders), "--speed", str(self._speed)),
            *(f"--claim={claim}" for claim in self._claims),
        )
        self.sandbox_url = _address(sandbox)
        self.sandbox_pid = sandbox.process.pid
        self._settings |= {
            "RECOUP_LOCAL_SANDBOX": self.sandbox_url,
        }
        self.recoup.environ.update(self._settings)
        assert self.recoup.run("user", "add", EMAIL).code == 0
        self.token = self.recoup.run("user", "token", EMAIL).stdout.strip()

    def close(self) -> None:
        # A process that a test has stopped cannot be asked to end.
        for running in self.recoup._started:
            with contextlib.suppress(ProcessLookupError):
                running.process.send_signal(signal.SIGCONT)
        self.recoup.close()
        self.engine.dispose()

    def connect(self, token: str = "Atzr|test", seller: str = "A1SELLER") -> None:
        done = self.recoup.run(
            "connect",
            *("--refresh-token-file", "-", "--selling-partner-id", seller),
            *("--region", "NA", "--environment", "local", "--marketplace-id", US),
            stdin=token,
        )
        assert done.code == 0, done

    def worker(self) -> Running:
        """A worker that is ready for jobs."""
        before = self.scalar("select count(*) from procrastinate_workers")
        worker = self.recoup.start("worker")
        self.until(
            lambda: self.scalar("select count(*) from procrastinate_workers") > before,
            "the worker registers",
        )
        return worker

    def api(self) -> str:
        """The address of a new API process without a worker."""
        return _address(self.recoup.start("serve", "--no-worker", "--port", "0"))

    def http(self, url: str) -> httpx2.Client:
        return httpx2.Client(
            base_url=url, headers={"authorization": f"Bearer {self.token}"}, timeout=30
        )

    def start_sync(self) -> str:
        done = self.recoup.run("sync", "start")
        assert done.code == 0, done
        return done.stdout.split()[0]

    def scalar(self, sql: str) -> Any:
        with self.engine.connect() as conn:
            return conn.execute(text(sql)).scalar_one()

    def status(self) -> str:
        return self.scalar("select status from sync_progress order by started_at desc limit 1")

    def finish(self) -> None:
        """Wait for the end of the newest sync, which must be a good one."""
        self.until(lambda: self.status() != "in_progress", "the sync ends")
        error = self.scalar("select error from sync_progress order by started_at desc limit 1")
        assert (self.status(), error) == ("complete", None)

    def tables(self) -> dict[str, list[tuple[str, ...]]]:
        """Every row of every stream, without where and when it was loaded."""
        with self.engine.connect() as conn:
            return {
                table.name: sorted(
                    tuple(str(value) for value in row)
                    for row in conn.execute(
                        table.select().with_only_columns(
                            *(
                                c
                                for c in table.columns
                                if c.name not in {"connection_id", *PROVENANCE}
                            )
                        )
                    )
                )
                for stream in all_streams()
                for table in (stream.table, *stream.parts)
            }

    def _account(self) -> str:
        """What the processes and the database say, for a failure's message."""
        with self.engine.connect() as conn:
            rows = [
                *conn.execute(text("select row(s.*)::text from sync_progress s")),
                *conn.execute(text("select row(s.*)::text from sync_stream s")),
                *conn.execute(text("select row(b.*)::text, now() from rate_budget b")),
                *conn.execute(text("select id, status, worker_id from procrastinate_jobs")),
                *conn.execute(
                    text(
                        "select pid, state, wait_event, left(query, 80), now() - xact_start"
                        " from pg_stat_activity where datname = current_database()"
                    )
                ),
            ]
        logs = [line for running in self.recoup._started for line in running.errors[-12:]]
        return "\n".join([*map(str, rows), *logs])

    def until(
        self, condition: Callable[[], object], what: str, *, within: float = _PATIENCE_SECONDS
    ) -> float:
        """Seconds until the condition held; fails after `within` seconds."""
        began = time.monotonic()
        while not condition():
            waited = time.monotonic() - began
            assert waited < within, f"not within {within} s: {what}\n{self._account()}"
            time.sleep(0.02)  # polling, with the deadline above
        return time.monotonic() - began


def _address(process: Running) -> str:
    found = re.search(r"http://[\w.]+:\d+", process.wait_for("http://"))
    assert found is not None
    return found.group()


@contextlib.contextmanager
def running_stack(
    database_url: str, folder: Path, *, orders: int, speed: float, claims: Sequence[str] = ()
) -> Iterator[Stack]:
    stack = Stack(database_url, folder, orders=orders, speed=speed, claims=claims)
    try:
        stack.open()
        yield stack
    finally:
        stack.close()
