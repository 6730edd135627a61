"""SQL is only where lints/where_sql_is.py says, and ruff looks at statements put together elsewhere."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lints.where_sql_is import EXCEPTIONS, FOLDERS, ROOT, SOURCE, findings, is_for_sql, sql_in


def test_sql_is_where_its_folder_or_file_says_so() -> None:
    """A finding names the line and says what to do."""
    assert findings() == []


def test_no_place_is_named_in_vain() -> None:
    """A folder that went, or a file that has no SQL any more, leaves the list."""
    assert [folder for folder in FOLDERS if not (SOURCE / folder).is_dir()] == []
    assert [name for name in EXCEPTIONS if not sql_in((SOURCE / name).read_text())] == []


def test_ruff_lets_statements_be_put_together_only_where_sql_may_be() -> None:
    """The files for which pyproject.toml turns S608 off are among those of the linter."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    patterns = [name for name, off in lint["per-file-ignores"].items() if "S608" in off]

    paths = {path for pattern in patterns for one in braces(pattern) for path in ROOT.glob(one)}
    files = {path.relative_to(SOURCE).as_posix() for path in paths if path.suffix == ".py"}

    assert len(files) > len(EXCEPTIONS)
    assert {name for name in files if not is_for_sql(name)} == set()


@pytest.mark.parametrize(
    "code",
    [
        "x = 'select claim_id from claim'",
        "x = f'select {names} from {table}'",
        "x = 'WITH one AS (select 1) select * from one'",
        "x = '''\n  update claim c set status = 'filed' '''",
        "x = 'insert into claim values (1)' + y",
        "x = 'create temp table detect_one (units integer)'",
        "from sqlalchemy import select as choose\nx = choose(claim)",
        "from sqlalchemy.dialects.postgresql import insert\nx = insert(claim)",
        "import sqlalchemy as sa\nx = sa.text('now()')",
        "x = conn.execute(statement)",
    ],
)
def test_a_statement_anywhere_else_is_found(code: str, tmp_path: Path) -> None:
    """Each is seen once, in its line."""
    (tmp_path / "service.py").write_text(f'"""Text."""\n{code}\n')
    (tmp_path / "service_queries.py").write_text(code)

    [finding] = findings(tmp_path)

    line = 2 + code[: code.rfind("x =")].count("\n")
    assert finding.startswith(f"{tmp_path}/service.py:{line}:")
    assert "queries.py" in finding


@pytest.mark.parametrize(
    "code",
    [
        '"""Select one from the list."""',
        "x = 'select a stream'",
        "x = 'updates come from Amazon'",
        "x = {}\nx.update(y)",
        "from sqlalchemy import Index, text\nx = Index('a_idx', text('lower(a)'))",
        "from elsewhere import select\nx = select(y)",
    ],
)
def test_prose_and_tables_are_no_statements(code: str) -> None:
    """What the linter says is worth reading only when it is right."""
    assert sql_in(code) == []


def braces(pattern: str) -> list[str]:
    """Each pattern that `{a,b}` stands for."""
    if "{" not in pattern:
        return [pattern]
    before, rest = pattern.split("{", 1)
    inside, after = rest.split("}", 1)
    return [f"{before}{one}{after}" for one in inside.split(",")]
