"""The account does not use FBA: getInventorySummaries answers 400, FBA's reports have no data.

Only the seller's own shipments are reported. Amazon's staff: there is no way to check whether an
account has FBA stock. Source: ericcj/amz_sp_api issue 28. Not part of `all`, for such an account has
nothing that the other kinds could change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json, invalid_input
from recoup.sandbox.oddities._bodies import members, objects, text, within
from recoup.sandbox.oddities._oddity import File, Oddity, Row, Sheet, Step
from recoup.sandbox.report_jobs.record import Outcome, ReportRecord

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

_MARKS = ("_FBA_", "_LEDGER_", "_AFN_", "_AMAZON_FULFILLED_")
_FBA_COLUMNS = {"fulfillment-channel": "Amazon", "fulfillment-id": "AFN"}
"""Columns of other reports, and what they say of a row that concerns FBA."""
_TOTAL = "total-amount"
_REIMBURSED = "FBA Inventory Reimbursement"


def _before(call: Call, operation: str) -> Json:  # noqa: ARG001 - whoever asks
    if operation == "getInventorySummaries":
        raise invalid_input("Invalid input.")
    return None


def _verdict(record: ReportRecord) -> ReportRecord:
    if record.outcome is Outcome.DONE and any(mark in record.report_type for mark in _MARKS):
        return replace(record, outcome=Outcome.CANCELLED)
    return record


def _sheet(sheet: Sheet, file: File) -> Sheet:
    marks = [(sheet.header.index(n), v) for n, v in _FBA_COLUMNS.items() if n in sheet.header]
    kept = (
        row
        for row in sheet.rows
        if not any(row[place] == value for place, value in marks) and _REIMBURSED not in row
    )
    return sheet.having(rows=_added_up(sheet, kept, file) if _TOTAL in sheet.header else kept)


def _added_up(sheet: Sheet, rows: Iterator[Row], file: File) -> Iterator[Row]:
    """A settlement whose first row has the total of the remaining lines."""
    first, *lines = rows
    place = sheet.header.index("amount")
    cents = sum(int(row[place].replace(",", "").replace(".", "")) for row in lines)
    total = file.world.profile.amount(cents)
    yield tuple(
        total if name == _TOTAL else cell for name, cell in zip(sheet.header, first, strict=True)
    )
    yield from lines


def _answer(call: Call, operation: str, body: Json) -> Json:
    if operation == "searchOrders":
        return within(body, ("orders",), lambda found: _own_orders(call, found))
    if operation == "getOrders":
        path = ("payload", "Orders")
        return within(body, path, lambda found: _without(found, "FulfillmentChannel", "AFN"))
    if operation == "listTransactions":
        return within(body, ("payload", "transactions"), _own_transactions)
    if operation == "getShipments":
        return within(body, ("payload", "ShipmentData"), lambda _: [])
    if operation == "getShipmentItems":
        return within(body, ("payload", "ItemData"), lambda _: [])
    if operation == "listInboundPlans":
        return within(body, ("inboundPlans",), lambda _: [])
    return body


def _without(found: Json, name: str, value: str) -> Json:
    return [one for one in objects(found) if one.get(name) != value]


def _own_orders(call: Call, found: Json) -> Json:
    book = call.world.orders
    own: list[Json] = []
    for order in objects(found):
        index = book.find_index(text(order["orderId"]), call.edge)
        if index is None or not book.plan(index).by_amazon:
            own.append(order)
    return own


def _own_transactions(found: Json) -> Json:
    return [one for one in objects(found) if not _is_of_fba(one)]


def _is_of_fba(transaction: dict[str, Json]) -> bool:
    contexts = [
        context
        for item in objects(transaction.get("items"))
        for context in objects(item.get("contexts"))
    ]
    return (
        any(one.get("fulfillmentNetwork") == "AFN" for one in contexts)
        or "FBA" in text(transaction.get("description"))
        or "FBA" in str(members(transaction).get("transactionType"))
    )


ODDITY = Oddity(
    Step.CONTENT, sheet=_sheet, verdict=_verdict, before=_before, answer=_answer, hides_facts=True
)
