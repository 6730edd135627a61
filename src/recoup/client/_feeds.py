"""Server-sent events (WHATWG HTML, 9.2.6), and where to resume. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from recoup.client.errors import ApiError, ApiUnreachableError
from recoup.client.models import Event

_FIRST_WAIT_SECONDS = 0.5
_MOST_FAILURES = 10


@dataclass(frozen=True, slots=True)
class Message:
    """One event as it came."""

    id: str
    data: Any


class Feed:
    """A feed that is followed across connections: what came last, and how long to wait.

    A connection that brought an event clears the failures before it. One that brought none may have
    said when to come again (`retry`), as while the server's database is away.
    """

    def __init__(self, path: str, last_event_id: str = "") -> None:
        self.path = path
        self._last = last_event_id
        self._data: list[str] = []
        self._failures = 0
        self._come_again_seconds: float | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Of the next connection."""
        self._data = []
        self._come_again_seconds = None
        last = {"Last-Event-ID": self._last} if self._last else {}
        return {"Accept": "text/event-stream", **last}

    def take(self, line: str) -> Message | None:
        """The event that the line ends, if it does. Comments and other fields say nothing here."""
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            self._last = value
        elif field == "data":
            self._data.append(value)
        elif field == "retry" and value.isdecimal():
            self._come_again_seconds = int(value) / 1000
        return None

    def wait_after(self, error: ApiError | None) -> float:
        """Seconds to wait before the next connection; `error` is None where this one just ended.

        Raises the error, or ApiUnreachableError once too many connections brought nothing.
        """
        self._failures += 1
        busy = isinstance(error, ApiUnreachableError) or (error and error.retry_after is not None)
        if error is not None and not busy:
            raise error
        if self._failures >= _MOST_FAILURES:
            raise error or ApiUnreachableError("The event stream ended again and again.")
        if error is not None and error.retry_after is not None:
            return error.retry_after.total_seconds()
        if error is None and self._come_again_seconds is not None:
            return self._come_again_seconds
        return _FIRST_WAIT_SECONDS * min(self._failures, 8)

    def _dispatch(self) -> Message | None:
        if not self._data:
            return None
        text, self._data = "\n".join(self._data), []
        self._failures = 0
        self._come_again_seconds = None  # it matters where nothing else came
        return Message(self._last, json.loads(text))


def sync_feed(sync_id: str, last_event_id: str = "") -> Feed:
    return Feed(f"/api/sse/sync-progress/{quote(sync_id, safe='')}", last_event_id)


def workspace_feed(last_event_id: str) -> Feed:
    return Feed("/api/sse/status", last_event_id)


def event_of(message: Message) -> Event:
    return Event(message.id, str(message.data.get("type", "")), message.data)
