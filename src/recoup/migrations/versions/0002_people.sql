-- People and workspaces: what a user owned belongs to a workspace now, of which the user is the owner.
--
-- Renaming is a change of the catalog only. Each user's workspace has the user's id, so no row of
-- data changes, and neither does the id of a sync.

create table workspace (
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT workspace_pkey PRIMARY KEY (workspace_id)
);

create table workspace_member (
    workspace_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT workspace_member_pkey PRIMARY KEY (workspace_id, user_id),
    CONSTRAINT workspace_member_role_check CHECK (role in ('owner', 'member', 'viewer')),
    CONSTRAINT workspace_member_workspace_id_fkey FOREIGN KEY(workspace_id) REFERENCES workspace (workspace_id) ON DELETE CASCADE,
    CONSTRAINT workspace_member_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);
create index workspace_member_user_id_idx ON workspace_member (user_id);

create table user_password (
    password_id BIGINT GENERATED ALWAYS AS IDENTITY,
    user_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    set_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT user_password_pkey PRIMARY KEY (password_id),
    CONSTRAINT user_password_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);
create index user_password_user_id_password_id_idx ON user_password (user_id, password_id);

create table sign_in_attempt (
    address_digest BYTEA NOT NULL,
    failures INTEGER NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    locked_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (address_digest)
);
create index sign_in_attempt_last_at_idx ON sign_in_attempt (last_at);

create table user_identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT user_identity_pkey PRIMARY KEY (issuer, subject),
    CONSTRAINT user_identity_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);
create index user_identity_user_id_idx ON user_identity (user_id);

create table credential (
    credential_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    workspace_id TEXT,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    digest BYTEA NOT NULL,
    label TEXT,
    user_agent TEXT,
    address TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT credential_pkey PRIMARY KEY (credential_id),
    CONSTRAINT credential_kind_check CHECK (kind in ('session', 'token')),
    CONSTRAINT credential_scope_check CHECK (scope in ('read', 'sync', 'admin')),
    CONSTRAINT credential_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE,
    CONSTRAINT credential_workspace_id_fkey FOREIGN KEY(workspace_id) REFERENCES workspace (workspace_id) ON DELETE CASCADE,
    CONSTRAINT credential_digest_key UNIQUE (digest)
);
create index credential_user_id_created_at_idx ON credential (user_id, created_at);

create table invitation (
    invitation_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    digest BYTEA NOT NULL,
    invited_by TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT invitation_pkey PRIMARY KEY (invitation_id),
    CONSTRAINT invitation_role_check CHECK (role in ('owner', 'member', 'viewer')),
    CONSTRAINT invitation_workspace_id_fkey FOREIGN KEY(workspace_id) REFERENCES workspace (workspace_id) ON DELETE CASCADE,
    CONSTRAINT invitation_digest_key UNIQUE (digest),
    CONSTRAINT invitation_invited_by_fkey FOREIGN KEY(invited_by) REFERENCES app_user (user_id) ON DELETE SET NULL
);
create index invitation_workspace_id_created_at_idx ON invitation (workspace_id, created_at);

create table sign_in_link (
    digest BYTEA NOT NULL,
    user_id TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT sign_in_link_pkey PRIMARY KEY (digest),
    CONSTRAINT sign_in_link_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);

alter table app_user alter column email drop not null;
alter table app_user add column name text;

insert into workspace (workspace_id, name, created_at) select user_id, email, created_at from app_user;
insert into workspace_member (workspace_id, user_id, role, since)
select user_id, user_id, 'owner', created_at from app_user;

alter table activity drop constraint activity_user_id_fkey;
alter table activity rename column user_id to workspace_id;
alter table activity add constraint activity_workspace_id_fkey
    foreign key (workspace_id) references workspace (workspace_id);

alter table amazon_connection drop constraint amazon_connection_user_id_fkey;
alter table amazon_connection rename column user_id to workspace_id;
alter table amazon_connection add constraint amazon_connection_workspace_id_fkey
    foreign key (workspace_id) references workspace (workspace_id);

alter table event drop constraint event_user_id_fkey;
alter table event rename column user_id to workspace_id;
alter table event add constraint event_workspace_id_fkey
    foreign key (workspace_id) references workspace (workspace_id);

alter table sync_progress drop constraint sync_progress_user_id_fkey;
alter table sync_progress rename column user_id to workspace_id;
alter table sync_progress add constraint sync_progress_workspace_id_fkey
    foreign key (workspace_id) references workspace (workspace_id);

alter index activity_user_id_activity_id_idx rename to activity_workspace_id_activity_id_idx;
alter index event_user_id_event_id_idx rename to event_workspace_id_event_id_idx;
alter index sync_progress_user_id_started_at_idx rename to sync_progress_workspace_id_started_at_idx;
