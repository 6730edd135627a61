"""The kinds of notifications, and the states of what is sent: defined only here."""

from __future__ import annotations

import enum


class NotificationKind(enum.StrEnum):
    """What a notification is about: `type` in the body of a webhook."""

    SYNC_ENDED = "sync.ended"
    """A sync is complete, failed or cancelled."""
    CLAIM_FOUND = "claim.found"
    """A detection found new claims: one notification, with their number and totals."""
    CLAIM_DEADLINE_NEAR = "claim.deadline_near"
    """Claims that are owed can be filed for 14, 7, 3 or 1 more days: one notification per account."""
    CLAIM_PAID = "claim.paid"
    """A detection found payments for filed claims."""
    REAUTHORIZATION_REQUIRED = "connection.reauthorization_required"
    """Amazon no longer accepts the authorization of an account."""


TEST = "webhook.test"
"""The type of a delivery that a person requested to try a webhook."""


class DeliveryStatus(enum.StrEnum):
    """The state of a delivery to a webhook."""

    PENDING = "pending"
    """It is tried, or tried again later."""
    DELIVERED = "delivered"
    """The receiver answered with a status from 200 to 299."""
    FAILED = "failed"
    """recoup gave up; `error` says why."""


class DigestStatus(enum.StrEnum):
    """The state of a person's mail of a day."""

    PENDING = "pending"
    """It is to be sent, or tried again later."""
    SENT = "sent"
    """The mail server took it."""
    EMPTY = "empty"
    """There was nothing to report, so no mail was sent."""
    FAILED = "failed"
    """No mail server took it until the next one was due; that one contains the same."""
