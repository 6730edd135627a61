"""A copy of the whole database in one file, and the way back, by PostgreSQL's own programs. Blocking.

Owners and grants are left out: they name users of one server. `recoup.migrations.walls` makes those
of recoup anew, whichever server a copy comes to. The secret keys are not in the database at all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from recoup.db._binaries import find_client
from recoup.db.roles import make_roles
from recoup.db.unreachable import unreachable_message
from recoup.errors import DatabaseError, DatabaseUnreachableError

_NO_NAMES = ("--no-owner", "--no-privileges")
# The walls also bind the owner of the tables, and pg_dump would refuse. As a member of the worker's
# role the owner sees every row.
_EVERY_ROW = "--enable-row-security"
# The owner of a new database's own schema, so that a copy of this one does not bring it along.
_EMPTY = """
drop schema if exists public cascade;
create schema public;
grant usage on schema public to public;
alter schema public owner to pg_database_owner;
"""


def back_up(url: str, target: Path) -> int:
    """Writes a copy as of one instant, while others work; readable by its owner alone. Bytes.

    Raises DatabaseError; then `target` is as it was.
    """
    draft = target.with_name(f"{target.name}.{os.getpid()}.draft")
    place, environ = _address(url)
    try:
        draft.touch(mode=0o600, exist_ok=False)
        done = subprocess.run(  # noqa: S603 - our own arguments
            [
                *(find_client("pg_dump"), "--format=custom", *_NO_NAMES, _EVERY_ROW),
                *(f"--file={draft}", f"--dbname={place}"),
            ],
            env=environ,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode != 0:
            raise DatabaseError(f"PostgreSQL did not make a copy: {_last_line(done.stderr)}")
        draft.replace(target)
    except OSError as exc:
        raise DatabaseError(f"Cannot write {target}: {exc.strerror}.") from exc
    finally:
        draft.unlink(missing_ok=True)
    return target.stat().st_size


def restore(url: str, source: Path) -> None:
    """Replaces all that the database contains by a copy, of whatever version; upgrade it next.

    One transaction: after a failure the database is as it was. Raises DatabaseError.
    """
    if not source.is_file():
        raise DatabaseError(f"There is no file {source}.")
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as conn:
            conn.execute(make_roles("current_user"))  # policies name them
    except psycopg.OperationalError as exc:
        raise DatabaseUnreachableError(unreachable_message(exc)) from exc
    except psycopg.Error as exc:
        raise DatabaseError(
            f"The roles of recoup cannot be made: {exc.diag.message_primary}"
        ) from exc
    place, environ = _address(url)
    reader = [find_client("pg_restore"), *_NO_NAMES, "--file=-", str(source)]
    writer = [
        *(find_client("psql"), "--no-psqlrc", "--quiet", "--output=/dev/null"),
        *("--single-transaction", "--set=ON_ERROR_STOP=1"),
        *(f"--dbname={place}", f"--command={_EMPTY}", "--file=-"),
    ]
    with (
        subprocess.Popen(reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as read,  # noqa: S603 - our own arguments
        subprocess.Popen(  # noqa: S603 - the same
            writer, env=environ, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as write,
    ):
        _pass_on(read, write)


def _pass_on(read: subprocess.Popen[bytes], write: subprocess.Popen[bytes]) -> None:
    """The end of the text is what commits, so it is said only after a whole copy."""
    assert read.stdout is not None
    assert read.stderr is not None
    assert write.stdin is not None
    assert write.stderr is not None
    try:
        shutil.copyfileobj(read.stdout, write.stdin)
    except BrokenPipeError:
        read.kill()
        raise DatabaseError(
            f"The copy was not restored: {_last_line(write.stderr.read())}"
        ) from None
    if read.wait() != 0:
        write.kill()
        raise DatabaseError(f"The copy cannot be read: {_last_line(read.stderr.read())}")
    write.stdin.close()
    if write.wait() != 0:
        raise DatabaseError(f"The copy was not restored: {_last_line(write.stderr.read())}")


def _address(url: str) -> tuple[str, dict[str, str]]:
    """The address without its password, and the environment with it: anybody can list arguments."""
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    secret = {} if password is None else {"PGPASSWORD": str(password)}
    return make_conninfo("", **parts), {**os.environ, **secret}


def _last_line(words: bytes) -> str:
    lines = words.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it ended without a word"
