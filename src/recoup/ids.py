"""Identifiers: types that cannot be confused, and how new ones are created."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NewType

UserId = NewType("UserId", str)
WorkspaceId = NewType("WorkspaceId", str)
ConnectionId = NewType("ConnectionId", str)
SyncId = NewType("SyncId", str)
CredentialId = NewType("CredentialId", str)
InvitationId = NewType("InvitationId", str)
WebhookId = NewType("WebhookId", str)
DeliveryId = NewType("DeliveryId", str)

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_user_id() -> UserId:
    """`u` and ten characters: short, as it is part of every syncId."""
    return UserId(f"u{_random(10)}")


def first_workspace_id(user_id: UserId) -> WorkspaceId:
    """The workspace that a user begins with has the user's id, so a syncId contains both."""
    return WorkspaceId(user_id)


def new_workspace_id() -> WorkspaceId:
    """Of the same form as a user's id, and as unlikely to be taken."""
    return WorkspaceId(new_user_id())


def new_connection_id() -> ConnectionId:
    return ConnectionId(f"conn_{_random(16)}")


def new_credential_id() -> CredentialId:
    """A name for lists and for revoking; it opens nothing."""
    return CredentialId(f"cred_{_random(12)}")


def new_invitation_id() -> InvitationId:
    """A name for lists and for withdrawing; it opens nothing."""
    return InvitationId(f"inv_{_random(12)}")


def new_webhook_id() -> WebhookId:
    return WebhookId(f"hook_{_random(12)}")


def new_delivery_id() -> DeliveryId:
    return DeliveryId(f"dlv_{_random(16)}")


def new_message_id() -> str:
    """The header webhook-id of a message: the same for each attempt and each receiver."""
    return f"msg_{_random(20)}"


def new_digest_id() -> str:
    """Part of the Message-ID of a mail, which is the same for each attempt."""
    return f"digest_{_random(16)}"


def sync_id(workspace_id: WorkspaceId, at: datetime) -> SyncId:
    """`sync_<workspaceId>_<unix milliseconds>`; two starts in one millisecond need two `at`s."""
    return SyncId(f"sync_{workspace_id}_{round(at.timestamp() * 1000)}")
