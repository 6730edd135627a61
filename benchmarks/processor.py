"""Processor time by process, from the kernel's books (Linux). For benchmarks on busy machines."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Spent:
    """Seconds: on the clock, of this process, and of a PostgreSQL with all of its processes."""

    wall: float = 0.0
    own: float = 0.0
    postgres: float = 0.0


@contextmanager
def spent(data_dir: Path) -> Iterator[Spent]:
    """What is spent inside. data_dir: of the embedded server, whose process is found by its file."""
    server = int((data_dir / "postgres/data/postmaster.pid").read_text().split()[0])
    result = Spent()
    wall, own, postgres = time.perf_counter(), time.process_time(), _seconds_of(server)
    yield result
    result.wall = time.perf_counter() - wall
    result.own = time.process_time() - own
    result.postgres = _seconds_of(server) - postgres


def _seconds_of(server: int) -> float:
    """Of the server, its living children, and those that ended and were waited for."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:  # it has ended
            continue
        if int(stat.parent.name) == server:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == server:
            ticks += sum(map(int, fields[11:13]))
    return ticks * _TICK
