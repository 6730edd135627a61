"""Who makes a request: the person, the workspaces of the person, and what the caller may do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from recoup.errors import (
    AmbiguousWorkspaceError,
    ConfinedTokenError,
    NotFoundError,
    RoleTooSmallError,
    ScopeTooSmallError,
)
from recoup.ids import CredentialId, UserId, WorkspaceId
from recoup.users.roles import Role, Scope


class CredentialKind(StrEnum):
    SESSION = "session"
    """Of a browser, in a cookie."""
    TOKEN = "token"  # noqa: S105 - a kind, no secret
    """Of a program, in the header Authorization."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in a workspace."""

    workspace_id: WorkspaceId
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Caller:
    """credential_id: None for a token of an identity provider. membership: None until one is chosen.
    is_confined: by a token for one workspace, whatever others the person belongs to.
    """

    user_id: UserId
    email: str | None
    name: str | None
    scope: Scope
    memberships: tuple[Membership, ...]
    credential_id: CredentialId | None = None
    kind: CredentialKind = CredentialKind.TOKEN
    membership: Membership | None = None
    is_confined: bool = False

    @property
    def workspace_id(self) -> WorkspaceId:
        """Raises AmbiguousWorkspaceError where none is chosen, NotFoundError without any."""
        return self._chosen.workspace_id

    @property
    def role(self) -> Role:
        """The same."""
        return self._chosen.role

    @property
    def _chosen(self) -> Membership:
        if self.membership is not None:
            return self.membership
        if not self.memberships:
            raise NotFoundError("You belong to no workspace: ask its owner for an invitation.")
        raise AmbiguousWorkspaceError(
            tuple((one.workspace_id, one.name) for one in self.memberships)
        )

    def choosing(self, workspace_id: str) -> Caller:
        """The caller in a named workspace. Raises NotFoundError for one of other people."""
        for one in self.memberships:
            if one.workspace_id == workspace_id:
                return replace(self, membership=one)
        raise NotFoundError("There is no such workspace.")

    def require_whole(self) -> None:
        """Raises ConfinedTokenError: a token for one workspace must not open others by way of the
        person's password.
        """
        if self.is_confined:
            raise ConfinedTokenError

    def require(self, *, role: Role | None, scope: Scope) -> None:
        """Raises ScopeTooSmallError or RoleTooSmallError, which say what is needed.

        role: None where the person's own account is concerned, which needs none.
        """
        if not self.scope.covers(scope):
            raise ScopeTooSmallError(needed=scope, given=self.scope)
        if role is not None and not self.role.covers(role):
            raise RoleTooSmallError(needed=role, given=self.role)
