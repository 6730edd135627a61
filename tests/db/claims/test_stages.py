"""The stages of claims: what the reimbursements report does to them, and what the database refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Insert, Text, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from recoup.claims.lifecycle import Status
from recoup.claims.reading.decisions import AmazonAnswer, Decision, decide
from recoup.claims.stages import FIRST_STAGES, STATUSES, Stage
from recoup.claims.tables import claim, claim_history, claim_payment
from recoup.connections.tables import amazon_connection
from recoup.ids import UserId, WorkspaceId
from tests.support.claim_rows import World

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


async def say(world: World, claim_id: str, **decision: Any) -> None:
    user = (await world.conn.execute(select(amazon_connection.c.workspace_id))).scalar_one()
    await decide(
        world.conn, WorkspaceId(user), claim_id, Decision(**decision), who=UserId(user), now=NOW
    )


async def lost(world: World, units: int = 2, **values: Any) -> str:
    """A claim for lost units at 10.00, found. Returns its id."""
    await world.history()
    await world.cost("10.00")
    await world.ledger("2026-10-01", -units, "M", unreconciled_quantity=units, **values)
    await world.detect()
    (found,) = await world.claims()
    return str(found["claim_id"])


async def state(world: World, claim_id: str) -> tuple[str, str, Decimal | None]:
    """Status, stage and what was paid, after a detection that a second one does not change."""
    found = []
    for _ in range(2):
        await world.detect()
        row = (
            await world.conn.execute(
                select(claim.c.status, claim.c.stage, claim.c.paid_amount).where(
                    claim.c.claim_id == claim_id
                )
            )
        ).one()
        found.append(tuple(row))
    assert found[0] == found[1]
    return found[0]


async def last_why(world: World, claim_id: str) -> tuple[str, str]:
    row = (
        await world.conn.execute(
            select(claim_history.c.who, claim_history.c.why)
            .where(claim_history.c.claim_id == claim_id)
            .order_by(claim_history.c.entry_id.desc())
            .limit(1)
        )
    ).one()
    return row.who, row.why


async def test_a_payment_in_part_and_then_the_rest(world: World) -> None:
    """A filed claim becomes paid in part and then paid by itself, with what the report shows."""
    claim_id = await lost(world)
    await say(world, claim_id, stage=Stage.FILED, case_id="4711")

    await world.payment("2026-11-12", case_id="4711")
    assert await state(world, claim_id) == ("filed", "paid_in_part", Decimal("10.00"))
    who, why = await last_why(world, claim_id)
    assert who == "recoup"
    assert why == "Paid in part: the reimbursements report shows 10.00 USD"

    await world.payment("2026-11-14", case_id="4711")
    assert await state(world, claim_id) == ("approved", "paid", Decimal("20.00"))


async def test_a_payment_that_is_taken_back_reopens_the_claim(world: World) -> None:
    """Whoever had called it paid; the history names the day and the reimbursement."""
    claim_id = await lost(world, 1)
    await say(world, claim_id, stage=Stage.FILED, case_id="4711")
    paid = await world.payment("2026-11-12", case_id="4711")
    assert await state(world, claim_id) == ("approved", "paid", Decimal("10.00"))

    back = await world.reversal("2026-11-15", paid)

    assert await state(world, claim_id) == ("filed", "filed", Decimal("0.00"))
    assert (await last_why(world, claim_id))[1] == (
        f"Reopened: Amazon took back a payment on 2026-11-15 (reimbursement {back})"
    )


async def test_one_of_two_units_taken_back_leaves_it_paid_in_part(world: World) -> None:
    """And it stays that in the next detection."""
    claim_id = await lost(world, 2)
    await say(world, claim_id, stage=Stage.FILED, case_id="4711")
    paid = await world.payment("2026-11-12", cash=2, case_id="4711")
    assert await state(world, claim_id) == ("approved", "paid", Decimal("20.00"))

    await world.reversal("2026-11-15", paid)

    assert await state(world, claim_id) == ("filed", "paid_in_part", Decimal("10.00"))


async def test_money_that_was_swapped_for_a_unit_reopens_nothing(world: World) -> None:
    """The unit is there instead."""
    claim_id = await lost(world, 1)
    await say(world, claim_id, stage=Stage.FILED, case_id="4711")
    paid = await world.payment("2026-11-12", case_id="4711")
    assert await state(world, claim_id) == ("approved", "paid", Decimal("10.00"))

    await world.reversal("2026-11-15", paid, inventory=1)

    status, stage, _ = await state(world, claim_id)
    assert (status, stage) == ("approved", "paid")


async def test_amazon_paid_without_a_case(world: World) -> None:
    """A claim that nobody had filed is paid by itself, and approves nothing."""
    claim_id = await lost(world, 1)

    await world.payment("2026-10-20")

    assert await state(world, claim_id) == ("withdrawn", "paid_by_itself", Decimal("10.00"))


async def test_a_payment_from_before_the_filing_is_no_success(world: World) -> None:
    """Amazon had paid by itself, and the report showed it only after the case was filed."""
    claim_id = await lost(world, 1)
    await say(world, claim_id, stage=Stage.FILED, case_id="4711", filed_on=date(2026, 11, 9))

    await world.payment("2026-11-05")

    assert await state(world, claim_id) == ("withdrawn", "paid_by_itself", Decimal("10.00"))


async def test_a_payment_without_the_case_after_the_filing_is_the_answer(world: World) -> None:
    """Amazon does not always name the case; the units decide."""
    claim_id = await lost(world, 1)
    await say(world, claim_id, stage=Stage.FILED, filed_on=date(2026, 11, 9))

    await world.payment("2026-11-12")

    assert await state(world, claim_id) == ("approved", "paid", Decimal("10.00"))


async def test_a_denied_claim_that_is_paid_after_all(world: World) -> None:
    """What comes after the denial changes it; what came before does not."""
    claim_id = await lost(world, 2)
    await say(world, claim_id, stage=Stage.FILED, case_id="4711")
    await world.payment("2026-11-08", case_id="4711")
    await say(world, claim_id, stage=Stage.DENIED)
    assert await state(world, claim_id) == ("rejected", "denied", Decimal("10.00"))

    await world.payment("2026-11-14", case_id="4711")

    assert await state(world, claim_id) == ("approved", "paid", Decimal("20.00"))


async def test_what_a_person_entered_is_not_what_was_paid(world: World) -> None:
    """An entry of 12.34 that the report does not show leaves the paid amount unknown."""
    claim_id = await lost(world, 1)
    await say(world, claim_id, stage=Stage.FILED, case_id="4711")
    answer = AmazonAnswer(received_on=date(2026, 11, 10), amount=Decimal("12.34"), currency="USD")
    await say(world, claim_id, stage=Stage.PAID, answer=answer)

    assert await state(world, claim_id) == ("approved", "paid", None)


async def test_detection_leaves_a_hold_alone(world: World) -> None:
    """New data reaches the claim, its stage is the person's."""
    claim_id = await lost(world, 2)
    await say(world, claim_id, stage=Stage.ON_HOLD, hold_reason="The invoice is missing.")

    await world.ledger("2026-11-01", 1, "F")

    assert (await state(world, claim_id))[:2] == ("detected", "on_hold")


