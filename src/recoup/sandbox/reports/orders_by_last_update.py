"""GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL. Source: docs/amazon.md#orders-report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from recoup.sandbox.reports.order_lines import HEADER, cells, order_lines
from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.seller import SellerWorld


def _lines(world: SellerWorld, request: ReportRequest) -> Iterator[bytes]:
    return order_lines(world, request, by_update=True, end="")


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    return cells(_lines(world, request))


REPORT = ReportType(
    name="GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
    cadence=Cadence.ORDERS,
    header=HEADER,
    rows=_rows,
    lines=_lines,
    longest_window=timedelta(days=30),
)
