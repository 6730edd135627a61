"""What a chaos run compares with the calm one."""

from __future__ import annotations

from tests.chaos.content import Content, Row, differences

_PAGE: Row = ("order_item_id=1", "sku=A", "condition=NEW")
_OTHER: Row = ("order_item_id=1", "sku=A", "condition=USED")


def _content(both: list[Row], by_pages: list[Row]) -> Content:
    return {"order_items": both, "order_items by pages": by_pages}


def test_a_row_of_a_report_need_not_tell_what_only_pages_tell() -> None:
    """In trouble a plan may choose the report, and nothing is lost by it."""
    calm = _content([("sku=A",)], [_PAGE])

    assert differences(calm, calm) == []
    assert differences(calm, _content([("sku=A",)], [])) == []


def test_a_row_of_pages_must_be_the_calm_one() -> None:
    """What pages told otherwise is shown, both versions, one below the other."""
    (one,) = differences(_content([("sku=A",)], [_PAGE]), _content([("sku=A",)], [_OTHER]))

    assert one.startswith("order_items by pages: 1 rows calm, 1 now\n")
    assert one.index("condition=NEW") < one.index("condition=USED")


def test_a_row_that_is_missing_or_there_twice_is_a_difference() -> None:
    """Rows are counted, so that a double of one does not hide the loss of another."""
    calm = _content([("sku=A",), ("sku=B",)], [])

    for now in ([("sku=A",)], [("sku=A",), ("sku=A",)], [("sku=A",), ("sku=B",), ("sku=B",)]):
        assert len(differences(calm, _content(now, []))) == 1
