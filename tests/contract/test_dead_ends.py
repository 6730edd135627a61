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
        ("tests/a.py", "# decision #12", "leads nowhere: 'decision #1'"),
        ("tests/a.py", "# Facts: 4.4", "leads nowhere: 'Facts: 4'"),
        ("tests/a.py", "# as rule 16 says", "leads nowhere: 'rule 1'"),
        ("tests/a.py", "# facts\n# 4.4", "leads nowhere: 'facts # 4'"),
        ("tests/a.py", '"""Row 7: kept."""', 'leads nowhere: \'"""Row 7\''),
        ("tests/a.py", "# Section 5: kept", "leads nowhere: 'Section 5'"),
        ("src/a.py", "# see issue 12", "leads nowhere: 'issue 12'"),
        ("src/a.py", "# see issue #12", "leads nowhere: 'issue #12'"),
        ("src/a.py", "# style §36", "leads nowhere: 'style §3'"),
        ("src/a.py", "# as in house.md", "leads nowhere: 'house.md'"),
        ("src/a.py", "# as the contract names it", "leads nowhere: 'the contract'"),
        ("src/a.py", "# of the contract of pages", "leads nowhere: 'the contract'"),
        ("src/a.py", "# columns of the\n# contract", "leads nowhere: 'the # contract'"),
        ("tests/a.py", "def test_facts_7():", "leads nowhere: 'test_facts_7'"),
        ("tests/a.py", "def test_of_the_contract_b():", "leads nowhere: 'test_of_the_contract_b'"),
        ("tests/test_row_05_b.py", "", "leads nowhere: 'test_row_05_b'"),
        ("src/a.sql", "-- decision 12", "leads nowhere: 'decision 1'"),
        ("src/a.sh", "# decision 12", "leads nowhere: 'decision 1'"),
        ("deploy/a.service", "# decision 12", "leads nowhere: 'decision 1'"),
        ("Dockerfile", "# decision 12", "leads nowhere: 'decision 1'"),
        (".ci/run", "# decision 12", "leads nowhere: 'decision 1'"),
        ("benchmarks/a.py", "# as (contract: status)", "leads nowhere: '(contract:'"),
        ("src/a.py", "# R16: taken back", "leads nowhere: 'R16'"),
        ("src/a.py", "# as R16/17 says", "leads nowhere: 'R16'"),
        ("src/a.py", "# as A/R17 says", "leads nowhere: '/R17'"),
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
