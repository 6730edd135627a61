"""The reimbursements as payments: by family, net of reversals (docs/claims.md#payments)."""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

# Where a currency is paid, and when the day begins there. A report of reimbursements names no
# marketplace, so its currency decides: the seller's own marketplaces first.
CURRENCY = TemporaryTable(
    "detect_currency",
    "currency text, area text, zone text",
    """
    select distinct on (currency) currency, area, zone
    from (
        select currency, area, zone, position from detect_marketplace where area is not null
        union all select currency, area, zone, 1000000 + row_number() over ()
        from json_to_recordset(cast(:marketplaces as json)) as m (currency text, area text, zone text)
    ) as known
    where currency is not null
    order by currency, position
    """,
)

# Rows without an original among them are payments when money or units came, else reversals. The
# sign decides, not the name (docs/amazon.md#reasons-of-payments). Text that is '' in the stream's key is null here.
REIMBURSEMENT = TemporaryTable(
    "detect_reimbursement",
    """row_id bigint, reimbursement_id text, fnsku text, sku text, asin text, order_id text, case_id text,
    reason text, family text, approved_at timestamptz, approved_on date, currency text, area text,
    amount_per_unit numeric, amount numeric, is_amount_told boolean, cash_units integer,
    inventory_units integer, units integer, is_untold boolean, original_id text, original_family text,
    is_payment boolean, source text, source_line integer, reference jsonb""",
    """
    with row as (
        select reimbursement_id, fnsku, sku, asin, order_id, case_id, reason, approved_at, r.currency,
            amount_per_unit, original_reimbursement_id, occurrence, source, source_line,
            (approved_at at time zone coalesce(
                c.zone, (select zone from detect_marketplace order by position limit 1), 'UTC'
            ))::date as approved_on,
            -- A currency that no marketplace has pays for losses anywhere: better missed than claimed twice.
            c.area,
            regexp_replace(lower(reason), '[^a-z0-9]', '', 'g') as plain_reason,
            regexp_replace(lower(original_reimbursement_type), '[^a-z0-9]', '', 'g') as plain_original,
            count.cash, count.inventory, coalesce(quantity_total, count.cash + count.inventory) as units,
            quantity_total is null and (quantity_cash is null or quantity_inventory is null) as is_untold,
            coalesce(amount_total, r.amount_per_unit * count.cash) as amount
        from reimbursements r
        left join detect_currency c on c.currency = r.currency
        -- Two of the three numbers tell the third. A total alone is taken for cash.
        cross join lateral (
            select coalesce(quantity_cash, quantity_total - coalesce(quantity_inventory, 0), 0) as cash,
                coalesce(quantity_inventory, quantity_total - quantity_cash, 0) as inventory
        ) as count
        where r.connection_id = :connection_id
            and r.approved_at < cast(:as_of as date) + interval '2 days'
    ), family as (
        select key as reason, value as family from json_each_text(cast(:families as json))
    ), read as (
        select row.*, coalesce(f.family, 'unknown') as family, o.family as original_family,
            coalesce(amount, 0) < 0 or cash < 0 or units < 0
                or (f.family = 'reversal' and coalesce(amount, 0) <= 0) as is_reversal
        from row
        left join family f on f.reason = row.plain_reason
        left join family o on o.reason = row.plain_original
        where approved_on <= :as_of
    )
    select
        row_number() over (order by approved_at, reimbursement_id, fnsku, sku, reason, order_id, case_id, occurrence),
        reimbursement_id, nullif(fnsku, ''), nullif(sku, ''), asin, nullif(order_id, ''), nullif(case_id, ''),
        reason,
        -- Money that comes in under the name of a reversal is money for something we do not know.
        case when family = 'reversal' and not is_reversal then 'unknown' else family end,
        approved_at, approved_on, currency, area,
        coalesce(amount_per_unit, amount / nullif(cash, 0)), coalesce(amount, 0),
        amount is not null, cash, inventory, units, is_untold,
        nullif(original_reimbursement_id, ''), original_family,
        not is_reversal, source, source_line,
        jsonb_build_object('table', 'reimbursements', 'reimbursement_id', reimbursement_id, 'fnsku', fnsku,
            'sku', sku, 'reason', reason, 'order_id', order_id, 'case_id', case_id, 'occurrence', occurrence,
            'source', source, 'source_line', source_line)
    from read
    where is_reversal or units > 0 or coalesce(amount, 0) > 0 or is_untold
    """,
    ("reimbursement_id", "original_id"),
    reads={
        "reimbursements": (
            "amount_per_unit",
            "amount_total",
            "approved_at",
            "asin",
            "case_id",
            "currency",
            "fnsku",
            "order_id",
            "original_reimbursement_id",
            "original_reimbursement_type",
            "quantity_cash",
            "quantity_inventory",
            "quantity_total",
            "reason",
            "reimbursement_id",
            "sku",
        )
    },
    # A payment that names nothing but its ASIN may be for any product without that. What was paid in
    # cash and what in kind the total tells. What a reversal was of its original tells; one without is
    # judged by none. Rules about money need all of it.
    optional={
        "reimbursements": (
            *("amount_per_unit", "asin", "original_reimbursement_type"),
            *("quantity_cash", "quantity_inventory"),
        )
    },
)

