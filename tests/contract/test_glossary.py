"""docs/glossary.md explains the words that the code is made of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import recoup

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
SOURCE = Path(recoup.__file__).parent
# A world of its own, with docs/sandbox.md; and the schema of every day, which keeps its words.
APART = ("sandbox", "migrations")

_ENTRY = re.compile(r"^\| ([^|]+?) \|", re.MULTILINE)
_PLAIN = re.compile(r"`(\w+)`")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z0-9]*|[A-Z]+")


def explained(text: str) -> set[str]:
    """Every word with an entry, alone and as the last one of several, and the plain words."""
    entries, _, plain = text.partition("## Plain words")
    words = set(_PLAIN.findall(plain))
    for entry in _ENTRY.findall(entries):
        names = re.sub(r"\([^)]*\)", "", entry).split(",")
        words |= {name.split()[-1].lower() for name in names if name.strip()}
    return words


def class_names() -> Iterator[tuple[str, str]]:
    """Public classes of the code, each with its file."""
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE)
        if place.parts[0] not in APART:
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    yield node.name, str(place)


def head_noun(name: str) -> str:
    """`ReportDesk` -> `desk`, `SpApi` -> `api`."""
    return _WORD.findall(name)[-1].lower()


def unexplained(names: Iterator[tuple[str, str]], words: set[str]) -> list[str]:
    """Classes whose last word is not among the words, in singular or plural."""
    return [
        f"{place}: {name} ({noun})"
        for name, place in names
        if not {noun := head_noun(name), noun.removesuffix("s"), f"{noun}s"} & words
    ]


def test_the_glossary_explains_what_classes_are() -> None:
    """The last word of a class name has an entry, or is listed as plain."""
    assert not unexplained(class_names(), explained(GLOSSARY.read_text(encoding="utf-8")))


def test_a_class_with_a_new_noun_is_noticed() -> None:
    """The check can fail: a noun that nobody explained is named with its file."""
    words = explained(GLOSSARY.read_text(encoding="utf-8"))
    names = iter([("ReportDesk", "sync/desk.py"), ("RowGizmo", "sync/gizmo.py")])

    assert unexplained(names, words) == ["sync/gizmo.py: RowGizmo (gizmo)"]


def test_no_word_has_two_entries() -> None:
    """One word, one entry: two definitions would drift apart."""
    text = GLOSSARY.read_text(encoding="utf-8").partition("## Plain words")[0]
    entries = [entry for entry in _ENTRY.findall(text) if entry not in {"word", "wing", "---"}]

    assert len(entries) == len(set(entries))
