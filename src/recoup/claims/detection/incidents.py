"""Losses, damages and disposals as candidates: rows of one FNSKU and day, and their settlements."""

from __future__ import annotations

from recoup.claims.detection.parts import Sql, settled
from recoup.claims.detection.temporary_table import TemporaryTable

# Losses without a state are read as losses of sellable units.
_STATE = """case kind when 'lost' then coalesce(nullif(disposition, ''), 'SELLABLE')
                when 'disposed' then disposition end"""

# One candidate is what a person would file: an FNSKU, a day, a country. Weak codes and weak
# dispositions are separate from the strong ones, as they are worth less.
MEMBER = TemporaryTable(
    "detect_member",
    "event_id bigint, incident_id bigint",
    f"""
    select event_id, min(event_id) over (
        partition by kind, fnsku, sku, event_on, country, strong,
            {_STATE})
    from detect_event
    where kind in ('lost', 'damaged', 'disposed')
    """,
    ("event_id",),
)

_SETTLED = settled(Sql("by"), "reference", "units", Sql("why")).json

SETTLED = TemporaryTable(
    "detect_settled",
    "incident_id bigint, units integer, settled jsonb",
    f"""
    select incident_id, sum(units), jsonb_agg(
        {_SETTLED}
        order by settled_on, settler_id)
    from (
        select m.incident_id, s.settler_id, s.settled_on, s.reference, sum(a.units) as units,
            -- docs/decisions.md#reversals: what was taken back wrongly is a claim of its own and reopens nothing.
            case when p.made_whole_units = 0 then 'reversed_payment' else s.by end as by,
            s.why || case when p.made_whole_units = 0 then ', taken back since' else '' end as why
        from detect_allocation a
        join detect_member m using (event_id)
        join detect_settler s using (settler_id)
        left join detect_payment p using (payment_id)
        group by m.incident_id, s.settler_id, s.settled_on, s.reference, s.by, s.why, p.made_whole_units
    ) as pair
    group by incident_id
    """,
    ("incident_id",),
)

# Finds that ended no loss. A find that explains something else is not among them.
UNUSED_FIND = TemporaryTable(
    "detect_unused_find",
    "fnsku text, event_on date, units integer, reference jsonb",
    """
    with used as (
        select event_id, units from detect_allocation
        union all
        select s.event_id, a.units from detect_allocation a join detect_settler s using (settler_id)
        where s.by = 'find'
    )
    select e.fnsku, e.event_on, e.units - coalesce(sum(used.units), 0), e.reference
    from detect_event e
    left join used using (event_id)
    where e.kind = 'found'
    group by e.event_id, e.fnsku, e.event_on, e.units, e.reference
    having e.units > coalesce(sum(used.units), 0)
    """,
    ("fnsku",),
)

# Payments of which nobody knows what they are for (docs/decisions.md#possible-payments).
POSSIBLE_PAYMENT = TemporaryTable(
    "detect_possible_payment",
    "fnsku text, area text, approved_on date, reference jsonb",
    """
    select coalesce(p.fnsku, product.fnsku), p.area, p.approved_on, p.reference
    from detect_payment p
    left join detect_product product on p.fnsku is null and product.sku = p.sku
    where p.family in ('general', 'unknown') and p.order_id is null and p.made_whole_units > 0
        and coalesce(p.fnsku, product.fnsku) is not null
    """,
    ("fnsku",),
)

