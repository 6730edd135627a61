"""A night of many sellers, simulated: how long the scheduled syncs take, and where they wait.

    make bench-night
    .venv/bin/python -m benchmarks.night --sellers 100000 --workers 24

Arithmetic says how much work there is (`Night.bound_seconds`). It does not say how syncs that wait for
Amazon's reports share the places of a worker, and how the schedule's own pace feeds them: this does.
No database and no Amazon: minutes pass in milliseconds, and a seed gives the same night again.

The inputs are measured, each at the place that its comment names. Measure again, change, run.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

MINUTE = 60.0


@dataclass(frozen=True)
class Night:
    """What a night consists of. Seconds of a core are of one of ours; all else is wall time."""

    sellers: int = 1_000
    workers: int = 2
    # docs/benchmarks.md, "The costs of a page": a sync without news of a seller with 5,000 orders takes
    # 0.45 s of the worker and 1.19 s of PostgreSQL, 0.23 s of these for the orders (see below). A smaller
    # seller costs less, so this is on the safe side.
    worker_seconds: float = 0.45
    # Of those, before Amazon is waited for: token, plan, pages and the requests for reports.
    share_before: float = 0.4
    database_seconds: float = 0.96
    database_cores: int = 2
    # Amazon's reports, docs/benchmarks.md "Plans": the slowest of the night's six, log-normal.
    report_median_seconds: float = 6 * MINUTE
    report_sigma: float = 0.35
    # recoup.jobs.worker: 50 syncs a slot and 20 slots.
    places: int = 1_000
    # Transactions of the schedule, one after another: benchmarks/footprint.py.
    starts_per_second: float = 100.0
    # Work differs between sellers: log-normal with this sigma around the mean.
    work_sigma: float = 0.8
    seed: int = 1

    @property
    def bound_seconds(self) -> dict[str, float]:
        """What each resource takes alone, if all others were free."""
        # In a steady state a place is held for the wait and the work of one sync.
        held = self.report_median_seconds * math.exp(self.report_sigma**2 / 2) + self.worker_seconds
        return {
            "schedule": self.sellers / self.starts_per_second,
            "workers": self.sellers * self.worker_seconds / self.workers,
            "database": self.sellers * self.database_seconds / self.database_cores,
            "places": self.sellers * held / (self.workers * self.places),
            "amazon": held,
        }


@dataclass(frozen=True)
class Outcome:
    """Seconds, and counts at their highest. lengths: from the schedule's hour to the end of a sync."""

    lengths: list[float]
    most_queued: int
    most_under_way: int
    workers_busy: float
    database_busy: float

    @property
    def end_seconds(self) -> float:
        return max(self.lengths)

    def quantile_seconds(self, share: float) -> float:
        return sorted(self.lengths)[int(share * (len(self.lengths) - 1))]


class Cores:
    """A resource of some cores that works off what it is given in order."""

    def __init__(self, count: int) -> None:
        self._free_at = [0.0] * count
        self.busy_seconds = 0.0

    def done_at(self, now: float, seconds: float) -> float:
        begin = max(now, heapq.heappop(self._free_at))
        heapq.heappush(self._free_at, begin + seconds)
        self.busy_seconds += seconds
        return begin + seconds


@dataclass
class _Sync:
    worker: int
    seconds: float
    report_seconds: float


