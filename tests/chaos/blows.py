"""Carries a schedule of blows out; what lasts is ended later, and all is mended at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from tests.chaos.installation import Installation
from tests.chaos.schedule import Blow, Kind

T = TypeVar("T")
_HOUR_SECONDS = 3600


class Hand:
    """Deals the blows. `dealt`: how many of each kind; `missing`: kinds that this machine cannot have."""

    def __init__(self, installation: Installation, say: Callable[[str], None]) -> None:
        self._at = installation
        self._say = say
        self._until: list[tuple[float, Callable[[], None]]] = []
        self.dealt: Counter[str] = Counter()
        self.missing: dict[str, str] = {}

    def deal(self, blows: Iterable[Blow], beside: Callable[[], None]) -> None:
        """One after the other; `beside` is called again and again meanwhile."""
        due = time.monotonic()
        for blow in blows:
            due += blow.gap_seconds
            while time.monotonic() < due:
                self._end_what_is_over()
                self._at.supervise()
                beside()
                time.sleep(0.1)
            self._say(str(blow))
            self.dealt[blow.kind] += 1
            self._strike(blow)
        self.mend()

    def mend(self) -> None:
        for _, end in self._until:
            end()
        self._until.clear()
        self._at.supervise()

    def _end_what_is_over(self) -> None:
        now = time.monotonic()
        over = [one for one in self._until if one[0] <= now]
        self._until = [one for one in self._until if one[0] > now]
        for _, end in over:
            end()

    def _lasts(self, blow: Blow, end: Callable[[], None]) -> None:
        self._until.append((time.monotonic() + blow.seconds, end))

    def _strike(self, blow: Blow) -> None:
        at = self._at
        {
            Kind.KILL_WORKER: _one_of(at.workers, blow).process.kill,
            Kind.FREEZE_WORKER: lambda: self._freeze(_one_of(at.workers, blow).process.pid, blow),
            Kind.KILL_API: _one_of(list(at.apis.values()), blow).process.kill,
            Kind.RESTART_POSTGRES: at.restart_postgres,
            Kind.KILL_POSTGRES: at.kill_postgres,
            Kind.END_BACKENDS: at.end_backends,
            Kind.EXHAUST_CONNECTIONS: lambda: self._exhaust(blow.seconds),
            Kind.STEP_CLOCK: lambda: self._step_clock(blow),
            Kind.CUT_AMAZON: lambda: self._cut(blow),
            Kind.SILENCE_AMAZON: lambda: self._freeze(at.stack.sandbox_pid, blow),
        }[blow.kind]()

    def _freeze(self, pid: int, blow: Blow) -> None:
        os.kill(pid, signal.SIGSTOP)
        self._lasts(blow, lambda: _wake(pid))

    def _cut(self, blow: Blow) -> None:
        self._at.wire.cut()
        self._lasts(blow, self._at.wire.mend)

    def _exhaust(self, seconds: float) -> None:
        """Beside the other blows: a restart of PostgreSQL ends it early."""

        def hold() -> None:
            with self._at.exhausted():
                over.wait(seconds)

        over = threading.Event()
        threading.Thread(target=hold, daemon=True).start()

    def _step_clock(self, blow: Blow) -> None:
        if self._at.clock.missing:
            self.missing[blow.kind] = self._at.clock.missing
            return
        self._at.clock.set(_HOUR_SECONDS if blow.pick < 1 / 2 else -_HOUR_SECONDS)
        self._lasts(blow, lambda: self._at.clock.set(0))


def _one_of(several: Sequence[T], blow: Blow) -> T:
    return several[int(blow.pick * len(several))]


def _wake(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
