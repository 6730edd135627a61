"""The browser of the tests: the system's, as a driver's own one is a download that a build need not allow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Chromium's own sandbox refuses root.
OPTIONS: Sequence[str] = ("--no-sandbox",) if os.geteuid() == 0 else ()


def find_chromium() -> str:
    """Its path. A test fails without it."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail(
            "The browser tests need Chromium: run `apt-get install chromium` "
            "(CONTRIBUTING.md, Tests).",
            pytrace=False,
        )
    return found
