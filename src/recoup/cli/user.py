"""`recoup user`: who may use recoup."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, align, say, show
from recoup.cli.storage import fitting_database, opened
from recoup.users.roles import Scope

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.users.queries import User

app = typer.Typer(help="Add, list and remove users, and create tokens for them.")

EmailArgument = Annotated[str, typer.Argument(help="Email address of the user.")]
NamedArgument = Annotated[
    str, typer.Argument(metavar="EMAIL", help="Email address or id of the user.")
]


@app.command("add")
def add(email: EmailArgument, *, as_json: JsonOption = False) -> None:
    """Add a user."""
    if "@" not in email.strip(" @") or not email.strip().isprintable():
        raise typer.BadParameter(f"{email!r} is not an email address.")
    with fitting_database(enter()) as url:
        user = asyncio.run(_add(url, email))
    show(
        {"userId": user.user_id, "email": user.email},
        as_json=as_json,
        lines=[
            f"Added {user.title} ({user.user_id}).",
            f"To open the dashboard, run: recoup open --user {user.title}",
            f"For a bearer token, run: recoup user token {user.title}",
        ],
    )


@app.command("list")
def list_(*, as_json: JsonOption = False) -> None:
    """List the users."""
    with fitting_database(enter()) as url:
        users = asyncio.run(_list(url))
    record = [
        {"userId": one.user_id, "email": one.email, "name": one.name, "createdAt": at}
        for one, at in users
    ]
    table = align(
        ("user", "name", "id", "added"),
        [(one.email, one.name, one.user_id, at) for one, at in users],
    )
    show(record, as_json=as_json, lines=table if users else ["There are no users yet."])


@app.command("remove")
def remove(named: NamedArgument) -> None:
    """Remove a user with its sessions and tokens.

    A user who still has Amazon accounts is not removed: disconnect and purge them first.
    """
    with fitting_database(enter()) as url:
        user = asyncio.run(_remove(url, named))
    say(f"Removed {user.title} ({user.user_id}).")


@app.command("passwd")
def passwd(
    named: NamedArgument,
    *,
    password_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="File with the password; - is stdin. Unset: prompts for it."
        ),
    ] = None,
) -> None:
    """Set a user's password, end the user's sessions, and lift a lock-out."""
    password = _read_password(password_file)
    with fitting_database(enter()) as url:
        user = asyncio.run(_set_password(url, named, password))
    say(f"Set the password of {user.title}; all sessions have ended.")


@app.command("token")
def token(
    named: NamedArgument,
    *,
    days: Annotated[
        int, typer.Option(min=1, max=3650, help="Number of days for which the token is valid.")
    ] = 90,
    scope: Annotated[
        Scope,
        typer.Option(
            help="What the token may do: read, sync (also start and cancel syncs, change claims), "
            "or admin (all that the user may)."
        ),
    ] = Scope.ADMIN,
    label: Annotated[
        str | None, typer.Option(help="Note for `recoup token list`, e.g. the program's name.")
    ] = None,
) -> None:
    """Print a bearer token for the HTTP API, with nothing else on stdout."""
    settings = enter()
    lifetime = timedelta(days=days)
    with fitting_database(settings) as url:
        text = asyncio.run(_new_token(settings, url, named, scope, lifetime, label))
    say(text)


def _read_password(file: str | None) -> str:
    """Without the newline at its end. Raises OSError, BadParameter for another one than the first."""
    if file is None and not sys.stdin.isatty():
        raise typer.BadParameter("Use --password-file FILE (- for stdin).")
    if file is None:
        prompt = "Password (not shown)"
        text = typer.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True)
        return str(text)
    if file == "-":
        return sys.stdin.readline().rstrip("\r\n")
    with open(file, encoding="utf-8") as source:  # noqa: PTH123 - keeps the name as given
        return source.readline().rstrip("\r\n")


async def _add(url: str, email: str) -> User:
    from recoup.audit.queries import record_of_person
    from recoup.audit.words import Action
    from recoup.users.queries import add_user

    async with opened(url) as database, database.writing() as conn:
        user = await add_user(conn, email)
        await record_of_person(conn, user.user_id, Action.USER_ADDED)
        return user


async def _list(url: str) -> list[tuple[User, str]]:
    from recoup.clock import to_rfc3339
    from recoup.users.queries import list_users

    async with opened(url) as database, database.reading() as conn:
        return [(one, to_rfc3339(one.created_at)) for one in await list_users(conn)]


async def _remove(url: str, named: str) -> User:
    from recoup.audit.queries import record_of_person
    from recoup.audit.words import Action
    from recoup.sync.record.purge_queries import delete_user
    from recoup.users.queries import get_user

    async with opened(url) as database, database.writing() as conn:
        user = await get_user(conn, named)
        await record_of_person(conn, user.user_id, Action.USER_REMOVED)
        await delete_user(conn, user.user_id)
        return user


async def _set_password(url: str, named: str, password: str) -> User:
    from recoup.users.passwords import Passwords
    from recoup.users.queries import get_user
    from recoup.users.sign_in import set_password

    async with opened(url) as database:
        async with database.reading() as conn:
            user = await get_user(conn, named)
        await set_password(database, Passwords(), user.user_id, password)
    return user


async def _new_token(
    settings: Settings, url: str, named: str, scope: Scope, lifetime: timedelta, label: str | None
) -> str:
    from recoup.audit.queries import record_of_person
    from recoup.audit.words import Action
    from recoup.clock import utc_now
    from recoup.users.queries import get_user
    from recoup.users.token_queries import add_token

    async with opened(url) as database, database.writing() as conn:
        user = await get_user(conn, named)
        new = await add_token(
            conn,
            user.user_id,
            key=settings.keys[0],
            scope=scope,
            label=label,
            expires_at=utc_now() + lifetime,
        )
        await record_of_person(
            conn, user.user_id, Action.TOKEN_MADE, new.credential_id, scope=scope, label=label
        )
    return new.text
