"""Schedules of connections."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from recoup.audit.words import Action
from recoup.clock import parse_rfc3339, utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.serving import Server, new_connection, new_user

AMAZON = "/api/v1/integrations/amazon"


def path_of(connection: Connection) -> str:
    return f"{AMAZON}/connections/{connection.connection_id}"


async def listed(client: httpx2.AsyncClient) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await client.get(f"{AMAZON}/status")).json()["connections"]
    return found


async def test_a_connection_has_a_schedule_of_its_own(
    client: httpx2.AsyncClient,
    server: Server,
    database: Database,
    user: User,
    connection: Connection,
) -> None:
    """It is listed with the next time, beside another that follows the server's; the log tells of it."""
    await new_connection(database, server.settings, user, seller="B2")
    hour = (utc_now() + timedelta(hours=2)).hour
    answer = await client.patch(path_of(connection), json={"schedule": f" 7  {hour} * * * "})
    own, other = await listed(client)
    overview = (await client.get("/api/sync/status")).json()
    log = (await client.get("/api/audit")).json()["items"]

    assert answer.status_code == 204
    assert (own["schedule"], other["schedule"]) == (f"7 {hour} * * *", None)
    at, others = (parse_rfc3339(str(one["nextSyncAt"])) for one in (own, other))
    assert ((at.hour, at.minute), (others.hour, others.minute)) == ((hour, 7), (2, 0))
    assert parse_rfc3339(overview["nextScheduledSync"]) == min(at, others)
    told = next(one for one in log if one["action"] == Action.SCHEDULE_CHANGED)
    assert (told["subject"], told["details"]) == (
        connection.connection_id,
        {"schedule": own["schedule"]},
    )


async def test_a_connection_can_be_left_alone(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """An empty schedule starts nothing; null is the server's schedule again."""
    await client.patch(path_of(connection), json={"schedule": ""})
    (alone,) = await listed(client)
    overview = (await client.get("/api/sync/status")).json()
    await client.patch(path_of(connection), json={"schedule": None})
    (again,) = await listed(client)

    assert (alone["schedule"], alone["nextSyncAt"]) == ("", None)
    assert overview["nextScheduledSync"] is None
    assert again["schedule"] is None
    assert again["nextSyncAt"] is not None


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "*/5 * * * *",
        "0,30 2 * * *",
        "0 2 30 2 *",
        "61 2 * * *",
        "0 2 * * * *",
        "daily",
    ],
)
async def test_a_schedule_is_at_most_hourly_and_some_day_due(
    client: httpx2.AsyncClient, connection: Connection, schedule: str
) -> None:
    """Anything else is refused with what is wrong, and nothing changes."""
    answer = await client.patch(path_of(connection), json={"schedule": schedule})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.schedule")
    assert (await listed(client))[0]["schedule"] is None


async def test_a_stranger_changes_no_schedule(
    server: Server, database: Database, connection: Connection
) -> None:
    """Another workspace's connection does not exist for them."""
    stranger = await new_user(database, "stranger@example.com")
    async with server.client(stranger) as client:
        answer = await client.patch(path_of(connection), json={"schedule": ""})

    assert answer.status_code == 404
