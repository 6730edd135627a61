"""The roles of PostgreSQL in which recoup works. None of them is a superuser or sees past the walls.

A process connects as the owner of the tables and takes a role at once, for good: the owner makes
the schema, the roles work with it. `recoup.migrations.walls` says what each of them may.
"""

from __future__ import annotations

from enum import StrEnum

EMBEDDED_OWNER = "recoup_owner"
"""The user of the embedded server that owns the tables. Its superuser only makes and upgrades it."""

_ENTER = "inherit false, set true"
# Without the rows of a role that may see all of them, a migration would change none and not say so.
_ENTER_AND_SEE = "inherit true, set true"


class DatabaseRole(StrEnum):
    """Whose eyes a connection has."""

    API = "recoup_api"
    """A request: rows of the workspace that its transaction names; without one, none."""
    DOOR = "recoup_door"
    """Who asks to be let in: people, sessions and invitations; no row of a seller."""
    WORKER = "recoup_worker"
    """A worker or a command: every row."""
    READER = "recoup_reader"
    """What users of `recoup db url --read-only` inherit: rows of their workspace, no secrets."""


def make_roles(member: str) -> str:
    """SQL that makes the roles where they are missing and has `member`, an SQL expression, enter them.

    Roles belong to the server: another database of it may have made them, even just now.
    """
    steps = "".join(_make(role) for role in DatabaseRole)
    return f"do $roles$ declare member name default {member}; begin {steps} end $roles$"


def administrators_words(member: str) -> str:
    """What an administrator runs where the user of recoup may not make roles."""
    made = " ".join(f"create role {role};" for role in DatabaseRole)
    return f'{made} grant {", ".join(DatabaseRole)} to "{member}";'


def _make(role: DatabaseRole) -> str:
    how, has = (_ENTER_AND_SEE, "usage") if role is DatabaseRole.WORKER else (_ENTER, "set")
    return f"""
        if to_regrole('{role}') is null then
            begin
                create role {role} nologin;
            exception when duplicate_object or unique_violation then null;
            end;
        end if;
        if not (pg_has_role(member, '{role}', 'set') and pg_has_role(member, '{role}', '{has}')) then
            execute format('grant {role} to %I with {how}', member);
        end if;
    """
