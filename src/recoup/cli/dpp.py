"""What Amazon's Data Protection Policy demands, and how this installation stands (docs/security.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from recoup.config import Settings


class Answer(StrEnum):
    """Whether a demand is met; what recoup cannot do or see is the operator's."""

    YES = "yes"
    NO = "no"
    YOURS = "yours to do"


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand of the policy. says: what meets it, or what to do."""

    demand: str
    answer: Answer
    says: str


def demands(settings: Settings) -> Iterator[Demand]:
    """Every demand of the policy of 2025-11-11 that a program or its operator can meet."""
    yield from _built_in()
    yield _transport(settings)
    yield _keys_apart(settings)
    yield from _of_the_operator()


def _built_in() -> Iterator[Demand]:
    yield Demand("lock-out after 10 failed sign-ins", Answer.YES, "for 15 minutes, per address")
    yield Demand("no reuse of the last 10 passwords", Answer.YES, "and at least 12 characters")
    yield Demand(
        "access by need", Answer.YES, "roles in a workspace; tokens that read, sync or administer"
    )
    yield Demand(
        "refresh tokens of sellers encrypted", Answer.YES, "`recoup keys rotate` renews the key"
    )
    yield Demand(
        "no personal data of buyers", Answer.YES, "recoup keeps only the fields that it reads"
    )
    yield Demand(
        "non-personal data deleted within 18 months",
        Answer.NO,
        "recoup deletes none by age yet: delete a connection's data with `recoup connect remove --purge`",
    )


def _transport(settings: Settings) -> Demand:
    demand = "TLS 1.2 or newer"
    url = urlsplit(settings.public_url)
    if url.scheme == "https":
        return Demand(demand, Answer.YOURS, "your proxy ends TLS: refuse versions below 1.2 there")
    if url.hostname in {"127.0.0.1", "localhost", "::1"}:
        return Demand(demand, Answer.YES, "nothing leaves this machine; set https for others")
    return Demand(
        demand, Answer.NO, f"{settings.public_url} is not encrypted: put a proxy with TLS before it"
    )


def _keys_apart(settings: Settings) -> Demand:
    demand = "keys apart from the data"
    if settings.secret_keys is not None:
        return Demand(demand, Answer.YES, "RECOUP_SECRET_KEYS; keep them out of the backups")
    if settings.database_url is not None:
        return Demand(demand, Answer.YES, f"{settings.data_dir}, not in the database's server")
    return Demand(
        demand,
        Answer.NO,
        f"key and database are both in {settings.data_dir}: set RECOUP_SECRET_KEYS",
    )


def _of_the_operator() -> Iterator[Demand]:
    for demand, says in (
        ("logs kept for 12 months or more", "collect the log of `recoup serve` and its workers"),
        ("critical vulnerabilities closed within 7 days, high ones within 30", "see SECURITY.md"),
        ("a named contact for incidents", "name a person, and tell Amazon"),
        ("backups in another place", "copy the database every day, and try to restore it"),
    ):
        yield Demand(demand, Answer.YOURS, says)
