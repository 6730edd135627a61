"""The names for states of a connection: defined only here."""

from __future__ import annotations

import enum

from recoup.spapi.endpoints import Environment


class ConnectionEnvironment(enum.StrEnum):
    """The server that a connection's data comes from, or none."""

    LOCAL = Environment.LOCAL.value
    SANDBOX = Environment.SANDBOX.value
    PRODUCTION = Environment.PRODUCTION.value
    FILES = "files"
    """It consists of reports that people have downloaded. Nothing is requested from Amazon, so nothing
    syncs (docs/adr/0022-files-are-a-connection.md)."""


class ConnectionStatus(enum.StrEnum):
    """Whether recoup may request the seller's data from Amazon."""

    ACTIVE = "active"
    REAUTHORIZATION_REQUIRED = "reauthorization_required"
    """Amazon refused the refresh token: the seller must authorise again."""
    DISCONNECTED = "disconnected"
