-- New columns without a default rewrite no table; the new table is empty.
alter table workspace add column legal_hold TEXT;
alter table workspace add column legal_hold_since TIMESTAMP WITH TIME ZONE;
alter table workspace add constraint workspace_legal_hold_check
    CHECK ((legal_hold is null) = (legal_hold_since is null));

alter table amazon_connection add column legal_hold TEXT;
alter table amazon_connection add column legal_hold_since TIMESTAMP WITH TIME ZONE;
alter table amazon_connection add column held_from DATE;
alter table amazon_connection add column retention_on DATE;
alter table amazon_connection add constraint amazon_connection_legal_hold_check
    CHECK ((legal_hold is null) = (legal_hold_since is null));

create table judged_event (
    connection_id TEXT NOT NULL,
    type TEXT NOT NULL,
    key JSONB NOT NULL,
    event_on DATE NOT NULL,
    CONSTRAINT judged_event_pkey PRIMARY KEY (connection_id, type, key),
    CONSTRAINT judged_event_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

-- Whoever is connected already may have rows of before recoup reduced what it keeps; a worker does.
alter table amazon_connection add column keeps_unread BOOLEAN DEFAULT false NOT NULL;
update amazon_connection set keeps_unread = true;
