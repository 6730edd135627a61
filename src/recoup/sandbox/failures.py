"""The effects of a fault on a client."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import HTMLResponse, Response

from recoup.sandbox.answers import ApiError, BrokenConnection, SilentConnection, throttled
from recoup.sandbox.config import FaultKind
from recoup.sandbox.faults import DrawnFault
from recoup.sandbox.state import Sandbox

SLOW_SECONDS = 0.5


async def fail(sandbox: Sandbox, fault: DrawnFault, headers: Mapping[str, str]) -> Response | None:
    """The answer of a fault; None if the call continues (slow, malformed, faults of data).

    `headers` go with half of the 429s: Amazon sends none there, other gateways do.
    """
    match fault.kind:
        case FaultKind.THROTTLED:
            return throttled().answer(headers if fault.variant else None)
        case FaultKind.INTERNAL:
            message = "We encountered an internal error. Please try again."
            return ApiError(500, "InternalFailure", message).answer()
        case FaultKind.UNAVAILABLE:
            if fault.variant:
                page = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"
                return HTMLResponse(page, 503)
            message = "Service is temporarily unavailable. Please try again."
            return ApiError(503, "ServiceUnavailable", message).answer()
        case FaultKind.RESET:
            return BrokenConnection()
        case FaultKind.STALL:
            return SilentConnection(sandbox.stopping)
        case FaultKind.SLOW:
            await sandbox.stopped_within(SLOW_SECONDS)
    return None
