"""What the documents say is so: generated pages, links, cited facts, routes and problems."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.reference.generate import FOLDER, PAGES
from lints.dead_ends import problems
from recoup.api.problems import KINDS
from tests.support.openapi_document import PATHS

ROOT = Path(__file__).parents[2]

# Written apart, as this file is searched too.
INDEX_HOSTS = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "yarn" + "pkg.com",
    "crates" + ".io",
    "anaconda" + ".org",
    "proxy.golang" + ".org",
)


def text_files() -> Iterator[Path]:
    """Everything that a repository of recoup holds and a person can read."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
        if not hidden and "__pycache__" not in parts and path.is_file():
            yield path


@pytest.mark.parametrize("name", PAGES)
def test_reference_pages_are_those_that_the_code_makes(name: str) -> None:
    """A changed setting or command cannot be forgotten in its page."""
    written = (FOLDER / name).read_text(encoding="utf-8")

    assert written == PAGES[name](), "run make reference"


def test_every_reference_leads_somewhere() -> None:
    """A reader never meets a dead end, in code or in documents."""
    assert not problems()


def test_no_file_names_a_package_index() -> None:
    """Where packages come from is for the machine that installs them to say."""
    naming = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in text_files()
        for host in INDEX_HOSTS
        if host.encode() in path.read_bytes()
    ]

    assert not naming


def test_the_api_guide_names_every_route() -> None:
    """A route that frontends may use is one that they can read about."""
    guide = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

    assert not [path for path in PATHS if f"{path}`" not in guide]


def test_the_api_guide_names_every_kind_of_problem() -> None:
    """A program can know every `type` that it may have to handle."""
    guide = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

    assert not [kind.slug for kind in KINDS.values() if f"`/problems/{kind.slug}`" not in guide]
