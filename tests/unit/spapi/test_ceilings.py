"""Small answers that would cost much: each ends at its ceiling, in an error that says so."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import time as real_time
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from recoup.clock import format_http_date
from recoup.errors import (
    BadRequestError,
    ClockError,
    ForbiddenHostError,
    MalformedAnswerError,
    OversizeError,
    RemoteNotFoundError,
    UnavailableError,
)
from recoup.spapi.answers import classify, parse_json
from recoup.spapi.ceilings import (
    ANSWER_BYTES,
    ANSWER_VALUES,
    DOWNLOAD_TIME,
    FILE_BYTES,
    MIB,
    UNPACKED_BYTES,
)
from recoup.spapi.client import SpApi
from recoup.spapi.documents import _spool, open_document, require_size
from recoup.spapi.operations.finances import list_transactions
from recoup.spapi.operations.reports import get_report
from recoup.spapi.transport import Download, Reply as Answered
from recoup.sync.pacing.slots import Slots
from tests.support.patience import PATIENCE
from tests.support.scripted_server import Reply
from tests.unit.spapi.amazon import NOON, REFRESH_TOKEN, THINGS, TOKEN_PATH, token_reply

pytestmark = pytest.mark.anyio

FILE = "/files/one"
PACKED = {"content-encoding": "gzip"}


def packed(size: int) -> bytes:
    """JSON of that size, in a thousandth of it."""
    return gzip.compress(b'{"things":"' + b"x" * size + b'"}')


async def test_an_answer_is_read_up_to_its_ceiling(api, server) -> None:
    """Half a megabyte that unpacks to 300 is neither unpacked nor asked for again."""
    server.script("/things", Reply(200, packed(300 * MIB), PACKED))
    tracemalloc.start()
    with pytest.raises(OversizeError, match="larger than 32 MiB"):
        await api.call(THINGS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 3 * ANSWER_BYTES
    assert len(server.requests("/things")) == 1


async def test_an_answer_that_unpacks_to_nothing_has_a_ceiling_too(api, server) -> None:
    """Padding behind a gzip member, like empty members, could go on for ever."""
    padded = gzip.compress(b'{"things": [1]}') + bytes(ANSWER_BYTES)
    server.script("/things", Reply(200, padded, PACKED))

    with pytest.raises(OversizeError, match="larger than 32 MiB"):
        await api.call(THINGS)


async def test_a_compressed_answer_is_an_answer(api, server) -> None:
    """What Amazon compresses is unpacked; nothing else was asked for."""
    server.script("/things", Reply(200, gzip.compress(b'{"things": [1]}'), PACKED))

    assert (await api.call(THINGS)).body == {"things": [1]}
    assert server.requests("/things")[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "encoding"), [(b"\x1f\x8bno", "gzip"), (b"{}", "br"), (b"{}", "zstd")]
)
async def test_an_answer_that_cannot_be_unpacked_is_malformed(api, server, body, encoding) -> None:
    """Damaged, or in an encoding that nobody asked for."""
    server.always("/things", Reply(200, body, {"content-encoding": encoding}))

    with pytest.raises(MalformedAnswerError):
        await api.call(THINGS)


async def test_an_error_of_many_words_is_an_error(api, server) -> None:
    """Its status counts; of a megabyte of words nobody reads any."""
    server.script("/things", Reply(400, packed(50 * MIB), PACKED))

    with pytest.raises(BadRequestError, match="Amazon answered 400"):
        await api.call(THINGS)


@pytest.mark.parametrize("word", ["x" * 52_000, "access token " * 4000, "a@" * 26_000])
def test_an_error_text_takes_no_time(word) -> None:
    """The words of 52 KB were matched for half a minute, in the event loop.

    Processor seconds of this thread: what else the machine does hardly changes them.
    """
    body = ('{"errors":[{"code":"Unauthorized","message":"' + word + '"}]}').encode()
    began = real_time.thread_time()
    for status in (400, 403):
        said = classify(THINGS, Answered(status, {}, body))
        assert len(str(said)) < 400

    assert real_time.thread_time() - began < 10


def test_a_number_is_as_long_as_an_amount() -> None:
    """A number that takes megabytes to write out is text, and spoils its own item only."""
    found = parse_json(
        b"[1e99999999, 1e-99999999, -0.1, 12345678901234567890.12, 1" + b"0" * 9000 + b"]"
    )

    assert found[:4] == [
        "1e99999999",
        "1e-99999999",
        Decimal("-0.1"),
        Decimal("12345678901234567890.12"),
    ]
    assert found[4] == "a number of 9001 characters"


def test_an_answer_has_as_many_values_as_a_page() -> None:
    """An empty list costs two bytes on the wire and fifty here."""
    with pytest.raises(ValueError, match="values"):
        parse_json(b"[" + b"[]," * (ANSWER_VALUES // 2) + b"0]")


async def test_an_odd_request_id_is_none(api, server) -> None:
    """It would stand in every message."""
    server.script("/things", Reply(400, None, {"x-amzn-RequestId": "x" * 5000}))

    with pytest.raises(BadRequestError) as caught:
        await api.call(THINGS)
    assert caught.value.request_id is None


def _offer(server, drip) -> None:
    address = {"reportDocumentId": "D1", "url": f"{server.url}{FILE}"}
    server.always("/reports/2021-06-30/documents/D1", Reply(200, address))
    server.always(FILE, Reply(200, drip=drip))


async def test_a_file_that_drips_is_broken_off(api, server, retry, time) -> None:
    """A byte each five seconds keeps every timeout away; a minute of them ends the download."""

    async def drip() -> AsyncIterator[bytes]:
        for number in itertools.count():
            # Ten minutes of it: nothing else may end the download, however far the server is ahead.
            if number < 120:
                time.now += DOWNLOAD_TIME / 720
            yield b"x"
            await asyncio.sleep(0)

    _offer(server, drip)
    with pytest.raises(UnavailableError, match="too slowly"):
        async with open_document(api, "D1", retry=retry):
            pass


async def test_a_download_takes_an_hour_at_most(api, server, retry, time) -> None:
    """Fast enough each minute, and without an end."""

    async def drip() -> AsyncIterator[bytes]:
        while True:
            time.now += DOWNLOAD_TIME / 120
            yield bytes(4 * MIB)
            await asyncio.sleep(0)

    _offer(server, drip)
    with pytest.raises(OversizeError, match="longer than 1:00:00"):
        async with open_document(api, "D1", retry=retry):
            pass


async def test_a_download_occupies_no_slot(api, server, http, tokens, budget, time, retry) -> None:
    """While a file drips, the worker's only slot is another seller's."""
    began = asyncio.Event()

    async def drip() -> AsyncIterator[bytes]:
        yield b"x"
        began.set()
        await asyncio.Event().wait()

    _offer(server, drip)
    slots = Slots(1)
    slow = SpApi(
        http=http,
        endpoint=server.url,
        tokens=tokens,
        refresh_token="Atzr|slow",
        budget=budget,
        clock=time.clock,
        retry=replace(retry),
        workplace=slots.seat(),
    )

    async def download() -> None:
        async with open_document(slow, "D1", retry=retry):
            pass

    downloading = asyncio.create_task(download())
    async with asyncio.timeout(PATIENCE):
        await began.wait()
        async with slots.seat().at_work():
            pass
    downloading.cancel()
    await asyncio.gather(downloading, return_exceptions=True)


async def test_a_file_is_stored_up_to_its_ceiling(tmp_path) -> None:
    """Counted while it arrives, not by the length that was announced."""

    class Nowhere:
        def write(self, piece: bytes) -> None: ...

    async def pieces() -> AsyncIterator[bytes]:
        piece = bytes(64 * MIB)
        while True:
            yield piece

    with pytest.raises(OversizeError, match=f"larger than {FILE_BYTES // MIB} MiB"):
        await _spool(Download(200, {}, pieces()), Nowhere())


def test_a_file_is_unpacked_up_to_its_ceiling() -> None:
    """The size is that of the unpacked bytes so far."""
    require_size(UNPACKED_BYTES)
    with pytest.raises(OversizeError, match="unpacked"):
        require_size(UNPACKED_BYTES + 1)


@pytest.mark.parametrize(
    "url", ["https://tortuga-prod-na.s3.amazonaws.com/" + "x" * 70_000, "\x00"]
)
async def test_an_address_that_is_none_is_refused(api, server, retry, url) -> None:
    """Whatever the HTTP library thinks of it, it is no error of recoup's own."""
    server.always(
        "/reports/2021-06-30/documents/D1", Reply(200, {"reportDocumentId": "D1", "url": url})
    )
    with pytest.raises(ForbiddenHostError):
        async with open_document(api, "D1", retry=retry):
            pass


