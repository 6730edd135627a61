"""Amazon's published models as a judge of the sandbox's answers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft7Validator, FormatChecker
from starlette.routing import compile_path

from recoup.sandbox.gateway import Operation
from recoup.sandbox.operations import OPERATIONS
from tests.sandbox.running import Running

_MODELS = {
    "/sellers/v1": "sellers",
    "/orders/2026-01-01": "orders_2026-01-01",
    "/orders/v0": "ordersV0",
    "/fba/inventory/v1": "fbaInventory",
    "/finances/2024-06-19": "finances_2024-06-19",
    "/finances/v0": "financesV0",
    "/reports/2021-06-30": "reports_2021-06-30",
    "/fba/inbound/v0": "fulfillmentInboundV0",
    "/inbound/fba/2024-03-20": "fulfillmentInbound_2024-03-20",
    "/products/fees/v0": "productFeesV0",
    "/tokens/2021-03-01": "tokens_2021-03-01",
    "/notifications/v1": "notifications",
}
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def models_folder() -> Path:
    """The folder with Amazon's models; a test that asks for it is skipped without one."""
    folder = os.environ.get("RECOUP_SPAPI_MODELS")
    if not folder:
        pytest.skip("RECOUP_SPAPI_MODELS does not name the folder with Amazon's models")
    return Path(folder)


@cache
def model_of(folder: Path, path: str) -> dict[str, Any]:
    """The model that describes a path."""
    name = next(name for prefix, name in _MODELS.items() if path.startswith(prefix))
    return json.loads((folder / f"{name}.json").read_text())


def described(folder: Path, operation: Operation) -> dict[str, Any]:
    """An operation as its model has it."""
    return model_of(folder, operation.path)["paths"][operation.path][operation.method.lower()]


def validator(folder: Path, operation: Operation, status: int) -> Draft7Validator | None:
    """A validator for the answers of one status; None where the model describes no body.

    Swagger 2.0 schemas are JSON schemas but for a few formats and example members, which a
    validator ignores; `definitions` comes along so that references resolve. Members that the
    model does not name are errors.
    """
    schema = described(folder, operation)["responses"][str(status)].get("schema")
    if schema is None:
        return None
    named = model_of(folder, operation.path)["definitions"]
    # The parts of an `allOf` describe one object together: none of them may be closed.
    parts = {
        part["$ref"].rpartition("/")[2]
        for definition in named.values()
        for part in definition.get("allOf", [])
        if "$ref" in part
    }
    closed = {key: value if key in parts else _close(value) for key, value in named.items()}
    return Draft7Validator({**schema, "definitions": closed}, format_checker=_FORMATS)


def _close(schema: dict[str, Any]) -> dict[str, Any]:
    return {"additionalProperties": False, **schema} if "properties" in schema else schema


class Judged:
    """A client whose every answer is held against the models; `met` names what was answered."""

    def __init__(self, sandbox: Running, folder: Path) -> None:
        self.sandbox = sandbox
        self.met: set[tuple[str, int]] = set()
        self._folder = folder
        self._token = sandbox.token()
        self._routes = [(one, compile_path(one.route)[0]) for one in OPERATIONS]

    def grantless(self) -> str:
        return self.sandbox.exchange(
            grant_type="client_credentials", scope="sellingpartnerapi::notifications"
        ).json()["access_token"]

    def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        **params: Any,
    ) -> httpx2.Response:
        """The answer, judged by status and body."""
        answer = self.sandbox.client.request(
            method,
            path,
            params=params,
            content=None if body is None else json.dumps(body),
            headers={"x-amz-access-token": token or self._token, **(headers or {})},
        )
        self.judge(method, answer)
        return answer

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of an answer that must be 200."""
        answer = self.send("GET", path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def judge(self, method: str, answer: httpx2.Response) -> None:
        path = answer.url.path
        operation = next(
            one for one, route in self._routes if one.method == method and route.match(path)
        )
        self.met.add((operation.name, answer.status_code))
        check = validator(self._folder, operation, answer.status_code)
        if check is None:
            assert answer.content == b""
        else:
            problems = [error.message for error in check.iter_errors(answer.json())]
            assert not problems, f"{operation.name} {answer.status_code}: {problems[:3]}"
