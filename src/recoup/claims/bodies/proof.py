"""Documents of the proof store as the API shows them."""

from __future__ import annotations

from pydantic import Field

from recoup.body import CamelModel, Timestamp
from recoup.claims.proofs.kinds import ProofKind, SubjectKind
from recoup.claims.proofs.queries import ProofRow


class ProofBody(CamelModel):
    proof_id: str
    connection_id: str
    kind: ProofKind
    subject_kind: SubjectKind
    subject: str = Field(description="The SKU, FNSKU, order, shipment ... that it is about.")
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str
    added_at: Timestamp


def proof_body(row: ProofRow) -> ProofBody:
    return ProofBody(
        proof_id=row.proof_id,
        connection_id=row.connection_id,
        kind=row.kind,
        subject_kind=row.subject.kind,
        subject=row.subject.code,
        file_name=row.file_name,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        added_at=row.added_at,
    )
