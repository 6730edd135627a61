"""The quantities of a completed removal order do not add up.

Units that are neither cancelled, disposed of nor shipped; units shipped that no parcel holds; units
disposed of although the order was to return them (docs/decisions.md#removal-orders, which also gives the clock: the day
the order was completed, and 30 days of waiting for late rows). What the seller found when opening a
parcel is in no report; the claim is settled when the seller says that all units arrived.
"""

from recoup.claims.detection.parts import Sql, either, list_of, part, settled
from recoup.claims.detection.temporary_table import MONEY_OF_ORDERS, all_of
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    part("base", 0.5, "Amazon's own quantities of the order contradict each other"),
    either(
        part(
            "possible payment",
            -0.2,
            Sql("format('reimbursements %s may have paid it', reimbursements)"),
            when="reimbursements is not null",
        ),
        part(
            "lost in the warehouse",
            -0.2,
            Sql(
                "format('units of this FNSKU went missing on %s: check whether these are the same', lost_on)"
            ),
            when="lost_on is not null",
        ),
    ),
)

_SETTLED = list_of(
    Sql("coalesce(q.settled, '[]')"),
    settled(
        "seller",
        "g.order_id",
        "g.units - g.disposed",
        "you said that the units arrived",
        when="g.is_arrived and g.units > g.disposed",
    ),
)


def _counted(count: str, verb_of_one: str, verb_of_several: str) -> str:
    """The start of a sentence about so many units."""
    return f"{count} || {by_number(count, f' unit {verb_of_one}', f' units {verb_of_several}')}"


_SQL = f"""
with gaps as (
    select e.event_id, e.open, g.*, product.asin, q.possible as reimbursements, untold.why as untold,
           lost.days as lost_on,
           {_SETTLED} as settled
    from detect_removal_event as e
    join detect_removal_gap as g using (order_id, sku)
    left join detect_removal_settled as q using (event_id)
    left join detect_removal_untold as untold using (event_id)
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
       {_SURE} as confidence_parts,
       untold as suppressed,
       concat_ws(' ',
           case when unaccounted > 0 then format(
               '%s requested and neither cancelled, disposed of nor shipped.',
               {_counted("unaccounted", "was", "were")}) end,
           case when without_parcel > 0 then format(
               '%s as shipped without a parcel.', {_counted("without_parcel", "counts", "count")}) end,
           case when disposed > 0 then format(
               '%s disposed of instead of returned.', {_counted("disposed", "was", "were")}) end,
           format('%s open.', open)) as reason,
       jsonb_build_object('rows', rows,
           'numbers', jsonb_build_object('unaccounted', unaccounted,
               'shippedWithoutParcel', without_parcel, 'disposed', disposed, 'open', open),
           'notes', jsonb_build_array('the deadline counts from the day the order was completed; '
               'a parcel delivered later has its own 60 days')) as evidence
from gaps
"""

RULE = Rule(
    type=ClaimType.REMOVAL_DISCREPANCY,
    title="Removal order whose quantities do not add up",
    source="docs/rules.md#removal_discrepancy",
    window=PolicyWindow.REMOVAL_OTHER,
    value=Value.SOURCING_COST,
    version=2,
    sql=_SQL,
    reads={
        "removals": (
            "cancelled_quantity",
            "disposed_quantity",
            "disposition",
            "in_process_quantity",
            "order_id",
            "requested_quantity",
            "shipped_quantity",
            "sku",
        )
    },
    # A loss of the product in the warehouse lowers the confidence, whatever became of it.
    optional=all_of(*MONEY_OF_ORDERS, "replacements", "returns", "ledger_summary"),
)
