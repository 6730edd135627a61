"""`recoup audit`: who did what, when and from where."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, align, show
from recoup.cli.storage import fitting_database, opened
from recoup.clock import to_rfc3339

if TYPE_CHECKING:
    from recoup.audit.queries import AuditEntry

app = typer.Typer(help="The audit log: who did what, when and from where.")


@app.command("list")
def list_(
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Maximum number of entries.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the newest entries of the audit log, of all workspaces. They are kept for 12 months."""
    with fitting_database(enter()) as url:
        found = asyncio.run(_list(url, limit))
    header = ("at", "who", "from", "action", "about", "subject", "workspace")
    rows = [
        (to_rfc3339(e.at), e.who, e.address, e.action, _about(e), e.subject, e.workspace_id)
        for e in found
    ]
    lines = align(header, rows) if rows else ["There are no entries yet."]
    show([_record(one) for one in found], as_json=as_json, lines=lines)


def _about(one: AuditEntry) -> str | None:
    """The account, and which sync of it."""
    if one.sync_started_at is None:
        return one.account
    return f"sync of {one.account}, {to_rfc3339(one.sync_started_at)}"


def _record(one: AuditEntry) -> dict[str, object]:
    return {
        "entryId": one.entry_id,
        "at": to_rfc3339(one.at),
        "workspaceId": one.workspace_id,
        "who": one.who,
        "userId": one.user_id,
        "credentialId": one.credential_id,
        "address": one.address,
        "userAgent": one.user_agent,
        "action": one.action,
        "subject": one.subject,
        "details": one.details,
        "account": one.account,
        "syncStartedAt": one.sync_started_at and to_rfc3339(one.sync_started_at),
    }


async def _list(url: str, limit: int) -> list[AuditEntry]:
    from recoup.audit.queries import EntrySelection, list_entries

    async with opened(url) as database, database.reading() as conn:
        return await list_entries(conn, EntrySelection(), limit=limit)
