"""What every report declaration must be, against the files that the sandbox makes."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from recoup.sandbox.reports import all_report_types
from recoup.sandbox.world.profile import PROFILES
from recoup.streams import all_streams
from recoup.streams._report import FieldKind, ReplaceDays, Report, Upsert, normal_header
from recoup.streams._stream import Stream, Windows
from recoup.streams._turns import CYCLE, EVERY_DAY

STREAMS = {stream.name: stream for stream in all_streams() if stream.report is not None}
every_stream = pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
every_profile = pytest.mark.parametrize("profile", PROFILES)

PEOPLE = ("buyer", "recipient", "address", "city", "state", "postal", "comment", "email", "phone")


def report_of(stream: Stream) -> Report:
    assert stream.report is not None
    return stream.report


@every_profile
@every_stream
def test_the_columns_are_those_of_the_file(stream: Stream, profile: str) -> None:
    """Each column is found under one of its names, in the files of every marketplace, unless it is
    said to vary.
    """
    report = report_of(stream)
    kind = all_report_types()[report.report_type]
    header = [normal_header(name) for name in kind.header_for(PROFILES[profile])]
    for field in report.fields:
        found = [name for name in field.headers if normal_header(name) in header]
        if field.varies:
            assert not field.required
        else:
            assert found, f"{field.column}: none of {field.headers} is in the file"


@every_stream
def test_no_name_stands_for_two_columns(stream: Stream) -> None:
    """A cell goes to one place only."""
    report = report_of(stream)
    names = [normal_header(name) for field in report.fields for name in field.headers]
    columns = [field.column for field in report.fields]

    assert len(names) == len(set(names))
    assert len(columns) == len(set(columns))


@every_stream
def test_no_column_of_people_is_read(stream: Stream) -> None:
    """What the file says about people stays in the file."""
    for field in report_of(stream).fields:
        assert not [w for w in PEOPLE if w in field.column or w in " ".join(field.headers)]


@every_stream
def test_the_fields_fill_the_table(stream: Stream) -> None:
    """Columns are those of the table, and no part of a key can be missing."""
    report = report_of(stream)
    fields = {field.column: field for field in report.fields}
    if not isinstance(report.load, (Upsert, ReplaceDays)):
        return
    columns = stream.table.columns
    own = {"connection_id", "source", "source_line", "loaded_at"}
    if isinstance(report.load, Upsert) and report.load.occurrence is not None:
        own.add(report.load.occurrence)
    assert {column.name for column in columns} - own == set(fields)
    for column in columns:
        if column.name not in own and not column.nullable:
            field = fields[column.name]
            assert field.required or field.default is not None
            assert field.default is None or field.kind is FieldKind.TEXT


@every_stream
def test_a_daily_sync_needs_one_report(stream: Stream) -> None:
    """What is read again and the day since the last sync fit into the longest window."""
    report = report_of(stream)
    if not isinstance(stream.cursor, Windows) or report.longest is None or report.by_month:
        return
    turns = stream.cursor.on or EVERY_DAY
    between = max(then - one for one, then in pairwise([*turns, turns[0] + CYCLE]))

    assert stream.cursor.overlap + timedelta(days=between) <= report.longest


@every_stream
def test_the_windows_are_those_that_the_type_answers(stream: Stream) -> None:
    """No window is longer than the sandbox, which is as strict as Amazon, makes a report for."""
    report = report_of(stream)
    kind = all_report_types()[report.report_type]

    assert set(report.options) <= kind.options
    if kind.longest_window is not None:
        assert report.by_month or (report.longest and report.longest <= kind.longest_window)
    if kind.history is not None and isinstance(stream.cursor, Windows):
        assert stream.cursor.history <= kind.history
