"""The stages of a claim beside its status: which fit together, which may follow, what to do next. Pure.

A status says how a claim counts, a stage what a person does with it next. The database holds the
stage as it was last set and refuses one that contradicts the status. Two of the stages that people
see follow from the day as well (`shown_stage`): `ready`, where a claim that was found can be filed,
and `waiting`, where a filed one has had no answer for long (docs/adr/0021-stages-beside-statuses.md).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from recoup.claims.lifecycle import PROMPT_FROM, Status, WindowState
from recoup.errors import ImpossibleStepError, InvalidRequestError

CHASE_AFTER = timedelta(days=14)
"""How long after filing a claim without an answer is chased (docs/decisions.md#chasing)."""


class Stage(enum.StrEnum):
    """What stands between a claim and its money."""

    FOUND = "found"
    ON_HOLD = "on_hold"
    READY = "ready"
    FILED = "filed"
    WAITING = "waiting"
    INFO_REQUESTED = "info_requested"
    PAID = "paid"
    PAID_IN_PART = "paid_in_part"
    PAID_BY_ITSELF = "paid_by_itself"
    """Amazon paid without a case of the seller: never counted as a success of a claim."""
    DENIED = "denied"
    APPEALED = "appealed"
    CLOSED = "closed"


class NextStep(enum.StrEnum):
    """The one thing to do next."""

    CHECK = "check"
    WAIT_FOR_WINDOW = "wait_for_window"
    LOOK_UP_WINDOW = "look_up_window"
    RESOLVE_HOLD = "resolve_hold"
    FILE = "file"
    WAIT_FOR_ANSWER = "wait_for_answer"
    CHASE = "chase"
    DISPUTE_REVERSAL = "dispute_reversal"
    REPLY = "reply"
    CLAIM_REST = "claim_rest"
    CONFIRM_PAYMENT = "confirm_payment"
    APPEAL = "appeal"
    CLOSE = "close"
    NOTHING = "nothing"


STEPS_IN_WORDS: Mapping[NextStep, str] = {
    NextStep.CHECK: "Check the evidence, which is weak. Then mark the claim as ready, or close it.",
    NextStep.WAIT_FOR_WINDOW: "Wait: Amazon accepts the claim later.",
    NextStep.LOOK_UP_WINDOW: "Look up the last day in Seller Central, then file the claim.",
    NextStep.RESOLVE_HOLD: "Clear up what the claim is on hold for.",
    NextStep.FILE: "File the claim in Seller Central and enter the case id.",
    NextStep.WAIT_FOR_ANSWER: "Wait for Amazon's answer.",
    NextStep.CHASE: "Ask Amazon about the case: there has been no answer for two weeks.",
    NextStep.DISPUTE_REVERSAL: "Amazon took the payment back. Ask why, or close the claim if the units "
    "came back.",
    NextStep.REPLY: "Send Amazon what it asked for.",
    NextStep.CLAIM_REST: "Ask Amazon for the rest, or close the claim.",
    NextStep.CONFIRM_PAYMENT: "Wait for the payment: the reimbursements report does not show it yet.",
    NextStep.APPEAL: "Appeal in the case with more evidence, or close the claim.",
    NextStep.CLOSE: "Close the claim: the last safe day has passed.",
    NextStep.NOTHING: "Nothing to do.",
}

STATUSES: Mapping[Stage, tuple[Status, ...]] = {
    Stage.FOUND: (Status.DETECTED,),
    Stage.ON_HOLD: (Status.DETECTED,),
    Stage.READY: (Status.DETECTED,),
    Stage.FILED: (Status.FILED,),
    Stage.INFO_REQUESTED: (Status.FILED,),
    Stage.APPEALED: (Status.FILED,),
    Stage.PAID_IN_PART: (Status.FILED,),
    Stage.PAID: (Status.APPROVED,),
    Stage.DENIED: (Status.REJECTED,),
    Stage.PAID_BY_ITSELF: (Status.WITHDRAWN,),
    Stage.CLOSED: (Status.DISMISSED, Status.WITHDRAWN, Status.REJECTED, Status.APPROVED),
}
"""The stages that are stored, each with the statuses that agree with it, its own first."""

FIRST_STAGES: Mapping[Status, Stage] = {
    Status.DETECTED: Stage.FOUND,
    Status.FILED: Stage.FILED,
    Status.APPROVED: Stage.PAID,
    Status.REJECTED: Stage.DENIED,
    Status.DISMISSED: Stage.CLOSED,
    Status.WITHDRAWN: Stage.CLOSED,
}
"""The stage of a claim of which only the status is told."""

_ANSWERS = (Stage.INFO_REQUESTED, Stage.PAID, Stage.PAID_IN_PART, Stage.DENIED)
_NEXT: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.FOUND: (Stage.READY, Stage.ON_HOLD, Stage.FILED, Stage.PAID_BY_ITSELF, Stage.CLOSED),
    Stage.READY: (Stage.FILED, Stage.ON_HOLD, Stage.PAID_BY_ITSELF, Stage.CLOSED),
    Stage.ON_HOLD: (Stage.FOUND, Stage.READY, Stage.FILED, Stage.PAID_BY_ITSELF, Stage.CLOSED),
    Stage.FILED: (*_ANSWERS, Stage.CLOSED),
    Stage.WAITING: (Stage.FILED, *_ANSWERS, Stage.CLOSED),
    Stage.INFO_REQUESTED: (
        Stage.FILED, Stage.PAID, Stage.PAID_IN_PART, Stage.DENIED, Stage.CLOSED,
    ),
    Stage.PAID: (Stage.FILED, Stage.CLOSED),
    Stage.PAID_IN_PART: (
        Stage.FILED, Stage.INFO_REQUESTED, Stage.PAID, Stage.DENIED, Stage.APPEALED, Stage.CLOSED,
    ),
    Stage.PAID_BY_ITSELF: (Stage.FOUND,),
    Stage.DENIED: (Stage.APPEALED, Stage.PAID, Stage.PAID_IN_PART, Stage.CLOSED),
    Stage.APPEALED: (*_ANSWERS, Stage.CLOSED),
}  # fmt: skip
_AFTER_CLOSING: Mapping[Status, tuple[Stage, ...]] = {
    Status.DISMISSED: (Stage.FOUND,),
    Status.REJECTED: (Stage.APPEALED,),
    Status.APPROVED: (Stage.FILED,),
}
# Closing ends a claim with what it came to: denied stays rejected, a part that was paid approves it.
_CLOSED_AS: Mapping[Stage, Status] = {
    Stage.DENIED: Status.REJECTED,
    Stage.PAID: Status.APPROVED,
    Stage.PAID_IN_PART: Status.APPROVED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """All that decides the shown stage of a claim and its next action.

    waiting_since: the day from which the seller has been waiting for an answer; None in a filed claim
    whose payment Amazon took back. is_paid: whether the reimbursements report shows a payment.
    """

    stage: Stage
    status: Status
    window_state: WindowState
    confidence: Decimal
    fileable_from: date | None
    deadline: date | None
    waiting_since: date | None
    is_paid: bool
    today_on: date


@dataclass(frozen=True, slots=True)
class NextAction:
    """What to do next: a word, the stage that records it (None: nothing to record), from which day."""

    action: NextStep
    stage: Stage | None = None
    on: date | None = None


def allowed_stages(stage: Stage, status: Status) -> tuple[Stage, ...]:
    """The stages to which a person may move a claim that is shown in a stage."""
    return _AFTER_CLOSING.get(status, ()) if stage is Stage.CLOSED else _NEXT[stage]


def require_stage(shown: Stage, status: Status, wanted: Stage) -> None:
    """Accepts the shown stage as well. Raises ImpossibleStepError."""
    possible = allowed_stages(shown, status)
    if wanted is not shown and wanted not in possible:
        raise ImpossibleStepError(shown, wanted, tuple(possible))


def status_in(stage: Stage, before: Stage) -> Status:
    """The status of a claim that a person moves from one stored stage to another."""
    if stage is Stage.CLOSED:
        return _CLOSED_AS.get(before, Status.DISMISSED)
    return STATUSES[Stage.FILED if stage is Stage.WAITING else stage][0]


def stage_in(status: Status, before: Status, stage: Stage) -> Stage:
    """The stage of a claim of which a person tells the status only: the same while it fits."""
    if status in STATUSES[stage]:
        return stage
    if (before, status) == (Status.REJECTED, Status.FILED):
        return Stage.APPEALED
    return FIRST_STAGES[status]


def require_agreement(stage: Stage, status: Status) -> None:
    """Raises InvalidRequestError."""
    if status not in STATUSES[Stage.FILED if stage is Stage.WAITING else stage]:
        raise InvalidRequestError(f"A claim in the stage {stage} cannot be {status}.")


def shown_stage(one: Standpoint) -> Stage:
    """The same as recoup.claims.reading.standing.stage_on, in Python."""
    if one.stage is Stage.FILED:
        due = chase_on(one)
        return Stage.WAITING if due is None or due <= one.today_on else Stage.FILED
    is_open = one.window_state is WindowState.OPEN and one.confidence >= PROMPT_FROM
    return Stage.READY if one.stage is Stage.FOUND and is_open else one.stage


def chase_on(one: Standpoint) -> date | None:
    """The first day to ask Amazon again; None where nobody waits, or where that is due at once."""
    waits = one.stage in {Stage.FILED, Stage.APPEALED}
    return one.waiting_since + CHASE_AFTER if waits and one.waiting_since else None


def next_action(one: Standpoint) -> NextAction:
    """Exactly one, by stage; before filing also by window, then by what the reports show."""
    match shown_stage(one):
        case Stage.FOUND | Stage.READY as stage:
            return _before_filing(stage, one)
        case Stage.ON_HOLD:
            return NextAction(NextStep.RESOLVE_HOLD, Stage.FOUND, one.deadline)
        case Stage.FILED:
            return NextAction(NextStep.WAIT_FOR_ANSWER, None, chase_on(one))
        case Stage.WAITING:
            reversed_ = one.waiting_since is None
            return NextAction(
                NextStep.DISPUTE_REVERSAL if reversed_ else NextStep.CHASE, Stage.FILED
            )
        case Stage.APPEALED:
            due = chase_on(one)
            is_due = due is not None and due <= one.today_on
            return NextAction(NextStep.CHASE if is_due else NextStep.WAIT_FOR_ANSWER, None, due)
        case Stage.INFO_REQUESTED:
            return NextAction(NextStep.REPLY, Stage.FILED)
        case Stage.PAID_IN_PART:
            return NextAction(NextStep.CLAIM_REST, Stage.FILED)
        case Stage.DENIED:
            return NextAction(NextStep.APPEAL, Stage.APPEALED)
        case Stage.PAID if not one.is_paid:
            return NextAction(NextStep.CONFIRM_PAYMENT)
        case _:
            return NextAction(NextStep.NOTHING)


def _before_filing(stage: Stage, one: Standpoint) -> NextAction:
    match one.window_state:
        case WindowState.EXPIRED:
            return NextAction(NextStep.CLOSE, Stage.CLOSED)
        case WindowState.UNKNOWN:
            return NextAction(NextStep.LOOK_UP_WINDOW, Stage.FILED)
        case WindowState.WAIT:
            return NextAction(NextStep.WAIT_FOR_WINDOW, None, one.fileable_from)
    if stage is Stage.READY:
        return NextAction(NextStep.FILE, Stage.FILED, one.deadline)
    return NextAction(NextStep.CHECK, Stage.READY, one.deadline)
