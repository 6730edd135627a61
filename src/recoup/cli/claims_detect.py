"""`recoup claims detect`: detects claims now, or as of a day."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.choice import OneConnectionOption, UserOption, choose_workspace
from recoup.cli.claims_table import print_claims
from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, hint, show
from recoup.cli.storage import fitting_database, opened
from recoup.ids import ConnectionId

if TYPE_CHECKING:
    from recoup.claims.bodies.claim import ClaimBody
    from recoup.claims.bodies.totals import SelectionTotals
    from recoup.claims.detection.detect import Detection
    from recoup.db.engine import Database


@dataclass(frozen=True, slots=True)
class Detected:
    """The result of a detection. is_stored: False for a replay of the past."""

    as_of: date
    is_stored: bool
    detection: Detection
    items: list[ClaimBody]
    totals: SelectionTotals

    def document(self) -> dict[str, object]:
        stored = self.detection.stored
        waits = self.detection.waits
        return {
            "asOf": self.as_of.isoformat(),
            "stored": self.is_stored,
            "new": stored.new,
            "reopened": stored.reopened,
            "withdrawn": stored.withdrawn,
            "approved": stored.approved,
            "skipped": [rule.type.value for rule in self.detection.skipped],
            "waits": [{"type": note.subject, "message": note.message} for note in waits],
            "items": [item.document() for item in self.items],
            "totals": self.totals.document(),
        }


def detect_(
    *,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Day to detect claims for, in the marketplace's time zone. Unset: today.",
        ),
    ] = None,
    user: UserOption = None,
    connection: OneConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Detect claims in the loaded data, without calling Amazon.

    With a day before that of the stored claims, the result is shown but not stored (a replay).
    """

    async def main(url: str) -> Detected:
        async with opened(url) as database:
            return await _detect(database, user, connection, as_of)

    with fitting_database(enter()) as url:
        found = asyncio.run(main(url))
    if as_json:
        show(found.document(), as_json=True, lines=[])
        return
    print_claims(found.items, found.totals)
    if not found.is_stored:
        hint(f"A replay as of {found.as_of}: nothing was stored.")
    for note in found.detection.waits:
        hint(note.message)


async def _detect(
    database: Database, user: str | None, connection: str | None, as_of: datetime | None
) -> Detected:
    """Detects in one transaction, which is rolled back for a replay."""
    from recoup.claims.bodies.claim import claim_body
    from recoup.claims.bodies.totals import selection_totals_body
    from recoup.claims.detection.detect import detect
    from recoup.claims.detection.window_and_value import (
        find_last_day,
        last_local_day,
        list_found,
        total_found,
    )
    from recoup.clock import utc_now
    from recoup.connections.queries import choose_connection
    from recoup.sync.detect_claims import tell_waits

    async with database.writing() as conn:
        workspace_id = await choose_workspace(conn, user)
        chosen = await choose_connection(
            conn, workspace_id, None if connection is None else ConnectionId(connection)
        )
        account = chosen.connection_id
        day = as_of.date() if as_of else await last_local_day(conn, account, utc_now())
        last = await find_last_day(conn, account)
        savepoint = await conn.begin_nested()
        detection = await detect(conn, account, day)
        await tell_waits(conn, workspace_id, detection)
        stored = last is None or day >= last
        found = Detected(
            as_of=day,
            is_stored=stored,
            detection=detection,
            items=[claim_body(row) for row in await list_found(conn, day)],
            totals=selection_totals_body(await total_found(conn, day)),
        )
        if stored:
            await savepoint.commit()
        else:
            await savepoint.rollback()
    return found
