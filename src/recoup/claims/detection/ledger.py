"""The stock ledger as events: losses, damages, disposals, finds, and doubtful rows.

Reason codes: docs/claims.md#reason-codes. Days are the marketplace's, as Amazon prints them.
"""

from __future__ import annotations

from recoup.claims.detection.returns import AMAZONS_DAMAGE
from recoup.claims.detection.temporary_table import MONEY_OF_ORDERS, TemporaryTable, all_of

# From when to when the ledger is known. It ends before the running day, and before a day without
# any row in a ledger that has some 20 a day: that day has not been delivered yet (docs/claims.md#what-is-held-back).
SPAN = TemporaryTable(
    "detect_ledger_span",
    "first_on date, complete_on date",
    """
    with day as (
        select event_on, count(*) as rows from ledger
        where connection_id = :connection_id
            and event_on between cast(:as_of as date) - 60 and :as_of
        group by event_on
    ), busy as (
        select min(event_on) as since, max(event_on) as until from day having sum(rows) >= 20 * 60
    ), hole as (
        select min(missing) as missing_on
        from busy
        cross join lateral generate_series(busy.since, busy.until, interval '1 day') as missing
        where not exists (select from day where day.event_on = missing::date)
    )
    select min(event_on), case when max(event_on) is not null then
        least(max(event_on), cast(:as_of as date) - 1, (select missing_on::date - 1 from hole)) end
    from (
        (select event_on from ledger where connection_id = :connection_id order by event_on limit 1)
        union all
        (select event_on from ledger where connection_id = :connection_id and event_on <= :as_of
            order by event_on desc limit 1)
    ) as edge
    """,
    reads={"ledger": ("event_on",)},
)

_HOME = "select min(country) as country from detect_marketplace having count(*) = 1"
_PLACE = """cross join lateral (
        select upper(replace(trim(coalesce(l.disposition, '')), ' ', '_')) as disposition,
            coalesce(nullif(upper(trim(l.country)), ''), (select country from home), '') as country
    ) as plain
    cross join lateral (select case plain.country when 'UK' then 'GB' else plain.country end as country) as place
    left join detect_country c on c.country = place.country"""
# Amazon's Low-Cost Store is another program, whose stock is in China (docs/claims.md#one-unit-several-names).
_OF_FBA = """not (upper(coalesce(l.fulfillment_center, '')) = 'XCND'
        or lower(coalesce(l.store, '')) = 'low-cost store' or upper(coalesce(l.country, '')) = 'CN')"""
# One code base met WAREHOUSE_DAMAHED in real files (docs/amazon.md#dispositions).
_DISPOSITION = """case when plain.disposition like 'WAREHOUSE_DAMA%' then 'WAREHOUSE_DAMAGED'
        else plain.disposition end"""

# Adjustments, and sellable units that left as if by a removal order though there is none of that
# product, neither half a year before nor a week after, and no parcel of one (docs/rules.md#disposed_without_permission). Their code is the event's type.
# A row without a type is read as an adjustment: what came in may be a find.
ADJUSTMENT = TemporaryTable(
    "detect_adjustment",
    """adjustment_id bigint, event_on date, fnsku text, sku text, asin text, country text, area text,
    fulfillment_center text, disposition text, reason text, quantity integer, reconciled integer,
    unreconciled integer, reference jsonb""",
    f"""
    with home as ({_HOME})
    select row_number() over (order by l.event_on, l.source_line), l.event_on, l.fnsku, nullif(l.msku, ''),
        l.asin, place.country, c.area, coalesce(l.fulfillment_center, ''),
        {_DISPOSITION},
        case l.event_type when 'VendorReturns' then l.event_type else upper(trim(coalesce(l.reason, ''))) end,
        l.quantity,
        -- Seen in either sign (docs/amazon.md#ledger-events). Null stays null, which least() alone would not do.
        case when l.reconciled_quantity is not null then least(abs(l.reconciled_quantity), abs(l.quantity)) end,
        case when l.unreconciled_quantity is not null then least(abs(l.unreconciled_quantity), abs(l.quantity)) end,
        jsonb_strip_nulls(jsonb_build_object('table', 'ledger', 'event_on', l.event_on, 'fnsku', l.fnsku,
            'quantity', l.quantity, 'reason', l.reason, 'disposition', l.disposition,
            'fulfillment_center', l.fulfillment_center, 'country', l.country, 'reference_id', l.reference_id,
            'reconciled_quantity', l.reconciled_quantity, 'unreconciled_quantity', l.unreconciled_quantity,
            'source', l.source, 'source_line', l.source_line))
    from ledger l
    {_PLACE}
    where l.connection_id = :connection_id
        and l.event_on <= :as_of and l.fnsku <> '' and l.quantity <> 0 and {_OF_FBA}
        and (coalesce(l.event_type, '') in ('Adjustments', '')
            or l.event_type = 'VendorReturns' and l.quantity < 0 and plain.disposition = 'SELLABLE'
            and not exists (
                select from removals r
                where r.connection_id = :connection_id and r.fnsku = l.fnsku
                    and r.requested_at::date between l.event_on - 180 and l.event_on + 7)
            and not exists (
                select from removals r
                where r.connection_id = :connection_id and r.sku = l.msku
                    and r.requested_at::date between l.event_on - 180 and l.event_on + 7)
            -- An order that names no product may be for this one.
            and not exists (
                select from removals r
                where r.connection_id = :connection_id and coalesce(r.fnsku, '') = '' and coalesce(r.sku, '') = ''
                    and r.requested_at::date between l.event_on - 180 and l.event_on + 7)
            and not exists (
                select from removal_shipments s
                where s.connection_id = :connection_id and s.fnsku = l.fnsku
                    and s.shipped_at::date between l.event_on - 14 and l.event_on + 30)
            and not exists (
                select from removal_shipments s
                where s.connection_id = :connection_id and s.sku = l.msku
                    and s.shipped_at::date between l.event_on - 14 and l.event_on + 30))
    """,
    ("fnsku",),
    reads={
        "ledger": (
            "asin",
            "country",
            "disposition",
            "event_on",
            "event_type",
            "fnsku",
            "fulfillment_center",
            "msku",
            "quantity",
            "reason",
            "reconciled_quantity",
            "reference_id",
            "store",
            "unreconciled_quantity",
        ),
        "removal_shipments": ("fnsku", "shipped_at", "sku"),
        "removals": ("fnsku", "requested_at", "sku"),
    },
    # Shown; by the ASIN a correction is told from a transfer between two names, and without it holds
    # back the losses near it.
    optional={"ledger": ("asin", "reference_id")},
)