# Which payment a later row corrects: the one it names, of the same product. A payment may have
# several lines for a product; then the first of them stands for all. What the seller's case about
# an underpaid reimbursement brings names that case at most: it is more money for the same units too.
# corrected_id: the row itself that is corrected, which may be such a correction of the payment.
CORRECTION = TemporaryTable(
    "detect_correction",
    "row_id bigint, payment_id bigint, corrected_id bigint",
    """
    with named as (
        select row_id, fnsku, sku, original_id, approved_at, true as is_told from detect_reimbursement
        where original_id is not null
        union all
        select later.row_id, later.fnsku, later.sku, c.key ->> 'reimbursementId', later.approved_at,
            false
        from detect_reimbursement later
        join claim c on c.case_id = later.case_id
        where c.connection_id = :connection_id and c.type = 'reimbursement_underpaid'
            and later.original_id is null and later.is_payment
            and later.reimbursement_id <> c.key ->> 'reimbursementId'
    ), direct as (
        select distinct on (later.row_id) later.row_id, original.row_id as corrected_id
        from named later
        join detect_reimbursement original
            on original.reimbursement_id = later.original_id and original.is_payment
            and original.row_id <> later.row_id
            -- Units that were paid together are no more for one another.
            and (later.is_told or original.approved_at < later.approved_at)
            and (original.fnsku = later.fnsku or original.sku = later.sku
                or (later.fnsku is null and later.sku is null))
        order by later.row_id, (original.fnsku is not distinct from later.fnsku) desc,
            (original.sku is not distinct from later.sku) desc, original.row_id
    )
    select direct.row_id, coalesce(first.corrected_id, direct.corrected_id), direct.corrected_id
    from direct left join direct first on first.row_id = direct.corrected_id
    """,
    ("payment_id",),
)

