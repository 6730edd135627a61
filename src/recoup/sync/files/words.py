"""Cells whose words rules look for, in the words of the API's files. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from recoup.sync.files.recognise import plain

_WORDS = Path(__file__).with_name("words.toml")
_KINDS = {
    ("ledger", "event_type"): "event",
    ("ledger", "disposition"): "disposition",
    ("ledger_summary", "disposition"): "disposition",
    ("returns", "detailed_disposition"): "disposition",
    ("removals", "order_type"): "removal",
    ("removals", "status"): "removal_status",
    ("removals", "disposition"): "removal_disposition",
    ("removal_shipments", "removal_order_type"): "removal",
    ("removal_shipments", "disposition"): "removal_disposition",
}


def words_of(stream: str, column: str) -> Mapping[str, str] | None:
    """For each word in its plain form that of the API's file; None for a column of any text."""
    kind = _KINDS.get((stream, column))
    return None if kind is None else _words()[kind]


def word_in(words: Mapping[str, str], cell: str) -> str | None:
    """The API's word for a cell, in the cell's own spelling if it is that one; None: not known."""
    told = words.get(plain(cell))
    return cell if told is not None and told.casefold() == cell.strip().casefold() else told


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    told = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    return {
        kind: {plain(one): word for word, others in words.items() for one in (word, *others)}
        for kind, words in told.items()
    }
