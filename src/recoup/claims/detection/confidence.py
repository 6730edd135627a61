"""The confidence of a claim, computed from the parts that its rule returns; defined only here.

A rule yields parts and never a number (recoup.claims.detection.parts). The changes of the parts of a
claim always sum to its number: where a limit changes the number, a part says so.
"""

from __future__ import annotations


def weighed(parts: str) -> str:
    """The parts as a claim shows them: a list of {"part", "change", "why"}.

    parts: an expression, the list that a rule yields. The sum of the changes is 0 to 1.
    """
    # With total(n), the sum up to part n, and limit(k), the `at_most` of part k, the confidence after
    # part n is the least of total(n) and, for each k up to n, limit(k) + total(n) - total(k).
    return f"""(
        with told as (
            select place, one ->> 'part' as part, one -> 'why' as why,
                cast(one ->> 'at_most' as numeric) as at_most,
                sum(cast(one ->> 'change' as numeric)) over (order by place) as total
            from jsonb_array_elements({parts}) with ordinality as list (one, place)
        ), reached as (
            select *, total + least(0, min(at_most - total) over (order by place)) as confidence
            from told
        ), changed as (
            select place, part, why,
                confidence - lag(confidence, 1, 0::numeric) over (order by place) as change
            from reached
            union all
            select place + 1,
                case when confidence < 0 then 'not below 0' else 'not above 1' end,
                to_jsonb('a confidence is between 0 and 1'::text),
                least(1, greatest(0, confidence)) - confidence
            from (select * from reached order by place desc limit 1) as final
            where confidence not between 0 and 1
        )
        select jsonb_agg(jsonb_build_object('part', part, 'change', change, 'why', why) order by place)
        from changed
    )"""


def sum_of(parts: str) -> str:
    """The sum of the changes of a list of parts; null for an empty list."""
    return f"""(
        select sum(cast(one ->> 'change' as numeric)) from jsonb_array_elements({parts}) as one
    )"""


def least_sure(parts: str) -> str:
    """An aggregate: of several lists of parts, the one with the lowest confidence."""
    told = f"cast({parts} as text)"
    return f"(array_agg({parts} order by {sum_of(weighed(parts))}, {told}))[1]"
