"""The start of every command: its settings, and the target of its logs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recoup.config import Settings


def enter(*, quiet: bool = True) -> Settings:
    """Loads the settings of this process. `quiet`: only warnings, unless a log level was requested.

    Raises UnknownSettingError, ConfigurationError.
    """
    from recoup.config import load_settings

    settings = load_settings()
    set_up_logs(settings, quiet=quiet)
    return settings


def set_up_logs(settings: Settings, *, quiet: bool) -> None:
    """Where the logs of this process go, and which of them; see `enter`."""
    from recoup.logs import configure_logs

    asked = "log_level" in settings.model_fields_set
    configure_logs(
        log_format=settings.log_format,
        level="warning" if quiet and not asked else settings.log_level,
    )
    logging.getLogger("psycopg").addFilter(_tells_news)


def _tells_news(record: logging.LogRecord) -> bool:
    """False for the warning about a query that was cancelled while everything stops.

    psycopg warns of each; its pool, which logs under another name, is left alone.
    """
    return "query cancellation interrupted" not in str(record.msg)
