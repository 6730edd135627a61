"""The value of a unit: its cost by day, Amazon's maximum, and from which day the cost counts."""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

CAP = TemporaryTable(
    "detect_cap",
    "currency text, per_unit numeric",
    "select key, cast(value as numeric) from json_each_text(cast(:caps as json))",
)

COST = TemporaryTable(
    "detect_cost",
    # valid_to is the first day on which the next cost counts. One of sku and fnsku is null.
    """sku text, fnsku text, valid_from date, valid_to date, cost numeric, currency text,
    invoice_reference text""",
    """
    select nullif(sku, ''), nullif(fnsku, ''), valid_from,
        lead(valid_from, 1, date '9999-12-31') over (partition by sku, fnsku order by valid_from),
        cost, currency, invoice_reference
    from sourcing_cost
    where connection_id = :connection_id
    """,
    ("fnsku", "sku"),
)

APPROVED = TemporaryTable(
    "detect_approved_cost",
    # By which Amazon has paid since the day, until it approved another one (docs/claims.md#sourcing-costs).
    "fnsku text, currency text, valid_from date, valid_to date, cost numeric, source text",
    """
    select fnsku, currency, approved_on,
        lead(approved_on, 1, date '9999-12-31') over (partition by fnsku, currency order by approved_on),
        cost, source
    from approved_cost
    where connection_id = :connection_id
    """,
    ("fnsku",),
)

# From when on a unit lost before an order is worth what it cost (docs/claims.md#value).
VALUE = TemporaryTable(
    "detect_value", "sourcing_cost_since date", "select cast(:sourcing_cost_since as date)"
)
