"""SQL stands where its reader looks for it: in the folders and files that are named for it.

A statement inside a service or a route is missed by whoever changes the table, and is often written
without a look at its indexes. This finds strings that are SQL statements, calls that make one with
SQLAlchemy, and calls that execute one, in all other files of src/recoup.

    python lints/where_sql_is.py    # prints file:line and exits with 1 where it finds some

`make check` runs it. Conditions and expressions of an Index are part of a table and may be anywhere.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "recoup"

FOLDERS = ("claims/detection", "claims/reading", "claims/rules", "db", "migrations")
"""Below src/recoup: the subject of everything in them is said in SQL."""

FILES = re.compile(r"(^|/)(tables|queries|\w+_queries)\.py$")

_ROWS = "says in SQL how lines of a report become rows, as recoup.streams.report asks a stream to"
_ASKED = "says in SQL what a stream still has to ask Amazon for, beside the table that tells it"
EXCEPTIONS = {
    "sandbox/report_jobs/store.py": "the sandbox's own SQLite file; it shares nothing with the rest",
    "streams/inventory_report.py": _ROWS,
    "streams/orders_report.py": _ROWS,
    "streams/removal_shipments.py": _ASKED,
    "streams/settlements.py": _ROWS,
    "streams/shipment_items.py": _ASKED,
    "streams/shipments.py": _ASKED,
}
"""Files below src/recoup that may hold SQL although no name says it, each with the reason."""

WHAT_TO_DO = (
    "move it into a function of queries.py or <subject>_queries.py beside this module, named for "
    "what it answers"
)

_STATEMENT = re.compile(
    r"""\s*(
        with\s+(recursive\s+)?\w+\s*(\([\w\s,]+\)\s*)?as\s+((not\s+)?materialized\s+)?\(
        | select\s.*\bfrom\s
        | insert\s+into\s
        | update\s+\S+\s+((as\s+)?\w+\s+)?set\s
        | delete\s+from\s
        | (create|alter|drop)\s+(or\s+replace\s+)?((temp|temporary|unique)\s+)?
          (table|index|view|function|sequence|type|schema|role|database|trigger)\s
        | (truncate|vacuum|analyze|notify|listen|set\s+local)\s+\w+
    )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_MAKE_ONE = (
    *("text", "select", "insert", "update", "delete"),
    *("union", "union_all", "exists", "literal_column"),
)
_EXECUTE_ONE = ("execute", "exec_driver_sql")


def findings(source: Path = SOURCE) -> list[str]:
    """`file:line: what; what to do` for all SQL of a package that is not where SQL may be."""
    return [
        f"{path}:{line}: {what}; {WHAT_TO_DO}"
        for path in sorted(source.rglob("*.py"))
        if not is_for_sql(path.relative_to(source).as_posix())
        for line, what in sql_in(path.read_text())
    ]


def is_for_sql(name: str) -> bool:
    """Whether a file may hold SQL, by its path below the package."""
    return (
        name.startswith(tuple(f"{folder}/" for folder in FOLDERS))
        or FILES.search(name) is not None
        or name in EXCEPTIONS
    )


def sql_in(code: str) -> list[tuple[int, str]]:
    """Lines with SQL, and what is there. Docstrings are prose."""
    tree = ast.parse(code)
    exempt = set(_exempt(tree))
    makers = set(_makers(tree))
    found = [
        (node.lineno, what)
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and node not in exempt and (what := _sql(node, makers))
    ]
    return sorted(found)


def _sql(node: ast.expr, makers: set[str]) -> str:
    """What the expression has to do with SQL; '' for nothing."""
    if isinstance(node, ast.Call):
        if ast.unparse(node.func) in makers:
            return f"{ast.unparse(node.func)}() makes an SQL statement"
        if isinstance(node.func, ast.Attribute) and node.func.attr in _EXECUTE_ONE:
            return f"{node.func.attr}() executes an SQL statement"
    elif _STATEMENT.match(_words(node)):
        return "this string is an SQL statement"
    return ""


def _exempt(tree: ast.Module) -> Iterator[ast.expr]:
    """Docstrings; what is in an Index; parts of f-strings, which count as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from node.values
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Index":
            yield from (one for one in ast.walk(node) if isinstance(one, ast.expr))


def _makers(tree: ast.Module) -> Iterator[str]:
    """The names by which the module calls what makes statements."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            yield from (one.asname or one.name for one in node.names if one.name in _MAKE_ONE)
        elif isinstance(node, ast.Import):
            for one in node.names:
                if one.name.split(".")[0] == "sqlalchemy":
                    yield from (f"{one.asname or one.name}.{name}" for name in _MAKE_ONE)


def _words(node: ast.expr) -> str:
    """The text of a string, with a word for whatever an f-string puts in; '' of anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_words(part) or "x" for part in node.values)
    return ""


def main() -> int:
    """Print the findings; 1 if there are any."""
    found = findings()
    sys.stdout.writelines(f"{one.replace(f'{ROOT}/', '')}\n" for one in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
