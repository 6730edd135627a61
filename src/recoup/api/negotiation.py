"""The form of an answer that a client prefers (RFC 9110, 12.5.1). Pure."""

from __future__ import annotations

from collections.abc import Sequence


def preferred(accept: str | None, offers: Sequence[str]) -> str:
    """The offered media type with the largest weight; the first of several equal ones.

    Without a header, or where nothing offered is acceptable, the first one: an answer that was
    not requested helps more than none.
    """
    weights = _weights(accept or "*/*")
    return max(offers, key=lambda offer: _weight_of(offer, weights))


def _weight_of(offer: str, weights: dict[str, float]) -> float:
    """The most specific range that covers the offer decides."""
    ranges = (offer, f"{offer.partition('/')[0]}/*", "*/*")
    return next((weights[name] for name in ranges if name in weights), 0.0)


def _weights(accept: str) -> dict[str, float]:
    weights = {}
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((p.partition("=")[2] for p in parameters if p.startswith("q=")), "1")
        weights[media_type] = _quality(quality)
    return weights


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
