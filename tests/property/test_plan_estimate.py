"""Twenty sellers on a virtual clock: the estimate at half-way, and Amazon's limits kept."""

from __future__ import annotations

import math
import random
from statistics import median

import pytest

from benchmarks.virtual import Outcome, Seller, VirtualSync, lognormal
from tests.support.catalog import STREAMS, known, missing, operations


def a_seller(seed: int) -> Seller:
    """Of 300 to a million orders a year, growing or shrinking, with a season; some share their limits."""
    dice = random.Random(seed)
    orders = 10 ** dice.uniform(2.5, 6)
    growth, season = dice.uniform(-0.5, 1.5), dice.uniform(0, 0.6)

    def per_day(share):
        mean = orders / 365 * share

        def at(moment):
            trend = 1 + growth * (moment - 0.5)
            return mean * trend * (1 + season * math.sin(2 * math.pi * moment))

        return at

    return Seller(
        rows_per_day={
            "orders": per_day(1),
            "transactions": per_day(1.3),
            "ledger": per_day(2),
            "returns": per_day(0.08),
            "reimbursements": per_day(0.005),
        },
        rows={"inventory": round(orders**0.6), "settlements": round(orders / 4)},
        generation=lognormal(dice, dice.uniform(100, 500), 0.5),
        others={"listTransactions": 0.2} if seed % 5 == 0 else {},
    )


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    plans = operations()
    todo = [missing(stream) for stream in STREAMS]
    return [VirtualSync(a_seller(seed), todo, known(), plans).run() for seed in range(20)]


def test_half_way_the_end_is_known_within_15_percent(outcomes):
    """Over 20 sellers the median error of the estimate at the half-way point is below 15 %."""
    errors = [outcome.error_at_half() for outcome in outcomes]
    assert median(errors) < 0.15, sorted(errors)


def test_who_has_the_limits_alone_is_never_refused(outcomes):
    """No 429 on our own account."""
    alone = [outcome for seed, outcome in enumerate(outcomes) if seed % 5]
    assert all(outcome.refused == 0 for outcome in alone)


def test_no_sync_takes_longer_than_the_buckets_and_the_reports(outcomes):
    """The whole of a first sync: 1.05 times the bound of its own calls, and one report's time."""
    alone = [outcome for seed, outcome in enumerate(outcomes) if seed % 5]
    for outcome in alone:
        assert outcome.seconds <= 1.05 * outcome.bound_seconds + outcome.reports_seconds
