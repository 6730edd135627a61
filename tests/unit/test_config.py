"""Settings: where they come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from recoup.config import Settings, load_settings
from recoup.crypto import Vault
from recoup.errors import ConfigurationError, UnknownSettingError


def test_an_unknown_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo must not silently leave a default in force."""
    monkeypatch.setenv("RECOUP_DATABSE_URL", "postgresql://x")
    with pytest.raises(UnknownSettingError, match="RECOUP_DATABSE_URL is not a setting"):
        load_settings()


@pytest.mark.parametrize(
    ("file", "text"), [(".env", "RECOUP_FOO=1\n"), ("recoup.toml", 'foo = "1"\n')]
)
def test_an_unknown_name_in_a_file_is_refused_too(tmp_path: Path, file: str, text: str) -> None:
    """Whatever file it stands in, under the name it has as a variable."""
    (tmp_path / file).write_text(text)
    with pytest.raises(UnknownSettingError, match="RECOUP_FOO is not a setting"):
        load_settings()


def test_other_programs_variables_in_env_files_are_left_alone(tmp_path: Path) -> None:
    """A .env is shared by everything in its folder."""
    (tmp_path / ".env").write_text("FOO=bar\nRECOUP_LOG_LEVEL=debug\n")

    assert load_settings().log_level == "debug"


def test_the_environment_beats_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment, then .env, then recoup.toml, then the default."""
    (tmp_path / "recoup.toml").write_text('log_level = "error"\nworker_concurrency = 3\n')
    (tmp_path / ".env").write_text("RECOUP_LOG_LEVEL=warning\n")
    assert load_settings().log_level == "warning"
    monkeypatch.setenv("RECOUP_LOG_LEVEL", "debug")

    assert load_settings().log_level == "debug"
    assert load_settings().worker_concurrency == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECOUP_SYNC_SCHEDULE", "every day"),
        ("RECOUP_WORKER_CONCURRENCY", "0"),
        ("RECOUP_RETENTION_MONTHS", "15"),
        ("RECOUP_RETENTION_MONTHS", "121"),
        ("RECOUP_PUBLIC_URL", "recoup.example"),
        ("RECOUP_LOG_LEVEL", "loud"),
        ("RECOUP_SPAPI_ENDPOINT", "http://sellingpartnerapi.example"),
        ("RECOUP_LWA_ENDPOINT", "http://10.0.0.1:8001"),
        ("RECOUP_LWA_ENDPOINT", "http://127.0.0.1.example"),
        ("RECOUP_LWA_ENDPOINT", "http://127.0.0.1@lwa.example"),
        ("RECOUP_LWA_ENDPOINT", "http://lwa.example\\@127.0.0.1"),
        ("RECOUP_LWA_ENDPOINT", "https://"),
        ("RECOUP_JWKS_URL", "http://login.example/jwks"),
        ("RECOUP_JWKS_URL", "http://10.0.0.1:8080/realms/x"),
        ("RECOUP_LOCAL_SANDBOX", "http://sandbox.example:8001"),
        ("RECOUP_LOCAL_SANDBOX", "https://sandbox.example"),
        ("RECOUP_LOCAL_SANDBOX", "true"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The line names the variable and never repeats the value: it might be a secret."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()

    assert str(refused.value).startswith(name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECOUP_LWA_ENDPOINT", "http://127.0.0.1:8001"),
        ("RECOUP_SPAPI_ENDPOINT", "http://localhost:8001"),
        ("RECOUP_SPAPI_ENDPOINT", "https://gateway.example/spapi"),
        ("RECOUP_LOCAL_SANDBOX", "http://[::1]:8001"),
    ],
)
def test_an_override_may_be_on_this_machine_or_sealed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """In clear only where no network is between."""
    monkeypatch.setenv(name, value)

    assert getattr(load_settings(), name.removeprefix("RECOUP_").lower()) == value


def test_keys_may_be_written_with_blanks() -> None:
    """`new, old`: what the old one sealed still opens."""
    old, new = "k" * 20, "n" * 20
    sealed = Vault((old,)).seal("Atzr|secret")
    settings = Settings(secret_keys=SecretStr(f"{new}, {old}"))

    assert Vault(settings.keys).open(sealed) == "Atzr|secret"


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """Without keys one is generated into the data directory, mode 0600, and kept."""
    folder = tmp_path / "data"
    first, second = Settings(data_dir=folder).keys, Settings(data_dir=folder).keys

    assert first == second
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_no_secret_is_shown() -> None:
    """Neither repr nor str of the settings tells a password, a key or the client secret."""
    settings = Settings(
        database_url=SecretStr("postgresql://u:hunter2@h/d"),
        secret_keys=SecretStr("k" * 20),
        lwa_client_secret=SecretStr("our-secret"),
    )

    for secret in ("hunter2", "k" * 20, "our-secret"):
        assert secret not in f"{settings!r}{settings}"
