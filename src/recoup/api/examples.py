"""Examples for the bodies of the API, put together from one value for each name. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

_ANY = "any"
_BY_FORMAT = {"date-time": "2026-11-15T12:00:00Z", "date": "2026-11-15"}
_BY_TYPE: dict[str, Any] = {"integer": 1, "number": 1.0, "boolean": True, "null": None}
_PYTHON: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}
_DEEPEST = 8


class ExampleWriter:
    """Makes examples of schemas; `schemas` are the components that they refer to."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def of(self, schema: Mapping[str, Any], *, owner: str = "", depth: int = 0) -> Any:
        """A value that the schema accepts."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self.of(self._schemas[name], owner=name, depth=depth)
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return self.of(_first(schema[choice]), owner=owner, depth=depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") == "object":
            return self._object(schema, owner, depth)
        if schema.get("type") == "array":
            items = schema.get("items", {})
            return [] if depth > _DEEPEST else [self.of(items, owner=owner, depth=depth + 1)]
        return _plain(schema)

    def _object(self, schema: Mapping[str, Any], owner: str, depth: int) -> dict[str, Any]:
        return {
            name: self._field(owner, name, part, depth)
            for name, part in schema.get("properties", {}).items()
        }

    def _field(self, owner: str, name: str, part: Mapping[str, Any], depth: int) -> Any:
        for section in (owner, _ANY):
            if name in (values := named_values().get(section, {})):
                value = None if values[name] == "null" else values[name]
                if self._fits(part, value):
                    return value
        return self.of(part, owner=owner, depth=depth + 1)

    def _fits(self, part: Mapping[str, Any], value: Any) -> bool:
        """Whether the value of a name may stand here: the same name has other types elsewhere."""
        if "$ref" in part:
            return self._fits(self._schemas[part["$ref"].rpartition("/")[2]], value)
        if "anyOf" in part:
            return any(self._fits(one, value) for one in part["anyOf"])
        if "enum" in part or "const" in part or part.get("format") in _BY_FORMAT:
            return value in part.get("enum", [part.get("const")])
        if part.get("type") == "array" and isinstance(value, list):
            return all(self._fits(part.get("items", {}), one) for one in value)
        return "type" not in part or isinstance(value, _PYTHON.get(str(part["type"]), object))


@cache
def named_values() -> Mapping[str, Mapping[str, Any]]:
    """Values by schema (or `any`) and name."""
    file = resources.files("recoup.api") / "examples.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _first(choices: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((one for one in choices if one.get("type") != "null"), choices[0])


def _plain(schema: Mapping[str, Any]) -> Any:
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "string":
        return _BY_FORMAT.get(schema.get("format", ""), "")
    return schema.get("minimum", _BY_TYPE[kind])
