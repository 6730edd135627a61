-- A seller of :orders orders over a year, straight into the tables: realistic shares of everything.
-- One movement in fifty is an adjustment; 3 % of the orders are refunded, 5 % of the units return.

insert into orders (connection_id, order_id, marketplace_id, sales_channel, status, fulfilled_by, created_at,
    last_updated_at, total_amount, currency, item_count, units_ordered, source)
select :connection_id, '111-' || i, 'ATVPDKIKX0DER', 'Amazon.com', 'SHIPPED', 'AMAZON', at, at + interval '2 days',
    30, 'USD', 1, 1, 'benchmark'
from generate_series(1, :orders) as i
cross join lateral (select timestamptz '2025-11-23' + i * interval '365 days' / :orders as at) as t;

insert into order_items (connection_id, order_id, order_item_id, sku, asin, quantity_ordered, quantity_fulfilled,
    unit_price, item_price, item_tax, currency, proceeds, source)
select :connection_id, '111-' || i, '1', 'SKU-' || product, 'B' || product, 1, 1, 30, 30, 2, 'USD', '[]', 'benchmark'
from generate_series(1, :orders) as i
cross join lateral (select abs(hashint8(i)) % :products as product) as p;

insert into transactions (connection_id, transaction_id, type, status, description, posted_at, total_amount, currency,
    marketplace_id, order_id, is_reimbursement, related_identifiers, breakdowns, source)
select :connection_id, kind || i, kind, 'RELEASED', kind, at, 20, 'USD', 'ATVPDKIKX0DER', '111-' || i, false, '{}', '{}',
    'benchmark'
from generate_series(1, :orders) as i
cross join lateral (
    select 'Shipment' as kind, timestamptz '2025-11-24' + i * interval '365 days' / :orders as at
    union all
    select 'Refund', timestamptz '2025-12-10' + i * interval '340 days' / :orders where i % 33 = 0
) as t;

insert into fees (connection_id, transaction_id, line, posted_at, order_id, sku, asin, quantity, path, type, category,
    amount, currency, source)
select :connection_id, transaction_id, leaf.line, t.posted_at, t.order_id, item.sku, item.asin, 1, leaf.path, leaf.type,
    leaf.category, case t.type when 'Refund' then -leaf.amount else leaf.amount end, 'USD', 'benchmark'
from transactions t
join order_items item on item.connection_id = t.connection_id and item.order_id = t.order_id
cross join (values
    ('items.0/0', 'Sales/ProductCharges/OurPricePrincipal', 'OurPricePrincipal', 'principal', 30),
    ('items.0/1', 'Sales/Tax/OurPriceTax', 'OurPriceTax', 'tax', 2),
    ('items.0/2', 'Expenses/AmazonFees/Commission', 'Commission', 'referral_fee', -4.5),
    ('items.0/3', 'Expenses/AmazonFees/FBAFees/FBAPerUnitFulfillmentFee', 'FBAPerUnitFulfillmentFee', 'fulfillment_fee', -4)
) as leaf (line, path, type, category, amount)
where t.connection_id = :connection_id and (t.type = 'Shipment' or leaf.category <> 'fulfillment_fee');

insert into ledger (connection_id, event_on, source_line, fnsku, asin, msku, event_type, quantity, fulfillment_center,
    disposition, reason, country, reconciled_quantity, unreconciled_quantity, source)
select :connection_id, date '2025-11-23' + (i * 364 / (5 * :orders))::integer, i + 1, 'X' || product, 'B' || product, 'SKU-' || product,
    case when i % 50 = 0 then 'Adjustments' when i % 5 = 1 then 'Shipments' when i % 25 = 2 then 'CustomerReturns'
        when i % 10 = 3 then 'Receipts' else 'WhseTransfers' end,
    case when i % 50 = 0 then case when reason in ('F', 'N', 'P') then 1 else -1 end
        when i % 5 = 1 then -1 when i % 10 = 3 then 10 else 1 end,
    'FC' || dice % 20, case when reason = 'P' then 'WAREHOUSE_DAMAGED' else 'SELLABLE' end,
    case when i % 50 = 0 then reason else '' end, 'US',
    case when i % 50 = 0 and reason = 'M' then dice % 2 end,
    case when i % 50 = 0 and reason = 'M' then 1 - dice % 2 end, 'benchmark'
