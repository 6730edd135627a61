"""Tables of claims, decisions, answers and payments, candidates with what settled them, and costs."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from recoup.claims.answers import Reason
from recoup.claims.lifecycle import Status
from recoup.claims.rule import ClaimType
from recoup.claims.stages import STATUSES, Stage
from recoup.db.metadata import METADATA
from recoup.db.words import one_of

_TIME = TIMESTAMP(timezone=True)

SEARCHED = ("order_id", "sku_upper", "fnsku", "asin", "case_id")
"""The columns of `claim` that are searched by how they begin."""


def _connection_id(*, primary_key: bool = False) -> Column[str]:
    return Column(
        "connection_id",
        Text,
        ForeignKey("amazon_connection.connection_id"),
        primary_key=primary_key,
        nullable=False,
    )


def _agreement() -> str:
    """Stage and status agree (recoup.claims.stages)."""
    pairs = (one_of("status", statuses) for statuses in STATUSES.values())
    return " or ".join(
        f"stage = '{stage.value}' and {agrees}"
        for stage, agrees in zip(STATUSES, pairs, strict=True)
    )


claim = Table(
    "claim",
    METADATA,
    # A digest of connection, type and key: the same event is the same claim.
    Column("claim_id", Text, primary_key=True),
    _connection_id(),
    Column("type", Text, nullable=False),
    Column("key", JSONB, nullable=False),
    # Results of detection, which each detection rewrites where they differ.
    Column("marketplace_id", Text),
    Column("sku", Text),
    # For the search: sellers write SKUs as they like, and nobody remembers how.
    Column("sku_upper", Text, Computed("upper(sku)", persisted=True)),
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
    # Who found it first.
    Column("detected_at", _TIME, nullable=False, server_default=func.now()),
    Column("sync_id", Text),
    # With `as_of`: when it was last found. While it is found, `claim_detection` has later ones.
    Column("confirmed_at", _TIME, nullable=False, server_default=func.now()),
    Column("is_found", Boolean, nullable=False, server_default=text("true")),
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
    # Agrees with the status, or the database refuses it. Where it is not told, a trigger fills it in.
    Column("stage", Text, nullable=False),
    Column("hold_reason", Text),
    # Why Amazon asked for more or denied the claim.
    Column("answer_reason", Text),
    # Null in a filed claim: Amazon took back what it had paid.
    Column("waiting_since", Date),
    # What the reimbursements report shows (claim_payment): detection writes it, nobody else.
    Column("paid_amount", Numeric),
    Column("paid_currency", Text),
    Column("paid_units", Integer),
    CheckConstraint(one_of("type", ClaimType), name="type"),
    CheckConstraint(_agreement(), name="stage"),
    CheckConstraint("(stage = 'on_hold') = (hold_reason is not null)", name="hold_reason"),
    CheckConstraint(one_of("answer_reason", Reason), name="answer_reason"),
    CheckConstraint("(paid_amount is null) = (paid_currency is null)", name="paid_amount"),
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
            "stage",
            "waiting_since",
        ],
    ),
    # What waits for a sourcing cost.
    Index("claim_unvalued_idx", "connection_id", "type", postgresql_where=text("amount is null")),
)

# The last detection that ran the rule of a type: it confirms each of its claims that it found, without
# a write of each.
claim_detection = Table(
    "claim_detection",
    METADATA,
    _connection_id(primary_key=True),
    Column("type", Text, primary_key=True),
    Column("as_of", Date, nullable=False),
    Column("confirmed_at", _TIME, nullable=False),
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

# What Amazon answered, word for word, or what a person says it paid.
claim_response = Table(
    "claim_response",
    METADATA,
    Column("response_id", BigInteger, Identity(always=True), primary_key=True),
    Column("claim_id", Text, ForeignKey("claim.claim_id", ondelete="cascade"), nullable=False),
    _connection_id(),
    Column("received_on", Date, nullable=False),
    # The stage that the claim had after it.
    Column("stage", Text, nullable=False),
    Column("text", Text),
    Column("reason", Text),
    Column("amount", Numeric),
    Column("currency", Text),
    Column("units", Integer),
    Column("entered_by", Text, nullable=False),
    Column("entered_at", _TIME, nullable=False, server_default=func.now()),
    CheckConstraint(one_of("stage", Stage), name="stage"),
    CheckConstraint(one_of("reason", Reason), name="reason"),
    CheckConstraint("(amount is null) = (currency is null)", name="currency"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("units > 0", name="units"),
    CheckConstraint("num_nonnulls(text, amount, units) > 0", name="content"),
    Index("claim_response_claim_id_idx", "claim_id", "received_on", "response_id"),
)

# Rows of the reimbursements report that paid a claim or took a payment back: one row per pair,
# rewritten by each detection as far back as reimbursements are held. The parts of a row that paid
# several claims add up to it.
claim_payment = Table(
    "claim_payment",
    METADATA,
    _connection_id(primary_key=True),
    Column("payment_id", BigInteger, Identity(always=True), primary_key=True),
    Column("claim_id", Text, ForeignKey("claim.claim_id", ondelete="cascade"), nullable=False),
    # 'case': it names the claim's case; 'allocation': its units settled the claim's event.
    Column("by", Text, nullable=False),
    Column("reimbursement_id", Text, nullable=False),
    Column("case_id", Text),
    Column("reason", Text),
    Column("approved_at", _TIME, nullable=False),
    # The day of that where the currency is at home.
    Column("approved_on", Date, nullable=False),
    # Negative where a payment was taken back; 0 for a payment with units.
    Column("amount", Numeric, nullable=False),
    Column("currency", Text, nullable=False),
    Column("units", Integer, nullable=False),
    CheckConstraint("by in ('case', 'allocation')", name="by"),
    Index("claim_payment_claim_id_idx", "claim_id", "approved_at"),
    Index("claim_payment_approved_at_idx", "connection_id", "approved_at"),
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

# The last mark of its deadline that a claim was reported at, so that each is reported once.
deadline_reminder = Table(
    "deadline_reminder",
    METADATA,
    Column("claim_id", Text, ForeignKey("claim.claim_id", ondelete="cascade"), primary_key=True),
    _connection_id(),
    # Days left, or fewer: 14, 7, 3 or 1.
    Column("mark", Integer, nullable=False),
    Column("reminded_at", _TIME, nullable=False, server_default=func.now()),
    Index("deadline_reminder_connection_id_idx", "connection_id", "reminded_at"),
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

# What Amazon's "Manage your sourcing cost" says of a product, as of the workbook that was read last.
amazon_cost = Table(
    "amazon_cost",
    METADATA,
    _connection_id(primary_key=True),
    Column("fnsku", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("asin", Text),
    Column("estimated_cost", Numeric),
    # The cost by which Amazon pays, who named it (SELLER or AMAZON), and the day. Null: none.
    Column("approved_cost", Numeric),
    Column("approved_source", Text),
    Column("approved_on", Date),
    Column("read_at", _TIME, nullable=False, server_default=func.now()),
    # A cost of the seller's that Amazon has refused, as a person said. Null: none.
    Column("refused_cost", Numeric),
    Column("refused_on", Date),
    CheckConstraint("(refused_cost is null) = (refused_on is null)", name="refused"),
)

# Every approved cost that a workbook ever had: payments of before the latest one are judged by theirs.
approved_cost = Table(
    "approved_cost",
    METADATA,
    _connection_id(primary_key=True),
    Column("fnsku", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("approved_on", Date, primary_key=True),
    Column("cost", Numeric, nullable=False),
    Column("source", Text),
    CheckConstraint("cost > 0", name="cost"),
)

# The workbook that was read last, as it was given: it is written back with the seller's costs.
cost_workbook = Table(
    "cost_workbook",
    METADATA,
    _connection_id(primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("read_at", _TIME, nullable=False, server_default=func.now()),
)
