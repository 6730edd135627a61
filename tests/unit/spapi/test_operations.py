"""Each operation asks for what it should and follows the right token."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from recoup.errors import MalformedAnswerError, PagingLoopError
from recoup.spapi.operations.finances import list_transactions
from recoup.spapi.operations.inbound_plans import (
    find_transportation_option,
    get_plan_shipment,
    list_inbound_plans,
)
from recoup.spapi.operations.inbound_v0 import (
    get_shipment_items,
    get_shipments,
    get_shipments_by_id,
)
from recoup.spapi.operations.inventory import get_inventory_summaries
from recoup.spapi.operations.orders import search_orders
from recoup.spapi.operations.sellers import Participation, get_marketplace_participations
from recoup.spapi.paging import PageGuard
from tests.support.scripted_server import Reply

pytestmark = pytest.mark.anyio

ORDERS = "/orders/2026-01-01/orders"
INVENTORY = "/fba/inventory/v1/summaries"
TRANSACTIONS = "/finances/2024-06-19/transactions"
PLANS = "/inbound/fba/2024-03-20/inboundPlans"
SHIPMENTS = "/fba/inbound/v0/shipments"
ITEMS = "/fba/inbound/v0/shipmentItems"
PARTICIPATIONS = "/sellers/v1/marketplaceParticipations"

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE = datetime(2026, 2, 1, 12, 30, tzinfo=UTC)


def orders_page(api, token=None):
    return search_orders(
        api,
        last_updated_after=SINCE,
        last_updated_before=BEFORE,
        marketplace_ids=("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"),
        page_token=token,
    )


def inventory_page(api, token=None):
    return get_inventory_summaries(api, marketplace_id="ATVPDKIKX0DER", page_token=token)


def transactions_page(api, token=None):
    return list_transactions(api, posted_after=SINCE, posted_before=BEFORE, page_token=token)


def orders_body(items, token):
    return {"orders": items} | ({"pagination": {"nextToken": token}} if token else {})


def inventory_body(items, token):
    body = {"payload": {"granularity": {}, "inventorySummaries": items}}
    return body | ({"pagination": {"nextToken": token}} if token else {})


def transactions_body(items, token):
    return {"payload": {"transactions": items, "nextToken": token}}


def plans_page(api, token=None):
    return list_inbound_plans(api, page_token=token)


def plans_body(items, token):
    return {"inboundPlans": items} | ({"pagination": {"nextToken": token}} if token else {})


def shipments_page(api, token=None, get=get_shipments):
    return get(
        api,
        marketplace_id="ATVPDKIKX0DER",
        updated_after=SINCE,
        updated_before=BEFORE,
        page_token=token,
    )


def shipments_body(items, token):
    return {"payload": {"ShipmentData": items, "NextToken": token}}


def items_page(api, token=None):
    return shipments_page(api, token, get=get_shipment_items)


def items_body(items, token):
    return {"payload": {"ItemData": items, "NextToken": token}}


PAGED = [
    pytest.param(orders_page, ORDERS, orders_body, "paginationToken", id="searchOrders"),
    pytest.param(inventory_page, INVENTORY, inventory_body, "nextToken", id="inventory"),
    pytest.param(transactions_page, TRANSACTIONS, transactions_body, "nextToken", id="finances"),
    pytest.param(plans_page, PLANS, plans_body, "paginationToken", id="listInboundPlans"),
]
# Here the token comes instead of the other parameters.
TOKEN_ALONE = [
    pytest.param(shipments_page, SHIPMENTS, shipments_body, "NextToken", id="getShipments"),
    pytest.param(items_page, ITEMS, items_body, "NextToken", id="getShipmentItems"),
]
ALL_PAGED = [*PAGED, *TOKEN_ALONE]


@pytest.mark.parametrize(("fetch", "path", "body", "parameter"), PAGED)
async def test_every_page_of_a_window_is_fetched(api, server, fetch, path, body, parameter):
    """Each page's token leads to the next, with all other parameters repeated, until none comes."""
    token = "to+k/en=|2"
    server.script(
        path,
        Reply(body=body([{"n": 1}], token)),
        Reply(body=body([], "third")),
        Reply(body=body([{"n": 3}], None)),
    )
    items, guard, page_token = [], PageGuard(), None
    while True:
        page = await fetch(api, page_token)
        guard.check(page.items, page.next_token)
        items += page.items
        page_token = page.next_token
        if page_token is None:
            break

    assert items == [{"n": 1}, {"n": 3}]
    queries = [dict(request.query) for request in server.requests(path)]
    assert [query.pop(parameter, None) for query in queries] == [None, [token], ["third"]]
    assert queries[0] == queries[1] == queries[2]


