"""Questions about users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Reader, Writer
from recoup.errors import ConflictError, NotFoundError
from recoup.ids import UserId, new_user_id
from recoup.users.tables import app_user


@dataclass(frozen=True, slots=True)
class User:
    user_id: UserId
    email: str
    created_at: datetime


async def add_user(conn: Writer, email: str) -> User:
    """Raises ConflictError when the address is taken."""
    result = await conn.execute(
        insert(app_user)
        .values(user_id=new_user_id(), email=_normal(email))
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(app_user)
    )
    row = result.one_or_none()
    if row is None:
        raise ConflictError(f"There is a user {_normal(email)} already.")
    return User(UserId(row.user_id), row.email, row.created_at)


async def get_user_by_email(conn: Reader, email: str) -> User:
    """Raises NotFoundError."""
    row = (
        await conn.execute(select(app_user).where(app_user.c.email == _normal(email)))
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no user {_normal(email)}; add one with `recoup user add`.")
    return User(UserId(row.user_id), row.email, row.created_at)


async def user_exists(conn: Reader, user_id: UserId) -> bool:
    """Whether a signed token still names somebody."""
    found = await conn.execute(select(app_user.c.user_id).where(app_user.c.user_id == user_id))
    return found.one_or_none() is not None


async def list_users(conn: Reader) -> list[User]:
    rows = await conn.execute(select(app_user).order_by(app_user.c.created_at))
    return [User(UserId(row.user_id), row.email, row.created_at) for row in rows]


def _normal(email: str) -> str:
    return email.strip().lower()
