"""Connecting a seller by Amazon's consent page (docs/amazon.md#consent).

An answer of Amazon's page is taken from the browser that began it only: it has the cookie that the
beginning set, or is signed in as the user who began. Otherwise a stranger could connect a seller to an
account of theirs, or theirs to somebody else's, by a link (RFC 6749, 10.12).
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field, replace
from hashlib import sha256
from urllib.parse import urlencode

from recoup.actor import Actor
from recoup.api.connect import SellerAccount, StoredConnection, store_seller
from recoup.api.permissions import permission_for
from recoup.api.services import Services
from recoup.connections.consent_queries import Consent, add_consent, find_consent, use_consent
from recoup.db.engine import Database
from recoup.errors import (
    ConsentError,
    EnvironmentUnavailableError,
    RoleTooSmallError,
    UnauthenticatedError,
)
from recoup.ids import UserId, WorkspaceId
from recoup.spapi.endpoints import Environment, Region
from recoup.sync.access import SellerAccess
from recoup.users.caller import Caller
from recoup.users.workspace_queries import Member, get_member

START_PATH = "/api/v1/integrations/amazon/auth/start"
CALLBACK_PATH = "/api/v1/integrations/amazon/auth/callback"
COOKIE = "amazon_consent"
_PAGE_PATH = "/apps/authorize/consent"
_SELLER_ID = re.compile(r"[A-Za-z0-9]{1,64}")


@dataclass(frozen=True, slots=True)
class BegunConsent:
    """Where the seller decides, and the two secrets that prove the answer: in it, in the browser."""

    authorization_url: str
    state: str = field(repr=False)
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """What the browser brings back from Amazon's page; empty where it brings nothing."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    selling_partner_id: str
    error: str


async def begin_consent(
    door: Database,
    access: SellerAccess,
    *,
    user_id: UserId,
    workspace_id: WorkspaceId,
    public_url: str,
    environment: Environment,
    region: Region,
    country: str | None,
    is_draft: bool,
) -> BegunConsent:
    """user_id: who must answer, signed in. Raises EnvironmentUnavailableError where no application is
    configured.
    """
    servers = access.servers(environment, region, country=country)
    if not servers.application.application_id:
        raise EnvironmentUnavailableError(
            "Amazon's consent page needs the id of your SP-API application: set "
            "RECOUP_APPLICATION_ID and restart recoup, or connect with a refresh token."
        )
    state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    async with door.writing() as conn:
        await add_consent(
            conn,
            user_id=user_id,
            workspace_id=workspace_id,
            state_hash=_hash(state),
            browser_hash=_hash(browser),
            environment=environment,
            region=region,
        )
    asked = {
        "application_id": servers.application.application_id,
        "state": state,
        "redirect_uri": _redirect_uri(public_url),
    }
    if is_draft:
        asked["version"] = "beta"
    return BegunConsent(f"{servers.consent}{_PAGE_PATH}?{urlencode(asked)}", state, browser)


async def finish_consent(
    services: Services, answer: ConsentAnswer, *, caller: Caller | None, browser: str, came: Actor
) -> StoredConnection:
    """Exchanges the code and connects the seller. `caller`: who is signed in in the browser;
    `came`: the browser as the audit log names it.

    Raises UnauthenticatedError for a browser that proves nothing, ConsentError where Amazon's page
    was not answered in time, once, with yes, RoleTooSmallError, ScopeTooSmallError or NotFoundError
    for who may connect nothing to the workspace (any more), and what `store_seller` raises.
    """
    if caller is None and not browser:
        raise UnauthenticatedError(
            "Sign in to recoup in this browser, then connect the Amazon account again."
        )
    state_hash = _hash(answer.state)
    async with services.door.reading() as conn:
        consent = _require_open(await find_consent(conn, state_hash), caller, browser)
        who = await get_member(conn, consent.workspace_id, consent.user_id)
    _require_permission(consent, who, caller)
    async with services.door.writing() as conn:
        if not await use_consent(conn, state_hash):
            raise ConsentError(_USED)
    if answer.error or not answer.code:
        raise ConsentError(_DENIED if answer.error == "access_denied" else _NO_CODE)
    if not _SELLER_ID.fullmatch(answer.selling_partner_id):
        raise ConsentError("Amazon did not name the seller: connect the account again.")
    servers = services.access.servers(consent.environment, consent.region)
    token = await services.access.redeem(
        servers, answer.code, _redirect_uri(services.settings.public_url)
    )
    account = SellerAccount(
        refresh_token=token,
        selling_partner_id=answer.selling_partner_id,
        region=consent.region,
        environment=consent.environment,
        marketplace_ids=(),
    )
    by = came if caller else replace(came, who=who.title, user_id=who.user_id)
    database = services.database.of(consent.workspace_id, by=by)
    return await store_seller(database, services.access, consent.workspace_id, account)


_UNKNOWN = (
    "recoup does not know this answer of Amazon, or it belongs to another browser or user: "
    "connect the account again, in this browser."
)
_USED = (
    "This answer of Amazon was used before. If the account is not connected, connect it again; "
    "going back in the browser does not help."
)
_EXPIRED = "The ten minutes for answering Amazon's page are over: connect the account again."
_DENIED = (
    "Amazon's page was answered with no, so nothing was connected. Connect the account again if that "
    "was a mistake; the account's main user must approve."
)
_NO_CODE = "Amazon's page ended without an authorization: connect the account again."


def _require_open(consent: Consent | None, caller: Caller | None, browser: str) -> Consent:
    """Raises ConsentError, which tells whoever does not own a consent nothing about it."""
    if consent is None or not _is_owner(consent, caller, browser):
        raise ConsentError(_UNKNOWN)
    if consent.is_used:
        raise ConsentError(_USED)
    if consent.is_expired:
        raise ConsentError(_EXPIRED)
    return consent


def _require_permission(consent: Consent, who: Member, caller: Caller | None) -> None:
    """What beginning needs is needed at the end too: a role may have been taken away meanwhile, and
    who is signed in may have come with a smaller credential. Raises as `finish_consent`.
    """
    needs = permission_for("GET", START_PATH)
    if caller is not None:
        caller.choosing(consent.workspace_id).require(role=needs.role, scope=needs.scope)
    elif needs.role is not None and not who.role.covers(needs.role):
        raise RoleTooSmallError(needed=needs.role, given=who.role)


def _is_owner(consent: Consent, caller: Caller | None, browser: str) -> bool:
    if caller is not None:
        return caller.user_id == consent.user_id
    return hmac.compare_digest(_hash(browser), consent.browser_hash)


def _hash(secret: str) -> bytes:
    return sha256(secret.encode(errors="surrogatepass")).digest()


def _redirect_uri(public_url: str) -> str:
    return f"{public_url}{CALLBACK_PATH}"
