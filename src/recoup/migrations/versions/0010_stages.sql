alter table claim add column stage TEXT;
alter table claim add column hold_reason TEXT;
alter table claim add column answer_reason TEXT;
alter table claim add column waiting_since DATE;
alter table claim add column paid_amount NUMERIC;
alter table claim add column paid_currency TEXT;
alter table claim add column paid_units INTEGER;

-- The stage of a claim of which only the status is known. A withdrawn claim was paid by itself where a
-- payment settled its event; the next detection fills in what the reimbursements report shows.
update claim set
    stage = case status when 'detected' then 'found' when 'filed' then 'filed' when 'approved' then 'paid'
        when 'rejected' then 'denied' when 'dismissed' then 'closed'
        else case when exists (
            select from claim_allocation a
            where a.connection_id = claim.connection_id and a.type = claim.type and a.key = claim.key
                and a.by in ('payment', 'reversed_payment')) then 'paid_by_itself' else 'closed' end end,
    waiting_since = case when status = 'filed' then (coalesce(filed_at, status_at) at time zone 'UTC')::date end;

alter table claim alter column stage set not null;

-- Whoever tells a status only gets the stage that agrees with it. Whoever tells both is refused if
-- they do not agree.
create function recoup_stage_of_claim() returns trigger
language plpgsql as $$
begin
    if new.stage is null
        or (tg_op = 'UPDATE' and new.status is distinct from old.status and new.stage is not distinct from old.stage
            and not (new.stage = 'closed' and new.status in ('dismissed', 'withdrawn', 'rejected', 'approved')))
    then
        new.stage := case new.status when 'detected' then 'found' when 'filed' then 'filed'
            when 'approved' then 'paid' when 'rejected' then 'denied' else 'closed' end;
        if new.stage <> 'on_hold' then
            new.hold_reason := null;
        end if;
        if new.stage = 'filed' and new.waiting_since is null then
            new.waiting_since := (coalesce(new.filed_at, now()) at time zone 'UTC')::date;
        end if;
    end if;
    return new;
end
$$;
create trigger claim_stage before insert or update on claim
    for each row execute function recoup_stage_of_claim();

alter table claim add constraint claim_stage_check CHECK (
    stage = 'found' and status in ('detected') or stage = 'on_hold' and status in ('detected')
    or stage = 'ready' and status in ('detected') or stage = 'filed' and status in ('filed')
    or stage = 'info_requested' and status in ('filed') or stage = 'appealed' and status in ('filed')
    or stage = 'paid_in_part' and status in ('filed') or stage = 'paid' and status in ('approved')
    or stage = 'denied' and status in ('rejected') or stage = 'paid_by_itself' and status in ('withdrawn')
    or stage = 'closed' and status in ('dismissed', 'withdrawn', 'rejected', 'approved'));
alter table claim add constraint claim_hold_reason_check
    CHECK ((stage = 'on_hold') = (hold_reason is not null));
alter table claim add constraint claim_answer_reason_check CHECK (answer_reason in ('invoice_missing',
    'delivery_proof_missing', 'already_reimbursed', 'units_found', 'units_received', 'return_received',
    'not_liable', 'not_eligible', 'too_early', 'too_late', 'value_disputed', 'duplicate',
    'payment_reversed', 'other'));
alter table claim add constraint claim_paid_amount_check
    CHECK ((paid_amount is null) = (paid_currency is null));

drop index claim_figures_idx;
create index claim_figures_idx ON claim (connection_id, status) INCLUDE (claim_id, type,
    marketplace_id, amount, currency, confidence, event_on, fileable_from, deadline, detected_at,
    status_at, filed_at, sync_id, stage, waiting_since);

create table claim_response (
    response_id BIGINT GENERATED ALWAYS AS IDENTITY,
    claim_id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    received_on DATE NOT NULL,
    stage TEXT NOT NULL,
    text TEXT,
    reason TEXT,
    amount NUMERIC,
    currency TEXT,
    units INTEGER,
    entered_by TEXT NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT claim_response_pkey PRIMARY KEY (response_id),
    CONSTRAINT claim_response_stage_check CHECK (stage in ('found', 'on_hold', 'ready', 'filed', 'waiting',
        'info_requested', 'paid', 'paid_in_part', 'paid_by_itself', 'denied', 'appealed', 'closed')),
    CONSTRAINT claim_response_reason_check CHECK (reason in ('invoice_missing', 'delivery_proof_missing',
        'already_reimbursed', 'units_found', 'units_received', 'return_received', 'not_liable',
        'not_eligible', 'too_early', 'too_late', 'value_disputed', 'duplicate', 'payment_reversed', 'other')),
    CONSTRAINT claim_response_currency_check CHECK ((amount is null) = (currency is null)),
    CONSTRAINT claim_response_amount_check CHECK (amount > 0),
    CONSTRAINT claim_response_units_check CHECK (units > 0),
    CONSTRAINT claim_response_content_check CHECK (num_nonnulls(text, amount, units) > 0),
    CONSTRAINT claim_response_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (claim_id) ON DELETE cascade,
    CONSTRAINT claim_response_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index claim_response_claim_id_idx on claim_response (claim_id, received_on, response_id);

create table claim_payment (
    connection_id TEXT NOT NULL,
    payment_id BIGINT GENERATED ALWAYS AS IDENTITY,
    claim_id TEXT NOT NULL,
    by TEXT NOT NULL,
    reimbursement_id TEXT NOT NULL,
    case_id TEXT,
    reason TEXT,
    approved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_on DATE NOT NULL,
    amount NUMERIC NOT NULL,
    currency TEXT NOT NULL,
    units INTEGER NOT NULL,
    CONSTRAINT claim_payment_pkey PRIMARY KEY (connection_id, payment_id),
    CONSTRAINT claim_payment_by_check CHECK (by in ('case', 'allocation')),
    CONSTRAINT claim_payment_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (claim_id) ON DELETE cascade,
    CONSTRAINT claim_payment_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index claim_payment_claim_id_idx on claim_payment (claim_id, approved_at);
create index claim_payment_approved_at_idx on claim_payment (connection_id, approved_at);
