"""The audit log of a workspace, for its owners."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from recoup.api.body_csv import cells_of, header_of
from recoup.api.csv_text import MEDIA_TYPE
from recoup.api.cursors import bad_cursor
from recoup.api.listings import WantsCsv
from recoup.api.openapi import Responses, may_fail
from recoup.api.paging import Pages, Place, Sheet, read_page, stream_csv
from recoup.api.parameters import MAX_BIGINT, Blank, Cursor, OptionalInstant
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.audit.queries import AuditEntry, EntrySelection, list_entries
from recoup.audit.words import Action
from recoup.body import CamelModel, Timestamp
from recoup.db.engine import Reader
from recoup.errors import InvalidRequestError, RoleTooSmallError

router = APIRouter(tags=["people"])

_ANSWERS: Responses = {
    200: {"description": "A page of entries, newest first", "content": {MEDIA_TYPE: {}}},
    **may_fail(InvalidRequestError, RoleTooSmallError),
}


class AuditQuery(CamelModel):
    action: Annotated[Action | None, Blank] = None
    since: OptionalInstant = Field(default=None, alias="from", description="At or after.")
    until: OptionalInstant = Field(default=None, alias="to", description="Before.")
    limit: int = Field(default=100, ge=1, le=500)
    cursor: Cursor = None


class EntryBody(CamelModel):
    entry_id: int
    at: Timestamp
    who: str | None = Field(
        description="`recoup` for a schedule or a command; null for who was not signed in."
    )
    user_id: str | None
    credential_id: str | None = Field(description="The session or token that was used.")
    address: str | None
    user_agent: str | None
    action: Action
    subject: str | None = Field(description="What the action was about.")
    details: dict[str, Any]
    account: str | None = Field(
        description="Name and region of the Amazon account that the subject is, or whose sync it is; "
        "null for other subjects and for accounts and syncs that are gone."
    )
    sync_started_at: Timestamp | None = Field(
        description="When the sync that the subject is started; null for other subjects."
    )


class EntryPage(CamelModel):
    items: list[EntryBody]
    next_cursor: str | None


_SHEET: Sheet[AuditEntry] = Sheet(
    name="audit", header=header_of(EntryBody), cells=lambda entry: cells_of(_body(entry))
)


@router.get(
    "/api/audit", response_model=EntryPage, responses=_ANSWERS, summary="Who did what, and when"
)
async def get_audit(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[AuditQuery, Query()],
    as_csv: WantsCsv,
) -> EntryPage | Response:
    """Entries are kept for 12 months. They cannot be changed, not even by recoup itself."""
    pages = _pages(EntrySelection(workspace_id, query.action, query.since, query.until))
    if as_csv:
        return await stream_csv(services.database, pages, _SHEET)
    async with services.database.reading() as conn:
        rows, cursor = await read_page(conn, pages, limit=query.limit, cursor=query.cursor)
    return EntryPage(items=[_body(row) for row in rows], next_cursor=cursor)


def _body(entry: AuditEntry) -> EntryBody:
    return EntryBody.model_validate(entry, from_attributes=True)


def _pages(selection: EntrySelection) -> Pages[AuditEntry]:
    return Pages(
        cursor_name="audit",
        place_length=1,
        read=partial(_read, selection),
        place_of=lambda entry: (entry.entry_id,),
        parse_place=_place,
    )


def _read(
    selection: EntrySelection, conn: Reader, limit: int, after: Place | None
) -> Awaitable[list[AuditEntry]]:
    return list_entries(conn, selection, limit=limit, before=None if after is None else after[0])


def _place(parts: tuple[str, ...]) -> Place:
    (text,) = parts
    if not (text.isascii() and text.isdigit() and len(text) < len(str(MAX_BIGINT))):
        raise bad_cursor()
    return (int(text),)
