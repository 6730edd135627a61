"""What the database shows, for `recoup doctor`: itself, its schema, workers, connections, messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from recoup.cli.db import schema_line
from recoup.cli.doctor_network import clock_finding
from recoup.cli.finding import Finding, note, ok, problem
from recoup.cli.output import hint
from recoup.cli.storage import opened, served_database

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.connections.queries import Connection
    from recoup.db.engine import Database
    from recoup.sync.retention.queries import Overdue

_MOST_NAMED = 3
_LATE = timedelta(hours=36)
"""A nightly sync was missed, and the next day is half over."""
_MOST_OPENED = 20
_REFUSED_OFTEN = 3


@dataclass(slots=True)
class DatabaseExam:
    """findings, and programs: connections of other recoups by name and version."""

    findings: list[Finding] = field(default_factory=list)
    programs: Mapping[str, int] = field(default_factory=dict)


def examine_database(settings: Settings) -> DatabaseExam:
    """Makes no database and upgrades none."""
    from recoup.errors import DatabaseError

    exam = DatabaseExam()
    if not _is_there(settings):
        says = f"none yet in {settings.data_dir}"
        exam.findings.append(note("database", says, "`recoup serve` makes it"))
        return exam
    try:
        with served_database(settings) as url:
            asyncio.run(_examine(settings, url, exam))
    except DatabaseError as exc:
        exam.findings.append(problem("database", str(exc)))
    return exam


def overdue(settings: Settings) -> list[Overdue] | None:
    """Connections with data that is too old; None without a database that can be read."""
    from recoup.clock import utc_now
    from recoup.db.engine import Database
    from recoup.errors import DatabaseError
    from recoup.migrations.upgrade import require_fitting
    from recoup.sync.retention.periods import DEMANDED_MONTHS, months_before
    from recoup.sync.retention.queries import list_overdue

    async def read(url: str) -> list[Overdue]:
        async with opened(url) as database, database.reading() as conn:
            return await list_overdue(conn, months_before(utc_now().date(), DEMANDED_MONTHS))

    if not _is_there(settings):
        return None
    try:
        with served_database(settings) as url:
            require_fitting(Database(url))
            return asyncio.run(read(url))
    except DatabaseError as exc:
        hint(f"recoup: {exc}")
        return None


def _is_there(settings: Settings) -> bool:
    from recoup.db.embedded import has_embedded_database

    return settings.database_url is not None or has_embedded_database(settings.data_dir)


async def _examine(settings: Settings, url: str, exam: DatabaseExam) -> None:
    from recoup.db.engine import Database
    from recoup.migrations.upgrade import read_status

    own = settings.database_url is None
    async with opened(url, role=None) as database:
        await _server(database, exam)
    schema = await asyncio.to_thread(read_status, Database(url))
    if own and schema.pending:
        exam.findings.append(
            note("schema", "older than this version", "`recoup serve` upgrades it")
        )
    elif not schema.fits:
        exam.findings.append(problem("schema", schema_line(schema)))
    else:
        exam.findings.append(ok("schema", schema_line(schema)))
    if schema.fits:
        async with opened(url) as database:
            exam.findings += await _contents(settings, database)


async def _server(database: Database, exam: DatabaseExam) -> None:
    """Raises DatabaseUnreachableError."""
    from recoup.clock import utc_now
    from recoup.db.sessions import count_programs, read_clock

    await database.check()
    async with database.reading() as conn:
        version = ".".join(str(part) for part in conn.dialect.server_version_info or ())
        exam.programs = await count_programs(conn)
        exam.findings.append(ok("database", f"PostgreSQL {version}"))
        exam.findings.append(clock_finding("database's clock", await read_clock(conn), utc_now()))
    exam.findings += _versions(exam.programs)


def _versions(programs: Mapping[str, int]) -> Iterator[Finding]:
    from recoup.db.engine import PROGRAM

    others = {name: count for name, count in programs.items() if name != PROGRAM}
    if others:
        named = ", ".join(f"{name} ({count} connections)" for name, count in others.items())
        yield problem(
            "versions",
            f"{named} works on this database beside {PROGRAM}",
            "restart each API and worker with the newest of them, see docs/operations.md",
        )


async def _contents(settings: Settings, database: Database) -> list[Finding]:
    from recoup.clock import utc_now
    from recoup.connections.queries import list_present_connections
    from recoup.jobs.queries import count_live_workers
    from recoup.notifications.mail_queries import count_refused_mails
    from recoup.notifications.webhook_queries import list_failing_webhooks
    from recoup.sync.record.queries import count_syncs_by_status
    from recoup.sync.record.states import SyncStatus

    own = settings.database_url is None
    async with database.reading() as conn:
        workers = await count_live_workers(conn)
        waiting = (await count_syncs_by_status(conn)).get(SyncStatus.IN_PROGRESS, 0)
        connections = await list_present_connections(conn)
        webhooks = await list_failing_webhooks(conn)
        mails = await count_refused_mails(conn, attempts=_REFUSED_OFTEN)
    return [
        _workers(workers, waiting, own=own),
        *_authorizations(connections, utc_now()),
        *_sealed(settings, connections),
        *_local(settings, connections),
        *_late(settings, connections, utc_now()),
        *_messages(webhooks, mails),
    ]


def _workers(count: int, waiting: int, *, own: bool) -> Finding:
    if count:
        return ok("worker", f"{count} running, {waiting} syncs under way")
    advice = "start `recoup serve` or `recoup worker`"
    if waiting:
        return problem("worker", f"no worker is running, and {waiting} syncs wait for one", advice)
    # An embedded database often sleeps when nothing runs; a server of one's own should be served.
    says = "no worker is running, so no sync can make progress"
    return note("worker", says, advice) if own else problem("worker", says, advice)


def _authorizations(connections: Sequence[Connection], now: datetime) -> Iterator[Finding]:
    from recoup.connections.expiry import authorization_warning
    from recoup.connections.states import ConnectionStatus

    refused = [
        one for one in connections if one.status is ConnectionStatus.REAUTHORIZATION_REQUIRED
    ]
    ending = [
        one
        for one in connections
        if one not in refused and not one.is_files and authorization_warning(one.authorized_at, now)
    ]
    if refused:
        advice = f"`recoup connect reauthorize {refused[0].connection_id}`, or on the dashboard"
        yield problem("authorization", f"Amazon refuses {_named(refused)}", advice)
    if ending:
        advice = "the seller authorizes recoup again before 365 days are over"
        yield note("authorization's end", f"{_named(ending)}: ends soon or has ended", advice)
    if connections and not refused and not ending:
        yield ok("authorization", f"{len(connections)} accounts are connected")


def _sealed(settings: Settings, connections: Sequence[Connection]) -> Iterator[Finding]:
    """Whether the keys are those that sealed the tokens: after a restore they may be others."""
    from recoup.crypto import Vault
    from recoup.errors import ConfigurationError

    sealed = [one.refresh_token_sealed for one in connections if one.refresh_token_sealed]
    if not sealed:
        return
    if settings.secret_keys is None and not settings.key_path.exists():
        yield problem("tokens", "the secret key that sealed them is gone", _RESTORE_KEY)
        return
    try:
        vault = Vault(settings.keys)
    except ConfigurationError:
        return  # told as a problem of the keys
    try:
        for token in sealed[-_MOST_OPENED:]:
            vault.open(token)
    except ConfigurationError:
        yield problem("tokens", "a stored token was sealed with another secret key", _RESTORE_KEY)


_RESTORE_KEY = (
    "restore the file secret_key or RECOUP_SECRET_KEYS that belongs to this database, or connect "
    "the sellers again"
)


def _local(settings: Settings, connections: Sequence[Connection]) -> Iterator[Finding]:
    from recoup.connections.states import ConnectionEnvironment

    local = [one for one in connections if one.environment == ConnectionEnvironment.LOCAL]
    if local and settings.local_sandbox is None:
        says = f"{_named(local)} syncs only with the local sandbox, which is not set here"
        yield note("sandbox", says, "start `recoup serve --sandbox`, or set RECOUP_LOCAL_SANDBOX")


def _late(
    settings: Settings, connections: Sequence[Connection], now: datetime
) -> Iterator[Finding]:
    from recoup.connections.states import ConnectionStatus

    late = [
        one
        for one in connections
        if one.status is ConnectionStatus.ACTIVE
        and not one.is_files
        and (settings.sync_schedule if one.sync_schedule is None else one.sync_schedule)
        and one.last_sync_at is not None
        and now - one.last_sync_at > _LATE
    ]
    if late:
        says = (
            f"{_named(late)} has not completed a sync for {_LATE.total_seconds() / 3600:.0f} hours"
        )
        yield note("schedule", says, "`recoup sync history` says why")


def _messages(webhooks: Sequence[str], mails: int) -> Iterator[Finding]:
    if webhooks:
        says = f"{_first(webhooks)} fails or was turned off"
        yield note("webhooks", says, "see `recoup webhook list`, and fix the receiver")
    if mails:
        says = f"the mail server has refused {mails} mails at least {_REFUSED_OFTEN} times each"
        yield problem(
            "mails", says, "see `mail_not_sent` in the worker's log; check RECOUP_SMTP_URL"
        )


def _named(connections: Sequence[Connection]) -> str:
    return _first([f"{one.connection_id} ({one.selling_partner_id})" for one in connections])


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
