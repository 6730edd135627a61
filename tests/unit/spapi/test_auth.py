"""Access tokens: few exchanges, clear errors."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from recoup.errors import (
    BadRequestError,
    ConsentError,
    InvalidClientError,
    MalformedAnswerError,
    ReauthorizationRequiredError,
    UnavailableError,
)
from recoup.spapi.auth import AccessTokens
from recoup.spapi.servers import Application
from tests.support.scripted_server import BREAK, CUT, SILENCE, Reply
from tests.unit.spapi.amazon import CLIENT_SECRET, REFRESH_TOKEN, TOKEN_PATH, token_reply

pytestmark = pytest.mark.anyio


def refusal(status, error, description="text"):
    return Reply(status, {"error": error, "error_description": description})


async def test_the_exchange_sends_its_secrets_in_the_form_body_only(tokens, server):
    """A query string ends up in logs, so nothing secret is in the address or a header."""
    server.script(TOKEN_PATH, token_reply())
    assert await tokens.get(REFRESH_TOKEN) == "Atza|first"

    (request,) = server.received
    assert request.form == {
        "grant_type": "refresh_token",
        "refresh_token": REFRESH_TOKEN,
        "client_id": "client-id",
        "client_secret": CLIENT_SECRET,
    }
    assert request.method == "POST"
    assert request.query == {}
    assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert not any("nobody" in value for value in request.headers.values())


async def test_a_token_is_kept_until_five_minutes_before_its_end(tokens, server, time):
    """3600 s of life serve for 3300 s, and not a second longer."""
    server.script(TOKEN_PATH, token_reply("Atza|first"), token_reply("Atza|second"))
    await tokens.get(REFRESH_TOKEN)
    time.now += timedelta(seconds=3299)
    assert await tokens.get(REFRESH_TOKEN) == "Atza|first"
    time.now += timedelta(seconds=2)
    assert await tokens.get(REFRESH_TOKEN) == "Atza|second"


async def test_a_short_lived_token_is_used_too(tokens, server, time):
    """The margin is a tenth of a short life, so a token of ten seconds serves for nine."""
    server.script(TOKEN_PATH, token_reply("Atza|first", 10), token_reply("Atza|second", 10))
    await tokens.get(REFRESH_TOKEN)
    time.now += timedelta(seconds=8.5)
    assert await tokens.get(REFRESH_TOKEN) == "Atza|first"
    time.now += timedelta(seconds=1)
    assert await tokens.get(REFRESH_TOKEN) == "Atza|second"


async def test_each_seller_has_a_token_of_its_own(tokens, server):
    """A kept token is given to the refresh token that it came from, to no other."""
    server.script(TOKEN_PATH, token_reply("Atza|one"), token_reply("Atza|two"))
    given = [await tokens.get(seller) for seller in ("Atzr|1", "Atzr|2", "Atzr|1", "Atzr|2")]

    assert given == ["Atza|one", "Atza|two", "Atza|one", "Atza|two"]


async def test_fifty_tasks_make_one_exchange(tokens, server):
    """However many ask at once, one request goes to Amazon and all get its token."""
    answer = asyncio.Event()
    server.script(TOKEN_PATH, token_reply(after=answer))
    asking = [asyncio.create_task(tokens.get(REFRESH_TOKEN)) for _ in range(50)]
    await server.wait_for(TOKEN_PATH)
    answer.set()

    assert await asyncio.gather(*asking) == ["Atza|first"] * 50
    assert len(server.received) == 1


async def test_a_cancelled_waiter_leaves_the_exchange_to_the_others(tokens, server):
    """Even when the one who started it goes, the others get the token of the same request."""
    answer = asyncio.Event()
    server.script(TOKEN_PATH, token_reply(after=answer))
    first, second = (asyncio.create_task(tokens.get(REFRESH_TOKEN)) for _ in range(2))
    await server.wait_for(TOKEN_PATH)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    answer.set()

    assert await second == "Atza|first"


async def test_the_last_waiter_that_is_cancelled_takes_the_exchange_along(tokens, server):
    """Nobody waits any more: the request ends, and the next one who asks makes a new one."""
    server.script(TOKEN_PATH, SILENCE, token_reply("Atza|second"))
    waiter = asyncio.create_task(tokens.get(REFRESH_TOKEN))
    await server.wait_for(TOKEN_PATH)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter

    assert await tokens.get(REFRESH_TOKEN) == "Atza|second"


async def test_a_refused_exchange_fails_all_its_waiters_with_one_request(tokens, server):
    """A revoked seller costs one call, not one per task."""
    answer = asyncio.Event()
    server.script(
        TOKEN_PATH, Reply(400, {"error": "invalid_grant"}, after=answer), token_reply("Atza|again")
    )
    asking = [asyncio.create_task(tokens.get(REFRESH_TOKEN)) for _ in range(10)]
    await server.wait_for(TOKEN_PATH)
    answer.set()
    results = await asyncio.gather(*asking, return_exceptions=True)

    assert [type(result) for result in results] == [ReauthorizationRequiredError] * 10
    assert len(server.received) == 1
    assert await tokens.get(REFRESH_TOKEN) == "Atza|again"


async def test_renew_exchanges_although_a_token_is_kept(tokens, server):
    """The start of a sync learns whether the authorisation still holds."""
    server.script(TOKEN_PATH, token_reply(), refusal(400, "invalid_grant"))
    await tokens.get(REFRESH_TOKEN)

    with pytest.raises(ReauthorizationRequiredError):
        await tokens.renew(REFRESH_TOKEN)


async def test_tasks_whose_token_was_refused_make_one_exchange(tokens, server):
    """Whoever comes with a token that was replaced already gets the new one without a request."""
    server.script(TOKEN_PATH, token_reply("Atza|first"), token_reply("Atza|second"))
    stale = await tokens.get(REFRESH_TOKEN)
    together = [tokens.renew(REFRESH_TOKEN, stale=stale) for _ in range(5)]
    assert await asyncio.gather(*together) == ["Atza|second"] * 5
    assert await tokens.renew(REFRESH_TOKEN, stale=stale) == "Atza|second"

    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, "invalid_client"), (400, "unauthorized_client"), (401, "no_such_code")],
)
async def test_a_refused_application_says_what_to_check(tokens, server, status, error):
    """Every connection fails at once, so the person who runs recoup is told where to look."""
    server.script(TOKEN_PATH, refusal(status, error))

    with pytest.raises(
        InvalidClientError, match=r"RECOUP_LWA_CLIENT_ID.*RECOUP_LWA_CLIENT_SECRET.*180 days"
    ):
        await tokens.get(REFRESH_TOKEN)


@pytest.fixture
def rotating(server, http, time, retry) -> AccessTokens:
    """An application whose new secret and the one before are both set."""
    return AccessTokens(
        http,
        endpoint=server.url,
        application=Application("client-id", "new-secret", "old-secret"),
        clock=time.clock,
        retry=retry,
    )


async def test_two_secrets_are_accepted_while_one_is_rotated(rotating, server):
    """The one before is used when the new one is refused, and goes first from then on."""
    server.script(
        TOKEN_PATH,
        refusal(401, "invalid_client"),
        token_reply("Atza|first"),
        token_reply("Atza|second"),
        refusal(401, "invalid_client"),
        token_reply("Atza|third"),
    )
    for _ in range(3):
        await rotating.renew(REFRESH_TOKEN)

    sent = [request.form["client_secret"] for request in server.received]
    assert sent == ["new-secret", "old-secret", "old-secret", "old-secret", "new-secret"]


async def test_when_both_secrets_are_refused_the_application_is(rotating, server):
    """One try each, and an error that is not the seller's."""
    server.always(TOKEN_PATH, refusal(401, "invalid_client"))

    with pytest.raises(InvalidClientError, match="RECOUP_LWA_CLIENT_SECRET"):
        await rotating.get(REFRESH_TOKEN)
    assert len(server.received) == 2


