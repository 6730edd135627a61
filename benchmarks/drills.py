"""Faults of the world around recoup, made and then ended: does everything go on without hands?

    python -m benchmarks.drills database-full temporary-full amazon-away half-open

Each drill starts `recoup serve` with its sandbox, makes the fault in the middle of a sync, says what
people and programs are told meanwhile, ends the fault and waits until the data is complete. As root, on
Linux: disks are small file systems in memory, a network is a name space. What was seen is in
docs/drills.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from tests.chaos.clock import StepClock
from tests.cli.programs import Recoup, Running, free_port

_MIB = 2**20
_PATIENCE_SECONDS = 900.0
_FULL = ("No space left", "sync_interrupted", "worker_without_database")


class Stage:
    """A service with one connected seller, and a clock that begins at its start."""

    def __init__(self, recoup: Recoup, service: Running, address: str, sandbox: str) -> None:
        self._recoup = recoup
        self.service = service
        self.address = address
        self.sandbox = sandbox
        self._began = time.monotonic()
        self.token = recoup.run("user", "token", "ann@example.com").stdout.strip()

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:6.0f} s  {what}", flush=True)

    def start_sync(self) -> None:
        done = self._recoup.run("sync", "start")
        assert done.code == 0, done

    def status(self) -> dict[str, object]:
        """The newest sync as the API tells it, or what it answers instead."""
        request = urllib.request.Request(
            f"{self.address}/api/sync/history?limit=1",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                syncs = json.load(answer)["syncs"]
                return dict(syncs[0]) if syncs else {"status": "none"}
        except urllib.error.HTTPError as exc:
            wait = exc.headers.get("Retry-After")
            return {"status": f"{exc.code}, Retry-After {wait}: {json.load(exc)['detail']}"}
        except OSError as exc:
            return {"status": f"no answer: {exc}"}

    def until(self, condition: Callable[[dict[str, object]], object], what: str) -> None:
        """Says each new state on the way."""
        told, deadline = "", time.monotonic() + _PATIENCE_SECONDS
        while not condition(status := self.status()):
            if (state := str(status["status"])) != told:
                told = state
                self.say(f"a reader is told: {state}")
            assert time.monotonic() < deadline, f"not {what}: {status}"
            time.sleep(1)
        self.say(f"{what}: {status}")

    def faults(self, *kinds: str) -> None:
        body = json.dumps({"faults": kinds}).encode()
        urllib.request.urlopen(f"{self.sandbox}/_sandbox/faults", body, timeout=30).close()

    def tell_log(self, *events: str) -> None:
        """How often each event is in the service's log, with the last line of it."""
        for event in events:
            lines = [line.strip() for line in self.service.errors if event in line]
            self.say(
                f"log: {len(lines)} x {event}" + (f", last: {lines[-1][:300]}" if lines else "")
            )


def is_complete(status: dict[str, object]) -> bool:
    return status["status"] == "complete"


@contextmanager
def stage(folder: Path, *, orders: int, **settings: str) -> Iterator[Stage]:
    port, sandbox_port = free_port(), free_port()
    sandbox = f"http://127.0.0.1:{sandbox_port}"
    recoup = Recoup(
        {
            "RECOUP_DATA_DIR": str(folder),
            "RECOUP_LOCAL_SANDBOX": sandbox,
            "RECOUP_LOG_FORMAT": "json",
        }
        | settings
    )
    try:
        recoup.start(
            "sandbox", "--port", str(sandbox_port), "--speed", "1000", "--orders", str(orders)
        ).wait_for("listens")
        service = recoup.start("serve", "--host", "0.0.0.0", "--port", str(port))
        service.wait_for("listens")
        recoup.run("user", "add", "ann@example.com")
        done = recoup.run(
            *("connect", "--refresh-token-file", "-", "--selling-partner-id", "A1"),
            *("--environment", "local", "--marketplace-id", "ATVPDKIKX0DER"),
            stdin="Atzr|test",
        )
        assert done.code == 0, done
        yield Stage(recoup, service, f"http://127.0.0.1:{port}", sandbox)
    finally:
        recoup.close()


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Path]:
    """A file system of its own."""
    folder = Path(tempfile.mkdtemp(prefix="recoup-drill-", dir="/tmp"))
    _run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=711", "drill", str(folder))
    try:
        yield folder
    finally:
        _run("umount", "--lazy", str(folder))
        folder.rmdir()


