create index claim_figures_idx ON claim (connection_id, status) INCLUDE (claim_id, type,
    marketplace_id, amount, currency, confidence, event_on, fileable_from, deadline, detected_at,
    status_at, filed_at, sync_id);
create index claim_unvalued_idx ON claim (connection_id, type) WHERE amount is null;
