from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal

import pytest

from tests.sandbox.running import FINANCES, YEAR_AGO, YEAR_IN_WINDOWS, Running, error_of, related_to


@pytest.fixture(scope="module")
def sandbox():
    """A seller with some thousand transactions: several pages, some of them empty."""
    with Running(orders=2500) as running:
        yield running


@pytest.fixture(scope="module")
def year(sandbox):
    """All transactions of the seller."""
    return sandbox.year_of_transactions()


def leaves(breakdowns):
    """The amounts at the ends of a tree; every parent on the way must be the sum of its children."""
    for node in breakdowns:
        children = node.get("breakdowns", [])
        if not children:
            yield node["breakdownType"], node["breakdownAmount"]["currencyAmount"]
        else:
            below = list(leaves(children))
            assert sum(amount for _, amount in below) == node["breakdownAmount"]["currencyAmount"]
            yield from below


def test_paging_to_the_end_finds_every_transaction_once(sandbox, year):
    """The pages together are what the world says there is, in number and in money."""
    found = year
    world = sandbox.world()["transactions"]

    assert len({one["transactionId"] for one in found}) == len(found) == world["count"]
    assert Counter(one["transactionType"] for one in found) == world["byType"]
    assert Counter(one["transactionStatus"].upper() for one in found) == world["byStatus"]
    total = sum(one["totalAmount"]["currencyAmount"] for one in found)
    assert total == Decimal(world["totalAmount"]["USD"])
    by_leaf = sum(amount for one in found for _, amount in leaves(one["breakdowns"]))
    assert by_leaf == Decimal(world["leafAmount"]["USD"]) == total
    by_item = sum(
        amount for one in found for item in one["items"] for _, amount in leaves(item["breakdowns"])
    )
    assert by_item == Decimal(world["itemLeafAmount"]["USD"])


def test_the_known_names_occur(year):
    """The types and leaves seen in public data occur, and a rare fee besides."""
    found = year
    names = {name for one in found for name, _ in leaves(one["breakdowns"])}

    assert {one["transactionType"] for one in found} == {
        "Shipment",
        "Refund",
        "ServiceFee",
        "FBAInventoryReimbursement",
        "FBAReversedReimbursement",
    }
    assert names >= {
        "OurPricePrincipal",
        "OurPriceTax",
        "OurPriceDiscount",
        "ShippingPrincipal",
        "Commission",
        "RefundCommission",
        "FBAPerUnitFulfillmentFee",
        "FBAInventoryReimbursement",
        "FBAReversedReimbursement",
        "DigitalServicesFee",
    }


def test_pages_hold_500_and_some_are_empty(sandbox):
    """Pages are full or empty until the last; an empty one with a token occurs."""
    pages = [
        [len(page["payload"]["transactions"]) for page in sandbox.pages(FINANCES, "nextToken", **w)]
        for seed in (f"Atzr|{letter}" for letter in "abcdefgh")
        for w in ({"postedAfter": "2026-05-25T00:00:00Z", "token": sandbox.token(seed)},)
    ]

    assert {size for sizes in pages for size in sizes[:-1]} == {0, 500}


def test_amounts_are_numbers_with_their_own_digits(sandbox):
    """A currencyAmount is a JSON number of two decimals, never an artefact of a float."""
    text = sandbox.get(FINANCES, postedAfter="2026-06-01T00:00:00Z").text
    amounts = [part.split("}")[0] for part in text.split('"currencyAmount":')[1:]]

    assert amounts
    assert all(len(amount.partition(".")[2]) == 2 for amount in amounts)


def test_status_selects_whatever_its_case(sandbox, year):
    """transactionStatus filters; the answer's own spelling is mixed now and then."""
    found = year
    spellings = {one["transactionStatus"] for one in found}
    deferred = sandbox.transactions(
        postedAfter=YEAR_IN_WINDOWS[2]["postedAfter"], transactionStatus="deferred"
    )

    assert {"RELEASED", "Released", "DEFERRED"} <= spellings
    assert len(deferred) == sandbox.world()["transactions"]["byStatus"]["DEFERRED"]
    for one in deferred:
        assert one["contexts"][0]["contextType"] == "DeferredContext"
        assert one["contexts"][0]["maturityDate"] >= "2026-11-15T00:00:00Z"


def test_related_identifiers_select(sandbox, year):
    """An order's and a group's transactions are found without a date."""
    found = year
    refund = next(one for one in found if one["transactionType"] == "Refund")
    (order_id,), (group_id,) = (
        related_to(refund, "ORDER_ID"),
        related_to(refund, "FINANCIAL_EVENT_GROUP_ID"),
    )

    for name, value in (("ORDER_ID", order_id), ("FINANCIAL_EVENT_GROUP_ID", group_id)):
        selected = sandbox.transactions(relatedIdentifierName=name, relatedIdentifierValue=value)
        expected = [one for one in found if value in related_to(one, name)]
        assert len(selected) == len(expected) > 1
        assert {one["transactionId"] for one in selected} == {
            one["transactionId"] for one in expected
        }
    for name in ("ORDER_ID", "FINANCIAL_EVENT_GROUP_ID"):
        nobody = {"relatedIdentifierName": name, "relatedIdentifierValue": "unknown"}
        assert sandbox.transactions(**nobody) == []


