"""FBA stock per SKU, now. Source: getInventorySummaries with details (docs/amazon.md#inventory).

The page token lives 30 seconds, so the next page is requested before the last one is stored. The
source misses changes of inbound quantities when only changes are requested, so every pass is a full
one. For many SKUs a report is safer (recoup.streams.inventory_report). A SKU that a pass does not mention keeps its row: passes were seen to miss some.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Text, text

from recoup.spapi.client import SpApi
from recoup.spapi.operations.inventory import GET_INVENTORY_SUMMARIES, get_inventory_summaries
from recoup.spapi.paging import OperationPage
from recoup.streams._item import Item, find_integer, find_text, find_time, get_text, reads
from recoup.streams._stream import (
    Api,
    History,
    InSandbox,
    Parsed,
    Request,
    Scope,
    Snapshot,
    Stream,
)
from recoup.streams._table import TIME, history_table, stream_table
from recoup.streams.inventory_report import REPORT

# Column name -> where it stands below inventoryDetails.
_QUANTITIES: dict[str, tuple[str, ...]] = {
    "fulfillable_quantity": ("fulfillableQuantity",),
    "inbound_working_quantity": ("inboundWorkingQuantity",),
    "inbound_shipped_quantity": ("inboundShippedQuantity",),
    "inbound_receiving_quantity": ("inboundReceivingQuantity",),
    "reserved_quantity": ("reservedQuantity", "totalReservedQuantity"),
    "researching_quantity": ("researchingQuantity", "totalResearchingQuantity"),
    "unfulfillable_quantity": ("unfulfillableQuantity", "totalUnfulfillableQuantity"),
    "customer_damaged_quantity": ("unfulfillableQuantity", "customerDamagedQuantity"),
    "warehouse_damaged_quantity": ("unfulfillableQuantity", "warehouseDamagedQuantity"),
    "distributor_damaged_quantity": ("unfulfillableQuantity", "distributorDamagedQuantity"),
    "carrier_damaged_quantity": ("unfulfillableQuantity", "carrierDamagedQuantity"),
    "defective_quantity": ("unfulfillableQuantity", "defectiveQuantity"),
    "expired_quantity": ("unfulfillableQuantity", "expiredQuantity"),
}

TABLE = stream_table(
    "inventory",
    key=["marketplace_id", "sku", "fnsku", "condition"],
    columns=[
        Column("marketplace_id", Text),
        Column("sku", Text),
        # '' where Amazon names none: a part of the key cannot be null.
        Column("fnsku", Text),
        Column("condition", Text),
        Column("asin", Text),
        Column("product_name", Text),
        Column("total_quantity", Integer),
        *(Column(name, Integer) for name in _QUANTITIES),
        Column("last_updated_at", TIME),
    ],
    indexes=[
        # For the list of the API, where stock without a time comes last.
        Index(
            "inventory_changed_at_idx",
            "connection_id",
            text("COALESCE(last_updated_at, '1970-01-01 00:00:00+00'::timestamp with time zone)"),
            "marketplace_id",
            "sku",
        ),
        Index("inventory_sku_idx", "connection_id", "sku"),
        Index("inventory_fnsku_idx", "connection_id", "fnsku"),
    ],
)

# Amazon reports only today's stock, so we keep earlier reports.
_TRACKED = (
    "total_quantity",
    "fulfillable_quantity",
    "inbound_working_quantity",
    "inbound_shipped_quantity",
    "inbound_receiving_quantity",
    "reserved_quantity",
    "researching_quantity",
    "unfulfillable_quantity",
)
HISTORY = history_table(TABLE, _TRACKED)


async def fetch(api: SpApi, request: Request) -> OperationPage:
    return await get_inventory_summaries(
        api, marketplace_id=request.marketplace_ids[0], page_token=request.page_token
    )


_READS = reads(
    *("sellerSku", "fnSku", "condition", "asin", "productName", "totalQuantity", "lastUpdatedTime"),
    *(f"inventoryDetails.{'.'.join(path)}" for path in _QUANTITIES.values()),
)


def parse(item: Item, request: Request) -> Parsed:
    return Parsed(
        row={
            "marketplace_id": request.marketplace_ids[0],
            "sku": get_text(item, "sellerSku"),
            "fnsku": find_text(item, "fnSku") or "",
            "condition": find_text(item, "condition") or "",
            "asin": find_text(item, "asin"),
            "product_name": find_text(item, "productName"),
            "total_quantity": find_integer(item, "totalQuantity"),
            **{
                name: find_integer(item, "inventoryDetails", *path)
                for name, path in _QUANTITIES.items()
            },
            # Amazon sends an empty text for stock that never changed.
            "last_updated_at": find_time(item, "lastUpdatedTime")
            if item.get("lastUpdatedTime")
            else None,
        }
    )


STREAM = Stream(
    name="inventory",
    noun="SKUs",
    table=TABLE,
    scope=Scope.MARKETPLACE,
    cursor=Snapshot(),
    api=Api(
        operation=GET_INVENTORY_SUMMARIES,
        page_size=50,
        fetch=fetch,
        parse=parse,
        reads=_READS,
        in_sandbox=InSandbox.AS_PRODUCTION,
        # Staff: there is no way to check first (docs/amazon.md#inventory).
        refused_means="this account has no FBA stock",
    ),
    report=REPORT,
    history=History(HISTORY, _TRACKED),
)
