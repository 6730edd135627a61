"""Who owns what on the embedded server: a user that is no superuser, and so is bound by the walls."""

from __future__ import annotations

import psycopg
from psycopg import sql

from recoup.db.roles import EMBEDDED_OWNER, make_roles

# initdb makes the types, functions and tables of a server with its first superuser; all else in the
# schema is of an earlier recoup, which worked as the superuser. Indexes and the sequences of columns
# go with their tables.
_HAND_OVER = f"""
do $hand_over$
declare
    statement text;
begin
    for statement in
        select format('alter table %s owner to {EMBEDDED_OWNER}', c.oid::regclass)
        from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        union all
        select format('alter function %s owner to {EMBEDDED_OWNER}', p.oid::regprocedure)
        from pg_proc p where p.pronamespace = 'public'::regnamespace
        union all
        select format('alter type %s owner to {EMBEDDED_OWNER}', t.oid::regtype)
        from pg_type t left join pg_class c on c.oid = t.typrelid
        where t.typnamespace = 'public'::regnamespace
            and (t.typtype = 'e' or t.typtype = 'c' and c.relkind = 'c')
    loop
        execute statement;
    end loop;
    execute format('alter database %I owner to {EMBEDDED_OWNER}', current_database());
end
$hand_over$
"""


def make_users(superuser: psycopg.Connection) -> None:
    """The owner of databases and the roles that it works in; harmless when repeated."""
    superuser.execute(
        f"do $owner$ begin if to_regrole('{EMBEDDED_OWNER}') is null then "
        f"create role {EMBEDDED_OWNER} login; end if; end $owner$"
    )
    superuser.execute(make_roles(f"'{EMBEDDED_OWNER}'"))


def create_owned(superuser: psycopg.Connection, name: str, *, template: str | None = None) -> None:
    """A database of the owner. Raises psycopg.Error when it exists."""
    statement = sql.SQL("create database {} owner {}").format(
        sql.Identifier(name), sql.Identifier(EMBEDDED_OWNER)
    )
    if template is not None:
        # Half the time of the default, which writes every page of the copy to the log, too.
        statement += sql.SQL(" template {} strategy file_copy").format(sql.Identifier(template))
    superuser.execute(statement)


def find_owner(superuser: psycopg.Connection, name: str) -> str | None:
    """The user that owns a database; None if there is no such database."""
    found = superuser.execute(
        "select datdba::regrole::text from pg_database where datname = %s", [name]
    ).fetchone()
    return None if found is None else str(found[0])


def hand_over(superuser: psycopg.Connection) -> None:
    """Gives all that recoup made in the connected database to the owner, in one transaction."""
    superuser.execute(_HAND_OVER)
