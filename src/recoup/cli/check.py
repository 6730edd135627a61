"""`recoup check`: claims from reports that were downloaded by hand, without an account or a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.choice import UserOption, choose_workspace
from recoup.cli.claims_table import print_claims
from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import JsonOption, align, hint, say, show
from recoup.cli.storage import fitting_database, opened
from recoup.sync.files.days import DayOrder

if TYPE_CHECKING:
    from recoup.claims.bodies.claim import ClaimBody
    from recoup.claims.bodies.totals import SelectionTotals
    from recoup.config import Settings
    from recoup.db.engine import Database
    from recoup.ids import WorkspaceId
    from recoup.sync.files.archive import GivenFile
    from recoup.sync.files.bodies import CheckBody, LoadedBody
    from recoup.sync.files.load import Told

_EMAIL = "check@recoup.invalid"
_FILES_HEADER = ("file", "report", "language", "days", "rows", "new", "unreadable")


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check. refused: one line for each file that is no report."""

    files: list[LoadedBody]
    refused: list[str]
    check: CheckBody | None
    items: list[ClaimBody]
    totals: SelectionTotals | None

    def document(self) -> dict[str, object]:
        return {
            "files": [one.document() for one in self.files],
            "refused": self.refused,
            "rules": [] if self.check is None else self.check.document()["rules"],
            "items": [one.document() for one in self.items],
            "totals": None if self.totals is None else self.totals.document(),
        }


def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Reports, also as .gz or .zip.", exists=True, dir_okay=False
        ),
    ],
    *,
    marketplace: Annotated[
        list[str] | None,
        typer.Option(
            "--marketplace",
            metavar="COUNTRY",
            help="Country where you sell, such as DE; can be repeated. Unset: as stated in the files.",
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="First day that you chose in Seller Central. Unset: the days of each file's rows.",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--to",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Last day that you chose in Seller Central.",
        ),
    ] = None,
    days: Annotated[
        DayOrder,
        typer.Option(
            "--days", help="Order in dates such as 03/04/2026, if a file does not show it."
        ),
    ] = DayOrder.UNKNOWN,
    name: Annotated[
        str, typer.Option("--name", help="With --keep: name of the account.", show_default=False)
    ] = "",
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep everything in recoup's database, for the dashboard."),
    ] = False,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find claims in reports downloaded in Seller Central; nothing leaves this machine.

    A file is recognised by its headings, in English, German, French, Italian, Spanish or Japanese.
    """
    from recoup.sync.files.load import Told

    if (since is None) != (until is None):
        raise typer.BadParameter("--from and --to belong together.")
    if since is not None and until is not None and since > until:
        raise typer.BadParameter("--from is after --to.")
    told = Told(
        days=None if since is None or until is None else (since.date(), until.date()),
        order=days,
    )
    places = _marketplaces(marketplace or [])
    with _database(enter(), keep=keep) as url:
        found = asyncio.run(_run(url, files, told, places, name=name, keep=keep, user=user))
    _print(found, as_json=as_json)
    if found.check is None:
        raise CommandError("None of the files is a report that recoup knows.")
    if found.refused:
        raise typer.Exit(1)


def _marketplaces(named: Sequence[str]) -> tuple[str, ...]:
    from recoup.sync.files.marketplaces import marketplace_named

    found = []
    for word in named:
        place = marketplace_named(word)
        if place is None:
            raise typer.BadParameter(
                f"{word} is no marketplace of Amazon: name a country, such as DE."
            )
        found.append(place)
    return tuple(found)


@contextmanager
def _database(settings: Settings, *, keep: bool) -> Iterator[str]:
    """recoup's own database, or one that is gone afterwards."""
    from recoup.cli.demo_database import demo_database

    if keep:
        with fitting_database(settings) as url:
            yield url
        return
    with demo_database(settings.data_dir / "check") as url:
        yield url


