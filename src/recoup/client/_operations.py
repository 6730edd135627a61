"""The calls of the API as values: what is sent, and what the answer becomes. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic.alias_generators import to_camel

from recoup.client.models import (
    ClaimDetail,
    ClaimPage,
    Connection,
    Coverage,
    Page,
    Sync,
    SyncEntry,
)
from recoup.clock import to_rfc3339

T = TypeVar("T")
AMAZON = "/api/v1/integrations/amazon"
LISTS = (
    *("orders", "inventory", "transactions", "fees", "reimbursements", "returns"),
    *("ledger", "ledger-summary", "shipments", "inbound-plans", "inbound-noncompliance"),
    *("removals", "removal-shipments", "replacements", "fee-preview", "storage-fees"),
    *("long-term-storage-fees", "settlements", "marketplaces"),
)
"""The lists of a seller's rows."""

_NAMES = {"since": "from", "until": "to"}


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """is_repeatable: sending it twice changes nothing that sending it once would not."""

    method: str
    path: str
    parse: Callable[[Any], T]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_repeatable: bool = True


def get(path: str, filters: Mapping[str, object], parse: Callable[[Any], T]) -> Operation[T]:
    return Operation("GET", path, parse, query=query_of(filters))


def query_of(filters: Mapping[str, object]) -> dict[str, str]:
    """The filters under the API's names; those that are None are left out."""
    return {
        _NAMES.get(name, to_camel(name)): _text(value)
        for name, value in filters.items()
        if value is not None
    }


def as_document(answer: Any) -> dict[str, Any]:
    document: dict[str, Any] = answer
    return document


def list_connections() -> Operation[list[Connection]]:
    return get(
        f"{AMAZON}/status",
        {},
        lambda answer: [Connection.model_validate(one) for one in answer["connections"]],
    )


def connect(seller: Mapping[str, Any]) -> Operation[Connection]:
    """Repeatable: a seller that is connected already stays the same connection."""
    return Operation("POST", f"{AMAZON}/connections", Connection.model_validate, body=seller)


def start_sync(connection_id: str | None, key: str | None) -> Operation[str]:
    """Repeatable by its key: the API starts one sync for it."""
    return Operation(
        "POST",
        "/api/sync/start",
        lambda answer: str(answer["syncId"]),
        body={} if connection_id is None else {"connectionId": connection_id},
        headers={"Idempotency-Key": key or uuid.uuid4().hex},
    )


def cancel_sync(sync_id: str) -> Operation[None]:
    path = f"/api/sync/cancel/{quote(sync_id, safe='')}"
    return Operation("POST", path, lambda _answer: None, is_repeatable=False)


def read_sync(sync_id: str) -> Operation[Sync]:
    return get(f"/api/sync/status/{quote(sync_id, safe='')}", {}, Sync.model_validate)


def list_syncs(filters: Mapping[str, object]) -> Operation[list[SyncEntry]]:
    return get(
        "/api/sync/history",
        filters,
        lambda answer: [SyncEntry.model_validate(one) for one in answer["syncs"]],
    )


def read_coverage(connection_id: str | None) -> Operation[Coverage]:
    return get("/api/coverage", {"connection_id": connection_id}, Coverage.model_validate)


def list_claims(filters: Mapping[str, object]) -> Operation[ClaimPage]:
    return get("/api/recoveries", filters, ClaimPage.model_validate)


def read_claim(claim_id: str) -> Operation[ClaimDetail]:
    return get(f"/api/recoveries/{quote(claim_id, safe='')}", {}, ClaimDetail.model_validate)


def decide_claim(claim_id: str, decision: Mapping[str, Any]) -> Operation[ClaimDetail]:
    """Not repeatable: the second time, the step may be impossible."""
    body = {to_camel(name): value for name, value in decision.items() if value is not None}
    path = f"/api/recoveries/{quote(claim_id, safe='')}"
    return Operation("PATCH", path, ClaimDetail.model_validate, body=body, is_repeatable=False)


def file_pack(pack_id: str, case_id: str) -> Operation[dict[str, Any]]:
    """Not repeatable: the second time, its claims are filed already."""
    path = f"/api/packs/{quote(pack_id, safe='')}/filed"
    return Operation("POST", path, as_document, body={"caseId": case_id}, is_repeatable=False)


def list_rows(name: str, filters: Mapping[str, object]) -> Operation[Page]:
    """Raises ValueError for a list that the API does not have."""
    if name not in LISTS:
        raise ValueError(f"There is no list {name}; there are {', '.join(LISTS)}.")
    return get(f"/api/{name}", filters, Page.model_validate)


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return to_rfc3339(value)
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case Enum():
            return str(value.value)
    return str(value)
