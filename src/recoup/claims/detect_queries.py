"""What the rules found, with window and value: from candidate events to claims.

The window comes from the policy's row of the marketplace on the day the clock starts, the value of
a unit lost before an order from the seller's sourcing cost of that day (docs/claims.md #value).
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from recoup.claims.policy import load_policy
from recoup.claims.queries import Total
from recoup.claims.rule import Rule, Value
from recoup.claims.step_queries import Step, run_step
from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, SyncId

_CANDIDATE = """key jsonb, marketplace_id text, sku text, fnsku text, asin text, order_id text, units integer,
    quantity integer, settled jsonb, event_on date, clock_on date, wait_until date, amount numeric,
    currency text, amount_basis text, amount_missing text, confidence numeric, confidence_parts jsonb,
    suppressed text, reason text, evidence jsonb"""
_COLUMNS = [column.split() for column in _CANDIDATE.split(",")]
_NAMES = ", ".join(name for name, _ in _COLUMNS)
# A rule may write a plain null, which has no type of its own.
_TYPED = ", ".join(f"cast(found.{name} as {kind})" for name, kind in _COLUMNS)

_FOUND = Step(
    "detect_found",
    f"type text, window_name text, by_cost boolean, rule_version integer, {_CANDIDATE}",
    None,
)

# The strictest end that is known of a kind of window, for a warning where none is known for sure.
_STRICTEST = """
    select distinct on (window_name) window_name, country, closes_days
    from detect_policy
    where valid_to = date '9999-12-31' and closes_days is not null
    order by window_name, closes_days, (confidence = 'high') desc, country
"""

# A payment per unit of the past, for information where the cost is not known (decision 18): cash,
# for the same product and family, of the last 12 months, and not itself below a known cost.
_MEDIAN = """
    select p.fnsku, p.family, p.currency, count(*) as payments,
        percentile_disc(0.5) within group (order by p.amount_per_unit) as per_unit
    from detect_payment p
    where p.cash_units > 0 and p.amount_per_unit > 0
        and p.approved_on >= greatest((select sourcing_cost_since from detect_value), cast(:as_of as date) - 365)
        and not exists (
            select from detect_cost c
            where c.fnsku = p.fnsku and c.currency = p.currency
                and p.approved_on >= c.valid_from and p.approved_on < c.valid_to
                and p.amount_per_unit < c.cost * 0.95)
    group by p.fnsku, p.family, p.currency
