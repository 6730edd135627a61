-- Views store no rows, so this takes no time. Each shows what its reader may see of the tables below it.

create view v_money_by_month with (security_invoker = true) as
select
    connection_id,
    date_trunc('month', posted_at at time zone 'UTC')::date as month_on,
    marketplace_id,
    currency,
    type,
    status,
    count(*) as transaction_count,
    sum(total_amount) as amount
from transactions
group by 1, 2, 3, 4, 5, 6;

comment on view v_money_by_month is
    'What Amazon posted, by month in UTC, marketplace, currency, kind and state of the transaction.';
comment on column v_money_by_month.connection_id is 'Id of the seller account as connected to recoup.';
comment on column v_money_by_month.month_on is 'First day of the month, UTC.';
comment on column v_money_by_month.marketplace_id is 'Amazon''s id of the marketplace; null where Amazon names none.';
comment on column v_money_by_month.currency is 'Currency, ISO 4217. Amounts of different currencies must not be added.';
comment on column v_money_by_month.type is 'Amazon''s kind of transaction, such as Shipment, Refund or Adjustment.';
comment on column v_money_by_month.status is 'Amazon''s state; a DEFERRED transaction is not paid out yet.';
comment on column v_money_by_month.transaction_count is 'Number of transactions.';
comment on column v_money_by_month.amount is 'Sum of the transactions; negative is taken from the seller.';

create view v_inventory_balance with (security_invoker = true) as
select
    connection_id,
    month_on,
    fnsku,
    msku,
    disposition,
    location,
    sum(starting_balance) as starting_balance,
    sum(receipts + customer_shipments + customer_returns + vendor_returns + warehouse_transfers
        + found + lost + damaged + disposed + other_events + unknown_events) as movements,
    sum(ending_balance) as ending_balance,
    sum(ending_balance) - sum(starting_balance)
        - sum(receipts + customer_shipments + customer_returns + vendor_returns + warehouse_transfers
            + found + lost + damaged + disposed + other_events + unknown_events) as unexplained
from ledger_summary
group by 1, 2, 3, 4, 5, 6;

comment on view v_inventory_balance is
    'Units of each product by month, state and place: begin, movements, end, and what they leave unexplained.';
comment on column v_inventory_balance.connection_id is 'Id of the seller account as connected to recoup.';
comment on column v_inventory_balance.month_on is 'First day of the month.';
comment on column v_inventory_balance.fnsku is 'Fulfillment network SKU; empty where Amazon names none.';
comment on column v_inventory_balance.msku is 'The seller''s SKU; empty where Amazon names none.';
comment on column v_inventory_balance.disposition is 'State of the units, such as SELLABLE or CUSTOMER_DAMAGED.';
comment on column v_inventory_balance.location is 'Country or fulfillment center of the balance.';
comment on column v_inventory_balance.starting_balance is 'Units at the beginning of the month; null: not known.';
comment on column v_inventory_balance.movements is 'Sum of all events of the month; null where one is not known.';
comment on column v_inventory_balance.ending_balance is 'Units at the end of the month; null: not known.';
comment on column v_inventory_balance.unexplained is 'Units by which the end differs from begin and movements; null: not known.';

