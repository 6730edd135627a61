"""Staging of a file: the encoding, the header, and lines that do not fit it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from recoup.db.engine import Writer
from recoup.errors import ReportFileError
from recoup.spapi.documents import Spool
from recoup.streams._report import normal_header
from recoup.sync.loading.cells import missing_headers, place_fields
from recoup.sync.loading.file_text import ReportText, charsets_to_try
from recoup.sync.loading.known_columns import known_headers
from recoup.sync.loading.staging_queries import stage
from recoup.sync.loading.target import FileTarget

_DATA = re.compile(r"@|\d\D*\d\D*\d\D*\d")
LOOK = "if this persists, compare the report in Seller Central and report this to the project"


@dataclass(frozen=True, slots=True)
class Staged:
    """A file in the staging table: its text, its number of rows, and its columns."""

    text: ReportText
    charset: str
    rows: int


async def stage_file(conn: Writer, target: FileTarget, spool: Spool) -> Staged:
    """Copies the file in the first encoding that fits; line by line if a quick look is unclear."""
    charsets = charsets_to_try(spool.charset, target.marketplace_ids)
    exact = False
    while True:
        try:
            async with conn.begin_nested():
                return await _copy(
                    conn, target, spool, charsets[0], lenient=len(charsets) == 1, exact=exact
                )
        except UnicodeError:
            charsets.pop(0)
        except ReportFileError:
            if exact:
                raise
            exact = True


async def _copy(
    conn: Writer, target: FileTarget, spool: Spool, charset: str, *, lenient: bool, exact: bool
) -> Staged:
    content = await asyncio.to_thread(
        ReportText, spool, charset, lenient=lenient, fields=target.report.fields
    )
    rows = 0
    if content.headers:
        _require_headers(target, content.headers)
        rows = await stage(
            conn,
            content.headers,
            _in_threads(content.pieces(exact=exact)),
            delimiter=content.delimiter,
            quoted=content.is_quoted,
        )
        lines = content.tally.lines - 1
        if rows != lines:
            raise ReportFileError(
                f"{target.source}: of {lines} lines {rows} arrived. The next sync asks again; {LOOK}."
            )
    return Staged(content, content.charset, rows)


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Decompresses and decodes in threads, so that the event loop continues."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


def _require_headers(target: FileTarget, headers: tuple[str, ...]) -> None:
    fields = target.report.fields
    placed = place_fields(fields, headers)
    missing = missing_headers(fields, placed)
    if missing:
        raise ReportFileError(
            f"{target.source}: the file has no column {' and no '.join(missing)}; "
            f"it has {_shown(headers)}. Amazon may have renamed it: {LOOK}."
        )
    names = known_headers(target.report)
    known = sum(normal_header(header) in names for header in headers)
    if len(placed) * 2 < len(fields) and known * 2 < len(headers):
        raise ReportFileError(
            f"{target.source}: the file has {len(placed)} of the {len(fields)} columns that "
            f"recoup reads; its header is {_shown(headers)}. It may be in another language: set "
            f"the language of reports to English in Seller Central, under Account info; {LOOK}."
        )


def _shown(headers: Sequence[str]) -> str:
    """The header for a message. A file without one begins with data, which may be about people."""
    shown = ("***" if _DATA.search(one) else one for one in headers)
    return ", ".join(shown)[:500]
