"""Settings: one class, read once at an entrance (CLI, server, worker) and passed down.

Sources, first wins: arguments, environment, `.env`, `recoup.toml`, defaults.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import platformdirs
from croniter import croniter  # type: ignore[import-untyped] # croniter ships no types
from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from recoup.database_url import read_database_url
from recoup.errors import ConfigurationError, UnknownSettingError
from recoup.key_file import MIN_KEY_CHARACTERS, read_or_make_keys
from recoup.origins import is_loopback, read_origins
from recoup.smtp_url import read_sender, read_smtp_url

_PREFIX = "RECOUP_"
# How alike a misspelt name is to the one that was meant; 1 is the same.
_ALIKE = 0.85
LEAST_RETENTION_MONTHS = 16
"""A claim about a shipment can be filed for 9 months (recoup.claims.policy), and rules look for rows
of up to 180 days before an event (recoup.claims.detection.horizon); a week goes at once."""

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
        hide_input_in_errors=True,  # a value that does not fit may be a password
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 16 or newer, postgresql://user:password@host/db, with odd characters "
        "percent-encoded. "
        "Unset: an embedded PostgreSQL in the data directory.",
    )
    data_dir: Path = Field(
        default_factory=_default_data_dir,
        description="Directory of the embedded database and the generated keys.",
    )
    secret_keys: SecretStr | None = Field(
        default=None,
        description="Comma-separated keys: the first encrypts and signs, all decrypt. "
        "Unset: one is generated into the data directory, mode 0600.",
    )
    lwa_client_id: str | None = Field(
        default=None,
        description="Login with Amazon client id of the SP-API application. "
        "Unset: only the local sandbox can be connected.",
    )
    lwa_client_secret: SecretStr | None = Field(
        default=None,
        description="Login with Amazon client secret of the SP-API application.",
    )
    lwa_client_secret_previous: SecretStr | None = Field(
        default=None,
        description="Previous client secret; used if the current one is refused.",
    )
    lwa_secret_rotated_on: date | None = Field(
        default=None,
        description="Day the client secret was created, YYYY-MM-DD: recoup warns before Amazon "
        "refuses it after 180 days. Unset: no warning.",
    )
    application_id: str | None = Field(
        default=None,
        description="SP-API application id, amzn1.sellerapps.app....; needed for Amazon's consent page.",
    )
    spapi_endpoint: str | None = Field(
        default=None,
        description="Overrides Amazon's SP-API host in the environments sandbox and production; "
        "http:// on this machine only. Unset: by environment and region of the connection.",
    )
    lwa_endpoint: str | None = Field(
        default=None,
        description="Overrides the Login with Amazon host in the environments sandbox and "
        "production; http:// on this machine only. Unset: Amazon's.",
    )
    local_sandbox: str | None = Field(
        default=None,
        description="Address of a sandbox on this machine, such as http://127.0.0.1:8001, for the "
        "environment local. `recoup serve --sandbox` sets it. Unset: that environment is off.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Address at which browsers reach recoup (cookies, redirects, origin check).",
    )
    api_token: SecretStr | None = Field(
        default=None,
        description="Token with which `recoup mcp` and `recoup sync --api` call the API; "
        "`recoup user token` prints one.",
    )
    jwks_url: str | None = Field(
        default=None,
        description="Keys of an identity provider (Supabase, Auth0, Keycloak ...) whose JSON Web "
        "Tokens sign in; needs RECOUP_JWT_ISSUER and RECOUP_JWT_AUDIENCE; http:// on this machine "
        "only. Unset: off.",
    )
    jwt_issuer: str | None = Field(
        default=None, description="Issuer (`iss`) of the identity provider's tokens."
    )
    jwt_audience: str | None = Field(
        default=None, description="Audience (`aud`) that the identity provider's tokens must have."
    )
    sync_schedule: str = Field(
        default="0 2 * * *",
        description="Cron expression of the scheduled sync, UTC, of connections without a schedule of "
        "their own. Empty: no schedule.",
    )
    worker_concurrency: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="Number of syncs that one worker works on at once; any number can wait for Amazon.",
    )
    retention_months: int = Field(
        default=18,
        le=120,
        description="Number of months for which data of sellers is kept; at least "
        f"{LEAST_RETENTION_MONTHS}. Claims, costs and their history stay.",
    )
    streams_per_user: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="Number of event streams that a user may have open at once, in each API process.",
    )
    allowed_origins: str = Field(
        default="",
        description="Comma-separated origins of other web pages that may use the API in a browser, "
        "such as https://app.example.com. Empty: only RECOUP_PUBLIC_URL.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server for reminders, smtp://user:password@host:587 (STARTTLS) or "
        "smtps://user:password@host:465; needs RECOUP_MAIL_FROM. Unset: recoup sends no mail.",
    )
    mail_from: str | None = Field(
        default=None,
        description="Sender of mails, such as recoup <recoup@example.com>; needs RECOUP_SMTP_URL.",
    )
    webhooks_to_private: bool = Field(
        default=False,
        description="Allow webhooks over http:// and to private addresses, such as this machine and "
        "its network. Off: https:// and public addresses only.",
    )
    log_format: Literal["console", "json"] | None = Field(
        default=None, description="console or json. Unset: console on a terminal, else json."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest level that is logged."
    )

    @field_validator("database_url")
    @classmethod
    def _is_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            read_database_url(value.get_secret_value())
        return value

    @field_validator("spapi_endpoint", "lwa_endpoint", "local_sandbox", "public_url", "jwks_url")
    @classmethod
    def _is_http_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")) or not _host_of(value):
            raise ValueError("must be an address that begins with http:// or https://")
        return value.rstrip("/")

    @field_validator("spapi_endpoint", "lwa_endpoint")
    @classmethod
    def _is_not_in_clear(cls, value: str | None) -> str | None:
        return _require_sealed(value, "would send the client secret in clear")

    @field_validator("jwks_url")
    @classmethod
    def _has_keys_of_the_provider(cls, value: str | None) -> str | None:
        return _require_sealed(
            value, "would take the keys of anybody on the way, who then signs in"
        )

    @field_validator("local_sandbox")
    @classmethod
    def _is_local(cls, value: str | None) -> str | None:
        if value is not None and not is_loopback(_host_of(value)):
            raise ValueError("must be an address of this machine, such as http://127.0.0.1:8001")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        return ",".join(read_origins(value))

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            read_smtp_url(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str | None) -> str | None:
        if value is not None:
            read_sender(value)
        return value

    @field_validator("retention_months")
    @classmethod
    def _is_enough_for_claims(cls, value: int) -> int:
        if value < LEAST_RETENTION_MONTHS:
            raise ValueError(
                f"must be at least {LEAST_RETENTION_MONTHS}: a claim can be filed up to 9 months "
                "after its event, and depends on rows of up to 6 months before it"
            )
        return value

    @field_validator("sync_schedule")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        if value and not croniter.is_valid(value):
            raise ValueError("must be a cron expression such as `0 2 * * *`, or empty for none")
        return value

    @model_validator(mode="after")
    def _has_a_whole_identity_provider(self) -> Self:
        """A token is good for one issuer and one audience: without them anybody's tokens sign in."""
        if self.jwks_url is not None and not (self.jwt_issuer and self.jwt_audience):
            raise ValueError(
                "RECOUP_JWKS_URL needs RECOUP_JWT_ISSUER and RECOUP_JWT_AUDIENCE: whose tokens, "
                "made for whom"
            )
        return self

    @model_validator(mode="after")
    def _has_server_and_sender(self) -> Self:
        if (self.smtp_url is None) != (self.mail_from is None):
            raise ValueError(
                "RECOUP_SMTP_URL and RECOUP_MAIL_FROM need each other: set both or none"
            )
        return self

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

    @property
    def is_public_https(self) -> bool:
        """Whether browsers reach recoup over TLS."""
        return self.public_url.startswith("https://")

    @property
    def key_path(self) -> Path:
        """Where the generated keys are."""
        return self.data_dir / "secret_key"

    @property
    def keys(self) -> tuple[str, ...]:
        """The secret keys, the current one first. Generates and stores one if none is set.

        Ask again each time: a running process follows `recoup keys rotate`.

        Raises ConfigurationError for a weak key, for a key file that others could read or have
        chosen, and when the data directory cannot be written.
        """
        if self.secret_keys is None:
            return read_or_make_keys(self.key_path)
        keys = tuple(key.strip() for key in self.secret_keys.get_secret_value().split(","))
        if any(len(key) < MIN_KEY_CHARACTERS for key in keys):
            raise ConfigurationError(
                f"RECOUP_SECRET_KEYS needs keys of at least {MIN_KEY_CHARACTERS} characters each, "
                "separated by commas; unset it to use the generated key."
            )
        return keys


