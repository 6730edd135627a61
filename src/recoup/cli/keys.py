"""`recoup keys`: the keys that seal refresh tokens and sign sessions and tokens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import hint, say
from recoup.cli.storage import fitting_database, opened

if TYPE_CHECKING:
    from recoup.config import Settings

app = typer.Typer(help="Rotate the secret keys.")


@app.callback()
def keys() -> None:
    """Keep `rotate` a command of its own."""


@app.command("rotate")
def rotate() -> None:
    """Make a new secret key, seal refresh tokens and webhook secrets with it, and drop the old keys.

    All sessions and tokens end: sign in again and create new tokens. If the command is interrupted,
    nothing is lost; run it again.
    """
    settings = enter()
    with fitting_database(settings) as url:
        if settings.secret_keys is None:
            done = asyncio.run(_rotate_file(settings, url))
            say(f"Made a new key and sealed {done} refresh tokens with it.")
        else:
            say(asyncio.run(_rotate_given(settings, url)))
    hint("All sessions and tokens have ended: sign in again and create new tokens.")


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
