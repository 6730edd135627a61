"""What Amazon's Data Protection Policy demands, and how this installation stands (docs/security.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recoup.origins import is_loopback
from recoup.sync.retention.periods import DEMANDED_MONTHS, RAW_MONTHS

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.sync.retention.queries import Overdue


class DemandAnswer(StrEnum):
    """Whether a demand is met; what recoup cannot do or see is the operator's."""

    YES = "yes"
    NO = "no"
    YOURS = "yours to do"


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand of the policy. says: what meets it, or what to do."""

    demand: str
    answer: DemandAnswer
    says: str


def demands(settings: Settings, overdue: Sequence[Overdue] | None) -> Iterator[Demand]:
    """Every demand of the policy of 2025-11-11 that a program or its operator can meet.

    overdue: connections with rows older than it allows; None where the database could not be asked.
    """
    yield from _built_in()
    yield _retention(settings, overdue)
    yield _transport(settings)
    yield _keys_apart(settings)
    yield from _of_the_operator()


def _built_in() -> Iterator[Demand]:
    yield Demand(
        "lock-out after 10 failed sign-ins", DemandAnswer.YES, "for 15 minutes, per address"
    )
    yield Demand(
        "no reuse of the last 10 passwords", DemandAnswer.YES, "and at least 12 characters"
    )
    yield Demand(
        "access by need",
        DemandAnswer.YES,
        "roles in a workspace; tokens that read, sync or administer",
    )
    yield Demand(
        "refresh tokens of sellers encrypted",
        DemandAnswer.YES,
        "`recoup keys rotate` renews the key",
    )
    yield Demand(
        "no personal data of buyers", DemandAnswer.YES, "recoup keeps only the fields that it reads"
    )


def _retention(settings: Settings, overdue: Sequence[Overdue] | None) -> Demand:
    demand = f"non-personal data deleted within {DEMANDED_MONTHS} months"
    months = settings.retention_months
    if months > DEMANDED_MONTHS:
        says = f"RECOUP_RETENTION_MONTHS is {months}: set {DEMANDED_MONTHS} or less"
        return Demand(demand, DemandAnswer.NO, says)
    if overdue is None:
        return Demand(demand, DemandAnswer.YOURS, "start the database, and look again")
    kept = [one for one in overdue if not one.is_held]
    if kept:
        says = (
            f"{_named(kept)}: a worker deletes it, once the claims that need it, filed and not "
            "decided, are decided"
        )
        return Demand(demand, DemandAnswer.NO, says)
    if overdue:
        says = f"{_named(overdue)}, by a legal hold: end it when no law needs it any more"
        return Demand(demand, DemandAnswer.YOURS, says)
    return Demand(
        demand,
        DemandAnswer.YES,
        f"what is older than {months} months each week, files and unreadable rows after "
        f"{RAW_MONTHS}; claims stay as the seller's records",
    )


def _named(found: Sequence[Overdue]) -> str:
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{found[0].connection_id}{more} has data of {min(one.oldest_on for one in found)}"


def _transport(settings: Settings) -> Demand:
    demand = "TLS 1.2 or newer"
    url = urlsplit(settings.public_url)
    if url.scheme == "https":
        return Demand(
            demand, DemandAnswer.YOURS, "your proxy ends TLS: refuse versions below 1.2 there"
        )
    if is_loopback(url.hostname):
        return Demand(demand, DemandAnswer.YES, "nothing leaves this machine; set https for others")
    return Demand(
        demand,
        DemandAnswer.NO,
        f"{settings.public_url} is not encrypted: put a proxy with TLS before it",
    )


def _keys_apart(settings: Settings) -> Demand:
    demand = "keys apart from the data"
    if settings.secret_keys is not None:
        return Demand(demand, DemandAnswer.YES, "RECOUP_SECRET_KEYS; keep them out of the backups")
    if settings.database_url is not None:
        return Demand(
            demand, DemandAnswer.YES, f"{settings.data_dir}, not in the database's server"
        )
    return Demand(
        demand,
        DemandAnswer.NO,
        f"key and database are both in {settings.data_dir}: set RECOUP_SECRET_KEYS",
    )


def _of_the_operator() -> Iterator[Demand]:
    for demand, says in (
        ("logs kept for 12 months or more", "collect the log of `recoup serve` and its workers"),
        ("critical vulnerabilities closed within 7 days, high ones within 30", "see SECURITY.md"),
        ("a named contact for incidents", "name a person, and tell Amazon"),
        ("backups in another place", "copy the database every day, and try to restore it"),
    ):
        yield Demand(demand, DemandAnswer.YOURS, says)
