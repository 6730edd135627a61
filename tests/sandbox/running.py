"""A sandbox on a real socket in a thread of its own, and a client that knows Amazon's manners."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from json import loads
from typing import Any, Self

import httpx2

from recoup.sandbox.config import SandboxConfig, parse_fault
from recoup.sandbox.serve import serve
from tests.support.patience import PATIENCE
from tests.support.plain_http import PLAIN

TODAY = date(2026, 11, 15)
US = "ATVPDKIKX0DER"
ORDERS = "/orders/2026-01-01/orders"
INVENTORY = "/fba/inventory/v1/summaries"
FINANCES = "/finances/2024-06-19/transactions"
SELLERS = "/sellers/v1/marketplaceParticipations"
YEAR_AGO = "2025-11-15T00:00:00Z"
ALL_STOCK = {"granularityType": "Marketplace", "granularityId": US, "marketplaceIds": US}
# Finances answers windows of at most 180 days.
YEAR_IN_WINDOWS = (
    {"postedAfter": YEAR_AGO, "postedBefore": "2026-05-01T00:00:00Z"},
    {"postedAfter": "2026-05-01T00:00:00Z", "postedBefore": "2026-10-01T00:00:00Z"},
    {"postedAfter": "2026-10-01T00:00:00Z"},
)


class Running:
    """A started sandbox; a context manager that stops it."""

    def __init__(self, **config: Any) -> None:
        config = {"orders": 400, "today": TODAY, "limits": False} | config
        config["faults"] = tuple(parse_fault(text) for text in config.get("faults", ()))
        self.config = SandboxConfig(**config)
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(PATIENCE)
        address = f"http://127.0.0.1:{self.port}"
        self.client = httpx2.Client(base_url=address, timeout=PATIENCE, verify=PLAIN)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.client.close()

    def stop(self) -> None:
        """Ask the server to stop and wait for it."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        async def main() -> None:
            self._task = asyncio.ensure_future(serve(self.config, port=0, started=self._note_port))
            await asyncio.wait({self._task})

        self._loop.run_until_complete(main())
        self._loop.close()

    def _note_port(self, port: int) -> None:
        self.port = port
        self._up.set()

    def exchange(self, refresh_token: str = "Atzr|test", **changes: str) -> httpx2.Response:
        """The answer of the token endpoint; `changes` replace fields of the form."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self.config.client_id,
            "client_secret": self.config.client_secret,
        }
        return self.client.post("/auth/o2/token", data=form | changes)

    def token(self, refresh_token: str = "Atzr|test") -> str:
        return self.exchange(refresh_token).json()["access_token"]

    def send(
        self, method: str, path: str, token: str | None = None, body: object = None, **params: Any
    ) -> httpx2.Response:
        headers = {"x-amz-access-token": token or self.token()}
        return self.client.request(method, path, params=params, json=body, headers=headers)

    def get(self, path: str, token: str | None = None, **params: Any) -> httpx2.Response:
        headers = {"x-amz-access-token": token or self.token()}
        return self.client.get(path, params=params, headers=headers)

    def world(self, **params: str) -> dict[str, Any]:
        return self.client.get("/_sandbox/world", params=params).json()

    def control(self, name: str, body: object = None) -> httpx2.Response:
        return self.client.post(f"/_sandbox/{name}", json=body)

    def orders(self, token: str | None = None, **params: Any) -> list[dict[str, Any]]:
        """All orders of a search, over all pages."""
        pages = self.pages(ORDERS, "paginationToken", token, **params)
        return [order for page in pages for order in page["orders"]]

    def stock(self, token: str | None = None, **params: Any) -> list[dict[str, Any]]:
        pages = self.pages(INVENTORY, "nextToken", token, **(ALL_STOCK | params))
        return [row for page in pages for row in page["payload"]["inventorySummaries"]]

    def transactions(self, token: str | None = None, **params: Any) -> list[dict[str, Any]]:
        pages = self.pages(FINANCES, "nextToken", token, **params)
        return [one for page in pages for one in page["payload"]["transactions"]]

    def year_of_transactions(self) -> list[dict[str, Any]]:
        return [one for window in YEAR_IN_WINDOWS for one in self.transactions(**window)]

    def pages(
        self, path: str, token_name: str, token: str | None = None, **params: Any
    ) -> Iterator[dict[str, Any]]:
        token = token or self.token()
        while True:
            answer = self.get(path, token, **params)
            assert answer.status_code == 200, answer.text
            page = exact_json(answer)
            yield page
            container = page["payload"] if path == FINANCES else page.get("pagination", {})
            if "nextToken" not in container:
                return
            params[token_name] = container["nextToken"]


def exact_json(answer: httpx2.Response) -> Any:
    """The JSON with numbers as Decimals, as a careful client reads money."""
    return loads(answer.text, parse_float=Decimal)


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a refusal in Amazon's shape."""
    (error,) = answer.json()["errors"]
    assert error["message"]
    return answer.status_code, error["code"]


def related_to(transaction: dict[str, Any], name: str) -> list[str]:
    """The values of a transaction's related identifiers of one name."""
    return [
        one["relatedIdentifierValue"]
        for one in transaction["relatedIdentifiers"]
        if one["relatedIdentifierName"] == name
    ]
