"""Grade and Resell: returns damaged by the buyer become used stock under a SKU of Amazon's.

The unit is booked in damaged, leaves that state, and is received again as amzn.gr.<sku>-<hash>-VG with
an FNSKU of its own, where it can be sold. Source: reports of sellers in the program, read 2026-11-28.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json
from recoup.sandbox.oddities._bodies import members, objects, within
from recoup.sandbox.oddities._oddity import File, Oddity, Sheet, Step, each_row
from recoup.sandbox.world.catalogue import Product
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.records import (
    ADJUSTMENTS,
    CUSTOMER_DAMAGED,
    RECEIPTS,
    RETURNS,
    SELLABLE,
    VENDOR_RETURNS,
)
from recoup.sandbox.world.seller import SellerWorld

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

_Row = dict[str, str]
_LATEST_PARCEL = 40 * DAY


def graded_sku(sku: str) -> str:
    """Amazon's SKU for the used units of a seller's SKU."""
    return f"amzn.gr.{sku}-{blake2b(sku.encode(), digest_size=4).hexdigest()}-VG"


def graded_fnsku(fnsku: str) -> str:
    return f"X0GR{fnsku[-6:]}"


def _sheet(sheet: Sheet, file: File) -> Sheet:
    if file.kind.name == "GET_LEDGER_DETAIL_VIEW_DATA":
        return each_row(sheet, _movement)
    if file.kind.name == "GET_LEDGER_SUMMARY_VIEW_DATA":
        return each_row(sheet, _balance)
    if file.kind.name == "GET_AFN_INVENTORY_DATA":
        return each_row(sheet, lambda row: _in_stock(row, _damaged_now(file)))
    if file.kind.name.startswith("GET_FBA_MYI_"):
        return each_row(sheet, lambda row: _managed(row, _damaged_now(file)))
    if file.kind.name == "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA":
        removed = _removed(file)
        return each_row(sheet, lambda row: _ordered(row, removed))
    if file.kind.name == "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA":
        removed = _removed(file)
        return each_row(sheet, lambda row: _parcel(row, removed))
    return sheet


def _graded(row: _Row, sku: str, fnsku: str) -> _Row:
    return row | {sku: graded_sku(row[sku]), fnsku: graded_fnsku(row[fnsku])}


def _movement(row: _Row) -> Iterator[_Row]:
    """The return, the way out of the damaged state, and the way in as a used unit; or the way home."""
    if row["Disposition"] != CUSTOMER_DAMAGED:
        yield row
    elif row["Event Type"] == RETURNS:
        out = {"Event Type": ADJUSTMENTS, "Quantity": f"-{row['Quantity']}", "Reason": "Q"}
        done = {"Reconciled Quantity": row["Quantity"], "Unreconciled Quantity": "0"}
        digest = blake2b("".join(row.values()).encode(), digest_size=5).hexdigest()
        yield row
        yield row | out | done | {"Reference ID": str(int(digest, 16))}
        into = {"Event Type": RECEIPTS, "Disposition": SELLABLE, "Reference ID": f"GR{digest}"}
        yield _graded(row, "MSKU", "FNSKU") | into
    else:
        assert row["Event Type"] == VENDOR_RETURNS, row
        yield _graded(row, "MSKU", "FNSKU") | {"Disposition": SELLABLE}


def _balance(row: _Row) -> Iterator[_Row]:
    """The damaged units of a place as those that came and left, and the used ones that stayed."""
    if row["Disposition"] != CUSTOMER_DAMAGED:
        yield row
        return
    came = int(row["Customer Returns"])
    if came:
        passed = {"Vendor Returns": "0", "Other Events": str(-came)}
        none = {"Starting Warehouse Balance": "0", "Ending Warehouse Balance": "0"}
        yield row | passed | none
    used = {"Disposition": SELLABLE, "Receipts": str(came), "Customer Returns": "0"}
    yield _graded(row, "MSKU", "FNSKU") | used


def _damaged_now(file: File) -> dict[str, int]:
    """Units by SKU that the world stores as damaged by buyers."""
    return _damaged(file.world, file.request.as_of)


def _damaged(world: SellerWorld, edge: Instant) -> dict[str, int]:
    return {row.product.sku: row.customer_damaged for row in world.stock_rows(edge)}


def _in_stock(row: _Row, damaged: dict[str, int]) -> Iterator[_Row]:
    name = "Quantity Available"
    units = damaged[row["seller-sku"]]
    if row["Warehouse-Condition-code"] != "UNSELLABLE" or not units:
        yield row
        return
    if int(row[name]) > units:
        yield row | {name: str(int(row[name]) - units)}
    used = {
        name: str(units),
        "Warehouse-Condition-code": SELLABLE,
        "condition-type": "UsedVeryGood",
    }
    yield _graded(row, "seller-sku", "fulfillment-channel-sku") | used


def _managed(row: _Row, damaged: dict[str, int]) -> Iterator[_Row]:
    units = damaged[row["sku"]]
    less = ("afn-warehouse-quantity", "afn-unsellable-quantity", "afn-total-quantity")
    yield row | {name: str(int(row[name]) - units) for name in less}
    if units:
        none = {name: "0" for name in row if name.startswith("afn-") and name.endswith("-quantity")}
        more = ("afn-warehouse-quantity", "afn-fulfillable-quantity", "afn-total-quantity")
        used = {"condition": "UsedVeryGood", **{name: str(units) for name in more}}
        yield _graded(row, "sku", "fnsku") | none | used


def _removed(file: File) -> Counter[str]:
    """Used units by removal order, of those that the window can contain."""
    units: Counter[str] = Counter()
    since = file.request.begins - _LATEST_PARCEL
    for one in file.world.stock.movements(since, file.request.as_of + _LATEST_PARCEL):
        if one.event == VENDOR_RETURNS and one.disposition == CUSTOMER_DAMAGED:
            units[one.reference] -= one.quantity
    return units


_OF_ORDER = (
    "requested-quantity", "cancelled-quantity", "disposed-quantity", "shipped-quantity",
    "in-process-quantity",
)  # fmt: skip


def _ordered(row: _Row, removed: Counter[str]) -> Iterator[_Row]:
    return _parts(row, removed, _OF_ORDER)


def _parcel(row: _Row, removed: Counter[str]) -> Iterator[_Row]:
    return _parts(row, removed, ("shipped-quantity",))


def _parts(row: _Row, removed: Counter[str], quantities: tuple[str, ...]) -> Iterator[_Row]:
    """The row without its used units, and the row of those. Such an order has one parcel."""
    used = removed[row["order-id"]]
    if not used:
        yield row
        return
    left = {name: str(max(0, int(row[name]) - used)) for name in quantities}
    if any(int(units) for units in left.values()):
        yield row | left
    taken = {name: str(min(used, int(row[name]))) for name in quantities}
    yield _graded(row, "sku", "fnsku") | taken | {"disposition": "Sellable"}


def _answer(call: Call, operation: str, body: Json) -> Json:
    if operation != "getInventorySummaries":
        return body
    damaged = _damaged(call.world, call.edge)
    products = {one.sku: one for one in call.world.products}

    def told(found: Json) -> Json:
        rows: list[Json] = []
        for row in objects(found):
            product, units = (
                products.get(str(row["sellerSku"])),
                damaged.get(str(row["sellerSku"]), 0),
            )
            if product is None or not units:
                rows.append(row)
            else:
                rows += [_without(row, units), _used(row, product, units)]
        return rows

    return within(body, ("payload", "inventorySummaries"), told)


def _number(value: Json) -> int:
    assert isinstance(value, int)
    return value


def _without(row: dict[str, Json], units: int) -> Json:
    told = {**row, "totalQuantity": _number(row["totalQuantity"]) - units}
    broken = members(members(row.get("inventoryDetails")).get("unfulfillableQuantity"))
    if not broken:
        return told
    total = _number(broken["totalUnfulfillableQuantity"]) - units
    none: Json = {**broken, "totalUnfulfillableQuantity": total, "customerDamagedQuantity": 0}
    return within(told, ("inventoryDetails", "unfulfillableQuantity"), lambda _: none)


def _used(row: dict[str, Json], product: Product, units: int) -> Json:
    told: dict[str, Json] = {
        **row,
        "sellerSku": graded_sku(product.sku),
        "fnSku": graded_fnsku(product.fnsku),
        "condition": "UsedVeryGood",
        "totalQuantity": units,
    }
    if "inventoryDetails" in row:
        told["inventoryDetails"] = {"fulfillableQuantity": units}
    return told


ODDITY = Oddity(Step.CONTENT, sheet=_sheet, answer=_answer, hides_facts=True)
