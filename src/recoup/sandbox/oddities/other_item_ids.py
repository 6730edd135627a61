"""Order item ids in the finances differ from those in orders.

Source: amzn/selling-partner-api-models issue 5372 (2026-09).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json
from recoup.sandbox.oddities._oddity import File, Oddity, Sheet, Step, each_row

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

_SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
_COLUMN = "order-item-code"
_MEMBERS = frozenset({"OrderItemId", "OrderAdjustmentItemId"})


def other_id(item_id: str) -> str:
    """Another id for the same item, always the same one."""
    return item_id[::-1]


def _sheet(sheet: Sheet, file: File) -> Sheet:
    def told(row: dict[str, str]) -> Iterator[dict[str, str]]:
        yield row | {_COLUMN: other_id(row[_COLUMN])}

    return each_row(sheet, told) if file.kind.name == _SETTLEMENT else sheet


def _answer(call: Call, operation: str, body: Json) -> Json:  # noqa: ARG001 - the same for all
    return _told(body) if operation.startswith("listFinancialEvents") else body


def _told(value: Json) -> Json:
    if isinstance(value, list):
        return [_told(one) for one in value]
    if isinstance(value, Mapping):
        return {
            name: other_id(one) if name in _MEMBERS and isinstance(one, str) else _told(one)
            for name, one in value.items()
        }
    return value


ODDITY = Oddity(Step.CONTENT, sheet=_sheet, answer=_answer)
