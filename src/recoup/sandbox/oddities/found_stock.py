"""Some units of a shipment arrive without a readable label and are received as Amazon.Found.<ASIN>.

They count in no received quantity of the shipment; the ledger has them with the shipment's id and an
FNSKU of Amazon's, and moves them to the seller's FNSKU the same day. Source: Amazon, help page
G4FKT5KQWFFJ7LDN, read 2026-11-28.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json
from recoup.sandbox.oddities._bodies import each, within
from recoup.sandbox.oddities._oddity import File, Oddity, Sheet, Step, each_row
from recoup.sandbox.reports.ledger_summary import periods
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import Instant, date_to_day
from recoup.sandbox.world.records import ADJUSTMENTS, RECEIPTS, SELLABLE, InboundShipment, Movement
from recoup.sandbox.world.seller import SellerWorld

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

_Row = dict[str, str]
_PER_MILLE = 200


def found_fnsku(fnsku: str) -> str:
    return f"X0FD{fnsku[-6:]}"


def found_units(world: SellerWorld, reference: str, fnsku: str, day: date, quantity: int) -> int:
    """The number of units of one receipt of a shipment that came without a label."""
    dice = Dice(world.key, f"found-{reference}-{fnsku}", date_to_day(day), quantity)
    return min(quantity, dice.between(1, 3)) if dice.happens(_PER_MILLE) else 0


def _sheet(sheet: Sheet, file: File) -> Sheet:
    if file.kind.name == "GET_LEDGER_DETAIL_VIEW_DATA":
        return each_row(sheet, lambda row: _movement(row, file.world))
    if file.kind.name == "GET_LEDGER_SUMMARY_VIEW_DATA":
        return sheet.having(rows=_with_found(sheet, file))
    return sheet


def _movement(row: _Row, world: SellerWorld) -> Iterator[_Row]:
    units = 0
    if (row["Event Type"], row["Disposition"]) == (RECEIPTS, SELLABLE):
        day = datetime.strptime(row["Date"], "%m/%d/%Y").date()  # noqa: DTZ007 - a date alone
        quantity = int(row["Quantity"])
        units = found_units(world, row["Reference ID"], row["FNSKU"], day, quantity)
    if not units:
        yield row
        return
    if int(row["Quantity"]) > units:
        yield row | {"Quantity": str(int(row["Quantity"]) - units)}
    nameless = row | {
        "FNSKU": found_fnsku(row["FNSKU"]),
        "MSKU": f"Amazon.Found.{row['ASIN']}",
        "Quantity": str(units),
    }
    yield nameless
    number = int(blake2b("".join(row.values()).encode(), digest_size=5).hexdigest(), 16)
    moved = {"Event Type": ADJUSTMENTS, "Reference ID": str(number)}
    done = {"Reconciled Quantity": str(units), "Unreconciled Quantity": "0"}
    yield nameless | moved | done | {"Quantity": f"-{units}", "Reason": "4"}
    yield row | moved | done | {"Quantity": str(units), "Reason": "3"}


def _with_found(sheet: Sheet, file: File) -> Iterator[tuple[str, ...]]:
    """Receipts of found units are other events of the product, and a separate row."""
    found = _found_by_period(file)
    for cells in sheet.rows:
        row = dict(zip(sheet.header, cells, strict=True))
        units = 0
        if row["Disposition"] == SELLABLE:
            units = found.get((row["Date"], row["FNSKU"], row["Location"]), 0)
        if not units:
            yield cells
            continue
        receipts, other = int(row["Receipts"]) - units, int(row["Other Events"]) + units
        yield tuple((row | {"Receipts": str(receipts), "Other Events": str(other)}).values())
        none = dict.fromkeys(sheet.header[6:20], "0")
        moved = {"Receipts": str(units), "Other Events": str(-units)}
        names = {"FNSKU": found_fnsku(row["FNSKU"]), "MSKU": f"Amazon.Found.{row['ASIN']}"}
        yield tuple((row | none | names | moved).values())


def _found_by_period(file: File) -> Counter[tuple[str, str, str]]:
    """Found units by the name of the period, FNSKU and location."""
    world, profile = file.world, file.world.profile
    by_center = file.request.options.get("aggregateByLocation", "COUNTRY") != "COUNTRY"
    units: Counter[tuple[str, str, str]] = Counter()
    for first, stop, name in periods(world, file.request):
        until = min(profile.midnight(stop), file.request.as_of)
        for one in world.stock.movements(profile.midnight(first), until):
            if (one.event, one.disposition) != (RECEIPTS, SELLABLE):
                continue
            product, center = world.products[one.product], _center(world, one)
            location = center if by_center else profile.warehouses[center]
            day = profile.local_date(Instant(one.at))
            units[name, product.fnsku, location] += found_units(
                world, one.reference, product.fnsku, day, one.quantity
            )
    return units


def _center(world: SellerWorld, one: Movement) -> str:
    return world.products[one.product].centers[one.slot]


def _answer(call: Call, operation: str, body: Json) -> Json:
    if operation not in {"getShipmentItems", "getShipmentItemsByShipmentId"}:
        return body
    shipments = {one.confirmation_id: one for one in call.seller.inbound_shipments(call.edge)}

    def told(item: dict[str, Json]) -> Json:
        shipment = shipments[str(item["ShipmentId"])]
        found = _found_of(call, shipment, str(item["SellerSKU"]))
        received = item["QuantityReceived"]
        assert isinstance(received, int)
        return {**item, "QuantityReceived": received - found}

    return within(body, ("payload", "ItemData"), lambda items: each(items, told))


def _found_of(call: Call, shipment: InboundShipment, sku: str) -> int:
    world = call.world
    return sum(
        found_units(
            world,
            shipment.confirmation_id,
            world.products[item.product].fnsku,
            world.profile.local_date(Instant(one.at)),
            one.quantity,
        )
        for item in shipment.items
        if world.products[item.product].sku == sku
        for one in item.receipts
        if one.at < call.edge and one.disposition == SELLABLE
    )


ODDITY = Oddity(Step.CONTENT, sheet=_sheet, answer=_answer)
