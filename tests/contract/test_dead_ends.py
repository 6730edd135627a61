"""lints/dead_ends.py finds every kind of dead end. It skips this file, which plants them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lints.dead_ends import problems


@pytest.mark.parametrize(
    ("file", "text", "wrong"),
    [
        ("src/a.py", "# docs/page.md#gone", "no heading docs/page.md#gone"),
        ("src/a.py", "# docs/gone.md", "no page docs/gone.md"),
        ("src/a.py", "# docs/page.md #there", "write docs/page.md#there without a blank"),
        ("tests/a.py", "# Claims facts 4.4", "leads nowhere: 'facts 4'"),
        ("tests/a.py", "# (decision 12)", "leads nowhere: 'decision 1'"),
        ("benchmarks/a.py", "# as (contract: status)", "leads nowhere: '(contract:'"),
        ("src/a.py", "# R16: taken back", "leads nowhere: 'R16'"),
        ("docs/b.md", "[there](page.md#gone)", "dead link page.md#gone"),
        ("docs/b.md", "[there](gone.md)", "dead link gone.md"),
        ("docs/b.md", "see `src/gone.py`", "no module src/gone.py"),
        ("README.md", "One sentence. " * 10, "line 1: several sentences in 140 columns"),
    ],
)
def test_a_dead_end_is_reported(tmp_path: Path, file: str, text: str, wrong: str) -> None:
    """The check can fail: each kind of dead end is found in its line."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("# Page\n\n## There\n")
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)

    assert [one.split(": ", 1)[1].removeprefix("1: ") for one in problems(tmp_path)] == [wrong]


def test_what_leads_somewhere_is_not_reported(tmp_path: Path) -> None:
    """Good references, ids that look like rules, and wide code pass."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(
        "# Page\n\n## `a_b`, there!\n\n```sh\n" + "a. B" * 40 + "\n```\n"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.py").write_text(
        '"""docs/page.md#a_b-there."""\nREPORT = "R1", "2026-11-01T00:00:00Z"\n'
    )

    assert not problems(tmp_path)
