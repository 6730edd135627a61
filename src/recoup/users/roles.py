"""What a person may do in a workspace, and what a credential may do on the person's behalf."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """From the smallest to the largest: each may do all that those before it may."""

    VIEWER = "viewer"
    MEMBER = "member"
    OWNER = "owner"

    def covers(self, needed: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Scope(StrEnum):
    """From the smallest to the largest, within the role of the person."""

    READ = "read"
    SYNC = "sync"
    ADMIN = "admin"

    def covers(self, needed: Scope) -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(needed)
