"""Printing: a record either as JSON or as lines for people, never both."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def on_terminal() -> bool:
    """Whether a person watches: the display may move then."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def show(record: object, *, as_json: bool, lines: Iterable[str]) -> None:
    """The record itself as one JSON document, or the lines that tell it."""
    if as_json:
        typer.echo(json.dumps(record, indent=2, ensure_ascii=False))
        return
    for line in lines:
        typer.echo(line)


def show_json_line(record: object) -> None:
    """One line of a stream of JSON documents (JSON Lines)."""
    typer.echo(json.dumps(record, ensure_ascii=False))


def hint(line: str) -> None:
    """Advice on stderr: stdout is for what was asked."""
    typer.echo(line, err=True)


def align(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """A table as lines; numbers to the right, with a header in the same columns."""
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
