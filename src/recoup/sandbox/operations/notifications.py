"""Notifications API v1: destinations and subscriptions are kept, nothing is sent. Source: docs/amazon.md#notifications.

What concerns destinations is grantless: it needs a token without a seller (docs/amazon.md#grantless-operations).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal

from recoup.sandbox.answers import ApiError, Json, invalid_input
from recoup.sandbox.bodies import Members
from recoup.sandbox.destinations import Destination, Subscription
from recoup.sandbox.gateway import Call, Operation

SCOPE = "sellingpartnerapi::notifications"
_ARN_PARTS = 6


def _create_destination(call: Call) -> Json:
    body = call.body.members
    name = body.text("name")
    resource = _resource(body.object("resourceSpecification"), name)
    kept = call.sandbox.destinations.by_id
    if any(one.resource == resource for one in kept.values()):
        raise ApiError(409, "Conflict", "A destination for this resource exists already.")
    destination = Destination(str(uuid.uuid4()), name, resource)
    kept[destination.destination_id] = destination
    return {"payload": _destination_json(destination)}


def _resource(specification: Members, name: str) -> Mapping[str, Json]:
    sqs, bus = specification.find_object("sqs"), specification.find_object("eventBridge")
    if (sqs is None) == (bus is None):
        raise invalid_input("resourceSpecification must hold one of sqs and eventBridge.")
    if sqs is not None:
        arn = sqs.text("arn")
        if not arn.startswith("arn:aws:sqs:") or len(arn.split(":")) != _ARN_PARTS:
            raise invalid_input("arn must be that of an SQS queue.")
        return {"sqs": {"arn": arn}}
    assert bus is not None
    region, account_id = bus.text("region"), bus.text("accountId")
    return {"eventBridge": {"name": name, "region": region, "accountId": account_id}}


def _get_destinations(call: Call) -> Json:
    kept = call.sandbox.destinations.by_id.values()
    return {"payload": [_destination_json(one) for one in kept]}


def _get_destination(call: Call) -> Json:
    return {"payload": _destination_json(_destination(call, call.path["destinationId"]))}


def _delete_destination(call: Call) -> Json:
    destination = _destination(call, call.path["destinationId"])
    used = call.sandbox.destinations.subscriptions.values()
    if any(one.destination_id == destination.destination_id for one in used):
        raise ApiError(409, "Conflict", "The destination still has subscriptions.")
    del call.sandbox.destinations.by_id[destination.destination_id]
    return {}


def _destination(call: Call, destination_id: str) -> Destination:
    found = call.sandbox.destinations.by_id.get(destination_id)
    if found is None:
        raise ApiError(404, "NotFound", "The destination does not exist.")
    return found


def _destination_json(one: Destination) -> Json:
    return {"name": one.name, "destinationId": one.destination_id, "resource": one.resource}


def _create_subscription(call: Call) -> Json:
    body, kind = call.body.members, call.path["notificationType"]
    destination = _destination(call, body.text("destinationId"))
    if _find_own(call, kind) is not None:
        raise ApiError(409, "Conflict", "A subscription for this type exists already.")
    subscription = Subscription(
        subscription_id=str(uuid.uuid4()),
        seller_id=call.world.seller_id,
        notification_type=kind,
        payload_version=body.text("payloadVersion"),
        destination_id=destination.destination_id,
        directive=_directive(body),
    )
    call.sandbox.destinations.subscriptions[subscription.subscription_id] = subscription
    return {"payload": _subscription_json(subscription)}


def _directive(body: Members) -> Json:
    """The processing directive, as far as its parts are known."""
    directive = body.find_object("processingDirective")
    if directive is None:
        return None
    answer: dict[str, Json] = {}
    expression = directive.find_text("filterExpression")
    if expression is not None:
        answer["filterExpression"] = expression
    event_filter = directive.find_object("eventFilter")
    if event_filter is not None:
        kept: dict[str, Json] = {"eventFilterType": event_filter.text("eventFilterType")}
        for name in ("marketplaceIds", "orderChangeTypes"):
            if name in event_filter:
                kept[name] = list(event_filter.texts(name, at_most=50))
        answer["eventFilter"] = kept
    return answer


def _get_subscription(call: Call) -> Json:
    found = _find_own(call, call.path["notificationType"])
    if found is None:
        raise ApiError(404, "NotFound", "There is no subscription for this type.")
    return {"payload": _subscription_json(found)}


def _get_subscriptions(call: Call) -> Json:
    kinds = call.query.texts("notificationTypes")
    if not kinds:
        raise invalid_input("notificationTypes is required.")
    own = call.sandbox.destinations.of_seller(call.world.seller_id)
    chosen: list[Json] = [_subscription_json(one) for one in own if one.notification_type in kinds]
    return {"payload": {"subscriptions": chosen}}


def _get_subscription_by_id(call: Call) -> Json:
    return {"payload": _subscription_json(_by_id(call))}


def _delete_subscription_by_id(call: Call) -> Json:
    del call.sandbox.destinations.subscriptions[_by_id(call).subscription_id]
    return {}


def _send_test_notification(call: Call) -> Json:
    body = call.body.members
    destination_id = body.find_text("destinationId")
    if destination_id is not None:
        _destination(call, destination_id)
    return {}


def _find_own(call: Call, kind: str) -> Subscription | None:
    own = call.sandbox.destinations.of_seller(call.world.seller_id)
    return next((one for one in own if one.notification_type == kind), None)


def _by_id(call: Call) -> Subscription:
    found = call.sandbox.destinations.subscriptions.get(call.path["subscriptionId"])
    if found is None or found.notification_type != call.path["notificationType"]:
        raise ApiError(404, "NotFound", "The subscription does not exist.")
    return found


def _subscription_json(one: Subscription) -> Json:
    answer: dict[str, Json] = {
        "subscriptionId": one.subscription_id,
        "payloadVersion": one.payload_version,
        "destinationId": one.destination_id,
    }
    if one.directive is not None:
        answer["processingDirective"] = one.directive
    return answer


_DESTINATIONS = "/notifications/v1/destinations"
_DESTINATION = f"{_DESTINATIONS}/{{destinationId}}"
_SUBSCRIPTIONS = "/notifications/v1/subscriptions"
_OF_TYPE = f"{_SUBSCRIPTIONS}/{{notificationType}}"
_BY_ID = f"{_OF_TYPE}/{{subscriptionId}}"

OPERATIONS = tuple(
    Operation(
        name=name,
        method=method,
        path=path,
        rate=Decimal(1),
        burst=5,
        answer=answer,
        scope=scope,
    )
    for name, method, path, answer, scope in (
        ("createDestination", "POST", _DESTINATIONS, _create_destination, SCOPE),
        ("getDestinations", "GET", _DESTINATIONS, _get_destinations, SCOPE),
        ("getDestination", "GET", _DESTINATION, _get_destination, SCOPE),
        ("deleteDestination", "DELETE", _DESTINATION, _delete_destination, SCOPE),
        ("getSubscriptions", "GET", _SUBSCRIPTIONS, _get_subscriptions, None),
        ("createSubscription", "POST", _OF_TYPE, _create_subscription, None),
        ("getSubscription", "GET", _OF_TYPE, _get_subscription, None),
        (
            "sendTestNotification",
            "POST",
            f"{_OF_TYPE}/testNotification",
            _send_test_notification,
            SCOPE,
        ),
        ("getSubscriptionById", "GET", _BY_ID, _get_subscription_by_id, SCOPE),
        ("deleteSubscriptionById", "DELETE", _BY_ID, _delete_subscription_by_id, SCOPE),
    )
)
