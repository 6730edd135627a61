"""Reduces what earlier versions stored to what a stream reads (docs/adr/0016-only-what-is-read.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from recoup.claims.detection.detect import delete_unseen
from recoup.claims.detection.gaps import streams_by_name
from recoup.claims.detection.window_and_value import last_local_day
from recoup.clock import Clock
from recoup.db.engine import Database
from recoup.errors import (
    BrokenDocumentError,
    DatabaseUnreachableError,
    OversizeError,
    ReportFileError,
)
from recoup.ids import ConnectionId
from recoup.logs import get_logger
from recoup.spapi.documents import spool_of
from recoup.streams import all_streams
from recoup.streams._item import kept
from recoup.streams._report import Report, normal_header
from recoup.streams.transactions import STREAM as TRANSACTIONS
from recoup.sync.loading.known_columns import keep_known
from recoup.sync.reports.archive_queries import ArchivedFile, find_archived_file
from recoup.sync.retention.queries import see_one_moment
from recoup.sync.retention.reduce_queries import (
    list_archived,
    list_unreduced,
    reduce_quarantine,
    reduce_transactions,
    replace_archived,
    set_reduced,
)

_log = get_logger(__name__)

_BATCH = 1_000
"""Transactions whose trees are held in memory at once."""

_NOT_KEPT = frozenset({"row", "nested"})
"""In place of an item of which nothing was kept."""


def reduced_row(name: str, source: str, raw: Any) -> Any:
    """A row of the quarantine, with what the stream of this name reads of it; nothing of no stream."""
    stream = streams_by_name().get(name)
    if stream is None or not isinstance(raw, Mapping):
        return {}
    if "cells" in raw:
        cells = raw["cells"]
        count = len(cells) if isinstance(cells, list) else cells
        return {"line": raw.get("line"), "cells": count}
    if raw.keys() <= _NOT_KEPT:
        return raw
    if stream.report is not None and source.startswith(f"{stream.report.report_type} "):
        wanted = {normal_header(one) for field in stream.report.fields for one in field.headers}
        return {name: cell for name, cell in raw.items() if normal_header(name) in wanted}
    return kept(raw, stream.api.reads) if stream.api is not None else {}


def reduced_breakdowns(breakdowns: Mapping[str, Any]) -> Any:
    """The trees of amounts of a transaction, by the names under which they are stored."""
    assert TRANSACTIONS.api is not None
    wanted = TRANSACTIONS.api.reads["breakdowns"]
    return {name: kept(tree, wanted) for name, tree in breakdowns.items()}


async def reduce_stored(database: Database, *, now: Clock, at_most: timedelta) -> None:
    """Reduces the rows and files of connections of before that, once; begins nothing after `at_most`.

    Killed anywhere, it begins again with the connection. No claim changes for it.
    """
    began_at = now()
    async with database.reading() as conn:
        todo = await list_unreduced(conn)
    for connection_id, marketplace_ids in todo:
        try:
            await _reduce_quarantine(database, connection_id, now=began_at)
            await _reduce_files(database, connection_id, marketplace_ids)
            after: str | None = ""
            while after is not None:
                if now() - began_at > at_most:
                    return
                async with database.writing() as conn:
                    after = await reduce_transactions(
                        conn, connection_id, reduced_breakdowns, after=after, at_most=_BATCH
                    )
            async with database.writing() as conn:
                await set_reduced(conn, connection_id)
        except DatabaseUnreachableError as exc:
            _log.warning("reduction_postponed", connection_id=connection_id, reason=str(exc))


async def _reduce_quarantine(
    database: Database, connection_id: ConnectionId, *, now: datetime
) -> None:
    """Between two searches: a row holds back what it names, and may name less afterwards."""
    async with database.writing() as conn:
        await see_one_moment(conn)

        async def reduce() -> None:
            changed = await reduce_quarantine(conn, connection_id, reduced_row)
            _log.info("quarantine_reduced", connection_id=connection_id, rows=changed)

        as_of = await last_local_day(conn, connection_id, now)
        await delete_unseen(conn, connection_id, as_of, delete=reduce)


async def _reduce_files(
    database: Database, connection_id: ConnectionId, marketplace_ids: Sequence[str]
) -> None:
    """A file whose columns cannot be told apart is deleted."""
    reports = {one.report.report_type: one.report for one in all_streams() if one.report}
    async with database.reading() as conn:
        names = await list_archived(conn, connection_id)
    for report_type, report_id in names:
        async with database.reading() as conn:
            file = await find_archived_file(conn, connection_id, report_type, report_id)
        if file is None:
            continue
        report, content = reports.get(report_type), None
        if report is not None:
            content = await asyncio.to_thread(_reduced_file, report, file, marketplace_ids)
        async with database.writing() as conn:
            await replace_archived(conn, connection_id, report_type, report_id, content)


def _reduced_file(
    report: Report, file: ArchivedFile, marketplace_ids: Sequence[str]
) -> bytes | None:
    """Blocking. None where the columns cannot be told apart."""
    try:
        with spool_of(file.content, file.content_type, is_compressed=file.is_compressed) as spool:
            return keep_known(spool, report, marketplace_ids)
    except (ReportFileError, OversizeError, BrokenDocumentError):
        return None
