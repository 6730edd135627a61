"""`recoup db`: the schema of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, show
from recoup.cli.storage import served_database

if TYPE_CHECKING:
    from recoup.migrations.upgrade import SchemaStatus

app = typer.Typer(help="Upgrade the database or show its version.")


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
    """Show the version of the database and the one that is needed."""
    from recoup.db.engine import Database
    from recoup.migrations.upgrade import read_status

    with served_database(enter()) as url:
        found = read_status(Database(url))
    show(schema_record(found), as_json=as_json, lines=[schema_line(found)])


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
