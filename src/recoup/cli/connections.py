"""`recoup connect list|remove|reauthorize`: the accounts that are connected."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.choice import UserOption, choose_workspace
from recoup.cli.connect import TokenOption, read_token, show_stored
from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import JsonOption, align, hint, say, show
from recoup.cli.storage import on_database
from recoup.clock import to_rfc3339
from recoup.connections.expiry import AUTHORIZED_FOR
from recoup.connections.states import ConnectionStatus
from recoup.ids import ConnectionId

if TYPE_CHECKING:
    from recoup.api.connect import StoredConnection
    from recoup.config import Settings
    from recoup.connections.queries import Connection
    from recoup.db.engine import Database

ConnectionArgument = Annotated[
    str, typer.Argument(metavar="CONNECTION", help="Id of the connection; `list` shows it.")
]


def list_(*, user: UserOption = None, as_json: JsonOption = False) -> None:
    """List the connected accounts, and why one is not active."""
    found = on_database(enter(), lambda database: _list(database, user))
    rows = [
        (
            one.connection_id,
            one.selling_partner_id,
            f"{one.region} {one.environment}",
            one.status,
            _expires(one, precise=False),
        )
        for one in found
    ]
    show(
        [
            {
                "connectionId": one.connection_id,
                "sellingPartnerId": one.selling_partner_id,
                "region": one.region,
                "environment": one.environment,
                "marketplaceIds": list(one.marketplace_ids),
                "status": one.status,
                "reason": one.status_reason,
                "expiresAt": _expires(one, precise=True),
            }
            for one in found
        ],
        as_json=as_json,
        lines=[
            *align(("connection", "seller", "where", "status", "authorized until"), rows),
            *(f"{one.connection_id}: {one.status_reason}" for one in found if one.status_reason),
        ]
        if found
        else ["No Amazon account is connected yet; add one with `recoup connect`."],
    )


def remove(
    connection: ConnectionArgument,
    *,
    purge: Annotated[
        bool, typer.Option("--purge", help="Also delete all data of the seller; asks first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    user: UserOption = None,
) -> None:
    """Disconnect an account: cancel its sync and delete its token. Its data is kept."""
    settings = enter()
    if purge and not yes:
        _ask_to_purge(connection)
    on_database(
        settings, lambda database: _remove(database, user, ConnectionId(connection), purge=purge)
    )
    say(
        f"Removed {connection} and all data of its seller."
        if purge
        else f"Disconnected {connection}. Its data was kept; `recoup connect` connects it again."
    )


def reauthorize_(
    connection: ConnectionArgument,
    *,
    refresh_token_file: TokenOption = None,
    consent: Annotated[
        bool, typer.Option("--consent", help="Print a link to Amazon's consent page instead.")
    ] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="With --consent: the application is a draft.")
    ] = False,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace the refresh token of a connection; its data and marketplaces are kept.

    Generate the token in Seller Central: your application, Authorize. For an application with a
    consent page, --consent prints a link that is valid for ten minutes. Open it in a browser that is
    signed in to recoup.
    """
    settings = enter()
    if consent:
        named = ConnectionId(connection)
        link, person = on_database(
            settings, lambda database: _consent(settings, database, user, named, is_draft=draft)
        )
        show({"link": link, "user": person}, as_json=as_json, lines=[link])
        hint(f"Open it in a browser that is signed in to recoup as {person}.")
        return
    token = read_token(refresh_token_file)
    stored = on_database(
        settings,
        lambda database: _reauthorize(settings, database, user, ConnectionId(connection), token),
    )
    show_stored(stored, as_json=as_json)


def _ask_to_purge(connection: str) -> None:
    """Raises BadParameter where nobody can answer, typer.Abort for a no."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("--purge deletes data for good: confirm with --yes.")
    typer.confirm(
        f"Delete {connection} with all orders, claims and other data of its seller for good?",
        abort=True,
        err=True,
    )


def _expires(connection: Connection, *, precise: bool) -> str | None:
    """The time, or only the day, until which the authorization is good."""
    if connection.status is ConnectionStatus.DISCONNECTED or connection.is_files:
        return None
    ends_at = connection.authorized_at + AUTHORIZED_FOR
    return to_rfc3339(ends_at) if precise else ends_at.date().isoformat()


async def _list(database: Database, user: str | None) -> list[Connection]:
    from recoup.connections.queries import list_connections

    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
        return await list_connections(conn, workspace_id)


async def _remove(
    database: Database, user: str | None, connection_id: ConnectionId, *, purge: bool
) -> None:
    """Raises NotFoundError."""
    from recoup.api.connect import disconnect_seller

    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
    await disconnect_seller(database, workspace_id, connection_id, purge=purge)


async def _consent(
    settings: Settings,
    database: Database,
    user: str | None,
    connection_id: ConnectionId,
    *,
    is_draft: bool,
) -> tuple[str, str]:
    """The link, and who must be signed in where it is opened: an owner, or the named user.

    Raises NotFoundError, CommandError, EnvironmentUnavailableError.
    """
    from recoup.api.consent import begin_consent
    from recoup.connections.queries import choose_synced_connection, served
    from recoup.spapi.endpoints import MARKETPLACES, Environment, Region
    from recoup.sync.access import SellerAccess
    from recoup.users.roles import Role
    from recoup.users.workspace_queries import list_members

    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
        connection = served(await choose_synced_connection(conn, workspace_id, connection_id))
        members = await list_members(conn, workspace_id)
    able = [one for one in members if one.role is Role.OWNER and user in {None, workspace_id}]
    able = able or [one for one in members if one.email == user]
    if len(able) != 1:
        raise CommandError(
            "Choose who opens the link with --user EMAIL: a member of the workspace."
        )
    access = SellerAccess(settings)
    try:
        begun = await begin_consent(
            database,
            access,
            user_id=able[0].user_id,
            workspace_id=workspace_id,
            public_url=settings.public_url,
            environment=Environment(connection.environment),
            region=Region(connection.region),
            country=next((MARKETPLACES[one].country for one in connection.marketplace_ids), None),
            is_draft=is_draft,
        )
    finally:
        await access.close()
    return begun.authorization_url, able[0].title


async def _reauthorize(
    settings: Settings,
    database: Database,
    user: str | None,
    connection_id: ConnectionId,
    token: str,
) -> StoredConnection:
    """Raises NotFoundError, and as recoup.api.connect.store_seller."""
    from recoup.api.connect import reauthorize
    from recoup.connections.queries import choose_synced_connection
    from recoup.sync.access import SellerAccess

    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
        connection = await choose_synced_connection(conn, workspace_id, connection_id)
    access = SellerAccess(settings)
    try:
        return await reauthorize(database, access, connection, token)
    finally:
        await access.close()
