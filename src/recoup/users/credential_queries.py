"""Queries about sessions and tokens, and the one that says who calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    and_,
    any_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.types import Text

from recoup.db.engine import Database, Reader, Writer
from recoup.db.single_reads import statement
from recoup.errors import NotFoundError
from recoup.ids import CredentialId, UserId, WorkspaceId, new_credential_id
from recoup.users.caller import Caller, CredentialKind, Membership
from recoup.users.roles import Role, Scope
from recoup.users.tables import app_user, credential, user_identity, workspace, workspace_member
from recoup.users.tokens import Secret, mark_of

USED_EVERY = timedelta(minutes=1)
"""How exact the last use of a credential is: it costs a write."""

# For looking into a theft after the fact; then only its place in the audit log is left.
_KEPT_AFTER_END = timedelta(days=30)
_c, _m = credential.c, workspace_member.c


@dataclass(frozen=True, slots=True)
class Use:
    """A caller found by a credential, and when the credential was used before."""

    caller: Caller
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """A session or token as lists show it. workspace_id: a session's current one, or the only one
    that a token opens.
    """

    credential_id: CredentialId
    user_id: UserId
    email: str | None
    workspace_id: WorkspaceId | None
    kind: CredentialKind
    scope: Scope
    label: str | None
    user_agent: str | None
    address: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What a credential is made with. key: the one that signs it; None: not known.
    address: where a session came from, as the server sees it.
    """

    kind: CredentialKind
    expires_at: datetime
    key: str | None = field(repr=False)
    scope: Scope = Scope.ADMIN
    workspace_id: WorkspaceId | None = None
    label: str | None = None
    user_agent: str | None = None
    address: str | None = None


async def add_credential(
    conn: Writer, user_id: UserId, secret: Secret, new: NewCredential
) -> CredentialId:
    """Stores the digest of a secret. Credentials of the user that ended long ago are deleted."""
    await conn.execute(
        delete(credential).where(
            _c.user_id == user_id,
            func.least(_c.expires_at, _c.revoked_at) < func.now() - _KEPT_AFTER_END,
        )
    )
    credential_id = new_credential_id()
    await conn.execute(
        insert(credential).values(
            credential_id=credential_id,
            user_id=user_id,
            digest=secret.digest,
            key_mark=None if new.key is None else mark_of(new.key),
            kind=new.kind,
            scope=new.scope,
            workspace_id=new.workspace_id,
            label=new.label,
            user_agent=new.user_agent,
            address=new.address,
            expires_at=new.expires_at,
        )
    )
    return credential_id


def _with_memberships(*columns: ColumnElement[Any]) -> Select[Any]:
    return (
        select(
            *columns,
            app_user.c.user_id,
            app_user.c.email,
            app_user.c.name,
            _m.workspace_id.label("of_workspace"),
            _m.role,
            workspace.c.name.label("workspace_name"),
        )
        .select_from(app_user)
        .outerjoin(workspace_member, _m.user_id == app_user.c.user_id)
        .outerjoin(workspace, workspace.c.workspace_id == _m.workspace_id)
        .order_by(_m.since, _m.workspace_id)
    )


_BY_DIGESTS = statement(
    _with_memberships(
        _c.digest, _c.credential_id, _c.kind, _c.scope, _c.workspace_id, _c.last_used_at
    )
    .join(credential, _c.user_id == app_user.c.user_id)
    .where(
        _c.digest == any_(bindparam("digests", type_=ARRAY(LargeBinary))),
        _c.revoked_at.is_(None),
        _c.expires_at > bindparam("now", type_=TIMESTAMP(timezone=True)),
    )
)
_BY_IDENTITY = (
    _with_memberships()
    .join(user_identity, user_identity.c.user_id == app_user.c.user_id)
    .where(
        user_identity.c.issuer == bindparam("issuer"),
        user_identity.c.subject == bindparam("subject"),
    )
)


async def find_uses(door: Database, digests: Sequence[bytes], *, now: datetime) -> dict[bytes, Use]:
    """Who calls with secrets of these digests, in one query, without those that are unknown, revoked
    or expired.
    """
    found: dict[bytes, list[Any]] = {}
    for row in await door.fetch(_BY_DIGESTS, digests=list(digests), now=now):
        found.setdefault(bytes(row.digest), []).append(row)
    return {digest: _use(tuple(rows)) for digest, rows in found.items()}


@lru_cache(maxsize=2000)
def _use(rows: tuple[Any, ...]) -> Use:
    """rows: one per workspace of the person. The same ones come with each request."""
    first = rows[0]
    kind = CredentialKind(first.kind)
    memberships = _memberships(rows)
    is_confined = kind is CredentialKind.TOKEN and first.workspace_id is not None
    if is_confined:
        memberships = tuple(m for m in memberships if m.workspace_id == first.workspace_id)
    return Use(
        Caller(
            user_id=UserId(first.user_id),
            email=first.email,
            name=first.name,
            scope=Scope(first.scope),
            memberships=memberships,
            credential_id=CredentialId(first.credential_id),
            kind=kind,
            membership=_choose(memberships, first.workspace_id),
            is_confined=is_confined,
        ),
        first.last_used_at,
    )


