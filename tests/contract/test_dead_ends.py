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
        ("tests/a.py", "# Claims f~acts 4.4", "leads nowhere: 'f~acts 4'"),
        ("tests/a.py", "# (d~ecision 12)", "leads nowhere: 'd~ecision 1'"),
        ("tests/a.py", "# d~ecision #12", "leads nowhere: 'd~ecision #1'"),
        ("tests/a.py", "# F~acts: 4.4", "leads nowhere: 'F~acts: 4'"),
        ("tests/a.py", "# as r~ule 16 says", "leads nowhere: 'r~ule 1'"),
        ("tests/a.py", "# f~acts\n# 4.4", "leads nowhere: 'f~acts # 4'"),
        ("tests/a.py", '"""R~ow 7: kept."""', 'leads nowhere: \'"""R~ow 7\''),
        ("tests/a.py", "# S~ection 5: kept", "leads nowhere: 'S~ection 5'"),
        ("src/a.py", "# see i~ssue 12", "leads nowhere: 'i~ssue 12'"),
        ("src/a.py", "# see i~ssue #12", "leads nowhere: 'i~ssue #12'"),
        ("src/a.py", "# s~tyle §36", "leads nowhere: 's~tyle §3'"),
        ("src/a.py", "# as in h~ouse.md", "leads nowhere: 'h~ouse.md'"),
        ("src/a.py", "# as t~he contract names it", "leads nowhere: 't~he contract'"),
        ("src/a.py", "# of t~he contract of pages", "leads nowhere: 't~he contract'"),
        ("src/a.py", "# columns of t~he\n# contract", "leads nowhere: 't~he # contract'"),
        ("tests/a.py", "def t~est_facts_7():", "leads nowhere: 't~est_facts_7'"),
        (
            "tests/a.py",
            "def t~est_of_the_contract_b():",
            "leads nowhere: 't~est_of_the_contract_b'",
        ),
        ("tests/t~est_row_05_b.py", "", "leads nowhere: 't~est_row_05_b'"),
        ("src/a.sql", "-- d~ecision 12", "leads nowhere: 'd~ecision 1'"),
        ("src/a.sh", "# d~ecision 12", "leads nowhere: 'd~ecision 1'"),
        ("deploy/a.service", "# d~ecision 12", "leads nowhere: 'd~ecision 1'"),
        ("Dockerfile", "# d~ecision 12", "leads nowhere: 'd~ecision 1'"),
        (".ci/run", "# d~ecision 12", "leads nowhere: 'd~ecision 1'"),
        ("benchmarks/a.py", "# as (c~ontract: status)", "leads nowhere: '(c~ontract:'"),
        ("src/a.py", "# R~16: taken back", "leads nowhere: 'R~16'"),
        ("src/a.py", "# as R~16/17 says", "leads nowhere: 'R~16'"),
        ("src/a.py", "# as A/R~17 says", "leads nowhere: '/R~17'"),
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
    path = tmp_path / _joined(file)
    path.parent.mkdir(exist_ok=True)
    path.write_text(_joined(text))

    assert [one.split(": ", 1)[1].removeprefix("1: ") for one in problems(tmp_path)] == [
        _joined(wrong)
    ]


def _joined(text: str) -> str:
    """The names are parted above, so that nobody who looks for dead ends finds these."""
    return text.replace("~", "")


def test_what_leads_somewhere_is_not_reported(tmp_path: Path) -> None:
    """Good references, what only looks like a bad one, and wide code pass."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(
        "# Page\n\n## `a_b`, there!\n\n## R4, a rule\n\n```sh\n" + "a. B" * 40 + "\n```\n"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.py").write_text(
        '"""docs/page.md#a_b-there, R4."""\nREPORT = "R1", "2026-11-01T00:00:00Z"\n'
        "# Source: amzn/selling-partner-api-models issues 512 and 1033, a/b\n# issue 7.\n"
        "# A contract test, the import contract, the contract suite; row 2; two rules, 3 days.\n"
        "def test_reports_are_kept_90_days(): get(scene.trap, 100)\n"
    )

    assert not problems(tmp_path)
