"""The files that operators copy name settings that recoup has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recoup.config import Settings

ROOT = Path(__file__).parents[2]
FILES = [
    *(path for path in (ROOT / "deploy").rglob("*") if path.is_file()),
    *(ROOT / name for name in ("compose.yaml", "Dockerfile", "docs/operations.md")),
]
# `recoup` refuses to start with a variable of its prefix that it does not know.
SETTINGS = {f"RECOUP_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_is_a_setting(path: Path) -> None:
    """One that is none keeps the service from starting."""
    assert set(re.findall(r"\bRECOUP_[A-Z_]+", path.read_text(encoding="utf-8"))) <= SETTINGS


def test_units_use_only_variables_that_somebody_sets() -> None:
    """systemd puts nothing in the place of one that is not set, and recoup gets an empty argument."""
    for unit in (ROOT / "deploy" / "systemd").glob("*.service"):
        text = unit.read_text(encoding="utf-8")
        set_here = set(re.findall(r"(?:^Environment=| )([A-Z_]+)=", text, re.MULTILINE))
        assert set(re.findall(r"\$\{(\w+)\}", text)) <= set_here, unit.name
