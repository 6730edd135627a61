"""The meaning of an answer of the Selling Partner API. Pure: first the status, then the code.

Amazon's gateway may answer without the documented error envelope: HTML, nothing at all, or
`{"message": ...}`; a message may be null (selling-partner-api-docs issue 653).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from recoup.clock import parse_http_date
from recoup.errors import (
    AccessTokenRejectedError,
    BadRequestError,
    ForbiddenError,
    MalformedAnswerError,
    PageTokenExpiredError,
    RemoteNotFoundError,
    SpApiError,
    ThrottledError,
    UnavailableError,
)
from recoup.spapi.ceilings import (
    ANSWER_VALUES,
    ERROR_CHARACTERS,
    FASTEST_RATE,
    LONGEST_WAIT,
    NUMBER_DIGITS,
    SLOWEST_RATE,
)
from recoup.spapi.operation import Operation, UsagePlan
from recoup.spapi.transport import Reply

PAGE_TOKEN_PARAMETERS = frozenset({"paginationToken", "nextToken", "NextToken"})

_FASTEST_RATE = 1e6  # calls per second: Amazon allows 30 at most, a sandbox in a hurry far more
_AMAZONS_FAULT = frozenset({"InternalFailure", "InternalError", "ServiceUnavailable"})

# The wording was seen in selling-partner-api-docs issue 2147; the one for an expired token is not
# documented, so every way to say it counts.
_TOKEN_REFUSED = re.compile(
    r"access token.*(expired|revoked|malformed|invalid)|(expired|revoked|invalid).*access token",
    re.IGNORECASE | re.DOTALL,
)
_OPAQUE = re.compile(r"Atz\S*|\S*@\S*|[^\s]{32,}", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z0-9 _.:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Accepted:
    """Amazon accepted the request; `body` is its JSON, None if the answer has none."""

    body: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Remark:
    """Amazon's own words about an error, as far as there are any."""

    code: str | None = None
    message: str = ""


def classify(
    operation: Operation, reply: Reply, *, page_token_sent: bool = False, hide: Sequence[str] = ()
) -> Accepted | SpApiError:
    """Classifies an answer. `hide` are secrets that must not appear in a message.

    A 400 to a request with a page token counts as a dead page token: the first page, the same
    request without one, was accepted.
    """
    if 200 <= reply.status < 300:
        return _accepted(operation, reply, hide)
    remark = _remark(_lenient_json(reply.content))
    context: dict[str, Any] = {"operation": operation.name, "request_id": reply.request_id}
    if reply.status == 429:
        wait = retry_after(reply.headers)
        return ThrottledError("Amazon asks to wait (429).", retry_after=wait, **context)
    context |= {"status": reply.status, "code": _code(remark, hide)}
    said = _said(reply.status, remark, hide)
    return _error_class(reply.status, remark, page_token_sent=page_token_sent)(said, **context)


def _error_class(status: int, remark: _Remark, *, page_token_sent: bool) -> type[SpApiError]:
    if status >= 500 or status == 408:
        return UnavailableError
    if status == 401 or (
        status == 403 and _TOKEN_REFUSED.search(remark.message[:ERROR_CHARACTERS])
    ):
        return AccessTokenRejectedError
    if status == 403:
        return ForbiddenError
    if status == 404:
        return RemoteNotFoundError
    if status == 400 and page_token_sent:
        return PageTokenExpiredError
    return BadRequestError if status >= 400 else MalformedAnswerError


def _accepted(operation: Operation, reply: Reply, hide: Sequence[str]) -> Accepted | SpApiError:
    context: dict[str, Any] = {
        "operation": operation.name,
        "status": reply.status,
        "request_id": reply.request_id,
    }
    if not reply.content.strip() and operation.method != "GET":
        return Accepted(None)
    try:
        body = parse_json(reply.content)
    except ValueError:
        return MalformedAnswerError("The answer is not JSON.", **context)
    is_error = isinstance(body, dict) and body.get("errors")
    if not is_error or any(value for key, value in body.items() if key != "errors"):
        if _has_member(body, operation.member) and _has_list(body, operation.items):
            return Accepted(body)
        missing = ".".join(operation.member or operation.items)
        return MalformedAnswerError(
            f"Amazon's answer has no {missing}: most likely it has an outage. "
            "The next sync tries again.",
            **context,
        )
    remark = _remark(body)
    context["code"] = _code(remark, hide)
    kind = UnavailableError if remark.code in _AMAZONS_FAULT else BadRequestError
    return kind(_said(reply.status, remark, hide), **context)


