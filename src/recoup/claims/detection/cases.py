"""Payments for the seller's own cases: money for claims about money, units for the others.

detect_case              the claims that a person filed under a case, those about money marked
detect_case_payment      what was paid under each case, less what was taken back of it
detect_case_answer       which of these payments may be for which of these claims
detect_case_worked_off   claims about money with what the case has paid of each
detect_paid_case         filed claims of which the case has paid everything

Amazon answers a case about a fee with a sum, whatever number of units its row shows. So a claim
about money is worked off by money (docs/claims.md#allocation), after its rule and before it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping

from recoup.claims.detection.parts import Sql, settled
from recoup.claims.detection.temporary_table import (
    Change,
    TemporaryTable,
    make_table,
)
from recoup.claims.rule import OF_MONEY
from recoup.db.engine import Writer

MONEY_TYPES = ", ".join(sorted(f"'{one.value}'" for one in OF_MONEY))

# Below this part of a claim nothing is left to claim: docs/decisions.md#tolerance.
REST = "0.05"

CASES = TemporaryTable(
    "detect_case",
    """claim_id text, type text, key jsonb, case_id text, is_money boolean, order_id text, fnsku text,
    sku text""",
    f"""
    select claim_id, type, key, case_id, type in ({MONEY_TYPES}), order_id, fnsku, sku
    from claim where connection_id = :connection_id and case_id <> ''
    """,
    ("case_id",),
)

# Row by row: a correction may be of a payment of another case. What is taken back, however, is
# taken from the case that had paid it.
PAYMENTS = TemporaryTable(
    "detect_case_payment",
    """case_id text, row_id bigint, reimbursement_id text, currency text, approved_on date, units integer,
    amount numeric, reference jsonb, order_id text, fnsku text, sku text""",
    """
    select coalesce(original.case_id, r.case_id), r.row_id, r.reimbursement_id, r.currency, r.approved_on,
        r.units, r.amount, r.reference, r.order_id, r.fnsku, r.sku
    from detect_reimbursement r
    left join detect_correction c on c.row_id = r.row_id and not r.is_payment
    left join detect_reimbursement original on original.row_id = c.corrected_id
    where coalesce(original.case_id, r.case_id) in (select case_id from detect_case)
    """,
    ("case_id",),
)


# A pack is filed as one case about several orders or products. A payment is for the claims of its
# order, else of its product, else for all claims of the case.
ANSWERS = TemporaryTable(
    "detect_case_answer",
    """claim_id text, row_id bigint, reimbursement_id text, currency text, approved_on date, units integer,
    amount numeric, reference jsonb""",
    """
    select claim_id, row_id, reimbursement_id, currency, approved_on, units, amount, reference
    from (
        select pair.*, max(fit) over (partition by row_id) as best
        from (
            select c.claim_id, p.*, case when c.order_id = p.order_id then 2
                when c.fnsku = p.fnsku or c.sku = p.sku then 1 else 0 end as fit
            from detect_case_payment p join detect_case c using (case_id)
        ) as pair
    ) as ranked
    where fit = best
    """,
    ("claim_id",),
)

_PAID = settled(
    "case",
    "r.rows",
    "case when r.is_paid then f.quantity else greatest(0, f.quantity - coalesce(r.units, f.quantity)) end",
    Sql("format('%s %s paid for case %s', round(r.taken, 2), r.currency, r.case_id)"),
).json

# The money of a case goes to the claims that it may be for, in the order of their days. A row that the rule itself has
# counted is among what it calls settled. A reimbursement is no answer to a case about itself, and
# pays no charge that came after it. Of charges the oldest are paid first; days count from the rest.
_TAKE = f"""
insert into detect_case_worked_off (claim_id, type, key, case_id, currency, taken, rows, is_paid, first_on, units)
with open as (
    select f.type, f.key, f.event_on, f.amount, f.currency, f.settled, c.case_id, c.claim_id, f.evidence
    from detect_found f join detect_case c on c.is_money and c.type = f.type and c.key = f.key
    where f.quantity > 0 and f.amount > 0
), paid as (
    select o.claim_id, sum(p.amount) as amount, max(p.approved_on) as last_on, jsonb_agg(p.reference order by p.approved_on, p.reference) as rows
    from open o
    join detect_case_answer p on p.claim_id = o.claim_id and p.currency = o.currency
        and p.approved_on > o.event_on
        and p.reimbursement_id is distinct from o.key ->> 'reimbursementId'
        and not o.settled @> jsonb_build_array(jsonb_build_object('reference', p.reference))
    group by o.claim_id
    having sum(p.amount) > 0
), line as (
    select claim_id, array_agg(row_id order by row_id) as line from detect_case_answer group by claim_id
), reached as (
    select o.*, paid.amount as paid, paid.rows, line.line, least(o.amount, charged.over) as reach
    from open o
    join paid using (claim_id)
    join line using (claim_id)
    cross join lateral (
        select sum(cast(part ->> 'over' as numeric)) as over
        from jsonb_array_elements(o.evidence -> 'rows') as part
        where cast(part ->> 'chargedOn' as date) <= paid.last_on
    ) as charged
), taken as (
    select r.*, least(reach, greatest(0, paid - coalesce(sum(reach) over (
            partition by case_id, currency, line order by event_on, claim_id
            rows between unbounded preceding and 1 preceding), 0))) as taken
    from reached r
)
select t.claim_id, t.type, t.key, t.case_id, t.currency, t.taken, t.rows,
    t.amount - t.taken <= {REST} * t.amount, unpaid.first_on, unpaid.units
