"""Claims as files, in the formats of the HTTP API."""

from __future__ import annotations

import enum
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recoup.claims.bodies.packet import Packet
    from recoup.claims.reading.row import ClaimRow
    from recoup.claims.reading.selection import ClaimSelection
    from recoup.db.engine import Database

_ROWS_PER_READ = 1000


class ClaimsForm(enum.StrEnum):
    """The format of an export; a list of claims has no printable page."""

    CSV = "csv"
    JSON = "json"
    HTML = "html"


def packet_bytes(packet: Packet, form: ClaimsForm) -> bytes:
    """The filing packet of one claim."""
    from recoup.api.body_csv import packet_csv
    from recoup.api.packet_page import render_packet

    match form:
        case ClaimsForm.CSV:
            return packet_csv(packet)
        case ClaimsForm.JSON:
            return _json(packet.document())
        case ClaimsForm.HTML:
            return render_packet(packet).encode()


async def claims_bytes(database: Database, selection: ClaimSelection, form: ClaimsForm) -> bytes:
    """All claims of a selection, the most urgent first."""
    from recoup.api.paging import all_csv
    from recoup.api.recoveries import SHEET, sheet_rows
    from recoup.claims.bodies.claim import claim_body
    from recoup.claims.reading.sort import Sort

    if form is ClaimsForm.CSV:
        return await all_csv(database, sheet_rows(selection, Sort.DEADLINE), SHEET)
    rows = _iter_rows(database, selection)
    return _json([claim_body(row).document() async for row in rows])


async def _iter_rows(database: Database, selection: ClaimSelection) -> AsyncIterator[ClaimRow]:
    from recoup.claims.reading.claims import list_claims
    from recoup.claims.reading.sort import ClaimOrder, Sort

    order = ClaimOrder(Sort.DEADLINE, selection.now)
    after = None
    while True:
        async with database.reading() as conn:
            rows = await list_claims(conn, selection, order, limit=_ROWS_PER_READ, after=after)
        for row in rows:
            yield row
        if len(rows) < _ROWS_PER_READ:
            return
        after = rows[-1].place


def _json(record: object) -> bytes:
    return json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n"
