"""FBA Inventory API v1: operations only in sandboxes. Source: docs/amazon.md#inventory-items."""

from __future__ import annotations

from recoup.sandbox.answers import ApiError, Json, invalid_input
from recoup.sandbox.bodies import Members
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.listings import Item
from recoup.sandbox.world.instants import to_instant

_IDEMPOTENCY_HEADER = "x-amzn-idempotency-token"
_MOST_UNITS = 1_000_000


def _create(call: Call) -> Json:
    body = call.body.members
    name, item = body.text("productName"), _item(call, body)
    if _exists(call, item):
        raise invalid_input(f"An item with the sellerSku {item[1]} exists already.")
    listings = call.seller.listings
    listings.removed.discard(item)
    if item not in _own_items(call):
        listings.create(item, name, to_instant(call.now))
    return {}


def _delete(call: Call) -> Json:
    marketplace_id = call.query.text("marketplaceId")
    if marketplace_id is None:
        raise invalid_input("marketplaceId is required.")
    call.check_marketplaces((marketplace_id,))
    item = (marketplace_id, call.path["sellerSku"])
    _check_exists(call, item)
    call.seller.listings.remove(item)
    return {}


def _add_inventory(call: Call) -> Json:
    token = call.headers.get(_IDEMPOTENCY_HEADER)
    if not token:
        raise invalid_input(f"The header {_IDEMPOTENCY_HEADER} is required.")
    members = call.body.members.objects("inventoryItems", at_most=50)
    additions = [
        (_item(call, one), one.integer("quantity", low=0, high=_MOST_UNITS)) for one in members
    ]
    for item, _ in additions:
        _check_exists(call, item)
    listings = call.seller.listings
    if token not in listings.seen_tokens:
        listings.seen_tokens.add(token)
        for item, quantity in additions:
            listings.add(item, quantity, to_instant(call.now))
    return {}


def _item(call: Call, members: Members) -> Item:
    marketplace_id, sku = members.text("marketplaceId"), members.text("sellerSku")
    call.check_marketplaces((marketplace_id,))
    return marketplace_id, sku


def _own_items(call: Call) -> set[Item]:
    home = call.world.home.marketplace_id
    return {(home, product.sku) for product in call.world.products}


def _exists(call: Call, item: Item) -> bool:
    listings = call.seller.listings
    if item in listings.created:
        return True
    return item not in listings.removed and item in _own_items(call)


def _check_exists(call: Call, item: Item) -> None:
    if not _exists(call, item):
        raise ApiError(404, "NotFound", f"There is no item with the sellerSku {item[1]}.")


_ITEMS = "/fba/inventory/v1/items"

OPERATIONS = (
    Operation(
        name="createInventoryItem",
        method="POST",
        path=_ITEMS,
        rate=None,
        burst=0,
        answer=_create,
    ),
    Operation(
        name="addInventory",
        method="POST",
        path=f"{_ITEMS}/inventory",
        rate=None,
        burst=0,
        answer=_add_inventory,
    ),
    Operation(
        name="deleteInventoryItem",
        method="DELETE",
        path=f"{_ITEMS}/{{sellerSku}}",
        rate=None,
        burst=0,
        answer=_delete,
    ),
)
