"""The generated secret keys in the data directory, refused where others could read or have chosen it.

Whoever knows the key signs in as anybody and opens every refresh token, so the file is held to what
OpenSSH asks of a private key: a file of our own, no link, readable by nobody else.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from recoup.errors import ConfigurationError

MIN_KEY_CHARACTERS = 16
"""Of every key, in the file and in RECOUP_SECRET_KEYS. A generated one has 43."""

_MOST_BYTES = 4096  # a key is one line; whatever is larger is another file
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


_seen: dict[Path, tuple[tuple[int, ...], tuple[str, ...]]] = {}


def read_or_make_keys(path: Path, *, fsync: Callable[[int], None] = os.fsync) -> tuple[str, ...]:
    """The keys in `path`, one a line, the current one first; a first one is made where there is none,
    by one of two processes that start at once. `fsync` forces a descriptor to the disk.

    The file is read again only when it has changed, so a running process follows a rotation.

    Raises ConfigurationError, in one line that says what to do, for a file that is no safe key and
    for a folder that cannot be written.
    """
    try:
        if not _is_there(path):
            _make(path, fsync)
        state = _state(path)
        if path not in _seen or _seen[path][0] != state:
            _seen[path] = state, _read(path)
        return _seen[path][1]
    except OSError as exc:
        raise ConfigurationError(
            f"Cannot keep a secret key in {path.parent} ({exc.strerror}): "
            "make the folder writable or set RECOUP_DATA_DIR or RECOUP_SECRET_KEYS."
        ) from exc


def replace_keys(
    path: Path, keys: tuple[str, ...], *, fsync: Callable[[int], None] = os.fsync
) -> None:
    """Writes other keys: after a crash at any instant the file has either the old ones or these.

    Raises ConfigurationError.
    """
    try:
        draft = _draft(path, keys, fsync)
        draft.replace(path)
        _sync_folder(path.parent, fsync)
    except OSError as exc:
        raise ConfigurationError(
            f"Cannot write the secret keys in {path.parent} ({exc.strerror}): "
            "make the folder writable."
        ) from exc


def new_key() -> str:
    """43 characters of 256 random bits."""
    return secrets.token_urlsafe(32)


def _state(path: Path) -> tuple[int, ...]:
    """What changes whenever the file does."""
    found = path.lstat()
    return (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode, found.st_uid)


def _is_there(path: Path) -> bool:
    """Also for a link that leads nowhere."""
    return os.path.lexists(path)


def _make(path: Path, fsync: Callable[[int], None]) -> None:
    """Writes a new key, mode 0600, that is whole and on the disk before it has its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, (new_key(),), fsync)
    try:
        with contextlib.suppress(FileExistsError):  # another process was first: its key is the key
            os.link(draft, path)
    finally:
        draft.unlink()
    _sync_folder(path.parent, fsync)


def _draft(path: Path, keys: tuple[str, ...], fsync: Callable[[int], None]) -> Path:
    """A file beside `path`, mode 0600, with the keys on the disk."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(keys))
            file.flush()
            fsync(file.fileno())
    except BaseException:
        draft.unlink()
        raise
    return draft


def _sync_folder(folder: Path, fsync: Callable[[int], None]) -> None:
    """Without this a name may be gone after a power cut, and with it all that the key sealed."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> tuple[str, ...]:
    if path.is_symlink():
        raise ConfigurationError(
            f"The secret key {path} is a symbolic link: put the file itself there, "
            "or set RECOUP_SECRET_KEYS."
        )
    descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
    try:
        _require_ours(path, os.fstat(descriptor))
        content = os.read(descriptor, _MOST_BYTES + 1)
    finally:
        os.close(descriptor)
    keys = tuple(content.decode("ascii", errors="replace").split("\n"))
    keys = tuple(key.strip() for key in keys if key.strip())
    if len(content) > _MOST_BYTES or not keys or not all(_is_key(key) for key in keys):
        raise ConfigurationError(
            f"The secret key {path} is {'empty' if not keys else 'not a key'}: it must be one word of "
            f"at least {MIN_KEY_CHARACTERS} characters. Restore it from a backup; if there is none, "
            "delete the file and connect every seller again."
        )
    return keys


def _is_key(text: str) -> bool:
    return len(text) >= MIN_KEY_CHARACTERS and _is_one_word(text)


def _is_one_word(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key


def _require_ours(path: Path, found: os.stat_result) -> None:
    """Raises ConfigurationError for what is no file, another account's, or open to others."""
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(f"The secret key {path} is not a file: move it away.")
    if sys.platform == "win32":
        return
    if found.st_uid != os.geteuid():
        raise ConfigurationError(
            f"The secret key {path} belongs to another account: run recoup as its owner, "
            f"or run `chown {os.geteuid()} {path}` if the key is yours."
        )
    if found.st_mode & _OTHERS:
        raise ConfigurationError(
            f"The secret key {path} is open to other accounts "
            f"(mode {stat.S_IMODE(found.st_mode):04o}): run `chmod 600 {path}`, and replace the key "
            "if somebody may have read it."
        )
