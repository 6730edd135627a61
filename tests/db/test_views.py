"""The views for people who query the database: what they add up, and what they leave unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Date, insert, literal, text

from recoup.claims.lifecycle import PROMPT_FROM
from recoup.claims.policy import load_policy
from recoup.claims.reading.row import claim_row, select_claims
from recoup.claims.stages import CHASE_AFTER
from recoup.claims.tables import claim
from recoup.connections.queries import save_connection
from recoup.db.engine import Database, Reader, Writer
from recoup.ids import ConnectionId, WorkspaceId
from recoup.sync.record.tables import quarantine
from recoup.users.queries import add_user
from tests.support.claim_rows import DE, UK, US, World

MAY = date(2026, 5, 1)
NUMBERS = count(1)
EVENTS = (
    *("receipts", "customer_shipments", "customer_returns", "vendor_returns"),
    *("warehouse_transfers", "found", "lost", "damaged", "disposed", "other_events"),
    "unknown_events",
)


async def a_world(conn: Writer, seller: str) -> World:
    """A connection of a user of its own."""
    user = await add_user(conn, f"{seller.lower()}@example.com")
    connection = await save_connection(
        conn,
        WorkspaceId(user.user_id),
        selling_partner_id=seller,
        region="NA",
        environment="local",
        marketplace_ids=(US,),
        refresh_token_sealed=b"sealed",
    )
    return World(conn, connection.connection_id)


async def balance(world: World, begin: int | None, end: int | None, **cells: Any) -> None:
    """A row of the ledger summary; events that are not named are 0."""
    known: dict[str, Any] = dict.fromkeys(EVENTS, 0) | {"in_transit": 0}
    where = {"month_on": MAY, "fnsku": "X001", "msku": "SKU-1", "disposition": "SELLABLE"}
    row = where | {"location": "US", "starting_balance": begin, "ending_balance": end}
    await world.add("ledger_summary", **row | known | cells)


async def transaction(world: World, posted: str, amount: str, **cells: Any) -> None:
    row: dict[str, Any] = {
        "transaction_id": f"T{next(NUMBERS)}",
        "type": "Shipment",
        "status": "RELEASED",
        "posted_at": datetime.fromisoformat(posted),
        "total_amount": Decimal(amount),
        "currency": "USD",
        "marketplace_id": US,
        "is_reimbursement": False,
        "related_identifiers": [],
        "breakdowns": [],
    }
    await world.add("transactions", **row | cells)


async def a_claim(conn: Writer, connection_id: ConnectionId, **cells: Any) -> str:
    """A claim that is owed, unless its cells say otherwise."""
    claim_id = f"clm_{next(NUMBERS):03}"
    row: dict[str, Any] = {
        "claim_id": claim_id,
        "connection_id": connection_id,
        "type": "lost_in_warehouse",
        "key": {"claim": claim_id},
        "marketplace_id": "",
        "quantity": 1,
        "amount": Decimal("10.00"),
        "currency": "USD",
        "amount_basis": "sourcing cost",
        "confidence": PROMPT_FROM,
        "confidence_parts": [],
        "event_on": MAY,
        "deadline": date(9999, 1, 1),
        "reason": "Lost.",
        "evidence": {},
        "policy_version": "1",
        "rule_version": 1,
        "as_of": MAY,
        "stage": "found",
    }
    await conn.execute(insert(claim).values(**row | cells))
    return claim_id


async def rows(conn: Reader, query: str, **values: Any) -> list[Mapping[str, Any]]:
    return [dict(row) for row in (await conn.execute(text(query), values)).mappings()]


async def balances(conn: Reader) -> dict[str, tuple[Any, ...]]:
    """Begin, movements, end and the unexplained units, by SKU."""
    found = await rows(conn, "select * from v_inventory_balance order by connection_id, msku")
    assert len({one["msku"] for one in found}) == len(found)
    names = ("starting_balance", "movements", "ending_balance", "unexplained")
    return {one["msku"]: tuple(one[name] for name in names) for one in found}


async def test_a_balance_is_the_sum_of_its_suppliers(database: Database) -> None:
    """All events count, units in transit do not; what the sum leaves is unexplained."""
    async with database.writing() as conn:
        world = await a_world(conn, "A1")
        each = {name: number for number, name in enumerate(EVENTS, start=1)}
        total = sum(each.values())
        await balance(world, 100, 100 + total, supplier="S1", in_transit=1000, **each)
        await balance(world, 10, 6, supplier="S2", lost=-1)

        found = await balances(conn)

    assert found == {"SKU-1": (110, total - 1, 106 + total, -3)}


@pytest.mark.parametrize("unknown", EVENTS)
async def test_an_unknown_event_leaves_the_movements_unknown(
    database: Database, unknown: str
) -> None:
    """Also if it is unknown of one supplier only: begin and end are known all the same."""
    async with database.writing() as conn:
        world = await a_world(conn, "A1")
        await balance(world, 100, 98, supplier="S1", customer_shipments=-2)
        await balance(world, 10, 10, supplier="S2", **{unknown: None})

        found = await balances(conn)

    assert found == {"SKU-1": (110, None, 108, None)}


async def test_an_unknown_balance_is_unknown_in_the_sum(database: Database) -> None:
    """Begin and end each for itself; the movements are known all the same."""
    async with database.writing() as conn:
        world = await a_world(conn, "A1")
        for name, begin, end in (("begin", None, 8), ("end", 10, None), ("both", None, None)):
            await balance(world, 5, 5, msku=name, supplier="S1")
            await balance(world, begin, end, msku=name, supplier="S2", lost=-2)

        found = await balances(conn)

    assert found == {
        "begin": (None, -2, 13, None),
        "end": (15, -2, None, None),
        "both": (None, -2, None, None),
    }


async def test_balances_are_not_mixed(database: Database) -> None:
    """Neither months, states, places, products nor connections; a row in quarantine counts nowhere."""
    async with database.writing() as conn:
        one, other = await a_world(conn, "A1"), await a_world(conn, "A2")
        await balance(one, 1, 1)
        await balance(one, 2, 2, month_on=date(2026, 6, 1))
        await balance(one, 4, 4, disposition="CUSTOMER_DAMAGED")
        await balance(one, 8, 8, location="CA")
        await balance(one, 16, 16, fnsku="X002")
        await balance(one, 32, 32, msku="")
        await balance(other, 64, 64)
        await conn.execute(
            insert(quarantine).values(
                connection_id=one.connection_id,
                stream="ledger_summary",
                source="file",
                raw={"FNSKU": "X001", "Starting Warehouse Balance": "many"},
                raw_digest="1",
                sync_id="sync_1",
                reason="no number",
            )
        )

        found = await rows(conn, "select connection_id, starting_balance from v_inventory_balance")

    assert sorted((row["starting_balance"], row["connection_id"]) for row in found) == [
        *((units, one.connection_id) for units in (1, 2, 4, 8, 16, 32)),
        (64, other.connection_id),
    ]


async def test_money_is_added_within_a_month_and_a_currency(database: Database) -> None:
    """To the cent, by the month in UTC; a marketplace that is not named is a group of its own."""
    async with database.writing() as conn:
        one, other = await a_world(conn, "A1"), await a_world(conn, "A2")
        await transaction(one, "2026-05-01T00:00:00Z", "10.10")
        await transaction(one, "2026-05-31T23:59:59Z", "-0.20")
        await transaction(one, "2026-06-01T00:00:00Z", "7.00")
        await transaction(one, "2026-05-02T00:00:00Z", "3.00", currency="EUR")
        await transaction(one, "2026-05-02T00:00:00Z", "2.00", type="Refund")
        await transaction(one, "2026-05-02T00:00:00Z", "5.00", status="DEFERRED")
        await transaction(one, "2026-05-02T00:00:00Z", "6.00", status=None)
        await transaction(one, "2026-05-02T00:00:00Z", "1.00", marketplace_id=None)
        await transaction(one, "2026-05-02T00:00:00Z", "1.00", marketplace_id=None)
        await transaction(other, "2026-05-02T00:00:00Z", "999.00")
        await conn.execute(text("set local timezone to 'America/Los_Angeles'"))

        found = await rows(conn, "select * from v_money_by_month")

    names = ("month_on", "marketplace_id", "currency", "type", "status")
    june = date(2026, 6, 1)
    assert {
        (row["connection_id"], *(row[name] for name in names)): (
            row["transaction_count"],
            row["amount"],
        )
        for row in found
    } == {
        (one.connection_id, MAY, US, "USD", "Shipment", "RELEASED"): (2, Decimal("9.90")),
        (one.connection_id, june, US, "USD", "Shipment", "RELEASED"): (1, Decimal("7.00")),
        (one.connection_id, MAY, US, "EUR", "Shipment", "RELEASED"): (1, Decimal("3.00")),
        (one.connection_id, MAY, US, "USD", "Refund", "RELEASED"): (1, Decimal("2.00")),
        (one.connection_id, MAY, US, "USD", "Shipment", "DEFERRED"): (1, Decimal("5.00")),
        (one.connection_id, MAY, US, "USD", "Shipment", None): (1, Decimal("6.00")),
        (one.connection_id, MAY, None, "USD", "Shipment", "RELEASED"): (2, Decimal("2.00")),
        (other.connection_id, MAY, US, "USD", "Shipment", "RELEASED"): (1, Decimal("999.00")),
    }


async def test_what_is_owed_and_what_is_not(database: Database) -> None:
    """Each condition for itself, on its last day; an amount that is not known stays unknown."""
    async with database.writing() as conn:
        # As of the transaction, for the view too: no midnight comes between.
        [[today]] = await conn.execute(text("select (now() at time zone 'UTC')::date"))
        world = await a_world(conn, "A1")
        cells: dict[str, dict[str, Any]] = {
            "last day": {"deadline": today},
            "day before": {"deadline": today - timedelta(days=1)},
            "begins today": {"fileable_from": today},
            "begins tomorrow": {"fileable_from": today + timedelta(days=1)},
            "window unknown": {"deadline": None},
            "too unsure": {"confidence": PROMPT_FROM - Decimal("0.01")},
            "dismissed": {"status": "dismissed", "stage": "closed"},
            "no amount": {"amount": None, "currency": None, "amount_missing": "no cost"},
        }
        names = {
            await a_claim(conn, world.connection_id, **one): name for name, one in cells.items()
        }
        found = {names[one["claim_id"]]: one for one in await rows(conn, "select * from v_claims")}

    assert {name: (row["window_state"], row["is_owed"]) for name, row in found.items()} == {
        "last day": ("open", True),
        "day before": ("expired", False),
        "begins today": ("open", True),
        "begins tomorrow": ("wait", True),
        "window unknown": ("unknown", False),
        "too unsure": ("open", False),
        "dismissed": ("open", False),
        "no amount": ("open", True),
    }
    assert (found["last day"]["days_left"], found["day before"]["days_left"]) == (0, -1)
    assert found["window unknown"]["days_left"] is None
    assert (found["no amount"]["amount"], found["no amount"]["currency"]) == (None, None)


async def test_the_stage_is_the_one_that_people_see(database: Database) -> None:
    """Ready, and waiting by its last day: what the API says of the same claims."""
    async with database.writing() as conn:
        [[today]] = await conn.execute(text("select (now() at time zone 'UTC')::date"))
        world = await a_world(conn, "A1")
        filed = {"status": "filed", "stage": "filed"}
        cells: list[dict[str, Any]] = [
            {},
            {"confidence": PROMPT_FROM - Decimal("0.01")},
            {"fileable_from": today + timedelta(days=1)},
            {"deadline": today - timedelta(days=1)},
            {"deadline": None},
            {"stage": "on_hold", "hold_reason": "no invoice"},
            {**filed, "waiting_since": today - CHASE_AFTER},
            {**filed, "waiting_since": today - CHASE_AFTER + timedelta(days=1)},
            filed,
            {"status": "approved", "stage": "paid", "paid_amount": Decimal("4.20")}
            | {"paid_currency": "USD", "paid_units": 2},
        ]
        for one in cells:
            await a_claim(conn, world.connection_id, **one)

        shown = {row["claim_id"]: row for row in await rows(conn, "select * from v_claims")}
        told = [
            claim_row(row)
            for row in (await conn.execute(select_claims(literal(today, Date)))).mappings()
        ]

    assert {one: row["stage"] for one, row in shown.items()} == {
        one.claim_id: one.shown_stage.value for one in told
    }
    assert Counter(row["stage"] for row in shown.values()) == {
        "ready": 1,
        "found": 4,
        "on_hold": 1,
        "filed": 1,
        "waiting": 2,
        "paid": 1,
    }
    (paid,) = [row for row in shown.values() if row["stage"] == "paid"]
    assert (paid["paid_amount"], paid["paid_currency"], paid["paid_units"]) == (
        Decimal("4.20"),
        "USD",
        2,
    )


async def test_owed_sums_are_of_one_currency_and_one_seller(database: Database) -> None:
    """The query of docs/data.md: each claim once, with its own seller and currency."""
    async with database.writing() as conn:
        one, other = await a_world(conn, "A1"), await a_world(conn, "A2")
        for world, marketplace, currency, amount in (
            (one, US, "USD", "10.10"),
            (one, US, "USD", "0.20"),
            (one, DE, "EUR", "5.00"),
            (other, UK, "GBP", "7.00"),
            (other, US, "USD", "99.00"),
        ):
            cells = {"marketplace_id": marketplace, "currency": currency}
            await a_claim(conn, world.connection_id, amount=Decimal(amount), **cells)

        found = await rows(
            conn,
            "select selling_partner_id, currency, count(*), sum(amount) as owed "
            "from v_claims where is_owed group by 1, 2 order by 1, 2",
        )

    assert [tuple(row.values()) for row in found] == [
        ("A1", "EUR", 1, Decimal("5.00")),
        ("A1", "USD", 2, Decimal("10.30")),
        ("A2", "GBP", 1, Decimal("7.00")),
        ("A2", "USD", 1, Decimal("99.00")),
    ]


async def test_a_window_ends_by_the_day_of_its_marketplace(database: Database) -> None:
    """Every marketplace of the policy, which the view names by itself; UTC for none and others."""
    async with database.writing() as conn:
        world = await a_world(conn, "A1")
        zones: dict[str | None, str] = {"ANOTHER": "UTC", "": "UTC", None: "UTC"}
        zones.update((one.marketplace_id, one.zone) for one in load_policy().marketplaces)
        for marketplace_id in zones:
            cells = {"marketplace_id": marketplace_id, "deadline": MAY}
            await a_claim(conn, world.connection_id, **cells)

        # The day where it is, by PostgreSQL's clock and its own table of zones.
        found = await rows(conn, "select marketplace_id, deadline - days_left as day from v_claims")
        days = {
            zone: (await rows(conn, "select (now() at time zone :zone)::date as d", zone=zone))
            for zone in set(zones.values())
        }

    assert {row["marketplace_id"]: row["day"] for row in found} == {
        marketplace_id: days[zone][0]["d"] for marketplace_id, zone in zones.items()
    }
