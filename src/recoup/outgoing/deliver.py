"""Deliveries to webhooks: an attempt, when the next one is, and when recoup gives up."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from recoup.clock import Clock, to_rfc3339, utc_now
from recoup.config import Settings
from recoup.crypto import Vault
from recoup.db.engine import Database, Writer
from recoup.errors import ConfigurationError, WebhookError
from recoup.events.queries import record_activity
from recoup.events.words import ActivityType
from recoup.ids import DeliveryId
from recoup.logs import get_logger
from recoup.notifications.delivery_queries import (
    DueDelivery,
    Result,
    disable_failing_webhook,
    store_result,
    take_due_deliveries,
)
from recoup.notifications.signing import signed_headers
from recoup.notifications.webhook_queries import give_up_deliveries
from recoup.notifications.words import DeliveryStatus
from recoup.outgoing.post import Response, post

_log = get_logger(__name__)
_AT_ONCE = 20
_OF_ONE_WEBHOOK = 4
# Longer than an attempt may take: only a dead worker's attempt is made again by another one.
_LEASE = timedelta(minutes=2)
_FIRST_WAIT = timedelta(seconds=30)
_FACTOR = 3
_MOST_ATTEMPTS = 9
_JITTER = 0.1
_LONGEST_WAIT = timedelta(days=1)
_GONE = 410


def wait_after(attempt: int) -> timedelta | None:
    """From 30 s, three times as long each time, to 18 hours: 27 hours in all. None: give up."""
    return None if attempt >= _MOST_ATTEMPTS else _FIRST_WAIT * _FACTOR ** (attempt - 1)


class Deliverer:
    """Sends what is due. Any number of workers may do so at once: each takes other rows."""

    def __init__(self, settings: Settings, database: Database, *, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock

    async def deliver_due(self, *, only: DeliveryId | None = None) -> int:
        """Makes one attempt for each delivery that is due, some at a time; returns how many.

        May be killed anywhere: what was taken is taken again after two minutes, with the same id.
        """
        async with self._database.writing() as conn:
            due = await take_due_deliveries(
                conn, most=_AT_ONCE, of_one=_OF_ONE_WEBHOOK, lease=_LEASE, only=only
            )
        await asyncio.gather(*(self._attempt(one) for one in due))
        return len(due)

    async def _attempt(self, due: DueDelivery) -> None:
        try:
            response = await self._send(due)
        except WebhookError as exc:
            result = self._failed(due, str(exc))
        except Exception as exc:  # noqa: BLE001 - logged with its traceback, and reported
            # Otherwise it would be taken again every two minutes, and never given up.
            _log.exception("webhook_broken", delivery_id=due.delivery_id)
            error = f"An internal error of recoup ({type(exc).__name__}); see the log."
            result = self._failed(due, error)
        else:
            result = self._answered(due, response)
        async with self._database.writing() as conn:
            if await store_result(conn, due, result):
                await self._tell(conn, due, result)
        _log.info(
            "webhook_attempted",
            delivery_id=due.delivery_id,
            webhook_id=due.webhook_id,
            attempt=due.attempt,
            status=result.status,
            response_status=result.response_status,
            error=result.error,
        )

    async def _send(self, due: DueDelivery) -> Response:
        body = body_of(due, self._settings.public_url)
        try:
            vault = Vault(self._settings.keys)
            sealed = [due.secret_sealed, due.previous_secret_sealed]
            signed_with = [vault.open(one) for one in sealed if one is not None]
        except ConfigurationError:
            raise WebhookError(
                "The signing secret cannot be opened with RECOUP_SECRET_KEYS: rotate it."
            ) from None
        headers = signed_headers(
            body, message_id=due.message_id, at=self._clock(), signed_with=signed_with
        )
        return await post(due.url, body, headers, to_private=self._settings.webhooks_to_private)

    def _answered(self, due: DueDelivery, response: Response) -> Result:
        said = (response.status, response.excerpt)
        if 200 <= response.status < 300:
            return Result(DeliveryStatus.DELIVERED, *said)
        if response.status == _GONE:
            return Result(DeliveryStatus.FAILED, *said, error="The receiver is gone (410).")
        error = f"The receiver answered {response.status}."
        if 300 <= response.status < 400:
            error = f"The receiver redirects ({response.status}): enter its new address."
        at_least = timedelta(seconds=response.retry_after or 0)
        return self._failed(due, error, *said, at_least=at_least)

    def _failed(
        self,
        due: DueDelivery,
        error: str,
        status: int | None = None,
        excerpt: str | None = None,
        *,
        at_least: timedelta = timedelta(0),
    ) -> Result:
        wait = wait_after(due.attempt)
        if wait is None:
            return Result(DeliveryStatus.FAILED, status, excerpt, error)
        wait = max(wait, min(at_least, _LONGEST_WAIT))
        spread = wait * random.uniform(0, _JITTER)  # noqa: S311 - no secret
        return Result(
            DeliveryStatus.PENDING, status, excerpt, error, retry_at=self._clock() + wait + spread
        )

    async def _tell(self, conn: Writer, due: DueDelivery, result: Result) -> None:
        """What recoup gave up is reported in the activity, with the webhook that it turned off."""
        if result.status is not DeliveryStatus.FAILED:
            return
        host = urlsplit(due.url).hostname
        given_up = (
            f"Gave up sending {due.kind} to {host} after {due.attempt} attempts: {result.error}"
        )
        gone = result.response_status == _GONE
        since = timedelta(0) if gone else _whole_time()
        why = result.error if gone else f"{given_up} Nothing was accepted for more than a day."
        assert why is not None, "a failure has an error"
        if await disable_failing_webhook(conn, due.webhook_id, why=why, failing_for=since):
            await give_up_deliveries(conn, due.webhook_id, "The webhook was turned off.")
            message = f"Turned off the webhook to {host}: {why}"
            kind = ActivityType.WEBHOOK_DISABLED
        else:
            message, kind = given_up, ActivityType.WEBHOOK_FAILED
        await record_activity(conn, due.workspace_id, activity_type=kind, message=message)
        _log.warning("webhook_given_up", webhook_id=due.webhook_id, delivery_id=due.delivery_id)


def _whole_time() -> timedelta:
    """From the first attempt to the last one, without jitter."""
    waits = (wait_after(attempt) for attempt in range(1, _MOST_ATTEMPTS))
    return sum((wait for wait in waits if wait is not None), timedelta(0))


def body_of(due: DueDelivery, public_url: str) -> bytes:
    """The same bytes at each attempt, as the receiver may compare them."""
    return message_body(due.kind, due.occurred_at, due.data, public_url)


def message_body(
    kind: str, occurred_at: datetime, data: dict[str, object], public_url: str
) -> bytes:
    """`type`, `timestamp` and `data`, whose `link` is a whole address."""
    link = data.get("link")
    whole = {**data, "link": f"{public_url}{link}"} if link else data
    message = {"type": kind, "timestamp": to_rfc3339(occurred_at), "data": whole}
    return json.dumps(message, separators=(",", ":")).encode()
