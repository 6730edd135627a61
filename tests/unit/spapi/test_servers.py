"""Where calls go, and as which application."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from recoup.config import Settings
from recoup.errors import EnvironmentUnavailableError
from recoup.sandbox.config import SandboxConfig
from recoup.spapi.endpoints import MARKETPLACES, Environment, Region
from recoup.spapi.servers import SANDBOX_APPLICATION, get_servers

OURS: dict[str, Any] = {
    "lwa_client_id": "amzn1.ours",
    "lwa_client_secret": SecretStr("our secret"),
    "lwa_client_secret_previous": SecretStr("our old secret"),
    "application_id": "amzn1.sellerapps.app.ours",
}
LOCAL = "http://127.0.0.1:8001"


@pytest.mark.parametrize(
    ("environment", "region", "host"),
    [
        (Environment.PRODUCTION, Region.NA, "https://sellingpartnerapi-na.amazon.com"),
        (Environment.PRODUCTION, Region.EU, "https://sellingpartnerapi-eu.amazon.com"),
        (Environment.SANDBOX, Region.FE, "https://sandbox.sellingpartnerapi-fe.amazon.com"),
    ],
)
def test_each_environment_and_region_of_amazon_has_its_host(
    environment: Environment, region: Region, host: str
) -> None:
    """The hosts are those of the SP-API developer guide; Login with Amazon is one for all."""
    servers = get_servers(Settings(**OURS, local_sandbox=LOCAL), environment, region)

    assert (servers.spapi, servers.login) == (host, "https://api.amazon.com")
    assert servers.application.client_secret == "our secret"
    assert servers.application.previous_secret == "our old secret"


def test_local_never_gets_what_is_configured() -> None:
    """Whoever listens on the sandbox's port learns nothing but what everybody knows."""
    elsewhere = {"spapi_endpoint": "https://a.example", "lwa_endpoint": "https://b.example"}
    settings = Settings(**OURS, **elsewhere, local_sandbox=LOCAL)
    servers = get_servers(settings, Environment.LOCAL, Region.EU)

    assert {servers.spapi, servers.login, servers.consent} == {LOCAL}
    assert servers.application == SANDBOX_APPLICATION


def test_local_exists_where_it_was_switched_on_only() -> None:
    """Without the sandbox's address nothing is sent anywhere, and the error says what to do."""
    with pytest.raises(EnvironmentUnavailableError, match=r"serve --sandbox.*RECOUP_LOCAL_SANDBOX"):
        get_servers(Settings(**OURS), Environment.LOCAL, Region.NA)


@pytest.mark.parametrize("missing", ["lwa_client_id", "lwa_client_secret"])
@pytest.mark.parametrize("environment", [Environment.SANDBOX, Environment.PRODUCTION])
def test_missing_credentials_are_said_before_anything_is_sent(
    environment: Environment, missing: str
) -> None:
    """No call is made that could only be refused."""
    settings = Settings(**{name: value for name, value in OURS.items() if name != missing})
    with pytest.raises(EnvironmentUnavailableError, match="set RECOUP_LWA_CLIENT_ID and"):
        get_servers(settings, environment, Region.NA)


def test_an_override_wins_everywhere_but_in_local() -> None:
    """A slash or the token path at its end do not matter."""
    settings = Settings(
        **OURS,
        spapi_endpoint="http://localhost:9/",
        lwa_endpoint="http://localhost:9/auth/o2/token",
    )
    servers = get_servers(settings, Environment.PRODUCTION, Region.NA)

    assert (servers.spapi, servers.login) == ("http://localhost:9", "http://localhost:9")


def test_the_sandbox_accepts_the_application_that_it_is_called_with() -> None:
    """The two are written twice, as the sandbox shares nothing with the rest."""
    config = SandboxConfig()

    assert (SANDBOX_APPLICATION.client_id, SANDBOX_APPLICATION.client_secret) == (
        config.client_id,
        config.client_secret,
    )


def test_no_secret_of_an_application_is_shown() -> None:
    """The repr of servers goes into tracebacks."""
    servers = get_servers(Settings(**OURS), Environment.PRODUCTION, Region.NA)

    assert "secret" not in repr(servers).replace("client_secret", "").replace("previous_secret", "")


@pytest.mark.parametrize(
    ("region", "country", "host"),
    [
        (Region.NA, None, "https://sellercentral.amazon.com"),
        (Region.NA, "MX", "https://sellercentral.amazon.com.mx"),
        (Region.EU, None, "https://sellercentral-europe.amazon.com"),
        (Region.EU, "IE", "https://sellercentral-europe.amazon.com"),
        (Region.FE, "AU", "https://sellercentral.amazon.com.au"),
    ],
)
def test_the_consent_page_is_the_sellers_own(
    region: Region, country: str | None, host: str
) -> None:
    """By country where its Seller Central is known (docs/amazon.md#consent), else by region."""
    settings = Settings(**OURS)
    servers = get_servers(settings, Environment.PRODUCTION, region, country=country)

    assert servers.consent == host


def test_the_known_marketplaces_are_those_of_amazons_page() -> None:
    """23 marketplaces, one region each; the United Kingdom under its ISO code."""
    assert len(MARKETPLACES) == 23
    assert MARKETPLACES["A1F83G8C2ARO7P"].country == "GB"
    assert {m.region for m in MARKETPLACES.values()} == set(Region)
