"""`recoup proofs`: invoices, proofs of delivery and other documents that Amazon demands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.claims.proofs.kinds import ProofKind, Subject, SubjectKind
from recoup.cli.choice import OneConnectionOption, UserOption, choose_workspace
from recoup.cli.entrance import enter
from recoup.cli.output import JsonOption, align, say, show
from recoup.cli.storage import on_database
from recoup.ids import ConnectionId, UserId

if TYPE_CHECKING:
    from recoup.claims.bodies.proof import ProofBody
    from recoup.db.engine import Database

app = typer.Typer(help="Store the documents that packs need: once for each product or order.")

_HEADER = ("document", "kind", "about", "file", "KB")
_MOST = 10_000


@app.command("list")
def list_(*, user: UserOption = None, as_json: JsonOption = False) -> None:
    """List the stored documents."""
    found = on_database(enter(), lambda database: _list(database, user))
    rows = [
        (one.proof_id, one.kind, f"{one.subject_kind} {one.subject}", one.file_name, _size(one))
        for one in found
    ]
    lines = align(_HEADER, rows) if rows else ["No documents are stored."]
    show([one.document() for one in found], as_json=as_json, lines=lines)


@app.command("add")
def add(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="PDF, PNG or JPEG, at most 5 MB.")
    ],
    *,
    kind: Annotated[ProofKind, typer.Option("--kind", help="What the document is.")],
    about: Annotated[SubjectKind, typer.Option("--about", help="What it is about.")],
    code: Annotated[
        str, typer.Option("--code", help="SKU, FNSKU, shipment or order that it is about.")
    ],
    connection: OneConnectionOption = None,
    user: UserOption = None,
) -> None:
    """Store a document. The same file is stored only once for the same subject."""
    if not code.strip():
        raise typer.BadParameter("--code must not be empty.")
    subject = Subject(about, code.strip())
    stored, is_new = on_database(
        enter(), lambda database: _add(database, user, connection, file, kind, subject)
    )
    say(f"{'Stored' if is_new else 'Already stored'}: {stored.proof_id}, {stored.file_name}.")


@app.command("delete")
def delete(
    proof_id: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Id of the document.")],
    *,
    user: UserOption = None,
) -> None:
    """Delete a stored document."""
    on_database(enter(), lambda database: _delete(database, user, proof_id))
    say(f"Deleted {proof_id}.")


async def _list(database: Database, user: str | None) -> list[ProofBody]:
    from recoup.claims.bodies.proof import proof_body
    from recoup.claims.proofs.queries import ProofSelection, list_proofs

    async with database.reading() as conn:
        selection = ProofSelection(await choose_workspace(conn, user))
        return [proof_body(row) for row in await list_proofs(conn, selection, limit=_MOST)]


async def _add(
    database: Database,
    user: str | None,
    named: str | None,
    path: Path,
    kind: ProofKind,
    subject: Subject,
) -> tuple[ProofBody, bool]:
    from recoup.audit.queries import record
    from recoup.audit.words import Action
    from recoup.claims.bodies.proof import proof_body
    from recoup.claims.proofs.queries import add_proof
    from recoup.claims.proofs.upload import MOST_BYTES, check_file
    from recoup.connections.queries import choose_connection

    with path.open("rb") as opened:
        file = check_file(opened.read(MOST_BYTES + 1), path.name)
    async with database.writing() as conn:
        workspace_id = await choose_workspace(conn, user)
        connection = await choose_connection(
            conn, workspace_id, None if named is None else ConnectionId(named)
        )
        row, is_new = await add_proof(
            conn, connection.connection_id, kind, subject, file, who=UserId("recoup")
        )
        if is_new:
            told = f"{subject.kind} {subject.code}"
            await record(
                conn,
                Action.PROOF_ADDED,
                row.proof_id,
                workspace_id=workspace_id,
                kind=kind,
                about=told,
            )
    return proof_body(row), is_new


async def _delete(database: Database, user: str | None, proof_id: str) -> None:
    from recoup.audit.queries import record
    from recoup.audit.words import Action
    from recoup.claims.proofs.queries import delete_proof

    async with database.writing() as conn:
        workspace_id = await choose_workspace(conn, user)
        await delete_proof(conn, workspace_id, proof_id)
        await record(conn, Action.PROOF_DELETED, proof_id, workspace_id=workspace_id)


def _size(one: ProofBody) -> int:
    return max(1, one.size_bytes // 1024)
