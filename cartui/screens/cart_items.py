"""Items (Cart): the items that the cart holds, to create in the system or to link (S025, S062-S066)."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.ids import RecordKind
from cartui.screens.base import CART_GROUPS
from cartui.screens.list_sides import CartListScreen
from cartui.screens.match import MatchScreen
from cartui.sync.actions import plan_import, plan_link


class CartItemsScreen(CartListScreen):
    """Items of the cart, with Item Code, Cost and Stock to type in."""

    NUMBER: ClassVar[int] = 6
    KIND: ClassVar[RecordKind] = RecordKind.ITEM
    NOUN: ClassVar[str] = "item"
    GROUPS: ClassVar[tuple[str, ...]] = (*CART_GROUPS, "table", "cart-list", "unlink", "create", "match-open")
    EMPTY: ClassVar[str] = "Press l to list all items of the cart."
    ABOUT: ClassVar[str] = (
        "The items that the cart holds, a row for each one that can be sold. List all reads them. Type Item Code, Cost "
        "and Stock where you want them (Item Code is the SKU unless you type another). Create selected makes new items "
        "in the system; Link selected ties them to items that exist, by the code. The plan is shown first."
    )

    def why_not(self, action: str) -> str | None:
        if action in ("create_selected", "link_selected"):
            return self.why_untested() or self.why_no_rows()
        return self.why_untested() if action == "match" else super().why_not(action)

    def action_create_selected(self) -> None:
        """S065."""
        self.plan_selected("Planning what to create", plan_import)

    def action_link_selected(self) -> None:
        """S066."""
        self.plan_selected("Planning what to link", plan_link)

    def action_match(self) -> None:
        """N13: what could be linked, with score and evidence."""
        self.app.push_screen(MatchScreen(self.cart_name, self.KIND))