@pytest.mark.parametrize(("fetch", "path", "body", "parameter"), TOKEN_ALONE)
async def test_a_page_of_inbound_is_asked_for_by_its_token(
    api, server, fetch, path, body, parameter
):
    """DATE_RANGE brings the first page, NEXT_TOKEN the others, with `+` and `/` as they came."""
    server.script(path, Reply(body=body([{"n": 1}], "to+k/en==")), Reply(body=body([], None)))
    page = await fetch(api)
    last = await fetch(api, page.next_token)

    assert last.next_token is None
    first, second = (request.query for request in server.requests(path))
    first.pop("ShipmentStatusList", None)
    assert first == {
        "MarketplaceId": ["ATVPDKIKX0DER"],
        "QueryType": ["DATE_RANGE"],
        "LastUpdatedAfter": ["2026-01-01T00:00:00Z"],
        "LastUpdatedBefore": ["2026-02-01T12:30:00Z"],
    }
    assert second == {
        "MarketplaceId": ["ATVPDKIKX0DER"],
        "QueryType": ["NEXT_TOKEN"],
        parameter: ["to+k/en=="],
    }


async def test_shipments_of_a_time_are_asked_for_with_every_status(api, server):
    """Amazon refuses a range of dates without statuses, and a status left out would hide shipments."""
    server.script(SHIPMENTS, Reply(body=shipments_body([], None)))
    await shipments_page(api)

    [request] = server.requests(SHIPMENTS)
    [sent] = request.query["ShipmentStatusList"]
    assert sent.split(",") == [
        *("WORKING", "READY_TO_SHIP", "SHIPPED", "RECEIVING", "CANCELLED", "DELETED", "CLOSED"),
        *("ERROR", "IN_TRANSIT", "DELIVERED", "CHECKED_IN"),
    ]


async def test_shipments_by_id_are_all_pages_of_them(api, server):
    """What is asked for by id comes whole; pages that run in a circle end as an error."""
    one, two = {"ShipmentId": "FBA1"}, {"ShipmentId": "FBA2"}
    server.script(
        SHIPMENTS,
        Reply(body=shipments_body([one], "more")),
        Reply(body=shipments_body([two], None)),
    )
    page = await get_shipments_by_id(api, "ATVPDKIKX0DER", ["FBA1", "FBA2"])

    assert page.items == (one, two)
    assert page.next_token is None
    first, second = (request.query for request in server.requests(SHIPMENTS))
    assert (first["QueryType"], first["ShipmentIdList"]) == (["SHIPMENT"], ["FBA1,FBA2"])
    assert (second["QueryType"], second["NextToken"]) == (["NEXT_TOKEN"], ["more"])

    server.always(SHIPMENTS, Reply(body=shipments_body([one], "more")))
    with pytest.raises(PagingLoopError):
        await get_shipments_by_id(api, "ATVPDKIKX0DER", ["FBA1"])


async def test_addresses_of_inbound_shipments_are_dropped(api, server):
    """Where the seller lives and whom to call does not get past the border."""
    server.script(
        SHIPMENTS,
        Reply(
            body=shipments_body([{"ShipmentId": "FBA1", "ShipFromAddress": {"Name": "x"}}], None)
        ),
    )
    shipment = {"source": {"address": {}}, "destination": {}, "contactInformation": {"name": "x"}}
    server.script(f"{PLANS}/wf1/shipments/sh1", Reply(body={"shipmentId": "sh1"} | shipment))
    plan = {"inboundPlanId": "wf1", "sourceAddress": {"name": "x"}}
    server.script(PLANS, Reply(body=plans_body([plan], None)))

    assert (await shipments_page(api)).items == ({"ShipmentId": "FBA1"},)
    assert await get_plan_shipment(api, "wf1", "sh1") == {"shipmentId": "sh1"}
    assert (await plans_page(api)).items == ({"inboundPlanId": "wf1"},)


async def test_the_chosen_carrier_is_looked_for_on_all_pages(api, server):
    """The option that was taken may stand behind those that were not."""
    path = f"{PLANS}/wf1/transportationOptions"
    first = {"transportationOptions": [{"transportationOptionId": "to1"}]}
    server.script(
        path,
        Reply(body=first | {"pagination": {"nextToken": "more"}}),
        Reply(body={"transportationOptions": [{"transportationOptionId": "to2", "n": 1}]}),
        Reply(body=first),
    )

    found = await find_transportation_option(api, "wf1", "sh1", "to2")
    assert found == {"transportationOptionId": "to2", "n": 1}
    assert await find_transportation_option(api, "wf1", "sh1", "to9") is None


