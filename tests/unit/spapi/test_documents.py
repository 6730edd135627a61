"""Downloads: from where, without what, and again when they break off."""

from __future__ import annotations

import gzip

import pytest

from recoup.errors import (
    BrokenDocumentError,
    DocumentExpiredError,
    ForbiddenHostError,
    MalformedAnswerError,
)
from recoup.spapi.documents import charset_of, open_document
from recoup.spapi.endpoints import require_document_host
from recoup.spapi.gunzip import GzipReader
from tests.support.scripted_server import BREAK, Reply

pytestmark = pytest.mark.anyio

ADDRESS = "/reports/2021-06-30/documents/D1"
FILE = "/files/one"
PACKED = gzip.compress(b"a\tb\n1\t2\n" * 5000)


@pytest.fixture
def offered(api, server):
    """Each time it is asked Amazon offers the file at the same place."""
    server.always(
        ADDRESS,
        Reply(
            200,
            {
                "reportDocumentId": "D1",
                "url": f"{server.url}{FILE}?X-Amz-Signature=secret",
                "compressionAlgorithm": "GZIP",
            },
        ),
    )
    return api


async def read(api, retry) -> bytes:
    async with open_document(api, "D1", retry=retry) as spool:
        return spool.file.read()


async def test_a_file_comes_as_it_is_and_gets_no_token(offered, server, retry) -> None:
    """The bytes are not unpacked, the charset is kept, and the access token stays with us."""
    server.script(
        FILE,
        Reply(
            200, PACKED, {"content-type": "text/plain; charset=Cp1252", "content-encoding": "gzip"}
        ),
    )

    async with open_document(offered, "D1", retry=retry) as spool:
        assert spool.file.read() == PACKED
        assert (spool.charset, spool.is_compressed, spool.size_bytes) == (
            "Cp1252",
            True,
            len(PACKED),
        )

    asked = next(one for one in server.received if one.path == FILE)
    assert "x-amz-access-token" not in asked.headers
    assert "authorization" not in asked.headers


@pytest.mark.parametrize(
    "answer",
    [Reply(403), Reply(404), Reply(500), BREAK, Reply(200, PACKED[:-9]), Reply(200, b"no gzip")],
    ids=["403", "404", "500", "break", "truncated", "damaged"],
)
async def test_an_address_is_asked_for_again(offered, server, retry, answer) -> None:
    """One that has expired, and one whose file breaks off: the next one brings the file."""
    server.script(FILE, answer, Reply(200, PACKED))

    assert await read(offered, retry) == PACKED
    assert len([one for one in server.received if one.path == ADDRESS]) == 2


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        ("GZIP", b"sku\tqty\nA\t1\n"),
        (None, PACKED),
        ("GZIP", gzip.compress(PACKED)),
        ("GZIP", PACKED + b"\x00" * 40),
    ],
    ids=["plain", "untold", "twice", "padded"],
)
async def test_what_is_said_of_compression_is_not_believed(api, server, retry, told, sent) -> None:
    """The first bytes tell, in both directions: a whole file is taken at the first download."""
    address = {"reportDocumentId": "D1", "url": f"{server.url}{FILE}"}
    server.always(ADDRESS, Reply(200, address | ({"compressionAlgorithm": told} if told else {})))
    server.always(FILE, Reply(200, sent))

    assert await read(api, retry) == sent
    assert len([one for one in server.received if one.path == FILE]) == 1


async def test_untold_gzip_that_breaks_off_is_downloaded_again(api, server, retry) -> None:
    """What has no end is found, whatever was said of it."""
    server.always(ADDRESS, Reply(200, {"reportDocumentId": "D1", "url": f"{server.url}{FILE}"}))
    server.script(FILE, Reply(200, PACKED[:-9]), Reply(200, PACKED))

    assert await read(api, retry) == PACKED


@pytest.mark.parametrize(
    ("answer", "error"),
    [(Reply(403), DocumentExpiredError), (Reply(200, b"x"), BrokenDocumentError)],
)
async def test_after_four_tries_it_is_given_up(offered, server, retry, answer, error) -> None:
    """What never works is not tried for ever."""
    server.always(FILE, answer)

    with pytest.raises(error):
        await read(offered, retry)
    assert len([one for one in server.received if one.path == FILE]) == 4


