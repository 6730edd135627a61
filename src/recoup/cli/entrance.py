"""What every command begins with: the settings, and where its logs go."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recoup.config import Settings


def enter(*, quiet: bool = True) -> Settings:
    """The settings of this process. `quiet`: log warnings only, unless a log level was asked for.

    Raises UnknownSettingError, ConfigurationError.
    """
    from recoup.config import load_settings
    from recoup.logs import configure_logs

    settings = load_settings()
    asked = "log_level" in settings.model_fields_set
    configure_logs(
        log_format=settings.log_format,
        level="warning" if quiet and not asked else settings.log_level,
    )
    logging.getLogger("psycopg").addFilter(_tells_news)
    return settings


def _tells_news(record: logging.LogRecord) -> bool:
    """A task that is cancelled in the middle of a query is how all stops here, no trouble.

    psycopg warns of each; its pool, which logs under another name, is left alone.
    """
    return "query cancellation interrupted" not in str(record.msg)
