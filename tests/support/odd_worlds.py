"""A world of the sandbox, told plainly or oddly, synced several times, and the claims that came of it."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import text

from recoup.api.connect import SellerAccount, _chosen, _list_marketplaces
from recoup.claims.reading.costs import SourcingCost, save_costs
from recoup.clock import utc_now
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.streams import all_streams
from recoup.sync.record.queries import SyncRow
from tests.support.lab import Lab, open_lab

ORDERS = 300
# One date for all worlds: a run that goes on past midnight compares the same ones.
_TODAY = utc_now().date()
_SPEED = 20_000
_LONGEST_SYNC_SECONDS = 300
_MORE_SYNCS = 3
_GRADED = re.compile(r"amzn\.gr\.(.+)-[0-9a-f]{8}-VG")
Key = tuple[str, str]
"""Type and key of a claim."""


@dataclass(frozen=True)
class Found:
    """What was claimed: units and money, None where a part of the worth is not known."""

    quantity: int
    amount: Decimal | None
    currency: str | None
    confidence: Decimal

    def with_more(self, other: Found) -> Found:
        """Both together: one event, told in parts."""
        amount = None
        if self.amount is not None and other.amount is not None:
            assert self.currency == other.currency
            amount = self.amount + other.amount
        confidence = max(self.confidence, other.confidence)
        return Found(self.quantity + other.quantity, amount, self.currency, confidence)


@dataclass(frozen=True)
class Told:
    """The claims after the syncs. `explained` are events that were seen and are no claim, and why;
    `reasons` is what the syncs and the notes say.
    """

    claims: Mapping[Key, Found]
    explained: frozenset[Key]
    reasons: tuple[str, ...]

    def others(self, plain: Told) -> list[tuple[Key, Found]]:
        """Claims that the plain world does not give."""
        return [(key, one) for key, one in self.claims.items() if key not in plain.claims]

    def dearer(self, plain: Told) -> list[tuple[Key, Found, Found]]:
        """Claims for more units or money than in the plain world, or for money unknown there."""
        return [
            (key, plain.claims[key], one)
            for key, one in self.claims.items()
            if key in plain.claims and _is_dearer(one, plain.claims[key])
        ]

    def lost(self, plain: Told) -> list[tuple[Key, Found, Found | None]]:
        """Claims of the plain world that are not there, or are for less."""
        return [
            (key, one, self.claims.get(key))
            for key, one in plain.claims.items()
            if self.claims.get(key) != one
        ]

    def untold(self, plain: Told) -> list[Key]:
        """Claims that are missing while nobody says why."""
        if self.reasons:
            return []
        return [key for key in plain.claims if key not in self.claims.keys() | self.explained]

    def money(self) -> Decimal:
        """The sum of all amounts; a world has one currency."""
        assert len({one.currency for one in self.claims.values() if one.amount is not None}) <= 1
        return sum((one.amount or Decimal(0) for one in self.claims.values()), Decimal(0))


def _is_dearer(one: Found, plain: Found) -> bool:
    if one.quantity > plain.quantity:
        return True
    if one.amount is None:
        return False
    return plain.amount is None or (one.amount, one.currency) != (
        min(one.amount, plain.amount),
        plain.currency,
    )


async def tell_world(
    postgres: EmbeddedServer,
    template: str,
    folder: Path,
    profile: str,
    seed: int,
    *,
    odd: tuple[str, ...] = (),
    syncs: int = 2,
    until: Callable[[Told], bool] = lambda _told: True,
) -> Told:
    """Connect a seller as a person does, enter what units cost, sync, and read the claims.

    Some oddities show only at a second look at every window, some are over at the third.
    until: asked after the last sync, and after each of a few more while it is not so.
    """
    name = f"odd_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name, template=template)
    database = Database(postgres.url(name))
    try:
        async with open_lab(
            database,
            folder,
            orders=ORDERS,
            speed=_SPEED,
            profile=profile,
            streams=all_streams(),
            seed=seed,
            today=_TODAY,
            odd=odd,
        ) as lab:
            await _connect(lab, profile)
            await lab.know_the_rates()
            sync = await _sync(lab)
            for _ in range(1, syncs):
                sync = await _sync_again(lab)
            told = await _read(database, sync)
            for _ in range(_MORE_SYNCS):
                if until(told):
                    break
                told = await _read(database, await _sync_again(lab))
            return told
    finally:
        await database.close()
        postgres.drop_database(name)


async def _sync(lab: Lab) -> SyncRow:
    """A whole sync of every stream, which takes longer than a lab's own: two run beside each other."""
    sync_id = await lab.start()
    async with asyncio.timeout(_LONGEST_SYNC_SECONDS):
        await lab.runner.run(sync_id)
    return await lab.read(sync_id)


async def _sync_again(lab: Lab) -> SyncRow:
    await lab.forget_readings()
    return await _sync(lab)


async def _connect(lab: Lab, profile: str) -> None:
    """The marketplaces that connecting finds, and the seller's costs."""
    region = "NA" if profile == "us" else "EU"
    account = SellerAccount("Atzr|test", "A1SELLER", region, "local", ())
    sealed = lab.access.seal(account.refresh_token)
    listed = await _list_marketplaces(lab.access, account, lab.workspace_id, sealed)
    ids = _chosen(account, listed, None)
    truth = await lab.truth()
    async with lab.database.writing() as conn:
        await conn.execute(
            text("update amazon_connection set marketplace_ids = :ids"), {"ids": list(ids)}
        )
        await save_costs(conn, lab.user_id, lab.connection.connection_id, _costs(truth))


def _costs(truth: Mapping[str, Any]) -> list[SourcingCost]:
    return [
        SourcingCost(
            "", one["fnsku"], date(2020, 1, 1), Decimal(one["cost"]), one["currency"], None
        )
        for one in truth["sourcingCosts"]
    ]


async def _read(database: Database, sync: SyncRow) -> Told:
    reasons = tuple(f"{one.name} {one.status}" for one in sync.streams if one.status != "complete")
    async with database.reading() as conn:
        claims = await conn.execute(
            text(
                "select type, key, quantity, amount, currency, confidence from claim "
                "where status = 'detected'"
            )
        )
        found: dict[Key, Found] = {}
        for row in claims:
            key = _key(row.type, row.key)
            one = Found(row.quantity, row.amount, row.currency, row.confidence)
            found[key] = one if key not in found else found[key].with_more(one)
        seen = await conn.execute(
            text("select type, key from claim_candidate where quantity = 0 or suppressed <> ''")
        )
        explained = frozenset(_key(row.type, row.key) for row in seen)
        notes = await conn.execute(text("select stream, code, message from stream_note"))
        noted = tuple(f"{row.stream} {row.code}: {row.message}" for row in notes)
    return Told(found, explained, reasons + noted)


def _key(kind: str, key: Mapping[str, object]) -> Key:
    """Used units under a SKU of Amazon's making are units of the seller's SKU."""
    plain = {name: _GRADED.sub(r"\1", str(value)) for name, value in key.items()}
    return kind, str(sorted(plain.items()))
