"""No part of a database password reaches an error, however odd it is."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable

import pytest

from recoup.config import Settings, load_settings
from recoup.database_url import read_database_url
from recoup.db.engine import Database
from recoup.errors import ConfigurationError, DatabaseUnreachableError
from recoup.migrations.upgrade import read_status

START, END = "sesame", "nights1001"
ODD = ["/", "#", "?", "@", "[", "]", "%zz", "%", "%00", " ", "\t", "\x00", "//", "@[", "%2"]
FINE = [":", "%2F", "%40", "!", "&", "=", "+", "'", "\u2100", "\xe4"]


async def _read_status(url: str) -> object:
    return read_status(Database(url))


def url_with(between: str) -> str:
    return f"postgresql://user:{START}{between}{END}@127.0.0.1:9/recoup"


@pytest.mark.parametrize("between", ODD)
def test_an_odd_password_is_refused_in_one_line(
    between: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anybody reads a host or a port from it; the line says how to write it."""
    with pytest.raises(ValueError, match="percent-encoded") as refused:
        Database(url_with(between))
    if "\x00" not in between:
        monkeypatch.setenv("RECOUP_DATABASE_URL", url_with(between))
        with pytest.raises(ConfigurationError, match=r"RECOUP_DATABASE_URL: .*%2F for /") as said:
            load_settings()
        _shows_nothing(said.value)
    with pytest.raises(ValueError, match="database_url") as raw:
        Settings(database_url=url_with(between))

    _shows_nothing(refused.value)
    _shows_nothing(raw.value)


@pytest.mark.parametrize("between", FINE)
async def test_a_server_that_does_not_answer_does_not_show_it(between: str) -> None:
    """Neither do the errors of those that are accepted, with all their causes."""
    database = Database(url_with(between))
    with pytest.raises(DatabaseUnreachableError, match="port 9 failed") as failed:
        await database.check()
    await database.close()

    _shows_nothing(failed.value)


@pytest.mark.parametrize("open_it", [lambda url: Database(url).check(), _read_status])
async def test_an_option_that_nobody_knows_is_said_in_one_line(
    open_it: Callable[[str], Awaitable[object]],
) -> None:
    """By commands that look at the schema first, and by the others."""
    with pytest.raises(DatabaseUnreachableError, match='option "passwort"') as failed:
        await open_it(f"postgresql://u@127.0.0.1:9/d?passwort={START}{END}")

    assert "\n" not in str(failed.value)
    _shows_nothing(failed.value)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:{}", "postgresql://u@h:{}/d", "{}", "host=h password={}", "mysql://u:{}@h"],
)
def test_what_is_no_address_is_not_quoted(url: str) -> None:
    """A password in the place of a port, or a string of another form."""
    with pytest.raises(ValueError, match="must be postgresql://") as refused:
        read_database_url(url.format(START + END))

    _shows_nothing(refused.value)


def test_other_addresses_stay() -> None:
    """Sockets, options, IPv6, other names of the scheme."""
    assert read_database_url("postgres://h/d") == "postgresql://h/d"
    assert read_database_url("postgresql+psycopg://u@[::1]:5/d") == "postgresql://u@[::1]:5/d"
    socket = "postgresql://u@/d?host=%2Frun%2Fpostgresql"
    assert read_database_url(socket) == socket


def _shows_nothing(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error)
    # The source lines of this file are in the traceback, without the values.
    assert not [part for part in (START, END) if part in shown.replace(f'"{START}"', "")]


def test_a_server_that_vanished_is_given_up_within_a_lease() -> None:
    """Nobody says goodbye when a machine is cut off: without a limit a query would wait for 15 minutes."""
    plain = Database("postgresql://u@h:1/d").conninfo
    own = Database("postgresql://u@h:1/d?tcp_user_timeout=90000").conninfo

    assert "tcp_user_timeout=15000" in plain
    assert "keepalives_idle=5" in plain
    assert "tcp_user_timeout=90000" in own, "what the operator says is kept"
