-- :claims claims of three accounts over a year, with evidence of the usual length (1 to 2 kB).
-- 70 % are detected, 8 % filed, 12 % approved, 3 % rejected, 3 % dismissed, 4 % withdrawn.

insert into claim (claim_id, connection_id, type, key, marketplace_id, sku, fnsku, asin, order_id, quantity, amount,
    currency, amount_basis, amount_missing, confidence, confidence_parts, event_on, fileable_from, deadline, reason,
    evidence, policy_version, rule_version, as_of, detected_at, sync_id, status, status_at, filed_at)
select 'claim_' || md5(i::text), connection.id, (cast(:types as text[]))[1 + dice % 17],
    jsonb_build_object('fnsku', 'X' || dice % 5000, 'n', i), place.marketplace,
    'SKU-' || dice % 5000, 'X' || dice % 5000, 'B' || dice % 5000, case when dice % 3 = 0 then '111-' || i end,
    1 + dice % 4, case when dice % 10 <> 1 then round((dice % 9000) / 100.0 + 1, 2) end,
    case when dice % 10 <> 1 then place.currency end,
    case when dice % 10 <> 1 then '2 units at 6.15 USD, the sourcing cost from 2026-01-01' end,
    case when dice % 10 = 1 then 'No sourcing cost is entered for this product.' end,
    (30 + dice % 70) / 100.0, '[{"part": "base", "change": 0.9, "why": "both counts agree"}]',
    (at - interval '40 days')::date, (at - interval '10 days')::date,
    case when dice % 20 <> 2 then (now() + (dice % 260 - 60) * interval '1 day')::date end,
    '2 units lost, 0 found, 0 paid: 2 are open.',
    jsonb_build_object('rows', (
        select jsonb_agg(jsonb_build_object('table', 'ledger', 'source', 'GET_LEDGER_DETAIL_VIEW_DATA 501 doc-' || i,
            'source_line', n, 'event_on', at::date, 'quantity', -2, 'reason', 'M', 'fulfillment_center', 'PHL7',
            'disposition', 'SELLABLE', 'reference_id', md5((i + n)::text)))
        from generate_series(1, 4 + dice % 4) as n), 'numbers', jsonb_build_object('lost', 2), 'notes', '[]'::jsonb),
    '2026-11-23', 1, at::date, at, 'sync_user_' || i % 300, state.status, least(at + interval '20 days', now()),
    case when state.status in ('filed', 'approved', 'rejected') then least(at + interval '10 days', now()) end
from generate_series(1, cast(:claims as integer)) as i
cross join lateral (select abs(hashint4(i)) as dice, now() - (i % 365) * interval '1 day' as at) as d
cross join lateral (
    select case when dice % 100 < 70 then 'detected' when dice % 100 < 78 then 'filed' when dice % 100 < 90 then 'approved'
        when dice % 100 < 93 then 'rejected' when dice % 100 < 96 then 'dismissed' else 'withdrawn' end as status) as state
cross join lateral (select (cast(:connections as text[]))[1 + dice % 3] as id) as connection
cross join lateral (
    select case when dice % 7 = 0 then 'A1PA6795UKMFR9' when dice % 5 = 0 then 'A1F83G8C2ARO7P' else 'ATVPDKIKX0DER' end as marketplace,
        case when dice % 7 = 0 then 'EUR' when dice % 5 = 0 then 'GBP' else 'USD' end as currency) as place;

insert into claim_allocation (connection_id, allocation_id, by, reference, type, key, units)
select connection_id, row_number() over (), case when random() < 0.5 then 'payment' else 'find' end, '{}', type, key, 1
from claim where status = 'withdrawn'
