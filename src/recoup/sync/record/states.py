"""The names for states of a sync, its streams and its report requests: defined only here.

Tables, API, command line, metrics and dashboard derive theirs; tests/contract/test_words.py compares.
"""

from __future__ import annotations

import enum


class SyncStatus(enum.StrEnum):
    """The state of syncing."""

    IDLE = "idle"
    """There is no sync yet; never the state of a sync."""
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = SyncStatus.IN_PROGRESS
"""The state of a sync that has not ended."""
OF_A_SYNC = tuple(status for status in SyncStatus if status is not SyncStatus.IDLE)
"""The states that a sync can have."""


class StreamStatus(enum.StrEnum):
    """The state of a stream in a sync."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNAVAILABLE = "unavailable"
    """This account, marketplace or environment cannot have the data; this fails no sync."""


UNFINISHED = frozenset({StreamStatus.PENDING, StreamStatus.IN_PROGRESS})


class RequestStatus(enum.StrEnum):
    """The state of a report request: Amazon's words, then the result of loading."""

    INTENDED = "intended"
    IN_QUEUE = "in_queue"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"
    FATAL = "fatal"
    LOADED = "loaded"
    EMPTY = "empty"
    TOO_SOON = "too_soon"
    FAILED = "failed"
    DROPPED = "dropped"


OPEN = (
    RequestStatus.INTENDED,
    RequestStatus.IN_QUEUE,
    RequestStatus.IN_PROGRESS,
    RequestStatus.DONE,
)
"""States of a request that may still return rows."""
