"""This machine's directories and disks, for `recoup doctor`. Looks only; makes nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from recoup.cli.finding import Finding, note, ok, problem

if TYPE_CHECKING:
    from recoup.config import Settings

_GIB = 2**30
_FULL_BYTES = _GIB
"""A report is unpacked to a file of up to a gigabyte; PostgreSQL's log of changes takes another."""
_NARROW_BYTES = 5 * _GIB


def machine_findings(settings: Settings) -> Iterator[Finding]:
    yield data_directory(
        settings.data_dir,
        others=_usual_directories(),
        is_chosen="data_dir" in settings.model_fields_set,
        is_embedded=settings.database_url is None,
    )
    kept = [settings.data_dir] if settings.database_url is None else []
    yield from disks([*kept, Path(tempfile.gettempdir())])


def data_directory(
    used: Path, *, others: list[Path], is_chosen: bool, is_embedded: bool
) -> Finding:
    """A problem where recoup looks by default into one directory, and a database is in another: the
    account of a service and that of a person have different ones. A note where it was told to.

    is_chosen: RECOUP_DATA_DIR is set. is_embedded: no other database is configured.
    """
    from recoup.db.embedded import has_embedded_database

    check = "data directory"
    found = [
        one
        for one in dict.fromkeys(others)
        if os.path.realpath(one) != os.path.realpath(used) and has_embedded_database(one)
    ]
    if not is_embedded and has_embedded_database(used):
        found.insert(0, used)
    if not found:
        return ok(check, str(used))
    named = " and ".join(str(one) for one in found)
    says = f"{named} has a database too, which is not the one that is used"
    place = f"RECOUP_DATA_DIR={found[0]}"
    if not is_embedded:
        return note(check, says, f"to use it, unset RECOUP_DATABASE_URL and set {place}")
    advice = f"if sellers are missing, set {place}; if it is left over, move it away"
    return note(check, says, advice) if is_chosen else problem(check, says, advice)


def disks(
    folders: list[Path], free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Iterator[Finding]:
    """The space left for each folder, once for each disk. free: bytes."""
    seen: set[int] = set()
    for folder in folders:
        there = next(one for one in (folder, *folder.parents) if one.exists())
        device = there.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield _disk(folder, free(there))


def _disk(folder: Path, free_bytes: int) -> Finding:
    says = f"{free_bytes / _GIB:,.1f} GiB free for {folder}"
    advice = "delete files or enlarge the disk: a full one stops PostgreSQL and every sync"
    if free_bytes < _FULL_BYTES:
        return problem("disk", says, advice)
    return note("disk", says, advice) if free_bytes < _NARROW_BYTES else ok("disk", says)


def _usual_directories() -> list[Path]:
    """Where recoup keeps its data by default, for root and for whoever runs this, also by sudo."""
    usual = [Path("/var/lib/recoup"), Path(platformdirs.user_data_dir("recoup"))]
    person = os.environ.get("SUDO_USER")
    if person and person != "root":
        # sudo may keep the person's HOME or set root's.
        usual.append(Path(f"~{person}/.local/share/recoup").expanduser())
    return usual
