"""`recoup claims detect`: look for claims now, or as of a day."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.cli.claims_table import print_claims
from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, hint, show
from recoup.cli.storage import fitting_database, opened
from recoup.cli.user import UserOption, choose_user
from recoup.ids import ConnectionId

if TYPE_CHECKING:
    from recoup.db.engine import Database


def detect_(
    *,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="As of this day of the marketplace. Unset: today.",
        ),
    ] = None,
    user: UserOption = None,
    connection: Annotated[
        str | None, typer.Option("--connection", metavar="ID", help="The Amazon account.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look for claims in the data that is there; nothing is asked of Amazon.

    A day before that of the stored claims is a replay: it is shown and nothing is stored.
    """

    async def main(url: str) -> dict[str, Any]:
        async with opened(url) as database:
            return await _detect(database, user, connection, as_of)

    with fitting_database(enter()) as url:
        record = asyncio.run(main(url))
    if as_json:
        show(record, as_json=True, lines=[])
        return
    print_claims(record["items"], record["totals"])
    if not record["stored"]:
        hint(f"A replay as of {record['asOf']}: nothing was stored.")
    for name in record["skipped"]:
        hint(f"Not looked for: {name}; the last sync could not read what it needs.")


async def _detect(
    database: Database, user: str | None, connection: str | None, as_of: datetime | None
) -> dict[str, Any]:
    """One transaction; that of a replay is taken back."""
    from recoup.claims.claim_body import claim_body, totals_body
    from recoup.claims.detect import detect
    from recoup.claims.detect_queries import (
        find_last_day,
        last_local_day,
        list_found,
        total_found,
    )
    from recoup.clock import utc_now
    from recoup.connections.queries import choose_connection
    from recoup.sync.detect_claims import unread_tables

    async with database.writing() as conn:
        owner = await choose_user(conn, user)
        chosen = await choose_connection(
            conn, owner.user_id, None if connection is None else ConnectionId(connection)
        )
        account = chosen.connection_id
        day = as_of.date() if as_of else await last_local_day(conn, account, utc_now())
        last = await find_last_day(conn, account)
        savepoint = await conn.begin_nested()
        detection = await detect(conn, account, day, unread=await unread_tables(conn, account))
        stored = last is None or day >= last
        record = {
            "asOf": day.isoformat(),
            "stored": stored,
            "new": detection.stored.new,
            "reopened": detection.stored.reopened,
            "withdrawn": detection.stored.withdrawn,
            "approved": detection.stored.approved,
            "skipped": [rule.type.value for rule in detection.skipped],
            "items": [claim_body(row) for row in await list_found(conn, day)],
            "totals": totals_body(await total_found(conn)),
        }
        if stored:
            await savepoint.commit()
        else:
            await savepoint.rollback()
    return record
