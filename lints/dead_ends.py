# ruff: noqa: T201 - it reports on stdout
"""Refuse documents and references that lead nowhere. Part of `make check`.

The code once cited papers that its readers did not have, by the number of a line in them, so nobody could follow or
correct them. Now whatever code or tests rest on is a heading in `docs/`, and this looks that

- every page and heading that is cited in src, tests, benchmarks and documents exists, and is spelled in one way;
- every relative link of a document leads to a file and a heading, and every module that it names
  exists;
- no reference is left to a paper that is not here, be it by name or by the number of a line in it,
  and no test is named after one;
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

_CODE_FOLDERS = (
    "src",
    "tests",
    "benchmarks",
    "docs",
    "lints",
    "examples",
    "deploy",
    ".ci",
    ".github",
)
_CODE_SUFFIXES = frozenset(
    {".py", ".toml", ".js", ".html", ".css", ".md", ".sql", ".sh", ".c", ".yml", ".yaml"}
)
# Folders of which each file is read, whatever its name ends with.
_WHOLE = ("deploy", ".ci")
_CODE_FILES = (
    "Makefile",
    "Dockerfile",
    "compose.yaml",
    "pyproject.toml",
    ".pre-commit-config.yaml",
)
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
# Papers by the number of a line in them. Between two words may be the end of a line.
_NUMBERED = r"facts?|decisions?|style|contract,?|fixtures?|traps?(?: of)?|rules?|sections?|house"
_GAP = r"(?:[ \t]|\n[ \t]*(?:#|--|//)?[ \t]*)"
_GHOSTS = (
    re.compile(rf"(?<!\.)\b(?:{_NUMBERED}):?{_GAP}#?\d", re.IGNORECASE),
    re.compile(r"(?:\w+ )?§ ?\d|\b(?:house|style|contract|facts|issue)\.md\b"),
    re.compile(r"\"\"\"(?:Row|Item|Point|Promise) \d"),
    re.compile(
        r"\(contract[,:) ]"
        rf"|\b(?:the|of|our|this){_GAP}contract\b(?! (?:tests?|suites?)\b)|\ba contract(?:'s|[.,]| says)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\btest_(?:\w+_)?(?:(?:facts?|decisions?|rules?|rows?|issues?|sections?|traps?)_\d"
        r"|(?:the|of)_contract)\w*"
    ),
)
# A rule or a type by number, in prose: not the id of a report in a test, nor the T of a time.
_NUMBERED_ID = re.compile(r"(?:\"\"\"|[\s(,#/])([RT]\d{1,2})(?=[\s:,.);/]|$)", re.MULTILINE)
_NAME_OF_REPOSITORY = 80
_ISSUE = re.compile(r"\bissues?(?: #?|#)\d+", re.IGNORECASE)


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
            is_text = path.suffix in _CODE_SUFFIXES or (folder in _WHOLE and path.is_file())
            if is_text and path.name != _PLANTED:
                yield path
    files = (*root.glob("*.md"), *(root / name for name in _CODE_FILES))
    yield from (path for path in files if path.is_file())


def dead_citations(root: Path, line: str) -> Iterator[str]:
    """Pages and headings cited in this line that no reader can open."""
    for page, mark, heading in _CITED.findall(line):
        if not (root / page).is_file():
            yield f"no page {page}"
        elif mark.startswith(" ") and heading:
            yield f"write {page}#{heading} without a blank"
        elif heading and heading not in _slugs_of(root / page):
            yield f"no heading {page}#{heading}"


def ghosts(text: str, headings: Collection[str] = ()) -> Iterator[tuple[int, str]]:
    """References to papers that the repository does not hold, each with its line.

    The id of a rule is fine if a heading has it, and the number of an issue behind its repository.
    """
    found = [m for one in _GHOSTS for m in one.finditer(text)]
    found += [m for m in _NUMBERED_ID.finditer(text) if m[1] not in headings]
    found += [m for m in _ISSUE.finditer(text) if not _is_elsewhere(text[: m.start()])]
    for m in found:
        start = m.end() - len(m[0].lstrip())
        yield text.count("\n", 0, start) + 1, f"leads nowhere: {' '.join(m[0].split())!r}"


def _is_elsewhere(before: str) -> bool:
    """Whether what stands before the number of an issue names a repository of others."""
    words = before[-_NAME_OF_REPOSITORY:].replace("#", " ").split()
    return bool(words) and ("/" in words[-1] or "-api" in words[-1])


def _headings(root: Path) -> set[str]:
    """Every word of a heading in docs."""
    pages = (root / "docs").rglob("*.md")
    titles = (one for page in pages for one in _HEADING.findall(page.read_text(encoding="utf-8")))
    return {word.strip("`.,:()") for title in titles for word in title.split()}


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
    headings = _headings(root)
    for path in sources:
        place = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        found += [f"{place}: {what}" for _, what in ghosts(path.name)]
        found += [f"{place}:{number}: {what}" for number, what in ghosts(text, headings)]
        for number, line in enumerate(text.splitlines(), start=1):
            found += [f"{place}:{number}: {what}" for what in dead_citations(root, line)]
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
