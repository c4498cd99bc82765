"""Orders of Shopify: their amounts add up, their statuses have a meaning."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.shopify import ShopifyCart
from cartui.adapters.shopify.parse import FULFILMENT_STATES, PAYMENT_STATES, parse_order
from cartui.domain.ids import CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import BadRecord
from cartui.domain.records import (
    LineKind,
    OrderState,
    PaymentState,
)
from tests.adapters.shopify.judging import Open, order_of, sums_of
from tests.adapters.shopify_shop import (
    FakeShopify,
    bag,
    discount,
    published,
    tax,
)

# --- amounts ----------------------------------------------------------------------------------------------------------


def test_an_order_net_of_tax(cart: ShopifyCart, shop: FakeShopify) -> None:
    """2 x 1234.50 + 100.00, 10 % off by a code, 5.00 shipping, 20 % tax on all that."""
    order = order_of(cart, shop.add_order(coupon=True))
    assert sums_of(order) == {
        "product": "2569.00", "shipping": "5.0", "coupon": "-256.90", "tax": "463.42",
    }  # fmt: skip
    mug = order.lines[0]
    assert (mug.quantity, mug.unit_price, mug.tax_rate, mug.sku) == (2, Decimal("1234.5"), 20, "MUG-0")
    (coupon,) = (line for line in order.lines if line.kind is LineKind.COUPON)
    assert coupon.text == "WELCOME"
    assert (order.order_state, order.payment_state) == (OrderState.OPEN, PaymentState.PAID)
    assert [(one.method, one.amount) for one in order.payments] == [("shopify_payments", order.total)]


def test_prices_with_tax_are_booked_net(cart: ShopifyCart, shop: FakeShopify) -> None:
    """taxesIncluded: the tax that the shop states is taken out of each price, and of each discount its share."""
    order = order_of(cart, shop.add_order(included=True, coupon=True))
    assert order.total == Decimal("2317.10")
    sums = {kind: Decimal(amount) for kind, amount in sums_of(order).items()}
    assert sums["tax"] == Decimal("386.18")
    assert sums["product"] == Decimal("2140.83")  # 2569.00 less a sixth
    assert sums["coupon"] == Decimal("-214.08")
    assert sums["shipping"] == Decimal("4.17")


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_amounts_are_those_that_the_customer_saw(cart: ShopifyCart, shop: FakeShopify, currency: str) -> None:
    order = order_of(cart, shop.add_order(currency, included=True, coupon=True))
    assert order.currency == currency
    assert sums_of(order)
    assert {payment.amount for payment in order.payments} == {order.total}


def test_or_those_in_the_shops_currency(open_cart: Open, shop: FakeShopify) -> None:
    """All of them: one currency for the whole order. Each is converted on its own, so a cent may be left over."""
    order = order_of(open_cart(amounts="shop"), shop.add_order("JPY"))
    assert order.currency == "EUR"
    proof = prove_total(order.lines, order.total, "EUR")
    assert proof.state is not ProofState.UNEXPLAINED
    assert order.payments[0].amount == order.total


def test_a_refund_is_a_payment_back_and_the_sale_stays(cart: ShopifyCart, shop: FakeShopify) -> None:
    """One mug comes back: what stands now is less, what was sold is booked, and the money that went back is told."""
    row = shop.add_order()
    row["lineItems"][0]["currentQuantity"] = 1
    row |= {"currentTotalPriceSet": bag("1606.4"), "displayFinancialStatus": "PARTIALLY_REFUNDED"}
    row["transactions"].append(shop.transaction("REFUND", Decimal("1481.4")))
    order = order_of(cart, row)
    assert order.total == Decimal("3088.8")
    assert sums_of(order)["product"] == "2569.00"
    assert order.payment_state is PaymentState.PARTIALLY_REFUNDED
    assert sum(payment.amount for payment in order.payments) == Decimal("1607.4")
    assert [payment.state for payment in order.payments] == [PaymentState.PAID, PaymentState.REFUNDED]


def tip_line(shop: FakeShopify, row: dict[str, Any]) -> dict[str, Any]:
    """A tip of 2.50 as a line item."""
    tip = {**row["lineItems"][0], **shop.number("LineItem"), "name": "Trinkgeld", "sku": None, "variant": None}
    tip |= {"quantity": 1, "currentQuantity": 1, "originalUnitPriceSet": bag("2.5"), "originalTotalSet": bag("2.5")}
    return tip | {"taxLines": [], "discountAllocations": [], "requiresShipping": False}


def test_an_edited_order_is_booked_as_it_stands(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Staff took out one of two mugs and the shirt: they were never sold."""
    row = shop.add_order(coupon=True)
    row["edited"] = True
    row["lineItems"][0]["currentQuantity"] = 1
    row["lineItems"][1]["currentQuantity"] = 0
    due = [tax(Decimal("223.21"), "EUR")]
    row |= {"currentTotalPriceSet": bag("1341.76"), "currentTotalTaxSet": bag("223.21"), "currentTaxLines": due}
    row["totalTipReceivedSet"] = bag("2.5")
    row["lineItems"].append(tip_line(shop, row))
    order = order_of(cart, row)
    assert order.total == Decimal("1341.76")
    sums = {kind: Decimal(amount) for kind, amount in sums_of(order).items()}
    assert sums.pop("tip") == Decimal("2.5")
    assert sums == {"product": Decimal("1234.5"), "shipping": 5, "coupon": Decimal("-123.45"), "tax": Decimal("223.21")}
    assert [line.quantity for line in order.lines if line.kind is LineKind.PRODUCT] == [1]


