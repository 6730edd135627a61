"""`recoup claims`: what Amazon owes, on the database directly."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from recoup.claims.lifecycle import Status, WindowState
from recoup.claims.rule import ClaimType
from recoup.cli.claims_export import ExportForm, claims_bytes, packet_bytes
from recoup.cli.claims_table import detail_lines, print_claims
from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import JsonOption, show
from recoup.cli.storage import fitting_database, opened
from recoup.cli.user import UserOption, choose_user
from recoup.ids import ConnectionId

if TYPE_CHECKING:
    from recoup.claims.queries import ClaimSelection
    from recoup.db.engine import Database

T = TypeVar("T")

app = typer.Typer(help="Show what Amazon owes and export what filing needs.")

StatusOption = Annotated[Status | None, typer.Option("--status", help="Only those.")]
TypeOption = Annotated[
    ClaimType | None,
    typer.Option("--type", metavar="TYPE", help="Only those, e.g. lost_in_warehouse."),
]
WindowOption = Annotated[
    WindowState | None, typer.Option("--window", help="Only those that can be filed so.")
]
ConfidenceOption = Annotated[
    float | None, typer.Option("--min-confidence", min=0, max=1, help="At least so sure.")
]
ExpiringOption = Annotated[
    int | None,
    typer.Option("--expiring-within-days", min=0, max=3650, help="Whose last safe day is so near."),
]
ConnectionOption = Annotated[
    str | None, typer.Option("--connection", metavar="ID", help="Of one Amazon account only.")
]


@app.command("list")
def list_(
    *,
    status: StatusOption = None,
    claim_type: TypeOption = None,
    window: WindowOption = None,
    min_confidence: ConfidenceOption = None,
    expiring_within_days: ExpiringOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """List claims, the most urgent first; the sums are of all that fit."""

    async def work(database: Database) -> dict[str, Any]:
        selection = await _select(
            database,
            user,
            connection,
            status=status,
            type=claim_type,
            window_state=window,
            min_confidence=None if min_confidence is None else Decimal(str(min_confidence)),
            expiring_within_days=expiring_within_days,
        )
        return await _read_list(database, selection, limit)

    record = _run(work)
    if as_json:
        show(record, as_json=True, lines=[])
    else:
        print_claims(record["items"], record["totals"])


@app.command("show")
def show_(
    claim_id: Annotated[str, typer.Argument(metavar="CLAIM_ID", help="Or its beginning.")],
    *,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one claim: its evidence, its arithmetic, its dates and what became of it."""
    packet = _run(lambda database: _read_packet(database, user, claim_id))
    show(packet["claim"], as_json=as_json, lines=detail_lines(packet))


@app.command("export")
def export(
    claim_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[CLAIM_ID]",
            help="The filing packet of one, by its id or the beginning of it. Unset: all.",
        ),
    ] = None,
    *,
    form: Annotated[
        ExportForm, typer.Option("--format", help="`html` is a packet to print.")
    ] = ExportForm.CSV,
    output: Annotated[
        Path | None, typer.Option("--output", help="The file to write. Unset: stdout.")
    ] = None,
    status: StatusOption = None,
    window: WindowOption = None,
    user: UserOption = None,
    connection: ConnectionOption = None,
) -> None:
    """Write all claims, or the packet to file one by hand; nothing is submitted to Amazon."""
    if claim_id is None and form is ExportForm.HTML:
        raise typer.BadParameter("A list has no page to print: name a claim, or use csv or json.")

    async def work(database: Database) -> bytes:
        if claim_id is not None:
            return packet_bytes(await _read_packet(database, user, claim_id), form)
        selection = await _select(database, user, connection, status=status, window_state=window)
        return await claims_bytes(database, selection, form)

    written = _run(work)
    if output is None:
        sys.stdout.buffer.write(written)
    else:
        output.write_bytes(written)


def _run(work: Callable[[Database], Awaitable[T]]) -> T:
    """The work's result, on a database that fits."""

    async def main(url: str) -> T:
        async with opened(url) as database:
            return await work(database)

    with fitting_database(enter()) as url:
        return asyncio.run(main(url))


async def _select(
    database: Database, user: str | None, connection: str | None, **filters: Any
) -> ClaimSelection:
    """Raises NotFoundError, also for a connection of somebody else."""
    from recoup.claims.queries import ClaimSelection
    from recoup.clock import utc_now
    from recoup.connections.queries import get_connection

    async with database.reading() as conn:
        owner = await choose_user(conn, user)
        named = None if connection is None else ConnectionId(connection)
        if named is not None:
            await get_connection(conn, owner.user_id, named)
    return ClaimSelection(owner.user_id, utc_now(), named, **filters)


async def _read_list(database: Database, selection: ClaimSelection, limit: int) -> dict[str, Any]:
    from recoup.claims.claim_body import claim_body, totals_body
    from recoup.claims.queries import list_claims, total_claims
    from recoup.claims.sort_queries import Order, Sort

    async with database.reading() as conn:
        order = Order(Sort.DEADLINE, selection.now)
        rows = await list_claims(conn, selection, order, limit=limit)
        totals = await total_claims(conn, selection)
    return {"items": [claim_body(row) for row in rows], "totals": totals_body(totals)}


async def _read_packet(database: Database, user: str | None, claim_id: str) -> dict[str, Any]:
    from recoup.claims.claim_body import claim_detail
    from recoup.claims.packet import packet_of
    from recoup.claims.queries import (
        get_claim,
        list_claim_allocations,
        list_claim_history,
        list_claim_ids,
    )
    from recoup.clock import utc_now

    async with database.reading() as conn:
        owner = await choose_user(conn, user)
        found = await list_claim_ids(conn, owner.user_id, claim_id)
        if len(found) > 1 and claim_id not in found:
            raise CommandError(f"Several claims begin with {claim_id}: give more of the id.")
        whole = found[0] if len(found) == 1 else claim_id
        row = await get_claim(conn, owner.user_id, whole, utc_now())
        history = await list_claim_history(conn, whole)
        allocations = await list_claim_allocations(conn, row)
    return packet_of(claim_detail(row, history, allocations))
