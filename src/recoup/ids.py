"""Identifiers: types that cannot be mixed up, and how new ones are made."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NewType

UserId = NewType("UserId", str)
ConnectionId = NewType("ConnectionId", str)
SyncId = NewType("SyncId", str)

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_user_id() -> UserId:
    """`u` and ten characters: short, as it is part of every syncId."""
    return UserId(f"u{_random(10)}")


def new_connection_id() -> ConnectionId:
    return ConnectionId(f"conn_{_random(16)}")


def sync_id(user_id: UserId, at: datetime) -> SyncId:
    """`sync_<userId>_<unix milliseconds>`; two starts in one millisecond need two `at`s."""
    return SyncId(f"sync_{user_id}_{round(at.timestamp() * 1000)}")
