"""Queries of the proof store. Lists never read the content of a file."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert

from recoup.claims.proofs.kinds import ProofKind, Subject, SubjectKind
from recoup.claims.proofs.tables import proof, proof_file
from recoup.claims.proofs.upload import MOST_BYTES_OF_ACCOUNT, CheckedFile
from recoup.claims.tables import sourcing_cost
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.errors import ConflictError, NotFoundError
from recoup.ids import ConnectionId, UserId, WorkspaceId

_p, _f = proof.c, proof_file.c


@dataclass(frozen=True, slots=True)
class ProofRow:
    """A stored document, without its content."""

    proof_id: str
    connection_id: ConnectionId
    kind: ProofKind
    subject: Subject
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class ProofSelection:
    """The chosen documents of a workspace; None: any."""

    workspace_id: WorkspaceId
    connection_id: ConnectionId | None = None
    subject_kind: SubjectKind | None = None
    subject: str | None = None


async def list_proofs(
    conn: Reader, selection: ProofSelection, *, limit: int, after: str | None = None
) -> list[ProofRow]:
    """By id, which is the order in which pages follow."""
    chosen = _select_proofs().where(*_conditions(selection)).order_by(_p.proof_id).limit(limit)
    if after is not None:
        chosen = chosen.where(_p.proof_id > after)
    return [_proof_row(row) for row in (await conn.execute(chosen)).mappings()]


async def list_proofs_about(
    conn: Reader, connection_id: ConnectionId, subjects: Iterable[Subject]
) -> list[ProofRow]:
    """All documents about any of the subjects, the newest first."""
    codes = sorted({subject.code for subject in subjects})
    wanted = set(subjects)
    rows = await conn.execute(
        _select_proofs()
        .where(_p.connection_id == connection_id, _p.subject.in_(codes))
        .order_by(_p.added_at.desc(), _p.proof_id)
    )
    found = [_proof_row(row) for row in rows.mappings()]
    return [one for one in found if one.subject in wanted]


async def list_purchase_orders(
    conn: Reader, connection_id: ConnectionId, products: Iterable[str]
) -> dict[str, set[str]]:
    """The purchase orders that the sourcing costs of products name as their invoice, by code."""
    c = sourcing_cost.c
    codes = sorted(set(products))
    found: dict[str, set[str]] = {}
    for column in (c.sku, c.fnsku):
        rows = await conn.execute(
            select(column, c.invoice_reference)
            .where(c.connection_id == connection_id, column.in_(codes), column != "")
            .where(c.invoice_reference.is_not(None))
        )
        for code, reference in rows:
            found.setdefault(code, set()).add(reference)
    return found


async def add_proof(
    conn: Writer,
    connection_id: ConnectionId,
    kind: ProofKind,
    subject: Subject,
    file: CheckedFile,
    *,
    who: UserId,
) -> tuple[ProofRow, bool]:
    """Stores a document, and whether it is new: the same file for the same subject is one document.

    Raises ConflictError where the account has no room left.
    """
    # One upload after the other, so that two cannot share the last room.
    await conn.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"proofs {connection_id}"},
    )
    await _require_room(conn, connection_id, file)
    await conn.execute(
        insert(proof_file)
        .values(
            connection_id=connection_id,
            sha256=file.sha256,
            media_type=file.media_type,
            size_bytes=len(file.content),
            content=file.content,
        )
        .on_conflict_do_nothing()
    )
    added = await conn.execute(
        insert(proof)
        .values(
            proof_id=f"proof_{secrets.token_hex(10)}",
            connection_id=connection_id,
            kind=kind,
            subject_kind=subject.kind,
            subject=subject.code,
            sha256=file.sha256,
            file_name=file.name,
            added_by=who,
        )
        .on_conflict_do_nothing()
        .returning(_p.proof_id)
    )
    is_new = added.scalar_one_or_none() is not None
    stored = await conn.execute(
        _select_proofs().where(
            _p.connection_id == connection_id,
            _p.subject_kind == subject.kind,
            _p.subject == subject.code,
            _p.kind == kind,
            _p.sha256 == file.sha256,
        )
    )
    return _proof_row(stored.mappings().one()), is_new


async def read_proof(
    conn: Reader, workspace_id: WorkspaceId, proof_id: str
) -> tuple[ProofRow, bytes]:
    """The document with its content. Raises NotFoundError."""
    statement = _select_proofs(_f.content).where(_p.proof_id == proof_id, _mine(workspace_id))
    row = (await conn.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such document.", listed_by="proofs list")
    return _proof_row(row), bytes(row["content"])


async def delete_proof(conn: Writer, workspace_id: WorkspaceId, proof_id: str) -> ConnectionId:
    """Deletes a document, and its file where nothing else needs it. Raises NotFoundError."""
    deleted = await conn.execute(
        delete(proof)
        .where(_p.proof_id == proof_id, _mine(workspace_id))
        .returning(_p.connection_id, _p.sha256)
    )
    row = deleted.one_or_none()
    if row is None:
        raise NotFoundError("There is no such document.", listed_by="proofs list")
    connection_id, sha256 = row
    used = exists().where(_p.connection_id == _f.connection_id, _p.sha256 == _f.sha256)
    await conn.execute(
        delete(proof_file).where(_f.connection_id == connection_id, _f.sha256 == sha256, ~used)
    )
    return ConnectionId(connection_id)


async def _require_room(conn: Writer, connection_id: ConnectionId, file: CheckedFile) -> None:
    used = await conn.execute(
        select(func.coalesce(func.sum(_f.size_bytes), 0)).where(
            _f.connection_id == connection_id, _f.sha256 != file.sha256
        )
    )
    if int(used.scalar_one()) + len(file.content) > MOST_BYTES_OF_ACCOUNT:
        megabytes = MOST_BYTES_OF_ACCOUNT // 1024 // 1024
        raise ConflictError(
            f"The documents of this account use all of their {megabytes} MB: delete some first."
        )


def _select_proofs(*more: ColumnElement[Any]) -> Select[Any]:
    return select(*proof.columns, _f.media_type, _f.size_bytes, *more).join(
        proof_file, (_p.connection_id == _f.connection_id) & (_p.sha256 == _f.sha256)
    )


def _conditions(selection: ProofSelection) -> list[ColumnElement[bool]]:
    found = [_mine(selection.workspace_id)]
    equal: tuple[tuple[ColumnElement[Any], str | None], ...] = (
        (_p.connection_id, selection.connection_id),
        (_p.subject_kind, selection.subject_kind),
        (_p.subject, selection.subject),
    )
    return found + [column == value for column, value in equal if value is not None]


def _mine(workspace_id: WorkspaceId) -> ColumnElement[bool]:
    seller = select(amazon_connection.c.connection_id).where(
        amazon_connection.c.workspace_id == workspace_id
    )
    return _p.connection_id.in_(seller)


def _proof_row(row: Any) -> ProofRow:
    return ProofRow(
        proof_id=row["proof_id"],
        connection_id=row["connection_id"],
        kind=ProofKind(row["kind"]),
        subject=Subject(SubjectKind(row["subject_kind"]), row["subject"]),
        file_name=row["file_name"],
        media_type=row["media_type"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        added_by=row["added_by"],
        added_at=row["added_at"],
    )