create view v_claims with (security_invoker = true) as
with zone (marketplace_id, name) as (
    values
        ('ATVPDKIKX0DER', 'America/Los_Angeles'),
        ('A2EUQ1WTGCTBG2', 'America/Los_Angeles'),
        ('A1AM78C64UM0Y8', 'America/Los_Angeles'),
        ('A2Q3Y263D00KWC', 'America/Sao_Paulo'),
        ('A1F83G8C2ARO7P', 'Europe/London'),
        ('A1PA6795UKMFR9', 'Europe/Berlin'),
        ('A13V1IB3VIYZZH', 'Europe/Paris'),
        ('APJ6JRA9NG5V4', 'Europe/Rome'),
        ('A1RKKUPIHCS9HS', 'Europe/Madrid'),
        ('A1805IZSGTT6HS', 'Europe/Amsterdam'),
        ('A2NODRKZP88ZB9', 'Europe/Stockholm'),
        ('A1C3SOZRARQ6R3', 'Europe/Warsaw'),
        ('AMEN7PMS3EDWL', 'Europe/Brussels'),
        ('A28R8C7NBKEWEA', 'Europe/Dublin'),
        ('A33AVAJ2PDY3EV', 'Europe/Istanbul'),
        ('A2VIGQ35RCS4UG', 'Asia/Dubai'),
        ('A17E79C6D8DWNP', 'Asia/Riyadh'),
        ('ARBP9OOSHTCHU', 'Africa/Cairo'),
        ('A21TJRUUN4KGV', 'Asia/Kolkata'),
        ('A1VC38T7YXB528', 'Asia/Tokyo'),
        ('A39IBJ37TRP1C6', 'Australia/Sydney'),
        ('A19VAU5U5O7RUS', 'Asia/Singapore')
), dated as (
    select c.*, (now() at time zone coalesce(z.name, 'UTC'))::date as today_on
    from claim c
    left join zone z using (marketplace_id)
)
select
    d.claim_id,
    d.connection_id,
    a.selling_partner_id,
    d.type,
    d.status,
    case
        when d.deadline is null then 'unknown'
        when d.deadline < d.today_on then 'expired'
        when coalesce(d.fileable_from > d.today_on, false) then 'wait'
        else 'open'
    end as window_state,
    d.status = 'detected' and coalesce(d.deadline >= d.today_on, false) and d.confidence >= 0.50
        as is_owed,
    d.confidence,
    d.marketplace_id,
    d.sku,
    d.fnsku,
    d.asin,
    d.order_id,
    d.quantity,
    d.amount,
    d.currency,
    d.amount_basis,
    d.amount_missing,
    d.event_on,
    d.fileable_from,
    d.deadline,
    d.deadline - d.today_on as days_left,
    d.case_id,
    d.filed_at,
    d.detected_at,
    d.reason
from dated d
join amazon_connection a using (connection_id);

comment on view v_claims is 'Claims with their window as of today in the marketplace, and whether they are owed.';
comment on column v_claims.selling_partner_id is 'Amazon''s id of the seller.';
comment on column v_claims.is_owed is 'Whether it is owed: detected, open for filing today or later, confidence 0.50 or more.';
comment on column v_claims.claim_id is 'Id of the claim; the same event always has the same id.';
comment on column v_claims.connection_id is 'Id of the seller account as connected to recoup.';
comment on column v_claims.type is 'Type of the claim, such as lost_in_warehouse.';
comment on column v_claims.status is '`detected`, `filed`, `approved`, `rejected`, `dismissed` or `withdrawn`.';
comment on column v_claims.window_state is 'Whether the claim can be filed today: `wait`, `open`, `expired` or `unknown`.';
comment on column v_claims.confidence is 'How sure recoup is, from 0 to 1.';
comment on column v_claims.marketplace_id is 'Amazon''s id of the marketplace; null or empty where Amazon does not name it.';
comment on column v_claims.sku is 'The seller''s own id of the product; empty where it belongs to the key and Amazon names none.';
comment on column v_claims.fnsku is 'Fulfillment network SKU: the label on the unit. Empty where it belongs to the key and Amazon names none.';
comment on column v_claims.asin is 'Amazon''s product number (ASIN); null where Amazon does not name it.';
comment on column v_claims.order_id is 'Amazon''s id of the order; of a removal, the id of the removal order.';
comment on column v_claims.quantity is 'Units that are owed; 0 for a claim of money alone.';
comment on column v_claims.amount is 'What is owed, in `currency`; null: not known, see `amount_missing`.';
comment on column v_claims.currency is 'Currency of the amount, ISO 4217; null without one.';
comment on column v_claims.amount_basis is 'How the amount was calculated.';
comment on column v_claims.amount_missing is 'Why the amount is not known; null where it is.';
comment on column v_claims.event_on is 'Day of the event.';
comment on column v_claims.fileable_from is 'First day on which Amazon accepts the claim; null: not known, or at once.';
comment on column v_claims.deadline is 'Last safe day to file; null: not known.';
comment on column v_claims.days_left is 'Days until the last safe day; 0 on that day, negative after it; null: not known.';
comment on column v_claims.case_id is 'Case in Seller Central that a person entered.';
comment on column v_claims.filed_at is 'When the claim was filed; null: it was not.';
comment on column v_claims.detected_at is 'When the claim was first found.';
comment on column v_claims.reason is 'Why, in words.';
