"""The identifiers of each product: those of the stock, of the seller, and of Amazon."""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable, all_of

PRODUCT = TemporaryTable(
    "detect_product",
    "fnsku text, sku text, asin text",
    """
    select fnsku, sku, max(asin)
    from (
        select fnsku, msku as sku, max(asin) as asin from ledger
        where connection_id = :connection_id and event_on <= :as_of
        group by fnsku, msku
        union all select fnsku, sku, asin from inventory where connection_id = :connection_id
        union all select fnsku, sku, asin from fee_preview where connection_id = :connection_id
    ) as seen
    where fnsku <> '' and sku <> ''
    group by fnsku, sku
    """,
    ("fnsku", "sku", "asin"),
    reads={
        "fee_preview": ("asin", "fnsku", "sku"),
        "inventory": ("asin", "fnsku", "sku"),
        "ledger": ("asin", "event_on", "fnsku", "msku"),
    },
    # The ledger names every product of which anything happened; these two name the others. An ASIN
    # that is not known names no product, and what names nothing may be about anything.
    optional={**all_of("inventory", "fee_preview"), "ledger": ("asin",)},
)

FNSKU = TemporaryTable(
    "detect_fnsku",
    "fnsku text, sku text, asin text",
    "select fnsku, min(sku), min(asin) from detect_product group by fnsku",
    ("fnsku",),
)
