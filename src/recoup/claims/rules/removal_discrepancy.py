"""R11, T13: the quantities of a completed removal order do not add up.

Units that are neither cancelled, disposed of nor shipped; units shipped that no parcel holds; units
disposed of although the order was to return them (decision 4, which also gives the clock: the day
the order was completed, and 30 days of waiting for late rows). What the seller found when opening a
parcel (R12) no report tells; the claim is settled when the seller says that all units arrived.
"""

from recoup.claims.rule import ClaimType, Rule, Value, Window

_SQL = """
with gaps as (
    select e.event_id, e.open, g.*, product.asin, q.possible as reimbursements,
           case when q.possible is null and lost.days is null then 0 else -0.2 end as doubt,
           lost.days as lost_on,
           coalesce(q.settled, '[]') || case when g.is_arrived and g.units > g.disposed
               then jsonb_build_array(jsonb_build_object('by', 'seller',
                   'reference', g.order_id, 'units', g.units - g.disposed,
                   'why', 'you said that the units arrived'))
               else '[]' end as settled
    from detect_removal_event as e
    join detect_removal_gap as g using (order_id, sku)
    left join detect_removal_settled as q using (event_id)
    left join detect_fnsku as product on product.fnsku = g.fnsku
    left join (
        -- Units that could not be sent, as they went missing while the order was open, are a claim of
        -- their own.
        -- Sellable stock that went missing is not what an order of unsellable units lacks.
        select g.order_id, g.sku, string_agg(distinct i.event_on::text, ', ') as days
        from detect_removal_gap as g
        join detect_incident as i on i.fnsku = g.fnsku and i.kind = 'lost'
            and i.event_on between g.requested_on and g.completed_on
        where g.unaccounted > 0 and exists (
            select from removals as r
            where r.connection_id = :connection_id and r.order_id = g.order_id and r.sku = g.sku
                and r.requested_quantity > coalesce(r.cancelled_quantity, 0) + coalesce(r.disposed_quantity, 0)
                    + coalesce(r.shipped_quantity, 0) + coalesce(r.in_process_quantity, 0)
                and case when r.disposition ~* '^sellable' then i.disposition in ('SELLABLE', '')
                    when r.disposition ~* '^unsellable' then i.disposition <> 'SELLABLE'
                    else true end)
        group by g.order_id, g.sku
    ) as lost on lost.order_id = e.order_id and lost.sku = e.sku
    where e.type = 'removal_discrepancy'
)
select jsonb_build_object('removalOrderId', order_id, 'sku', sku) as key,
       marketplace_id, nullif(sku, '') as sku, fnsku, asin, order_id,
       units, open as quantity, settled,
       completed_on as event_on, completed_on as clock_on, completed_on + 30 as wait_until,
       null::numeric as amount, null::text as currency,
       null::text as amount_basis, null::text as amount_missing,
       0.5 + doubt as confidence,
       jsonb_build_array(jsonb_build_object('part', 'base', 'change', 0.5,
           'why', 'Amazon''s own quantities of the order contradict each other'))
       || case when reimbursements is not null then jsonb_build_array(jsonb_build_object(
              'part', 'possible payment', 'change', doubt,
              'why', format('reimbursements %s may have paid it', reimbursements)))
               when doubt < 0 then jsonb_build_array(jsonb_build_object(
              'part', 'lost in the warehouse', 'change', doubt,
              'why', format('units of this FNSKU went missing on %s: look whether it is these', lost_on)))
              else '[]' end as confidence_parts,
       null::text as suppressed,
       concat_ws(' ',
           case when unaccounted > 0 then format(
               '%s units were requested and neither cancelled, disposed of nor shipped.',
               unaccounted) end,
           case when without_parcel > 0 then format(
               '%s units count as shipped but are in no parcel.', without_parcel) end,
           case when disposed > 0 then format(
               '%s units were disposed of although they were to be returned.', disposed) end,
           format('%s open.', open)) as reason,
       jsonb_build_object('rows', rows,
           'numbers', jsonb_build_object('unaccounted', unaccounted,
               'shippedWithoutParcel', without_parcel, 'disposed', disposed, 'open', open),
           'notes', jsonb_build_array('deadline counted from the day the order was completed; '
               'a parcel delivered later has its own 60 days')) as evidence
from gaps
"""

RULE = Rule(
    type=ClaimType.REMOVAL_DISCREPANCY,
    title="Removal order whose quantities do not add up",
    source="facts 1.3 T13, 5 R11 and R12; decision 4",
    reads=("removals", "removal_shipments", "reimbursements", "ledger"),
    window=Window.REMOVAL_OTHER,
    value=Value.SOURCING_COST,
    version=2,
    documents=(
        "removal order id, shipment and tracking number",
        "photos of the box with its label, the packing and each unit with its FNSKU or LPN",
        "a written count of what arrived, and the packing slip",
    ),
    sql=_SQL,
)