# Units that were damaged when they came: on their way in, or in a customer's return. Each is an event
# of inbound_damage or return_damaged_by_amazon, and what becomes of it in the warehouse is no second
# one. If only the returns report contains it, the country is not known.
ARRIVED = TemporaryTable(
    "detect_arrived",
    """event_id bigint, origin text, event_on date, fnsku text, sku text, own_sku text, country text,
    area text, disposition text, units integer, source_id text, reference jsonb, why text""",
    f"""
    with home as ({_HOME}), arrived as (
        select 'shipment' as origin, min(l.event_on) as event_on, l.fnsku, coalesce(l.msku, '') as sku,
            coalesce(l.msku, '') as own_sku, place.country, min(c.area) as area, {_DISPOSITION} as disposition, sum(l.quantity) as units,
            coalesce(l.reference_id, '') as source_id,
            jsonb_build_object('table', 'ledger', 'shipmentId', l.reference_id, 'fnsku', l.fnsku,
                'quantity', sum(l.quantity), 'source', min(l.source)) as reference
        from ledger l
        {_PLACE}
        where l.connection_id = :connection_id and l.event_type = 'Receipts' and l.event_on <= :as_of
            and l.fnsku <> '' and {_OF_FBA} and plain.disposition ~ '^(CARRIER_DAMAGED|WAREHOUSE_DAMA.*)$'
        group by l.fnsku, l.msku, l.reference_id, place.country, {_DISPOSITION}
        having sum(l.quantity) > 0
        union all
        select 'return', returned_on, fnsku, sku, own_sku, null, null,
            case when disposition = 'DAMAGED' then null when disposition = 'CARRIER_DAMAGED' then disposition
                else 'WAREHOUSE_DAMAGED' end,
            units, order_id, source_row
        from detect_return
        where {AMAZONS_DAMAGE} and fnsku <> ''
    )
    -- Below zero, as the numbers above are those of adjustments.
    select -row_number() over (order by event_on, origin, source_id, sku, fnsku, disposition, reference), origin,
        event_on, fnsku, sku, own_sku, country, area, disposition, units, source_id, reference,
        'came damaged on ' || event_on || ' with ' || origin || ' ' || source_id || ', an event of its own'
    from arrived
    """,
    ("fnsku",),
    reads={
        "ledger": (
            "country",
            "disposition",
            "event_on",
            "event_type",
            "fnsku",
            "fulfillment_center",
            "msku",
            "quantity",
            "reference_id",
            "store",
        )
    },
    # The returns report lists what came back; an order adds its zone and its own name of the SKU.
    optional=all_of(*MONEY_OF_ORDERS, "replacements"),
    decides={"returns": ("detailed_disposition",)},
)

