"""Sends what waits, for as long as a worker runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from recoup.clock import utc_now
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.errors import DatabaseUnreachableError
from recoup.logs import get_logger
from recoup.outgoing.deliver import Deliverer
from recoup.outgoing.digest import Postman
from recoup.outgoing.smtp import Mailer
from recoup.sync.notify_claims import notify_of_deadlines

T = TypeVar("T")

_log = get_logger(__name__)
_REMINDERS_EVERY_SECONDS = 3600.0
_WEBHOOKS_EVERY_SECONDS = 2.0
_MAILS_EVERY_SECONDS = 30.0


class OutgoingRunner:
    """On every worker, harmless if doubled: each delivery and each mail is taken by one."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._deliverer = Deliverer(settings, database)
        self._postman = Postman(settings, database, mailer=Mailer.of(settings))

    async def run_reminders(self) -> None:
        """Until cancelled: at once, as a worker may have been away for days, and then each hour."""
        while True:
            await _undisturbed(notify_of_deadlines(self._database, now=utc_now()), None)
            await asyncio.sleep(_REMINDERS_EVERY_SECONDS)

    async def run_webhooks(self) -> None:
        """Until cancelled. A batch is followed by the next one at once."""
        while True:
            more = await _undisturbed(self._deliverer.deliver_due(), 0)
            if not more:
                await asyncio.sleep(_WEBHOOKS_EVERY_SECONDS)

    async def run_mails(self) -> None:
        """Until cancelled."""
        while True:
            await _undisturbed(self._postman.send_due(), None)
            await asyncio.sleep(_MAILS_EVERY_SECONDS)


async def _undisturbed(work: Awaitable[T], otherwise: T) -> T:
    """The syncs of a worker go on whatever happens here; what was not sent is taken up again."""
    try:
        return await work
    except DatabaseUnreachableError:
        _log.warning("outgoing_postponed")
    except Exception:  # noqa: BLE001 - why is said above
        _log.exception("outgoing_failed")
    return otherwise