async def find_caller_by_identity(conn: Reader, issuer: str, subject: str) -> Caller | None:
    """Who calls with a token of an identity provider; None for a person seen for the first time."""
    found = (await conn.execute(_BY_IDENTITY, {"issuer": issuer, "subject": subject})).all()
    if not found:
        return None
    memberships = _memberships(found)
    return Caller(
        user_id=UserId(found[0].user_id),
        email=found[0].email,
        name=found[0].name,
        scope=Scope.ADMIN,
        memberships=memberships,
        membership=_choose(memberships, None),
    )


def _memberships(rows: Sequence[Row[Any]]) -> tuple[Membership, ...]:
    return tuple(
        Membership(WorkspaceId(row.of_workspace), row.workspace_name, Role(row.role))
        for row in rows
        if row.of_workspace is not None
    )


def _choose(memberships: tuple[Membership, ...], current: str | None) -> Membership | None:
    """The current one of a session, otherwise the only one."""
    if len(memberships) == 1:
        return memberships[0]
    return next((one for one in memberships if one.workspace_id == current), None)


_TOUCH = text(
    """
    update credential set last_used_at = used.at
    from unnest(:ids, :times) as used (credential_id, at)
    where credential.credential_id = used.credential_id
        and (credential.last_used_at is null or credential.last_used_at < used.at)
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Text)), bindparam("times", type_=ARRAY(TIMESTAMP(timezone=True)))
)


async def note_uses(conn: Writer, uses: Mapping[CredentialId, datetime]) -> None:
    """Stores when credentials were used last."""
    await conn.execute(_TOUCH, {"ids": list(uses), "times": list(uses.values())})


async def list_credentials(
    conn: Reader,
    *,
    key: str,
    of: UserId | None = None,
    workspace_id: WorkspaceId | None = None,
) -> list[Credential]:
    """Those that can be used while this key is the first: of all users, of one, or of the people of
    a workspace; newest first.
    """
    chosen = (
        select(credential, app_user.c.email)
        .join(app_user)
        .where(
            _c.revoked_at.is_(None),
            _c.expires_at > func.now(),
            or_(_c.key_mark.is_(None), _c.key_mark == mark_of(key)),
        )
        .order_by(_c.created_at.desc(), _c.credential_id)
    )
    if of is not None:
        chosen = chosen.where(_c.user_id == of)
    if workspace_id is not None:
        chosen = chosen.where(_opens(workspace_id))
    return [_credential(row) for row in await conn.execute(chosen)]


async def revoke_credential(
    conn: Writer,
    credential_id: str,
    *,
    of: UserId | None = None,
    workspace_id: WorkspaceId | None = None,
) -> UserId:
    """Ends one, of anybody, of one user, or of the people of a workspace; returns whose it was.

    Raises NotFoundError.
    """
    conditions = [_c.credential_id == credential_id, _c.revoked_at.is_(None)]
    if of is not None:
        conditions.append(_c.user_id == of)
    if workspace_id is not None:
        conditions.append(_opens(workspace_id))
    ended = update(credential).where(*conditions).values(revoked_at=func.now())
    user_id = (await conn.execute(ended.returning(_c.user_id))).scalar_one_or_none()
    if user_id is None:
        raise NotFoundError("There is no such session or token.", listed_by="token list")
    return UserId(user_id)


async def revoke_all_but_of(conn: Writer, key: str) -> list[Credential]:
    """Ends what other keys signed, or may have signed; returns those that could be used until the
    key was replaced, newest first.
    """
    ended = (
        update(credential)
        .where(
            _c.revoked_at.is_(None),
            _c.expires_at > func.now(),
            _c.key_mark.is_distinct_from(mark_of(key)),
            app_user.c.user_id == _c.user_id,
        )
        .values(revoked_at=func.now())
    )
    rows = (await conn.execute(ended.returning(credential, app_user.c.email))).all()
    return sorted((_credential(row) for row in rows), key=lambda one: one.created_at, reverse=True)


async def revoke_sessions(
    conn: Writer, user_id: UserId, *, but: CredentialId | None = None
) -> None:
    """Ends all sessions of a user, but the one that a request came with."""
    await conn.execute(
        update(credential)
        .where(
            _c.user_id == user_id,
            _c.kind == CredentialKind.SESSION,
            _c.revoked_at.is_(None),
            _c.credential_id != (but or ""),
        )
        .values(revoked_at=func.now())
    )


async def set_current_workspace(
    conn: Writer, credential_id: CredentialId, workspace_id: WorkspaceId
) -> None:
    await conn.execute(
        update(credential)
        .where(_c.credential_id == credential_id)
        .values(workspace_id=workspace_id)
    )


def _opens(workspace_id: WorkspaceId) -> ColumnElement[bool]:
    """Whether a token or session is one that opens a workspace and nothing of other people's.

    Owners end the tokens of their own workspace. A person's sessions, and tokens for all workspaces
    of a person, are theirs; removing the person from the workspace shuts it to them.
    """
    return or_(
        and_(_c.kind == CredentialKind.TOKEN, _c.workspace_id == workspace_id),
        _c.user_id.in_(
            select(_m.user_id)
            .group_by(_m.user_id)
            .having(func.count() == 1, func.min(_m.workspace_id) == workspace_id)
        ),
    )


def _credential(row: Row[Any]) -> Credential:
    return Credential(
        credential_id=CredentialId(row.credential_id),
        user_id=UserId(row.user_id),
        email=row.email,
        workspace_id=None if row.workspace_id is None else WorkspaceId(row.workspace_id),
        kind=CredentialKind(row.kind),
        scope=Scope(row.scope),
        label=row.label,
        user_agent=row.user_agent,
        address=row.address,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
