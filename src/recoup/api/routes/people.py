"""The people of a workspace: who belongs to it, who is invited, and what their tokens are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path

from recoup.api.openapi import may_fail
from recoup.api.parameters import Identifier
from recoup.api.people_bodies import (
    CredentialsBody,
    InvitationRequest,
    InvitationsBody,
    MembersBody,
    NewInvitationBody,
    RoleRequest,
    WorkspaceRequest,
    credential_body,
    invitation_body,
    member_body,
    new_invitation_body,
)
from recoup.api.services import CurrentCaller, CurrentWorkspace, ServicesOfApp
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.clock import utc_now
from recoup.errors import ConflictError, NotFoundError, RoleTooSmallError
from recoup.ids import UserId
from recoup.users.credential_queries import list_credentials, revoke_credential
from recoup.users.link_queries import (
    INVITATION_LIFETIME,
    add_invitation,
    list_invitations,
    withdraw_invitation,
)
from recoup.users.links import address_of
from recoup.users.tokens import new_secret
from recoup.users.workspace_queries import (
    list_members,
    remove_member,
    rename_workspace,
    set_role,
)

router = APIRouter(prefix="/api/workspace", tags=["people"])


@router.patch("", status_code=204, responses=may_fail(write=True), summary="Rename the workspace")
async def patch_workspace(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    body: Annotated[WorkspaceRequest, Body()],
) -> None:
    async with services.database.writing() as conn:
        await rename_workspace(conn, workspace_id, body.name)
        await record(conn, Action.WORKSPACE_RENAMED, body.name)


@router.get("/members", responses=may_fail(), summary="Who belongs to the workspace")
async def get_members(services: ServicesOfApp, workspace_id: CurrentWorkspace) -> MembersBody:
    async with services.database.reading() as conn:
        found = await list_members(conn, workspace_id)
    return MembersBody(members=[member_body(one) for one in found])


@router.patch(
    "/members/{userId}",
    status_code=204,
    responses=may_fail(NotFoundError, ConflictError, write=True),
    summary="Change a person's role",
)
async def patch_member(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    user_id: Annotated[Identifier, Path(alias="userId")],
    body: Annotated[RoleRequest, Body()],
) -> None:
    """Counts from the person's next request on. One owner must remain."""
    async with services.database.writing() as conn:
        member = await set_role(conn, workspace_id, UserId(user_id), body.role)
        await record(conn, Action.ROLE_CHANGED, member.title, role=body.role)


@router.delete(
    "/members/{userId}",
    status_code=204,
    responses=may_fail(NotFoundError, ConflictError, write=True),
    summary="Remove a person from the workspace",
)
async def delete_member(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    user_id: Annotated[Identifier, Path(alias="userId")],
) -> None:
    """The person's account stays. One owner must remain."""
    async with services.database.writing() as conn:
        member = await remove_member(conn, workspace_id, UserId(user_id))
        await record(conn, Action.MEMBER_REMOVED, member.title)


@router.get("/invitations", responses=may_fail(RoleTooSmallError), summary="Open invitations")
async def get_invitations(
    services: ServicesOfApp, workspace_id: CurrentWorkspace
) -> InvitationsBody:
    async with services.database.reading() as conn:
        found = await list_invitations(conn, workspace_id, now=utc_now())
    return InvitationsBody(invitations=[invitation_body(one) for one in found])


@router.post(
    "/invitations",
    status_code=201,
    responses=may_fail(write=True),
    summary="Invite a person by a link",
)
async def post_invitation(
    services: ServicesOfApp, caller: CurrentCaller, body: Annotated[InvitationRequest, Body()]
) -> NewInvitationBody:
    """recoup mails no invitations: give the link to the person. It replaces an earlier one."""
    secret, expires_at = new_secret(), utc_now() + INVITATION_LIFETIME
    async with services.database.writing() as conn:
        invitation_id = await add_invitation(
            conn,
            caller.workspace_id,
            secret,
            email=body.email,
            role=body.role,
            invited_by=caller.user_id,
            expires_at=expires_at,
        )
        await record(conn, Action.INVITATION_MADE, body.email, role=body.role)
    link = address_of(secret, services.settings.public_url)
    return new_invitation_body(invitation_id, body, expires_at=expires_at, link=link)


@router.delete(
    "/invitations/{invitationId}",
    status_code=204,
    responses=may_fail(NotFoundError, write=True),
    summary="Withdraw an invitation",
)
async def delete_invitation(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    invitation_id: Annotated[Identifier, Path(alias="invitationId")],
) -> None:
    async with services.database.writing() as conn:
        await withdraw_invitation(conn, workspace_id, invitation_id)
        await record(conn, Action.INVITATION_WITHDRAWN, invitation_id)


@router.get(
    "/credentials",
    responses=may_fail(RoleTooSmallError),
    summary="Tokens and sessions of the workspace's people",
)
async def get_credentials_of_people(
    services: ServicesOfApp, caller: CurrentCaller
) -> CredentialsBody:
    """Not those of a person who belongs to other workspaces too, except tokens for this one only."""
    async with services.door.reading() as conn:
        found = await list_credentials(
            conn, key=services.settings.keys[0], workspace_id=caller.workspace_id
        )
    return CredentialsBody(credentials=[credential_body(one, caller) for one in found])


@router.delete(
    "/credentials/{credentialId}",
    status_code=204,
    responses=may_fail(NotFoundError, write=True),
    summary="End a token or session of the workspace's people",
)
async def delete_credential_of_person(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    credential_id: Annotated[Identifier, Path(alias="credentialId")],
) -> None:
    async with services.door.writing() as conn:
        await revoke_credential(conn, credential_id, workspace_id=workspace_id)
        await record(conn, Action.CREDENTIAL_REVOKED, credential_id)
