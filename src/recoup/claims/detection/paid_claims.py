"""Which rows of the reimbursements report paid which claims, and what that comes to per claim.

detect_claim_payment  one row per pair; the parts of a row add up to it, to the cent
detect_claim_paid     what each claim was paid by now, less what was taken back

A row that names a claim's case is for the claims of that case: for those whose units it settled, then
for those of its order, else of its product, else for all, the oldest first (detect_case_answer). Any
other row is for the claims whose events its units settled. What was taken back is taken from the
claims that the payment had paid.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from recoup.claims.detection.temporary_table import TemporaryTable, make_table
from recoup.db.engine import Writer

# Rows that were deleted with age keep what they had paid.
_HELD = "approved_on >= (select min(approved_on) from detect_reimbursement)"

CLAIM_PAYMENT = TemporaryTable(
    "detect_claim_payment",
    """claim_id text, by text, reimbursement_id text, case_id text, reason text, approved_at timestamptz,
    approved_on date, amount numeric, currency text, units integer, is_back boolean""",
    """
    with target as (
        select claim_id, type, key, nullif(case_id, '') as case_id, quantity, order_id, fnsku, sku,
            -- What was denied comes last, as in detect_paid_case.
            row_number() over (order by status = 'rejected', event_on, claim_id) as place_in_line
        from claim where connection_id = :connection_id
        union all
        select d.claim_id, d.type, d.key, null, d.quantity, d.order_id, d.fnsku, d.sku, null
        from detect_claim d
        where d.claim_id not in (select claim_id from claim where connection_id = :connection_id)
    ), row as (
        select r.row_id, r.reimbursement_id, r.reason, r.approved_at, r.approved_on, r.currency, r.amount,
            r.units, not r.is_payment and r.inventory_units <= 0 as is_back, r.fnsku, r.sku, r.order_id, coalesce(original.case_id, r.case_id) as case_id,
            p.units as payment_units, p.reference - 'source' - 'source_line' as place
        from detect_reimbursement r
        left join detect_correction c using (row_id)
        left join detect_reimbursement original on original.row_id = c.corrected_id and not r.is_payment
        join detect_reimbursement p on p.row_id = coalesce(c.payment_id, r.row_id)
        where r.currency <> ''
    ), settled as (
        select reference - 'source' - 'source_line' as place, type, key, sum(units) as units
        from (
            select reference, type, key, units from claim_allocation
            where connection_id = :connection_id and by in ('payment', 'reversed_payment')
                and jsonb_typeof(reference) = 'object'
        ) as allocation
        group by reference - 'source' - 'source_line', type, key
    ), of_case as (
        select row.row_id, row.place, row.approved_on, row.units, row.is_back, t.claim_id, t.place_in_line, greatest(t.quantity, 1) as quantity,
            a.claim_id is not null as fits,
            s.units as settled_units, w.taken
        from row join target t on t.case_id = row.case_id
        left join settled s on s.place = row.place and s.type = t.type and s.key = t.key
        left join detect_case_answer a on a.row_id = row.row_id and a.claim_id = t.claim_id
        left join detect_case_worked_off w on w.claim_id = t.claim_id and w.currency = row.currency
        -- A reimbursement is no answer to a case about itself.
        where row.reimbursement_id is distinct from t.key ->> 'reimbursementId'
    ), known as (
        select *, sum(settled_units) over of_row as row_settled,
            sum(taken) filter (where fits) over of_row as row_taken
        from of_case window of_row as (partition by row_id)
    ), in_line as (
        -- Rows that are for no claim by themselves, with the claims among which they are divided.
        select k.*, array_agg(claim_id) over (partition by row_id order by place_in_line
                rows between unbounded preceding and unbounded following) as line,
            sum(quantity) over (partition by row_id order by place_in_line) - quantity as before
        from known k
        where coalesce(row_settled, 0) <= 0 and coalesce(row_taken, 0) <= 0 and fits
    ), reached as (
        select *, sum(units) over (partition by line, claim_id order by approved_on, row_id) - units as paid_before
        from in_line
    ), filled as (
        select row_id, place, claim_id, line, quantity, is_back,
            greatest(0, least(before + quantity, paid_before + units) - greatest(before, paid_before)) as units
        from reached
    ), divided as (
        select row_id, claim_id, quantity, case when is_back
                then sum(units) filter (where not is_back) over (partition by line, place, claim_id)
                else units end as units
        from filled
    ), of_product as (
        select row_id, claim_id, weight, sum(weight) over (partition by row_id) as whole
        from (
            select row_id, claim_id, case when row_settled > 0 then settled_units else taken end as weight
            from known where row_settled > 0 or (row_taken > 0 and fits)
            union all
            select row_id, claim_id,
                case when sum(units) over (partition by row_id) > 0 then units else quantity end
            from divided
        ) as one
        where weight > 0
    ), of_units as (
        select row.row_id, s.type, s.key, s.units as weight,
            greatest(abs(row.payment_units), sum(s.units) over (partition by row.row_id)) as whole
        from row join settled s using (place)
        where row.row_id not in (select row_id from of_product)
    ), share as (
        select row_id, claim_id, 'case' as by, weight, whole from of_product
        union all
        select o.row_id, t.claim_id, 'allocation', o.weight, o.whole
        from of_units o left join target t on t.type = o.type and t.key = o.key
    ), upto as (
        select share.*, sum(weight) over (partition by row_id order by claim_id nulls last
            rows between unbounded preceding and current row) as reach
        from share
    )
    select u.claim_id, u.by, row.reimbursement_id, row.case_id, row.reason, row.approved_at, row.approved_on,
        round(row.amount * u.reach / u.whole, 2) - round(row.amount * (u.reach - u.weight) / u.whole, 2),
        row.currency,
        round(row.units * u.reach / u.whole) - round(row.units * (u.reach - u.weight) / u.whole), row.is_back
    from upto u join row using (row_id)
    where u.claim_id is not null
    """,
    ("claim_id",),
    is_prepared=False,
)

# back_on, back_id: the last row that took a payment back; one that swapped money for units did not.
# is_own: a case of the seller's was answered, or at least the seller had filed before it was paid.
CLAIM_PAID = TemporaryTable(
    "detect_claim_paid",
    """claim_id text, amount numeric, currency text, units integer, is_own boolean, last_on date,
    back_on date, back_id text""",
    f"""
    with row as (
        select claim_id, by, reimbursement_id, approved_on, approved_at, amount, currency, units, is_back
        from detect_claim_payment
        union all
        select claim_id, by, reimbursement_id, approved_on, approved_at, amount, currency, units, units < 0
        from claim_payment
        where connection_id = :connection_id and not coalesce({_HELD}, false)
    ), known as (
        select row.*, c.filed_at,
            coalesce(first_value(row.currency) over (partition by row.claim_id
                order by (row.currency = c.currency) desc nulls last, row.approved_at, row.currency), '') as main
        from row left join claim c on c.connection_id = :connection_id and c.claim_id = row.claim_id
    )
    select claim_id, case when bool_or(amount <> 0) then sum(amount) end,
        case when bool_or(amount <> 0) then min(main) end, sum(units),
        bool_or(by = 'case' or coalesce(approved_on >= (filed_at at time zone 'UTC')::date, false)),
        max(approved_on) filter (where amount > 0 or units > 0), max(approved_on) filter (where is_back),
        (array_agg(reimbursement_id order by approved_at desc, reimbursement_id) filter (where is_back))[1]
    from known
    where currency = main
    group by claim_id
    """,
    ("claim_id",),
    is_prepared=False,
)

# A claim that is held back keeps its payments as well.
_STORE = (
    f"""
    delete from claim_payment p using claim c
    where p.connection_id = :connection_id and c.connection_id = :connection_id and c.claim_id = p.claim_id
        and p.{_HELD}
        and not exists (select from detect_held held where held.type = c.type and held.key = c.key)
    """,
    """
    insert into claim_payment (connection_id, claim_id, by, reimbursement_id, case_id, reason, approved_at,
        approved_on, amount, currency, units)
    select :connection_id, p.claim_id, by, reimbursement_id, p.case_id, p.reason, approved_at, approved_on,
        p.amount, p.currency, units
    from detect_claim_payment p
    join claim c on c.connection_id = :connection_id and c.claim_id = p.claim_id
    where not exists (select from detect_held held where held.type = c.type and held.key = c.key)
    order by p.claim_id, approved_at, reimbursement_id
    """,
    """
    update claim c set paid_amount = p.amount, paid_currency = p.currency, paid_units = p.units
    from claim stored left join detect_claim_paid p using (claim_id)
    where stored.connection_id = :connection_id and c.connection_id = :connection_id
        and stored.claim_id = c.claim_id
        and (c.paid_amount, c.paid_currency, c.paid_units) is distinct from (p.amount, p.currency, p.units)
        and not exists (select from detect_held held where held.type = c.type and held.key = c.key)
    """,
)


async def find_paid_claims(conn: Writer, values: Mapping[str, object]) -> None:
    """Finds what paid which claim; runs after value_claims, on the allocation that is stored."""
    await make_table(conn, CLAIM_PAYMENT, values)
    await make_table(conn, CLAIM_PAID, values)


async def store_paid_claims(conn: Writer, values: Mapping[str, object]) -> None:
    """Stores it, once the new claims are."""
    for statement in _STORE:
        await conn.execute(text(statement), values)
