"""Rotation of the keys that seal refresh tokens. Killed at any step, every token can be opened."""

from __future__ import annotations

from recoup.config import Settings
from recoup.connections.queries import list_sealed, lock_sealed, store_sealed
from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.key_file import new_key, replace_keys


def begin_rotation(settings: Settings) -> None:
    """Puts a new key in front of the others in the key file. Running processes use it at once.

    Raises ConfigurationError.
    """
    replace_keys(settings.key_path, (new_key(), *settings.keys))


async def reseal_tokens(settings: Settings, database: Database) -> int:
    """Seals every refresh token with the first key, in one transaction; returns how many were not.

    Raises ConfigurationError if one cannot be opened; then none is changed.
    """
    async with database.writing() as conn:
        await lock_sealed(conn)
        vault = Vault(settings.keys)
        resealed = {
            connection_id: again
            for connection_id, sealed in await list_sealed(conn)
            if (again := vault.reseal(sealed)) is not None
        }
        await store_sealed(conn, resealed)
    return len(resealed)


def end_rotation(settings: Settings, current: str) -> None:
    """Drops the keys after the one that this rotation made.

    Another one may have put a newer key before it since, or have dropped it. Raises
    ConfigurationError.
    """
    keys = settings.keys
    if current in keys:
        replace_keys(settings.key_path, keys[: keys.index(current) + 1])
