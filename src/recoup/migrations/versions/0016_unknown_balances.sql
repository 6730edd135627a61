-- A balance may be divided by supplier and store: a sum passes over what is null, and would be wrong.
-- The columns stay as they are, and so do their comments.

create or replace view v_inventory_balance with (security_invoker = true) as
with part as (
    select
        *,
        receipts + customer_shipments + customer_returns + vendor_returns + warehouse_transfers
            + found + lost + damaged + disposed + other_events + unknown_events as moved
    from ledger_summary
), balance as (
    select
        connection_id,
        month_on,
        fnsku,
        msku,
        disposition,
        location,
        case when count(starting_balance) = count(*) then sum(starting_balance) end
            as starting_balance,
        case when count(moved) = count(*) then sum(moved) end as movements,
        case when count(ending_balance) = count(*) then sum(ending_balance) end as ending_balance
    from part
    group by 1, 2, 3, 4, 5, 6
)
select *, ending_balance - starting_balance - movements as unexplained
from balance;
