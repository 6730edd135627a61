"""Accounts that consist of files, and the files they were loaded from. Adds a table, and a word that a
check allows: that looks at the few rows of connections and holds its lock for an instant.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

_CHECK = """
    alter table amazon_connection
        drop constraint amazon_connection_environment_check,
        add constraint amazon_connection_environment_check
            check (environment in ('local', 'sandbox', 'production', 'files'))
"""
_FILES = """
    create table loaded_file (
        connection_id text not null,
        sha256 text not null,
        name text not null,
        stream text not null,
        language text not null,
        charset text not null,
        rows integer not null,
        rows_unchanged integer not null,
        rows_quarantined integer not null,
        first_on date,
        last_on date,
        remark text,
        loaded_at timestamptz not null default now(),
        constraint loaded_file_pkey primary key (connection_id, sha256),
        constraint loaded_file_connection_id_fkey foreign key (connection_id)
            references amazon_connection (connection_id)
    )
"""


def upgrade() -> None:
    op.execute(_CHECK)
    op.execute(_FILES)
