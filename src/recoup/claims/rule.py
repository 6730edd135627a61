"""What a claim rule is: a file that declares which events Amazon may owe for, as one SELECT.

The engine (recoup.claims.detect) prepares what rules share, runs each SELECT over one connection
with an `as of` date, adds window and value, and stores claims and candidates.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ClaimType(enum.StrEnum):
    """The types of the contract; the values are the contract's names."""

    LOST_IN_WAREHOUSE = "lost_in_warehouse"
    DAMAGED_IN_WAREHOUSE = "damaged_in_warehouse"
    INBOUND_SHORTAGE = "inbound_shortage"
    INBOUND_DAMAGE = "inbound_damage"
    CUSTOMER_RETURN_MISSING = "customer_return_missing"
    RETURN_NOT_RESTOCKED = "return_not_restocked"
    RETURN_DAMAGED_BY_AMAZON = "return_damaged_by_amazon"
    REFUND_OVERPAID = "refund_overpaid"
    REFUND_FEE_NOT_CREDITED = "refund_fee_not_credited"
    REMOVAL_LOST = "removal_lost"
    REMOVAL_DISCREPANCY = "removal_discrepancy"
    DISPOSED_WITHOUT_PERMISSION = "disposed_without_permission"
    FULFILLMENT_FEE_OVERCHARGE = "fulfillment_fee_overcharge"
    STORAGE_FEE_OVERCHARGE = "storage_fee_overcharge"
    INBOUND_FEE_WRONG = "inbound_fee_wrong"
    REIMBURSEMENT_REVERSED = "reimbursement_reversed"
    REIMBURSEMENT_UNDERPAID = "reimbursement_underpaid"


class Window(enum.StrEnum):
    """Which row of the policy table a claim's days are counted by (docs/claims.md #windows)."""

    FC_LOST = "fc_lost"
    FC_DAMAGED = "fc_damaged"
    CUSTOMER_RETURN = "customer_return"
    REMOVAL_LOST = "removal_lost"
    REMOVAL_OTHER = "removal_other"
    INBOUND = "inbound"
    FEE_DIMENSION = "fee_dimension"
    FEE_REFERRAL = "fee_referral"
    REIMBURSEMENT_VALUE_DISPUTE = "reimbursement_value_dispute"


class Value(enum.Enum):
    """What a claimed unit is worth."""

    SOURCING_COST = "sourcing cost"
    """Lost before an order: what a unit cost the seller; added by the engine."""
    OWN = "own"
    """The SELECT computes amount, currency, amount_basis and amount_missing itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One claim type and how it is found.

    title: the type in words. source: where in the facts the rule comes from. reads: tables it needs.
    version: raised when the meaning of the SELECT changes. documents: what a person must attach.

    sql: one SELECT over the stream tables and the prepared temporary tables `detect_*`
    (recoup.claims.prepare_queries), with the bind parameters :connection_id and :as_of (a date).
    One row is one candidate event, settled ones too, with exactly these columns:

    key jsonb               the natural key of the event (contract: fnsku and date, order and sku, ...)
    marketplace_id text     null when it cannot be told
    sku, fnsku, asin, order_id  text, each null where the event has none
    units integer           units of the event
    quantity integer        units still open; 0: settled, the candidate is shown by `explain` only
    settled jsonb           list of {"by", "reference", "units", "why"}: what took units off
    event_on date           when it happened, marketplace-local
    clock_on date           from when the policy's days count; null: not known, no deadline
    wait_until date         not fileable before this day of ours; null: the policy's opening only
    amount numeric, currency text, amount_basis text, amount_missing text
                            null unless `value` is OWN; amount null needs amount_missing (why)
    confidence numeric      0 to 1, the sum of the parts
    confidence_parts jsonb  list of {"part", "change", "why"}; the first one is the base
    suppressed text         why an open candidate is not shown as a claim; null: it is a claim
    reason text             the arithmetic in one or two sentences for the seller
    evidence jsonb          {"rows": [source rows with "table", "source", "source_line" or ids, and
                            the values that count], "numbers": {...}, "notes": [...]}
    """

    type: ClaimType
    title: str
    source: str
    reads: tuple[str, ...]
    window: Window
    value: Value
    version: int
    documents: tuple[str, ...]
    sql: str
