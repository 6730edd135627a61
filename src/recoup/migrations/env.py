"""The entry point of Alembic. recoup passes it a connection; there is no alembic.ini."""

from __future__ import annotations

from alembic import context

from recoup.migrations.schema import METADATA, is_ours

_connection = context.config.attributes["connection"]
context.configure(
    connection=_connection,
    target_metadata=METADATA,
    include_name=lambda name, kind, _parents: kind != "table" or is_ours(name),
    compare_server_default=False,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
