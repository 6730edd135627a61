"""A client of recoup's HTTP API, blocking and asynchronous: docs/client.md.

It imports nothing of the server: a program that uses it needs no database.
"""

from __future__ import annotations

from recoup.client._asynchronous import AsyncClient
from recoup.client._blocking import Client
from recoup.client.errors import (
    ApiBusyError,
    ApiConflictError,
    ApiError,
    ApiForbiddenError,
    ApiNotFoundError,
    ApiUnauthenticatedError,
    ApiUnreachableError,
)
from recoup.client.models import (
    Claim,
    ClaimDetail,
    ClaimPage,
    Connection,
    Coverage,
    Event,
    Evidence,
    EvidenceNumbers,
    EvidenceRow,
    MedianMoney,
    Money,
    Page,
    SettledEntry,
    Sync,
)

__all__ = [
    "ApiBusyError",
    "ApiConflictError",
    "ApiError",
    "ApiForbiddenError",
    "ApiNotFoundError",
    "ApiUnauthenticatedError",
    "ApiUnreachableError",
    "AsyncClient",
    "Claim",
    "ClaimDetail",
    "ClaimPage",
    "Client",
    "Connection",
    "Coverage",
    "Event",
    "Evidence",
    "EvidenceNumbers",
    "EvidenceRow",
    "MedianMoney",
    "Money",
    "Page",
    "SettledEntry",
    "Sync",
]
