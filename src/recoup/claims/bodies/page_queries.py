"""Pages of claims as JSON that PostgreSQL writes, in the form of `ClaimBody`.

Its fields, their names and their order are the body's, and a test compares the two. A claim that
becomes Python objects first costs ten times as much of the processor as reading it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Label,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSON, TIMESTAMP
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.selectable import LateralFromClause

from recoup.claims.bodies.claim import ClaimBody, title_of
from recoup.claims.lifecycle import Status
from recoup.claims.reading.claims import (
    StandingTotal,
    Total,
    conditions,
    page_of,
    payments_of,
    standing_totals,
    totals_of,
)
from recoup.claims.reading.day import today_on
from recoup.claims.reading.row import CONFIRMED, last_confirmed
from recoup.claims.reading.selection import ClaimSelection, shape_of, values_of
from recoup.claims.reading.sort import ClaimOrder, place_values
from recoup.claims.reading.standing import next_day_of, next_stage_of, next_step_on, stage_on
from recoup.claims.reading.worked_out import plain, worked_out
from recoup.claims.rule import ClaimType
from recoup.claims.stages import STEPS_IN_WORDS, Stage, allowed_stages
from recoup.claims.tables import claim
from recoup.db.engine import Database
from recoup.db.single_reads import KeptStatements, Statement, statement
from recoup.db.times import rfc3339

_c = claim.c

_Columns = ReadOnlyColumnCollection[str, Any]

_STATEMENTS = KeptStatements[tuple[Statement, ...]]()


@dataclass(frozen=True, slots=True)
class ClaimsRead:
    """rows: the place and the JSON of each claim. more: the rows of what else was asked for."""

    rows: Sequence[tuple[tuple[str, ...], str]]
    totals: Sequence[StandingTotal]
    paid: Sequence[Total]
    more: Sequence[Any]


async def read_claims(
    database: Database,
    selection: ClaimSelection,
    order: ClaimOrder,
    *,
    limit: int,
    after: tuple[str, ...] | None,
    with_evidence: bool,
    more: Statement,
    **values: object,
) -> ClaimsRead:
    """At most `limit` claims after a place, the totals of the whole selection, and what `more` reads
    with the values. One message.
    """
    wanted = _STATEMENTS.get(
        (shape_of(selection), order.sort, limit, after is None, with_evidence),
        lambda: _statements(selection, order, limit, after, with_evidence=with_evidence),
    )
    rows, totals, paid, others = await database.fetch_all(
        *wanted,
        more,
        **{**values, **values_of(selection), **place_values(after or ())},
    )
    return ClaimsRead(
        [(tuple(row[1:]), row[0]) for row in rows],
        standing_totals(totals),
        [Total(*one) for one in paid],
        others,
    )


def _statements(
    selection: ClaimSelection,
    order: ClaimOrder,
    limit: int,
    after: tuple[str, ...] | None,
    *,
    with_evidence: bool,
) -> tuple[Statement, ...]:
    today = today_on(selection.now)
    day = _once("day", today=today, **{name: last_confirmed(name) for name in CONFIRMED})
    stand = _once("stand", day, stage=stage_on(day.c.today), step=next_step_on(day.c.today))
    fields = _fields(day.c, stand.c, with_evidence=with_evidence)
    body = select(*fields).correlate(claim, day, stand).lateral("body")
    wanted = select(cast(func.row_to_json(literal_column("body")), Text)).select_from(
        claim.join(day, true()).join(stand, true()).join(body, true())
    )
    page = page_of(wanted, selection, order, limit=limit, after=after)
    totals = totals_of(*conditions(selection), today=today)
    # How a code begins decides which index is of use.
    keeps_plan = not selection.search
    return tuple(
        statement(one, keeps_plan=keeps_plan) for one in (page, totals, payments_of(selection))
    )


def _once(name: str, *outer: FromClause, **values: ColumnElement[Any]) -> LateralFromClause:
    """Values of each claim that several fields need: without an offset, PostgreSQL would put the
    expressions in their place and work them out in each.
    """
    wanted = select(*(value.label(label) for label, value in values.items()))
    return wanted.correlate(claim, *outer).offset(literal_column("0")).lateral(name)


def _fields(day: _Columns, stand: _Columns, *, with_evidence: bool) -> list[Label[Any]]:
    values = {
        **worked_out(day.today),
        **_composed(stand.stage, stand.step),
        **{name: _written(day[name]) for name in CONFIRMED},
        "stage": stand.stage,
    }
    if not with_evidence:
        values["evidence"] = null()
    return [
        (values[name] if name in values else _written(_c[name])).label(info.alias or name)
        for name, info in ClaimBody.model_fields.items()
    ]


def _written(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return rfc3339(column) if isinstance(column.type, TIMESTAMP) else column


def _composed(
    stage: ColumnElement[str], step: ColumnElement[str]
) -> Mapping[str, ColumnElement[Any]]:
    """Fields that are objects, lists or words."""
    return {
        "title": case({one.value: title_of(one) for one in ClaimType}, value=_c.type),
        "amount": _money(_c.amount, _c.currency),
        "paid_amount": _money(_c.paid_amount, _c.paid_currency),
        "next_action": _object(
            action=step,
            text=case({one.value: words for one, words in STEPS_IN_WORDS.items()}, value=step),
            stage=next_stage_of(step),
            on=next_day_of(step),
        ),
        "allowed_stages": _allowed(stage),
    }


def _money(amount: ColumnElement[Any], currency: ColumnElement[Any]) -> ColumnElement[Any]:
    is_known = and_(amount.is_not(None), currency.is_not(None))
    return case((is_known, _object(amount=cast(plain(amount), Text), currency=currency)))


def _object(**values: ColumnElement[Any]) -> ColumnElement[Any]:
    pairs = ((literal(name, Text), value) for name, value in values.items())
    return func.json_build_object(*(part for pair in pairs for part in pair), type_=JSON())


def _allowed(shown: ColumnElement[str]) -> ColumnElement[Any]:
    """The same as `stages.allowed_stages`."""

    def listed(stage: Stage, status: Status) -> ColumnElement[Any]:
        return cast(literal(json.dumps(allowed_stages(stage, status)), Text), JSON)

    closed = {one.value: listed(Stage.CLOSED, one) for one in Status}
    others = {one.value: listed(one, Status.DETECTED) for one in Stage if one is not Stage.CLOSED}
    return case(
        (shown == Stage.CLOSED.value, case(closed, value=_c.status)),
        else_=case(others, value=shown),
    )
