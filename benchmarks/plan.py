"""What a sync costs at Amazon's default limits: planned, lived through on a virtual clock, and bounded.

Sellers of 1,000 to a million orders a year read all of recoup's streams, for the first time and a
day later. Beside them what the limits alone impose on two other ways to get the orders. Run with
`make bench-plan`; the formula and what the columns mean are printed.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.virtual import Outcome, Seller, VirtualSync, lognormal
from recoup.ids import ConnectionId, SyncId
from recoup.spapi.operation import UsagePlan
from recoup.streams import all_streams
from recoup.streams._stream import Scope, Snapshot
from recoup.streams._window import Window
from recoup.sync.cursors.next_window import begin
from recoup.sync.cursors.queries import Cursor
from recoup.sync.pacing.bounds import Usage, full, seconds_until
from recoup.sync.planning.body import densities, plan_row
from recoup.sync.planning.channel_choice import Missing, duration
from recoup.sync.planning.forecast import Known
from recoup.sync.planning.make import documented_usage, operations_of, repeat_after

_NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
_US = "ATVPDKIKX0DER"
_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_YEAR = timedelta(days=365)
# Rows of a stream for each order: the transactions are our assumption, the rest is as the sandbox's
# world has it.
_PER_ORDER = {
    "orders": 1.0,
    "transactions": 1.3,
    "ledger": 2.0,
    "returns": 0.08,
    "shipments": 0.005,
    "shipment_items": 0.03,
    "inbound_plans": 0.001,
}
_FEW = 0.01

ORDERS_V0 = UsagePlan(rate=0.0167, burst=20)
ORDER_ITEMS_V0 = UsagePlan(rate=0.5, burst=30)
SEARCH_ORDERS = UsagePlan(rate=0.0056, burst=20)


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    orders: int
    kind: str
    outcome: Outcome

    @property
    def ratio(self) -> float:
        """To the bound of the buckets and the time that Amazon took for a report."""
        allowed = self.outcome.bound_seconds + self.outcome.reports_seconds
        return self.outcome.seconds / allowed


def seller_of(orders: int, seed: int) -> Seller:
    """Growing by a third in the year, with a season, reports as the sandbox makes them."""
    dice = random.Random(seed)

    def per_day(share: float) -> Callable[[float], float]:
        mean = orders / 365 * share

        def at(moment: float) -> float:
            return mean * (1 + 0.3 * (moment - 0.5)) * (1 + 0.4 * math.sin(2 * math.pi * moment))

        return at

    skus = round(orders**0.7)
    return Seller(
        rows_per_day={s.name: per_day(_PER_ORDER.get(s.name, _FEW)) for s in all_streams()},
        rows={
            s.name: {"inventory": skus, "fee_preview": skus, "settlements": orders // 4}.get(
                s.name, 20
            )
            for s in all_streams()
        },
        generation=lognormal(dice, 200, 0.4),
    )


def missing_at(now: datetime, last: datetime | None) -> list[Missing]:
    """What a sync at `now` reads, after a whole one at `last` or none."""
    parts = []
    for stream in all_streams():
        scope = "" if stream.scope is Scope.REGION else _US
        cursor = Cursor(ConnectionId("bench"), stream.name, scope)
        if last is not None:
            closed = () if isinstance(stream.cursor, Snapshot) else (Window(last - _YEAR, last),)
            cursor = Cursor(ConnectionId("bench"), stream.name, scope, closed=closed, read_at=last)
        todo = begin(
            cursor,
            stream,
            SyncId("bench"),
            now=now,
            marketplace_ids=[_US],
            repeat_after=repeat_after(stream),
        ).todo
        parts += [Missing(stream, scope, todo)] if todo else []
    return parts


def run_both(orders: int) -> list[Case]:
    """The first sync, and one a day later that knows what the first has seen."""
    streams, seller = all_streams(), seller_of(orders, seed=orders)
    plans = {operation.name: operation.plan for operation in operations_of(streams)}
    nothing = Known(usage=documented_usage(streams))
    first = VirtualSync(seller, missing_at(_NOW, None), nothing, plans).run()
    per_day, whole = densities([plan_row(first.plan, _NOW)])
    known = Known(
        usage=documented_usage(streams),
        report_seconds=first.plan.known.report_seconds,
        rows_per_day=per_day,
        rows=whole,
    )
    tomorrow = _NOW + timedelta(days=1)
    daily = VirtualSync(seller, missing_at(tomorrow, _NOW), known, plans).run()
    return [Case(orders, "first", first), Case(orders, "daily", daily)]


def others(orders: int) -> Mapping[str, float]:
    """What the limits impose on two other ways, with full buckets and no latency: seconds."""

    def wait(calls: int, plan: UsagePlan) -> float:
        usage: Usage = full(plan)
        return seconds_until(calls, usage)

    pages = math.ceil(orders / 100)
    return {
        "Orders v0, items per order": max(wait(pages, ORDERS_V0), wait(orders, ORDER_ITEMS_V0)),
        "searchOrders page by page": wait(pages, SEARCH_ORDERS),
    }


def show(cases: list[Case]) -> None:
    print(
        "Formula: t = max(0, n - burst) / rate per operation; the bound of a sync is the largest t."
    )
    print(
        "ratio = actual / (bound + the longest report). Virtual clock, Amazon's default limits.\n"
    )
    print(
        "| orders a year | sync | calls | reports | predicted at start | actual | bound | longest report | ratio | 429 |"
    )
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for case in cases:
        one = case.outcome
        print(
            f"| {case.orders:,} | {case.kind} | {one.calls.total():,} | {one.calls['createReport']} "
            f"| {duration(one.plan.predicted_seconds)} | {duration(one.seconds)} "
            f"| {duration(one.bound_seconds)} | {duration(one.reports_seconds)} "
            f"| {case.ratio:.2f} | {one.refused} |"
        )


def show_others(sizes: tuple[int, ...]) -> None:
    print(
        "\nThe orders alone, other ways, at least (the same formula, one seller, full buckets):\n"
    )
    print("| orders | sync | Orders v0, items per order | searchOrders page by page |")
    print("| ---: | --- | ---: | ---: |")
    for size in sizes:
        for kind, count in (("first", size), ("daily", max(1, size // 365))):
            told = " | ".join(duration(seconds) for seconds in others(count).values())
            print(f"| {size:,} | {kind} | {told} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="*", default=list(_SIZES))
    sizes = tuple(parser.parse_args().orders)
    cases = [case for size in sizes for case in run_both(size)]
    show(cases)
    show_others(sizes)
    slow = [
        case
        for case in cases
        if case.kind == "first"
        and case.outcome.seconds > 1.05 * case.outcome.bound_seconds + case.outcome.reports_seconds
    ]
    assert not slow, f"more than 1.05 x bound + report generation: {slow}"
    assert not any(case.outcome.refused for case in cases), "a 429 on our own account"


if __name__ == "__main__":
    main()
