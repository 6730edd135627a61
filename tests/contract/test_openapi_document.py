"""The OpenAPI document is complete: people and generators of clients find everything in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from recoup.api.authentication import OPEN_PATHS
from recoup.api.problems import MEDIA_TYPE
from tests.support.openapi_document import DOCUMENT, PATHS

SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = [(method, path) for path, methods in PATHS.items() for method in methods]


def contents(method: str, path: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Where, the media type and the content of each body of an operation."""
    operation = PATHS[path][method]
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "request", media_type, content
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            yield status, media_type, content


def names(part: object) -> Iterator[str]:
    """Every schema that a part of the document refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from names(value)
    elif isinstance(part, list):
        for value in part:
            yield from names(value)


def test_every_property_has_a_description():
    """A reader of the document need not guess what a field means."""
    silent = [
        f"{name}.{field}"
        for name, schema in SCHEMAS.items()
        for field, part in schema.get("properties", {}).items()
        if not part.get("description")
    ]

    assert silent == [], "say it in src/recoup/meanings or in the code"


def test_every_parameter_has_a_description():
    """The same for queries, paths and headers."""
    silent = [
        f"{method} {path}: {parameter['name']}"
        for method, path in OPERATIONS
        for parameter in PATHS[path][method].get("parameters", ())
        if not parameter.get("description")
    ]

    assert silent == [], "say it in src/recoup/meanings/queries.toml or in the code"


def test_schemas_have_names_of_their_own():
    """No schema is called by the Python module of one of two with the same name."""
    assert [name for name in SCHEMAS if not name.isidentifier() or "_" in name] == []


def test_every_reference_leads_somewhere():
    """A generator of clients finds every schema."""
    assert {ref for ref in names(DOCUMENT) if ref.rpartition("/")[2] not in SCHEMAS} == set()


def test_the_document_names_its_server():
    """A generated client knows where to call."""
    assert DOCUMENT["servers"] == [{"url": "http://127.0.0.1:8000", "description": "This server."}]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_open_routes_need_no_security(method: str, path: str) -> None:
    """What is below /api needs a user, the rest does not, and both are said."""
    security = PATHS[path][method]["security"]

    assert bool(security) == (path.startswith("/api/") and path not in OPEN_PATHS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_body_has_a_type_and_an_example(method: str, path: str) -> None:
    """Each JSON has a schema and examples that fit it; any other content at least a type."""
    for where, media_type, content in contents(method, path):
        assert content.get("schema"), f"{where} {media_type}"
        if "json" not in media_type or media_type.endswith("ndjson"):
            continue
        examples = [one["value"] for one in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        assert examples, f"{where} {media_type} has no example"
        schema = {**content["schema"], "components": DOCUMENT["components"]}
        for example in examples:
            jsonschema.validate(
                example, schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
            )


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_error_is_a_typed_problem(method: str, path: str) -> None:
    """A client can read each member of a problem with a type."""
    for status, media_type, content in contents(method, path):
        if status.isdecimal() and int(status) >= 400:
            assert media_type == MEDIA_TYPE
            assert content["schema"] == {"$ref": "#/components/schemas/ProblemBody"}


def test_problems_name_the_members_that_clients_need():
    """Whatever `problems.py` adds to a problem has a type in the document."""
    members = set(SCHEMAS["ProblemBody"]["properties"])

    assert members >= {
        *("type", "title", "status", "detail", "errors"),
        *("syncId", "connections", "workspaces", "neededScope", "neededRole", "possible", "checks"),
    }


def test_event_streams_say_what_their_events_hold():
    """The data of each feed has a schema, and the types of the feed of all events are told apart."""
    data = {
        path: content["itemSchema"]["properties"]["data"]["contentSchema"]["$ref"]
        for method, path in OPERATIONS
        for _where, media_type, content in contents(method, path)
        if media_type == "text/event-stream"
    }

    assert data == {
        "/api/sse/sync-progress/{syncId}": "#/components/schemas/StatusBody",
        "/api/sse/status": "#/components/schemas/WorkspaceEvent",
    }
    assert set(SCHEMAS["WorkspaceEvent"]["discriminator"]["mapping"]) == {
        *("sync", "detection", "connection"),
    }
