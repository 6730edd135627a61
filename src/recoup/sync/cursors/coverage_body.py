"""The body for the coverage of a seller's data, for the API and the command line."""

from __future__ import annotations

from pydantic import Field

from recoup.body import CamelModel, Timestamp


class HoleBody(CamelModel):
    since: Timestamp | None = Field(alias="from", description="Null: no time in particular.")
    until: Timestamp | None = Field(alias="to")
    reason: str


class CoveredStream(CamelModel):
    name: str
    marketplace_id: str | None = Field(description="Null for a source that covers the region.")
    since: Timestamp | None = Field(
        alias="from", description="The earliest time that is loaded; null for a snapshot."
    )
    until: Timestamp | None = Field(alias="to", description="The latest time that is loaded.")
    holes: list[HoleBody] = Field(description="What is missing, and why.")
    as_of: Timestamp | None = Field(description="When it was last read to its end.")
    rows: int | None = Field(
        description="Rows stored; null where they can be counted for all marketplaces only."
    )


class CoverageBody(CamelModel):
    connection_id: str
    streams: list[CoveredStream]
