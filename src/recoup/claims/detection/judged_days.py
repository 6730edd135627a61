"""The days for which a rule's data is known, of an account that consists of files.

What a sync reads begins with the same day for every stream and ends today. Of files that people choose,
one may begin or end months before another, and a loss of which the payments are not known is no claim. So a
rule judges the days that all of its data covers, and waits for data that ends too long ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text

from recoup.claims.detection.gaps import Gap, streams_by_name, streams_with
from recoup.claims.detection.held import JudgedDays
from recoup.claims.detection.reads import needs_of
from recoup.claims.rule import Rule
from recoup.connections.states import ConnectionEnvironment
from recoup.db.engine import Reader
from recoup.ids import ConnectionId
from recoup.streams._stream import Stream, Windows

OLDEST_END = timedelta(days=31)
"""How long ago the data of a rule may end. Months are over a month later at most (ours)."""
_OLDEST_MONTH = timedelta(days=62)


@dataclass(frozen=True, slots=True)
class CoveredDays:
    """The last days without a hole that files cover of a stream."""

    first_on: date
    last_on: date


async def is_of_files(conn: Reader, connection_id: ConnectionId) -> bool:
    """Whether the account consists of files."""
    found = await conn.execute(
        text(
            "select environment = :files from amazon_connection "
            "where connection_id = :connection_id"
        ),
        {"connection_id": connection_id, "files": ConnectionEnvironment.FILES},
    )
    return bool(found.scalar_one_or_none())


async def read_days(conn: Reader, connection_id: ConnectionId) -> dict[str, CoveredDays]:
    """The days of each stream that files cover."""
    rows = await conn.execute(
        text(
            """
            select c.stream, cast(lower(w) at time zone 'UTC' as date) as first_on,
                cast(upper(w) at time zone 'UTC' as date) - 1 as last_on
            from stream_cursor c cross join lateral unnest(c.closed) as w
            where c.connection_id = :connection_id and c.without_dataset = ''
                and upper(w) = upper(c.closed)
            """
        ),
        {"connection_id": connection_id},
    )
    return {row.stream: CoveredDays(row.first_on, row.last_on) for row in rows}


def old_gaps(days: Mapping[str, CoveredDays], as_of: date) -> list[Gap]:
    """Streams whose files end so long ago that what they would say of today is not known."""
    return [
        Gap(name, f"the files of {streams_by_name()[name].noun} end on {one.last_on}")
        for name, one in sorted(days.items())
        if name in streams_by_name() and one.last_on < as_of - _patience(streams_by_name()[name])
    ]


def judged_days_of(rules: Iterable[Rule], days: Mapping[str, CoveredDays]) -> list[JudgedDays]:
    """The days that each rule may judge."""
    return [span for rule in rules if (span := _span(rule, days)) is not None]


def needed_streams(rule: Rule) -> list[Stream]:
    """The streams without which the rule does not run, in order."""
    tables = {table for table, _ in needs_of(rule)}
    return [streams_by_name()[name] for name in sorted(streams_with(tables))]


def _span(rule: Rule, days: Mapping[str, CoveredDays]) -> JudgedDays | None:
    known = [
        (one, days[one.name])
        for one in needed_streams(rule)
        if one.name in days and isinstance(one.cursor, Windows)
    ]
    if not known:
        return None
    latest, begin = max(known, key=lambda pair: pair[1].first_on)
    # Months become known only when they are over.
    daily = [pair for pair in known if not _is_by_month(pair[0])]
    earliest, end = min(daily or known, key=lambda pair: pair[1].last_on)
    why = (
        f"{latest.noun} are known from {begin.first_on}, and {earliest.noun} until {end.last_on}: "
        "load files of more days"
    )
    return JudgedDays(rule.type.value, begin.first_on, end.last_on if daily else None, why)


def _patience(stream: Stream) -> timedelta:
    return _OLDEST_MONTH if _is_by_month(stream) else OLDEST_END


def _is_by_month(stream: Stream) -> bool:
    return stream.report is not None and stream.report.by_month
