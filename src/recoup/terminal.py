"""Text of others on a terminal: it must not move the cursor, change colours, or type for the user."""

from __future__ import annotations

import re

# Control characters (C0, DEL, C1: ECMA-48), halves of surrogate pairs, line and paragraph separators,
# and what reverses the direction of the text around it (Unicode UAX 9).
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_IN_THEIR_PLACE = "\ufffd"


def printable(text: str) -> str:
    """One line, with a replacement for each character that a terminal would obey."""
    return _CONTROLS.sub(_IN_THEIR_PLACE, text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines, such as a file."""
    return "\n".join(printable(line.removesuffix("\r")) for line in text.split("\n"))


def printable_json(document: str) -> str:
    """A JSON document in which they are escaped, so that it says the same; line feeds stay.

    Outside of strings JSON has none but spaces.
    """
    return "\n".join(
        _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
        for line in document.split("\n")
    )
