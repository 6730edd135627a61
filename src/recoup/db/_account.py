"""The system account for PostgreSQL's programs: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from recoup.db._locks import FileLock, poll, try_lock
from recoup.errors import EmbeddedServerError

if sys.platform != "win32":
    import pwd

SYSTEM_ACCOUNT = "recoup"
# A folder of root's, and one lock for all data directories of this machine.
_MAKERS_LOCK = Path("/run/recoup-account.lock")

# Nothing of the caller's environment: PG* and LC_* variables would change what the programs do.
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}
_LIMIT = timedelta(seconds=120)


@dataclass(frozen=True)
class Account:
    """The owner of the cluster. `is_other`: we are root and it is another account."""

    uid: int
    gid: int
    is_other: bool

    def run(
        self, arguments: Sequence[str | Path], *, inherit: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program to its end, and returns its output.

        `inherit` is a descriptor that it and its children keep. Raises EmbeddedServerError when it
        cannot be started or runs longer than two minutes.
        """
        try:
            return subprocess.run(  # noqa: S603 - arguments are ours, no shell
                [os.fspath(argument) for argument in arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_LIMIT.total_seconds(),
                pass_fds=() if inherit is None else (inherit,),
                user=self.uid if self.is_other else None,
                group=self.gid if self.is_other else None,
                extra_groups=[] if self.is_other else None,
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as exc:
            raise EmbeddedServerError(
                f"{arguments[0]} did not end within {_LIMIT.total_seconds():.0f} seconds: "
                "try again, or set RECOUP_DATABASE_URL to a PostgreSQL of your own."
            ) from exc
        except OSError as exc:
            raise EmbeddedServerError(
                f"Cannot run {arguments[0]} ({exc.strerror}): reinstall recoup, "
                "or set RECOUP_DATABASE_URL to a PostgreSQL of your own."
            ) from exc

    def launch(
        self, arguments: Sequence[str | Path], *, log: int, inherit: int, stale_pid: int | None
    ) -> None:
        """Starts a program that outlives this process; its output goes to the descriptor `log`.

        `inherit` is a descriptor that it and its children keep. `stale_pid` is a process that
        PostgreSQL shall not take for a server. Raises EmbeddedServerError when it cannot start.
        """
        # A shell in between hands the server to init, so that it never is our zombie. PostgreSQL
        # ignores the pid in PG_GRANDPARENT_PID when it judges a lock file, and still refuses to
        # start while the shared memory named in that file is in use (miscinit.c, CreateLockFile).
        stale = {} if stale_pid is None else {"PG_GRANDPARENT_PID": str(stale_pid)}
        try:
            subprocess.run(  # noqa: S603 - arguments are ours and pass the shell unread
                ["/bin/sh", "-c", '"$@" &', "sh", *(os.fspath(each) for each in arguments)],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=_LIMIT.total_seconds(),
                pass_fds=(inherit,),
                user=self.uid if self.is_other else None,
                group=self.gid if self.is_other else None,
                extra_groups=[] if self.is_other else None,
                cwd="/",
                env=_ENVIRONMENT | stale,
                start_new_session=True,  # the terminal's Ctrl-C is not for the server
            )
        except (OSError, subprocess.SubprocessError) as exc:
            raise EmbeddedServerError(
                f"Cannot start the embedded PostgreSQL ({exc}): "
                "set RECOUP_DATABASE_URL to a PostgreSQL of your own."
            ) from exc

    def can_enter(self, folder: Path) -> bool:
        """Whether this account may pass through `folder` and all folders above it."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder]).returncode == 0


def get_account() -> Account:
    """Our own account, or as root the system account, created if missing.

    Raises EmbeddedServerError when it cannot be made.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_other=False)
    return _find_system_account() or _make_system_account()


def _make_system_account() -> Account:
    # One process at a time: useradd beside useradd has replaced an account that was in use already.
    with _only_maker():
        found = _find_system_account()
        reason = "" if found else _create_system_account()
        found = found or _find_system_account()
    if found is None:
        raise EmbeddedServerError(
            f"PostgreSQL refuses to run as root and the account {SYSTEM_ACCOUNT!r} cannot be "
            f"made ({reason}): run recoup as an ordinary user, or set RECOUP_DATABASE_URL."
        )
    return found


def _only_maker() -> FileLock:
    """Raises EmbeddedServerError when another process has not made it within two minutes."""
    try:
        lock = poll(lambda: try_lock(_MAKERS_LOCK), within=_LIMIT)
    except OSError as exc:
        raise EmbeddedServerError(
            f"Cannot lock {_MAKERS_LOCK} ({exc.strerror}) to make the account {SYSTEM_ACCOUNT!r}: "
            "run recoup as an ordinary user, or set RECOUP_DATABASE_URL."
        ) from exc
    if lock is None:
        raise EmbeddedServerError(
            f"Another process has been making the account {SYSTEM_ACCOUNT!r} for two minutes: "
            "try again, or set RECOUP_DATABASE_URL."
        )
    return lock


def _find_system_account() -> Account | None:
    try:
        entry = pwd.getpwnam(SYSTEM_ACCOUNT)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid, is_other=True)


def _create_system_account() -> str:
    """Tries to create the account; returns the reason of a failure."""
    root = Account(0, 0, is_other=False)
    shell = "/usr/sbin/nologin"
    command = ["useradd", "--system", "--no-create-home", "--shell", shell, SYSTEM_ACCOUNT]
    try:
        done = root.run(command)
    except EmbeddedServerError as exc:
        return str(exc.__cause__)
    return " ".join(done.stderr.split()) or f"useradd ended with {done.returncode}"
