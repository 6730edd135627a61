"""Small worlds and their reports, read back from the bytes of the files as a client would."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import strategies as st

from recoup.sandbox.reports import all_report_types
from recoup.sandbox.reports.report import ReportRequest, document_bytes, encoding_of
from recoup.sandbox.world.dice import derive_key
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.profile import PROFILES
from recoup.sandbox.world.seller import SPAN_DAYS, SellerWorld

MIDNIGHT = Instant(20_000 * DAY)
START = Instant(MIDNIGHT - SPAN_DAYS * DAY)
WHOLE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
LEDGER = "GET_LEDGER_DETAIL_VIEW_DATA"
SUMMARY = "GET_LEDGER_SUMMARY_VIEW_DATA"
RETURNS = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
REIMBURSEMENTS = "GET_FBA_REIMBURSEMENTS_DATA"
SHIPPED = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL"
REPLACED = "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA"
REMOVALS = "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA"
PARCELS = "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA"
FEES = "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA"
STORAGE = "GET_FBA_STORAGE_FEE_CHARGES_DATA"
COMPLAINTS = "GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA"
LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
PLANNING = "GET_FBA_INVENTORY_PLANNING_DATA"
UNSUPPRESSED = "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA"
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"


def new_world(seed: int, orders: int, profile: str = "us") -> SellerWorld:
    return SellerWorld(derive_key(seed), START, orders, PROFILES[profile])


worlds = st.builds(
    new_world, st.integers(0, 10_000), st.integers(1, 160), st.sampled_from(sorted(PROFILES))
)
edges = st.integers(-90, 40).map(lambda days: Instant(MIDNIGHT + days * DAY))


def request(
    world: SellerWorld,
    *,
    since: int = START - 40 * DAY,
    until: int | None = None,
    edge: int = MIDNIGHT,
    **options: str,
) -> ReportRequest:
    """A request for everything up to the edge, unless told otherwise."""
    return ReportRequest(
        marketplace_ids=(world.home.marketplace_id,),
        since=datetime.fromtimestamp(since, UTC),
        until=datetime.fromtimestamp(edge if until is None else until, UTC),
        options=options,
        edge=datetime.fromtimestamp(edge, UTC),
    )


def content(name: str, world: SellerWorld, asked: ReportRequest) -> bytes:
    return b"".join(document_bytes(all_report_types()[name], world, asked))


def read(name: str, world: SellerWorld, **asked: object) -> list[Mapping[str, str]]:
    """The rows of a whole file by column."""
    kind = all_report_types()[name]
    text = content(name, world, request(world, **asked)).decode(encoding_of(kind, world.profile))
    head, *rows = [line.split("\t") for line in text.lstrip("\ufeff").split("\n")[:-1]]
    if kind.quoted:
        head, *rows = [[cell[1:-1].replace('""', '"') for cell in row] for row in (head, *rows)]
    assert tuple(head) == kind.header_for(world.profile)
    return [dict(zip(head, row, strict=True)) for row in rows]


def cents(text: str) -> int:
    """An amount with a point or a comma."""
    whole = text.replace(",", ".")
    assert whole[-3] == "."
    return int(whole.replace(".", ""))
