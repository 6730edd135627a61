"""Requests a report without the marketplaces for which Amazon refuses it."""

from __future__ import annotations

import asyncio

from recoup.errors import BadRequestError, ForbiddenError, NotAvailableError, RecoupError
from recoup.sync.record.stream_state import StreamState
from recoup.sync.refusals.refused import leave_out
from recoup.sync.reports.ledger import ReportLedger
from recoup.sync.reports.request import ReportRequest
from recoup.sync.reports.requests import ReportDesk
from recoup.sync.work import Work


class Narrowing:
    """The requests of one section, which share what they learn about marketplaces."""

    def __init__(
        self, work: Work, state: StreamState, desk: ReportDesk, ledger: ReportLedger
    ) -> None:
        self._work = work
        self._state = state
        self._desk = desk
        self._ledger = ledger
        self._finding_out = asyncio.Lock()
        self._refusal: RecoupError | None = None

    async def ask(self, request: ReportRequest) -> ReportRequest:
        """Requests the report, and stores its id; returns the request as it was made.

        Raises BadRequestError or ForbiddenError when it is refused for every marketplace,
        NotAvailableError for a type that is refused again and again.
        """
        if set(self._ledger.section.marketplace_ids) < set(request.marketplace_ids):
            request = await self._narrow(request)
        if self._state.was_unavailable:
            return await self._ask_once(request)
        try:
            return await self._desk.ask(request, self._store)
        except (BadRequestError, ForbiddenError) as exc:
            if len(request.marketplace_ids) < 2:
                raise
            async with self._finding_out:
                if set(self._ledger.section.marketplace_ids) == set(request.marketplace_ids):
                    return await self._ask_for_some(request, exc)
            return await self.ask(request)

    async def _ask_once(self, request: ReportRequest) -> ReportRequest:
        """Requests the report of a stream that was unavailable: the first answer counts for all."""
        async with self._finding_out:
            if self._refusal is not None:
                raise self._refusal
            try:
                return await self._desk.ask(request, self._store)
            except (BadRequestError, ForbiddenError, NotAvailableError) as exc:
                self._refusal = exc
                raise

    async def _ask_for_some(
        self, request: ReportRequest, error: BadRequestError | ForbiddenError
    ) -> ReportRequest:
        """Leaves out the marketplaces that Amazon refuses in all further requests."""
        taken = await self._desk.ask_for_some(request, error)
        refused = [one for one in request.marketplace_ids if one not in taken.marketplace_ids]
        ledger = self._ledger
        ledger.section = await leave_out(
            self._work,
            self._state,
            ledger.section,
            ledger.shared.cursor,
            dict.fromkeys(refused, error),
        )
        return await self._store(await self._narrow(request), taken.report_id)

    async def _store(self, request: ReportRequest, report_id: str) -> ReportRequest:
        """Before anything else happens. A cancel that comes just now must not lose the id."""
        self._work.reached("report_asked")
        request = await asyncio.shield(self._ledger.store_id(request, report_id))
        self._work.reached("id_stored")
        return request

    async def _narrow(self, request: ReportRequest) -> ReportRequest:
        """The request for the remaining marketplaces."""
        return await self._ledger.note(
            request, marketplace_ids=list(self._ledger.section.marketplace_ids)
        )
