"""`recoup hold list|set|end`: what must not be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.choice import UserOption, choose_workspace
from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, align, say, show
from recoup.cli.storage import on_database
from recoup.clock import to_rfc3339

if TYPE_CHECKING:
    from recoup.db.engine import Database
    from recoup.ids import ConnectionId
    from recoup.sync.record.legal_hold_queries import LegalHold

app = typer.Typer(help="Set and end legal holds, which protect data from deletion.")

ConnectionOption = Annotated[
    str | None,
    typer.Option(
        "--connection", metavar="CONNECTION", help="Id of a connection. Unset: the whole workspace."
    ),
]
ReasonOption = Annotated[str, typer.Option(help="Reason, for the audit log.")]


@app.command("list")
def list_(*, user: UserOption = None, as_json: JsonOption = False) -> None:
    """List the legal holds with their dates and reasons."""
    found = on_database(enter(), lambda database: _list(database, user))
    records = [
        {"connectionId": one.connection_id, "since": to_rfc3339(one.since), "reason": one.reason}
        for one in found
    ]
    rows = [(one["connectionId"] or "(everything)", one["since"], one["reason"]) for one in records]
    lines = align(("connection", "since", "reason"), rows) if rows else ["There is no legal hold."]
    show(records, as_json=as_json, lines=lines)


@app.command("set")
def set_(
    *, reason: ReasonOption, connection: ConnectionOption = None, user: UserOption = None
) -> None:
    """Protect all data of a workspace or a connection from deletion."""
    on_database(enter(), lambda database: _change(database, user, connection, reason, is_held=True))
    say(f"Nothing of {connection or 'the workspace'} is deleted until `recoup hold end`.")


@app.command("end")
def end(
    *, reason: ReasonOption, connection: ConnectionOption = None, user: UserOption = None
) -> None:
    """End a legal hold: recoup again deletes data that is too old."""
    on_database(
        enter(), lambda database: _change(database, user, connection, reason, is_held=False)
    )
    say(f"Ended the legal hold of {connection or 'the workspace'}.")


async def _list(database: Database, user: str | None) -> list[LegalHold]:
    from recoup.sync.record.legal_hold_queries import list_legal_holds

    async with database.reading() as conn:
        return await list_legal_holds(conn, await choose_workspace(conn, user))


async def _change(
    database: Database, user: str | None, named: str | None, reason: str, *, is_held: bool
) -> None:
    """Raises NotFoundError, ConflictError, BadParameter."""
    from recoup.ids import ConnectionId
    from recoup.sync.record.legal_hold_queries import end_legal_hold, set_legal_hold

    reason = reason.strip()
    if not reason:
        raise typer.BadParameter("--reason must not be empty.")
    connection_id: ConnectionId | None = ConnectionId(named) if named else None
    change = set_legal_hold if is_held else end_legal_hold
    async with database.writing() as conn:
        workspace_id = await choose_workspace(conn, user)
        await change(conn, workspace_id, connection_id, reason)
