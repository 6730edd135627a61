# ruff: noqa: T201 - it reports on stdout
"""A module is read in one sitting: at most 400 lines, and 900 for a file of tests.

Rooms grew to 600 lines one small addition at a time, each too small to split anything for. At the
limit the question is asked once: which two subjects are in here? `make check` runs this.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_LINES = {"src": 400, "tests": 900}

EXCEPTIONS = {
    "src/recoup/errors.py": "every error, in one tree that is read from the top",
    "src/recoup/sandbox/world/orders.py": "the life of an order, told once from its day to its refund",
}
"""Files that may be longer, each with the reason."""


def too_long(root: Path) -> Iterator[str]:
    """One line for each module above the limit of its folder."""
    for folder, most in MOST_LINES.items():
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > most and name not in EXCEPTIONS:
                yield f"{name}: {lines} lines, {most} at most: put one of its subjects into a module"


def main() -> int:
    found = list(too_long(ROOT))
    print("\n".join(found) or "modules: none is too long")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
