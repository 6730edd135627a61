"""The tools for packs: claims that are filed together as one case."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from mcp.server.mcpserver import MCPServer
from pydantic import Field

from recoup.assistants.access import Access
from recoup.assistants.acting import RECORDS
from recoup.assistants.answers import Rows, as_data
from recoup.assistants.reading import READS, Ctx

CaseId = Annotated[str, Field(min_length=1, description="Case id of Seller Central.")]


def add_pack_tools(server: MCPServer[Any], access: Access) -> None:
    """Adds every tool of this file."""

    @server.tool(annotations=READS, title="Packs")
    async def list_packs(ctx: Ctx) -> Rows:
        """Packs: claims that can be filed together as one case."""
        async with access.client(ctx) as api:
            found = await api.get("/api/packs")
        return Rows(
            source="GET /api/packs",
            next_cursor=found.get("nextCursor"),
            amazon_data=as_data(found["items"]),
        )

    @server.tool(annotations=READS, title="One pack")
    async def get_pack(ctx: Ctx, pack_id: str) -> Rows:
        """One pack: its claims, the text to paste, and what to attach."""
        path = f"/api/packs/{quote(pack_id, safe='')}"
        async with access.client(ctx) as api:
            found = await api.get(path)
        return Rows(source=f"GET {path}", next_cursor=None, amazon_data=[as_data(found)])

    @server.tool(annotations=RECORDS, title="Record that a pack was filed")
    async def mark_pack_filed(ctx: Ctx, pack_id: str, case_id: CaseId) -> Rows:
        """Records that a person filed the pack in Seller Central. Needs the scope `sync`."""
        async with access.client(ctx) as api:
            found = await api.file_pack(pack_id, case_id)
        return Rows(
            source=f"POST /api/packs/{pack_id}/filed",
            next_cursor=None,
            amazon_data=[as_data(found)],
        )
