"""Costs that Amazon has estimated, approved and refused. Adds three tables and locks none."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

_TABLES = (
    """
    create table amazon_cost (
        connection_id text not null,
        fnsku text not null,
        currency text not null,
        asin text,
        estimated_cost numeric,
        approved_cost numeric,
        approved_source text,
        approved_on date,
        read_at timestamptz not null default now(),
        refused_cost numeric,
        refused_on date,
        constraint amazon_cost_pkey primary key (connection_id, fnsku, currency),
        constraint amazon_cost_connection_id_fkey foreign key (connection_id)
            references amazon_connection (connection_id),
        constraint amazon_cost_refused_check
            check ((refused_cost is null) = (refused_on is null))
    )
    """,
    """
    create table approved_cost (
        connection_id text not null,
        fnsku text not null,
        currency text not null,
        approved_on date not null,
        cost numeric not null,
        source text,
        constraint approved_cost_pkey primary key (connection_id, fnsku, currency, approved_on),
        constraint approved_cost_connection_id_fkey foreign key (connection_id)
            references amazon_connection (connection_id),
        constraint approved_cost_cost_check check (cost > 0)
    )
    """,
    """
    create table cost_workbook (
        connection_id text not null,
        content bytea not null,
        read_at timestamptz not null default now(),
        constraint cost_workbook_pkey primary key (connection_id),
        constraint cost_workbook_connection_id_fkey foreign key (connection_id)
            references amazon_connection (connection_id)
    )
    """,
)


def upgrade() -> None:
    for table in _TABLES:
        op.execute(table)
