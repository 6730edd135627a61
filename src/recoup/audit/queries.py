"""Queries of the audit log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, column, delete, func, select, table, text

from recoup.audit.tables import audit_entry
from recoup.audit.words import Action
from recoup.db.engine import Reader, Writer
from recoup.ids import CredentialId, UserId, WorkspaceId

KEPT = "12 months"
"""Amazon's Data Protection Policy of 2025-11-11: logs of security events for at least 12 months."""

# The transaction names the actor (Database.of); one that names none is recoup's own.
_ACTOR = """
    (select cast(nullif(current_setting('recoup.actor', true), '') as jsonb) as actor) as told
"""

_RECORD = text(
    f"""
    insert into audit_entry (workspace_id, action, subject, details,
        who, user_id, credential_id, address, user_agent)
    select coalesce(:workspace_id, nullif(current_setting('recoup.workspace_id', true), '')),
        :action, :subject, cast(:details as jsonb),
        case when actor is null then 'recoup' else actor ->> 'who' end, actor ->> 'user_id',
        actor ->> 'credential_id', actor ->> 'address', actor ->> 'user_agent'
    from {_ACTOR}
    """
)


async def record(
    conn: Writer,
    action: Action,
    subject: str | None = None,
    *,
    workspace_id: WorkspaceId | None = None,
    **details: object,
) -> None:
    """Adds an entry about what this transaction does, by whoever the transaction names.

    workspace_id: None for the one that the transaction names. No secrets in details.
    """
    values = {
        "workspace_id": workspace_id,
        "action": action,
        "subject": subject,
        "details": json.dumps(details),
    }
    await conn.execute(_RECORD, values)


_LOCK = text("select pg_advisory_xact_lock(hashtextextended('audit:' || :action || :user_id, 0))")


async def time_since(conn: Writer, action: Action, user_id: UserId) -> timedelta | None:
    """How long ago the person did it in the workspace that the transaction names; None: never.

    Until the transaction ends, nobody else asks this for the same person.
    """
    await conn.execute(_LOCK, {"action": action, "user_id": user_id})
    a = audit_entry.c
    since: timedelta | None = (
        await conn.execute(
            select(func.clock_timestamp() - func.max(a.at)).where(
                a.action == action, a.user_id == user_id
            )
        )
    ).scalar_one()
    return since


_MEMBERSHIPS = """
    from (select 1) as once
    left join app_user u on {person}
    left join workspace_member m on m.user_id = u.user_id
"""
_PERSON = "coalesce(u.email, u.name, u.user_id)"
_RECORD_OF_PERSON = text(
    f"""
    insert into audit_entry (workspace_id, action, subject, details,
        who, user_id, credential_id, address, user_agent)
    select m.workspace_id, :action, coalesce(:subject, {_PERSON}), cast(:details as jsonb),
        case when actor is null then 'recoup' else coalesce(actor ->> 'who', {_PERSON}) end,
        case when actor is not null then coalesce(actor ->> 'user_id', u.user_id) end,
        coalesce(:credential_id, actor ->> 'credential_id'),
        actor ->> 'address', actor ->> 'user_agent'
    {_MEMBERSHIPS.format(person="u.user_id = :user_id")} cross join {_ACTOR}
    """
)
_RECORD_FAILED = text(
    f"""
    insert into audit_entry (workspace_id, action, subject, address, user_agent)
    select m.workspace_id, :action, u.email, actor ->> 'address', actor ->> 'user_agent'
    {_MEMBERSHIPS.format(person="u.email = :email")} cross join {_ACTOR}
    """
)


async def record_of_person(
    conn: Writer,
    user_id: UserId,
    action: Action,
    subject: str | None = None,
    *,
    credential_id: CredentialId | None = None,
    **details: object,
) -> None:
    """The same about a person or what opens recoup to them: an entry in each of their workspaces.

    subject: None for the person. credential_id: None for what the caller came with.
    """
    values = {
        "user_id": user_id,
        "action": action,
        "subject": subject,
        "credential_id": credential_id,
        "details": json.dumps(details),
    }
    await conn.execute(_RECORD_OF_PERSON, values)


async def record_failed_sign_in(conn: Writer, email: str) -> None:
    """Somebody was not let in. What was typed is stored only if it is the address of a person:
    people type passwords there.
    """
    values = {"email": email.strip().lower(), "action": Action.SIGN_IN_FAILED}
    await conn.execute(_RECORD_FAILED, values)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One action. who: None for somebody who was not signed in, `recoup` for recoup itself.

    account: the Amazon account that the subject is, or whose sync it is; None for other subjects and
    for what is gone. sync_started_at: of that sync.
    """

    entry_id: int
    at: datetime
    workspace_id: WorkspaceId | None
    action: str
    subject: str | None
    details: dict[str, Any]
    who: str | None
    user_id: UserId | None
    credential_id: CredentialId | None
    address: str | None
    user_agent: str | None
    account: str | None
    sync_started_at: datetime | None


@dataclass(frozen=True, slots=True)
class EntrySelection:
    """The chosen entries: of one workspace or of all, `since` <= at < `until`."""

    workspace_id: WorkspaceId | None = None
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None


_connection = table(
    "amazon_connection", column("connection_id"), column("selling_partner_id"), column("region")
)
_sync = table("sync_progress", column("sync_id"), column("connection_id"), column("started_at"))


async def list_entries(
    conn: Reader, selection: EntrySelection, *, limit: int, before: int | None = None
) -> list[AuditEntry]:
    """Newest first, from before an entry on."""
    a = audit_entry.c
    account = func.format("%s (%s)", _connection.c.selling_partner_id, _connection.c.region)
    chosen = (
        select(
            audit_entry,
            case((_connection.c.connection_id.is_not(None), account)).label("account"),
            _sync.c.started_at.label("sync_started_at"),
        )
        .outerjoin(_sync, _sync.c.sync_id == a.subject)
        .outerjoin(
            _connection,
            _connection.c.connection_id == func.coalesce(_sync.c.connection_id, a.subject),
        )
        .order_by(a.entry_id.desc())
        .limit(limit)
    )
    if selection.workspace_id is not None:
        chosen = chosen.where(a.workspace_id == selection.workspace_id)
    if selection.action is not None:
        chosen = chosen.where(a.action == selection.action)
    if selection.since is not None:
        chosen = chosen.where(a.at >= selection.since)
    if selection.until is not None:
        chosen = chosen.where(a.at < selection.until)
    if before is not None:
        chosen = chosen.where(a.entry_id < before)
    return [AuditEntry(**row) for row in (await conn.execute(chosen)).mappings()]


async def forget_old_entries(conn: Writer) -> int:
    """Deletes what is older than KEPT and under no legal hold; returns how many."""
    old = audit_entry.c.at < func.now() - text(f"interval '{KEPT}'")
    held = text(
        "not exists (select from workspace w left join amazon_connection c using (workspace_id) "
        "where w.workspace_id = audit_entry.workspace_id "
        "and (w.legal_hold is not null or c.legal_hold is not null))"
    )
    return (await conn.execute(delete(audit_entry).where(old, held))).rowcount
