"""People and programs that use recoup."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP

from recoup.db.metadata import METADATA

app_user = Table(
    "app_user",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
)
