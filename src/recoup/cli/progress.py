"""How a sync is going, shown as it goes: a bar on a terminal, a few lines elsewhere.

Both are made from the status body of the contract, whether it came over HTTP or from the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from recoup.cli.output import align, on_terminal, show_json_line

if TYPE_CHECKING:
    from rich.console import RenderableType

Status = Mapping[str, Any]
Display = Callable[[Status], None]

_BAR_CELLS = 40
_LINE_EVERY_PERCENT = 10


@contextmanager
def progress_display(*, as_json: bool = False) -> Iterator[Display]:
    """A function that is told each new state. Without a terminal: at most a line per 10 percent."""
    if as_json:
        yield show_json_line
    elif on_terminal():
        with _live() as display:
            yield display
    else:
        yield _PlainLines().show


def stream_table(status: Status) -> list[str]:
    """What arrived, a line per stream. Rows are the new and changed ones."""
    rows = [
        (stream["name"], stream["rows"], _seconds(stream), stream["error"] or stream["status"])
        for stream in status["streams"]
    ]
    return align(("stream", "rows", "seconds", "result"), rows)


class _PlainLines:
    """Prints a state when the sync has come a step further or has ended."""

    def __init__(self) -> None:
        self._step = -1
        self._ended = False

    def show(self, status: Status) -> None:
        step = status["progress"] // _LINE_EVERY_PERCENT
        ended = status["status"] != "in_progress"
        if step <= self._step and ended == self._ended:
            return
        self._step, self._ended = step, ended
        typer.echo(f"{status['progress']:3d} %  {status['message']}")


@contextmanager
def _live() -> Iterator[Display]:
    from rich.console import Console
    from rich.live import Live

    # Drawn when something changes and not by a thread: the loop stays the only one at work.
    with Live(console=Console(), auto_refresh=False) as live:
        yield lambda status: live.update(_picture(status), refresh=True)


def _picture(status: Status) -> RenderableType:
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
            completed=status["progress"],
            width=_BAR_CELLS,
            complete_style="green",
        ),
        f"{status['progress']} %",
        Text(status["message"]),
    )
    streams = Table.grid(padding=(0, 2))
    streams.add_column()
    streams.add_column(justify="right")
    streams.add_column()
    for stream in status["streams"]:
        streams.add_row(Text(f"  {stream['name']}"), Text(_count(stream)), Text(_state(stream)))
    return Group(head, streams)


def _count(stream: Mapping[str, Any]) -> str:
    expected = stream["expectedRows"]
    return f"{stream['rows']:,}" if expected is None else f"{stream['rows']:,} of {expected:,}"


def _state(stream: Mapping[str, Any]) -> str:
    return str(stream["error"] or stream["status"].replace("_", " "))


def _seconds(stream: Mapping[str, Any]) -> float | None:
    """How long the stream took; None where it has not begun or not ended."""
    begin, end = stream.get("startedAt"), stream.get("completedAt")
    if begin is None or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
