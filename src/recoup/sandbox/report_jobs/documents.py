"""Files of reports at plain addresses that work for five minutes, without a token. Source: docs/amazon.md#reports."""

from __future__ import annotations

import hmac
import json
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from urllib.parse import urlencode

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from recoup.sandbox.config import FaultKind
from recoup.sandbox.failures import fail
from recoup.sandbox.faults import DOCUMENT_FAULTS
from recoup.sandbox.oddities._oddity import File, Packing, sheet_changes
from recoup.sandbox.report_jobs.desk import Desk, request_of
from recoup.sandbox.report_jobs.record import Outcome, ReportRecord
from recoup.sandbox.reports import all_report_types
from recoup.sandbox.reports.report import document_bytes, encoding_of
from recoup.sandbox.sellers import Seller
from recoup.sandbox.state import Sandbox

DOCUMENTS_PATH = "/_documents"
DOWNLOAD_OPERATION = "reportDocumentFile"
URL_LIFETIME = timedelta(seconds=300)
_LEVEL = 1
_GZIP_WINDOW = 31
_EXPIRED = """<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"""
_CHARSETS = {"cp1252": "Cp1252", "cp932": "Windows-31J"}


def document_url(
    sandbox: Sandbox, server: str, seller: Seller, record: ReportRecord, *, encoding_header: bool
) -> str:
    """An address for the next five minutes. `encoding_header`: it sends Content-Encoding."""
    ends = int((sandbox.clock.now() + URL_LIFETIME).timestamp())
    path = f"{DOCUMENTS_PATH}/{seller.world.seller_id}/{record.report_id}/{record.document_id}"
    query: dict[str, object] = {"expires": ends}
    if encoding_header:
        query["response-content-encoding"] = "gzip"
    query["signature"] = _sign(sandbox, path, query)
    return f"{server}{path}?{urlencode(query)}"


def packing_of(sandbox: Sandbox, record: ReportRecord) -> Packing:
    """Three types in four are compressed; it is always the same for a type."""
    packed = blake2b(record.report_type.encode(), digest_size=1).digest()[0] % 4 != 0
    packing = Packing(told=packed, layers=int(packed))
    for oddity in sandbox.oddities:
        if oddity.packing is not None:
            packing = oddity.packing(record, packing)
    return packing


def document_route(sandbox: Sandbox) -> Route:
    """The downloads. They have no limit and need no token: the address is the secret."""

    async def answer(request: Request) -> Response:
        sandbox.document_calls.calls += 1
        fault = sandbox.next_fault(DOWNLOAD_OPERATION, DOCUMENT_FAULTS, sandbox.document_calls)
        failure = None if fault is None else await fail(sandbox, fault, {})
        if failure is not None:
            return failure
        query = dict(request.query_params)
        now = sandbox.clock.now()
        signature = _sign(sandbox, request.url.path, query)
        if not hmac.compare_digest(query.get("signature", "").encode(), signature.encode()):
            return _refuse("Access Denied")
        if now.timestamp() > int(query["expires"]):
            return _refuse("Request has expired")
        found = _find(sandbox, request.path_params, now)
        if found is None:
            return _refuse("Access Denied")
        truncated = fault is not None and fault.kind is FaultKind.TRUNCATED_GZIP
        return _file(
            sandbox, *found, truncated=truncated, encoded="response-content-encoding" in query
        )

    path = f"{DOCUMENTS_PATH}/{{seller_id}}/{{report_id}}/{{document_id}}"
    return Route(path, answer, methods=["GET"])


def _find(
    sandbox: Sandbox, path: Mapping[str, str], now: datetime
) -> tuple[Seller, ReportRecord] | None:
    for seller in sandbox.sellers:
        if seller.world.seller_id == path["seller_id"]:
            record = Desk(sandbox, seller, now).find(path["report_id"])
            if record is not None and record.document_id == path["document_id"]:
                return seller, record
    return None


def _file(
    sandbox: Sandbox, seller: Seller, record: ReportRecord, *, truncated: bool, encoded: bool
) -> Response:
    chunks = _chunks(sandbox, seller, record)
    headers = _content_type(seller, record)
    packing = packing_of(sandbox, record)
    for _ in range(packing.layers):
        chunks = _compress(chunks)
    if packing.told and encoded:
        headers["content-encoding"] = "gzip"
    if truncated:
        chunks = _break_off(chunks)
    response = StreamingResponse(_in_threads(chunks))
    response.init_headers(headers)
    return response


async def _in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    # Making and compressing a big file must not keep other clients waiting.
    async for chunk in iterate_in_threadpool(chunks):
        yield chunk


def _chunks(sandbox: Sandbox, seller: Seller, record: ReportRecord) -> Iterator[bytes]:
    if record.outcome is Outcome.FATAL:
        return iter([json.dumps({"errorDetails": record.explanation}).encode()])
    kind = all_report_types()[record.report_type]
    request = request_of(record)
    changes = sheet_changes(sandbox.oddities, File(kind, seller.world, request, pull=record.pull))
    return document_bytes(kind, seller.world, request, changes=changes)


def _content_type(seller: Seller, record: ReportRecord) -> dict[str, str]:
    """With the charset for two documents in three: for the others the client must guess."""
    if int(record.report_id) % 3 == 0:
        return {"content-type": "text/plain"}
    charset = "UTF-8"
    if record.outcome is not Outcome.FATAL:
        kind = all_report_types()[record.report_type]
        encoding = encoding_of(kind, seller.world.profile)
        charset = _CHARSETS.get(encoding, encoding)
    return {"content-type": f"text/plain;charset={charset}"}


def _compress(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    for chunk in chunks:
        packed = packer.compress(chunk)
        if packed:
            yield packed
    yield packer.flush()


def _break_off(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """All but the end: only the first half of the last piece."""
    last = b""
    for chunk in chunks:
        yield last
        last = chunk
    yield last[: len(last) // 2]


def _sign(sandbox: Sandbox, path: str, query: Mapping[str, object]) -> str:
    signed = [path, *(f"{name}={query[name]}" for name in sorted(query) if name != "signature")]
    return blake2b("\n".join(signed).encode(), digest_size=20, key=sandbox.key).hexdigest()


def _refuse(message: str) -> Response:
    return Response(_EXPIRED.format(message=message), 403, media_type="application/xml")
