"""A unit was refunded in full, and Amazon kept more of the referral fee than it may."""

from __future__ import annotations

from recoup.claims.detection.order_columns import FEE_HELD_BACK
from recoup.claims.detection.parts import Sql, list_of, part, settled
from recoup.claims.detection.temporary_table import MONEY_OF_PAYMENTS, all_of
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    part("base", 0.6, "the fee was not credited with the refund"),
    part(
        "possible payment",
        -0.15,
        "Amazon made a payment for this order whose purpose is not known",
        when="c.is_unclear",
    ),
)

_PAID = settled(
    "payment", "p.reference", "1", Sql("'paid on ' || p.approved_on || ' (' || p.reason || ')'")
)

# Amazon may keep a refund administration fee: 20 % of the referral fee, at most 5.00 per unit (BR:
# 10.00) in these currencies. Where the most is not known, 20 % is what recoup lets it keep.
_MOST_KEPT = "(values ('USD', 5.00), ('CAD', 5.00), ('GBP', 5.00), ('EUR', 5.00), ('AUD', 5.00), ('BRL', 10.00))"

# The part of the fee that belongs to a refund is that of the price it gave back, no more than of its
# units. A credit that names no SKU may be for any of the order. In the EU fees carry tax of their own; the most counts before it, so the tax is put on top.
_SQL = f"""
with credit as (
    select order_id, sku, sum(coalesce(referral, 0) + administration) as credited
    from detect_order_money where kind <> 'sale' group by order_id, sku
), unnamed as (
    -- Money that came back without the names of its parts may be the fee.
    select distinct order_id from detect_order_money
    where kind <> 'sale' and (not is_whole or are_fees_unnamed or has_unknown)
), refund as (
    select e.order_id, e.sku, e.event_on, e.full_units, s.sold, -s.referral as charged,
        coalesce(m.referral, 0) + m.administration as credited, due.share,
        -s.referral * due.share as share_charged,
        round(least(-s.referral_net * due.share * 0.2, most.kept * e.full_units)
            * s.referral / s.referral_net, 2) as kept
    from detect_order_event as e
    join detect_order_sku as s using (order_id, sku)
    join detect_order_money as m
        on m.order_id = e.order_id and m.sku = e.sku and m.kind = 'refund'
        and m.reference = e.reference
    left join {_MOST_KEPT} as most (currency, kept) on most.currency = s.currency
    cross join lateral (
        select least(
            e.full_units::numeric / s.sold,
            -(m.principal + m.promotion) / nullif(s.principal + s.promotion, 0)
        ) as share
    ) as due
    where e.kind = 'refund' and e.full_units > 0 and s.sale_is_whole and s.sold > 0
        and s.referral_net < 0
), total as (
    select order_id, sku, least(sum(full_units), max(sold)) as counted, max(charged) as charged,
        least(sum(share_charged), max(charged)) as share_charged, sum(kept) as kept,
        max(event_on) as last_on,
        min(event_on) filter (where share_charged - kept - credited > 0.05) as short_on
    from refund group by order_id, sku
), short as (
    select total.*, given.credited, share_charged - kept as expected,
        share_charged - kept - given.credited as shortfall
    from total
    left join credit using (order_id, sku)
    left join credit as unplaced on unplaced.order_id = total.order_id and unplaced.sku is null
    cross join lateral (
        select coalesce(credit.credited, 0) + greatest(coalesce(unplaced.credited, 0), 0) as credited
    ) as given
), paid as (
    select p.order_id, sum(p.amount) filter (where p.family = 'fee') as fees,
        bool_or(p.family in ('general', 'unknown')) as is_unclear,
        bool_or(not r.is_amount_told or coalesce(p.reason, '') = '') as is_untold,
        jsonb_agg({_PAID.json} order by p.payment_id) filter (where p.family = 'fee' and p.amount > 0) as settled
    from detect_payment as p join detect_reimbursement as r on r.row_id = p.payment_id
    where p.order_id is not null and p.family in ('fee', 'general', 'unknown')
    group by p.order_id
), candidate as (
    select c.*, short.counted::integer as counted, short.charged as fee, short.credited,
        short.expected, short.kept, short.last_on as refunded_last_on,
        coalesce(short.short_on, c.refunded_on) as short_on,
        short.shortfall - coalesce(paid.fees, 0) as shortfall, coalesce(paid.fees, 0) as fees_paid,
        coalesce(paid.settled, '[]') as settled, coalesce(paid.is_unclear, false) as is_unclear,
        case when unnamed.order_id is not null then 'a refund of this order does not name all its parts, one of '
                || 'which may be the fee'
            when paid.is_untold then 'a payment for this order does not state its amount or purpose' end as untold
    from short
    join detect_order_case as c using (order_id, sku)
    left join paid using (order_id)
    left join unnamed using (order_id)
    where short.shortfall > 0.05
)
select jsonb_build_object('orderId', c.order_id, 'sku', c.sku) as key,
    c.marketplace_id, c.sku, c.fnsku, c.asin, c.order_id, c.counted as units,
    case when c.shortfall > 0.05 then c.counted else 0 end as quantity,
    c.settled, c.short_on as event_on, c.short_on as clock_on,
    c.refunded_last_on + 14 as wait_until,
    case when c.shortfall > 0.05 then round(c.shortfall, 2) else 0 end as amount, c.currency,
    'referral fee charged, less what Amazon may keep, less what it credited' as amount_basis,
    null::text as amount_missing,
    {_SURE} as confidence_parts,
    coalesce(c.untold, {FEE_HELD_BACK}) as suppressed,
    format('Refunded %1$s in full. Referral fee %2$s %7$s for the sale; Amazon may keep %3$s %7$s of the'
        ' refund''s part, so %4$s %7$s was due and %5$s %7$s was credited: %6$s %7$s is missing.',
        c.counted, round(c.fee, 2), round(c.kept, 2), round(c.expected, 2),
        round(c.credited + c.fees_paid, 2), round(greatest(c.shortfall, 0), 2), c.currency) as reason,
    jsonb_build_object(
        'rows', c.source_rows,
        'numbers', jsonb_build_object(
            'referralFee', c.fee, 'mayKeep', c.kept, 'due', c.expected,
            'credited', c.credited, 'paid', c.fees_paid, 'missing', c.shortfall),
        'notes', jsonb_build_array(
            'Different rules apply to media products: check whether this is one.')
    ) as evidence
from candidate as c
"""

RULE = Rule(
    type=ClaimType.REFUND_FEE_NOT_CREDITED,
    title="Referral fee not credited with a refund",
    source="docs/rules.md#refund_fee_not_credited",
    window=PolicyWindow.FEE_REFERRAL,
    value=Value.OWN,
    version=3,
    sql=_SQL,
    # Returns and replacements only show that Amazon sent the order, and without that nothing is claimed;
    # the ledger has the FNSKU, which is shown.
    optional=all_of("returns", "replacements", "ledger"),
    decides={"reimbursements": MONEY_OF_PAYMENTS},
)