"""

_CLAIM = Step(
    "detect_claim",
    """claim_id text, type text, key jsonb, marketplace_id text, sku text, fnsku text, asin text,
    order_id text, quantity integer, amount numeric, currency text, amount_basis text, amount_missing text,
    confidence numeric, confidence_parts jsonb, event_on date, fileable_from date, deadline date,
    window_note text, reason text, evidence jsonb, rule_version integer""",
    f"""
    with strictest as ({_STRICTEST}), median as ({_MEDIAN}), open as (
        select f.*,
            case window_name when 'fc_lost' then 'lost' when 'fc_damaged' then 'damaged'
                when 'inbound' then 'inbound' when 'removal_lost' then 'removal'
                when 'removal_other' then 'removal' end as family,
            coalesce(f.currency, m.currency) as known_currency
        from detect_found f
        left join detect_marketplace m using (marketplace_id)
        where f.quantity > 0 and f.suppressed is null
    ), dated as (
        select open.*, p.source, p.confidence as policy_confidence, p.clock,
            greatest(open.clock_on + coalesce(p.opens, 0), open.wait_until) as fileable_from,
            case when p.closes_days is not null then open.clock_on + p.closes_days - 1
                when p.closes_months is not null
                then (open.clock_on + make_interval(months => p.closes_months))::date - 1 end as deadline,
            case
                when open.clock_on is null
                    then 'It is not known from when the days count, so no last day is given: check Seller Central.'
                when p.window_name is null
                    then 'The window is not known for this marketplace: check Seller Central.'
                when p.closes_days is null and p.closes_months is null
                    then 'The end of the window is not known for this marketplace: check Seller Central.'
                when p.confidence in ('low', 'unconfirmed')
                    then 'The window is not confirmed for this marketplace (source: ' || p.source
                        || '): check Seller Central.'
            end as doubt,
            s.country as strictest_country, s.closes_days as strictest_days
        from open
        left join detect_policy p
            on p.marketplace_id = open.marketplace_id and p.window_name = open.window_name
            and open.clock_on >= p.valid_from and open.clock_on < p.valid_to
        left join strictest s on s.window_name = open.window_name
    ), valued as (
        select dated.*, c.cost, least(c.cost, cap.per_unit) as per_unit, cap.per_unit as cap_per_unit,
            c.currency as cost_currency,
            case when by_fnsku.cost is not null then 'FNSKU ' || dated.fnsku else 'SKU ' || dated.sku end
                || ' valid from ' || c.valid_from as cost_of,
            median.per_unit as median_per_unit, median.payments as median_payments
        from dated
        left join detect_cost by_fnsku
            on by_fnsku.fnsku = dated.fnsku
            and dated.event_on >= by_fnsku.valid_from and dated.event_on < by_fnsku.valid_to
        left join detect_cost by_sku
            on by_sku.sku = dated.sku
            and dated.event_on >= by_sku.valid_from and dated.event_on < by_sku.valid_to
        cross join lateral (
            select coalesce(by_fnsku.cost, by_sku.cost) as cost,
                case when by_fnsku.cost is not null then by_fnsku.currency else by_sku.currency end as currency,
                case when by_fnsku.cost is not null then by_fnsku.valid_from else by_sku.valid_from end as valid_from
        ) as c
        left join detect_cap cap on cap.currency = c.currency
        left join median on dated.by_cost and median.fnsku = dated.fnsku and median.family = dated.family
            and median.currency = dated.known_currency
    )
    select
        'claim_' || left(encode(sha256(convert_to(
            :connection_id || chr(10) || type || chr(10) || cast(key as text), 'UTF8')), 'hex'), 32),
        type, key, marketplace_id, sku, fnsku, asin, order_id, quantity,
        case when not by_cost then round(amount, 2) when event_on >= (select sourcing_cost_since from detect_value) then per_unit * quantity end,
        case when not by_cost then currency when event_on >= (select sourcing_cost_since from detect_value) then cost_currency end,
        case when not by_cost then amount_basis
            when event_on >= (select sourcing_cost_since from detect_value) and cost is not null then
                quantity || ' x ' || per_unit || ' ' || cost_currency || ', sourcing cost of ' || cost_of
                || case when cost > cap_per_unit
                    then ' (' || cost || '), capped at ' || cap_per_unit || ' per unit' else '' end
        end,
        case when not by_cost then amount_missing
            when event_on < (select sourcing_cost_since from detect_value) then 'Units lost before ' || (select sourcing_cost_since from detect_value)
                || ' are valued by Amazon''s estimate of the sale price, which no source tells.'
            when cost is null then 'The value is not known: enter what a unit of SKU '
                || coalesce(sku, '(none)') || ' costs you (sourcing cost).'
        end,
        confidence, confidence_parts, event_on,
        case when policy_confidence is not null then fileable_from end,
        deadline,
        doubt || case when strictest_days is not null and (deadline is null or policy_confidence = 'low')
            then ' The strictest end known for such claims is ' || strictest_days || ' days ('
                || strictest_country || ')'
                || coalesce(': by that the last safe day is ' || (clock_on + strictest_days - 1), '') || '.'
            else '' end,
        reason,
        case when by_cost and (cost is null or event_on < (select sourcing_cost_since from detect_value)) and median_per_unit is not null then
            jsonb_set(
                jsonb_set(evidence, '{{numbers}}', coalesce(evidence -> 'numbers', '{{}}')),
                '{{numbers,median_paid_per_unit}}',
                jsonb_build_object('amount', cast(median_per_unit as text), 'currency', known_currency,
                    'payments', median_payments))
            else evidence end,
        rule_version
    from valued
    """,  # noqa: S608 - put together from constants
    ("claim_id",),
)


async def tune(conn: Writer) -> None:
    """Settings for this transaction that keep the time of a detection in step with the rows.

    The planner knows little about tables that were made a moment ago. Where it takes one for small
    it would look up a big table row by row; reading each big table once is never much worse, and
    is the same for ten thousand orders and for a million. Compiling forty statements that run once
    costs more than it saves, and hashes of the usual 4 MB would go to disk. Each process keeps its
    own hash: a container's shared memory is often too small for a common one.
    """
    await conn.execute(
        text(
            "set local enable_nestloop = off; set local jit = off; set local work_mem = '64MB'; "
            "set local enable_parallel_hash = off"
        )
    )


async def make_found(conn: Writer) -> None:
    """An empty table for what the rules find; an event of a type is found once."""
    await run_step(conn, _FOUND, {})
    await conn.execute(text("create unique index on detect_found (type, key)"))


async def find_events(conn: Writer, rule: Rule, values: dict[str, object]) -> None:
    """Run a rule's SELECT: every candidate event of its type, open or settled."""
    statement = text(
        f"insert into detect_found (type, window_name, by_cost, rule_version, {_NAMES}) "  # noqa: S608 - rules are code
        f"select :rule_type, :rule_window, :rule_by_cost, :rule_version, {_TYPED} from ({rule.sql}) as found"
    )
    await conn.execute(
        statement,
        values
        | {
            "rule_type": rule.type.value,
            "rule_window": rule.window.value,
            "rule_by_cost": rule.value is Value.SOURCING_COST,
            "rule_version": rule.version,
        },
    )


