"""Rotation of the secret keys: whatever happens meanwhile, every refresh token can be opened."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from recoup.cli.keys import _rotate_file, _rotate_given
from recoup.config import Settings
from recoup.connections.queries import list_authorized, list_sealed, lock_for_sealing
from recoup.connections.rotate import begin_rotation, end_rotation, reseal_tokens
from recoup.connections.tables import amazon_connection
from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.errors import ConfigurationError, RecoupError
from recoup.sync.access import SellerAccess
from tests.api.serving import new_connection, new_user, until

TOKENS = {"Atzr|one", "Atzr|two"}
GIVEN = ("f" * 32, "o" * 32)


@pytest.fixture
async def settings(database: Database, tmp_path: Path) -> Settings:
    """With two connected sellers, sealed by the key of the file."""
    settings = Settings(data_dir=tmp_path, local_sandbox="http://127.0.0.1:1")
    await connect_two(database, settings)
    return settings


async def connect_two(database: Database, settings: Settings) -> None:
    user = await new_user(database)
    for number, token in enumerate(sorted(TOKENS)):
        await new_connection(database, settings, user, token=token, seller=f"A{number}")


async def opened(database: Database, keys: tuple[str, ...]) -> set[str]:
    async with database.reading() as conn:
        return {Vault(keys).open(sealed) for _, sealed in await list_sealed(conn)}


async def test_a_rotation_seals_with_a_new_key_and_drops_the_old(
    database: Database, database_url: str, settings: Settings
) -> None:
    """Afterwards the file has the new key only, and it opens all."""
    (before,) = settings.keys

    assert await _rotate_file(settings, database_url) == 2
    (after,) = settings.keys
    assert after != before
    assert await opened(database, (after,)) == TOKENS
    with pytest.raises(ConfigurationError):
        await opened(database, (before,))


@pytest.mark.parametrize("done", [0, 1, 2])
async def test_a_rotation_that_is_killed_loses_nothing(
    database: Database, database_url: str, settings: Settings, done: int
) -> None:
    """After each of its steps the file opens every token, and another run completes it."""
    (before,) = settings.keys
    if done > 0:
        begin_rotation(settings)
    if done > 1:
        await reseal_tokens(settings, database)
    killed = await opened(database, settings.keys)
    await _rotate_file(settings, database_url)

    assert killed == TOKENS
    assert len(settings.keys) == 1
    assert before not in settings.keys
    assert await opened(database, settings.keys) == TOKENS


async def test_a_token_that_cannot_be_opened_stops_the_rotation(
    database: Database, database_url: str, settings: Settings
) -> None:
    """All in one transaction: none is sealed anew, and no key is dropped."""
    (before,) = settings.keys
    async with database.writing() as conn:
        await conn.execute(
            amazon_connection.update()
            .where(amazon_connection.c.selling_partner_id == "A1")
            .values(refresh_token_sealed=Vault(("x" * 32,)).seal("Atzr|lost"))
        )
    with pytest.raises(ConfigurationError):
        await _rotate_file(settings, database_url)

    assert before in settings.keys
    async with database.reading() as conn:
        query = select(amazon_connection.c.refresh_token_sealed).where(
            amazon_connection.c.selling_partner_id == "A0"
        )
        kept = (await conn.execute(query)).scalar_one()
    assert Vault((before,)).open(kept) == "Atzr|one"


async def test_two_rotations_at_once_end_with_the_newest_key(
    database: Database, settings: Settings
) -> None:
    """The one that began first does not drop the key that the other put in front."""
    begin_rotation(settings)
    first = settings.keys[0]
    await reseal_tokens(settings, database)
    begin_rotation(settings)
    second = settings.keys[0]
    await reseal_tokens(settings, database)
    end_rotation(settings, first)
    both = settings.keys
    end_rotation(settings, second)
    end_rotation(settings, first)

    assert (both, settings.keys) == ((second, first), (second,))
    assert await opened(database, settings.keys) == TOKENS


async def test_a_running_process_seals_and_opens_with_the_new_key(
    database: Database, database_url: str, settings: Settings
) -> None:
    """It was started before the rotation and is not restarted."""
    running = SellerAccess(settings)
    await _rotate_file(settings, database_url)
    sealed = running.seal("Atzr|three")
    await running.close()

    assert Vault(settings.keys).open(sealed) == "Atzr|three"


async def test_a_running_process_names_accounts_as_one_that_begins_now(
    database: Database, database_url: str, settings: Settings
) -> None:
    """Otherwise each would spend the whole of a seller's limits."""
    running = SellerAccess(settings)
    await _rotate_file(settings, database_url)
    begun = SellerAccess(settings)
    async with database.reading() as conn:
        connections = await list_authorized(conn)
    names = [[access.account(one) for one in connections] for access in (running, begun)]
    await running.close()
    await begun.close()

    assert connections
    assert names[0] == names[1]


async def test_a_token_that_is_stored_while_keys_are_rotated_can_be_opened(
    database: Database, database_url: str, settings: Settings
) -> None:
    """The rotation waits for the commit of whoever has sealed with the old key already."""
    async with database.writing() as conn:
        await lock_for_sealing(conn)
        sealed = Vault(settings.keys).seal("Atzr|three")
        rotation = asyncio.create_task(_rotate_file(settings, database_url))
        await until(lambda: len(settings.keys) == 2)
        await conn.execute(
            amazon_connection.update()
            .where(amazon_connection.c.selling_partner_id == "A1")
            .values(refresh_token_sealed=sealed)
        )
    await rotation

    assert len(settings.keys) == 1
    assert await opened(database, settings.keys) == {"Atzr|one", "Atzr|three"}


async def test_keys_of_the_environment_are_not_ours_to_change(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """One key: what to do. With a new one in front: sealed with it, and which ones to remove."""
    old, both = (
        Settings(data_dir=tmp_path, secret_keys=",".join(keys)) for keys in (GIVEN[1:], GIVEN)
    )
    await connect_two(database, old)
    with pytest.raises(RecoupError, match="put a new key and a comma in front"):
        await _rotate_given(old, database_url)
    said = await _rotate_given(both, database_url)

    assert said.startswith("Sealed 2 refresh tokens with the first key. Remove the other keys")
    assert await opened(database, GIVEN[:1]) == TOKENS
