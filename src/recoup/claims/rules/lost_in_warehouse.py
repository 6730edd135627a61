"""Units that the ledger calls misplaced and that were neither found nor paid.

Source: docs/rules.md#lost_in_warehouse; waiting: docs/decisions.md#waiting-before-filing. Finds and payments are taken off oldest
loss first (docs/claims.md#allocation); of that and what Amazon itself calls unreconciled the
smaller number counts, as it protects against a false claim. Units that were unsellable before are listed
for review only (docs/claims.md#who-is-liable): those of customers, of defects and past their date Amazon need not pay,
and what it damaged itself is mostly claimed or paid as damage already.
"""

from __future__ import annotations

from recoup.claims.detection.parts import FOR_REVIEW, RECONCILED, Sql, either, list_of, part
from recoup.claims.detection.temporary_table import all_of
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    either(
        part(
            "not sellable",
            0.35,
            Sql(
                "'the units were ' || disposition || ' before: Amazon is not liable for units that "
                "are defective or that a customer damaged: check this first'"
            ),
            when="not strong",
        ),
        part(
            "pairing only",
            0.6,
            "Amazon does not say what it has reconciled; finds and payments were paired oldest first",
            when="unreconciled is null",
        ),
        part(
            "both agree",
            0.9,
            "what Amazon calls unreconciled is what pairing leaves open",
            when="unreconciled = open_units",
        ),
        part(
            "numbers differ",
            0.7,
            Sql(
                "'Amazon calls ' || unreconciled || ' unreconciled, pairing leaves ' || open_units "
                "|| ' open; the smaller number is claimed'"
            ),
        ),
    ),
    part(
        "unmatched find",
        -0.2,
        "a unit was found that matches no known loss",
        when="unused_find is not null",
    ),
    part(
        "manufacturer barcode",
        # Amazon ended the sharing on this day; what was in the warehouses stayed there (docs/claims.md#what-is-held-back).
        Sql("case when event_on < date '2026-03-31' then -0.2 else -0.1 end"),
        "the FNSKU is the ASIN: stock may have been shared with other sellers",
        # Amazon's own labels begin with X; any other FNSKU is the ASIN, even if that is not reported.
        when="fnsku is not distinct from "
        "coalesce(nullif(asin, ''), case when fnsku !~* '^X' then fnsku end)",
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
    type=ClaimType.LOST_IN_WAREHOUSE,
    title="Lost in the warehouse",
    source="docs/rules.md#lost_in_warehouse",
    window=PolicyWindow.FC_LOST,
    value=Value.SOURCING_COST,
    version=3,
    sql=f"""
    with counted as (
        select i.*, least(coalesce(unreconciled, open_units), open_units) as quantity
        from detect_incident i where kind = 'lost'
    )
    select key, marketplace_id, sku, fnsku, asin, null as order_id, units, quantity,
        {_SETTLED} as settled,
        event_on, event_on as clock_on,
        -- Units that are being looked for are not lost yet; but never wait beyond day 45 (docs/rules.md#lost_in_warehouse).
        case when researching > 0 then least(greatest(event_on + 30, cast(:as_of as date) + 1), event_on + 45)
            else event_on + 30 end as wait_until,
        null as amount, null as currency, null as amount_basis, null as amount_missing,
        {_SURE} as confidence_parts,
        coalesce(suppressed, case when correction is not null
            then 'A correction of the same quantity within three days explains it.' end) as suppressed,
        units || ' of FNSKU ' || fnsku || case when strong then '' else ' (' || disposition || ')' end
            || ' went missing on ' || event_on || coalesce(' in ' || centers, '')
            || ' (code ' || codes || '); ' || (units - open_units) || ' found, paid or explained since, '
            || quantity || ' open.'
            || case when quantity = 0 and unreconciled > 0
                then ' Amazon still calls ' || unreconciled || ' unreconciled: needs review.' else '' end as reason,
        jsonb_build_object('rows', rows, 'numbers', jsonb_build_object('lost', units,
                'open_by_pairing', open_units, 'unreconciled', unreconciled, 'researching', researching),
            'settled', settled,
            'notes', to_jsonb(array_remove(array[
                case when possible_payment is not null then 'Possible payment: ' || possible_payment::text end,
                case when unused_find is not null then 'Find without a loss: ' || unused_find::text end,
                case when correction is not null then 'Correction nearby: ' || correction::text end,
                case when researching > 0 then 'Amazon is looking for ' || researching || {by_number("researching", " unit", " units")} || ' of this FNSKU.' end
            ], null))) as evidence
    from counted
    """,
    # No removal order explains a unit that is missing.
    optional=all_of("removals", "removal_shipments"),
)
