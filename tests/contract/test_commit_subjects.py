"""The linter of commit subjects sees what it looks for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lints.commit_subjects import main, subjects, too_long


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Three commits, each with its place as its subject."""
    folder = tmp_path / "history"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for subject in ("first", "second", "third"):
        git(folder, "commit", "--quiet", "--allow-empty", "--message", subject)
    return folder


@pytest.mark.parametrize(("length", "is_told"), [(71, False), (72, True)])
def test_a_subject_above_the_limit_is_told(length: int, is_told: bool) -> None:
    """The last length that is allowed, and the first that is not."""
    assert bool(list(too_long(["x" * length]))) is is_told


def test_a_merge_may_name_two_commits() -> None:
    """Its subject is written by git or by the host of the repository."""
    assert not list(too_long([f"Merge {'a' * 40} into {'b' * 40}"]))


def test_only_what_came_after_the_base_is_looked_at(history: Path) -> None:
    """What is in the history already stays as it is."""
    assert subjects(history, git(history, "rev-parse", "HEAD~1")) == ["third"]


def test_a_clone_without_the_base_is_not_looked_at(history: Path, tmp_path: Path) -> None:
    """A build often fetches the last commits only, which may be older than the rule."""
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=2", f"file://{history}", str(shallow))

    assert subjects(shallow, git(history, "rev-parse", "HEAD~2")) == []


def test_without_a_history_nothing_is_looked_at(tmp_path: Path) -> None:
    """An archive of the files can be checked too."""
    assert subjects(tmp_path, "HEAD") == []


@pytest.mark.parametrize(("length", "status"), [(71, 0), (72, 1)])
def test_the_hook_looks_at_the_message_alone(tmp_path: Path, length: int, status: int) -> None:
    """The body may have any width."""
    message = tmp_path / "message"
    message.write_text("x" * length + "\n\n" + "y" * 100, encoding="utf-8")

    assert main([str(message)]) == status
