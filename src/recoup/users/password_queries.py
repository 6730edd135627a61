"""Queries about passwords, and about failed attempts to sign in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

from recoup.db.engine import Reader, Writer
from recoup.ids import UserId
from recoup.users.passwords import NOT_AGAIN
from recoup.users.queries import normal_email
from recoup.users.tables import app_user, sign_in_attempt, user_password

MAX_FAILURES = 10
"""Amazon's Data Protection Policy of 2025-11-11: lock-out after 10 failed sign-ins."""
LOCKED_FOR = timedelta(minutes=15)
# Failures further apart than this do not add up.
_FORGOTTEN_AFTER = timedelta(hours=1)
_p = user_password.c


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """hash: None for a user without a password."""

    user_id: UserId
    hash: str | None


async def find_password(conn: Reader, email: str) -> StoredPassword | None:
    """The user with an address and the current password; None if nobody has the address."""
    newest = (
        select(_p.hash)
        .where(_p.user_id == app_user.c.user_id)
        .order_by(_p.password_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await conn.execute(
        select(app_user.c.user_id, newest.label("hash")).where(
            app_user.c.email == normal_email(email)
        )
    )
    row = rows.one_or_none()
    return None if row is None else StoredPassword(UserId(row.user_id), row.hash)


async def list_last_hashes(conn: Reader, user_id: UserId) -> list[str]:
    """Hashes of the user's last passwords, the current one first."""
    rows = await conn.execute(
        select(_p.hash)
        .where(_p.user_id == user_id)
        .order_by(_p.password_id.desc())
        .limit(NOT_AGAIN)
    )
    return list(rows.scalars())


async def store_password(conn: Writer, user_id: UserId, hashed: str) -> None:
    """The new current password; those that no rule needs any more are deleted."""
    await conn.execute(insert(user_password).values(user_id=user_id, hash=hashed))
    kept = (
        select(_p.password_id)
        .where(_p.user_id == user_id)
        .order_by(_p.password_id.desc())
        .limit(NOT_AGAIN)
    )
    await conn.execute(
        delete(user_password).where(_p.user_id == user_id, _p.password_id.not_in(kept))
    )


# Counted before the password is looked at: of a thousand attempts at once only so many get that far.
_COUNT = text(
    """
    insert into sign_in_attempt as a (address_digest, failures, last_at)
    values (:digest, 1, :now)
    on conflict (address_digest) do update set
        failures = case
            when a.locked_until > :now then a.failures
            when a.locked_until is not null or a.last_at < :forgotten then 1
            else a.failures + 1
        end,
        locked_until = case
            when a.locked_until > :now then a.locked_until
            when a.locked_until is not null or a.last_at < :forgotten then null
            when a.failures + 1 > :most then :locked
        end,
        last_at = :now
    returning locked_until
    """
).bindparams(
    *(bindparam(name, type_=TIMESTAMP(timezone=True)) for name in ("now", "forgotten", "locked"))
)


async def count_attempt(conn: Writer, email: str, *, now: datetime) -> datetime | None:
    """Counts an attempt as failed until `forget_attempts`; the end of the lock-out, if there is one.

    The count survives restarts, and an address that nobody has is counted like any other.
    """
    a = sign_in_attempt.c
    old = (
        select(a.address_digest)
        .where(a.last_at < now - _FORGOTTEN_AFTER, func.coalesce(a.locked_until, now) <= now)
        .with_for_update(skip_locked=True)
    )
    await conn.execute(delete(sign_in_attempt).where(a.address_digest.in_(old)))
    found = await conn.execute(
        _COUNT,
        {
            "digest": _digest(email),
            "now": now,
            "forgotten": now - _FORGOTTEN_AFTER,
            "locked": now + LOCKED_FOR,
            "most": MAX_FAILURES,
        },
    )
    locked_until: datetime | None = found.scalar_one()
    return locked_until


async def forget_attempts(conn: Writer, email: str) -> None:
    """After a right password, or a new one."""
    await conn.execute(
        delete(sign_in_attempt).where(sign_in_attempt.c.address_digest == _digest(email))
    )


def _digest(email: str) -> bytes:
    """What people type by mistake, perhaps a password, must not stand in a table."""
    return hashlib.sha256(normal_email(email).encode()).digest()