# Units that a disposition change made sellable again: the plus leg P to SELLABLE, from the state that
# its minus leg shows. Without one, or out of the warehouse's own damage, a damage is undone; of
# others only what carriers damaged matters.
RESTOCK = TemporaryTable(
    "detect_restock",
    "event_id bigint, event_on date, fnsku text, country text, disposition text, units integer, reference jsonb",
    """
    with leg as (
        select event_on, fnsku, fulfillment_center, min(country) as country,
            min(adjustment_id) filter (where reason = 'P') as event_id,
            coalesce(sum(quantity) filter (where reason = 'P' and quantity > 0 and disposition = 'SELLABLE'), 0)
                as plus,
            coalesce(sum(-quantity) filter (where reason = 'Q' and quantity < 0
                and disposition not in ('WAREHOUSE_DAMAGED', 'SELLABLE', '')), 0) as minus_of_others,
            coalesce(sum(-quantity) filter (where reason = 'Q' and quantity < 0
                and disposition = 'CARRIER_DAMAGED'), 0) as minus_of_carriers,
            jsonb_agg(reference order by adjustment_id) as reference
        from detect_adjustment
        where reason in ('P', 'Q')
        group by event_on, fnsku, fulfillment_center
    )
    select event_id, event_on, fnsku, country, 'WAREHOUSE_DAMAGED', plus - minus_of_others, reference
    from leg
    where plus > minus_of_others
    union all
    select null, event_on, fnsku, country, 'CARRIER_DAMAGED', least(plus, minus_of_carriers), reference
    from leg
    where least(plus, minus_of_carriers) > 0
    """,
)

# Units that went missing, were damaged or disposed of, and units that turned up or were mended. Strong
# is what Amazon's own texts agree to be its fault: no code that moves unsellable units, and no loss of
# such (docs/claims.md#allocation: no defective units, none that a customer damaged). Filled: Amazon says what it has settled of the row,
# whatever settled it: a find of the FNSKU, or of another SKU. G gives to charity what D destroys. What came in
# without a code may be a find, and counts as one: better missed than claimed twice.
EVENT = TemporaryTable(
    "detect_event",
    """event_id bigint, kind text, strong boolean, event_on date, fnsku text, sku text, asin text,
    country text, area text, fulfillment_center text, disposition text, reason text, units integer,
    unreconciled integer, reference jsonb""",
    """
    select adjustment_id, kind, strong, event_on, fnsku, sku, asin, country, area, fulfillment_center,
        disposition, reason, abs(quantity),
        -- Two zeros say nothing; one number alone tells the other.
        case when unreconciled is null and reconciled > 0 then abs(quantity) - reconciled
            when reconciled is null or reconciled + unreconciled > 0 then unreconciled end,
        reference
    from detect_adjustment
    cross join lateral (
        select
            case
                when quantity < 0 and reason in ('M', '5') then 'lost'
                when quantity < 0 and reason in ('E', '6', '7', 'H', 'K', 'U') then 'damaged'
                when quantity < 0 and reason in ('D', 'G', 'VendorReturns') then 'disposed'
                when quantity > 0 and reason in ('F', 'N', '') then 'found'
            end as kind,
            reason in ('6', 'D', 'VendorReturns', 'F', 'N', '')
                or reason in ('M', '5') and disposition in ('SELLABLE', '')
                or reason = 'E' and disposition not in (
                    'CUSTOMER_DAMAGED', 'DEFECTIVE', 'EXPIRED', 'DISTRIBUTOR_DAMAGED') as strong
    ) as code
    where kind is not null
    union all
    select event_id, 'restocked', true, event_on, fnsku, null, null, country, null, '', disposition, 'P', units,
        null, reference
    from detect_restock where event_id is not null
    union all
    -- Amazon grades a unit under the SKU that it came back with.
    select event_id, 'arrived', true, event_on, fnsku, own_sku, null, country, area, '', disposition, origin, units,
        null, reference
    from detect_arrived
    """,
    ("fnsku", "event_id"),
)

# Corrections that nothing explains. A transfer between two FNSKUs of one ASIN explains itself
# (docs/claims.md#what-is-held-back); what O takes out after a find is for recoup.claims.detection.allocation.
CORRECTION = TemporaryTable(
    "detect_ledger_correction",
    "adjustment_id bigint, event_on date, fnsku text, country text, reason text, quantity integer, reference jsonb",
    """
    select c.adjustment_id, c.event_on, c.fnsku, c.country, c.reason, c.quantity, c.reference
    from detect_adjustment c
    where c.reason in ('3', '4', 'O', '1', '2', 'J')
        and not exists (
            select from detect_adjustment other
            where c.reason in ('3', '4') and other.reason in ('3', '4')
                and other.asin = c.asin and other.fnsku <> c.fnsku and other.disposition = c.disposition
                and other.event_on = c.event_on and other.quantity = -c.quantity)
    """,
    ("fnsku",),
)

