from __future__ import annotations

import pytest

from tests.sandbox.running import ORDERS, US, YEAR_AGO, Running, error_of

OLD = "/orders/v0/orders"
TOKENS = "/tokens/2021-03-01/restrictedDataToken"


def old_orders(sandbox: Running, **asked: str) -> list[dict]:
    token, found = sandbox.token(), []
    asked = {"MarketplaceIds": US} | asked
    while True:
        page = sandbox.get(OLD, token, **asked).json()["payload"]
        found += page["Orders"]
        if "NextToken" not in page:
            return found
        asked["NextToken"] = page["NextToken"]


def restricted_token(sandbox: Running, path: str, *elements: str) -> str:
    resource = {"method": "GET", "path": path, "dataElements": list(elements)}
    answer = sandbox.send("POST", TOKENS, body={"restrictedResources": [resource]})
    return answer.json()["restrictedDataToken"]


def test_both_versions_show_the_same_orders(sandbox):
    """Id, times, total and items agree with the newer version."""
    new = {
        one["orderId"]: one
        for one in sandbox.orders(createdAfter=YEAR_AGO, includedData="PROCEEDS")
    }
    old = old_orders(sandbox, CreatedAfter=YEAR_AGO)

    assert {one["AmazonOrderId"] for one in old} == set(new)
    for one in old:
        other = new[one["AmazonOrderId"]]
        assert one["PurchaseDate"] == other["createdTime"]
        assert one["LastUpdateDate"] == other["lastUpdatedTime"]
        if "OrderTotal" in one:
            assert one["OrderTotal"]["Amount"] == other["proceeds"]["grandTotal"]["amount"]


def test_filters_narrow_the_search(sandbox):
    """Statuses, channels and ids select."""
    orders = old_orders(sandbox, CreatedAfter=YEAR_AGO)
    shipped = old_orders(sandbox, CreatedAfter=YEAR_AGO, OrderStatuses="Shipped,Canceled")
    own = old_orders(sandbox, CreatedAfter=YEAR_AGO, FulfillmentChannels="MFN")
    two = [one["AmazonOrderId"] for one in orders[3:5]]

    assert {one["OrderStatus"] for one in shipped} == {"Shipped", "Canceled"}
    assert {one["FulfillmentChannel"] for one in own} == {"MFN"}
    assert [
        one["AmazonOrderId"] for one in old_orders(sandbox, AmazonOrderIds=",".join(two))
    ] == two


def test_a_token_comes_with_the_marketplaces_and_carries_the_rest(sandbox):
    """The token alone is refused, with MarketplaceIds it goes on, with other filters it does not."""
    token = sandbox.token()
    asked = {"MarketplaceIds": US, "CreatedAfter": YEAR_AGO, "MaxResultsPerPage": "7"}
    first = sandbox.get(OLD, token, **asked).json()["payload"]
    more = {"NextToken": first["NextToken"]}
    second = sandbox.get(OLD, token, MarketplaceIds=US, **more).json()["payload"]

    assert len(first["Orders"]) == len(second["Orders"]) == 7
    assert error_of(sandbox.get(OLD, token, **more)) == (400, "InvalidInput")
    other = asked | more | {"CreatedAfter": "2026-01-01T00:00:00Z"}
    assert error_of(sandbox.get(OLD, token, **other)) == (400, "InvalidInput")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"CreatedAfter": YEAR_AGO, "LastUpdatedAfter": YEAR_AGO},
        {"CreatedAfter": YEAR_AGO, "CreatedBefore": "2026-11-16T00:00:00Z"},
        {"CreatedAfter": YEAR_AGO, "MaxResultsPerPage": "101"},
        {"CreatedAfter": YEAR_AGO, "OrderStatuses": "SHIPPED"},
        {"CreatedAfter": "yesterday"},
    ],
)
def test_wrong_parameters_are_refused(sandbox, asked):
    """Amazon's parameter rules hold."""
    assert error_of(sandbox.get(OLD, MarketplaceIds=US, **asked)) == (400, "InvalidInput")


def test_personal_data_needs_a_restricted_token(sandbox):
    """It opens what it names, on every page, and nothing else."""
    token = restricted_token(sandbox, OLD, "buyerInfo", "shippingAddress")
    asked = {"MarketplaceIds": US, "CreatedAfter": YEAR_AGO, "FulfillmentChannels": "MFN"}
    order = sandbox.get(OLD, token, **asked).json()["payload"]["Orders"][0]
    plain = sandbox.get(OLD, **asked).json()["payload"]["Orders"][0]
    address = f"{OLD}/{order['AmazonOrderId']}/address"

    assert order["BuyerInfo"]["BuyerName"]
    assert order["ShippingAddress"]["AddressLine1"]
    assert not {"BuyerInfo", "ShippingAddress"} & set(plain)
    assert error_of(sandbox.get(address)) == (403, "Unauthorized")
    assert error_of(sandbox.get(address, token)) == (403, "Unauthorized")
    assert error_of(sandbox.get(ORDERS, token, createdAfter=YEAR_AGO)) == (403, "Unauthorized")
    for path in (address, f"{OLD}/{{orderId}}/address"):
        opened = sandbox.get(address, restricted_token(sandbox, path)).json()["payload"]
        assert opened["ShippingAddress"] == order["ShippingAddress"]
