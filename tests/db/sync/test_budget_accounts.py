"""Whose rate budget a connection spends: that of its token, not of a name that anybody can type."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from recoup.config import Settings
from recoup.connections.queries import save_connection
from recoup.db.engine import Database
from recoup.errors import ReauthorizationRequiredError
from recoup.spapi.limits import UsagePlan
from recoup.spapi.operation import Operation
from recoup.spapi.servers import SANDBOX_APPLICATION
from recoup.sync.access import SellerAccess
from recoup.sync.pacing.budget_queries import PgBudget, name_account
from recoup.sync.record.purge_queries import purge_connection
from recoup.users.queries import add_user
from tests.support.lab import Lab, named, open_lab

SLOW = Operation("slowThings", "GET", "/slow", UsagePlan(rate=0.01, burst=5))


async def another(lab: Lab, token: str) -> Lab:
    """The lab of a user who types the same seller's id, and has that token."""
    async with lab.database.writing() as conn:
        user = await add_user(conn, f"{token}@example.com")
        connection = await save_connection(
            conn,
            user.user_id,
            selling_partner_id=lab.connection.selling_partner_id,
            region=lab.connection.region,
            environment=lab.connection.environment,
            marketplace_ids=lab.connection.marketplace_ids,
            refresh_token_sealed=lab.access.seal(token),
        )
    return replace(lab, user_id=user.user_id, connection=connection)


async def test_a_seller_id_that_was_typed_spends_nobodys_budget(
    database: Database, tmp_path: Path
) -> None:
    """Another token is another account, whatever its user says; the same token is the same one."""
    async with open_lab(database, tmp_path, orders=0) as lab:
        stranger = await another(lab, "Atzr|stranger")
        colleague = await another(lab, "Atzr|test")
        account = lab.access.account

        assert account(stranger.connection) != account(lab.connection)
        assert account(colleague.connection) == account(lab.connection)
        assert "Atzr" not in account(lab.connection)
        sold = replace(lab.connection, environment="production")
        apps = [
            SellerAccess(as_production(lab, client_id=name)).account(sold) for name in ("a", "b")
        ]
        assert apps[0] != apps[1]
        erased = replace(lab.connection, refresh_token_sealed=None)
        with pytest.raises(ReauthorizationRequiredError):
            account(erased)


async def test_a_purge_leaves_no_budget_of_its_own(database: Database, tmp_path: Path) -> None:
    """The budget that another connection spends too stays until that one is gone."""
    async with open_lab(database, tmp_path, orders=0, streams=[named("marketplaces")]) as lab:
        colleague, stranger = await another(lab, "Atzr|test"), await another(lab, "Atzr|stranger")
        for one in (lab, colleague, stranger):
            assert (await one.sync()).status == "complete"

        async def accounts() -> set[str]:
            async with database.reading() as conn:
                rows = await conn.execute(text("select account from rate_budget"))
                return set(rows.scalars())

        async def purge(one: Lab) -> None:
            async with database.writing() as conn:
                await purge_connection(conn, one.user_id, one.connection.connection_id)

        shared, own = (lab.access.account(one.connection) for one in (lab, stranger))
        assert await accounts() == {shared, own}
        await purge(lab)
        assert await accounts() == {shared, own}
        await purge(colleague)
        assert await accounts() == {own}
        await purge(stranger)
        assert await accounts() == set()


async def test_a_budget_ends_with_its_token(database: Database, tmp_path: Path) -> None:
    """A seller who authorises again gets a new one; the old one is deleted."""
    async with open_lab(database, tmp_path, orders=0) as lab:
        connection_id = lab.connection.connection_id
        for account in ("old", "new"):
            async with database.writing() as conn:
                await name_account(conn, connection_id, account)
            await PgBudget(database, account).acquire(SLOW)

            assert await lab.scalar("select string_agg(account, ' ') from rate_budget") == account


async def test_a_rate_above_the_documented_one_must_be_told_again(database: Database) -> None:
    """Told once, it is believed for an hour; told again and again it stays."""

    async def pass_time(minutes: int) -> None:
        async with database.writing() as conn:
            await conn.execute(
                text(
                    "update rate_budget set told_at = told_at - make_interval(mins => :m), "
                    "full_at = now()"
                ),
                {"m": minutes},
            )

    high = SLOW.plan.rate * 8
    budget = PgBudget(database, "seller")
    await budget.acquire(SLOW)
    await budget.learned(SLOW, high)
    rates = []
    for minutes in (50, 5, 20):
        await pass_time(minutes)
        if minutes == 5:
            await PgBudget(database, "seller").learned(SLOW, high)
        await budget.acquire(SLOW)
        rates.append(budget.usage(SLOW).rate)
    assert rates == [high] * 3

    await pass_time(61)
    await budget.acquire(SLOW)
    assert budget.usage(SLOW).rate == SLOW.plan.rate
    await PgBudget(database, "seller").learned(SLOW, high)
    await budget.acquire(SLOW)
    assert budget.usage(SLOW).rate == high


@pytest.mark.parametrize("ahead", [timedelta(days=365), timedelta(days=-400)])
async def test_a_clock_that_is_a_year_off_ends_the_sync(
    database: Database, tmp_path: Path, ahead: timedelta
) -> None:
    """With either clock a year would be noted as read that was not: the sync says which is which."""
    async with open_lab(database, tmp_path, orders=0, streams=[named("marketplaces")]) as lab:
        await database_as_production(lab)
        access = SellerAccess(as_production(lab), clock=lambda: datetime.now(UTC) - ahead)
        lab.access = access
        lab.only(named("marketplaces"))
        sync = await lab.sync()
        await access.close()

        assert sync.status == "failed"
        assert "set this machine's clock" in str(sync.error)
        assert await lab.scalar("select count(*) from stream_cursor") == 0


def as_production(lab: Lab, *, client_id: str = SANDBOX_APPLICATION.client_id) -> Settings:
    """The sandbox in place of Amazon's servers, with an application that is configured."""
    return lab.settings.model_copy(
        update={
            "spapi_endpoint": lab.sandbox_url,
            "lwa_endpoint": lab.sandbox_url,
            "lwa_client_id": client_id,
            "lwa_client_secret": SecretStr(SANDBOX_APPLICATION.client_secret),
        }
    )


async def database_as_production(lab: Lab) -> None:
    """As if the connection were to Amazon itself: the sandbox may have any clock."""
    async with lab.database.writing() as conn:
        await conn.execute(text("update amazon_connection set environment = 'production'"))
