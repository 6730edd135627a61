"""Writes the pages of this folder from the code that they describe.

Run `make reference` after a change; tests/contract/test_documents.py compares the pages with what is
generated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.reference.events import events_page
from docs.reference.problems import errors_page
from docs.reference.routes import routes_page
from docs.reference.rules import rules_page
from docs.reference.settings_and_commands import commands_page, settings_page
from docs.reference.streams import streams_page

FOLDER = Path(__file__).parent


PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "errors.md": errors_page,
    "events.md": events_page,
    "routes.md": routes_page,
    "rules.md": rules_page,
    "settings.md": settings_page,
    "streams.md": streams_page,
}
"""What makes each file of this folder, by its name."""


def main() -> None:
    for name, text_of in PAGES.items():
        (FOLDER / name).write_text(text_of(), encoding="utf-8")


if __name__ == "__main__":
    main()
