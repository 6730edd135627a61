"""Structured logs: an event name and fields, for people on a terminal and as JSON elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

from recoup.terminal import printable_lines

_SECRET_FIELDS = ("token", "secret", "password", "authorization", "cookie")

_SELDOM_SECONDS = 60.0
_MOST_MESSAGES = 100


class SeldomFilter(logging.Filter):
    """Lets each message of a logger pass once a minute, with how often it was left out before.

    For loggers whose messages strangers can cause: an event loop without descriptors reports each
    connection that it cannot accept, thousands a second and with a traceback each.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._passed: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        # asyncio puts the details of an error on lines of their own.
        name = str(record.msg).partition("\n")[0]
        now = self._monotonic()
        passed_at, left_out = self._passed.get(name, (-_SELDOM_SECONDS, 0))
        if now - passed_at < _SELDOM_SECONDS:
            self._passed[name] = (passed_at, left_out + 1)
            return False
        if name not in self._passed and len(self._passed) >= _MOST_MESSAGES:
            self._passed.clear()
        self._passed[name] = (now, 0)
        if left_out:
            record.msg = f"{record.msg} ({left_out} more like this since the last one)"
        return True


def _hide_secrets(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The last guard: never prints a field with a secret's name, whoever logged it."""
    for key in event:
        if any(word in key.lower() for word in _SECRET_FIELDS):
            event[key] = "***"
    return event


def _show_controls(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """On a terminal a text of others must not give orders; JSON escapes control characters itself."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = printable_lines(value)
    return event


def configure_logs(*, log_format: str | None, level: str) -> None:
    """Route structlog and the standard library to stderr in one format.

    `log_format` None means console on a terminal and JSON elsewhere.
    """
    chosen = log_format or ("console" if sys.stderr.isatty() else "json")
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if chosen == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *([_show_controls] if chosen == "console" else []),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("asyncio", "uvicorn.error"):
        logging.getLogger(noisy).filters = [SeldomFilter()]
    # These narrate every request or job at INFO; recoup logs what matters of it itself.
    for noisy in ("httpx2", "httpcore2", "procrastinate", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