@pytest.mark.parametrize("token", ["x" * 70_000, "\ud800", "a\x00b", "a\u2028b"])
async def test_a_page_token_that_is_none_is_malformed(api, server, token) -> None:
    """It would be part of the next address, and of the cursor."""
    page = {"payload": {"transactions": [], "nextToken": token}}
    server.script("/finances/2024-06-19/transactions", Reply(200, page))

    with pytest.raises(MalformedAnswerError, match="page token"):
        await list_transactions(api, posted_after=NOON)


@pytest.mark.parametrize(
    "change",
    [
        {"createdTime": "0001-01-01T00:00:00+14:00"},
        {"createdTime": "9999-12-31T23:59:59-12:00"},
        {"createdTime": "0001-01-01T00:00:00Z"},
        {"dataStartTime": "9999-12-31T00:00:00Z"},
        {"reportId": "a\x00b"},
        {"reportId": "x" * 5000},
        {"marketplaceIds": 7},
    ],
)
async def test_an_absurd_report_is_malformed(api, server, change) -> None:
    """Times of no calendar and ids that no table takes: the answer is at fault, not recoup."""
    report = {
        "reportId": "R1",
        "reportType": "T",
        "processingStatus": "DONE",
        "createdTime": "2026-11-01T00:00:00Z",
    }
    server.always("/reports/2021-06-30/reports/R1", Reply(200, report | change))

    with pytest.raises(MalformedAnswerError):
        await get_report(api, "R1")


async def test_half_a_surrogate_in_an_id_is_no_error_of_recoups(api, server) -> None:
    """Such an id is nobody's, as Amazon then says."""
    server.always("/reports/2021-06-30/reports/%3F", Reply(404, {}))

    with pytest.raises(RemoteNotFoundError):
        await get_report(api, "\ud800")


@pytest.mark.parametrize("days", [2, -2, 365])
async def test_a_clock_a_day_off_is_not_believed(api, server, tokens, time, days) -> None:
    """The local clock stays; only the exchange at the start of a sync says that one is wrong."""
    date = format_http_date(NOON + timedelta(days=days))
    server.script("/things", Reply(200, {}, {"date": date}))

    answer = await api.call(THINGS)

    assert answer.answered_at == api.now() == time.now
    tokens.require_believable_clock()
    server.script(TOKEN_PATH, token_reply(headers={"date": date}))
    await tokens.renew(REFRESH_TOKEN)
    with pytest.raises(ClockError, match="set this machine's clock"):
        tokens.require_believable_clock()
    assert tokens.ahead is None
    server.script(TOKEN_PATH, token_reply(headers={"date": format_http_date(NOON)}))
    await tokens.renew(REFRESH_TOKEN)
    tokens.require_believable_clock()
