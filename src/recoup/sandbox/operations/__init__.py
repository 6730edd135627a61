"""One file per API of Amazon's, with its operations and their answers."""

from recoup.sandbox.operations import (
    balances,
    event_groups,
    fees,
    finances,
    finances_v0,
    inbound_plans,
    inbound_v0,
    inventory,
    inventory_items,
    notifications,
    orders,
    orders_v0,
    report_schedules,
    reports,
    sellers,
    tokens,
)

OPERATIONS = (
    *sellers.OPERATIONS,
    *orders.OPERATIONS,
    *orders_v0.OPERATIONS,
    *inventory.OPERATIONS,
    *inventory_items.OPERATIONS,
    *balances.OPERATIONS,
    *finances.OPERATIONS,
    *finances_v0.OPERATIONS,
    *event_groups.OPERATIONS,
    *reports.OPERATIONS,
    *report_schedules.OPERATIONS,
    *inbound_v0.OPERATIONS,
    *inbound_plans.OPERATIONS,
    *fees.OPERATIONS,
    *tokens.OPERATIONS,
    *notifications.OPERATIONS,
)
