"""Customers (Cart): the customers that the cart holds, to create in the system or to link (S026, S072, S073, S078)."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.ids import RecordKind
from cartui.domain.ports import Capability
from cartui.screens.base import CART_GROUPS
from cartui.screens.list_sides import CartListScreen
from cartui.screens.match import MatchScreen
from cartui.sync.actions import plan_import, plan_link


class CartCustomersScreen(CartListScreen):
    """Customers of the cart, with the code of ours to type in."""

    NUMBER: ClassVar[int] = 7
    KIND: ClassVar[RecordKind] = RecordKind.CUSTOMER
    NOUN: ClassVar[str] = "customer"
    READS: ClassVar[Capability | None] = Capability.READ_CUSTOMERS
    GROUPS: ClassVar[tuple[str, ...]] = (*CART_GROUPS, "table", "cart-list", "unlink", "create", "match-open")
    EMPTY: ClassVar[str] = "Press l to list all customers of the cart."
    ABOUT: ClassVar[str] = (
        "The customers that the cart holds. Orders bring their customers by themselves; here you create others, or "
        "link them to customers that exist: by the code you type, else by the one customer with the same e-mail. "
        "The plan is shown first."
    )

    def why_not(self, action: str) -> str | None:
        if action in ("create_selected", "link_selected"):
            return self.why_lacking(Capability.READ_CUSTOMERS) or self.why_untested() or self.why_no_rows()
        if action == "match":
            return self.why_lacking(Capability.READ_CUSTOMERS) or self.why_untested()
        return super().why_not(action)

    def action_create_selected(self) -> None:
        """S072, S078."""
        self.plan_selected("Planning what to create", plan_import)

    def action_link_selected(self) -> None:
        """S073."""
        self.plan_selected("Planning what to link", plan_link)

    def action_match(self) -> None:
        """N13: what could be linked, with score and evidence."""
        self.app.push_screen(MatchScreen(self.cart_name, self.KIND))
