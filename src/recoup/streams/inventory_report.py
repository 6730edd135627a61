"""The report source of inventory, for sellers of many SKUs. Source: GET_FBA_MYI_ALL_INVENTORY_DATA.

docs/amazon.md#inventory-report. One marketplace per report; the file does not name it. It has
less than the API: what it lacks is null in rows that it changes.
"""

from __future__ import annotations

from recoup.streams._report import NEAR_REAL_TIME, Field, FieldKind, Report, Statements

# Column name -> Amazon's header.
_QUANTITIES = {
    "total_quantity": "afn-total-quantity",
    "fulfillable_quantity": "afn-fulfillable-quantity",
    "inbound_working_quantity": "afn-inbound-working-quantity",
    "inbound_shipped_quantity": "afn-inbound-shipped-quantity",
    "inbound_receiving_quantity": "afn-inbound-receiving-quantity",
    "reserved_quantity": "afn-reserved-quantity",
    "researching_quantity": "afn-researching-quantity",
    "unfulfillable_quantity": "afn-unsellable-quantity",
}
UNTOLD = (
    "customer_damaged_quantity",
    "warehouse_damaged_quantity",
    "distributor_damaged_quantity",
    "carrier_damaged_quantity",
    "defective_quantity",
    "expired_quantity",
    "last_updated_at",
)
"""Columns that only the API fills."""
_TOLD = ("asin", "product_name", *_QUANTITIES)

# The API says `NewItem` where the file says `New`; otherwise they differ by signs only.
_CONDITION = (
    "case condition when 'New' then 'NewItem' "
    "else regexp_replace(coalesce(condition, ''), '[^A-Za-z]', '', 'g') end"
)

_INVENTORY = f"""
insert into inventory (
    connection_id, marketplace_id, sku, fnsku, condition, {", ".join(_TOLD)}, source
)
select distinct on (sku, fnsku, {_CONDITION})
    :connection_id, :marketplace_id, sku, fnsku, {_CONDITION}, {", ".join(_TOLD)}, :source
from staged
order by sku, fnsku, {_CONDITION}, source_line desc
on conflict (connection_id, marketplace_id, sku, fnsku, condition) do update set
    {", ".join(f"{name} = excluded.{name}" for name in (*_TOLD, *UNTOLD, "source"))},
    loaded_at = now()
where ({", ".join(f"inventory.{name}" for name in _TOLD)})
    is distinct from ({", ".join(f"excluded.{name}" for name in _TOLD)})
"""

_UNCHANGED = f"""
select count(*) - count(distinct inventory.ctid) filter (where inventory.loaded_at = now())
from (select sku, fnsku, {_CONDITION} as condition from staged) as fresh
join inventory using (sku, fnsku, condition)
where inventory.connection_id = :connection_id and inventory.marketplace_id = :marketplace_id
"""

REPORT = Report(
    report_type="GET_FBA_MYI_ALL_INVENTORY_DATA",
    fields=(
        Field("sku", ("sku",), required=True),
        Field("fnsku", ("fnsku",), default="", is_code=True),
        Field("condition", ("condition",), filled=True),
        Field("asin", ("asin",), filled=True, is_code=True),
        Field("product_name", ("product-name",), filled=True),
        *(
            Field(name, (header,), FieldKind.INTEGER, filled=True)
            for name, header in _QUANTITIES.items()
        ),
    ),
    load=Statements((_INVENTORY,), unchanged=_UNCHANGED, key=("sku", "fnsku", "condition")),
    ignored=(
        "your-price",
        "mfn-listing-exists",
        "mfn-fulfillable-quantity",
        "afn-listing-exists",
        "afn-warehouse-quantity",
        "per-unit-volume",
        "afn-reserved-future-supply",
        "afn-future-supply-buyable",
        "store",
    ),
    repeat_after=NEAR_REAL_TIME,
)
