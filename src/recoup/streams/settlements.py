"""Payouts with all their lines. Source: GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2.

docs/amazon.md#settlements. Amazon makes one about every two weeks and keeps it for 90 days, so a
file is archived as it came. Its first row is the summary; whether the lines add up to the total of
the summary is stored beside both.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Boolean, Column, Index, Integer, Numeric, Text

from recoup.streams._report import Field, FieldKind, Report, Statements
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import TIME, stream_table

TABLE = stream_table(
    "settlements",
    key=["settlement_id"],
    columns=[
        Column("settlement_id", Text),
        Column("started_at", TIME),
        Column("ended_at", TIME),
        Column("deposited_at", TIME),
        Column("total_amount", Numeric),
        Column("currency", Text),
        Column("lines_total", Numeric, nullable=False),
        Column("line_count", Integer, nullable=False),
        # Null where the file has no total.
        Column("is_balanced", Boolean),
    ],
    from_report=True,
)

LINES = stream_table(
    "settlement_lines",
    key=["settlement_id", "line"],
    columns=[
        Column("settlement_id", Text),
        # The line of the file: rows have no number of their own.
        Column("line", Integer),
        Column("transaction_type", Text),
        Column("order_id", Text),
        Column("merchant_order_id", Text),
        Column("adjustment_id", Text),
        Column("shipment_id", Text),
        Column("marketplace_name", Text),
        Column("amount_type", Text),
        Column("amount_description", Text),
        Column("amount", Numeric),
        Column("currency", Text),
        Column("fulfillment_id", Text),
        Column("posted_at", TIME),
        Column("order_item_code", Text),
        Column("sku", Text),
        Column("quantity_purchased", Integer),
    ],
    indexes=[Index("settlement_lines_order_id_idx", "connection_id", "order_id")],
)

_SETTLEMENTS = """
insert into settlements (
    connection_id, settlement_id, started_at, ended_at, deposited_at, total_amount, currency,
    lines_total, line_count, is_balanced, source, source_line
)
select :connection_id, settlement_id, min(started_at), min(ended_at), min(deposited_at),
    sum(total_amount), min(currency),
    coalesce(sum(amount) filter (where total_amount is null), 0),
    count(*) filter (where total_amount is null),
    sum(total_amount) = coalesce(sum(amount) filter (where total_amount is null), 0),
    :source, min(source_line)
from staged
group by settlement_id
on conflict (connection_id, settlement_id) do update set
    started_at = excluded.started_at, ended_at = excluded.ended_at,
    deposited_at = excluded.deposited_at, total_amount = excluded.total_amount,
    currency = excluded.currency, lines_total = excluded.lines_total,
    line_count = excluded.line_count, is_balanced = excluded.is_balanced,
    source = excluded.source, source_line = excluded.source_line, loaded_at = now()
where (settlements.started_at, settlements.ended_at, settlements.deposited_at,
    settlements.total_amount, settlements.currency, settlements.lines_total,
    settlements.line_count)
    is distinct from (excluded.started_at, excluded.ended_at, excluded.deposited_at,
    excluded.total_amount, excluded.currency, excluded.lines_total, excluded.line_count)
"""

# A settlement is one unit: its lines are replaced together.
_REMOVE_LINES = """
delete from settlement_lines
where connection_id = :connection_id
    and settlement_id in (select settlement_id from staged)
"""

# Only the summary names the currency.
_LINES = """
insert into settlement_lines (
    connection_id, settlement_id, line, transaction_type, order_id, merchant_order_id,
    adjustment_id, shipment_id, marketplace_name, amount_type, amount_description, amount,
    currency, fulfillment_id, posted_at, order_item_code, sku, quantity_purchased, source
)
select :connection_id, settlement_id, staged.source_line, transaction_type, order_id,
    merchant_order_id, adjustment_id, shipment_id, marketplace_name, amount_type, amount_description, amount,
    coalesce(staged.currency, settlements.currency), fulfillment_id, posted_at, order_item_code,
    sku, quantity_purchased, :source
from staged
join settlements using (settlement_id)
where settlements.connection_id = :connection_id and staged.total_amount is null
"""

_UNCHANGED = """
select count(*) - count(distinct settlements.ctid) filter (where settlements.loaded_at = now())
from staged
join settlements using (settlement_id)
left join settlement_lines as stored on stored.connection_id = settlements.connection_id
    and stored.settlement_id = settlements.settlement_id and stored.line = staged.source_line
where settlements.connection_id = :connection_id
    and (staged.total_amount is not null or stored.line is not null)
"""

_DOUBTS = """
select concat_ws(' ', 'Settlement', settlement_id, 'does not add up: its total is', total_amount,
    currency || ',', 'its', line_count, 'lines make', lines_total || '.',
    'By group: ' || (
        select string_agg(concat_ws(' ', name, amount), ', ' order by name)
        from (
            select coalesce(amount_type, 'without a name') as name, sum(amount) as amount
            from settlement_lines as line
            where line.connection_id = settlements.connection_id
                and line.settlement_id = settlements.settlement_id
            group by amount_type
        ) as groups
    ) || '; no group holds ' || (total_amount - lines_total) || '.',
    'Compare it with Payments in Seller Central.')
from settlements
where connection_id = :connection_id and source = :source and loaded_at = now()
    and not is_balanced
order by settlement_id
"""

STREAM = Stream(
    name="settlements",
    noun="settlements",
    table=TABLE,
    parts=(LINES,),
    scope=Scope.REGION,
    aged_by="coalesce(ended_at, loaded_at)",
    cursor=Windows(history=timedelta(days=90), overlap=timedelta(days=2), holdback=timedelta(0)),
    report=Report(
        report_type="GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
        fields=(
            Field("settlement_id", ("settlement-id",), required=True),
            Field("started_at", ("settlement-start-date",), FieldKind.TIME, filled=True),
            Field("ended_at", ("settlement-end-date",), FieldKind.TIME, filled=True),
            Field("deposited_at", ("deposit-date",), FieldKind.TIME, filled=True),
            Field("total_amount", ("total-amount",), FieldKind.AMOUNT, filled=True),
            Field("currency", ("currency",), filled=True, is_code=True),
            Field("transaction_type", ("transaction-type",), filled=True),
            Field("order_id", ("order-id",)),
            Field("merchant_order_id", ("merchant-order-id",), varies=True),
            Field("adjustment_id", ("adjustment-id",), varies=True),
            Field("shipment_id", ("shipment-id",), varies=True),
            Field("marketplace_name", ("marketplace-name",), filled=True, varies=True),
            Field("amount_type", ("amount-type",), filled=True),
            Field("amount_description", ("amount-description",), filled=True),
            Field("amount", ("amount",), FieldKind.AMOUNT, filled=True),
            Field("fulfillment_id", ("fulfillment-id",), varies=True),
            Field("posted_at", ("posted-date-time", "posted-date"), FieldKind.TIME, filled=True),
            Field("order_item_code", ("order-item-code",), varies=True),
            Field("sku", ("sku",)),
            Field("quantity_purchased", ("quantity-purchased",), FieldKind.INTEGER),
        ),
        load=Statements((_SETTLEMENTS, _REMOVE_LINES, _LINES), unchanged=_UNCHANGED),
        repeat_after=timedelta(0),
        discovered=True,
        ignored=("merchant-order-item-id", "merchant-adjustment-item-id", "promotion-id"),
        doubts=_DOUBTS,
    ),
)
