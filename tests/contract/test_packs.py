"""Packs of a whole seller: every claim type, each claim in exactly one pack, ids that stay."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest
from sqlalchemy import text

from recoup.claims.bodies.claim import claim_detail
from recoup.claims.bodies.pack import PackBody, pack_body
from recoup.claims.bodies.pack_lines import pack_lines
from recoup.claims.detection.detect import detect
from recoup.claims.lifecycle import Standing
from recoup.claims.packs.attachments import Store
from recoup.claims.packs.grouping import Group, group_claims
from recoup.claims.packs.pack import pack_of
from recoup.claims.reading.day import today_on
from recoup.claims.reading.past import ClaimPast
from recoup.claims.reading.row import ClaimRow, claim_row, select_claims
from recoup.claims.rule import ClaimType
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Reader
from tests.support.whole_seller import StoredSeller, WholeSeller, seller_with_claims, undone

INTERNAL = re.compile(r"claim_|pack_|amzn1|GET_[A-Z]|[0-9a-f]{8}-[0-9a-f]{4}-|\bline \d")
ISO = re.compile(r"\d{4}-\d\d-\d\d|\d\dT\d\d:\d\d")


@pytest.fixture(scope="module")
async def seller(
    postgres: EmbeddedServer, stored_seller: StoredSeller
) -> AsyncIterator[WholeSeller]:
    """Each test takes back what it changes."""
    async with seller_with_claims(postgres, stored_seller, "packs") as one:
        yield one


async def claims_of(conn: Reader, seller: WholeSeller) -> list[ClaimRow]:
    """All claims, each as if it could be filed today."""
    today = datetime.combine(seller.day, time(12), UTC)
    rows = (await conn.execute(select_claims(today_on(today)))).mappings()
    return [replace(claim_row(row), fileable_from=None, deadline=seller.day) for row in rows]


async def bodies(conn: Reader, seller: WholeSeller) -> list[PackBody]:
    return [pack_body(pack_of(one, Store())) for one in group_claims(await claims_of(conn, seller))]


async def test_every_type_has_a_pack_that_can_be_filed(seller: WholeSeller) -> None:
    """Steps, checks, facts, and a text below 2,000 characters that no internal id or ISO date is in."""
    async with seller.database.reading() as conn:
        found = await bodies(conn, seller)

    assert {one.type for one in found} == set(ClaimType)
    for pack in found:
        assert pack.how.steps
        assert pack.checks
        assert len(pack.facts) + sum(len(one.facts) for one in pack.items) >= 3
        assert len(pack.text) < 2000
        assert not INTERNAL.search(pack.text + pack.subject), pack.text
        assert not ISO.search(pack.text + pack.subject), pack.text
        assert not re.search(r"\d\.\d{3,}|None|null", pack.text), pack.text
        assert "Text to paste" in pack_lines(pack)


async def test_a_claim_and_its_pack_name_the_same_documents(seller: WholeSeller) -> None:
    """One list for each type and cause, of which some need nothing."""
    async with seller.database.reading() as conn:
        rows = await claims_of(conn, seller)
    groups = group_claims(rows)
    past = ClaimPast((), (), (), ())

    needs = {}
    for group in groups:
        pack = pack_of(group, Store())
        told = list(dict.fromkeys(one.requirement.in_words for one in pack.attachments))
        needs[group.key.type] = told
        for row in group.claims:
            assert claim_detail(row, past).documents == told, row.type
    assert set(needs) == set(ClaimType)
    assert 0 < sum(not told for told in needs.values()) < len(needs)


async def test_each_claim_is_in_exactly_one_pack(seller: WholeSeller) -> None:
    """And nothing is mixed: account, marketplace, currency, type, standing."""
    async with seller.database.reading() as conn:
        rows = await claims_of(conn, seller)
    groups = group_claims(rows)

    ids = [row.claim_id for group in groups for row in group.claims]
    assert sorted(ids) == sorted(row.claim_id for row in rows)
    assert len({group.key.pack_id for group in groups}) == len(groups)
    for group in groups:
        assert len({(row.marketplace_id, row.type) for row in group.claims}) == 1
        assert len({row.currency for row in group.claims if row.currency}) <= 1
        weak = {row.confidence < Decimal("0.5") for row in group.claims}
        assert weak == {group.key.standing is Standing.TO_REVIEW}


async def test_packs_keep_their_ids_and_versions_after_a_detection(seller: WholeSeller) -> None:
    """The same groups with the same claims, in the same order."""
    async with undone(seller) as conn:
        before = group_claims(await claims_of(conn, seller))
        await conn.execute(text("update claim set confirmed_at = now(), as_of = as_of - 1"))
        await detect(conn, seller.connection_id, seller.day)
        after = group_claims(await claims_of(conn, seller))
    told = [pack_of(one, Store()).written for group in (before, after) for one in group]

    assert [_content(one) for one in before] == [_content(one) for one in after]
    assert told[: len(before)] == told[len(before) :]


def _content(group: Group) -> tuple[str, list[str]]:
    return group.key.pack_id, [row.claim_id for row in group.claims]
