"""Settings: one class, read once at an entrance (CLI, server, worker) and passed down.

Sources, first wins: arguments, environment, `.env`, `recoup.toml`, defaults.
"""

from __future__ import annotations

import os
import secrets
import sys
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

import platformdirs
from croniter import croniter  # type: ignore[import-untyped] # croniter ships no types
from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from recoup.errors import ConfigurationError, UnknownSettingError

_PREFIX = "RECOUP_"
_ROOT_DATA_DIR = Path("/var/lib/recoup")


def _default_data_dir() -> Path:
    """The platform's user data directory; for root a folder outside homes.

    PostgreSQL refuses to run as root, and the account that it runs as instead cannot enter a home.
    """
    if hasattr(os, "geteuid") and os.geteuid() == 0 and sys.platform != "win32":
        return _ROOT_DATA_DIR
    return Path(platformdirs.user_data_dir("recoup"))


class Settings(BaseSettings):
    """Every setting. The variable is `RECOUP_` and the upper-case name."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        toml_file="recoup.toml",
        extra="ignore",  # other programs' variables in .env; load_settings refuses RECOUP_ ones
        frozen=True,
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 16 or newer, postgresql://user:password@host/db. "
        "Unset: an embedded PostgreSQL in the data directory.",
    )
    data_dir: Path = Field(
        default_factory=_default_data_dir,
        description="Where the embedded database and generated keys live.",
    )
    secret_keys: SecretStr | None = Field(
        default=None,
        description="Comma-separated keys: the first encrypts and signs, all decrypt. "
        "Unset: one is generated into the data directory, mode 0600.",
    )
    lwa_client_id: str = Field(
        default="amzn1.application-oa2-client.test",
        description="Login with Amazon client id of the SP-API application.",
    )
    lwa_client_secret: SecretStr = Field(
        default=SecretStr("test-secret"),
        description="Login with Amazon client secret of the SP-API application.",
    )
    lwa_client_secret_previous: SecretStr | None = Field(
        default=None,
        description="The secret before it was rotated; used when the current one is refused.",
    )
    lwa_secret_rotated_on: date | None = Field(
        default=None,
        description="The day the client secret was made, YYYY-MM-DD: recoup warns before Amazon "
        "refuses it after 180 days. Unset: no warning.",
    )
    application_id: str = Field(
        default="amzn1.sellerapps.app.test", description="SP-API application id."
    )
    spapi_endpoint: str | None = Field(
        default=None,
        description="Overrides the SP-API host, e.g. http://127.0.0.1:8001. "
        "Unset: by environment and region of the connection.",
    )
    lwa_endpoint: str | None = Field(
        default=None,
        description="Overrides the Login with Amazon host. Unset: by environment.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Where browsers reach recoup (cookies, redirects, origin check).",
    )
    sync_schedule: str = Field(
        default="0 2 * * *", description="Cron of the scheduled sync, UTC; empty: none."
    )
    worker_concurrency: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="Syncs of one worker that work at the same time; any number may wait for Amazon.",
    )
    log_format: Literal["console", "json"] | None = Field(
        default=None, description="console or json. Unset: console on a terminal, else json."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe level that is logged."
    )

    @field_validator("spapi_endpoint", "lwa_endpoint", "public_url")
    @classmethod
    def _is_http_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/") if value else value

    @field_validator("sync_schedule")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        if value and not croniter.is_valid(value):
            raise ValueError("must be a cron expression such as `0 2 * * *`, or empty for none")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the name is the interface
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            env_settings,
            dotenv_settings,
            TomlConfigSettingsSource(settings_cls),
        )

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The secret keys, first is current. Generates and stores one where none is set.

        Raises ConfigurationError when the data directory cannot be written.
        """
        if self.secret_keys is not None:
            given = self.secret_keys.get_secret_value().split(",")
            keys = tuple(key.strip() for key in given if key.strip())
            if not keys or any(len(k) < 16 for k in keys):
                raise ConfigurationError(
                    "RECOUP_SECRET_KEYS needs keys of at least 16 characters each, "
                    "separated by commas."
                )
            return keys
        return (_stored_key(self.data_dir / "secret_key"),)


def _stored_key(path: Path) -> str:
    """The key in `path`; made there first, mode 0600, when two start at once by one of them."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        if not path.exists():
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
            try:
                os.link(draft, path)  # fails when another process was first: its key is the key
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as exc:
        raise ConfigurationError(
            f"Cannot keep a secret key in {path.parent} ({exc.strerror}): "
            "make the folder writable or set RECOUP_DATA_DIR or RECOUP_SECRET_KEYS."
        ) from exc


def _toml_names(path: Path) -> list[str]:
    """Raises ConfigurationError for a file that is no TOML."""
    try:
        return list(tomllib.loads(path.read_text())) if path.exists() else []
    except tomllib.TOMLDecodeError as exc:
        raise ConfigurationError(f"{path} is not valid TOML: {exc}") from exc


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Raises UnknownSettingError for a RECOUP_ variable that is none, ConfigurationError for a
    value that does not fit; both in one line that names the variable.
    """
    environ = os.environ if environ is None else environ
    names = {name.upper() for name in (*environ, *dotenv_values(".env"))}
    names |= {f"{_PREFIX}{name.upper()}" for name in _toml_names(Path("recoup.toml"))}
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    # Names for tests only, see CONTRIBUTING.md: they configure the suite, not the service.
    unknown = sorted(
        name
        for name in names
        if name.startswith(_PREFIX) and name not in known and name != "RECOUP_SPAPI_MODELS"
    )
    if unknown:
        raise UnknownSettingError(
            f"{unknown[0]} is not a setting of recoup; see `recoup doctor` for the list."
        )
    try:
        return Settings()
    except ValidationError as exc:
        error = exc.errors(include_input=False, include_url=False)[0]
        name = f"{_PREFIX}{'.'.join(str(part) for part in error['loc']).upper()}"
        raise ConfigurationError(f"{name}: {error['msg']}") from None
