"""Product Fees API v0: estimates from the same fees that orders are charged. Source: docs/amazon.md#product-fees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from recoup.sandbox.answers import Json
from recoup.sandbox.bodies import Members
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.world.catalogue import CENT, Product

MOST_ITEMS = 20
_MONEY = ("ListingPrice", "Shipping")


@dataclass(frozen=True)
class _Asked:
    """One estimate: for which product, at which price."""

    id_type: str
    id_value: str
    marketplace_id: str
    identifier: str
    by_amazon: bool
    prices: Mapping[str, Json]
    total: Decimal


def _estimate_many(call: Call) -> Json:
    answers: list[Json] = []
    for members in call.body.list_of_members(at_most=MOST_ITEMS):
        id_type = members.choice("IdType", ("ASIN", "SellerSKU"))
        asked = _read(members.object("FeesEstimateRequest"), id_type, members.text("IdValue"))
        answers.append(_result(call, asked))
    return answers


def _estimate_for_sku(call: Call) -> Json:
    return _estimate_one(call, "SellerSKU", call.path["SellerSKU"])


def _estimate_for_asin(call: Call) -> Json:
    return _estimate_one(call, "ASIN", call.path["Asin"])


def _estimate_one(call: Call, id_type: str, id_value: str) -> Json:
    asked = _read(call.body.members.object("FeesEstimateRequest"), id_type, id_value)
    call.check_marketplaces((asked.marketplace_id,))
    return {"payload": {"FeesEstimateResult": _result(call, asked)}}


def _read(request: Members, id_type: str, id_value: str) -> _Asked:
    given, prices, total = request.object("PriceToEstimateFees"), {}, Decimal(0)
    given.object("ListingPrice")
    for name in _MONEY:
        money = given.find_object(name)
        if money is not None:
            amount, currency = money.amount("Amount"), money.text("CurrencyCode")
            prices[name] = _money(amount, currency)
            total += amount
    return _Asked(
        id_type=id_type,
        id_value=id_value,
        marketplace_id=request.text("MarketplaceId"),
        identifier=request.text("Identifier"),
        by_amazon=request.flag("IsAmazonFulfilled"),
        prices=prices,
        total=total,
    )


def _result(call: Call, asked: _Asked) -> Json:
    """An error of one item is inside the answer, with HTTP 200 (docs/amazon.md#product-fees)."""
    home = call.world.home
    identifier: Json = {
        "MarketplaceId": asked.marketplace_id,
        "SellerId": call.world.seller_id,
        "IdType": asked.id_type,
        "IdValue": asked.id_value,
        "IsAmazonFulfilled": asked.by_amazon,
        "PriceToEstimateFees": asked.prices,
        "SellerInputIdentifier": asked.identifier,
    }
    product = _find_product(call, asked)
    if product is None or asked.marketplace_id != home.marketplace_id:
        error: Json = {
            "Type": "Sender",
            "Code": "InvalidParameterValue",
            "Message": "There is no such item in this marketplace.",
            "Detail": [],
        }
        return {"Status": "ClientError", "FeesEstimateIdentifier": identifier, "Error": error}
    return {
        "Status": "Success",
        "FeesEstimateIdentifier": identifier,
        "FeesEstimate": _estimate(call, asked, product, home.currency),
    }


def _find_product(call: Call, asked: _Asked) -> Product | None:
    for product in call.world.products:
        if asked.id_value == (product.asin if asked.id_type == "ASIN" else product.sku):
            return product
    return None


def _estimate(call: Call, asked: _Asked, product: Product, currency: str) -> Json:
    referral = (asked.total * product.commission_percent / 100).quantize(CENT)
    fees = {"ReferralFee": referral, "VariableClosingFee": Decimal("0.00")}
    if asked.by_amazon:
        fees["FBAFees"] = product.fulfillment_fee
    return {
        "TimeOfFeesEstimation": call.now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "TotalFeesEstimate": _money(sum(fees.values(), Decimal(0)), currency),
        "FeeDetailList": [
            {
                "FeeType": name,
                "FeeAmount": _money(amount, currency),
                "FinalFee": _money(amount, currency),
            }
            for name, amount in fees.items()
        ],
    }


def _money(amount: Decimal, currency: str) -> Json:
    return {"CurrencyCode": currency, "Amount": amount}


OPERATIONS = (
    Operation(
        name="getMyFeesEstimates",
        method="POST",
        path="/products/fees/v0/feesEstimate",
        rate=Decimal("0.5"),
        burst=1,
        answer=_estimate_many,
    ),
    Operation(
        name="getMyFeesEstimateForSKU",
        method="POST",
        path="/products/fees/v0/listings/{SellerSKU}/feesEstimate",
        rate=Decimal(1),
        burst=2,
        answer=_estimate_for_sku,
    ),
    Operation(
        name="getMyFeesEstimateForASIN",
        method="POST",
        path="/products/fees/v0/items/{Asin}/feesEstimate",
        rate=Decimal(1),
        burst=2,
        answer=_estimate_for_asin,
    ),
)
