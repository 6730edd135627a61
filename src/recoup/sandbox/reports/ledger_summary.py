"""GET_LEDGER_SUMMARY_VIEW_DATA. Source: docs/amazon.md#ledger-summary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from recoup.sandbox.reports.ledger_detail import day_spans
from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import date_to_day, day_to_date
from recoup.sandbox.world.records import (
    RECEIPTS,
    RETURNS,
    SELLABLE,
    SHIPMENTS,
    TRANSFERS,
    VENDOR_RETURNS,
    WAREHOUSE_DAMAGED,
    Movement,
)
from recoup.sandbox.world.seller import SellerWorld
from recoup.sandbox.world.stockbook import Balance

_HEADER = (
    "Date", "FNSKU", "ASIN", "MSKU", "Title", "Disposition", "Starting Warehouse Balance",
    "In Transit Between Warehouses", "Receipts", "Customer Shipments", "Customer Returns",
    "Vendor Returns", "Warehouse Transfer In/Out", "Found", "Lost", "Damaged", "Disposed",
    "Other Events", "Ending Warehouse Balance", "Unknown Events", "Location", "Store",
)  # fmt: skip
_COLUMNS = (
    RECEIPTS, SHIPMENTS, RETURNS, VENDOR_RETURNS, TRANSFERS, "Found", "Lost", "Damaged",
    "Disposed", "Other",
)  # fmt: skip
_BY_REASON = {"F": "Found", "N": "Found", "M": "Lost", "5": "Lost", "E": "Damaged", "D": "Disposed"}

LedgerPlace = tuple[int, str, str]
"""Product, disposition, location."""


@dataclass
class _Sheet:
    """The balances of the places at one moment, and the events since."""

    balances: dict[LedgerPlace, int] = field(default_factory=lambda: defaultdict(int))
    events: dict[LedgerPlace, dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """The periods of the window, each with opening and closing balance and its events."""
    by_center = request.options.get("aggregateByLocation", "COUNTRY") != "COUNTRY"
    sheet = None
    for first, stop, name in periods(world, request):
        begins = world.profile.midnight(first)
        until = min(world.profile.midnight(stop), request.as_of)
        if sheet is None:
            opening = world.stock.balance(begins)
            sheet = _open(world, opening, by_center=by_center)
        for one in world.stock.movements(begins, until):
            place = (one.product, one.disposition, _location(world, one, by_center=by_center))
            sheet.events[place][_column(one)] += one.quantity
        transit = world.stock.in_transit(until)
        yield from _close(world, sheet, name, {} if by_center else transit)


def periods(world: SellerWorld, request: ReportRequest) -> Iterator[tuple[int, int, str]]:
    """The first local day, the day after the last, and the name in the Date column."""
    kind = request.options.get("aggregatedByTimePeriod", "MONTHLY")
    if kind == "DAILY":
        for day, stop in day_spans(world, request, 1):
            yield day, stop, f"{day_to_date(day):%m/%d/%Y}"
        return
    whole = list(day_spans(world, request, 10**6))
    if not whole:
        return
    ((day, stop),) = whole
    while day < stop:
        today = day_to_date(day)
        following = _next_week(today) if kind == "WEEKLY" else _next_month(today)
        name = f"{today:%m/%d/%Y}" if kind == "WEEKLY" else f"{today:%m/%Y}"
        yield day, min(stop, date_to_day(following)), name
        day = date_to_day(following)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _next_week(day: date) -> date:
    return day + timedelta(days=7 - day.weekday())


def _open(world: SellerWorld, balance: Balance, *, by_center: bool) -> _Sheet:
    sheet = _Sheet()
    for number, units in enumerate(balance.sellable):
        product, slot = divmod(number, 3)
        place = (product, SELLABLE, _place_name(world, product, slot, by_center=by_center))
        sheet.balances[place] += units
    for (product, slot, disposition), units in balance.unsellable.items():
        place = (product, disposition, _place_name(world, product, slot, by_center=by_center))
        sheet.balances[place] += units
    return sheet


def _close(
    world: SellerWorld, sheet: _Sheet, name: str, transit: Mapping[int, int]
) -> Iterator[Row]:
    """The rows of a period; the sheet continues with its closing balances."""
    for place in sorted(sheet.balances.keys() | sheet.events.keys()):
        start = sheet.balances.get(place, 0)
        events = sheet.events.get(place, {})
        end = start + sum(events.values())
        if start or end or events:
            yield _row(world, place, name, start, events, end, transit)
        sheet.balances[place] = end
    sheet.events.clear()


def _row(
    world: SellerWorld,
    place: LedgerPlace,
    name: str,
    start: int,
    events: dict[str, int],
    end: int,
    transit: Mapping[int, int],
) -> Row:
    index, disposition, location = place
    product = world.products[index]
    moving = 0
    if disposition == SELLABLE and location == world.profile.warehouses[product.centers[0]]:
        moving = transit.get(index, 0)
    return (
        name, product.fnsku, product.asin, product.sku, product.title, disposition, str(start),
        str(moving), *(str(events.get(column, 0)) for column in _COLUMNS), str(end), "0",
        location, "",
    )  # fmt: skip


def _column(one: Movement) -> str:
    if one.event in _COLUMNS:
        return one.event
    if one.reason == "P":
        return "Damaged" if one.disposition == WAREHOUSE_DAMAGED else "Other"
    return _BY_REASON.get(one.reason, "Other")


def _location(world: SellerWorld, one: Movement, *, by_center: bool) -> str:
    return _place_name(world, one.product, one.slot, by_center=by_center)


def _place_name(world: SellerWorld, product: int, slot: int, *, by_center: bool) -> str:
    center = world.products[product].centers[slot]
    return center if by_center else world.profile.warehouses[center]


REPORT = ReportType(
    name="GET_LEDGER_SUMMARY_VIEW_DATA",
    cadence=Cadence.DAILY,
    header=_HEADER,
    rows=_rows,
    quoted=True,
    history=timedelta(days=548),
    options=frozenset({"aggregateByLocation", "aggregatedByTimePeriod", "FNSKU", "MSKU", "ASIN"}),
    utf8=True,
)
