"""Records to fill a shop in memory with; everything can be said otherwise."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId
from cartui.domain.records import (
    Address,
    BasketStatus,
    Buyer,
    CartBasket,
    CartCustomer,
    CartItem,
    CartOrder,
    FulfilmentState,
    LineKind,
    OrderLine,
    OrderState,
    Payment,
    PaymentState,
    Refund,
    RefundLine,
)


def order(number: int, placed_at: datetime, **changes: Any) -> CartOrder:
    """A paid, unfulfilled order of two items, with shipping, a discount and tax: 2 x 10.00 - 1.00 + 4.00 + 4.60 =
    27.60."""
    told: dict[str, Any] = {
        "order_id": CartOrderId(str(number)),
        "order_number": f"N{number:05}",
        "placed_at": placed_at,
        "modified_at": placed_at,
        "currency": "EUR",
        "total": Decimal("27.60"),
        "lines": (
            OrderLine(
                LineKind.PRODUCT,
                f"Thing {number % 10}",
                Decimal("20.00"),
                Decimal(2),
                Decimal("10.00"),
                Decimal(20),
                item_id=CartItemId(f"i{number % 10}"),
                sku=f"SKU-{number % 10}",
                line_id="1",
            ),
            OrderLine(LineKind.DISCOUNT, "WELCOME", Decimal("-1.00"), line_id="2"),
            OrderLine(LineKind.SHIPPING, "Parcel", Decimal("4.00"), line_id="3"),
            OrderLine(LineKind.TAX, "VAT 20 %", Decimal("4.60"), tax_rate=Decimal(20)),
        ),
        "native_status": "processing",
        "order_state": OrderState.OPEN,
        "payment_state": PaymentState.PAID,
        "fulfilment_state": FulfilmentState.UNFULFILLED,
        "buyer": Buyer(
            CartCustomerId(f"c{number % 5}"), f"buyer{number % 5}@example.test", "Ann", f"Buyer {number % 5}"
        ),
        "billing_address": Address("Ann Buyer", street1="1 High Street", city="Leeds", postcode="LS1", country="GB"),
        "shipping_address": Address("Ann Buyer", street1="1 High Street", city="Leeds", postcode="LS1", country="GB"),
        "payments": (Payment("card", Decimal("27.60"), PaymentState.PAID),),
    }
    return CartOrder(**(told | changes))


def item(number: int, modified_at: datetime, **changes: Any) -> CartItem:
    """An item with a SKU, a price of 10.00 and a stock of 5."""
    told: dict[str, Any] = {
        "item_id": CartItemId(f"i{number}"),
        "name": f"Thing {number}",
        "modified_at": modified_at,
        "sku": f"SKU-{number}",
        "price": Decimal("10.00"),
        "currency": "EUR",
        "stock": Decimal(5),
    }
    return CartItem(**(told | changes))


def customer(number: int, modified_at: datetime, **changes: Any) -> CartCustomer:
    """A registered customer with an e-mail."""
    told: dict[str, Any] = {
        "customer_id": CartCustomerId(f"c{number}"),
        "modified_at": modified_at,
        "email": f"buyer{number}@example.test",
        "first_name": "Ann",
        "last_name": f"Buyer {number}",
    }
    return CartCustomer(**(told | changes))


def basket(number: int, modified_at: datetime, **changes: Any) -> CartBasket:
    """An open basket of two items at 10.00, of a registered customer."""
    told: dict[str, Any] = {
        "basket_id": CartBasketId(f"b{number}"),
        "modified_at": modified_at,
        "created_at": modified_at,
        "status": BasketStatus.OPEN,
        "native_status": "open",
        "currency": "EUR",
        "total": Decimal("20.00"),
        "lines": (
            OrderLine(
                LineKind.PRODUCT,
                f"Thing {number % 10}",
                Decimal("20.00"),
                Decimal(2),
                Decimal("10.00"),
                item_id=CartItemId(f"i{number % 10}"),
                sku=f"SKU-{number % 10}",
                line_id="1",
            ),
        ),
        "buyer": Buyer(CartCustomerId(f"c{number % 5}"), f"buyer{number % 5}@example.test", "Ann", "Buyer"),
    }
    return CartBasket(**(told | changes))


def refund(number: int, refunded_at: datetime, **changes: Any) -> Refund:
    """One of the two items of `order`, given back with its tax: 10.00 + 2.00, put back on the shelf."""
    told: dict[str, Any] = {
        "refund_id": f"r{number}",
        "refunded_at": refunded_at,
        "amount": Decimal("12.00"),
        "reason": "Damaged",
        "lines": (
            RefundLine(
                Decimal("10.00"), line_id="1", sku="SKU-1", quantity=Decimal(1), tax_amount=Decimal(2), restock=True
            ),
        ),
    }
    return Refund(**(told | changes))
