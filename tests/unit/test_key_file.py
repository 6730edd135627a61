"""The generated secret key: how it is kept, and which files are refused."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from recoup.config import Settings
from recoup.errors import ConfigurationError
from recoup.key_file import read_or_make_keys, replace_keys

KEY = "k" * 43


def empty(path: Path) -> None:
    path.write_text("\n")
    path.chmod(0o600)


def short(path: Path) -> None:
    path.write_text("k" * 15)
    path.chmod(0o600)


def two_words(path: Path) -> None:
    path.write_text(f"{KEY} {KEY}")
    path.chmod(0o600)


def binary(path: Path) -> None:
    path.write_bytes(b"\x00\xff" * 20)
    path.chmod(0o600)


def huge(path: Path) -> None:
    path.write_text(KEY * 100)
    path.chmod(0o600)


def group_readable(path: Path) -> None:
    path.write_text(KEY)
    path.chmod(0o640)


def world_writable(path: Path) -> None:
    path.write_text(KEY)
    path.chmod(0o602)


def linked(path: Path) -> None:
    other = path.with_name("elsewhere")
    other.write_text(KEY)
    other.chmod(0o600)
    path.symlink_to(other)


def link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def folder(path: Path) -> None:
    path.mkdir(mode=0o700)


def pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (empty, "is empty.*Restore it from a backup"),
        (short, "at least 16 characters"),
        (two_words, "one word"),
        (binary, "one word"),
        (huge, "one word"),
        (group_readable, r"open to other accounts \(mode 0640\): run `chmod 600"),
        (world_writable, r"mode 0602"),
        (linked, "symbolic link: put the file itself there"),
        (link_to_nowhere, "symbolic link"),
        (folder, "not a file"),
        (pipe, "not a file"),
    ],
)
def test_a_key_file_that_is_not_safe_is_refused(
    tmp_path: Path, plant: Callable[[Path], None], says: str
) -> None:
    """As ssh refuses a private key: in one line that names the file and says what to do."""
    path = tmp_path / "secret_key"
    plant(path)

    with pytest.raises(ConfigurationError, match=says) as refused:
        _ = Settings(data_dir=tmp_path).keys
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert KEY not in str(refused.value)


def test_a_key_of_another_account_is_refused(tmp_path: Path) -> None:
    """Who could write the key could sign in as anybody."""
    with pytest.raises(ConfigurationError, match="belongs to another account"):
        read_or_make_keys(_file_of_another(tmp_path / "secret_key"))


def _file_of_another(path: Path) -> Path:
    """Only root can give a file away; for anybody else there is one of root's on every machine."""
    if os.geteuid() != 0:
        return Path("/etc/passwd")
    path.write_text(KEY)
    path.chmod(0o600)
    os.chown(path, 65534, -1)
    return path


def test_a_key_is_on_the_disk_before_it_is_used(tmp_path: Path) -> None:
    """The file is forced to the disk before it has its name, and the folder afterwards."""
    path = tmp_path / "data" / "secret_key"
    seen: list[tuple[str, bool]] = []

    def note(descriptor: int) -> None:
        mode = os.fstat(descriptor).st_mode
        seen.append(("folder" if stat.S_ISDIR(mode) else "file", path.exists()))

    (key,) = read_or_make_keys(path, fsync=note)

    assert seen == [("file", False), ("folder", True)]
    assert path.read_text() == key
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """A full disk ends in one line, and the next start begins from nothing."""

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigurationError, match="No space left"):
        read_or_make_keys(tmp_path / "secret_key", fsync=fail)
    assert list(tmp_path.iterdir()) == []


def test_a_running_process_follows_a_changed_file(tmp_path: Path) -> None:
    """After a rotation the new key counts without a restart, and an unsafe file at once too."""
    path = tmp_path / "secret_key"
    before = read_or_make_keys(path)
    replace_keys(path, (KEY, *before))
    after = read_or_make_keys(path)
    path.chmod(0o640)

    assert after == (KEY, *before)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_or_make_keys(path)


def test_keys_that_cannot_be_replaced_stay(tmp_path: Path) -> None:
    """A full disk during a rotation costs no key."""

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "secret_key"
    before = read_or_make_keys(path)
    with pytest.raises(ConfigurationError, match="No space left"):
        replace_keys(path, (KEY,), fsync=fail)

    assert read_or_make_keys(path) == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("keys", ["", ",", f"{KEY},", f"{KEY},short", " " * 20])
def test_weak_keys_are_refused(keys: str) -> None:
    """Also an empty one among good ones: everything it would sign could be forged."""
    with pytest.raises(ConfigurationError, match="at least 16 characters") as refused:
        _ = Settings(secret_keys=keys).keys
    assert KEY not in str(refused.value)
