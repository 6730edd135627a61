"""Sellers at home in other marketplaces, and every type of report through the API."""

from __future__ import annotations

import pytest

from recoup.sandbox.report_jobs.desk import SETTLEMENT_TYPE
from recoup.sandbox.reports import all_report_types
from recoup.sandbox.reports.report import encoding_of
from recoup.sandbox.world.profile import PROFILES
from tests.sandbox.asking import asked, content, state
from tests.sandbox.official import Judged, models_folder
from tests.sandbox.running import FINANCES, INVENTORY, ORDERS, SELLERS, YEAR_AGO, Running, error_of

HOMES = {"us": ("US", "USD"), "uk": ("GB", "GBP"), "eu": ("DE", "EUR")}
# Times for which every type of report is likely to have something to say.
LONG = {"dataStartTime": "2026-08-16", "dataEndTime": "2026-11-11"}
MONTH = {"dataStartTime": "2026-10-16", "dataEndTime": "2026-11-11"}


@pytest.fixture(scope="module", params=HOMES)
def sandbox(request):
    with Running(profile=request.param) as running:
        yield running


def home_of(sandbox: Running) -> str:
    return PROFILES[sandbox.config.profile].home.marketplace_id


def test_the_seller_lives_where_the_profile_says(sandbox):
    """Country, currency and marketplace agree in every API, and follow the models."""
    country, currency = HOMES[sandbox.config.profile]
    judged, home = Judged(sandbox, models_folder()), home_of(sandbox)
    first = judged.get(SELLERS)["payload"][0]["marketplace"]
    order = judged.get(ORDERS, createdAfter=YEAR_AGO, includedData="PROCEEDS,RECIPIENT")["orders"][
        0
    ]
    since = "2026-08-01T00:00:00Z"
    money = judged.get(FINANCES, postedAfter=since)["payload"]["transactions"][0]
    asked_for = {"granularityType": "Marketplace", "granularityId": home, "marketplaceIds": home}
    old = judged.get("/orders/v0/orders", CreatedAfter=YEAR_AGO, MarketplaceIds=home)["payload"]

    assert (first["countryCode"], first["defaultCurrencyCode"]) == (country, currency)
    assert order["salesChannel"]["marketplaceId"] == home
    assert order["recipient"]["deliveryAddress"]["countryCode"] == country
    assert money["totalAmount"]["currencyCode"] == currency
    assert judged.get(INVENTORY, **asked_for)["payload"]["inventorySummaries"]
    assert old["Orders"][0]["MarketplaceId"] == home


def test_another_region_s_marketplace_is_not_the_seller_s(sandbox):
    """It is refused with 403."""
    stranger = "A1VC38T7YXB528"

    assert error_of(sandbox.get(ORDERS, createdAfter=YEAR_AGO, marketplaceIds=stranger)) == (
        403,
        "Unauthorized",
    )


def test_every_type_of_report_can_be_had(sandbox):
    """Each ends DONE with its own header in its own encoding, or CANCELLED for want of rows."""
    profile, ids = PROFILES[sandbox.config.profile], {}
    for name, kind in all_report_types().items():
        if name != SETTLEMENT_TYPE:
            dates = MONTH if kind.longest_window is not None else LONG
            ids[name] = asked(
                sandbox, name, dates=dates, marketplaceIds=[profile.home.marketplace_id]
            )
    sandbox.control("clock", {"advance": "PT15M"})
    reports = {name: state(sandbox, report_id) for name, report_id in ids.items()}
    done = [name for name, one in reports.items() if one["processingStatus"] == "DONE"]

    assert {one["processingStatus"] for one in reports.values()} <= {"DONE", "CANCELLED"}
    assert len(done) >= 10
    for name in done:
        kind = all_report_types()[name]
        text = content(sandbox, reports[name]).decode(encoding_of(kind, profile))
        header = text.lstrip("\ufeff").split("\r\n" if "\r\n" in text else "\n")[0]
        cells = [cell.strip('"') for cell in header.split("\t")]
        assert tuple(cells) == kind.header_for(profile)
