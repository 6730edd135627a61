"""The one path of every call: what is sent, what is tried again, what is given up."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest

from recoup import __version__
from recoup.errors import (
    AccessTokenRejectedError,
    BadRequestError,
    ForbiddenError,
    MalformedAnswerError,
    PageTokenExpiredError,
    RemoteNotFoundError,
    ThrottledError,
    UnavailableError,
)
from recoup.spapi.bucket import SAFETY
from recoup.spapi.operation import Operation, UsagePlan
from tests.support.patience import PATIENCE
from tests.support.scripted_server import BREAK, CUT, SILENCE, Reply
from tests.unit.spapi.amazon import THINGS, TOKEN_PATH, token_reply

pytestmark = pytest.mark.anyio

GOOD = Reply(body={"things": [1]})
THING = Operation("getThing", "GET", "/things/{thingId}", UsagePlan(rate=2, burst=10))
MAKE_THING = Operation("createThing", "POST", "/things", UsagePlan(rate=2, burst=10))


def envelope(status, code, message, **headers):
    return Reply(
        status,
        {"errors": [{"code": code, "message": message, "details": ""}]},
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


async def test_a_request_has_the_headers_that_amazon_asks_for(api, server):
    """Token, date, user agent and accept; a GET has no body and no content length."""
    server.script("/things", GOOD)
    await api.call(THINGS)

    (request,) = server.requests("/things")
    assert request.headers["x-amz-access-token"] == "Atza|first"
    assert request.headers["x-amz-date"] == "20261123T120000Z"
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"] == f"recoup/{__version__} (Language=Python)"
    assert "content-length" not in request.headers
    assert "authorization" not in request.headers


async def test_a_query_joins_lists_by_commas_and_leaves_out_what_is_none(api, server):
    """The models name no collection format, so lists are one comma-separated value."""
    server.script("/things", GOOD)
    await api.call(THINGS, query={"ids": ["a", "b"], "name": "x&y=+", "nextToken": None})

    (request,) = server.requests("/things")
    assert request.query == {"ids": ["a,b"], "name": ["x&y=+"]}


async def test_a_path_value_cannot_leave_its_place(api, server):
    """Slashes and question marks in an id are encoded."""
    server.script("/things/a%2F..%3Fb", GOOD)
    answer = await api.call(THING, path={"thingId": "a/..?b"})

    assert answer.status == 200


async def test_a_body_is_sent_as_json(api, server):
    """A POST carries what it is given, and an empty answer to it is no error."""
    server.script("/things", Reply(202))
    answer = await api.call(MAKE_THING, body={"name": "x"})

    assert server.requests("/things")[0].body == b'{"name":"x"}'
    assert (answer.status, answer.body) == (202, None)


async def test_decimal_numbers_stay_exact(api, server):
    """0.1 is a tenth, and no digit of an amount is lost."""
    server.script("/things", Reply(body='{"a": 0.1, "b": 12345678901234567890.12, "c": 7}'))
    answer = await api.call(THINGS)

    assert answer.body == {"a": Decimal("0.1"), "b": Decimal("12345678901234567890.12"), "c": 7}


async def test_an_answer_keeps_amazons_time_and_request_id(api, server, time):
    """The Date header is the instant of the answer; the local clock is an hour behind."""
    headers = {"date": "Mon, 23 Nov 2026 13:00:00 GMT", "x-amzn-RequestId": "r-1"}
    server.script("/things", Reply(body={}, headers=headers))
    answer = await api.call(THINGS)

    assert answer.answered_at == datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert answer.request_id == "r-1"
    time.now += timedelta(minutes=5)
    assert api.now() == datetime(2026, 11, 23, 13, 5, tzinfo=UTC)


async def test_without_a_date_header_the_last_known_clock_counts(api, server):
    """Login with Amazon showed its clock, so an answer without a Date is in its time."""
    server.script(TOKEN_PATH, token_reply(headers={"date": "Mon, 23 Nov 2026 11:00:00 GMT"}))
    server.script("/things", Reply(body={}, headers={"date": "yesterday"}))
    answer = await api.call(THINGS)

    assert answer.answered_at == datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert api.now() == datetime(2026, 11, 23, 11, tzinfo=UTC)


async def test_before_any_answer_the_local_clock_counts(api, time):
    """Nothing was learned yet."""
    assert api.now() == time.now


@pytest.mark.parametrize(
    ("header", "learned"),
    [
        ("1.5", [1.5]),
        (" 10 ", [10.0]),
        ("0.0056", [0.125]),
        ("500", [20.0]),
        ("0", []),
        ("-1", []),
        ("fast", []),
        ("nan", []),
        ("inf", []),
        ("1e9", []),
        ("", []),
    ],
)
async def test_the_rate_is_learned_from_the_header_unless_it_is_nonsense(
    api, server, budget, header, learned
):
    """A rate of zero would stop recoup for ever, a huge one would flood Amazon: the header is
    believed from a sixteenth of the documented rate to its tenfold.
    """
    server.script("/things", Reply(body={}, headers={"x-amzn-RateLimit-Limit": header}))
    await api.call(THINGS)

    assert budget.rates == learned


async def test_the_rate_is_learned_from_an_error_too(api, server, budget):
    """Amazon sends the header on 400 and 404 as well."""
    server.script("/things", envelope(404, "NotFound", "no", x_amzn_RateLimit_Limit="0.5"))
    with pytest.raises(RemoteNotFoundError):
        await api.call(THINGS)

    assert budget.rates == [0.5]


async def test_a_429_is_told_to_the_budget_and_waited_out(api, server, budget, time):
    """Without a header the assumed rate is halved: the next call is due after 1 / (1 * 0.97) s."""
    server.script("/things", envelope(429, "QuotaExceeded", "quota"), GOOD)
    await api.call(THINGS)

    assert budget.throttlings == [None]
    assert sum(time.slept) == pytest.approx(1 / (1 * SAFETY), rel=1e-3)


async def test_a_429_with_a_rate_keeps_that_rate(api, server, budget, time):
    """The header confirms the rate, so it is not halved."""
    throttled = envelope(429, "QuotaExceeded", "quota", x_amzn_RateLimit_Limit="2")
    server.script("/things", throttled, GOOD)
    await api.call(THINGS)

    assert sum(time.slept) == pytest.approx(1 / (2 * SAFETY), rel=1e-3)


async def test_a_retry_after_is_honoured(api, server, budget, time):
    """In seconds or as a date; Amazon's own wait goes to the budget."""
    server.script(
        "/things",
        envelope(429, "QuotaExceeded", "quota", retry_after="20"),
        envelope(
            429,
            "QuotaExceeded",
            "quota",
            date="Mon, 23 Nov 2026 12:00:00 GMT",
            retry_after="Mon, 23 Nov 2026 12:01:30 GMT",
        ),
        GOOD,
    )
    await api.call(THINGS)

    assert budget.throttlings == [timedelta(seconds=20), timedelta(seconds=90)]
    assert sum(time.slept) >= 110


