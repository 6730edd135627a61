"""Lines of the orders report as orders and items."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.streams.orders import STREAM
from tests.api.serving import new_connection, new_user
from tests.db.streams.staging import run_statements

DAY = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
async def connection_id(database: Database, tmp_path: Path) -> str:
    user = await new_user(database)
    connection = await new_connection(database, Settings(data_dir=tmp_path), user)
    return connection.connection_id


def line(**values: Any) -> dict[str, Any]:
    return {
        "order_id": "111-1",
        "created_at": DAY,
        "last_updated_at": DAY,
        "order_status": "Shipped",
        "fulfillment_channel": "Amazon",
        "sales_channel": "Amazon.com",
        "service_level": "SecondDay",
        "sku": "S1",
        "asin": "B1",
        "item_status": "Shipped",
        "quantity": 2,
        "currency": "USD",
        "item_price": Decimal("20.00"),
        "item_tax": Decimal("1.60"),
        "shipping_price": Decimal("3.00"),
        "item_promotion_discount": Decimal("2.00"),
        **values,
    }


async def load(database: Database, connection_id: str, *lines: Any, source: str = "one") -> int:
    return await run_statements(database, STREAM, lines, connection_id=connection_id, source=source)


async def read(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.reading() as conn:
        return [tuple(row) for row in (await conn.execute(text(sql))).all()]


async def test_the_lines_of_an_order_become_one_order(
    database: Database, connection_id: str
) -> None:
    """Money and units are added per order, in the words of the API; equal SKUs are numbered."""
    await load(database, connection_id, line(), line(), line(sku="S2", quantity=1))

    assert await read(
        database,
        "select marketplace_id, sales_channel, status, fulfilled_by, service_level, total_amount,"
        " currency, item_count, units_ordered from orders",
    ) == [
        (
            "ATVPDKIKX0DER",
            "AMAZON",
            "SHIPPED",
            "AMAZON",
            "SECOND_DAY",
            Decimal("67.80"),
            "USD",
            3,
            5,
        )
    ]
    assert await read(
        database,
        "select order_item_id, quantity_fulfilled, unit_price, item_price, promotion_discount,"
        " proceeds_total from order_items order by 1",
    ) == [
        ("S1#1", 2, Decimal(10), Decimal(20), Decimal(2), Decimal("22.60")),
        ("S1#2", 2, Decimal(10), Decimal(20), Decimal(2), Decimal("22.60")),
        ("S2#1", 1, Decimal(20), Decimal(20), Decimal(2), Decimal("22.60")),
    ]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Canceled", "CANCELLED"),
        ("Cancelled", "CANCELLED"),
        ("PartiallyShipped", "PARTIALLY_SHIPPED"),
        ("Shipped - Delivered to Buyer", "SHIPPED"),
        ("A New One", "A NEW ONE"),
    ],
)
async def test_states_are_those_of_the_api(
    database: Database, connection_id: str, written: str, stored: str
) -> None:
    """Both sources call a state the same; an unknown one is kept."""
    await load(database, connection_id, line(order_status=written))

    assert await read(database, "select status from orders") == [(stored,)]


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("amazon.co.uk", ("A1F83G8C2ARO7P", "AMAZON")),
        ("Amazon.xy", (None, "AMAZON")),
        ("Non-Amazon US", (None, "NON_AMAZON")),
        ("Elsewhere", (None, "Elsewhere")),
        (None, (None, "")),
    ],
)
async def test_an_order_of_an_unknown_channel_is_kept(
    database: Database, connection_id: str, channel: str | None, expected: tuple[str | None, str]
) -> None:
    """The marketplace is null where its name is in no table."""
    await load(database, connection_id, line(sales_channel=channel))

    assert await read(database, "select marketplace_id, sales_channel from orders") == [expected]


async def test_only_a_later_update_replaces_an_order(
    database: Database, connection_id: str
) -> None:
    """Windows overlap and reports come in any order: an older or equal version changes nothing."""
    later = DAY.replace(day=2)
    counts = [
        await load(database, connection_id, line(), line(sku="S2")),
        await load(database, connection_id, line(order_status="Pending"), source="two"),
        await load(
            database,
            connection_id,
            line(last_updated_at=later, order_status="Canceled", sku="S3"),
            source="three",
        ),
        await load(database, connection_id, line(), source="four"),
    ]

    assert counts == [1, 0, 1, 0]
    assert await read(database, "select status, item_count, source from orders") == [
        ("CANCELLED", 1, "three")
    ]
    assert await read(database, "select sku, source from order_items") == [("S3", "three")]


async def test_two_versions_in_one_file_are_not_added_up(
    database: Database, connection_id: str
) -> None:
    """An order that the file repeats counts once, in its newest version."""
    await load(
        database,
        connection_id,
        line(last_updated_at=DAY.replace(day=3), quantity=1),
        line(quantity=9),
    )

    assert await read(database, "select units_ordered, item_count from orders") == [(1, 1)]


async def test_the_same_file_twice_changes_nothing(database: Database, connection_id: str) -> None:
    """A file that is loaded again leaves every row as it was."""
    rows = [line(order_item_id="i1"), line(order_item_id="i2"), line(order_id="111-2")]
    await load(database, connection_id, *rows)
    before = await read(database, "select * from orders, order_items order by 2, 3")

    assert await load(database, connection_id, *rows) == 0
    assert await read(database, "select * from orders, order_items order by 2, 3") == before


async def test_what_is_not_told_is_null(database: Database, connection_id: str) -> None:
    """A pending order has no prices, which is not the same as a price of nothing."""
    untold = dict.fromkeys(
        ("currency", "item_price", "item_tax", "shipping_price", "item_promotion_discount")
    )
    await load(database, connection_id, line(order_status="Pending", **untold))

    assert await read(
        database,
        "select total_amount, o.currency, unit_price, item_price, promotion_discount,"
        " proceeds_total from orders o join order_items using (order_id)",
    ) == [(None,) * 6]
