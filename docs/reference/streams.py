"""The page of streams, from their declarations."""

from __future__ import annotations

from datetime import timedelta

from docs.reference.markdown import page, table
from recoup.streams import all_streams
from recoup.streams._report import Field, Report
from recoup.streams._stream import Scope, Snapshot, Stream, Windows

_INTRODUCTION = """\
Every stream: where its rows come from, how often, and into which tables. Columns of a report's file are listed
with the headings that are known; the first one that a file has is taken. A file without a required column is refused."""


def streams_page() -> str:
    """One section per stream, in the order of their names."""
    return page("Streams", _INTRODUCTION, *map(_section, all_streams()))


def _section(stream: Stream) -> str:
    tables = [stream.table, *stream.parts, *([stream.history.table] if stream.history else [])]
    rows = [
        ("Tables", ", ".join(f"`{one.name}`" for one in tables)),
        ("Asked", _SCOPES[stream.scope]),
        ("Read", _cursor(stream.cursor)),
        *([("API", _api(stream))] if stream.api else []),
        *([("Report", _report(stream.report))] if stream.report else []),
    ]
    columns = f"\n{_columns(stream.report)}" if stream.report else ""
    return f"## {stream.name}\n\n{table(('', ''), rows)}{columns}"


_SCOPES = {
    Scope.REGION: "once for all marketplaces of the connection",
    Scope.MARKETPLACE: "once for each marketplace",
}


def _cursor(cursor: Windows | Snapshot) -> str:
    on = f", on days {', '.join(map(str, cursor.on))} of the cycle" if cursor.on else ""
    if isinstance(cursor, Snapshot):
        return f"whole, as it is at present{on}"
    again = f"; the last {_span(cursor.overlap)} again each time" if cursor.overlap else ""
    sweep = f", and bit by bit {_span(cursor.sweep)} before that" if cursor.sweep else ""
    return f"the first time {_span(cursor.history)} back{again}{sweep}{on}"


def _api(stream: Stream) -> str:
    assert stream.api is not None
    operation = stream.api.operation
    plan = f"{operation.plan.rate:g} calls a second, burst {operation.plan.burst}"
    role = f"; role {operation.role}" if operation.role else ""
    return f"`{operation.name}` ({plan}){role}"


def _report(report: Report) -> str:
    how = "; made by Amazon alone, cannot be requested" if report.discovered else ""
    longest = f"; at most {_span(report.longest)} a file" if report.longest else ""
    options = ", ".join(f"{name}={value}" for name, value in report.options.items())
    return f"`{report.report_type}`{longest}{f'; options {options}' if options else ''}{how}"


def _columns(report: Report) -> str:
    return table(("column", "headings in the file", "kind", ""), map(_column, report.fields))


def _column(one: Field) -> tuple[str, ...]:
    need = "required" if one.required else "some files only" if one.varies else ""
    names = ", ".join(f"`{heading}`" for heading in one.headers)
    return f"`{one.column}`", names, one.kind.value, need


def _span(time: timedelta) -> str:
    hours, rest = divmod(int(time.total_seconds()), 3600)
    if hours and hours % 24 == 0 and not rest:
        return f"{hours // 24} days" if hours != 24 else "1 day"
    return f"{hours} hours" if not rest else f"{int(time.total_seconds()) // 60} minutes"