async def value_claims(conn: Writer, values: dict[str, object]) -> None:
    """Give the open candidates their window and their value."""
    # The wide columns are no help to the planner and slow to sample.
    await conn.execute(
        text("analyze detect_found (type, key, marketplace_id, sku, fnsku, event_on, quantity)")
    )
    await run_step(conn, _CLAIM, values)


async def list_found(conn: Reader, as_of: date) -> list[RowMapping]:
    """The stored claims that this transaction's detection found, the most urgent first.

    With `today_on`, the day of the detection.
    """
    rows = await conn.execute(
        text(
            "select claim.*, cast(:as_of as date) as today_on from claim join detect_claim using (claim_id) "
            "order by claim.deadline, claim.claim_id"
        ),
        {"as_of": as_of},
    )
    return list(rows.mappings())


async def total_found(conn: Reader) -> list[Total]:
    """Their sums, per currency."""
    rows = await conn.execute(
        text(
            "select currency, sum(amount) as amount, count(*) as claim_count from detect_claim "
            "group by currency order by currency"
        )
    )
    return [Total(row.currency, row.amount, row.claim_count) for row in rows]


async def last_local_day(conn: Reader, connection_id: ConnectionId, now: datetime) -> date:
    """The latest day that it is in one of the connection's marketplaces.

    Rows carry the day of their marketplace; with an earlier day those of today would be unseen.
    """
    zones = {one.marketplace_id: one.zone for one in load_policy().marketplaces}
    found = await conn.execute(
        text("select marketplace_ids from amazon_connection where connection_id = :connection_id"),
        {"connection_id": connection_id},
    )
    days = [now.astimezone(ZoneInfo(zones.get(one, "UTC"))).date() for one in found.scalar_one()]
    return max(days, default=now.date())


async def count_found_by(conn: Reader, sync_id: SyncId) -> int:
    """Claims that a sync was the first to find, over all its attempts."""
    found = await conn.execute(
        text("select count(*) from claim where sync_id = :sync_id"), {"sync_id": sync_id}
    )
    return int(found.scalar_one())


async def find_last_day(conn: Reader, connection_id: ConnectionId) -> date | None:
    """The day as of which the stored claims were last confirmed."""
    found = await conn.execute(
        text("select max(as_of) from claim where connection_id = :connection_id"),
        {"connection_id": connection_id},
    )
    last: date | None = found.scalar_one()
    return last
