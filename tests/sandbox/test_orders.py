from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from tests.sandbox.running import ORDERS, US, YEAR_AGO, error_of

CANADA = "A2EUQ1WTGCTBG2"
ALL = "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES"


@pytest.mark.parametrize("family", ["createdAfter", "lastUpdatedAfter"])
def test_paging_to_the_end_finds_every_order_once(sandbox, family):
    """The pages together are what the world says there is."""
    orders = sandbox.orders(**{family: YEAR_AGO, "includedData": ALL})
    world = sandbox.world()

    assert len({order["orderId"] for order in orders}) == len(orders) == world["orders"] == 400
    assert sum(len(order["orderItems"]) for order in orders) == world["orderItems"]
    statuses = Counter(order["fulfillment"]["fulfillmentStatus"] for order in orders)
    assert statuses == world["ordersByStatus"]
    assert world["unitsOrdered"] == sum(
        item["quantityOrdered"] for order in orders for item in order["orderItems"]
    )


def test_item_ids_are_unique(sandbox):
    """No two items of a seller share an orderItemId."""
    ids = [
        item["orderItemId"]
        for order in sandbox.orders(createdAfter=YEAR_AGO)
        for item in order["orderItems"]
    ]

    assert len(set(ids)) == len(ids)


def test_windows_of_update_are_half_open_and_complete(sandbox):
    """Two windows that meet share the orders out, whichever order lies on the border."""
    everything = sandbox.orders(lastUpdatedAfter=YEAR_AGO)
    border = everything[200]["lastUpdatedTime"]
    before = sandbox.orders(lastUpdatedAfter=YEAR_AGO, lastUpdatedBefore=border)
    rest = sandbox.orders(lastUpdatedAfter=border)

    assert len(before) + len(rest) == len(everything)
    assert all(order["lastUpdatedTime"] < border for order in before)
    assert all(order["lastUpdatedTime"] >= border for order in rest)


def test_page_size_is_what_was_asked(sandbox):
    """A page holds maxResultsPerPage orders, 100 by default; the last has no pagination."""
    pages = list(
        sandbox.pages(ORDERS, "paginationToken", createdAfter=YEAR_AGO, maxResultsPerPage=90)
    )

    assert [len(page["orders"]) for page in pages] == [90, 90, 90, 90, 40]
    assert "pagination" not in pages[-1]
    assert len(sandbox.get(ORDERS, createdAfter=YEAR_AGO).json()["orders"]) == 100


def test_the_watermark_comes_back(sandbox):
    """The answer tells up to when it looked: the end asked for, else two minutes ago."""
    end = "2026-10-01T00:00:00Z"
    asked = sandbox.get(ORDERS, lastUpdatedAfter=YEAR_AGO, lastUpdatedBefore=end).json()
    default = sandbox.get(ORDERS, createdAfter=YEAR_AGO).json()

    assert asked["lastUpdatedBefore"] == end
    assert "createdBefore" not in asked
    assert default["createdBefore"].startswith("2026-11-15T")


def test_only_the_datasets_asked_for_come(sandbox):
    """Without includedData no dataset is there; with it, those that were named."""
    bare, full = (
        sandbox.orders(createdAfter=YEAR_AGO, **more) for more in ({}, {"includedData": ALL})
    )
    fields = {"buyer", "recipient", "proceeds", "fulfillment", "packages"}

    assert not any(fields & set(order) for order in bare)
    assert all({"buyer", "recipient", "fulfillment"} <= set(order) for order in full)
    by_merchant = [o for o in full if o["fulfillment"]["fulfilledBy"] == "MERCHANT"]
    assert any("packages" in order for order in by_merchant)
    assert {o["orderId"] for o in full if "packages" in o} <= {o["orderId"] for o in by_merchant}


def test_proceeds_add_up(sandbox):
    """An order's grand total is the sum of its items'; pending orders show no prices."""
    for order in sandbox.orders(createdAfter=YEAR_AGO, includedData="PROCEEDS,FULFILLMENT"):
        if order["fulfillment"]["fulfillmentStatus"] == "PENDING":
            assert "proceeds" not in order
            continue
        totals = [Decimal(i["proceeds"]["proceedsTotal"]["amount"]) for i in order["orderItems"]]
        parts = [Decimal(one["subtotal"]["amount"]) for one in order["proceeds"]["breakdowns"]]
        assert Decimal(order["proceeds"]["grandTotal"]["amount"]) == sum(totals) == sum(parts)


