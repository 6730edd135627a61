"""Streams as plans see them, whatever the real ones are: both sources, one, or a discovered one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from recoup.spapi.operation import UsagePlan
from recoup.spapi.operations.reports import (
    CREATE_REPORT,
    GET_REPORT,
    GET_REPORT_DOCUMENT,
    GET_REPORTS,
)
from recoup.streams import inventory, orders, transactions
from recoup.streams._report import DAILY, NEAR_REAL_TIME, Report, Upsert
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._window import Window
from recoup.sync.cursors.next_window import WHOLE
from recoup.sync.pacing.bounds import full
from recoup.sync.planning.channel_choice import Missing
from recoup.sync.planning.forecast import Known

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
YEAR = Window(NOW - timedelta(days=365), NOW)
DAY = Window(NOW - timedelta(days=1), NOW)


def a_report(name: str, *, longest: timedelta | None = None, **values: object) -> Report:
    return Report(
        report_type=name,
        fields=(),
        load=Upsert(),
        repeat_after=values.pop("repeat_after", DAILY),
        longest=longest,
        **values,
    )


ORDERS = replace(
    orders.STREAM,
    report=a_report("ORDERS", longest=timedelta(days=30), repeat_after=timedelta(0)),
)
INVENTORY = replace(inventory.STREAM, report=a_report("INVENTORY", repeat_after=NEAR_REAL_TIME))
TRANSACTIONS = transactions.STREAM


def report_stream(name: str, *, longest: timedelta | None = None, **values: object) -> Stream:
    """A stream that only reports can tell."""
    return Stream(
        name=name,
        noun=name,
        table=orders.TABLE,
        scope=Scope.REGION,
        cursor=Windows(
            history=timedelta(days=365), overlap=timedelta(days=1), holdback=timedelta(0)
        ),
        report=a_report(name.upper(), longest=longest, **values),
    )


LEDGER = report_stream("ledger", longest=timedelta(days=30))
RETURNS = report_stream("returns", longest=timedelta(days=60))
REIMBURSEMENTS = report_stream("reimbursements")
SETTLEMENTS = report_stream("settlements", discovered=True)
STREAMS = (INVENTORY, LEDGER, ORDERS, REIMBURSEMENTS, RETURNS, SETTLEMENTS, TRANSACTIONS)


def operations(streams: tuple[Stream, ...] = STREAMS) -> dict[str, UsagePlan]:
    """The usage plan of each operation that these streams may call."""
    used = [CREATE_REPORT, GET_REPORT, GET_REPORT_DOCUMENT, GET_REPORTS]
    used += [stream.api.operation for stream in streams if stream.api is not None]
    return {operation.name: operation.plan for operation in used}


def known(**values: object) -> Known:
    """Amazon's documented limits with full buckets, and what else is said."""
    return Known(usage={name: full(plan) for name, plan in operations().items()}, **values)


def missing(stream: Stream, window: Window = YEAR) -> Missing:
    """All of a window, or all of a snapshot."""
    todo = (window,) if isinstance(stream.cursor, Windows) else (WHOLE,)
    scope = "" if stream.scope is Scope.REGION else "ATVPDKIKX0DER"
    return Missing(stream, scope, todo)
