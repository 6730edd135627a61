"""Printing: a record either as JSON or as lines for people, never both.

All that commands print goes through here: names and messages come from Amazon and from users, and a
terminal obeys the control characters in them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from recoup.terminal import printable, printable_json, printable_lines

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def on_terminal() -> bool:
    """Whether a person is watching, so that the display may move."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def show(record: object, *, as_json: bool, lines: Iterable[str]) -> None:
    """Prints the record as one JSON document, or its lines."""
    if as_json:
        typer.echo(printable_json(json.dumps(record, indent=2, ensure_ascii=False)))
        return
    say(*lines)


def say(*lines: str) -> None:
    """Prints lines for people."""
    for line in lines:
        typer.echo(printable(line))


def show_json_line(record: object) -> None:
    """One line of a stream of JSON documents (JSON Lines)."""
    typer.echo(printable_json(json.dumps(record, ensure_ascii=False)))


def write_file(content: bytes) -> None:
    """Writes a file to stdout: as it is for programs, readable for people."""
    if sys.stdout.isatty():
        typer.echo(printable_lines(content.decode()), nl=False)
    else:
        sys.stdout.buffer.write(content)


def hint(line: str) -> None:
    """Advice on stderr: stdout is for the requested output."""
    typer.echo(printable(line), err=True)


def align(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table as lines; numbers are aligned right."""
    cells = [[*header], *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
    right = [any(isinstance(row[i], int | float) for row in rows) for i in range(len(header))]
    return [
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in cells
    ]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
