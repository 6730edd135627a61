"""Queries about users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Reader, Writer
from recoup.errors import ConflictError, NotFoundError
from recoup.ids import UserId, first_workspace_id, new_user_id
from recoup.users.tables import app_user, user_identity
from recoup.users.workspace_queries import add_workspace

_u = app_user.c


@dataclass(frozen=True, slots=True)
class User:
    """A person. email: None for one of an identity provider that vouches for no address."""

    user_id: UserId
    email: str | None
    created_at: datetime
    name: str | None = None

    @property
    def title(self) -> str:
        """What lists and messages call the person."""
        return self.email or self.name or self.user_id


async def add_user(
    conn: Writer, email: str, *, name: str | None = None, with_workspace: bool = True
) -> User:
    """A user, with a workspace of its own. Raises ConflictError if the address is taken."""
    user = await _insert_user(conn, email=normal_email(email), name=name)
    if user is None:
        raise ConflictError(f"There is a user {normal_email(email)} already.")
    if with_workspace:
        await _add_own_workspace(conn, user)
    return user


async def add_first_user(conn: Writer, email: str, *, name: str | None) -> User:
    """The same while there is nobody. Raises ConflictError; of two at once one comes first."""
    await conn.execute(text("lock table app_user in share row exclusive mode"))
    if await any_user(conn):
        raise ConflictError("There is a user already: sign in, or ask for an invitation.")
    return await add_user(conn, email, name=name)


async def add_user_of_identity(
    conn: Writer, issuer: str, subject: str, *, email: str | None, name: str | None
) -> None:
    """Stores a person of an identity provider, once. An address that another user has is left out:
    only issuer and subject say who somebody is.
    """
    await conn.execute(
        text("select pg_advisory_xact_lock(hashtextextended('identity:' || :identity, 0))"),
        {"identity": f"{issuer} {subject}"},
    )
    i = user_identity.c
    known = select(exists().where(i.issuer == issuer, i.subject == subject))
    if (await conn.execute(known)).scalar_one():
        return
    own = None if email is None else normal_email(email)
    user = await _insert_user(conn, email=own, name=name)
    user = user or await _insert_user(conn, email=None, name=name or own)
    assert user is not None, "only an address can be taken"
    await _add_own_workspace(conn, user)
    await conn.execute(
        insert(user_identity).values(issuer=issuer, subject=subject, user_id=user.user_id)
    )


async def find_user(conn: Reader, named: str) -> User | None:
    """By e-mail address or id."""
    rows = await conn.execute(
        select(app_user).where(or_(_u.email == normal_email(named), _u.user_id == named))
    )
    row = rows.one_or_none()
    return None if row is None else _user(row)


async def get_user(conn: Reader, named: str) -> User:
    """The same. Raises NotFoundError."""
    user = await find_user(conn, named)
    if user is None:
        raise NotFoundError(f"There is no user {named.strip()}; add one with `recoup user add`.")
    return user


async def any_user(conn: Reader) -> bool:
    """Whether there is anybody."""
    return bool((await conn.execute(select(exists(select(_u.user_id))))).scalar_one())


async def list_users(conn: Reader) -> list[User]:
    """In the order in which they were added."""
    rows = await conn.execute(select(app_user).order_by(_u.created_at, _u.user_id))
    return [_user(row) for row in rows]


def normal_email(email: str) -> str:
    """One spelling of an address: servers ignore its case in practice."""
    return email.strip().lower()


async def _insert_user(conn: Writer, *, email: str | None, name: str | None) -> User | None:
    """None if the address is taken."""
    result = await conn.execute(
        insert(app_user)
        .values(user_id=new_user_id(), email=email, name=name)
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(app_user)
    )
    row = result.one_or_none()
    return None if row is None else _user(row)


async def _add_own_workspace(conn: Writer, user: User) -> None:
    workspace_id = first_workspace_id(user.user_id)
    await add_workspace(conn, workspace_id, name=user.title, owner=user.user_id)


def _user(row: Row[Any]) -> User:
    return User(UserId(row.user_id), row.email, row.created_at, row.name)