async def test_many_429s_are_no_failed_attempts(api, server, budget):
    """Twenty 429s, far more than the attempts of a failing call, end in the answer."""
    server.script("/things", *[envelope(429, "QuotaExceeded", "quota")] * 20, GOOD)
    answer = await api.call(THINGS)

    assert answer.status == 200
    assert len(budget.throttlings) == 20


async def test_nothing_but_429s_for_hours_is_given_up(api, server, time):
    """After six hours the error says so; the wait is not endless."""
    server.always("/things", envelope(429, "QuotaExceeded", "quota", x_amzn_RequestId="r-9"))
    begun = time.now
    with pytest.raises(ThrottledError) as caught:
        await api.call(THINGS)

    assert timedelta(hours=6) <= time.now - begun < timedelta(hours=7)
    assert caught.value.request_id == "r-9"


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(500),
        envelope(500, "InternalFailure", None),
        Reply(503, "<html><body>Service Unavailable</body></html>"),
        Reply(504, b"\xff\xfe"),
        Reply(200, '{"things": ['),
        Reply(200, "<html></html>"),
        Reply(200, '{"amount": NaN}'),
        Reply(200),
        Reply(302, headers={"location": "http://127.0.0.1:1/"}),
        Reply(200, {"errors": [{"code": "InternalFailure", "message": "x"}]}),
        BREAK,
        CUT,
    ],
    ids=str,
)
async def test_trouble_that_passes_is_tried_again(api, server, time, budget, trouble):
    """One bad answer costs a back-off and one more call of the budget."""
    server.script("/things", trouble, GOOD)
    answer = await api.call(THINGS)

    assert answer.body == {"things": [1]}
    assert time.slept == [0.5]
    assert budget.acquired == ["getThings"] * 2


