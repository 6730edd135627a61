"""Where people download reports in Seller Central (docs/files.md#reports)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Place:
    """The name of a report in Seller Central, and the way to it. hint: what to choose there."""

    title: str
    path: str
    hint: str = ""


_FBA = "Reports > Fulfillment by Amazon"

PLACES: Mapping[str, Place] = MappingProxyType(
    {
        "reimbursements": Place("Reimbursements", f"{_FBA} > Payments > Reimbursements"),
        "ledger": Place(
            "Inventory Ledger, detailed view",
            f"{_FBA} > Inventory > Inventory Ledger",
            "Detailed view, all event types, no filter",
        ),
        "ledger_summary": Place(
            "Inventory Ledger, summary view",
            f"{_FBA} > Inventory > Inventory Ledger",
            "Summary view, by month and by country",
        ),
        "returns": Place(
            "FBA Customer Returns", f"{_FBA} > Customer Concessions > FBA Customer Returns"
        ),
        "replacements": Place("Replacements", f"{_FBA} > Customer Concessions > Replacements"),
        "removals": Place("Removal Order Detail", f"{_FBA} > Removals > Removal Order Detail"),
        "removal_shipments": Place(
            "Removal Shipment Detail", f"{_FBA} > Removals > Removal Shipment Detail"
        ),
        "orders": Place("All Orders", f"{_FBA} > Sales > All Orders", "by last update"),
        "inventory": Place(
            "Manage FBA Inventory", f"{_FBA} > Inventory > Manage FBA Inventory", "with archived"
        ),
        "fee_preview": Place("Fee Preview", f"{_FBA} > Payments > Fee Preview"),
        "storage_fees": Place("Monthly Storage Fees", f"{_FBA} > Payments > Monthly Storage Fees"),
        "long_term_storage_fees": Place(
            "Aged Inventory Surcharge", f"{_FBA} > Payments > Aged Inventory Surcharge"
        ),
        "inbound_noncompliance": Place(
            "Inbound Performance", f"{_FBA} > Inventory > Inbound Performance"
        ),
        "settlements": Place(
            "Settlement, Flat File V2",
            "Payments > Reports Repository > All Statements",
            "Download Flat File V2",
        ),
    }
)
"""By stream. The others can be read through the API only, so an Amazon account must be connected."""
