"""The data of server-sent events, for the description of the API.

The events themselves are written where things happen (recoup.events.words); tests/api/test_sse_schema.py
compares.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from pydantic.json_schema import models_json_schema

from recoup.body import CamelModel
from recoup.connections.states import ConnectionStatus
from recoup.events.words import EventType
from recoup.notes.note import NoteBody
from recoup.sync.record.status import StatusBody

_SCHEMAS = "#/components/schemas/"


class SyncEvent(CamelModel):
    """A sync has changed."""

    type: Literal[EventType.SYNC] = Field(description="What the event is about.")
    sync: StatusBody = Field(description="The sync as it is now.")


class DetectionEvent(CamelModel):
    """Claims were found, reopened, withdrawn or approved."""

    type: Literal[EventType.DETECTION] = Field(description="What the event is about.")
    sync_id: str | None = Field(description="Null: a detection without a sync.")
    connection_id: str
    claims_detected: int = Field(description="Claims that the detection found, old and new.")
    reopened: int
    withdrawn: int
    approved: int = Field(description="Claims that Amazon has paid since.")


class ConnectionEvent(CamelModel):
    """The status of a connection has changed, or its authorization ends soon."""

    type: Literal[EventType.CONNECTION] = Field(description="What the event is about.")
    connection_id: str
    status: ConnectionStatus
    reason: str | None = Field(description="Why the connection is not active; else null.")
    notes: list[NoteBody]


def event_schemas() -> dict[str, Any]:
    """The schemas by name; `WorkspaceEvent` is any of them."""
    events = (SyncEvent, DetectionEvent, ConnectionEvent)
    _, document = models_json_schema(
        [(event, "serialization") for event in events], ref_template=f"{_SCHEMAS}{{model}}"
    )
    schemas: dict[str, Any] = document["$defs"]
    return schemas | {
        "WorkspaceEvent": {
            "description": "The data of an event of `GET /api/sse/status`, as JSON. "
            "Types may be added: ignore those that you do not know.",
            "oneOf": [{"$ref": f"{_SCHEMAS}{event.__name__}"} for event in events],
            "discriminator": {
                "propertyName": "type",
                "mapping": {
                    kind.value: f"{_SCHEMAS}{event.__name__}"
                    for kind, event in zip(EventType, events, strict=True)
                },
            },
        }
    }


def event_stream(schema: str) -> dict[str, Any]:
    """The content of an answer that is a stream of events whose data is of a schema.

    `itemSchema` (OpenAPI 3.2) describes each event; programs that do not know it see a text, or a list
    of events. A block without data only moves the place on, or sets the time to reconnect.
    """
    event = {
        "type": "object",
        "properties": {
            "id": {
                "type": "string",
                "description": "Place in the feed, to send back as `Last-Event-ID`.",
            },
            "data": {
                "type": "string",
                "description": "The event as JSON.",
                "contentMediaType": "application/json",
                "contentSchema": {"$ref": f"{_SCHEMAS}{schema}"},
            },
        },
    }
    whole = {"anyOf": [{"type": "string"}, {"type": "array", "items": event}]}
    return {"text/event-stream": {"schema": whole, "itemSchema": event}}
