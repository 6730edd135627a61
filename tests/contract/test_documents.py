"""What the documents say is so: generated pages, links, cited facts, routes and problems."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.reference.generate import FOLDER, pages
from recoup.api.app import create_app
from recoup.api.problems import KINDS
from recoup.config import Settings
from recoup.db.engine import Database

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
SOURCES = sorted((ROOT / "src").rglob("*.py"))

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

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_CITED_FACT = re.compile(r"docs/amazon\.md\s+#([a-z0-9-]+)")
_CITED_DOCUMENT = re.compile(r"\b(?:docs/[\w/-]+|[A-Z]{4,})\.md\b")

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def anchors(document: Path) -> set[str]:
    """The names that links into a document may use: its headings, as forges spell them."""
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def text_files() -> Iterator[Path]:
    """Everything that a repository of recoup holds and a person can read."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
        if not hidden and "__pycache__" not in parts and path.is_file():
            yield path


@pytest.mark.parametrize("name", pages())
def test_reference_pages_are_those_that_the_code_makes(name: str) -> None:
    """A changed setting or command cannot be forgotten in its page."""
    written = (FOLDER / name).read_text(encoding="utf-8")

    assert written == pages()[name], "run .venv/bin/python docs/reference/generate.py"


@every_document
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    """A reader never meets a dead end, neither a missing file nor a missing heading."""
    prose = _CODE.sub("", document.read_text(encoding="utf-8"))
    dead = []
    for target in _LINK.findall(prose):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)

    assert not dead


def test_every_fact_that_the_code_cites_is_written_down() -> None:
    """`docs/amazon.md #orders` in a docstring leads to a heading of that name."""
    cited = {
        (anchor, str(source.relative_to(ROOT)))
        for source in SOURCES
        for anchor in _CITED_FACT.findall(source.read_text(encoding="utf-8"))
    }
    written = anchors(ROOT / "docs" / "amazon.md")

    assert cited
    assert not {each for each in cited if each[0] not in written}


def test_every_document_that_the_code_names_exists() -> None:
    """A comment never sends its reader to a file that is not there."""
    named = {
        name
        for source in (*SOURCES, ROOT / "Makefile")
        for name in _CITED_DOCUMENT.findall(source.read_text(encoding="utf-8"))
    }

    assert not {name for name in named if not (ROOT / name).exists()}


def test_no_file_names_a_package_index() -> None:
    """Where packages come from is for the machine that installs them to say."""
    naming = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in text_files()
        for host in INDEX_HOSTS
        if host.encode() in path.read_bytes()
    ]

    assert not naming


def test_the_api_guide_names_every_route(tmp_path: Path) -> None:
    """A route that frontends may use is one that they can read about."""
    app = create_app(Settings(data_dir=tmp_path), Database("postgresql://nobody@127.0.0.1/none"))
    guide = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

    assert not [path for path in app.openapi()["paths"] if f"{path}`" not in guide]


def test_the_api_guide_names_every_kind_of_problem() -> None:
    """A program can know every `type` that it may have to handle."""
    guide = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

    assert not [kind.slug for kind in KINDS.values() if f"`/problems/{kind.slug}`" not in guide]