def _has_member(body: Any, path: Sequence[str]) -> bool:
    """Whether there is a value at the path; the operation checks its type."""
    for name in path:
        if not isinstance(body, dict) or body.get(name) is None:
            return False
        body = body[name]
    return True


def _has_list(body: Any, path: Sequence[str]) -> bool:
    """Whether the path names a list: null is an empty one."""
    if not path:
        return True
    for name in path[:-1]:
        body = body.get(name) if isinstance(body, dict) else None
    return isinstance(body, dict) and path[-1] in body


def parse_json(content: bytes) -> Any:
    """JSON with every decimal number exact. Raises ValueError for other text, or too many values.

    A number beyond NUMBER_DIGITS becomes text, so that it spoils no more than its own item:
    `1e99999999` would take 100 MB to write out.
    """
    # In texts they count too; that leaves room enough.
    if sum(map(content.count, (b",", b"[", b"{"))) > ANSWER_VALUES:
        raise ValueError(f"JSON of more than {ANSWER_VALUES} values")
    try:
        return json.loads(
            content,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_refuse_constant,
        )
    except (RecursionError, ArithmeticError) as exc:
        raise ValueError("JSON beyond measure") from exc


def _decimal(digits: str) -> Decimal | str:
    if len(digits) > 2 * NUMBER_DIGITS:
        return f"a number of {len(digits)} characters"
    number = Decimal(digits)
    return number if abs(number.adjusted()) < NUMBER_DIGITS else digits


def _integer(digits: str) -> int | str:
    if len(digits) > NUMBER_DIGITS:
        return f"a number of {len(digits)} characters"
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _lenient_json(content: bytes) -> Any:
    try:
        return parse_json(content)
    except ValueError:
        return None


def _remark(body: Any) -> _Remark:
    """The first error of the envelope, a bare `{"message": ...}`, or nothing."""
    if not isinstance(body, dict):
        return _Remark()
    errors = body.get("errors")
    entry = errors[0] if isinstance(errors, list) and errors else body
    if not isinstance(entry, dict):
        return _Remark()
    code, message = entry.get("code"), entry.get("message", entry.get("Message"))
    return _Remark(
        code if isinstance(code, str) and code else None,
        message if isinstance(message, str) else "",
    )


def _said(status: int, remark: _Remark, hide: Sequence[str]) -> str:
    """Amazon's words for a person, without possible secrets or addresses."""
    words = f"Amazon answered {status}"
    if code := _code(remark, hide):
        words += f" {code}"
    return f"{words}: {_harmless(remark.message, hide)}" if remark.message else f"{words}."


def _code(remark: _Remark, hide: Sequence[str]) -> str | None:
    code = remark.code
    if code is None or not _CODE.fullmatch(code) or any(secret in code for secret in hide):
        return None
    return code


def _harmless(text: str, hide: Sequence[str]) -> str:
    for secret in hide:
        text = text.replace(secret, "***")
    text = text[:ERROR_CHARACTERS]  # the expression takes the square of its length
    return " ".join(_OPAQUE.sub("***", text).split())[:200]


def rate_limit(headers: Mapping[str, str]) -> float | None:
    """The rate that Amazon applies, in calls per second; None if absent or invalid.

    The header is best effort and carries no burst (page "usage-plans-and-rate-limits").
    """
    try:
        rate = float(headers["x-amzn-ratelimit-limit"])
    except (KeyError, ValueError):
        return None
    return rate if math.isfinite(rate) and 0 < rate <= _FASTEST_RATE else None


def believed_rate(rate: float, plan: UsagePlan) -> float:
    """A told rate, no further from the documented one than Amazon was seen to be."""
    return min(max(rate, plan.rate * SLOWEST_RATE), plan.rate * FASTEST_RATE)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Amazon's own wait, at most ten minutes. Undocumented, but honoured if present."""
    text = headers.get("retry-after", "")
    try:
        if text.isascii() and text.isdigit():
            wait = timedelta(seconds=min(int(text), LONGEST_WAIT.total_seconds()))
        else:
            wait = parse_http_date(text) - _date(headers)
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


def _date(headers: Mapping[str, str]) -> datetime:
    return parse_http_date(headers.get("date", ""))
