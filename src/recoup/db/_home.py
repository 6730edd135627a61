"""The folders of the embedded server: their places, owners and permissions."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from recoup.db._account import Account
from recoup.errors import EmbeddedServerError

_SOCKET_NAME = ".s.PGSQL.5432"
# sun_path holds 104 bytes on macOS, 108 on Linux, both with a final zero (unix(4), unix(7)).
_SOCKET_PATH_BYTES = 103


@dataclass(frozen=True)
class Home:
    """`<data_dir>/postgres` and its contents. `data_dir` is absolute, without links."""

    data_dir: Path

    @property
    def folder(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def cluster(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def socket_folder(self) -> Path:
        """A folder whose socket's path the kernel and libpq accept.

        The stand-in for an unfit path depends on nothing but the path: all processes must find
        the same, whatever their environment says about temporary or runtime folders.
        """
        folder = self.folder / "socket"
        path = os.fsencode(folder / _SOCKET_NAME)
        # libpq separates hosts by commas, SQLAlchemy a host from its port by a colon.
        if len(path) <= _SOCKET_PATH_BYTES and not {b",", b":"} & {bytes([byte]) for byte in path}:
            return folder
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path(f"/tmp/recoup-{digest}")  # noqa: S108 - checked to be private before use

    @property
    def socket(self) -> Path:
        return self.socket_folder / _SOCKET_NAME

    def create(self) -> None:
        """Creates the data directory and `postgres`. Raises EmbeddedServerError if refused."""
        try:
            _make_parents(self.data_dir)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            found = self.folder.lstat()
        except OSError as exc:
            raise self.refusal(exc) from exc
        if stat.S_ISLNK(found.st_mode):
            raise EmbeddedServerError(
                f"{self.folder} is a link: set RECOUP_DATA_DIR to the folder that holds the real one."
            )
        if os.geteuid() not in {0, found.st_uid}:
            raise _foreign(self.folder, found.st_uid)

    def claim(self, account: Account) -> None:
        """Ensures that `account`, and nobody else, can use the folders.

        Raises EmbeddedServerError when one is somebody else's or lies out of the account's reach,
        OSError when the file system refuses.
        """
        _own(self.folder, account)
        if account.is_other and not account.can_enter(self.folder):
            raise EmbeddedServerError(
                f"As root PostgreSQL runs as the account 'recoup', which may not enter "
                f"{_find_barrier(self.folder, account)}: set RECOUP_DATA_DIR to a folder outside "
                "homes, or RECOUP_DATABASE_URL to a PostgreSQL of your own."
            )
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        _own(self.socket_folder, account)

    def refusal(self, exc: OSError) -> EmbeddedServerError:
        """The message for a refusal by the file system."""
        return EmbeddedServerError(
            f"Cannot keep the embedded PostgreSQL in {self.data_dir} ({exc.strerror or 'copying failed'}): make the "
            "folder writable, or set RECOUP_DATA_DIR or RECOUP_DATABASE_URL."
        )


def _make_parents(folder: Path) -> None:
    """Creates `folder` and its missing parents, open to pass through if we are root.

    Folders that exist are left as they are.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            each.chmod(0o755)  # whatever the umask: PostgreSQL's account passes through here


def _own(folder: Path, account: Account) -> None:
    """Gives a folder that we created as root to the account; refuses one that is not private to it.

    Never follows a link, and changes nothing of a folder that holds more than our locks.
    """
    found = folder.lstat()
    is_folder = stat.S_ISDIR(found.st_mode)
    if account.is_other and found.st_uid == 0 and is_folder and _holds_only_locks(folder):
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
        found = folder.lstat()
    if found.st_uid != account.uid or not is_folder:
        raise _foreign(folder, found.st_uid)
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise EmbeddedServerError(
            f"Other users may enter {folder}: chmod 700 it if it is recoup's, "
            "or set RECOUP_DATA_DIR to another folder."
        )


def _holds_only_locks(folder: Path) -> bool:
    return all(each.suffix == ".lock" for each in folder.iterdir())


def _foreign(folder: Path, owner: int) -> EmbeddedServerError:
    return EmbeddedServerError(
        f"{folder} belongs to another user (uid {owner}): run recoup as that user, "
        "or set RECOUP_DATA_DIR to a folder of your own."
    )


def _find_barrier(folder: Path, account: Account) -> Path:
    """The topmost folder that the account cannot enter, to name it."""
    for each in reversed((folder, *folder.parents)):
        if not account.can_enter(each):
            return each
    return folder
