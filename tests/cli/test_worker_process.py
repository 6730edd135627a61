"""The worker of `recoup serve` is a process of its own, and lives exactly as long as it."""

from __future__ import annotations

import os
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.cli.programs import STOP_SECONDS, Recoup, Running, eventually
from tests.cli.test_serve_and_sync import connect, read_json, start_sandbox, start_serve
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")


def worker_of(service: Running) -> int:
    """The process id of the service's worker, once there is one."""
    pid = service.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children")

    def find() -> int:
        for child in map(int, children.read_text().split()):
            if "supervised_worker" in command_of(child):
                return child
        return 0

    assert eventually(find), service.errors
    return find()


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # it has ended
        return ""


def restarts(address: str) -> float:
    with urllib.request.urlopen(f"{address}/metrics", timeout=PATIENCE) as response:
        lines = response.read().decode().splitlines()
    return next(float(one.split()[1]) for one in lines if one.startswith("recoup_worker_restarts"))


def test_a_worker_that_dies_is_started_again(recoup: Recoup):
    """Its sync goes on, /metrics counts it, the log says it, and no secret is on a command line."""
    start_sandbox(recoup, "--orders", "300", "--speed", "1000", "--fault", "slow:1")
    connect(recoup)
    service, address = start_serve(recoup)
    first = worker_of(service)
    assert recoup.environ["RECOUP_DATABASE_URL"] not in command_of(first)
    recoup.run("sync", "start")
    watching = recoup.start("sync", "watch", "--json")
    watching.wait_for('"attempt": 1')

    os.kill(first, signal.SIGKILL)

    assert watching.end() == 0
    assert worker_of(service) != first
    assert restarts(address) == 1
    assert read_json(recoup.run("sync", "status", "--json"))["attempt"] == 2
    service.stop()
    assert ["worker_process_ended" in line for line in service.told()] == [True]


def test_a_worker_ends_with_a_killed_service(recoup: Recoup):
    """SIGKILL leaves the service no time to say anything: its end of the pipe is gone."""
    service, _ = start_serve(recoup)
    worker = worker_of(service)

    service.process.kill()

    assert eventually(lambda: not command_of(worker))


def test_an_interrupt_of_the_whole_group_ends_both_in_order(recoup: Recoup):
    """As Ctrl-C on a terminal: the worker is not started again, and nothing is complained of."""
    service, _ = start_serve(recoup)
    worker = worker_of(service)

    os.kill(worker, signal.SIGINT)
    code, seconds = service.stop(signal.SIGINT)

    assert (code, service.errors) == (0, [])
    assert seconds < STOP_SECONDS
    assert not command_of(worker)


def test_without_a_worker_there_is_no_second_process(recoup: Recoup):
    """`--no-worker` serves the API alone, and counts no restarts."""
    service, address = start_serve(recoup, "--no-worker")

    with urllib.request.urlopen(f"{address}/metrics", timeout=PATIENCE) as response:
        assert b"recoup_worker_restarts" not in response.read()
    pid = service.process.pid
    assert not Path(f"/proc/{pid}/task/{pid}/children").read_text()
