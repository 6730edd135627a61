"""Users of the database that only read: `recoup db url --read-only`. Blocking.

What they see is decided by recoup.migrations.walls, by the comment of the user. Only an administrator
can change that: a setting of the session would be the reader's own to change.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import psycopg
from psycopg import sql

from recoup.db.roles import DatabaseRole
from recoup.errors import ConfigurationError

ALL_WORKSPACES = "*"
_STATEMENT_TIMEOUT = "10min"
_IDLE_TIMEOUT = "10min"
_CONNECTIONS = 10


@dataclass(frozen=True, slots=True)
class ReaderAccess:
    """A user that reads, and its new password."""

    user: str
    password: str


def make_reader(administrator: str, workspace_id: str) -> ReaderAccess:
    """A user that reads a workspace (or ALL_WORKSPACES), made or given a new password.

    `administrator` is the address of a user that may make users. Raises ConfigurationError, with what
    to do, where it may not.
    """
    login = ReaderAccess(_user_of(workspace_id), secrets.token_urlsafe(24))
    name = sql.Identifier(login.user)
    try:
        with psycopg.connect(administrator, connect_timeout=5) as conn:
            known = conn.execute(
                "select 1 from pg_roles where rolname = %s", [login.user]
            ).fetchone()
            if known is None:
                conn.execute(sql.SQL("create role {} nologin").format(name))
            for statement in _statements(login, workspace_id):
                conn.execute(statement)
    except psycopg.errors.InsufficientPrivilege as exc:
        raise ConfigurationError(
            "The user of RECOUP_DATABASE_URL may not create read-only users: have an administrator of "
            "the server grant it CREATEROLE, and the role recoup_reader with admin option."
        ) from exc
    return login


def drop_reader(administrator: str, workspace_id: str) -> str | None:
    """Ends the user and its sessions, and returns its name; None if there is none."""
    user = _user_of(workspace_id)
    with psycopg.connect(administrator, connect_timeout=5, autocommit=True) as conn:
        found = conn.execute("select 1 from pg_roles where rolname = %s", [user]).fetchone()
        if found is None:
            return None
        conn.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(user)))
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [user]
        )
        conn.execute(sql.SQL("drop role {}").format(sql.Identifier(user)))
    return user


def _user_of(workspace_id: str) -> str:
    """The same user each time. A workspace's id may hold what a name of a user must not."""
    digest = hashlib.sha256(workspace_id.encode()).hexdigest()[:12]
    return f"{DatabaseRole.READER}_{digest}"


def _statements(login: ReaderAccess, workspace_id: str) -> list[sql.Composed]:
    name = sql.Identifier(login.user)
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": _STATEMENT_TIMEOUT,
        "idle_in_transaction_session_timeout": _IDLE_TIMEOUT,
        "timezone": "UTC",
    }
    return [
        sql.SQL("alter role {} login password {} connection limit {}").format(
            name, sql.Literal(login.password), sql.Literal(_CONNECTIONS)
        ),
        sql.SQL("grant {} to {} with inherit true, set false").format(
            sql.Identifier(DatabaseRole.READER), name
        ),
        sql.SQL("comment on role {} is {}").format(
            name, sql.Literal(f"recoup reads {workspace_id}")
        ),
        *(
            sql.SQL("alter role {} set {} = {}").format(
                name, sql.Identifier(key), sql.Literal(value)
            )
            for key, value in settings.items()
        ),
    ]
