from __future__ import annotations

import pytest

from tests.sandbox.running import ORDERS, YEAR_AGO, Running, error_of, related_to


def test_time_alone_changes_nothing(sandbox):
    """The world ends at midnight before today: asking again gives the same orders."""
    first = sandbox.orders(lastUpdatedAfter=YEAR_AGO)

    assert sandbox.orders(lastUpdatedAfter=YEAR_AGO) == first
    assert sandbox.world()["edge"] == "2026-11-15T00:00:00Z"
    assert max(order["lastUpdatedTime"] for order in first) < "2026-11-15T00:00:00Z"


def test_an_advance_brings_new_and_changed_orders():
    """After ten days orders have come at the same density, and older ones have changed."""
    with Running(orders=1800) as sandbox:
        window = {"lastUpdatedAfter": YEAR_AGO, "includedData": "FULFILLMENT"}
        before = {order["orderId"]: order for order in sandbox.orders(**window)}
        watermark = sandbox.get(ORDERS, **window).json()["lastUpdatedBefore"]
        answer = sandbox.control("clock", {"advance": "P10D"})
        news = sandbox.orders(lastUpdatedAfter=watermark, includedData="FULFILLMENT")
        after = {order["orderId"]: order for order in sandbox.orders(**window)}

    assert answer.json()["edge"] == "2026-11-25T00:00:00Z"
    assert len(after) == 1850
    assert {order["orderId"] for order in news} >= set(after) - set(before)
    shipped = [
        order["orderId"]
        for order in before.values()
        if order["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
        and after[order["orderId"]]["lastUpdatedTime"] != order["lastUpdatedTime"]
    ]
    moved = [
        order["orderId"]
        for order in before.values()
        if order["fulfillment"] != after[order["orderId"]]["fulfillment"]
    ]
    assert shipped
    assert moved


def test_what_was_told_since_is_all_that_changed():
    """Orders updated before the watermark are the same after an advance."""
    with Running(orders=900) as sandbox:
        before = {o["orderId"]: o for o in sandbox.orders(lastUpdatedAfter=YEAR_AGO)}
        sandbox.control("clock", {"advance": "P3D"})
        changed = sandbox.orders(lastUpdatedAfter="2026-11-15T00:00:00Z")
        after = {o["orderId"]: o for o in sandbox.orders(lastUpdatedAfter=YEAR_AGO)}

    assert before | {o["orderId"]: o for o in changed} == after


def test_transactions_follow_and_deferred_ones_are_released():
    """After a month nothing that was deferred still is, and its id and date are as before."""
    with Running(orders=1800) as sandbox:
        window = {"postedAfter": "2026-10-01T00:00:00Z"}
        before = {one["transactionId"]: one for one in sandbox.transactions(**window)}
        sandbox.control("clock", {"advance": "P30D"})
        after = {one["transactionId"]: one for one in sandbox.transactions(**window)}

    deferred = {
        key for key, one in before.items() if one["transactionStatus"].upper() == "DEFERRED"
    }
    assert deferred
    assert set(before) < set(after)
    for key in deferred:
        assert after[key]["transactionStatus"].upper() == "DEFERRED_RELEASED"
        assert after[key]["postedDate"] == before[key]["postedDate"]
        assert related_to(after[key], "FINANCIAL_EVENT_GROUP_ID")


def test_the_totals_move_with_the_edge():
    """/_sandbox/world counts up to the new edge."""
    with Running(orders=720) as sandbox:
        before = sandbox.world()
        sandbox.control("clock", {"advance": "P5D"})
        after = sandbox.world()

    assert (before["orders"], after["orders"]) == (720, 730)
    assert after["now"] > before["now"]
    assert after["transactions"]["count"] > before["transactions"]["count"]


def test_a_search_token_lives_a_day():
    """A page token works after 23 hours and not after 25."""
    with Running() as sandbox:
        window = {"createdAfter": YEAR_AGO}
        token = sandbox.get(ORDERS, **window).json()["pagination"]["nextToken"]
        sandbox.control("clock", {"advance": "PT23H"})
        assert sandbox.get(ORDERS, **window, paginationToken=token).status_code == 200

        sandbox.control("clock", {"advance": "PT2H"})
        answer = sandbox.get(ORDERS, **window, paginationToken=token)
        assert error_of(answer) == (400, "InvalidInput")


@pytest.mark.parametrize("body", [None, {}, {"advance": 1}, {"advance": "tomorrow"}, "P1D"])
def test_a_wrong_advance_is_refused(sandbox, body):
    """The control route explains what it expected."""
    answer = sandbox.control("clock", body)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_an_unknown_seller_has_no_world(sandbox):
    """/_sandbox/world refuses a refresh token that the token endpoint refuses."""
    assert sandbox.client.get("/_sandbox/world", params={"refreshToken": "x"}).status_code == 400
