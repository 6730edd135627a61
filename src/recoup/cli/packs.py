"""`recoup packs`: claims as Seller Central takes them, on the database directly."""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.claims.lifecycle import Standing
from recoup.cli.choice import AnyConnectionOption, UserOption, choose_workspace
from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import JsonOption, align, say, show, write_file
from recoup.cli.storage import on_database
from recoup.clock import utc_now
from recoup.ids import ConnectionId, UserId

if TYPE_CHECKING:
    from recoup.claims.bodies.pack import PackBody, PackSummaryBody
    from recoup.claims.packs.filing import FiledPack
    from recoup.claims.packs.grouping import Group
    from recoup.db.engine import Database

app = typer.Typer(help="Show claims grouped as Seller Central takes them, and mark them as filed.")

PackArgument = Annotated[
    str, typer.Argument(metavar="PACK_ID", help="Pack id, or the beginning of one.")
]
StandingOption = Annotated[
    Standing,
    typer.Option(
        "--standing", help="owed, or toReview and windowUnknown, which need a check first."
    ),
]
_HEADER = ("pack", "what", "marketplace", "claims", "amount", "days left", "missing")
_SHORT_ID = 8
_PREFIX = "pack_"


class PackForm(enum.StrEnum):
    """The format of a pack."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    CSV = "csv"


@app.command("list")
def list_(
    *,
    standing: StandingOption = Standing.OWED,
    user: UserOption = None,
    connection: AnyConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """List packs of claims that can be filed today, most urgent first."""
    found = on_database(enter(), lambda database: _list(database, user, connection, standing))
    rows = [_cells(one) for one in found]
    lines = align(_HEADER, rows) if rows else ["No packs."]
    show([one.document() for one in found], as_json=as_json, lines=lines)


@app.command("show")
def show_(
    pack_id: PackArgument,
    *,
    form: Annotated[
        PackForm,
        typer.Option(
            "--format", help="Output format; `html` is a page to print, `csv` the claims."
        ),
    ] = PackForm.TEXT,
    user: UserOption = None,
) -> None:
    """Show where to click, what to check, the text to paste and what to attach."""
    pack = on_database(enter(), lambda database: _read(database, user, pack_id))
    if form is PackForm.TEXT:
        from recoup.claims.bodies.pack_lines import pack_lines

        say(*pack_lines(pack))
    else:
        write_file(_bytes(pack, form))


@app.command("filed")
def filed(
    pack_id: PackArgument,
    *,
    case_id: Annotated[str, typer.Option("--case", metavar="CASE_ID", help="Amazon's case id.")],
    version: Annotated[
        str | None,
        typer.Option(
            "--version",
            help="Version that `show` printed. Unset: nothing is filed if a claim changed in the last 24 hours.",
        ),
    ] = None,
    user: UserOption = None,
) -> None:
    """Mark all claims of a pack as filed under a case. Nothing is sent to Amazon."""
    case_id = case_id.strip()
    if not case_id:
        raise typer.BadParameter("--case must not be empty.")
    done = on_database(enter(), lambda database: _file(database, user, pack_id, case_id, version))
    number = len(done.filing.claims)
    claims = "1 claim" if number == 1 else f"{number:,} claims"
    before = " (recorded before)" if done.is_repeat else ""
    say(f"{claims} filed under case {done.filing.case_id}{before}.")


async def _list(
    database: Database, user: str | None, connection: str | None, standing: Standing
) -> list[PackSummaryBody]:
    from recoup.claims.bodies.pack import pack_summary_body
    from recoup.claims.packs.reading import read_groups, read_packs
    from recoup.connections.queries import get_connection

    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
        named = None if connection is None else ConnectionId(connection)
        if named is not None:
            await get_connection(conn, workspace_id, named)
        found = await read_groups(
            conn, workspace_id, utc_now(), connection_id=named, standing=standing
        )
        return [pack_summary_body(one) for one in await read_packs(conn, found.groups)]


async def _read(database: Database, user: str | None, beginning: str) -> PackBody:
    from recoup.claims.bodies.pack import pack_body
    from recoup.claims.packs.queries import list_filings
    from recoup.claims.packs.reading import read_groups, read_pack

    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
        found = await read_groups(conn, workspace_id, utc_now())
        whole = _whole(beginning, [group.key.pack_id for group in found.groups])
        pack = await read_pack(conn, workspace_id, whole, utc_now())
        return pack_body(pack, await list_filings(conn, workspace_id, whole))


async def _file(
    database: Database, user: str | None, beginning: str, case_id: str, version: str | None
) -> FiledPack:
    from recoup.audit.queries import record
    from recoup.audit.words import Action
    from recoup.claims.packs.filing import file_pack
    from recoup.claims.packs.reading import read_groups

    async with database.writing() as conn:
        workspace_id = await choose_workspace(conn, user)
        found = await read_groups(conn, workspace_id, utc_now())
        whole = _whole(beginning, [group.key.pack_id for group in found.groups])
        done = await file_pack(
            conn,
            workspace_id,
            whole,
            case_id,
            read=None if version is None else _as_read(found.groups, whole, version),
            who=UserId("recoup"),
            now=utc_now(),
        )
        if not done.is_repeat:
            claims = sorted(done.filing.claims)
            await record(
                conn,
                Action.PACK_FILED,
                whole,
                workspace_id=workspace_id,
                case_id=case_id,
                claims=claims,
            )
    return done


def _as_read(groups: list[Group], pack_id: str, version: str) -> dict[str, str] | None:
    """The versions of the claims; None where none is left. Raises CommandError for another version."""
    from recoup.claims.packs.filing import versions_of
    from recoup.claims.packs.grouping import version_of_all

    claims = next((group.claims for group in groups if group.key.pack_id == pack_id), ())
    versions = versions_of(claims)
    if not versions:
        return None
    if version_of_all(versions) != version:
        raise CommandError(
            "The pack changed since it was read, so nothing was marked as filed: see "
            f"`recoup packs show {pack_id}`."
        )
    return versions


def _whole(beginning: str, pack_ids: list[str]) -> str:
    """The id that begins so; what begins none is looked up as it is."""
    ways = (beginning, f"{_PREFIX}{beginning}")
    found = [one for one in pack_ids if one.startswith(ways)]
    if len(found) > 1 and beginning not in found:
        raise CommandError(
            f"Several packs begin with {beginning}: enter more characters of the id."
        )
    return found[0] if len(found) == 1 else beginning


def _bytes(pack: PackBody, form: PackForm) -> bytes:
    from recoup.api.body_csv import pack_csv
    from recoup.api.pack_page import render_pack

    if form is PackForm.CSV:
        return pack_csv(pack)
    if form is PackForm.HTML:
        return render_pack(pack).encode()
    return json.dumps(pack.document(), indent=2, ensure_ascii=False).encode() + b"\n"


def _cells(pack: PackSummaryBody) -> tuple[object, ...]:
    short = pack.pack_id.removeprefix(_PREFIX)[:_SHORT_ID]
    amount = "?" if pack.amount is None else str(pack.amount)
    more = f" + {pack.unvalued_count} unknown" if pack.amount and pack.unvalued_count else ""
    return (
        short,
        pack.title,
        pack.marketplace,
        pack.claim_count,
        f"{amount}{more}",
        pack.days_left,
        len(pack.missing) or "",
    )
