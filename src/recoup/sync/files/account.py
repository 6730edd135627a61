"""The account that files are loaded into: a connection of its own, which never syncs."""

from __future__ import annotations

from collections.abc import Sequence

from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.connections.queries import (
    Connection,
    find_same_seller,
    list_files_connections,
    save_files_connection,
)
from recoup.connections.states import ConnectionEnvironment, ConnectionStatus
from recoup.db.engine import Reader, Writer
from recoup.errors import InvalidRequestError
from recoup.ids import WorkspaceId
from recoup.sync.files.marketplaces import region_of
from recoup.sync.record.announce import announce_connection

DEFAULT_NAME = "My reports"


async def open_account(
    conn: Writer, workspace_id: WorkspaceId, *, name: str, marketplace_ids: Sequence[str]
) -> Connection:
    """The account of the name, made if there is none; marketplaces that are new to it are added.

    Raises InvalidRequestError if none is known, or if they are of several regions.
    """
    if not marketplace_ids:
        known = await find_account(conn, workspace_id, name)
        if known is None:
            raise InvalidRequestError(
                "The files do not say where you sell: name the marketplace, such as DE."
            )
        return known
    regions = {region_of(one) for one in marketplace_ids}
    if len(regions) > 1:
        raise InvalidRequestError(
            "The marketplaces are of several regions: load the files of each into an account of its own."
        )
    region = regions.pop()
    before = await find_same_seller(
        conn,
        workspace_id,
        selling_partner_id=name,
        region=region,
        environment=ConnectionEnvironment.FILES,
    )
    had = before.marketplace_ids if before else ()
    if before and before.status is ConnectionStatus.ACTIVE and set(marketplace_ids) <= set(had):
        return before
    connection = await save_files_connection(
        conn,
        workspace_id,
        name=name,
        region=region,
        marketplace_ids=tuple(dict.fromkeys([*had, *marketplace_ids])),
    )
    if before is None or before.status is not ConnectionStatus.ACTIVE:
        await record(
            conn,
            Action.CONNECTION_MADE,
            connection.connection_id,
            workspace_id=workspace_id,
            seller=name,
            region=region,
            environment=ConnectionEnvironment.FILES,
        )
        await announce_connection(
            conn, connection, ConnectionStatus.ACTIVE, message=f"Account {name} made from files"
        )
    return connection


async def find_account(conn: Reader, workspace_id: WorkspaceId, name: str) -> Connection | None:
    """The account of the name. Raises InvalidRequestError if several regions have one."""
    found = [
        one
        for one in await list_files_connections(conn, workspace_id)
        if one.selling_partner_id == name and one.status is ConnectionStatus.ACTIVE
    ]
    if len(found) > 1:
        raise InvalidRequestError(f"Several accounts are named {name}: name the marketplace, too.")
    return found[0] if found else None