def test_tax_by_rate_and_title(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Two taxes of a place stay apart; where the order's list leaves out shipping, its taxes are added by rate."""
    row = shop.add_order()
    taxes = [tax(Decimal(300), "EUR", 12, "State"), tax(Decimal("213.8"), "EUR", 8, "City")]
    row["taxLines"] = taxes
    lines = [line for line in order_of(cart, row).lines if line.kind is LineKind.TAX]
    assert [(line.text, line.amount, line.tax_rate) for line in lines] == [
        ("City 8 %", Decimal("213.8"), 8),
        ("State 12 %", Decimal(300), 12),
        ("VAT 20 %", Decimal(1), 20),
    ]
    assert sums_of(order_of(cart, row))["tax"] == "514.8"


def test_a_discount_on_shipping_and_an_automatic_one(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Each discount is a line of its own, whether it took from goods or from shipping."""
    row = shop.add_order()
    row["lineItems"][1]["discountAllocations"] = [discount(Decimal(20), "EUR", 1, "")]
    row["shippingLines"][0] |= {"discountedPriceSet": bag(0), "discountAllocations": [discount(Decimal(5), "EUR")]}
    row["totalPriceSet"] = bag("3063.8")
    order = order_of(cart, row)
    taken = [(line.kind, line.text, line.amount) for line in order.lines if line.amount < 0]
    assert taken == [(LineKind.COUPON, "WELCOME", -5), (LineKind.DISCOUNT, "Three for two", -20)]
    assert sums_of(order)


def test_tips_duties_and_fees(cart: ShopifyCart, shop: FakeShopify) -> None:
    row = shop.add_order(additionalFees=[{"name": "Import fee", "price": bag("3")}])
    row |= {"totalTipReceivedSet": bag("2.5"), "originalTotalDutiesSet": bag("10"), "totalPriceSet": bag("3104.3")}
    order = order_of(cart, row)
    extra = [(line.kind, line.text, line.amount) for line in order.lines if line.kind in (LineKind.FEE, LineKind.TIP)]
    assert extra == [
        (LineKind.FEE, "Duties", 10),
        (LineKind.FEE, "Import fee", 3),
        (LineKind.TIP, "Tip", Decimal("2.5")),
    ]
    assert sums_of(order)


def test_a_tip_that_is_a_line_item_is_not_counted_twice(cart: ShopifyCart, shop: FakeShopify) -> None:
    row = shop.add_order(totalTipReceivedSet=bag("2.5"), totalPriceSet=bag("3091.3"))
    row["lineItems"].append(tip_line(shop, row))
    order = order_of(cart, row)
    assert [line.text for line in order.lines if line.kind is LineKind.TIP] == ["Trinkgeld"]
    assert sums_of(order)["tip"] == "2.50"


def test_included_duties_are_not_added(cart: ShopifyCart, shop: FakeShopify) -> None:
    """They stand in the prices: a fee of the same amount is still told as what it is."""
    row = shop.add_order(dutiesIncluded=True, originalTotalDutiesSet=bag("10"), totalPriceSet=bag("3098.8"))
    row["additionalFees"] = [{"name": "Import fee", "price": bag("10")}]
    order = order_of(cart, row)
    assert [line.text for line in order.lines if line.kind is LineKind.FEE] == ["Import fee"]
    assert sums_of(order)["fee"] == "10.0"


def test_amounts_that_do_not_add_up_are_not_made_to(cart: ShopifyCart, shop: FakeShopify) -> None:
    """A total that its parts don't explain stays unexplained, whatever tip stands beside it."""
    order = order_of(cart, shop.add_order(totalPriceSet=bag("3000"), totalTipReceivedSet=bag("7")))
    assert prove_total(order.lines, order.total, "EUR").state is ProofState.UNEXPLAINED


def test_a_gift_card_is_a_payment(cart: ShopifyCart, shop: FakeShopify) -> None:
    row = shop.add_order()
    row["transactions"] = [
        shop.transaction("SALE", Decimal(50)) | {"gateway": "gift_card"},
        shop.transaction("SALE", Decimal("3038.8")),
        shop.transaction("SALE", Decimal("3038.8"), status="FAILURE"),
    ]
    order = order_of(cart, row)
    assert [(one.method, one.amount) for one in order.payments] == [
        ("gift_card", 50), ("shopify_payments", Decimal("3038.8")),
    ]  # fmt: skip
    assert order.total == Decimal("3088.8")


def test_what_is_reserved_counts_until_it_is_taken(cart: ShopifyCart, shop: FakeShopify) -> None:
    row = shop.add_order(displayFinancialStatus="AUTHORIZED")
    row["transactions"] = [shop.transaction("AUTHORIZATION", Decimal("3088.8"))]
    assert [one.state for one in order_of(cart, row).payments] == [PaymentState.AUTHORIZED]
    row["transactions"].append(shop.transaction("CAPTURE", Decimal("3088.8")))
    assert [one.state for one in order_of(cart, row).payments] == [PaymentState.PAID]


# --- statuses ---------------------------------------------------------------------------------------------------------


def test_every_published_status_has_its_meaning() -> None:
    """Against the enums of the newest schema."""
    types = published("2026-10").type_map
    assert set(PAYMENT_STATES) == set(types["OrderDisplayFinancialStatus"].values)  # type: ignore[attr-defined]
    assert set(FULFILMENT_STATES) == set(types["OrderDisplayFulfillmentStatus"].values)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "state", "native"),
    [
        ({}, OrderState.OPEN, "PAID UNFULFILLED"),
        ({"cancelledAt": "2026-11-20T10:00:00Z"}, OrderState.CANCELLED, "PAID UNFULFILLED CANCELLED"),
        ({"closed": True}, OrderState.CLOSED, "PAID UNFULFILLED CLOSED"),
        ({"test": True}, OrderState.DRAFT, "TEST ORDER PAID UNFULFILLED"),
    ],
)
def test_order_states(cart: ShopifyCart, shop: FakeShopify, changes: Any, state: OrderState, native: str) -> None:
    """A test order is a draft: never imported by itself, and its status says why."""
    order = order_of(cart, shop.add_order(**changes))
    assert (order.order_state, order.native_status) == (state, native)


@pytest.mark.parametrize("field", ["displayFinancialStatus", "displayFulfillmentStatus"])
def test_an_unknown_status_is_held(cart: ShopifyCart, shop: FakeShopify, field: str) -> None:
    """One of a newer version: the native word stands in the reason."""
    cart.get_orders([CartOrderId(shop.orders[0]["legacyResourceId"])])
    document, variables = shop.requests[-1]
    row = shop.answer("2026-10", document, variables)["data"]["nodes"][0]
    received = parse_order(row | {field: "TELEPORTED"})
    assert isinstance(received.record, BadRecord)
    assert "unknown status TELEPORTED" in received.record.reason
