"""`recoup token`: the sessions and tokens that open recoup, and ending them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, align, say, show
from recoup.cli.storage import fitting_database, opened
from recoup.clock import to_rfc3339

if TYPE_CHECKING:
    from recoup.users.credential_queries import Credential

app = typer.Typer(help="List and revoke sessions and tokens. `recoup user token` creates tokens.")


@app.command("list")
def list_(
    *,
    user: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="List only those of this user.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the sessions and tokens that can be used, without their secrets.

    Those that have expired, were revoked or ended with `recoup keys rotate` are not listed.
    """
    settings = enter()
    with fitting_database(settings) as url:
        found = asyncio.run(_list(url, user, settings.keys[0]))
    header = ("id", "user", "kind", "scope", "label", "expires", "last used")
    rows = [
        (
            *(one.credential_id, one.email or one.user_id, one.kind, one.scope),
            *(one.label or one.user_agent, to_rfc3339(one.expires_at)),
            one.last_used_at and to_rfc3339(one.last_used_at),
        )
        for one in found
    ]
    lines = align(header, rows) if rows else ["There are no sessions and no tokens."]
    show([_record(one) for one in found], as_json=as_json, lines=lines)


@app.command("revoke")
def revoke(
    credential_id: Annotated[str, typer.Argument(metavar="ID", help="Id in `recoup token list`.")],
) -> None:
    """End a session or token. The next request with it is refused."""
    with fitting_database(enter()) as url:
        asyncio.run(_revoke(url, credential_id))
    say(f"Revoked {credential_id}.")


def _record(one: Credential) -> dict[str, object]:
    return {
        "credentialId": one.credential_id,
        "userId": one.user_id,
        "email": one.email,
        "kind": one.kind,
        "scope": one.scope,
        "label": one.label,
        "userAgent": one.user_agent,
        "address": one.address,
        "workspaceId": one.workspace_id,
        "createdAt": to_rfc3339(one.created_at),
        "expiresAt": to_rfc3339(one.expires_at),
        "lastUsedAt": one.last_used_at and to_rfc3339(one.last_used_at),
    }


async def _list(url: str, user: str | None, key: str) -> list[Credential]:
    from recoup.users.credential_queries import list_credentials
    from recoup.users.queries import get_user

    async with opened(url) as database, database.reading() as conn:
        of = None if user is None else (await get_user(conn, user)).user_id
        return await list_credentials(conn, key=key, of=of)


async def _revoke(url: str, credential_id: str) -> None:
    from recoup.audit.queries import record_of_person
    from recoup.audit.words import Action
    from recoup.users.credential_queries import revoke_credential

    async with opened(url) as database, database.writing() as conn:
        user_id = await revoke_credential(conn, credential_id)
        await record_of_person(conn, user_id, Action.CREDENTIAL_REVOKED, credential_id)