# Lines of one payment for one product, and together what later rows took back or added. Units that
# were taken back come off the lines in order; an added row adds money and no second unit.
PAYMENT = TemporaryTable(
    "detect_payment",
    """payment_id bigint, reimbursement_id text, fnsku text, sku text, asin text, order_id text,
    case_id text, reason text, family text, approved_at timestamptz, approved_on date, currency text,
    area text, amount numeric, made_whole_units integer, paid_units integer, cash_units integer,
    inventory_units integer, amount_per_unit numeric, is_original_loaded boolean, source text,
    source_line integer, reference jsonb""",
    """
    with line as (
        select p.*,
            first_value(p.row_id) over product as first_id,
            sum(p.units) over product - p.units as units_before,
            sum(p.cash_units) over product - p.cash_units as cash_before,
            sum(p.amount) over product - p.amount as amount_before
        from detect_reimbursement p
        where p.is_payment
            and not exists (select from detect_correction c where c.row_id = p.row_id)
        window product as (partition by p.reimbursement_id, p.fnsku, p.sku order by p.row_id)
    ), later as (
        select c.payment_id, sum(r.units) as units, sum(r.cash_units) as cash, sum(r.amount) as amount
        from detect_correction c
        join detect_reimbursement r using (row_id)
        group by c.payment_id
    ), taken as (
        select line.first_id, sum(later.units) as units, sum(later.cash) as cash, sum(later.amount) as amount
        from later join line on line.row_id = later.payment_id
        group by line.first_id
    )
    select line.row_id, line.reimbursement_id, line.fnsku, line.sku, line.asin, line.order_id,
        line.case_id, line.reason, line.family, line.approved_at, line.approved_on, line.currency,
        line.area,
        line.amount
            - least(line.amount, greatest(0, -coalesce(taken.amount, 0) - amount_before))
            + case when line.row_id = line.first_id then greatest(0, coalesce(taken.amount, 0)) else 0 end,
        greatest(0, line.units - greatest(0, -coalesce(taken.units, 0) - units_before)),
        greatest(0, line.units),
        greatest(0, line.cash_units - greatest(0, -coalesce(taken.cash, 0) - cash_before)),
        line.inventory_units, line.amount_per_unit,
        line.original_id is null or exists (
            select from detect_reimbursement o where o.reimbursement_id = line.original_id and o.is_payment),
        line.source, line.source_line, line.reference
    from line left join taken on taken.first_id = line.first_id
    """,
    ("payment_id", "fnsku", "sku", "order_id", "case_id"),
)

REVERSAL = TemporaryTable(
    "detect_reversal",
    """reversal_id bigint, reimbursement_id text, original_reimbursement_id text, original_payment_id bigint,
    fnsku text, sku text, asin text, order_id text, original_family text, approved_at timestamptz,
    approved_on date, currency text, area text, cash_units integer, inventory_units integer,
    units integer, amount numeric, source text, source_line integer, reference jsonb""",
    """
    select r.row_id, r.reimbursement_id, r.original_id, p.row_id, coalesce(r.fnsku, p.fnsku),
        coalesce(r.sku, p.sku), coalesce(r.asin, p.asin), coalesce(r.order_id, p.order_id),
        coalesce(p.family, r.original_family), r.approved_at, r.approved_on, r.currency, r.area,
        r.cash_units, r.inventory_units, r.units, r.amount, r.source, r.source_line, r.reference
    from detect_reimbursement r
    left join detect_correction c using (row_id)
    left join detect_reimbursement p on p.row_id = c.payment_id
    where not r.is_payment
    """,
    ("original_payment_id", "fnsku"),
)

# Payments that may be for any of several events, as a cell is empty that every real row fills: the
# reason, the number of units, the product, or the order of a payment for an order. What may be paid is
# not claimed (docs/claims.md#payments). `untold`: for whatever purpose.
UNTOLD = TemporaryTable(
    "detect_untold_payment",
    """fnsku text, sku text, is_nameless boolean, order_id text, area text, currency text, approved_on date,
    family text, why text""",
    """
    with product as (
        select asin, min(fnsku) as fnsku from detect_product where asin <> '' group by asin
    ), row as (
        select r.*, coalesce(r.fnsku, case when r.sku is null then product.fnsku end) as known_fnsku,
            coalesce(r.reason, '') = '' as is_purpose_untold,
            r.order_id is null and r.family in ('return', 'outbound') as is_order_untold
        from detect_reimbursement r
        left join product on product.asin = r.asin
        where r.is_payment and r.row_id not in (select row_id from detect_correction)
            and r.family not in ('general', 'fee') and (r.family <> 'unknown' or coalesce(r.reason, '') = '')
    )
    select known_fnsku, sku, known_fnsku is null and sku is null, order_id, area, currency, approved_on,
        case when is_purpose_untold then 'untold' else family end,
        'Reimbursement ' || reimbursement_id || ' may be for this: it does not state ' || case
            when is_purpose_untold then 'what it is for'
            when known_fnsku is null and sku is null and order_id is null then 'its product'
            when is_untold then 'its units' else 'its order' end || '.'
    from row
    where is_purpose_untold or is_untold or is_order_untold
        or (known_fnsku is null and sku is null and order_id is null)
    """,
    ("fnsku", "sku"),
)
