"""Refusing costs that people send: nothing of the body is accepted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from fastapi.exceptions import RequestValidationError


def refuse(errors: Iterable[tuple[str, str]]) -> NoReturn:
    """Raises RequestValidationError. errors: places such as `line 2/cost`, and what is wrong there."""
    raise RequestValidationError(
        [{"loc": tuple(place.split("/")), "msg": text, "type": "value"} for place, text in errors]
    )
