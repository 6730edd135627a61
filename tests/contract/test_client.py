"""The client knows what the OpenAPI document says, and stays light."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest

from recoup.client import AsyncClient, Client, models
from recoup.client._operations import LISTS
from tests.support.openapi_document import DOCUMENT, PATHS
from tests.support.patience import PATIENCE

SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
SAME = {
    models.Sync: "StatusBody",
    models.StreamOfSync: "StreamBody",
    models.SyncEntry: "HistoryEntry",
    models.Note: "NoteBody",
    models.Connection: "ConnectionBody",
    models.Claim: "ClaimBody",
    models.ClaimDetail: "ClaimDetail",
    models.ClaimPage: "ClaimPage",
    models.ConfidencePart: "ConfidencePart",
    models.Totals: "Totals",
    models.SelectionTotals: "SelectionTotals",
    models.CurrencyTotal: "CurrencyTotal",
    models.Coverage: "CoverageBody",
    models.CoveredStream: "CoveredStream",
    models.Hole: "HoleBody",
}
"""Each model and the schema that it reads."""


@pytest.mark.parametrize(("model", "schema"), SAME.items(), ids=SAME.values())
def test_every_field_is_one_of_the_api(model: type[models.Answer], schema: str) -> None:
    """No answer of the API lacks a field that the client asks for, and none may be null unexpectedly."""
    told = SCHEMAS[schema]["properties"]
    for name, field in model.model_fields.items():
        key = field.alias or name
        assert key in told, f"{schema} has no {key}"
        may_be_null = any(one.get("type") == "null" for one in told[key].get("anyOf", ()))
        takes_null = type(None) in getattr(field.annotation, "__args__", ())
        assert takes_null or not may_be_null, f"{schema}.{key} may be null"


def test_the_lists_are_those_of_the_api():
    """Every list of a seller's rows can be read by its name."""
    pages = {
        path.removeprefix("/api/")
        for path, methods in PATHS.items()
        if "get" in methods and methods["get"]["tags"] == ["data"] and path.count("/") == 2
    }
    assert set(LISTS) == pages


def test_both_clients_have_the_same_methods():
    """What works in one works in the other."""

    def methods(client: type) -> dict[str, list[str]]:
        found = inspect.getmembers(client, inspect.isfunction)
        return {
            name: list(inspect.signature(one).parameters)
            for name, one in found
            if not name.startswith("_")
        }

    assert methods(Client) == methods(AsyncClient)


def loaded_by(module: str) -> set[str]:
    """The packages that are loaded after an import of the module alone."""
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return set(done.stdout.split())


def test_importing_the_client_loads_no_server():
    """A script that only calls the API waits for no database library."""
    heavy = {"sqlalchemy", "psycopg", "fastapi", "starlette", "procrastinate", "alembic", "typer"}

    assert loaded_by("recoup.client") & {*heavy, "mcp", "pyarrow", "uvicorn"} == set()


def test_help_waits_for_no_library_of_one_command():
    """`recoup --help` loads neither the assistants' SDK nor pyarrow nor the client."""
    assert loaded_by("recoup.cli.main") & {"mcp", "pyarrow", "httpx2", "uvicorn"} == set()
