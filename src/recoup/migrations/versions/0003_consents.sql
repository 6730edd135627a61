-- Short locks: a column without a default, and a new table.
alter table amazon_connection add column status_reason text;

create table amazon_consent (
    state_hash bytea not null,
    browser_hash bytea not null,
    user_id text not null,
    workspace_id text not null,
    environment text not null,
    region text not null,
    created_at timestamp with time zone not null default now(),
    expires_at timestamp with time zone not null,
    used_at timestamp with time zone,
    constraint amazon_consent_pkey primary key (state_hash),
    constraint amazon_consent_member_fkey foreign key (workspace_id, user_id)
        references workspace_member (workspace_id, user_id) on delete cascade
);
create index amazon_consent_member_idx on amazon_consent (user_id, workspace_id);
