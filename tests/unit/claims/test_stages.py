"""The stages of a claim: which follow, what comes next, and the texts for Amazon."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from recoup.claims.lifecycle import Status, WindowState, possible_steps
from recoup.claims.stages import (
    CHASE_AFTER,
    FIRST_STAGES,
    STATUSES,
    NextStep,
    Stage,
    Standpoint,
    allowed_stages,
    next_action,
    require_stage,
    shown_stage,
    stage_in,
    status_in,
)
from recoup.errors import ImpossibleStepError

TODAY = date(2026, 11, 29)
FOUND = Standpoint(
    stage=Stage.FOUND,
    status=Status.DETECTED,
    window_state=WindowState.OPEN,
    confidence=Decimal("0.9"),
    fileable_from=TODAY - timedelta(days=10),
    deadline=TODAY + timedelta(days=5),
    waiting_since=None,
    is_paid=False,
    today_on=TODAY,
)
PAIRS = [
    (stage, status)
    for stage in Stage
    for status in STATUSES[Stage.FILED if stage is Stage.WAITING else stage]
]


def filed(days: int | None, **changes: object) -> Standpoint:
    since = None if days is None else TODAY - timedelta(days=days)
    one = replace(FOUND, stage=Stage.FILED, status=Status.FILED, waiting_since=since)
    return replace(one, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("stage", "status"), PAIRS)
def test_every_step_of_a_person_ends_in_agreement(stage: Stage, status: Status) -> None:
    """Whatever stage a person chooses, the status that follows is one of its own."""
    before = Stage.FILED if stage is Stage.WAITING else stage
    for wanted in allowed_stages(stage, status):
        assert status_in(wanted, before) in STATUSES[wanted]


@pytest.mark.parametrize("status", list(Status))
def test_every_step_of_a_status_ends_in_agreement(status: Status) -> None:
    """Programs that tell only the status get a stage that fits."""
    for stage, statuses in STATUSES.items():
        for wanted in possible_steps(status) if status in statuses else ():
            assert wanted in STATUSES[stage_in(wanted, status, stage)]
    assert status in STATUSES[FIRST_STAGES[status]]


def test_a_claim_that_can_be_filed_is_ready() -> None:
    """Window and confidence decide; a person's word stands whatever they say."""
    assert shown_stage(FOUND) is Stage.READY
    assert shown_stage(replace(FOUND, window_state=WindowState.WAIT)) is Stage.FOUND
    assert shown_stage(replace(FOUND, window_state=WindowState.UNKNOWN)) is Stage.FOUND
    weak = replace(FOUND, confidence=Decimal("0.49"))
    assert shown_stage(weak) is Stage.FOUND
    assert shown_stage(replace(weak, stage=Stage.READY)) is Stage.READY
    assert shown_stage(replace(FOUND, stage=Stage.ON_HOLD)) is Stage.ON_HOLD


@pytest.mark.parametrize(
    ("days", "stage", "action"),
    [
        (0, Stage.FILED, NextStep.WAIT_FOR_ANSWER),
        (CHASE_AFTER.days - 1, Stage.FILED, NextStep.WAIT_FOR_ANSWER),
        (CHASE_AFTER.days, Stage.WAITING, NextStep.CHASE),
        (None, Stage.WAITING, NextStep.DISPUTE_REVERSAL),
    ],
)
def test_a_claim_without_an_answer_is_chased(
    days: int | None, stage: Stage, action: NextStep
) -> None:
    """After two weeks, and at once when Amazon took its payment back."""
    one = filed(days)

    assert shown_stage(one) is stage
    assert next_action(one).action is action


@pytest.mark.parametrize(
    ("window", "action"),
    [
        (WindowState.OPEN, NextStep.FILE),
        (WindowState.WAIT, NextStep.WAIT_FOR_WINDOW),
        (WindowState.UNKNOWN, NextStep.LOOK_UP_WINDOW),
        (WindowState.EXPIRED, NextStep.CLOSE),
    ],
)
def test_the_window_decides_before_filing(window: WindowState, action: NextStep) -> None:
    """Nobody is told to file what Amazon does not take."""
    assert next_action(replace(FOUND, window_state=window)).action is action


@pytest.mark.parametrize(("stage", "status"), PAIRS)
def test_the_next_action_is_a_step_that_is_allowed(stage: Stage, status: Status) -> None:
    """Its stage is one of those that PATCH takes."""
    stored = Stage.FILED if stage is Stage.WAITING else stage
    one = replace(FOUND, stage=stored, status=status, waiting_since=None)
    if stage is Stage.FILED:
        one = replace(one, waiting_since=TODAY)
    told = next_action(one)

    assert told.stage is None or told.stage in allowed_stages(shown_stage(one), status)


def test_a_payment_that_the_report_does_not_show_is_waited_for() -> None:
    """A person's word alone ends nothing."""
    one = replace(FOUND, stage=Stage.PAID, status=Status.APPROVED)

    assert next_action(one).action is NextStep.CONFIRM_PAYMENT
    assert next_action(replace(one, is_paid=True)).action is NextStep.NOTHING


def test_an_impossible_stage_names_the_possible_ones() -> None:
    """The same error as for a status."""
    with pytest.raises(ImpossibleStepError) as caught:
        require_stage(Stage.PAID, Status.APPROVED, Stage.FOUND)

    assert caught.value.possible == (Stage.FILED, Stage.CLOSED)
