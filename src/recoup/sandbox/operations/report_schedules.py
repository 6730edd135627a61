"""Reports API 2021-06-30: schedules. Source: docs/amazon.md#report-schedules."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from recoup.sandbox.answers import ApiError, Json, invalid_input
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.reports import open_desk
from recoup.sandbox.report_jobs.schedules import PERIODS
from recoup.sandbox.report_jobs.store import Schedule


def _create_schedule(call: Call) -> Json:
    body, store = call.body.members, call.sandbox.reports
    kind = open_desk(call).type_of(body.text("reportType"))
    marketplace_ids = body.texts("marketplaceIds", at_most=25)
    call.check_marketplaces(marketplace_ids)
    next_at, seller_id = body.moment("nextReportCreationTime"), call.world.seller_id
    schedule = Schedule(
        schedule_id=str(store.next_id()),
        report_type=kind.name,
        marketplace_ids=marketplace_ids,
        options=body.text_map("reportOptions"),
        period=body.choice("period", PERIODS),
        next_at=call.now if next_at is None else datetime.fromtimestamp(next_at, UTC),
    )
    for other in store.schedules(seller_id):
        # A schedule for the same report takes the place of the older one.
        if (other.report_type, other.marketplace_ids) == (kind.name, marketplace_ids):
            store.delete_schedule(seller_id, other.schedule_id)
    store.put_schedule(seller_id, schedule)
    return {"reportScheduleId": schedule.schedule_id}


def _get_schedules(call: Call) -> Json:
    types = call.query.texts("reportTypes", at_most=10)
    if not types:
        raise invalid_input("reportTypes is required.")
    open_desk(call)
    found = call.sandbox.reports.schedules(call.world.seller_id)
    return {"reportSchedules": [_json(one) for one in found if one.report_type in types]}


def _get_schedule(call: Call) -> Json:
    open_desk(call)
    return _json(_schedule(call))


def _cancel_schedule(call: Call) -> Json:
    schedule = _schedule(call)
    call.sandbox.reports.delete_schedule(call.world.seller_id, schedule.schedule_id)
    return None


def _schedule(call: Call) -> Schedule:
    for schedule in call.sandbox.reports.schedules(call.world.seller_id):
        if schedule.schedule_id == call.path["reportScheduleId"]:
            return schedule
    raise ApiError(404, "NotFound", "The requested report schedule does not exist.")


def _json(schedule: Schedule) -> Json:
    answer: dict[str, Json] = {
        "reportScheduleId": schedule.schedule_id,
        "reportType": schedule.report_type,
        "marketplaceIds": list(schedule.marketplace_ids),
        "period": schedule.period,
        "nextReportCreationTime": schedule.next_at.isoformat(timespec="seconds"),
    }
    if schedule.options:
        answer["reportOptions"] = schedule.options
    return answer


_SCHEDULES = "/reports/2021-06-30/schedules"
_SCHEDULE = f"{_SCHEDULES}/{{reportScheduleId}}"

OPERATIONS = tuple(
    Operation(
        name=name,
        method=method,
        path=path,
        rate=Decimal("0.0222"),
        burst=10,
        answer=answer,
        status=status,
    )
    for name, method, path, answer, status in (
        ("createReportSchedule", "POST", _SCHEDULES, _create_schedule, 201),
        ("getReportSchedules", "GET", _SCHEDULES, _get_schedules, 200),
        ("getReportSchedule", "GET", _SCHEDULE, _get_schedule, 200),
        ("cancelReportSchedule", "DELETE", _SCHEDULE, _cancel_schedule, 200),
    )
)
