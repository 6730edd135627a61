"""When credentials were used last: kept in memory, stored now and then, off the path of requests."""

from __future__ import annotations

import asyncio
from datetime import datetime

from recoup.db.engine import Database
from recoup.errors import DatabaseUnreachableError
from recoup.ids import CredentialId
from recoup.logs import get_logger
from recoup.users.credential_queries import USED_EVERY, Use, note_uses

_log = get_logger(__name__)
_STORE_EVERY_SECONDS = 5.0


class LastUses:
    """Of one process. A use of the last minute is not stored again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: dict[CredentialId, datetime] = {}

    def note(self, use: Use, now: datetime) -> None:
        """Remembers a use; costs no wait."""
        before, credential_id = use.last_used_at, use.caller.credential_id
        if credential_id is not None and (before is None or now - before >= USED_EVERY):
            self._pending.setdefault(credential_id, now)

    async def store(self) -> None:
        """Raises DatabaseUnreachableError; what was not stored is left for the next time."""
        if not self._pending:
            return
        uses = dict(self._pending)
        async with self._database.writing() as conn:
            await note_uses(conn, uses)
        for credential_id in uses:
            self._pending.pop(credential_id, None)  # stored by another call meanwhile

    async def run(self) -> None:
        """Stores until cancelled."""
        while True:
            await asyncio.sleep(_STORE_EVERY_SECONDS)
            try:
                await self.store()
            except DatabaseUnreachableError:
                _log.warning("last_uses_not_stored", count=len(self._pending))
