"""The ledger also has units of the Low-Cost Store: country CN, fulfillment center XCND.

Another program with units of its own, which come in, are sold and get lost there; no policy of FBA
pays for them. Source: Amazon, help page G4FKT5KQWFFJ7LDN, read 2026-11-28.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from recoup.sandbox.oddities._oddity import File, Oddity, Row, Sheet, Step
from recoup.sandbox.reports.ledger_summary import periods
from recoup.sandbox.world.catalogue import Product
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import date_to_day, day_to_date
from recoup.sandbox.world.records import ADJUSTMENTS, RECEIPTS, SELLABLE, SHIPMENTS

_STORE, _CENTER, _COUNTRY = "Low-Cost Store", "XCND", "CN"
_MONTH = ((3, RECEIPTS, 4, ""), (10, SHIPMENTS, -3, ""), (17, ADJUSTMENTS, -1, "M"))
"""What happens on which day of every month, for one product of five."""
_COLUMNS = {RECEIPTS: "Receipts", SHIPMENTS: "Customer Shipments", ADJUSTMENTS: "Lost"}


def _sheet(sheet: Sheet, file: File) -> Sheet:
    if file.kind.name == "GET_LEDGER_DETAIL_VIEW_DATA":
        return sheet.having(rows=_movements(sheet, file))
    if file.kind.name == "GET_LEDGER_SUMMARY_VIEW_DATA":
        return sheet.having(rows=_balances(sheet, file))
    return sheet


def _days(file: File) -> Iterator[date]:
    """The whole local days of the window."""
    profile, request = file.world.profile, file.request
    first = max(profile.local_day(request.begins), profile.local_day(file.world.stock.begins))
    for day in range(first, profile.local_day(request.ends)):
        yield day_to_date(day)


def _products(file: File) -> Iterator[Product]:
    return (one for one in file.world.products if one.index % 5 == 0)


def _movements(sheet: Sheet, file: File) -> Iterator[Row]:
    yield from sheet.rows
    wanted = file.request.options.get("eventType", "")
    for day in _days(file):
        for on, event, quantity, reason in _MONTH:
            if day.day == on and wanted in {"", event}:
                for product in _products(file):
                    yield _movement(sheet, file, day, product, event, quantity, reason)


def _movement(
    sheet: Sheet, file: File, day: date, product: Product, event: str, quantity: int, reason: str
) -> Row:
    number = Dice(file.world.key, f"low-cost-{event}", product.index, date_to_day(day))
    cells = {
        "Date": f"{day:%m/%d/%Y}",
        "FNSKU": product.fnsku,
        "ASIN": product.asin,
        "MSKU": product.sku,
        "Title": product.title,
        "Event Type": event,
        "Reference ID": "" if event == SHIPMENTS else str(10**12 + number.roll(10**12)),
        "Quantity": str(quantity),
        "Fulfillment Center": _CENTER,
        "Disposition": SELLABLE,
        "Reason": reason,
        "Country": _COUNTRY,
        "Reconciled Quantity": "0" if reason else "",
        "Unreconciled Quantity": str(-quantity) if reason else "",
        "Date and Time": f"{day.isoformat()}T00:00:00{file.world.profile.utc_offset_hours:+03d}00",
        "Store": _STORE,
    }
    return tuple(cells[name] for name in sheet.header)


def _balances(sheet: Sheet, file: File) -> Iterator[Row]:
    """One row per product and period. Every month ends as it began, with none."""
    yield from sheet.rows
    by_center = file.request.options.get("aggregateByLocation", "COUNTRY") != "COUNTRY"
    whole = file.world.profile.local_day(file.request.ends)
    for first, stop, name in periods(file.world, file.request):
        days = [day_to_date(day) for day in range(first, min(stop, whole))]
        start = sum(units for on, _, units, _ in _MONTH if on < day_to_date(first).day)
        events: Counter[str] = Counter()
        for day in days:
            events.update({event: units for on, event, units, _ in _MONTH if on == day.day})
        if not start and not events:
            continue
        for product in _products(file):
            cells = dict.fromkeys(sheet.header, "0") | {
                "Date": name,
                "FNSKU": product.fnsku,
                "ASIN": product.asin,
                "MSKU": product.sku,
                "Title": product.title,
                "Disposition": SELLABLE,
                "Starting Warehouse Balance": str(start),
                "Ending Warehouse Balance": str(start + events.total()),
                "Location": _CENTER if by_center else _COUNTRY,
                "Store": _STORE,
                **{_COLUMNS[event]: str(units) for event, units in events.items()},
            }
            yield tuple(cells[column] for column in sheet.header)


ODDITY = Oddity(Step.CONTENT, sheet=_sheet)
