"""Addresses with filters that mean nothing: said in plain words, with one way out."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.shop import Seat
from tests.browser.test_accessible import serious
from tests.browser.test_claims import choice, rows, with_claims

LISTS = (
    ("/#/claims?standing=foo", "Standing \u201cfoo\u201d", "Show all claims"),
    ("/#/claims?stading=owed", "\u201cstading\u201d", "Show all claims"),
    ("/#/claims?valued=maybe&sort=deadline", "Valued \u201cmaybe\u201d", "Show all claims"),
    ("/#/claims?detectedFrom=soon", "Detected from \u201csoon\u201d", "Show all claims"),
    ("/#/claims?connectionId=nobody", "Amazon account \u201cnobody\u201d", "Show all claims"),
    ("/#/packs?standing=foo", "Standing \u201cfoo\u201d", "Show all packs"),
    ("/#/packs?standig=owed", "\u201cstandig\u201d", "Show all packs"),
    ("/#/syncs?status=foo", "State \u201cfoo\u201d", "Show all syncs"),
    ("/#/syncs/quarantine?strem=ledger", "\u201cstrem\u201d", "Show all rows"),
    ("/#/settings/audit?action=foo", "Action \u201cfoo\u201d", "Show all entries"),
    ("/#/data/orders?colour=red", "\u201ccolour\u201d", "Show all orders"),
    ("/#/data/ledger?from=soon", "Day from \u201csoon\u201d", "Show all movements"),
)


@pytest.mark.parametrize(("address", "named", "way_out"), LISTS)
async def test_a_filter_that_is_not_known_is_named(
    seat: Seat, address: str, named: str, way_out: str
) -> None:
    """No raw words of the API, no list that is not what the address asks for; one click shows all."""
    await seat.connect("A1")
    page = await seat.page(address)

    notice = page.get_by_role("alert")
    await expect(notice).to_contain_text("The address has a filter that recoup does not know")
    await expect(notice).to_contain_text(named)
    await expect(notice).not_to_contain_text(re.compile(r"query\.|should be|Input"))
    await expect(page.locator("main table")).to_have_count(0)
    assert await serious(page) == []
    await notice.get_by_role("link", name=way_out).click()

    await expect(page.get_by_role("alert")).to_have_count(0)
    await expect(page.locator("main:not([aria-busy]) h1")).to_be_visible()


async def test_all_claims_are_shown_after_a_strange_filter(seat: Seat) -> None:
    """Those that are owed and the others; and a choice in the form repairs the address too."""
    await with_claims(seat, range(2))
    await with_claims(seat, range(2, 3), status="filed")
    page = await seat.page("/#/claims?standing=foo")
    await page.get_by_role("link", name="Show all claims").click()
    await rows(page, 3)
    await expect(choice(page, "Standing")).to_have_value("")

    await page.goto("/#/claims?stading=owed")
    await expect(page.get_by_role("alert")).to_be_visible()
    await choice(page, "Standing").select_option("Filed")

    await rows(page, 1)
    assert "stading" not in page.url
