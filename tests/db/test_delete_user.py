"""Removing a person: what goes along, and what must be settled first."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from recoup.config import Settings
from recoup.connections.states import ConnectionStatus
from recoup.db.engine import Database
from recoup.errors import ConflictError
from recoup.ids import first_workspace_id
from recoup.sync.record.announce import announce_connection
from recoup.sync.record.purge_queries import delete_user, purge_connection
from recoup.users.queries import list_users
from recoup.users.roles import Role
from recoup.users.workspace_queries import add_member, list_workspaces
from tests.api.serving import new_connection, new_user


async def test_a_user_goes_with_all_that_is_the_users_alone(
    database: Database, tmp_path: Path
) -> None:
    """Not while there are Amazon accounts; then with workspace, history, tokens and events."""
    user = await new_user(database)
    connection = await new_connection(database, Settings(data_dir=tmp_path), user)
    workspace_id = first_workspace_id(user.user_id)
    async with database.writing() as conn:
        await announce_connection(conn, connection, ConnectionStatus.ACTIVE)
    with pytest.raises(ConflictError, match="purge=true"):
        async with database.writing() as conn:
            await delete_user(conn, user.user_id)
    async with database.writing() as conn:
        await purge_connection(conn, workspace_id, connection.connection_id)
        await delete_user(conn, user.user_id)
    async with database.reading() as conn:
        tables = ("app_user", "workspace", "workspace_member", "credential", "event", "activity")
        left = {
            table: (await conn.execute(text(f"select count(*) from {table}"))).scalar_one()
            for table in tables
        }

    assert left == dict.fromkeys(tables, 0)


async def test_a_shared_workspace_stays_and_keeps_an_owner(database: Database) -> None:
    """Its only owner is not removed while others belong to it; a member is."""
    ann, bob = await new_user(database), await new_user(database, "bob@example.com")
    async with database.writing() as conn:
        await add_member(conn, first_workspace_id(ann.user_id), bob.user_id, Role.MEMBER)
    with pytest.raises(ConflictError, match="make another person owner"):
        async with database.writing() as conn:
            await delete_user(conn, ann.user_id)
    async with database.writing() as conn:
        await delete_user(conn, bob.user_id)
    async with database.reading() as conn:
        users, workspaces = await list_users(conn), await list_workspaces(conn)

    assert [one.user_id for one in users] == [ann.user_id]
    assert [one.workspace_id for one in workspaces] == [ann.user_id]
