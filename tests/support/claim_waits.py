"""What each rule waits for, as the tables of docs/claims.md#gaps have it.

    python -m tests.support.claim_waits

prints them; tests/contract/test_claim_waits.py compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from recoup.claims.detection.gaps import tables_of
from recoup.claims.detection.reads import needs_of
from recoup.claims.rules import all_rules
from recoup.streams import all_streams
from recoup.streams._report import Field
from recoup.streams._stream import Stream

NEEDS = {rule.type.value: needs_of(rule) for rule in all_rules()}
STREAMS = sorted(all_streams(), key=lambda stream: stream.name)


def waiting_for(stream: Stream) -> list[str]:
    """The rules that are not run while the stream is not read."""
    return [
        name
        for name, needs in NEEDS.items()
        if not {table for table, _ in needs}.isdisjoint(tables_of(stream))
    ]


def waiting_for_column(stream: Stream, one: Field) -> list[str]:
    """The rules that are not run while a column of the stream's file is not told."""
    columns = one.stored_as or (one.column,)
    places = {(table, column) for table in tables_of(stream) for column in columns}
    return [name for name, needs in NEEDS.items() if not places.isdisjoint(needs)]


def rule_table() -> str:
    """One line per rule: the streams that it waits for."""
    lines = ["| rule | waits for |", "| --- | --- |"]
    for name in NEEDS:
        streams = [stream.name for stream in STREAMS if name in waiting_for(stream)]
        lines.append(f"| `{name}` | {_code(streams)} |")
    return "\n".join(lines)


def column_table() -> str:
    """One line per file: its columns, by how many of the rules that wait for it wait for them.

    Columns without which the file is refused are left out: they are the whole stream.
    """
    lines = [
        "| file | every rule that needs the file waits for | some rules wait for | no rule waits for |",
        "| --- | --- | --- | --- |",
    ]
    for stream in STREAMS:
        everyone = waiting_for(stream)
        if stream.report is None or not everyone:
            continue
        waits = [
            (one.headers[0], waiting_for_column(stream, one))
            for one in stream.report.fields
            if not one.required
        ]
        by_names: dict[tuple[str, ...], list[str]] = {}
        for heading, names in waits:
            by_names.setdefault(tuple(names), []).append(heading)
        some = [
            f"{_code(headings)}: {_told(names, everyone)}"
            for names, headings in by_names.items()
            if names and list(names) != everyone
        ]
        whole, none = by_names.get(tuple(everyone), []), by_names.get((), [])
        lines.append(f"| `{stream.name}` | {_code(whole)} | {'<br>'.join(some)} | {_code(none)} |")
    return "\n".join(lines)


def _told(names: Iterable[str], everyone: list[str]) -> str:
    """The names, or those that are left out where these are fewer."""
    told = set(names)
    others = [name for name in everyone if name not in told]
    if len(others) < len(told):
        return f"all but {', '.join(others)}"
    return ", ".join(name for name in everyone if name in told)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.stdout.write(f"{rule_table()}\n\n{column_table()}\n")
