"""Orders with their money, for claim tests: what the streams of orders and transactions would load.

    orders = Orders(world)
    await orders.sold("111-1", units=2)
    await orders.refunded("111-1", "2026-08-01", units=1)
    await orders.returned("111-1", "2026-08-10")

A unit costs the customer 25.00 and 2.00 tax; Amazon keeps 3.75 and 4.25 of it, so a unit is worth
17.00 to claim. Signs are those of the transactions: what leaves the seller is negative.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from recoup.claims.rule import ClaimType
from tests.support.claim_rows import TODAY, World

PRICE, TAX, REFERRAL, FULFILLMENT = (Decimal(n) for n in ("25.00", "2.00", "3.75", "4.25"))
UNIT_VALUE = PRICE - REFERRAL - FULFILLMENT

_LEAVES = {
    "principal": ("Sales/ProductCharges/OurPricePrincipal", "principal"),
    "tax": ("Sales/Tax/OurPriceTax", "tax"),
    "shipping": ("Sales/Shipping/ShippingPrincipal", "shipping"),
    "promotion": ("Sales/PromotionalRebates/OurPriceDiscount", "promotion"),
    "referral": ("Expenses/AmazonFees/Commission", "referral_fee"),
    "administration": ("Expenses/AmazonFees/RefundCommission", "referral_fee"),
    "fulfillment": ("Expenses/AmazonFees/FBAFees/FBAPerUnitFulfillmentFee", "fulfillment_fee"),
    "referral_base": ("Expenses/AmazonFees/Commission/Base", "referral_fee"),
    "referral_tax": ("Expenses/AmazonFees/Commission/Tax", "tax"),
    "administration_base": ("Expenses/AmazonFees/RefundCommission/Base", "referral_fee"),
    "administration_tax": ("Expenses/AmazonFees/RefundCommission/Tax", "tax"),
    "withheld": ("Expenses/TaxesWithheld/MarketplaceFacilitatorTaxPrincipal", "other"),
    "unnamed_charges": ("Sales/ProductCharges", "other"),
    "unnamed_fees": ("Expenses/AmazonFees", "other"),
    "goodwill": ("Sales/Concessions/Goodwill", "other"),
}


@dataclass
class Orders:
    """Orders of the world's first marketplace, of the product SKU-1 / X001 unless told."""

    world: World
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def returns_are_complete(self, until: str = "2027-01-01") -> None:
        """The report of returns was read up to that day."""
        await self.world.add(
            "stream_cursor", stream="returns", scope="", closed=f"{{[2025-01-01,{until})}}"
        )

    async def sold(
        self,
        order_id: str,
        day: str = "2026-07-20",
        *,
        units: int = 1,
        sku: str = "SKU-1",
        fulfilled_by: str | None = "AMAZON",
        order: bool = True,
        sale: bool = True,
        item: Mapping[str, Any] | None = None,
        **money: Decimal | str | None,
    ) -> None:
        """An order that was shipped and charged.

        `order=False`: a further SKU of one that is there; `sale=False`: no transaction tells of it.
        """
        if order:
            await self.world.add(
                "orders",
                order_id=order_id,
                marketplace_id=self.world.marketplace_id,
                sales_channel="AMAZON",
                status="SHIPPED",
                fulfilled_by=fulfilled_by,
                created_at=day,
                last_updated_at=day,
                item_count=1,
                units_ordered=units,
            )
        values = {"quantity_ordered": units, "quantity_fulfilled": units, "unit_price": PRICE}
        values |= {"currency": self.world.currency, "proceeds": [], "asin": "B001"}
        await self.world.add(
            "order_items", order_id=order_id, order_item_id=sku, sku=sku, **values | (item or {})
        )
        if not sale:
            return
        told = {
            "principal": PRICE * units,
            "tax": TAX * units,
            "referral": -REFERRAL * units,
            "fulfillment": -FULFILLMENT * units,
        }
        await self.moved("Shipment", order_id, day, units=units, sku=sku, **told | money)

    async def refunded(
        self,
        order_id: str,
        day: str | datetime,
        *,
        units: int | None = 1,
        share: str = "1",
        sku: str = "SKU-1",
        kind: str = "Refund",
        description: str = "Refund Order",
        related: Mapping[str, str] | None = None,
        transaction_id: str | None = None,
        **money: Decimal | str | None,
    ) -> None:
        """A refund of a share of the price and tax of so many units, the fee credited by the rules."""
        part = Decimal(share) * (units or 1)
        told = {
            "principal": -PRICE * part,
            "tax": -TAX * part,
            "referral": REFERRAL * part,
            "administration": -REFERRAL * part / 5,
        }
        await self.moved(
            kind,
            order_id,
            day,
            units=units,
            sku=sku,
            description=description,
            related=related,
            transaction_id=transaction_id,
            **told | money,
        )

    async def moved(
        self,
        kind: str,
        order_id: str,
        day: str | datetime,
        *,
        units: int | None,
        sku: str | None,
        description: str = "",
        related: Mapping[str, str] | None = None,
        transaction_id: str | None = None,
        **money: Decimal | str | None,
    ) -> str:
        """A transaction with its leaves; gives its id."""
        transaction_id = transaction_id or f"T{next(self._numbers)}"
        amounts = {name: Decimal(value) for name, value in money.items() if value is not None}
        currency = self.world.currency
        await self.world.add(
            "transactions",
            transaction_id=transaction_id,
            type=kind,
            status="RELEASED",
            description=description,
            posted_at=day,
            total_amount=sum(amounts.values(), Decimal(0)),
            currency=currency,
            marketplace_id=self.world.marketplace_id,
            order_id=order_id,
            is_reimbursement=False,
            related_identifiers={"ORDER_ID": order_id, **(related or {})},
            breakdowns={},
        )
        for number, (name, amount) in enumerate(amounts.items()):
            path, category = _LEAVES[name]
            await self.world.add(
                "fees",
                transaction_id=transaction_id,
                line=f"items.0/{number}",
                posted_at=day,
                order_id=order_id,
                sku=sku,
                quantity=units,
                path=path,
                type=path.rpartition("/")[2],
                category=category,
                amount=amount,
                currency=currency,
            )
        return transaction_id

    async def settled(self, kind: str, order_id: str, day: str) -> None:
        """The lines of a settlement: an `Order` of one unit, or the `Refund` of it."""
        sign = 1 if kind == "Order" else -1
        lines = [
            ("ItemPrice", "Principal", PRICE),
            ("ItemPrice", "Tax", TAX),
            ("ItemFees", "Commission", -REFERRAL),
        ]
        if kind == "Order":
            lines.append(("ItemFees", "FBAPerUnitFulfillmentFee", -FULFILLMENT))
        else:
            lines.append(("ItemFees", "RefundCommission", REFERRAL / 5))
        for amount_type, description, amount in lines:
            await self.world.add(
                "settlement_lines",
                settlement_id="S1",
                line=next(self._numbers),
                transaction_type=kind,
                order_id=order_id,
                shipment_id="D1",
                adjustment_id=None if kind == "Order" else "A1",
                marketplace_name="Amazon.com",
                amount_type=amount_type,
                amount_description=description,
                amount=sign * amount,
                currency=self.world.currency,
                fulfillment_id="AFN",
                posted_at=day,
                sku="SKU-1",
                quantity_purchased=1 if kind == "Order" else None,
            )

    async def returned(self, order_id: str, day: str, **values: Any) -> None:
        """A unit that came back, put back into stock as sellable unless told."""
        row = {
            "sku": "SKU-1",
            "fnsku": "X001",
            "asin": "B001",
            "license_plate_number": f"LPN{next(self._numbers)}",
            "quantity": 1,
            "fulfillment_center": "PHL7",
            "detailed_disposition": "SELLABLE",
            "status": "Unit returned to inventory",
        }
        await self.world.add("returns", order_id=order_id, returned_at=day, **row | values)

    async def restocked(self, day: str, **values: Any) -> None:
        """A returned unit that the ledger puts into stock."""
        await self.world.ledger(day, 1, "", event_type="CustomerReturns", **values)

    async def replaced(self, order_id: str, day: str, **values: Any) -> str:
        """A free second unit; gives the order it was sent with."""
        number = f"R-{next(self._numbers)}"
        row = {"sku": "SKU-1", "asin": "B001", "quantity": 1}
        await self.world.add(
            "replacements",
            replacement_order_id=number,
            original_order_id=order_id,
            shipped_at=day,
            **row | values,
        )
        return number

    async def paid(self, order_id: str, day: str, **values: Any) -> str:
        """A payment for the order."""
        told = {"reason": "CustomerReturn", "order_id": order_id, "per_unit": str(UNIT_VALUE)}
        return await self.world.payment(day, **told | values)

    async def claims(self, kind: ClaimType, as_of: str = TODAY) -> list[dict[str, Any]]:
        """Detect; gives the open claims of a type."""
        return [one for one in await self.world.detect(as_of) if one["type"] == kind]

    async def candidates(self, kind: ClaimType) -> list[dict[str, Any]]:
        """The events of the last detection, those that are no claims too."""
        return await self.world.candidates(kind)
