"""A client of the Reports API for tests."""

from __future__ import annotations

import gzip
from typing import Any

import httpx2

from tests.sandbox.running import US, Running

REPORTS = "/reports/2021-06-30/reports"
DOCUMENTS = "/reports/2021-06-30/documents"
SCHEDULES = "/reports/2021-06-30/schedules"
ALL_ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
STOCK = "GET_AFN_INVENTORY_DATA"
LEDGER = "GET_LEDGER_DETAIL_VIEW_DATA"
SETTLEMENTS = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
AUTUMN = {"dataStartTime": "2026-10-20T00:00:00Z", "dataEndTime": "2026-11-10T00:00:00Z"}


def ask(
    sandbox: Running, name: str = ALL_ORDERS, *, dates: dict[str, str] | None = None, **more: Any
) -> httpx2.Response:
    """The answer of createReport; by default for three weeks of autumn."""
    chosen = AUTUMN if dates is None else dates
    body = {"reportType": name, "marketplaceIds": [US], **chosen, **more}
    return sandbox.send("POST", REPORTS, body=body)


def asked(sandbox: Running, name: str = ALL_ORDERS, **more: Any) -> str:
    """The id of a report that was accepted."""
    answer = ask(sandbox, name, **more)
    assert answer.status_code == 202, answer.text
    return answer.json()["reportId"]


def state(sandbox: Running, report_id: str) -> dict[str, Any]:
    return sandbox.get(f"{REPORTS}/{report_id}").json()


def finished(sandbox: Running, report_id: str) -> dict[str, Any]:
    """The report a quarter of an hour of the world later: long enough for any."""
    sandbox.control("clock", {"advance": "PT15M"})
    return state(sandbox, report_id)


def document(sandbox: Running, report: dict[str, Any], **params: str) -> dict[str, Any]:
    answer = sandbox.get(f"{DOCUMENTS}/{report['reportDocumentId']}", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def content(sandbox: Running, report: dict[str, Any]) -> bytes:
    """The file of a report, unpacked where it is packed."""
    described = document(sandbox, report)
    raw = sandbox.client.get(described["url"]).content
    return gzip.decompress(raw) if described.get("compressionAlgorithm") == "GZIP" else raw
