# ruff: noqa: T201 - it reports on stdout
"""Refuse documents and references that lead nowhere. Part of `make check`.

The code once cited papers that its readers did not have, by the number of a line in them, so nobody could follow or
correct them. Now whatever code or tests rest on is a heading in `docs/`, and this looks that

- every page and heading that is cited in src, tests, benchmarks and documents exists, and is spelled in one way;
- every relative link of a document leads to a file and a heading, and every module that it names
  exists;
- no reference is left that is a number of something else;
- a line of a document is one sentence, or has at most 100 columns.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
COLUMNS = 100

_CODE_FOLDERS = ("src", "tests", "benchmarks", "docs", "lints")
_CODE_SUFFIXES = frozenset({".py", ".toml", ".js", ".html", ".css", ".md"})
# The test of this check plants what it refuses.
_PLANTED = "test_dead_ends.py"
# Records of decisions name what there was on their day.
_RECORDS = "docs/adr/"
# Written by programs, or kept as they were.
_ANY_WIDTH = ("docs/reference/", "docs/benchmarks.md", "CHANGELOG.md")

_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_CITED = re.compile(r"\b(docs/[\w/-]+\.md|[A-Z]{4,}\.md)( *#)?([\w-]+)?")
_MODULE = re.compile(r"`((?:[\w-]+/)*\w+\.py)`")
# The end of a sentence with another one behind it.
_SENTENCE_END = re.compile(r"(?<![A-Z]\.)(?<!e\.g)(?<!i\.e)[a-z)`*][.!?](?:\*\*|[)\"])? +[A-Z`*\[]")
_GHOSTS = (
    re.compile(
        r"\b(?:facts?|decisions?|style|contract,?|fixtures?|traps?(?: of)?) \d", re.IGNORECASE
    ),
    re.compile(r"\(contract[,:) ]|\b(?:the|a) contract(?:'s|\.|,| says)"),
    # A rule or a type by number, in prose: not the id of a report in a test, nor the T of a time.
    re.compile(r"(?:\"\"\"|[\s(,#])[RT]\d{1,2}(?=[\s:,.);]|$)"),
)


def slugs(text: str) -> set[str]:
    """The names by which links reach the headings of a document, as GitHub makes them."""
    found: dict[str, int] = {}
    for title in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w -]", "", plain.lower()).replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
    return {f"{slug}-{n}" if n else slug for slug, most in found.items() for n in range(most + 1)}


@cache
def _slugs_of(document: Path) -> set[str]:
    return slugs(document.read_text(encoding="utf-8"))


def documents(root: Path) -> list[Path]:
    """Every Markdown file of the repository, hidden folders left out."""
    return sorted(path for path in root.rglob("*.md") if not _hidden(path.relative_to(root)))


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.parts[:-1])


def _sources(root: Path) -> Iterator[Path]:
    for folder in _CODE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _CODE_SUFFIXES and path.name != _PLANTED:
                yield path
    yield from (path for path in (*root.glob("*.md"), root / "Makefile") if path.is_file())


def dead_citations(root: Path, line: str) -> Iterator[str]:
    """Pages and headings cited in this line that no reader can open."""
    for page, mark, heading in _CITED.findall(line):
        if not (root / page).is_file():
            yield f"no page {page}"
        elif mark.startswith(" ") and heading:
            yield f"write {page}#{heading} without a blank"
        elif heading and heading not in _slugs_of(root / page):
            yield f"no heading {page}#{heading}"


def ghosts(line: str) -> Iterator[str]:
    """References in this line to papers that the repository does not hold."""
    yield from (f"leads nowhere: {m[0].strip()!r}" for one in _GHOSTS for m in one.finditer(line))


def dead_links(document: Path) -> Iterator[str]:
    """Relative links of a document to a file or a heading that is not there."""
    prose = _INLINE_CODE.sub("", _FENCE.sub("", document.read_text(encoding="utf-8")))
    for target in _LINK.findall(prose):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, heading = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        if not file.exists() or (heading and heading not in _slugs_of(file)):
            yield f"dead link {target}"


def gone_modules(document: Path, there: Collection[str]) -> Iterator[str]:
    """Modules that a document names by the end of their path and that are not there."""
    for name in _MODULE.findall(document.read_text(encoding="utf-8")):
        if not any(path.endswith(f"/{name}") for path in there):
            yield f"no module {name}"


def long_lines(document: Path) -> Iterator[str]:
    """Lines over 100 columns that hold more than one sentence. Tables and code may be wide."""
    text = document.read_text(encoding="utf-8")
    blank = _FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    for number, line in enumerate(blank.splitlines(), start=1):
        if len(line) > COLUMNS and not line.lstrip().startswith("|"):
            prose = _INLINE_CODE.sub(lambda code: "`" + "x" * (len(code[0]) - 2) + "`", line)
            if _SENTENCE_END.search(prose):
                yield f"line {number}: several sentences in {len(line)} columns"


def problems(root: Path = ROOT) -> list[str]:
    """What is wrong, each with its place; empty when all is well."""
    found: list[str] = []
    sources = list(_sources(root))
    there = [f"/{path.relative_to(root)}" for path in sources]
    for path in sources:
        place = path.relative_to(root)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            wrong = [*dead_citations(root, line), *ghosts(line)]
            found += [f"{place}:{number}: {what}" for what in wrong]
    for document in documents(root):
        place = document.relative_to(root)
        found += [f"{place}: {what}" for what in dead_links(document)]
        if not str(place).startswith(_RECORDS):
            found += [f"{place}: {what}" for what in gone_modules(document, there)]
        if not str(place).startswith(_ANY_WIDTH):
            found += [f"{place}: {what}" for what in long_lines(document)]
    return found


if __name__ == "__main__":
    wrong = problems()
    print("\n".join(wrong) or "documents: no dead ends")
    sys.exit(1 if wrong else 0)
