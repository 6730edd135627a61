"""The walls between workspaces: what each role may do, and which rows it sees (row level security).

Raised after every upgrade and not by a migration, from the columns of the tables: a table that comes
later has its walls from the beginning, and a database restored on another server regains its roles.
Where others were raised than those of this version, an upgrade raises them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import ProgrammingError

from recoup.db.roles import DatabaseRole, administrators_words, make_roles
from recoup.errors import SchemaMismatchError
from recoup.migrations.schema import METADATA
from recoup.sync.record.export_queries import SECRETS

# As a subquery each is computed once in a statement and not for every row, and an index can use it.
_WORKSPACE = "(select current_setting('recoup.workspace_id', true))"
_CONNECTIONS = "any ((select recoup_connections())::text[])"

# With the rights of whoever calls it. A function, as each table of a query would otherwise be planned
# together with a copy of it.
_FUNCTION = """
create or replace function recoup_connections() returns text[]
language plpgsql stable parallel safe as $$
begin
    return array(
        select c.connection_id from public.amazon_connection c
        where c.workspace_id = current_setting('recoup.workspace_id', true)
    );
end
$$;
"""

# A purge deletes the budget that no connection spends any more, and sees its own connections only. With
# the rights of the owner, who sees all; it takes nothing and tells nothing.
_FORGET_BUDGETS = f"""
create or replace function recoup_forget_budgets() returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    delete from public.rate_budget
    where account not in (select account from public.budget_account)
