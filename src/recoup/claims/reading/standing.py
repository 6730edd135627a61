"""The definitions of "owed" and of the shown stage in SQL, the only ones behind figures and filters.

A claim has exactly one standing, so the numbers of all standings add up to all claims.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, or_

from recoup.claims.lifecycle import PROMPT_FROM, Standing, Status, WindowState
from recoup.claims.stages import CHASE_AFTER, NextStep, Stage
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


def window_state_on(today: ColumnElement[date]) -> ColumnElement[str]:
    """The same as `lifecycle.window_state`."""
    return case(*((in_window(state, today), state.value) for state in WindowState))


def stage_on(today: ColumnElement[date]) -> ColumnElement[str]:
    """The same as `stages.shown_stage`."""
    is_ready = and_(in_window(WindowState.OPEN, today), _c.confidence >= PROMPT_FROM)
    waits_long = func.coalesce(_c.waiting_since + CHASE_AFTER.days <= today, True)
    return case(
        (and_(_c.stage == Stage.FOUND.value, is_ready), Stage.READY.value),
        (and_(_c.stage == Stage.FILED.value, waits_long), Stage.WAITING.value),
        else_=_c.stage,
    )


def chase_on() -> ColumnElement[date]:
    """The same as `stages.chase_on`."""
    return case((_waits(), _c.waiting_since + CHASE_AFTER.days))


def waiting_days_on(today: ColumnElement[date]) -> ColumnElement[int]:
    """The same as `ClaimRow.waiting_days`."""
    return case(
        (and_(_waits(), _c.waiting_since.is_not(None)), func.greatest(0, today - _c.waiting_since))
    )


def next_step_on(today: ColumnElement[date]) -> ColumnElement[str]:
    """The action of `stages.next_action`."""
    before_filing = _c.stage.in_((Stage.FOUND.value, Stage.READY.value))
    reversed_ = _c.waiting_since.is_(None)
    is_paid = func.coalesce(_c.paid_amount != 0, False) | func.coalesce(_c.paid_units != 0, False)
    steps = (
        (and_(before_filing, in_window(WindowState.EXPIRED, today)), NextStep.CLOSE),
        (and_(before_filing, in_window(WindowState.UNKNOWN, today)), NextStep.LOOK_UP_WINDOW),
        (and_(before_filing, in_window(WindowState.WAIT, today)), NextStep.WAIT_FOR_WINDOW),
        (stage_on(today) == Stage.READY.value, NextStep.FILE),
        (_c.stage == Stage.FOUND.value, NextStep.CHECK),
        (_c.stage == Stage.ON_HOLD.value, NextStep.RESOLVE_HOLD),
        (and_(_c.stage == Stage.FILED.value, reversed_), NextStep.DISPUTE_REVERSAL),
        (and_(_waits(), chase_on() <= today), NextStep.CHASE),
        (_waits(), NextStep.WAIT_FOR_ANSWER),
        (_c.stage == Stage.INFO_REQUESTED.value, NextStep.REPLY),
        (_c.stage == Stage.PAID_IN_PART.value, NextStep.CLAIM_REST),
        (_c.stage == Stage.DENIED.value, NextStep.APPEAL),
        (and_(_c.stage == Stage.PAID.value, ~is_paid), NextStep.CONFIRM_PAYMENT),
    )
    return case(*((when, step.value) for when, step in steps), else_=NextStep.NOTHING.value)


def next_stage_of(step: ColumnElement[str]) -> ColumnElement[str | None]:
    """The stage of `stages.next_action`, beside its action."""
    is_appealed = _c.stage == Stage.APPEALED.value
    stages = {
        NextStep.CHECK: Stage.READY,
        NextStep.LOOK_UP_WINDOW: Stage.FILED,
        NextStep.RESOLVE_HOLD: Stage.FOUND,
        NextStep.FILE: Stage.FILED,
        NextStep.CHASE: Stage.FILED,
        NextStep.DISPUTE_REVERSAL: Stage.FILED,
        NextStep.REPLY: Stage.FILED,
        NextStep.CLAIM_REST: Stage.FILED,
        NextStep.APPEAL: Stage.APPEALED,
        NextStep.CLOSE: Stage.CLOSED,
    }
    return case(
        (is_appealed, None),
        else_=case({of.value: stage.value for of, stage in stages.items()}, value=step),
    )


def next_day_of(step: ColumnElement[str]) -> ColumnElement[date | None]:
    """The day of `stages.next_action`, beside its action."""
    is_appealed = _c.stage == Stage.APPEALED.value
    by_deadline = (NextStep.CHECK.value, NextStep.RESOLVE_HOLD.value, NextStep.FILE.value)
    return case(
        (step.in_(by_deadline), _c.deadline),
        (step == NextStep.WAIT_FOR_WINDOW.value, _c.fileable_from),
        (or_(is_appealed, step == NextStep.WAIT_FOR_ANSWER.value), chase_on()),
    )


def _waits() -> ColumnElement[bool]:
    """Whether Amazon owes an answer."""
    return _c.stage.in_((Stage.FILED.value, Stage.APPEALED.value))


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
