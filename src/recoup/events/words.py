"""The types of events and of entries in the activity: defined only here."""

from __future__ import annotations

import enum


class EventType(enum.StrEnum):
    """What an event of the live feed is about."""

    SYNC = "sync"
    """`sync` is the status body of a sync that has changed."""
    DETECTION = "detection"
    """Claims were found, reopened, withdrawn or approved: `syncId`, `connectionId`, `claimsDetected`,
    `reopened`, `withdrawn`, `approved`."""
    CONNECTION = "connection"
    """The status of a connection has changed, or its authorization or the application's secret ends
    within 60 days: `connectionId`, `status`, `reason` (why it is not active), `notes`."""


class ActivityType(enum.StrEnum):
    """The type of an entry in a user's history. The code of a note is the type of its entry."""

    SYNC_STARTED = "sync_started"
    """A sync was started, by a person or by the schedule."""
    SYNC_COMPLETED = "sync_completed"
    """A sync was completed; the message counts orders, and notes that need attention."""
    SYNC_FAILED = "sync_failed"
    """A sync ended without all the data it should have read; the message contains the reason."""
    SYNC_CANCELLED = "sync_cancelled"
    """A sync was cancelled; the loaded data is kept."""
    CLAIM_DETECTED = "claim_detected"
    """New claims were found at the end of a sync."""
    CONNECTION_ACTIVE = "connection_active"
    """An Amazon account was connected, or its authorisation renewed."""
    CONNECTION_REAUTHORIZATION_REQUIRED = "connection_reauthorization_required"
    """Amazon no longer accepts the authorisation; the message says why."""
    CONNECTION_DISCONNECTED = "connection_disconnected"
    """An Amazon account was disconnected."""
    WEBHOOK_FAILED = "webhook_failed"
    """recoup gave up sending a notification to a webhook; the message says why."""
    WEBHOOK_DISABLED = "webhook_disabled"
    """recoup turned a webhook off, which had accepted nothing for more than a day."""
    MAIL_FAILED = "mail_failed"
    """A person's mail was not taken by the mail server for a day; the next one contains the same."""
