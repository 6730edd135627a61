"""A frontend that follows a sync by its event stream, and comes back with its place as browsers do."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2

_RETRY_SECONDS = 0.2


class SseReader:
    """Follows one sync in a thread until its terminal event. `url` names the API to try next."""

    def __init__(self, url: Callable[[], str], token: str, sync_id: str) -> None:
        self.ids: list[int] = []
        self.told: list[dict[str, Any]] = []
        self.refused: set[int] = set()
        self.returns = 0
        self._url = url
        self.sync_id = sync_id
        self._headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def end(self, within_seconds: float) -> None:
        """Wait for the terminal event, and check what was told on the way to it."""
        self._thread.join(within_seconds)
        self._given_up.set()
        assert not self._thread.is_alive(), f"no end was told; the last: {self.told[-1:]}"
        assert self.ids == sorted(set(self.ids)), "told twice, or in another order"
        progress = [body["progress"] for body in self.told]
        assert progress == sorted(progress)
        assert not self.refused, "a browser would have given up"

    def _follow(self) -> None:
        while not self._given_up.is_set() and not self.has_ended:
            # The API or the way to it dies: so a browser sees it.
            with contextlib.suppress(httpx2.HTTPError):
                self._read()
            self.returns += 1
            time.sleep(_RETRY_SECONDS)  # a browser waits as well

    @property
    def has_ended(self) -> bool:
        """Whether the terminal event has come."""
        return bool(self.told) and self.told[-1]["status"] != "in_progress"

    def _read(self) -> None:
        place = {"last-event-id": str(self.ids[-1])} if self.ids else {}
        with (
            httpx2.Client(base_url=self._url(), headers=self._headers | place, timeout=30) as http,
            http.stream("GET", f"/api/sse/sync-progress/{self.sync_id}") as stream,
        ):
            if stream.status_code != httpx2.codes.OK:
                self.refused.add(stream.status_code)
                return
            event_id = 0
            for line in stream.iter_lines():
                if line.startswith("id: "):
                    event_id = int(line[4:])
                if line.startswith("data: "):
                    self.told.append(json.loads(line[6:]))
                    self.ids.append(event_id)
