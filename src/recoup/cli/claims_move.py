"""`recoup claims move`: records a stage of a claim, with what Amazon answered."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.claims.answers import Reason
from recoup.claims.stages import Stage
from recoup.cli.choice import UserOption, choose_workspace
from recoup.cli.claims import choose_claim, read_packet
from recoup.cli.claims_table import detail_lines
from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, show
from recoup.cli.storage import on_database
from recoup.clock import utc_now
from recoup.errors import InvalidRequestError
from recoup.ids import UserId

if TYPE_CHECKING:
    from recoup.claims.bodies.packet import Packet
    from recoup.claims.reading.decisions import AmazonAnswer, Decision
    from recoup.db.engine import Database

_MONEY = re.compile(r"(\d{1,12}(?:\.\d{1,4})?) ?([A-Z]{3})", re.ASCII)
_WHO = UserId("command line")
_OPTIONS = {
    "holdReason": "--why",
    "filedOn": "--filed-on",
    "response.receivedOn": "--received-on",
    "response.amount": "--paid",
    "response.units": "--units",
}
"""The options of this command by the fields of the API."""


def move(
    claim_id: Annotated[
        str, typer.Argument(metavar="CLAIM_ID", help="Claim id, or the beginning of one.")
    ],
    stage: Annotated[Stage, typer.Argument(metavar="STAGE", help="Stage, e.g. filed or denied.")],
    *,
    case_id: Annotated[
        str | None, typer.Option("--case", metavar="ID", help="Amazon's case id.")
    ] = None,
    filed_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Day of filing. Unset: today."),
    ] = None,
    hold_reason: Annotated[
        str | None,
        typer.Option("--why", metavar="TEXT", help="Reason for a hold; on_hold requires it."),
    ] = None,
    answer: Annotated[
        str | None, typer.Option("--answer", metavar="TEXT", help="Amazon's answer, word for word.")
    ] = None,
    answer_file: Annotated[
        Path | None,
        typer.Option("--answer-file", exists=True, dir_okay=False, help="File with the answer."),
    ] = None,
    received_on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DATE", help="Day of Amazon's answer. Unset: today."
        ),
    ] = None,
    reason: Annotated[
        Reason | None, typer.Option("--reason", help="Reason for a denial or a request.")
    ] = None,
    amount: Annotated[
        str | None, typer.Option("--paid", metavar="AMOUNT", help='Amount paid, e.g. "12.34 USD".')
    ] = None,
    units: Annotated[int | None, typer.Option(min=1, help="Number of units paid.")] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Note for the history.")] = None,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move a claim to another stage. `recoup claims show` lists the stages that may follow."""
    from recoup.claims.reading.decisions import Decision

    text = answer_file.read_text(encoding="utf-8").strip() if answer_file else answer
    decision = Decision(
        stage=stage,
        case_id=case_id,
        filed_on=filed_on.date() if filed_on else None,
        hold_reason=hold_reason,
        note=note,
        answer=_answer(text, received_on, reason, amount, units),
    )
    packet = on_database(enter(), lambda database: _move(database, user, claim_id, decision))
    show(packet.claim.document(), as_json=as_json, lines=detail_lines(packet))


def _answer(
    text: str | None,
    received_on: datetime | None,
    reason: Reason | None,
    amount: str | None,
    units: int | None,
) -> AmazonAnswer | None:
    """Raises BadParameter."""
    from recoup.claims.reading.decisions import AmazonAnswer

    paid = None if amount is None else _MONEY.fullmatch(amount.strip())
    if amount is not None and (paid is None or not Decimal(paid[1])):
        raise typer.BadParameter('--paid must be an amount with its currency, e.g. "12.34 USD".')
    if text is None and paid is None and units is None:
        if reason is not None or received_on is not None:
            raise typer.BadParameter("--reason and --received-on belong to --answer or --paid.")
        return None
    return AmazonAnswer(
        received_on=received_on.date() if received_on else _today(),
        text=text,
        reason=reason,
        amount=Decimal(paid[1]) if paid else None,
        currency=paid[2] if paid else None,
        units=units,
    )


def _in_options(message: str) -> str:
    """What the API calls its fields, by the names of the options here."""
    for field, option in _OPTIONS.items():
        message = message.replace(field, option)
    return message


def _today() -> date:
    return utc_now().astimezone(UTC).date()


async def _move(database: Database, user: str | None, claim_id: str, decision: Decision) -> Packet:
    """Raises NotFoundError, ImpossibleStepError, InvalidRequestError, CommandError."""
    from recoup.audit.queries import record
    from recoup.audit.words import Action
    from recoup.claims.reading.decisions import decide

    async with database.writing() as conn:
        workspace_id = await choose_workspace(conn, user)
        whole = await choose_claim(conn, workspace_id, claim_id)
        try:
            await decide(conn, workspace_id, whole, decision, who=_WHO, now=utc_now())
        except InvalidRequestError as exc:
            raise InvalidRequestError(_in_options(str(exc))) from exc
        await record(
            conn, Action.CLAIM_CHANGED, whole, workspace_id=workspace_id, stage=decision.stage
        )
    return await read_packet(database, user, whole)