def test_filters_select(sandbox):
    """Status, fulfiller and marketplace narrow the search; lists come in both spellings."""
    world = sandbox.world()["ordersByStatus"]
    comma = sandbox.orders(createdAfter=YEAR_AGO, fulfillmentStatuses="CANCELLED,SHIPPED")
    repeated = sandbox.orders(createdAfter=YEAR_AGO, fulfillmentStatuses=["CANCELLED", "SHIPPED"])
    merchant = sandbox.orders(
        createdAfter=YEAR_AGO, fulfilledBy="MERCHANT", includedData="FULFILLMENT"
    )

    still_open = sandbox.orders(createdAfter=YEAR_AGO, fulfillmentStatuses="PENDING,UNSHIPPED")

    assert comma == repeated
    assert len(still_open) == world.get("PENDING", 0) + world.get("UNSHIPPED", 0) > 0
    assert len(comma) == world["CANCELLED"] + world["SHIPPED"]
    assert {order["fulfillment"]["fulfilledBy"] for order in merchant} == {"MERCHANT"}
    assert len(sandbox.orders(createdAfter=YEAR_AGO, marketplaceIds=[US, CANADA])) == 400
    assert sandbox.orders(createdAfter=YEAR_AGO, marketplaceIds=CANADA) == []


def test_unknown_parameters_are_tolerated(sandbox):
    """Clients that add parameters of their own are served."""
    answer = sandbox.get(ORDERS, createdAfter=YEAR_AGO, MarketplaceId=US, marketplace_ids=US)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"createdBefore": "2026-10-01T00:00:00Z"},
        {"createdAfter": YEAR_AGO, "lastUpdatedAfter": YEAR_AGO},
        {"createdAfter": YEAR_AGO, "lastUpdatedBefore": "2026-10-01T00:00:00Z"},
        {"createdAfter": "yesterday"},
        {"createdAfter": "2030-01-01T00:00:00Z"},
        {"createdAfter": YEAR_AGO, "createdBefore": "2025-01-01T00:00:00Z"},
        {"createdAfter": YEAR_AGO, "createdBefore": "2026-11-16T00:00:00Z"},
        {"createdAfter": YEAR_AGO, "maxResultsPerPage": 0},
        {"createdAfter": YEAR_AGO, "maxResultsPerPage": 101},
        {"createdAfter": YEAR_AGO, "maxResultsPerPage": "ten"},
        {"createdAfter": YEAR_AGO, "marketplaceIds": ",".join([US] * 51)},
        {"createdAfter": YEAR_AGO, "fulfillmentStatuses": "Shipped"},
        {"createdAfter": YEAR_AGO, "fulfilledBy": "FBA"},
        {"createdAfter": YEAR_AGO, "includedData": "EVERYTHING"},
        {"createdAfter": YEAR_AGO, "paginationToken": "nonsense"},
    ],
)
def test_wrong_parameters_are_refused(sandbox, wrong):
    """Each documented check answers 400 InvalidInput and still tells the rate."""
    answer = sandbox.get(ORDERS, **wrong)

    assert error_of(answer) == (400, "InvalidInput")
    assert answer.headers["x-amzn-RateLimit-Limit"] == "0.0056"


def test_a_foreign_marketplace_is_denied(sandbox):
    """A marketplace that is not the seller's is refused with 403."""
    answer = sandbox.get(ORDERS, createdAfter=YEAR_AGO, marketplaceIds="A1F83G8C2ARO7P")

    assert error_of(answer) == (403, "Unauthorized")


def test_a_page_token_is_bound_to_its_search(sandbox):
    """Another window with the token is refused; page size and datasets may change."""
    first = sandbox.get(ORDERS, createdAfter=YEAR_AGO).json()
    token = {"paginationToken": first["pagination"]["nextToken"]}
    changed = {"createdAfter": YEAR_AGO, "maxResultsPerPage": 7, "includedData": "PROCEEDS"}

    assert len(sandbox.get(ORDERS, **changed, **token).json()["orders"]) == 7
    for other in (
        {"createdAfter": "2026-01-01T00:00:00Z"},
        {"lastUpdatedAfter": YEAR_AGO},
        {"createdAfter": YEAR_AGO, "fulfilledBy": "AMAZON"},
        {"createdAfter": YEAR_AGO, "createdBefore": first["createdBefore"]},
    ):
        assert error_of(sandbox.get(ORDERS, **other, **token)) == (400, "InvalidInput")


def test_an_order_can_be_fetched_by_its_id(sandbox):
    """getOrder gives the order as the search does."""
    order = sandbox.orders(createdAfter=YEAR_AGO, includedData="PROCEEDS")[7]

    answer = sandbox.get(f"{ORDERS}/{order['orderId']}", includedData="PROCEEDS")
    assert answer.json() == {"order": order}


@pytest.mark.parametrize("order_id", ["111-0000000-0000000", "nonsense", "111-12345678-123456"])
def test_an_unknown_order_is_not_found(sandbox, order_id):
    """An id that is nobody's answers 404 NotFound."""
    assert error_of(sandbox.get(f"{ORDERS}/{order_id}")) == (404, "NotFound")
