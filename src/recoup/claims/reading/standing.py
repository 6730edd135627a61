"""The definitions of "owed" and of the shown stage in SQL, the only ones behind figures and filters.

A claim has exactly one standing, so the numbers of all standings add up to all claims.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, case, func

from recoup.claims.lifecycle import PROMPT_FROM, Standing, Status, WindowState
from recoup.claims.stages import CHASE_AFTER, Stage
from recoup.claims.tables import claim

_c = claim.c


def in_window(state: WindowState, today: ColumnElement[date]) -> ColumnElement[bool]:
    """The same as `lifecycle.window_state`, as a condition."""
    begun = func.coalesce(_c.fileable_from <= today, True)
    match state:
        case WindowState.UNKNOWN:
            return _c.deadline.is_(None)
        case WindowState.EXPIRED:
            return _c.deadline < today
        case WindowState.WAIT:
            return and_(_c.deadline >= today, ~begun)
        case WindowState.OPEN:
            return and_(_c.deadline >= today, begun)


def stage_on(today: ColumnElement[date]) -> ColumnElement[str]:
    """The same as `stages.shown_stage`."""
    is_ready = and_(in_window(WindowState.OPEN, today), _c.confidence >= PROMPT_FROM)
    waits_long = func.coalesce(_c.waiting_since + CHASE_AFTER.days <= today, True)
    return case(
        (and_(_c.stage == Stage.FOUND.value, is_ready), Stage.READY.value),
        (and_(_c.stage == Stage.FILED.value, waits_long), Stage.WAITING.value),
        else_=_c.stage,
    )


def standing_on(
    today: ColumnElement[date], *, owed: ColumnElement[str] | None = None
) -> ColumnElement[str]:
    """The `Standing` of each claim on a day, which may differ per claim. `owed` divides those owed."""
    return case(
        (_c.status != Status.DETECTED.value, _c.status),
        (in_window(WindowState.UNKNOWN, today), Standing.WINDOW_UNKNOWN.value),
        (in_window(WindowState.EXPIRED, today), Standing.EXPIRED.value),
        (_c.confidence < PROMPT_FROM, Standing.TO_REVIEW.value),
        else_=Standing.OWED.value if owed is None else owed,
    )
