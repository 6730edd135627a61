"""A fee for an inbound defect that cannot be right, for review only.

The shipment was cancelled and never arrived, or more units are called a problem than were missing.
The only page that states a window (30 days from the report) has no date, so its end is not
confirmed. The value is the fee of the row. One claim per shipment, SKU and problem, its rows
summed.
"""

from recoup.claims.detection.parts import list_of, part
from recoup.claims.detection.temporary_table import MONEY_OF_PAYMENTS
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(part("base", 0.3, "the rows contradict each other; only Amazon knows what is true"))

_SQL = f"""
with arrived as (
    select reference_id as shipment_id, sum(quantity) as received
    from ledger
    where connection_id = :connection_id and event_type = 'Receipts'
    group by reference_id
), charged as (
    select n.shipment_id, n.sku, n.fnsku, n.problem_type, n.reported_at, n.asin, n.fee_type,
           n.fee_total, n.problem_quantity, n.expected_quantity, n.received_quantity,
           n.source, n.source_line, m.marketplace_id, s.status,
           coalesce(nullif(n.currency, ''), m.currency) as currency,
           (n.reported_at at time zone coalesce(m.zone, 'UTC'))::date as reported_on,
           s.status in ('CANCELLED', 'DELETED') and coalesce(a.received, 0) = 0 as is_cancelled,
           -- No contradiction where one of the counts is missing.
           n.expected_quantity - n.received_quantity is not null
               and n.problem_quantity > greatest(n.expected_quantity - n.received_quantity, 0)
               as is_excess
    from inbound_noncompliance as n
    left join shipments as s on s.connection_id = n.connection_id
        and s.shipment_id = n.shipment_id
    left join detect_marketplace as m on m.marketplace_id = s.marketplace_id
    left join arrived as a on a.shipment_id = n.shipment_id
    where n.connection_id = :connection_id and n.fee_total > 0
), wrong as (
    select shipment_id, sku, problem_type, currency, min(fnsku) as fnsku, min(asin) as asin,
           min(marketplace_id) as marketplace_id, min(reported_on) as reported_on,
           bool_or(is_cancelled) as is_cancelled, min(status) as status,
           sum(fee_total) as fee, greatest(sum(problem_quantity), 1)::integer as units,
           sum(problem_quantity) as problems, sum(expected_quantity) as expected,
           sum(received_quantity) as received,
           row_number() over (partition by shipment_id, sku, problem_type order by currency) as nth,
           jsonb_agg(jsonb_build_object('table', 'inbound_noncompliance', 'source', source,
               'source_line', source_line, 'shipmentId', shipment_id, 'sku', sku,
               'problemType', problem_type, 'reportedOn', reported_on, 'feeType', fee_type,
               'feeTotal', fee_total::text, 'currency', currency,
               'problemQuantity', problem_quantity, 'expectedQuantity', expected_quantity,
               'receivedQuantity', received_quantity) order by reported_at, source_line) as rows
    from charged
    where is_cancelled or is_excess
    group by shipment_id, sku, problem_type, currency
), repaid as (
    select w.shipment_id, w.sku, w.problem_type, w.currency,
           string_agg(distinct p.reimbursement_id, ', ') as reimbursements
    from wrong as w
    join detect_payment as p on p.sku = w.sku and p.currency = w.currency
        and p.family in ('fee', 'general', 'unknown') and p.approved_on >= w.reported_on
    group by w.shipment_id, w.sku, w.problem_type, w.currency
)
select jsonb_build_object('shipmentId', shipment_id, 'sku', sku, 'problemType', problem_type)
           || case when nth > 1 then jsonb_build_object('currency', wrong.currency) else '{{}}' end as key,
       wrong.marketplace_id, nullif(sku, '') as sku, nullif(fnsku, '') as fnsku, asin,
       null::text as order_id,
       units, units as quantity, '[]'::jsonb as settled,
       reported_on as event_on, reported_on as clock_on, null::date as wait_until,
       case when wrong.currency <> '' then fee end as amount, wrong.currency,
       'fee of the noncompliance report' as amount_basis,
       case when wrong.currency is null then 'the report does not state the currency of the fee' end
           as amount_missing,
       {_SURE} as confidence_parts,
       case when sku = '' then 'The report names no SKU, so recoup cannot tell whether this was paid.' end
           as suppressed,
       case when is_cancelled
            then format('%s %s charged for shipment %s, which is %s and was never received.',
                        fee, wrong.currency, shipment_id, lower(status))
            else format('%s %s charged for %s %s; %s expected, %s received.',
                        fee, wrong.currency, problems, {by_number("problems", "unit", "units")}, expected, received) end as reason,
       jsonb_build_object('rows', rows,
           'numbers', jsonb_build_object('fee', fee::text, 'problemQuantity', problems,
               'expectedQuantity', expected, 'receivedQuantity', received),
           'notes', to_jsonb(array_remove(array[
               'dispute it within 30 days of the report; the source for this window is undated, so do not wait',
               case when problems is null then 'the report does not state the number of units' end,
               case when fee > defect.most * problems or fee < defect.least * problems then format(
                   'since %s an inbound defect costs %s to %s %s a unit: this fee is outside that range',
                   defect.valid_from, defect.least, defect.most, defect.currency) end,
               'reimbursements ' || reimbursements || ' may have paid it'], null))) as evidence
from wrong left join repaid using (shipment_id, sku, problem_type, currency)
left join detect_fee_change as defect on defect.kind = 'defect_fee'
    and defect.marketplace_id = wrong.marketplace_id and defect.currency = wrong.currency
    and wrong.reported_on >= defect.valid_from and wrong.reported_on < defect.valid_to
"""

RULE = Rule(
    type=ClaimType.INBOUND_FEE_WRONG,
    title="Fee for an inbound problem that did not exist",
    source="docs/rules.md#inbound_fee_wrong",
    window=PolicyWindow.INBOUND_PROBLEM,
    value=Value.OWN,
    version=2,
    sql=_SQL,
    reads={
        "inbound_noncompliance": (
            "asin",
            "currency",
            "expected_quantity",
            "fee_total",
            "fee_type",
            "fnsku",
            "problem_quantity",
            "problem_type",
            "received_quantity",
            "reported_at",
            "shipment_id",
            "sku",
        ),
        "ledger": ("event_type", "quantity", "reference_id"),
        "shipments": ("marketplace_id", "shipment_id", "status"),
    },
    # They are only shown.
    optional={"inbound_noncompliance": ("asin", "fee_type")},
    decides={"reimbursements": MONEY_OF_PAYMENTS},
)
