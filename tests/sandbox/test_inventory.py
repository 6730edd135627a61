from __future__ import annotations

import re

import pytest

from tests.sandbox.running import ALL_STOCK, INVENTORY, Running, error_of


@pytest.fixture(scope="module")
def sandbox():
    """A seller with 80 products: two pages."""
    with Running(orders=4000) as running:
        yield running


def test_paging_to_the_end_finds_every_sku_once(sandbox):
    """The pages together are what the world says there is."""
    rows = sandbox.stock()
    expected = sandbox.world()["inventory"]

    assert len({row["sellerSku"] for row in rows}) == len(rows) == expected["rows"] == 80
    assert len({row["fnSku"] for row in rows}) == 80
    assert sum(row["totalQuantity"] for row in rows) == expected["totalQuantity"]


def test_pages_hold_fifty_and_the_token_lies_beside_the_payload(sandbox):
    """A page has 50 rows; `pagination` is a sibling of `payload` and absent at the end."""
    pages = list(sandbox.pages(INVENTORY, "nextToken", **ALL_STOCK))

    assert [len(page["payload"]["inventorySummaries"]) for page in pages] == [50, 30]
    assert set(pages[0]) == {"payload", "pagination"}
    assert set(pages[1]) == {"payload"}


def test_details_come_when_asked_for_and_add_up(sandbox):
    """With details=true the quantities are split and their sum is the total."""
    assert not any("inventoryDetails" in row for row in sandbox.stock())
    for row in sandbox.stock(details="true"):
        parts = row["inventoryDetails"]
        assert row["totalQuantity"] == (
            parts["fulfillableQuantity"]
            + parts["inboundWorkingQuantity"]
            + parts["inboundShippedQuantity"]
            + parts["inboundReceivingQuantity"]
            + parts["reservedQuantity"]["totalReservedQuantity"]
            + parts["researchingQuantity"]["totalResearchingQuantity"]
            + parts["unfulfillableQuantity"]["totalUnfulfillableQuantity"]
        )


def test_skus_and_changes_narrow_the_answer(sandbox):
    """sellerSkus, sellerSku and startDateTime select; odd SKUs survive the URL."""
    rows = sandbox.stock()
    odd = next(row["sellerSku"] for row in rows if re.search(r"[ &+#/ö]", row["sellerSku"]))
    times = sorted(row["lastUpdatedTime"] for row in rows)
    changed = sandbox.stock(startDateTime=times[40])

    assert [row["sellerSku"] for row in sandbox.stock(sellerSku=odd)] == [odd]
    two = [rows[3]["sellerSku"], rows[70]["sellerSku"]]
    assert [row["sellerSku"] for row in sandbox.stock(sellerSkus=",".join(two))] == two
    assert len(changed) == sum(time > times[40] for time in times)
    assert sandbox.stock(granularityId="A2EUQ1WTGCTBG2", marketplaceIds="A2EUQ1WTGCTBG2") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"granularityType": ""},
        {"granularityType": "Country"},
        {"granularityId": ""},
        {"marketplaceIds": ""},
        {"marketplaceIds": "ATVPDKIKX0DER,A2EUQ1WTGCTBG2"},
        {"details": "maybe"},
        {"startDateTime": "2020-01-01T00:00:00Z"},
        {"sellerSkus": ",".join(str(number) for number in range(51))},
        {"nextToken": "nonsense"},
    ],
)
def test_wrong_parameters_are_refused(sandbox, wrong):
    """Each documented check answers 400 InvalidInput."""
    assert error_of(sandbox.get(INVENTORY, **(ALL_STOCK | wrong))) == (400, "InvalidInput")


def test_a_page_token_lives_thirty_seconds():
    """At 30 seconds the token still works, a second later it does not."""
    with Running(orders=4000) as sandbox:
        first = sandbox.get(INVENTORY, **ALL_STOCK).json()
        request = ALL_STOCK | {"nextToken": first["pagination"]["nextToken"]}
        sandbox.control("clock", {"advance": "PT25S"})
        assert sandbox.get(INVENTORY, **request).status_code == 200

        sandbox.control("clock", {"advance": "PT6S"})
        assert error_of(sandbox.get(INVENTORY, **request)) == (400, "InvalidInput")