def _host_of(url: str) -> str | None:
    """None where programs could disagree about the host, as with a name before an @."""
    if "@" in url or "\\" in url or any(sign.isspace() for sign in url):
        return None
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _require_sealed(url: str | None, otherwise: str) -> str | None:
    """Raises ValueError, which says what happens otherwise, for http:// to another machine."""
    if url is not None and url.startswith("http://") and not is_loopback(_host_of(url)):
        raise ValueError(
            f"must begin with https://; http:// {otherwise}, and is for this machine only "
            "(127.0.0.1, localhost)"
        )
    return url


def _toml_names(path: Path) -> list[str]:
    """Raises ConfigurationError for a file that is not valid TOML."""
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
        meant = get_close_matches(unknown[0], known, n=1, cutoff=_ALIKE)
        list_ = "see `recoup doctor` for the list."
        raise UnknownSettingError(
            f"{unknown[0]} is not a setting of recoup; "
            + (f"did you mean {meant[0]}? Otherwise {list_}" if meant else list_)
        )
    try:
        return Settings()
    except ValidationError as exc:
        error = exc.errors(include_input=False, include_url=False)[0]
        name = "".join(f"{_PREFIX}{str(part).upper()}: " for part in error["loc"])
        raise ConfigurationError(f"{name}{error['msg'].removeprefix('Value error, ')}") from None
