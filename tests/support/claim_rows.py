"""Rows of a seller put straight into the tables, so that a claim test shows only what matters.

    await world.ledger("2026-09-01", -1, "M")
    await world.payment("2026-09-20", reason="Lost_Warehouse")
    claims = await world.detect("2026-11-23")

Everything has a default: the product X001 / SKU-1 in the United States. Days are texts.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, insert, select, update

from recoup.claims.bodies.evidence import Evidence
from recoup.claims.detection.detect import detect
from recoup.claims.tables import claim, claim_allocation, claim_candidate
from recoup.connections.queries import save_connection
from recoup.db.engine import Writer
from recoup.db.metadata import METADATA
from recoup.ids import ConnectionId
from recoup.users.queries import add_user

US, UK, CA, DE = "ATVPDKIKX0DER", "A1F83G8C2ARO7P", "A2EUQ1WTGCTBG2", "A1PA6795UKMFR9"
COUNTRIES = {US: ("US", "USD"), UK: ("GB", "GBP"), CA: ("CA", "CAD"), DE: ("DE", "EUR")}
TODAY = "2026-11-23"


@dataclass
class World:
    """A connection and its rows, in one transaction that a test may commit or not."""

    conn: Writer
    connection_id: ConnectionId
    marketplace_id: str = US
    _lines: Any = field(default_factory=lambda: itertools.count(2))

    @property
    def country(self) -> str:
        return COUNTRIES[self.marketplace_id][0]

    @property
    def currency(self) -> str:
        return COUNTRIES[self.marketplace_id][1]

    async def add(self, table: str, **values: Any) -> dict[str, Any]:
        """A row of any table of a stream; what its key lacks is '' or 1. Gives the row."""
        columns = METADATA.tables[table].columns
        row: dict[str, Any] = {"connection_id": self.connection_id, **values}
        if "source" in columns:
            row.setdefault("source", f"test {table}")
        if "source_line" in columns:
            row.setdefault("source_line", next(self._lines))
        for column in columns:
            if column.primary_key and column.name not in row:
                row[column.name] = 1 if column.name == "occurrence" else ""
        row = {name: _typed(columns[name].type, value) for name, value in row.items()}
        await self.conn.execute(insert(METADATA.tables[table]).values(**row))
        return row

    async def monthly(self, **values: Any) -> None:
        """A monthly balance in which everything else is 0, as files write it."""
        columns = METADATA.tables["ledger_summary"].columns
        zeros = {one.name: 0 for one in columns if isinstance(one.type, Integer) and one.nullable}
        zeros.pop("source_line", None)
        await self.add("ledger_summary", **zeros | values)

    async def history(self, since: str = "2026-01-01", until: str = TODAY) -> None:
        """The ledger reaches from one day to the other: a shipment on each."""
        for day in (since, until):
            await self.ledger(day, -1, "", fnsku="XHISTORY", event_type="Shipments")

    async def ledger(self, day: str, quantity: int, reason: str = "M", **values: Any) -> None:
        """A movement of stock, an adjustment unless told."""
        row = {
            "event_on": day,
            "fnsku": "X001",
            "msku": "SKU-1",
            "asin": "B001",
            "event_type": "Adjustments",
            "fulfillment_center": "PHL7",
            "disposition": "SELLABLE",
            "country": self.country,
        }
        await self.add("ledger", **row | {"quantity": quantity, "reason": reason} | values)

    async def payment(
        self,
        day: str,
        *,
        reason: str = "Lost_Warehouse",
        cash: int = 1,
        inventory: int = 0,
        per_unit: str = "10.00",
        number: str | None = None,
        **values: Any,
    ) -> str:
        """A row of the reimbursements report; gives its reimbursement id."""
        number = number or f"R{next(self._lines)}"
        row = {
            "reimbursement_id": number,
            "approved_at": day,
            "reason": reason,
            "fnsku": "X001",
            "sku": "SKU-1",
            "currency": self.currency,
            "amount_per_unit": per_unit,
            "amount_total": Decimal(per_unit) * cash,
            "quantity_cash": cash,
            "quantity_inventory": inventory,
            "quantity_total": cash + inventory,
        }
        await self.add("reimbursements", **row | values)
        return number

    async def reversal(
        self, day: str, original: str, *, cash: int = -1, inventory: int = 0, **values: Any
    ) -> str:
        """A payment taken back; with `inventory` the unit was given back instead."""
        return await self.payment(
            day,
            reason="Reimbursement_Reversal",
            cash=cash,
            inventory=inventory,
            original_reimbursement_id=original,
            **{"original_reimbursement_type": "Lost_Warehouse"} | values,
        )

    async def removal(
        self, day: str, *, order_type: str = "Disposal", requested: int = 1, **values: Any
    ) -> None:
        """A removal order of the seller."""
        row = {
            "order_id": f"RO{next(self._lines)}",
            "sku": "SKU-1",
            "fnsku": "X001",
            "disposition": "Unsellable",
            "requested_at": day,
            "last_updated_at": day,
            "order_type": order_type,
            "status": "Completed",
            "requested_quantity": requested,
            "cancelled_quantity": 0,
            "disposed_quantity": requested if order_type == "Disposal" else 0,
            "shipped_quantity": 0 if order_type == "Disposal" else requested,
            "in_process_quantity": 0,
        }
        await self.add("removals", **row | values)

    async def cost(self, cost: str, *, since: str = "2025-01-01", **values: Any) -> None:
        """What a unit costs the seller, by FNSKU unless a SKU is given."""
        row = {"sku": "", "fnsku": "" if values.get("sku") else "X001"}
        row |= {"valid_from": since, "cost": Decimal(cost), "currency": self.currency}
        await self.add("sourcing_cost", **row | {"entered_by": "test"} | values)

    async def filed(self, of: str, case_id: str = "4711", day: str = TODAY) -> None:
        """A person has filed the claims of a type under a case."""
        filed_at = _typed(claim.c.filed_at.type, day)
        values = {"status": "filed", "case_id": case_id, "filed_at": filed_at}
        await self.conn.execute(update(claim).where(claim.c.type == of).values(**values))

    async def states(self, of: str, as_of: str = TODAY) -> list[tuple[str, Decimal | None]]:
        """Status and amount of the claims of a type, after two detections: both must agree."""
        found = []
        for _ in range(2):
            await self.detect(as_of)
            found.append([(one["status"], one["amount"]) for one in await self.claims(of)])
        assert found[0] == found[1]
        return found[0]

    async def detect(self, as_of: str = TODAY) -> list[dict[str, Any]]:
        """Detect as of a day; gives the claims that are open, by type and key.

        Whatever a test is about, the evidence is as the API describes it.
        """
        await detect(self.conn, self.connection_id, date.fromisoformat(as_of))
        claims = await self.claims()
        for row in claims:
            Evidence.model_validate(row["evidence"])
        return [row for row in claims if row["status"] != "withdrawn"]

    async def claims(self, of: str | None = None) -> list[dict[str, Any]]:
        return await self._read(claim, of)

    async def candidates(self, of: str | None = None) -> list[dict[str, Any]]:
        """Every event of the last detection, the settled and suppressed ones too."""
        return await self._read(claim_candidate, of)

    async def allocations(self, of: str | None = None) -> list[dict[str, Any]]:
        return await self._read(claim_allocation, of)

    async def _read(self, table: Any, of: str | None) -> list[dict[str, Any]]:
        query = select(table).where(table.c.connection_id == self.connection_id)
        if of is not None:
            query = query.where(table.c.type == of)
        rows = await self.conn.execute(query.order_by(table.c.type, table.c.key))
        return [dict(row) for row in rows.mappings()]


def _typed(kind: Any, value: Any) -> Any:
    """A text as the date or the instant (noon UTC) that the column wants."""
    if isinstance(value, str) and kind.python_type is date:
        return date.fromisoformat(value)
    if isinstance(value, str) and kind.python_type is datetime:
        return datetime.combine(date.fromisoformat(value), time(12), UTC)
    return value


async def make_world(conn: Writer, marketplaces: tuple[str, ...] = (US,)) -> World:
    """A user, a connection with these marketplaces, and no rows. The first marketplace is home."""
    user = await add_user(conn, "seller@example.com")
    connection = await save_connection(
        conn,
        user.user_id,
        selling_partner_id="A1SELLER",
        region="NA" if marketplaces[0] in {US, CA} else "EU",
        environment="local",
        marketplace_ids=marketplaces,
        refresh_token_sealed=b"sealed",
    )
    return World(conn, connection.connection_id, marketplaces[0])
