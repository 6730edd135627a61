"""A transaction as listTransactions shows it. Source: model finances_2024-06-19."""

from __future__ import annotations

from decimal import Decimal

from recoup.sandbox.answers import Json
from recoup.sandbox.world.dice import Dice, code, opaque_id
from recoup.sandbox.world.instants import Instant, to_text
from recoup.sandbox.world.ledger import Entry, EntryKind
from recoup.sandbox.world.money_tree import Leaves, Node, grow
from recoup.sandbox.world.seller import SellerWorld
from recoup.sandbox.world.transactions import Transaction, TransactionItem


def transaction_json(world: SellerWorld, entry: Entry, edge: Instant) -> Json:
    """The entry as of the edge of the world."""
    return told_transaction(world, world.transaction(entry), edge)


def told_transaction(world: SellerWorld, one: Transaction, edge: Instant) -> Json:
    """The JSON of a transaction, whether or not the world's ledger has it."""
    home, entry = world.home, one.entry
    answer: dict[str, Json] = {
        "sellingPartnerMetadata": {
            "sellingPartnerId": world.seller_id,
            "accountType": "PAYABLE",
            "marketplaceId": home.marketplace_id,
        },
        "relatedIdentifiers": _related(world, one, edge),
        "transactionType": entry.kind.value,
        "transactionId": transaction_id(world, entry),
        "transactionStatus": _status(world, entry, edge),
        "description": one.description,
        "postedDate": to_text(entry.posted),
        "totalAmount": money_json(one.total, home.currency),
        "marketplaceDetails": {
            "marketplaceId": home.marketplace_id,
            "marketplaceName": home.name,
        },
        "items": [_item(item, home.currency) for item in one.items],
        "contexts": _contexts(entry),
        "breakdowns": breakdowns_json(one.leaves, home.currency),
    }
    return answer


def transaction_id(world: SellerWorld, entry: Entry) -> str:
    """Opaque, stable forever, and unique: no two entries share kind, index and ordinal."""
    return opaque_id(world.key, f"{entry.kind.value}/{entry.ordinal}", entry.index)


def _status(world: SellerWorld, entry: Entry, edge: Instant) -> str:
    # Real answers mix the case now and then (docs/amazon.md#transactions): a transaction keeps its own habit.
    status = entry.status(edge)
    odd = Dice(world.key, f"case-{entry.kind.value}", entry.index).happens(30)
    return status.title() if odd else status


def _related(world: SellerWorld, one: Transaction, edge: Instant) -> list[Json]:
    entry, related = one.entry, {}
    if one.story is not None:
        related["ORDER_ID"] = one.story.order_id
    if entry.kind is EntryKind.REFUND:
        related["REFUND_ID"] = f"R{code(world.key, 'refund-id', entry.index, '0123456789', 17)}"
    if entry.counted < edge:
        related["FINANCIAL_EVENT_GROUP_ID"] = world.group_id(entry.counted)
    return [
        {"relatedIdentifierName": name, "relatedIdentifierValue": value}
        for name, value in related.items()
    ]


def _contexts(entry: Entry) -> list[Json]:
    if entry.matures is None:
        return []
    return [
        {
            "contextType": "DeferredContext",
            "deferralReason": "DD7",
            "maturityDate": to_text(entry.matures),
        }
    ]


def _item(item: TransactionItem, currency: str) -> Json:
    return {
        "description": item.product.title,
        "totalAmount": money_json(item.total, currency),
        "contexts": [
            {
                "contextType": "ProductContext",
                "asin": item.product.asin,
                "sku": item.product.sku,
                "quantityShipped": item.quantity,
                "fulfillmentNetwork": "AFN" if item.by_amazon else "MFN",
            }
        ],
        "breakdowns": breakdowns_json(item.leaves, currency),
    }


def breakdowns_json(leaves: Leaves, currency: str) -> list[Json]:
    return [_node(node, currency) for node in grow(leaves)]


def _node(node: Node, currency: str) -> Json:
    answer: dict[str, Json] = {
        "breakdownType": node.name,
        "breakdownAmount": money_json(node.amount, currency),
    }
    if node.children:
        answer["breakdowns"] = [_node(child, currency) for child in node.children]
    return answer


def money_json(amount: Decimal, currency: str) -> Json:
    return {"currencyCode": currency, "currencyAmount": amount}
