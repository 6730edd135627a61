"""The names for states of a connection: defined only here."""

from __future__ import annotations

import enum


class ConnectionStatus(enum.StrEnum):
    """Whether recoup may request the seller's data from Amazon."""

    ACTIVE = "active"
    REAUTHORIZATION_REQUIRED = "reauthorization_required"
    """Amazon refused the refresh token: the seller must authorise again."""
    DISCONNECTED = "disconnected"
