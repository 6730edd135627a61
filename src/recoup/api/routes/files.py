"""Reports that people have downloaded by hand: loading them, and what they show."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import ExitStack
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator, Field, model_validator

from recoup.api.openapi import may_fail
from recoup.api.parameters import Identifier, OptionalIdentifier
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.body import CamelModel
from recoup.claims.detection.window_and_value import last_local_day
from recoup.clock import utc_now
from recoup.connections.queries import Connection, get_connection, list_files_connections
from recoup.db.engine import Writer
from recoup.disk import temporary_space
from recoup.errors import FileRefusedError, InvalidRequestError, NotFoundError
from recoup.ids import ConnectionId, WorkspaceId
from recoup.sync.files.account import DEFAULT_NAME, find_account, open_account
from recoup.sync.files.archive import GivenFile, files_in
from recoup.sync.files.bodies import CheckBody, LoadedBody, loaded_body, read_check
from recoup.sync.files.days import DayOrder
from recoup.sync.files.load import Told, load_given
from recoup.sync.files.look import Seen, look_at
from recoup.sync.files.marketplaces import marketplace_named

router = APIRouter(tags=["files"])

# A file is unpacked, looked at twice and copied: more at once would only wait for one another.
_AT_ONCE = asyncio.Semaphore(2)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class FileQuery(CamelModel):
    """What is told of a file besides its content."""

    name: Identifier = Field(default="file", description="The file's name, for people.")
    account: OptionalIdentifier = Field(
        default=None, description="Name of the account it belongs to. Unset: `My reports`."
    )
    marketplace: OptionalIdentifier = Field(
        default=None, description="Where the seller sells, e.g. `DE`. Unset: as the file says."
    )
    first_on: date | None = Field(
        default=None, description="First day that was chosen in Seller Central. Unset: of its rows."
    )
    last_on: date | None = None
    days: Annotated[DayOrder, BeforeValidator(lambda value: value or DayOrder.UNKNOWN)] = Field(
        default=DayOrder.UNKNOWN,
        description="Order in days such as 03/04/2026, if the file does not show it.",
    )

    @model_validator(mode="after")
    def _names_both_days(self) -> FileQuery:
        if (self.first_on is None) != (self.last_on is None):
            raise ValueError("firstOn and lastOn belong together")
        if self.first_on is not None and self.last_on is not None and self.first_on > self.last_on:
            raise ValueError("firstOn is after lastOn")
        return self

    @property
    def told(self) -> Told:
        days = None
        if self.first_on is not None and self.last_on is not None:
            days = (self.first_on, self.last_on)
        return Told(days, self.days)


class FilesBody(CamelModel):
    connection_id: str
    files: list[LoadedBody] = Field(description="Several for an archive.")
    refused: list[str] = Field(description="Why each other file of the archive was not loaded.")


class ChecksBody(CamelModel):
    items: list[CheckBody]


@router.post(
    "/api/files",
    status_code=201,
    responses=may_fail(FileRefusedError, InvalidRequestError, write=True),
    summary="Load a report that was downloaded in Seller Central",
    openapi_extra=_BODY,
)
async def load_file(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    request: Request,
    query: Annotated[FileQuery, Query()],
) -> FilesBody:
    """The body is the file: CSV or text, also compressed. It is recognised by its headings, and loaded into
    an account of its own, which never syncs. The same file twice changes nothing.
    """
    with temporary_space(), tempfile.TemporaryFile() as file, ExitStack() as stack:
        async for piece in request.stream():
            await asyncio.to_thread(file.write, piece)
        async with _AT_ONCE:
            given = await asyncio.to_thread(files_in, GivenFile(query.name, file), stack)
            seen = await asyncio.to_thread(look_at, given, query.told.order)
            if not seen.files:
                raise FileRefusedError(" ".join(seen.refused))
            return await _load(services, workspace_id, query, seen)


async def _load(
    services: ServicesOfApp, workspace_id: WorkspaceId, query: FileQuery, seen: Seen
) -> FilesBody:
    async with services.database.writing() as conn:
        account = await _account(conn, workspace_id, query, seen)
    loaded, refused = [], list(seen.refused)
    for one in seen.files:
        try:
            outcome = await load_given(services.database, account, one, query.told, now=utc_now())
        except FileRefusedError as exc:
            refused.append(str(exc))
            continue
        loaded.append(loaded_body(outcome, account))
        async with services.database.writing() as conn:
            await record(
                conn,
                Action.FILE_LOADED,
                account.connection_id,
                report=outcome.stream.name,
                rows=0 if outcome.is_known else outcome.file.rows,
            )
    if not loaded:
        raise FileRefusedError(" ".join(refused))
    return FilesBody(connection_id=account.connection_id, files=loaded, refused=refused)


async def _account(
    conn: Writer, workspace_id: WorkspaceId, query: FileQuery, seen: Seen
) -> Connection:
    name = query.account or DEFAULT_NAME
    if query.marketplace is not None:
        named = marketplace_named(query.marketplace)
        if named is None:
            raise InvalidRequestError(
                "The marketplace is none of Amazon's: name a country, e.g. DE."
            )
        return await open_account(conn, workspace_id, name=name, marketplace_ids=[named])
    known = await find_account(conn, workspace_id, name)
    return known or await open_account(
        conn, workspace_id, name=name, marketplace_ids=seen.marketplace_ids
    )


@router.get(
    "/api/files",
    responses=may_fail(NotFoundError),
    summary="The loaded files of each account, and the reports that it lacks",
)
async def get_files(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    connection_id: Annotated[OptionalIdentifier, Query(alias="connectionId")] = None,
) -> ChecksBody:
    """For each type of claim the days that were searched, or the reports to download first.

    Of the named account, or of all that consist of files.
    """
    async with services.database.reading() as conn:
        if connection_id is None:
            accounts = await list_files_connections(conn, workspace_id)
        else:
            accounts = [await get_connection(conn, workspace_id, ConnectionId(connection_id))]
        checks = [
            await read_check(conn, one, await last_local_day(conn, one.connection_id, utc_now()))
            for one in accounts
            if one.is_files
        ]
    return ChecksBody(items=checks)
