"""Acting as a Vendure shop's customers and staff over its own APIs, so that tests can make things happen there.

This is test equipment on purpose independent of cartui's own adapter: it must not share its mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, cast

import httpx

_ERROR = "... on ErrorResult{errorCode message}"
_ORDER = f"... on Order{{id code state}} {_ERROR}"
_TRANSITION_ERROR = "... on OrderStateTransitionError{errorCode message transitionError}"
_HOME: Mapping[str, str] = {
    "fullName": "Test Buyer",
    "streetLine1": "1 Test Street",
    "city": "Leeds",
    "postalCode": "LS1 1AA",
    "countryCode": "GB",
}


class ShopRefused(Exception):
    """The shop answered with GraphQL errors or with an error result; the text is what it said."""


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order as the shop named it."""

    id: str
    code: str
    state: str


class Session:
    """One log-in at one API (`admin-api` or `shop-api`); `channel` is a channel token, None the default channel."""

    def __init__(self, address: str, api: str, channel: str | None = None) -> None:
        self._client = httpx.Client(base_url=address, timeout=60, trust_env=False)
        self._path = f"/{api}"
        self._channel = channel
        self._bearer: str | None = None

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The `data` of the answer. Raises `ShopRefused` on GraphQL errors and on error results."""
        answer = self.send(query, **variables)
        if "errors" in answer:
            raise ShopRefused(str(answer["errors"]))
        data = cast("dict[str, Any]", answer["data"])
        for name, result in data.items():
            if isinstance(result, dict) and "errorCode" in result:
                raise ShopRefused(f"{name}: {result}")
        return data

    def send(self, query: str, **variables: object) -> dict[str, Any]:
        """The whole answer, errors and all."""
        headers = {}
        if self._bearer:
            headers["Authorization"] = f"Bearer {self._bearer}"
        if self._channel:
            headers["vendure-token"] = self._channel
        answer = self._client.post(self._path, json={"query": query, "variables": variables}, headers=headers)
        self._bearer = answer.headers.get("vendure-auth-token") or self._bearer
        return cast("dict[str, Any]", answer.json())

    def log_in(self, username: str, password: str) -> None:
        """Logs in and keeps the bearer token."""
        self.ask(
            f"mutation($u:String!,$p:String!){{login(username:$u,password:$p){{... on CurrentUser{{id}} {_ERROR}}}}}",
            u=username,
            p=password,
        )

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


class VendureActor:
    """Shoppers and staff of a running shop. A context manager; amounts are minor units, ids as the shop gives them."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self._address = address
        self._login = (username, password)
        self._staff: dict[str | None, Session] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Logs nobody out, closes the connections."""
        for session in self._staff.values():
            session.close()
        self._staff.clear()

    def staff(self, channel: str | None = None) -> Session:
        """The superadmin at the admin API, logged in once for each channel."""
        if channel not in self._staff:
            session = Session(self._address, "admin-api", channel)
            self._staff[channel] = session
            session.log_in(*self._login)
        return self._staff[channel]

    def variant_id(self, sku: str) -> str:
        """The id of the only variant with this SKU. Raises `ShopRefused` where there is none or more than one."""
        query = "query($s:String!){productVariants(options:{filter:{sku:{eq:$s}}}){items{id sku}}}"
        found = self.staff().ask(query, s=sku)["productVariants"]["items"]
        if len(found) != 1:
            raise ShopRefused(f"{len(found)} variants have the SKU {sku!r}")
        return str(found[0]["id"])

    def fill_basket(
        self,
        lines: Sequence[tuple[str, int]],
        *,
        email: str | None = None,
        first_name: str = "Test",
        last_name: str = "Buyer",
        channel: str | None = None,
        coupons: Sequence[str] = (),
    ) -> tuple[ShopOrder, Session]:
        """A guest's open basket of (variant id, quantity) lines, and the guest's session, which the caller closes."""
        shopper = Session(self._address, "shop-api", channel)
        try:
            add = f"mutation($v:ID!,$q:Int!){{addItemToOrder(productVariantId:$v,quantity:$q){{{_ORDER}}}}}"
            basket: dict[str, str] = {}
            for variant_id, quantity in lines:
                basket = shopper.ask(add, v=variant_id, q=quantity)["addItemToOrder"]
            for coupon in coupons:
                shopper.ask(f"mutation($c:String!){{applyCouponCode(couponCode:$c){{{_ORDER}}}}}", c=coupon)
            if email is not None:
                shopper.ask(
                    f"mutation($i:CreateCustomerInput!){{setCustomerForOrder(input:$i){{{_ORDER}}}}}",
                    i={"firstName": first_name, "lastName": last_name, "emailAddress": email},
                )
        except BaseException:
            shopper.close()
            raise
        return ShopOrder(**basket), shopper

    def place_order(
        self,
        lines: Sequence[tuple[str, int]],
        *,
        email: str = "live-buyer@example.test",
        first_name: str = "Test",
        last_name: str = "Buyer",
        channel: str | None = None,
        coupons: Sequence[str] = (),
        shipping: str = "standard",
        payment: str = "card",
    ) -> ShopOrder:
        """A guest buys (variant id, quantity) lines. `payment` is "card" (settled) or "reserve" (authorised only)."""
        basket, shopper = self.fill_basket(
            lines, email=email, first_name=first_name, last_name=last_name, channel=channel, coupons=coupons
        )
        try:
            return check_out(shopper, basket, shipping, payment)
        finally:
            shopper.close()

    def change_stock(self, variant_id: str, on_hand: int) -> None:
        """Staff counts the shelf: on hand, including what is allocated to open orders."""
        self._change_variant({"id": variant_id, "stockOnHand": on_hand})

    def change_price(self, variant_id: str, price: int) -> None:
        """Staff sets the price, gross in the default channel."""
        self._change_variant({"id": variant_id, "price": price})

    def cancel(self, order_id: str) -> None:
        """Staff cancels the whole order, shipping included."""
        self.staff().ask(
            f"mutation($i:CancelOrderInput!){{cancelOrder(input:$i){{{_ORDER}}}}}",
            i={"orderId": order_id, "reason": "test", "cancelShipping": True},
        )

    def settle(self, order_id: str) -> None:
        """Staff collects every payment that is only authorised."""
        for payment in self._order(order_id)["payments"]:
            if payment["state"] == "Authorized":
                self.staff().ask(
                    f"mutation($i:ID!){{settlePayment(id:$i){{... on Payment{{id}} {_ERROR}}}}}", i=payment["id"]
                )

    def fulfil(self, order_id: str, tracking_code: str = "TRACK-1", *, state: str = "Shipped") -> str:
        """Staff sends the whole order: "Pending", "Shipped" or "Delivered". Returns the fulfilment's id."""
        lines = [{"orderLineId": line["id"], "quantity": line["quantity"]} for line in self._order(order_id)["lines"]]
        arguments = [{"name": "method", "value": "Royal Mail"}, {"name": "trackingCode", "value": tracking_code}]
        made = self.staff().ask(
            f"mutation($i:FulfillOrderInput!){{addFulfillmentToOrder(input:$i){{... on Fulfillment{{id}} {_ERROR}}}}}",
            i={"lines": lines, "handler": {"code": "manual-fulfillment", "arguments": arguments}},
        )["addFulfillmentToOrder"]
        for step in {"Pending": (), "Shipped": ("Shipped",), "Delivered": ("Shipped", "Delivered")}[state]:
            move = "mutation($i:ID!,$s:String!){transitionFulfillmentToState(id:$i,state:$s){... on Fulfillment{id} "
            self.staff().ask(f"{move}{_ERROR}}}}}", i=made["id"], s=step)
        return str(made["id"])

    def refund(self, order_id: str, amount: int) -> None:
        """Staff pays part of the first payment back; the order's totals stay as they are."""
        payment = self._order(order_id)["payments"][0]
        # Leaving the deprecated fields out breaks a NOT NULL column of 3.7.
        amounts = {"amount": amount, "lines": [], "shipping": 0, "adjustment": 0}
        self.staff().ask(
            f"mutation($i:RefundOrderInput!){{refundOrder(input:$i){{... on Refund{{id}} {_ERROR}}}}}",
            i={"paymentId": payment["id"], "reason": "test", **amounts},
        )

    def _change_variant(self, change: Mapping[str, object]) -> None:
        self.staff().ask(
            "mutation($i:[UpdateProductVariantInput!]!){updateProductVariants(input:$i){id}}", i=[dict(change)]
        )

    def _order(self, order_id: str) -> dict[str, Any]:
        query = "query($i:ID!){order(id:$i){id lines{id quantity} payments{id state amount}}}"
        return cast("dict[str, Any]", self.staff().ask(query, i=order_id)["order"])


def check_out(shopper: Session, basket: ShopOrder, shipping: str, payment: str) -> ShopOrder:
    """The shopper orders and pays the basket."""
    shopper.ask(f"mutation($i:CreateAddressInput!){{setOrderShippingAddress(input:$i){{{_ORDER}}}}}", i=dict(_HOME))
    quotes = shopper.ask("{eligibleShippingMethods{id code}}")["eligibleShippingMethods"]
    method = next(quote["id"] for quote in quotes if quote["code"] == shipping)
    shopper.ask(f"mutation($m:[ID!]!){{setOrderShippingMethod(shippingMethodId:$m){{{_ORDER}}}}}", m=[method])
    arrange = 'mutation{transitionOrderToState(state:"ArrangingPayment"){... on Order{id code state} '
    shopper.ask(f"{arrange}{_TRANSITION_ERROR}}}}}")
    placed = shopper.ask(
        f"mutation($i:PaymentInput!){{addPaymentToOrder(input:$i){{{_ORDER}}}}}", i={"method": payment, "metadata": {}}
    )["addPaymentToOrder"]
    order = ShopOrder(**placed)
    if order.id != basket.id:
        raise ShopRefused(f"basket {basket.id} became order {order.id}")
    return order