def test_deferred_money_has_no_group_yet(year):
    """Every transaction is in a group but the deferred ones."""
    for one in year:
        deferred = one["transactionStatus"].upper() == "DEFERRED"
        assert bool(related_to(one, "FINANCIAL_EVENT_GROUP_ID")) != deferred


def test_more_than_180_days_give_an_empty_answer(sandbox):
    """Amazon answers too long a window with nothing, without an error."""
    end = "2026-10-01T00:00:00Z"

    assert sandbox.transactions(postedAfter=YEAR_AGO, postedBefore=end) == []
    assert sandbox.transactions(postedAfter=YEAR_AGO) == []


def test_other_marketplaces_have_no_transactions(sandbox):
    """marketplaceId selects: the home marketplace has all, the other one none."""
    window = {"postedAfter": "2026-11-01T00:00:00Z"}
    home = sandbox.transactions(**window, marketplaceId="ATVPDKIKX0DER")

    assert home == sandbox.transactions(**window) != []
    assert sandbox.transactions(**window, marketplaceId="A2EUQ1WTGCTBG2") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"postedBefore": "2026-10-01T00:00:00Z"},
        {"postedAfter": "2026-11-16T00:00:00Z"},
        {"postedAfter": "2026-10-01T00:00:00Z", "postedBefore": "2026-11-16T00:00:00Z"},
        {"postedAfter": "2026-10-01T00:00:00Z", "postedBefore": "2026-09-01T00:00:00Z"},
        {"postedAfter": "2026-10-01T00:00:00Z", "transactionStatus": "LOST"},
        {"postedAfter": "2026-10-01T00:00:00Z", "relatedIdentifierName": "ORDER_ID"},
        {"relatedIdentifierName": "REFUND_ID", "relatedIdentifierValue": "1"},
        {"postedAfter": "2026-10-01T00:00:00Z", "nextToken": "nonsense"},
    ],
)
def test_wrong_parameters_are_refused(sandbox, wrong):
    """Each documented check answers 400 InvalidInput."""
    assert error_of(sandbox.get(FINANCES, **wrong)) == (400, "InvalidInput")


def test_the_next_page_needs_the_same_arguments(sandbox):
    """A token with another window or filter is refused."""
    window = {"postedAfter": "2026-06-01T00:00:00Z"}
    token = sandbox.get(FINANCES, **window).json()["payload"]["nextToken"]

    assert sandbox.get(FINANCES, **window, nextToken=token).status_code == 200
    for other in (
        {"postedAfter": "2026-07-01T00:00:00Z"},
        window | {"transactionStatus": "RELEASED"},
    ):
        assert error_of(sandbox.get(FINANCES, **other, nextToken=token)) == (400, "InvalidInput")


BALANCES = "/finances/2024-06-19/balances"
SUMMARY = "/finances/2024-06-19/summary"


def amount_of(sandbox, kind):
    (one,) = sandbox.get(BALANCES, balanceType=kind).json()["balances"]
    assert one["balanceType"] == kind
    return Decimal(str(one["amount"]["currencyAmount"]))


def test_balances_are_sums_of_the_transactions(sandbox, year):
    """What is held back is what the deferred transactions say, and the total is all there is."""
    deferred = sum(
        one["totalAmount"]["currencyAmount"]
        for one in year
        if one["transactionStatus"].upper() == "DEFERRED"
    )

    assert amount_of(sandbox, "DEFERRED") == deferred
    assert amount_of(sandbox, "TOTAL") == amount_of(sandbox, "AVAILABLE") + deferred
    kinds = [one["balanceType"] for one in sandbox.get(BALANCES).json()["balances"]]
    assert len(kinds) == len(set(kinds)) == 5


def test_a_summary_is_the_sum_of_its_period(sandbox, year):
    """Net proceeds and the tree below are those of the transactions posted in the period."""
    days = sorted(one["postedDate"][:10] for one in year)
    since, until = days[len(days) // 3], days[len(days) // 2]
    posted = [one for one in year if since <= one["postedDate"] < until]
    answer = sandbox.get(SUMMARY, periodStart=since, periodEnd=until)
    (one,) = json.loads(answer.text, parse_float=Decimal)["summaries"]

    expected = sum(p["totalAmount"]["currencyAmount"] for p in posted)
    assert posted
    assert one["netProceeds"]["currencyAmount"] == expected
    assert sum(amount for _, amount in leaves(one["breakdowns"])) == expected


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"periodStart": "2026-02-01"},
        {"periodStart": "2026-03-01", "periodEnd": "2026-02-01"},
        {"periodStart": "2025-01-01", "periodEnd": "2026-02-01"},
        {"relatedIdentifierName": "SETTLEMENT_ID", "relatedIdentifierValue": "1"},
        {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "1"},
    ],
)
def test_a_summary_of_no_period_is_refused(sandbox, question):
    """A period or a settlement that exists must be named."""
    assert sandbox.get(SUMMARY, **question).status_code == 400
