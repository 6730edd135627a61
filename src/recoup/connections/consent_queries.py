"""Queries about consents: authorizations that were begun and that Amazon's page has yet to answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, or_, select, update

from recoup.connections.tables import amazon_consent
from recoup.db.engine import Reader, Writer
from recoup.ids import UserId, WorkspaceId
from recoup.spapi.endpoints import Environment, Region

LIFETIME = timedelta(minutes=10)
"""How long a seller may take on Amazon's page."""

_FORGOTTEN_AFTER = timedelta(
    days=1
)  # until then, an answer that comes late is told why it is refused
_MOST_OF_A_USER = 20

_c = amazon_consent.c


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent as it was begun. `browser_hash`: SHA-256 of the value in that browser's cookie."""

    user_id: UserId
    workspace_id: WorkspaceId
    environment: Environment
    region: Region
    browser_hash: bytes
    is_used: bool
    is_expired: bool


async def add_consent(
    conn: Writer,
    *,
    user_id: UserId,
    workspace_id: WorkspaceId,
    state_hash: bytes,
    browser_hash: bytes,
    environment: Environment,
    region: Region,
) -> None:
    """Stores a consent for `LIFETIME`, and deletes old ones, so that a user has 20 at most."""
    newest = (
        select(_c.state_hash)
        .where(_c.user_id == user_id)
        .order_by(_c.created_at.desc())
        .limit(_MOST_OF_A_USER - 1)
    )
    await conn.execute(
        delete(amazon_consent).where(
            or_(
                _c.created_at < func.now() - _FORGOTTEN_AFTER,
                (_c.user_id == user_id) & _c.state_hash.not_in(newest),
            )
        )
    )
    await conn.execute(
        insert(amazon_consent).values(
            state_hash=state_hash,
            browser_hash=browser_hash,
            user_id=user_id,
            workspace_id=workspace_id,
            environment=environment,
            region=region,
            expires_at=func.now() + LIFETIME,
        )
    )


async def find_consent(conn: Reader, state_hash: bytes) -> Consent | None:
    """Also one that is used or expired; None for a state that was never issued, or long ago."""
    row = (
        await conn.execute(
            select(
                amazon_consent,
                _c.used_at.is_not(None).label("is_used"),
                (_c.expires_at <= func.now()).label("is_expired"),
            ).where(_c.state_hash == state_hash)
        )
    ).one_or_none()
    if row is None:
        return None
    return Consent(
        user_id=UserId(row.user_id),
        workspace_id=WorkspaceId(row.workspace_id),
        environment=Environment(row.environment),
        region=Region(row.region),
        browser_hash=row.browser_hash,
        is_used=row.is_used,
        is_expired=row.is_expired,
    )


async def use_consent(conn: Writer, state_hash: bytes) -> bool:
    """Whether this is the first use, in time. Of several answers at once one is the first."""
    result = await conn.execute(
        update(amazon_consent)
        .where(
            _c.state_hash == state_hash,
            _c.used_at.is_(None),
            _c.expires_at > func.now(),
        )
        .values(used_at=func.now())
    )
    return result.rowcount == 1
