"""The tools that read. None of them changes anything."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field

from recoup.assistants.access import Access
from recoup.assistants.answers import (
    Claims,
    Documents,
    Evidence,
    Rows,
    SyncAnswer,
    as_data,
    evidence_of,
    short_claim,
    short_sync,
)

READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)

Account = Annotated[
    str | None,
    Field(description="connectionId of list_accounts; needed only where there are several."),
]
Cursor = Annotated[str | None, Field(description="nextCursor of the previous answer.")]
Limit = Annotated[int, Field(ge=1, le=50, description="Maximum number of rows.")]
Since = Annotated[date | None, Field(description="First day, included.")]
Until = Annotated[date | None, Field(description="Last day, not included.")]
Ctx = Context[Any, Any]


def add_reading_tools(server: MCPServer[Any], access: Access) -> None:
    """Adds every tool of this file."""
    _add_accounts(server, access)
    _add_claims(server, access)
    _add_rows(server, access)


def _add_accounts(server: MCPServer[Any], access: Access) -> None:
    @server.tool(annotations=READS, title="Amazon accounts")
    async def list_accounts(ctx: Ctx) -> Documents:
        """The connected Amazon seller accounts, with their connectionId and status."""
        async with access.client(ctx) as api:
            found = await api.connections()
        return Documents(
            source="GET /api/v1/integrations/amazon/status",
            items=[as_data(one.document()) for one in found],
        )

    @server.tool(annotations=READS, title="What is loaded")
    async def get_coverage(ctx: Ctx, connection_id: Account = None) -> Documents:
        """For which dates each kind of data is loaded, what is missing, and why."""
        async with access.client(ctx) as api:
            found = await api.coverage(connection_id)
        return Documents(
            source="GET /api/coverage", items=[as_data(one.document()) for one in found.streams]
        )

    @server.tool(annotations=READS, title="Syncs")
    async def list_syncs(ctx: Ctx, limit: Limit = 10) -> Documents:
        """Past and running syncs, newest first."""
        async with access.client(ctx) as api:
            found = await api.syncs(limit=limit)
        return Documents(
            source="GET /api/sync/history", items=[as_data(one.document()) for one in found]
        )

    @server.tool(annotations=READS, title="One sync")
    async def get_sync(ctx: Ctx, sync_id: str) -> SyncAnswer:
        """The state of one sync: progress, each kind of data, errors."""
        async with access.client(ctx) as api:
            found = await api.sync(sync_id)
        return SyncAnswer(source=f"GET /api/sync/status/{sync_id}", sync=short_sync(found))

    @server.tool(annotations=READS, title="Money by month")
    async def get_money_by_month(
        ctx: Ctx, connection_id: Account = None, since: Since = None, until: Until = None
    ) -> Documents:
        """What Amazon posted by month, currency and kind of transaction, with the number of rows."""
        async with access.client(ctx) as api:
            found = await api.get(
                "/api/metrics/money", connection_id=connection_id, since=since, until=until
            )
        return Documents(source="GET /api/metrics/money", items=as_data(found["months"]))


def _add_claims(server: MCPServer[Any], access: Access) -> None:
    @server.tool(annotations=READS, title="Claims")
    async def list_claims(
        ctx: Ctx,
        *,
        owed: Annotated[
            bool | None, Field(description="true: only what is owed and can be filed.")
        ] = True,
        type: Annotated[str | None, Field(description="Such as lost_in_warehouse.")] = None,  # noqa: A002 - as the API calls it
        status: Annotated[str | None, Field(description="Such as detected or filed.")] = None,
        min_confidence: Annotated[float | None, Field(ge=0, le=1)] = None,
        expiring_within_days: Annotated[int | None, Field(ge=0, le=3650)] = None,
        search: Annotated[
            str | None,
            Field(
                description="Beginning of an order id, SKU, FNSKU, ASIN or case id, in capitals or small letters."
            ),
        ] = None,
        sort: Literal["deadline", "-amount", "-confidence", "-detectedAt"] = "deadline",
        connection_id: Account = None,
        limit: Limit = 10,
        cursor: Cursor = None,
    ) -> Claims:
        """What Amazon owes: claims with amount, confidence, deadline and source rows."""
        async with access.client(ctx) as api:
            page = await api.claim_page(
                owed=owed,
                type=type,
                status=status,
                min_confidence=min_confidence,
                expiring_within_days=expiring_within_days,
                q=search,
                sort=sort,
                connection_id=connection_id,
                limit=limit,
                cursor=cursor,
            )
        return Claims(
            source="GET /api/recoveries",
            items=[short_claim(one) for one in page.items],
            next_cursor=page.next_cursor,
            claim_count=page.totals.claim_count,
            owed=page.totals.owed.document(),
        )

    @server.tool(annotations=READS, title="One claim with its evidence")
    async def get_claim(ctx: Ctx, claim_id: str) -> Evidence:
        """One claim: every source row that proves it, the arithmetic, the confidence and why."""
        async with access.client(ctx) as api:
            claim = await api.claim(claim_id)
        return evidence_of(claim, f"GET /api/recoveries/{claim_id}")

    @server.tool(annotations=READS, title="Why, or why not")
    async def explain(
        ctx: Ctx,
        *,
        fnsku: str | None = None,
        order_id: str | None = None,
        day: Annotated[date | None, Field(description="Only events of this day.")] = None,
        connection_id: Account = None,
        cursor: Cursor = None,
    ) -> Rows:
        """Why the events of an FNSKU or an order are claims or not, and what settled them."""
        async with access.client(ctx) as api:
            found = await api.get(
                "/api/recoveries/explain",
                fnsku=fnsku,
                order_id=order_id,
                date=day,
                connection_id=connection_id,
                cursor=cursor,
            )
        return Rows(
            source="GET /api/recoveries/explain",
            next_cursor=found["nextCursor"],
            amazon_data=as_data(found["items"]),
        )


def _add_rows(server: MCPServer[Any], access: Access) -> None:
    @server.tool(annotations=READS, title="Orders")
    async def list_orders(
        ctx: Ctx,
        *,
        sku: str | None = None,
        order_id: str | None = None,
        since: Since = None,
        until: Until = None,
        connection_id: Account = None,
        limit: Limit = 10,
        cursor: Cursor = None,
    ) -> Rows:
        """Orders with their items, newest first: of a SKU, or one order."""
        filters = {"sku": sku, "order_id": order_id, "connection_id": connection_id}
        return await _rows(ctx, "orders", filters, since, until, limit, cursor)

    @server.tool(annotations=READS, title="Stock ledger")
    async def list_ledger(
        ctx: Ctx,
        *,
        sku: str | None = None,
        fnsku: str | None = None,
        since: Since = None,
        until: Until = None,
        connection_id: Account = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Rows:
        """Every movement of stock, newest first: of a SKU or an FNSKU."""
        filters = {"sku": sku, "fnsku": fnsku, "connection_id": connection_id}
        return await _rows(ctx, "ledger", filters, since, until, limit, cursor)

    async def _rows(
        ctx: Ctx,
        name: str,
        filters: dict[str, str | None],
        since: date | None,
        until: date | None,
        limit: int,
        cursor: str | None,
    ) -> Rows:
        async with access.client(ctx) as api:
            page = await api.page(
                name,
                since=_midnight(since),
                until=_midnight(until),
                limit=limit,
                cursor=cursor,
                **filters,
            )
        return Rows(
            source=f"GET /api/{name}",
            next_cursor=page.next_cursor,
            amazon_data=as_data(page.items),
        )


def _midnight(day: date | None) -> str | None:
    return None if day is None else f"{day.isoformat()}T00:00:00Z"
