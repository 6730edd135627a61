"""What a person may do in a workspace, and what a credential may do on the person's behalf."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """From the smallest to the largest: each may do all that those before it may."""

    VIEWER = "viewer"
    MEMBER = "member"
    OWNER = "owner"

    def covers(self, needed: Role) -> bool:
        return _RANKS[self] >= _RANKS[needed]


class Scope(StrEnum):
    """From the smallest to the largest, within the role of the person."""

    READ = "read"
    SYNC = "sync"
    ADMIN = "admin"

    def covers(self, needed: Scope) -> bool:
        return _RANKS[self] >= _RANKS[needed]


_RANKS = {one: rank for kind in (Role, Scope) for rank, one in enumerate(kind)}
