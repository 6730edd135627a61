"""Queries about workspaces and their members."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recoup.db.engine import Reader, Writer
from recoup.errors import ConflictError, NotFoundError
from recoup.ids import UserId, WorkspaceId
from recoup.users.roles import Role
from recoup.users.tables import app_user, workspace, workspace_member

MOST_OWNED = 200
"""Workspaces of which one person is an owner; each request of the person reads all of them."""

_w, _m = workspace.c, workspace_member.c


@dataclass(frozen=True, slots=True)
class Workspace:
    workspace_id: WorkspaceId
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a workspace."""

    user_id: UserId
    email: str | None
    name: str | None
    role: Role
    since: datetime

    @property
    def title(self) -> str:
        """What lists and messages call the person."""
        return self.email or self.name or self.user_id


async def add_workspace(
    conn: Writer, workspace_id: WorkspaceId, *, name: str, owner: UserId
) -> None:
    await conn.execute(insert(workspace).values(workspace_id=workspace_id, name=name))
    await add_member(conn, workspace_id, owner, Role.OWNER)


async def lock_user(conn: Writer, user_id: UserId) -> None:
    """Until the transaction ends, nobody else counts what this person has."""
    await conn.execute(
        select(app_user.c.user_id).where(app_user.c.user_id == user_id).with_for_update()
    )


async def require_room_for_workspace(conn: Writer, user_id: UserId) -> None:
    """Holds the person. Raises ConflictError for who owns as many as one person may."""
    await lock_user(conn, user_id)
    owned = select(func.count()).where(_m.user_id == user_id, _m.role == Role.OWNER)
    if (await conn.execute(owned)).scalar_one() >= MOST_OWNED:
        raise ConflictError(
            f"One person can own at most {MOST_OWNED} workspaces: connect several Amazon accounts in "
            "one workspace, or have another person make further ones and invite you as a member."
        )


async def rename_workspace(conn: Writer, workspace_id: WorkspaceId, name: str) -> None:
    await conn.execute(update(workspace).where(_w.workspace_id == workspace_id).values(name=name))


async def add_member(conn: Writer, workspace_id: WorkspaceId, user_id: UserId, role: Role) -> None:
    """Raises ConflictError for who is a member already."""
    done = await conn.execute(
        upsert(workspace_member)
        .values(workspace_id=workspace_id, user_id=user_id, role=role)
        .on_conflict_do_nothing()
    )
    if not done.rowcount:
        raise ConflictError("This person belongs to the workspace already.")


async def list_workspaces(conn: Reader, *, of: UserId | None = None) -> list[Workspace]:
    """Every workspace, or those of a user; the oldest first."""
    chosen = select(workspace).order_by(_w.created_at, _w.workspace_id)
    if of is not None:
        chosen = chosen.join(workspace_member).where(_m.user_id == of)
    rows = await conn.execute(chosen)
    return [Workspace(WorkspaceId(one.workspace_id), one.name, one.created_at) for one in rows]


async def get_member(conn: Reader, workspace_id: WorkspaceId, user_id: UserId) -> Member:
    """Raises NotFoundError for who is no member."""
    for one in await list_members(conn, workspace_id):
        if one.user_id == user_id:
            return one
    raise NotFoundError("This person does not belong to the workspace.")


async def list_members(conn: Reader, workspace_id: WorkspaceId) -> list[Member]:
    """In the order in which they came."""
    rows = await conn.execute(
        select(_m.user_id, app_user.c.email, app_user.c.name, _m.role, _m.since)
        .join(app_user, app_user.c.user_id == _m.user_id)
        .where(_m.workspace_id == workspace_id)
        .order_by(_m.since, _m.user_id)
    )
    return [Member(UserId(r.user_id), r.email, r.name, Role(r.role), r.since) for r in rows]


async def set_role(conn: Writer, workspace_id: WorkspaceId, user_id: UserId, role: Role) -> Member:
    """The member as it was. Raises NotFoundError for who is no member, ConflictError for the last
    owner.
    """
    member = await _require_another_owner(conn, workspace_id, user_id, remains=role is Role.OWNER)
    await conn.execute(
        update(workspace_member)
        .where(_m.workspace_id == workspace_id, _m.user_id == user_id)
        .values(role=role)
    )
    return member


async def remove_member(conn: Writer, workspace_id: WorkspaceId, user_id: UserId) -> Member:
    """The person's tokens and sessions no longer open the workspace. Returns who it was.

    Raises NotFoundError for who is no member, ConflictError for the last owner.
    """
    member = await _require_another_owner(conn, workspace_id, user_id, remains=False)
    await conn.execute(
        delete(workspace_member).where(_m.workspace_id == workspace_id, _m.user_id == user_id)
    )
    return member


async def _require_another_owner(
    conn: Writer, workspace_id: WorkspaceId, user_id: UserId, *, remains: bool
) -> Member:
    """Two owners who remove each other at once wait here for one another."""
    await conn.execute(
        select(_w.workspace_id).where(_w.workspace_id == workspace_id).with_for_update()
    )
    members = await list_members(conn, workspace_id)
    member = next((one for one in members if one.user_id == user_id), None)
    if member is None:
        raise NotFoundError("This person does not belong to the workspace.")
    owners = {one.user_id for one in members if one.role is Role.OWNER}
    if owners == {user_id} and not remains:
        raise ConflictError("A workspace needs an owner: make another person owner first.")
    return member
