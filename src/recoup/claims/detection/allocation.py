"""Allocation: which payment, find or order of the seller settled which units of which event.

From scratch with each detection, oldest event first, in a fixed order of passes; every pair is a
row of `detect_allocation` (docs/claims.md#allocation). Within a pass
settlers act in the order of their days, so a find never settles what was paid before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from recoup.claims.detection.temporary_table import Change, TemporaryTable
from recoup.db.engine import Writer

# Each pool is walked once: settlers in the order of their days, and one place per lane (settlers of
# one kind and region) that only moves on, as what it leaves behind is settled, of another region,
# or too old for every later settler of the lane. So the time is linear in the number of rows.
_FUNCTION = """
create or replace function pg_temp.detect_allocate() returns void language plpgsql as $$
declare
    lot record;
    rest_of_event integer[];
    place integer[];
    rest integer;
    taken integer;
    i integer;
begin
    for lot in
        select e.ids, e.days, e.units, e.countries, e.areas, e.labels, s.settlers, s.lanes, s.amounts, s.since,
            s.until, s.s_countries, s.s_areas, s.s_labels, s.last_lane
        from (
            select pool, array_agg(event_id order by day, event_id) as ids,
                array_agg(day order by day, event_id) as days,
                array_agg(units order by day, event_id) as units,
                array_agg(country order by day, event_id) as countries,
                array_agg(area order by day, event_id) as areas,
                array_agg(label order by day, event_id) as labels
            from detect_pass_event group by pool
        ) as e
        join (
            select pool, array_agg(settler_id order by day, settler_id) as settlers,
                array_agg(lane order by day, settler_id) as lanes,
                array_agg(units order by day, settler_id) as amounts,
                array_agg(since order by day, settler_id) as since,
                array_agg(until order by day, settler_id) as until,
                array_agg(country order by day, settler_id) as s_countries,
                array_agg(area order by day, settler_id) as s_areas,
                array_agg(label order by day, settler_id) as s_labels,
                max(lane) as last_lane
            from (
                select *, dense_rank() over (partition by pool order by by, country, area, label)::integer as lane
                from detect_pass_settler
            ) as laned
            group by pool
        ) as s using (pool)
    loop
        rest_of_event := lot.units;
        place := array_fill(1, array[lot.last_lane]);
        for s in 1 .. array_length(lot.settlers, 1) loop
            rest := lot.amounts[s];
            i := place[lot.lanes[s]];
            while rest > 0 and i <= array_length(lot.ids, 1) loop
                exit when lot.days[i] > lot.until[s];
                if rest_of_event[i] > 0 and lot.days[i] >= lot.since[s]
                    and (lot.s_countries[s] is null or lot.countries[i] is null
                        or lot.s_countries[s] = lot.countries[i])
                    and (lot.s_areas[s] is null or lot.areas[i] is null or lot.s_areas[s] = lot.areas[i])
                    and (lot.s_labels[s] is null or lot.s_labels[s] = lot.labels[i])
                then
                    taken := least(rest, rest_of_event[i]);
                    insert into detect_allocation values (lot.ids[i], lot.settlers[s], taken);
                    rest_of_event[i] := rest_of_event[i] - taken;
                    rest := rest - taken;
                    -- The event may have units left for the next settler.
                    exit when rest_of_event[i] > 0;
                end if;
                i := i + 1;
            end loop;
            place[lot.lanes[s]] := i;
        end loop;
    end loop;
