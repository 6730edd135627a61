"""`recoup claims`: what Amazon owes, on the database directly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from recoup.claims.lifecycle import Review, Standing, Status, WindowState
from recoup.claims.rule import ClaimType
from recoup.claims.stages import Stage
from recoup.cli.choice import AnyConnectionOption, UserOption, choose_workspace
from recoup.cli.claims_export import ClaimsForm, claims_bytes, packet_bytes
from recoup.cli.claims_table import detail_lines, print_claims
from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.notes import waiting_lines
from recoup.cli.output import JsonOption, say, show, write_file
from recoup.cli.storage import fitting_database, opened
from recoup.clock import utc_now
from recoup.ids import ConnectionId, WorkspaceId

if TYPE_CHECKING:
    from recoup.claims.bodies.claim import ClaimList
    from recoup.claims.bodies.packet import Packet
    from recoup.claims.reading.selection import ClaimSelection
    from recoup.db.engine import Database, Reader

T = TypeVar("T")

app = typer.Typer(help="Show what Amazon owes and export what you need to file.")

StatusOption = Annotated[Status | None, typer.Option("--status", help="Claim status.")]
TypeOption = Annotated[
    ClaimType | None,
    typer.Option("--type", metavar="TYPE", help="Claim type, e.g. lost_in_warehouse."),
]
WindowOption = Annotated[WindowState | None, typer.Option("--window", help="Filing window today.")]
ConfidenceOption = Annotated[
    float | None, typer.Option("--min-confidence", min=0, max=1, help="Minimum confidence, 0 to 1.")
]
ExpiringOption = Annotated[
    int | None,
    typer.Option(
        "--expiring-within-days",
        min=0,
        max=3650,
        help="Maximum number of days until the last safe day.",
    ),
]
StageOption = Annotated[
    Stage | None,
    typer.Option("--stage", metavar="STAGE", help="Stage, e.g. ready, waiting or denied."),
]
StandingOption = Annotated[
    Standing | None,
    typer.Option("--standing", help="Standing, which combines status, window and confidence."),
]
OwedOption = Annotated[
    bool,
    typer.Option("--owed", help="Show only claims that are owed; the same as --standing owed."),
]
ReviewOption = Annotated[
    Review | None, typer.Option("--review", help="Review level, which follows from the confidence.")
]
CurrencyOption = Annotated[
    str | None, typer.Option("--currency", metavar="CODE", help="Currency of the amount, e.g. USD.")
]
UnvaluedOption = Annotated[
    bool, typer.Option("--unvalued", help="Show only claims without a known amount.")
]
SearchOption = Annotated[
    str | None,
    typer.Option(
        "--search",
        metavar="TEXT",
        help="Beginning of an order id, SKU, FNSKU, ASIN or case id, in capitals or small letters.",
    ),
]


@app.command("list")
def list_(
    *,
    status: StatusOption = None,
    claim_type: TypeOption = None,
    window: WindowOption = None,
    min_confidence: ConfidenceOption = None,
    expiring_within_days: ExpiringOption = None,
    standing: StandingOption = None,
    owed: OwedOption = False,
    review: ReviewOption = None,
    currency: CurrencyOption = None,
    unvalued: UnvaluedOption = False,
    search: SearchOption = None,
    stage: StageOption = None,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, help="Maximum number of claims shown.")
    ] = 50,
    user: UserOption = None,
    connection: AnyConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """List claims, most urgent first. Totals cover all matching claims."""

    async def work(database: Database) -> ClaimList:
        from recoup.claims.reading.selection import ClaimSelection

        owner, named = await _choose(database, user, connection)
        selection = ClaimSelection(
            owner,
            utc_now(),
            named,
            status=status,
            type=claim_type,
            window_state=window,
            min_confidence=None if min_confidence is None else Decimal(str(min_confidence)),
            expiring_within_days=expiring_within_days,
            standing=standing,
            owed=owed or None,
            review=review,
            currency=currency,
            valued=False if unvalued else None,
            search=search,
            stage=stage,
        )
        return await _read_list(database, selection, limit)

    found = _run(work)
    if as_json:
        show(found.document(), as_json=True, lines=[])
    else:
        print_claims(found.items, found.totals)
        say(*waiting_lines(found.notes))


@app.command("show")
def show_(
    claim_id: Annotated[
        str, typer.Argument(metavar="CLAIM_ID", help="Claim id, or the beginning of one.")
    ],
    *,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one claim with its stage, evidence, calculation, dates, answers and history."""
    packet = _run(lambda database: read_packet(database, user, claim_id))
    show(packet.claim.document(), as_json=as_json, lines=detail_lines(packet))


