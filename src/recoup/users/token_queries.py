"""Tokens of programs: each is told once, and one person has only so many."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, or_, select

from recoup.db.engine import Writer
from recoup.errors import ConflictError
from recoup.ids import CredentialId, UserId, WorkspaceId
from recoup.users.caller import CredentialKind
from recoup.users.credential_queries import NewCredential, add_credential
from recoup.users.roles import Scope
from recoup.users.tables import credential
from recoup.users.tokens import mark_of, new_secret, sign
from recoup.users.workspace_queries import lock_user

MOST_TOKENS = 200
"""That one person can use at the same time (ours): more than an agency has programs."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token of a program, which is told once."""

    credential_id: CredentialId
    text: str = field(repr=False)
    expires_at: datetime


async def add_token(
    conn: Writer,
    user_id: UserId,
    *,
    key: str,
    scope: Scope,
    expires_at: datetime,
    workspace_id: WorkspaceId | None = None,
    label: str | None = None,
) -> NewToken:
    """A token for one workspace, or for all of a user, signed with the first secret key."""
    secret = new_secret()
    new = NewCredential(
        kind=CredentialKind.TOKEN,
        expires_at=expires_at,
        key=key,
        scope=scope,
        workspace_id=workspace_id,
        label=label,
    )
    credential_id = await add_credential(conn, user_id, secret, new)
    return NewToken(credential_id, sign(secret, user_id, key, expires_at=expires_at), expires_at)


async def require_room_for_token(conn: Writer, user_id: UserId, *, key: str) -> None:
    """Holds the person. Raises ConflictError for who has as many as one person may.

    key: the first one; tokens of others are as good as revoked, and no list shows them.
    """
    await lock_user(conn, user_id)
    usable = select(func.count()).where(
        credential.c.user_id == user_id,
        credential.c.kind == CredentialKind.TOKEN,
        credential.c.revoked_at.is_(None),
        credential.c.expires_at > func.now(),
        or_(credential.c.key_mark.is_(None), credential.c.key_mark == mark_of(key)),
    )
    if (await conn.execute(usable)).scalar_one() >= MOST_TOKENS:
        raise ConflictError(
            f"One person can have at most {MOST_TOKENS} tokens: revoke those that no program uses, "
            "under Settings, Sessions and tokens."
        )
