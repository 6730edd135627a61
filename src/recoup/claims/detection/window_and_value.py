"""From candidate events to claims: the events that rules found, with window and value.

The window comes from the policy's row of the marketplace on the day the clock starts, the value of
a unit lost before an order from the seller's sourcing cost of that day (docs/claims.md#value).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import Date, literal, text

from recoup.claims.detection.cases import WORK_OFF, WORKED_OFF
from recoup.claims.detection.confidence import sum_of, weighed
from recoup.claims.detection.temporary_table import TemporaryTable, all_of, make_table
from recoup.claims.policy import load_policy
from recoup.claims.reading.claims import StandingTotal, total_where
from recoup.claims.reading.row import ClaimRow, claim_row, select_claims
from recoup.claims.rule import ClaimType, Rule, Value
from recoup.claims.tables import claim
from recoup.db.engine import Reader, Writer, driver_connection
from recoup.db.single_reads import Statement, statement
from recoup.ids import ConnectionId, SyncId

_CANDIDATE = """key jsonb, marketplace_id text, sku text, fnsku text, asin text, order_id text, units integer,
    quantity integer, settled jsonb, event_on date, clock_on date, wait_until date, amount numeric,
    currency text, amount_basis text, amount_missing text, confidence_parts jsonb, suppressed text,
    reason text, evidence jsonb"""
_COLUMNS = [column.split() for column in _CANDIDATE.split(",")]
_NAMES = ", ".join(name for name, _ in _COLUMNS)
# A rule may write a plain null, which has no type of its own.
_TYPED = ", ".join(f"cast(found.{name} as {kind})" for name, kind in _COLUMNS)

FOUND = TemporaryTable(
    "detect_found",
    f"type text, window_name text, by_cost boolean, rule_version integer, {_CANDIDATE}",
    None,
    changed_by=WORK_OFF,
    is_prepared=False,
)

# The strictest end that is known of a kind of window, for a warning where none is known for sure.
_STRICTEST = """
    select distinct on (window_name) window_name, country, closes_days
    from detect_policy
    where valid_to = date '9999-12-31' and closes_days is not null
    order by window_name, closes_days, (confidence = 'high') desc, country
"""

# A payment per unit of the past, for information where the cost is not known (docs/decisions.md#value-before-an-order): cash,
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

# Claims about units that had to arrive prepped and labelled. The report of inbound problems is asked for
# this note only: where it is not loaded, the claim stands without.
_ARRIVING = ", ".join(
    f"'{one.value}'"
    for one in (
        ClaimType.LOST_IN_WAREHOUSE,
        ClaimType.DAMAGED_IN_WAREHOUSE,
        ClaimType.INBOUND_SHORTAGE,
        ClaimType.INBOUND_DAMAGE,
    )
)
_NO_PREP_NOTE = """'Amazon''s report of inbound problems names this product or shipment: in the US '
    'it has not paid for units that arrive unprepped or mislabelled since 2026-01-01. Check the problem first.'"""

CLAIM = TemporaryTable(
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
                    then 'The day from which the window counts is not known, so there is no last day: check Seller Central.'
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
        select dated.*, c.cost, cap.per_unit as cap_per_unit,
            -- What is not known is worth no cap.
            case when c.cost > cap.per_unit then cap.per_unit else c.cost end as per_unit,
            c.currency as cost_currency,
            case when by_fnsku.cost is not null then 'FNSKU ' || dated.fnsku else 'SKU ' || dated.sku end
                || ' valid from ' || c.valid_from as cost_of,
            median.per_unit as median_per_unit, median.payments as median_payments,
            case when dated.type in ({_ARRIVING}) then exists (
                select from detect_fee_change p
                join inbound_noncompliance n on n.connection_id = :connection_id
                    and (n.fnsku = dated.fnsku or n.sku = dated.sku or n.shipment_id = dated.key ->> 'shipmentId')
                where p.kind = 'no_prep' and p.marketplace_id = dated.marketplace_id
                    and dated.event_on >= p.valid_from and dated.event_on < p.valid_to
            ) else false end as is_noncompliant
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
    ), weighed as materialized (
        select valued.*, {weighed("confidence_parts")} as all_parts from valued
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
                || ' are valued by Amazon''s estimate of the sale price, which is in no source.'
            when cost is null then 'The value is not known: enter the sourcing cost of a unit of SKU '
                || coalesce(sku, '(none)') || '.'
        end,
        {sum_of("all_parts")}, all_parts, event_on,
        case when policy_confidence is not null then fileable_from end,
        deadline,
        doubt || case when strictest_days is not null and (deadline is null or policy_confidence = 'low')
            then ' The strictest end known for such claims is ' || strictest_days || ' days ('
                || strictest_country || ')'
                || coalesce(': by that the last safe day is ' || (clock_on + strictest_days - 1), '') || '.'
            else '' end,
        reason,
        noted.evidence || case when is_noncompliant then jsonb_build_object('notes',
            coalesce(noted.evidence -> 'notes', '[]') || to_jsonb(cast({_NO_PREP_NOTE} as text))) else '{{}}' end,
        rule_version
    from weighed
    cross join lateral (
        select case when by_cost and (cost is null or event_on < (select sourcing_cost_since from detect_value)) and median_per_unit is not null then
            jsonb_set(
                jsonb_set(evidence, '{{numbers}}', coalesce(evidence -> 'numbers', '{{}}')),
                '{{numbers,median_paid_per_unit}}',
                jsonb_build_object('amount', cast(median_per_unit as text), 'currency', known_currency,
                    'payments', median_payments))
            else evidence end as evidence
    ) as noted
    """,
    ("claim_id",),
    optional=all_of("inbound_noncompliance"),
    reads={"inbound_noncompliance": ("fnsku", "shipment_id", "sku")},
    is_prepared=False,
)