@pytest.mark.parametrize("error", ["invalid_request", "unsupported_grant_type"])
async def test_a_request_that_amazon_does_not_understand_is_not_repeated(tokens, server, error):
    """It is a mistake of ours: one call, one error."""
    server.script(TOKEN_PATH, refusal(400, error))

    with pytest.raises(BadRequestError, match=error):
        await tokens.get(REFRESH_TOKEN)


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(500),
        Reply(503, "<html>busy</html>"),
        Reply(429, {"error": "slow_down"}),
        BREAK,
        CUT,
        Reply(200, "{half"),
        Reply(200, {"token_type": "bearer"}),
        Reply(200, {"access_token": "Atza|x\n", "expires_in": 3600}),
        Reply(200, {"access_token": "Atza|x", "expires_in": 0}),
    ],
    ids=str,
)
async def test_trouble_that_passes_is_waited_out(tokens, server, time, trouble):
    """One bad answer costs one back-off, then the token is there."""
    server.script(TOKEN_PATH, trouble, token_reply())

    assert await tokens.get(REFRESH_TOKEN) == "Atza|first"
    assert time.slept == [0.5]


async def test_an_outage_that_stays_is_given_up(tokens, server, time):
    """After ten minutes; the waits double up to a ceiling, and the error names the operation."""
    server.always(TOKEN_PATH, Reply(503))

    with pytest.raises(UnavailableError) as caught:
        await tokens.get(REFRESH_TOKEN)
    assert caught.value.operation == "lwa.token"
    assert time.slept[:8] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert 600 <= sum(time.slept) < 630


