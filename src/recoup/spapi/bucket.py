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

QUIET_CALLS = 10
LEAST_QUIET_SECONDS = 60.0
"""Without a 429 for so many calls' time, and no less than this, a lowered rate is tried faster."""

CONFIRMED_SECONDS = 3600.0
"""A rate above the documented one is believed so long after Amazon's header last told it."""

FLOOR = 1 / 16
"""An assumed rate is not halved below this share of the documented one."""

# A wait that ends exactly on time must find its call, and a wait must move the clock, whatever
# floats make of either.
_EPSILON_CALLS = 1e-6
_SHORTEST_WAIT_SECONDS = 1e-3


@dataclass(frozen=True, slots=True)
class Bucket:
    """`level` calls were left at `at`; before `blocked_until` none is allowed.

    `rate` is what Amazon is believed to allow, in calls per second. `told` is what its header said
    last, at `told_at`; `slowed_at` when the rate was last lowered, or tried faster since.
    """

    plan: UsagePlan
    rate: float
    told: float | None
    told_at: float
    slowed_at: float
    level: float
    at: float
    blocked_until: float


def full_bucket(plan: UsagePlan, now: float) -> Bucket:
    """The bucket of an operation that has not been called yet, at the documented rate."""
    return Bucket(
        plan=plan,
        rate=plan.rate,
        told=None,
        told_at=now,
        slowed_at=now,
        level=float(plan.burst),
        at=now,
        blocked_until=now,
    )


def refilled(bucket: Bucket, now: float) -> Bucket:
    """The bucket at `now` with the calls refilled since, never above its burst.

    A rate that was lowered doubles after each quiet time without a 429, up to the documented one:
    Amazon's header is known to report less than Amazon allows, and other software may have stopped.
    One above the documented rate falls back to it when it has not been told again for a while.
    """
    stale_at = bucket.told_at + CONFIRMED_SECONDS
    if bucket.rate > bucket.plan.rate and stale_at <= now:
        bucket = replace(_flowed(bucket, stale_at), rate=bucket.plan.rate, told=None)
    while bucket.rate < bucket.plan.rate:
        rises_at = bucket.slowed_at + max(QUIET_CALLS / bucket.plan.rate, LEAST_QUIET_SECONDS)
        if rises_at > now:
            break
        bucket = _flowed(bucket, rises_at)
        faster = min(2 * bucket.rate, bucket.plan.rate)
        bucket = replace(bucket, rate=faster, slowed_at=rises_at)
    return _flowed(bucket, now)


def _flowed(bucket: Bucket, until: float) -> Bucket:
    if until <= bucket.at:
        return bucket
    level = bucket.level + (until - bucket.at) * bucket.rate * SAFETY
    return replace(bucket, level=min(level, float(bucket.plan.burst)), at=until)


def seconds_until_call(bucket: Bucket, now: float) -> float:
    """Time until one more call is allowed; zero if it is allowed now."""
    missing = 1 - refilled(bucket, now).level
    flowing = missing / (bucket.rate * SAFETY) if missing > _EPSILON_CALLS else 0.0
    wait = max(flowing, bucket.blocked_until - now)
    return max(wait, _SHORTEST_WAIT_SECONDS) if wait > 0 else 0.0


def spend(bucket: Bucket, now: float) -> Bucket:
    """The bucket after one call. Raises ValueError if none is allowed at `now`."""
    if seconds_until_call(bucket, now) > 0:
        raise ValueError("no call is allowed yet")
    bucket = refilled(bucket, now)
    return replace(bucket, level=bucket.level - 1)


def with_learned_rate(bucket: Bucket, now: float, rate: float) -> Bucket:
    """The bucket at the rate of Amazon's header: calls left stay, the refill changes.

    What it said before changes nothing but how long it is believed.
    """
    bucket = replace(refilled(bucket, now), told_at=now)
    return bucket if rate == bucket.told else replace(bucket, rate=rate, told=rate, slowed_at=now)


def after_throttling(bucket: Bucket, now: float, retry_after: float = 0.0) -> Bucket:
    """The bucket after a 429: empty, as other software also uses it.

    A rate that is only assumed is halved, down to FLOOR of the documented one; a reported one falls
    back to that. `retry_after` is Amazon's own wait in seconds.
    """
    bucket = refilled(bucket, now)
    if bucket.told is None:
        rate = max(bucket.rate / 2, bucket.plan.rate * FLOOR)
    else:
        rate = min(bucket.rate, bucket.told)
    return replace(
        bucket,
        rate=rate,
        slowed_at=now,
        level=0.0,
        blocked_until=max(bucket.blocked_until, now + retry_after),
    )
