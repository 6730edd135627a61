"""Reading claims for the routes: pages, exports, details of one."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import Any

from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from recoup.api.body_csv import header_of
from recoup.api.cursors import bad_cursor
from recoup.api.paging import (
    OrderedRows,
    Pages,
    Place,
    Places,
    Sheet,
    cut_page,
    place_in,
    read_page,
    stream_csv,
)
from recoup.api.recovery_bodies import (
    ClaimQuery,
    ExplainQuery,
    Explanation,
    SelectionQuery,
)
from recoup.claims.bodies.candidate import candidate_body
from recoup.claims.bodies.claim import ClaimBody, ClaimDetail, claim_detail
from recoup.claims.bodies.page_queries import read_claims
from recoup.claims.bodies.totals import selection_totals_body
from recoup.claims.reading.cells import CellReader
from recoup.claims.reading.claims import get_claim
from recoup.claims.reading.explain import CandidateRow, CandidateSelection, list_candidates
from recoup.claims.reading.past import read_claim_past
from recoup.claims.reading.selection import ClaimSelection, Period
from recoup.claims.reading.sort import ClaimOrder, Sort, is_day
from recoup.clock import utc_now
from recoup.connections.queries import get_connection
from recoup.db.engine import Database, Reader
from recoup.errors import InvalidRequestError
from recoup.ids import ConnectionId, WorkspaceId
from recoup.notes.note import ConnectionNoteBody
from recoup.streams.listing.document_queries import page_text
from recoup.sync.record.note_queries import CLAIMS, CURRENT, notes_of

_HEADER = header_of(ClaimBody)
SHEET: Sheet[Sequence[Any]] = Sheet(
    name="recoveries",
    header=_HEADER,
    cells=itemgetter(slice(len(_HEADER))),
)
_NOTES = TypeAdapter(list[ConnectionNoteBody])
_MOST_CANDIDATES = 500


async def select_claims(
    database: Database, workspace_id: WorkspaceId, query: SelectionQuery
) -> ClaimSelection:
    """Raises NotFoundError for a connection that is not the user's."""
    named = None
    if query.connection_id is not None:
        async with database.reading() as conn:
            named = await _own_connection(conn, workspace_id, query.connection_id)
    confidence = query.min_confidence
    return ClaimSelection(
        workspace_id=workspace_id,
        now=utc_now(),
        connection_id=named,
        status=query.status,
        type=query.type,
        window_state=query.window_state,
        # By its digits: 0.7 means seven tenths, not the nearest float.
        min_confidence=None if confidence is None else Decimal(str(confidence)),
        expiring_within_days=query.expiring_within_days,
        standing=query.standing,
        owed=query.owed,
        review=query.review,
        currency=query.currency,
        valued=query.valued,
        sync_id=query.sync_id,
        search=query.q.strip() if query.q else None,
        discarded=query.discarded,
        detected=Period(query.detected_from, query.detected_to),
        status_set=Period(query.status_from, query.status_to),
        filed=Period(query.filed_from, query.filed_to),
        stage=query.stage,
        recovered=query.recovered,
        paid_by_itself=query.paid_by_itself,
        paid=Period(query.paid_from, query.paid_to),
        paid_currency=query.paid_currency,
    )


async def read_claim_page(database: Database, selection: ClaimSelection, query: ClaimQuery) -> str:
    """The JSON of a `ClaimPage`. Raises InvalidRequestError for a bad cursor."""
    order = ClaimOrder(query.sort, selection.now)
    places = Places(
        cursor_name=f"recoveries {query.sort.value}",
        place_length=order.place_length,
        parse_place=partial(_claim_place, order),
    )
    found = await read_claims(
        database,
        selection,
        order,
        limit=query.limit + 1,
        after=place_in(places, query.cursor),
        with_evidence=query.evidence,
        more=CURRENT,
        connection_id=selection.connection_id,
        stream=CLAIMS,
    )
    rows, cursor = cut_page(places, found.rows, itemgetter(0), limit=query.limit)
    return page_text(
        [shown for _, shown in rows],
        cursor,
        totals=selection_totals_body(found.totals, found.paid).model_dump_json(by_alias=True),
        notes=_NOTES.dump_json(notes_of(found.more), by_alias=True).decode(),
    )


async def stream_claims(
    database: Database, selection: ClaimSelection, query: SelectionQuery
) -> StreamingResponse:
    """All claims of the selection as CSV."""
    return await stream_csv(database, sheet_rows(selection, query.sort), SHEET)


async def read_claim_detail(
    database: Database, workspace_id: WorkspaceId, claim_id: str
) -> ClaimDetail:
    """Raises NotFoundError."""
    async with database.reading() as conn:
        row = await get_claim(conn, workspace_id, claim_id, utc_now())
        past = await read_claim_past(conn, row)
    return claim_detail(row, past)


async def explain(
    database: Database, workspace_id: WorkspaceId, query: ExplainQuery
) -> Explanation:
    """Raises NotFoundError, and InvalidRequestError for a missing filter or a bad cursor."""
    if query.fnsku is None and query.order_id is None:
        raise InvalidRequestError("Set fnsku or orderId.")
    async with database.reading() as conn:
        selection = CandidateSelection(
            workspace_id=workspace_id,
            connection_id=await _own_connection(conn, workspace_id, query.connection_id),
            fnsku=query.fnsku,
            order_id=query.order_id,
            event_on=query.on,
        )
        rows, cursor = await read_page(
            conn, _candidate_pages(selection), limit=_MOST_CANDIDATES, cursor=query.cursor
        )
    return Explanation(
        items=[candidate_body(row) for row in rows],
        has_more=cursor is not None,
        next_cursor=cursor,
    )


async def _own_connection(
    conn: Reader, workspace_id: WorkspaceId, connection_id: str | None
) -> ConnectionId | None:
    if connection_id is None:
        return None
    return (await get_connection(conn, workspace_id, ConnectionId(connection_id))).connection_id


def sheet_rows(selection: ClaimSelection, sort: Sort) -> OrderedRows[Sequence[Any]]:
    """The rows of `SHEET`, for one file."""
    reader = CellReader(selection, ClaimOrder(sort, selection.now), _HEADER)
    return OrderedRows(reader.read, place_of=lambda row: tuple(row[len(_HEADER) :]))


def _claim_place(order: ClaimOrder, place: tuple[str, ...]) -> Place:
    if not order.is_place(place):
        raise bad_cursor()
    return place


def _candidate_pages(selection: CandidateSelection) -> Pages[CandidateRow]:
    def read(conn: Reader, limit: int, after: Place | None) -> Awaitable[list[CandidateRow]]:
        return list_candidates(conn, selection, limit=limit, after=after)

    return Pages(
        cursor_name="explain",
        place_length=4,
        read=read,
        place_of=lambda row: row.place,
        parse_place=_candidate_place,
    )


def _candidate_place(place: tuple[str, ...]) -> Place:
    if not is_day(place[0]):
        raise bad_cursor()
    return place