async def test_one_case_for_two_products_pays_each_its_own(world: World) -> None:
    """The parts of the money add up to the report, to the cent."""
    await world.history()
    await world.cost("10.00")
    await world.ledger("2026-10-01", -1, "M", unreconciled_quantity=1)
    await world.ledger("2026-10-02", -2, "M", unreconciled_quantity=2, fnsku="X002", msku="SKU-2")
    await world.detect()
    for one in await world.claims():
        await say(world, one["claim_id"], stage=Stage.FILED, case_id="4711")
    await world.payment("2026-11-12", case_id="4711", per_unit="9.99")
    await world.payment(
        "2026-11-12", case_id="4711", fnsku="X002", sku="SKU-2", cash=2, per_unit="3.33"
    )
    await world.payment(
        "2026-11-13", case_id="4711", fnsku="X009", sku="SKU-9", cash=1, per_unit="0.10"
    )

    await world.detect()

    rows = (
        await world.conn.execute(
            select(claim.c.fnsku, claim_payment.c.amount)
            .join(claim, claim.c.claim_id == claim_payment.c.claim_id)
            .order_by(claim.c.fnsku, claim_payment.c.amount)
        )
    ).all()
    assert {(one.fnsku, one.amount) for one in rows} >= {
        ("X001", Decimal("9.99")),
        ("X002", Decimal("6.66")),
    }
    assert sum(one.amount for one in rows) == Decimal("16.75")


