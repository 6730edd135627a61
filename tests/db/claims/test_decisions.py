"""What a person says of a claim, and what detection makes of it afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from recoup.claims.lifecycle import Status
from recoup.claims.reading.decisions import Decision, decide
from recoup.claims.tables import claim, claim_history
from recoup.connections.tables import amazon_connection
from recoup.ids import UserId, WorkspaceId
from tests.support.claim_rows import World

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def say(world: World, **decision: Any) -> None:
    """The user's decision about the only claim."""
    user = (await world.conn.execute(select(amazon_connection.c.workspace_id))).scalar_one()
    claim_id = (await world.conn.execute(select(claim.c.claim_id))).scalar_one()
    await decide(
        world.conn,
        WorkspaceId(user),
        claim_id,
        Decision(**decision),
        who=UserId(user),
        now=NOW,
    )


async def lost_parcel(world: World) -> None:
    await world.removal("2026-09-20", requested=4, order_type="Return", order_id="RO1")
    await world.add(
        "removal_shipments",
        order_id="RO1",
        shipped_at="2026-10-20",
        sku="SKU-1",
        fnsku="X001",
        disposition="Unsellable",
        tracking_number="1Z1",
        shipped_quantity=4,
        removal_order_type="Return",
    )


async def only_claim(world: World) -> dict[str, Any]:
    await world.detect()
    (found,) = await world.claims()
    return found


async def test_detection_leaves_a_persons_words_alone(world: World) -> None:
    """Status, case id, note and their history stay, while new data still reaches the claim."""
    await world.history()
    await world.ledger("2026-10-01", -2, "M", unreconciled_quantity=2)
    await world.detect()
    await say(world, status=Status.FILED, case_id="4711", note="with the invoice")
    await world.cost("3.50")

    found = await only_claim(world)
    again = await only_claim(world)

    words = ("status", "case_id", "note", "filed_at")
    assert [found[name] for name in words] == ["filed", "4711", "with the invoice", NOW]
    assert (str(found["amount"]), found["currency"]) == ("7.00", "USD")
    assert {**again, "confirmed_at": None} == {**found, "confirmed_at": None}
    history = (await world.conn.execute(select(claim_history.c.to_status))).scalars().all()
    assert history == ["detected", "filed", "filed"]


async def test_a_dismissed_claim_comes_back_by_a_person_only(world: World) -> None:
    """However often its event is found again."""
    await world.history()
    await world.ledger("2026-10-01", -1, "M", unreconciled_quantity=1)
    await world.detect()
    await say(world, status=Status.DISMISSED)

    dismissed = await only_claim(world)
    await say(world, status=Status.DETECTED)
    back = await only_claim(world)

    assert (dismissed["status"], back["status"]) == ("dismissed", "detected")


async def test_a_parcel_that_arrived_stays_withdrawn(world: World) -> None:
    """And stands again, firmer, when the seller says that it did not."""
    await lost_parcel(world)
    first = await only_claim(world)
    await say(world, arrived=True)
    arrived = await only_claim(world)
    await say(world, arrived=False)
    missing = await only_claim(world)

    assert [one["status"] for one in (first, arrived, missing)] == [
        "detected",
        "withdrawn",
        "detected",
    ]
    assert float(first["confidence"]) < 0.5 < float(missing["confidence"])
