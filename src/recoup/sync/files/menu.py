"""Where people download reports in Seller Central (docs/files.md#reports)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class MenuPlace:
    """The name of a report in Seller Central, and the way to it. hint: what to choose there."""

    title: str
    path: str
    hint: str = ""


_FBA = "Reports > Fulfillment by Amazon"

PLACES: Mapping[str, MenuPlace] = MappingProxyType(
    {
        "reimbursements": MenuPlace("Reimbursements", f"{_FBA} > Payments > Reimbursements"),
        "ledger": MenuPlace(
            "Inventory Ledger, detailed view",
            f"{_FBA} > Inventory > Inventory Ledger",
            "Detailed view, all event types, no filter",
        ),
        "ledger_summary": MenuPlace(
            "Inventory Ledger, summary view",
            f"{_FBA} > Inventory > Inventory Ledger",
            "Summary view, by month and by country",
        ),
        "returns": MenuPlace(
            "FBA Customer Returns", f"{_FBA} > Customer Concessions > FBA Customer Returns"
        ),
        "replacements": MenuPlace("Replacements", f"{_FBA} > Customer Concessions > Replacements"),
        "removals": MenuPlace("Removal Order Detail", f"{_FBA} > Removals > Removal Order Detail"),
        "removal_shipments": MenuPlace(
            "Removal Shipment Detail", f"{_FBA} > Removals > Removal Shipment Detail"
        ),
        "orders": MenuPlace("All Orders", f"{_FBA} > Sales > All Orders", "by last update"),
        "inventory": MenuPlace(
            "Manage FBA Inventory", f"{_FBA} > Inventory > Manage FBA Inventory", "with archived"
        ),
        "fee_preview": MenuPlace("Fee Preview", f"{_FBA} > Payments > Fee Preview"),
        "storage_fees": MenuPlace(
            "Monthly Storage Fees", f"{_FBA} > Payments > Monthly Storage Fees"
        ),
        "long_term_storage_fees": MenuPlace(
            "Aged Inventory Surcharge", f"{_FBA} > Payments > Aged Inventory Surcharge"
        ),
        "inbound_noncompliance": MenuPlace(
            "Inbound Performance", f"{_FBA} > Inventory > Inbound Performance"
        ),
        "settlements": MenuPlace(
            "Settlement, Flat File V2",
            "Payments > Reports Repository > All Statements",
            "Download Flat File V2",
        ),
    }
)
"""By stream. The others can be read through the API only, so an Amazon account must be connected."""