INCIDENT = TemporaryTable(
    "detect_incident",
    """incident_id bigint, kind text, strong boolean, disposition text, key jsonb, fnsku text, sku text,
    asin text, country text, marketplace_id text, event_on date, units integer, open_units integer,
    unreconciled integer, settled jsonb, rows jsonb, codes text, centers text, legs integer,
    is_booked_as_lost boolean, possible_payment jsonb, unused_find jsonb, correction jsonb,
    researching integer, suppressed text""",
    f"""
    with row as (
        select m.incident_id, e.*
        from detect_event e join detect_member m using (event_id)
    ), leg as (
        select event_on, fnsku, fulfillment_center, sum(quantity) as units
        from detect_adjustment
        where reason = 'P' and quantity > 0 and disposition = 'WAREHOUSE_DAMAGED'
        group by event_on, fnsku, fulfillment_center
    ), incident as (
        select incident_id, min(kind) as kind, bool_and(strong) as strong, min(disposition) as disposition,
            min(row.fnsku) as fnsku, min(sku) as sku, min(asin) as asin, min(country) as country,
            min(row.event_on) as event_on, sum(row.units) as units,
            case when count(*) = count(unreconciled) then sum(unreconciled) end as unreconciled,
            jsonb_agg(reference order by event_id) as rows,
            string_agg(distinct reason, ', ') as codes,
            string_agg(distinct nullif(row.fulfillment_center, ''), ', ') as centers,
            -- Rows of one center share its plus legs; how many are there is enough to tell.
            min(leg.units) as legs,
            bool_or(exists (
                select from detect_settler s join detect_allocation a using (settler_id)
                where s.by = 'damaged_in_warehouse' and s.event_id = row.event_id)) as is_booked_as_lost
        from row
        left join leg on row.kind = 'damaged' and leg.event_on = row.event_on and leg.fnsku = row.fnsku
            and leg.fulfillment_center = row.fulfillment_center
        group by incident_id
    ), counted as (
        select incident.*, incident.units - coalesce(s.units, 0) as open_units,
            coalesce(s.settled, '[]') as settled, place.marketplace_id, place.area,
            row_number() over (
                partition by kind, incident.fnsku, sku, event_on, strong,
                    {_STATE}
                order by incident.country) as country_number
        from incident
        left join detect_settled s using (incident_id)
        left join detect_country place on place.country = incident.country
    )
    select c.incident_id, c.kind, c.strong, c.disposition,
        jsonb_strip_nulls(jsonb_build_object('fnsku', c.fnsku, 'sku', c.sku, 'date', c.event_on,
            'country', case when c.country_number > 1 then c.country end,
            'codes', case when c.strong then null when c.kind = 'damaged' then 'weak'
                when c.kind = 'disposed' then 'donated' end,
            'disposition', nullif({_STATE}, 'SELLABLE'))),
        c.fnsku, c.sku, c.asin, c.country,
        coalesce(c.marketplace_id, case when c.country = '' then home.marketplace_id end),
        c.event_on, c.units, c.open_units, c.unreconciled, c.settled, c.rows, c.codes, c.centers, c.legs,
        c.is_booked_as_lost, possible.reference, find.reference, correction.reference,
        researching.units,
        case
            when c.event_on < span.first_on + 30 then 'The ledger is loaded from ' || span.first_on
                || ' on; its first 30 days only serve to match later events (history incomplete).'
            when c.event_on > span.complete_on then 'The ledger is complete until ' || span.complete_on || ' only.'
            when doubtful.why is not null then 'The data of this FNSKU is doubtful: ' || doubtful.why || '.'
            else untold.why
        end
    from counted c
    cross join detect_ledger_span span
    left join detect_doubtful doubtful using (fnsku)
    left join detect_researching researching using (fnsku)
    left join (select min(marketplace_id) as marketplace_id from detect_marketplace having count(*) = 1) home on true
    left join (
        select i.incident_id, jsonb_agg(p.reference order by p.approved_on, p.reference) as reference
        from counted i
        join detect_possible_payment p on p.fnsku = i.fnsku
            and p.approved_on between i.event_on - 7 and i.event_on + 120
            and (p.area is null or i.area is null or p.area = i.area)
        where i.open_units > 0
        group by i.incident_id
    ) possible using (incident_id)
    left join (
        select i.incident_id, jsonb_agg(f.reference order by f.event_on, f.reference) as reference
        from counted i
        join detect_unused_find f on f.fnsku = i.fnsku and f.event_on >= i.event_on - 30
        where i.open_units > 0 and i.kind = 'lost'
        group by i.incident_id
    ) find using (incident_id)
    left join (
        select i.incident_id, min(p.why) as why
        from counted i
        join detect_untold_payment p on (p.fnsku = i.fnsku or p.is_nameless or p.fnsku is null and p.sku = i.sku)
            and p.order_id is null and p.family in ('lost', 'damaged', 'untold')
            and p.approved_on between i.event_on - 7 and i.event_on + 120
            and (p.area is null or i.area is null or p.area = i.area)
        where i.open_units > 0
        group by i.incident_id
    ) untold using (incident_id)
    left join (
        select i.incident_id, jsonb_agg(o.reference order by o.event_on, o.adjustment_id) as reference
        from counted i
        join detect_ledger_correction o on o.fnsku = i.fnsku and o.country = i.country
            and o.event_on between i.event_on - 3 and i.event_on + 3
            and (abs(o.quantity) = i.units or exists (
                select from row where row.incident_id = i.incident_id and row.units = abs(o.quantity)))
        where i.open_units > 0 and i.kind = 'lost'
            and not exists (
                select from detect_settler s join detect_allocation a using (settler_id)
                where s.by = 'taken_out' and s.event_id = o.adjustment_id)
        group by i.incident_id
    ) correction using (incident_id)
    """,
    ("kind",),
)
