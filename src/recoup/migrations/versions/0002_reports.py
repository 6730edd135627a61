"""Reports: what was asked for, cool-downs of types, and files that cannot be had again.

New tables and one nullable column: no table is rewritten, and workers of the version before go on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

_TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("stream_cursor", sa.Column("read_at", _TIME, nullable=True))
    op.create_table(
        "report_request",
        sa.Column("request_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("report_type", sa.Text(), nullable=False),
        sa.Column("marketplace_ids", postgresql.JSONB(), nullable=False),
        sa.Column("options", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("since", _TIME),
        sa.Column("until", _TIME),
        sa.Column("asked_since", _TIME),
        sa.Column("asked_until", _TIME),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text()),
        sa.Column("document_id", sa.Text()),
        sa.Column("adopted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("ask_at", _TIME),
        sa.Column("intended_at", _TIME, nullable=False),
        sa.Column("report_created_at", _TIME),
        sa.Column("report_ended_at", _TIME),
        sa.Column("sync_id", sa.Text(), nullable=False),
        sa.Column("charset", sa.Text()),
        sa.Column("unknown_columns", postgresql.JSONB()),
        sa.Column("rows_read", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_unchanged", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_quarantined", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("size_bytes", sa.BigInteger()),
        sa.Column("remark", sa.Text()),
        sa.Column("updated_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status in ('intended', 'in_queue', 'in_progress', 'done', 'cancelled', 'fatal', "
            "'loaded', 'empty', 'too_soon', 'failed', 'dropped')",
            name=op.f("report_request_status_check"),
        ),
        sa.CheckConstraint(
            "(since is null) = (until is null)", name=op.f("report_request_window_check")
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("report_request_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("report_request_pkey")),
    )
    op.create_index(
        "report_request_report_key",
        "report_request",
        ["connection_id", "stream", "scope", "report_id"],
        unique=True,
        postgresql_where=sa.text("report_id is not null"),
    )
    op.create_index(
        "report_request_open_idx",
        "report_request",
        ["connection_id", "stream"],
        postgresql_where=sa.text("status in ('intended', 'in_queue', 'in_progress', 'done')"),
    )
    op.create_index(
        "report_request_connection_id_report_type_idx",
        "report_request",
        ["connection_id", "report_type"],
    )
    op.create_table(
        "report_cooldown",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("report_type", sa.Text(), nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("wait", sa.Interval(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("report_cooldown_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "report_type", name=op.f("report_cooldown_pkey")),
    )
    op.create_table(
        "report_archive",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("report_type", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text()),
        sa.Column("compression", sa.Text()),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("archived_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("report_archive_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "report_type", "report_id", name=op.f("report_archive_pkey")
        ),
    )