from generate_series(1, 5 * cast(:orders as bigint)) as i
cross join lateral (
    select abs(hashint8(i)) % :products as product, abs(hashint8(i + 7)) as dice,
        substr('MMMMMMFFFFFNEPEPEPQPQPDO5H', 1 + abs(hashint8(i + 3)) % 26, 1) as reason
) as p;

insert into reimbursements (connection_id, reimbursement_id, fnsku, sku, reason, order_id, case_id, occurrence,
    approved_at, asin, currency, amount_per_unit, amount_total, quantity_cash, quantity_inventory, quantity_total,
    original_reimbursement_id, original_reimbursement_type, source)
select :connection_id, kind || i, 'X' || product, 'SKU-' || product,
    case when kind = 'V' then 'Reimbursement_Reversal' when i % 5 = 0 then 'CustomerReturn'
        when i % 3 = 0 then 'Damaged_Warehouse' else 'Lost_Warehouse' end,
    case when i % 5 = 0 then '111-' || i * 33 else '' end, '', 1,
    timestamptz '2025-12-20 12:00Z' + i * interval '330 days' / :payments + case kind when 'V' then interval '10 days' else '0' end,
    'B' || product, 'USD', 9, case kind when 'V' then -9 else 9 end, case kind when 'V' then -1 else 1 end,
    case when kind = 'V' and i % 2 = 0 then 1 else 0 end,
    case kind when 'V' then case when i % 2 = 0 then 0 else -1 end else 1 end,
    case kind when 'V' then 'R' || i end, case kind when 'V' then 'Lost_Warehouse' end, 'benchmark'
from generate_series(1, :payments) as i
cross join lateral (select abs(hashint8(i + 11)) % :products as product) as p
cross join lateral (select 'R' as kind union all select 'V' where i % 20 = 0) as k;

insert into returns (connection_id, order_id, sku, fnsku, returned_at, license_plate_number, occurrence, asin, quantity,
    fulfillment_center, detailed_disposition, reason, status, source)
select :connection_id, '111-' || i * 20, 'SKU-' || product, 'X' || product,
    timestamptz '2025-12-20' + i * interval '330 days' / :payments / 5, 'LPN' || i, 1, 'B' || product, 1, 'FC' || i % 20,
    (array['SELLABLE', 'SELLABLE', 'CUSTOMER_DAMAGED', 'DEFECTIVE', 'CARRIER_DAMAGED'])[1 + i % 5], 'UNWANTED_ITEM',
    'Unit returned to inventory', 'benchmark'
from generate_series(1, :payments * 5) as i
cross join lateral (select abs(hashint8(i * 20)) % :products as product) as p;

insert into replacements (connection_id, replacement_order_id, sku, shipped_at, occurrence, original_order_id, asin,
    quantity, reason_code, source)
select :connection_id, '222-' || i, 'SKU-' || product, timestamptz '2025-12-20' + i * interval '330 days' / :payments * 5, 1,
    '111-' || i * 500, 'B' || product, 1, '1', 'benchmark'
from generate_series(1, :payments / 5) as i
cross join lateral (select abs(hashint8(i * 500)) % :products as product) as p;

insert into removals (connection_id, order_id, sku, fnsku, disposition, requested_at, last_updated_at, order_type, status,
    requested_quantity, cancelled_quantity, disposed_quantity, shipped_quantity, in_process_quantity, source)
