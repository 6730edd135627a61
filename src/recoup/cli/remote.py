"""A recoup that runs elsewhere: its address and the token for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.errors import CommandError
from recoup.origins import origin_of

if TYPE_CHECKING:
    from recoup.config import Settings

ApiOption = Annotated[
    str | None,
    typer.Option(
        "--api",
        metavar="URL",
        help="Address of a running recoup, called with RECOUP_API_TOKEN. Unset: the database.",
    ),
]


def require_address(address: str) -> str:
    """Raises CommandError for what is no address of an API."""
    if origin_of(address) is None:
        raise CommandError(f"{address} is no address: use one such as http://127.0.0.1:8000.")
    return address


def require_token(settings: Settings, *, scope: str) -> str:
    """The token of this process; `scope` is the least that the command needs. Raises CommandError."""
    if settings.api_token is None:
        raise CommandError(
            "Set RECOUP_API_TOKEN to a token of the API: "
            f"`recoup user token EMAIL --scope {scope}` prints one."
        )
    return settings.api_token.get_secret_value()
