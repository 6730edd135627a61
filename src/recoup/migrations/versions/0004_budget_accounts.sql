create table budget_account (
    connection_id TEXT NOT NULL,
    account TEXT NOT NULL,
    CONSTRAINT budget_account_pkey PRIMARY KEY (connection_id),
    CONSTRAINT budget_account_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
create index budget_account_account_idx ON budget_account (account);

alter table rate_budget add column told_at TIMESTAMP WITH TIME ZONE;
