"""GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL. Source: docs/amazon.md#orders-report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from recoup.sandbox.reports.order_lines import HEADER, cells, order_lines
from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.seller import SellerWorld


def _lines(world: SellerWorld, request: ReportRequest) -> Iterator[bytes]:
    # Behind the price designation this report has the Brazilian tax number, empty elsewhere.
    return order_lines(world, request, by_update=False, end="\t")


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    return cells(_lines(world, request))


REPORT = ReportType(
    name="GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
    cadence=Cadence.ORDERS,
    header=(*HEADER, "cpf"),
    rows=_rows,
    lines=_lines,
    longest_window=timedelta(days=30),
)