async def test_an_answer_without_a_token_is_an_error_in_the_end(tokens, server):
    """Six answers that hold no token are not taken for one."""
    server.script(TOKEN_PATH, *[Reply(200, {})] * 6)

    with pytest.raises(MalformedAnswerError):
        await tokens.get(REFRESH_TOKEN)


async def test_amazons_own_wait_is_honoured(tokens, server, time):
    """A Retry-After that is longer than the back-off is waited."""
    server.script(TOKEN_PATH, Reply(429, headers={"retry-after": "7"}), token_reply())
    await tokens.get(REFRESH_TOKEN)

    assert time.slept == [7]


async def test_a_token_in_its_last_minutes_serves_while_login_is_down(tokens, server, time):
    """An outage of Login with Amazon does not end calls whose token still lives."""
    server.script(TOKEN_PATH, token_reply())
    await tokens.get(REFRESH_TOKEN)
    server.always(TOKEN_PATH, Reply(500))
    time.now += timedelta(seconds=3400)
    assert await tokens.get(REFRESH_TOKEN) == "Atza|first"
    assert await tokens.renew(REFRESH_TOKEN) == "Atza|first"
    assert sum(time.slept) < 60
    time.now += timedelta(seconds=300)
    with pytest.raises(UnavailableError):
        await tokens.get(REFRESH_TOKEN)


async def test_amazons_clock_is_learned_from_the_exchange(tokens, server, time):
    """The Date header tells how far ahead Amazon is; before it nobody knows."""
    assert tokens.ahead is None
    server.script(TOKEN_PATH, token_reply(headers={"date": "Mon, 23 Nov 2026 13:00:00 GMT"}))
    await tokens.get(REFRESH_TOKEN)

    assert time.now == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert tokens.ahead == timedelta(hours=1)


BACK = "https://recoup.example/callback"


def bought(refresh_token: object = "Atzr|bought"):
    return Reply(
        200, {"access_token": "Atza|first", "expires_in": 3600, "refresh_token": refresh_token}
    )


async def test_an_authorization_code_buys_a_refresh_token(tokens, server):
    """One request with the address of the consent page; its access token is kept."""
    server.script(TOKEN_PATH, bought())

    assert await tokens.redeem("code", BACK) == "Atzr|bought"
    assert await tokens.get("Atzr|bought") == "Atza|first"
    (request,) = server.received
    assert request.form == {
        "grant_type": "authorization_code",
        "code": "code",
        "redirect_uri": BACK,
        "client_id": "client-id",
        "client_secret": CLIENT_SECRET,
    }


async def test_a_code_that_amazon_refuses_is_not_tried_again(tokens, server):
    """It is good once: the seller has to approve again, which is no lost authorization."""
    server.script(TOKEN_PATH, refusal(400, "invalid_grant"))

    with pytest.raises(ConsentError, match="connect the account again"):
        await tokens.redeem("code", BACK)
    assert len(server.received) == 1


async def test_a_code_is_bought_with_the_other_secret_too(rotating, server):
    """While the secret is rotated nobody has to approve twice."""
    server.script(TOKEN_PATH, refusal(401, "invalid_client"), bought())

    assert await rotating.redeem("code", BACK) == "Atzr|bought"
    assert [r.form["client_secret"] for r in server.received] == ["new-secret", "old-secret"]


@pytest.mark.parametrize("refresh_token", [None, "", "Atzr|\x00", "x" * 5000])
async def test_a_refresh_token_that_cannot_be_stored_is_refused(tokens, server, refresh_token):
    """Amazon's documents promise one."""
    server.script(TOKEN_PATH, bought(refresh_token))

    with pytest.raises(MalformedAnswerError, match="refresh token"):
        await tokens.redeem("code", BACK)