async def test_an_outage_of_minutes_is_waited_out(api, server, time, budget):
    """An Amazon that is away for five minutes costs no sync, and a person is told of it."""
    server.script("/things", *[Reply(503)] * 18, GOOD)
    answer = await api.call(THINGS)

    assert answer.body == {"things": [1]}
    assert 300 < sum(time.slept) < 600
    assert budget.told == ["unanswered getThings"] * 15 + ["recovered getThings"]


async def test_an_outage_that_stays_is_given_up(api, server, time):
    """After ten minutes. The waits double up to a ceiling; the error carries operation, status,
    code and request id."""
    server.always("/things", envelope(500, "InternalFailure", "x", x_amzn_RequestId="r-2"))
    with pytest.raises(UnavailableError) as caught:
        await api.call(THINGS)

    error = caught.value
    assert (error.operation, error.status, error.code) == ("getThings", 500, "InternalFailure")
    assert "request r-2" in str(error)
    assert time.slept[:8] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert 600 <= sum(time.slept) < 630


async def test_malformed_answers_that_stay_are_an_error(api, server):
    """Six broken texts are not taken for an empty answer."""
    server.script("/things", *[Reply(200, "{")] * 6)
    with pytest.raises(MalformedAnswerError):
        await api.call(THINGS)


async def test_an_answer_that_never_comes_is_a_timeout(api, server, http):
    """The read timeout ends it, and the call is tried again."""
    http.timeout = httpx2.Timeout(0.05)
    server.script("/things", SILENCE, GOOD)
    server.script(TOKEN_PATH, token_reply())
    answer = await api.call(THINGS)

    assert answer.status == 200


async def test_a_cancel_ends_a_call_that_waits_for_its_answer_at_once(api, server):
    """Nothing swallows the cancel, no retry follows it."""
    server.script("/things", SILENCE)
    call = asyncio.create_task(api.call(THINGS))
    await server.wait_for("/things")
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(call, timeout=PATIENCE)
    assert len(server.requests("/things")) == 1


@pytest.mark.parametrize(
    "refused",
    [
        Reply(401, {"message": "Unauthorized"}),
        envelope(401, "Unauthorized", "no"),
        envelope(
            403, "Unauthorized", "The access token you provided is revoked, malformed or invalid."
        ),
        envelope(403, "Unauthorized", "The access token you provided has expired."),
        envelope(403, "Unauthorized", "Your expired access token was refused."),
    ],
    ids=str,
)
async def test_a_token_refused_in_the_middle_is_renewed_once(api, server, refused):
    """The second try carries the new token."""
    server.script(TOKEN_PATH, token_reply("Atza|first"), token_reply("Atza|second"))
    server.script("/things", refused, GOOD)
    await api.call(THINGS)

    used = [request.headers["x-amz-access-token"] for request in server.requests("/things")]
    assert used == ["Atza|first", "Atza|second"]


