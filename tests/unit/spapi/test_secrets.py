"""No secret in a text: neither in an error, nor in a repr, nor in a log line."""

from __future__ import annotations

import json
import traceback

import pytest
import structlog

from recoup.errors import RecoupError
from recoup.spapi.auth import _AccessToken
from recoup.spapi.client import Answer
from recoup.spapi.paging import OperationPage
from tests.support.scripted_server import BREAK, Reply
from tests.unit.spapi.amazon import CLIENT_SECRET, REFRESH_TOKEN, THINGS, TOKEN_PATH, token_reply

pytestmark = pytest.mark.anyio

ACCESS_TOKEN = "opaque-access-token"
SECRETS = (CLIENT_SECRET, REFRESH_TOKEN, ACCESS_TOKEN)


def texts_of(error):
    """Everything that a log, a terminal or a problem document could show of an error."""
    return "\n".join(
        [str(error), repr(error), str(vars(error)), *traceback.format_exception(error)]
    )


ECHO = f"You sent {ACCESS_TOKEN} for {REFRESH_TOKEN}, client {CLIENT_SECRET}, mail me@example.org"


@pytest.mark.parametrize(
    "answer",
    [
        Reply(status, {"errors": [{"code": code, "message": ECHO}]})
        for status in (400, 401, 403, 404, 429, 500)
        for code in ("InvalidInput", ACCESS_TOKEN)
    ]
    + [Reply(400, {"message": ECHO}), Reply(500, ECHO), Reply(200, ECHO), BREAK],
    ids=str,
)
async def test_no_error_of_a_call_shows_a_secret(api, server, answer):
    """Even when Amazon's answer repeats the token that it was sent."""
    server.always(TOKEN_PATH, token_reply(ACCESS_TOKEN))
    server.always("/things", answer)
    with (
        structlog.testing.capture_logs() as lines,
        pytest.raises(RecoupError) as caught,
    ):
        await api.call(THINGS, query={"nextToken": "t"})

    shown = texts_of(caught.value) + json.dumps(lines, default=str)
    assert not [secret for secret in (*SECRETS, "me@example.org") if secret in shown]
    assert lines


@pytest.mark.parametrize(
    "answer",
    [
        Reply(400, {"error": "invalid_grant", "error_description": ECHO}),
        Reply(401, {"error": "invalid_client", "error_description": ECHO}),
        Reply(400, {"error": ECHO}),
        Reply(500, ECHO),
        Reply(200, ECHO),
        Reply(200, {"access_token": f"{ACCESS_TOKEN}\r\nx: y", "expires_in": 3600}),
        Reply(200, {"access_token": f"{ACCESS_TOKEN}é", "expires_in": 3600}),
        BREAK,
    ],
    ids=str,
)
async def test_no_error_of_a_token_exchange_shows_a_secret(tokens, server, answer):
    """The description that Login with Amazon gives is never repeated."""
    server.always(TOKEN_PATH, answer)
    with (
        structlog.testing.capture_logs() as lines,
        pytest.raises(RecoupError) as caught,
    ):
        await tokens.get(REFRESH_TOKEN)

    shown = texts_of(caught.value) + json.dumps(lines, default=str)
    assert not [secret for secret in SECRETS if secret in shown]


async def test_no_object_shows_a_secret(api, tokens, server, time):
    """Who prints an object for debugging sees what it is, not what it keeps."""
    server.always(TOKEN_PATH, token_reply(ACCESS_TOKEN))
    await tokens.get(REFRESH_TOKEN)
    objects = [
        api,
        tokens,
        _AccessToken(ACCESS_TOKEN, time.now, time.now),
        Answer({"token": ACCESS_TOKEN}, time.now, None, 200),
        OperationPage(({"x": ACCESS_TOKEN},), ACCESS_TOKEN, None, time.now),
    ]

    assert not [o for o in objects for secret in SECRETS if secret in f"{o!r} {o!s}"]
