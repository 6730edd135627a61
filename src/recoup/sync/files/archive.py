"""The files in what people give: a file as it is, or those of a .zip, within limits.

gzip is removed where a file is read (recoup.sync.loading.file_text), whatever its name says.
"""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from recoup.disk import temporary_space
from recoup.errors import FileRefusedError
from recoup.spapi.ceilings import MIB, UNPACKED_BYTES

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_MOST_MEMBERS = 100
# A report of text shrinks to a tenth; what shrinks to a thousandth is made to fill a disk.
_MOST_RATIO = 1000
_READ_BYTES = 256 * 1024
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class GivenFile:
    """One file that a person gave. name: for people; nothing is decided by it."""

    name: str
    content: IO[bytes]


def files_in(given: GivenFile, stack: ExitStack) -> list[GivenFile]:
    """The file itself, or the files of the archive that it is, open until the stack ends. Blocking.

    Raises FileRefusedError for an archive that is damaged, encrypted, too large, or a workbook, and
    DiskFullError.
    """
    given.content.seek(0)
    start = given.content.read(len(_ZIP))
    given.content.seek(0)
    if start not in {_ZIP, _EMPTY_ZIP}:
        return [GivenFile(_shown(given.name), given.content)]
    try:
        with temporary_space(), zipfile.ZipFile(given.content) as archive:
            return _members(archive, given.name, stack)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as exc:
        raise FileRefusedError(f"{_shown(given.name)}: the archive is damaged.") from exc


def _members(archive: zipfile.ZipFile, name: str, stack: ExitStack) -> list[GivenFile]:
    shown = _shown(name)
    members = [one for one in archive.infolist() if _is_file(one)]
    if any(one.filename == "[Content_Types].xml" for one in members):
        raise FileRefusedError(
            f"{shown} is a workbook or a document. Download the report as .csv or .txt, or save its "
            "sheet as `CSV UTF-8`."
        )
    if not members:
        raise FileRefusedError(f"{shown}: the archive contains no file.")
    if len(members) > _MOST_MEMBERS:
        raise FileRefusedError(
            f"{shown}: the archive contains {len(members)} files, more than {_MOST_MEMBERS}."
        )
    left = UNPACKED_BYTES
    found = []
    for one in members:
        if one.flag_bits & 1:
            raise FileRefusedError(f"{shown}: the archive is encrypted.")
        file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack is one
        most = min(left, max(MIB, one.compress_size * _MOST_RATIO))
        left -= _unpack(archive, one, file, most, shown)
        file.seek(0)
        if file.read(len(_ZIP)) == _ZIP:
            raise FileRefusedError(f"{shown}: the archive contains another archive.")
        file.seek(0)
        found.append(GivenFile(_shown(one.filename), file))
    return found


def _unpack(
    archive: zipfile.ZipFile, one: zipfile.ZipInfo, file: IO[bytes], most: int, shown: str
) -> int:
    """Writes a member to the file; returns its size. What its entry says of that is not believed."""
    size = 0
    with archive.open(one) as packed:
        while piece := packed.read(_READ_BYTES):
            size += len(piece)
            if size > most:
                raise FileRefusedError(f"{shown}: the archive is larger than recoup unpacks.")
            file.write(piece)
    return size


def _is_file(one: zipfile.ZipInfo) -> bool:
    """Not a folder, nor what macOS and Windows put beside files."""
    parts = PurePosixPath(one.filename).parts
    return not one.is_dir() and "__MACOSX" not in parts and not parts[-1].startswith(".")


def _shown(name: str) -> str:
    """The last part of a path, in one line."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(one if one.isprintable() else "?" for one in last)[:_LONGEST_NAME] or "file"
