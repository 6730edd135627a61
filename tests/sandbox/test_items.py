from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.running import US, Running, error_of

ITEMS = "/fba/inventory/v1/items"


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with Running() as running:
        yield running


def add(sandbox: Running, sku: str, quantity: int, key: str):
    body = {"inventoryItems": [{"sellerSku": sku, "marketplaceId": US, "quantity": quantity}]}
    headers = {"x-amz-access-token": sandbox.token(), "x-amzn-idempotency-token": key}
    return sandbox.client.post(f"{ITEMS}/inventory", json=body, headers=headers)


def test_a_created_item_appears_gains_units_and_goes(sandbox):
    """The summaries show what the item operations did."""
    item = {"sellerSku": "a/b c", "marketplaceId": US, "productName": "New"}
    assert sandbox.send("POST", ITEMS, body=item).status_code == 200
    assert add(sandbox, "a/b c", 5, "one").status_code == 200
    (row,) = sandbox.stock(sellerSku="a/b c", details="true")
    gone = sandbox.send("DELETE", f"{ITEMS}/a%2Fb%20c", marketplaceId=US)

    assert (row["productName"], row["totalQuantity"]) == ("New", 5)
    assert row["inventoryDetails"]["fulfillableQuantity"] == 5
    assert gone.json() == {}
    assert sandbox.stock(sellerSku="a/b c") == []


def test_units_are_added_once_per_idempotency_token(sandbox):
    """A repeated request with the same token changes nothing; the world's products take part."""
    row = sandbox.stock()[0]
    for key in ("same", "same", "other"):
        assert add(sandbox, row["sellerSku"], 10, key).status_code == 200

    (after,) = sandbox.stock(sellerSku=row["sellerSku"])
    assert after["totalQuantity"] == row["totalQuantity"] + 20


def test_a_product_of_the_world_can_be_removed(sandbox):
    """It is missing from the summaries and unknown to the item operations."""
    rows = sandbox.stock()
    sku = rows[2]["sellerSku"]
    assert sandbox.send("DELETE", f"{ITEMS}/{sku}", marketplaceId=US).status_code == 200

    assert [one["sellerSku"] for one in sandbox.stock()] == [
        one["sellerSku"] for one in rows if one["sellerSku"] != sku
    ]
    assert error_of(add(sandbox, sku, 1, "late")) == (404, "NotFound")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"sellerSku": "x", "marketplaceId": US},
        {"sellerSku": 1, "marketplaceId": US, "productName": "x"},
    ],
)
def test_wrong_bodies_are_refused(sandbox, body):
    """What is missing or of another type is a bad request."""
    assert error_of(sandbox.send("POST", ITEMS, body=body)) == (400, "InvalidInput")
