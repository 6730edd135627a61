"""The parts that printed pages share."""

from __future__ import annotations

import re

import pytest

from recoup.api.print_page import linked
from recoup.claims.packs.instructions import load_instructions

SOURCES = sorted(
    {source for one in load_instructions().requirements for source in one.sources}
    | {source for one in load_instructions().routes for source in one.sources}
)


@pytest.mark.parametrize("source", [one for one in SOURCES if "/" in one])
def test_a_source_is_linked_whole(source: str) -> None:
    """With its query, which names the help page; in every country's domain."""
    (address,) = re.findall(r'href="https://([^"]+)"', linked(source))

    assert source.endswith(f", {address}")


def test_what_is_no_address_is_no_link() -> None:
    """And what others wrote is escaped."""
    assert linked("<b>A note. And/or more, v1.2</b>") == (
        "&lt;b&gt;A note. And/or more, v1.2&lt;/b&gt;"
    )
