"""Divides payments among events: one walk for payments by shipment and by removal order.

The events of a kind are rows of `detect_<kind>_event`, with units `open`. Payments of that family
settle them in the order of their days, those first that name what they are for. A payment counts
whole: what was taken back wrongly is a claim of its own. Which payment settled how many units of
which event is kept in `detect_<kind>_paid`.
"""

from __future__ import annotations

from dataclasses import dataclass

from recoup.claims.detection.temporary_table import Change, TemporaryTable
from recoup.claims.rule import ClaimType

_DIVIDE = """
create or replace function pg_temp.divide_{kind}_payments() returns void language plpgsql as $$
declare
    payment record;
    event record;
    remaining integer;
    taken integer;
begin
    for payment in
        select p.payment_id, p.paid_units as units, p.approved_on,
               coalesce(nullif(p.fnsku, ''), of_sku.fnsku) as fnsku, {payment}
        from detect_payment as p
        left join (
            select sku, min(fnsku) as fnsku from detect_product where fnsku is not null group by sku
        ) as of_sku on of_sku.sku = p.sku
        left join detect_{kind}_filed as f on f.case_id = p.case_id
        {joins}
        where p.family = '{kind}' and p.paid_units > 0
        order by f.owners is null, {payment_order}p.approved_on, p.payment_id
    loop
        remaining := payment.units;
        for event in
            select event_id, open
            from detect_{kind}_event
            where ({product}) and open > 0
              and case when payment.owners is not null then {owner} = any (payment.owners)
                       else {may_be_for} end
            order by {event_order}
        loop
            exit when remaining = 0;
            taken := least(remaining, event.open);
            update detect_{kind}_event set open = open - taken where event_id = event.event_id;
            insert into detect_{kind}_paid values (event.event_id, payment.payment_id, taken);
            remaining := remaining - taken;
        end loop;
    end loop;
end
$$
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidEvents:
    """A kind of event, and how a payment finds its events.

    kind: the family of the payments, and in the names of the tables. owner: the column of an event
    that says what it belongs to; key: the same in the key of a claim of these types.
    payment: what else is selected of a payment, `owners` among it: what its case, or it itself,
    names, else null. It is selected from detect_payment `p`, detect_<kind>_filed `f` and `joins`.
    payment_order: goes before the day; ends with a comma where it is not empty.
    product: whether an event is of the payment's product. may_be_for: whether a payment that names
    nothing may be for an event of it. event_order: which event is settled first.
    """

    kind: str
    owner: str
    key: str
    types: tuple[ClaimType, ...]
    payment: str
    product: str
    may_be_for: str
    event_order: str
    joins: str = ""
    payment_order: str = ""

    def filed(self) -> TemporaryTable:
        """The claims for which the seller filed each case: its payments settle only those."""
        types = ", ".join(f"'{one.value}'" for one in self.types)
        return TemporaryTable(
            f"detect_{self.kind}_filed",
            "case_id text, owners text[]",
            f"""
            select case_id, array_agg(distinct key ->> '{self.key}')
            from claim
            where connection_id = :connection_id and case_id <> '' and type in ({types})
            group by case_id
            """,
        )

    def paid(self, changed_by: Change) -> TemporaryTable:
        """The units of each event that each payment settled; filled by the division."""
        return TemporaryTable(
            f"detect_{self.kind}_paid",
            "event_id bigint, payment_id bigint, units integer",
            None,
            changed_by=changed_by,
        )

    def division(self) -> Change:
        """The walk: takes units off the events and fills the table of paid units."""
        function = _DIVIDE.format(
            kind=self.kind,
            owner=self.owner,
            payment=self.payment,
            joins=self.joins,
            payment_order=self.payment_order,
            product=self.product,
            may_be_for=self.may_be_for,
            event_order=self.event_order,
        )
        name = f"divide_{self.kind}_payments"
        return Change(name, (function, f"select pg_temp.{name}()"))