async def test_orders_are_asked_for_without_the_people_in_them(api, server):
    """Money, promotions and fulfilment; never BUYER or RECIPIENT, which are personal data."""
    server.script(ORDERS, Reply(body=orders_body([], None)))
    await orders_page(api)

    (request,) = server.requests(ORDERS)
    assert request.query == {
        "lastUpdatedAfter": ["2026-01-01T00:00:00Z"],
        "lastUpdatedBefore": ["2026-02-01T12:30:00Z"],
        "marketplaceIds": ["ATVPDKIKX0DER,A2EUQ1WTGCTBG2"],
        "includedData": ["PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT"],
        "maxResultsPerPage": ["100"],
    }


async def test_people_that_come_unasked_are_dropped(api, server):
    """A buyer or a recipient in an answer does not get past the border."""
    order = {"orderId": "1", "buyer": {"buyerEmail": "x"}, "recipient": {"name": "y"}}
    server.script(ORDERS, Reply(body=orders_body([order], None)))

    assert (await orders_page(api)).items == ({"orderId": "1"},)


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("2026-02-01T12:28:00Z", datetime(2026, 2, 1, 12, 28, tzinfo=UTC)),
        ("1.569521782042E9", None),
        (None, None),
    ],
)
async def test_the_watermark_is_amazons_own(api, server, said, until):
    """lastUpdatedBefore as an instant; what is none is no watermark."""
    server.script(ORDERS, Reply(body={"orders": [], "lastUpdatedBefore": said}))

    assert (await orders_page(api)).until == until


async def test_an_open_window_has_no_end_in_its_query(api, server):
    """Amazon then answers up to two minutes ago, in all marketplaces."""
    server.script(ORDERS, Reply(body=orders_body([], None)))
    await search_orders(api, last_updated_after=SINCE)

    query = server.requests(ORDERS)[0].query
    assert not {"lastUpdatedBefore", "marketplaceIds", "paginationToken"} & query.keys()


async def test_inventory_is_asked_for_with_details_of_one_marketplace(api, server):
    """Granularity and marketplace are both required, and quantities come with details only."""
    server.script(INVENTORY, Reply(body=inventory_body([], None)))
    await inventory_page(api)

    assert server.requests(INVENTORY)[0].query == {
        "granularityType": ["Marketplace"],
        "granularityId": ["ATVPDKIKX0DER"],
        "marketplaceIds": ["ATVPDKIKX0DER"],
        "details": ["true"],
    }


async def test_transactions_are_asked_for_in_all_marketplaces(api, server):
    """A marketplaceId would leave out merchant-fulfilled orders; amounts stay exact."""
    body = '{"payload": {"transactions": [{"totalAmount": {"currencyAmount": 19.90}}]}}'
    server.script(TRANSACTIONS, Reply(body=body))
    page = await transactions_page(api)

    assert page.items[0]["totalAmount"]["currencyAmount"] == Decimal("19.90")
    assert server.requests(TRANSACTIONS)[0].query == {
        "postedAfter": ["2026-01-01T00:00:00Z"],
        "postedBefore": ["2026-02-01T12:30:00Z"],
    }


@pytest.mark.parametrize(("fetch", "path", "body", "parameter"), ALL_PAGED)
@pytest.mark.parametrize(
    "broken",
    [
        {},
        [],
        None,
        {"payload": None},
        {"payload": {}},
        {"payload": []},
        {"orders": {}},
        {"orders": ["text"]},
        {"payload": {"transactions": {}, "inventorySummaries": "none"}},
    ],
    ids=str,
)
async def test_a_page_without_its_list_is_never_an_empty_page(
    api, server, fetch, path, body, parameter, broken
):
    """What is missing is an error; taken for an empty page it would lose data silently."""
    server.always(path, Reply(body="null" if broken is None else broken))

    with pytest.raises(MalformedAnswerError):
        await fetch(api)


@pytest.mark.parametrize(("fetch", "path", "body", "parameter"), ALL_PAGED)
async def test_a_list_that_is_null_is_an_empty_page(api, server, fetch, path, body, parameter):
    """Amazon was seen to write null for no rows; a list that is not named at all stays an error."""
    server.script(path, Reply(body=body(None, None)))
    page = await fetch(api)

    assert (page.items, page.next_token) == ((), None)


@pytest.mark.parametrize(("fetch", "path", "body", "parameter"), ALL_PAGED)
async def test_an_answer_without_its_member_is_asked_for_again(
    api, server, fetch, path, body, parameter
):
    """A 200 that holds nothing is an outage: it passes, or it is named after six tries."""
    server.script(path, Reply(body={}), Reply(body={"payload": {}}), Reply(body=body([], None)))
    assert (await fetch(api)).items == ()

    server.always(path, Reply(body={}))
    with pytest.raises(MalformedAnswerError, match=r"has no \w+.*outage"):
        await fetch(api)
    assert len(server.requests(path)) == 3 + 6


