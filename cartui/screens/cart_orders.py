"""Orders (Cart): the orders that the cart holds, to import selectively (S024, S077)."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.ids import RecordKind
from cartui.domain.rows import View
from cartui.screens.base import CART_GROUPS
from cartui.screens.list_sides import CartListScreen
from cartui.sync.actions import plan_import


class CartOrdersScreen(CartListScreen):
    """Orders of the cart."""

    NUMBER: ClassVar[int] = 5
    KIND: ClassVar[RecordKind] = RecordKind.ORDER
    NOUN: ClassVar[str] = "order"
    GROUPS: ClassVar[tuple[str, ...]] = (*CART_GROUPS, "table", "cart-list", "unlink", "orders-cart")
    FIRST_VIEW: ClassVar[View] = View("placed_at", descending=True)
    EMPTY: ClassVar[str] = "Press l to list all orders of the cart."
    ABOUT: ClassVar[str] = (
        "The orders that the cart holds. List all reads them; mark some and import them as PENDING documents, rather "
        "than by auto-sync. Nothing marked means the row under the cursor. The plan is shown first, and an order that "
        "was imported before is never doubled."
    )

    def why_not(self, action: str) -> str | None:
        if action == "import_selected":
            return self.why_untested() or self.why_no_rows()
        return super().why_not(action)

    def action_import_selected(self) -> None:
        """S077."""
        self.plan_selected("Planning the import", plan_import)
