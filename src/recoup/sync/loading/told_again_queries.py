"""Quarantined rows whose day a later file contains in full, without them."""

from __future__ import annotations

from sqlalchemy import text

from recoup.db.engine import Writer
from recoup.streams._report import ReplaceDays, Upsert
from recoup.sync.loading.target import FileTarget

_TIME_BEGINS = "'^(\\d{4}-\\d{2}-\\d{2}|\\d{1,2}/\\d{1,2}/\\d{4})'"


async def release_told_again(conn: Writer, target: FileTarget) -> None:
    """Releases rows of other files that this complete file would have quarantined, if still bad.

    Those are rows of earlier files of the type whose own day this file contains in full: they were
    there well this time, or taken back. Parts of lines without a day go with the last row of their
    file that has one. Call it after the file was loaded, in its transaction.
    """
    load = target.report.load
    match load:
        case Upsert(dated=str(dated)) | ReplaceDays(day=dated):
            pass
        case _:
            return
    if target.days is None:
        return
    headers = next(one.headers for one in target.report.fields if one.column == dated)
    days = ", ".join(f"raw->>:h{n}" for n in range(len(headers)))
    day = f"substring(coalesce({days}) from {_TIME_BEGINS})"
    earlier = (
        "connection_id = :connection_id and stream = :stream and told_at < now() "
        "and source like :files"
    )
    is_told = (
        f"case when pg_input_is_valid({day}, 'date') then ({day})::date > cast(:first as date) "
        f"and ({day})::date < coalesce(cast(:last as date), current_date) end"
    )
    file = "split_part(source, ' line ', 1)"
    await conn.execute(
        text(
            f"with waiting as (select quarantine_id, {file} as file, {day} as day, "
            f"{is_told} as is_told from quarantine where {earlier}) "
            "delete from quarantine using waiting "
            "where waiting.quarantine_id = quarantine.quarantine_id and (is_told or day is null "
            "and (select bool_and(other.is_told) from waiting as other "
            "where other.file = waiting.file and other.day is not null))"
        ),
        {
            "connection_id": target.connection_id,
            "stream": target.stream.name,
            "files": f"{target.report.report_type} %",
            "first": target.days.first,
            "last": target.days.last,
            **{f"h{n}": header for n, header in enumerate(headers)},
        },
    )
