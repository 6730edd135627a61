"""Units that the fulfillment center damaged and that were neither paid nor made sellable again.

Source: docs/rules.md#damaged_in_warehouse. Codes E and 6 are strong; 7, H, K and U move units that were
unsellable before and are listed with a low confidence. Finds do not offset a damage. What a carrier had
damaged before it came, and code 6 then moves, is the event of its shipment or its return: whether
that carrier was Amazon's is known there (docs/claims.md#who-is-liable),
and no unit is in two claims (docs/decisions.md#one-unit-one-claim).
"""

from __future__ import annotations

from recoup.claims.detection.parts import FOR_REVIEW, RECONCILED, Sql, either, list_of, part
from recoup.claims.detection.temporary_table import all_of
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    either(
        part(
            "weak code",
            0.35,
            Sql("'code ' || codes || ' for units that were already unsellable: often not paid'"),
            when="not strong",
        ),
        part(
            "damaged by Amazon",
            0.85,
            "code E: damaged at the fulfillment center",
            when="codes = 'E'",
        ),
        part(
            "damaged by a carrier",
            0.7,
            Sql("'code ' || codes || ': damaged at the fulfillment center or on the way to it'"),
        ),
    ),
    part(
        "booked twice",
        -0.4,
        "the same units were booked as missing on the same day: review",
        when="is_booked_as_lost",
    ),
    part(
        "possible payment",
        -0.2,
        "a payment of unknown purpose may be for these units: needs review",
        at_most=FOR_REVIEW,
        when="possible_payment is not null",
    ),
)

_SETTLED = list_of(Sql("settled"), RECONCILED)

RULE = Rule(
    type=ClaimType.DAMAGED_IN_WAREHOUSE,
    title="Damaged in the warehouse",
    source="docs/rules.md#damaged_in_warehouse",
    window=PolicyWindow.FC_DAMAGED,
    value=Value.SOURCING_COST,
    version=2,
    sql=f"""
    with counted as (
        select i.*, least(coalesce(unreconciled, open_units), open_units) as quantity
        from detect_incident i where kind = 'damaged'
    )
    select key, marketplace_id, sku, fnsku, asin, null as order_id, units, quantity,
        {_SETTLED} as settled,
        event_on, event_on as clock_on, event_on + 30 as wait_until,
        null as amount, null as currency, null as amount_basis, null as amount_missing,
        {_SURE} as confidence_parts, suppressed,
        units || ' of FNSKU ' || fnsku || ' ' || {by_number("units", "was", "were")} || ' damaged on ' || event_on || coalesce(' in ' || centers, '')
            || ' (code ' || codes || '); ' || (units - open_units)
            || ' paid or made sellable since, ' || quantity || ' open.' as reason,
        jsonb_build_object('rows', rows, 'numbers', jsonb_build_object('damaged', units,
                'open_by_pairing', open_units, 'unreconciled', unreconciled, 'plus_legs', coalesce(legs, 0)),
            'settled', settled,
            'notes', to_jsonb(array_remove(array[
                case when coalesce(legs, 0) < units then 'The plus leg of the change of state (code P, '
                    || 'WAREHOUSE_DAMAGED, same day and center) is missing in the ledger.' end,
                case when possible_payment is not null then 'Possible payment: ' || possible_payment::text end
            ], null))) as evidence
    from counted
    """,
    # A removal order only contains disposals, which may be what a payment was for, too.
    optional=all_of("removals", "removal_shipments"),
)
