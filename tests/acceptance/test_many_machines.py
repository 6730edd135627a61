"""Workers on machines of their own: cut off, back again, taken away; replicas and versions change."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.acceptance.cells import (
    ROOT,
    STREAMS,
    Calm,
    Cell,
    calm,
    cell,
    folder,
    open_cell,
    server,
)
from tests.chaos.network import Wire
from tests.cli.programs import Running
from tests.support.hosts import Hosts, hosts, why_not

__all__ = ["calm", "cell", "folder", "open_cell", "server"]

pytestmark = pytest.mark.long

_WORKERS = ("one", "two", "three")
_PROGRAM = "tests.support.worker_process"
_OWNER = "select split_part(owner, ':', 2)::int from sync_progress where owner is not null"
# The lease and 5 s, and what a process that waits for its turn on a busy machine adds to them.
_PROMISED_SECONDS = 20.0
_BUSY_SECONDS = 20.0
_PATIENCE_SECONDS = 120.0


class Machines:
    """A worker on each of three hosts; PostgreSQL, and the switch between them, on a fourth."""

    def __init__(self, cell: Cell, made: Hosts, wires: contextlib.ExitStack) -> None:
        self._made, self._cell = made, cell
        database = cell.stack.recoup.environ["RECOUP_DATABASE_URL"]
        socket_folder = Path(unquote(database.partition("host=")[2].partition("&")[0]))
        address = made.address("database")
        listener = wires.enter_context(made.listener("database", address, 5432))
        wires.enter_context(Wire(socket_folder / ".s.PGSQL.5432", listener=listener))
        name = database.partition("@/")[2].partition("?")[0]
        self._url = f"postgresql://recoup_owner@{address}:5432/{name}"
        self._sandbox_port = int(cell.stack.sandbox_url.rpartition(":")[2])
        self.workers = {name: self._worker(name, wires) for name in _WORKERS}

    def _worker(self, name: str, wires: contextlib.ExitStack) -> Running:
        # Amazon is as near to each of them as the sandbox: only the way to PostgreSQL is cut.
        listener = wires.enter_context(self._made.listener(name, "127.0.0.1", self._sandbox_port))
        wires.enter_context(Wire(self._cell.stack.sandbox_url, listener=listener))
        worker = self._cell.stack.recoup.start(
            STREAMS,
            program=_PROGRAM,
            before=self._made.command(name),
            RECOUP_DATABASE_URL=self._url,
        )
        return self._cell.started(worker)

    def owner(self) -> str:
        """The host whose worker holds the lease."""
        pid = self._cell.stack.scalar(_OWNER)
        return next(name for name, one in self.workers.items() if one.process.pid == pid)

    def cut(self, name: str) -> None:
        self._made.cut(name)

    def join(self, name: str) -> None:
        self._made.join(name)

    def take_away(self, name: str) -> None:
        self.workers.pop(name).process.kill()
        self._made.remove(name)


@pytest.fixture
def machines(cell: Cell) -> Iterator[Machines]:
    if reason := why_not():
        pytest.skip(reason)
    with hosts("database", *_WORKERS) as made, contextlib.ExitStack() as wires:
        try:
            yield Machines(cell, made, wires)
        finally:
            for running in cell.stack.recoup._started[1:]:
                running.process.kill()


def test_a_host_that_is_cut_off_loses_its_sync_and_comes_back(
    cell: Cell, calm: Calm, machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another host takes over within the lease and 5 s; back in the network, the first works again."""
    cell.serve()
    sync_id = cell.start()
    cell.stack.until(lambda: _rows(cell) > 0, "the sync is under way")
    lost = machines.owner()
    machines.cut(lost)

    took = cell.stack.until(
        lambda: cell.stack.scalar("select attempt from sync_progress") >= 2,
        "another host takes over",
        within=_PROMISED_SECONDS + _BUSY_SECONDS,
    )
    with capsys.disabled():
        sys.stdout.write(f" taken over after {took:.1f} s ")
    reader = cell.read(sync_id)
    cell.check(calm)
    cell.check_told(reader)
    errors = machines.workers[lost].errors
    cell.stack.until(
        lambda: any("worker_without_database" in line for line in errors),
        "the host that was cut off notices, although nobody tells it",
        within=_PATIENCE_SECONDS,
    )

    machines.join(lost)
    for name in [name for name in _WORKERS if name != lost]:
        machines.take_away(name)
    cell.start("the next one")
    cell.stack.until(
        lambda: cell.stack.scalar("select count(*) from sync_progress where attempt > 0") == 2,
        "the host that was cut off works again",
    )
    cell.check(calm)


def test_a_host_that_is_taken_away_is_not_missed(
    cell: Cell, calm: Calm, machines: Machines
) -> None:
    """Its connections are never closed, as nothing is left that could: its locks end all the same."""
    cell.serve()
    reader = cell.read(cell.start())
    cell.stack.until(lambda: _rows(cell) > 0, "the sync is under way")
    machines.take_away(machines.owner())

    cell.stack.until(
        lambda: cell.stack.scalar("select attempt from sync_progress") == 2,
        "another host takes over",
        within=_PROMISED_SECONDS + _BUSY_SECONDS,
    )
    cell.check(calm)
    cell.check_told(reader)
    assert cell.stack.scalar("select attempt from sync_progress") == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_reader_of_a_stopped_replica_goes_on_at_another(
    cell: Cell, calm: Calm, number: signal.Signals
) -> None:
    """Its Last-Event-ID means the same everywhere: nothing is told twice, and the end is told."""
    replica = cell.serve()
    sync_id = cell.start()
    reader = cell.read(sync_id)
    cell.worker()
    cell.stack.until(lambda: len(reader.ids) >= 2, "the reader has a place")
    first, replica_url = len(reader.ids), cell.api
    cell.serve()
    replica.stop(number)

    cell.check(calm)
    cell.check_told(reader)
    assert cell.api != replica_url
    assert len(reader.ids) > first


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of the oldest version that fits this schema."""
    migrations = "src/recoup/migrations/versions"
    found = _git("log", "-1", "--format=%H", "--", migrations).stdout.strip()
    target = tmp_path_factory.mktemp("older")
    packed = subprocess.run(
        ["git", "archive", found or "HEAD", "src"], cwd=ROOT, capture_output=True, check=False
    )
    if packed.returncode or not found:
        pytest.skip("needs the history of the repository")
    subprocess.run(["tar", "-x", "-C", target], input=packed.stdout, check=True)
    return str(target / "src")


@pytest.mark.parametrize("is_upgrade", [True, False])
def test_versions_side_by_side_hand_a_sync_on(
    cell: Cell, calm: Calm, older: str, is_upgrade: bool
) -> None:
    """A rolling upgrade, and the way back: the one that stops leaves its sync to the other."""
    old_path = os.pathsep.join([older, str(ROOT)])
    start = cell.stack.recoup.start
    cell.serve()

    def old() -> Running:
        return cell.started(start(STREAMS, program=_PROGRAM, PYTHONPATH=old_path))

    cell.set_faults("slow:1")  # or the sync could end before the other version has started
    first = old() if is_upgrade else cell.worker()
    reader = cell.read(cell.start())
    cell.stack.until(lambda: _rows(cell) > 0, "the first version works")
    if is_upgrade:
        cell.worker()
    else:
        old()
    first.stop(signal.SIGTERM)
    cell.set_faults()

    cell.check(calm)
    cell.check_told(reader)
    assert cell.stack.scalar("select attempt from sync_progress") == 2


def _rows(cell: Cell) -> int:
    return int(cell.stack.scalar("select coalesce(sum(rows), 0) from sync_stream"))


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
