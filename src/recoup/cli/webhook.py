"""`recoup webhook list|add|remove|test`: programs that are told what happens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.choice import UserOption, choose_workspace
from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import JsonOption, align, hint, say, show
from recoup.cli.storage import on_database
from recoup.clock import to_rfc3339
from recoup.notifications.words import DeliveryStatus, NotificationKind

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.db.engine import Database
    from recoup.ids import DeliveryId
    from recoup.notifications.delivery_queries import Delivery
    from recoup.notifications.webhook_queries import Webhook

app = typer.Typer(help="List, add, remove and test webhooks (docs/notifications.md).")

WebhookArgument = Annotated[
    str, typer.Argument(metavar="WEBHOOK", help="Id of the webhook; `list` shows it.")
]
# A worker that took the test first needs as long as a receiver may take.
_LOOKS, _LOOK_SECONDS = 60, 0.5


@app.command("list")
def list_(*, user: UserOption = None, as_json: JsonOption = False) -> None:
    """List the webhooks of a workspace. Their secrets are not shown."""
    found = on_database(enter(), lambda database: _list(database, user))
    rows = [(one.webhook_id, one.url, _state(one), ", ".join(one.kinds)) for one in found]
    show(
        [_record(one) for one in found],
        as_json=as_json,
        lines=align(("webhook", "address", "state", "kinds"), rows)
        if rows
        else ["There is no webhook; add one with `recoup webhook add URL`."],
    )


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="An https:// address.")],
    *,
    kind: Annotated[
        list[NotificationKind] | None,
        typer.Option(help="Kind of message to send; can be repeated. Unset: every kind."),
    ] = None,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a webhook, and print its secret, which is shown only once."""
    settings = enter()
    kinds = kind or list(NotificationKind)
    added, secret = on_database(
        settings, lambda database: _add(settings, database, user, url, kinds)
    )
    show({**_record(added), "secret": secret}, as_json=as_json, lines=[secret])
    hint(f"Added {added.webhook_id}. Its secret verifies signatures and is not shown again.")


@app.command("remove")
def remove(webhook: WebhookArgument, *, user: UserOption = None) -> None:
    """Delete a webhook and the log of its deliveries."""
    on_database(enter(), lambda database: _remove(database, user, webhook))
    say(f"Removed {webhook}.")


@app.command("test")
def try_(webhook: WebhookArgument, *, user: UserOption = None, as_json: JsonOption = False) -> None:
    """Send a test message now, and report what the receiver answered."""
    settings = enter()
    made = on_database(settings, lambda database: _test(settings, database, user, webhook))
    answered = (
        "" if made.response_status is None else f" The receiver answered {made.response_status}."
    )
    done = made.status is DeliveryStatus.DELIVERED
    show(
        {
            "status": made.status,
            "responseStatus": made.response_status,
            "responseExcerpt": made.response_excerpt,
            "error": made.error,
        },
        as_json=as_json,
        lines=[f"Delivered.{answered}"] if done else [],
    )
    if not done:
        raise CommandError(f"The test was not accepted: {made.error or 'no worker answered'}")


def _state(one: Webhook) -> str:
    if not one.is_enabled:
        return "off"
    return "failing" if one.failing_since else "on"


def _record(one: Webhook) -> dict[str, object]:
    return {
        "webhookId": one.webhook_id,
        "url": one.url,
        "kinds": list(one.kinds),
        "isEnabled": one.is_enabled,
        "disabledWhy": one.disabled_why,
        "failingSince": one.failing_since and to_rfc3339(one.failing_since),
        "createdAt": to_rfc3339(one.created_at),
    }


async def _list(database: Database, user: str | None) -> list[Webhook]:
    from recoup.notifications.webhook_queries import list_webhooks

    async with database.reading() as conn:
        return await list_webhooks(conn, await choose_workspace(conn, user))


async def _add(
    settings: Settings,
    database: Database,
    user: str | None,
    url: str,
    kinds: list[NotificationKind],
) -> tuple[Webhook, str]:
    from recoup.outgoing.webhooks import create

    async with database.writing() as conn:
        workspace_id = await choose_workspace(conn, user)
        return await create(conn, settings, workspace_id, url=url, kinds=kinds)


async def _remove(database: Database, user: str | None, webhook_id: str) -> None:
    from recoup.outgoing.webhooks import delete

    async with database.writing() as conn:
        await delete(conn, await choose_workspace(conn, user), webhook_id)


async def _test(
    settings: Settings, database: Database, user: str | None, webhook_id: str
) -> Delivery:
    """Makes one attempt itself, unless a worker has begun it."""
    from recoup.outgoing.deliver import Deliverer
    from recoup.outgoing.webhooks import test as queue_test

    async with database.writing() as conn:
        workspace_id = await choose_workspace(conn, user)
        delivery_id = await queue_test(conn, workspace_id, webhook_id)
    await Deliverer(settings, database).deliver_due(only=delivery_id)
    made = await _read(database, delivery_id)
    looks = 0
    while made.status is DeliveryStatus.PENDING and made.error is None and looks < _LOOKS:
        await asyncio.sleep(_LOOK_SECONDS)
        made, looks = await _read(database, delivery_id), looks + 1
    return made


async def _read(database: Database, delivery_id: DeliveryId) -> Delivery:
    from recoup.notifications.delivery_queries import get_delivery

    async with database.reading() as conn:
        return await get_delivery(conn, delivery_id)
