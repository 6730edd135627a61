"""`recoup keys`: the keys that seal refresh tokens and sign sessions and tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import align, say
from recoup.cli.storage import fitting_database, opened
from recoup.users.caller import CredentialKind

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.users.credential_queries import Credential

app = typer.Typer(help="Rotate the secret keys.")


@app.callback()
def keys() -> None:
    """Keep `rotate` a command of its own."""


@app.command("rotate")
def rotate() -> None:
    """Create a secret key, encrypt refresh tokens and webhook secrets with it, and drop the old keys.

    All sessions and tokens of the old keys end: sign in again and create new tokens; the command
    lists the tokens. If it is interrupted, nothing is lost; run it again.
    """
    settings = enter()
    with fitting_database(settings) as url:
        if settings.secret_keys is None:
            done = asyncio.run(_rotate_file(settings, url))
            say(f"Made a new key and sealed all refresh tokens with it ({done}).")
        else:
            say(asyncio.run(_rotate_given(settings, url)))
        say(*_ended_lines(asyncio.run(_end_credentials(settings, url))))


def _ended_lines(ended: list[Credential]) -> Iterator[str]:
    """Programs need new tokens: which ones they were. People notice that they are signed out."""
    tokens = [one for one in ended if one.kind is CredentialKind.TOKEN]
    yield (
        "All sessions and tokens that older keys signed have ended "
        f"(sessions: {len(ended) - len(tokens)}, tokens: {len(tokens)}): "
        "sign in again and create new tokens."
    )
    if tokens:
        rows = [(one.label, one.scope, one.email or one.user_id) for one in tokens]
        yield from align(("token of", "scope", "user"), rows)


async def _end_credentials(settings: Settings, url: str) -> list[Credential]:
    """Since the key is not the first any more they open nothing. Now lists and the audit log tell it."""
    from recoup.audit.queries import record_of_person
    from recoup.audit.words import Action
    from recoup.users.credential_queries import revoke_all_but_of

    async with opened(url) as database, database.writing() as conn:
        ended = await revoke_all_but_of(conn, settings.keys[0])
        for one in ended:
            await record_of_person(
                conn,
                one.user_id,
                Action.CREDENTIAL_REVOKED,
                one.credential_id,
                because="the secret key was replaced",
            )
    return ended


async def _rotate_file(settings: Settings, url: str) -> int:
    """Waits only for those who store a token at this moment (recoup.connections.queries.lock_sealed)."""
    from recoup.connections.rotate import begin_rotation, end_rotation, reseal_tokens
    from recoup.outgoing.reseal import reseal_webhook_secrets

    async with opened(url) as database:
        begin_rotation(settings)
        current = settings.keys[0]
        done = await reseal_tokens(settings, database)
        await reseal_webhook_secrets(settings, database)
        end_rotation(settings, current)
    return done


async def _rotate_given(settings: Settings, url: str) -> str:
    """Keys of the environment are not ours to change. Raises CommandError with a single one."""
    from recoup.connections.rotate import reseal_tokens
    from recoup.outgoing.reseal import reseal_webhook_secrets

    if len(settings.keys) == 1:
        raise CommandError(
            "RECOUP_SECRET_KEYS is set: put a new key and a comma in front of it, restart all "
            "processes of recoup, and run `recoup keys rotate` again."
        )
    async with opened(url) as database:
        done = await reseal_tokens(settings, database)
        await reseal_webhook_secrets(settings, database)
    return (
        f"Sealed {done} refresh tokens with the first key. Remove the other keys from "
        "RECOUP_SECRET_KEYS and restart all processes of recoup."
    )
