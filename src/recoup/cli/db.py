"""`recoup db`: the schema of the database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.choice import UserOption, read_workspace
from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import JsonOption, hint, say, show
from recoup.cli.storage import fitting_database, opened, served_database

if TYPE_CHECKING:
    from recoup.audit.words import Action
    from recoup.config import Settings
    from recoup.migrations.upgrade import SchemaStatus

app = typer.Typer(
    help="Upgrade, back up and restore the database, show its version or its address."
)
_EMBEDDED = "The embedded database answers while recoup runs: keep `recoup serve` running."


@app.command("upgrade")
def upgrade_schema(*, as_json: JsonOption = False) -> None:
    """Run pending migrations. Does nothing if there are none."""
    from recoup.db.engine import Database
    from recoup.migrations.upgrade import upgrade

    with served_database(enter()) as url:
        before = upgrade(Database(url))
    ran = len(before.pending)
    show(
        {"before": before.current, "current": before.head, "ran": list(before.pending)},
        as_json=as_json,
        lines=[f"The database is at {before.head}; {ran or 'no'} migrations were run."],
    )


@app.command("status")
def status(*, as_json: JsonOption = False) -> None:
    """Show the version of the database and the version that recoup needs."""
    from recoup.db.engine import Database
    from recoup.migrations.upgrade import read_status

    with served_database(enter()) as url:
        found = read_status(Database(url))
    show(schema_record(found), as_json=as_json, lines=[schema_line(found)])


@app.command("url")
def url_(
    *,
    read_only: Annotated[
        bool,
        typer.Option(
            "--read-only",
            help="Print the address of a user that can read one workspace, without secrets.",
        ),
    ] = False,
    all_workspaces: Annotated[
        bool,
        typer.Option("--all-workspaces", help="With --read-only: all workspaces instead of one."),
    ] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="With --read-only: remove the user.")
    ] = False,
    user: UserOption = None,
) -> None:
    """Print the address of the database, for psql, pandas or Metabase.

    With --read-only, the user gets a new password each time, and an earlier address stops working.
    """
    if not read_only and (all_workspaces or revoke):
        raise CommandError("--all-workspaces and --revoke need --read-only.")
    settings = enter()
    with fitting_database(settings) as url:
        if not read_only:
            say(url)
        else:
            _print_reader(settings, url, user, every=all_workspaces, revoke=revoke)
    if settings.database_url is None and not revoke:
        hint(_EMBEDDED)


def _print_reader(
    settings: Settings, url: str, user: str | None, *, every: bool, revoke: bool
) -> None:
    from recoup.audit.words import Action
    from recoup.database_url import url_of_user
    from recoup.db.embedded import EmbeddedServer
    from recoup.db.readers import ALL_WORKSPACES, drop_reader, make_reader

    chosen = ALL_WORKSPACES if every else asyncio.run(read_workspace(url, user))
    is_embedded = settings.database_url is None
    administrator = EmbeddedServer(settings.data_dir).superuser_url() if is_embedded else url
    if revoke:
        removed = drop_reader(administrator, chosen)
        if removed is None:
            raise CommandError("There is no such read-only user.")
        asyncio.run(_record(url, Action.READER_REMOVED, removed, chosen, every=every))
        say("Removed the read-only user.")
        return
    login = make_reader(administrator, chosen)
    asyncio.run(_record(url, Action.READER_MADE, login.user, chosen, every=every))
    say(url_of_user(url, login.user, "" if is_embedded else login.password))


async def _record(url: str, action: Action, reader: str, chosen: str, *, every: bool) -> None:
    """In the log of each workspace that the user reads."""
    from recoup.audit.queries import record
    from recoup.ids import WorkspaceId
    from recoup.users.workspace_queries import list_workspaces

    async with opened(url) as database, database.writing() as conn:
        read = [WorkspaceId(chosen)]
        if every:
            read = [one.workspace_id for one in await list_workspaces(conn)]
        for workspace_id in read:
            await record(conn, action, reader, workspace_id=workspace_id)


def schema_record(found: SchemaStatus) -> dict[str, object]:
    return {
        "current": found.current,
        "head": found.head,
        "pending": list(found.pending),
        "fits": found.fits,
    }


def schema_line(found: SchemaStatus) -> str:
    """The state of the schema and, if it does not match, what to do."""
    if found.fits:
        return f"The database is at {found.head}, as this version needs it."
    if not found.pending:
        return f"The database is at {found.current}, newer than this version: install that one."
    return (
        f"The database is at {found.current or 'no schema'}, this version needs {found.head}: "
        "run `recoup db upgrade`."
    )
