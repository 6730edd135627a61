"""A row of stock as getInventorySummaries shows it. Source: model fbaInventory."""

from __future__ import annotations

from hashlib import blake2b

from recoup.sandbox.answers import Json
from recoup.sandbox.listings import Listing
from recoup.sandbox.world.dice import code
from recoup.sandbox.world.instants import Instant, to_text
from recoup.sandbox.world.stock import StockRow

_TERMS = ("ShortTerm", "MidTerm", "LongTerm")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def row_json(row: StockRow, *, details: bool) -> Json:
    product = row.product
    summary = _summary(
        asin=product.asin,
        fnsku=product.fnsku,
        sku=product.sku,
        name=product.title,
        updated=row.last_updated,
        total=row.total,
    )
    if not details:
        return summary
    quantities: dict[str, Json] = {
        "fulfillableQuantity": row.fulfillable,
        "inboundWorkingQuantity": row.inbound_working,
        "inboundShippedQuantity": row.inbound_shipped,
        "inboundReceivingQuantity": row.inbound_receiving,
        "reservedQuantity": {
            "totalReservedQuantity": row.reserved,
            "pendingCustomerOrderQuantity": row.reserved_orders,
            "pendingTransshipmentQuantity": row.reserved_transfer,
            "fcProcessingQuantity": row.reserved_processing,
        },
        "researchingQuantity": _researching(row.researching),
        "unfulfillableQuantity": {
            "totalUnfulfillableQuantity": row.unfulfillable,
            "customerDamagedQuantity": row.customer_damaged,
            "warehouseDamagedQuantity": row.warehouse_damaged,
            "distributorDamagedQuantity": row.distributor_damaged,
            "carrierDamagedQuantity": row.carrier_damaged,
            "defectiveQuantity": row.defective,
            "expiredQuantity": 0,
        },
    }
    return {**summary, "inventoryDetails": quantities}


def listing_json(key: bytes, listing: Listing, *, details: bool) -> Json:
    """A product that a client created: all its units can be sold."""
    number = int.from_bytes(blake2b(listing.sku.encode(), digest_size=7).digest())
    summary = _summary(
        asin=f"B0{code(key, 'listing-asin', number, _LETTERS, 8)}",
        fnsku=f"X00{code(key, 'listing-fnsku', number, _LETTERS, 7)}",
        sku=listing.sku,
        name=listing.name,
        updated=listing.updated,
        total=listing.quantity,
    )
    if not details:
        return summary
    quantities: dict[str, Json] = {
        "fulfillableQuantity": listing.quantity,
        "inboundWorkingQuantity": 0,
        "inboundShippedQuantity": 0,
        "inboundReceivingQuantity": 0,
        "reservedQuantity": {"totalReservedQuantity": 0},
        "researchingQuantity": _researching((0, 0, 0)),
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": 0},
    }
    return {**summary, "inventoryDetails": quantities}


def _summary(
    *, asin: str, fnsku: str, sku: str, name: str, updated: Instant, total: int
) -> dict[str, Json]:
    return {
        "asin": asin,
        "fnSku": fnsku,
        "sellerSku": sku,
        "condition": "NewItem",
        "lastUpdatedTime": to_text(updated),
        "productName": name,
        "totalQuantity": total,
        "stores": [],
    }


def _researching(quantities: tuple[int, int, int]) -> Json:
    return {
        "totalResearchingQuantity": sum(quantities),
        "researchingQuantityBreakdown": [
            {"name": f"researchingQuantityIn{term}", "quantity": quantity}
            for term, quantity in zip(_TERMS, quantities, strict=True)
        ],
    }
