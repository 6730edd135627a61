"""Links that open recoup once: of the first person, of a person who is known, of an invitation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from recoup.audit.queries import record, record_of_person
from recoup.audit.words import Action
from recoup.db.engine import Database, Reader, Writer
from recoup.errors import ConflictError, UnauthenticatedError
from recoup.ids import UserId
from recoup.users.caller import Caller
from recoup.users.link_queries import (
    LINK_LIFETIME,
    Invitation,
    add_link,
    find_invitation,
    find_link,
    use_invitation,
    use_link,
)
from recoup.users.password_queries import store_password
from recoup.users.passwords import Passwords
from recoup.users.queries import User, add_first_user, add_user, any_user, get_user, normal_email
from recoup.users.tokens import Secret, new_secret
from recoup.users.workspace_queries import add_member

_REFUSAL = (
    "This link has been used, has been replaced, or is too old: run `recoup open` on the machine "
    "that runs recoup, or ask for another invitation."
)


class LinkKind(StrEnum):
    FIRST_USER = "first_user"
    """Makes the first user, who chooses address, name and password."""
    USER = "user"
    """Signs in a user."""
    INVITATION = "invitation"
    """Makes a member of a workspace, who chooses name and password."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link will do, told before it is used."""

    kind: LinkKind
    user: User | None = None
    invitation: Invitation | None = None


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a person who is new says of themselves."""

    email: str | None
    name: str
    password: str = field(repr=False)


def address_of(secret: Secret, public_url: str) -> str:
    """The part after # stays in the browser: no proxy logs it and no page is told."""
    return f"{public_url}/signin#{secret.text}"


async def new_link(conn: Writer, user_id: UserId | None, *, now: datetime) -> Secret:
    """A link for ten minutes; without a user that of the first one."""
    secret = new_secret()
    await add_link(conn, secret, user_id=user_id, expires_at=now + LINK_LIFETIME)
    return secret


async def look(conn: Reader, secret: Secret, *, now: datetime) -> Link:
    """What the link will do. Raises UnauthenticatedError if that is nothing."""
    found = await find_link(conn, secret, now=now)
    if found is None:
        invitation = await find_invitation(conn, secret, now=now)
        if invitation is None:
            raise UnauthenticatedError(_REFUSAL)
        return Link(LinkKind.INVITATION, invitation=invitation)
    (user_id,) = found
    if user_id is not None:
        return Link(LinkKind.USER, user=await get_user(conn, user_id))
    if await any_user(conn):
        raise UnauthenticatedError(_REFUSAL)
    return Link(LinkKind.FIRST_USER)


async def follow(
    database: Database,
    passwords: Passwords,
    secret: Secret,
    introduction: Introduction | None,
    *,
    now: datetime,
) -> UserId:
    """Uses the link up and returns who is signed in.

    Raises UnauthenticatedError for a link that cannot be used, WeakPasswordError, and ConflictError
    where the person must introduce themselves, or has an account already and must sign in to it.
    """
    async with database.reading() as conn:
        link = await look(conn, secret, now=now)
    if link.user is not None:
        async with database.writing() as conn:
            _require_used(await use_link(conn, secret, now=now))
        return link.user.user_id
    if link.invitation is not None and link.invitation.has_account:
        raise ConflictError("You have an account already: sign in, then open the link again.")
    first = link.invitation is None
    if introduction is None or (first and introduction.email is None):
        raise ConflictError("Send name and password; for the first user an email address too.")
    hashed = await passwords.hash(introduction.password)
    async with database.writing() as conn:
        if link.invitation is None:
            user = await add_first_user(conn, introduction.email or "", name=introduction.name)
            _require_used(await use_link(conn, secret, now=now))
            await record_of_person(conn, user.user_id, Action.USER_ADDED)
        else:
            user = await _invited(conn, link.invitation, introduction.name)
            _require_used(await use_invitation(conn, secret, now=now))
        await store_password(conn, user.user_id, hashed)
    return user.user_id


async def join(database: Database, caller: Caller, secret: Secret, *, now: datetime) -> Invitation:
    """Makes a person who has an account a member of the workspace of an invitation.

    Raises UnauthenticatedError for a link that cannot be used, ConflictError for that of another
    person and for who is a member already.
    """
    async with database.writing() as conn:
        found = await find_invitation(conn, secret, now=now)
        if found is None:
            raise UnauthenticatedError(_REFUSAL)
        if caller.email is None or normal_email(caller.email) != found.email:
            raise ConflictError(f"The invitation is for {found.email}: sign in as that person.")
        _require_used(await use_invitation(conn, secret, now=now))
        await add_member(conn, found.workspace_id, caller.user_id, found.role)
        await _record_joined(conn, found)
    return found


async def _invited(conn: Writer, invitation: Invitation, name: str) -> User:
    """The invited person gets no workspace of their own, so never has to choose one."""
    user = await add_user(conn, invitation.email, name=name, with_workspace=False)
    await add_member(conn, invitation.workspace_id, user.user_id, invitation.role)
    await _record_joined(conn, invitation)
    return user


async def _record_joined(conn: Writer, invitation: Invitation) -> None:
    await record(
        conn,
        Action.MEMBER_JOINED,
        invitation.email,
        workspace_id=invitation.workspace_id,
        role=invitation.role,
    )


def _require_used(used: bool) -> None:  # noqa: FBT001 - the answer of the statement before
    """Raises UnauthenticatedError where another request was first."""
    if not used:
        raise UnauthenticatedError(_REFUSAL)
