"""A worker that is killed at a named step of a sync (recoup.sync.work.Work.reached)."""

from __future__ import annotations

from collections.abc import Sequence

from recoup.streams._stream import Stream
from recoup.sync.runner import SyncRunner
from tests.support.lab import Lab


class KilledError(BaseException):
    """The worker is dead: nothing of it catches this, and nothing is handed on in words."""


def dying_runner(lab: Lab, streams: Sequence[Stream], step: str, *, at: int) -> SyncRunner:
    """A worker of these streams that dies when it comes to `step` for the at-th time."""
    left = at

    def reached(name: str) -> None:
        nonlocal left
        left -= name == step
        if name == step and left <= 0:
            raise KilledError(step)

    return SyncRunner(lab.database, lab.access, owner="victim", streams=streams, reached=reached)
