"""Where requests go."""

from __future__ import annotations

import pytest

from recoup.spapi.endpoints import (
    MARKETPLACES,
    Environment,
    Region,
    lwa_endpoint,
    spapi_endpoint,
)


@pytest.mark.parametrize(
    ("environment", "region", "host"),
    [
        (Environment.PRODUCTION, Region.NA, "https://sellingpartnerapi-na.amazon.com"),
        (Environment.PRODUCTION, Region.EU, "https://sellingpartnerapi-eu.amazon.com"),
        (Environment.SANDBOX, Region.FE, "https://sandbox.sellingpartnerapi-fe.amazon.com"),
        (Environment.LOCAL, Region.EU, "http://127.0.0.1:8001"),
    ],
)
def test_each_environment_and_region_has_its_host(environment, region, host):
    """The hosts are those of the SP-API developer guide."""
    assert spapi_endpoint(environment, region) == host


def test_login_with_amazon_is_one_host_and_on_this_machine_for_local():
    """Amazon's sandbox takes tokens of the real Login with Amazon."""
    assert [lwa_endpoint(environment) for environment in Environment] == [
        "http://127.0.0.1:8001",
        "https://api.amazon.com",
        "https://api.amazon.com",
    ]


def test_an_override_wins_everywhere():
    """A configured host takes all requests, a slash or the token path at its end do not matter."""
    assert (
        spapi_endpoint(Environment.PRODUCTION, Region.NA, "http://localhost:9/")
        == "http://localhost:9"
    )
    assert (
        lwa_endpoint(Environment.PRODUCTION, "http://localhost:9/auth/o2/token")
        == "http://localhost:9"
    )


def test_the_known_marketplaces_are_those_of_amazons_page():
    """23 marketplaces, one region each; the United Kingdom under its ISO code."""
    assert len(MARKETPLACES) == 23
    assert MARKETPLACES["A1F83G8C2ARO7P"].country == "GB"
    assert {m.region for m in MARKETPLACES.values()} == set(Region)