from taken t
cross join lateral (
    select min(charged_on) as first_on, sum(charge.units)::integer as units
    from (
        select cast(part ->> 'chargedOn' as date) as charged_on, cast(part ->> 'units' as integer) as units,
            sum(cast(part ->> 'over' as numeric)) over (
                order by part ->> 'chargedOn', part ->> 'orderId') as upto
        from jsonb_array_elements(t.evidence -> 'rows') as part
        where part ? 'chargedOn'
    ) as charge
    where charge.upto > t.taken + 0.02
) as unpaid
where t.taken > 0
"""

_TAKE_OFF = f"""
update detect_found f set
    amount = f.amount - r.taken,
    event_on = case when r.is_paid then f.event_on else coalesce(r.first_on, f.event_on) end,
    clock_on = case when r.is_paid then f.clock_on else coalesce(r.first_on, f.clock_on) end,
    quantity = case when r.is_paid then 0 else coalesce(r.units, f.quantity) end,
    settled = f.settled || jsonb_build_array({_PAID}),
    reason = f.reason || format(' %s %s of it was paid for case %s.', round(r.taken, 2), r.currency, r.case_id)
from detect_case_worked_off r
where r.type = f.type and r.key = f.key
"""

WORK_OFF = Change("work_off_cases", (_TAKE, _TAKE_OFF))
"""Takes off what the rules found what their cases were paid, where it is money."""

# first_on, units: of the charges that are not paid. rows: the payments.
WORKED_OFF = TemporaryTable(
    "detect_case_worked_off",
    """claim_id text, type text, key jsonb, case_id text, currency text, taken numeric, rows jsonb, is_paid boolean,
    first_on date, units integer""",
    None,
    changed_by=WORK_OFF,
    is_prepared=False,
)

# Claims about money stand until nothing is left of them; those that are not found any more are paid
# by as much as they last were. The others are paid by units, those included that the rule has
# already taken off for the case: the rest of a claim that is paid in part is not paid.
PAID_CASE = TemporaryTable(
    "detect_paid_case",
    "claim_id text, reference jsonb",
    f"""
    with paid as (
        select claim_id, sum(units) as units, array_agg(row_id order by row_id) as line,
            jsonb_agg(reference order by approved_on, reference) as reference
        from detect_case_answer group by claim_id
    ), money as (
        select claim_id, currency, sum(amount) as amount from detect_case_answer group by claim_id, currency
    ), own as (
        select c.claim_id, sum(cast(part ->> 'units' as integer)) as units
        from detect_case c
        join detect_found f on f.type = c.type and f.key = c.key
        cross join jsonb_array_elements(f.settled) as part
        where part -> 'reference' ->> 'case_id' = c.case_id
        group by c.claim_id
    ), filed as (
        select c.claim_id, x.case_id, x.is_money, c.currency, f.type is not null as is_found,
            coalesce(d.quantity, 0) + coalesce(own.units, 0) as found_units,
            sum(case when f.type is null then c.quantity
                else coalesce(d.quantity, 0) + coalesce(own.units, 0) end) over so_far as units,
            sum(c.amount) filter (where f.type is null) over so_far as amount,
            paid.units as paid_units, paid.reference
        from claim c
        join detect_case x using (claim_id)
        left join detect_found f on f.type = c.type and f.key = c.key
        left join detect_claim d using (claim_id)
        left join own using (claim_id)
        join paid using (claim_id)
        where c.connection_id = :connection_id
            and (c.status in ('filed', 'rejected') or (c.status = 'approved' and c.status_by = 'recoup'))
        window so_far as (partition by x.case_id, x.is_money, case when x.is_money then c.currency end,
            paid.line
            -- What was denied comes last: the money is for the others first.
            order by c.status = 'rejected', c.event_on, c.claim_id)
    )
    select filed.claim_id, filed.reference
    from filed
    left join money on money.claim_id = filed.claim_id and money.currency = filed.currency
    where case when filed.is_money
        then not filed.is_found and money.amount >= filed.amount * (1 - {REST}) and money.amount > 0
        else filed.paid_units > 0 and filed.units <= filed.paid_units
            and (not filed.is_found or filed.found_units > 0) end
    """,
    is_prepared=False,
)


async def find_paid_cases(conn: Writer, values: Mapping[str, object]) -> None:
    """Finds filed claims that their cases have paid in full; runs after value_claims."""
    await make_table(conn, PAID_CASE, values)
