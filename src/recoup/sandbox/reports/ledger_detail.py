"""GET_LEDGER_DETAIL_VIEW_DATA. Source: docs/amazon.md#ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import day_to_date
from recoup.sandbox.world.records import Movement
from recoup.sandbox.world.seller import SellerWorld

_HEADER = (
    "Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Reference ID", "Quantity",
    "Fulfillment Center", "Disposition", "Reason", "Country", "Reconciled Quantity",
    "Unreconciled Quantity", "Date and Time", "Store",
)  # fmt: skip
_DAYS_AT_ONCE = 5


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """The movements of the marketplace's days that the window touches, by day."""
    wanted = request.options.get("eventType", "")
    for day, stop in day_spans(world, request):
        until = min(world.profile.midnight(stop), request.as_of)
        found = [
            one
            for one in world.stock.movements(world.profile.midnight(day), until)
            if not wanted or one.event == wanted
        ]
        for one in sorted(found, key=_rank):
            yield _row(world, one)


def day_spans(
    world: SellerWorld, request: ReportRequest, size: int = _DAYS_AT_ONCE
) -> Iterator[tuple[int, int]]:
    """The local days of the window in batches, which limit the movements held in memory."""
    if request.ends <= request.begins:
        return
    profile = world.profile
    first = max(profile.local_day(request.begins), profile.local_day(world.stock.begins))
    stop = profile.local_day(request.ends - 1) + 1
    while first < stop:
        yield first, min(first + size, stop)
        first += size


def _rank(one: Movement) -> tuple[int, int, int, str]:
    return one.at, one.product, one.slot, one.reference


def _row(world: SellerWorld, one: Movement) -> Row:
    profile, product = world.profile, world.products[one.product]
    day = day_to_date(profile.local_day(one.at))
    center = product.centers[one.slot]
    return (
        f"{day:%m/%d/%Y}", product.fnsku, product.asin, product.sku, product.title, one.event,
        one.reference, str(one.quantity), center, one.disposition, one.reason,
        profile.warehouses[center], _number(one.reconciled), _number(one.unreconciled),
        f"{day.isoformat()}T00:00:00{profile.utc_offset_hours:+03d}00", "",
    )  # fmt: skip


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


REPORT = ReportType(
    name="GET_LEDGER_DETAIL_VIEW_DATA",
    cadence=Cadence.DAILY,
    header=_HEADER,
    rows=_rows,
    quoted=True,
    history=timedelta(days=548),
    options=frozenset({"eventType"}),
    utf8=True,
    marked=True,
)
