"""Stores the result of a detection: candidates, allocations, and the claims with their history.

What a person set (status, stage, case id, note, arrived) is never overwritten. Four statements of
status are recoup's own: a claim is found, withdrawn (its units were found or paid), approved (a
payment for its case or its event came), or open again, also because a payment was taken back. The
stage follows: paid, paid in part, or paid by itself where no case of the seller's was answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from recoup.claims.detection.cases import MONEY_TYPES, REST, find_paid_cases
from recoup.claims.detection.paid_claims import find_paid_claims, store_paid_claims
from recoup.claims.detection.temporary_table import TemporaryTable, make_table
from recoup.claims.detection.window_and_value import CLAIM
from recoup.db.engine import Writer


@dataclass(frozen=True, slots=True)
class Stored:
    """The number of claims whose state changed."""

    new: int
    reopened: int
    withdrawn: int
    approved: int


_CANDIDATES = (
    """
    delete from claim_candidate where connection_id = :connection_id and type = any(:types)
    """,
    """
    insert into claim_candidate (connection_id, type, key, marketplace_id, sku, fnsku, asin, order_id,
        event_on, units, quantity, settled, suppressed, reason)
    select :connection_id, type, key, marketplace_id, sku, fnsku, asin, order_id, event_on, units,
        quantity, settled, suppressed, reason
    from detect_found
    """,
    """
    delete from claim_allocation where connection_id = :connection_id and type = any(:types)
    """,
    """
    insert into claim_allocation (connection_id, allocation_id, by, reference, type, key, units)
    select :connection_id,
        (select coalesce(max(allocation_id), 0) from claim_allocation where connection_id = :connection_id)
            + row_number() over (order by f.type, f.key, part.position),
        part.one ->> 'by', part.one -> 'reference', f.type, f.key, cast(part.one ->> 'units' as integer)
    from detect_found f
    cross join lateral jsonb_array_elements(f.settled) with ordinality as part (one, position)
    where cast(part.one ->> 'units' as integer) > 0
    """,
)

# What becomes of each claim, new ones and those that are not found any more.
CHANGE = TemporaryTable(
    "detect_change",
    """claim_id text, from_status text, to_status text, to_stage text, why text, changes jsonb""",
    f"""
    with before as (
        select * from claim where connection_id = :connection_id and type = any(:types)
    ), candidate as (
        select type, key, quantity, suppressed,
            string_agg(part ->> 'why', '; ') as settled_by,
            bool_or(part ->> 'by' in ('payment', 'case')) as is_paid,
            bool_or(part ->> 'by' = 'case') as is_case_paid
        from detect_found left join lateral jsonb_array_elements(settled) as part on true
        group by type, key, quantity, suppressed
    ), judged as (
        select coalesce(d.claim_id, b.claim_id) as claim_id, b.status as from_status, b.stage as from_stage,
            money.is_new_money, money.is_taken_back, money.is_own, paid.amount as paid_amount,
            paid.currency as paid_currency, paid.units as paid_units, paid.back_on, paid.back_id,
            c.is_paid, b.filed_at,
            case
                when b.claim_id is null then 'detected'
                when p.claim_id is not null and (b.status <> 'rejected' or money.is_new_money) then 'approved'
                -- What had been paid is open again, and so is what was denied and then paid in part.
                when money.is_taken_back and b.filed_at is not null and b.status = 'approved' then 'filed'
                when d.claim_id is null and c.quantity = 0 and c.is_paid and money.is_own and not money.is_reversed
                    and not money.is_short
                    and (b.status = 'filed' or b.status = 'rejected' and money.is_new_money) then 'approved'
                when money.is_new_money and b.status = 'rejected' then 'filed'
                -- What is open now happened after it was filed: new charges of a product.
                when d.event_on > cast(b.filed_at as date) and (
                    (b.status = 'filed' and c.is_case_paid) or (b.status = 'approved' and b.status_by = 'recoup'))
                    then 'detected'
                when d.claim_id is not null and (b.status = 'withdrawn'
                        and not (b.stage = 'paid_by_itself' and b.status_by <> 'recoup')
                    or (b.status = 'approved' and b.status_by = 'recoup'))
                    then case when b.filed_at is null then 'detected' else 'filed' end
                when d.claim_id is null and b.status = 'filed' and c.quantity = 0
                    and (money.is_reversed or money.is_short) then 'filed'
                when d.claim_id is null and b.status = 'detected' then 'withdrawn'
                when d.claim_id is null and b.status = 'filed' and c.quantity = 0 then 'withdrawn'
                else b.status
            end as to_status,
            case
                when b.claim_id is null then 'Found by version ' || d.rule_version || ' of the rule'
                when money.is_taken_back then format('Reopened: Amazon took back a payment on %s (reimbursement %s)',
                    paid.back_on, paid.back_id)
                when p.claim_id is not null then 'Paid: a reimbursement names the case'
                when money.is_new_money and b.status in ('filed', 'rejected')
                        and (money.is_short or not (d.claim_id is null and c.quantity = 0))
                    then format('Paid in part: the reimbursements report shows %s',
                        coalesce(paid.amount || ' ' || paid.currency, paid.units || ' units'))
                when d.event_on > cast(b.filed_at as date)
                    then 'What was filed has been paid; what is open now came later, first on ' || d.event_on
                when d.claim_id is not null then 'Reopened: what had settled it is gone'
                when c.type is null then 'Its event is no longer in the data'
                when c.suppressed is not null then 'No longer a claim: ' || c.suppressed
                else 'Settled: ' || coalesce(c.settled_by, 'no units are open')
            end as why,
            case when b.claim_id is null or d.claim_id is null then '{{}}' else (
                select coalesce(jsonb_object_agg(name, jsonb_build_array(old, new)), '{{}}')
                from (values
                    ('quantity', to_jsonb(b.quantity), to_jsonb(d.quantity)),
                    ('amount', to_jsonb(cast(b.amount as text)), to_jsonb(cast(d.amount as text))),
                    ('currency', to_jsonb(b.currency), to_jsonb(d.currency)),
                    ('confidence', to_jsonb(b.confidence), to_jsonb(d.confidence)),
                    ('fileable_from', to_jsonb(b.fileable_from), to_jsonb(d.fileable_from)),
                    ('deadline', to_jsonb(b.deadline), to_jsonb(d.deadline))
                ) as value (name, old, new)
                where old is distinct from new
            ) end || case when b.claim_id is null or (b.paid_amount is not distinct from paid.amount
                    and b.paid_units is not distinct from paid.units) then '{{}}'
                else jsonb_build_object('paid', jsonb_build_array(
                    case when b.paid_units is not null then coalesce(b.paid_amount || ' ' || b.paid_currency,
                        b.paid_units || ' units') end,
                    case when paid.units is not null then coalesce(paid.amount || ' ' || paid.currency,
                        paid.units || ' units') end)) end as changes
        from before b
        full join detect_claim d on d.claim_id = b.claim_id
        left join candidate c on c.type = b.type and c.key = b.key
        left join detect_paid_case p on p.claim_id = b.claim_id and b.status in ('filed', 'approved', 'rejected')
        left join detect_claim_paid paid on paid.claim_id = coalesce(b.claim_id, d.claim_id)
        cross join lateral (
            select coalesce(paid.back_on >= paid.last_on, false) as is_reversed,
                coalesce(paid.is_own, true) as is_own,
                -- A claim about money is not paid by a unit, but by its money.
                coalesce(b.type in ({MONEY_TYPES}) and paid.currency = b.currency
                    and paid.amount < b.amount * (1 - {REST}), false) as is_short,
                paid.back_on is not null and (paid.amount < b.paid_amount or paid.units < b.paid_units)
                    and p.claim_id is null as is_taken_back,
                -- Of a denied claim only what came after it was denied.
                (coalesce(paid.amount, 0) > coalesce(b.paid_amount, 0)
                        or coalesce(paid.units, 0) > coalesce(b.paid_units, 0))
                    and paid.is_own and (b.status <> 'rejected' or paid.last_on >= cast(b.status_at as date))
                    as is_new_money
        ) as money
        where not exists (
            select from detect_held held
            where held.type = coalesce(b.type, d.type) and held.key = coalesce(b.key, d.key))
    ), after as (
        select judged.*, case
                when to_status = 'approved' then case when from_status = 'approved' then from_stage else 'paid' end
                when to_status = 'withdrawn' then case when from_status = 'withdrawn' then from_stage
                    when is_paid then 'paid_by_itself' else 'closed' end
                when to_status = 'detected' then case when from_status = 'detected' then from_stage else 'found' end
                when to_status = 'filed' and is_new_money then 'paid_in_part'
                when to_status = 'filed' and is_taken_back then
                    case when paid_amount > 0 or paid_units > 0 then 'paid_in_part' else 'filed' end
                when to_status = 'filed' then case when from_status = 'filed' then from_stage else 'filed' end
                else from_stage
            end as to_stage
        from judged
    )
    select claim_id, from_status, to_status, to_stage,
        case when from_status is distinct from to_status or from_stage is distinct from to_stage
                then why else 'Changed by new data' end,
        changes || case when from_stage is null or from_stage = to_stage then '{{}}'
            else jsonb_build_object('stage', jsonb_build_array(from_stage, to_stage)) end
    from after
    where from_status is distinct from to_status or from_stage is distinct from to_stage or changes <> '{{}}'
    """,
    ("claim_id",),
    is_prepared=False,
)

# Results of a detection; the other columns identify a claim.
_SAID = [
    name
    for name in (column.split()[0] for column in CLAIM.columns.split(","))
    if name not in {"claim_id", "type", "key"}
]
_VALUES = ", ".join(_SAID)
# A claim that is found as it was is not written: a detection of 100,000 claims would leave as many dead
# rows behind, through which every list and figure reads until they are vacuumed.
_CLAIMS = (
    """
    update claim set is_found = false, (as_of, confirmed_at) = (
        select coalesce(max(d.as_of), claim.as_of), coalesce(max(d.confirmed_at), claim.confirmed_at)
        from claim_detection d
        where d.connection_id = claim.connection_id and d.type = claim.type
            and d.confirmed_at >= claim.confirmed_at)
    where connection_id = :connection_id and type = any(:types) and is_found
        and not exists (select from detect_claim found where found.claim_id = claim.claim_id)
    """,
    f"""
    update claim set {", ".join(f"{name} = found.{name}" for name in _SAID)},
        policy_version = :policy_version, as_of = :as_of, confirmed_at = now(), is_found = true
    from detect_claim found
    where claim.claim_id = found.claim_id and (
        not claim.is_found or claim.policy_version <> :policy_version
        or ({", ".join(f"claim.{name}" for name in _SAID)})
            is distinct from ({", ".join(f"found.{name}" for name in _SAID)}))
    """,
    f"""
    insert into claim (claim_id, connection_id, type, key, {_VALUES}, policy_version, as_of, sync_id, stage)
    select claim_id, :connection_id, type, key, {_VALUES}, :policy_version, :as_of, :sync_id, 'found'
    from detect_claim found
    where not exists (select from claim where claim.claim_id = found.claim_id)
    """,
    """
    insert into claim_detection (connection_id, type, as_of, confirmed_at)
    select :connection_id, type, :as_of, now() from unnest(cast(:types as text[])) as type
    on conflict (connection_id, type) do update set as_of = excluded.as_of, confirmed_at = excluded.confirmed_at
    """,
    """
    update claim set status = change.to_status, stage = change.to_stage, status_by = 'recoup', status_at = now(),
        status_why = change.why,
        hold_reason = case when change.to_stage = 'on_hold' then hold_reason end,
        waiting_since = case when change.why like 'Reopened: Amazon took back%' then null else waiting_since end
    from detect_change change
    where claim.claim_id = change.claim_id and change.from_status <> change.to_status
    """,
    """
    update claim set stage = change.to_stage, status_why = change.why,
        waiting_since = case when change.why like 'Reopened: Amazon took back%' then null else waiting_since end
    from detect_change change
    where claim.claim_id = change.claim_id and change.from_status = change.to_status
        and claim.stage <> change.to_stage
    """,
    """
    update claim set status_why = change.why
    from detect_change change
    where claim.claim_id = change.claim_id and change.from_status is null
    """,
    """
    insert into claim_history (claim_id, connection_id, who, from_status, to_status, why, changes)
    select claim_id, :connection_id, 'recoup', from_status, to_status, why, changes
    from detect_change
    order by claim_id
    """,
)


async def lock_detection(conn: Writer, connection_id: str) -> None:
    """Serialises detections of a connection: two at once would both store the same new claim."""
    await conn.execute(
        text("select pg_advisory_xact_lock(hashtextextended('detection:' || :connection_id, 0))"),
        {"connection_id": connection_id},
    )


async def store(conn: Writer, values: Mapping[str, object], types: Sequence[str]) -> Stored:
    """Stores the results for these types; stored claims of other types stay unchanged.

    The claims are locked first, so that a person's change comes either before or after all of it.
    """
    values = {**values, "types": list(types)}
    for statement in _CANDIDATES:
        await conn.execute(text(statement), values)
    await conn.execute(
        text("select from claim where connection_id = :connection_id order by claim_id for update"),
        values,
    )
    await find_paid_cases(conn, values)
    await find_paid_claims(conn, values)
    await make_table(conn, CHANGE, values)
    for statement in _CLAIMS:
        await conn.execute(text(statement), values)
    await store_paid_claims(conn, values)
    return await _count(conn)


async def _count(conn: Writer) -> Stored:
    row = (
        await conn.execute(
            text(
                """
                select count(*) filter (where from_status is null) as new,
                    count(*) filter (where from_status <> to_status
                        and to_status in ('detected', 'filed')) as reopened,
                    count(*) filter (where to_status = 'withdrawn' and from_status <> 'withdrawn') as withdrawn,
                    count(*) filter (where to_status = 'approved' and from_status <> 'approved') as approved
                from detect_change
                """
            )
        )
    ).one()
    return Stored(row.new, row.reopened, row.withdrawn, row.approved)
