"""Bodies of accounts, people and invitations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from recoup.api.parameters import RequestModel
from recoup.body import CamelModel, Timestamp
from recoup.users.caller import Caller, CredentialKind
from recoup.users.credential_queries import Credential
from recoup.users.link_queries import Invitation
from recoup.users.links import Link, LinkKind
from recoup.users.passwords import MAX_CHARACTERS
from recoup.users.roles import Role, Scope
from recoup.users.workspace_queries import Member

MAX_TOKEN_DAYS = 3650


def _is_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_is_printable),
]
# What a mail server would accept is for it to say: this only tells an address from a slip.
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$"),
    AfterValidator(_is_printable),
]
LinkToken = Annotated[SecretStr, Field(min_length=1, max_length=200)]
NewPassword = Annotated[SecretStr, Field(max_length=10 * MAX_CHARACTERS)]
OldPassword = Annotated[SecretStr, Field(max_length=10 * MAX_CHARACTERS)]


class SignInRequest(RequestModel):
    email: Annotated[str, Field(max_length=254)]
    password: OldPassword


class LinkRequest(RequestModel):
    token: LinkToken


class FollowRequest(LinkRequest):
    """Name and password of a person who is new; the first one has an address too."""

    email: Email | None = None
    name: Line | None = None
    password: NewPassword | None = None


class LinkBody(CamelModel):
    kind: LinkKind
    email: str | None
    role: Role | None = Field(description="Of an invitation.")
    workspace: str | None = Field(description="Name of the workspace of an invitation.")
    has_account: bool = Field(
        description="Sign in first, then accept with POST /api/me/invitations."
    )


class WorkspaceBody(CamelModel):
    workspace_id: str
    name: str
    role: Role


class AccountBody(CamelModel):
    user_id: str
    email: str | None
    name: str | None
    scope: Scope = Field(description="What the token or session may do.")
    workspace: WorkspaceBody | None = Field(description="Null until one of several is chosen.")
    workspaces: list[WorkspaceBody]


class ChooseWorkspaceRequest(RequestModel):
    workspace_id: Annotated[str, Field(max_length=200)]


class WorkspaceRequest(RequestModel):
    name: Line


class PasswordRequest(RequestModel):
    current_password: OldPassword = Field(
        default=SecretStr(""), description="Not needed while there is none."
    )
    new_password: NewPassword = Field(description="12 to 256 characters, none of the last ten.")


class TokenRequest(RequestModel):
    scope: Scope = Scope.READ
    days: int = Field(default=90, ge=1, le=MAX_TOKEN_DAYS)
    label: Line | None = None


class CredentialBody(CamelModel):
    credential_id: str
    kind: CredentialKind
    scope: Scope
    email: str | None
    label: str | None
    user_agent: str | None
    address: str | None = Field(description="Where a session came from, as recoup sees it.")
    workspace_id: str | None
    created_at: Timestamp
    expires_at: Timestamp
    last_used_at: Timestamp | None = Field(description="To the minute.")
    is_current: bool


class CredentialsBody(CamelModel):
    credentials: list[CredentialBody]


class NewTokenBody(CamelModel):
    credential_id: str
    token: str = Field(description="Shown this once.")
    expires_at: Timestamp


class MemberBody(CamelModel):
    user_id: str
    email: str | None
    name: str | None
    role: Role
    since: Timestamp


class MembersBody(CamelModel):
    members: list[MemberBody]


class RoleRequest(RequestModel):
    role: Role


class InvitationRequest(RequestModel):
    email: Email
    role: Role = Role.VIEWER


class InvitationBody(CamelModel):
    invitation_id: str
    email: str
    role: Role
    expires_at: Timestamp


class NewInvitationBody(InvitationBody):
    link: str = Field(description="Shown this once; works once, for seven days.")


class InvitationsBody(CamelModel):
    invitations: list[InvitationBody]


def link_body(link: Link) -> LinkBody:
    if link.invitation is not None:
        return LinkBody(
            kind=link.kind,
            email=link.invitation.email,
            role=link.invitation.role,
            workspace=link.invitation.workspace_name,
            has_account=link.invitation.has_account,
        )
    return LinkBody(
        kind=link.kind,
        email=None if link.user is None else link.user.email,
        role=None,
        workspace=None,
        has_account=False,
    )


def account_body(caller: Caller) -> AccountBody:
    listed = [
        WorkspaceBody(workspace_id=one.workspace_id, name=one.name, role=one.role)
        for one in caller.memberships
    ]
    chosen = caller.membership and caller.membership.workspace_id
    return AccountBody(
        user_id=caller.user_id,
        email=caller.email,
        name=caller.name,
        scope=caller.scope,
        workspace=next((one for one in listed if one.workspace_id == chosen), None),
        workspaces=listed,
    )


def credential_body(credential: Credential, caller: Caller) -> CredentialBody:
    return CredentialBody(
        credential_id=credential.credential_id,
        kind=credential.kind,
        scope=credential.scope,
        email=credential.email,
        label=credential.label,
        user_agent=credential.user_agent,
        address=credential.address,
        workspace_id=credential.workspace_id,
        created_at=credential.created_at,
        expires_at=credential.expires_at,
        last_used_at=credential.last_used_at,
        is_current=credential.credential_id == caller.credential_id,
    )


def member_body(member: Member) -> MemberBody:
    return MemberBody(
        user_id=member.user_id,
        email=member.email,
        name=member.name,
        role=member.role,
        since=member.since,
    )


def invitation_body(invitation: Invitation) -> InvitationBody:
    return InvitationBody(
        invitation_id=invitation.invitation_id,
        email=invitation.email,
        role=invitation.role,
        expires_at=invitation.expires_at,
    )


def new_invitation_body(
    invitation_id: str, body: InvitationRequest, *, expires_at: datetime, link: str
) -> NewInvitationBody:
    return NewInvitationBody(
        invitation_id=invitation_id,
        email=body.email,
        role=body.role,
        expires_at=expires_at,
        link=link,
    )
