"""Balances and summaries of the Finances API 2024-06-19. Source: model finances_2024-06-19.json.

Both are sums over the same ledger that listTransactions shows entry by entry.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from recoup.sandbox.answers import Json, invalid_input
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.finance_search import check_dates, latest_moment
from recoup.sandbox.operations.transaction_json import breakdowns_json, money_json
from recoup.sandbox.reports.settlement import settlements
from recoup.sandbox.world.instants import DAY, Instant, to_instant, to_text
from recoup.sandbox.world.ledger import MAX_DEFERRAL, Entry
from recoup.sandbox.world.seller import SellerWorld

_KINDS = ("AVAILABLE", "RESERVED", "ACCOUNT_LEVEL_RESERVE", "DEFERRED", "TOTAL")
_MAX_PERIOD = 180 * DAY


def _list_balances(call: Call) -> Json:
    kind = call.query.choice("balanceType", _KINDS)
    call.check_marketplaces(call.query.texts("marketplaceIds"))
    as_of = call.query.moment("asOfDate")
    check_dates(call, as_of)
    edge = call.edge if as_of is None else min(as_of, call.edge)
    told: dict[str, Json] = (
        {"asOfDate": to_text(as_of)}
        if as_of is not None
        else {"lastUpdatedTime": to_text(latest_moment(call))}
    )
    amounts = _amounts(call.world, edge)
    return {
        "balances": [
            {
                "partnerMetadata": _metadata(call.world),
                "balanceType": name,
                "amount": money_json(amount, call.world.home.currency),
                "balances": [],
                **told,
            }
            for name, amount in amounts.items()
            if kind in {None, name}
        ]
    }


def _amounts(world: SellerWorld, edge: Instant) -> dict[str, Decimal]:
    """The open settlement's balance, the deferred amount, and their sum. Nothing is reserved."""
    begins = _open_settlement(world, edge)
    available = deferred = Decimal(0)
    for entry in _entries(world, Instant(begins - MAX_DEFERRAL), edge, edge):
        if entry.status(edge) == "DEFERRED":
            deferred += world.transaction(entry).total
        elif entry.counted >= begins:
            available += world.transaction(entry).total
    reserved = Decimal(0)
    return dict(
        zip(_KINDS, (available, reserved, reserved, deferred, available + deferred), strict=True)
    )


def _open_settlement(world: SellerWorld, edge: Instant) -> Instant:
    """The beginning of the settlement that is not paid out yet."""
    return next(to_instant(one.since) for one in settlements(world) if to_instant(one.until) > edge)


def _list_summary(call: Call) -> Json:
    call.check_marketplaces(call.query.texts("marketplaceIds"))
    since, until, identifiers = _period(call)
    leaves: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for entry in _entries(call.world, since, until, call.edge):
        for path, amount in call.world.transaction(entry).leaves.items():
            leaves[path] += amount
    currency = call.world.home.currency
    return {
        "summaries": [
            {
                "partnerMetadata": _metadata(call.world),
                "netProceeds": money_json(sum(leaves.values(), Decimal(0)), currency),
                "relatedIdentifiers": identifiers,
                "breakdowns": breakdowns_json(leaves, currency),
                "periodStart": to_text(since),
                "periodEnd": to_text(until),
            }
        ]
    }


def _period(call: Call) -> tuple[Instant, Instant, list[Json]]:
    """The requested time, by its ends or by a settlement. Raises ApiError 400."""
    name = call.query.choice("relatedIdentifierName", ("SETTLEMENT_ID",))
    value = call.query.text("relatedIdentifierValue")
    if (name is None) != (value is None):
        raise invalid_input("relatedIdentifierName and relatedIdentifierValue go together.")
    if value is not None:
        for one in settlements(call.world):
            if to_instant(one.since) >= call.edge:
                break
            if one.settlement_id == value:
                related: Json = {
                    "relatedIdentifierName": "SETTLEMENT_ID",
                    "relatedIdentifierValue": value,
                }
                return to_instant(one.since), to_instant(one.until), [related]
        raise invalid_input("relatedIdentifierValue names no settlement.")
    since, until = call.query.moment("periodStart"), call.query.moment("periodEnd")
    if since is None or until is None:
        raise invalid_input("periodStart and periodEnd are required without a settlement.")
    check_dates(call, since, until)
    if since > until or until - since > _MAX_PERIOD:
        raise invalid_input("periodEnd must follow periodStart within 180 days.")
    return since, until, []


def _entries(world: SellerWorld, since: Instant, until: Instant, edge: Instant) -> Iterator[Entry]:
    return (entry for _, entry in world.ledger.iter_entries(since, until, edge))


def _metadata(world: SellerWorld) -> Json:
    return {
        "partnerId": world.seller_id,
        "accountType": "PAYABLE",
        "marketplaceId": world.home.marketplace_id,
    }


OPERATIONS = (
    Operation(
        name="listBalances",
        path="/finances/2024-06-19/balances",
        rate=Decimal("0.5"),
        burst=10,
        answer=_list_balances,
    ),
    Operation(
        name="listSummary",
        path="/finances/2024-06-19/summary",
        rate=Decimal("0.5"),
        burst=10,
        answer=_list_summary,
    ),
)
