"""docs/glossary.md explains the words that the code is made of."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import recoup

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
SOURCE = Path(recoup.__file__).parent
# A world of its own, with docs/sandbox.md; and the schema of every day, which keeps its words.
APART = ("sandbox", "migrations")
# The client says what the API says, in its words, and imports nothing of the server.
IN_WORDS_OF_OTHERS = "client/"
SHARED_NAMES = {
    "Evidence": "a schema of the API, and a shorter one for assistants",
    "Money": "an exact amount to calculate with, and a schema of the API",
    "Scope": "of a source's pass, and of a token; the second one is a schema of the API",
}
"""Class names that two modules have, each with the reason."""

_ENTRY = re.compile(r"^\| ([^|]+?) \|", re.MULTILINE)
_PLAIN = re.compile(r"`(\w+)`")
_TEXTS = {".py", ".toml", ".js", ".html", ".sql"}
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z0-9]*|[A-Z]+")


def entries(text: str) -> list[str]:
    """The first column of each table."""
    return [one for one in _ENTRY.findall(text) if one not in {"word", "wing", "---"}]


def entry_words(text: str) -> list[str]:
    """The last word of each name of each entry."""
    names = (re.sub(r"\([^)]*\)", "", entry).split(",") for entry in entries(text))
    return [name.split()[-1].lower() for one in names for name in one if name.strip()]


def plain_words(text: str) -> list[str]:
    return _PLAIN.findall(text.partition("## Plain words")[2])


def explained(text: str) -> set[str]:
    """Every word with an entry, alone and as the last one of several, and the plain words."""
    return {*entry_words(text), *plain_words(text)}


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


def forms(word: str) -> set[str]:
    """Singular and plural."""
    return {word, word.removesuffix("s"), f"{word}s"}


def unexplained(names: Iterator[tuple[str, str]], words: set[str]) -> list[str]:
    """Classes whose last word is not among the words, in singular or plural."""
    return [
        f"{place}: {name} ({noun})"
        for name, place in names
        if not forms(noun := head_noun(name)) & words
    ]


def words_of_the_source() -> set[str]:
    """Whatever is said in the code, its texts and its names of folders and files."""
    found: set[str] = set()
    for path in SOURCE.rglob("*"):
        place = path.relative_to(SOURCE)
        if path.suffix in _TEXTS and place.parts[0] not in APART:
            text = f"{place.as_posix()} {path.read_text(encoding='utf-8')}"
            found.update(word.lower() for word in re.findall(r"[A-Z]*[a-z]+|[A-Z]+", text))
    return found


def dead_entries(text: str, words: set[str]) -> list[str]:
    """Words with an entry that nothing says, and wings that are no folder."""
    return [
        word
        for word in entry_words(text)
        if not (
            (SOURCE / word.strip("`")).is_dir()
            if "/" in word
            else forms(word.split("-")[-1]) & words
        )
    ]


def dead_plain_words(text: str, names: Iterable[tuple[str, str]]) -> list[str]:
    """Plain words with which no class name ends."""
    nouns = {form for name, _ in names for form in forms(head_noun(name))}
    return [word for word in plain_words(text) if word not in nouns]


def twice(words: Iterable[str]) -> list[str]:
    return [word for word, times in Counter(words).items() if times > 1]


def shared_names(names: Iterable[tuple[str, str]]) -> set[str]:
    """Names that classes of two modules have."""
    return set(twice(name for name, place in names if not place.startswith(IN_WORDS_OF_OTHERS)))


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
    text = GLOSSARY.read_text(encoding="utf-8")

    assert not twice(entries(text))
    assert not twice(plain_words(text))


def test_no_word_is_explained_that_nothing_uses() -> None:
    """An entry goes with the last class, or the last sentence, that needed it."""
    text = GLOSSARY.read_text(encoding="utf-8")

    assert not dead_entries(text, words_of_the_source())
    assert not dead_plain_words(text, class_names())


def test_no_two_classes_share_a_name() -> None:
    """A reader who looks for a name finds one class; the exceptions are still some."""
    assert shared_names(class_names()) == set(SHARED_NAMES)


def test_dead_and_double_words_are_noticed() -> None:
    """The checks can fail, each with the words that it is about."""
    text = "| cursor, gizmo | it |\n| `sync/gizmos` | it |\n## Plain words\n`row`, `row`, `gadget`"
    names = [("LostRow", "sync/a.py"), ("LostRow", "claims/b.py"), ("LostRow", "client/c.py")]

    assert dead_entries(text, words_of_the_source()) == ["gizmo", "`sync/gizmos`"]
    assert dead_plain_words(text, names) == ["gadget"]
    assert twice(plain_words(text)) == ["row"]
    assert shared_names(names) == {"LostRow"}
    assert shared_names([names[0], names[2]]) == set()
