"""A sync as the API tells it, and its feed."""

from __future__ import annotations

import json
from typing import Any

from recoup.api.examples import ExampleWriter
from tests.support.openapi_document import DOCUMENT

FEED = "/api/sse/sync-progress/sync_1"
_EXAMPLES = ExampleWriter(DOCUMENT["components"]["schemas"])


def example(schema: str) -> Any:
    """A body of a schema."""
    return _EXAMPLES.of({"$ref": f"#/components/schemas/{schema}"})


def state(status: str, progress: int) -> dict[str, Any]:
    return {**example("StatusBody"), "status": status, "progress": progress}


def event(event_id: int, status: str, progress: int) -> str:
    return f"id: {event_id}\ndata: {json.dumps(state(status, progress))}\n\n"


def page_of_claims(*claim_ids: str, cursor: str | None = None) -> dict[str, Any]:
    page = example("ClaimPage")
    items = [{**page["items"][0], "claimId": claim_id} for claim_id in claim_ids]
    return {**page, "items": items, "nextCursor": cursor}
