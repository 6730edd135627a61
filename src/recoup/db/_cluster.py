"""One database cluster: created, started, found running, stopped. Callers hold the start lock."""

from __future__ import annotations

import os
import shutil
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import psycopg

from recoup.db._account import Account
from recoup.db._binaries import MAJOR_VERSION, programs_for_a_shell
from recoup.db._home import Home
from recoup.db._locks import FileLock, poll, try_lock
from recoup.errors import EmbeddedServerError

PORT = 5432
"""No TCP port: part of the socket's name. Said everywhere, as PGPORT would change it."""

_SUPERUSER = "recoup"

# Recovery after a crash replays at most max_wal_size (1 GB) of log.
_START_LIMIT = timedelta(seconds=120)
_STOP_LIMIT = timedelta(seconds=120)

_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Rows and values of sellers stay out of the log: no statements, no DETAIL lines, no errors
    # that quote a value. Programs get all of these in the errors that they receive.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


@dataclass(frozen=True)
class Cluster:
    """`programs` is the folder of PostgreSQL's programs, `account` runs them."""

    home: Home
    account: Account
    programs: Path

    def ensure_made(self) -> None:
        """Creates the cluster if there is none. Survives being killed anywhere.

        Raises EmbeddedServerError when there is another version's or making fails.
        """
        found = self._find_version()
        if found == MAJOR_VERSION:
            return
        if found is not None:
            raise EmbeddedServerError(
                f"{self.home.cluster} holds data of PostgreSQL {found}, this is {MAJOR_VERSION}: "
                f"dump it with PostgreSQL {found}, or set RECOUP_DATA_DIR to another folder."
            )
        # initdb inherits the lock: where one outlived its killed recoup, this waits for its end.
        with self._await_lock() as lock:
            draft = self.home.folder / "data.draft"
            shutil.rmtree(draft, ignore_errors=True)
            self._initdb(draft, inherit=lock.descriptor)
            self._put_in_place(draft)

    def _put_in_place(self, draft: Path) -> None:
        try:
            draft.rename(self.home.cluster)
        except OSError as exc:
            raise EmbeddedServerError(
                f"{self.home.cluster} is not empty and holds no PostgreSQL data: move it away, "
                "or set RECOUP_DATA_DIR to another folder."
            ) from exc
        _sync(self.home.folder)

    def ensure_running(self) -> None:
        """Finds the running server, or starts it; returns when it accepts connections.

        Raises EmbeddedServerError, with the last line of the log where the server ended at once.
        """
        lock = self._find_idle()
        if lock is None:
            return
        with lock:
            begin = self._launch(lock)
        # From here on the server alone holds the lock: it is free again when the server ended.
        lock = self._find_idle()
        if lock is not None:
            lock.close()
            raise EmbeddedServerError(
                f"The embedded PostgreSQL does not start: {_last_words(self.home.log, begin)} "
                f"(log: {self.home.log})."
            )

    def stop(self) -> None:
        """Ends all connections and the server; returns when none of its processes is left.

        Raises EmbeddedServerError when it is still there after two minutes.
        """
        lock = self._try_server_lock()
        if lock is None:
            # Its exit status is no news: the server may be ending already.
            program = self.programs / "pg_ctl"
            self.account.run([program, "stop", "--mode=fast", "--no-wait", "-D", self.home.cluster])
            lock = poll(self._try_server_lock, within=_STOP_LIMIT)
        if lock is None:
            raise EmbeddedServerError(
                f"The embedded PostgreSQL in {self.home.cluster} does not stop: "
                f"see {self.home.log}."
            )
        with lock, suppress(OSError):
            self.home.socket_folder.rmdir()  # not empty when somebody started a server by hand

    def _find_version(self) -> str | None:
        try:
            return (self.home.cluster / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return None

    def _initdb(self, folder: Path, *, inherit: int) -> None:
        with programs_for_a_shell(self.programs, self.account) as programs:
            done = self.account.run(
                [
                    programs / "initdb",
                    "-D",
                    folder,
                    f"--username={_SUPERUSER}",
                    "--auth-local=trust",  # only its own account can enter the socket's folder
                    "--auth-host=reject",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",  # the same order on every machine
                    "--builtin-locale=C.UTF-8",
                    "--data-checksums",
                    "--no-instructions",
                    *(f"--set={name}={value}" for name, value in _SETTINGS.items()),
                ],
                inherit=inherit,
            )
        if done.returncode != 0:
            words = [
                line for line in done.stderr.splitlines() if "error" in line or "FATAL" in line
            ]
            raise EmbeddedServerError(
                f"Cannot make the embedded PostgreSQL in {self.home.folder}: "
                f"{words[-1].strip() if words else done.stderr.strip()[-200:]}."
            )

    def _await_lock(self) -> FileLock:
        lock = poll(self._try_server_lock, within=_START_LIMIT)
        if lock is None:
            raise self._busy()
        return lock

    def _find_idle(self) -> FileLock | None:
        """The server lock if no server runs; None as soon as one accepts connections."""
        outcome = poll(self._find_outcome, within=_START_LIMIT)
        if outcome is None:
            raise self._busy()
        return outcome if isinstance(outcome, FileLock) else None

    def _busy(self) -> EmbeddedServerError:
        return EmbeddedServerError(
            f"The embedded PostgreSQL in {self.home.cluster} has been busy for "
            f"{_START_LIMIT.total_seconds():.0f} seconds: see {self.home.log} and try again."
        )

    def _find_outcome(self) -> FileLock | bool | None:
        """True: it accepts connections. The lock: it does not run. None: wait."""
        if _listens(self.home.socket):
            return True if _accepts_connections(self.home) else None
        return self._try_server_lock()

    def _try_server_lock(self) -> FileLock | None:
        # The server and its children inherit this lock, so it is free when none of them lives:
        # unlike a pid this is never wrong after a crash, and a zombie does not hold it.
        return try_lock(self.home.folder / "server.lock")

    def _launch(self, lock: FileLock) -> int:
        """Starts the server, which inherits `lock`. Returns the start position in its log."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        log = os.open(self.home.log, flags, 0o600)
        try:
            begin = os.fstat(log).st_size
            self.account.launch(
                [
                    self.programs / "postgres",
                    "-D",
                    self.home.cluster,
                    "--listen-addresses=",
                    f"--unix-socket-directories={_quote_path(self.home.socket_folder)}",
                    "--unix-socket-permissions=0700",
                    f"--port={PORT}",
                ],
                log=log,
                inherit=lock.descriptor,
                stale_pid=self._find_stale_pid(),
            )
        finally:
            os.close(log)
        return begin

    def _find_stale_pid(self) -> int | None:
        """The pid that a killed server left behind. It may belong to any process by now."""
        try:
            return int((self.home.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None


def url(home: Home, database: str, *, user: str = _SUPERUSER) -> str:
    """The address of `database`, as a URI that libpq, psycopg and SQLAlchemy understand."""
    folder = quote(os.fsencode(home.socket_folder), safe="")
    return f"postgresql://{user}@/{quote(database, safe='')}?host={folder}&port={PORT}"


def _accepts_connections(home: Home) -> bool:
    """Whether a connection to the server succeeds now."""
    try:
        psycopg.connect(url(home, "postgres"), connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(10)
        try:
            probe.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except (BlockingIOError, TimeoutError):
            return True  # its queue of new connections is full
    return True


def _quote_path(path: Path) -> str:
    """A path as one member of a list setting (GUC_LIST_INPUT): commas and blanks need quotes."""
    doubled = str(path).replace('"', '""')
    return f'"{doubled}"'


def _last_words(log: Path, begin: int) -> str:
    """The line with the reason why the server ended, without time and pid."""
    with log.open("rb") as file:
        file.seek(begin)
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    # Refusals of our own early connections say nothing about the reason.
    telling = [line for line in lines if line and "the database system is" not in line]
    for level in ("PANIC:", "FATAL:"):
        for line in reversed(telling):
            if level in line:
                return line.partition(level)[2].strip()
    return telling[-1] if telling else "it ended without a word"


def _sync(folder: Path) -> None:
    """Makes a rename in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
