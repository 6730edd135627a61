-- The first schema: every table of recoup but those of the job queue, which its library makes.

create table app_user (
    user_id TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT app_user_pkey PRIMARY KEY (user_id),
    CONSTRAINT app_user_email_key UNIQUE (email)
);

create table rate_budget (
    account TEXT NOT NULL,
    operation TEXT NOT NULL,
    rate DOUBLE PRECISION NOT NULL,
    burst INTEGER NOT NULL,
    confirmed BOOLEAN DEFAULT false NOT NULL,
    full_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    slowed_at TIMESTAMP WITH TIME ZONE,
    told DOUBLE PRECISION,
    CONSTRAINT rate_budget_pkey PRIMARY KEY (account, operation)
);

create table activity (
    activity_id BIGINT GENERATED ALWAYS AS IDENTITY,
    user_id TEXT NOT NULL,
    type TEXT NOT NULL,
    message TEXT NOT NULL,
    sync_id TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT activity_pkey PRIMARY KEY (activity_id),
    CONSTRAINT activity_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id)
);
create index activity_user_id_activity_id_idx ON activity (user_id, activity_id);

create table amazon_connection (
    connection_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    selling_partner_id TEXT NOT NULL,
    region TEXT NOT NULL,
    environment TEXT NOT NULL,
    marketplace_ids TEXT[] NOT NULL,
    status TEXT NOT NULL,
    refresh_token_sealed BYTEA,
    authorized_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_sync_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT amazon_connection_pkey PRIMARY KEY (connection_id),
    CONSTRAINT amazon_connection_seller_key UNIQUE (user_id, environment, region, selling_partner_id),
    CONSTRAINT amazon_connection_region_check CHECK (region in ('NA', 'EU', 'FE')),
    CONSTRAINT amazon_connection_environment_check CHECK (environment in ('local', 'sandbox', 'production')),
    CONSTRAINT amazon_connection_status_check CHECK (status in ('active', 'reauthorization_required', 'disconnected')),
    CONSTRAINT amazon_connection_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id)
);

create table event (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY,
    user_id TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    milestone BOOLEAN NOT NULL,
    payload JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (event_id),
    CONSTRAINT event_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id)
);
create index event_subject_event_id_idx ON event (subject, event_id);
create index event_user_id_event_id_idx ON event (user_id, event_id);

