"""The arithmetic of a token bucket, without a clock and without waiting: times are passed in.

All times are seconds on one monotonic clock. The law: in any `t` seconds at most
`burst + rate * t` calls are allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from recoup.spapi.operation import UsagePlan

SAFETY = 0.97
"""The share of Amazon's rate that recoup spends, so that its clock and ours need not agree.

What it costs is the distance to the bound of the buckets: 3 % (docs/benchmarks.md, plans).
"""

FLOOR = 1 / 16
"""An assumed rate is not halved below this share of the documented one."""

# A wait that ends exactly on time must find its call, and a wait must move the clock, whatever
# floats make of either.
_EPSILON_CALLS = 1e-6
_SHORTEST_WAIT_SECONDS = 1e-3


@dataclass(frozen=True, slots=True)
class Bucket:
    """`level` calls were left at `at`; before `blocked_until` none is allowed.

    `rate` is what Amazon is believed to allow, in calls per second; `confirmed` once its header
    said so.
    """

    plan: UsagePlan
    rate: float
    confirmed: bool
    level: float
    at: float
    blocked_until: float


def full_bucket(plan: UsagePlan, now: float) -> Bucket:
    """The bucket of an operation that has not been called yet, at the documented rate."""
    return Bucket(
        plan=plan,
        rate=plan.rate,
        confirmed=False,
        level=float(plan.burst),
        at=now,
        blocked_until=now,
    )


def refilled(bucket: Bucket, now: float) -> Bucket:
    """The bucket with what has flowed in until `now`, never above its burst."""
    if now <= bucket.at:
        return bucket
    level = bucket.level + (now - bucket.at) * bucket.rate * SAFETY
    return replace(bucket, level=min(level, float(bucket.plan.burst)), at=now)


def seconds_until_call(bucket: Bucket, now: float) -> float:
    """How long until one more call is allowed; zero when now."""
    missing = 1 - refilled(bucket, now).level
    flowing = missing / (bucket.rate * SAFETY) if missing > _EPSILON_CALLS else 0.0
    wait = max(flowing, bucket.blocked_until - now)
    return max(wait, _SHORTEST_WAIT_SECONDS) if wait > 0 else 0.0


def spend(bucket: Bucket, now: float) -> Bucket:
    """The bucket after one call. Raises ValueError when none is allowed at `now`."""
    if seconds_until_call(bucket, now) > 0:
        raise ValueError("no call is allowed yet")
    bucket = refilled(bucket, now)
    return replace(bucket, level=bucket.level - 1)


def with_learned_rate(bucket: Bucket, now: float, rate: float) -> Bucket:
    """The bucket once Amazon's header named the rate: calls left stay, the future flows anew."""
    return replace(refilled(bucket, now), rate=rate, confirmed=True)


def after_throttling(bucket: Bucket, now: float, retry_after: float = 0.0) -> Bucket:
    """The bucket after a 429: empty, as somebody else spends it too.

    A rate that is only assumed is halved, down to FLOOR of the documented one. `retry_after` is
    Amazon's own wait in seconds.
    """
    rate = bucket.rate
    if not bucket.confirmed:
        rate = max(rate / 2, bucket.plan.rate * FLOOR)
    return replace(
        refilled(bucket, now),
        rate=rate,
        level=0.0,
        blocked_until=max(bucket.blocked_until, now + retry_after),
    )
