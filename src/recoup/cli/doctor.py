"""`recoup doctor`: what is set, what works, and what to do about the rest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import typer

from recoup.cli.db import schema_line
from recoup.cli.entrance import enter
from recoup.cli.errors import FAILED
from recoup.cli.output import JsonOption, align, show
from recoup.cli.storage import opened, served_database

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.db.engine import Database


@dataclass(frozen=True, slots=True)
class Finding:
    """`note` is worth knowing and no fault; only `problem` makes the command fail."""

    check: str
    state: Literal["ok", "note", "problem"]
    says: str


def doctor(*, as_json: JsonOption = False) -> None:
    """Check the settings, the data directory, the database and the worker."""
    from recoup.errors import ConfigurationError

    try:
        settings = enter()
    except ConfigurationError:
        typer.echo("\n".join(_known_settings()))
        raise
    shown = list(_settings(settings))
    findings = [*_data_dir(settings), *_client_secret(settings), *_database(settings)]
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


def _known_settings() -> Iterator[str]:
    from recoup.config import Settings

    for name, field in Settings.model_fields.items():
        yield f"RECOUP_{name.upper()}: {field.description}"


def _settings(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Name, value and source. Of a secret only whether it is set."""
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


def _data_dir(settings: Settings) -> Iterator[Finding]:
    from recoup.errors import ConfigurationError

    needed = settings.database_url is None or settings.secret_keys is None
    if not needed:
        yield Finding("data directory", "note", "not needed with these settings")
        return
    try:
        keys = len(settings.keys)
    except ConfigurationError as exc:
        yield Finding("data directory", "problem", str(exc))
        return
    yield Finding("data directory", "ok", f"{settings.data_dir}; {keys} secret key(s)")


def _client_secret(settings: Settings) -> Iterator[Finding]:
    """Nothing when its age is not set; a problem once Amazon has stopped accepting it."""
    from recoup.clock import utc_now
    from recoup.spapi.secret_age import LIFE, secret_warning

    rotated_on = settings.lwa_secret_rotated_on
    if rotated_on is None:
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
    async with opened(url) as database:
        await database.check()
        return Finding("database", "ok", f"PostgreSQL {await _version(database)}")


async def _version(database: Database) -> str:
    """As the driver heard it when it connected."""
    async with database.reading() as conn:
        parts = conn.dialect.server_version_info or ()
        return ".".join(str(part) for part in parts)


async def _workers(url: str, *, own: bool) -> Finding:
    from recoup.jobs.worker_queries import count_live_workers

    async with opened(url) as database, database.reading() as conn:
        count = await count_live_workers(conn)
    if count:
        return Finding("worker", "ok", f"{count} running")
    # An embedded database often sleeps when nothing runs; a server of one's own should be served.
    advice = "none is running, so no sync is worked on: start `recoup serve` or `recoup worker`"
    return Finding("worker", "note" if own else "problem", advice)
