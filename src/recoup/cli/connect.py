"""`recoup connect`: a seller account, by the refresh token of a self-authorised application."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.choice import UserOption, choose_workspace
from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, show
from recoup.cli.storage import fitting_database, opened
from recoup.clock import to_rfc3339
from recoup.spapi.endpoints import Environment, Region

if TYPE_CHECKING:
    from recoup.api.connect import StoredConnection
    from recoup.config import Settings

app = typer.Typer(invoke_without_command=True)

TokenOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="File with the refresh token; - is stdin. Unset: prompts for it."
    ),
]


@app.callback()
def connect(
    context: typer.Context,
    *,
    selling_partner_id: Annotated[
        str,
        typer.Option(help="Seller id, e.g. A1B2C3D4E5F6G7. Unset: requested from Amazon."),
    ] = "",
    marketplace_id: Annotated[
        list[str] | None,
        typer.Option(help="Marketplace to sync; can be repeated. Unset: requested from Amazon."),
    ] = None,
    region: Annotated[Region, typer.Option(help="Region of the seller account.")] = Region.NA,
    environment: Annotated[
        Environment, typer.Option(help="Servers to connect to.")
    ] = Environment.PRODUCTION,
    refresh_token_file: TokenOption = None,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Connect an Amazon seller account with its refresh token.

    recoup checks token and marketplaces with Amazon and stores the token encrypted. The token is not
    an argument, as other users of the machine can see arguments.
    """
    if context.invoked_subcommand is not None:
        return
    refresh_token = read_token(refresh_token_file)
    settings = enter()
    with fitting_database(settings) as url:
        stored = asyncio.run(
            _connect(
                settings,
                url,
                refresh_token,
                user=user,
                selling_partner_id=selling_partner_id,
                region=region,
                environment=environment,
                marketplace_ids=tuple(dict.fromkeys(marketplace_id or ())),
            )
        )
    show_stored(stored, as_json=as_json)


def show_stored(stored: StoredConnection, *, as_json: bool) -> None:
    """What was connected, and what that replaced."""
    connection, before = stored.connection, stored.before
    show(
        {
            "connectionId": connection.connection_id,
            "sellingPartnerId": connection.selling_partner_id,
            "region": connection.region,
            "environment": connection.environment,
            "marketplaceIds": list(connection.marketplace_ids),
            "status": connection.status,
            "message": f"{stored.message}.",
            "replaced": None
            if before is None
            else {
                "status": before.status,
                "authorizedAt": to_rfc3339(before.authorized_at),
                "marketplaceIds": list(before.marketplace_ids),
            },
        },
        as_json=as_json,
        lines=[f"{stored.message}.", f"Connection: {connection.connection_id}"],
    )


def read_token(file: str | None) -> str:
    """Raises BadParameter if there is none, OSError if the file cannot be read."""
    if file is None and not sys.stdin.isatty():
        raise typer.BadParameter("Use --refresh-token-file FILE (- for stdin).")
    if file is None:
        token = str(typer.prompt("Refresh token (not shown)", hide_input=True, err=True))
    elif file == "-":
        token = sys.stdin.read()
    else:
        with open(file, encoding="utf-8") as source:  # noqa: PTH123 - keeps the name as given
            token = source.read()
    token = token.strip()
    if not token:
        raise typer.BadParameter("The refresh token is empty.")
    if len(token.split()) != 1:
        raise typer.BadParameter("The refresh token must be one word (Atzr|...), and nothing else.")
    return token


async def _connect(
    settings: Settings,
    url: str,
    refresh_token: str,
    *,
    user: str | None,
    selling_partner_id: str,
    region: Region,
    environment: Environment,
    marketplace_ids: tuple[str, ...],
) -> StoredConnection:
    """Raises as recoup.api.connect.store_seller."""
    from recoup.api.connect import SellerAccount, store_seller
    from recoup.sync.access import SellerAccess

    access = SellerAccess(settings)
    account = SellerAccount(refresh_token, selling_partner_id, region, environment, marketplace_ids)
    try:
        async with opened(url) as database:
            async with database.reading() as conn:
                workspace_id = await choose_workspace(conn, user)
            return await store_seller(database, access, workspace_id, account)
    finally:
        await access.close()
