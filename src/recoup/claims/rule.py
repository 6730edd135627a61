"""What a claim rule is: a file with one SELECT for the events that Amazon may owe for.

The engine (recoup.claims.detection.detect) prepares what rules share, runs each SELECT over one connection
with an `as of` date, adds window and value, and stores claims and candidates.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line names the types of claims without loading the database's tools
    from recoup.claims.detection.temporary_table import Reads


class ClaimType(enum.StrEnum):
    """The type of a claim. The values are the names in the API."""

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


OF_MONEY = frozenset(
    {
        ClaimType.FULFILLMENT_FEE_OVERCHARGE,
        ClaimType.STORAGE_FEE_OVERCHARGE,
        ClaimType.INBOUND_FEE_WRONG,
        ClaimType.REFUND_FEE_NOT_CREDITED,
        ClaimType.REFUND_OVERPAID,
        ClaimType.REIMBURSEMENT_UNDERPAID,
    }
)
"""Types whose claims are about money, whatever number of units they name."""


class PolicyWindow(enum.StrEnum):
    """The row of the policy table that determines a claim's dates (docs/claims.md#windows)."""

    FC_LOST = "fc_lost"
    FC_DAMAGED = "fc_damaged"
    CUSTOMER_RETURN = "customer_return"
    REMOVAL_LOST = "removal_lost"
    REMOVAL_OTHER = "removal_other"
    INBOUND = "inbound"
    INBOUND_PROBLEM = "inbound_problem"
    FEE_DIMENSION = "fee_dimension"
    FEE_REFERRAL = "fee_referral"
    REIMBURSEMENT_VALUE_DISPUTE = "reimbursement_value_dispute"


class Value(enum.Enum):
    """The basis of a claimed unit's value."""

    SOURCING_COST = "sourcing cost"
    """Lost before an order: the sourcing cost of a unit; added by the engine."""
    OWN = "own"
    """The SELECT computes amount, currency, amount_basis and amount_missing itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One claim type and how recoup finds it.

    title: the type in words. source: the heading of docs/rules.md that the rule rests on.
    version: raised when the meaning of the SELECT changes.
    reads, optional, decides: as of a temporary table (recoup.claims.detection.temporary_table), for the SELECT of
    the rule itself. What the rule needs in all is derived from them (recoup.claims.detection.reads).

    sql: one SELECT over the stream tables and the prepared temporary tables `detect_*`
    (recoup.claims.detection.prepare), with the bind parameters :connection_id and :as_of (a date).
    One row is one candidate event, settled ones too, with exactly these columns:

    key jsonb               the natural key of the event (docs/api.md#recoveries: fnsku and date, order and sku, ...)
    marketplace_id text     null if it is not known
    sku, fnsku, asin, order_id  text, each null where the event has none
    units integer           units of the event
    quantity integer        units still open; 0: settled, the candidate is shown by `explain` only
    settled jsonb           list of {"by", "reference", "units", "why"}: what took units off
                            (recoup.claims.detection.parts)
    event_on date           when it happened, marketplace-local
    clock_on date           from when the policy's days count; null: not known, no deadline
    wait_until date         not fileable before this day of ours; null: the policy's opening only
    amount numeric, currency text, amount_basis text, amount_missing text
                            null unless `value` is OWN; amount null needs amount_missing (why)
    confidence_parts jsonb  list of {"part", "change", "why", "at_most"}, at least one; the first one is
                            the base. Of them the engine makes the number (recoup.claims.detection.parts)
    suppressed text         why an open candidate is not shown as a claim; null: it is a claim
    reason text             the arithmetic in one or two sentences for the seller
    evidence jsonb          {"rows": [source rows with "table", "source", "source_line" or ids, and
                            the values that count], "numbers": {...}, "notes": [...]}
    """

    type: ClaimType
    title: str
    source: str
    window: PolicyWindow
    value: Value
    version: int
    sql: str
    reads: Reads = field(default_factory=dict)
    optional: Reads = field(default_factory=dict)
    decides: Reads = field(default_factory=dict)
