"""Tokens API 2021-03-01: restricted data tokens. Source: docs/amazon.md#restricted-data-tokens."""

from __future__ import annotations

from decimal import Decimal

from recoup.sandbox.answers import ApiError, Json
from recoup.sandbox.bodies import Members
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.sellers import ACCESS_TOKEN_LIFETIME

MOST_RESOURCES = 50
_ELEMENTS = frozenset({"buyerInfo", "shippingAddress", "buyerTaxInformation"})
_METHODS = ("GET", "PUT", "POST", "DELETE")
_RESTRICTED = ("/orders/v0/orders", "/reports/2021-06-30/documents/")


def _create_restricted_data_token(call: Call) -> Json:
    resources: dict[tuple[str, str], frozenset[str]] = {}
    body = call.body.members
    for members in body.objects("restrictedResources", at_most=MOST_RESOURCES):
        place, elements = _resource(members)
        resources[place] = resources.get(place, frozenset()) | elements
    token = call.sandbox.sellers.give_restricted_token(call.seller, resources, call.now)
    return {
        "restrictedDataToken": token,
        "expiresIn": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
    }


def _resource(members: Members) -> tuple[tuple[str, str], frozenset[str]]:
    method, path = members.choice("method", _METHODS), members.text("path")
    if not path.startswith(_RESTRICTED):
        message = f"The path {path} is not that of a restricted operation."
        raise ApiError(400, "InvalidRequest", message)
    elements = frozenset(members.texts("dataElements", at_least=0, at_most=len(_ELEMENTS)))
    if not elements <= _ELEMENTS:
        raise ApiError(400, "InvalidRequest", "dataElements has an invalid value.")
    # The operations for the address and the buyer are restricted as a whole: they take no list.
    last = path.rpartition("/")[2]
    if last == "address":
        elements |= {"shippingAddress"}
    if last == "buyerInfo":
        elements |= {"buyerInfo"}
    return (method, path), elements


OPERATIONS = (
    Operation(
        name="createRestrictedDataToken",
        method="POST",
        path="/tokens/2021-03-01/restrictedDataToken",
        rate=Decimal(1),
        burst=10,
        answer=_create_restricted_data_token,
    ),
)
