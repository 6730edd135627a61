"""The command line names the kinds of oddities, takes them, and refuses others."""

from __future__ import annotations

import pytest

from recoup.sandbox.oddities import oddity_names
from tests.cli.programs import Recoup


@pytest.mark.parametrize("command", ["sandbox", "serve"])
def test_an_unknown_kind_is_one_line_that_lists_the_kinds(alone: Recoup, command: str):
    """Before anything is started."""
    ended = alone.run(command, "--odd", "nonsense")

    assert ended.code == 2
    assert "odd kind 'nonsense'" in ended.stderr
    assert all(name in ended.stderr.replace("\n", "") for name in oddity_names())
