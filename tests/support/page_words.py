"""The words that the dashboard has for states, read from its script."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import recoup

FOLDER = Path(recoup.__file__).parent / "web"


@cache
def page_words() -> dict[str, dict[str, list[str]]]:
    """By set and word: what it is called and the kind of its badge."""
    script = (FOLDER / "shared" / "states.js").read_text(encoding="utf-8")
    found = re.search(r"^const STATES = (\{.*?^\});$", script, re.DOTALL | re.MULTILINE)
    assert found is not None
    words: dict[str, dict[str, list[str]]] = json.loads(found.group(1))
    return words
