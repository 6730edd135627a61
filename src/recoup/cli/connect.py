"""`recoup connect`: a seller account of a self-authorised application."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, show
from recoup.cli.storage import fitting_database, opened
from recoup.cli.user import UserOption, choose_user
from recoup.spapi.endpoints import Environment, Region

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.connections.queries import Connection


def connect(
    *,
    selling_partner_id: Annotated[str, typer.Option(help="The seller's id, e.g. A1B2C3D4E5F6G7.")],
    marketplace_id: Annotated[
        list[str], typer.Option(help="A marketplace to sync; may be given several times.")
    ],
    region: Annotated[Region, typer.Option(help="Where the seller sells.")] = Region.NA,
    environment: Annotated[
        Environment, typer.Option(help="Which servers answer.")
    ] = Environment.PRODUCTION,
    refresh_token_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Holds the refresh token; - is stdin. Unset: asks for it."
        ),
    ] = None,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Connect an Amazon seller account with its refresh token.

    The token is tried at Amazon's and stored encrypted. It is no argument: those can be seen by
    everybody on the machine.
    """
    refresh_token = _read_token(refresh_token_file)
    settings = enter()
    with fitting_database(settings) as url:
        connection = asyncio.run(
            _connect(
                settings,
                url,
                refresh_token,
                user=user,
                selling_partner_id=selling_partner_id,
                region=region,
                environment=environment,
                marketplace_ids=tuple(dict.fromkeys(marketplace_id)),
            )
        )
    show(
        {
            "connectionId": connection.connection_id,
            "sellingPartnerId": connection.selling_partner_id,
            "region": connection.region,
            "environment": connection.environment,
            "marketplaceIds": list(connection.marketplace_ids),
            "status": connection.status,
        },
        as_json=as_json,
        lines=[f"Connected {connection.selling_partner_id} as {connection.connection_id}."],
    )


def _read_token(file: str | None) -> str:
    """Raises BadParameter when there is none, OSError when the file cannot be read."""
    if file is None and not sys.stdin.isatty():
        raise typer.BadParameter("Give --refresh-token-file FILE (- for stdin).")
    if file is None:
        token = str(typer.prompt("Refresh token (not shown)", hide_input=True, err=True))
    elif file == "-":
        token = sys.stdin.read()
    else:
        with open(file, encoding="utf-8") as source:  # noqa: PTH123 - keeps the name as given
            token = source.read()
    token = token.strip()
    if not token or len(token.split()) != 1:
        raise typer.BadParameter("The refresh token must be one word, e.g. Atzr|...")
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
) -> Connection:
    """Raises ReauthorizationRequiredError or InvalidClientError when Amazon refuses."""
    from recoup.connections.queries import save_connection
    from recoup.sync.access import SellerAccess
    from recoup.sync.announce import announce_connection

    access = SellerAccess(settings)
    try:
        async with opened(url) as database:
            async with database.reading() as conn:
                owner = await choose_user(conn, user)
            await access.check_token(refresh_token, environment)
            async with database.writing() as conn:
                connection = await save_connection(
                    conn,
                    owner.user_id,
                    selling_partner_id=selling_partner_id,
                    region=region,
                    environment=environment,
                    marketplace_ids=marketplace_ids,
                    refresh_token_sealed=access.seal(refresh_token),
                )
                await announce_connection(conn, connection, "active")
                return connection
    finally:
        await access.close()
