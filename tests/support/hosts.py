"""Machines for a test: network namespaces with addresses of their own, joined by a switch of the first.

Only their own addresses are ever called. Everything is removed at the end.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

_NETWORK = "10.77.0"
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of setns(2)
_BRIDGE = "switch"


def why_not() -> str | None:
    """Why there can be no such hosts here; None if there can."""
    if shutil.which("ip") is None:
        return "needs `ip` (iproute2)"
    name = f"recoup-{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"may make no network namespaces: {made.stderr.strip()}"
    tried = subprocess.run(["ip", "-n", name, "link", "add", "s", "type", "bridge"], check=False)
    _ip("netns", "del", name)
    return "the kernel has no bridges" if tried.returncode else None


class Hosts:
    """The first one is the switch too. `address(name)`: where it is called."""

    def __init__(self, *names: str) -> None:
        self._names = {name: f"recoup-{os.getpid()}-{name}" for name in names}
        self._first = self._names[names[0]]

    def address(self, name: str) -> str:
        return f"{_NETWORK}.{list(self._names).index(name) + 1}"

    def command(self, name: str) -> list[str]:
        """What to put before a command that runs there."""
        return ["ip", "netns", "exec", self._names[name]]

    def cut(self, name: str) -> None:
        """Nothing that is sent to or from it arrives, and nobody is told."""
        _ip("-n", self._first, "link", "set", f"to-{name}", "down")

    def join(self, name: str) -> None:
        _ip("-n", self._first, "link", "set", f"to-{name}", "up")

    def remove(self, name: str) -> None:
        """It is gone for good."""
        _ip("netns", "del", self._names.pop(name))

    @contextlib.contextmanager
    def listener(self, name: str, address: str, port: int = 0) -> Iterator[socket.socket]:
        """A socket that listens there, although this process lives elsewhere."""
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(Path("/run/netns") / self._names[name], os.O_RDONLY)
        try:
            _enter(there)
            try:
                listening = socket.create_server((address, port))
            finally:
                _enter(here)
        finally:
            os.close(here)
            os.close(there)
        with listening:
            yield listening

    def open(self) -> None:
        for name in self._names.values():
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", self._first, "link", "add", _BRIDGE, "type", "bridge")
        _ip("-n", self._first, "addr", "add", f"{_NETWORK}.1/24", "dev", _BRIDGE)
        _ip("-n", self._first, "link", "set", _BRIDGE, "up")
        for name, full in list(self._names.items())[1:]:
            port = f"to-{name}"
            peer = ("peer", "name", "eth0", "netns", full)
            _ip("-n", self._first, "link", "add", port, "type", "veth", *peer)
            _ip("-n", self._first, "link", "set", port, "master", _BRIDGE, "up")
            _ip("-n", full, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
            _ip("-n", full, "link", "set", "eth0", "up")

    def close(self) -> None:
        for name in self._names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def _enter(namespace: int) -> None:
    """Of this thread only."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def hosts(*names: str) -> Iterator[Hosts]:
    made = Hosts(*names)
    try:
        made.open()
        yield made
    finally:
        made.close()
