"""Payments that Amazon reversed although the unit did not come back.

A reversal is right when the unit was found, returned, received or made sellable again, or when the
same event was paid twice. A unit that came back damaged by Amazon before it was paid excuses none; after
that the damage is claimed, not the reversal. One whose original is not loaded is never a claim.

Units and money are both held against what the original paid, over all its reversals: what was taken
back beyond the payment is owed even where the unit came back (docs/claims.md#payments).
"""

from __future__ import annotations

from recoup.claims.detection.confidence import least_sure
from recoup.claims.detection.parts import Sql, either, list_of, part, settled
from recoup.claims.detection.temporary_table import MONEY_OF_PAYMENTS
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_MORE_TAKEN_THAN_PAID = list_of(
    part(
        "more than was paid",
        0.6,
        "more money was taken back than the reimbursement had paid",
    )
)

_NO_UNIT_CAME_BACK = list_of(
    part(
        "no unit came back",
        0.6,
        "no find, no return and no second payment explains the reversal",
    ),
    part(
        "units were received",
        -0.2,
        "units of this FNSKU were received near the reversal: check whether they are these",
        when="r.has_receipts",
    ),
    part(
        "not sellable",
        -0.2,
        "the units that were paid had been unsellable before: the payment may have been an error",
        when="r.is_weak",
    ),
    part(
        "unclear original",
        -0.2,
        "it is not known what the original payment was for",
        when="coalesce(r.original_family, '') not in "
        "('lost', 'damaged', 'inbound', 'return', 'outbound', 'removal')",
    ),
    part(
        "possible payment",
        -0.2,
        "a later payment of unknown purpose may be for this: needs review",
        when="r.possible_payment is not null",
    ),
)

_SETTLED = list_of(
    Sql("coalesce(jsonb_path_query_array(jsonb_agg(found), '$[*][*]'), '[]')"),
    either(
        settled(
            "arrival",
            "original_reimbursement_id",
            "sum(right_back)",
            "what was paid as missing on its way has arrived since",
            when="sum(right_back) > 0 and min(original_family) in ('inbound', 'removal')",
        ),
        settled(
            "order",
            "min(order_id)",
            "sum(right_back)",
            "more units were returned or paid than were refunded: Amazon may take back the difference",
            when="sum(right_back) > 0",
        ),
    ),
    settled(
        "payment",
        "original_reimbursement_id",
        "sum(reinstated_back)",
        "paid again later",
        when="sum(reinstated_back) > 0",
    ),
)

