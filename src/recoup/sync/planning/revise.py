"""Revision of a plan during its sync: corrected, and changed if that saves time. Pure."""

from __future__ import annotations

from dataclasses import replace

from recoup.streams._window import union
from recoup.sync.planning.channel_choice import Missing, choose_channels, duration
from recoup.sync.planning.observations import (
    Begun,
    Ended,
    Observation,
    OfStep,
    PageSeen,
    ReportMade,
    ScopeEnded,
    UsageSeen,
    advanced,
    density,
    find_step,
    forecast_anew,
    paces,
    split,
)
from recoup.sync.planning.plan import Plan, Revision, with_steps
from recoup.sync.planning.timeline import PlanStep, end_of, lay_out
from recoup.sync.record.channel import Channel
from recoup.sync.reports.request import ANY_REPORT

# A channel is changed for a gain that matters, and a new forecast is reported if it differs as much:
# a share of what is left, and no less than this.
_WORTH_SHARE = 0.1
_WORTH_SECONDS = 30.0
_RATE_SHARE = 0.05


def revise(plan: Plan, seen: Observation, *, now: float) -> Plan:
    """The plan after an observation, `now` seconds after the start of the sync.

    Where it differs from what was foreseen, windows that are left may be read from the other channel;
    the reason is in `revisions`.
    """
    before = end_of(lay_out(plan.steps, plan.known, now=now))
    mended = _mended(plan, seen, now)
    if isinstance(seen, Begun | Ended | ScopeEnded) or (
        isinstance(seen, UsageSeen) and not _paced_anew(plan, seen)
    ):
        return mended
    reason = _difference(plan, seen)
    for missing in mended.missing:
        if not isinstance(seen, PageSeen) or missing.stream.name == seen.stream:
            mended = _reconsidered(mended, missing, reason, now)
    after = end_of(lay_out(mended.steps, mended.known, now=now))
    if len(mended.revisions) > len(plan.revisions) or not _matters(after - before, before, now):
        return mended
    if abs(after - _last_prediction(plan)) < _WORTH_SECONDS:
        return mended
    return _revised(mended, _stream_of(seen), reason, after, now)


def _paced_anew(plan: Plan, seen: UsageSeen) -> bool:
    """Whether Amazon allows a different pace than before, up or down."""
    known = plan.known.usage
    return any(
        name in known and abs(usage.rate - known[name].rate) > _RATE_SHARE * known[name].rate
        for name, usage in seen.usage.items()
    )


def _mended(plan: Plan, seen: Observation, now: float) -> Plan:
    """The same steps, updated."""
    match seen:
        case UsageSeen():
            known = replace(plan.known, usage={**plan.known.usage, **seen.usage})
            return replace(plan, known=known)
        case ReportMade():
            own = {seen.report_type: seen.p90, ANY_REPORT: seen.p90_of_all}
            times = {**plan.known.report_seconds, **own}
            return replace(plan, known=replace(plan.known, report_seconds=times))
        case ScopeEnded():
            steps = [_ended(step, seen, now) for step in plan.steps]
            return replace(plan, steps=tuple(steps))
        case _:
            return _step_seen(plan, seen, now)


def _ended(step: PlanStep, seen: ScopeEnded, now: float) -> PlanStep:
    if step.ended is not None or (step.stream, step.scope) != (seen.stream, seen.scope):
        return step
    return replace(step, ended=now)


def _step_seen(plan: Plan, seen: OfStep, now: float) -> Plan:
    number = find_step(plan.steps, seen)
    if number is None:
        return plan
    parts: tuple[PlanStep, ...] = (plan.steps[number],)
    if seen.window is not None:
        parts = split(parts[0], seen.window)
    if isinstance(seen, PageSeen):
        known = replace(plan.known, paces=paces(parts[0], seen, plan.known, now))
        plan = replace(plan, known=known)
    step = advanced(parts[0], seen, now)
    steps = [*plan.steps[:number], step, *parts[1:], *plan.steps[number + 1 :]]
    per_day = density(steps, seen.stream, seen if isinstance(seen, PageSeen) else None)
    if per_day is None:
        return with_steps(plan, steps, now=now)
    known = replace(plan.known, rows_per_day={**plan.known.rows_per_day, seen.stream: per_day})
    stream = next(m.stream for m in plan.missing if m.stream.name == seen.stream)
    steps = [forecast_anew(s, stream, known) if s.stream == seen.stream else s for s in steps]
    return with_steps(replace(plan, known=known), steps, now=now)


def _reconsidered(plan: Plan, missing: Missing, reason: str, now: float) -> Plan:
    """The plan with other channels for the rest of one scope of a stream, if that saves time.

    A report that was requested is waited for; a window in the middle of its pages may be left.
    """
    stream = missing.stream
    if stream.api is None or stream.report is None or stream.report.discovered:
        return plan
    open_ = [s for s in plan.steps if _is_open(s, missing)]
    todo = union(w for s in open_ for w in s.windows(missing.todo))
    if not todo:
        return plan
    others = [s for s in plan.steps if s not in open_]
    kept = [s for s in open_ if s.begun is not None]
    chosen = choose_channels(
        replace(missing, todo=tuple(todo)), others, plan.known, kept=kept, now=now
    )
    if {(s.channel, s.window) for s in chosen} == {(s.channel, s.window) for s in open_}:
        return plan
    before = end_of(lay_out(plan.steps, plan.known, now=now))
    after = end_of(lay_out([*others, *chosen], plan.known, now=now))
    if not _matters(before - after, before, now) or after > before:
        return plan
    left = [replace(s, ended=now, given_up=True) for s in kept if s not in chosen]
    by = " and ".join(sorted({s.channel.value for s in chosen}))
    told = f"{reason}: the rest is read by {by}, {duration(before - after)} sooner"
    changed = with_steps(plan, [*others, *left, *chosen], now=now)
    return _revised(changed, stream.name, told, after, now)


def _is_open(step: PlanStep, missing: Missing) -> bool:
    """Whether the step is of this scope, not ended, and no report in progress at Amazon."""
    if step.ended is not None or (step.stream, step.scope) != (missing.stream.name, missing.scope):
        return False
    return step.channel is Channel.API or step.begun is None


def _matters(gain: float, before: float, now: float) -> bool:
    return abs(gain) >= max(_WORTH_SECONDS, _WORTH_SHARE * (before - now))


def _last_prediction(plan: Plan) -> float:
    return plan.revisions[-1].predicted_seconds if plan.revisions else plan.predicted_seconds


def _revised(plan: Plan, stream: str, reason: str, predicted: float, now: float) -> Plan:
    revision = Revision(at=now, stream=stream, reason=reason, predicted_seconds=predicted)
    return replace(plan, revisions=(*plan.revisions, revision))


def _stream_of(seen: Observation) -> str:
    return seen.stream if isinstance(seen, PageSeen) else ""


def _difference(plan: Plan, seen: Observation) -> str:
    """The difference between observation and forecast, in words."""
    match seen:
        case PageSeen():
            number = find_step(plan.steps, seen)
            foreseen = sum(plan.steps[number].left.values()) if number is not None else 0
            done = sum(plan.steps[number].made.values()) + 1 if number is not None else 1
            left = round(done * (1 - seen.fraction) / seen.fraction) if seen.fraction else 0
            return (
                f"{left:,} pages remain of the window where {max(0, foreseen - 1):,} were foreseen"
            )
        case ReportMade():
            was = plan.known.generation(seen.report_type)
            return f"{seen.report_type} takes {duration(seen.p90)}, not {duration(was)}"
        case _:
            return "Amazon's limits have changed"