create table api_call (
    connection_id TEXT NOT NULL,
    day DATE NOT NULL,
    operation TEXT NOT NULL,
    method TEXT NOT NULL,
    calls BIGINT NOT NULL,
    CONSTRAINT api_call_pkey PRIMARY KEY (connection_id, day, operation),
    CONSTRAINT api_call_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table claim (
    claim_id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    type TEXT NOT NULL,
    key JSONB NOT NULL,
    marketplace_id TEXT,
    sku TEXT,
    fnsku TEXT,
    asin TEXT,
    order_id TEXT,
    quantity INTEGER NOT NULL,
    amount NUMERIC,
    currency TEXT,
    amount_basis TEXT,
    amount_missing TEXT,
    confidence NUMERIC NOT NULL,
    confidence_parts JSONB NOT NULL,
    event_on DATE NOT NULL,
    fileable_from DATE,
    deadline DATE,
    window_note TEXT,
    reason TEXT NOT NULL,
    evidence JSONB NOT NULL,
    policy_version TEXT NOT NULL,
    rule_version INTEGER NOT NULL,
    as_of DATE NOT NULL,
    detected_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    sync_id TEXT,
    confirmed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    status TEXT DEFAULT 'detected' NOT NULL,
    status_by TEXT DEFAULT 'recoup' NOT NULL,
    status_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    status_why TEXT,
    case_id TEXT,
    note TEXT,
    arrived BOOLEAN,
    filed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT claim_pkey PRIMARY KEY (claim_id),
    CONSTRAINT claim_type_check CHECK (type in ('lost_in_warehouse', 'damaged_in_warehouse', 'inbound_shortage', 'inbound_damage', 'customer_return_missing', 'return_not_restocked', 'return_damaged_by_amazon', 'refund_overpaid', 'refund_fee_not_credited', 'removal_lost', 'removal_discrepancy', 'disposed_without_permission', 'fulfillment_fee_overcharge', 'storage_fee_overcharge', 'inbound_fee_wrong', 'reimbursement_reversed', 'reimbursement_underpaid')),
    CONSTRAINT claim_status_check CHECK (status in ('detected', 'filed', 'approved', 'rejected', 'dismissed', 'withdrawn')),
    CONSTRAINT claim_quantity_check CHECK (quantity > 0),
    CONSTRAINT claim_confidence_check CHECK (confidence between 0 and 1),
    CONSTRAINT claim_amount_check CHECK ((amount is null) = (amount_missing is not null)),
    CONSTRAINT claim_currency_check CHECK (amount is null or currency is not null),
    CONSTRAINT claim_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index claim_deadline_idx ON claim (connection_id, deadline);
create index claim_detected_at_idx ON claim (connection_id, detected_at, claim_id);
create unique index claim_key ON claim (connection_id, type, key);

create table claim_allocation (
    connection_id TEXT NOT NULL,
    allocation_id BIGINT NOT NULL,
    by TEXT NOT NULL,
    reference JSONB NOT NULL,
    type TEXT NOT NULL,
    key JSONB NOT NULL,
    units INTEGER NOT NULL,
    CONSTRAINT claim_allocation_pkey PRIMARY KEY (connection_id, allocation_id),
    CONSTRAINT claim_allocation_units_check CHECK (units > 0),
    CONSTRAINT claim_allocation_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index claim_allocation_key_idx ON claim_allocation (connection_id, type, key);

create table claim_candidate (
    connection_id TEXT NOT NULL,
    type TEXT NOT NULL,
    key JSONB NOT NULL,
    marketplace_id TEXT,
    sku TEXT,
    fnsku TEXT,
    asin TEXT,
    order_id TEXT,
    event_on DATE NOT NULL,
    units INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    settled JSONB NOT NULL,
    suppressed TEXT,
    reason TEXT NOT NULL,
    CONSTRAINT claim_candidate_pkey PRIMARY KEY (connection_id, type, key),
    CONSTRAINT claim_candidate_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index claim_candidate_fnsku_idx ON claim_candidate (connection_id, fnsku, event_on);
create index claim_candidate_order_id_idx ON claim_candidate (connection_id, order_id);

create table fee_preview (
    connection_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    store TEXT NOT NULL,
    currency TEXT NOT NULL,
    occurrence INTEGER NOT NULL,
    fnsku TEXT,
    asin TEXT,
    product_group TEXT,
    price NUMERIC,
    sales_price NUMERIC,
    longest_side NUMERIC,
    median_side NUMERIC,
    shortest_side NUMERIC,
    length_and_girth NUMERIC,
    unit_of_dimension TEXT,
    item_weight NUMERIC,
    unit_of_weight TEXT,
    size_tier TEXT,
    fee_total NUMERIC,
    referral_fee NUMERIC,
    fulfillment_fee NUMERIC,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT fee_preview_pkey PRIMARY KEY (connection_id, sku, store, currency, occurrence),
    CONSTRAINT fee_preview_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index fee_preview_fnsku_idx ON fee_preview (connection_id, fnsku);

create table fee_preview_history (
    connection_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    store TEXT NOT NULL,
    currency TEXT NOT NULL,
    occurrence INTEGER NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    fnsku TEXT,
    longest_side NUMERIC,
    median_side NUMERIC,
    shortest_side NUMERIC,
    unit_of_dimension TEXT,
    item_weight NUMERIC,
    unit_of_weight TEXT,
    size_tier TEXT,
    fulfillment_fee NUMERIC,
    referral_fee NUMERIC,
    CONSTRAINT fee_preview_history_pkey PRIMARY KEY (connection_id, sku, store, currency, occurrence, seen_at),
    CONSTRAINT fee_preview_history_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table fees (
    connection_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    line TEXT NOT NULL,
    posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    order_id TEXT,
    sku TEXT,
    asin TEXT,
    quantity INTEGER,
    path TEXT NOT NULL,
    type TEXT NOT NULL,
    category TEXT NOT NULL,
    amount NUMERIC NOT NULL,
    currency TEXT NOT NULL,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT fees_pkey PRIMARY KEY (connection_id, transaction_id, line),
    CONSTRAINT fees_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index fees_order_id_idx ON fees (connection_id, order_id);
create index fees_posted_at_idx ON fees (connection_id, posted_at, transaction_id, line);
create index fees_sku_idx ON fees (connection_id, sku, posted_at, transaction_id);

create table inbound_noncompliance (
    connection_id TEXT NOT NULL,
    shipment_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    problem_type TEXT NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    occurrence INTEGER NOT NULL,
    carton_id TEXT,
    fulfillment_center TEXT,
    asin TEXT,
    problem_quantity INTEGER,
    expected_quantity INTEGER,
    received_quantity INTEGER,
    fee_type TEXT,
    currency TEXT,
    fee_total NUMERIC,
    problem_level TEXT,
    alert_status TEXT,
    shipment_created_at TIMESTAMP WITH TIME ZONE,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT inbound_noncompliance_pkey PRIMARY KEY (connection_id, shipment_id, sku, fnsku, problem_type, reported_at, occurrence),
    CONSTRAINT inbound_noncompliance_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index inbound_noncompliance_reported_at_idx ON inbound_noncompliance (connection_id, reported_at);

create table inbound_plan_shipments (
    connection_id TEXT NOT NULL,
    inbound_plan_id TEXT NOT NULL,
    plan_shipment_id TEXT NOT NULL,
    shipment_id TEXT,
    amazon_reference_id TEXT,
    name TEXT,
    status TEXT,
    carrier TEXT,
    is_partnered_carrier BOOLEAN,
    tracking_numbers JSONB NOT NULL,
    delivery_window_start_at TIMESTAMP WITH TIME ZONE,
    delivery_window_end_at TIMESTAMP WITH TIME ZONE,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT inbound_plan_shipments_pkey PRIMARY KEY (connection_id, inbound_plan_id, plan_shipment_id),
    CONSTRAINT inbound_plan_shipments_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index inbound_plan_shipments_shipment_id_idx ON inbound_plan_shipments (connection_id, shipment_id);

create table inbound_plans (
    connection_id TEXT NOT NULL,
    inbound_plan_id TEXT NOT NULL,
    name TEXT,
    status TEXT,
    created_at TIMESTAMP WITH TIME ZONE,
    last_updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    marketplace_ids JSONB NOT NULL,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT inbound_plans_pkey PRIMARY KEY (connection_id, inbound_plan_id),
    CONSTRAINT inbound_plans_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table inventory (
    connection_id TEXT NOT NULL,
    marketplace_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    condition TEXT NOT NULL,
    asin TEXT,
    product_name TEXT,
    total_quantity INTEGER,
    fulfillable_quantity INTEGER,
    inbound_working_quantity INTEGER,
    inbound_shipped_quantity INTEGER,
    inbound_receiving_quantity INTEGER,
    reserved_quantity INTEGER,
    researching_quantity INTEGER,
    unfulfillable_quantity INTEGER,
    customer_damaged_quantity INTEGER,
    warehouse_damaged_quantity INTEGER,
    distributor_damaged_quantity INTEGER,
    carrier_damaged_quantity INTEGER,
    defective_quantity INTEGER,
    expired_quantity INTEGER,
    last_updated_at TIMESTAMP WITH TIME ZONE,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT inventory_pkey PRIMARY KEY (connection_id, marketplace_id, sku, fnsku, condition),
    CONSTRAINT inventory_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index inventory_changed_at_idx ON inventory (connection_id, COALESCE(last_updated_at, '1970-01-01 00:00:00+00'::timestamp with time zone), marketplace_id, sku);
create index inventory_fnsku_idx ON inventory (connection_id, fnsku);
create index inventory_sku_idx ON inventory (connection_id, sku);

create table inventory_history (
    connection_id TEXT NOT NULL,
    marketplace_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    condition TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    total_quantity INTEGER,
    fulfillable_quantity INTEGER,
    inbound_working_quantity INTEGER,
    inbound_shipped_quantity INTEGER,
    inbound_receiving_quantity INTEGER,
    reserved_quantity INTEGER,
    researching_quantity INTEGER,
    unfulfillable_quantity INTEGER,
    CONSTRAINT inventory_history_pkey PRIMARY KEY (connection_id, marketplace_id, sku, fnsku, condition, seen_at),
    CONSTRAINT inventory_history_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table ledger (
    connection_id TEXT NOT NULL,
    event_on DATE NOT NULL,
    source_line INTEGER NOT NULL,
    fnsku TEXT,
    asin TEXT,
    msku TEXT,
    product_name TEXT,
    event_type TEXT,
    reference_id TEXT,
    quantity INTEGER NOT NULL,
    fulfillment_center TEXT,
    disposition TEXT,
    reason TEXT,
    country TEXT,
    reconciled_quantity INTEGER,
    unreconciled_quantity INTEGER,
    store TEXT,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT ledger_pkey PRIMARY KEY (connection_id, event_on, source_line),
    CONSTRAINT ledger_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index ledger_adjustments_idx ON ledger (connection_id, fnsku, event_on) WHERE event_type = 'Adjustments';
create index ledger_fnsku_event_on_idx ON ledger (connection_id, fnsku, event_on);
create index ledger_msku_event_on_idx ON ledger (connection_id, msku, event_on);
create index ledger_receipts_idx ON ledger (connection_id, reference_id) WHERE event_type = 'Receipts';

create table ledger_summary (
    connection_id TEXT NOT NULL,
    month_on DATE NOT NULL,
    fnsku TEXT NOT NULL,
    msku TEXT NOT NULL,
    disposition TEXT NOT NULL,
    location TEXT NOT NULL,
    store TEXT NOT NULL,
    supplier TEXT NOT NULL,
    asin TEXT,
    product_name TEXT,
    starting_balance INTEGER,
    in_transit INTEGER,
    receipts INTEGER,
    customer_shipments INTEGER,
    customer_returns INTEGER,
    vendor_returns INTEGER,
    warehouse_transfers INTEGER,
    found INTEGER,
    lost INTEGER,
    damaged INTEGER,
    disposed INTEGER,
    other_events INTEGER,
    ending_balance INTEGER,
    unknown_events INTEGER,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT ledger_summary_pkey PRIMARY KEY (connection_id, month_on, fnsku, msku, disposition, location, store, supplier),
    CONSTRAINT ledger_summary_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table long_term_storage_fees (
    connection_id TEXT NOT NULL,
    snapshot_on DATE NOT NULL,
    sku TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    country TEXT NOT NULL,
    surcharge_age_tier TEXT NOT NULL,
    occurrence INTEGER NOT NULL,
    asin TEXT,
    product_name TEXT,
    condition TEXT,
    per_unit_volume NUMERIC,
    volume_unit TEXT,
    quantity_charged INTEGER,
    amount_charged NUMERIC,
    currency TEXT,
    surcharge_rate NUMERIC,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT long_term_storage_fees_pkey PRIMARY KEY (connection_id, snapshot_on, sku, fnsku, country, surcharge_age_tier, occurrence),
    CONSTRAINT long_term_storage_fees_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index long_term_storage_fees_fnsku_idx ON long_term_storage_fees (connection_id, fnsku, snapshot_on);

create table marketplaces (
    connection_id TEXT NOT NULL,
    marketplace_id TEXT NOT NULL,
    name TEXT,
    country_code TEXT,
    currency TEXT,
    domain_name TEXT,
    is_participating BOOLEAN,
    has_suspended_listings BOOLEAN,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT marketplaces_pkey PRIMARY KEY (connection_id, marketplace_id),
    CONSTRAINT marketplaces_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table order_items (
    connection_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    order_item_id TEXT NOT NULL,
    sku TEXT,
    asin TEXT,
    condition TEXT,
    quantity_ordered INTEGER NOT NULL,
    quantity_fulfilled INTEGER,
    unit_price NUMERIC,
    item_price NUMERIC,
    item_tax NUMERIC,
    shipping_price NUMERIC,
    promotion_discount NUMERIC,
    proceeds_total NUMERIC,
    currency TEXT,
    proceeds JSONB NOT NULL,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT order_items_pkey PRIMARY KEY (connection_id, order_id, order_item_id),
    CONSTRAINT order_items_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index order_items_sku_idx ON order_items (connection_id, sku);

create table orders (
    connection_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    marketplace_id TEXT,
    sales_channel TEXT NOT NULL,
    status TEXT,
    fulfilled_by TEXT,
    service_level TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    total_amount NUMERIC,
    currency TEXT,
    item_count INTEGER NOT NULL,
    units_ordered INTEGER NOT NULL,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT orders_pkey PRIMARY KEY (connection_id, order_id),
    CONSTRAINT orders_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index orders_created_at_idx ON orders (connection_id, created_at, order_id);

create table quarantine (
    quarantine_id BIGINT GENERATED ALWAYS AS IDENTITY,
    connection_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    sync_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw JSONB NOT NULL,
    raw_digest TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    occurrence INTEGER,
    told_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT quarantine_pkey PRIMARY KEY (quarantine_id),
    CONSTRAINT quarantine_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create unique index quarantine_row_key ON quarantine (connection_id, stream, raw_digest);

create table reimbursements (
    connection_id TEXT NOT NULL,
    reimbursement_id TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    sku TEXT NOT NULL,
    reason TEXT NOT NULL,
    order_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    occurrence INTEGER NOT NULL,
    approved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asin TEXT,
    product_name TEXT,
    condition TEXT,
    currency TEXT,
    amount_per_unit NUMERIC,
    amount_total NUMERIC,
    quantity_cash INTEGER,
    quantity_inventory INTEGER,
    quantity_total INTEGER,
    original_reimbursement_id TEXT,
    original_reimbursement_type TEXT,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT reimbursements_pkey PRIMARY KEY (connection_id, reimbursement_id, fnsku, sku, reason, order_id, case_id, occurrence),
    CONSTRAINT reimbursements_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index reimbursements_approved_at_idx ON reimbursements (connection_id, approved_at, reimbursement_id);
create index reimbursements_fnsku_idx ON reimbursements (connection_id, fnsku, approved_at);
create index reimbursements_order_id_idx ON reimbursements (connection_id, order_id) WHERE order_id <> '';
create index reimbursements_original_idx ON reimbursements (connection_id, original_reimbursement_id) WHERE original_reimbursement_id is not null;
create index reimbursements_sku_idx ON reimbursements (connection_id, sku, approved_at);

create table removal_shipments (
    connection_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    shipped_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sku TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    disposition TEXT NOT NULL,
    tracking_number TEXT NOT NULL,
    occurrence INTEGER NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE,
    shipped_quantity INTEGER,
    carrier TEXT,
    removal_order_type TEXT,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT removal_shipments_pkey PRIMARY KEY (connection_id, order_id, shipped_at, sku, fnsku, disposition, tracking_number, occurrence),
    CONSTRAINT removal_shipments_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index removal_shipments_shipped_at_idx ON removal_shipments (connection_id, shipped_at);

create table removals (
    connection_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    disposition TEXT NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    order_source TEXT,
    order_type TEXT,
    service_speed TEXT,
    status TEXT,
    requested_quantity INTEGER,
    cancelled_quantity INTEGER,
    disposed_quantity INTEGER,
    shipped_quantity INTEGER,
    in_process_quantity INTEGER,
    removal_fee NUMERIC,
    currency TEXT,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT removals_pkey PRIMARY KEY (connection_id, order_id, sku, fnsku, disposition),
    CONSTRAINT removals_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index removals_fnsku_idx ON removals (connection_id, fnsku, requested_at);
create index removals_requested_at_idx ON removals (connection_id, requested_at, order_id);
create index removals_sku_idx ON removals (connection_id, sku, requested_at);

create table replacements (
    connection_id TEXT NOT NULL,
    replacement_order_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    shipped_at TIMESTAMP WITH TIME ZONE NOT NULL,
    occurrence INTEGER NOT NULL,
    original_order_id TEXT,
    asin TEXT,
    fulfillment_center TEXT,
    original_fulfillment_center TEXT,
    quantity INTEGER,
    reason_code TEXT,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT replacements_pkey PRIMARY KEY (connection_id, replacement_order_id, sku, shipped_at, occurrence),
    CONSTRAINT replacements_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index replacements_original_order_id_idx ON replacements (connection_id, original_order_id);

create table report_archive (
    connection_id TEXT NOT NULL,
    report_type TEXT NOT NULL,
    report_id TEXT NOT NULL,
    document_id TEXT NOT NULL,
    content_type TEXT,
    compression TEXT,
    content BYTEA NOT NULL,
    archived_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT report_archive_pkey PRIMARY KEY (connection_id, report_type, report_id),
    CONSTRAINT report_archive_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table report_cooldown (
    connection_id TEXT NOT NULL,
    report_type TEXT NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    wait INTERVAL NOT NULL,
    CONSTRAINT report_cooldown_pkey PRIMARY KEY (connection_id, report_type),
    CONSTRAINT report_cooldown_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table report_request (
    request_id BIGINT GENERATED ALWAYS AS IDENTITY,
    connection_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    scope TEXT NOT NULL,
    report_type TEXT NOT NULL,
    marketplace_ids JSONB NOT NULL,
    options JSONB DEFAULT '{}' NOT NULL,
    since TIMESTAMP WITH TIME ZONE,
    until TIMESTAMP WITH TIME ZONE,
    asked_since TIMESTAMP WITH TIME ZONE,
    asked_until TIMESTAMP WITH TIME ZONE,
    status TEXT NOT NULL,
    report_id TEXT,
    document_id TEXT,
    adopted BOOLEAN DEFAULT false NOT NULL,
    tries INTEGER DEFAULT 1 NOT NULL,
    ask_at TIMESTAMP WITH TIME ZONE,
    intended_at TIMESTAMP WITH TIME ZONE NOT NULL,
    report_created_at TIMESTAMP WITH TIME ZONE,
    report_ended_at TIMESTAMP WITH TIME ZONE,
    sync_id TEXT NOT NULL,
    charset TEXT,
    unknown_columns JSONB,
    rows_read INTEGER DEFAULT 0 NOT NULL,
    rows INTEGER DEFAULT 0 NOT NULL,
    rows_unchanged INTEGER DEFAULT 0 NOT NULL,
    rows_quarantined INTEGER DEFAULT 0 NOT NULL,
    size_bytes BIGINT,
    remark TEXT,
    shrunk BOOLEAN DEFAULT false NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT report_request_pkey PRIMARY KEY (request_id),
    CONSTRAINT report_request_status_check CHECK (status in ('intended', 'in_queue', 'in_progress', 'done', 'cancelled', 'fatal', 'loaded', 'empty', 'too_soon', 'failed', 'dropped')),
    CONSTRAINT report_request_window_check CHECK ((since is null) = (until is null)),
    CONSTRAINT report_request_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index report_request_connection_id_report_type_idx ON report_request (connection_id, report_type);
create index report_request_open_idx ON report_request (connection_id, stream) WHERE status in ('intended', 'in_queue', 'in_progress', 'done');
create unique index report_request_report_key ON report_request (connection_id, stream, scope, report_id) WHERE report_id is not null;

create table returns (
    connection_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    returned_at TIMESTAMP WITH TIME ZONE NOT NULL,
    license_plate_number TEXT NOT NULL,
    occurrence INTEGER NOT NULL,
    asin TEXT,
    product_name TEXT,
    quantity INTEGER,
    fulfillment_center TEXT,
    detailed_disposition TEXT,
    reason TEXT,
    status TEXT,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT returns_pkey PRIMARY KEY (connection_id, order_id, sku, fnsku, returned_at, license_plate_number, occurrence),
    CONSTRAINT returns_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index returns_fnsku_idx ON returns (connection_id, fnsku, returned_at);
create index returns_returned_at_idx ON returns (connection_id, returned_at, order_id);
create index returns_sku_idx ON returns (connection_id, sku, returned_at);

create table settlement_lines (
    connection_id TEXT NOT NULL,
    settlement_id TEXT NOT NULL,
    line INTEGER NOT NULL,
    transaction_type TEXT,
    order_id TEXT,
    merchant_order_id TEXT,
    adjustment_id TEXT,
    shipment_id TEXT,
    marketplace_name TEXT,
    amount_type TEXT,
    amount_description TEXT,
    amount NUMERIC,
    currency TEXT,
    fulfillment_id TEXT,
    posted_at TIMESTAMP WITH TIME ZONE,
    order_item_code TEXT,
    sku TEXT,
    quantity_purchased INTEGER,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT settlement_lines_pkey PRIMARY KEY (connection_id, settlement_id, line),
    CONSTRAINT settlement_lines_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index settlement_lines_order_id_idx ON settlement_lines (connection_id, order_id);

create table settlements (
    connection_id TEXT NOT NULL,
    settlement_id TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    deposited_at TIMESTAMP WITH TIME ZONE,
    total_amount NUMERIC,
    currency TEXT,
    lines_total NUMERIC NOT NULL,
    line_count INTEGER NOT NULL,
    is_balanced BOOLEAN,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT settlements_pkey PRIMARY KEY (connection_id, settlement_id),
    CONSTRAINT settlements_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table shipment_items (
    connection_id TEXT NOT NULL,
    shipment_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    quantity_shipped INTEGER NOT NULL,
    quantity_received INTEGER,
    quantity_in_case INTEGER,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT shipment_items_pkey PRIMARY KEY (connection_id, shipment_id, sku, fnsku),
    CONSTRAINT shipment_items_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index shipment_items_fnsku_idx ON shipment_items (connection_id, fnsku);
create index shipment_items_sku_idx ON shipment_items (connection_id, sku);

create table shipment_items_history (
    connection_id TEXT NOT NULL,
    shipment_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    quantity_shipped INTEGER,
    quantity_received INTEGER,
    CONSTRAINT shipment_items_history_pkey PRIMARY KEY (connection_id, shipment_id, sku, fnsku, seen_at),
    CONSTRAINT shipment_items_history_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table shipments (
    connection_id TEXT NOT NULL,
    shipment_id TEXT NOT NULL,
    marketplace_id TEXT NOT NULL,
    name TEXT,
    destination_fulfillment_center TEXT,
    status TEXT,
    label_prep_type TEXT,
    are_cases_required BOOLEAN,
    created_on DATE,
    box_contents_source TEXT,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT shipments_pkey PRIMARY KEY (connection_id, shipment_id),
    CONSTRAINT shipments_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index shipments_created_on_idx ON shipments (connection_id, COALESCE(created_on, '1970-01-01'::date), shipment_id);

create table shipments_history (
    connection_id TEXT NOT NULL,
    shipment_id TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT,
    CONSTRAINT shipments_history_pkey PRIMARY KEY (connection_id, shipment_id, seen_at),
    CONSTRAINT shipments_history_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table shrunk_file (
    connection_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    first_on DATE,
    last_on DATE,
    told INTEGER NOT NULL,
    expected INTEGER NOT NULL,
    times INTEGER NOT NULL,
    is_believed BOOLEAN NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT shrunk_file_pkey PRIMARY KEY (connection_id, stream, scope, subject),
    CONSTRAINT shrunk_file_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table sourcing_cost (
    connection_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    fnsku TEXT NOT NULL,
    valid_from DATE NOT NULL,
    cost NUMERIC NOT NULL,
    currency TEXT NOT NULL,
    invoice_reference TEXT,
    entered_by TEXT NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT sourcing_cost_pkey PRIMARY KEY (connection_id, sku, fnsku, valid_from),
    CONSTRAINT sourcing_cost_product_check CHECK ((sku = '') <> (fnsku = '')),
    CONSTRAINT sourcing_cost_cost_check CHECK (cost > 0),
    CONSTRAINT sourcing_cost_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table storage_fees (
    connection_id TEXT NOT NULL,
    month_on DATE NOT NULL,
    fnsku TEXT NOT NULL,
    fulfillment_center TEXT NOT NULL,
    country TEXT NOT NULL,
    occurrence INTEGER NOT NULL,
    asin TEXT,
    product_name TEXT,
    longest_side NUMERIC,
    median_side NUMERIC,
    shortest_side NUMERIC,
    measurement_units TEXT,
    weight NUMERIC,
    weight_units TEXT,
    item_volume NUMERIC,
    volume_units TEXT,
    size_tier TEXT,
    average_quantity_on_hand NUMERIC,
    average_quantity_pending_removal NUMERIC,
    total_volume NUMERIC,
    storage_rate NUMERIC,
    currency TEXT,
    monthly_storage_fee NUMERIC,
    source TEXT NOT NULL,
    source_line INTEGER,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT storage_fees_pkey PRIMARY KEY (connection_id, month_on, fnsku, fulfillment_center, country, occurrence),
    CONSTRAINT storage_fees_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index storage_fees_fnsku_idx ON storage_fees (connection_id, fnsku, month_on);

create table stream_cursor (
    connection_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    scope TEXT NOT NULL,
    without_dataset TEXT DEFAULT '' NOT NULL,
    closed TSTZMULTIRANGE DEFAULT '{}' NOT NULL,
    sync_id TEXT,
    todo TSTZMULTIRANGE DEFAULT '{}' NOT NULL,
    open_since TIMESTAMP WITH TIME ZONE,
    open_until TIMESTAMP WITH TIME ZONE,
    page_token TEXT,
    page_token_at TIMESTAMP WITH TIME ZONE,
    read_at TIMESTAMP WITH TIME ZONE,
    longest_window INTERVAL,
    marketplace_ids TEXT[],
    CONSTRAINT stream_cursor_pkey PRIMARY KEY (connection_id, stream, scope, without_dataset),
    CONSTRAINT stream_cursor_open_check CHECK ((page_token is null) = (open_since is null)),
    CONSTRAINT stream_cursor_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table stream_note (
    connection_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    scope TEXT NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    look_again_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT stream_note_pkey PRIMARY KEY (connection_id, stream, scope, code, subject),
    CONSTRAINT stream_note_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

create table sync_progress (
    sync_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    trigger TEXT NOT NULL,
    idempotency_key TEXT,
    status TEXT NOT NULL,
    progress INTEGER NOT NULL,
    message TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,
    estimated_completion TIMESTAMP WITH TIME ZONE,
    orders_processed INTEGER DEFAULT 0 NOT NULL,
    total_orders INTEGER,
    claims_detected INTEGER DEFAULT 0 NOT NULL,
    error TEXT,
    notes JSONB,
    owner TEXT,
    lease_expires_at TIMESTAMP WITH TIME ZONE,
    attempt INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT sync_progress_pkey PRIMARY KEY (sync_id),
    CONSTRAINT sync_progress_status_check CHECK (status in ('in_progress', 'complete', 'failed', 'cancelled')),
    CONSTRAINT sync_progress_progress_check CHECK (progress between 0 and 100),
    CONSTRAINT sync_progress_completed_check CHECK ((status = 'in_progress') = (completed_at is null)),
    CONSTRAINT sync_progress_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id),
    CONSTRAINT sync_progress_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create unique index sync_progress_active_key ON sync_progress (connection_id) WHERE status = 'in_progress';
create unique index sync_progress_idempotency_key ON sync_progress (user_id, idempotency_key) WHERE idempotency_key is not null;
create index sync_progress_user_id_started_at_idx ON sync_progress (user_id, started_at);

create table transactions (
    connection_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    description TEXT,
    posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    total_amount NUMERIC NOT NULL,
    currency TEXT NOT NULL,
    marketplace_id TEXT,
    order_id TEXT,
    shipment_id TEXT,
    financial_event_group_id TEXT,
    matures_at TIMESTAMP WITH TIME ZONE,
    is_reimbursement BOOLEAN NOT NULL,
    related_identifiers JSONB NOT NULL,
    breakdowns JSONB NOT NULL,
    source TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT transactions_pkey PRIMARY KEY (connection_id, transaction_id),
    CONSTRAINT transactions_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index transactions_order_id_idx ON transactions (connection_id, order_id);
create index transactions_posted_at_idx ON transactions (connection_id, posted_at, transaction_id);

create table claim_history (
    entry_id BIGINT GENERATED ALWAYS AS IDENTITY,
    claim_id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    who TEXT NOT NULL,
    from_status TEXT,
    to_status TEXT NOT NULL,
    why TEXT NOT NULL,
    changes JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT claim_history_pkey PRIMARY KEY (entry_id),
    CONSTRAINT claim_history_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (claim_id) ON DELETE cascade,
    CONSTRAINT claim_history_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index claim_history_claim_id_idx ON claim_history (claim_id, entry_id);

create table sync_plan (
    sync_id TEXT NOT NULL,
    plan JSONB NOT NULL,
    revisions JSONB NOT NULL,
    CONSTRAINT sync_plan_pkey PRIMARY KEY (sync_id),
    CONSTRAINT sync_plan_sync_id_fkey FOREIGN KEY(sync_id) REFERENCES sync_progress (sync_id) ON DELETE cascade
);

create table sync_stream (
    sync_id TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    rows INTEGER DEFAULT 0 NOT NULL,
    rows_read INTEGER DEFAULT 0 NOT NULL,
    rows_unchanged INTEGER DEFAULT 0 NOT NULL,
    rows_quarantined INTEGER DEFAULT 0 NOT NULL,
    pages INTEGER DEFAULT 0 NOT NULL,
    expected_rows INTEGER,
    error TEXT,
    waiting_until TIMESTAMP WITH TIME ZONE,
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT sync_stream_pkey PRIMARY KEY (sync_id, name),
    CONSTRAINT sync_stream_status_check CHECK (status in ('pending', 'in_progress', 'complete', 'failed', 'cancelled', 'unavailable')),
    CONSTRAINT sync_stream_counted_check CHECK (rows_read = rows + rows_unchanged + rows_quarantined),
    CONSTRAINT sync_stream_sync_id_fkey FOREIGN KEY(sync_id) REFERENCES sync_progress (sync_id) ON DELETE cascade
);
