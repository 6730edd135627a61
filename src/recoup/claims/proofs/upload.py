"""What may be stored as a proof: judged by the first bytes of the file, never by its name. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from recoup.errors import InvalidRequestError

MOST_BYTES = 5 * 1024 * 1024
"""Of one file."""
MOST_BYTES_OF_ACCOUNT = 500 * 1024 * 1024
"""Of all files of one account."""

_LONGEST_NAME = 100
# By their first bytes (ISO 32000, PNG and JFIF specifications), with the ending that a name gets.
_KINDS = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
)
_ENDINGS = {media_type: ending for _, media_type, ending in _KINDS}
_UNSAFE = re.compile(r"[^\w .()+,=@-]")


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that may be stored. name: safe to save under, with the ending of its media type."""

    content: bytes
    media_type: str
    name: str
    sha256: str


def check_file(content: bytes, name: str) -> CheckedFile:
    """Raises InvalidRequestError for an empty or large file, and for any but PDF, PNG and JPEG."""
    if not content:
        raise InvalidRequestError("The file is empty.")
    if len(content) > MOST_BYTES:
        raise InvalidRequestError(
            f"The file is too large: at most {MOST_BYTES // 1024 // 1024} MB are stored."
        )
    media_type = next((kind for magic, kind, _ in _KINDS if content.startswith(magic)), None)
    if media_type is None:
        raise InvalidRequestError(
            "Only PDF, PNG and JPEG are stored, whatever the name says: save the document as one of "
            "them."
        )
    return CheckedFile(
        content=content,
        media_type=media_type,
        name=_safe_name(name, _ENDINGS[media_type]),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _safe_name(name: str, ending: str) -> str:
    """Without folders and without characters that a header, a shell or a file system obeys."""
    last = re.split(r"[/\\]", name)[-1]
    stem = _UNSAFE.sub("_", last.rpartition(".")[0] or last).strip(" .")
    return f"{stem[:_LONGEST_NAME].rstrip(' .') or 'document'}{ending}"
