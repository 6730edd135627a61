"""Tables of claims and decisions, candidates with what settled them, and sourcing costs."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from recoup.claims.lifecycle import Status
from recoup.claims.rule import ClaimType
from recoup.db.metadata import METADATA
from recoup.db.words import one_of

_TIME = TIMESTAMP(timezone=True)

SEARCHED = ("order_id", "sku", "fnsku", "asin", "case_id")
"""The columns of `claim` that are searched by how they begin."""


def _connection_id(*, primary_key: bool = False) -> Column[str]:
    return Column(
        "connection_id",
        Text,
        ForeignKey("amazon_connection.connection_id"),
        primary_key=primary_key,
        nullable=False,
    )


claim = Table(
    "claim",
    METADATA,
    # A digest of connection, type and key: the same event is the same claim.
    Column("claim_id", Text, primary_key=True),
    _connection_id(),
    Column("type", Text, nullable=False),
    Column("key", JSONB, nullable=False),
    # Results of detection, which each detection rewrites.
    Column("marketplace_id", Text),
    Column("sku", Text),
    Column("fnsku", Text),
    Column("asin", Text),
    Column("order_id", Text),
    Column("quantity", Integer, nullable=False),
    Column("amount", Numeric),
    Column("currency", Text),
    Column("amount_basis", Text),
    Column("amount_missing", Text),
    Column("confidence", Numeric, nullable=False),
    Column("confidence_parts", JSONB, nullable=False),
    Column("event_on", Date, nullable=False),
    # Null with no deadline: the window is not known for this marketplace, or the clock is not.
    Column("fileable_from", Date),
    Column("deadline", Date),
    Column("window_note", Text),
    Column("reason", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("as_of", Date, nullable=False),
    # Who found it first, and when it was last confirmed.
    Column("detected_at", _TIME, nullable=False, server_default=func.now()),
    Column("sync_id", Text),
    Column("confirmed_at", _TIME, nullable=False, server_default=func.now()),
    # What a person or a payment made of it; detection never overwrites what a person set.
    Column("status", Text, nullable=False, server_default=Status.DETECTED.value),
    Column("status_by", Text, nullable=False, server_default=text("'recoup'")),
    Column("status_at", _TIME, nullable=False, server_default=func.now()),
    Column("status_why", Text),
    Column("case_id", Text),
    Column("note", Text),
    # removal_lost: what the seller said of the parcel (docs/decisions.md#removal-parcels).
    Column("arrived", Boolean),
    Column("filed_at", _TIME),
    CheckConstraint(one_of("type", ClaimType), name="type"),
    CheckConstraint(one_of("status", Status), name="status"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("confidence between 0 and 1", name="confidence"),
    CheckConstraint("(amount is null) = (amount_missing is not null)", name="amount"),
    CheckConstraint("amount is null or currency is not null", name="currency"),
    Index("claim_key", "connection_id", "type", "key", unique=True),
    Index("claim_deadline_idx", "connection_id", "deadline"),
    Index("claim_detected_at_idx", "connection_id", "detected_at", "claim_id"),
    *(
        Index(f"claim_{name}_search_idx", name, postgresql_ops={name: "text_pattern_ops"})
        for name in SEARCHED
    ),
    # All that figures, filters and orders read: they need not touch the claims themselves, which
    # their evidence makes long.
    Index(
        "claim_figures_idx",
        "connection_id",
        "status",
        postgresql_include=[
            "claim_id",
            "type",
            "marketplace_id",
            "amount",
            "currency",
            "confidence",
            "event_on",
            "fileable_from",
            "deadline",
            "detected_at",
            "status_at",
            "filed_at",
            "sync_id",
        ],
    ),
    # What waits for a sourcing cost.
    Index("claim_unvalued_idx", "connection_id", "type", postgresql_where=text("amount is null")),
)

claim_history = Table(
    "claim_history",
    METADATA,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    Column("claim_id", Text, ForeignKey("claim.claim_id", ondelete="cascade"), nullable=False),
    _connection_id(),
    Column("at", _TIME, nullable=False, server_default=func.now()),
    # A user id, or 'recoup'.
    Column("who", Text, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text, nullable=False),
    Column("why", Text, nullable=False),
    # Quantity, amount, case id: what else changed, as {"name": [before, after]}.
    Column("changes", JSONB, nullable=False, server_default=text("'{}'")),
    Index("claim_history_claim_id_idx", "claim_id", "entry_id"),
)

# Every candidate event of the last detection, claims and settled ones: why something is no claim.
claim_candidate = Table(
    "claim_candidate",
    METADATA,
    _connection_id(primary_key=True),
    Column("type", Text, primary_key=True),
    Column("key", JSONB, primary_key=True),
    Column("marketplace_id", Text),
    Column("sku", Text),
    Column("fnsku", Text),
    Column("asin", Text),
    Column("order_id", Text),
    Column("event_on", Date, nullable=False),
    Column("units", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("settled", JSONB, nullable=False),
    Column("suppressed", Text),
    Column("reason", Text, nullable=False),
    Index("claim_candidate_fnsku_idx", "connection_id", "fnsku", "event_on"),
    Index("claim_candidate_order_id_idx", "connection_id", "order_id"),
)

# Which payment, find or case settled which units of which event: one row per pair, rewritten by
# each detection.
claim_allocation = Table(
    "claim_allocation",
    METADATA,
    _connection_id(primary_key=True),
    Column("allocation_id", BigInteger, primary_key=True),
    # 'payment', 'find', 'case', 'return', 'disposal', ...
    Column("by", Text, nullable=False),
    # The source row: a reimbursement's key, a ledger row's day and line.
    Column("reference", JSONB, nullable=False),
    Column("type", Text, nullable=False),
    Column("key", JSONB, nullable=False),
    Column("units", Integer, nullable=False),
    CheckConstraint("units > 0", name="units"),
    Index("claim_allocation_key_idx", "connection_id", "type", "key"),
)

# Events whose result would change because rows were deleted with age: detection leaves them, and what
# was claimed of them, as they are.
judged_event = Table(
    "judged_event",
    METADATA,
    _connection_id(primary_key=True),
    Column("type", Text, primary_key=True),
    Column("key", JSONB, primary_key=True),
    Column("event_on", Date, nullable=False),
)

sourcing_cost = Table(
    "sourcing_cost",
    METADATA,
    _connection_id(primary_key=True),
    # One of the two is '': a cost is of a SKU or of an FNSKU.
    Column("sku", Text, primary_key=True),
    Column("fnsku", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("cost", Numeric, nullable=False),
    Column("currency", Text, nullable=False),
    Column("invoice_reference", Text),
    Column("entered_by", Text, nullable=False),
    Column("entered_at", _TIME, nullable=False, server_default=func.now()),
    CheckConstraint("(sku = '') <> (fnsku = '')", name="product"),
    CheckConstraint("cost > 0", name="cost"),
)