# docs/rules.md#control-totals: FNSKUs whose balances do not add up, or whose ledger lacks units that Amazon's summary found.
DOUBTFUL = TemporaryTable(
    "detect_doubtful",
    "fnsku text, why text",
    """
    with summary as (
        -- A balance may be divided by supplier, and a unit may go from one to the other.
        select fnsku, month_on,
            sum(coalesce(starting_balance, 0) + coalesce(receipts, 0) + coalesce(customer_shipments, 0)
                + coalesce(customer_returns, 0) + coalesce(vendor_returns, 0) + coalesce(warehouse_transfers, 0)
                + coalesce(found, 0) + coalesce(lost, 0) + coalesce(damaged, 0) + coalesce(disposed, 0)
                + coalesce(other_events, 0) + coalesce(unknown_events, 0)
                - coalesce(ending_balance, 0)) <> 0 as is_off,
            bool_or(num_nulls(starting_balance, receipts, customer_shipments, customer_returns, vendor_returns,
                warehouse_transfers, found, lost, damaged, disposed, other_events, unknown_events,
                ending_balance) > 0) as has_gaps,
            bool_or(found is null) as found_is_unknown,
            sum(coalesce(found, 0) - abs(coalesce(lost, 0))) as net
        from ledger_summary
        where connection_id = :connection_id and fnsku <> '' and month_on <= :as_of
            and coalesce(location, '') <> 'CN'
        group by fnsku, month_on, msku, disposition, location, store
    ), balance as (
        select fnsku, month_on, bool_or(is_off) as is_off, bool_or(is_off and has_gaps) as has_gaps,
            bool_or(found_is_unknown) as found_is_unknown, sum(net) as net
        from summary
        group by fnsku, month_on
    ), detail as (
        select fnsku, date_trunc('month', event_on)::date as month_on, sum(quantity) as net
        from detect_adjustment
        where reason in ('M', '5', 'F', 'N')
        group by fnsku, month_on
    ), doubt as (
        select b.fnsku, b.month_on, 'the monthly balance of ' || to_char(b.month_on, 'YYYY-MM')
            || case when b.has_gaps then ' has empty cells, and without them it' else '' end
            || ' does not add up' as why
        from balance b where b.is_off
        union all
        -- An empty cell is no proof that nothing was found.
        select b.fnsku, b.month_on, 'the monthly summary of ' || to_char(b.month_on, 'YYYY-MM')
            || case when b.found_is_unknown then ' does not state how many units were found'
                else ' shows more found units than the ledger' end
        from balance b
        cross join detect_ledger_span span
        left join detail d on d.fnsku = b.fnsku and d.month_on = b.month_on
        where (b.found_is_unknown or b.net > coalesce(d.net, 0))
            and b.month_on >= span.first_on and b.month_on + interval '1 month' <= span.complete_on + 1
    )
    select distinct on (fnsku) fnsku, why from doubt order by fnsku, month_on desc, why
    """,
    ("fnsku",),
    reads={
        "ledger_summary": (
            "customer_returns",
            "customer_shipments",
            "damaged",
            "disposed",
            "disposition",
            "ending_balance",
            "fnsku",
            "found",
            "location",
            "lost",
            "month_on",
            "msku",
            "other_events",
            "receipts",
            "starting_balance",
            "store",
            "unknown_events",
            "vendor_returns",
            "warehouse_transfers",
        )
    },
    # Of the adjustments only losses and finds count here, by their day and number.
    optional={
        **all_of("removals", "removal_shipments"),
        "ledger": ("disposition", "msku", "reconciled_quantity", "unreconciled_quantity"),
    },
)

# Units that Amazon is looking for, as last seen on the day: not lost yet. Amazon looks for 60 days at
# most, so what was seen before is over. Stores of one network report the same units: the most that one
# of them reports, never their sum (docs/claims.md#reason-codes).
RESEARCHING = TemporaryTable(
    "detect_researching",
    "fnsku text, units integer",
    """
    select fnsku, sum(units)
    from (
        select fnsku, sku, condition, max(researching_quantity) as units
        from (
            select distinct on (marketplace_id, sku, fnsku, condition) sku, fnsku, condition,
                researching_quantity, seen_at
            from inventory_history
            where connection_id = :connection_id and seen_at < cast(:as_of as date) + interval '2 days'
            order by marketplace_id, sku, fnsku, condition, seen_at desc
        ) as newest
        where researching_quantity > 0 and fnsku <> '' and seen_at >= cast(:as_of as date) - interval '60 days'
        group by fnsku, sku, condition
    ) as product
    group by fnsku
    """,
    reads={
        "inventory_history": (
            "condition",
            "fnsku",
            "marketplace_id",
            "researching_quantity",
            "seen_at",
            "sku",
        )
    },
    # Units that Amazon is looking for can be claimed some days later, and no more of them.
    optional=all_of("inventory_history"),
)
