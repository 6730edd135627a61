"""`recoup user`: who may use recoup."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import JsonOption, show
from recoup.cli.storage import fitting_database, opened

if TYPE_CHECKING:
    from recoup.db.engine import Reader
    from recoup.users.queries import User

app = typer.Typer(help="Add users and give them tokens.")

EmailArgument = Annotated[str, typer.Argument(help="The user's e-mail address.")]
UserOption = Annotated[
    str | None,
    typer.Option("--user", metavar="EMAIL", help="Whose; not needed while there is one user."),
]


@app.command("add")
def add(email: EmailArgument, *, as_json: JsonOption = False) -> None:
    """Add a user."""
    if "@" not in email.strip(" @"):
        raise typer.BadParameter(f"{email!r} is no e-mail address.")
    with fitting_database(enter()) as url:
        user = asyncio.run(_add(url, email))
    show(
        {"userId": user.user_id, "email": user.email},
        as_json=as_json,
        lines=[
            f"Added {user.email} ({user.user_id}).",
            f"A bearer token: recoup user token {user.email}",
        ],
    )


@app.command("token")
def token(
    email: EmailArgument,
    *,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good for.")] = 90,
) -> None:
    """Print a bearer token for the HTTP API, alone on stdout."""
    from recoup.clock import utc_now
    from recoup.users.tokens import issue_token

    settings = enter()
    with fitting_database(settings) as url:
        user = asyncio.run(_get(url, email))
    lifetime = timedelta(days=days)
    typer.echo(issue_token(user.user_id, settings.keys, now=utc_now(), lifetime=lifetime))


async def choose_user(conn: Reader, email: str | None) -> User:
    """The user named, or the only one there is. Raises NotFoundError, CommandError."""
    from recoup.users.queries import get_user_by_email, list_users

    if email is not None:
        return await get_user_by_email(conn, email)
    users = await list_users(conn)
    if not users:
        raise CommandError("There is no user yet; add one with `recoup user add EMAIL`.")
    if len(users) > 1:
        raise CommandError("There are several users; name one with --user EMAIL.")
    return users[0]


async def _add(url: str, email: str) -> User:
    from recoup.users.queries import add_user

    async with opened(url) as database, database.writing() as conn:
        return await add_user(conn, email)


async def _get(url: str, email: str) -> User:
    from recoup.users.queries import get_user_by_email

    async with opened(url) as database, database.reading() as conn:
        return await get_user_by_email(conn, email)