async def tune(conn: Writer) -> None:
    """Settings for this transaction that keep the time of a detection proportional to the rows.

    The planner knows little about tables that were made a moment ago. Where it takes one for small
    it would look up a big table row by row; reading each big table once is never much worse, and
    is the same for ten thousand orders and for a million. Nor may it merge: a merge may use a part of
    what a condition compares, such as the kind alone, and tries every pair of what is alike in that;
    a hash uses all of it. Compiling forty statements that run once costs more than it saves, and
    hashes of the usual 4 MB would go to disk. Each process keeps its own hash: a container's shared
    memory is often too small for a common one.
    """
    await conn.execute(
        text(
            "set local enable_nestloop = off; set local enable_mergejoin = off; set local jit = off; "
            "set local work_mem = '64MB'; set local enable_parallel_hash = off"
        )
    )


async def make_found(conn: Writer) -> None:
    """Creates the tables for the events that rules find, empty; each event of a type occurs once."""
    await make_table(conn, FOUND, {})
    await make_table(conn, WORKED_OFF, {})
    await conn.execute(text("create unique index on detect_found (type, key)"))


async def find_events(conn: Writer, rules: Iterable[Rule], values: Mapping[str, object]) -> None:
    """Runs the SELECT of each rule: every candidate event of its type, open or settled."""
    driver = await driver_connection(conn)
    async with driver.pipeline():
        for rule in rules:
            told = {
                "rule_type": rule.type.value,
                "rule_window": rule.window.value,
                "rule_by_cost": rule.value is Value.SOURCING_COST,
                "rule_version": rule.version,
            }
            await driver.execute(_finding(rule.sql).text, {**values, **told}, prepare=False)


@cache
def _finding(sql: str) -> Statement:
    return statement(
        text(
            f"insert into detect_found (type, window_name, by_cost, rule_version, {_NAMES}) "
            f"select :rule_type, :rule_window, :rule_by_cost, :rule_version, {_TYPED} from ({sql}) as found"
        )
    )


async def value_claims(conn: Writer, values: dict[str, object]) -> None:
    """Adds window and value to the open candidates."""
    # The wide columns are no help to the planner and slow to sample.
    await conn.execute(
        text("analyze detect_found (type, key, marketplace_id, sku, fnsku, event_on, quantity)")
    )
    await make_table(conn, CLAIM, values)


_IS_FOUND = claim.c.claim_id.in_(text("select claim_id from detect_claim"))


async def list_found(conn: Reader, as_of: date) -> list[ClaimRow]:
    """Lists the stored claims that this transaction's detection found, the most urgent first.

    Today is the day of the detection.
    """
    rows = await conn.execute(
        select_claims(literal(as_of, Date))
        .where(_IS_FOUND)
        .order_by(claim.c.deadline, claim.c.claim_id)
    )
    return [claim_row(row) for row in rows.mappings()]


async def total_found(conn: Reader, as_of: date) -> list[StandingTotal]:
    """Their totals on the day of the detection."""
    return await total_where(conn, _IS_FOUND, today=literal(as_of, Date))


async def last_local_day(conn: Reader, connection_id: ConnectionId, now: datetime) -> date:
    """The latest current date among the connection's marketplaces.

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
    """Counts the claims that a sync found first, over all its attempts."""
    found = await conn.execute(
        text("select count(*) from claim where sync_id = :sync_id"), {"sync_id": sync_id}
    )
    return int(found.scalar_one())


async def find_last_day(conn: Reader, connection_id: ConnectionId) -> date | None:
    """The day as of which the stored claims were last confirmed."""
    found = await conn.execute(
        text("select max(as_of) from claim_detection where connection_id = :connection_id"),
        {"connection_id": connection_id},
    )
    last: date | None = found.scalar_one()
    return last
