"""Whose data a command works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.errors import CommandError
from recoup.cli.storage import opened

if TYPE_CHECKING:
    from recoup.db.engine import Reader
    from recoup.ids import WorkspaceId

UserOption = Annotated[
    str | None,
    typer.Option(
        "--user",
        metavar="EMAIL",
        help="Email address of the user, or the id of a workspace; not needed if there is only one.",
    ),
]

OneConnectionOption = Annotated[
    str | None,
    typer.Option(
        "--connection", metavar="ID", help="Amazon account; not needed if there is only one."
    ),
]
AnyConnectionOption = Annotated[
    str | None,
    typer.Option("--connection", metavar="ID", help="Amazon account. Unset: all accounts."),
]


async def read_workspace(url: str, named: str | None) -> WorkspaceId:
    """Chooses a workspace of the database at this address, and closes the connection.

    Raises NotFoundError, CommandError.
    """
    async with opened(url) as database, database.reading() as conn:
        return await choose_workspace(conn, named)


async def choose_workspace(conn: Reader, named: str | None) -> WorkspaceId:
    """The named workspace, that of the named user, or the only one.

    Raises NotFoundError, CommandError.
    """
    from recoup.users.queries import get_user
    from recoup.users.workspace_queries import list_workspaces

    known = await list_workspaces(conn)
    if named is not None and any(one.workspace_id == named for one in known):
        return next(one.workspace_id for one in known if one.workspace_id == named)
    if named is not None:
        user = await get_user(conn, named)
        known = await list_workspaces(conn, of=user.user_id)
    if not known:
        raise CommandError("There are no users yet; add one with `recoup user add EMAIL`.")
    if len(known) > 1:
        choice = ", ".join(f"{one.workspace_id} ({one.name})" for one in known)
        raise CommandError(f"There are several users; choose one with --user: {choice}")
    return known[0].workspace_id