async def test_a_host_that_is_away_for_minutes_is_waited_out(offered, server, retry) -> None:
    """The file was made already: an outage of its host must not cost another report."""
    server.script(FILE, *[Reply(503)] * 12, Reply(200, PACKED))

    assert await read(offered, retry) == PACKED


async def test_a_redirect_is_refused(offered, server, retry) -> None:
    """An answer that sends elsewhere could send anywhere."""
    server.script(FILE, Reply(302, None, {"location": "http://169.254.169.254/"}))

    with pytest.raises(MalformedAnswerError, match="redirect") as caught:
        await read(offered, retry)
    assert "secret" not in str(caught.value)


ENDPOINT = "http://127.0.0.1:8001"


@pytest.mark.parametrize(
    "url",
    [
        "https://tortuga-prod-na.s3-external-1.amazonaws.com/x?y",
        "https://tortuga-prod-na.s3.amazonaws.com/x",
        "https://tortuga-prod-eu.s3-eu-west-1.amazonaws.com/x",
        "https://tortuga-prod-fe.s3.us-west-2.amazonaws.com/x",
        "https://tortuga-prod-fe.s3.dualstack.us-west-2.amazonaws.com/x",
        "https://d34o8swod1owfl.cloudfront.net/x",
        "http://127.0.0.1:8001/_documents/x",
    ],
)
def test_amazons_hosts_and_the_stand_in_are_allowed(url: str) -> None:
    """Where Amazon keeps files, and the server that was configured in its place."""
    require_document_host(url, ENDPOINT)


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.s3.amazonaws.com/x",
        "https://tortuga-prod-na-evil.s3.amazonaws.com/x",
        "https://evil.tortuga-prod-na.s3.amazonaws.com/x",
        "https://tortuga-prod-na.s3.evil.s3.amazonaws.com/x",
        "https://s3.amazonaws.com/tortuga-prod-na/x",
        "https://ec2-198-51-100-1.compute-1.amazonaws.com/x",
        "https://dabcdef.cloudfront.net/x",
        "https://user@tortuga-prod-na.s3.amazonaws.com/x",
        "https://tortuga-prod-na.s3.amazonaws.com/\nx",
        "https://tortuga-prod-na.s3.amazonaws.com:8443/x",
        "http://tortuga-prod-na.s3.amazonaws.com/x",
        "https://evil.example/x",
        "https://amazonaws.com.evil.example/x",
        "https://evilamazonaws.com/x",
        "https://tortuga-prod-na.s3.amazonaws.com@evil.example/x",
        "http://127.0.0.1:9000/x",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "https://[broken",
        "",
    ],
)
def test_every_other_host_is_refused(url: str) -> None:
    """A document's address decides where the server goes: only known places."""
    with pytest.raises(ForbiddenHostError):
        require_document_host(url, ENDPOINT)


def test_gzip_is_unpacked_whatever_the_pieces() -> None:
    """Several members in a row are whole; a missing byte at the end is found."""
    whole = PACKED + gzip.compress(b"more")
    for size in (1, 7, 4096, len(whole)):
        gunzip, plain = GzipReader(), b""
        for start in range(0, len(whole), size):
            plain += b"".join(gunzip.feed(whole[start : start + size]))
        assert gunzip.is_whole
        assert plain == gzip.decompress(whole)
    gunzip = GzipReader()
    assert b"".join(gunzip.feed(whole[:-1])) == plain
    assert not gunzip.is_whole
    assert not GzipReader().is_whole


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/plain;charset=Cp1252", "Cp1252"),
        ('text/plain; Charset="UTF-8"; x=y', "UTF-8"),
        ("text/plain", None),
        (None, None),
    ],
)
def test_the_charset_is_read_from_the_content_type(
    content_type: str | None, charset: str | None
) -> None:
    """As it is written there, without judging it."""
    assert charset_of(content_type) == charset
