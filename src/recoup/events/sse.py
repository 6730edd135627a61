"""The text of Server-Sent Events (WHATWG HTML, 9.2). Pure: bytes out, nothing else."""

from __future__ import annotations

RETRY_MILLISECONDS = 3000
HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b": heartbeat\n\n"
OPENING = f"retry: {RETRY_MILLISECONDS}\n\n".encode()


def format_event(event_id: int, text: str) -> bytes:
    """One unnamed event, so that `EventSource.onmessage` sees it. text: JSON without line breaks."""
    return f"id: {event_id}\ndata: {text}\n\n".encode()


def format_place(event_id: int) -> bytes:
    """Moves the reader's Last-Event-ID on without an event: a block without data is not dispatched."""
    return f"id: {event_id}\n\n".encode()


def parse_last_event_id(text: str | None) -> int | None:
    """The position that a reader has seen; None if it is not ours (the feed then starts again)."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return int(text)
