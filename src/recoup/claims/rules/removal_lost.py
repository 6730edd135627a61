"""A parcel of a removal order that did not reach the seller.

SP-API has no proof of delivery, and silence proves nothing. So every parcel is listed with "confirm
arrival" (docs/decisions.md#removal-parcels): what the seller says of it (`arrived` of the claim) settles it, or makes the
loss certain enough to file. One claim per parcel and SKU.
"""

from recoup.claims.detection.parts import FOR_REVIEW, Sql, list_of, part, settled
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    part("base", 0.3, "no data shows whether the parcel arrived: confirm arrival"),
    part("your word", 0.55, "you said that it did not arrive", when="not arrived"),
    part(
        "possible payment",
        -0.1,
        Sql("format('reimbursements %s may have paid it', reimbursements)"),
        at_most=FOR_REVIEW,
        when="reimbursements is not null",
    ),
)

_SETTLED = list_of(
    Sql("coalesce(q.settled, '[]')"),
    settled(
        "seller",
        "p.tracking_number",
        "p.units",
        "you said that the parcel arrived",
        when="p.arrived",
    ),
)

_SQL = f"""
with parcels as (
    select e.event_id, e.open, p.*, product.asin, q.possible as reimbursements, untold.why as untold,
           {_SETTLED} as settled
    from detect_removal_event as e
    join detect_removal_parcel as p using (order_id, tracking_number, sku)
    left join detect_removal_settled as q using (event_id)
    left join detect_removal_untold as untold using (event_id)
    left join detect_fnsku as product on product.fnsku = p.fnsku
    where e.type = 'removal_lost'
)
select jsonb_build_object('removalOrderId', order_id, 'trackingNumber', tracking_number,
                          'sku', sku) as key,
       marketplace_id, nullif(sku, '') as sku, fnsku, asin, order_id,
       units, open as quantity, settled,
       shipped_on as event_on, shipped_on as clock_on, null::date as wait_until,
       null::numeric as amount, null::text as currency,
       null::text as amount_basis, null::text as amount_missing,
       {_SURE} as confidence_parts,
       coalesce(untold, case when tracking_number = ''
           then 'The report names no tracking number, so the parcel cannot be identified.' end)
           as suppressed,
       format('%s %s left with %s%s on %s. %s', units, {by_number("units", "unit", "units")}, coalesce(carrier, 'a carrier'),
              case when tracking_number <> '' then ' ' || tracking_number else '' end, shipped_on,
              case when arrived then 'You said that it arrived.'
                   when not arrived then format('You said that it did not arrive; %s open.', open)
                   else 'Confirm arrival: this is a claim only if the parcel did not arrive.' end)
           as reason,
       jsonb_build_object('rows', rows,
           'numbers', jsonb_build_object('shipped', units, 'open', open),
           'notes', jsonb_build_array('SP-API has no proof of delivery; ask the carrier')) as evidence
from parcels
"""

RULE = Rule(
    type=ClaimType.REMOVAL_LOST,
    title="Removal parcel lost on the way to you",
    source="docs/rules.md#removal_lost",
    window=PolicyWindow.REMOVAL_LOST,
    value=Value.SOURCING_COST,
    version=1,
    sql=_SQL,
)
