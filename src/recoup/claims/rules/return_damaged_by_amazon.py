"""A unit came back damaged by Amazon or its carrier, after the customer was refunded."""

from __future__ import annotations

from recoup.claims.detection.made_good import DAMAGED, MISSING
from recoup.claims.detection.order_columns import (
    BASIS,
    HELD_BACK,
    VALUE_MISSING,
    amount_of,
    arithmetic_of,
)
from recoup.claims.detection.parts import Sql, either, list_of, part, settled
from recoup.claims.detection.returns import AMAZONS_DAMAGE
from recoup.claims.detection.temporary_table import all_of
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    either(
        part(
            "base",
            0.5,
            "returned as DAMAGED, which sellers read as the fault of Amazon",
            when="c.is_plain",
        ),
        part("base", 0.7, "returned as damaged by the carrier or the warehouse"),
    ),
    part(
        "possible payment",
        -0.25,
        "Amazon paid a unit of this order; it may be this one",
        when="c.is_paid_elsewhere",
    ),
)

_ELSEWHERE = settled(Sql("s.by"), "s.reference", "a.units", Sql("s.why"))

_ORDER = "jsonb_build_object('order_id', c.owner)"
_SETTLED = list_of(
    Sql("c.settled"),
    settled(
        "no refund",
        _ORDER,
        "c.fault - c.owed",
        "no refund or replacement of this unit was found",
        when="c.fault > c.owed",
    ),
    settled(
        "status Reimbursed",
        _ORDER,
        "c.reimbursed",
        Sql(
            "case when c.reimbursed_on + 7 >= :as_of "
            "then 'Amazon says it paid; the payment may take 7 days to appear in the report' "
            "else 'Amazon says it paid; look for the payment if none is listed' end"
        ),
        when="c.reimbursed > 0",
    ),
    settled(
        "policy",
        _ORDER,
        "c.others",
        "not paid by policy: customer damaged, defective or expired",
        when="c.others > 0",
    ),
)

# Amazon pays nothing for what a customer damaged, for defects and for what is past its date (docs/rules.md#return_damaged_by_amazon).
# "Reimbursed" without a payment in the report yet: the row comes within a week.
_SQL = f"""
with returned as (
    select order_id, sku, min(fnsku) as fnsku, min(asin) as asin, min(returned_on) as returned_on,
        coalesce(sum(units) filter (
            where {AMAZONS_DAMAGE} and is_reimbursed is not true and not is_told_again), 0) as fault,
        coalesce(bool_or({AMAZONS_DAMAGE} and is_reimbursed is not true
            and not (is_judged and is_counted)), false) as is_untold,
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
        jsonb_agg({_ELSEWHERE.json} order by s.settled_on, s.settler_id) as settled
    from detect_arrived as c
    join detect_allocation as a using (event_id)
    join detect_settler as s using (settler_id)
    where c.origin = 'return'
    group by c.source_id, c.sku
), candidate as (
    select r.rows, r.returned_on, r.reimbursed_on, r.dispositions, r.is_plain, r.is_untold,
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
    {_SETTLED} as settled,
    coalesce(c.first_on, c.returned_on) as event_on, c.first_on as clock_on,
    null::date as wait_until,
    {amount_of("c.open")} as amount, c.currency, {BASIS} as amount_basis,
    {VALUE_MISSING} as amount_missing,
    {_SURE} as confidence_parts,
    case when c.is_untold then 'the returns report does not state the status of this unit, so it is not known '
        || 'whether Amazon has paid it' else {HELD_BACK} end as suppressed,
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
"""

RULE = Rule(
    type=ClaimType.RETURN_DAMAGED_BY_AMAZON,
    title="Returned damaged by Amazon or its carrier",
    source="docs/rules.md#return_damaged_by_amazon",
    window=PolicyWindow.CUSTOMER_RETURN,
    value=Value.OWN,
    version=2,
    sql=_SQL,
    # As with damage in the warehouse: it only contains other events of the same payments.
    optional=all_of("removals", "removal_shipments"),
    decides={"returns": ("asin", "detailed_disposition", "status")},
)
