"""`recoup doctor`: the settings, what works, and how to fix the rest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from recoup.cli.db import schema_line
from recoup.cli.dpp import Answer, demands
from recoup.cli.entrance import enter
from recoup.cli.errors import FAILED
from recoup.cli.output import JsonOption, align, hint, say, show
from recoup.cli.storage import on_database, opened, served_database

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.db.engine import Database
    from recoup.sync.retention.queries import Overdue


@dataclass(frozen=True, slots=True)
class Finding:
    """`note` is information and not a fault; only `problem` makes the command fail."""

    check: str
    state: Literal["ok", "note", "problem"]
    says: str


DppOption = Annotated[
    bool,
    typer.Option("--dpp", help="Say how each demand of Amazon's Data Protection Policy is met."),
]


def doctor(*, dpp: DppOption = False, as_json: JsonOption = False) -> None:
    """Check the settings, the data directory, the database and the worker."""
    from recoup.errors import ConfigurationError

    try:
        settings = enter()
    except ConfigurationError:
        say(*_known_settings())
        raise
    if dpp:
        _show_demands(settings, as_json=as_json)
        return
    shown = list(_settings(settings))
    findings = [*_keys(settings), *_client_secret(settings), *_database(settings)]
    healthy = all(finding.state != "problem" for finding in findings)
    show(
        {
            "ok": healthy,
            "settings": [
                dict(zip(("name", "value", "source"), each, strict=True)) for each in shown
            ],
            "checks": [asdict(finding) for finding in findings],
        },
        as_json=as_json,
        lines=[
            *align(("setting", "value", "from"), shown),
            "",
            *(f"{each.state:8}{each.check}: {each.says}" for each in findings),
        ],
    )
    if not healthy:
        raise typer.Exit(FAILED)


def _show_demands(settings: Settings, *, as_json: bool) -> None:
    """Fails while a demand is not met."""
    found = list(demands(settings, _overdue(settings)))
    show(
        {"demands": [asdict(one) for one in found]},
        as_json=as_json,
        lines=align(
            ("demand", "met", "how"), [(one.demand, one.answer, one.says) for one in found]
        ),
    )
    if any(one.answer is Answer.NO for one in found):
        raise typer.Exit(FAILED)


def _overdue(settings: Settings) -> list[Overdue] | None:
    """Connections with data that is too old; None without a database that can be read."""
    from recoup.clock import utc_now
    from recoup.errors import DatabaseError
    from recoup.sync.retention.periods import DEMANDED_MONTHS, months_before
    from recoup.sync.retention.queries import list_overdue

    async def read(database: Database) -> list[Overdue]:
        async with database.reading() as conn:
            return await list_overdue(conn, months_before(utc_now().date(), DEMANDED_MONTHS))

    try:
        return on_database(settings, read)
    except DatabaseError as exc:
        hint(f"recoup: {exc}")
        return None


def _known_settings() -> Iterator[str]:
    from recoup.config import Settings

    for name, field in Settings.model_fields.items():
        yield f"RECOUP_{name.upper()}: {field.description}"


def _settings(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Name, value and source. For a secret only whether it is set."""
    from pydantic import SecretStr

    variables = {name.upper() for name in os.environ}
    for name in type(settings).model_fields:
        variable = f"RECOUP_{name.upper()}"
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = "(set)"
        if variable in variables:
            source = "environment"
        elif name in settings.model_fields_set:
            source = "file"
        else:
            source = "default"
        yield variable, "(unset)" if value is None else str(value), source


def _keys(settings: Settings) -> Iterator[Finding]:
    """Whether they are keys that nobody else knows; makes one where there is none yet."""
    from recoup.errors import ConfigurationError

    try:
        count = len(settings.keys)
    except ConfigurationError as exc:
        yield Finding("secret keys", "problem", str(exc))
        return
    if settings.secret_keys is None:
        yield Finding("secret keys", "ok", f"generated, in {settings.data_dir / 'secret_key'}")
    else:
        yield Finding("secret keys", "ok", f"{count} in RECOUP_SECRET_KEYS")


def _client_secret(settings: Settings) -> Iterator[Finding]:
    """A problem once Amazon no longer accepts it; a note where there is none, or its age is not set."""
    from recoup.clock import utc_now
    from recoup.spapi.secret_age import LIFE, secret_warning

    if not settings.lwa_client_id or not settings.lwa_client_secret:
        needed = "RECOUP_LWA_CLIENT_ID and RECOUP_LWA_CLIENT_SECRET"
        yield Finding("client secret", "note", f"only the local sandbox works without {needed}")
        return
    rotated_on = settings.lwa_secret_rotated_on
    if rotated_on is None:
        advice = "set RECOUP_LWA_SECRET_ROTATED_ON to be warned before Amazon refuses it"
        yield Finding("client secret", "note", f"age unknown: {advice}")
        return
    today = utc_now().date()
    warning = secret_warning(rotated_on, today)
    if warning is None:
        yield Finding("client secret", "ok", f"{(today - rotated_on).days} days old")
    else:
        ended = today - rotated_on >= LIFE
        yield Finding("client secret", "problem" if ended else "note", warning)


def _database(settings: Settings) -> Iterator[Finding]:
    from recoup.db.engine import Database
    from recoup.errors import DatabaseError
    from recoup.migrations.upgrade import read_status

    own = settings.database_url is None
    try:
        with served_database(settings) as url:
            yield asyncio.run(_server(url))
            schema = read_status(Database(url))
            if own and schema.pending:
                yield Finding("schema", "note", "`recoup serve` upgrades it when it starts")
            else:
                state: Literal["ok", "problem"] = "ok" if schema.fits else "problem"
                yield Finding("schema", state, schema_line(schema))
            if schema.fits:
                yield asyncio.run(_workers(url, own=own))
    except DatabaseError as exc:
        yield Finding("database", "problem", str(exc))


async def _server(url: str) -> Finding:
    async with opened(url, role=None) as database:
        await database.check()
        return Finding("database", "ok", f"PostgreSQL {await _version(database)}")


async def _version(database: Database) -> str:
    """The version that the driver received when it connected."""
    async with database.reading() as conn:
        parts = conn.dialect.server_version_info or ()
        return ".".join(str(part) for part in parts)


async def _workers(url: str, *, own: bool) -> Finding:
    from recoup.jobs.queries import count_live_workers

    async with opened(url) as database, database.reading() as conn:
        count = await count_live_workers(conn)
    if count:
        return Finding("worker", "ok", f"{count} running")
    # An embedded database often sleeps when nothing runs; a server of one's own should be served.
    advice = "no worker is running, so no sync can make progress: start `recoup serve` or `recoup worker`"
    return Finding("worker", "note" if own else "problem", advice)