async def _run(
    url: str,
    files: Sequence[Path],
    told: Told,
    places: tuple[str, ...],
    *,
    name: str,
    keep: bool,
    user: str | None,
) -> Checked:
    from recoup.ids import first_workspace_id
    from recoup.users.queries import add_user

    async with opened(url) as database:
        async with database.writing() as conn:
            if keep:
                workspace_id = await choose_workspace(conn, user)
            else:
                workspace_id = first_workspace_id((await add_user(conn, _EMAIL)).user_id)
        return await _check(database, workspace_id, files, told, places, name=name)


async def _check(
    database: Database,
    workspace_id: WorkspaceId,
    paths: Sequence[Path],
    told: Told,
    places: tuple[str, ...],
    *,
    name: str,
) -> Checked:
    from recoup.claims.bodies.claim import claim_body
    from recoup.claims.bodies.totals import selection_totals_body
    from recoup.claims.detection.detect import detect
    from recoup.claims.detection.window_and_value import last_local_day, list_found, total_found
    from recoup.clock import utc_now
    from recoup.errors import FileRefusedError
    from recoup.sync.files.account import DEFAULT_NAME, open_account
    from recoup.sync.files.bodies import loaded_body, read_check
    from recoup.sync.files.load import load_given
    from recoup.sync.files.look import look_at

    loaded: list[LoadedBody] = []
    refused: list[str] = []
    with ExitStack() as stack:
        given: list[GivenFile] = []
        for path in paths:
            _open(path, stack, given, refused)
        seen = await asyncio.to_thread(look_at, given, told.order)
        refused += seen.refused
        if not seen.files:
            return Checked([], refused, None, [], None)
        async with database.writing() as conn:
            account = await open_account(
                conn,
                workspace_id,
                name=name or DEFAULT_NAME,
                marketplace_ids=places or seen.marketplace_ids,
            )
        for one in seen.files:
            try:
                outcome = await load_given(database, account, one, told, now=utc_now())
            except FileRefusedError as exc:
                refused.append(str(exc))
            else:
                loaded.append(loaded_body(outcome, account))
    async with database.writing() as conn:
        day = await last_local_day(conn, account.connection_id, utc_now())
        await detect(conn, account.connection_id, day)
        return Checked(
            files=loaded,
            refused=refused,
            check=await read_check(conn, account, day),
            items=[claim_body(row) for row in await list_found(conn, day)],
            totals=selection_totals_body(await total_found(conn, day)),
        )


def _open(path: Path, stack: ExitStack, given: list[GivenFile], refused: list[str]) -> None:
    """Adds the files in a path, each open until the stack ends."""
    from recoup.errors import FileRefusedError
    from recoup.sync.files.archive import GivenFile, files_in

    file = stack.enter_context(path.open("rb"))
    try:
        given += files_in(GivenFile(path.name, file), stack)
    except FileRefusedError as exc:
        refused.append(str(exc))


def _print(found: Checked, *, as_json: bool) -> None:
    if as_json:
        show(found.document(), as_json=True, lines=[])
    else:
        if found.files:
            say(*align(_FILES_HEADER, [_file_cells(one) for one in found.files]), "")
        if found.totals is not None:
            print_claims(found.items, found.totals)
        if found.check is not None:
            say("", *missing_lines(found.check))
    for line in found.refused:
        hint(line)


def _file_cells(one: LoadedBody) -> tuple[object, ...]:
    days = "now" if one.first_on is None else f"{one.first_on} to {one.last_on}"
    return (
        one.name,
        one.title,
        one.language,
        days,
        one.rows_read,
        "loaded before" if one.already_loaded else one.rows,
        one.rows_quarantined,
    )


def missing_lines(check: CheckBody) -> list[str]:
    """What was searched, and for every other type the reports to download."""
    lines = []
    for rule in check.rules:
        if rule.is_searched:
            days = f" from {rule.first_on}" if rule.first_on else ""
            days += f" to {rule.last_on}" if rule.last_on else ""
            lines.append(f"Searched: {rule.title}{days}")
    for rule in check.rules:
        if not rule.is_searched:
            lines += ["", f"Not searched: {rule.title}"]
            lines += [f"  {one.why}{_where(one.path, one.hint)}" for one in rule.missing]
    return lines


def _where(path: str | None, hint_: str) -> str:
    if path is None:
        return ""
    return f" Download it under {path}{f' ({hint_})' if hint_ else ''}."
