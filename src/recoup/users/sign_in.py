"""Signing in with a password, and choosing one."""

from __future__ import annotations

from datetime import datetime

from recoup.audit.queries import record_failed_sign_in, record_of_person
from recoup.audit.words import Action
from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.errors import LockedOutError, UnauthenticatedError, WeakPasswordError
from recoup.ids import CredentialId, UserId
from recoup.users.credential_queries import revoke_sessions
from recoup.users.password_queries import (
    count_attempt,
    find_password,
    forget_attempts,
    list_last_hashes,
    store_password,
)
from recoup.users.passwords import NOT_AGAIN, Passwords, require_strong
from recoup.users.queries import get_user

_WRONG = "The email address or the password is wrong."


async def check_password(
    database: Database, passwords: Passwords, email: str, password: str, *, now: datetime
) -> UserId:
    """The user with this address and password.

    Raises UnauthenticatedError, in the same words and time for an unknown address, and
    LockedOutError after ten failed attempts at an address, even for the right password.
    """
    async with database.writing() as conn:
        locked_until = await count_attempt(conn, email, now=now)
        stored = await find_password(conn, email)
    if locked_until is not None:
        raise LockedOutError(locked_until - now)
    # No connection is held meanwhile.
    is_right = await passwords.verify(password, None if stored is None else stored.hash)
    if stored is None or not is_right:
        async with database.writing() as conn:
            await record_failed_sign_in(conn, email)
        raise UnauthenticatedError(_WRONG)
    async with database.writing() as conn:
        await forget_attempts(conn, email)
    return stored.user_id


async def set_password(
    database: Database,
    passwords: Passwords,
    user_id: UserId,
    password: str,
    *,
    keep: CredentialId | None = None,
) -> None:
    """Stores a new password, ends a lock-out and all sessions but the one to `keep`.

    Raises WeakPasswordError, also for one of the last ten; NotFoundError.
    """
    require_strong(password)
    async with database.reading() as conn:
        user = await get_user(conn, user_id)
        earlier = await list_last_hashes(conn, user_id)
    if await passwords.is_among(password, earlier):
        raise WeakPasswordError(f"Choose a password that is not one of your last {NOT_AGAIN}.")
    hashed = await passwords.hash(password)
    async with database.writing() as conn:
        await store_password(conn, user_id, hashed)
        await revoke_sessions(conn, user_id, but=keep)
        await record_of_person(conn, user_id, Action.PASSWORD_CHANGED)
        if user.email is not None:
            await forget_attempts(conn, user.email)


async def change_password(
    database: Database,
    passwords: Passwords,
    user_id: UserId,
    current: str,
    password: str,
    *,
    keep: CredentialId | None,
) -> None:
    """The same by the person itself, who must know the current password if there is one.

    Raises what `check_password` and `set_password` raise.
    """
    async with database.reading() as conn:
        user = await get_user(conn, user_id)
        has_one = bool(await list_last_hashes(conn, user_id))
    if user.email is None:
        raise WeakPasswordError("Your identity provider signs you in; there is no password here.")
    if has_one:
        await check_password(database, passwords, user.email, current, now=utc_now())
    await set_password(database, passwords, user_id, password, keep=keep)
