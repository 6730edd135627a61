"""Files of reports: addresses, encodings, broken ones."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import pytest

from tests.sandbox.asking import LEDGER, STOCK, asked, content, document, finished
from tests.sandbox.running import Running


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with Running() as running:
        yield running


def test_an_address_needs_no_token_and_works_for_five_minutes(sandbox):
    """Then it is refused as S3 would, and a new address gives the same bytes."""
    report = finished(sandbox, asked(sandbox))
    url = document(sandbox, report)["url"]
    first = sandbox.client.get(url)
    sandbox.control("clock", {"advance": "PT4M55S"})
    assert sandbox.client.get(url).content == first.content
    sandbox.control("clock", {"advance": "PT10S"})
    late = sandbox.client.get(url)

    assert first.status_code == 200
    assert (late.status_code, "expired" in late.text) == (403, True)
    assert sandbox.client.get(document(sandbox, report)["url"]).content == first.content


@pytest.mark.parametrize("change", ["expires=9", "signature=0", ""])
def test_a_changed_address_is_refused(sandbox, change):
    """What is signed cannot be changed."""
    url = document(sandbox, finished(sandbox, asked(sandbox)))["url"]
    other = url.replace("expires=", change) if change else url.partition("?")[0]
    if change == "signature=0":
        other = url.partition("signature=")[0] + change

    assert sandbox.client.get(other).status_code == 403


def test_most_files_are_packed_and_some_are_not(sandbox):
    """compressionAlgorithm tells; a packed file is one whole gzip stream."""
    for name in (STOCK, LEDGER, "GET_FBA_REIMBURSEMENTS_DATA"):
        described = document(sandbox, finished(sandbox, asked(sandbox, name)))
        raw = sandbox.client.get(described["url"]).content
        text = gzip.decompress(raw) if "compressionAlgorithm" in described else raw

        assert text.count(b"\n") > 1


def test_the_content_encoding_header_comes_when_asked_for(sandbox):
    """With enableContentEncodingUrlHeader an HTTP client unpacks by itself."""
    report = finished(sandbox, asked(sandbox))
    described = document(sandbox, report, enableContentEncodingUrlHeader="true")
    answer = sandbox.client.get(described["url"])

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == content(sandbox, report)


def test_the_charset_is_told_for_most_files_only(sandbox):
    """A client must be ready to guess."""
    types = set()
    for _ in range(4):
        described = document(sandbox, finished(sandbox, asked(sandbox)))
        types.add(sandbox.client.get(described["url"]).headers["content-type"])

    assert "text/plain" in types
    assert any("charset=" in one for one in types)


def test_a_truncated_file_ends_in_the_middle(sandbox):
    """HTTP ends as it should, the gzip stream does not; without the fault the file is whole."""
    report = finished(sandbox, asked(sandbox))
    sandbox.control("faults", {"faults": ["truncated-gzip:1"]})
    broken = sandbox.client.get(document(sandbox, report)["url"])
    sandbox.control("faults", {"faults": []})
    whole = sandbox.client.get(document(sandbox, report)["url"])

    assert broken.status_code == 200
    assert whole.content.startswith(broken.content)
    with pytest.raises((EOFError, zlib.error)):
        gzip.decompress(broken.content)
    assert gzip.decompress(whole.content)


def test_a_report_shows_the_world_as_it_was_when_it_was_asked_for(sandbox):
    """Its file stays the same, whatever happens later; a new report shows what happened."""
    dates = {"dataStartTime": "2026-11-10", "dataEndTime": "2026-11-15"}
    report = finished(sandbox, asked(sandbox, dates=dates))
    first = content(sandbox, report)
    sandbox.control("clock", {"advance": "P2D"})
    later = finished(sandbox, asked(sandbox, dates=dates))

    assert content(sandbox, report) == first
    assert content(sandbox, later) != first
