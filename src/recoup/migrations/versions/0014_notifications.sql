-- New tables only: no lock on a table that is in use, other than the short ones of foreign keys.
CREATE TABLE notification (
    notification_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    data JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT notification_pkey PRIMARY KEY (notification_id),
    CONSTRAINT notification_kind_check CHECK (kind in ('sync.ended', 'claim.found', 'claim.deadline_near', 'claim.paid', 'connection.reauthorization_required')),
    CONSTRAINT notification_workspace_id_fkey FOREIGN KEY(workspace_id) REFERENCES workspace (workspace_id) ON DELETE CASCADE,
    CONSTRAINT notification_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
CREATE INDEX notification_connection_id_idx ON notification (connection_id);
CREATE INDEX notification_workspace_id_created_at_idx ON notification (workspace_id, created_at);

CREATE TABLE webhook (
    webhook_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    url TEXT NOT NULL,
    kinds TEXT[] NOT NULL,
    secret_sealed BYTEA NOT NULL,
    previous_secret_sealed BYTEA,
    previous_secret_until TIMESTAMP WITH TIME ZONE,
    is_enabled BOOLEAN DEFAULT true NOT NULL,
    disabled_why TEXT,
    failing_since TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT webhook_pkey PRIMARY KEY (webhook_id),
    CONSTRAINT webhook_kinds_check CHECK (kinds <@ array['sync.ended', 'claim.found', 'claim.deadline_near', 'claim.paid', 'connection.reauthorization_required']),
    CONSTRAINT webhook_previous_secret_check CHECK ((previous_secret_sealed is null) = (previous_secret_until is null)),
    CONSTRAINT webhook_workspace_id_fkey FOREIGN KEY(workspace_id) REFERENCES workspace (workspace_id) ON DELETE CASCADE
);
CREATE INDEX webhook_workspace_id_idx ON webhook (workspace_id);

CREATE TABLE webhook_delivery (
    delivery_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    notification_id TEXT,
    message_id TEXT NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    last_attempt_at TIMESTAMP WITH TIME ZONE,
    response_status INTEGER,
    response_excerpt TEXT,
    error TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT webhook_delivery_pkey PRIMARY KEY (delivery_id),
    CONSTRAINT webhook_delivery_status_check CHECK (status in ('pending', 'delivered', 'failed')),
    CONSTRAINT webhook_delivery_workspace_id_fkey FOREIGN KEY(workspace_id) REFERENCES workspace (workspace_id) ON DELETE CASCADE,
    CONSTRAINT webhook_delivery_webhook_id_fkey FOREIGN KEY(webhook_id) REFERENCES webhook (webhook_id) ON DELETE CASCADE,
    CONSTRAINT webhook_delivery_notification_id_fkey FOREIGN KEY(notification_id) REFERENCES notification (notification_id) ON DELETE CASCADE
);
CREATE INDEX webhook_delivery_notification_id_idx ON webhook_delivery (notification_id);
CREATE INDEX webhook_delivery_pending_idx ON webhook_delivery (next_attempt_at) WHERE status = 'pending';
CREATE INDEX webhook_delivery_webhook_id_created_at_idx ON webhook_delivery (webhook_id, created_at);

CREATE TABLE mail_subscription (
    workspace_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    kinds TEXT[] NOT NULL,
    CONSTRAINT mail_subscription_pkey PRIMARY KEY (workspace_id, user_id),
    CONSTRAINT mail_subscription_kinds_check CHECK (kinds <@ array['sync.ended', 'claim.found', 'claim.deadline_near', 'claim.paid', 'connection.reauthorization_required']),
    CONSTRAINT mail_subscription_member_fkey FOREIGN KEY(workspace_id, user_id) REFERENCES workspace_member (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX mail_subscription_user_id_idx ON mail_subscription (user_id);

CREATE TABLE mail_item (
    user_id TEXT NOT NULL,
    notification_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    CONSTRAINT mail_item_pkey PRIMARY KEY (user_id, notification_id),
    CONSTRAINT mail_item_subscription_fkey FOREIGN KEY(workspace_id, user_id) REFERENCES mail_subscription (workspace_id, user_id) ON DELETE CASCADE,
    CONSTRAINT mail_item_notification_id_fkey FOREIGN KEY(notification_id) REFERENCES notification (notification_id) ON DELETE CASCADE
);
CREATE INDEX mail_item_notification_id_idx ON mail_item (notification_id);
CREATE INDEX mail_item_workspace_id_user_id_idx ON mail_item (workspace_id, user_id);

CREATE TABLE mail_preference (
    user_id TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    send_at_minute INTEGER NOT NULL,
    quiet_from_minute INTEGER,
    quiet_to_minute INTEGER,
    CONSTRAINT mail_preference_pkey PRIMARY KEY (user_id),
    CONSTRAINT mail_preference_send_at_check CHECK (send_at_minute between 0 and 1439),
    CONSTRAINT mail_preference_quiet_check CHECK ((quiet_from_minute is null) = (quiet_to_minute is null) and quiet_from_minute between 0 and 1439 and quiet_to_minute between 0 and 1439 and quiet_from_minute <> quiet_to_minute or quiet_from_minute is null and quiet_to_minute is null),
    CONSTRAINT mail_preference_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);

CREATE TABLE mail_digest (
    digest_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    day DATE NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    error TEXT,
    sent_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT mail_digest_pkey PRIMARY KEY (digest_id),
    CONSTRAINT mail_digest_user_id_day_key UNIQUE (user_id, day),
    CONSTRAINT mail_digest_status_check CHECK (status in ('pending', 'sent', 'empty', 'failed')),
    CONSTRAINT mail_digest_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);
CREATE INDEX mail_digest_pending_idx ON mail_digest (next_attempt_at) WHERE status = 'pending';

CREATE TABLE deadline_reminder (
    claim_id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    mark INTEGER NOT NULL,
    reminded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT deadline_reminder_pkey PRIMARY KEY (claim_id),
    CONSTRAINT deadline_reminder_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (claim_id) ON DELETE cascade,
    CONSTRAINT deadline_reminder_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);
CREATE INDEX deadline_reminder_connection_id_idx ON deadline_reminder (connection_id, reminded_at);