async def test_a_payment_pays_its_own_product_and_not_the_oldest(world: World) -> None:
    """A pack is one case about several products, and Amazon answers for each of them."""
    claim_ids = await two_lost(world, fnsku="X002", msku="SKU-2")

    await world.payment("2026-11-12", case_id="4711", fnsku="X002", sku="SKU-2", cash=2)

    assert await states(world, claim_ids) == [
        ("filed", "filed", None),
        ("approved", "paid", Decimal("20.00")),
    ]
    await world.payment("2026-11-14", case_id="4711", cash=1)
    assert await states(world, claim_ids) == [
        ("filed", "paid_in_part", Decimal("10.00")),
        ("approved", "paid", Decimal("20.00")),
    ]


async def two_lost(world: World, **second: Any) -> list[str]:
    """Two claims of two units each at 10.00, filed under one case; the older one first."""
    await world.history()
    await world.cost("10.00")
    await world.ledger("2026-10-01", -2, "M", unreconciled_quantity=2)
    await world.ledger("2026-10-02", -2, "M", unreconciled_quantity=2, **second)
    await world.detect()
    found = sorted(await world.claims(), key=lambda one: one["event_on"])
    for one in found:
        await say(world, one["claim_id"], stage=Stage.FILED, case_id="4711")
    return [one["claim_id"] for one in found]


async def states(world: World, claim_ids: list[str]) -> list[tuple[str, str, Decimal | None]]:
    return [await state(world, one) for one in claim_ids]


async def test_a_payment_without_a_product_pays_the_oldest_claim_of_its_case(world: World) -> None:
    """The amounts say of each claim what its status rests on, and later rows move no earlier money."""
    claim_ids = await two_lost(world, fnsku="X002", msku="SKU-2")
    nameless = {"case_id": "4711", "fnsku": "X009", "sku": "SKU-9"}
    first = await world.payment("2026-11-12", cash=2, **nameless)
    assert await states(world, claim_ids) == [
        ("approved", "paid", Decimal("20.00")),
        ("filed", "filed", None),
    ]

    await world.payment("2026-11-14", cash=2, per_unit="7.50", **nameless)
    assert await states(world, claim_ids) == [
        ("approved", "paid", Decimal("20.00")),
        ("approved", "paid", Decimal("15.00")),
    ]

    await world.reversal("2026-11-16", first, cash=-2, per_unit="10.00", **nameless)
    paid = [one[2] for one in await states(world, claim_ids)]
    assert paid == [Decimal("0.00"), Decimal("15.00")]


async def test_one_product_in_one_case_is_paid_the_oldest_first(world: World) -> None:
    """The units that a payment settled are the units that it paid."""
    claim_ids = await two_lost(world)
    await world.payment("2026-11-12", cash=2, case_id="4711")

    (first, second) = await states(world, claim_ids)

    assert first == ("approved", "paid", Decimal("20.00"))
    assert second == ("filed", "filed", None)


async def test_the_database_refuses_a_contradiction(world: World) -> None:
    """Every pair of the one definition is stored, every other is refused."""
    claim_id = await lost(world, 1)
    for stage, status in product(STATUSES, Status):
        savepoint = await world.conn.begin_nested()
        # Both in one step: a stage that is told is never mended, only refused.
        statement = copied(claim_id, stage=stage, status=status)
        if status in STATUSES[stage]:
            await world.conn.execute(statement)
        else:
            with pytest.raises(IntegrityError):
                await world.conn.execute(statement)
        await savepoint.rollback()


async def test_a_status_alone_gets_the_stage_that_agrees(world: World) -> None:
    """For programs of the previous version, which know no stages."""
    claim_id = await lost(world, 1)
    for status in Status:
        savepoint = await world.conn.begin_nested()
        await world.conn.execute(copied(claim_id, stage=None, status=status))
        await world.conn.execute(
            update(claim).where(claim.c.claim_id == claim_id).values(status=status)
        )
        stages = (await world.conn.execute(select(claim.c.stage).distinct())).scalars().all()
        assert stages == [FIRST_STAGES[status].value]
        await savepoint.rollback()


def copied(claim_id: str, *, stage: Stage | None, status: Status) -> Insert:
    """A second claim like another one, with a stage and a status."""
    told = {
        "claim_id": literal("other"),
        "key": literal({"n": 1}, JSONB),
        "stage": literal(stage and stage.value, Text),
        "status": literal(status.value),
        "hold_reason": literal("because" if stage is Stage.ON_HOLD else None, Text),
    }
    stored = [column for column in claim.c if column.computed is None]
    source = select(*(told.get(column.name, column) for column in stored))
    source = source.where(claim.c.claim_id == claim_id)
    return insert(claim).from_select([column.name for column in stored], source)
