"""`recoup open`: the dashboard in a browser, signed in."""

from __future__ import annotations

import asyncio
import socket
import webbrowser
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import JsonOption, hint, show
from recoup.cli.storage import fitting_database, opened
from recoup.origins import is_loopback

if TYPE_CHECKING:
    from recoup.config import Settings


def open_page(
    *,
    user: Annotated[
        str | None,
        typer.Option(
            metavar="EMAIL", help="Email address of the user; not needed if there is only one."
        ),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the link.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print a link that signs in once, and open it in a browser. It is valid for ten minutes.

    While there is no user, whoever opens it becomes the first one. `recoup serve` must be running.
    """
    settings = enter()
    with fitting_database(settings) as url:
        link = asyncio.run(_new_link(settings, url, user))
    show({"link": link}, as_json=as_json, lines=[link])
    if not _is_served(settings.public_url):
        hint(f"Nothing listens at {settings.public_url}: start `recoup serve` before you open it.")
    if not (no_browser or as_json) and not webbrowser.open(link):
        hint("No browser was found here: open the link yourself.")


def _is_served(address: str) -> bool:
    """Whether something listens there, or this machine cannot tell: behind a proxy, browsers reach
    recoup by another network.
    """
    url = urlsplit(address)
    if not is_loopback(url.hostname):
        return True
    try:
        socket.create_connection((url.hostname, url.port or 80), timeout=1).close()
    except OSError:
        return False
    return True


async def _new_link(settings: Settings, url: str, named: str | None) -> str:
    """Raises NotFoundError, CommandError."""
    from recoup.clock import utc_now
    from recoup.users.links import address_of, new_link
    from recoup.users.queries import get_user, list_users

    async with opened(url) as database, database.writing() as conn:
        users = await list_users(conn) if named is None else [await get_user(conn, named)]
        if len(users) > 1:
            raise CommandError("There are several users; choose one with --user EMAIL.")
        user_id = users[0].user_id if users else None
        secret = await new_link(conn, user_id, now=utc_now())
    return address_of(secret, settings.public_url)
