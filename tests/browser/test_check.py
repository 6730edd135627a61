"""Reports that people download: dropped on a page, and what they show there."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.support.hand_files import SHAPES, by_hand, world_of


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """The reports that losses in the warehouse need, in four languages; a file that is none."""
    now = datetime.now(UTC)
    world = world_of(60, datetime.combine(now.date(), time(), UTC))
    paths = []
    for stream, language in {
        "ledger": "de",
        "ledger_summary": "fr",
        "reimbursements": "ja",
        "returns": "it",
    }.items():
        paths.append(tmp_path / f"{stream}.csv")
        content = by_hand(stream, SHAPES[language], world, now - timedelta(days=365), now)
        paths[-1].write_bytes(content)
    paths.append(tmp_path / "holiday.csv")
    paths[-1].write_text("destination,nights\nLisbon,4\n")
    return paths


async def test_dropped_reports_show_claims_and_what_is_missing(
    page: Page, files: list[Path]
) -> None:
    """From the first steps to the claims, with a keyboard and a file dialog only."""
    await page.goto("/")
    await page.get_by_role("link", name="Drop reports instead").click()
    today = datetime.now(UTC).date()
    await page.get_by_label("First day chosen").fill((today - timedelta(days=365)).isoformat())
    await page.get_by_label("Last day", exact=True).fill(today.isoformat())
    await page.get_by_label("Drop files here, or choose them").set_input_files(files)
    await expect(page.get_by_role("heading", name="2 types of claims searched")).to_be_visible()
    await expect(page.get_by_text("Loaded", exact=True)).to_have_count(4)
    refusal = page.get_by_role("alert")
    await expect(refusal).to_contain_text("holiday.csv is no report that recoup knows")
    await expect(refusal).to_contain_text("destination, nights")
    missing = page.get_by_role("region", name="Missing")
    await expect(missing).to_contain_text("Removals > Removal Shipment Detail")
    await expect(missing).to_contain_text("Connect your Amazon account")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("link", name="See the claims").click()
    await expect(page.get_by_text("Lost in the warehouse").first).to_be_visible()


async def test_an_account_of_files_makes_sense_everywhere(page: Page, files: list[Path]) -> None:
    """It is no account of Amazon's: nothing syncs it, renews it or schedules it."""
    await page.goto("/#/check")
    await page.get_by_label("Drop files here, or choose them").set_input_files(files[:1])
    await expect(page.get_by_role("heading", name="Loaded reports")).to_be_visible()
    await page.goto("/#/accounts")
    card = page.get_by_role("region", name="Account My reports")
    await expect(card).to_contain_text("downloaded reports")
    await expect(card.get_by_role("button", name="Renew authorization")).to_have_count(0)
    await page.goto("/#/syncs")
    await expect(page.get_by_text("no Amazon account is connected")).to_be_visible()
    await page.goto("/#/settings/workspace")
    schedule = page.get_by_role("region", name="Schedule")
    await expect(schedule).not_to_contain_text("My reports")
    await page.goto("/#/")
    await expect(page.get_by_role("region", name="First steps")).to_be_visible()