@app.command("export")
def export(
    claim_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[CLAIM_ID]",
            help="Claim id, or the beginning of one, for a filing packet. Unset: all claims.",
        ),
    ] = None,
    *,
    form: Annotated[
        ClaimsForm, typer.Option("--format", help="Output format; `html` is a packet to print.")
    ] = ClaimsForm.CSV,
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write. Unset: stdout.")
    ] = None,
    status: StatusOption = None,
    window: WindowOption = None,
    user: UserOption = None,
    connection: AnyConnectionOption = None,
) -> None:
    """Export all claims, or the packet for filing one by hand. Nothing is sent to Amazon."""
    if claim_id is None and form is ClaimsForm.HTML:
        raise typer.BadParameter(
            "Only a single claim can be written as html: name a claim, or use csv or json."
        )

    async def work(database: Database) -> bytes:
        if claim_id is not None:
            return packet_bytes(await read_packet(database, user, claim_id), form)
        from recoup.claims.reading.selection import ClaimSelection

        owner, named = await _choose(database, user, connection)
        selection = ClaimSelection(owner, utc_now(), named, status=status, window_state=window)
        return await claims_bytes(database, selection, form)

    written = _run(work)
    if output is None:
        write_file(written)
    else:
        output.write_bytes(written)


def _run(work: Callable[[Database], Awaitable[T]]) -> T:
    """Runs the work on a database with the right schema and returns its result."""

    async def main(url: str) -> T:
        async with opened(url) as database:
            return await work(database)

    with fitting_database(enter()) as url:
        return asyncio.run(main(url))


async def _choose(
    database: Database, user: str | None, connection: str | None
) -> tuple[WorkspaceId, ConnectionId | None]:
    """The owner of the claims. Raises NotFoundError, also for a connection of another user."""
    from recoup.connections.queries import get_connection

    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
        named = None if connection is None else ConnectionId(connection)
        if named is not None:
            await get_connection(conn, workspace_id, named)
    return workspace_id, named


async def _read_list(database: Database, selection: ClaimSelection, limit: int) -> ClaimList:
    from recoup.claims.bodies.claim import ClaimList, claim_body
    from recoup.claims.bodies.totals import selection_totals_body
    from recoup.claims.reading.claims import list_claims, total_claims, total_payments
    from recoup.claims.reading.sort import ClaimOrder, Sort
    from recoup.sync.record.note_queries import CLAIMS, read_current_notes

    async with database.reading() as conn:
        order = ClaimOrder(Sort.DEADLINE, selection.now)
        rows = await list_claims(conn, selection, order, limit=limit)
        totals = await total_claims(conn, selection)
        paid = await total_payments(conn, selection)
    notes = await read_current_notes(
        database, selection.workspace_id, connection_id=selection.connection_id, stream=CLAIMS
    )
    return ClaimList(
        items=[claim_body(row) for row in rows],
        totals=selection_totals_body(totals, paid),
        notes=notes,
    )


async def read_packet(database: Database, user: str | None, claim_id: str) -> Packet:
    """One claim with all that belongs to it. Raises NotFoundError, CommandError."""
    from recoup.claims.bodies.claim import claim_detail
    from recoup.claims.bodies.packet import packet_of
    from recoup.claims.reading.claims import get_claim
    from recoup.claims.reading.past import read_claim_past

    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
        whole = await choose_claim(conn, workspace_id, claim_id)
        row = await get_claim(conn, workspace_id, whole, utc_now())
        past = await read_claim_past(conn, row)
    return packet_of(claim_detail(row, past))


async def choose_claim(conn: Reader, workspace_id: WorkspaceId, beginning: str) -> str:
    """The id of the claim that begins like this, or the text itself. Raises CommandError for several."""
    from recoup.claims.reading.claims import list_claim_ids

    found = await list_claim_ids(conn, workspace_id, beginning)
    if len(found) > 1 and beginning not in found:
        raise CommandError(
            f"Several claims begin with {beginning}: enter more characters of the id."
        )
    return found[0] if len(found) == 1 else beginning