class _Simulation:
    def __init__(self, night: Night) -> None:
        self.night = night
        self.random = random.Random(night.seed)
        self.workers = [Cores(1) for _ in range(night.workers)]
        self.database = Cores(night.database_cores)
        self.free = [night.places] * night.workers
        self.queue: deque[_Sync] = deque()
        self.events: list[tuple[float, int, str, _Sync]] = []
        self.order = itertools.count()
        self.lengths: list[float] = []
        self.under_way = self.most_queued = self.most_under_way = 0

    def run(self) -> Outcome:
        for at, sync in self._scheduled():
            self._at(at, "queued", sync)
        while self.events:
            now, _, what, sync = heapq.heappop(self.events)
            getattr(self, what)(now, sync)
        end = max(self.lengths)
        return Outcome(
            self.lengths,
            self.most_queued,
            self.most_under_way,
            sum(one.busy_seconds for one in self.workers) / (end * self.night.workers),
            self.database.busy_seconds / (end * self.night.database_cores),
        )

    def _scheduled(self) -> Iterator[tuple[float, _Sync]]:
        night = self.night
        middle = -(night.work_sigma**2) / 2  # so that the mean is what was measured
        for number in range(night.sellers):
            work = self.random.lognormvariate(middle, night.work_sigma)
            report = self.random.lognormvariate(
                math.log(night.report_median_seconds), night.report_sigma
            )
            yield number / night.starts_per_second, _Sync(-1, work, report)

    def _at(self, when: float, what: str, sync: _Sync) -> None:
        heapq.heappush(self.events, (when, next(self.order), what, sync))

    def queued(self, now: float, sync: _Sync) -> None:
        self.queue.append(sync)
        self._take(now)
        self.most_queued = max(self.most_queued, len(self.queue))

    def _take(self, now: float) -> None:
        """Workers with a free place take from the queue, the emptiest first."""
        while self.queue:
            worker = max(range(len(self.free)), key=self.free.__getitem__)
            if not self.free[worker]:
                return
            self.free[worker] -= 1
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            sync = self.queue.popleft()
            sync.worker = worker
            self._work(now, sync, self.night.share_before, "requested")

    def requested(self, now: float, sync: _Sync) -> None:
        self._at(now + sync.report_seconds, "made", sync)

    def made(self, now: float, sync: _Sync) -> None:
        self._work(now, sync, 1 - self.night.share_before, "ended")

    def ended(self, now: float, sync: _Sync) -> None:
        self.lengths.append(now)
        self.free[sync.worker] += 1
        self.under_way -= 1
        self._take(now)

    def _work(self, now: float, sync: _Sync, share: float, then: str) -> None:
        """The worker and PostgreSQL work at the same time, each on what others have left for it."""
        work = sync.seconds * share
        ours = self.workers[sync.worker].done_at(now, work * self.night.worker_seconds)
        theirs = self.database.done_at(now, work * self.night.database_seconds)
        self._at(max(ours, theirs), then, sync)


def simulate(night: Night) -> Outcome:
    """The same night for the same seed."""
    return _Simulation(night).run()


# A detection reads the seller's 18 months: docs/benchmarks.md, 45 s for a million orders.
_DETECTION_SECONDS_PER_ORDER = 45e-6
_MONTHS_KEPT = 18

# Sellers, workers, cores of PostgreSQL, orders a year of each seller: docs/scaling.md shows these rows.
_ROWS = [
    (1_000, 1, 2, 0),
    (1_000, 2, 2, 10_000),
    (10_000, 2, 4, 0),
    (10_000, 4, 8, 10_000),
    (100_000, 8, 16, 0),
    (100_000, 16, 32, 0),
    (100_000, 16, 32, 10_000),
    (3_300, 2, 4, 10_000),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sellers", type=int, help="One row of one's own.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--database-cores", type=int, default=2)
    parser.add_argument("--orders", type=int, default=0, help="Of a seller in a year.")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rows = _ROWS
    if chosen.sellers:
        rows = [(chosen.sellers, chosen.workers, chosen.database_cores, chosen.orders)]
    print(
        "| sellers | orders a year each | workers | cores of PostgreSQL | bound by | bound | end | half ended by "
        "| most queued | most under way | workers busy | PostgreSQL busy |"
    )
    print("| ---: " * 4 + "| --- " + "| ---: " * 7 + "|")
    for sellers, workers, cores, orders in rows:
        night = replace(
            Night(), sellers=sellers, workers=workers, database_cores=cores, seed=chosen.seed
        )
        detection = orders * _MONTHS_KEPT / 12 * _DETECTION_SECONDS_PER_ORDER
        night = replace(night, database_seconds=night.database_seconds + detection)
        print(_row(night, orders, simulate(night)))


def _row(night: Night, orders: int, outcome: Outcome) -> str:
    bounds = night.bound_seconds
    name = max(bounds, key=bounds.__getitem__)
    cells = (
        f"{night.sellers:,}",
        f"{orders:,}" if orders else "few",
        night.workers,
        night.database_cores,
        name,
        _minutes(bounds[name]),
        _minutes(outcome.end_seconds),
        _minutes(outcome.quantile_seconds(0.5)),
        f"{outcome.most_queued:,}",
        f"{outcome.most_under_way:,}",
        f"{outcome.workers_busy:.0%}",
        f"{outcome.database_busy:.0%}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def _minutes(seconds: float) -> str:
    return f"{seconds / MINUTE:,.0f} min"


if __name__ == "__main__":
    main()
