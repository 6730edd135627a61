"""Every answer against Amazon's published models."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from recoup.sandbox.operations import OPERATIONS
from tests.sandbox.official import Judged, described, models_folder
from tests.sandbox.running import (
    ALL_STOCK,
    FINANCES,
    INVENTORY,
    ORDERS,
    SELLERS,
    US,
    YEAR_AGO,
    YEAR_IN_WINDOWS,
    Running,
)

ALL = (
    "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT,"
    "FULFILLMENT_ORDERS"
)
REPORTS = "/reports/2021-06-30/reports"
SCHEDULES = "/reports/2021-06-30/schedules"
PLANS = "/inbound/fba/2024-03-20/inboundPlans"
V0 = "/fba/inbound/v0"
STATUSES = (
    "WORKING", "READY_TO_SHIP", "SHIPPED", "RECEIVING", "CANCELLED", "DELETED", "CLOSED", "ERROR",
    "IN_TRANSIT", "DELIVERED", "CHECKED_IN",
)  # fmt: skip
NOTIFICATIONS = "/notifications/v1"
PERIOD = {
    "periodStart": YEAR_IN_WINDOWS[1]["postedAfter"],
    "periodEnd": YEAR_IN_WINDOWS[1]["postedBefore"],
}


def pages(judged: Judged, path: str, name: str, **params: Any) -> list[dict[str, Any]]:
    """All pages of an operation whose token comes with the other parameters."""
    found = []
    while True:
        page = judged.get(path, **params)
        found.append(page)
        token = next(iter(_tokens(page)), None)
        if token is None:
            return found
        params[name] = token


def _tokens(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name.lower() == "nexttoken":
                yield member
            yield from _tokens(member)


def walk_sellers(judged: Judged) -> None:
    judged.get(SELLERS)
    judged.get("/sellers/v1/account")


def walk_orders(judged: Judged) -> None:
    pages(judged, ORDERS, "paginationToken", createdAfter=YEAR_AGO)
    found = pages(judged, ORDERS, "paginationToken", lastUpdatedAfter=YEAR_AGO, includedData=ALL)
    judged.get(f"{ORDERS}/{found[0]['orders'][0]['orderId']}", includedData=ALL)
    judged.send("GET", ORDERS)
    judged.send("GET", f"{ORDERS}/111-0000000-0000000")
    judged.send("GET", ORDERS, token="Atza|nobody")


def walk_orders_v0(judged: Judged) -> None:
    old = "/orders/v0/orders"
    found = pages(judged, old, "NextToken", CreatedAfter=YEAR_AGO, MarketplaceIds=US)
    resource = {"method": "GET", "path": old, "dataElements": ["buyerInfo", "shippingAddress"]}
    open_token = restricted(judged, resource)
    judged.get(old, token=open_token, CreatedAfter=YEAR_AGO, MarketplaceIds=US)
    order_ids = [order["AmazonOrderId"] for order in found[0]["payload"]["Orders"][:5]]
    judged.get(old, MarketplaceIds=US, AmazonOrderIds=",".join(order_ids))
    for order_id in order_ids:
        one = f"{old}/{order_id}"
        judged.get(one)
        judged.get(f"{one}/orderItems")
        for part in ("address", "buyerInfo", "orderItems/buyerInfo"):
            assert judged.send("GET", f"{one}/{part}").status_code == 403
            elements = [] if part in {"address", "buyerInfo"} else ["buyerInfo"]
            path = f"{one}/{part}"
            resource = {"method": "GET", "path": path, "dataElements": elements}
            judged.get(path, token=restricted(judged, resource))
    for bad in ({}, {"MarketplaceIds": US}, {"MarketplaceIds": "A1AM78C64UM0Y8"}):
        judged.send("GET", old, **bad)
    for part in ("", "/orderItems", "/address", "/buyerInfo", "/orderItems/buyerInfo"):
        judged.send("GET", f"{old}/111-0000000-0000000{part}")


def restricted(judged: Judged, *resources: dict[str, Any]) -> str:
    path = "/tokens/2021-03-01/restrictedDataToken"
    answer = judged.send("POST", path, body={"restrictedResources": list(resources)})
    assert answer.status_code == 200, answer.text
    return answer.json()["restrictedDataToken"]


def walk_tokens(judged: Judged) -> None:
    restricted(judged, {"method": "GET", "path": "/orders/v0/orders"})
    path = "/tokens/2021-03-01/restrictedDataToken"
    for bad in ({}, {"restrictedResources": [{"method": "GET", "path": "/sellers"}]}):
        assert judged.send("POST", path, body=bad).status_code == 400


def walk_inventory(judged: Judged) -> None:
    pages(judged, INVENTORY, "nextToken", **ALL_STOCK, details="true")
    judged.send("GET", INVENTORY)
    items = "/fba/inventory/v1/items"
    item = {"sellerSku": "walked/1", "marketplaceId": US, "productName": "A walk"}
    assert judged.send("POST", items, body=item).status_code == 200
    assert judged.send("POST", items, body=item).status_code == 400
    added = {"inventoryItems": [{"sellerSku": "walked/1", "marketplaceId": US, "quantity": 3}]}
    header = {"x-amzn-idempotency-token": "walk"}
    answer = judged.send("POST", f"{items}/inventory", body=added, headers=header)
    assert answer.status_code == 200
    assert judged.send("POST", f"{items}/inventory", body=added).status_code == 400
    judged.get(INVENTORY, **ALL_STOCK, sellerSku="walked/1", details="true")
    assert judged.send("DELETE", f"{items}/walked%2F1", marketplaceId=US).status_code == 200
    assert judged.send("DELETE", f"{items}/walked%2F1", marketplaceId=US).status_code == 404


def walk_finances(judged: Judged) -> None:
    for window in YEAR_IN_WINDOWS:
        pages(judged, FINANCES, "nextToken", **window)
    judged.send("GET", FINANCES)
    judged.get("/finances/2024-06-19/balances")
    judged.get("/finances/2024-06-19/balances", asOfDate=YEAR_IN_WINDOWS[-1]["postedAfter"])
    judged.send("GET", "/finances/2024-06-19/balances", balanceType="NONE")
    judged.get("/finances/2024-06-19/summary", **PERIOD)
    judged.send("GET", "/finances/2024-06-19/summary")


def walk_finances_v0(judged: Judged) -> None:
    events = "/finances/v0/financialEvents"
    for window in YEAR_IN_WINDOWS:
        pascal = {name[0].upper() + name[1:]: value for name, value in window.items()}
        pages(judged, events, "NextToken", **pascal)
    groups = pages(judged, "/finances/v0/financialEventGroups", "NextToken")
    closed = groups[0]["payload"]["FinancialEventGroupList"][0]["FinancialEventGroupId"]
    found = f"/finances/v0/financialEventGroups/{closed}/financialEvents"
    pages(judged, found, "NextToken")
    order_id = judged.get(ORDERS, createdAfter=YEAR_AGO)["orders"][0]["orderId"]
    judged.get(f"/finances/v0/orders/{order_id}/financialEvents")
    judged.send("GET", events)
    judged.send("GET", "/finances/v0/financialEventGroups", MaxResultsPerPage="0")
    judged.send("GET", "/finances/v0/financialEventGroups/BADID/financialEvents")
    judged.send("GET", "/finances/v0/orders/BAD-ORDER/financialEvents")


ALL_ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
NOVEMBER = {
    "marketplaceIds": [US],
    "dataStartTime": "2026-10-20T00:00:00Z",
    "dataEndTime": "2026-11-10T00:00:00Z",
}


def walk_reports(judged: Judged) -> None:
    wanted = {"reportType": ALL_ORDERS, **NOVEMBER}
    report_id = judged.send("POST", REPORTS, body=wanted).json()["reportId"]
    judged.get(f"{REPORTS}/{report_id}")
    judged.send("POST", REPORTS, body=wanted | {"reportType": "GET_NOTHING"})
    cancelled = judged.send("POST", REPORTS, body=wanted).json()["reportId"]
    assert judged.send("DELETE", f"{REPORTS}/{cancelled}").status_code == 200
    assert judged.send("DELETE", f"{REPORTS}/{cancelled}").status_code == 400
    too_long = wanted | {"dataStartTime": "2026-01-01T00:00:00Z"}
    fatal = judged.send("POST", REPORTS, body=too_long).json()["reportId"]
    judged.sandbox.control("clock", {"advance": "PT15M"})
    for one in (report_id, fatal):
        document_id = judged.get(f"{REPORTS}/{one}")["reportDocumentId"]
        document = judged.get(f"/reports/2021-06-30/documents/{document_id}")
        content = judged.sandbox.client.get(document["url"]).content
        assert gzip.decompress(content) if "compressionAlgorithm" in document else content
    page = judged.get(REPORTS, reportTypes=ALL_ORDERS, pageSize="1")
    while "nextToken" in page:
        page = judged.get(REPORTS, nextToken=page["nextToken"])
    judged.get(REPORTS, reportTypes="GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2")
    judged.send("GET", REPORTS)
    judged.send("GET", f"{REPORTS}/1")
    judged.send("GET", "/reports/2021-06-30/documents/1")


def walk_schedules(judged: Judged) -> None:
    body = {"reportType": ALL_ORDERS, "marketplaceIds": [US], "period": "P1D"}
    created = judged.send("POST", SCHEDULES, body=body)
    assert created.status_code == 201
    schedule = f"{SCHEDULES}/{created.json()['reportScheduleId']}"
    judged.get(schedule)
    judged.get(SCHEDULES, reportTypes=ALL_ORDERS)
    judged.send("POST", SCHEDULES, body=body | {"period": "P4D"})
    judged.send("GET", SCHEDULES)
    assert judged.send("DELETE", schedule).status_code == 200
    assert judged.send("DELETE", schedule).status_code == 404


def walk_inbound_v0(judged: Judged) -> None:
    dates = {"LastUpdatedAfter": YEAR_AGO, "LastUpdatedBefore": "2026-11-15T00:00:00Z"}
    asked = {"MarketplaceId": US, "QueryType": "DATE_RANGE", **dates}
    # Every status that the model lists: DATE_RANGE alone is refused.
    statuses = {"ShipmentStatusList": ",".join(STATUSES)}
    shipments = token_pages(judged, f"{V0}/shipments", asked | statuses)
    token_pages(judged, f"{V0}/shipmentItems", asked)
    shipment_id = shipments[0]["payload"]["ShipmentData"][0]["ShipmentId"]
    judged.get(f"{V0}/shipments/{shipment_id}/items", MarketplaceId=US)
    judged.send("GET", f"{V0}/shipments", **asked)
    closed = {"QueryType": "SHIPMENT", "ShipmentStatusList": "CLOSED"}
    token_pages(judged, f"{V0}/shipments", {"MarketplaceId": US, **closed})
    for path in ("shipments", "shipmentItems"):
        judged.send("GET", f"{V0}/{path}", MarketplaceId=US, QueryType="NOTHING")
    judged.send("GET", f"{V0}/shipments/FBA000/items", MarketplaceId=US)


def token_pages(judged: Judged, path: str, asked: dict[str, str]) -> list[dict[str, Any]]:
    """All pages of an operation that continues with QueryType NEXT_TOKEN."""
    found = [judged.get(path, **asked)]
    while "NextToken" in found[-1]["payload"]:
        token = found[-1]["payload"]["NextToken"]
        more = {"MarketplaceId": US, "QueryType": "NEXT_TOKEN", "NextToken": token}
        found.append(judged.get(path, **more))
    return found


def walk_plans(judged: Judged) -> None:
    found = pages(judged, PLANS, "paginationToken", pageSize="30", sortBy="CREATION_TIME")
    for plan in found[0]["inboundPlans"][:3]:
        one = f"{PLANS}/{plan['inboundPlanId']}"
        shipment_id = judged.get(one)["shipments"][0]["shipmentId"]
        shipment = f"{one}/shipments/{shipment_id}"
        judged.get(shipment)
        options = f"{one}/transportationOptions"
        pages(judged, options, "paginationToken", pageSize="1", shipmentId=shipment_id)
        assert judged.send("GET", options).status_code == 400
        for path in (f"{one}/items", f"{shipment}/items", f"{shipment}/boxes"):
            pages(judged, path, "paginationToken", pageSize="1")
    judged.send("GET", PLANS, status="badStatus")
    for bad, status in (("wf1", 400), (f"wf{'0' * 36}", 404)):
        one = f"{PLANS}/{bad}"
        for path in (
            "",
            "/items",
            "/transportationOptions",
            "/shipments/sh1",
            "/shipments/sh1/items",
            "/shipments/sh1/boxes",
        ):
            assert judged.send("GET", one + path).status_code == status


def walk_fees(judged: Judged) -> None:
    row = judged.sandbox.stock()[0]
    request = {
        "MarketplaceId": US,
        "IsAmazonFulfilled": True,
        "PriceToEstimateFees": {"ListingPrice": {"CurrencyCode": "USD", "Amount": 19.99}},
        "Identifier": "walk",
    }
    fees = "/products/fees/v0"
    asked = {"FeesEstimateRequest": request, "IdType": "ASIN", "IdValue": row["asin"]}
    many = [asked, asked | {"IdValue": "B000000000"}]
    answer = judged.send("POST", f"{fees}/feesEstimate", body=many).json()
    assert [one["Status"] for one in answer] == ["Success", "ClientError"]
    assert judged.send("POST", f"{fees}/feesEstimate", body=[]).status_code == 400
    one = {"FeesEstimateRequest": request}
    for path in (f"listings/{row['sellerSku']}", f"items/{row['asin']}"):
        assert judged.send("POST", f"{fees}/{path}/feesEstimate", body=one).status_code == 200
        assert judged.send("POST", f"{fees}/{path}/feesEstimate", body={}).status_code == 400


def walk_notifications(judged: Judged) -> None:
    free, destinations = judged.grantless(), f"{NOTIFICATIONS}/destinations"
    queue = {"sqs": {"arn": "arn:aws:sqs:us-east-1:123456789012:queue"}}
    created = judged.send(
        "POST", destinations, token=free, body={"name": "q", "resourceSpecification": queue}
    )
    destination_id = created.json()["payload"]["destinationId"]
    judged.get(destinations, token=free)
    judged.get(f"{destinations}/{destination_id}", token=free)
    judged.send("GET", f"{destinations}/none", token=free)
    assert judged.send("GET", destinations).status_code == 403
    kind = f"{NOTIFICATIONS}/subscriptions/ORDER_CHANGE"
    changes = {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["OrderStatusChange"]}
    body = {
        "payloadVersion": "1.0",
        "destinationId": destination_id,
        "processingDirective": {"eventFilter": changes},
    }
    made = judged.send("POST", kind, body=body).json()["payload"]["subscriptionId"]
    assert judged.send("POST", kind, body=body).status_code == 409
    judged.get(kind)
    judged.get(f"{NOTIFICATIONS}/subscriptions", notificationTypes="ORDER_CHANGE")
    judged.get(f"{kind}/{made}", token=free)
    sent = judged.send("POST", f"{kind}/testNotification", token=free, body={})
    assert sent.status_code == 200
    in_use = judged.send("DELETE", f"{destinations}/{destination_id}", token=free)
    assert in_use.status_code == 409
    assert judged.send("DELETE", f"{kind}/{made}", token=free).status_code == 200
    assert judged.send("GET", kind).status_code == 404
    gone = judged.send("DELETE", f"{destinations}/{destination_id}", token=free)
    assert gone.status_code == 200


WALKS: list[Callable[[Judged], None]] = [
    walk_sellers,
    walk_orders,
    walk_orders_v0,
    walk_tokens,
    walk_inventory,
    walk_finances,
    walk_finances_v0,
    walk_reports,
    walk_schedules,
    walk_inbound_v0,
    walk_plans,
    walk_fees,
    walk_notifications,
]


@pytest.fixture(scope="module")
def judged() -> Iterator[Judged]:
    folder = models_folder()
    with Running() as sandbox:
        yield Judged(sandbox, folder)


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_every_answer_follows_the_model(judged, walk):
    """Pages, refusals and changes of each API are what its model describes, and no more."""
    before = len(judged.met)
    walk(judged)

    assert len(judged.met) > before


def test_the_walk_meets_every_operation():
    """No operation is left out, nor one that is added later."""
    folder = models_folder()
    with Running() as sandbox:
        judged = Judged(sandbox, folder)
        for walk in WALKS:
            walk(judged)

    answered = {name for name, status in judged.met if status < 300}
    assert answered == {operation.name for operation in OPERATIONS}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
@pytest.mark.parametrize(("fault", "status"), [("429:1", 429), ("500:1", 500)])
def test_failures_follow_the_model(judged, operation, fault, status):
    """So do failures made on purpose, where they have Amazon's shape."""
    path = operation.path.replace("{", "").replace("}", "")
    token = judged.sandbox.token() if operation.scope is None else judged.grantless()
    judged.sandbox.control("faults", {"faults": [fault]})
    try:
        answer = judged.send(operation.method, path, token=token)
    finally:
        judged.sandbox.control("faults", {"faults": []})

    assert answer.status_code == status


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_the_limits_are_those_of_the_model(operation):
    """Name, path, rate and burst of each operation are those that the model prints."""
    model = described(models_folder(), operation)

    assert model["operationId"] == operation.name.removesuffix("V0")
    if operation.rate is None:
        assert "Usage Plan" not in model["description"]
    else:
        assert f"| {operation.rate} | {operation.burst} |" in model["description"]