$$;
revoke all on function recoup_forget_budgets() from public;
grant execute on function recoup_forget_budgets() to {DatabaseRole.API}, {DatabaseRole.WORKER};
"""

# A plan for a page is as good as what the planner knows, and behind the walls it knows less: before a table
# was ever analyzed it reads all items of a seller for each order. Autovacuum comes within minutes, the
# seller at once. Only the owner may analyze; whoever calls it can do nothing else by it.
_ANALYZE = f"""
create or replace function recoup_analyze(tables text[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    one regclass;
begin
    for one in
        select c.oid from pg_class c
        where c.relname = any(tables) and c.relnamespace = 'public'::regnamespace
            and c.relkind = 'r' and c.relowner = current_user::regrole
            and (c.reltuples < 0
                or pg_stat_get_mod_since_analyze(c.oid) > 1000 + c.reltuples / 10)
        order by c.oid
    loop
        execute format('analyze (skip_locked) %s', one);
    end loop;
end
$$;
revoke all on function recoup_analyze(text[]) from public;
grant execute on function recoup_analyze(text[]) to {DatabaseRole.WORKER};
"""

# Which workspace a user of `recoup db url --read-only` reads stands in the comment of that user, which
# only an administrator can change; a setting would be the user's own to change.
_READERS = """
create or replace function recoup_reads() returns text
language sql stable parallel safe as $$
    select substring(
        shobj_description(quote_ident(session_user)::regrole, 'pg_authid') from '^recoup reads (.+)$'
    )
$$;
create or replace function recoup_read_connections() returns text[]
language plpgsql stable parallel safe as $$
begin
    return array(select c.connection_id from public.amazon_connection c);
end
$$;
"""
_READ = "(select recoup_reads())"
_READ_CONNECTIONS = "any ((select recoup_read_connections())::text[])"
_ALL_WORKSPACES = "*"

_ALL = "select, insert, update, delete"
_API, _DOOR, _WORKER = DatabaseRole.API, DatabaseRole.DOOR, DatabaseRole.WORKER
_READER = DatabaseRole.READER

VIEWS = ("v_money_by_month", "v_inventory_balance", "v_claims")
"""They show what their reader may see of the tables."""

OF_PEOPLE: dict[str, str] = {
    # Who belongs to the workspace, who is invited. New people and their secrets are the door's.
    "app_user": "select (user_id, email, name, created_at)",
    "workspace": "select, update (name, legal_hold, legal_hold_since)",
    "workspace_member": "select, update (role), delete",
    "invitation": "select, insert, delete",
    "credential": "select (credential_id, user_id, workspace_id, kind, scope, label, user_agent, "
    "address, created_at, expires_at, last_used_at, revoked_at)",
    "user_password": "",
    "user_identity": "",
    "sign_in_attempt": "",
    "sign_in_link": "",
    # A person's own choice of mails. What happens in a workspace looks who wants to know.
    "mail_subscription": "select",
    "mail_preference": "",
    "mail_digest": "",
}
"""Tables about people, and what the API may do with them in a request of a workspace."""

_BESIDES: dict[str, list[tuple[DatabaseRole, str]]] = {
    # What nobody may change: the API adds, the worker also deletes what is older than a year.
    "audit_entry": [
        (_API, "select, insert"),
        (_DOOR, "insert"),
        (_WORKER, "select, insert, delete"),
    ],
    # Amazon's page sends the browser back to somebody whose workspace is not known yet.
    "amazon_consent": [(_API, "select"), (_DOOR, _ALL), (_WORKER, _ALL)],
    # A plan of a sync tells how much of it is left.
    "rate_budget": [(_API, "select"), (_WORKER, _ALL)],
    # What operators see without signing in: counts.
    "sync_progress": [(_API, _ALL), (_DOOR, "select (status)"), (_WORKER, _ALL)],
    "api_call": [(_API, _ALL), (_DOOR, "select (operation, method, calls)"), (_WORKER, _ALL)],
}

# The tables of the job queue. The API only adds jobs.
_QUEUE = f"""
grant {_ALL} on procrastinate_jobs, procrastinate_events, procrastinate_workers,
    procrastinate_periodic_defers to {_WORKER};
grant insert, select (id) on procrastinate_jobs to {_API};
grant insert on procrastinate_events to {_API};
grant select on procrastinate_workers to {_DOOR};
grant select on alembic_version to {_API}, {_DOOR}, {_WORKER};
grant usage on all sequences in schema public to {_API}, {_DOOR}, {_WORKER};
grant select on {", ".join(VIEWS)} to {_API}, {_WORKER}, {_READER};
"""


def raise_walls(conn: Connection) -> None:
    """Makes roles, grants and policies as they should be; changes nothing where they are.

    Raises SchemaMismatchError, with what to run, where the user may not make roles.
    """
    user = conn.execute(text("select current_user")).scalar_one()
    try:
        conn.execute(text(make_roles("current_user")))
    except ProgrammingError as exc:
        conn.rollback()
        raise SchemaMismatchError(
            f"The user {user} of RECOUP_DATABASE_URL may not make the roles that recoup works in: "
            f"have an administrator of the server run `{administrators_words(user)}`, except for "
            "roles that exist, then run `recoup db upgrade` again."
        ) from exc
    driver = conn.connection.driver_connection
    assert driver is not None
    driver.execute(f"{''.join(walls())} comment on table alembic_version is '{_digest()}';")


def _digest() -> str:
    """Of the walls that this version raises; stored with them."""
    return f"walls {hashlib.sha256(''.join(walls()).encode()).hexdigest()}"


_STAND = text(
    """
    select coalesce(bool_and(
        has_table_privilege(to_regrole(:role), t.name, 'select')
        and (c.relforcerowsecurity or not t.walled)
    ), false) and (select count(*) from pg_roles where rolname = any(:roles)) = :count
    from unnest(cast(:names as text[]), cast(:walled as boolean[])) as t (name, walled)
    join pg_class c on c.oid = to_regclass(t.name)
    """
)


def walls_stand(conn: Connection) -> bool:
    """Whether every table has its walls: not after a crash between a migration and them, and not in
    a database that was restored on another server, which has no roles.
    """
    tables = METADATA.sorted_tables
    values = {
        "role": _WORKER,
        "roles": list(DatabaseRole),
        "count": len(DatabaseRole),
        "names": [table.name for table in tables],
        "walled": [_condition(table) is not None for table in tables],
    }
    return bool(conn.execute(_STAND, values).scalar_one())


def walls_are_of_this_version(conn: Connection) -> bool:
    """Whether exactly these were raised last. Others serve as well until the next upgrade."""
    found = "select obj_description(to_regclass('alembic_version'), 'pg_class')"
    return bool(conn.execute(text(found)).scalar_one() == _digest())


def walls() -> Iterator[str]:
    """The statements for every table of recoup."""
    yield _FUNCTION + _READERS + _FORGET_BUDGETS + _ANALYZE + _QUEUE
    for table in METADATA.sorted_tables:
        yield from _grants(table)
        condition = _condition(table)
        if condition is not None:
            yield (
                f"alter table {table.name} enable row level security, force row level security;"
                f"{_policy(table, _API, condition)}{_policy(table, _WORKER, 'true')}"
            )
            if any(role is _DOOR for role, _ in _allowed(table)):
                yield _policy(table, _DOOR, "true")
            if read := _readable(table):
                yield _policy(table, _READER, read)


def _policy(table: Table, role: DatabaseRole, condition: str) -> str:
    return (
        f"drop policy if exists {role} on {table.name};"
        f"create policy {role} on {table.name} to {role} using ({condition});"
    )


def _grants(table: Table) -> Iterator[str]:
    """What each role may do with a table. Nothing besides what is told here."""
    yield f"revoke all on {table.name} from {', '.join(DatabaseRole)};"
    for role, what in _allowed(table):
        if what:
            yield f"grant {what} on {table.name} to {role};"
    if names := reader_columns(table):
        yield f"grant select ({', '.join(names)}) on {table.name} to {_READER};"


def _allowed(table: Table) -> list[tuple[DatabaseRole, str]]:
    if table.name in _BESIDES:
        return _BESIDES[table.name]
    if table.name in OF_PEOPLE:
        return [(_API, OF_PEOPLE[table.name]), (_DOOR, _ALL), (_WORKER, _ALL)]
    # A table of no workspace is not the business of a request.
    return [(_API, _ALL if _condition(table) else ""), (_WORKER, _ALL)]


def _condition(table: Table) -> str | None:
    """Which rows belong to the workspace; None for a table of no workspace."""
    names = table.columns.keys()
    if "workspace_id" in names:
        mine = f"workspace_id = {_WORKSPACE}"
        # A sync of the own workspace must not name the connection of another one.
        both = "connection_id" in names and table.name != "amazon_connection"
        return f"{mine} and connection_id = {_CONNECTIONS}" if both else mine
    if "connection_id" in names:
        return f"connection_id = {_CONNECTIONS}"
    if "sync_id" in names:
        return "sync_id in (select s.sync_id from sync_progress s)"
    if table.name == "rate_budget":
        return "account in (select b.account from budget_account b)"
    if table.name == "app_user":
        return "user_id in (select m.user_id from workspace_member m)"
    return None


# The address of a webhook often holds what lets one send to it.
_UNREAD: Mapping[str, frozenset[str]] = {"webhook": frozenset({"url"})}


def _readable(table: Table) -> str | None:
    """Which rows a read-only user sees; None for tables about people and those of no workspace."""
    if table.name in {*OF_PEOPLE, *_BESIDES} - {"sync_progress", "api_call"}:
        return None
    names = table.columns.keys()
    if "workspace_id" in names:
        return f"{_READ} in (workspace_id, '{_ALL_WORKSPACES}')"
    if "connection_id" in names:
        return f"connection_id = {_READ_CONNECTIONS}"
    return _condition(table) if "sync_id" in names else None


def reader_columns(table: Table) -> list[str]:
    """The columns that a read-only user sees; empty for a table that it does not see."""
    hidden = SECRETS.get(table.name, frozenset()) | _UNREAD.get(table.name, frozenset())
    return [one.name for one in table.columns if one.name not in hidden] if _readable(table) else []
