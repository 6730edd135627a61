"""Functions that change parts of answers: Json values are not changed in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from recoup.sandbox.answers import Json


def members(value: Json) -> dict[str, Json]:
    """The members of an object; none for any other value."""
    return dict(value) if isinstance(value, Mapping) else {}


def objects(value: Json) -> list[dict[str, Json]]:
    """The objects of a list; none for any other value."""
    return [members(one) for one in value] if isinstance(value, list) else []


def text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def within(value: Json, path: tuple[str, ...], change: Callable[[Json], Json]) -> Json:
    """The value with the member at the path changed; unchanged if there is no such member."""
    if not path:
        return change(value)
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    return {**value, path[0]: within(value[path[0]], path[1:], change)}


def each(value: Json, change: Callable[[dict[str, Json]], Json]) -> Json:
    """The list with every object changed."""
    return [change(one) for one in objects(value)] if isinstance(value, list) else value
