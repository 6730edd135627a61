-- A new table; nothing waits for it.
create table audit_entry (
    entry_id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    workspace_id TEXT,
    action TEXT NOT NULL,
    subject TEXT,
    details JSONB DEFAULT '{}' NOT NULL,
    who TEXT,
    user_id TEXT,
    credential_id TEXT,
    address TEXT,
    user_agent TEXT,
    CONSTRAINT audit_entry_pkey PRIMARY KEY (entry_id)
);
create index audit_entry_workspace_id_entry_id_idx ON audit_entry (workspace_id, entry_id);
create index audit_entry_at_idx ON audit_entry (at);
