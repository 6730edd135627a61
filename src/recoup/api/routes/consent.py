"""Connecting a seller by Amazon's consent page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from recoup.api.consent import (
    CALLBACK_PATH,
    COOKIE,
    START_PATH,
    ConsentAnswer,
    begin_consent,
    finish_consent,
)
from recoup.api.openapi import may_fail
from recoup.api.problem_page import show_problem
from recoup.api.problems import problem_of
from recoup.api.services import CurrentCaller, ServicesOfApp, actor_of
from recoup.body import CamelModel
from recoup.connections.consent_queries import LIFETIME
from recoup.errors import (
    ConsentError,
    EnvironmentUnavailableError,
    InvalidClientError,
    InvalidRequestError,
    NotFoundError,
    RecoupError,
    RoleTooSmallError,
    SpApiError,
    UnavailableError,
)
from recoup.spapi.endpoints import MARKETPLACES, Environment, Region
from recoup.users.caller import Caller

router = APIRouter(tags=["connections"])

_ACCOUNTS = "/#/accounts"
# The address holds a code that buys a token: it must reach no other site and no cache.
_HEADERS = {"referrer-policy": "no-referrer", "cache-control": "no-store"}


class ConsentBody(CamelModel):
    authorization_url: str
    state: str


@router.get(
    START_PATH,
    responses=may_fail(EnvironmentUnavailableError, InvalidRequestError),
    summary="Begin to connect a seller by Amazon's consent page",
)
async def start_authorization(
    services: ServicesOfApp,
    caller: CurrentCaller,
    response: Response,
    region: Annotated[Region, Query(description="Region of the seller account.")] = Region.NA,
    environment: Annotated[
        Environment, Query(description="Servers to connect to.")
    ] = Environment.PRODUCTION,
    marketplace_id: Annotated[
        str | None,
        Query(
            alias="marketplaceId",
            description="Marketplace whose Seller Central opens. Unset: the region's largest.",
        ),
    ] = None,
    draft: Annotated[  # noqa: FBT002 - a query parameter
        bool, Query(description="The application is a draft, not published in the Appstore.")
    ] = False,
) -> ConsentBody:
    """Open `authorizationUrl` in the same browser within ten minutes."""
    begun = await begin_consent(
        services.door,
        services.access,
        user_id=caller.user_id,
        workspace_id=caller.workspace_id,
        public_url=services.settings.public_url,
        environment=environment,
        region=region,
        country=_country_of(marketplace_id, region),
        is_draft=draft,
    )
    response.headers.update(_HEADERS)
    response.set_cookie(
        COOKIE,
        begun.browser,
        max_age=int(LIFETIME.total_seconds()),
        path=CALLBACK_PATH,
        secure=services.settings.is_public_https,
        httponly=True,
        samesite="lax",
    )
    return ConsentBody(authorization_url=begun.authorization_url, state=begun.state)


def _country_of(marketplace_id: str | None, region: Region) -> str | None:
    """Raises InvalidRequestError for one that recoup does not know in this region."""
    if marketplace_id is None:
        return None
    known = MARKETPLACES.get(marketplace_id)
    if known is None or known.region is not region:
        raise InvalidRequestError(f"recoup knows no such marketplace in region {region}.")
    return known.country


@router.get(
    CALLBACK_PATH,
    status_code=303,
    response_class=RedirectResponse,
    responses=may_fail(
        ConsentError,
        EnvironmentUnavailableError,
        InvalidRequestError,
        InvalidClientError,
        NotFoundError,
        RoleTooSmallError,
        SpApiError,
        UnavailableError,
    ),
    summary="The way back from Amazon's consent page",
)
async def finish_authorization(
    services: ServicesOfApp,
    request: Request,
    state: str = "",
    spapi_oauth_code: str = "",
    selling_partner_id: str = "",
    error: str = "",
) -> Response:
    """Amazon sends the browser here. It goes on to the dashboard; a failure is shown as a page."""
    answer = ConsentAnswer(
        state=state,
        code=spapi_oauth_code,
        selling_partner_id=selling_partner_id,
        error=error,
    )
    # None where nobody is signed in: authentication lets this path through.
    caller: Caller | None = getattr(request.state, "caller", None)
    try:
        stored = await finish_consent(
            services,
            answer,
            caller=caller,
            browser=request.cookies.get(COOKIE, ""),
            came=actor_of(request),
        )
    except RecoupError as exc:
        accept = request.headers.get("accept")
        response = show_problem(
            problem_of(exc), accept, link=_ACCOUNTS, text="To the Amazon accounts"
        )
    else:
        connected = f"{_ACCOUNTS}?connected={stored.connection.connection_id}"
        response = RedirectResponse(connected, status_code=303)
    response.headers.update(_HEADERS)
    response.delete_cookie(COOKIE, path=CALLBACK_PATH, httponly=True, samesite="lax")
    return response
