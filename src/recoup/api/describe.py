"""Completes the OpenAPI document: descriptions, examples and types of what is not JSON. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from recoup.api.examples import ExampleWriter
from recoup.meanings import meaning_of

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_JSON = "json"

Document = dict[str, Any]


def describe(document: Document) -> None:
    """Fills in what the routes and bodies leave out; what they say stays."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        _describe_fields(name, schema)
    examples = ExampleWriter(schemas)
    for _path, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            said = meaning_of("query", snake(parameter["name"]))
            if said is not None:
                parameter.setdefault("description", said)
        for media_type, content in _contents(operation):
            if not content:
                content["schema"] = {"type": "string"}
            elif _JSON in media_type and "schema" in content and "examples" not in content:
                content.setdefault("example", examples.of(content["schema"]))


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    """Each operation with its path."""
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def snake(name: str) -> str:
    """`orderId` as `order_id`."""
    return _CAPITAL.sub(lambda found: f"_{found[1].lower()}", name)


def _describe_fields(name: str, schema: Document) -> None:
    for field, part in schema.get("properties", {}).items():
        said = meaning_of(name, snake(field))
        if said is not None:
            part.setdefault("description", said)


def _contents(operation: Document) -> Iterator[tuple[str, Document]]:
    yield from operation.get("requestBody", {}).get("content", {}).items()
    for response in operation["responses"].values():
        yield from response.get("content", {}).items()
