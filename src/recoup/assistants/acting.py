"""The tools that change something. The API refuses them to a token without the scope `sync`."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field

from recoup.assistants.access import Access
from recoup.assistants.answers import Evidence, SyncAnswer, evidence_of, short_sync
from recoup.assistants.reading import Account, Ctx

STARTS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
)
RECORDS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)


def add_acting_tools(server: MCPServer[Any], access: Access) -> None:
    """Adds every tool of this file."""

    @server.tool(annotations=STARTS, title="Start a sync")
    async def start_sync(ctx: Ctx, connection_id: Account = None) -> SyncAnswer:
        """Starts reading new data from Amazon, as the person asked. Needs the scope `sync`."""
        async with access.client(ctx) as api:
            started = await api.start(connection_id)
            sync = await api.sync(started)
        return SyncAnswer(source="POST /api/sync/start", sync=short_sync(sync))

    @server.tool(annotations=RECORDS, title="Record that a claim was filed")
    async def mark_filed(
        ctx: Ctx,
        claim_id: str,
        case_id: Annotated[str, Field(min_length=1, description="Case id of Seller Central.")],
        note: Annotated[str | None, Field(max_length=2000)] = None,
    ) -> Evidence:
        """Records that a person filed the claim in Seller Central. recoup files nothing itself.

        Needs the scope `sync`.
        """
        async with access.client(ctx) as api:
            claim = await api.decide(claim_id, status="filed", case_id=case_id, note=note)
        return evidence_of(claim, f"PATCH /api/recoveries/{claim_id}")
