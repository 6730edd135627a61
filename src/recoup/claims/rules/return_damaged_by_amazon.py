"""A unit came back damaged by Amazon or its carrier, after the customer had the money back."""

from __future__ import annotations

from recoup.claims.order_value_queries import (
    BASIS,
    HELD_BACK,
    VALUE_MISSING,
    amount_of,
    arithmetic_of,
)
from recoup.claims.prepare_returns_queries import AMAZONS_DAMAGE, DAMAGED, MISSING
from recoup.claims.rule import ClaimType, Rule, Value, Window

# Amazon pays nothing for what a customer damaged, for defects and for what is past its date (1.3).
# "Reimbursed" without a payment in the report yet: the row comes within a week (5.1).
_SQL = f"""
with returned as (
    select order_id, sku, min(fnsku) as fnsku, min(asin) as asin, min(returned_on) as returned_on,
        coalesce(sum(units) filter (where {AMAZONS_DAMAGE} and is_reimbursed is not true), 0)
            as fault,
        coalesce(sum(units) filter (where {AMAZONS_DAMAGE} and is_reimbursed), 0) as reimbursed,
        coalesce(sum(units) filter (where not {AMAZONS_DAMAGE}), 0) as others,
        max(returned_on) filter (where is_reimbursed) as reimbursed_on,
        string_agg(distinct disposition, ', ') as dispositions,
        coalesce(bool_or(disposition = 'DAMAGED' and is_reimbursed is not true), false) as is_plain,
        jsonb_agg(source_row order by return_id) as rows
    from detect_return
    where {AMAZONS_DAMAGE}
        or disposition in ('CUSTOMER_DAMAGED', 'DEFECTIVE', 'EXPIRED', 'DISTRIBUTOR_DAMAGED')
    group by order_id, sku
), elsewhere as (
    -- The same unit as an event of the warehouse: mended there, or paid by another name.
    select c.source_id as order_id, c.sku, sum(a.units)::integer as units,
        jsonb_agg(jsonb_build_object(
            'by', s.by, 'reference', s.reference, 'units', a.units, 'why', s.why
        ) order by s.settled_on, s.settler_id) as settled
    from detect_arrived as c
    join detect_allocation as a using (event_id)
    join detect_settler as s using (settler_id)
    where c.origin = 'return'
    group by c.source_id, c.sku
), candidate as (
    select r.rows, r.returned_on, r.reimbursed_on, r.dispositions, r.is_plain,
        r.fault::integer as fault, r.reimbursed::integer as reimbursed, r.others::integer as others,
        coalesce(r.fnsku, c.fnsku) as returned_fnsku, coalesce(r.asin, c.asin) as returned_asin,
        r.order_id as owner, r.sku as returned_sku, o.marketplace_id as market,
        coalesce(open.units, 0) as owed, greatest(coalesce(open.open - coalesce(e.units, 0), 0), 0) as open,
        coalesce(open.paid, 0) as paid,
        coalesce(open.settled, '[]') || case when open.open > 0 then coalesce(e.settled, '[]') else '[]' end
            as settled,
        coalesce(missing.paid, 0) > 0 as is_paid_elsewhere, c.*
    from returned as r
    join detect_order as o on o.order_id = r.order_id and o.is_amazon is not false
    left join detect_order_case as c on c.order_id = r.order_id and c.sku = r.sku
    left join detect_order_open as open
        on open.order_id = r.order_id and open.sku = r.sku and open.need = {DAMAGED}
    left join elsewhere as e on e.order_id = r.order_id and e.sku = r.sku
    left join detect_order_open as missing
        on missing.order_id = r.order_id and missing.sku = r.sku and missing.need = {MISSING}
)
select jsonb_build_object('orderId', c.owner, 'sku', c.returned_sku) as key,
    c.market as marketplace_id, c.returned_sku as sku, nullif(c.returned_fnsku, '') as fnsku,
    c.returned_asin as asin, c.owner as order_id,
    c.fault + c.reimbursed + c.others as units, c.open as quantity,
    c.settled
    || case when c.fault > c.owed then jsonb_build_array(jsonb_build_object(
        'by', 'no refund', 'reference', jsonb_build_object('order_id', c.owner),
        'units', c.fault - c.owed, 'why', 'no refund or replacement of this unit was found'))
        else '[]' end
    || case when c.reimbursed > 0 then jsonb_build_array(jsonb_build_object(
        'by', 'status Reimbursed', 'reference', jsonb_build_object('order_id', c.owner),
        'units', c.reimbursed,
        'why', case when c.reimbursed_on + 7 >= :as_of
            then 'Amazon says it paid; the payment may take 7 days to be in the report'
            else 'Amazon says it paid; look for the payment when none is listed' end))
        else '[]' end
    || case when c.others > 0 then jsonb_build_array(jsonb_build_object(
        'by', 'policy', 'reference', jsonb_build_object('order_id', c.owner),
        'units', c.others,
        'why', 'not paid by policy: customer damaged, defective or expired')) else '[]' end
        as settled,
    coalesce(c.first_on, c.returned_on) as event_on, c.first_on as clock_on,
    null::date as wait_until,
    {amount_of("c.open")} as amount, c.currency, {BASIS} as amount_basis,
    {VALUE_MISSING} as amount_missing,
    case when c.is_plain then 0.5 else 0.7 end - case when c.is_paid_elsewhere then 0.25 else 0 end
        as confidence,
    jsonb_build_array(case when c.is_plain
        then jsonb_build_object('part', 'base', 'change', 0.5,
            'why', 'returned as DAMAGED, which sellers read as the fault of Amazon')
        else jsonb_build_object('part', 'base', 'change', 0.7,
            'why', 'returned as damaged by the carrier or the warehouse') end)
    || case when c.is_paid_elsewhere then jsonb_build_array(jsonb_build_object(
        'part', 'possible payment', 'change', -0.25,
        'why', 'Amazon paid a unit of this order; it may be this one')) else '[]' end
        as confidence_parts,
    {HELD_BACK} as suppressed,
    format('Returned as %s: %s by Amazon or its carrier, refunded or replaced %s, paid by Amazon %s:'
        ' %s open.%s', c.dispositions, c.fault + c.reimbursed, coalesce(c.made_good, 0), c.paid,
        c.open, {arithmetic_of("c.open")}) as reason,
    jsonb_build_object(
        'rows', coalesce(c.source_rows, '[]') || c.rows,
        'numbers', jsonb_build_object(
            'damagedByAmazon', c.fault + c.reimbursed, 'refunded', c.refunded,
            'replaced', c.replaced, 'paid', c.paid, 'open', c.open,
            'unitPrice', c.unit_price, 'unitFees', c.unit_fees, 'unitValue', c.unit_value),
        'notes', jsonb_build_array('A unit that is customer damaged, defective or expired is not paid.')
    ) as evidence
from candidate as c
"""  # noqa: S608 - put together from constants

RULE = Rule(
    type=ClaimType.RETURN_DAMAGED_BY_AMAZON,
    title="Returned damaged by Amazon or its carrier",
    source="claims facts R7 (T7), 4.4 step 2, 5.1; decisions 8, 14, 19",
    reads=(
        "orders",
        "transactions",
        "returns",
        "replacements",
        "reimbursements",
        "settlements",
        "ledger",
    ),
    window=Window.CUSTOMER_RETURN,
    value=Value.OWN,
    version=2,
    documents=(
        "the order in Seller Central with the date and amount of the refund",
        "the row of the returns report with its disposition and license plate number (LPN)",
    ),
    sql=_SQL,
)
