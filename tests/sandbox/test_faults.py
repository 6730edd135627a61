from __future__ import annotations

import json
import time

import httpx2
import pytest

from recoup.sandbox.config import FaultKind, parse_fault
from recoup.sandbox.faults import Numbered, draw_fault
from tests.sandbox.running import ORDERS, SELLERS, YEAR_AGO, Running, error_of


@pytest.fixture(scope="module")
def sandbox():
    with Running() as running:
        yield running


@pytest.fixture
def failing(sandbox):
    """Switches a fault on for every call; off again after the test."""

    def switch_on(*faults: str) -> None:
        answer = sandbox.control("faults", {"faults": list(faults)})
        assert answer.json() == {"faults": list(faults)}

    yield switch_on
    switch_on()


def test_throttled_comes_with_and_without_the_rate(sandbox, failing):
    """Faulted 429s have Amazon's body; about half carry the rate header."""
    token = sandbox.token()
    failing("429:1")
    answers = [sandbox.get(SELLERS, token) for _ in range(20)]

    assert {error_of(answer) for answer in answers} == {(429, "QuotaExceeded")}
    assert {"x-amzn-RateLimit-Limit" in answer.headers for answer in answers} == {True, False}


def test_internal_errors_have_amazon_s_shape(sandbox, failing):
    """500 answers InternalFailure without the rate header."""
    token = sandbox.token()
    failing("500:1")
    answer = sandbox.get(SELLERS, token)

    assert error_of(answer) == (500, "InternalFailure")
    assert "x-amzn-RateLimit-Limit" not in answer.headers


def test_unavailable_is_sometimes_a_web_page(sandbox, failing):
    """503 comes as JSON or as HTML, as a gateway would send it."""
    token = sandbox.token()
    failing("503:1")
    answers = [sandbox.get(SELLERS, token) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {503}
    types = {answer.headers["content-type"].split(";")[0] for answer in answers}
    assert types == {"application/json", "text/html"}


def test_reset_breaks_the_connection(sandbox, failing):
    """The client sees the connection reset, and the server goes on serving."""
    token = sandbox.token()
    failing("reset:1")
    with pytest.raises(httpx2.NetworkError):
        sandbox.get(SELLERS, token)

    failing()
    assert sandbox.get(SELLERS, token).status_code == 200


def test_stall_never_answers(sandbox, failing):
    """No header comes until the client gives up; other calls are answered meanwhile."""
    token = sandbox.token()
    failing("stall:1")
    with pytest.raises(httpx2.ReadTimeout):
        sandbox.client.get(SELLERS, headers={"x-amz-access-token": token}, timeout=0.4)

    assert sandbox.client.get("/_sandbox/calls").status_code == 200


def test_slow_adds_half_a_second(sandbox, failing):
    """The right answer comes, not before half a second has passed."""
    token = sandbox.token()
    failing("slow:1")
    begun = time.monotonic()
    answer = sandbox.get(SELLERS, token)

    assert answer.status_code == 200
    assert answer.json()["payload"]
    assert time.monotonic() - begun >= 0.5


def test_malformed_breaks_off_in_the_middle(sandbox, failing):
    """Status 200 and a complete HTTP answer, but no JSON document."""
    token = sandbox.token()
    failing("malformed:1")
    answer = sandbox.get(ORDERS, token, createdAfter=YEAR_AGO)

    assert answer.status_code == 200
    assert answer.text.startswith('{"orders"')
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_an_expired_token_helps_no_more(sandbox, failing):
    """The token is refused from then on; a new one is accepted."""
    token = sandbox.token()
    failing("expired-token:1")
    assert error_of(sandbox.get(SELLERS, token)) == (403, "Unauthorized")

    failing()
    assert sandbox.get(SELLERS, token).status_code == 403
    assert sandbox.get(SELLERS, sandbox.token()).status_code == 200


@pytest.mark.parametrize("kind", ["429", "500", "503"])
def test_the_token_endpoint_fails_too(sandbox, failing, kind):
    """Login with Amazon can be throttled and down."""
    failing(f"{kind}:1")

    assert sandbox.exchange().status_code == int(kind)


def test_the_token_endpoint_can_break_the_connection(sandbox, failing):
    """Login with Amazon can reset the connection."""
    failing("reset:1")
    with pytest.raises(httpx2.NetworkError):
        sandbox.exchange()


def test_the_token_endpoint_knows_no_faults_of_content(sandbox, failing):
    """Malformed answers and expired tokens are faults of SP-API operations only."""
    failing("malformed:1", "expired-token:1")

    assert sandbox.exchange().json()["token_type"] == "bearer"


def test_faults_are_counted(failing, sandbox):
    """/_sandbox/calls tells how many calls of an operation were made to fail, and how."""
    before = sandbox.client.get("/_sandbox/calls").json()["getMarketplaceParticipations"]
    token = sandbox.token()
    failing("500:1")
    sandbox.get(SELLERS, token)
    after = sandbox.client.get("/_sandbox/calls").json()["getMarketplaceParticipations"]

    assert after["calls"] == before["calls"] + 1
    assert after["faults"]["500"] == before["faults"].get("500", 0) + 1


def test_faults_hit_the_share_they_should():
    """Of many calls the rate's share fails, the same ones for the same seed."""
    faults = (parse_fault("500:0.1"),)
    drawn = [
        draw_fault(b"key", Numbered(n, "getOrder", n), faults, set(FaultKind))
        for n in range(10_000)
    ]

    assert 850 <= sum(one is not None for one in drawn) <= 1150
    assert drawn == [
        draw_fault(b"key", Numbered(n, "getOrder", n), faults, set(FaultKind))
        for n in range(10_000)
    ]


@pytest.mark.parametrize("body", [None, [], {"faults": "429:1"}, {"faults": ["teapot:1"]}])
def test_wrong_faults_are_refused(sandbox, body):
    """The control route explains what it expected."""
    answer = sandbox.control("faults", body)

    assert answer.status_code == 400
    assert answer.json()["error"]
