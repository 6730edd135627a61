"""The page of routes, from the API's own OpenAPI document."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.reference.markdown import page, table
from recoup.api.app import create_app
from recoup.config import Settings
from recoup.db.engine import Database

_INTRODUCTION = """\
Every route of the HTTP API, in the order of `/openapi.json`. [The API guide](../api.md) shows how to use
them. A lock marks routes that need a token or the cookie of a session."""


def routes_page() -> str:
    """The page of every route, grouped by tag."""
    by_tag: dict[str, list[tuple[str, ...]]] = {}
    for path, operations in _paths().items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append(_row(method, path, operation))
    header = ("route", "", "what it does", "query", "answers")
    sections = [f"## {tag}\n\n{table(header, rows)}" for tag, rows in by_tag.items()]
    return page("Routes", _INTRODUCTION, *sections)


def _paths() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """The paths of the document. Nothing is connected to: only the routes are looked at."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            Settings(data_dir=Path(folder)), Database("postgresql://nobody@127.0.0.1/none")
        )
        paths: Mapping[str, Mapping[str, Mapping[str, Any]]] = app.openapi()["paths"]
        return paths


def _row(method: str, path: str, operation: Mapping[str, Any]) -> tuple[str, ...]:
    query = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    says = ". ".join(
        part.rstrip(".") for part in (operation["summary"], operation.get("description")) if part
    )
    return (
        f"`{method.upper()} {path}`",
        "🔒" if operation.get("security") else "",
        f"{says}.".replace("\n", " "),
        ", ".join(f"`{name}`" for name in query),
        ", ".join(operation["responses"]),
    )
