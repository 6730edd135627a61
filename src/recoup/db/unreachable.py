"""What people are told when PostgreSQL does not answer, without the address and its password."""

from __future__ import annotations

ALL_IN_USE = "All connections to PostgreSQL are in use: try again in a moment."


def unreachable_message(exc: BaseException) -> str:
    """One line without the connection string, which may contain a password."""
    return f"Cannot reach PostgreSQL ({first_line(exc)}): start it or correct RECOUP_DATABASE_URL."


def first_line(exc: BaseException) -> str:
    lines = str(exc).strip().splitlines()
    return lines[0].strip() if lines else type(exc).__name__
