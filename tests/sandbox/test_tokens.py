from __future__ import annotations

import pytest

from tests.sandbox.running import ORDERS, SELLERS, YEAR_AGO, Running, error_of


def test_a_refresh_token_becomes_an_access_token(sandbox):
    """The answer has Amazon's four fields and a token that works."""
    answer = sandbox.exchange()
    body = answer.json()

    assert answer.status_code == 200
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (body["refresh_token"], body["token_type"], body["expires_in"]) == (
        "Atzr|test",
        "bearer",
        3600,
    )
    assert body["access_token"].startswith("Atza|")
    assert sandbox.get(SELLERS, body["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"refresh_token": "nonsense"}, 400, "invalid_grant"),
        ({"refresh_token": "test"}, 400, "invalid_grant"),
        ({"refresh_token": "Atza|test"}, 400, "invalid_grant"),
        ({"refresh_token": "Atzr|revoked-1"}, 400, "invalid_grant"),
        ({"refresh_token": ""}, 400, "invalid_request"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_token_errors_have_their_own_shape(sandbox, changes, status, error):
    """A refused exchange answers in the form of Login with Amazon, not of SP-API."""
    answer = sandbox.exchange(**changes)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}


def test_a_revoked_token_says_so(sandbox):
    """A refresh token that begins with Atzr|revoked gets the text of a revoked authorisation."""
    description = sandbox.exchange("Atzr|revoked").json()["error_description"]

    assert "User may have revoked or didn't grant the permission." in description


@pytest.mark.parametrize("token", ["", "Atza|unknown"])
def test_without_a_valid_access_token_nothing_is_told(sandbox, token):
    """A missing or unknown access token: 403 in Amazon's words, without the rate header."""
    answer = sandbox.client.get(SELLERS, headers={"x-amz-access-token": token})

    assert error_of(answer) == (403, "Unauthorized")
    assert "revoked, malformed or invalid" in answer.text
    assert "x-amzn-RateLimit-Limit" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nonsense"), ("POST", ORDERS), ("GET", f"{ORDERS}/")]
)
def test_an_unknown_operation_is_forbidden(sandbox, method, path):
    """Amazon's gateway answers a wrong path or method with 403, not 404."""
    answer = sandbox.client.request(method, path)

    assert error_of(answer) == (403, "MissingAuthenticationToken")


def test_a_signature_is_ignored(sandbox):
    """Clients that still sign with SigV4 are served."""
    headers = {"x-amz-access-token": sandbox.token(), "Authorization": "AWS4-HMAC-SHA256 x"}

    assert sandbox.client.get(SELLERS, headers=headers).status_code == 200


def test_sellers_have_worlds_of_their_own(sandbox):
    """Another refresh token is another seller with other orders, as many of them."""
    mine, other = (
        {order["orderId"] for order in sandbox.orders(sandbox.token(name), createdAfter=YEAR_AGO)}
        for name in ("Atzr|test", "Atzr|other")
    )

    assert len(mine) == len(other) == 400
    assert not mine & other
    assert sandbox.world(refreshToken="Atzr|other")["sellerId"] != sandbox.world()["sellerId"]


def test_access_tokens_expire_with_the_world_s_time():
    """An hour and a second later the token is refused and a new one works."""
    with Running() as sandbox:
        token = sandbox.token()
        sandbox.control("clock", {"advance": "PT59M"})
        assert sandbox.get(SELLERS, token).status_code == 200

        sandbox.control("clock", {"advance": "PT61S"})
        assert sandbox.get(SELLERS, token).status_code == 403
        assert sandbox.get(SELLERS, sandbox.token()).status_code == 200


def test_all_access_tokens_can_be_expired_at_once():
    """POST /_sandbox/expire-tokens invalidates every token given out so far."""
    with Running() as sandbox:
        tokens = [sandbox.token(), sandbox.token("Atzr|other")]

        assert sandbox.control("expire-tokens").json() == {"expired": 2}
        assert {sandbox.get(SELLERS, token).status_code for token in tokens} == {403}


def test_every_answer_carries_a_request_id_and_the_world_s_date(sandbox):
    """Refusals too name a request id and tell the time of the world."""
    answers = [sandbox.get(SELLERS), sandbox.client.get("/nonsense"), sandbox.exchange("x")]

    assert len({answer.headers["x-amzn-RequestId"] for answer in answers}) == 3
    assert all("15 Nov 2026" in answer.headers["date"] for answer in answers)
    assert all(len(answer.headers.get_list("date")) == 1 for answer in answers)


def test_the_seller_takes_part_in_two_marketplaces(sandbox):
    """The participations name the United States and Canada."""
    payload = sandbox.get(SELLERS).json()["payload"]

    assert [one["marketplace"]["countryCode"] for one in payload] == ["US", "CA"]