end $$
"""


@dataclass(frozen=True, slots=True)
class Pass:
    """One round of settling: which settlers settle which events, and within which limits.

    events, settlers: conditions on detect_event `e` and detect_settler `s`. pool: expressions over
    both that must be equal. label: an expression over `e` that a settler's label must equal.
    capacity: how many units of an event this round may settle, besides what is left.
    any_day, any_label: the settlers' days or labels do not matter in this round.
    """

    events: str
    settlers: str
    pool: tuple[str, str] = ("e.fnsku", "s.fnsku")
    label: str = "null"
    capacity: str = "e.units"
    any_day: bool = False
    any_label: bool = False


_RECONCILED = "coalesce(e.units - e.unreconciled, 0)"
_OWN_CASE = "(select case_id from detect_own_case o where o.event_id = e.event_id)"
_FILED = "e.event_id in (select event_id from detect_own_case)"


def _of_case(code: str) -> tuple[str, str]:
    """A pool for each product of a case."""
    return f"{_OWN_CASE} || ' ' || e.{code}", f"s.case_id || ' ' || s.{code}"


# Whenever that was, but not before the damage that the payment was for.
_MENDED = """e.event_id in (
    select m.event_id
    from detect_restock m
    join detect_reversal r on r.fnsku = m.fnsku and r.original_family = 'damaged'
    join detect_payment p on p.payment_id = r.original_payment_id
    where m.event_on >= p.approved_on - 120)"""
_STATE = "case e.disposition when 'SELLABLE' then 'SELLABLE' else 'UNSELLABLE' end"
_STRONG_LOSS = "e.kind = 'lost' and e.strong"
_WEAK_LOSS = "e.kind = 'lost' and not e.strong"
_STRONG_DAMAGE = "e.kind = 'damaged' and e.strong"
# Units of a damage that are in another event too, which it settled.
_TOLD_TWICE = "coalesce(own.told_twice, 0)"
_DAMAGE_SETTLERS = "s.family = 'damaged' and s.by in ('payment', 'restock')"
_PAID_FOR_DAMAGE = "s.by = 'payment' and s.family in ('lost', 'damaged')"
_PASSES = (
    # What a find is the counterpart of, before it can be the end of a loss.
    # N is the unit of a payment; F only where Amazon did not take it out again.
    Pass("e.kind = 'found' and e.reason = 'N'", "s.by = 'handed_over'", label="e.reason"),
    Pass(
        "e.kind = 'found'",
        "s.by = 'taken_out'",
        label="""case when e.reason = 'F' and e.event_on >= (
            select paid_on from detect_first_payment p where p.fnsku = e.fnsku) then 'F paid' end""",
    ),
    Pass("e.kind = 'found'", "s.by = 'handed_over'", label="e.reason"),
    # Booked as missing and as damaged on one day in one place: one unit, one claim (docs/decisions.md#one-unit-one-claim).
    Pass(
        _STRONG_LOSS,
        "s.by = 'damaged_in_warehouse'",
        label="e.fulfillment_center || ' ' || e.units",
    ),
    # A case may be about several products: what names one of them is for that one first.
    Pass(_FILED, "s.by = 'payment'", pool=_of_case("fnsku"), any_day=True),
    Pass(_FILED, "s.by = 'payment'", pool=_of_case("sku"), any_day=True),
    Pass(_FILED, "s.by = 'payment'", pool=(_OWN_CASE, "s.case_id"), any_day=True),
    # What Amazon itself calls reconciled is settled first: that is its own pairing.
    Pass(_STRONG_LOSS, "s.family = 'lost' and s.by in ('find', 'payment')", capacity=_RECONCILED),
    Pass(_STRONG_LOSS, "s.family = 'lost' and s.by in ('find', 'payment')"),
    Pass(_STRONG_LOSS, "s.by = 'payment' and s.family = 'lost'", pool=("e.sku", "s.sku")),
    # A unit that was damaged before it went missing is claimed as that, once.
    Pass(_WEAK_LOSS, "s.by = 'find'"),
    Pass(_WEAK_LOSS, "s.by = 'damage'", label="e.disposition"),
    Pass(_WEAK_LOSS, "s.by = 'arrived'", label="e.disposition"),
    Pass(_WEAK_LOSS, "s.by = 'payment' and s.family = 'lost'"),
    Pass(_WEAK_LOSS, "s.by = 'payment' and s.family = 'lost'", pool=("e.sku", "s.sku")),
    # Code 6 moves what a carrier had damaged: that carrier's damage is the event (docs/claims.md#reason-codes).
    Pass("e.kind = 'damaged' and e.reason = '6'", "s.by = 'arrived'", label="'CARRIER_DAMAGED'"),
    Pass("e.kind = 'arrived' and e.reason = 'return'", "s.by = 'graded'", pool=("e.sku", "s.sku")),
    Pass("e.kind = 'damaged'", "s.by = 'graded'", pool=("e.sku", "s.sku")),
    Pass(_WEAK_LOSS, "s.by = 'graded'", pool=("e.sku", "s.sku")),
    Pass(
        "e.kind = 'disposed' and e.disposition <> 'SELLABLE'",
        "s.by = 'graded'",
        pool=("e.sku", "s.sku"),
    ),
    Pass(_STRONG_DAMAGE, _DAMAGE_SETTLERS, capacity=_RECONCILED),
    Pass(_STRONG_DAMAGE, _DAMAGE_SETTLERS),
    Pass("e.kind = 'damaged'", _DAMAGE_SETTLERS),
    Pass(
        "e.kind = 'damaged'", "s.by = 'payment' and s.family = 'damaged'", pool=("e.sku", "s.sku")
    ),
    # An order for sellable stock is the order of sellable units first, and of any other after that.
    Pass("e.kind = 'disposed'", "s.by = 'removal_order'", label=_STATE),
    Pass("e.kind = 'disposed'", "s.by = 'removal_order'", any_label=True),
    Pass("e.kind = 'disposed'", "s.by = 'removal_order'", pool=("e.sku", "s.sku"), any_label=True),
    Pass("e.kind = 'disposed'", "s.by = 'damage'", label="e.disposition"),
    Pass("e.kind = 'disposed'", "s.by = 'arrived'", label="e.disposition"),
    # Amazon may have paid the unit under the name of what happened to it later.
    Pass("e.kind = 'damaged'", _PAID_FOR_DAMAGE, capacity=_TOLD_TWICE, any_day=True),
    Pass("e.kind = 'arrived'", _PAID_FOR_DAMAGE, capacity=_TOLD_TWICE, any_day=True),
    Pass("e.kind = 'arrived'", "s.by in ('restock', 'regraded')"),
    # A payment of the product that nothing else explains may be for units that were destroyed.
    Pass("e.kind = 'disposed'", "s.by = 'payment'"),
    Pass("e.kind = 'disposed'", "s.by = 'payment'", pool=("e.sku", "s.sku")),
    # Last: was the unit of a payment that was taken back mended or found?
    Pass(_MENDED, "s.by = 'reversal' and s.family = 'damaged'", any_day=True),
    Pass("e.kind = 'found'", "s.by = 'reversal'"),
)


def _fill(one: Pass) -> tuple[str, str]:
    """Selects settlers and events of a pass, each with the units left by earlier passes."""
    event_pool, settler_pool = one.pool
    label = "null" if one.any_label else "s.label"
    days = ("date '0001-01-01'", "date '9999-12-31'") if one.any_day else ("s.since", "s.until")
    settlers = f"""
        insert into detect_pass_settler
        select {settler_pool}, s.settler_id, s.by, s.settled_on, {days[0]}, {days[1]},
            s.units - coalesce(used.units, 0) - coalesce(explained.units, 0), s.country, s.area, {label}
        from detect_settler s
        left join (select settler_id, sum(units) as units from detect_allocation group by settler_id) as used
            using (settler_id)
        left join (select event_id, sum(units) as units from detect_allocation group by event_id) as explained
            on s.by in ('find', 'restock') and explained.event_id = s.event_id
        where {settler_pool} is not null and ({one.settlers})
            and s.units > coalesce(used.units, 0) + coalesce(explained.units, 0)
        """
    events = f"""
        insert into detect_pass_event
        select * from (
            select {event_pool} as pool, e.event_id, e.event_on,
                least({one.capacity}, e.units - coalesce(settled.units, 0) - coalesce(own.used, 0)) as units,
                nullif(e.country, ''), e.area, {one.label}
            from detect_event e
            left join (select event_id, sum(units) as units from detect_allocation group by event_id) as settled
                using (event_id)
            left join (
                select s.event_id, sum(a.units) filter (where s.by in ('find', 'restock')) as used,
                    sum(a.units) filter (where s.by in ('damage', 'arrived', 'damaged_in_warehouse')) as told_twice
                from detect_allocation a join detect_settler s using (settler_id)
                where s.by in ('find', 'restock', 'damage', 'arrived', 'damaged_in_warehouse')
                group by s.event_id
            ) as own on own.event_id = e.event_id
            where {one.events}
        ) as event
        where units > 0 and pool in (select pool from detect_pass_settler)
        """
    return settlers, events


_HAS_PAIRS = "select exists (select from detect_event) and exists (select from detect_settler)"


async def _allocate(conn: Writer, statements: tuple[str, ...]) -> None:
    """Runs pass after pass; a pass without settlers reads no events."""
    function, *fills = statements
    if not (await conn.execute(text(_HAS_PAIRS))).scalar_one():
        return
    await conn.execute(text(function))
    for settlers, events in zip(fills[::2], fills[1::2], strict=True):
        if (await conn.execute(text(settlers))).rowcount:
            await conn.execute(text(events))
            await conn.execute(text("select pg_temp.detect_allocate()"))
            await conn.execute(text("truncate detect_pass_event, detect_pass_settler"))
    await conn.execute(text("create index on detect_allocation (event_id)"))
    await conn.execute(text("create index on detect_allocation (settler_id)"))
    await conn.execute(text("analyze detect_allocation"))


ALLOCATE = Change(
    "allocate", (_FUNCTION, *(sql for one in _PASSES for sql in _fill(one))), run=_allocate
)

ALLOCATION = TemporaryTable(
    "detect_allocation",
    "event_id bigint, settler_id bigint, units integer",
    None,
    changed_by=ALLOCATE,
)
"""Which settler took how many units of which event."""

PASS_SETTLER = TemporaryTable(
    "detect_pass_settler",
    """pool text, settler_id bigint, by text, day date, since date, until date, units integer,
    country text, area text, label text""",
    None,
    changed_by=ALLOCATE,
)

PASS_EVENT = TemporaryTable(
    "detect_pass_event",
    "pool text, event_id bigint, day date, units integer, country text, area text, label text",
    None,
    changed_by=ALLOCATE,
)
