# ruff: noqa: T201 - it reports on stdout
"""Refuse commits whose subject has more than 71 characters.

Lists of commits cut longer ones, and ten came in although the hook of `.pre-commit-config.yaml` was
there: a hook runs only where somebody installed it. `make check` looks at every commit since BASE;
with the file of a message, as git names it to the hook, this looks at that message.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_CHARACTERS = 71
BASE = "fd62ce072a5b8cd27d92e5bfc7536a3a2e979cf8"
"""The last commit that is not looked at."""


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own arguments
        ["git", "-C", str(root), *arguments],  # noqa: S607 - the git of whoever runs this
        capture_output=True,
        text=True,
        check=False,
    )


def subjects(root: Path, base: str) -> list[str]:
    """Of the commits after the base.

    Empty where the history does not reach back to it, as in a shallow clone or an archive: what is there
    may be older than the rule.
    """
    return _git(root, "log", "--format=%s", f"{base}..HEAD").stdout.splitlines()


def too_long(subjects: Iterable[str]) -> Iterator[str]:
    """One line for each subject above the limit. A merge has the subject that git or a host writes."""
    for one in subjects:
        if len(one) > MOST_CHARACTERS and not one.startswith("Merge "):
            yield f"{len(one)} characters, {MOST_CHARACTERS} at most: {one}"


def main(arguments: list[str]) -> int:
    messages = [Path(name).read_text(encoding="utf-8").partition("\n")[0] for name in arguments]
    found = list(too_long(messages or subjects(ROOT, BASE)))
    print("\n".join(found) or "commits: no subject is too long")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
