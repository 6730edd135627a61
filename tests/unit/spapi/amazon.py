"""What the tests of spapi share: chosen time, a budget that takes notes, a good token answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from recoup.spapi.limits import LocalBudget
from recoup.spapi.operation import Operation, UsagePlan
from tests.support.scripted_server import Reply

TOKEN_PATH = "/auth/o2/token"
CLIENT_SECRET = "client-secret-that-nobody-may-see"
REFRESH_TOKEN = "Atzr|refresh-token-that-nobody-may-see"

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
THINGS = Operation("getThings", "GET", "/things", UsagePlan(rate=2, burst=10))


@dataclass
class Time:
    """A clock that moves only when somebody sleeps or the test says so."""

    now: datetime = NOON
    slept: list[float] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return (self.now - NOON).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


class RecordingBudget(LocalBudget):
    """A real local budget that also notes what it was told."""

    def __init__(self, time: Time) -> None:
        super().__init__(monotonic=time.monotonic, sleep=time.sleep)
        self.acquired: list[str] = []
        self.rates: list[float] = []
        self.throttlings: list[timedelta | None] = []
        self.told: list[str] = []

    async def acquire(self, operation: Operation) -> None:
        await super().acquire(operation)
        self.acquired.append(operation.name)

    async def learned(self, operation: Operation, rate: float) -> None:
        self.rates.append(rate)
        await super().learned(operation, rate)

    async def throttled(self, operation: Operation, retry_after: timedelta | None) -> None:
        self.throttlings.append(retry_after)
        await super().throttled(operation, retry_after)

    async def unanswered(self, operation: Operation) -> None:
        self.told.append(f"unanswered {operation.name}")

    async def recovered(self, operation: Operation) -> None:
        self.told.append(f"recovered {operation.name}")


def token_reply(token: str = "Atza|first", expires_in: int = 3600, **rest: object) -> Reply:
    """What Login with Amazon answers to a good exchange."""
    return Reply(
        body={
            "access_token": token,
            "refresh_token": REFRESH_TOKEN,
            "token_type": "bearer",
            "expires_in": expires_in,
        },
        **rest,
    )
