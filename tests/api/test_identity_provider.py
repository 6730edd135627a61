"""Tokens of an identity provider: whose are accepted, and whose never."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from recoup.clock import utc_now
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.errors import IdentityProviderError, UnauthenticatedError
from recoup.users.identity_provider import IdentityProvider
from recoup.users.queries import list_users
from tests.api.serving import Server, new_user, serving

ISSUER = "https://login.example/"
AUDIENCE = "recoup"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def published(kid: str, key: Any, algorithm: Any, alg: str) -> dict[str, Any]:
    """A public key as a JWKS lists it."""
    return json.loads(algorithm.to_jwk(key.public_key())) | {"kid": kid, "alg": alg, "use": "sig"}


RSA_KEY = published("rsa", RSA, RSAAlgorithm, "RS256")
EC_KEY = published("ec", EC, ECAlgorithm, "ES256")
ED_KEY = published("ed", ED, OKPAlgorithm, "EdDSA")


@dataclass
class Login:
    """A provider whose keys, clock and health the test decides."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [RSA_KEY, EC_KEY, ED_KEY])
    now: datetime = field(default_factory=utc_now)
    is_down: bool = False
    fetches: int = 0

    def fetch(self) -> Any:
        self.fetches += 1
        if self.is_down:
            raise OSError("no route to host")
        return {"keys": self.keys}

    def provider(self) -> IdentityProvider:
        return IdentityProvider(
            "https://login.example/jwks",
            issuer=ISSUER,
            audience=AUDIENCE,
            clock=lambda: self.now,
            fetch=self.fetch,
        )


def token(
    key: Any = RSA, *, kid: str | None = "rsa", algorithm: str = "RS256", **claims: Any
) -> str:
    """A token that is accepted as it is; a claim that is None is left out."""
    whole = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "person-1",
        "exp": utc_now() + timedelta(hours=1),
        "email": "ann@example.com",
        "email_verified": True,
        "name": "Ann",
    } | claims
    kept = {name: value for name, value in whole.items() if value is not None}
    headers = None if kid is None else {"kid": kid}
    return jwt.encode(kept, key, algorithm=algorithm, headers=headers)


@pytest.fixture
def login() -> Login:
    return Login()


@pytest.fixture
async def served(settings: Settings, database: Database, login: Login) -> AsyncIterator[Server]:
    async with serving(settings, database, identity_provider=login.provider()) as server:
        yield server


async def ask(server: Server, text: str, path: str = "/api/me") -> httpx2.Response:
    async with server.client(authorization=f"Bearer {text}") as client:
        return await client.get(path)


@pytest.mark.parametrize(
    "text",
    [token(), token(EC, kid="ec", algorithm="ES256"), token(ED, kid="ed", algorithm="EdDSA")],
)
async def test_a_person_of_the_provider_is_a_user_when_first_seen(
    served: Server, database: Database, text: str
) -> None:
    """With a workspace; also when many requests are first, and later requests are the same person."""
    answers = await asyncio.gather(*(ask(served, text) for _ in range(5)))
    data = await ask(served, text, "/api/orders")
    async with database.reading() as conn:
        users = await list_users(conn)

    assert [a.status_code for a in (*answers, data)] == [200] * 6
    assert [(one.email, one.name) for one in users] == [("ann@example.com", "Ann")]
    assert {a.json()["userId"] for a in answers} == {users[0].user_id}


def none_token() -> str:
    return jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "sub": "x"}, "", algorithm="none")


