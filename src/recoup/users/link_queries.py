"""Queries about links that sign in once, and about invitations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update

from recoup.db.engine import Reader, Writer
from recoup.errors import NotFoundError
from recoup.ids import InvitationId, UserId, WorkspaceId, new_invitation_id
from recoup.users.queries import normal_email
from recoup.users.roles import Role
from recoup.users.tables import app_user, invitation, sign_in_link, workspace
from recoup.users.tokens import Secret

LINK_LIFETIME = timedelta(minutes=10)
INVITATION_LIFETIME = timedelta(days=7)
_i, _l = invitation.c, sign_in_link.c


@dataclass(frozen=True, slots=True)
class Invitation:
    """An open invitation. has_account: whether the address has a user already."""

    invitation_id: InvitationId
    workspace_id: WorkspaceId
    workspace_name: str
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime
    has_account: bool


async def add_link(
    conn: Writer, secret: Secret, *, user_id: UserId | None, expires_at: datetime
) -> None:
    """A link of a user, or of whoever will be the first. Those that have ended are deleted."""
    await conn.execute(delete(sign_in_link).where(_l.expires_at < func.now()))
    await conn.execute(
        insert(sign_in_link).values(digest=secret.digest, user_id=user_id, expires_at=expires_at)
    )


async def find_link(conn: Reader, secret: Secret, *, now: datetime) -> tuple[UserId | None] | None:
    """The user of a link that can be used, None inside for the first user; None for no such link."""
    rows = await conn.execute(
        select(_l.user_id).where(
            _l.digest == secret.digest, _l.used_at.is_(None), _l.expires_at > now
        )
    )
    row = rows.one_or_none()
    return None if row is None else (None if row.user_id is None else UserId(row.user_id),)


async def use_link(conn: Writer, secret: Secret, *, now: datetime) -> bool:
    """Marks it as used; of two at once one gets True."""
    done = await conn.execute(
        update(sign_in_link)
        .where(_l.digest == secret.digest, _l.used_at.is_(None), _l.expires_at > now)
        .values(used_at=now)
    )
    return bool(done.rowcount)


async def add_invitation(
    conn: Writer,
    workspace_id: WorkspaceId,
    secret: Secret,
    *,
    email: str,
    role: Role,
    invited_by: UserId,
    expires_at: datetime,
) -> InvitationId:
    """Replaces an open invitation of the same address, whose link ends."""
    await conn.execute(
        delete(invitation).where(
            _i.workspace_id == workspace_id,
            _i.email == normal_email(email),
            _i.used_at.is_(None),
        )
    )
    invitation_id = new_invitation_id()
    await conn.execute(
        insert(invitation).values(
            invitation_id=invitation_id,
            workspace_id=workspace_id,
            email=normal_email(email),
            role=role,
            digest=secret.digest,
            invited_by=invited_by,
            expires_at=expires_at,
        )
    )
    return invitation_id


async def list_invitations(
    conn: Reader, workspace_id: WorkspaceId, *, now: datetime
) -> list[Invitation]:
    """Those that can be used, newest first."""
    rows = await conn.execute(
        _open_invitations(now)
        .where(_i.workspace_id == workspace_id)
        .order_by(_i.created_at.desc(), _i.invitation_id)
    )
    return [_invitation(row) for row in rows]


async def find_invitation(conn: Reader, secret: Secret, *, now: datetime) -> Invitation | None:
    """The invitation of a link, if it can be used."""
    rows = await conn.execute(_open_invitations(now).where(_i.digest == secret.digest))
    row = rows.one_or_none()
    return None if row is None else _invitation(row)


async def use_invitation(conn: Writer, secret: Secret, *, now: datetime) -> bool:
    """Marks it as used; of two at once one gets True."""
    done = await conn.execute(
        update(invitation)
        .where(_i.digest == secret.digest, _i.used_at.is_(None), _i.expires_at > now)
        .values(used_at=now)
    )
    return bool(done.rowcount)


async def withdraw_invitation(conn: Writer, workspace_id: WorkspaceId, invitation_id: str) -> None:
    """Raises NotFoundError, also for one that has been used."""
    done = await conn.execute(
        delete(invitation).where(
            _i.workspace_id == workspace_id,
            _i.invitation_id == invitation_id,
            _i.used_at.is_(None),
        )
    )
    if not done.rowcount:
        raise NotFoundError("There is no such invitation.")


def _open_invitations(now: datetime) -> Select[Any]:
    return (
        select(
            invitation,
            workspace.c.name.label("workspace_name"),
            app_user.c.user_id.is_not(None).label("has_account"),
        )
        .join(workspace)
        .outerjoin(app_user, app_user.c.email == _i.email)
        .where(_i.used_at.is_(None), _i.expires_at > now)
    )


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        invitation_id=InvitationId(row.invitation_id),
        workspace_id=WorkspaceId(row.workspace_id),
        workspace_name=row.workspace_name,
        email=row.email,
        role=Role(row.role),
        created_at=row.created_at,
        expires_at=row.expires_at,
        has_account=row.has_account,
    )
