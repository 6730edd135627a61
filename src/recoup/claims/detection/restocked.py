"""Returned units that reached stock, and those that did not (docs/rules.md#return_not_restocked).

detect_graded      units that Amazon put back as graded stock of a SKU
detect_return_day  what came back and what reached stock, by product, warehouse and day
detect_unstocked   returned units that the ledger never put back into stock
"""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

# Stock that Amazon made of a return: `amzn.gr.<sku>-<hash>-VG`. A unit of it is a unit of the SKU that
# its name holds, restocked at a lower value (docs/claims.md#one-unit-several-names).
GRADED = TemporaryTable(
    "detect_graded",
    "graded_id bigint, event_on date, base_sku text, fnsku text, units integer, reference jsonb",
    r"""
select row_number() over (order by event_on, source_line), event_on,
    substring(msku from '^amzn\.gr\.(.+)-[^-]+-[A-Za-z]+$'), fnsku, quantity,
    jsonb_build_object('table', 'ledger', 'event_on', event_on, 'fnsku', fnsku, 'msku', msku,
        'quantity', quantity, 'event_type', event_type, 'source', source, 'source_line', source_line)
from ledger
where connection_id = :connection_id and event_on <= :as_of and quantity > 0 and msku like 'amzn.gr.%'
    and (event_type in ('Receipts', 'CustomerReturns')
        or event_type = 'Adjustments' and reason in ('3', '4'))
""",
    ("base_sku",),
    reads={"ledger": ("event_on", "event_type", "fnsku", "msku", "quantity", "reason")},
)

# The ledger knows no order, so units are compared by FNSKU, warehouse and day (docs/rules.md#return_not_restocked): stock shows
# fewer from three days before to three days after the return, and still fewer after 14 days, when
# the returns of the days between are counted too. A unit that reached stock in another state is
# there, so the sums of all states must be short as well. Out of returns is plus, into stock minus.
RETURN_DAYS = TemporaryTable(
    "detect_return_day",
    """fnsku text, fulfillment_center text, moved_on date, is_return boolean, units integer,
    sellable integer""",
    """
select fnsku, fulfillment_center, returned_on, true, sum(units),
    coalesce(sum(units) filter (where is_restocked and disposition = 'SELLABLE'), 0)
from detect_return
where fnsku <> '' and fulfillment_center <> ''
group by fnsku, fulfillment_center, returned_on
union all
select fnsku, fulfillment_center, event_on, false, -sum(quantity),
    -coalesce(sum(quantity) filter (where upper(disposition) = 'SELLABLE'), 0)
from ledger
where connection_id = :connection_id and event_type = 'CustomerReturns' and event_on <= :as_of
    and fnsku in (select fnsku from detect_return)
group by fnsku, fulfillment_center, event_on
""",
    reads={
        "ledger": (
            "disposition",
            "event_on",
            "event_type",
            "fnsku",
            "fulfillment_center",
            "quantity",
        )
    },
    decides={"returns": ("detailed_disposition", "fulfillment_center", "status")},
)

# A return's date moves by up to three days and some hours in later files (S, docs 2459, models 2940), so
# the unit may have been put back four days before it.
UNSTOCKED_RETURNS = TemporaryTable(
    "detect_unstocked",
    """order_id text, sku text, fnsku text, returned_on date, last_on date, returned integer,
    units integer, sellable integer, stocked integer, alike integer, fulfillment_center text,
    source_rows jsonb""",
    """
with day as (
    select *, moved_on as returned_on,
        coalesce(sum(units) filter (where not is_return) over near, 0) as units_near,
        coalesce(sum(sellable) filter (where not is_return) over near, 0) as sellable_near,
        coalesce(sum(units) filter (where not is_return) over later, 0)
            + sum(units) filter (where is_return) over returns_later as units_later,
        coalesce(sum(sellable) filter (where not is_return) over later, 0)
            + sum(sellable) filter (where is_return) over returns_later as sellable_later
    from detect_return_day
    window place as (partition by fnsku, fulfillment_center order by moved_on),
        near as (place range between interval '4 days' preceding and interval '3 days' following),
        later as (place range between interval '4 days' preceding and interval '14 days' following),
        returns_later as (
            place range between interval '4 days' preceding and interval '11 days' following
        )
), short as (
    select fnsku, fulfillment_center, returned_on, sellable, -sellable_near as stocked,
        least(sellable + sellable_near, units + units_near, sellable_later, units_later)
            - coalesce(graded.put_back, 0) as missing
    from day
    left join (
        -- Put back as a graded unit, wherever that was done.
        select came.fnsku, came.returned_on, sum(g.units) as put_back
        from (select distinct fnsku, sku, returned_on from detect_return) as came
        join detect_graded as g on g.base_sku = came.sku
            and g.event_on between came.returned_on - 4 and came.returned_on + 60
        group by came.fnsku, came.returned_on
    ) as graded using (fnsku, returned_on)
    left join (
        -- Rows that may be the unit, and do not tell their product, their place or their kind.
        select distinct event_on from ledger
        where connection_id = :connection_id and event_on <= :as_of and quantity > 0
            and (coalesce(event_type, '') = '' or event_type = 'CustomerReturns'
                and (coalesce(fnsku, '') = '' or coalesce(fulfillment_center, '') = ''))
    ) as untold on untold.event_on between returned_on - 4 and returned_on + 14
    where is_return and sellable > 0 and untold.event_on is null
        and least(sellable + sellable_near, units + units_near, sellable_later, units_later)
            > coalesce(graded.put_back, 0)
), unit as (
    -- Which order's unit it is cannot be told when several came back that day: the last ones.
    select detect_return.*, short.sellable, short.stocked, short.missing,
        sum(detect_return.units) over (
            partition by fnsku, fulfillment_center, returned_on order by return_id desc
        ) as upto,
        count(*) over (partition by fnsku, fulfillment_center, returned_on) as alike
    from detect_return join short using (fnsku, fulfillment_center, returned_on)
    where is_restocked and disposition = 'SELLABLE'
)
select order_id, sku, min(fnsku) as fnsku, min(returned_on) as returned_on,
    max(returned_on) as last_on, sum(units)::integer as returned,
    sum(greatest(least(missing - (upto - units), units), 0))::integer as units,
    max(sellable)::integer as sellable, max(stocked)::integer as stocked, max(alike) as alike,
    min(fulfillment_center) as fulfillment_center, jsonb_agg(source_row order by return_id)
from unit
group by order_id, sku
""",
    ("order_id, sku",),
    # The SKU of an order that a return under another name belongs to.
    decides={"returns": ("asin",)},
    reads={"ledger": ("event_on", "event_type", "fnsku", "fulfillment_center", "quantity")},
)
