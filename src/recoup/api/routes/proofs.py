"""The proof store: invoices, proofs of delivery and other documents that Amazon demands."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from recoup.api.cursors import bad_cursor
from recoup.api.data_bodies import Page
from recoup.api.listings import PageQuery
from recoup.api.openapi import Responses, may_fail
from recoup.api.paging import Pages, Place, read_page
from recoup.api.parameters import Blank, Identifier, OptionalIdentifier, RequestModel
from recoup.api.services import CurrentUser, CurrentWorkspace, ServicesOfApp
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.claims.bodies.proof import ProofBody, proof_body
from recoup.claims.proofs.kinds import ProofKind, Subject, SubjectKind
from recoup.claims.proofs.queries import (
    ProofRow,
    ProofSelection,
    add_proof,
    delete_proof,
    list_proofs,
    read_proof,
)
from recoup.claims.proofs.upload import check_file
from recoup.connections.queries import choose_connection, get_connection
from recoup.db.engine import Reader
from recoup.errors import (
    AmbiguousConnectionError,
    ConflictError,
    InvalidRequestError,
    NoConnectionError,
    NotFoundError,
)
from recoup.ids import ConnectionId

router = APIRouter(tags=["recoveries"])


_BINARY = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}}
_ADDED: Responses = {
    200: {"model": ProofBody, "description": "The document had been stored before"},
    201: {"model": ProofBody, "description": "The document is stored"},
    **may_fail(
        InvalidRequestError,
        NotFoundError,
        NoConnectionError,
        AmbiguousConnectionError,
        ConflictError,
        write=True,
    ),
}
_FILE: Responses = {
    200: {"description": "The file, to be saved", "content": {"application/octet-stream": _BINARY}},
    **may_fail(NotFoundError),
}


class ProofQuery(PageQuery):
    subject_kind: Annotated[SubjectKind | None, Blank] = None
    subject: OptionalIdentifier = None


class ProofPage(Page):
    items: list[ProofBody]


class NewProofQuery(RequestModel):
    connection_id: OptionalIdentifier = None
    kind: ProofKind
    subject_kind: SubjectKind
    subject: Identifier = Field(description="The SKU, FNSKU, shipment ... that it is about.")
    file_name: Identifier = "document"


@router.get(
    "/api/proofs",
    responses=may_fail(InvalidRequestError, NotFoundError),
    summary="Stored documents",
)
async def get_proofs(
    services: ServicesOfApp, workspace_id: CurrentWorkspace, query: Annotated[ProofQuery, Query()]
) -> ProofPage:
    """Without their content."""
    named = ConnectionId(query.connection_id) if query.connection_id else None
    async with services.database.reading() as conn:
        if named is not None:
            await get_connection(conn, workspace_id, named)
        selection = ProofSelection(workspace_id, named, query.subject_kind, query.subject)
        rows, cursor = await read_page(
            conn, _pages(selection), limit=query.limit, cursor=query.cursor
        )
    return ProofPage(items=[proof_body(row) for row in rows], next_cursor=cursor)


@router.post(
    "/api/proofs",
    status_code=201,
    response_model=ProofBody,
    responses=_ADDED,
    summary="Store a document",
    openapi_extra=_UPLOAD,
)
async def post_proof(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    user_id: CurrentUser,
    request: Request,
    query: Annotated[NewProofQuery, Query()],
) -> Response:
    """The body is the file itself: PDF, PNG or JPEG, at most 5 MB. It is judged by its content."""
    file = check_file(await request.body(), query.file_name)
    named = ConnectionId(query.connection_id) if query.connection_id else None
    subject = Subject(query.subject_kind, query.subject)
    async with services.database.writing() as conn:
        connection_id = (await choose_connection(conn, workspace_id, named)).connection_id
        row, is_new = await add_proof(conn, connection_id, query.kind, subject, file, who=user_id)
        if is_new:
            about = f"{subject.kind} {subject.code}"
            await record(conn, Action.PROOF_ADDED, row.proof_id, kind=row.kind, about=about)
    return JSONResponse(proof_body(row).document(), status_code=201 if is_new else 200)


@router.get(
    "/api/proofs/{proofId}", response_class=Response, responses=_FILE, summary="A stored document"
)
async def get_proof(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    proof_id: Annotated[Identifier, Path(alias="proofId")],
) -> Response:
    """To be saved: a browser never shows it as a page of recoup."""
    async with services.database.reading() as conn:
        row, content = await read_proof(conn, workspace_id, proof_id)
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(row.file_name, safe='')}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, no-store",
    }
    return Response(content, media_type=row.media_type, headers=headers)


@router.delete(
    "/api/proofs/{proofId}",
    status_code=204,
    responses=may_fail(NotFoundError, write=True),
    summary="Delete a stored document",
)
async def remove_proof(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    proof_id: Annotated[Identifier, Path(alias="proofId")],
) -> None:
    async with services.database.writing() as conn:
        await delete_proof(conn, workspace_id, proof_id)
        await record(conn, Action.PROOF_DELETED, proof_id)


def _pages(selection: ProofSelection) -> Pages[ProofRow]:
    def read(conn: Reader, limit: int, after: Place | None) -> Awaitable[list[ProofRow]]:
        return list_proofs(conn, selection, limit=limit, after=None if after is None else after[0])

    return Pages(
        cursor_name="proofs",
        place_length=1,
        read=read,
        place_of=lambda row: (row.proof_id,),
        parse_place=_place,
    )


def _place(texts: tuple[str, ...]) -> Place:
    (proof_id,) = texts
    if not proof_id.startswith("proof_"):
        raise bad_cursor()
    return (proof_id,)
