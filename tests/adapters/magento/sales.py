"""What orders and baskets of the made-up Magento do: shipments, credit memos, statuses, baskets that become orders."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.adapters.magento.refusal import Refused

Row = dict[str, Any]

STATUSES = {
    "new": ("pending",), "processing": ("processing", "fraud", "packed"), "holded": ("holded",),
    "canceled": ("canceled",), "complete": ("complete",), "closed": ("closed",),
}  # fmt: skip


class SalesSide:
    """Part of `MagentoShop`."""

    moment: datetime
    faults: set[str]
    orders: dict[int, Row]
    baskets: dict[int, Row]
    shipments: dict[int, Row]
    memos: dict[int, Row]
    sources: dict[tuple[str, str], Row] | None
    template: Row  # of an order that a basket becomes

    def tick(self, seconds: float = 1) -> str:
        raise NotImplementedError

    def put_order(self, row: Row, number: int, currency: str) -> Row:
        raise NotImplementedError

    def route_sales(self, method: str, where: list[str], told: Any) -> Any:
        match method, where:
            case "POST", ["order", number, "ship"]:
                return self._ship(self._order(number), told or {})
            case "POST", ["orders", number, "comments"]:
                return self._comment(self._order(number), told["statusHistory"])
            case "POST", ["orders", number, ("hold" | "unhold" | "cancel") as step]:
                return self._step(self._order(number), step)
            case "PUT", ["carts", number, "order"]:
                return self._place(int(number), told or {})
        raise Refused(404, "Request does not match any route.")

    def shown(self, order: Row) -> Row:
        """An order as the API shows it."""
        if "net-rows" in self.faults:
            for row in order["items"]:
                row["row_total"] = (row.get("row_total") or 0) - (row.get("discount_amount") or 0)
                if "no-negative-rows" in self.faults:
                    row["row_total"] = max(row["row_total"], 0)
        return order

    def _order(self, number: str) -> Row:
        if int(number) in self.orders:
            return self.orders[int(number)]
        raise Refused(404, "The entity that was requested doesn't exist. Verify the entity and try again.")

    def _ship(self, order: Row, told: Row) -> str:
        goods = {row["item_id"]: row for row in order["items"] if not row.get("parent_item_id")}
        left = {number: row["qty_ordered"] - row.get("qty_shipped", 0) for number, row in goods.items()}
        wanted = {one["order_item_id"]: one["qty"] for one in told.get("items", [])} or {
            n: q for n, q in left.items() if q
        }
        problem = "Shipment Document Validation Error(s):\n"
        if order["state"] in ("canceled", "closed", "holded", "complete") or not any(left.values()):
            raise Refused(400, f"{problem}The order does not allow a shipment to be created.")
        if any(number not in left for number in wanted):  # a variant, or a part of a bundle that is shipped as one
            raise Refused(400, f"{problem}You can't create a shipment without products.")
        wanted = {number: min(quantity, left[number]) for number, quantity in wanted.items()}  # without a word
        if not any(wanted.values()):
            raise Refused(400, f"{problem}You can't create a shipment without products.")
        source = (told.get("arguments") or {}).get("extension_attributes", {}).get("source_code")
        if source is not None and self.sources is None:
            raise Refused(500, "Internal Error. Details are available in Magento log file.")
        for number, quantity in wanted.items():
            goods[number]["qty_shipped"] = goods[number].get("qty_shipped", 0) + quantity
        shipped = all(row["qty_shipped"] >= row["qty_ordered"] for row in goods.values() if "qty_shipped" in row)
        if order["state"] == "new":
            order |= {"state": "processing", "status": "processing"}
        if shipped and (order.get("total_paid") or 0) >= order["grand_total"]:
            order |= {"state": "complete", "status": "complete"}
        order["updated_at"] = self.tick()
        made = max(self.shipments, default=40) + 1
        self.shipments[made] = {
            "entity_id": made, "order_id": order["entity_id"], "updated_at": order["updated_at"], "packages": "[]",
            "items": [
                {"order_item_id": n, "qty": q, "sku": goods[n]["sku"], "parent_id": made} for n, q in wanted.items()
            ],
            "tracks": [one | {"parent_id": made, "entity_id": made} for one in told.get("tracks", [])],
            "comments": [told["comment"] | {"parent_id": made, "entity_id": made}] if told.get("comment") else [],
        }  # fmt: skip
        return str(made)  # 2.2 writes the number as a text

    def _comment(self, order: Row, history: Row) -> bool:
        """2.2 takes any status, none too; 2.4 one of the order's state only. Neither moves the date."""
        status = history.get("status")
        if "strict-statuses" in self.faults and status and status not in STATUSES.get(order["state"], ()):
            raise Refused(
                400, 'Unable to add comment: The status "%1" is not part of the order status history.', [status]
            )
        order["status"] = status if "strict-statuses" not in self.faults else status or order["status"]
        return True

    def _step(self, order: Row, step: str) -> bool:
        state = order["state"]
        if step == "cancel":
            if state in ("canceled", "complete", "closed", "holded") or order.get("total_paid"):
                return False
            order |= {"state": "canceled", "status": "canceled", "total_canceled": order["grand_total"]}
        elif step == "hold":
            if state in ("canceled", "payment_review", "complete", "closed", "holded"):
                raise Refused(400, "A hold action is not available.")
            order |= {"hold_before_state": state, "hold_before_status": order["status"]}
            order |= {"state": "holded", "status": "holded"}
        else:
            if state != "holded":
                raise Refused(400, "You cannot remove the hold.")
            order |= {"state": order.pop("hold_before_state"), "status": order.pop("hold_before_status")}
        order["updated_at"] = self.tick()
        return True

    def _place(self, number: int, told: Row) -> int:
        basket = self.baskets.get(number)
        if basket is None or not basket["is_active"]:
            raise Refused(
                404, "No such entity with %fieldName = %fieldValue", {"fieldName": "cartId", "fieldValue": number}
            )
        if not basket["customer"].get("email"):
            raise Refused(400, "Email has a wrong format")
        if not told.get("paymentMethod", {}).get("method") and not basket.get("method"):
            raise Refused(400, "The payment method is missing. Select the payment method and try again.")
        made = max(self.orders) + 1
        self.tick()
        row = deepcopy(self.template)
        total = Decimal(0)
        row["items"] = []
        for line in basket["items"]:
            amount = line["qty"] * line["price"]
            total += amount
            row["items"].append({
                "item_id": 5000 + made, "sku": line["sku"], "name": line["name"], "product_id": 1,
                "price": line["price"],
                "product_type": "simple", "qty_ordered": line["qty"], "row_total": amount, "tax_amount": 0,
            })  # fmt: skip
        row |= {
            "state": "new", "status": "pending", "grand_total": total, "total_paid": None, "tax_amount": 0,
            "shipping_amount": 0, "discount_amount": 0, "shipping_tax_amount": 0, "extension_attributes": {},
            "total_refunded": None,
        }  # fmt: skip
        self.put_order(row, made, basket["currency"]["quote_currency_code"])
        self.orders[made]["quote_id"] = number
        basket |= {"is_active": False, "updated_at": self.tick()}
        return made

    def refund(self, number: int, pieces: int = 1, **changes: Any) -> Row:
        """A credit memo over pieces of an order's first line."""
        order = self.orders[number]
        line = order["items"][0]
        net = line["row_total"] / line["qty_ordered"] * pieces
        tax = line["tax_amount"] / line["qty_ordered"] * pieces
        made = max(self.memos, default=70) + 1
        order |= {"total_refunded": net + tax, "updated_at": self.tick()}
        self.memos[made] = {
            "entity_id": made, "order_id": number, "created_at": order["updated_at"], "state": 2,
            "updated_at": order["updated_at"], "grand_total": net + tax, "tax_amount": tax, "adjustment": 0,
            "shipping_amount": 0, "discount_amount": 0, "comments": [{"comment": "broken"}],
            "items": [{"order_item_id": line["item_id"], "sku": line["sku"], "name": line["name"], "qty": pieces,
                       "row_total": net, "tax_amount": tax, "discount_amount": None}],
        } | changes  # fmt: skip
        return self.memos[made]
