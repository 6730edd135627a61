"""A list without members is null, in every operation.

Source: amzn/selling-partner-api-models issue 4358 (`{"nextToken":null,"transactions":null}`), 2024-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json
from recoup.sandbox.oddities._oddity import Oddity, Step

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call


def _answer(call: Call, operation: str, body: Json) -> Json:  # noqa: ARG001 - the same for all
    told = _told(body)
    if operation == "listTransactions" and isinstance(told, Mapping):
        payload = told["payload"]
        assert isinstance(payload, Mapping)
        return {**told, "payload": {"nextToken": None, **payload}}
    return told


def _told(value: Json) -> Json:
    if isinstance(value, list):
        return [_told(one) for one in value] or None
    if isinstance(value, Mapping):
        return {name: _told(one) for name, one in value.items()}
    return value


ODDITY = Oddity(Step.LAYOUT, answer=_answer)
