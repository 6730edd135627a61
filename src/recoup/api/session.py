"""The session of a browser: a cookie that it sends by itself, and the row that can end it."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Request
from fastapi.responses import Response

from recoup.api.authentication import COOKIE, SECURE_COOKIE
from recoup.api.consent import CALLBACK_PATH, COOKIE as CONSENT_COOKIE
from recoup.api.services import Services, user_agent_of
from recoup.audit.queries import record_of_person
from recoup.audit.words import Action
from recoup.clock import utc_now
from recoup.ids import CredentialId, UserId
from recoup.users.caller import CredentialKind
from recoup.users.credential_queries import NewCredential, add_credential, revoke_credential
from recoup.users.tokens import new_secret, sign

SESSION_LIFETIME = timedelta(days=30)


async def start_session(
    services: Services, request: Request, response: Response, user_id: UserId
) -> None:
    """Sets a cookie that scripts cannot read and that other sites' writes do not carry."""
    secret, expires_at = new_secret(), utc_now() + SESSION_LIFETIME
    key = services.settings.keys[0]
    async with services.door.writing() as conn:
        credential_id = await add_credential(
            conn,
            user_id,
            secret,
            NewCredential(
                kind=CredentialKind.SESSION,
                expires_at=expires_at,
                key=key,
                user_agent=user_agent_of(request),
                address=request.client and request.client.host,
            ),
        )
        await record_of_person(conn, user_id, Action.SIGNED_IN, credential_id=credential_id)
    secure = services.settings.is_public_https
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        sign(secret, user_id, key, expires_at=expires_at),
        max_age=int(SESSION_LIFETIME.total_seconds()),
        secure=secure,
        httponly=True,
        samesite="lax",
    )


async def end_session(services: Services, credential_id: CredentialId) -> None:
    """Whoever copied the cookie is signed out too. Raises NotFoundError the second time."""
    async with services.door.writing() as conn:
        user_id = await revoke_credential(conn, credential_id)
        await record_of_person(conn, user_id, Action.SIGNED_OUT, credential_id=credential_id)


def forget_session(response: Response, *, secure: bool) -> None:
    """Has the browser delete its cookies."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    # What was begun on Amazon's page ends with the session too.
    response.delete_cookie(CONSENT_COOKIE, path=CALLBACK_PATH, httponly=True, samesite="lax")
    if secure:
        response.delete_cookie(SECURE_COOKIE, httponly=True, samesite="lax", secure=True)