select :connection_id, 'RO' || i, 'SKU-' || product, 'X' || product, 'Unsellable',
    timestamptz '2025-12-01' + i * interval '350 days' / :payments, timestamptz '2025-12-09' + i * interval '350 days' / :payments,
    case i % 2 when 0 then 'Disposal' else 'Return' end, 'Completed', 2, 0, case i % 2 when 0 then 2 else 0 end,
    case i % 2 when 0 then 0 else 2 end, 0, 'benchmark'
from generate_series(1, :payments) as i
cross join lateral (select abs(hashint8(i + 13)) % :products as product) as p;

insert into removal_shipments (connection_id, order_id, shipped_at, sku, fnsku, disposition, tracking_number, occurrence,
    requested_at, shipped_quantity, carrier, removal_order_type, source)
select connection_id, order_id, last_updated_at, sku, fnsku, disposition, 'T' || order_id, 1, requested_at, shipped_quantity,
    'UPS', order_type, 'benchmark'
from removals where connection_id = :connection_id and order_type = 'Return';

insert into fee_preview (connection_id, sku, store, fnsku, asin, price, longest_side, median_side, shortest_side,
    unit_of_dimension, item_weight, unit_of_weight, size_tier, currency, fee_total, referral_fee, fulfillment_fee, source, occurrence)
select :connection_id, 'SKU-' || product, 'US', 'X' || product, 'B' || product, 30, 10, 8, 2, 'inches', 1, 'pounds',
    'Large standard-size', 'USD', 8.5, 4.5, 4, 'benchmark', 1
from generate_series(0, :products - 1) as product;

insert into inventory (connection_id, marketplace_id, sku, fnsku, condition, asin, total_quantity, fulfillable_quantity,
    researching_quantity, source)
select :connection_id, 'ATVPDKIKX0DER', 'SKU-' || product, 'X' || product, 'NewItem', 'B' || product, 50, 50, 0, 'benchmark'
from generate_series(0, :products - 1) as product;

insert into ledger_summary (connection_id, month_on, fnsku, msku, disposition, location, store, supplier, starting_balance,
    receipts, customer_shipments, ending_balance, source)
select :connection_id, month::date, 'X' || product, 'SKU-' || product, 'SELLABLE', 'US', '', '', 10, 5, -5, 10, 'benchmark'
from generate_series(0, :products - 1) as product
cross join generate_series(timestamptz '2025-11-01', timestamptz '2026-10-01', interval '1 month') as month;

insert into sourcing_cost (connection_id, sku, fnsku, valid_from, cost, currency, entered_by)
select :connection_id, 'SKU-' || product, '', date '2025-01-01', 10, 'USD', 'benchmark'
from generate_series(0, :products - 1) as product;

insert into shipments (connection_id, shipment_id, marketplace_id, name, status, created_on, source)
select :connection_id, 'FBA' || i, 'ATVPDKIKX0DER', 'FBA' || i, 'CLOSED', date '2025-12-01' + i * 350 / :payments, 'benchmark'
from generate_series(1, :payments) as i;

insert into shipment_items (connection_id, shipment_id, sku, fnsku, quantity_shipped, quantity_received, source)
select :connection_id, 'FBA' || i, 'SKU-' || product, 'X' || product, 10, 10 - (i % 40 = 0)::integer, 'benchmark'
from generate_series(1, :payments) as i
cross join lateral (select abs(hashint8(i + 17)) % :products as product) as p;

insert into settlement_lines (connection_id, settlement_id, line, transaction_type, order_id, merchant_order_id,
    adjustment_id, shipment_id, marketplace_name, amount_type, amount_description, amount, currency, fulfillment_id,
    posted_at, order_item_code, sku, quantity_purchased, source)
select :connection_id, 'S' || i * 26 / :orders, i, 'Order', '111-' || i, '', '', '', 'Amazon.com', 'ItemPrice', 'Principal', 30,
    'USD', 'AFN', timestamptz '2025-11-24' + i * interval '365 days' / :orders, '1', 'SKU-' || abs(hashint8(i)) % :products, 1,
    'benchmark'
from generate_series(1, :orders) as i
