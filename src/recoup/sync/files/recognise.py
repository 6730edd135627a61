"""Recognising a report by its headings, in any of the languages of headings.toml. Pure.

A file's name says nothing: people rename files, and browsers number them.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from recoup.streams import all_streams
from recoup.streams._report import Field, normal_header
from recoup.streams._stream import Stream

ENGLISH = "en"
_HEADINGS = Path(__file__).with_name("headings.toml")
# Of the columns that every file of the type has: what is less may be another report.
_LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file's report. columns: for each heading that is wanted its position, in the file's order.

    unknown: headings that mean nothing to recoup; their cells are not read.
    """

    stream: Stream
    language: str
    columns: Mapping[str, int]
    unknown: tuple[str, ...]

    @property
    def fields(self) -> dict[str, Field]:
        """The fields of the wanted columns."""
        assert self.stream.report is not None
        return {one.column: one for one in self.stream.report.fields if one.column in self.columns}


def plain(text: str) -> str:
    """A word without case, blanks, punctuation and the width of Japanese letters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    letters = "".join(one for one in folded if one.isalnum())
    return letters.replace("fulfilment", "fulfillment").replace("centre", "center")


def report_streams() -> tuple[Stream, ...]:
    """The streams whose report people can download."""
    return tuple(stream for stream in all_streams() if stream.report is not None)


def recognise(headings: Sequence[str]) -> Recognised | None:
    """The report with these headings; None if it is none, or may be either of two."""
    found = [
        (score, one)
        for stream in report_streams()
        if (one := _place(stream, headings)) is not None and (score := _score(one, headings))
    ]
    found.sort(key=lambda pair: pair[0], reverse=True)
    if not found or (len(found) > 1 and found[0][0] == found[1][0]):
        return None
    return found[0][1]


def _place(stream: Stream, headings: Sequence[str]) -> Recognised | None:
    names = _names()[stream.name]
    columns: dict[str, int] = {}
    languages: Counter[str] = Counter()
    unknown = []
    for at, heading in enumerate(headings):
        told = names.get(plain(heading))
        if told is None:
            unknown.append(heading)
        elif told[0] not in columns:
            columns[told[0]] = at
            languages.update(told[1])
    assert stream.report is not None
    if any(one.required and one.column not in columns for one in stream.report.fields):
        return None
    ignored = {normal_header(one) for one in stream.report.ignored}
    told_of = tuple(one for one in unknown if one.strip() and normal_header(one) not in ignored)
    return Recognised(stream, _language(languages), columns, told_of)


def _score(one: Recognised, headings: Sequence[str]) -> float:
    """How well the headings fit the report; 0 if they do not."""
    assert one.stream.report is not None
    usual = [field for field in one.stream.report.fields if field.filled or field.required]
    had = sum(field.column in one.columns for field in usual)
    if had < len(usual) * _LEAST_SHARE:
        return 0.0
    filled = sum(bool(heading.strip()) for heading in headings)
    return had / len(usual) + len(one.columns) / max(filled, 1)


def _language(languages: Counter[str]) -> str:
    """The language of most headings; of equal ones English, whose headings are the API's."""
    most = max(languages.values(), default=0)
    best = sorted(name for name, count in languages.items() if count == most)
    return ENGLISH if ENGLISH in best or not best else best[0]


@cache
def _names() -> Mapping[str, Mapping[str, tuple[str, frozenset[str]]]]:
    """For each stream, each heading in its plain form: the column, and its languages."""
    more = tomllib.loads(_HEADINGS.read_text(encoding="utf-8"))
    names: dict[str, dict[str, tuple[str, frozenset[str]]]] = {}
    for stream in report_streams():
        assert stream.report is not None
        here: dict[str, tuple[str, frozenset[str]]] = {}
        told = more.get(stream.name, {})
        for field in stream.report.fields:
            for header in field.headers:
                _add(here, header, field.column, ENGLISH)
        for field in stream.report.fields:
            for language, words in told.get(field.column, {}).items():
                for word in [words] if isinstance(words, str) else words:
                    _add(here, word, field.column, language)
        names[stream.name] = here
    return names


def _add(
    here: dict[str, tuple[str, frozenset[str]]], heading: str, column: str, language: str
) -> None:
    """A heading that two columns claim is that of the first: Amazon's own name before translations."""
    known = here.get(plain(heading))
    if known is None:
        here[plain(heading)] = (column, frozenset({language}))
    elif known[0] == column:
        here[plain(heading)] = (column, known[1] | {language})