def fill(folder: Path, *, but_mebibytes: float) -> Path:
    """A file that takes all the space but so much."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        left = shutil.disk_usage(folder).free - int(but_mebibytes * _MIB)
        os.posix_fallocate(file.fileno(), 0, max(1, left))
    return ballast


def database_full() -> None:
    """The disk of the embedded PostgreSQL is full in the middle of a first sync."""
    with small_disk(300) as disk, stage(disk, orders=400) as here:
        ballast = fill(disk, but_mebibytes=2)
        here.say("the database's disk has 2 MiB left; a sync is started")
        here.start_sync()
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and not _tells(here, *_FULL):
            time.sleep(1)
        assert _tells(here, *_FULL), "the disk was never full"
        time.sleep(20)
        here.say(f"a reader is told: {here.status()}")
        ballast.unlink()
        here.say("space is made")
        here.until(is_complete, "the sync is complete")
        here.tell_log("sync_interrupted", "worker_without_database", "embedded_server", "Traceback")


def temporary_full() -> None:
    """The disk for temporary files is full: no report's file can be downloaded.

    After a first sync: a program that finds the folder full at its start takes another one, /tmp.
    """
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(16))
        disk.chmod(0o777)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))
        folder.chmod(0o711)
        here = stack.enter_context(stage(folder, orders=100, TMPDIR=str(disk)))
        here.start_sync()
        here.until(is_complete, "the first sync is complete")
        ballast = fill(disk, but_mebibytes=0)
        here.say("no space is left in TMPDIR; another sync is started")
        here.start_sync()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not _tells(here, "No space", "sync_interrupted"):
            time.sleep(1)
        here.say(f"a reader is told: {here.status()}")
        assert not is_complete(here.status()), "the disk was never needed"
        time.sleep(20)
        here.say(f"a reader is told: {here.status()}")
        ballast.unlink()
        here.say("space is made")
        here.until(is_complete, "the sync is complete")
        here.tell_log("sync_interrupted", "No space", "Traceback")


def amazon_away() -> None:
    """Every call is answered 503 for a whole day, whose hours in between are stepped over."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        clock = StepClock(folder)
        assert clock.missing is None, clock.missing
        # Nights are four minutes apart here.
        every = {"RECOUP_SYNC_SCHEDULE": "*/4 * * * *", **clock.environ}
        with stage(folder / "data", orders=100, **every) as here:
            here.faults("503:1")
            here.say("every call gets 503")
            here.until(lambda status: status["status"] == "failed", "the first night has failed")
            clock.set(int(timedelta(days=1).total_seconds()))
            here.say("a day later")
            here.until(lambda status: status["status"] == "in_progress", "the next night begins")
            time.sleep(60)
            here.say(f"a reader is told: {here.status()}")
            here.faults()
            here.say("Amazon is back")
            here.until(is_complete, "it is complete")
            here.tell_log("stream_failed", "Traceback")


def half_open() -> None:
    """Readers of event streams whose network is cut without a word."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))
        folder.chmod(0o711)
        here = stack.enter_context(stage(folder, orders=10))
        stack.enter_context(_network())
        before = _descriptors(here)
        port = here.address.rpartition(":")[2]
        command = ["ip", "netns", "exec", "drill", sys.executable, "-c", _READERS]
        readers = stack.enter_context(
            subprocess.Popen([*command, port, here.token], stdout=subprocess.PIPE, text=True)
        )
        stack.callback(readers.kill)
        assert readers.stdout is not None
        readers.stdout.readline()
        here.say(
            f"{_far_sockets()} sockets, descriptors: {before} before, {_descriptors(here)} now"
        )
        _run("ip", "link", "set", "drill0", "down")
        here.say("their network is gone")
        deadline = time.monotonic() + 300
        while _far_sockets() and time.monotonic() < deadline:
            time.sleep(1)
        here.say(f"{_far_sockets()} sockets, descriptors: {_descriptors(here)}")
        assert not _far_sockets(), "they are held"


_READERS = """
import socket, sys, time
port, token = sys.argv[1:]
held = []
for _ in range(15):
    one = socket.create_connection(("10.77.0.1", int(port)))
    head = f"GET /api/sse/status HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nAuthorization: Bearer {token}\\r\\n\\r\\n"
    one.sendall(head.encode())
    assert b" 200 " in one.recv(4096)
    held.append(one)
print("open", flush=True)
time.sleep(600)
"""


@contextmanager
def _network() -> Iterator[None]:
    """A name space `drill` at 10.77.0.2, whose way here is `drill0`, 10.77.0.1."""
    _run("ip", "netns", "add", "drill")
    try:
        _run(
            *[
                "ip",
                "link",
                "add",
                "drill0",
                "type",
                "veth",
                "peer",
                "name",
                "drill1",
                "netns",
                "drill",
            ]
        )
        _run(*["ip", "addr", "add", "10.77.0.1/24", "dev", "drill0"])
        _run(*["ip", "link", "set", "drill0", "up"])
        _run(*["ip", "-n", "drill", "addr", "add", "10.77.0.2/24", "dev", "drill1"])
        _run(*["ip", "-n", "drill", "link", "set", "drill1", "up"])
        yield
    finally:
        _run("ip", "netns", "del", "drill")


def _far_sockets() -> int:
    """Connections to the other network that the kernel still holds."""
    command = ["ss", "--no-header", "--tcp", "--numeric", "dst", "10.77.0.2"]
    return len(subprocess.run(command, check=True, capture_output=True).stdout.splitlines())


def _descriptors(here: Stage) -> int:
    return len(list(Path(f"/proc/{here.service.process.pid}/fd").iterdir()))


def _tells(here: Stage, *words: str) -> bool:
    return any(word in line for line in here.service.errors for word in words)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


DRILLS = {
    "database-full": database_full,
    "temporary-full": temporary_full,
    "amazon-away": amazon_away,
    "half-open": half_open,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("drills", nargs="*", choices=[*DRILLS, []], default=[])
    asked = parser.parse_args()
    for name in asked.drills or DRILLS:
        print(f"{name}: {(DRILLS[name].__doc__ or '').partition(chr(10))[0]}", flush=True)
        DRILLS[name]()


if __name__ == "__main__":
    main()
