"""Every answer against Amazon's published models."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from recoup.sandbox.app import OPERATIONS
from tests.sandbox.running import (
    ALL_STOCK,
    FINANCES,
    INVENTORY,
    ORDERS,
    SELLERS,
    YEAR_AGO,
    YEAR_IN_WINDOWS,
    Running,
)

ALL = (
    "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT,"
    "FULFILLMENT_ORDERS"
)


@pytest.fixture(scope="module")
def models() -> Path:
    folder = os.environ.get("RECOUP_SPAPI_MODELS")
    if not folder:
        pytest.skip("RECOUP_SPAPI_MODELS does not name the folder with Amazon's models")
    return Path(folder)


def validator(models: Path, name: str, path: str, status: int) -> Draft7Validator:
    """A validator for the answers of the GET at a path. Unknown members are errors.

    Swagger 2.0 schemas are JSON schemas but for a few formats and example members, which a
    validator ignores; `definitions` comes along so that references resolve.
    """
    model = json.loads((models / f"{name}.json").read_text())
    schema = model["paths"][path]["get"]["responses"][str(status)]["schema"]
    named = model["definitions"]
    # The parts of an `allOf` describe one object together: none of them may be closed.
    parts = {
        part["$ref"].rpartition("/")[2]
        for definition in named.values()
        for part in definition.get("allOf", [])
        if "$ref" in part
    }
    closed = {key: value if key in parts else close(value) for key, value in named.items()}
    return Draft7Validator({**schema, "definitions": closed})


def close(schema: dict[str, Any]) -> dict[str, Any]:
    """Forbid members that the model does not name, so that invented fields are found."""
    return {"additionalProperties": False, **schema} if "properties" in schema else schema


OK = [
    ("sellers", SELLERS, "nextToken", {}),
    ("orders_2026-01-01", ORDERS, "paginationToken", {"createdAfter": YEAR_AGO}),
    (
        "orders_2026-01-01",
        ORDERS,
        "paginationToken",
        {"lastUpdatedAfter": YEAR_AGO, "includedData": ALL},
    ),
    ("fbaInventory", INVENTORY, "nextToken", ALL_STOCK | {"details": "true"}),
    *(("finances_2024-06-19", FINANCES, "nextToken", window) for window in YEAR_IN_WINDOWS),
]


@pytest.mark.parametrize(("name", "path", "token_name", "params"), OK)
def test_pages_follow_the_model(models, sandbox, name, path, token_name, params):
    """Every page of every operation is what the model describes, with no member beyond it."""
    check = validator(models, name, path, 200)
    pages = list(sandbox.pages(path, token_name, **params))

    assert pages
    for page in pages:
        plain = json.loads(json.dumps(page, default=float))
        assert not list(check.iter_errors(plain))


REFUSED = [
    ("orders_2026-01-01", ORDERS, ORDERS, {}, 400),
    ("orders_2026-01-01", f"{ORDERS}/{{orderId}}", f"{ORDERS}/111-0000000-0000000", {}, 404),
    ("fbaInventory", INVENTORY, INVENTORY, {}, 400),
    ("finances_2024-06-19", FINANCES, FINANCES, {}, 400),
]


@pytest.mark.parametrize(("name", "path", "url", "params", "status"), REFUSED)
def test_refusals_follow_the_model(models, sandbox, name, path, url, params, status):
    """Refusals too are what the model describes."""
    answer = sandbox.get(url, **params)

    assert answer.status_code == status
    assert not list(validator(models, name, path, status).iter_errors(answer.json()))


@pytest.mark.parametrize(
    ("path", "name"), [(SELLERS, "sellers"), (FINANCES, "finances_2024-06-19")]
)
@pytest.mark.parametrize(("fault", "status"), [("429:1", 429), ("500:1", 500)])
def test_failures_follow_the_model(models, path, name, fault, status):
    """So do failures made on purpose, where they have Amazon's shape."""
    with Running() as sandbox:
        token = sandbox.token()
        sandbox.control("faults", {"faults": [fault]})
        answer = sandbox.get(path, token)

    assert answer.status_code == status
    assert not list(validator(models, name, path, status).iter_errors(answer.json()))


def test_a_fetched_order_follows_the_model(models, sandbox):
    """getOrder answers what the model describes."""
    order = sandbox.orders(createdAfter=YEAR_AGO)[0]
    answer = sandbox.get(f"{ORDERS}/{order['orderId']}", includedData=ALL).json()
    check = validator(models, "orders_2026-01-01", f"{ORDERS}/{{orderId}}", 200)

    assert not list(check.iter_errors(answer))


MODEL_OF = {
    "getMarketplaceParticipations": "sellers",
    "searchOrders": "orders_2026-01-01",
    "getOrder": "orders_2026-01-01",
    "getInventorySummaries": "fbaInventory",
    "listTransactions": "finances_2024-06-19",
}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_the_limits_are_those_of_the_model(models, operation):
    """Name, path, rate and burst of each operation are those that the model prints."""
    model = json.loads((models / f"{MODEL_OF[operation.name]}.json").read_text())
    described = model["paths"][operation.path]["get"]

    assert described["operationId"] == operation.name
    assert f"| {operation.rate} | {operation.burst} |" in described["description"]
