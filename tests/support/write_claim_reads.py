"""Write every `reads=` of temporary tables and rules as PostgreSQL tells it.

    python -m tests.support.write_claim_reads && ruff format src/recoup/claims

Run it after a change of a SELECT of a detection; tests/contract/test_claim_rules.py compares.
"""

from __future__ import annotations

import ast
import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import recoup.claims
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.migrations.upgrade import upgrade
from tests.support.claim_reads import declaration, read_by_all

_FOLDER = Path(recoup.claims.__file__).parent


def write(reads: Mapping[str, Mapping[str, set[str]]]) -> list[Path]:
    """Change the files whose declarations differ; gives them. Names are tables and claim types."""
    changed = []
    for path in sorted(_FOLDER.rglob("*.py")):
        before = path.read_text()
        after = _with_reads(before, path.stem, reads)
        if after != before:
            path.write_text(after)
            changed.append(path)
    return changed


def _with_reads(source: str, claim_type: str, reads: Mapping[str, Mapping[str, set[str]]]) -> str:
    calls = [
        (node, name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and (name := _name(node, claim_type)) in reads
    ]
    # From the end of the file on, so that the places before stay where they are.
    for node, name in sorted(calls, key=lambda one: -_at(source, one[0].end_lineno, 0)):
        declared = declaration(reads[name]) if reads[name] else ""
        old = next((one for one in node.keywords if one.arg == "reads"), None)
        if old is not None:
            begin = _at(source, old.lineno, old.col_offset)
            end = _at(source, old.value.end_lineno, old.value.end_col_offset)
            rest = source[end:].lstrip()
            source = source[:begin] + declared + rest.removeprefix(",")
        elif declared:
            close = _at(source, node.end_lineno, node.end_col_offset) - 1
            comma = "" if source[:close].rstrip().endswith(",") else ","
            source = f"{source[:close].rstrip()}{comma} {declared}\n{source[close:]}"
    return source


def _name(node: ast.Call, claim_type: str) -> str:
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    if called == "Rule":
        return claim_type
    first = node.args[0] if called == "TemporaryTable" and node.args else None
    return str(first.value) if isinstance(first, ast.Constant) else ""


def _at(source: str, line: int | None, column: int | None) -> int:
    """The place in the text; the columns of ast are bytes, and these files are ASCII."""
    lines = source.splitlines(keepends=True)
    return sum(map(len, lines[: (line or 1) - 1])) + (column or 0)


async def _ask(url: str) -> dict[str, dict[str, set[str]]]:
    database = Database(url)
    async with database.writing() as conn:
        reads = await read_by_all(conn)
    await database.close()
    return reads


def main() -> None:
    """On a database server of its own, for as long as it takes."""
    with tempfile.TemporaryDirectory(prefix="recoup-reads-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with EmbeddedServer(folder) as server:
            server.create_database("reads")
            upgrade(Database(server.url("reads")))
            reads = asyncio.run(_ask(server.url("reads")))
    for path in write(reads):
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
