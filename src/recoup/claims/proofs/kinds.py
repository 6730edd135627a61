"""What a stored document proves, and what it is about."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ProofKind(enum.StrEnum):
    """The kind of a document."""

    INVOICE = "invoice"
    PROOF_OF_DELIVERY = "proof_of_delivery"
    PACKING_SLIP = "packing_slip"
    CARRIER_DOCUMENT = "carrier_document"
    PHOTOS = "photos"
    MEASUREMENTS = "measurements"
    COST_APPROVAL = "cost_approval"
    SCREENSHOT = "screenshot"
    OTHER = "other"


class SubjectKind(enum.StrEnum):
    """What a document is about, and what a pack is about."""

    PRODUCT = "product"
    """A SKU or an FNSKU."""
    PURCHASE_ORDER = "purchase_order"
    """The seller's own order at a supplier; sourcing costs name it as their invoice."""
    SHIPMENT = "shipment"
    REMOVAL_ORDER = "removal_order"
    ORDER = "order"
    MARKETPLACE = "marketplace"


@dataclass(frozen=True, slots=True)
class Subject:
    """One product, order, shipment ... of a seller."""

    kind: SubjectKind
    code: str
