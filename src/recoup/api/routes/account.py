"""A person's own account: password, sessions, tokens, and the workspaces it belongs to."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path

from recoup.api.openapi import may_fail
from recoup.api.parameters import Identifier
from recoup.api.people_bodies import (
    AccountBody,
    ChooseWorkspaceRequest,
    CredentialsBody,
    LinkRequest,
    NewTokenBody,
    PasswordRequest,
    TokenRequest,
    WorkspaceBody,
    WorkspaceRequest,
    account_body,
    credential_body,
)
from recoup.api.services import CurrentCaller, CurrentUser, ServicesOfApp
from recoup.audit.queries import record, record_of_person
from recoup.audit.words import Action
from recoup.clock import utc_now
from recoup.errors import (
    ConfinedTokenError,
    ConflictError,
    LockedOutError,
    NotFoundError,
    WeakPasswordError,
)
from recoup.ids import WorkspaceId, new_workspace_id
from recoup.users.caller import Caller, CredentialKind
from recoup.users.credential_queries import (
    list_credentials,
    revoke_credential,
    set_current_workspace,
)
from recoup.users.links import join
from recoup.users.roles import Role
from recoup.users.sign_in import change_password
from recoup.users.token_queries import add_token, require_room_for_token
from recoup.users.tokens import Secret
from recoup.users.workspace_queries import add_workspace, require_room_for_workspace

router = APIRouter(prefix="/api/me", tags=["account"])


@router.get("", responses=may_fail(), summary="Who is signed in")
async def get_account(caller: CurrentCaller) -> AccountBody:
    return account_body(caller)


@router.put(
    "/workspace",
    responses=may_fail(NotFoundError, ConflictError, write=True),
    summary="Choose the workspace of this session",
)
async def choose_workspace(
    services: ServicesOfApp, caller: CurrentCaller, body: Annotated[ChooseWorkspaceRequest, Body()]
) -> AccountBody:
    """Only for a person of several. Programs send the header Recoup-Workspace instead."""
    chosen = caller.choosing(body.workspace_id)
    if caller.kind is not CredentialKind.SESSION or caller.credential_id is None:
        raise ConflictError("A token has no current workspace: send the header Recoup-Workspace.")
    async with services.door.writing() as conn:
        await set_current_workspace(conn, caller.credential_id, chosen.workspace_id)
    return account_body(chosen)


@router.post(
    "/workspaces",
    status_code=201,
    responses=may_fail(ConfinedTokenError, ConflictError, write=True),
    summary="Make another workspace",
)
async def post_workspace(
    services: ServicesOfApp, user_id: CurrentUser, body: Annotated[WorkspaceRequest, Body()]
) -> WorkspaceBody:
    """You are its owner. An agency makes one for each seller whose people must not see the others."""
    workspace_id = new_workspace_id()
    async with services.door.writing() as conn:
        await require_room_for_workspace(conn, user_id)
        await add_workspace(conn, workspace_id, name=body.name, owner=user_id)
        await record(conn, Action.WORKSPACE_MADE, body.name, workspace_id=workspace_id)
    return WorkspaceBody(workspace_id=workspace_id, name=body.name, role=Role.OWNER)


@router.post(
    "/invitations",
    responses=may_fail(ConfinedTokenError, ConflictError, write=True),
    summary="Accept an invitation",
)
async def accept_invitation(
    services: ServicesOfApp, caller: CurrentCaller, body: Annotated[LinkRequest, Body()]
) -> WorkspaceBody:
    """For a person who has an account; others follow the link."""
    secret = Secret(body.token.get_secret_value())
    joined = await join(services.door, caller, secret, now=utc_now())
    return WorkspaceBody(
        workspace_id=joined.workspace_id, name=joined.workspace_name, role=joined.role
    )


@router.post(
    "/password",
    status_code=204,
    responses=may_fail(ConfinedTokenError, WeakPasswordError, LockedOutError, write=True),
    summary="Change the password",
)
async def post_password(
    services: ServicesOfApp, caller: CurrentCaller, body: Annotated[PasswordRequest, Body()]
) -> None:
    """Ends all other sessions; tokens stay until they are revoked."""
    await change_password(
        services.door,
        services.passwords,
        caller.user_id,
        body.current_password.get_secret_value(),
        body.new_password.get_secret_value(),
        keep=caller.credential_id,
    )


@router.get("/credentials", responses=may_fail(), summary="Own sessions and tokens")
async def get_credentials(services: ServicesOfApp, caller: CurrentCaller) -> CredentialsBody:
    async with services.door.reading() as conn:
        found = await list_credentials(
            conn,
            key=services.settings.keys[0],
            of=caller.user_id,
            workspace_id=_only_workspace(caller),
        )
    return CredentialsBody(credentials=[credential_body(one, caller) for one in found])


@router.post(
    "/credentials",
    status_code=201,
    responses=may_fail(ConflictError, write=True),
    summary="Make a token for a program",
)
async def post_token(
    services: ServicesOfApp, caller: CurrentCaller, body: Annotated[TokenRequest, Body()]
) -> NewTokenBody:
    """It opens the workspace that it is made in and no other."""
    async with services.door.writing() as conn:
        key = services.settings.keys[0]
        await require_room_for_token(conn, caller.user_id, key=key)
        new = await add_token(
            conn,
            caller.user_id,
            key=key,
            scope=body.scope,
            workspace_id=caller.workspace_id,
            label=body.label,
            expires_at=utc_now() + timedelta(days=body.days),
        )
        await record(conn, Action.TOKEN_MADE, new.credential_id, scope=body.scope, label=body.label)
    return NewTokenBody(credential_id=new.credential_id, token=new.text, expires_at=new.expires_at)


@router.delete(
    "/credentials/{credentialId}",
    status_code=204,
    responses=may_fail(NotFoundError, write=True),
    summary="End an own session or token",
)
async def delete_credential(
    services: ServicesOfApp,
    caller: CurrentCaller,
    credential_id: Annotated[Identifier, Path(alias="credentialId")],
) -> None:
    async with services.door.writing() as conn:
        await revoke_credential(
            conn, credential_id, of=caller.user_id, workspace_id=_only_workspace(caller)
        )
        await record_of_person(conn, caller.user_id, Action.CREDENTIAL_REVOKED, credential_id)


def _only_workspace(caller: Caller) -> WorkspaceId | None:
    """That of a token for one workspace; None for who may see to all of the person's credentials."""
    return caller.workspace_id if caller.is_confined else None