RULE = Rule(
    type=ClaimType.REIMBURSEMENT_REVERSED,
    title="Reimbursement reversed wrongly",
    source="docs/rules.md#reimbursement_reversed",
    window=PolicyWindow.REIMBURSEMENT_VALUE_DISPUTE,
    value=Value.OWN,
    version=3,
    sql=f"""
    with paid as (
        -- All lines of a payment for a product, and what was added later. Null: not told.
        select p.reimbursement_id, p.fnsku, p.sku, sum(p.paid_units) as units,
            case when bool_and(r.is_amount_told and p.inventory_units = 0) and count(distinct p.currency) = 1
                then sum(r.amount) + coalesce(sum(added.amount), 0) end as amount,
            min(p.currency) as currency
        from detect_payment p
        join detect_reimbursement r on r.row_id = p.payment_id
        left join (
            select c.payment_id, sum(later.amount) as amount
            from detect_correction c join detect_reimbursement later using (row_id)
            where later.amount > 0 group by c.payment_id
        ) added on added.payment_id = p.payment_id
        group by p.reimbursement_id, p.fnsku, p.sku
    ), taken as (
        select r.*, p.reference as original, p.reason as original_reason, p.approved_on as original_on,
            paid.units as paid_units,
            case when paid.currency = r.currency and r.amount < 0 and r.inventory_units <= 0
                then paid.amount end as paid_amount,
            sum(greatest(-r.units, 0)) over before as units_before,
            sum(greatest(-r.amount, 0)) over before as amount_before
        from detect_reversal r
        left join detect_payment p on p.payment_id = r.original_payment_id
        left join paid on paid.reimbursement_id = p.reimbursement_id
            and paid.fnsku is not distinct from p.fnsku and paid.sku is not distinct from p.sku
        window before as (partition by p.reimbursement_id, p.fnsku, p.sku, p.payment_id is null,
            case when p.payment_id is null then r.reversal_id end order by r.approved_on, r.reversal_id
            rows between unbounded preceding and 1 preceding)
    ), counted as (
        select taken.*,
            case when paid_units is null then greatest(-units, 0)
                else greatest(0, least(-units, paid_units - coalesce(units_before, 0))) end as units_back,
            coalesce(least(-amount, greatest(0,
                coalesce(amount_before, 0) - amount - paid_amount)), 0) as beyond
        from taken
    ), settled as (
        select r.*, coalesce(v.found_units, 0) as found_units, coalesce(v.found, '[]') as found,
            coalesce(v.returned, 0) as returned, coalesce(v.is_double, false) as is_double,
            coalesce(v.has_receipts, false) as has_receipts, coalesce(v.is_weak, false) as is_weak,
            v.possible_payment, found_back, right_back, reinstated_back
        from counted r
        left join detect_reversed v using (reversal_id)
        cross join lateral (select least(coalesce(v.found_units, 0), units_back) as found_back) f
        cross join lateral (select least(coalesce(v.right_units, 0), units_back - found_back) as right_back) o
        cross join lateral (
            select least(coalesce(v.reinstated_units, 0), units_back - found_back - right_back)
                as reinstated_back) p
        where r.units < 0 or r.beyond > 0.02
    ), opened as (
        select r.*, r.units_back - r.found_back - r.right_back - r.reinstated_back as open_units,
            case when r.is_double then 0
                else r.units_back - r.found_back - r.right_back - r.reinstated_back end as owed_units
        from settled r
    ), judged as (
        select r.*, m.marketplace_id, untold.why as untold,
            case when r.owed_units = 0 and r.beyond > 0.02 then {_MORE_TAKEN_THAN_PAID}
                else {_NO_UNIT_CAME_BACK} end as parts
        from opened r
        left join (
            select o.reversal_id, min(p.why) as why
            from opened o
            join detect_untold_payment p on (p.fnsku = o.fnsku or p.sku = o.sku or p.is_nameless)
                and p.order_id is not distinct from o.order_id
                and p.approved_on between coalesce(o.original_on, o.approved_on) - 120 and o.approved_on + 120
            where o.owed_units > 0
            group by o.reversal_id
        ) untold using (reversal_id)
        left join (
            select distinct on (currency) currency, marketplace_id from detect_marketplace
            order by currency, position
        ) m on m.currency = r.currency
    )
    select jsonb_strip_nulls(jsonb_build_object('reimbursementId', reimbursement_id,
            'originalReimbursementId', original_reimbursement_id, 'fnsku', min(fnsku), 'sku', min(sku))) as key,
        min(marketplace_id) as marketplace_id, min(sku) as sku, min(fnsku) as fnsku, min(asin) as asin,
        min(order_id) as order_id, greatest(sum(units_back), case when sum(beyond) > 0.02 then 1 else 0 end) as units,
        case when sum(owed_units) = 0 and sum(beyond) > 0.02 then 1 else sum(open_units) end as quantity,
        -- What is owed is money then: that the unit came back settles none of it.
        case when sum(owed_units) = 0 and sum(beyond) > 0.02 then '[]'
        else {_SETTLED} end as settled,
        min(approved_on) as event_on, min(approved_on) as clock_on, null as wait_until,
        -- Of units that were paid in cash, some may have been given back: those are not owed.
        case when bool_and(amount < 0 and currency <> '') then
            round(sum(coalesce((-amount - beyond) * owed_units / nullif(greatest(-cash_units, units_back), 0), 0)
                + beyond), 2) end as amount,
        min(currency) as currency,
        case when sum(beyond) > 0.02 and sum(owed_units) = 0 then 'taken back less what had been paid'
            else 'amount that was taken back' end as amount_basis,
        case when bool_and(amount < 0 and currency <> '') then null
            else 'The reversal shows no amount that was taken back.' end as amount_missing,
        {least_sure("parts")} as confidence_parts,
        case
            when bool_or(untold is not null) then min(untold)
            when bool_or(original is null) then 'The original reimbursement is not loaded, so it cannot be judged.'
            when sum(beyond) > 0.02 then null
            when bool_and(right_back >= units_back)
                then 'The unit arrived or was paid for twice, so the reversal is right.'
            when bool_or(is_double) then 'The same event was paid twice, so the reversal is right.'
        end as suppressed,
        'Reimbursement ' || coalesce(original_reimbursement_id, '(not told)') || coalesce(' of ' || min(original_on)
            || ' (' || min(original_reason) || ')', '') || ' was taken back on ' || min(approved_on) || ': '
            || sum(units_back) || ' paid in cash, ' || sum(found_units) || ' found since, '
            || sum(open_units) || ' open.'
            || case when sum(beyond) > 0.02 then format(' All reversals together took back %s %s more than was '
                'paid, which is owed whether or not the unit came back.', round(sum(beyond), 2), min(currency))
                else '' end as reason,
        jsonb_build_object('rows', jsonb_agg(reference) || coalesce(jsonb_agg(original) filter (
                where original is not null), '[]'),
            'numbers', jsonb_build_object('reversed', sum(units_back), 'found', sum(found_units),
                'returned', max(returned), 'amount', sum(amount)::text, 'paid', min(paid_amount)::text,
                'beyondThePayment', round(sum(beyond), 2)::text),
            'notes', jsonb_build_array('Finds (codes F and N) from 60 days before to 30 days after the reversal '
                || 'that match no other loss were considered.')) as evidence
    from judged
    group by reimbursement_id, original_reimbursement_id, coalesce(fnsku, ''), coalesce(sku, '')
    """,
    decides={"reimbursements": MONEY_OF_PAYMENTS},
)
