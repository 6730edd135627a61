"""One embedded PostgreSQL for the whole run; each test has a database of its own, from a template."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import sleep

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck, settings
from psycopg import sql

from recoup.clock import utc_now
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.migrations.upgrade import upgrade
from tests.support.whole_seller import StoredSeller, store_whole_seller

# Each test has a database of its own, which is 300 files: a disk's journal makes it ten times dearer.
_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 4 * 2**30
_END_OF_DAY = timedelta(minutes=1)
_LONGEST = Path(__file__).parent / "property" / "test_claims.py"
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES:
    # Processes that the tests start go the same way.
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

# What measures time is a benchmark: an example may take as long as a busy machine needs.
settings.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# `pytest --hypothesis-profile long`: for the laws that take their number of examples from the profile.
settings.register_profile(
    "long", max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("usual")


def pytest_xdist_auto_num_workers() -> int:
    """Two per core (`-n auto`): a test of processes and waits leaves half a core to another one."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A test that would begin in the last minute of a day begins on the next one: many plan rows of
    today, and ask for them a moment later.
    """
    now = utc_now()
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    if midnight - now < _END_OF_DAY:
        sleep((midnight - now).total_seconds())


@pytest.fixture(scope="session", autouse=True)
def _short_tracebacks() -> None:
    """structlog's own tracebacks show all locals of each frame.

    Making one takes seconds on a busy machine, in which the event loop stands still and PostgreSQL
    ends transactions for being idle.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False),
        ]
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedServer]:
    """A server in a folder of its own: as root its account must be able to enter all parents."""
    folder = Path(tempfile.mkdtemp(prefix="recoup-test-"))
    folder.chmod(0o711)
    with EmbeddedServer(folder) as server:
        _forget_crashes_of_the_machine(server)
        yield server
    shutil.rmtree(folder)


def _forget_crashes_of_the_machine(server: EmbeddedServer) -> None:
    """Nothing here must survive a loss of power, and waiting for the disk is most of a new database.

    Processes that are killed, PostgreSQL's own among them, lose nothing by it.
    """
    with psycopg.connect(server.superuser_url("postgres"), autocommit=True) as conn:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            conn.execute(sql.SQL("alter system set {} = off").format(sql.Identifier(setting)))
        conn.execute("select pg_reload_conf()")


@pytest.fixture(scope="session")
def template(postgres: EmbeddedServer) -> str:
    """The name of a database with the current schema and no rows."""
    name = "recoup_template"
    postgres.create_database(name)
    upgrade(Database(postgres.url(name)))
    return name


@pytest.fixture(scope="session")
def stored_seller(
    postgres: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> StoredSeller:
    """A seller of the sandbox with all that a sync reads, once in a run."""
    return store_whole_seller(postgres, template, tmp_path_factory.mktemp("whole"))


@pytest.fixture
def database_url(postgres: EmbeddedServer, template: str) -> Iterator[str]:
    """An empty database with the current schema, for one test."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name, template=template)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A developer's own RECOUP_ variables and .env must not reach the tests."""
    for name in [name for name in os.environ if name.startswith("RECOUP_")]:
        if name != "RECOUP_SPAPI_MODELS":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """recoup runs on asyncio."""
    return "asyncio"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out tests that need PostgreSQL")


def pytest_collection_finish() -> None:
    """Spares the collector of cycles thousands of tests and modules, which stay to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, for which everybody would wait in the end. `make quick`: only what needs no
    server, so that it is over within a minute.
    """
    items.sort(key=lambda item: item.path != _LONGEST)
    if config.getoption("--quick"):
        needing = [item for item in items if "postgres" in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in set(needing)]
        config.hook.pytest_deselected(items=needing)
