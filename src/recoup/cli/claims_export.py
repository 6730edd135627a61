"""Claims as files: the forms of the HTTP API, written by the command line."""

from __future__ import annotations

import enum
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recoup.claims.queries import ClaimSelection
    from recoup.db.engine import Database

_ROWS_PER_READ = 1000


class ExportForm(enum.StrEnum):
    """What an export is written as; a list of claims has no page to print."""

    CSV = "csv"
    JSON = "json"
    HTML = "html"


def packet_bytes(packet: dict[str, Any], form: ExportForm) -> bytes:
    """The filing packet of one claim."""
    from recoup.api.packet_page import render_packet
    from recoup.api.recovery_csv import packet_csv

    match form:
        case ExportForm.CSV:
            return packet_csv(packet)
        case ExportForm.JSON:
            return _json(packet)
        case ExportForm.HTML:
            return render_packet(packet).encode()


async def claims_bytes(database: Database, selection: ClaimSelection, form: ExportForm) -> bytes:
    """All claims of a selection, the most urgent first."""
    from recoup.api.recovery_csv import claim_header, claim_lines

    bodies = [body async for body in _iter_bodies(database, selection)]
    if form is ExportForm.JSON:
        return _json(bodies)
    return claim_header() + claim_lines(bodies)


async def _iter_bodies(
    database: Database, selection: ClaimSelection
) -> AsyncIterator[dict[str, Any]]:
    from recoup.claims.claim_body import claim_body
    from recoup.claims.queries import list_claims, place_of
    from recoup.claims.sort_queries import Order, Sort

    order = Order(Sort.DEADLINE, selection.now)
    after = None
    while True:
        async with database.reading() as conn:
            rows = await list_claims(conn, selection, order, limit=_ROWS_PER_READ, after=after)
        for row in rows:
            yield claim_body(row)
        if len(rows) < _ROWS_PER_READ:
            return
        after = place_of(order, rows[-1])


def _json(record: object) -> bytes:
    return json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n"
