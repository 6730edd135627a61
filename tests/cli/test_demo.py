"""`recoup demo`: from nothing to a first sync, and nothing left of it afterwards."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.programs import LIMIT_SECONDS, Recoup, eventually, processes_of

# More pages than Amazon's burst holds: at the official rate that takes hours.
LONG = ("--once", "--orders", "1000", "--speed", "1")


def test_a_demo_shows_a_first_sync(alone: Recoup, data_dir: Path):
    """On a fresh machine one command ends with a table of all orders; a second time too."""
    first = alone.run("demo", "--once")
    second = alone.run("demo")

    for done in (first, second):
        assert done.code == 0, done
        assert re.search(r"^orders +2,000 +\d+\.\d +complete$", done.stdout, re.MULTILINE)
        assert re.search(r"^inventory +\d+ ", done.stdout, re.MULTILINE)
        assert re.search(r"^transactions +[\d,]+ ", done.stdout, re.MULTILINE)
        assert re.search(r"^claim_\w{32} ", done.stdout, re.MULTILINE)
        assert re.search(r"^[\d,.]+ USD in \d+ claims$", done.stdout, re.MULTILINE)
        assert done.stderr == ""
        assert len(re.findall(r"^ *\d+ %  ", done.stdout, re.MULTILINE)) <= 15
    assert processes_of(data_dir) == []


def test_two_demos_at_once(alone: Recoup, data_dir: Path):
    """They share the server and nothing else: both complete, and nothing is left."""
    demos = [alone.start("demo", "--once", "--orders", "100") for _ in range(2)]

    assert [demo.end() for demo in demos] == [0, 0], [demo.errors for demo in demos]
    assert processes_of(data_dir) == []
    assert list((data_dir / "demo").glob("*.run")) == []


@pytest.mark.parametrize("at", ["Starting PostgreSQL", "%"])
def test_an_interrupted_demo_leaves_nothing(alone: Recoup, data_dir: Path, at: str):
    """Ctrl-C while it starts and in the middle of the sync: exit status 130, no process."""
    demo = alone.start("demo", *LONG)
    demo.wait_for(at)

    code, _ = demo.stop(signal.SIGINT)

    assert code == 130
    assert demo.errors == []
    assert processes_of(data_dir) == []


def test_a_killed_demo_is_cleared_away(alone: Recoup, data_dir: Path):
    """What a demo could not drop when it was killed, the next one does."""
    killed = alone.start("demo", *LONG)
    killed.wait_for("%")
    killed.stop(signal.SIGKILL)
    left = list((data_dir / "demo").glob("*.run"))

    done = alone.run("demo", "--once", "--orders", "10")

    assert len(left) == 1
    assert done.code == 0, done
    assert list((data_dir / "demo").glob("*.run")) == []
    assert processes_of(data_dir) == []


def test_a_demo_whose_part_fails_leaves_nothing(alone: Recoup, data_dir: Path):
    """A port that was asked for and is taken: one line, exit status 1, no process."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = alone.run("demo", "--once", "--port", port)

    assert done.code == 1
    assert len(done.stderr.splitlines()) == 1
    assert port in done.stderr
    assert processes_of(data_dir) == []


class Terminal:
    """The program on a terminal of its own, as a person sees it."""

    def __init__(self, environ: dict[str, str], *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "recoup", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environ, "TERM": "xterm", "COLUMNS": "160", "LINES": "50"},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def read_until(self, pattern: str) -> re.Match[str]:
        while (found := re.search(pattern, self.seen)) is None:
            assert self._read(), self.seen
        return found

    def read_to_end(self) -> int:
        """The exit status, when all that was written has been read."""
        while self._read():
            pass
        return self.process.wait(LIMIT_SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(LIMIT_SECONDS)
        os.close(self._master)

    def _read(self) -> bool:
        """False when nobody writes any more."""
        ready, _, _ = select.select([self._master], [], [], LIMIT_SECONDS)
        assert ready, self.seen
        try:
            written = os.read(self._master, 65536)
        except OSError:  # Linux's way to say that the other side has closed
            return False
        self.seen += written.decode(errors="replace")
        return bool(written)


@pytest.fixture
def terminal(alone: Recoup) -> Iterator[Terminal]:
    terminal = Terminal(alone.environ, "demo", "--orders", "300")
    yield terminal
    terminal.close()


def test_a_demo_on_a_terminal_stays_up(terminal: Terminal, data_dir: Path):
    """It draws a bar, then keeps the API running for the token it prints; Ctrl-C is its end."""
    command = terminal.read_until(r'Bearer (\S+)" "(http://[^"]+)"')
    token, address = command.groups()
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        orders = json.load(response)["items"]
    terminal.process.send_signal(signal.SIGINT)
    code = terminal.read_to_end()

    assert len(orders) == 3
    assert "━" in terminal.seen
    assert code == 0, terminal.seen
    assert "Traceback" not in terminal.seen
    assert eventually(lambda: processes_of(data_dir) == [], within_seconds=5)
