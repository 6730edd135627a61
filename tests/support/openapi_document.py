"""The OpenAPI document as a server would serve it, made once for all tests that go through its routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recoup.api.app import create_app
from recoup.config import Settings
from recoup.db.engine import Database

_UNUSED = Database("postgresql://nobody@127.0.0.1/none")

DOCUMENT: dict[str, Any] = create_app(Settings(secret_keys="k" * 32), _UNUSED).openapi()
"""Known before a server runs, so that each operation can be a test."""

PATHS: Mapping[str, Mapping[str, Any]] = DOCUMENT["paths"]
"""The operations of each path, by method."""
