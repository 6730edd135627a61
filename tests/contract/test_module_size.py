"""The linter of module sizes sees what it looks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from lints.module_size import EXCEPTIONS, ROOT, too_long


@pytest.mark.parametrize(("lines", "is_told"), [(400, False), (401, True)])
def test_a_module_above_the_limit_is_told(tmp_path: Path, lines: int, is_told: bool) -> None:
    """The last line that is allowed, and the first that is not."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "long.py").write_text("x = 1\n" * lines, encoding="utf-8")

    assert any("src/long.py" in line for line in too_long(tmp_path)) is is_told


def test_every_exception_is_still_one() -> None:
    """A file that was cut needs no excuse any more."""
    assert all(len((ROOT / name).read_text().splitlines()) > 400 for name in EXCEPTIONS)
