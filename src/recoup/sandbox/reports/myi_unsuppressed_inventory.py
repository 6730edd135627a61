"""GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA: as the report of all inventory, of listings that are shown.

Nothing of this seller is suppressed: both have the same columns and rows. Source: Amazon, Report Type
Values (inventory), read 2026-11-28.
"""

from __future__ import annotations

from dataclasses import replace

from recoup.sandbox.reports.myi_all_inventory import REPORT as ALL_INVENTORY

REPORT = replace(ALL_INVENTORY, name="GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA")
