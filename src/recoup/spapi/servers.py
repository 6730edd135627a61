"""The servers of an environment, and the application as which recoup calls them: decided only here.

Keeps the secret of the configured application away from the local sandbox, whose address anybody on
the machine could listen on: the environment `local` has an application of its own, whose secret is
no secret, and exists only where the local sandbox was set up on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from recoup.config import Settings
from recoup.errors import EnvironmentUnavailableError
from recoup.spapi.endpoints import (
    LWA,
    TOKEN_PATH,
    Environment,
    Region,
    amazons_endpoint,
    seller_central,
)


@dataclass(frozen=True, slots=True)
class Application:
    """An application registered with Amazon. `application_id` is what its consent page needs."""

    client_id: str
    client_secret: str = field(repr=False)
    previous_secret: str | None = field(default=None, repr=False)
    application_id: str | None = None


SANDBOX_APPLICATION = Application(
    client_id="amzn1.application-oa2-client.test",
    client_secret="test-secret",  # noqa: S106 - published in docs/sandbox.md
    application_id="amzn1.sellerapps.app.test",
)
"""The application that `recoup sandbox` accepts."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Base addresses, without a slash at the end: SP-API, Login with Amazon, the consent page."""

    spapi: str
    login: str
    consent: str
    application: Application


def get_servers(
    settings: Settings, environment: Environment, region: Region, *, country: str | None = None
) -> Servers:
    """The servers of a seller. `country`: whose Seller Central shows the consent page.

    Raises EnvironmentUnavailableError, which says what to set.
    """
    if environment is Environment.LOCAL:
        if settings.local_sandbox is None:
            raise EnvironmentUnavailableError(
                "The environment local is off: start `recoup serve --sandbox`, or set "
                "RECOUP_LOCAL_SANDBOX to the address of a running sandbox."
            )
        local = settings.local_sandbox
        return Servers(spapi=local, login=local, consent=local, application=SANDBOX_APPLICATION)
    return Servers(
        spapi=settings.spapi_endpoint or amazons_endpoint(environment, region),
        login=(settings.lwa_endpoint or LWA).removesuffix(TOKEN_PATH),
        consent=seller_central(region, country),
        application=_configured(settings, environment),
    )


def _configured(settings: Settings, environment: Environment) -> Application:
    if not settings.lwa_client_id or not settings.lwa_client_secret:
        raise EnvironmentUnavailableError(
            f"The environment {environment} needs your SP-API application: "
            "set RECOUP_LWA_CLIENT_ID and RECOUP_LWA_CLIENT_SECRET and restart recoup."
        )
    previous = settings.lwa_client_secret_previous
    return Application(
        client_id=settings.lwa_client_id,
        client_secret=settings.lwa_client_secret.get_secret_value(),
        previous_secret=previous.get_secret_value() if previous else None,
        application_id=settings.application_id,
    )
