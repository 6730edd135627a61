"""What happened and what is asked for, by claim type, in the seller's words.

{units} is "1 unit" or "3 units", {was} and {has} agree with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from recoup.claims.rule import ClaimType

TITLE: Mapping[ClaimType, str] = {
    ClaimType.LOST_IN_WAREHOUSE: "Units lost in your fulfillment center",
    ClaimType.DAMAGED_IN_WAREHOUSE: "Units damaged in your fulfillment center",
    ClaimType.INBOUND_SHORTAGE: "Units missing from a shipment",
    ClaimType.INBOUND_DAMAGE: "Units of a shipment arrived damaged",
    ClaimType.CUSTOMER_RETURN_MISSING: "Refunded units that were not returned",
    ClaimType.RETURN_NOT_RESTOCKED: "Returned units that are not in my stock",
    ClaimType.RETURN_DAMAGED_BY_AMAZON: "Returned units damaged by Amazon or its carrier",
    ClaimType.REFUND_OVERPAID: "Refund above the amount charged",
    ClaimType.REFUND_FEE_NOT_CREDITED: "Referral fee not credited after a refund",
    ClaimType.REMOVAL_LOST: "Removal parcel that did not arrive",
    ClaimType.REMOVAL_DISCREPANCY: "Units of a removal order not accounted for",
    ClaimType.DISPOSED_WITHOUT_PERMISSION: "Units disposed of without my order",
    ClaimType.FULFILLMENT_FEE_OVERCHARGE: "Fulfillment fee above the product's size and weight",
    ClaimType.STORAGE_FEE_OVERCHARGE: "Storage fee too high",
    ClaimType.INBOUND_FEE_WRONG: "Dispute of an inbound problem",
    ClaimType.REIMBURSEMENT_REVERSED: "Reimbursement reversed without the unit",
    ClaimType.REIMBURSEMENT_UNDERPAID: "Reimbursement below the value of the unit",
}

HAPPENED: Mapping[ClaimType, str] = {
    ClaimType.LOST_IN_WAREHOUSE: "Your inventory ledger records {units} of mine as lost in your "
    "fulfillment center. I see neither the units in my stock nor a reimbursement for them.",
    ClaimType.DAMAGED_IN_WAREHOUSE: "Your inventory ledger records {units} of mine as damaged in "
    "your fulfillment center. I have not been reimbursed.",
    ClaimType.INBOUND_SHORTAGE: "{units} that I sent with the shipment below {has} not been "
    "received.",
    ClaimType.INBOUND_DAMAGE: "{units} of the shipment below {was} received as damaged. I have "
    "not been reimbursed.",
    ClaimType.CUSTOMER_RETURN_MISSING: "The customer was refunded or sent a replacement for {units} "
    "and has not returned what was refunded. I have not been reimbursed.",
    ClaimType.RETURN_NOT_RESTOCKED: "The customer returned {units} in sellable condition, but my "
    "stock did not increase.",
    ClaimType.RETURN_DAMAGED_BY_AMAZON: "{units} that a customer returned {was} damaged by you or "
    "your carrier according to your returns report. I have not been reimbursed.",
    ClaimType.REFUND_OVERPAID: "More was refunded to the customer than was charged, and the "
    "difference was taken from my account.",
    ClaimType.REFUND_FEE_NOT_CREDITED: "After the refund, the referral fee was not credited in full.",
    ClaimType.REMOVAL_LOST: "{units} of the removal order below {was} shipped to me and did not "
    "arrive.",
    ClaimType.REMOVAL_DISCREPANCY: "{units} of the removal order below {was} neither delivered to "
    "me, nor disposed of, nor cancelled.",
    ClaimType.DISPOSED_WITHOUT_PERMISSION: "{units} of mine {was} disposed of. I had not ordered a "
    "disposal.",
    ClaimType.FULFILLMENT_FEE_OVERCHARGE: "You charged a higher fulfillment fee than the size and "
    "weight of the product call for.",
    ClaimType.STORAGE_FEE_OVERCHARGE: "You charged more for storage than is due for this product.",
    ClaimType.INBOUND_FEE_WRONG: "I dispute a problem that you reported for the shipment "
    "below, and the fee for it.",
    ClaimType.REIMBURSEMENT_REVERSED: "You took back a reimbursement for {units}, but the stock was "
    "not returned to me.",
    ClaimType.REIMBURSEMENT_UNDERPAID: "You reimbursed {units} below their value.",
}

ASKED: Mapping[ClaimType, str] = {
    ClaimType.LOST_IN_WAREHOUSE: "Please find the units and return them to my stock, or reimburse "
    "me.",
    ClaimType.DAMAGED_IN_WAREHOUSE: "Please reimburse me for the damage.",
    ClaimType.INBOUND_SHORTAGE: "Please research the missing units, and reimburse what you cannot "
    "find.",
    ClaimType.INBOUND_DAMAGE: "Please reimburse me for the damage.",
    ClaimType.CUSTOMER_RETURN_MISSING: "Please reimburse me for what was not returned.",
    ClaimType.RETURN_NOT_RESTOCKED: "Please return the stock to my inventory, or reimburse me.",
    ClaimType.RETURN_DAMAGED_BY_AMAZON: "Please reimburse me for the damage.",
    ClaimType.REFUND_OVERPAID: "Please correct the refund and credit the difference.",
    ClaimType.REFUND_FEE_NOT_CREDITED: "Please credit the rest of the fee.",
    ClaimType.REMOVAL_LOST: "Please check with the carrier, and reimburse me.",
    ClaimType.REMOVAL_DISCREPANCY: "Please investigate where the units are, and deliver or reimburse "
    "them.",
    ClaimType.DISPOSED_WITHOUT_PERMISSION: "Please tell me by whose order this was done, or "
    "reimburse me.",
    ClaimType.FULFILLMENT_FEE_OVERCHARGE: "Please measure the product again and refund the "
    "difference.",
    ClaimType.STORAGE_FEE_OVERCHARGE: "Please check the fee and refund the difference.",
    ClaimType.INBOUND_FEE_WRONG: "Please remove the problem and refund the fee.",
    ClaimType.REIMBURSEMENT_REVERSED: "Please restore the reimbursement, or name the record that "
    "shows the returned stock.",
    ClaimType.REIMBURSEMENT_UNDERPAID: "Please revalue the reimbursement and pay the difference.",
}

HAPPENED_BY_CAUSE: Mapping[str, str] = {
    "size_changed": "You changed the size of the product in your records, and have charged a higher "
    "fulfillment fee since.",
    "volume": "You charged storage for a larger volume than the product has.",
    "quantity": "You charged storage for more units than were in stock.",
    "age": "You charged the surcharge on aged stock for units that are not that old.",
}
"""Where a claim type has several causes; the others say what the type says."""
