-- A small table, a column with a constant default and a view: nothing is rewritten but the claims that
-- the last detection of their type did not find any more.
create table claim_detection (
    connection_id text not null,
    type text not null,
    as_of date not null,
    confirmed_at timestamptz not null,
    constraint claim_detection_pkey primary key (connection_id, type),
    constraint claim_detection_connection_id_fkey foreign key (connection_id)
        references amazon_connection (connection_id)
);

insert into claim_detection (connection_id, type, as_of, confirmed_at)
select connection_id, type, max(as_of), max(confirmed_at)
from claim
group by connection_id, type;

alter table claim add column is_found boolean not null default true;

update claim set is_found = false
from claim_detection d
where d.connection_id = claim.connection_id and d.type = claim.type and claim.confirmed_at < d.confirmed_at;

create or replace view v_claims with (security_invoker = true) as
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
    d.reason,
    case
        when d.stage = 'found' and d.confidence >= 0.50 and d.deadline >= d.today_on
            and not coalesce(d.fileable_from > d.today_on, false) then 'ready'
        when d.stage = 'filed' and coalesce(d.waiting_since + 14 <= d.today_on, true) then 'waiting'
        else d.stage
    end as stage,
    d.paid_amount,
    d.paid_currency,
    d.paid_units
from dated d
join amazon_connection a using (connection_id);

comment on column v_claims.stage is 'Where the claim stands on the way to its money, as of today in the marketplace.';
comment on column v_claims.paid_amount is 'What the reimbursements report shows for it, less what was taken back, in `paid_currency`; null: nothing.';
comment on column v_claims.paid_currency is 'Currency of the paid amount, ISO 4217; null without one.';
comment on column v_claims.paid_units is 'Units that Amazon gave back or paid; null: none.';
