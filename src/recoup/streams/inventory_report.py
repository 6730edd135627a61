"""The report source of inventory, for sellers of many SKUs. Source: GET_FBA_MYI_ALL_INVENTORY_DATA.

docs/amazon.md #inventory-report. One marketplace per report; the file does not name it. It tells
less than the API: what it does not tell is null in rows that it changes.
"""

from __future__ import annotations

from recoup.streams.report import NEAR_REAL_TIME, Field, Kind, Report, Statements

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
_UNTOLD = (
    "customer_damaged_quantity",
    "warehouse_damaged_quantity",
    "distributor_damaged_quantity",
    "carrier_damaged_quantity",
    "defective_quantity",
    "expired_quantity",
    "last_updated_at",
)
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
    {", ".join(f"{name} = excluded.{name}" for name in (*_TOLD, *_UNTOLD, "source"))},
    loaded_at = now()
where ({", ".join(f"inventory.{name}" for name in _TOLD)})
    is distinct from ({", ".join(f"excluded.{name}" for name in _TOLD)})
"""  # noqa: S608 - put together from constants

_UNCHANGED = f"""
select count(*) - count(distinct inventory.ctid) filter (where inventory.loaded_at = now())
from (select sku, fnsku, {_CONDITION} as condition from staged) as fresh
join inventory using (sku, fnsku, condition)
where inventory.connection_id = :connection_id and inventory.marketplace_id = :marketplace_id
"""  # noqa: S608 - put together from constants

REPORT = Report(
    report_type="GET_FBA_MYI_ALL_INVENTORY_DATA",
    fields=(
        Field("sku", ("sku",), required=True),
        Field("fnsku", ("fnsku",), default=""),
        Field("condition", ("condition",)),
        Field("asin", ("asin",)),
        Field("product_name", ("product-name",)),
        *(Field(name, (header,), Kind.INTEGER) for name, header in _QUANTITIES.items()),
    ),
    load=Statements((_INVENTORY,), unchanged=_UNCHANGED),
    repeat_after=NEAR_REAL_TIME,
)
