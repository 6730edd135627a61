"""A user whose tables hold each kind of row: every state, in every environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, update

from recoup.claims.lifecycle import Review, Status, WindowState
from recoup.claims.proofs.tables import proof, proof_file
from recoup.claims.rule import ClaimType
from recoup.claims.stages import Stage
from recoup.claims.tables import (
    claim,
    claim_history,
    claim_payment,
    claim_response,
    deadline_reminder,
    sourcing_cost,
)
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection, save_connection
from recoup.connections.states import ConnectionStatus
from recoup.connections.tables import amazon_connection
from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.events.queries import record_activity
from recoup.ids import ConnectionId, SyncId, WebhookId, WorkspaceId
from recoup.notes.note import Note, NoteCode, note_document
from recoup.notes.queries import add_note
from recoup.notifications.queries import notify_of
from recoup.notifications.tables import mail_digest, webhook, webhook_delivery
from recoup.notifications.webhook_queries import add_webhook
from recoup.notifications.words import DeliveryStatus, DigestStatus, NotificationKind
from recoup.spapi.endpoints import Environment
from recoup.streams import all_streams
from recoup.streams._window import Window
from recoup.sync.cursors.queries import Cursor, write_cursor
from recoup.sync.planning.body import PlanRow
from recoup.sync.planning.queries import write_plan
from recoup.sync.record.announce import announce
from recoup.sync.record.states import OF_A_SYNC, RequestStatus, StreamStatus, SyncStatus
from recoup.sync.record.tables import quarantine, report_request, sync_progress, sync_stream
from recoup.users.queries import User
from tests.api.claim_rows import (
    UK,
    US,
    claim_row,
    day,
    store_allocation,
    store_candidate,
    store_claims,
    unvalued,
)
from tests.api.rows import store_orders, store_stock, store_transactions, store_units

CASES: list[tuple[Environment, SyncStatus]] = [
    (environment, status) for environment in Environment for status in OF_A_SYNC
]
WINDOWS = {
    WindowState.OPEN: {"fileable_from": day(-10), "deadline": day(20)},
    WindowState.WAIT: {"fileable_from": day(5), "deadline": day(20)},
    WindowState.EXPIRED: {"fileable_from": day(-90), "deadline": day(-5)},
    WindowState.UNKNOWN: {"fileable_from": None, "deadline": None},
}
CONFIDENCES = {Review.AUTO: "0.9", Review.PROMPT: "0.5", Review.MANUAL: "0.49"}
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Everything:
    """Where the rows are: the connection of each environment, and the syncs in each state."""

    connections: dict[Environment, Connection]
    syncs: dict[tuple[Environment, SyncStatus], SyncId]
    disconnected: ConnectionId
    webhook_id: WebhookId


async def store_everything(database: Database, settings: Settings, user: User) -> Everything:
    """Each stream of each sync has another state, and each of them has a reason."""
    connections = {one: await _connect(database, settings, user, one) for one in Environment}
    for status in ConnectionStatus:
        other = await _connect(database, settings, user, Environment.LOCAL, seller=status.value)
        async with database.writing() as conn:
            await conn.execute(
                update(amazon_connection)
                .where(amazon_connection.c.connection_id == other.connection_id)
                .values(status=status)
            )
    for connection in connections.values():
        await _store_odd_things(database, user.user_id, connection.connection_id)
    syncs = {}
    for number, (environment, status) in enumerate(CASES):
        connection = connections[environment]
        syncs[environment, status] = await _store_sync(database, user, connection, number, status)
    await _store_data(database, connections[Environment.LOCAL].connection_id)
    await store_each_claim(database, connections[Environment.PRODUCTION].connection_id)
    webhook_id = await _store_deliveries(
        database, settings, user.user_id, connections[Environment.LOCAL].connection_id
    )
    return Everything(connections, syncs, ConnectionId(other.connection_id), webhook_id)


async def _store_deliveries(
    database: Database, settings: Settings, workspace_id: WorkspaceId, seller: ConnectionId
) -> WebhookId:
    """A webhook that recoup turned off, a delivery of each kind and of each status, and a mail."""
    async with database.writing() as conn:
        added = await add_webhook(
            conn,
            workspace_id,
            url="https://hooks.example/x",
            kinds=tuple(NotificationKind),
            secret_sealed=Vault(settings.keys).seal("whsec_test"),
        )
        for kind in NotificationKind:
            await notify_of(conn, workspace_id, seller, kind, {"link": "/"})
        for number, status in enumerate(DeliveryStatus):
            await conn.execute(
                insert(webhook_delivery).values(
                    delivery_id=f"dlv_{number}",
                    workspace_id=workspace_id,
                    webhook_id=added.webhook_id,
                    message_id=f"msg_{number}",
                    status=status,
                    attempts=number,
                    response_status=500,
                    response_excerpt="no",
                    error="The receiver answered 500.",
                )
            )
        await conn.execute(
            update(webhook)
            .where(webhook.c.webhook_id == added.webhook_id)
            .values(is_enabled=False, disabled_why="It failed.", failing_since=utc_now())
        )
        await conn.execute(
            insert(mail_digest).values(
                digest_id="digest_1",
                user_id=workspace_id,
                day=BEGIN.date(),
                status=DigestStatus.FAILED,
                error="The mail server did not answer in time.",
            )
        )
    return added.webhook_id


async def store_each_claim(database: Database, seller: str) -> None:
    """One for each status, window, confidence and known or unknown amount, and one of each type."""
    amounts: list[dict[str, Any]] = [{}, unvalued(), {"currency": "GBP", "marketplace_id": UK}]
    kinds = [
        {"status": status.value, "confidence": Decimal(confidence), **window, **amount}
        for status in Status
        for window in WINDOWS.values()
        for confidence in CONFIDENCES.values()
        for amount in amounts
    ]
    kinds += [
        {"type": one.value, "marketplace_id": place, "sync_id": "sync_0"}
        for one in ClaimType
        for place in (None, US)
    ]
    rows = [claim_row(seller, number, **values) for number, values in enumerate(kinds)]
    whole = {name: None for row in rows for name in row}
    async with database.writing() as conn:
        for row in rows:
            row.setdefault("status", Status.DETECTED)
        await conn.execute(insert(claim), [whole | row for row in rows])


async def _connect(
    database: Database, settings: Settings, user: User, environment: Environment, seller: str = "A1"
) -> Connection:
    async with database.writing() as conn:
        return await save_connection(
            conn,
            user.user_id,
            selling_partner_id=seller,
            region="NA",
            environment=environment,
            marketplace_ids=(US,) if seller == "A1" else (),
            refresh_token_sealed=Vault(settings.keys).seal("Atzr|test"),
        )


def a_note(code: NoteCode, stream: str = "returns") -> Note:
    return Note(
        "claims" if code is NoteCode.RULE_WAITS else stream,
        code,
        f"A sentence about {code}.",
        scope=US if code is NoteCode.MARKETPLACE_REFUSED else "",
        subject=code.value,
    )


async def _store_sync(
    database: Database, user: User, connection: Connection, number: int, status: SyncStatus
) -> SyncId:
    sync_id = SyncId(f"sync_{number}")
    is_running = status is SyncStatus.IN_PROGRESS
    names = [stream.name for stream in all_streams()]
    states = list(StreamStatus)
    async with database.writing() as conn:
        await conn.execute(
            sync_progress.insert().values(
                sync_id=sync_id,
                workspace_id=user.user_id,
                connection_id=connection.connection_id,
                trigger="manual",
                status=status,
                progress=45 if is_running else 100,
                message=f"A sync that is {status}",
                # The running one of a connection is its newest.
                started_at=BEGIN + timedelta(hours=number + (100 if is_running else 0)),
                completed_at=None if is_running else BEGIN + timedelta(hours=number, seconds=90),
                error="orders: no" if status is SyncStatus.FAILED else None,
                notes=None if is_running else [note_document(a_note(code)) for code in NoteCode],
            )
        )
        for place, name in enumerate(names):
            state = states[place % len(states)]
            has_begun = state is not StreamStatus.PENDING
            has_reason = state in {StreamStatus.FAILED, StreamStatus.UNAVAILABLE}
            await conn.execute(
                sync_stream.insert().values(
                    sync_id=sync_id,
                    name=name,
                    status=state,
                    error=f"because {state}" if has_reason else None,
                    started_at=BEGIN if has_begun else None,
                    waiting_until=utc_now() + timedelta(minutes=5),
                )
            )
        await write_plan(conn, sync_id, PlanRow(BEGIN, 1.0, (), ()))
        await announce(conn, sync_id, milestone=True)
    return sync_id


async def _store_odd_things(
    database: Database, workspace_id: WorkspaceId, seller: ConnectionId
) -> None:
    """Notes of each code, activities of each type, requests in each state, quarantine, cursors."""
    async with database.writing() as conn:
        for code in NoteCode:
            await add_note(conn, seller, a_note(code))
            await record_activity(conn, workspace_id, activity_type=code, message="Told once.")
        for number, status in enumerate(RequestStatus):
            await conn.execute(
                report_request.insert().values(
                    connection_id=seller,
                    stream="ledger",
                    scope="",
                    report_type="GET_LEDGER_DETAIL_VIEW_DATA",
                    marketplace_ids=[US],
                    status=status,
                    report_id=f"R{number}",
                    intended_at=BEGIN,
                    sync_id="sync_0",
                    remark="odd",
                )
            )
        await conn.execute(
            quarantine.insert().values(
                connection_id=seller,
                stream="returns",
                sync_id="sync_0",
                reason="no date",
                raw={"order-id": "1"},
                raw_digest=seller,
                source="test",
            )
        )
        for scope in ("", US, f"{US} without x", "without x"):
            window = Window(BEGIN - timedelta(days=60), BEGIN)
            cursor = Cursor(seller, "orders", scope, closed=(window,), read_at=BEGIN)
            await write_cursor(conn, cursor)


async def _store_data(database: Database, seller: ConnectionId) -> None:
    await store_orders(database, seller, range(3))
    await store_transactions(database, seller, range(3))
    await store_stock(database, seller)
    await store_units(database, seller, range(3))
    await store_candidate(database, seller)
    await store_claims(
        database, seller, range(9000, 9001), **unvalued(), evidence={}, confidence_parts=[]
    )
    await store_allocation(database, seller, 1, {"fnsku": "X9000"}, "payment")
    async with database.writing() as conn:
        await conn.execute(
            claim_history.insert().values(
                claim_id="claim-9000",
                connection_id=seller,
                who="recoup",
                from_status=None,
                to_status=Status.DETECTED,
                why="found",
                changes={},
            )
        )
        await conn.execute(
            claim_payment.insert().values(
                claim_id="claim-9000",
                connection_id=seller,
                by="case",
                reimbursement_id="R-1",
                approved_at=BEGIN,
                approved_on=BEGIN.date(),
                amount=Decimal("1.00"),
                currency="USD",
                units=0,
            )
        )
        await conn.execute(
            deadline_reminder.insert().values(claim_id="claim-9000", connection_id=seller, mark=14)
        )
        await conn.execute(
            proof_file.insert().values(
                connection_id=seller,
                sha256="0" * 64,
                media_type="application/pdf",
                size_bytes=8,
                content=b"%PDF-1.7",
            )
        )
        await conn.execute(
            proof.insert().values(
                proof_id="proof-1",
                connection_id=seller,
                kind="invoice",
                subject_kind="product",
                subject="X1",
                sha256="0" * 64,
                file_name="invoice.pdf",
                added_by="ann@example.com",
            )
        )
        await conn.execute(
            claim_response.insert().values(
                claim_id="claim-9000",
                connection_id=seller,
                received_on=BEGIN.date(),
                stage=Stage.DENIED,
                text="No.",
                entered_by="ann@example.com",
            )
        )
        await conn.execute(
            sourcing_cost.insert().values(
                connection_id=seller,
                sku="SKU-1",
                fnsku="",
                valid_from=day(-100),
                cost=Decimal("4.20"),
                currency="USD",
                entered_by="test",
            )
        )
        await conn.execute(update(claim).where(claim.c.claim_id == "claim-9000").values(note="n"))
