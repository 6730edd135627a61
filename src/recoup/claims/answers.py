"""Why Amazon asks for more or denies a claim, in the words that answers are filed under. Pure."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """The usual reasons, as sellers and services report them (docs/filing.md#answers)."""

    INVOICE_MISSING = "invoice_missing"
    DELIVERY_PROOF_MISSING = "delivery_proof_missing"
    ALREADY_REIMBURSED = "already_reimbursed"
    UNITS_FOUND = "units_found"
    UNITS_RECEIVED = "units_received"
    RETURN_RECEIVED = "return_received"
    NOT_LIABLE = "not_liable"
    NOT_ELIGIBLE = "not_eligible"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    VALUE_DISPUTED = "value_disputed"
    DUPLICATE = "duplicate"
    PAYMENT_REVERSED = "payment_reversed"
    OTHER = "other"