async def test_a_new_token_that_is_refused_too_is_given_up(api, server):
    """Three renewals, no loop."""
    server.script("/things", *[Reply(401)] * 4)
    with pytest.raises(AccessTokenRejectedError):
        await api.call(THINGS)

    assert len(server.requests(TOKEN_PATH)) == 4


async def test_tasks_refused_together_renew_together(api, server):
    """Five calls whose token expired at the same moment make one exchange."""
    server.script(TOKEN_PATH, token_reply("Atza|first"), token_reply("Atza|second"))
    refused = asyncio.Event()
    server.script("/things", *[Reply(401, after=refused)] * 5, *[GOOD] * 5)
    calls = [asyncio.create_task(api.call(THINGS)) for _ in range(5)]
    await server.wait_for("/things", 5)
    refused.set()
    await asyncio.gather(*calls)

    assert len(server.requests(TOKEN_PATH)) == 2


async def test_a_late_refusal_of_a_replaced_token_takes_the_new_one(api, server):
    """A call that is refused after others have renewed the token makes no exchange of its own."""
    server.script(TOKEN_PATH, token_reply("Atza|first"), token_reply("Atza|second"))
    late = asyncio.Event()
    server.script("/things/slow", Reply(401, after=late), GOOD)
    server.script("/things", Reply(401), GOOD)
    slow = asyncio.create_task(api.call(THING, path={"thingId": "slow"}))
    await server.wait_for("/things/slow")
    await api.call(THINGS)
    late.set()
    await slow

    assert len(server.requests(TOKEN_PATH)) == 2
    assert server.requests("/things/slow")[1].headers["x-amz-access-token"] == "Atza|second"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (
            envelope(403, "Unauthorized", "Access to requested resource is denied."),
            ForbiddenError,
        ),
        (envelope(403, "MissingAuthenticationToken", "Missing"), ForbiddenError),
        (Reply(403, "<html>forbidden</html>"), ForbiddenError),
        (Reply(403), ForbiddenError),
        (envelope(404, "NotFound", "no such thing"), RemoteNotFoundError),
        (envelope(400, "InvalidInput", None), BadRequestError),
        (Reply(400, {"errors": "text"}), BadRequestError),
        (Reply(400, {"errors": [None]}), BadRequestError),
        (Reply(400, ["list"]), BadRequestError),
        (Reply(413), BadRequestError),
        (Reply(415, {"message": None}), BadRequestError),
        (Reply(200, {"payload": None, "errors": [{"code": "InvalidInput"}]}), BadRequestError),
    ],
    ids=str,
)
async def test_a_refusal_is_not_repeated(api, server, reply, error):
    """The status decides, whatever the body looks like; the call is made once."""
    server.script("/things", reply)
    with pytest.raises(error) as caught:
        await api.call(THINGS)

    assert type(caught.value) is error
    assert len(server.requests("/things")) == 1


async def test_errors_beside_a_payload_are_no_error(api, server):
    """v0 schemas show an errors key beside the payload; data is data."""
    body = {"payload": {"things": []}, "errors": []}
    server.script("/things", Reply(body=body))

    assert (await api.call(THINGS)).body == body


@pytest.mark.parametrize("parameter", ["paginationToken", "nextToken", "NextToken"])
async def test_a_400_with_a_page_token_means_the_token_is_dead(api, server, parameter):
    """The first page was accepted, so it is the token; the message may even be null."""
    server.script("/things", envelope(400, "InvalidInput", None))
    with pytest.raises(PageTokenExpiredError):
        await api.call(THINGS, query={parameter: "token"})


async def test_every_try_spends_budget(api, server, budget):
    """Retries, 429s and renewed tokens count: Amazon counts them too."""
    server.script("/things", Reply(500), Reply(429), Reply(401), GOOD)
    await api.call(THINGS)

    assert budget.acquired == ["getThings"] * 4