@pytest.mark.parametrize(("fetch", "path", "body", "parameter"), ALL_PAGED)
@pytest.mark.parametrize(
    "stray",
    [
        {"NextToken": "t"},
        {"paginationToken": "t"},
        {"nextToken": "t"},
    ],
    ids=str,
)
async def test_a_token_in_an_unexpected_place_is_not_passed_over(
    api, server, fetch, path, body, parameter, stray
):
    """A token that is not followed would lose every page behind it, so it is an error."""
    server.script(path, Reply(body=body([{"n": 1}], None) | stray))

    with pytest.raises(MalformedAnswerError, match="token"):
        await fetch(api)


@pytest.mark.parametrize(("fetch", "path", "body", "parameter"), ALL_PAGED)
async def test_a_token_that_is_no_text_is_an_error(api, server, fetch, path, body, parameter):
    """A number where the token should be is not the end of the window."""
    server.script(path, Reply(body=body([{"n": 1}], 7)))

    with pytest.raises(MalformedAnswerError, match="token"):
        await fetch(api)


async def test_participations_name_the_marketplaces_of_the_seller(api, server):
    """Foreign ids appear too and are kept as they are."""
    server.script(
        PARTICIPATIONS,
        Reply(
            body={
                "payload": [
                    {
                        "marketplace": {
                            "id": "ATVPDKIKX0DER",
                            "name": "Amazon.com",
                            "countryCode": "US",
                            "defaultCurrencyCode": "USD",
                        },
                        "participation": {
                            "isParticipating": True,
                            "hasSuspendedListings": False,
                        },
                        "storeName": "Shop",
                    },
                    {"marketplace": {"id": "A2ZV50J4W1RKNI"}, "participation": {}},
                ]
            }
        ),
    )

    assert await get_marketplace_participations(api) == (
        Participation(
            marketplace_id="ATVPDKIKX0DER",
            name="Amazon.com",
            country_code="US",
            currency="USD",
            store_name="Shop",
            is_participating=True,
            has_suspended_listings=False,
        ),
        Participation(
            marketplace_id="A2ZV50J4W1RKNI",
            name=None,
            country_code=None,
            currency=None,
            store_name=None,
            is_participating=False,
            has_suspended_listings=False,
        ),
    )


@pytest.mark.parametrize(
    ("store", "seller_id"),
    [
        ("Invoicing_1234567_A1SELLERID", "A1SELLERID"),
        ("Invoicing_1_AXYZ0123456789", "AXYZ0123456789"),
        ("Invoicing_A1SELLERID", None),
        ("My Invoicing_12_A1SELLERID", None),
        ("Shop", None),
        (None, None),
    ],
)
def test_the_seller_is_known_by_the_shadow_for_its_invoices(store, seller_id):
    """Its store is named after the seller; no other name is taken for one."""
    shadow = Participation("AHRY1CZE9ZY4H", None, "US", "USD", store, *(True, False))

    assert shadow.seller_id == seller_id


@pytest.mark.parametrize(
    "payload", [{}, [{}], [{"marketplace": {"name": "x"}, "participation": {}}]], ids=str
)
async def test_a_participation_without_its_marketplace_is_an_error(api, server, payload):
    """No marketplaces by mistake would mean no stock at all."""
    server.always(PARTICIPATIONS, Reply(body={"payload": payload}))

    with pytest.raises(MalformedAnswerError):
        await get_marketplace_participations(api)


def test_the_same_token_twice_ends_the_window():
    """A token that leads back to itself would never end."""
    guard = PageGuard("listTransactions")
    guard.check([{"n": 1}], "a")
    guard.check([{"n": 2}], "b")

    with pytest.raises(PagingLoopError, match="listTransactions"):
        guard.check([{"n": 3}], "a")


def test_the_same_page_twice_ends_the_window():
    """New tokens around the same content are a loop too; the order of keys does not hide it."""
    guard = PageGuard()
    guard.check([{"n": 1, "amount": Decimal("0.1")}], "a")

    with pytest.raises(PagingLoopError):
        guard.check([{"amount": Decimal("0.1"), "n": 1}], "b")


def test_empty_pages_with_new_tokens_are_legal():
    """Finances answers with empty pages in the middle of a window."""
    guard = PageGuard()
    pages = [([], "a"), ([], "b"), ([{"n": 1}], "c"), ([], None)]
    for items, token in pages:
        guard.check(items, token)

    assert not guard._tokens - {"a", "b", "c"}
