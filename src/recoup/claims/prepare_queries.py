"""What all rules share, as temporary tables of one detection: who, where, when, paid what.

Each table is named `detect_*`, holds the rows of one connection as they were known on the day
`as_of`, and is gone with the transaction. Rules read them by name (recoup.claims.rule).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date

from recoup.claims.allocate_queries import allocate
from recoup.claims.case_queries import CASE_STEPS
from recoup.claims.incident_queries import INCIDENT_STEPS
from recoup.claims.ledger_queries import LEDGER_STEPS
from recoup.claims.payment_queries import PAYMENT_STEPS
from recoup.claims.policy import Policy
from recoup.claims.prepare_fees_queries import FEE_STEPS
from recoup.claims.prepare_inbound_queries import prepare_inbound
from recoup.claims.prepare_orders_queries import ORDER_STEPS
from recoup.claims.prepare_removals_queries import prepare_removals
from recoup.claims.prepare_returns_queries import MADE_GOOD_STEPS, RETURN_STEPS
from recoup.claims.prepare_storage_queries import STORAGE_STEPS
from recoup.claims.reversal_queries import ORDER_REVERSAL_STEPS, REVERSAL_STEPS
from recoup.claims.step_queries import Step, run_step
from recoup.db.engine import Writer
from recoup.db.upsert import to_document
from recoup.ids import ConnectionId

# Every marketplace that the policy knows, under the names a ledger may call its country by.
_COUNTRY = Step(
    "detect_country",
    "country text, area text, marketplace_id text, currency text, zone text",
    """
    with known as (
        select * from json_to_recordset(cast(:marketplaces as json))
            as m (marketplace_id text, country text, currency text, zone text, area text)
    ), mine as (
        select known.*, place.position
        from amazon_connection c
        cross join lateral unnest(c.marketplace_ids) with ordinality as place (id, position)
        join known on known.marketplace_id = place.id
        where c.connection_id = :connection_id
    ), named as (
        select country, country as name, area from known
        union all select 'GB', 'UK', 'UK'
        union all select key, key, value from json_each_text(cast(:warehouse_areas as json))
    )
    -- A unit that was lost where the seller has no store is claimed in the store of that area.
    select distinct on (named.name)
        named.name, named.area, m.marketplace_id, m.currency, m.zone
    from named
    left join (
        select marketplace_id, country, currency, zone, area, 1 as choice, position from mine
        union all select marketplace_id, country, currency, zone, area, 2, 0 from known
    ) as m on m.country = named.country or (m.choice = 1 and m.area = named.area)
    order by named.name, (m.choice = 1 and m.country = named.country) desc, m.choice, m.position
    """,
)

_MARKETPLACE = Step(
    "detect_marketplace",
    # position: 1 is the seller's first. today: the day for which detection is asked.
    """marketplace_id text, country text, currency text, zone text, area text, position integer,
    today date""",
    """
    select place.id, known.country, known.currency, coalesce(known.zone, 'UTC'), known.area,
        place.position, cast(:as_of as date)
    from amazon_connection c
    cross join lateral unnest(c.marketplace_ids) with ordinality as place (id, position)
    left join json_to_recordset(cast(:marketplaces as json)) as known (
        marketplace_id text, country text, currency text, zone text, area text)
        on known.marketplace_id = place.id
    where c.connection_id = :connection_id
    """,
)

_POLICY = Step(
    "detect_policy",
    # valid_to is the first day on which the row does not count any more.
    """marketplace_id text, country text, window_name text, valid_from date, valid_to date, opens integer,
    closes_days integer, closes_months integer, clock text, confidence text, source text""",
    """
    select m.marketplace_id, w.country, w."window", w.valid_from, w.valid_to, w.opens,
        w.closes_days, w.closes_months, w.clock, w.confidence, w.source
    from json_to_recordset(cast(:windows as json)) as w (
        country text, "window" text, clock text, opens integer, closes_days integer,
        closes_months integer, valid_from date, valid_to date, confidence text, source text)
    join json_to_recordset(cast(:marketplaces as json)) as m (marketplace_id text, country text)
        using (country)
    """,
)

_CAP = Step(
    "detect_cap",
    "currency text, per_unit numeric",
    "select key, cast(value as numeric) from json_each_text(cast(:caps as json))",
)

_COST = Step(
    "detect_cost",
    # valid_to is the first day on which the next cost counts. One of sku and fnsku is null.
    """sku text, fnsku text, valid_from date, valid_to date, cost numeric, currency text,
    invoice_reference text""",
    """
    select nullif(sku, ''), nullif(fnsku, ''), valid_from,
        lead(valid_from, 1, date '9999-12-31') over (partition by sku, fnsku order by valid_from),
        cost, currency, invoice_reference
    from sourcing_cost
    where connection_id = :connection_id
    """,
    ("fnsku", "sku"),
)

_PRODUCT = Step(
    "detect_product",
    "fnsku text, sku text, asin text",
    """
    select fnsku, sku, max(asin)
    from (
        select fnsku, msku as sku, max(asin) as asin from ledger
        where connection_id = :connection_id and event_on <= :as_of
        group by fnsku, msku
        union all select fnsku, sku, asin from inventory where connection_id = :connection_id
        union all select fnsku, sku, asin from fee_preview where connection_id = :connection_id
    ) as seen
    where fnsku <> '' and sku <> ''
    group by fnsku, sku
    """,
    ("fnsku", "sku", "asin"),
)

# From when on a unit lost before an order is worth what it cost (facts 1.5).
_VALUE = Step(
    "detect_value", "sourcing_cost_since date", "select cast(:sourcing_cost_since as date)"
)

_FNSKU = Step(
    "detect_fnsku",
    "fnsku text, sku text, asin text",
    "select fnsku, min(sku), min(asin) from detect_product group by fnsku",
    ("fnsku",),
)

_STEPS = (_COUNTRY, _MARKETPLACE, _POLICY, _CAP, _VALUE, _COST, _PRODUCT, _FNSKU)


async def prepare(conn: Writer, connection_id: ConnectionId, as_of: date, policy: Policy) -> None:
    """Fill the tables that rules read. Raises nothing of its own; a second call replaces them."""
    values = {
        "connection_id": connection_id,
        "as_of": as_of,
        "marketplaces": to_document([asdict(one) for one in policy.marketplaces]),
        "windows": to_document([asdict(one) for one in policy.windows]),
        "caps": json.dumps({currency: str(cap) for currency, cap in policy.caps.items()}),
        "warehouse_areas": json.dumps(dict(policy.warehouse_areas)),
        "families": json.dumps(dict(policy.families)),
        "sourcing_cost_since": policy.sourcing_cost_since,
    }
    for step in (*_STEPS, *PAYMENT_STEPS, *CASE_STEPS, *ORDER_STEPS, *RETURN_STEPS):
        await run_step(conn, step, values)
    for step in (*ORDER_REVERSAL_STEPS, *MADE_GOOD_STEPS, *LEDGER_STEPS):
        await run_step(conn, step, values)
    await allocate(conn, values)
    await prepare_inbound(conn, values)
    await prepare_removals(conn, values)
    for step in (*INCIDENT_STEPS, *REVERSAL_STEPS, *FEE_STEPS, *STORAGE_STEPS):
        await run_step(conn, step, values)
