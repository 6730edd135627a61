"""`recoup db backup|restore`: the database in one file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import JsonOption, hint, show
from recoup.cli.storage import fitting_database, opened, served_database

if TYPE_CHECKING:
    from recoup.config import Settings


def backup(
    file: Annotated[Path, typer.Argument(help="File to write; replaced if it exists.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Write a copy of the database to a file, while recoup keeps running.

    The secret keys are not in it: keep a copy of them in another place.
    """
    from recoup.db.backup import back_up

    settings = enter()
    with fitting_database(settings) as url:
        size = back_up(url, file)
    show(
        {"file": str(file), "bytes": size},
        as_json=as_json,
        lines=[f"Wrote {file} ({size / 1e6:,.1f} MB)."],
    )
    hint(f"Keep {_keys(settings)} in another place: without it the sellers' tokens are lost.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `recoup db backup` wrote.")],
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a database that already has users.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Replace the database with a copy, and upgrade it to this version. Stop recoup first.

    The copy may be from an older version. The secret keys are not in it: restore them too.
    """
    from recoup.db.backup import restore as restore_copy
    from recoup.db.engine import Database
    from recoup.migrations.upgrade import upgrade

    settings = enter()
    with served_database(settings) as url:
        asyncio.run(_refuse_used(url, overwrite=overwrite))
        restore_copy(url, file)
        before = upgrade(Database(url))
    show(
        {"file": str(file), "before": before.current, "current": before.head},
        as_json=as_json,
        lines=[f"Restored {file}; the database is at {before.head}."],
    )
    hint(f"`recoup doctor` says whether {_keys(settings)} fits the restored tokens.")


async def _refuse_used(url: str, *, overwrite: bool) -> None:
    """Raises CommandError while recoup works on the database, or if it is not empty."""
    from recoup.db.engine import Database
    from recoup.db.sessions import count_programs
    from recoup.migrations.upgrade import read_status
    from recoup.users.queries import any_user

    async with opened(url, role=None) as database, database.reading() as conn:
        programs = await count_programs(conn)
    if programs:
        raise CommandError(
            f"{sum(programs.values())} connections of recoup are open: stop `recoup serve` and "
            "every worker first."
        )
    if overwrite or (await asyncio.to_thread(read_status, Database(url))).current is None:
        return
    async with opened(url, role=None) as database, database.reading() as conn:
        if await any_user(conn):
            raise CommandError(
                "The database already has users: add --overwrite to replace all of it."
            )


def _keys(settings: Settings) -> str:
    return "RECOUP_SECRET_KEYS" if settings.secret_keys is not None else str(settings.key_path)