def confused_token() -> str:
    """Signed with the text of the public key as if it were a shared one; by hand, as PyJWT refuses."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "exp": utc_now() + timedelta(hours=1)}
    signed, _, _ = jwt.encode(
        claims, "k" * 32, algorithm="HS256", headers={"kid": "rsa"}
    ).rpartition(".")
    mac = hmac.digest(json.dumps(RSA_KEY).encode(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(iss="https://evil.example/"),
        lambda: token(iss=None),
        lambda: token(aud="another"),
        lambda: token(aud=None),
        lambda: token(exp=utc_now() - timedelta(minutes=5)),
        lambda: token(exp=None),
        lambda: token(nbf=utc_now() + timedelta(hours=1)),
        lambda: token(sub=None),
        lambda: token(sub=""),
        lambda: token(sub="a\0b"),
        lambda: token(sub="x" * 201),
        lambda: token(OTHER_RSA),
        lambda: token(kid="unknown"),
        lambda: token(kid=None),
        lambda: token(RSA, kid="rsa", algorithm="RS512"),
        lambda: token(EC, kid="rsa", algorithm="ES256"),
        none_token,
        confused_token,
        lambda: token()[:-4] + "AAAA",
    ],
)
async def test_what_is_not_the_providers_for_us_is_refused(
    served: Server, database: Database, make: Callable[[], str]
) -> None:
    """Another issuer, audience, key or algorithm, none at all, and what has no end: 401, no user."""
    answer = await ask(served, make())

    async with database.reading() as conn:
        assert await list_users(conn) == []
    assert answer.status_code == 401


async def test_a_person_is_who_the_subject_says(served: Server, database: Database) -> None:
    """An address that a user of recoup has, or that is not verified, makes nobody that user."""
    own = await new_user(database, "ann@example.com")
    same_address = await ask(served, token())
    unverified = await ask(served, token(sub="person-2", email="bob@x.org", email_verified=False))

    assert same_address.json()["userId"] != own.user_id
    assert (same_address.json()["email"], same_address.json()["name"]) == (None, "Ann")
    assert unverified.json()["email"] is None
    assert unverified.json()["userId"] != same_address.json()["userId"]


async def test_without_a_provider_its_tokens_are_nobodys(server: Server) -> None:
    """Off unless the settings name one."""
    assert (await ask(server, token())).status_code == 401


async def test_keys_are_fetched_once_for_all_who_wait(login: Login) -> None:
    """One flight, and then none for minutes."""
    provider = login.provider()
    await asyncio.gather(*(provider.identify(token()) for _ in range(20)))
    await provider.identify(token(EC, kid="ec", algorithm="ES256"))

    assert login.fetches == 1


async def test_a_new_key_is_found_but_made_up_names_cost_nothing(login: Login) -> None:
    """For an unknown name the keys are fetched again, at most once a minute."""
    provider = login.provider()
    login.keys = [EC_KEY]
    await provider.identify(token(EC, kid="ec", algorithm="ES256"))
    login.keys = [RSA_KEY]
    for _ in range(3):
        with pytest.raises(UnauthenticatedError):
            await provider.identify(token())
    before = login.fetches
    login.now += timedelta(minutes=1)
    await provider.identify(token())
    for name in range(10):
        with pytest.raises(UnauthenticatedError):
            await provider.identify(token(kid=str(name)))

    assert (before, login.fetches) == (1, 2)


async def test_a_withdrawn_key_ends(login: Login) -> None:
    """Within minutes, as keys are fetched again."""
    provider = login.provider()
    await provider.identify(token())
    login.keys = [EC_KEY]
    login.now += timedelta(minutes=5)

    with pytest.raises(UnauthenticatedError):
        await provider.identify(token())


async def test_a_provider_that_is_away(login: Login) -> None:
    """Known keys go on for an hour; then, and from the start without any, it is a 503."""
    provider = login.provider()
    await provider.identify(token())
    login.is_down = True
    login.now += timedelta(minutes=59)
    await provider.identify(token())
    login.now += timedelta(minutes=2)
    with pytest.raises(IdentityProviderError):
        await provider.identify(token())
    with pytest.raises(IdentityProviderError):
        await Login(is_down=True).provider().identify(token())


@pytest.mark.parametrize("keys", [[], "no list", [{"kty": "oct", "k": "c2VjcmV0", "kid": "rsa"}]])
async def test_a_list_without_public_keys_accepts_nobody(keys: Any) -> None:
    """A shared key in it could be read by everybody who would then sign with it."""
    with pytest.raises((UnauthenticatedError, IdentityProviderError)):
        await Login(keys=keys).provider().identify(token())


@pytest.mark.parametrize("half", [{"jwt_issuer": ISSUER}, {"jwt_audience": AUDIENCE}, {}])
def test_a_provider_needs_issuer_and_audience(half: dict[str, str]) -> None:
    """Otherwise the tokens of any site of the same provider would sign in."""
    with pytest.raises(ValueError, match="RECOUP_JWT_ISSUER and RECOUP_JWT_AUDIENCE"):
        Settings(jwks_url="https://login.example/jwks", **half)
