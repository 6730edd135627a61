"""Everything that can settle events of the stock ledger: payments, finds, orders of the seller."""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

# What can settle events. The days are those of the events that it may settle; country and area
# are null where they do not matter. `event_id` is the event's own that a find is.
SETTLER = TemporaryTable(
    "detect_settler",
    """settler_id bigint, by text, settled_on date, since date, until date, fnsku text, sku text,
    country text, area text, label text, units integer, family text, case_id text, payment_id bigint,
    event_id bigint, reference jsonb, why text""",
    """
    with settler as (
        -- Payments, whole: what was taken back wrongly is claimed by itself (docs/decisions.md#reversals).
        select 'payment' as by, approved_on as settled_on, approved_on - 120 as since, approved_on + 7 as until,
            fnsku, sku, null as country, area, null as label, paid_units as units, family, case_id, payment_id,
            cast(null as bigint) as event_id, reference,
            'reimbursement ' || reimbursement_id || ' approved on ' || approved_on || ' (' || reason || ')' as why
        from detect_payment
        where family in ('lost', 'damaged') and order_id is null and paid_units > 0
        union all
        select 'find', event_on, date '0001-01-01', event_on + 7, fnsku, sku, country, null, null, units, 'lost',
            null, null, event_id, reference,
            'found on ' || event_on || coalesce(' in ' || nullif(fulfillment_center, ''), '') || ' (' || reason || ')'
        from detect_event where kind = 'found'
        union all
        select case disposition when 'WAREHOUSE_DAMAGED' then 'restock' else 'regraded' end, event_on,
            date '0001-01-01', event_on, fnsku, null, country, null, null, units,
            case disposition when 'WAREHOUSE_DAMAGED' then 'damaged' end,
            null, null, event_id, reference, 'made sellable again on ' || event_on
        from detect_restock
        -- A unit that was handed over shows up in the ledger: as N for a payment in kind, as N or F
        -- when a payment was taken back for the unit itself (docs/claims.md#reason-codes).
        union all
        select 'handed_over', approved_on, approved_on - 14, approved_on + 14, fnsku, sku, null, area,
            case when is_payment then 'N' end, inventory_units, null, null, null, null, reference,
            'the unit of reimbursement ' || reimbursement_id
        from detect_reimbursement where inventory_units > 0 and fnsku is not null
        -- Amazon keeps a unit that it had paid for: found, then taken out again (docs/claims.md#reason-codes).
        union all
        select 'taken_out', event_on, event_on - 7, event_on, fnsku, null, country, null, 'F paid', -quantity, null,
            null, null, adjustment_id, reference, 'taken out again on ' || event_on || ' (O)'
        from detect_ledger_correction where reason = 'O' and quantity < 0
        union all
        select 'damaged_in_warehouse', event_on, event_on, event_on, fnsku, null, country, null,
            fulfillment_center || ' ' || units, units, null, null, null, event_id, reference,
            'the same units were booked as damaged on the same day'
        from detect_event where kind = 'damaged' and reason in ('E', '6')
        union all
        select 'removal_order', requested_on, requested_on - 7, requested_on + 45, nullif(fnsku, ''), nullif(sku, ''),
            null, null, case when disposition ~* '^sellable' then 'SELLABLE' when disposition ~* '^unsellable'
                then 'UNSELLABLE' end,
            units, null, null, null, null, reference,
            'removal order ' || order_id || ' of ' || requested_on || ' (' || order_type || ')'
        from (
            select fnsku, sku, disposition, order_id, order_type, (requested_at at time zone coalesce(home.zone, 'UTC'))::date as requested_on,
                -- Of an order that does not tell its units each may be one of them.
                case when coalesce(order_type, '') = '' or order_type ~* '^(dispos|liquid|destr)'
                    then greatest(coalesce(requested_quantity, 1000000) - coalesce(cancelled_quantity, 0),
                        disposed_quantity)
                    else coalesce(disposed_quantity, 1000000) end as units,
                jsonb_build_object('table', 'removals', 'order_id', order_id, 'sku', sku, 'fnsku', fnsku,
                    'disposition', disposition, 'source', source, 'source_line', source_line) as reference
            from removals r
            left join detect_marketplace home on home.position = 1
            where r.connection_id = :connection_id
        ) as removal
        where units > 0 and requested_on <= :as_of
        union all
        select 'damage', event_on, event_on, date '9999-12-31', fnsku, sku, country, null, 'WAREHOUSE_DAMAGED', units,
            null, null, null, event_id, reference, 'the damage of ' || event_on || ', which is an event of its own'
        from detect_event where kind = 'damaged'
        union all
        select 'arrived', event_on, event_on, date '9999-12-31', fnsku, sku, country, area, disposition, units,
            null, null, null, event_id, reference, why
        from detect_arrived
        union all
        -- Damaged, graded, and stock again at a lower value: the unit is there.
        select 'graded', event_on, event_on - 90, event_on, null, base_sku, null, null, null, units,
            null, null, null, null, reference, 'restocked at a lower value on ' || event_on
                || ' (Grade and Resell) as FNSKU ' || fnsku
        from detect_graded where base_sku is not null
        union all
        select 'reversal', approved_on, approved_on - 60, approved_on + 30, fnsku, sku, null, null, null,
            -units, original_family, null, null, reversal_id, reference, 'reversal ' || reimbursement_id
        from detect_reversal where units < 0
    )
    select row_number() over (order by by, settled_on, payment_id, event_id, reference), settler.* from settler
    """,
    ("settler_id",),
    reads={
        "removals": (
            "cancelled_quantity",
            "disposed_quantity",
            "disposition",
            "fnsku",
            "order_id",
            "order_type",
            "requested_at",
            "requested_quantity",
            "sku",
        )
    },
)

# Events whose claims a person filed under a case: what is paid for the case is for them first.
OWN_CASES = TemporaryTable(
    "detect_own_case",
    "event_id bigint, case_id text",
    """
    select e.event_id, min(c.case_id)
    from claim c
    join detect_event e on e.fnsku = c.key ->> 'fnsku' and e.event_on = cast(c.key ->> 'date' as date)
        and e.kind = case c.type when 'lost_in_warehouse' then 'lost' when 'damaged_in_warehouse' then 'damaged'
            else 'disposed' end
    where c.connection_id = :connection_id and c.case_id is not null
        and c.type in ('lost_in_warehouse', 'damaged_in_warehouse', 'disposed_without_permission')
    group by e.event_id
    """,
    ("event_id",),
)

FIRST_PAYMENT = TemporaryTable(
    "detect_first_payment",
    "fnsku text, paid_on date",
    """
    select fnsku, min(approved_on) from detect_payment
    where family = 'lost' and fnsku is not null group by fnsku
    """,
    ("fnsku",),
)
