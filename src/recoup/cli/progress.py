"""The progress of a running sync: a bar on a terminal, a few lines elsewhere.

Both are made from the status body, whether it came over HTTP or from the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from recoup.cli.notes import note_lines
from recoup.cli.output import align, on_terminal, say, show_json_line
from recoup.sync.record.states import StreamStatus, SyncStatus
from recoup.terminal import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from recoup.sync.record.status import StatusBody, StreamBody

_BAR_CELLS = 40
_LINE_EVERY_PERCENT = 10


@contextmanager
def progress_display(*, as_json: bool = False) -> Iterator[Callable[[StatusBody], None]]:
    """A function that receives each new state. Without a terminal: a line per 10 percent."""
    if as_json:
        yield lambda status: show_json_line(status.document())
    elif on_terminal():
        with _live() as display:
            yield display
    else:
        yield _PlainLines().show


def stream_table(status: StatusBody) -> list[str]:
    """The loaded rows, one line per stream. Rows are the new and changed ones."""
    rows = [
        (stream.name, stream.rows, _seconds(stream), _state(stream)) for stream in status.streams
    ]
    return align(("stream", "rows", "seconds", "result"), rows)


def end_lines(status: StatusBody) -> list[str]:
    """The final lines about a sync: what was not read and why, and the notes."""
    return [*cause_lines(status), *note_lines(status.notes)]


def cause_lines(status: StatusBody) -> list[str]:
    """Why streams have no rows: each reason once, however many streams it affects.

    The error of a sync that has failed says it for the streams that failed.
    """
    from recoup.sync.record.ending import by_reason, named

    told = status.error
    reasons = {
        one.name: one.reason
        for one in status.streams
        if one.reason and (told is None or one.status != StreamStatus.FAILED)
    }
    lines = [f"{named(streams)}: {reason}" for reason, streams in by_reason(reasons)]
    return [*([] if told is None else [told]), *lines]


class _PlainLines:
    """Prints a state when the sync has advanced a step or has ended."""

    def __init__(self) -> None:
        self._step = -1
        self._ended = False

    def show(self, status: StatusBody) -> None:
        step = status.progress // _LINE_EVERY_PERCENT
        ended = status.status != SyncStatus.IN_PROGRESS
        if step <= self._step and ended == self._ended:
            return
        self._step, self._ended = step, ended
        say(f"{status.progress:3d} %  {status.message}")


@contextmanager
def _live() -> Iterator[Callable[[StatusBody], None]]:
    from rich.console import Console
    from rich.live import Live

    # Drawn when something changes and not by a thread: the loop stays the only one at work.
    with Live(console=Console(), auto_refresh=False) as live:
        yield lambda status: live.update(_picture(status), refresh=True)


def _picture(status: StatusBody) -> RenderableType:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 1))
    head.add_column(width=_BAR_CELLS)
    head.add_column(width=5, justify="right")
    head.add_column(no_wrap=True, overflow="ellipsis")
    head.add_row(
        ProgressBar(
            total=100,
            completed=status.progress,
            width=_BAR_CELLS,
            complete_style="green",
        ),
        f"{status.progress} %",
        Text(printable(status.message)),
    )
    streams = Table.grid(padding=(0, 2))
    streams.add_column()
    streams.add_column(justify="right")
    streams.add_column()
    for stream in status.streams:
        streams.add_row(Text(f"  {stream.name}"), Text(_count(stream)), Text(_state(stream)))
    return Group(head, streams, *(Text(printable(f"  {line}")) for line in cause_lines(status)))


def _count(stream: StreamBody) -> str:
    expected = stream.expected_rows
    return f"{stream.rows:,}" if expected is None else f"{stream.rows:,} of {expected:,}"


def _state(stream: StreamBody) -> str:
    state = stream.status.replace("_", " ")
    until = stream.waiting_until
    return state if until is None else f"{state}, waiting until about {until:%H:%M} UTC"


def _seconds(stream: StreamBody) -> float | None:
    """The duration of the stream; None if it has not begun or not ended."""
    if stream.started_at is None or stream.completed_at is None:
        return None
    return (_as_told(stream.completed_at) - _as_told(stream.started_at)).total_seconds()


def _as_told(moment: datetime) -> datetime:
    """In milliseconds, as the API tells it: else a tenth of a second differs from one to the other."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
